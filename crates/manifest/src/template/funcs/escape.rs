//! `html` and `js`, and how they and `urlquery` make one text of their arguments.

use super::{
    super::{
        context::{Context, Fault, Outcome},
        print, quote,
        value::Value,
    },
    text,
};

/// A text from the arguments of an escaper, escaped.
pub(super) fn escaper(
    context: &Context<'_>,
    arguments: &[Value],
    escape: fn(&[u8]) -> Outcome<Vec<u8>>,
) -> Outcome {
    let source = match arguments {
        [Value::Text(_)] => arguments[0].clone(),
        _ => {
            let arguments: Vec<Value> = arguments
                .iter()
                .map(|value| {
                    if let Value::Nil = value {
                        Value::text("<no value>")
                    } else {
                        value.clone()
                    }
                })
                .collect();
            print::print(context, &arguments)?
        }
    };
    context.reserve(text(&source).len().saturating_mul(6))?;
    Ok(Value::text(escape(text(&source))?))
}

/// HTML, as Go escapes it.
pub(super) fn escape_html(source: &[u8]) -> Outcome<Vec<u8>> {
    let mut out = Vec::with_capacity(source.len());
    for byte in source {
        match byte {
            0 => out.extend_from_slice("\u{fffd}".as_bytes()),
            b'"' => out.extend_from_slice(b"&#34;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            byte => out.push(*byte),
        }
    }
    Ok(out)
}

/// JavaScript, as Go escapes it.
pub(super) fn escape_js(source: &[u8]) -> Outcome<Vec<u8>> {
    let source = std::str::from_utf8(source).map_err(|_| Fault::new("the value is not UTF-8"))?;
    let mut out = Vec::with_capacity(source.len());
    for character in source.chars() {
        match character {
            '\\' | '\'' | '"' => out.extend([b'\\', character as u8]),
            '\0'..' ' | '<' | '>' | '&' | '=' => {
                out.extend_from_slice(format!("\\u{:04X}", u32::from(character)).as_bytes());
            }
            _ if character.is_ascii() || quote::prints(character) => {
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => out.extend_from_slice(format!("\\u{:04X}", u32::from(character)).as_bytes()),
        }
    }
    Ok(out)
}
