//! One entry of a JSON document set, removed or renamed, or a whole object written anew: as patches.

use std::ops::Range;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::render::{Style, quoted};
use super::{Json, JsonKind, Member};
use crate::file::FileError;
use crate::file::lines::{Patches, line_of};
use crate::file::value::Wiped;

/// A JSON document, and how it is written.
pub(crate) struct Document<'j> {
    text: &'j str,
    root: &'j Json,
    style: Style,
}

type Edited = Result<Patches, FileError>;

impl<'j> Document<'j> {
    /// Looks at how a document is written.
    pub(crate) fn of(text: &'j str, root: &'j Json) -> Self {
        Self {
            text,
            root,
            style: Style::of(text, root),
        }
    }

    /// Sets entries of the object at a path; makes objects that are missing.
    pub(crate) fn set(&self, item: Option<usize>, path: &[&str], entries: &[(&str, &str)]) -> Edited {
        let (text, style) = (self.text, &self.style);
        let mut patches = Vec::new();
        match at(text, self.root, item, path)? {
            Found::Object(object) => {
                let mut missing = Map::new();
                for &(key, value) in entries {
                    match member(text, object, key)? {
                        Some(found) => patches.push((found.value.span.clone(), quoted(value))),
                        None => {
                            missing.insert(key.to_owned(), value.into());
                        }
                    }
                }
                if !missing.is_empty() {
                    patches.push(added(text, object, style, missing));
                }
            }
            Found::Null { value, below } => {
                let new = Wiped(nested(below, entries));
                let indent = style.indent_at(text, value.span.start);
                patches.push((value.span.clone(), style.render(&new.0, &indent)));
            }
            Found::No { object, key, below } => {
                let mut missing = Map::new();
                missing.insert(key.to_owned(), nested(below, entries));
                patches.push(added(text, object, style, missing));
            }
        }
        Ok(patches)
    }

    /// Removes one entry.
    pub(crate) fn remove(&self, item: Option<usize>, path: &[&str], key: &str) -> Edited {
        let Found::Object(object) = at(self.text, self.root, item, path)? else {
            return Err(missing(path, key));
        };
        member(self.text, object, key)?.ok_or_else(|| missing(path, key))?;
        let members = members(object);
        let index = members.iter().position(|member| member.name == key).unwrap_or(0);
        let range = match (
            index.checked_sub(1).and_then(|before| members.get(before)),
            members.get(index + 1),
        ) {
            (Some(before), _) => {
                before.value.span.end..members.get(index).map_or(0, |own| own.value.span.end)
            }
            (None, Some(next)) => members.get(index).map_or(0, |own| own.key.start)..next.key.start,
            (None, None) => object.span.start + 1..object.span.end - 1,
        };
        Ok(vec![(range, Zeroizing::new(String::new()))])
    }

    /// Gives one entry another key.
    pub(crate) fn rename(&self, item: Option<usize>, path: &[&str], old: &str, new: &str) -> Edited {
        let Found::Object(object) = at(self.text, self.root, item, path)? else {
            return Err(missing(path, old));
        };
        let found = member(self.text, object, old)?.ok_or_else(|| missing(path, old))?;
        Ok(vec![(found.key.clone(), quoted(new))])
    }

    /// Writes the whole object anew, indented as it was.
    pub(crate) fn replace(&self, item: Option<usize>, new: &Value) -> Edited {
        let Found::Object(object) = at(self.text, self.root, item, &[])? else {
            return Err(missing(&[], "object"));
        };
        let indent = self.style.indent_at(self.text, object.span.start);
        Ok(vec![(object.span.clone(), self.style.render(new, &indent))])
    }
}

/// What stands at a path.
enum Found<'j, 'p> {
    Object(&'j Json),
    Null {
        value: &'j Json,
        below: &'p [&'p str],
    },
    No {
        object: &'j Json,
        key: &'p str,
        below: &'p [&'p str],
    },
}

