//! JSON to values.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::super::{
    context::{Context, Fault, MAX_DEPTH, Outcome, STEP},
    number, quote,
    value::{Text, Value},
};

/// Reads one value; numbers are floats, as with Go.
pub(in super::super) fn read(context: &Context<'_>, text: &[u8]) -> Outcome {
    let mut reader = Reader {
        context,
        text,
        next: 0,
    };
    let value = reader.value(0)?;
    reader.blanks();
    match reader.text.get(reader.next) {
        None => Ok(value),
        Some(_) => Err(reader.invalid("after top-level value")),
    }
}

struct Reader<'c, 't> {
    context: &'c Context<'c>,
    text: &'t [u8],
    next: usize,
}

impl Reader<'_, '_> {
    fn blanks(&mut self) {
        while self
            .text
            .get(self.next)
            .is_some_and(|byte| b" \t\r\n".contains(byte))
        {
            self.next += 1;
        }
    }

    /// What is said of the next byte, or of the end.
    fn invalid(&self, place: &str) -> Fault {
        match self.text.get(self.next) {
            // Go takes the end for a blank, which is no part of a word, a number or an escape.
            None if place.starts_with("in literal")
                || place.contains("numeric literal")
                || place.contains("escape") =>
            {
                Fault(format!("invalid character ' ' {place}"))
            }
            None => Fault::new("unexpected end of JSON input"),
            Some(byte) => {
                let shown = match byte {
                    b'\'' => "'\\''".to_owned(),
                    b'"' => "'\"'".to_owned(),
                    byte => {
                        let quoted = quote::go(char::from(*byte).encode_utf8(&mut [0; 4]).as_bytes());
                        format!("'{}'", &quoted[1..quoted.len() - 1])
                    }
                };
                Fault::new(format!("invalid character {shown} {place}"))
            }
        }
    }

    fn value(&mut self, depth: usize) -> Outcome {
        self.context.spend(STEP)?;
        if depth > MAX_DEPTH {
            return Err(Fault::new("exceeded max depth"));
        }
        self.blanks();
        match self.text.get(self.next) {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Value::Text(self.string()?)),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Nil),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.invalid("looking for beginning of value")),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Outcome {
        for expected in word.bytes() {
            if self.text.get(self.next) != Some(&expected) {
                let expected = char::from(expected);
                return Err(self.invalid(&format!("in literal {word} (expecting '{expected}')")));
            }
            self.next += 1;
        }
        Ok(value)
    }

    fn digits(&mut self, place: &str) -> Outcome<()> {
        if !self.text.get(self.next).is_some_and(u8::is_ascii_digit) {
            return Err(self.invalid(place));
        }
        while self.text.get(self.next).is_some_and(u8::is_ascii_digit) {
            self.next += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Outcome {
        let start = self.next;
        if self.text[self.next] == b'-' {
            self.next += 1;
        }
        if self.text.get(self.next) == Some(&b'0') {
            self.next += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.text.get(self.next) == Some(&b'.') {
            self.next += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.text.get(self.next), Some(b'e' | b'E')) {
            self.next += 1;
            if matches!(self.text.get(self.next), Some(b'+' | b'-')) {
                self.next += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        let text = std::str::from_utf8(&self.text[start..self.next]).unwrap_or_default();
        let number = number::parse_float(text);
        // Go quotes the number.
        number
            .map(Value::Float)
            .ok_or_else(|| Fault::new("json: a number is out of the range of float64"))
    }

    fn string(&mut self) -> Outcome<Text> {
        self.next += 1;
        let mut out = Zeroizing::new(Vec::new());
        loop {
            match self.text.get(self.next) {
                Some(b'"') => {
                    self.next += 1;
                    self.context.reserve(out.len())?;
                    return Ok(Text::from(&out[..]));
                }
                Some(b'\\') => {
                    self.next += 1;
                    self.escape(&mut out)?;
                }
                Some(byte) if *byte >= 0x20 => {
                    out.push(*byte);
                    self.next += 1;
                }
                _ => return Err(self.invalid("in string literal")),
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Outcome<()> {
        let byte = match self.text.get(self.next) {
            Some(byte @ (b'"' | b'\\' | b'/')) => *byte,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                self.next += 1;
                let first = self.unit()?;
                let mut character = char::from_u32(first);
                if (0xd800..0xdc00).contains(&first) && self.text[self.next..].starts_with(b"\\u") {
                    let before = self.next;
                    self.next += 2;
                    let second = self.unit()?;
                    let units = [first, second].map(|unit| unit as u16);
                    character = char::decode_utf16(units).next().and_then(Result::ok);
                    if character.is_none() {
                        self.next = before;
                    }
                }
                let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return Err(self.invalid("in string escape code")),
        };
        out.push(byte);
        self.next += 1;
        Ok(())
    }

    fn unit(&mut self) -> Outcome<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self
                .text
                .get(self.next)
                .and_then(|byte| char::from(*byte).to_digit(16));
            unit = unit * 16 + digit.ok_or_else(|| self.invalid("in \\u hexadecimal character escape"))?;
            self.next += 1;
        }
        Ok(unit)
    }

    fn array(&mut self, depth: usize) -> Outcome {
        self.next += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.text.get(self.next) == Some(&b']') {
            self.next += 1;
            return Ok(Value::list(items));
        }
        loop {
            self.context.reserve_items(1)?;
            items.push(self.value(depth + 1)?);
            self.blanks();
            match self.text.get(self.next) {
                Some(b',') => self.next += 1,
                Some(b']') => {
                    self.next += 1;
                    return Ok(Value::list(items));
                }
                _ => return Err(self.invalid("after array element")),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Outcome {
        self.next += 1;
        let mut entries = BTreeMap::new();
        self.blanks();
        if self.text.get(self.next) == Some(&b'}') {
            self.next += 1;
            return Ok(Value::map(entries));
        }
        loop {
            self.blanks();
            if self.text.get(self.next) != Some(&b'"') {
                return Err(self.invalid("looking for beginning of object key string"));
            }
            let key = self.string()?;
            self.blanks();
            if self.text.get(self.next) != Some(&b':') {
                return Err(self.invalid("after object key"));
            }
            self.next += 1;
            self.context.reserve_items(2)?;
            let value = self.value(depth + 1)?;
            entries.insert(key, value);
            self.blanks();
            match self.text.get(self.next) {
                Some(b',') => self.next += 1,
                Some(b'}') => {
                    self.next += 1;
                    return Ok(Value::map(entries));
                }
                _ => return Err(self.invalid("after object key:value pair")),
            }
        }
    }
}
