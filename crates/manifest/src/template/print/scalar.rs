//! Texts and numbers under their verbs.

use zeroize::Zeroizing;

use super::{
    super::{context::Outcome, number, quote, value::Value},
    Form, Printer, backquotes, characters, cut,
};

impl Printer<'_> {
    pub(super) fn text(&mut self, text: &[u8], form: &Form, value: &Value) -> Outcome<()> {
        let cut = match form.precision {
            Some(precision) if matches!(form.verb, 'v' | 's' | 'q') => cut(text, precision),
            _ => text,
        };
        match form.verb {
            'v' if form.sharp => self.pad(quote::go(text).as_bytes(), form),
            'v' | 's' => self.pad(cut, form),
            'q' if form.sharp && !cut.contains(&b'`') && std::str::from_utf8(cut).is_ok_and(backquotes) => {
                self.pad(&[b"`", cut, b"`"].concat(), form)
            }
            'q' if form.plus => self.pad(quote::ascii(cut).as_bytes(), form),
            'q' => self.pad(quote::go(cut).as_bytes(), form),
            'x' | 'X' => {
                let bytes = form
                    .precision
                    .map_or(text, |precision| &text[..precision.min(text.len())]);
                let hex = self.hex(bytes, form)?;
                self.pad(&hex, form)
            }
            _ => self.bad(form.verb, value),
        }
    }

    pub(super) fn hex(&self, bytes: &[u8], form: &Form) -> Outcome<Zeroizing<Vec<u8>>> {
        self.context.reserve(bytes.len().saturating_mul(5))?;
        let digits = if form.verb == 'x' {
            b"0123456789abcdef"
        } else {
            b"0123456789ABCDEF"
        };
        let mut out = Zeroizing::new(Vec::with_capacity(bytes.len() * 5));
        for (number, byte) in bytes.iter().enumerate() {
            if form.space && number > 0 {
                out.push(b' ');
            }
            if form.sharp && (form.space || number == 0) {
                out.extend([b'0', form.verb as u8]);
            }
            out.extend([digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]);
        }
        Ok(out)
    }

    pub(super) fn integer(
        &mut self,
        negative: bool,
        number: u64,
        form: &Form,
        value: &Value,
        unsigned: bool,
    ) -> Outcome<()> {
        let (mut digits, prefix) = match form.verb {
            'v' if form.sharp && unsigned => (format!("{number:x}"), "0x"),
            'v' | 'd' => (number.to_string(), ""),
            'b' => (format!("{number:b}"), if form.sharp { "0b" } else { "" }),
            'o' => (format!("{number:o}"), if form.sharp { "0" } else { "" }),
            'O' => (format!("{number:o}"), "0o"),
            'x' => (format!("{number:x}"), if form.sharp { "0x" } else { "" }),
            'X' => (format!("{number:X}"), if form.sharp { "0X" } else { "" }),
            'c' | 'q' | 'U' => {
                let code = u32::try_from(number).ok().filter(|_| !negative);
                let character = code
                    .and_then(char::from_u32)
                    .unwrap_or(char::REPLACEMENT_CHARACTER);
                let shown = match form.verb {
                    'c' => character.to_string(),
                    'q' => quote::character(character, form.plus),
                    _ if form.sharp => quote::unicode(character),
                    _ => format!("U+{number:04X}"),
                };
                return self.pad(shown.as_bytes(), form);
            }
            _ => return self.bad(form.verb, value),
        };
        if form.precision == Some(0) && number == 0 {
            return self.pad(b"", &Form { zero: false, ..*form });
        }
        // In `%+v` the sign is a matter of structs.
        let sign = if negative {
            "-"
        } else if form.plus && form.verb != 'v' {
            "+"
        } else if form.space {
            " "
        } else {
            ""
        };
        let zeros = match (form.precision, form.width) {
            (Some(precision), _) => precision,
            (None, Some(width)) if form.zero && !form.minus => width.saturating_sub(sign.len()),
            _ => 0,
        };
        if zeros > digits.len() {
            self.context.reserve(zeros)?;
            digits.insert_str(0, &"0".repeat(zeros - digits.len()));
        }
        // A number that begins with 0 is octal already.
        let prefix = if form.verb == 'o' && digits.starts_with('0') {
            ""
        } else {
            prefix
        };
        self.pad(
            format!("{sign}{prefix}{digits}").as_bytes(),
            &Form { zero: false, ..*form },
        )
    }

    pub(super) fn float(&mut self, number: f64, form: &Form, value: &Value) -> Outcome<()> {
        if let Some(precision) = form.precision {
            self.context.reserve(precision)?;
        }
        let mut text = match form.verb {
            'v' => number::float(number, 'g', form.precision),
            'g' | 'G' => number::float(number, 'g', form.precision),
            'e' | 'E' => number::float(number, 'e', Some(form.precision.unwrap_or(6))),
            'f' | 'F' => number::float(number, 'f', Some(form.precision.unwrap_or(6))),
            _ => return self.bad(form.verb, value),
        };
        if matches!(form.verb, 'G' | 'E') {
            text.make_ascii_uppercase();
        }
        let signed = text.starts_with(['-', '+']);
        let plus = form.plus && form.verb != 'v';
        if text.starts_with('+') && !plus {
            // Infinity has its sign only where one is asked for, except in `%v`.
            if form.verb != 'v' && form.verb != 'g' {
                text.remove(0);
            }
        } else if plus && !signed {
            text.insert(0, '+');
        } else if form.space && !signed {
            text.insert(0, ' ');
        }
        if form.zero
            && !form.minus
            && number.is_finite()
            && let Some(width) = form.width
            && width > text.len()
        {
            self.context.reserve(width)?;
            let at = usize::from(text.starts_with(['-', '+', ' ']));
            text.insert_str(at, &"0".repeat(width - text.len()));
        }
        self.pad(text.as_bytes(), &Form { zero: false, ..*form })
    }

    /// Fills up to the width, which counts characters.
    pub(super) fn pad(&mut self, text: &[u8], form: &Form) -> Outcome<()> {
        let missing = form.width.unwrap_or(0).saturating_sub(characters(text));
        if missing == 0 {
            return self.push(text);
        }
        self.context.reserve(missing)?;
        let fill = vec![if form.zero && !form.minus { b'0' } else { b' ' }; missing];
        if form.minus {
            self.push(text)?;
            self.push(&fill)
        } else {
            self.push(&fill)?;
            self.push(text)
        }
    }
}
