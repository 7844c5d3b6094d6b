//! Finding what the parser's events do not say: indicators, properties and headers before a node.

use std::ops::Range;

use crate::text::{
    before_break, break_len, byte, is_blank_or_end, is_space, line_end, line_start, skip_gap, slice,
};

/// Walks from the end of the last content over white space, comments, indicators and properties.
/// Gives the end of the last indicator or property, and the place of what comes next.
///
/// In flow context a comma counts too, and indicators need no white space behind them.
pub(crate) fn slot(text: &str, from: usize, limit: usize, flow: bool) -> (usize, usize) {
    let mut mark = from;
    let mut at = from;
    loop {
        at = skip_gap(text, at);
        if at >= limit {
            return (mark.min(limit), at.min(limit));
        }
        match byte(text, at) {
            b'-' | b'?' | b':' if flow || is_blank_or_end(text, at + 1) => at += 1,
            b',' if flow => at += 1,
            b'&' | b'!' => at = property_end(text, at, flow),
            _ => return (mark, at),
        }
        mark = at;
    }
}

/// What an empty node is in the collection around it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Empty {
    Key,
    Value,
    Element,
    Root,
}

/// The place of an empty node: behind its indicator and its properties, of which there are so many.
/// The parser gives a place before or behind that, as it happens. Only the first node inside brackets
/// stands behind no comma.
pub(crate) fn empty(
    text: &str,
    from: usize,
    what: Empty,
    flow: bool,
    first: bool,
    properties: usize,
) -> usize {
    let mut at = skip_gap(text, from);
    let after_comma = what == Empty::Key || (what == Empty::Element && properties > 0);
    while flow && after_comma && !first && byte(text, at) == b',' {
        at = skip_gap(text, at + 1);
    }
    let indicator = match what {
        Empty::Key => b'?',
        Empty::Value => b':',
        Empty::Element => b'-',
        Empty::Root => 0,
    };
    let mut mark = if what == Empty::Key { at } else { from };
    if indicator != 0 && byte(text, at) == indicator && (flow || is_blank_or_end(text, at + 1)) {
        at += 1;
        mark = at;
    }
    for _ in 0..properties {
        at = skip_gap(text, at);
        if !matches!(byte(text, at), b'&' | b'!') {
            break;
        }
        at = property_end(text, at, flow);
        mark = at;
    }
    mark
}

/// End of an anchor or tag that starts here.
fn property_end(text: &str, at: usize, flow: bool) -> usize {
    let tail = slice(text, at..text.len());
    if tail.starts_with("!<") {
        return at + tail.find('>').map_or(tail.len(), |found| found + 1);
    }
    let end =
        tail.find(|c: char| c.is_ascii_whitespace() || (flow && matches!(c, ',' | '[' | ']' | '{' | '}')));
    at + end.unwrap_or(tail.len()).max(1)
}

/// The header of a block scalar, taken apart.
pub(crate) struct Header {
    /// Behind the indicators: `|`, a digit, `+` or `-`.
    pub(crate) end: usize,
    /// `+`: line breaks at the end are content.
    pub(crate) keep: bool,
    /// Indentation digit.
    digit: Option<usize>,
}

/// Reads the header that starts here.
pub(crate) fn header(text: &str, start: usize) -> Header {
    let mut header = Header {
        end: start + 1,
        keep: false,
        digit: None,
    };
    loop {
        match byte(text, header.end) {
            b'+' => header.keep = true,
            b'-' => {}
            digit @ b'1'..=b'9' => header.digit = Some(usize::from(digit - b'0')),
            _ => return header,
        }
        header.end += 1;
    }
}

