//! Labels and annotations of the template: what `kubeseal --merge-into` adds besides items.

use serde_json::Value;

use super::value::{self, Wiped};
use super::{FileError, Kind, Place, SealedFile, json, text_at, yaml_edit};

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
        let value = self.object(place).value();
        let new: Vec<_> = texts
            .iter()
            .copied()
            .filter(|(name, text)| text_at(value, &path, name) != Some(*text))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let mut wanted = value.clone();
        for (name, text) in &new {
            value::put(&mut wanted, &path, name, Value::String((*text).to_owned()));
        }
        self.edit(
            place,
            |text, at| match json::document(text) {
                Some(root) => json::edit::set(text, &root, at, &path, &new),
                None => yaml_edit::set(text, at, &path, &new, yaml_edit::Exact::Text),
            },
            Wiped(wanted),
        )
    }
}
