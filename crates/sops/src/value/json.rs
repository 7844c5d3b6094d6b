//! JSON strings: with the escapes that SOPS writes, or with as few as possible.

/// As SOPS writes a string: also `<`, `>`, `&` and the two line separators of Unicode are escaped.
pub(crate) fn push_sops_string(out: &mut String, bytes: &[u8]) {
    push(out, bytes, true);
}

/// Only what JSON demands: how people write a string by hand, so that a value comes back as it stood.
pub(crate) fn push_plain_string(out: &mut String, bytes: &[u8]) {
    push(out, bytes, false);
}

fn push(out: &mut String, bytes: &[u8], html: bool) {
    // A string that grows leaves copies behind: reserve for the text, and a little for escapes.
    out.reserve(bytes.len() + bytes.len() / 8 + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(at) = rest.find(|c| needs_escape(c, html)) {
            let (clean, tail) = rest.split_at(at);
            out.push_str(clean);
            let mut chars = tail.chars();
            if let Some(c) = chars.next() {
                push_escape(out, c);
            }
            rest = chars.as_str();
        }
        out.push_str(rest);
        // One replacement for each byte, as Go does.
        for _ in chunk.invalid() {
            out.push_str("\\ufffd");
        }
    }
    out.push('"');
}

fn needs_escape(c: char, html: bool) -> bool {
    c < ' ' || c == '"' || c == '\\' || html && matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}')
}

fn push_escape(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c => out.push_str(&format!("\\u{:04x}", u32::from(c))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped() {
        let cases: [(&[u8], &str, &str); 5] = [
            (b"plain", r#""plain""#, r#""plain""#),
            (
                b"\"\\\x08\x0c\n\r\t\x01\x7f",
                "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f\"",
                "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f\"",
            ),
            (b"<a&b>", r#""\u003ca\u0026b\u003e""#, r#""<a&b>""#),
            ("\u{2028}é😀".as_bytes(), "\"\\u2028é😀\"", "\"\u{2028}é😀\""),
            (b"a\xff\xfeb", r#""a\ufffd\ufffdb""#, r#""a\ufffd\ufffdb""#),
        ];
        for (bytes, sops, plain) in cases {
            let (mut a, mut b) = (String::new(), String::new());
            push_sops_string(&mut a, bytes);
            push_plain_string(&mut b, bytes);
            assert_eq!((a.as_str(), b.as_str()), (sops, plain));
        }
    }
}