/// Bytes of a block scalar from its header to its last line break.
///
/// `hint` is where the parser saw the scalar end: somewhere on the first line that is not part of it.
/// `base` is the column of the collection around it.
pub(crate) fn block_scalar(text: &str, start: usize, hint: usize, base: usize) -> Range<usize> {
    let header = header(text, start);
    let header_end = line_end(text, header.end);
    let content = header_end + break_len(text, header_end);
    let mut end = if hint >= text.len() {
        text.len()
    } else {
        line_start(text, hint)
    }
    .max(content);
    let indent = match header.digit {
        Some(digit) => base + digit,
        None => first_indent(text, content, end),
    };
    if header.keep {
        // Spaces without a line break at the very end are no line: one put behind them would be. Right below
        // the header they are one for the parser.
        let begin = line_start(text, end).max(content);
        let spaces = slice(text, begin..end);
        let rest = begin > content && spaces.len() <= indent && spaces.bytes().all(|b| b == b' ');
        return start..if rest { begin } else { end };
    }
    // Blank lines at the end are chomped; a line of more spaces than the indentation is content.
    while end > content {
        let last = before_break(text, end);
        let begin = line_start(text, last).max(content);
        let line = slice(text, begin..last);
        if line.len() > indent || !line.bytes().all(|b| b == b' ') {
            break;
        }
        end = begin;
    }
    start..end
}

/// Indentation of the first line that is not blank; without one, no line is content.
fn first_indent(text: &str, content: usize, end: usize) -> usize {
    let mut at = content;
    while at < end {
        let stop = line_end(text, at).min(end);
        let line = slice(text, at..stop);
        let spaces = line.bytes().take_while(|&b| b == b' ').count();
        if spaces < line.len() {
            return spaces;
        }
        at = stop + break_len(text, stop).max(1);
    }
    usize::MAX
}

/// The dash of a sequence that is the key or value of a mapping, searched from the end of what precedes it.
/// The parser gives the first element instead when the sequence is not indented.
pub(crate) fn first_dash(text: &str, from: usize, fallback: usize) -> usize {
    let mut at = from;
    loop {
        at = skip_gap(text, at);
        match byte(text, at) {
            b'-' if is_blank_or_end(text, at + 1) => return at,
            b'?' | b':' if is_blank_or_end(text, at + 1) => at += 1,
            b'&' | b'!' => at = property_end(text, at, false),
            _ => return fallback,
        }
        if at > fallback {
            return fallback;
        }
    }
}

/// Behind end markers of documents that do not exist: the parser says nothing of them.
pub(crate) fn behind_stray_ends(text: &str, from: usize) -> usize {
    let mut end = from;
    loop {
        let at = skip_gap(text, end);
        let marker = slice(text, at..text.len()).starts_with("...");
        if !marker || line_start(text, at) != at || !is_blank_or_end(text, at + 3) {
            return end;
        }
        end = at + 3;
    }
}

/// The place of a block scalar's header, searched from the end of what precedes it.
pub(crate) fn block_header(text: &str, from: usize, limit: usize) -> usize {
    let (_, at) = slot(text, from, limit.saturating_add(1), false);
    if matches!(byte(text, at), b'|' | b'>') {
        at
    } else {
        limit
    }
}

/// A conflict marker of a merge at the start of a line, searched from a place.
pub(crate) fn conflict_marker(text: &str, halves: bool) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        let line = slice(text, at..text.len());
        if line.starts_with("<<<<<<< ") {
            return Some(at);
        }
        if halves {
            let whole = slice(text, at..line_end(text, at));
            if line.starts_with(">>>>>>> ") || whole == "=======" {
                return Some(at);
            }
            at = line_end(text, at) + 1;
        } else {
            // One search for the rare text instead of a look at each line.
            at += line.find("\n<<<<<<< ")? + 1;
        }
    }
    None
}

/// Whether a range ends a line apart from spaces and a comment.
pub(crate) fn ends_line(text: &str, at: usize) -> bool {
    let next = at
        + slice(text, at..text.len())
            .bytes()
            .take_while(|&b| is_space(b))
            .count();
    is_blank_or_end(text, next) || byte(text, next) == b'#'
}
