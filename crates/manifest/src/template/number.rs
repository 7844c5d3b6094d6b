//! Numbers in text: Go's literals in, Go's decimal forms out.

use std::fmt::Write;

/// A number of a template: what it can be used as.
pub(super) struct Number {
    /// As it is written.
    pub(super) text: String,
    pub(super) int: Option<i64>,
    pub(super) uint: Option<u64>,
    pub(super) float: Option<f64>,
}

impl Number {
    /// Reads a number of a template.
    ///
    /// # Errors
    ///
    /// What Go says of it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut number = Self {
            text: text.to_owned(),
            int: parse_int(text, 0),
            uint: parse_uint(text, 0),
            float: None,
        };
        if number.int == Some(0) {
            number.uint = Some(0);
        }
        number.float = match (number.int, number.uint) {
            (Some(int), _) => Some(int as f64),
            (None, Some(uint)) => Some(uint as f64),
            (None, None) => {
                let float = parse_float(text)
                    .ok_or_else(|| format!("illegal number syntax: {}", super::quote::go(text.as_bytes())))?;
                if !text.contains(['.', 'e', 'E', 'p', 'P']) {
                    return Err(format!("integer overflow: {}", super::quote::go(text.as_bytes())));
                }
                let whole = float as i64;
                number.int = (whole as f64 == float).then_some(whole);
                let whole = float as u64;
                number.uint = (whole as f64 == float).then_some(whole);
                Some(float)
            }
        };
        Ok(number)
    }

    /// A character constant.
    pub(super) fn character(text: &str, code: u32) -> Self {
        Self {
            text: text.to_owned(),
            int: Some(i64::from(code)),
            uint: Some(u64::from(code)),
            float: Some(f64::from(code)),
        }
    }

    /// Whether it is a `float64` where nothing else is asked for.
    pub(super) fn is_float(&self) -> bool {
        let hex = self.text.len() > 2
            && (self.text.starts_with("0x") || self.text.starts_with("0X"))
            && !self.text.contains(['p', 'P']);
        !hex && !self.text.starts_with('\'') && self.text.contains(['.', 'e', 'E', 'p', 'P'])
    }
}

/// A signed integer in Go's syntax; base 0 goes by the prefix and allows `_` between digits.
pub(super) fn parse_int(text: &str, base: u32) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let number = i128::from(parse_uint(digits, base)?);
    i64::try_from(if negative { -number } else { number }).ok()
}

/// An unsigned integer in Go's syntax, without a sign.
pub(super) fn parse_uint(text: &str, base: u32) -> Option<u64> {
    if base != 0 {
        return plain_digits(text, base);
    }
    let lower = text.to_ascii_lowercase();
    let (digits, radix, prefixed) = match lower.as_bytes() {
        [b'0', b'x', ..] => (&lower[2..], 16, true),
        [b'0', b'o', ..] => (&lower[2..], 8, true),
        [b'0', b'b', ..] => (&lower[2..], 2, true),
        [b'0', _, ..] => (&lower[1..], 8, true),
        _ => (&lower[..], 10, false),
    };
    // `_` stands between digits, or between prefix and digit.
    let mut before = prefixed;
    for byte in digits.bytes() {
        let digit = byte != b'_';
        if !digit && !before {
            return None;
        }
        before = digit;
    }
    if !before || digits.is_empty() {
        return None;
    }
    plain_digits(&digits.replace('_', ""), radix)
}

fn plain_digits(text: &str, radix: u32) -> Option<u64> {
    // The standard library would take a sign.
    text.bytes()
        .all(|byte| char::from(byte).is_digit(radix))
        .then(|| u64::from_str_radix(text, radix).ok())?
}

