//! Streams of YAML or JSON to objects (spec/sealed-secrets §12): YAML 1.1 scalars, every document, all errors.
//!
//! A document is parsed on its own and its tree is gone before the next one, so a long stream costs little more than its
//! objects.

mod json;
mod lists;
mod place;
mod split;
mod yaml;

use ::yaml::Position;

pub use lists::open_lists;
pub use place::locate;

use crate::{Object, Problem, ReadErrors};
use place::Base;

/// How a stream is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Documents split at lines that begin with `---`.
    Yaml,
    /// Values one behind the other.
    Json,
}

impl Format {
    /// JSON if the first byte that is not blank (nor a byte order mark) is `{`.
    pub fn of(bytes: &[u8]) -> Self {
        let text = bytes.strip_prefix(BOM).unwrap_or(bytes).trim_ascii_start();
        if text.starts_with(b"{") {
            Self::Json
        } else {
            Self::Yaml
        }
    }
}

/// What a stream may cost (spec/security S-20).
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most bytes.
    pub bytes: usize,
    /// Deepest nesting.
    pub depth: u16,
    /// Most documents, empty ones not counted.
    pub documents: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 5 << 20,
            depth: 200,
            documents: 1_000,
        }
    }
}

/// Reads all objects of a stream. Documents without content are left out; Lists are kept as they are
/// ([`open_lists`] opens them). A document of plain text is an object without fields: it is for the caller to refuse.
///
/// # Errors
///
/// Everything that is wrong in any document, with its line; no content.
pub fn read_objects(bytes: &[u8], limits: &Limits) -> Result<Vec<Object>, ReadErrors> {
    let mut objects = Vec::new();
    let mut problems = Vec::new();
    for document in documents(bytes, limits)? {
        match document {
            Ok(object) => objects.push(object),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        Ok(objects)
    } else {
        Err(ReadErrors(problems))
    }
}

/// The same, document by document: for callers that go on after a bad one. Of a bad one, the first problem.
///
/// # Errors
///
/// Only if the stream cannot be split into documents at all (not UTF-8, too large).
pub fn read_each(bytes: &[u8], limits: &Limits) -> Result<Vec<Result<Object, Problem>>, ReadErrors> {
    let first = |found: Vec<Problem>| found.into_iter().next();
    let documents = documents(bytes, limits)?.into_iter();
    Ok(documents
        .filter_map(|document| match document {
            Ok(object) => Some(Ok(object)),
            Err(found) => first(found).map(Err),
        })
        .collect())
}

/// One document: its object, or all that is wrong with it.
type Document = Result<Object, Vec<Problem>>;

fn documents(bytes: &[u8], limits: &Limits) -> Result<Vec<Document>, ReadErrors> {
    let text = text_of(bytes, limits.bytes).map_err(|problem| ReadErrors(vec![problem]))?;
    let documents = match Format::of(bytes) {
        Format::Yaml => yaml::read(text, Base::START, 0, limits),
        Format::Json => json_or_yaml(text, limits),
    };
    match documents.get(limits.documents as usize) {
        None => Ok(documents),
        Some(first_too_many) => {
            let position = match first_too_many {
                Ok(object) => object.origin().position,
                Err(found) => found.first().map_or(START, |problem| problem.position),
            };
            let document = limits.documents as usize;
            Err(ReadErrors(vec![whole(document, position, "too many documents")]))
        }
    }
}

/// JSON, or YAML that begins with `{`, as the peers guess: as long as no second JSON value was read, what is not JSON
/// may be YAML.
fn json_or_yaml(text: &str, limits: &Limits) -> Vec<Document> {
    let mut read = json::read(text, limits);
    let Some(problem) = read.problem else {
        return read.documents;
    };
    if read.documents.len() <= 1 {
        let rest = text.get(read.end..).unwrap_or("");
        let base = Base::of(text, read.end);
        // Its first `---` ends the JSON value, it begins no second document.
        let as_yaml = yaml::read(rest, base, read.documents.len(), limits);
        let fits = |document: &Document| document.as_ref().is_ok_and(|object| object.value().is_object());
        if as_yaml.iter().all(fits) {
            read.documents.extend(as_yaml);
            return read.documents;
        }
    }
    read.documents.push(Err(vec![problem]));
    read.documents
}

/// The text of a stream, byte order mark included.
fn text_of(bytes: &[u8], limit: usize) -> Result<&str, Problem> {
    if bytes.len() > limit {
        return Err(whole(0, START, "the stream is too large"));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(whole(0, START, "the stream is UTF-16, not UTF-8"));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or(&[]);
        let before = std::str::from_utf8(valid).unwrap_or("");
        whole(
            0,
            Base::of(before, before.len()).position(),
            "the stream is not UTF-8",
        )
    })
}

/// A problem outside of any object.
fn whole(document: usize, position: Position, what: &str) -> Problem {
    Problem {
        document,
        position,
        path: String::new(),
        what: what.to_owned(),
    }
}

const BOM: &[u8] = "\u{feff}".as_bytes();
const START: Position = Position { line: 1, column: 1 };
