//! `set` and `unset` in a YAML text, as patches in the style of the neighbours (spec/sops-cli §5).

use yaml::edit;
use yaml::emit::{Emit, EmitItem};
use yaml::scalar::{Context, write_str_as};
use yaml::{Item, NodeId, NodeKind, ScalarStyle, Stream};
use zeroize::Zeroizing;

use super::patch::yaml_text;
use crate::store::BytePatch;
use crate::tree::{NewValue, Step, TreePath};
use crate::{EditError, Value, WriteError};

/// Patches that put a value at a path of document 0.
pub(crate) fn set(source: &[u8], path: &TreePath, value: &NewValue) -> Result<Vec<BytePatch>, EditError> {
    let text = text(source)?;
    let stream = parse(text)?;
    let root = root(&stream)?;
    if let Some(patch) = on_comment(&stream, root, path, value)? {
        return Ok(vec![patch]);
    }
    let (found, rest) = follow(&stream, root, path)?;
    let new = |from: usize| nested(&path.0[from..], value);
    let patches = match (&stream.node(found).kind, rest) {
        (kind, None) => {
            let kept = in_style(kind, value).unwrap_or_else(|| emitted(value));
            edit::replace(&stream, found, &kept, true)
        }
        (NodeKind::Mapping(_), Some(at)) => match &path.0[at] {
            Step::Key(key) => edit::insert_entry(&stream, found, key, &new(at + 1)),
            Step::Index(_) => return Err(shape(path, at, "an index cannot be set on a mapping")),
        },
        (NodeKind::Sequence(_), Some(at)) => match &path.0[at] {
            Step::Index(_) => edit::append_element(&stream, found, &new(at + 1)),
            Step::Key(_) => return Err(shape(path, at, "a key cannot be set on a list")),
        },
        (NodeKind::Scalar(_), Some(at)) if found == root => match &path.0[at] {
            Step::Key(key) => edit::insert_entry(&stream, found, key, &new(at + 1)),
            Step::Index(_) => return Err(shape(path, at, "an index cannot be set on a mapping")),
        },
        (NodeKind::Alias(_), Some(at)) => {
            return Err(shape(
                path,
                at,
                "the path goes through an alias: edit where its anchor stands",
            ));
        }
        // A scalar in the way makes room for what the rest of the path asks for.
        (NodeKind::Scalar(_), Some(at)) => edit::replace(&stream, found, &new(at), true),
    };
    byte_patches(patches)
}

/// A comment in a block list counts as an element: a value set there takes its line, as SOPS does.
fn on_comment(
    stream: &Stream<'_>,
    root: NodeId,
    path: &TreePath,
    value: &NewValue,
) -> Result<Option<BytePatch>, EditError> {
    let Some((Step::Index(index), above)) = path.0.split_last() else {
        return Ok(None);
    };
    let (list, None) = follow(stream, root, &TreePath(above.to_vec()))? else {
        return Ok(None);
    };
    let NodeKind::Sequence(_) = stream.node(list).kind else {
        return Ok(None);
    };
    let items = stream.items(list);
    let Some(Item::Comment(id)) = items.get(*index) else {
        return Ok(None);
    };
    let (text, span) = (stream.text(), &stream.comment(*id).span);
    let line = |at: usize| text[..at].rfind('\n').map_or(0, |at| at + 1);
    let element = items.iter().find_map(|item| match item {
        Item::Element(value) => Some(stream.node(*value).span.start),
        Item::Comment(_) | Item::Entry(..) => None,
    });
    let dashes = element.map(|at| &text[line(at)..at]);
    let columns = dashes.and_then(|before| before.find('-').filter(|at| before[*at + 1..].trim().is_empty()));
    let alone = text[line(span.start)..span.start].trim().is_empty();
    let (Some(column), true) = (columns, alone) else {
        return Err(shape(path, above.len(), "a comment stands there"));
    };
    let new = yaml::emit::value(&emitted(value), column, &edit::layout_of(stream));
    Ok(Some(BytePatch {
        range: line(span.start)..span.end,
        bytes: Zeroizing::new(format!("{}-{new}", " ".repeat(column)).into_bytes()),
    }))
}

/// Patches that take a key or element out of document 0; none if it is not there.
pub(crate) fn unset(source: &[u8], path: &TreePath) -> Result<Vec<BytePatch>, EditError> {
    let text = text(source)?;
    let stream = parse(text)?;
    let Some((last, above)) = path.0.split_last() else {
        return Err(shape(path, 0, "the path is empty"));
    };
    let above = TreePath(above.to_vec());
    let (found, rest) = follow(&stream, root(&stream)?, &above)?;
    if let Some(at) = rest {
        return match stream.node(found).kind {
            NodeKind::Mapping(_) | NodeKind::Sequence(_) => Ok(Vec::new()),
            NodeKind::Scalar(_) => Err(shape(path, at, "the path goes into a scalar")),
            NodeKind::Alias(_) => Err(shape(path, at, "the path goes through an alias")),
        };
    }
    let end = path.0.len() - 1;
    match (&stream.node(found).kind, last) {
        (NodeKind::Mapping(_), Step::Key(key)) => match entry(&stream, found, key) {
            Some(value) => byte_patches(edit::remove(&stream, found, value)),
            None => Ok(Vec::new()),
        },
        (NodeKind::Sequence(_), Step::Index(index)) => match stream.items(found).get(*index) {
            Some(Item::Element(value)) => byte_patches(edit::remove(&stream, found, *value)),
            Some(Item::Comment(id)) => Ok(vec![comment_line(text, &stream.comment(*id).span)]),
            Some(Item::Entry(..)) | None => Ok(Vec::new()),
        },
        (NodeKind::Mapping(_), Step::Index(_)) => Err(shape(path, end, "an index on a mapping")),
        (NodeKind::Sequence(_), Step::Key(_)) => Err(shape(path, end, "a key on a list")),
        (NodeKind::Scalar(_), _) if stream.node(found).span.is_empty() => Ok(Vec::new()),
        (NodeKind::Scalar(_), _) => Err(shape(path, end, "the path goes into a scalar")),
        (NodeKind::Alias(_), _) => Err(shape(path, end, "the path goes through an alias")),
    }
}