fn at<'j, 'p>(
    text: &str,
    root: &'j Json,
    item: Option<usize>,
    path: &'p [&'p str],
) -> Result<Found<'j, 'p>, FileError> {
    let mut here = root;
    if let Some(item) = item {
        let items = member(text, root, "items")?.map(|items| &items.value.kind);
        let Some(JsonKind::Array(elements)) = items else {
            return Err(form(text, root, "the items of the List are not found"));
        };
        here = elements
            .get(item)
            .ok_or_else(|| form(text, root, "the items of the List are not found"))?;
    }
    let mut below = path;
    while let [key, rest @ ..] = below {
        below = rest;
        let Some(found) = member(text, here, key)? else {
            return Ok(Found::No {
                object: here,
                key,
                below,
            });
        };
        here = &found.value;
        if text.get(here.span.clone()) == Some("null") {
            return Ok(Found::Null { value: here, below });
        }
    }
    match here.kind {
        JsonKind::Object(_) => Ok(Found::Object(here)),
        _ => Err(form(text, here, "expected an object here")),
    }
}

fn members(object: &Json) -> &[Member] {
    match &object.kind {
        JsonKind::Object(members) => members,
        JsonKind::Array(_) | JsonKind::Leaf => &[],
    }
}

/// The entry of a key.
fn member<'j>(text: &str, object: &'j Json, key: &str) -> Result<Option<&'j Member>, FileError> {
    if !matches!(object.kind, JsonKind::Object(_)) {
        return Err(form(text, object, "expected an object here"));
    }
    let mut found = members(object).iter().filter(|member| member.name == key);
    let first = found.next();
    match found.next() {
        Some(second) => Err(FileError::Form {
            line: line_of(text, second.key.start),
            what: "this key stands there twice",
        }),
        None => Ok(first),
    }
}

/// New entries behind the last one, spaced as that one.
fn added(
    text: &str,
    object: &Json,
    style: &Style,
    new: Map<String, Value>,
) -> (Range<usize>, Zeroizing<String>) {
    let all = members(object);
    let Some(last) = all.last() else {
        let indent = style.indent_at(text, object.span.start);
        let new = Wiped(Value::Object(new));
        return (object.span.clone(), style.render(&new.0, &indent));
    };
    let before = all.len().checked_sub(2).and_then(|before| all.get(before));
    let from = before.map_or(object.span.start + 1, |before| before.value.span.end);
    let gap = text
        .get(from..last.key.start)
        .unwrap_or("")
        .trim_start_matches([',', ' ', '\t']);
    let gap = if gap.is_empty() && before.is_some() {
        text.get(from..last.key.start)
            .unwrap_or("")
            .trim_start_matches(',')
    } else {
        gap
    };
    let colon = text.get(last.key.end..last.value.span.start).unwrap_or(":");
    let indent = style.indent_at(text, last.key.start);
    let mut out = Zeroizing::new(String::new());
    for (key, value) in &new {
        let gap = if gap.is_empty() && before.is_none() {
            style.gap()
        } else {
            gap
        };
        for part in [",", gap, &quoted(key), colon, &style.render(value, &indent)] {
            out.push_str(part);
        }
    }
    drop(Wiped(Value::Object(new)));
    (last.value.span.end..last.value.span.end, out)
}

fn nested(below: &[&str], entries: &[(&str, &str)]) -> Value {
    let entries = entries.iter().map(|&(key, value)| (key.to_owned(), value.into()));
    below
        .iter()
        .rev()
        .fold(Value::Object(entries.collect()), |inner, &key| {
            Value::Object([(key.to_owned(), inner)].into_iter().collect())
        })
}

fn form(text: &str, at: &Json, what: &'static str) -> FileError {
    FileError::Form {
        line: line_of(text, at.span.start),
        what,
    }
}

fn missing(path: &[&str], key: &str) -> FileError {
    FileError::Missing(format!("there is no {}.{key}", path.join(".")))
}
