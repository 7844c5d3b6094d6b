//! Where things stand in the input, for messages.

use std::cell::{Cell, OnceCell};
use std::path::Path;

use ::seal::file::FileError;
use manifest::read::{locate, open_lists};
use manifest::{Limits, Object, Origin};

use crate::error::{CliError, Kind};

/// The input of one file, for messages.
pub(super) struct Places<'a> {
    pub(super) shown: &'a Path,
    pub(super) bytes: &'a [u8],
    pub(super) limits: &'a Limits,
    objects: OnceCell<Vec<Object>>,
    located: Cell<usize>,
}

impl<'a> Places<'a> {
    /// The input of one file.
    pub(super) fn new(shown: &'a Path, bytes: &'a [u8], limits: &'a Limits) -> Self {
        Self {
            shown,
            bytes,
            limits,
            objects: OnceCell::new(),
            located: Cell::new(0),
        }
    }

    /// `FILE:LINE:COLUMN` of a field of an object, or of what is nearest around it.
    pub(super) fn of(&self, origin: Origin, path: &str) -> String {
        // Each search reads the document again: with thousands of messages the line of the object must do.
        let exact = self.located.replace(self.located.get() + 1) < MOST_LOCATED;
        let is = |object: &&Object| {
            object.origin().position == origin.position && object.origin().item == origin.item
        };
        let found = exact
            .then(|| self.objects().iter().find(is))
            .flatten()
            .and_then(|object| locate(self.bytes, object, &names(path)));
        let at = found.unwrap_or(origin.position);
        format!("{}:{}:{}", self.shown.display(), at.line, at.column)
    }

    fn objects(&self) -> &[Object] {
        let read = || manifest::read_objects(self.bytes, self.limits).map(open_lists);
        self.objects.get_or_init(|| read().unwrap_or_default())
    }

    /// What to say about a text that cannot be read or edited; every problem with its place.
    pub(super) fn refused(&self, error: &FileError) -> CliError {
        let shown = self.shown.display();
        let what = format!("cannot seal {shown}");
        match error {
            FileError::Read(errors) => {
                let one = |problem: &manifest::Problem| {
                    let at = problem.position;
                    let path = if problem.path.is_empty() {
                        String::new()
                    } else {
                        format!("{}: ", problem.path)
                    };
                    let text = format!("{shown}:{}:{}: {path}{}", at.line, at.column, problem.what);
                    CliError::new(Kind::ReadInput, text)
                };
                together(what, errors.0.iter().map(one).collect())
            }
            FileError::Form { line, what: why } => CliError::new(Kind::Generic, what)
                .because(CliError::new(Kind::Generic, format!("{shown}:{line}: {why}")))
                .hint("correct that line, or print the objects anew with -o yaml"),
            other => {
                CliError::new(Kind::Generic, what).because(CliError::new(Kind::Generic, other.to_string()))
            }
        }
    }
}

/// One problem is the error; several are told one after the other.
pub(super) fn together(what: String, mut problems: Vec<CliError>) -> CliError {
    if problems.len() == 1
        && let Some(only) = problems.pop()
    {
        return only;
    }
    let kind = problems.first().map_or(Kind::Generic, |first| first.kind);
    let mut error = CliError::new(kind, format!("{what}: {} problems", problems.len()));
    error.failures = problems;
    error
}

/// The names of a dotted path. Items, labels and annotations may have dots in their names.
fn names(path: &str) -> Vec<&str> {
    let parts = match path.split('.').next() {
        Some("data" | "stringData") => 2,
        Some("metadata") => 3,
        _ => usize::MAX,
    };
    path.splitn(parts, '.').filter(|part| !part.is_empty()).collect()
}

/// Messages of one file whose place is told to the column.
const MOST_LOCATED: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_dots() {
        assert_eq!(
            names("stringData.app.properties"),
            ["stringData", "app.properties"]
        );
        assert_eq!(
            names("metadata.annotations.a.b/c"),
            ["metadata", "annotations", "a.b/c"]
        );
        assert_eq!(names("type"), ["type"]);
        assert!(names("").is_empty());
    }
}
