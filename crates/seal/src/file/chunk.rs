//! A text cut into its documents, each with the objects in it.
//!
//! A document is read by `manifest` on its own, so that an edit costs what its document costs.

use manifest::read::open_lists;
use manifest::{Format, Limits, Object, Origin, Position, Problem, ReadErrors};
use serde_json::Value;
use yaml::{Budget, Stream};
use zeroize::Zeroizing;

use super::lines;
use super::value::Wiped;
use super::{FileError, Kind, json};

/// One document and what surrounds it. All of them in a row are the text.
pub(super) struct Chunk {
    pub(super) text: Zeroizing<String>,
    /// Where it began when the whole text was parsed.
    pub(super) origin: Position,
    /// What is around the items, where it is a List.
    pub(super) shell: Wiped,
}

/// The objects of one document, in order.
pub(super) type Objects = Vec<(Object, Kind)>;

/// What is in one document.
pub(super) struct Read {
    /// Its object, or the items of its List.
    pub(super) objects: Objects,
    /// The List without its items; null for a single object.
    pub(super) shell: Wiped,
}

/// Cuts a text and reads every document.
pub(super) fn read_all(text: &str, limits: &Limits) -> Result<(Vec<Chunk>, Vec<Objects>), FileError> {
    let refuse = |what: &str| {
        FileError::Read(ReadErrors(vec![Problem {
            document: 0,
            position: START,
            path: String::new(),
            what: what.into(),
        }]))
    };
    if text.len() > limits.bytes {
        return Err(refuse("the text is too large"));
    }
    let cuts = match Format::of(text.as_bytes()) {
        Format::Json => json::ends(text),
        Format::Yaml => yaml_starts(text, limits),
    };
    // What cannot be cut is read as a whole, which says what is wrong with it.
    let cuts = cuts.unwrap_or_default();
    if cuts.len() >= limits.documents as usize {
        return Err(refuse("the text has too many documents"));
    }
    let (mut chunks, mut objects, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    let (mut start, mut origin) = (0, START);
    for (index, end) in cuts.into_iter().chain([text.len()]).enumerate() {
        let part = text.get(start..end).unwrap_or("");
        match read(part, index, origin, limits) {
            Ok(read) => {
                objects.push(read.objects);
                chunks.push(Chunk {
                    text: Zeroizing::new(part.to_owned()),
                    origin,
                    shell: read.shell,
                });
            }
            Err(errors) => problems.extend(errors.0),
        }
        origin = after(origin, part);
        start = end;
    }
    if problems.is_empty() {
        Ok((chunks, objects))
    } else {
        Err(FileError::Read(ReadErrors(problems)))
    }
}

/// Reads one document that begins at a place of the whole text.
pub(super) fn read(text: &str, index: usize, origin: Position, limits: &Limits) -> Result<Read, ReadErrors> {
    let found = manifest::read_objects(text.as_bytes(), limits).map_err(|mut errors| {
        for problem in &mut errors.0 {
            problem.document += index;
            problem.position = shifted(problem.position, origin);
        }
        errors
    })?;
    let mut found = found.into_iter();
    let Some(object) = found.next() else {
        return Ok(Read {
            objects: Vec::new(),
            shell: Wiped(Value::Null),
        });
    };
    let position = shifted(object.origin().position, origin);
    if found.next().is_some() {
        return Err(ReadErrors(vec![Problem {
            document: index,
            position,
            path: String::new(),
            what: "two documents without a '---' line between them".into(),
        }]));
    }
    let shell = match object.value().get("items") {
        Some(Value::Array(items)) if is_list(object.value()) => {
            // Items of a list in a list have no place of their own here.
            let flat = !items.iter().any(is_list);
            let around = object.value().as_object().into_iter().flatten();
            let around = around.filter(|(key, _)| *key != "items" && flat);
            flat.then(|| Value::Object(around.map(|(key, value)| (key.clone(), value.clone())).collect()))
        }
        _ => None,
    };
    let found = if shell.is_some() {
        open_lists(vec![object])
    } else {
        vec![object]
    };
    let objects = found.into_iter().map(|object| {
        let origin = Origin {
            document: index,
            item: object.origin().item,
            position: shifted(object.origin().position, origin),
        };
        let kind = kind_of(&object);
        (Object::new(object.into_value(), origin), kind)
    });
    Ok(Read {
        objects: objects.collect(),
        shell: Wiped(shell.unwrap_or(Value::Null)),
    })
}

fn is_list(value: &Value) -> bool {
    let kind = value.get("kind").and_then(Value::as_str);
    kind.is_some_and(|kind| kind.ends_with("List")) && value.get("items").is_some_and(Value::is_array)
}

/// What an object is.
fn kind_of(object: &Object) -> Kind {
    let version = object.api_version();
    match object.kind() {
        "Secret" if matches!(version, "" | "v1") => Kind::Secret,
        "SealedSecret" if version.is_empty() || version.starts_with("bitnami.com/") => Kind::SealedSecret,
        _ => Kind::Other,
    }
}

/// Where documents begin, but for the first: at their `---` lines. With directives or end markers the parser says it.
fn yaml_starts(text: &str, limits: &Limits) -> Option<Vec<usize>> {
    let mut starts = Vec::new();
    let mut content = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with('%') || line.starts_with("...") {
            return parsed_starts(text, limits);
        }
        let marker = line.strip_prefix("---");
        if marker.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n'])) {
            if content {
                starts.push(at);
            }
            content = true;
        } else {
            let line = line.trim_start_matches('\u{feff}').trim();
            content |= !line.is_empty() && !line.starts_with('#');
        }
        at += line.len();
    }
    Some(starts)
}

fn parsed_starts(text: &str, limits: &Limits) -> Option<Vec<usize>> {
    let stream = Stream::parse(text, &budget(limits)).ok()?;
    let starts = stream.documents().iter().skip(1);
    Some(starts.map(|document| document.span.start).collect())
}

/// What one parse may cost.
pub(super) fn budget(limits: &Limits) -> Budget {
    Budget {
        bytes: limits.bytes,
        depth: limits.depth,
        documents: limits.documents,
        ..Budget::default()
    }
}

/// A place inside a document as a place of the whole text.
fn shifted(inside: Position, origin: Position) -> Position {
    Position {
        line: inside.line + origin.line - 1,
        column: if inside.line == 1 {
            inside.column + origin.column - 1
        } else {
            inside.column
        },
    }
}

/// The place behind a text that begins at a place.
fn after(origin: Position, text: &str) -> Position {
    let last = lines::line_start(text, text.len());
    let inside = Position {
        line: lines::line_of(text, text.len()),
        column: text
            .get(last..)
            .unwrap_or("")
            .chars()
            .filter(|&c| c != '\u{feff}')
            .count()
            + 1,
    };
    shifted(inside, origin)
}

const START: Position = Position { line: 1, column: 1 };
