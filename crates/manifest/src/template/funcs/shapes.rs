//! Texts that are cut to a width: `abbrev`, `wrap`.

use std::borrow::Cow;

use super::{
    super::context::{Context, Outcome},
    made,
};

/// At most `width` bytes, with dots for what is left out.
pub(super) fn abbreviate(source: &[u8], offset: i64, width: i64) -> Cow<'_, [u8]> {
    let length = source.len() as i64;
    if width < 4 || length <= width {
        return source.into();
    }
    abbreviated(source, offset, width).into()
}

/// The same, from `left` on.
pub(super) fn abbreviate_both(source: &[u8], left: i64, right: i64) -> Vec<u8> {
    if right < 4 || left > 0 && right < 7 {
        return source.to_vec();
    }
    abbreviated(source, left, right)
}

fn abbreviated(source: &[u8], offset: i64, width: i64) -> Vec<u8> {
    let length = source.len() as i64;
    if length <= width {
        return source.to_vec();
    }
    let mut offset = offset.min(length);
    if length - offset < width - 3 {
        offset = length - (width - 3);
    }
    if offset <= 4 {
        return [&source[..(width - 3) as usize], b"..."].concat();
    }
    if width < 7 {
        return Vec::new();
    }
    if offset + width - 3 < length {
        return [b"...", &abbreviated(&source[offset as usize..], 0, width - 3)[..]].concat();
    }
    [b"...", &source[(length - (width - 3)) as usize..]].concat()
}

/// Lines of at most `width` bytes; long words may be cut.
pub(super) fn wrap(
    context: &Context<'_>,
    source: &[u8],
    width: i64,
    line: &[u8],
    long_words: bool,
) -> Outcome {
    let line = if line.is_empty() { b"\n" } else { line };
    let width = usize::try_from(width).unwrap_or(0).max(1);
    let mut out = Vec::new();
    let mut at = 0;
    while source.len() - at > width {
        if source[at] == b' ' {
            at += 1;
            continue;
        }
        let (end, next) = match source[at..=at + width].iter().rposition(|byte| *byte == b' ') {
            Some(blank) => (at + blank, at + blank + 1),
            None if long_words => (at + width, at + width),
            None => match source[at + width..].iter().position(|byte| *byte == b' ') {
                Some(blank) => (at + width + blank, at + width + blank + 1),
                None => break,
            },
        };
        context.reserve(end - at + line.len())?;
        out.extend_from_slice(&source[at..end]);
        out.extend_from_slice(line);
        at = next;
    }
    out.extend_from_slice(&source[at..]);
    made(context, out)
}