/// A float in Go's syntax, hexadecimal floats included. `None` too where it overflows.
pub(super) fn parse_float(text: &str) -> Option<f64> {
    let (sign, magnitude) = match text.as_bytes().first()? {
        b'-' => (-1.0, &text[1..]),
        b'+' => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    let lower = magnitude.to_ascii_lowercase();
    // `_` stands between digits.
    let bytes = lower.as_bytes();
    let beside = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let lone = |at: usize| at == 0 || !beside(at - 1) || !beside(at + 1);
    if !lower.starts_with("0x") && (0..bytes.len()).any(|at| bytes[at] == b'_' && lone(at)) {
        return None;
    }
    if let Some(hex) = lower.strip_prefix("0x") {
        return hex_float(hex).map(|number| sign * number);
    }
    let word = lower.bytes().next()?.is_ascii_alphabetic();
    if word && !matches!(&lower[..], "inf" | "infinity" | "nan") || lower.starts_with(['+', '-']) {
        return None;
    }
    let number: f64 = lower.replace('_', "").parse().ok()?;
    (word || number.is_finite()).then_some(sign * number)
}

fn hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}").replace('_', "");
    if digits.is_empty() || digits.len() > 13 {
        return None;
    }
    let mantissa = u64::from_str_radix(&digits, 16).ok()? as f64;
    let exponent: i32 = exponent.parse().ok()?;
    let number = mantissa * 2f64.powi(exponent.checked_sub(4 * i32::try_from(fraction.len()).ok()?)?);
    number.is_finite().then_some(number)
}

/// Shortest digits that read back as the same number, and the exponent of the first: `-12.5` → `-`, `125`, 1.
pub(super) fn digits(number: f64, precision: Option<usize>) -> (bool, String, i32) {
    let text = match precision {
        Some(precision) => format!("{:.*e}", precision, number.abs()),
        None => format!("{:e}", number.abs()),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (
        number.is_sign_negative(),
        mantissa.replace('.', ""),
        exponent.parse().unwrap_or(0),
    )
}

/// A float as `strconv` writes it: `format` is `e`, `f` or `g`; without a precision the shortest that reads back.
/// `g` turns to an exponent below 1e-4 and, without a precision, from 1e6 on.
pub(super) fn float(number: f64, format: char, precision: Option<usize>) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    match format {
        'f' => match precision {
            Some(precision) => format!("{number:.precision$}"),
            None => format!("{number}"),
        },
        'e' => exponent_form(digits(number, precision)),
        _ => {
            let (negative, mut all, exponent) =
                digits(number, precision.map(|precision| precision.max(1) - 1));
            all.truncate(all.trim_end_matches('0').len().max(1));
            let count = i32::try_from(all.len()).unwrap_or(i32::MAX);
            let limit = match precision {
                None => 6,
                Some(precision) => {
                    let precision = i32::try_from(precision.max(1)).unwrap_or(i32::MAX);
                    if precision > count && count > exponent {
                        count
                    } else {
                        precision
                    }
                }
            };
            if exponent < -4 || exponent >= limit {
                return exponent_form((negative, all, exponent));
            }
            plain_form(negative, &all, exponent)
        }
    }
}

fn exponent_form((negative, all, exponent): (bool, String, i32)) -> String {
    let mut out = String::new();
    if negative {
        out.push('-');
    }
    out.push_str(&all[..1]);
    if all.len() > 1 {
        out.push('.');
        out.push_str(&all[1..]);
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    let _ = write!(out, "e{sign}{:02}", exponent.unsigned_abs());
    out
}

fn plain_form(negative: bool, all: &str, exponent: i32) -> String {
    let mut out = String::from(if negative { "-" } else { "" });
    if exponent < 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', exponent.unsigned_abs() as usize - 1));
        out.push_str(all);
        return out;
    }
    let point = exponent.unsigned_abs() as usize + 1;
    if all.len() <= point {
        out.push_str(all);
        out.extend(std::iter::repeat_n('0', point - all.len()));
    } else {
        out.push_str(&all[..point]);
        out.push('.');
        out.push_str(&all[point..]);
    }
    out
}
