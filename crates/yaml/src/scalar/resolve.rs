//! The types of scalars as go-yaml v3 sees them. Source: spec/sops-format §8.1, "Loading".

use super::{Resolved, base64};
use crate::ScalarStyle;

/// A tag as far as it decides about a type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    /// No tag, or the lone `!`.
    None,
    Str,
    Bool,
    Int,
    Float,
    Null,
    Timestamp,
    Binary,
    Merge,
    /// Any other: dropped, the text stays text.
    Foreign,
}

/// Resolves a scalar by tag, style and text.
pub fn resolve(tag: Option<&str>, style: ScalarStyle, value: &str) -> Resolved {
    let kind = tag.map_or(Tag::None, kind_of);
    match kind {
        Tag::None if style != ScalarStyle::Plain => Resolved::Str,
        Tag::None => by_text(value, true),
        Tag::Str | Tag::Foreign => Resolved::Str,
        Tag::Binary => base64::decode(value).map_or(Resolved::Mismatch, Resolved::Binary),
        Tag::Merge => Resolved::Merge,
        Tag::Bool | Tag::Int | Tag::Float | Tag::Null | Tag::Timestamp => {
            match (kind, by_text(value, kind == Tag::Timestamp)) {
                (Tag::Float, Resolved::Int(int)) => Resolved::Float(int as f64),
                (Tag::Bool, found @ Resolved::Bool(_))
                | (Tag::Int, found @ (Resolved::Int(_) | Resolved::Uint64(_)))
                | (Tag::Float, found @ Resolved::Float(_))
                | (Tag::Null, found @ Resolved::Null)
                | (Tag::Timestamp, found @ Resolved::Timestamp) => found,
                _ => Resolved::Mismatch,
            }
        }
    }
}

fn kind_of(tag: &str) -> Tag {
    let core = tag.strip_prefix("!!").or_else(|| {
        tag.strip_prefix("!<tag:yaml.org,2002:")
            .and_then(|rest| rest.strip_suffix('>'))
    });
    match core {
        Some("str") => Tag::Str,
        Some("bool") => Tag::Bool,
        Some("int") => Tag::Int,
        Some("float") => Tag::Float,
        Some("null") => Tag::Null,
        Some("timestamp") => Tag::Timestamp,
        Some("binary") => Tag::Binary,
        Some("merge") => Tag::Merge,
        None if tag.is_empty() || tag == "!" => Tag::None,
        _ => Tag::Foreign,
    }
}

fn by_text(text: &str, timestamps: bool) -> Resolved {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Resolved::Null,
        "true" | "True" | "TRUE" => return Resolved::Bool(true),
        "false" | "False" | "FALSE" => return Resolved::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Resolved::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Resolved::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Resolved::Float(f64::NEG_INFINITY),
        "<<" => return Resolved::Merge,
        _ => {}
    }
    match text.as_bytes().first() {
        // Here, and only here, underscores count: they stand between digits, or it is text.
        Some(b'.') if !underscores_between_digits(text) => Resolved::Str,
        Some(b'.') => float(&text.replace('_', "")).map_or(Resolved::Str, Resolved::Float),
        Some(b'0'..=b'9' | b'+' | b'-') => {
            if timestamps && is_timestamp(text) {
                return Resolved::Timestamp;
            }
            let plain = text.replace('_', "");
            if let Some(int) = integer(&plain) {
                return int;
            }
            float(&plain).map_or(Resolved::Str, Resolved::Float)
        }
        _ => Resolved::Str,
    }
}

fn underscores_between_digits(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let mut underscores = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'_');
    underscores.all(|(at, _)| digit(at.checked_sub(1)) && digit(Some(at + 1)))
}

fn integer(text: &str) -> Option<Resolved> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, digits.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, digits.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, digits.get(2..)?),
        [b'0', _, ..] => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.bytes().all(|b| char::from(b).is_digit(radix)) {
        return None;
    }
    let value = u64::from_str_radix(digits, radix).ok()?;
    match (negative, i64::try_from(value)) {
        (false, Ok(int)) => Some(Resolved::Int(int)),
        // A sign makes it signed: too large then is no integer at all.
        (false, Err(_)) if text.starts_with('+') => None,
        (false, Err(_)) => Some(Resolved::Uint64(value)),
        (true, Ok(int)) => Some(Resolved::Int(-int)),
        (true, Err(_)) if value == i64::MIN.unsigned_abs() => Some(Resolved::Int(i64::MIN)),
        (true, Err(_)) => None,
    }
}

/// Optional sign, digits with optional fraction, optional decimal exponent; not out of range.
fn float(text: &str) -> Option<f64> {
    if !super::plain::is_float(text) {
        return None;
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// Shape and ranges of the four timestamp forms.
fn is_timestamp(text: &str) -> bool {
    timestamp(text).is_some()
}

fn timestamp(text: &str) -> Option<()> {
    let bytes = text.as_bytes();
    let year: u32 = text
        .get(..4)
        .filter(|year| year.bytes().all(|b| b.is_ascii_digit()))?
        .parse()
        .ok()?;
    let mut at = 4;
    expect(bytes, &mut at, b"-")?;
    let month = number(bytes, &mut at).filter(|month| (1..=12).contains(month))?;
    expect(bytes, &mut at, b"-")?;
    let day = number(bytes, &mut at)?;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1..=days).contains(&day) {
        return None;
    }
    if at == bytes.len() {
        return Some(());
    }
    let zone = match bytes.get(at)? {
        b'T' | b't' => true,
        b' ' => false,
        _ => return None,
    };
    at += 1;
    number(bytes, &mut at).filter(|hour| *hour < 24)?;
    expect(bytes, &mut at, b":")?;
    number(bytes, &mut at).filter(|minute| *minute < 60)?;
    expect(bytes, &mut at, b":")?;
    number(bytes, &mut at).filter(|second| *second < 60)?;
    if matches!(bytes.get(at), Some(b'.' | b',')) && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
        at += 1;
        at += bytes.get(at..)?.iter().take_while(|b| b.is_ascii_digit()).count();
    }
    if zone {
        match bytes.get(at)? {
            b'Z' => at += 1,
            b'+' | b'-' => {
                let [h1, h2, b':', m1, m2] = bytes.get(at + 1..at + 6)? else {
                    return None;
                };
                let pair = |a: &u8, b: &u8| {
                    (a.is_ascii_digit() && b.is_ascii_digit()).then(|| (a - b'0') * 10 + (b - b'0'))
                };
                pair(h1, h2).filter(|hours| *hours <= 24)?;
                pair(m1, m2).filter(|minutes| *minutes <= 60)?;
                at += 6;
            }
            _ => return None,
        }
    }
    (at == bytes.len()).then_some(())
}

fn expect(bytes: &[u8], at: &mut usize, wanted: &[u8]) -> Option<()> {
    let found = bytes.get(*at..)?.starts_with(wanted);
    *at += wanted.len();
    found.then_some(())
}

/// One or two digits.
fn number(bytes: &[u8], at: &mut usize) -> Option<u32> {
    let digits = bytes
        .get(*at..)?
        .iter()
        .take(2)
        .take_while(|b| b.is_ascii_digit())
        .count();
    let text = std::str::from_utf8(bytes.get(*at..*at + digits)?).ok()?;
    *at += digits;
    text.parse().ok()
}
