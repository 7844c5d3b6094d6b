//! Values as Go's `fmt` prints them: `print`, `printf`, and what `{{ }}` prints.

use zeroize::Zeroizing;

use super::{
    context::{Context, Fault, MAX_DEPTH, Outcome, STEP},
    value::{Value, too_deep},
};

mod printf;
mod scalar;

pub(super) use printf::printf;

/// A value as `%v`.
pub(super) fn display(context: &Context<'_>, value: &Value) -> Outcome<Zeroizing<Vec<u8>>> {
    let mut printer = Printer::new(context);
    printer.value(value, &Form::plain('v'), 0)?;
    Ok(printer.out)
}

/// `print`: blanks between two operands where neither is a text.
pub(super) fn print(context: &Context<'_>, values: &[Value]) -> Outcome {
    let mut printer = Printer::new(context);
    let mut text_before = true;
    for (number, value) in values.iter().enumerate() {
        let text = matches!(value, Value::Text(_));
        if number > 0 && !text && !text_before {
            printer.push(b" ")?;
        }
        printer.value(value, &Form::plain('v'), 0)?;
        text_before = text;
    }
    printer.done()
}

/// `println`: blanks between all operands, and a line break.
pub(super) fn println(context: &Context<'_>, values: &[Value]) -> Outcome {
    let mut printer = Printer::new(context);
    for (number, value) in values.iter().enumerate() {
        if number > 0 {
            printer.push(b" ")?;
        }
        printer.value(value, &Form::plain('v'), 0)?;
    }
    printer.push(b"\n")?;
    printer.done()
}

/// Flags of one verb.
struct Form {
    verb: char,
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

impl Form {
    fn plain(verb: char) -> Self {
        Self {
            verb,
            minus: false,
            plus: false,
            sharp: false,
            space: false,
            zero: false,
            width: None,
            precision: None,
        }
    }
}

struct Printer<'c> {
    context: &'c Context<'c>,
    out: Zeroizing<Vec<u8>>,
}

impl<'c> Printer<'c> {
    fn new(context: &'c Context<'c>) -> Self {
        Self {
            context,
            out: Zeroizing::default(),
        }
    }

    fn done(self) -> Outcome {
        Ok(Value::text(&self.out[..]))
    }

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

    fn value(&mut self, value: &Value, form: &Form, depth: usize) -> Outcome<()> {
        self.context.spend(STEP)?;
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        let syntax = form.sharp && form.verb == 'v';
        match value {
            Value::Nil if syntax && depth > 0 => self.push(b"interface {}(nil)"),
            Value::Nil if form.verb == 'v' => self.pad(b"<nil>", form),
            Value::Nil => self.push(format!("%!{}(<nil>)", form.verb).as_bytes()),
            Value::Bool(value) => match form.verb {
                'v' | 't' => self.pad(value.to_string().as_bytes(), form),
                _ => self.bad(form.verb, &Value::Bool(*value)),
            },
            Value::Float(number) => self.float(*number, form, value),
            Value::Text(text) => self.text(text, form, value),
            Value::List(list) => {
                let items = list.items.borrow();
                if syntax {
                    self.push(value.type_name().as_bytes())?;
                    if list.nil {
                        return self.push(b"(nil)");
                    }
                    self.push(b"{")?;
                } else {
                    self.push(b"[")?;
                }
                for (number, item) in items.iter().enumerate() {
                    if number > 0 {
                        self.push(if syntax { b", " } else { b" " })?;
                    }
                    self.value(item, form, depth + 1)?;
                }
                self.push(if syntax { b"}" } else { b"]" })
            }
            Value::Map(map) => {
                if syntax {
                    self.push(value.type_name().as_bytes())?;
                    self.push(b"{")?;
                } else {
                    self.push(b"map[")?;
                }
                for (number, (key, entry)) in map.entries.borrow().iter().enumerate() {
                    if number > 0 {
                        self.push(if syntax { b", " } else { b" " })?;
                    }
                    self.value(&Value::Text(key.clone()), form, depth + 1)?;
                    self.push(b":")?;
                    self.value(entry, form, depth + 1)?;
                }
                self.push(if syntax { b"}" } else { b"]" })
            }
            Value::Certificate(certificate) => {
                let names = form.plus || syntax;
                self.push(if syntax { b"sprig.certificate{" } else { b"{" })?;
                self.push(if names { b"Cert:" } else { b"" })?;
                self.value(&Value::Text(certificate.cert.clone()), form, depth + 1)?;
                self.push(if syntax { b", " } else { b" " })?;
                self.push(if names { b"Key:" } else { b"" })?;
                self.value(&Value::Text(certificate.key.clone()), form, depth + 1)?;
                self.push(b"}")
            }
            Value::Time(time) if matches!(form.verb, 'v' | 's' | 'q' | 'x' | 'X') => {
                self.text(time.to_string().as_bytes(), form, value)
            }
            Value::Version(version) if matches!(form.verb, 'v' | 's' | 'q' | 'x' | 'X') => {
                self.text(version.to_string().as_bytes(), form, value)
            }
            Value::Month(month) if matches!(form.verb, 'v' | 's' | 'q') => {
                self.text(super::time::month_name(*month).as_bytes(), form, value)
            }
            Value::Weekday(day) if matches!(form.verb, 'v' | 's' | 'q') => {
                self.text(super::time::weekday_name(*day).as_bytes(), form, value)
            }
            other => match (other.signed(), other.unsigned()) {
                (Some(number), _) => self.integer(number < 0, number.unsigned_abs(), form, value, false),
                (None, Some(number)) => self.integer(false, number, form, value, true),
                (None, None) => self.bad(form.verb, value),
            },
        }
    }

    /// `%!d(string=hi)`.
    fn bad(&mut self, verb: char, value: &Value) -> Outcome<()> {
        self.push(format!("%!{verb}(").as_bytes())?;
        self.typed(value)?;
        self.push(b")")
    }

    fn typed(&mut self, value: &Value) -> Outcome<()> {
        self.push(value.type_name().as_bytes())?;
        if !matches!(value, Value::Nil) {
            self.push(b"=")?;
            self.value(value, &Form::plain('v'), 0)?;
        }
        Ok(())
    }
}

/// Characters of a text, each byte that is not UTF-8 as one.
pub(super) fn characters(text: &[u8]) -> usize {
    text.utf8_chunks()
        .map(|chunk| chunk.valid().chars().count() + chunk.invalid().len())
        .sum()
}

/// The first characters of a text.
fn cut(text: &[u8], count: usize) -> &[u8] {
    let mut rest = text;
    for _ in 0..count {
        match first_character(rest) {
            Some((_, length)) => rest = &rest[length..],
            None => break,
        }
    }
    &text[..text.len() - rest.len()]
}

/// The first character, and its length in bytes.
fn first_character(text: &[u8]) -> Option<(char, usize)> {
    let start = &text[..text.len().min(4)];
    let chunk = start.utf8_chunks().next()?;
    match chunk.valid().chars().next() {
        Some(character) => Some((character, character.len_utf8())),
        None => Some((char::REPLACEMENT_CHARACTER, 1)),
    }
}

/// Whether a text may stand between back quotes.
fn backquotes(text: &str) -> bool {
    text.chars()
        .all(|character| character == '\t' || !(character.is_control() || character == '\u{feff}'))
}