/// As far as the path leads: the node, and the first step that is not there.
fn follow(stream: &Stream<'_>, root: NodeId, path: &TreePath) -> Result<(NodeId, Option<usize>), EditError> {
    let mut node = root;
    for (at, step) in path.0.iter().enumerate() {
        let next = match (&stream.node(node).kind, step) {
            (NodeKind::Mapping(_), Step::Key(key)) => entry(stream, node, key),
            // Comments in a list count.
            (NodeKind::Sequence(_), Step::Index(index)) => match stream.items(node).get(*index) {
                Some(Item::Element(value)) => Some(*value),
                Some(Item::Comment(_)) => return Err(shape(path, at, "a comment stands there")),
                Some(Item::Entry(..)) | None => None,
            },
            _ => None,
        };
        match next {
            Some(next) => node = next,
            None => return Ok((node, Some(at))),
        }
    }
    Ok((node, None))
}

fn entry(stream: &Stream<'_>, mapping: NodeId, wanted: &str) -> Option<NodeId> {
    stream.items(mapping).iter().find_map(|item| match *item {
        Item::Entry(key, value) if stream.value(stream.resolve(key)) == wanted => Some(value),
        _ => None,
    })
}

fn nested<'a>(rest: &'a [Step], value: &'a NewValue) -> Emit<'a> {
    match rest.split_first() {
        None => emitted(value),
        Some((Step::Key(key), rest)) => {
            Emit::Mapping(vec![EmitItem::Entry(key.as_str().into(), nested(rest, value))])
        }
        Some((Step::Index(_), rest)) => Emit::Sequence(vec![EmitItem::Element(nested(rest, value))]),
    }
}

/// Text of one line that takes the place of a quoted one keeps its quotes.
fn in_style<'a>(kind: &NodeKind, value: &NewValue) -> Option<Emit<'a>> {
    let (NodeKind::Scalar(style), NewValue::Scalar(Value::Str(bytes))) = (kind, value) else {
        return None;
    };
    let text = std::str::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\n'))?;
    match style {
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
            Some(Emit::Raw(write_str_as(text, *style, Context::Flow, "\n")?.into()))
        }
        ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => None,
    }
}

fn emitted(value: &NewValue) -> Emit<'_> {
    match value {
        NewValue::Scalar(Value::Str(bytes)) => match std::str::from_utf8(bytes) {
            Ok(text) => Emit::Str(text.into()),
            Err(_) => Emit::Binary(bytes.as_slice().into()),
        },
        NewValue::Scalar(value) => Emit::Raw(yaml_text(value)),
        NewValue::Object(entries) => Emit::Mapping(
            entries
                .iter()
                .map(|(key, value)| EmitItem::Entry(key.as_str().into(), emitted(value)))
                .collect(),
        ),
        NewValue::Array(elements) => Emit::Sequence(
            elements
                .iter()
                .map(|value| EmitItem::Element(emitted(value)))
                .collect(),
        ),
    }
}

/// The line of a comment, or only the comment where something stands before it.
fn comment_line(text: &str, span: &std::ops::Range<usize>) -> BytePatch {
    let line = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let range = if text[line..span.start].trim().is_empty() {
        line..text[span.end..]
            .find('\n')
            .map_or(text.len(), |at| span.end + at + 1)
    } else {
        text[..span.start].trim_end().len()..span.end
    };
    BytePatch {
        range,
        bytes: Zeroizing::default(),
    }
}

fn text(source: &[u8]) -> Result<&str, EditError> {
    std::str::from_utf8(source).map_err(|_| unwritable("the text is not UTF-8"))
}

fn parse(text: &str) -> Result<Stream<'_>, EditError> {
    let budget = yaml::Budget {
        bytes: usize::MAX,
        ..yaml::Budget::default()
    };
    Stream::parse(text, &budget).map_err(|_| unwritable("the text does not read"))
}

fn root(stream: &Stream<'_>) -> Result<NodeId, EditError> {
    stream
        .documents()
        .first()
        .map(|document| document.root)
        .ok_or_else(|| unwritable("there is no document"))
}

fn byte_patches(patches: Result<Vec<yaml::Patch>, yaml::EditError>) -> Result<Vec<BytePatch>, EditError> {
    let patches = patches.map_err(|_| unwritable("the text has no room for it there"))?;
    let convert = |patch: yaml::Patch| BytePatch {
        range: patch.range,
        bytes: Zeroizing::new(patch.text.into_bytes()),
    };
    Ok(patches.into_iter().map(convert).collect())
}

fn unwritable(what: &'static str) -> EditError {
    EditError::Write(WriteError::Unsupported {
        path: String::new(),
        what,
    })
}

fn shape(path: &TreePath, at: usize, what: &'static str) -> EditError {
    EditError::Shape {
        path: TreePath(path.0[..at].to_vec()).to_string(),
        what,
    }
}
