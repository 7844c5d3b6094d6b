//! Functions of slash-separated paths. The `os` ones are the same: the peer runs on Linux.

use super::{
    super::{
        context::{Context, Outcome},
        value::Value,
    },
    made, text,
};

/// The last element.
pub(super) fn base(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let path = text(&arguments[0]);
    if path.is_empty() {
        return made(context, b".".to_vec());
    }
    let end = path
        .iter()
        .rposition(|byte| *byte != b'/')
        .map_or(0, |last| last + 1);
    let name = path[..end]
        .rsplit(|byte| *byte == b'/')
        .next()
        .unwrap_or_default();
    made(
        context,
        if name.is_empty() {
            b"/".to_vec()
        } else {
            name.to_vec()
        },
    )
}

/// The shortest equal path.
pub(super) fn clean(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    made(context, cleaned(text(&arguments[0])))
}

/// All but the last element.
pub(super) fn dir(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let path = text(&arguments[0]);
    let end = path
        .iter()
        .rposition(|byte| *byte == b'/')
        .map_or(0, |slash| slash + 1);
    made(context, cleaned(&path[..end]))
}

/// From the last dot of the last element on.
pub(super) fn ext(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let name = text(&arguments[0])
        .rsplit(|byte| *byte == b'/')
        .next()
        .unwrap_or_default();
    let dot = name.iter().rposition(|byte| *byte == b'.').unwrap_or(name.len());
    made(context, name[dot..].to_vec())
}

/// Whether it begins at the root.
pub(super) fn is_absolute(_: &Context<'_>, arguments: &[Value]) -> Outcome {
    Ok(Value::Bool(text(&arguments[0]).starts_with(b"/")))
}

fn cleaned(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut kept: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => match kept.last() {
                Some(last) if *last != b".." => {
                    kept.pop();
                }
                _ if rooted => {}
                _ => kept.push(part),
            },
            _ => kept.push(part),
        }
    }
    let joined = kept.join(&b'/');
    match (rooted, joined.is_empty()) {
        (true, _) => [b"/", &joined[..]].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}
