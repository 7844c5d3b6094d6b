//! What YAML 1.1 makes of a scalar, as the tools of Kubernetes read it, and Go's texts for numbers
//! (spec/sealed-secrets §12).

use yaml::ScalarStyle;
use yaml::scalar::Resolved;

/// What a scalar means.
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    /// The text as it stands; dates too.
    Text,
    /// Decoded `!!binary`.
    Binary(Vec<u8>),
    /// `<<`: meaningful as a key, text as a value.
    Merge,
    /// A core tag that the text does not satisfy.
    Mismatch,
}

/// Resolves a scalar by tag, style and text.
pub(crate) fn resolve(tag: Option<&str>, style: ScalarStyle, text: &str) -> Scalar {
    match tag {
        None if style != ScalarStyle::Plain => Scalar::Text,
        None | Some("") => by_text(text),
        Some("!") => Scalar::Text,
        Some("!!bool" | "!<tag:yaml.org,2002:bool>") => boolean(text).map_or(Scalar::Mismatch, Scalar::Bool),
        Some(_) => match yaml::scalar::resolve(tag, style, text) {
            Resolved::Timestamp => Scalar::Text,
            other => from_common(other),
        },
    }
}

/// What a plain text without a tag is read as.
fn by_text(text: &str) -> Scalar {
    let first = text.as_bytes().first().copied().unwrap_or(b'~');
    match first {
        b'0'..=b'9' | b'+' | b'-' => binary_with_sign(text).map_or_else(|| common(text), Scalar::Int),
        // Underscores count between digits only where a digit comes first.
        b'.' if text.contains('_') => Scalar::Text,
        b'.' | b'~' | b'<' => common(text),
        b'n' | b'N' | b'y' | b'Y' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' => {
            boolean(text).map_or_else(|| common(text), Scalar::Bool)
        }
        _ => Scalar::Text,
    }
}

/// The rules that YAML 1.1 shares with the readers of today.
fn common(text: &str) -> Scalar {
    from_common(yaml::scalar::resolve(None, ScalarStyle::Plain, text))
}

fn from_common(resolved: Resolved) -> Scalar {
    match resolved {
        Resolved::Null => Scalar::Null,
        Resolved::Bool(value) => Scalar::Bool(value),
        Resolved::Int(value) => Scalar::Int(value),
        Resolved::Uint64(value) => Scalar::Uint(value),
        Resolved::Float(value) => Scalar::Float(value),
        Resolved::Timestamp | Resolved::Str => Scalar::Text,
        Resolved::Merge => Scalar::Merge,
        Resolved::Binary(bytes) => Scalar::Binary(bytes),
        Resolved::Mismatch => Scalar::Mismatch,
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// `0b-101`, a number for the peers' reader.
fn binary_with_sign(text: &str) -> Option<i64> {
    let digits = text.strip_prefix("0b")?;
    if !digits.starts_with(['-', '+']) {
        return None;
    }
    i64::from_str_radix(&digits.replace('_', ""), 2).ok()
}

/// Whether a text may stand without quotes: nobody reads it as something else than text.
pub(crate) fn reads_as_text(text: &str) -> bool {
    if !matches!(by_text(text), Scalar::Text) {
        return false;
    }
    let number_like = text.starts_with(['+', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    !number_like || (!is_base_60(text) && !is_timestamp(text))
}

fn is_timestamp(text: &str) -> bool {
    yaml::scalar::resolve(None, ScalarStyle::Plain, text) == Resolved::Timestamp
}

/// `1:30:00`, a number under YAML 1.1 for other readers.
fn is_base_60(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut parts = text.split(':');
    let Some(first) = parts.next() else { return false };
    if !first.starts_with(|c: char| c.is_ascii_digit()) || !first.bytes().all(digit_or_underscore) {
        return false;
    }
    let mut rest = parts.peekable();
    if rest.peek().is_none() {
        return false;
    }
    while let Some(part) = rest.next() {
        let part = match part.split_once('.') {
            Some((part, fraction)) if rest.peek().is_none() => {
                if !fraction.bytes().all(digit_or_underscore) {
                    return false;
                }
                part
            }
            _ => part,
        };
        let fits = match part.as_bytes() {
            [digit] => digit.is_ascii_digit(),
            [tens, digit] => (b'0'..=b'5').contains(tens) && digit.is_ascii_digit(),
            _ => false,
        };
        if !fits {
            return false;
        }
    }
    true
}

fn digit_or_underscore(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'_'
}

/// Go's text of a double where text is wanted. Single precision, as the peer has it: `0.1234567891` becomes
/// `0.12345679`.
pub(crate) fn float_text(value: f64) -> String {
    let value = value as f32;
    shortest(&format!("{value:e}"), || format!("{value}"))
}

/// Go's text of a double in YAML.
pub(crate) fn float_yaml(value: f64) -> String {
    shortest(&format!("{value:e}"), || format!("{value}"))
}

/// Go's `%g` in its shortest form: an exponent below -4 or from 6 on is written.
fn shortest(scientific: &str, plain: impl FnOnce() -> String) -> String {
    let Some((digits, exponent)) = scientific.split_once('e') else {
        // Infinite in single precision.
        return if scientific.starts_with('-') {
            "-Inf"
        } else {
            "+Inf"
        }
        .to_owned();
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) || digits == "0" || digits == "-0" {
        return plain();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

/// Go's text of a double in JSON: an exponent only for very small and very large numbers.
pub(crate) fn float_json(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        return match text.split_once('e') {
            Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
            _ => text,
        };
    }
    format!("{value}")
}
