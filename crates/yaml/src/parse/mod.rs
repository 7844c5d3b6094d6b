//! From the parser's events to nodes with exact places.

mod build;
mod floor;
mod guard;
mod locate;
mod syntax;

pub(crate) use locate::{ends_line, header, slot};

use std::borrow::Cow;
use std::ops::Range;

use granit_parser::{Options, Parser, options};

use crate::error::position_of;
use crate::text::slice;
use crate::{Budget, Comment, CommentId, Node, NodeKind, ScalarStyle, Stream, SyntaxError};
use build::Builder;
use guard::Guard;

/// Above this many possible nodes the budget is counted in a pass of its own, so that a text that is
/// refused never costs the memory of its tree.
const COUNT_FIRST: usize = 200_000;

/// Parses a whole text under a budget.
pub(crate) fn parse<'t>(text: &'t str, budget: &Budget) -> Result<Stream<'t>, SyntaxError> {
    let fail = |byte, what| SyntaxError {
        at: position_of(text, byte),
        what,
    };
    if text.len() > budget.bytes {
        return Err(fail(0, "text is too large"));
    }
    let settings = settings(budget);
    let possible = possible_nodes(text);
    let allowed = budget.nodes as usize;
    if possible > allowed
        && let Some(byte) = floor::exceeds(text, allowed)
    {
        return Err(fail(byte, guard::TOO_MANY));
    }
    if possible > COUNT_FIRST {
        count(text, budget, settings.clone())?;
    }
    let mut guard = Guard::new(budget, text.len());
    let mut builder = Builder::new(text, budget);
    for item in Parser::new_from_str_with_options(text, settings) {
        let (event, span) = item.map_err(|error| match locate::conflict_marker(text, true) {
            Some(at) => fail(at, CONFLICT),
            None => syntax::syntax_error(text, &error),
        })?;
        let range = span.byte_range().unwrap_or_default();
        guard
            .event(&event, range.len())
            .map_err(|what| fail(range.start, what))?;
        builder
            .event(event, &span, range)
            .map_err(|(byte, what)| fail(byte, what))?;
    }
    guard.end().map_err(|what| fail(0, what))?;
    let stream = builder.finish();
    match locate::conflict_marker(text, false) {
        Some(at) if stream.plain_at(at) => Err(fail(at, CONFLICT)),
        _ => Ok(stream),
    }
}

fn settings(budget: &Budget) -> Options {
    let depth = usize::from(budget.depth).saturating_add(1);
    options! {
        emit_anchor_events: true,
        max_buffered_comment_events: usize::MAX,
        simple_key_max_lookahead: budget.key_bytes.saturating_add(8),
        flow_nesting_limit: depth,
        block_nesting_limit: depth,
    }
}

/// An upper bound of the nodes and comments in a text, without parsing.
fn possible_nodes(text: &str) -> usize {
    // Chunks that a byte can count, so that the loop is done on whole vector registers.
    let indicators = |chunk: &[u8]| {
        let mut count = 0_u8;
        for b in chunk {
            let is_one = (*b == b'\n')
                | (*b == b'\r')
                | (*b == b',')
                | (*b == b'[')
                | (*b == b'{')
                | (*b == b':')
                | (*b == b'-')
                | (*b == b'?')
                | (*b == b'*')
                | (*b == b'#');
            count = count.wrapping_add(u8::from(is_one));
        }
        usize::from(count)
    };
    // A key and its value, and the mapping that they open, may share one colon.
    text.as_bytes()
        .chunks(usize::from(u8::MAX))
        .map(indicators)
        .sum::<usize>()
        .saturating_mul(2)
}

/// Reads the events only to count them.
fn count(text: &str, budget: &Budget, settings: Options) -> Result<(), SyntaxError> {
    let mut guard = Guard::new(budget, text.len());
    for item in Parser::new_from_str_with_options(text, settings) {
        // Errors of syntax are told by the pass that follows.
        let Ok((event, span)) = item else { return Ok(()) };
        let range = span.byte_range().unwrap_or_default();
        guard.event(&event, range.len()).map_err(|what| SyntaxError {
            at: position_of(text, range.start),
            what,
        })?;
    }
    Ok(())
}

/// Decoded text, borrowed where nothing was decoded.
pub(crate) fn raw_value<'t>(text: &'t str, node: &Node) -> Cow<'t, str> {
    let NodeKind::Scalar(style) = node.kind else {
        return Cow::Borrowed("");
    };
    let span = node.span.clone();
    Cow::Borrowed(match style {
        ScalarStyle::Plain => slice(text, span),
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
            slice(text, span.start + 1..span.end.saturating_sub(1))
        }
        ScalarStyle::Literal | ScalarStyle::Folded => "",
    })
}

/// All comments of a document as ids.
pub(crate) fn comments_within(comments: &[Comment], span: &Range<usize>) -> Vec<CommentId> {
    let from = comments.partition_point(|comment| comment.span.start < span.start);
    let to = comments.partition_point(|comment| comment.span.start < span.end);
    (from..to).map(|id| CommentId(id as u32)).collect()
}

const CONFLICT: &str = "merge conflict marker";
