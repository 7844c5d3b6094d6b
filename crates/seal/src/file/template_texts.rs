//! Labels and annotations of the template: what `kubeseal --merge-into` adds besides items.

use super::batch::Batch;
use super::yaml_edit::Exact;
use super::{FileError, Kind, Place, SealedFile, text_at};

/// A map of texts below `spec.template.metadata`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateTexts {
    /// `annotations`.
    Annotations,
    /// `labels`.
    Labels,
}

impl TemplateTexts {
    /// Its name in metadata.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Annotations => "annotations",
            Self::Labels => "labels",
        }
    }
}

impl SealedFile {
    /// Sets labels or annotations of a SealedSecret's template; makes what is missing around them.
    ///
    /// # Errors
    ///
    /// See [`FileError`]. All or none are set.
    pub fn set_template_texts(
        &mut self,
        place: Place,
        field: TemplateTexts,
        texts: &[(&str, &str)],
    ) -> Result<(), FileError> {
        self.expect(place, Kind::SealedSecret)?;
        let path = ["spec", "template", "metadata", field.name()];
        let mut batch = Batch::default();
        for &(name, text) in texts {
            if text_at(batch.value(self, place), &path, name) != Some(text) {
                batch.set_too(self, place, &path, (name, text), Exact::Text);
            }
        }
        self.apply(batch)
    }
}
