//! `printf`: verbs, flags and operands.

use super::{
    super::{
        context::{Context, Outcome},
        number,
        value::Value,
    },
    Form, Printer, first_character,
};

/// `printf`.
pub(in super::super) fn printf(context: &Context<'_>, format: &[u8], values: &[Value]) -> Outcome {
    let mut printer = Printer::new(context);
    let mut rest = format;
    let mut arguments = Arguments {
        values,
        next: 0,
        reordered: false,
        good: true,
    };
    while let Some(percent) = rest.iter().position(|byte| *byte == b'%') {
        printer.push(&rest[..percent])?;
        rest = printer.verb(&rest[percent + 1..], &mut arguments)?;
    }
    printer.push(rest)?;
    if !arguments.reordered && arguments.next < values.len() {
        printer.push(b"%!(EXTRA ")?;
        for (number, value) in values[arguments.next..].iter().enumerate() {
            if number > 0 {
                printer.push(b", ")?;
            }
            printer.typed(value)?;
        }
        printer.push(b")")?;
    }
    printer.done()
}

/// The operands of a `printf`, and which is next.
struct Arguments<'v> {
    values: &'v [Value],
    next: usize,
    reordered: bool,
    good: bool,
}

impl<'v> Arguments<'v> {
    fn take(&mut self) -> Option<&'v Value> {
        let value = self.values.get(self.next)?;
        self.next += 1;
        Some(value)
    }

    /// Reads `[3]`, if it stands there.
    fn index<'f>(&mut self, rest: &'f [u8]) -> &'f [u8] {
        if rest.first() != Some(&b'[') {
            return rest;
        }
        self.reordered = true;
        let Some(end) = rest.iter().position(|byte| *byte == b']') else {
            self.good = false;
            return &rest[1..];
        };
        let number = std::str::from_utf8(&rest[1..end])
            .ok()
            .and_then(|digits| number::parse_uint(digits, 10));
        match number.and_then(|number| usize::try_from(number).ok()) {
            Some(number) if number >= 1 && number <= self.values.len() => self.next = number - 1,
            _ => self.good = false,
        }
        &rest[end + 1..]
    }

    /// An operand in the place of `*`.
    fn star(&mut self) -> Option<i64> {
        self.take()?.signed().filter(|number| number.abs() <= MAX_WIDTH)
    }
}

impl Printer<'_> {
    /// Reads what follows a `%`, and prints it.
    fn verb<'f>(&mut self, mut rest: &'f [u8], arguments: &mut Arguments<'_>) -> Outcome<&'f [u8]> {
        let mut form = Form::plain('v');
        while let Some(flag) = rest.first() {
            match flag {
                b'-' => form.minus = true,
                b'+' => form.plus = true,
                b'#' => form.sharp = true,
                b' ' => form.space = true,
                b'0' => form.zero = true,
                _ => break,
            }
            rest = &rest[1..];
        }
        arguments.good = true;
        rest = arguments.index(rest);
        let mut after_index = false;
        if let [b'*', after @ ..] = rest {
            rest = after;
            match arguments.star() {
                Some(width) => {
                    form.minus |= width < 0;
                    form.width = usize::try_from(width.unsigned_abs()).ok();
                }
                None => self.push(b"%!(BADWIDTH)")?,
            }
        } else {
            let before = rest.len();
            (form.width, rest) = digits(rest);
            after_index = arguments.reordered && before != rest.len();
        }
        if let [b'.', after @ ..] = rest {
            rest = arguments.index(after);
            if let [b'*', after @ ..] = rest {
                rest = after;
                match arguments.star() {
                    Some(precision) => form.precision = usize::try_from(precision).ok(),
                    None => self.push(b"%!(BADPREC)")?,
                }
            } else {
                let (precision, after) = digits(rest);
                form.precision = Some(precision.unwrap_or(0));
                rest = after;
            }
        }
        if !after_index {
            rest = arguments.index(rest);
        }
        let Some((verb, length)) = first_character(rest) else {
            self.push(b"%!(NOVERB)")?;
            return Ok(rest);
        };
        rest = &rest[length..];
        form.verb = verb;
        if verb == '%' {
            self.push(b"%")?;
        } else if !arguments.good {
            self.push(format!("%!{verb}(BADINDEX)").as_bytes())?;
        } else if let Some(value) = arguments.take() {
            match verb {
                'T' => self.pad(value.type_name().as_bytes(), &form)?,
                _ => self.value(value, &form, 0)?,
            }
        } else {
            self.push(format!("%!{verb}(MISSING)").as_bytes())?;
        }
        Ok(rest)
    }
}

fn digits(text: &[u8]) -> (Option<usize>, &[u8]) {
    let end = text
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    let number = std::str::from_utf8(&text[..end])
        .ok()
        .and_then(|digits| digits.parse().ok());
    (number, &text[end..])
}

/// Widest `*`, as Go has it.
const MAX_WIDTH: i64 = 1_000_000;
