//! Regular expressions in Go's syntax (RE2) to that of the regex crate.
//!
//! The two differ in little: `\d`, `\w`, `\s` and `\b` are ASCII in Go; `[`, `&&`, `--` and `~~` are plain inside
//! Go's classes; a `{` that begins no repetition is plain; `\Q…\E` quotes.

use std::fmt::Write;

/// Translates a pattern.
///
/// # Errors
///
/// What Go says of a pattern, without `error parsing regexp:`.
pub(super) fn translate(pattern: &str) -> Result<String, String> {
    let mut translator = Translator {
        pattern,
        at: 0,
        out: String::with_capacity(pattern.len() * 2),
        open: 0,
    };
    translator.all()?;
    Ok(translator.out)
}

struct Translator<'p> {
    pattern: &'p str,
    at: usize,
    out: String,
    open: usize,
}

type Step<T = ()> = Result<T, String>;

impl Translator<'_> {
    fn rest(&self) -> &str {
        &self.pattern[self.at..]
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest().chars().next()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn all(&mut self) -> Step {
        // Where a repetition has nothing to repeat.
        let mut empty = true;
        // Where the operators of the last atom begin: two of them are one too many.
        let mut repeated: Option<usize> = None;
        loop {
            let start = self.at;
            let Some(next) = self.next() else { break };
            match next {
                '(' => {
                    self.group()?;
                    empty = true;
                    repeated = None;
                    continue;
                }
                ')' => {
                    self.open = self
                        .open
                        .checked_sub(1)
                        .ok_or_else(|| format!("unexpected ): `{}`", self.pattern))?;
                    self.out.push(')');
                }
                '|' => {
                    self.out.push('|');
                    empty = true;
                    repeated = None;
                    continue;
                }
                '*' | '+' | '?' => {
                    self.repeat(start, empty, &mut repeated)?;
                    continue;
                }
                '{' => {
                    if let Some(length) = counted(&self.pattern[start..]) {
                        self.at = start + length;
                        let text = self.pattern[start..self.at].to_owned();
                        if !limits(&text) {
                            return Err(format!("invalid repeat count: `{text}`"));
                        }
                        self.repeat(start, empty, &mut repeated)?;
                        continue;
                    }
                    self.out.push_str("\\{");
                }
                '[' => self.class(start)?,
                '\\' => self.escape(start, false)?,
                '}' | ']' | '#' | '&' | '-' | '~' | '/' => {
                    self.out.push('\\');
                    self.out.push(next);
                }
                '^' => self.out.push('^'),
                other => self.out.push(other),
            }
            empty = false;
            repeated = None;
        }
        if self.open > 0 {
            return Err(format!("missing closing ): `{}`", self.pattern));
        }
        Ok(())
    }

    /// An operator, and the `?` that makes it lazy.
    fn repeat(&mut self, start: usize, empty: bool, repeated: &mut Option<usize>) -> Step {
        if self.rest().starts_with('?') {
            self.at += 1;
        }
        let text = self.pattern[start..self.at].to_owned();
        if empty {
            return Err(format!("missing argument to repetition operator: `{text}`"));
        }
        if let Some(before) = *repeated {
            let both = &self.pattern[before..self.at];
            return Err(format!("invalid nested repetition operator: `{both}`"));
        }
        *repeated = Some(start);
        self.out.push_str(&text);
        Ok(())
    }

    fn group(&mut self) -> Step {
        self.open += 1;
        self.out.push('(');
        if !self.rest().starts_with('?') {
            return Ok(());
        }
        let start = self.at - 1;
        let rest = self.rest();
        let named = ["?P<", "?<"].iter().find(|prefix| rest.starts_with(**prefix));
        if let Some(prefix) = named {
            let name = &rest[prefix.len()..];
            let Some(end) = name.find('>') else {
                return Err(format!("invalid named capture: `{}`", &self.pattern[start..]));
            };
            let good = end > 0
                && name[..end]
                    .chars()
                    .all(|letter| letter == '_' || letter.is_ascii_alphanumeric());
            if !good {
                return Err(format!("invalid named capture: `({prefix}{}>`", &name[..end]));
            }
            // The crate wants a letter first; `_` keeps a name that begins with a digit apart.
            let text = format!("?P<{}>", &name[..end]);
            self.at += prefix.len() + end + 1;
            self.out.push_str(&text);
            return Ok(());
        }
        // Flags, alone or before a colon.
        let end = rest
            .find([')', ':'])
            .unwrap_or_else(|| rest.len().saturating_sub(1));
        let flags = rest.get(1..end).unwrap_or_default();
        let good = flags.chars().all(|flag| "imsU-".contains(flag))
            && flags.matches('-').count() <= 1
            && !flags.ends_with('-')
            && rest.contains([')', ':'])
            && !(flags.is_empty() && rest.as_bytes().get(end) == Some(&b')'));
        if !good {
            let shown = rest
                .chars()
                .take_while(|letter| "?imsU-".contains(*letter))
                .count();
            let shown: String = rest.chars().take(shown + 1).collect();
            return Err(format!("invalid or unsupported Perl syntax: `({shown}`"));
        }
        let text = rest[..=end].to_owned();
        self.at += end + 1;
        self.out.push_str(&text);
        if text.ends_with(')') {
            self.open -= 1;
        }
        Ok(())
    }

    /// What follows a backslash.
    fn escape(&mut self, start: usize, class: bool) -> Step {
        let Some(next) = self.next() else {
            return Err("trailing backslash at end of expression: ``".to_owned());
        };
        let set = |set: &str, negated: bool| match (class, negated) {
            (true, false) => set.to_owned(),
            (_, true) => format!("[^{set}]"),
            (false, false) => format!("[{set}]"),
        };
        let text = match next {
            'd' | 'D' => set("0-9", next == 'D'),
            'w' | 'W' => set("0-9A-Za-z_", next == 'W'),
            's' | 'S' => set("\\t\\n\\f\\r\\x20", next == 'S'),
            'b' | 'B' if !class => format!("(?-u:\\{next})"),
            'A' | 'z' if !class => format!("\\{next}"),
            'a' | 'f' | 't' | 'n' | 'r' | 'v' => format!("\\{next}"),
            'p' | 'P' => return self.property(start, next),
            'x' => return self.hex(start),
            '0'..='7' => {
                // `\0` to `\077`; other single digits would refer back.
                let digits = self
                    .rest()
                    .chars()
                    .take(2)
                    .take_while(|digit| ('0'..='7').contains(digit))
                    .count();
                if next != '0' && digits == 0 {
                    return Err(format!("invalid escape sequence: `\\{next}`"));
                }
                let code = u32::from_str_radix(&self.pattern[start + 1..self.at + digits], 8).unwrap_or(0);
                self.at += digits;
                format!("\\x{{{code:x}}}")
            }
            'Q' if !class => {
                let end = self.rest().find("\\E").unwrap_or_else(|| self.rest().len());
                let quoted = regex::escape(&self.rest()[..end]);
                self.at = (self.at + end + 2).min(self.pattern.len());
                format!("(?:{quoted})")
            }
            'E' if !class => String::new(),
            letter if letter.is_ascii_alphanumeric() || !letter.is_ascii() => {
                return Err(format!("invalid escape sequence: `\\{letter}`"));
            }
            sign => {
                let mut text = String::new();
                let _ = write!(text, "\\x{{{:x}}}", u32::from(sign));
                text
            }
        };
        self.out.push_str(&text);
        Ok(())
    }

    fn hex(&mut self, start: usize) -> Step {
        let rest = self.rest();
        let (digits, length) = match rest.strip_prefix('{') {
            Some(inner) => {
                let end = inner.find('}').unwrap_or(inner.len());
                (&inner[..end], end + 2)
            }
            None => (rest.get(..2).unwrap_or(rest), 2),
        };
        let code = u32::from_str_radix(digits, 16)
            .ok()
            .filter(|code| *code <= 0x10_ffff && !digits.starts_with('+'));
        let Some(code) = code.filter(|_| rest.len() >= length) else {
            let end = (self.at + length.min(3)).min(self.pattern.len());
            let shown = self.pattern.get(start..end).unwrap_or("\\x");
            return Err(format!("invalid escape sequence: `{shown}`"));
        };
        self.at += length;
        let _ = write!(self.out, "\\x{{{code:x}}}");
        Ok(())
    }

    /// `\pL`, `\p{Greek}`, `\p{^Greek}`.
    fn property(&mut self, start: usize, kind: char) -> Step {
        let rest = self.rest();
        let length = match rest.strip_prefix('{') {
            Some(inner) => inner.find('}').map(|end| end + 2),
            None => rest.chars().next().map(char::len_utf8),
        };
        let Some(length) = length else {
            return Err(format!(
                "invalid character class range: `{}`",
                &self.pattern[start..]
            ));
        };
        let name = &rest[..length];
        let negated = name.starts_with("{^");
        let kind = if negated == (kind == 'P') { 'p' } else { 'P' };
        let name = if negated {
            name.replacen('^', "", 1)
        } else {
            name.to_owned()
        };
        self.at += length;
        let _ = write!(self.out, "\\{kind}{name}");
        Ok(())
    }

    fn class(&mut self, start: usize) -> Step {
        let missing = |pattern: &str| format!("missing closing ]: `{}`", &pattern[start..]);
        self.out.push('[');
        if self.rest().starts_with('^') {
            self.at += 1;
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let item = self.at;
            let Some(next) = self.next() else {
                return Err(missing(self.pattern));
            };
            match next {
                ']' if !first => {
                    self.out.push(']');
                    return Ok(());
                }
                '[' if self.rest().starts_with(':') && self.rest()[1..].contains(":]") => {
                    let end = self.rest()[1..].find(":]").unwrap_or(0) + 3;
                    let name = format!("[{}", &self.rest()[..end]);
                    let known = name
                        .trim_start_matches("[:")
                        .trim_start_matches('^')
                        .trim_end_matches(":]");
                    if !POSIX.contains(&known) {
                        return Err(format!("invalid character class range: `{name}`"));
                    }
                    self.at += end;
                    self.out.push_str(&name);
                }
                '\\' => self.escape(item, true)?,
                other => {
                    let _ = write!(self.out, "\\x{{{:x}}}", u32::from(other));
                }
            }
            first = false;
            self.range_end(item)?;
        }
    }

    /// `-z` behind an item.
    fn range_end(&mut self, item: usize) -> Step {
        let rest = self.rest();
        if !rest.starts_with('-') || rest.starts_with("-]") || rest.len() == 1 {
            return Ok(());
        }
        let low = &self.pattern[item..self.at];
        if low.starts_with("[:")
            || ["\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\p", "\\P"]
                .iter()
                .any(|set| low.starts_with(set))
        {
            return Ok(());
        }
        self.at += 1;
        self.out.push('-');
        let high = self.at;
        match self.next() {
            Some('\\') => self.escape(high, true)?,
            Some(other) => {
                let _ = write!(self.out, "\\x{{{:x}}}", u32::from(other));
            }
            None => {}
        }
        let single = |text: &str| {
            let mut letters = text.chars();
            letters.next().filter(|_| letters.next().is_none())
        };
        if let (Some(from), Some(to)) = (
            single(&self.pattern[item..high - 1]),
            single(&self.pattern[high..self.at]),
        ) && from > to
        {
            return Err(format!("invalid character class range: `{from}-{to}`"));
        }
        Ok(())
    }
}

/// Length of `{2}`, `{2,}` or `{2,3}`; `None` if it is none of them.
fn counted(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('{')?;
    let end = inner.find('}')?;
    let (low, high) = inner[..end].split_once(',').unwrap_or((&inner[..end], ""));
    let digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    (!low.is_empty() && digits(low) && digits(high)).then_some(end + 2)
}

/// Whether the counts of a repetition are in order and not above 1000.
fn limits(text: &str) -> bool {
    let inner = text.trim_start_matches('{').trim_end_matches('}');
    let (low, high) = inner.split_once(',').unwrap_or((inner, inner));
    let low: u32 = low.parse().unwrap_or(u32::MAX);
    let high: u32 = if high.is_empty() {
        low
    } else {
        high.parse().unwrap_or(u32::MAX)
    };
    low <= 1000 && high <= 1000 && low <= high
}

const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];
