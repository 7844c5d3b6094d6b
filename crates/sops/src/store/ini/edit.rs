//! `set` and `unset` in an INI text: whole lines (spec/sops-cli §5).

use super::scan::{Section, sections};
use super::write::{header_text, key_text, value_text};
use super::{COMPLEX, DEFAULT, NO_SECTION, RESERVED, find_section, line_break};
use crate::store::BytePatch;
use crate::store::text::{below, patch, unsupported};
use crate::tree::{Branch, NewValue, Step, TreePath};
use crate::{EditError, ReadError, Value, WriteError};

/// Puts a value at `["section"]["key"]`, or a whole section at `["section"]`.
pub(crate) fn set(
    source: &[u8],
    _branches: &[Branch],
    path: &TreePath,
    new: &NewValue,
) -> Result<Vec<BytePatch>, EditError> {
    let sections = sections(source).map_err(lost)?;
    match (path.0.as_slice(), new) {
        ([Step::Key(name), ..], _) if name == RESERVED => Err(EditError::ReservedKey),
        ([Step::Key(name)], NewValue::Object(fields)) => {
            let mut keys = Vec::new();
            for (key, value) in fields {
                let NewValue::Scalar(value) = value else {
                    return Err(below(name, below(key, unsupported(COMPLEX))).into());
                };
                keys.push((key.as_str(), value));
            }
            set_section(source, &sections, name, &keys)
        }
        ([Step::Key(name), Step::Key(key)], NewValue::Scalar(value)) => {
            set_key(source, &sections, name, key, value)
        }
        ([Step::Key(name)], _) => Err(below(name, unsupported(NO_SECTION)).into()),
        ([Step::Key(name), Step::Key(key), ..], _) => {
            Err(below(name, below(key, unsupported(COMPLEX))).into())
        }
        ([], _) => Err(shape("", "the path is empty")),
        _ => Err(shape("", "is a mapping: a key is needed")),
    }
}

/// Removes a key or a section. Comments above a key stay, and belong to the next one then.
pub(crate) fn unset(
    source: &[u8],
    _branches: &[Branch],
    path: &TreePath,
) -> Result<Vec<BytePatch>, EditError> {
    let sections = sections(source).map_err(lost)?;
    let missing = |key: &str| EditError::KeyNotFound { key: key.to_owned() };
    match path.0.as_slice() {
        [Step::Key(name)] => {
            let section = find_section(&sections, name).ok_or_else(|| missing(name))?;
            let start = if section.header.is_empty() {
                section
                    .keys
                    .first()
                    .map_or(section.header.start, |key| key.lines.start)
            } else {
                section.header.start
            };
            Ok(vec![patch(start..section.end().max(start), [])])
        }
        [Step::Key(name), Step::Key(key)] => {
            let section = find_section(&sections, name).ok_or_else(|| missing(name))?;
            let item = section
                .keys
                .iter()
                .find(|item| item.name == *key)
                .ok_or_else(|| missing(key))?;
            let mut lines = vec![item.lines.clone()];
            // The same key further down counts: it goes, too.
            lines.extend(
                item.place
                    .also
                    .iter()
                    .chain([&item.place.range])
                    .filter_map(|range| {
                        let start = source[..range.start]
                            .iter()
                            .rposition(|b| *b == b'\n')
                            .map_or(0, |at| at + 1);
                        let end = source[range.end..]
                            .iter()
                            .position(|b| *b == b'\n')
                            .map_or(source.len(), |at| range.end + at + 1);
                        (start >= item.lines.end).then_some(start..end)
                    }),
            );
            Ok(lines.into_iter().map(|range| patch(range, [])).collect())
        }
        [Step::Key(name), Step::Key(key), ..] => {
            Err(shape(&format!("{name}.{key}"), "is a scalar: nothing is in it"))
        }
        [] => Err(shape("", "the path is empty")),
        _ => Err(shape("", "is a mapping: a key is needed")),
    }
}

fn set_key(
    source: &[u8],
    sections: &[Section],
    name: &str,
    key: &str,
    value: &Value,
) -> Result<Vec<BytePatch>, EditError> {
    let Some(section) = find_section(sections, name) else {
        return set_section(source, sections, name, &[(key, value)]);
    };
    let text = value.simple_text();
    let at = |error: WriteError| EditError::from(below(name, below(key, error)));
    if let Some(item) = section.keys.iter().find(|item| item.name == key) {
        let bytes = value_text(source, Some(&item.place), &text).map_err(at)?;
        return Ok(vec![BytePatch {
            range: item.place.range.clone(),
            bytes,
        }]);
    }
    // Signs of equality as the last key of the section has them.
    let tight = section.keys.last().is_some_and(|item| {
        let line = &source[item.lines.start..item.place.range.start];
        !line.contains(&b' ')
    });
    let equals = if tight { "=" } else { " = " };
    let line = [
        key_text(key).map_err(at)?.as_bytes(),
        equals.as_bytes(),
        &value_text(b"", None, &text).map_err(at)?,
    ]
    .concat();
    Ok(vec![insert_lines(source, section.end(), &line)])
}

/// Replaces the keys of a section, or appends a new one at the end.
fn set_section(
    source: &[u8],
    sections: &[Section],
    name: &str,
    keys: &[(&str, &Value)],
) -> Result<Vec<BytePatch>, EditError> {
    let end = line_break(source);
    let mut lines = Vec::new();
    for (key, value) in keys {
        let at = |error: WriteError| EditError::from(below(name, below(key, error)));
        lines.extend_from_slice(key_text(key).map_err(at)?.as_bytes());
        lines.extend_from_slice(b" = ");
        lines.extend_from_slice(&value_text(b"", None, &value.simple_text()).map_err(at)?);
        lines.extend_from_slice(end.as_bytes());
    }
    if let Some(section) = find_section(sections, name) {
        let start = section
            .keys
            .first()
            .map_or_else(|| section.end(), |key| key.lines.start);
        if start == section.end() && !source[..start].is_empty() && !source[..start].ends_with(b"\n") {
            lines.splice(0..0, end.bytes());
        }
        return Ok(vec![patch(start..section.end(), lines)]);
    }
    let mut text = Vec::new();
    if !source.is_empty() {
        text.extend_from_slice(if source.ends_with(b"\n") {
            end.as_bytes()
        } else {
            b""
        });
        if !source.ends_with(b"\n") {
            text.extend_from_slice(end.repeat(2).as_bytes());
        }
    }
    if name != DEFAULT {
        text.extend_from_slice(
            header_text(name, end)
                .map_err(|error| below(name, error))?
                .as_bytes(),
        );
    }
    text.extend_from_slice(&lines);
    Ok(vec![patch(source.len()..source.len(), text)])
}

/// A line of its own at a place where a line ended.
fn insert_lines(source: &[u8], at: usize, line: &[u8]) -> BytePatch {
    let end = line_break(source).as_bytes();
    let unfinished = at > 0 && !source[..at].ends_with(b"\n");
    let text = if unfinished {
        [end, line].concat()
    } else {
        [line, end].concat()
    };
    patch(at..at, text)
}

fn shape(path: &str, what: &'static str) -> EditError {
    EditError::Shape {
        path: path.to_owned(),
        what,
    }
}

/// The text was read before, so this does not happen; it is no reason to panic either.
fn lost(_: ReadError) -> EditError {
    shape("", "the text is not INI")
}
