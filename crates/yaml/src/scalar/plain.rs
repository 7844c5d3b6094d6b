//! Which texts may stand without quotes: those that every reader takes for the same string.

use super::{Resolved, resolve};
use crate::ScalarStyle;

/// Whether some reader, of YAML 1.1 or 1.2, takes this plain text for something else than a string.
pub(crate) fn is_typed(text: &str) -> bool {
    resolve(None, ScalarStyle::Plain, text) != Resolved::Str
        || is_old_bool(text)
        || is_old_number(text)
        || is_old_timestamp(text)
        || text == "="
}

/// Words that YAML 1.1 takes for booleans.
fn is_old_bool(text: &str) -> bool {
    let words = ["y", "yes", "on", "n", "no", "off", "true", "false", "null"];
    text.len() <= 5 && words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// `[-+]? ( \. digits | digits ( \. digits* )? ) ( [eE] [-+]? digits )?`
pub(crate) fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let mantissa_ok = match (whole, fraction) {
        ("", fraction) => digits(fraction),
        (whole, "") => digits(whole),
        (whole, fraction) => digits(whole) && digits(fraction),
    };
    let exponent_ok = exponent.is_none_or(|text| digits(text.strip_prefix(['-', '+']).unwrap_or(text)));
    mantissa_ok && exponent_ok
}

/// A number of YAML 1.1 or of either core schema, in any spelling: underscores anywhere, other bases,
/// base 60, out of range. Wider than any single reader; quotes too many do no harm.
fn is_old_number(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(text, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let plain = text.replace('_', "");
    let digits = |text: &str, radix: u32| text.chars().all(|c| c.is_digit(radix));
    if let [b'0', base, ..] = plain.as_bytes() {
        let rest = plain.get(2..).unwrap_or("");
        let radix = match base {
            b'x' | b'X' => 16,
            b'o' | b'O' => 8,
            b'b' | b'B' => 2,
            _ => 0,
        };
        if radix != 0 {
            return digits(rest, radix);
        }
    }
    if !text.bytes().any(|b| b.is_ascii_digit()) || text.starts_with('_') {
        return false;
    }
    is_float(&plain) || is_base_60(&plain)
}

/// `digits ( : [0-5]?digit )+ ( \. digits* )?`
fn is_base_60(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = whole.split(':');
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let first = parts.next().is_some_and(|part| !part.is_empty() && digits(part));
    let mut rest = parts.peekable();
    first
        && digits(fraction)
        && rest.peek().is_some()
        && rest.all(|part| (1..=2).contains(&part.len()) && digits(part))
}

/// A date as YAML 1.1 reads it, ranges not checked, with spaces before the time and the zone.
fn is_old_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let run = |at: usize| {
        bytes
            .get(at..)
            .unwrap_or(&[])
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    if run(0) != 4 || bytes.get(4) != Some(&b'-') {
        return false;
    }
    let month = run(5);
    let day_at = 5 + month + 1;
    if !(1..=2).contains(&month) || bytes.get(day_at - 1) != Some(&b'-') || !(1..=2).contains(&run(day_at)) {
        return false;
    }
    let rest = text.get(day_at + run(day_at)..).unwrap_or("");
    let time = rest.trim_start_matches(['T', 't', ' ', '\t']);
    rest.is_empty()
        || (time.len() < rest.len()
            && time.bytes().all(|b| {
                b.is_ascii_digit() || matches!(b, b':' | b'.' | b',' | b' ' | b'\t' | b'Z' | b'+' | b'-')
            }))
}

/// Whether the shape of a text allows it without quotes, whatever it means.
pub(crate) fn has_plain_shape(text: &str, flow: bool) -> bool {
    let bytes = text.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    if first == b' ' || last == b' ' || b"#,[]{}&*!|>'\"%@`".contains(&first) {
        return false;
    }
    let followed_by_space = |at: usize| bytes.get(at + 1).is_none_or(|&b| b == b' ');
    if matches!(first, b'?' | b':' | b'-') && (flow || followed_by_space(0)) {
        return false;
    }
    // Markers of documents, and of a merge conflict, if they come to stand at the start of a line.
    if ["---", "...", "<<<<<<< "]
        .iter()
        .any(|marker| text.starts_with(marker))
    {
        return false;
    }
    bytes.iter().enumerate().all(|(at, &byte)| match byte {
        b':' => !flow && !followed_by_space(at),
        b'#' => at.checked_sub(1).and_then(|before| bytes.get(before)) != Some(&b' '),
        // Readers differ inside brackets; there, quotes are the rule.
        b',' | b'[' | b']' | b'{' | b'}' | b'?' | b'\\' | b'"' | b'\'' | b'=' | b'!' | b'&' | b'*' | b'%'
        | b'@' | b'|' | b'>' | b'`' => !flow,
        _ => true,
    })
}

/// A character that go-yaml writes as it is.
pub(crate) fn is_printable(c: char) -> bool {
    is_readable(c) && u32::from(c) <= 0xFFFF
}

/// A character that every reader takes as it is, inside a line.
pub(crate) fn is_readable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{A0}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
        && !matches!(c, '\u{FEFF}' | '\u{2028}' | '\u{2029}')
}
