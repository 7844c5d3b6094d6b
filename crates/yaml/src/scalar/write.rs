//! Writing scalars in the styles that SOPS chooses. Source: spec/sops-format §8.1, "Strings".

use std::fmt::Write as _;

use super::plain::{has_plain_shape, is_printable, is_readable, is_typed};
use super::{Context, base64};
use crate::ScalarStyle;

/// Writes a string so that YAML 1.1 and 1.2 readers both read that string back, in the style that
/// SOPS would choose (spec/sops-format §8.1, "Strings"), with `line_break` inside literal blocks.
/// A literal block carries its own trailing line breaks as its chomping indicator demands, the last one excluded.
///
/// Where the style of SOPS would be read differently by somebody (`=`, `1_000.5` in YAML 1.1, a text of several
/// lines that starts with a space), double quotes are used instead.
pub fn write_str(value: &str, context: Context, line_break: &str) -> String {
    if value.contains('\n') {
        return literal(value, context, line_break, is_printable)
            .unwrap_or_else(|| double_quoted(value, is_printable));
    }
    if is_typed(value) || !value.chars().all(is_printable) {
        return double_quoted(value, is_printable);
    }
    if has_plain_shape(value, context == Context::Flow) {
        return value.into();
    }
    if context == Context::Flow {
        double_quoted(value, is_printable)
    } else {
        single_quoted(value)
    }
}

/// Writes a mapping key for block context: one line, in the style that SOPS would choose.
pub fn write_key(key: &str) -> String {
    write_str(key, Context::Key, "\n")
}

/// Writes a string in a given style, if it reads back there as the same string under both rule sets;
/// else `None`.
pub fn write_str_as(value: &str, style: ScalarStyle, context: Context, line_break: &str) -> Option<String> {
    let one_line = |c: char| is_readable(c);
    match style {
        ScalarStyle::Plain => {
            let fits = value.chars().all(one_line) && !is_typed(value);
            (fits && has_plain_shape(value, context == Context::Flow)).then(|| value.into())
        }
        ScalarStyle::SingleQuoted => {
            let fits = value.chars().all(|c| one_line(c) || c == '\t');
            fits.then(|| single_quoted(value))
        }
        ScalarStyle::DoubleQuoted => Some(double_quoted(value, is_readable)),
        ScalarStyle::Literal => literal(value, context, line_break, is_readable),
        ScalarStyle::Folded => None,
    }
}

/// Writes bytes that are not UTF-8 as `!!binary` base64 (literal block of 70 columns when long).
pub fn write_binary(value: &[u8], context: Context, line_break: &str) -> String {
    let text = base64::encode(value);
    match context {
        Context::Block { indent } if indent > 0 && text.len() > BINARY_LINE => {
            let mut out = String::from("!!binary |-");
            for line in text.as_bytes().chunks(BINARY_LINE) {
                out.push_str(line_break);
                out.extend(std::iter::repeat_n(' ', indent));
                out.extend(line.iter().map(|&byte| char::from(byte)));
            }
            out
        }
        _ if text.is_empty() || context == Context::Flow => format!("!!binary \"{text}\""),
        _ => format!("!!binary {text}"),
    }
}

/// Writes a double in go-yaml's form (`1e+06`, `0.0001`, `.inf`).
pub fn write_float(value: f64) -> String {
    if value.is_nan() {
        return ".nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 {
            ".inf".into()
        } else {
            "-.inf".into()
        };
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value != 0.0 && !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    format!("{value}")
}

/// A literal block, if the text allows one here: no line ends in a space, nothing needs an escape, and
/// no indentation digit is needed.
fn literal(value: &str, context: Context, line_break: &str, allowed: fn(char) -> bool) -> Option<String> {
    let Context::Block { indent: indent @ 1.. } = context else {
        return None;
    };
    let fits = !value.starts_with([' ', '\t', '\n'])
        && !value.ends_with(' ')
        && !value.contains(" \n")
        && value.chars().all(|c| allowed(c) || matches!(c, '\t' | '\n'));
    if !fits || value.is_empty() {
        return None;
    }
    let body = value.trim_end_matches('\n');
    let breaks = value.len() - body.len();
    let mut out = String::with_capacity(value.len() + 16);
    out.push_str(match breaks {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    for line in body.split('\n') {
        out.push_str(line_break);
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent));
            out.push_str(line);
        }
    }
    for _ in 1..breaks {
        out.push_str(line_break);
    }
    Some(out)
}

fn single_quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

fn double_quoted(value: &str, allowed: fn(char) -> bool) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            _ if allowed(c) => out.push(c),
            _ => escape(c, &mut out),
        }
    }
    out.push('"');
    out
}

fn escape(c: char, out: &mut String) {
    let short = match c {
        '\0' => "\\0",
        '\u{7}' => "\\a",
        '\u{8}' => "\\b",
        '\t' => "\\t",
        '\n' => "\\n",
        '\u{B}' => "\\v",
        '\u{C}' => "\\f",
        '\r' => "\\r",
        '\u{1B}' => "\\e",
        '\u{85}' => "\\N",
        '\u{A0}' => "\\_",
        '\u{2028}' => "\\L",
        '\u{2029}' => "\\P",
        _ => "",
    };
    out.push_str(short);
    if short.is_empty() {
        let code = u32::from(c);
        // Writing to a string does not fail.
        let _ = match code {
            0..=0xFF => write!(out, "\\x{code:02X}"),
            0x100..=0xFFFF => write!(out, "\\u{code:04X}"),
            _ => write!(out, "\\U{code:08X}"),
        };
    }
}

/// Characters of base64 on one line.
const BINARY_LINE: usize = 70;
