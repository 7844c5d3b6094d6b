//! JSON as Go writes and reads it. Our own, because dicts are typed, texts are bytes, and the messages are Go's.

use zeroize::Zeroizing;

use super::{
    context::{Context, Fault, MAX_DEPTH, Outcome, STEP},
    number, quote,
    value::{Text, Value, too_deep},
};

mod read;

pub(super) use read::read;

/// How JSON is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// On one line, with `<>&` escaped.
    Compact,
    /// The same, indented by two.
    Pretty,
    /// On one line, with `<>&` as they are.
    Raw,
}

/// Writes a value.
pub(super) fn write(context: &Context<'_>, value: &Value, style: Style) -> Outcome {
    let mut writer = Writer {
        context,
        style,
        out: Zeroizing::default(),
    };
    writer.value(value, 0)?;
    Ok(Value::text(&writer.out[..]))
}

struct Writer<'c> {
    context: &'c Context<'c>,
    style: Style,
    out: Zeroizing<Vec<u8>>,
}

impl Writer<'_> {
    fn push(&mut self, bytes: &[u8]) -> Outcome<()> {
        if bytes.len() > self.context.output() - self.out.len().min(self.context.output()) {
            return Err(Fault::new(format!(
                "text of more than {} bytes",
                self.context.output()
            )));
        }
        self.context.reserve(bytes.len())?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn line(&mut self, depth: usize) -> Outcome<()> {
        if self.style == Style::Pretty {
            self.push(b"\n")?;
            self.push(&b"  ".repeat(depth))?;
        }
        Ok(())
    }

    fn value(&mut self, value: &Value, depth: usize) -> Outcome<()> {
        self.context.spend(STEP)?;
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        match value {
            Value::Nil => self.push(b"null"),
            Value::Bool(value) => self.push(value.to_string().as_bytes()),
            Value::Float(number) => self.float(*number),
            Value::Text(text) => self.text(text),
            Value::List(list) if list.nil => self.push(b"null"),
            Value::List(list) => {
                let items = list.items.borrow();
                self.push(b"[")?;
                for (number, item) in items.iter().enumerate() {
                    self.push(if number > 0 { b"," } else { b"" })?;
                    self.line(depth + 1)?;
                    self.value(item, depth + 1)?;
                }
                if !items.is_empty() {
                    self.line(depth)?;
                }
                self.push(b"]")
            }
            Value::Map(map) => self.object(map.entries.borrow().iter(), depth),
            Value::Certificate(certificate) => {
                let cert = (Text::from("Cert"), Value::Text(certificate.cert.clone()));
                let key = (Text::from("Key"), Value::Text(certificate.key.clone()));
                self.object([(&cert.0, &cert.1), (&key.0, &key.1)].into_iter(), depth)
            }
            Value::Time(time) => self.text(time.rfc3339().as_bytes()),
            Value::Version(version) => self.text(version.to_string().as_bytes()),
            other => {
                let text = match (other.signed(), other.unsigned()) {
                    (Some(number), _) => number.to_string(),
                    (None, number) => number.unwrap_or(0).to_string(),
                };
                self.push(text.as_bytes())
            }
        }
    }

    fn object<'v>(
        &mut self,
        entries: impl Iterator<Item = (&'v Text, &'v Value)>,
        depth: usize,
    ) -> Outcome<()> {
        self.push(b"{")?;
        let mut any = false;
        for (key, value) in entries {
            self.push(if any { b"," } else { b"" })?;
            any = true;
            self.line(depth + 1)?;
            self.text(key)?;
            self.push(if self.style == Style::Pretty { b": " } else { b":" })?;
            // Says which value it is that cannot be written.
            self.value(value, depth + 1)
                .map_err(|fault| match fault.0 == NOT_UTF8 {
                    true => Fault(format!("json: the value of {} is not UTF-8", quote::go(key))),
                    false => fault,
                })?;
        }
        if any {
            self.line(depth)?;
        }
        self.push(b"}")
    }

    fn float(&mut self, number: f64) -> Outcome<()> {
        if !number.is_finite() {
            let shown = number::float(number, 'g', None);
            return Err(Fault::new(format!("json: unsupported value: {shown}")));
        }
        let size = number.abs();
        let text = if size != 0.0 && !(1e-6..1e21).contains(&size) {
            // One digit of an exponent is enough.
            number::float(number, 'e', None).replace("e-0", "e-")
        } else {
            number::float(number, 'f', None)
        };
        self.push(text.as_bytes())
    }

    fn text(&mut self, text: &[u8]) -> Outcome<()> {
        // Go puts U+FFFD in the place of bytes that are not UTF-8, and so loses them.
        let text = std::str::from_utf8(text).map_err(|_| Fault::new(NOT_UTF8))?;
        let mut out = Zeroizing::new(Vec::with_capacity(text.len() + 2));
        out.push(b'"');
        for character in text.chars() {
            match character {
                '"' => out.extend(b"\\\""),
                '\\' => out.extend(b"\\\\"),
                '\x08' => out.extend(b"\\b"),
                '\x0c' => out.extend(b"\\f"),
                '\n' => out.extend(b"\\n"),
                '\r' => out.extend(b"\\r"),
                '\t' => out.extend(b"\\t"),
                '<' | '>' | '&' if self.style != Style::Raw => {
                    out.extend(format!("\\u{:04x}", u32::from(character)).as_bytes());
                }
                '\0'..='\x1f' | '\u{2028}' | '\u{2029}' => {
                    out.extend(format!("\\u{:04x}", u32::from(character)).as_bytes());
                }
                _ => out.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        out.push(b'"');
        self.push(&out)
    }
}

/// Go would put U+FFFD in the place of such bytes.
const NOT_UTF8: &str = "json: the value is not UTF-8";
