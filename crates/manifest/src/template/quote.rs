//! Texts in quotes, and out of them, as Go writes and reads them.

use std::fmt::Write;

/// In double quotes, with escapes for what does not print; bytes that are not UTF-8 as `\xNN`.
pub(super) fn go(bytes: &[u8]) -> String {
    quoted(bytes, '"', false)
}

/// The same, with everything outside ASCII escaped.
pub(super) fn ascii(bytes: &[u8]) -> String {
    quoted(bytes, '"', true)
}

/// One character in single quotes.
pub(super) fn character(character: char, ascii: bool) -> String {
    quoted(character.encode_utf8(&mut [0; 4]).as_bytes(), '\'', ascii)
}

/// `U+002D '-'`.
pub(super) fn unicode(character: char) -> String {
    let mut text = format!("U+{:04X}", u32::from(character));
    if prints(character) {
        let _ = write!(text, " '{character}'");
    }
    text
}

/// Whether Go takes a character for printable.
pub(super) fn prints(character: char) -> bool {
    if character.is_ascii() {
        return matches!(character, ' '..='~');
    }
    // The standard library's tables are those of Go's `IsPrint`; the letter in front keeps combining marks from
    // being escaped.
    let mut text = String::from("a");
    text.push(character);
    text.escape_debug().nth(1) == Some(character)
}

fn quoted(bytes: &[u8], mark: char, ascii: bool) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push(mark);
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            escape(&mut out, character, mark, ascii);
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out.push(mark);
    out
}

fn escape(out: &mut String, character: char, mark: char, ascii: bool) {
    match character {
        '\\' => out.push_str("\\\\"),
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x0b' => out.push_str("\\v"),
        _ if character == mark => {
            out.push('\\');
            out.push(mark);
        }
        _ if prints(character) && (character.is_ascii() || !ascii) => out.push(character),
        _ => {
            let _ = match u32::from(character) {
                code @ (0..0x20 | 0x7f) => write!(out, "\\x{code:02x}"),
                code @ 0..0x1_0000 => write!(out, "\\u{code:04x}"),
                code => write!(out, "\\U{code:08x}"),
            };
        }
    }
}

/// What a literal in double, single or back quotes says; `None` if it is none.
pub(super) fn unquote(literal: &str) -> Option<Vec<u8>> {
    let mark = literal.chars().next()?;
    let body = literal.strip_prefix(mark)?.strip_suffix(mark)?;
    if mark == '`' {
        return (!body.contains('`')).then(|| body.replace('\r', "").into_bytes());
    }
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(next) = rest.chars().next() {
        if next == mark || next == '\n' {
            return None;
        }
        rest = &rest[next.len_utf8()..];
        if next == '\\' {
            rest = unescape(rest, mark, &mut out)?;
        } else {
            out.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    Some(out)
}

/// Reads what follows a backslash.
fn unescape<'t>(rest: &'t str, mark: char, out: &mut Vec<u8>) -> Option<&'t str> {
    let kind = rest.chars().next()?;
    let (digits, radix, skip) = match kind {
        'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\' => {
            out.push(match kind {
                'a' => 7,
                'b' => 8,
                'f' => 12,
                'n' => b'\n',
                'r' => b'\r',
                't' => b'\t',
                'v' => 11,
                _ => b'\\',
            });
            return Some(&rest[1..]);
        }
        '\'' | '"' if kind == mark => {
            out.push(u8::try_from(mark).ok()?);
            return Some(&rest[1..]);
        }
        '0'..='7' => (3, 8, 0),
        'x' => (2, 16, 1),
        'u' => (4, 16, 1),
        'U' => (8, 16, 1),
        _ => return None,
    };
    let number = rest.get(skip..skip + digits)?;
    if !number.bytes().all(|digit| char::from(digit).is_digit(radix)) {
        return None;
    }
    let number = u32::from_str_radix(number, radix).ok()?;
    match kind {
        'u' | 'U' => out.extend_from_slice(char::from_u32(number)?.encode_utf8(&mut [0; 4]).as_bytes()),
        _ => out.push(u8::try_from(number).ok()?),
    }
    Some(&rest[skip + digits..])
}
