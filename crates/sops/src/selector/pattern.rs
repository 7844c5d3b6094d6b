//! Regular expressions of the RE2 dialect that SOPS uses, turned into the dialect of the `regex` crate.
//!
//! What differs: `\d \w \s \b` are ASCII-only while `.` and `[^x]` still take whole characters; `[`, `&&`, `--` and `~~`
//! inside a class are plain characters; `\<` and `\>` are plain characters; `\Q…\E` quotes; `x{` is a plain brace;
//! `a**` and repeats above 1000 are errors. Source: spec/sops-format §2, spec/security S-24.

use regex::bytes::{Regex, RegexBuilder};

/// A pattern that does not compile. The pattern itself is not repeated: the caller knows where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PatternError;

/// Compiles a pattern, under the size limit of S-24.
pub(crate) fn compile(text: &str) -> Result<Regex, PatternError> {
    let translated = Translator {
        rest: text,
        out: String::with_capacity(text.len() + 8),
    }
    .run()?;
    RegexBuilder::new(&translated)
        .size_limit(SIZE_LIMIT)
        .octal(true)
        .build()
        .map_err(|_| PatternError)
}

struct Translator<'t> {
    rest: &'t str,
    out: String,
}

impl Translator<'_> {
    fn run(mut self) -> Result<String, PatternError> {
        // Whether the last thing was a repeat operator: a second one is an error.
        let mut repeated = false;
        while let Some(c) = self.next() {
            let was_repeated = std::mem::take(&mut repeated);
            match c {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                '*' | '+' | '?' => {
                    repeated = self.repeat(was_repeated)?;
                    self.out.push(c);
                    self.lazy();
                }
                '{' => match bounds(self.rest) {
                    Some((length, fits)) => {
                        repeated = self.repeat(was_repeated)? && fits;
                        if !fits {
                            return Err(PatternError);
                        }
                        self.out.push('{');
                        self.out.push_str(&self.rest[..length]);
                        self.rest = &self.rest[length..];
                        self.lazy();
                    }
                    None => self.out.push_str("\\{"),
                },
                '}' => self.out.push_str("\\}"),
                c => self.out.push(c),
            }
        }
        Ok(self.out)
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn repeat(&self, repeated: bool) -> Result<bool, PatternError> {
        if repeated { Err(PatternError) } else { Ok(true) }
    }

    fn lazy(&mut self) {
        if let Some(rest) = self.rest.strip_prefix('?') {
            self.rest = rest;
            self.out.push('?');
        }
    }

    /// Behind a backslash, outside a class.
    fn escape(&mut self) -> Result<(), PatternError> {
        match self.next().ok_or(PatternError)? {
            'd' => self.out.push_str("[0-9]"),
            'D' => self.out.push_str("[^0-9]"),
            'w' => self.out.push_str("[0-9A-Za-z_]"),
            'W' => self.out.push_str("[^0-9A-Za-z_]"),
            's' => self.out.push_str("[\\t\\n\\x0C\\r ]"),
            'S' => self.out.push_str("[^\\t\\n\\x0C\\r ]"),
            'b' => self.out.push_str("(?-u:\\b)"),
            'B' => self.out.push_str("(?-u:\\B)"),
            'Q' => {
                let (quoted, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                self.rest = rest;
                self.out.push_str(&regex::escape(quoted));
            }
            c => self.other_escape(c)?,
        }
        Ok(())
    }

    /// Escapes that mean the same inside and outside a class.
    fn other_escape(&mut self, c: char) -> Result<(), PatternError> {
        match c {
            'p' | 'P' => self.property(c),
            'x' if self.rest.starts_with('{') => {
                let end = self.rest.find('}').ok_or(PatternError)? + 1;
                self.out.push_str("\\x");
                self.out.push_str(&self.rest[..end]);
                self.rest = &self.rest[end..];
            }
            // A single digit other than 0 is a back-reference unless an octal number begins.
            '1'..='7' if !self.rest.starts_with(|c| matches!(c, '0'..='7')) => return Err(PatternError),
            '8' | '9' | 'u' | 'U' => return Err(PatternError),
            c if c.is_ascii_punctuation() || c == ' ' => {
                self.out.push_str(&format!("\\x{:02X}", u32::from(c)))
            }
            c => {
                self.out.push('\\');
                self.out.push(c);
            }
        }
        Ok(())
    }

    /// `\p{^Greek}` is `\P{Greek}`.
    fn property(&mut self, letter: char) {
        let negated = self.rest.strip_prefix("{^");
        self.out.push('\\');
        self.out.push(if negated.is_none() == (letter == 'p') {
            'p'
        } else {
            'P'
        });
        if let Some(rest) = negated {
            self.out.push('{');
            self.rest = rest;
        }
        if negated.is_some() || self.rest.starts_with('{') {
            let end = self.rest.find('}').map_or(self.rest.len(), |end| end + 1);
            self.out.push_str(&self.rest[..end]);
            self.rest = &self.rest[end..];
        }
    }

    /// Behind `[`.
    fn class(&mut self) -> Result<(), PatternError> {
        self.out.push('[');
        if let Some(rest) = self.rest.strip_prefix('^') {
            self.rest = rest;
            self.out.push('^');
        }
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            first = false;
            let ranges = self.class_atom()?;
            let upper = self
                .rest
                .strip_prefix('-')
                .filter(|upper| !upper.starts_with(']'));
            if let (true, Some(upper)) = (ranges, upper) {
                self.rest = upper;
                self.out.push('-');
                if !self.class_atom()? {
                    return Err(PatternError);
                }
            }
        }
        self.rest = &self.rest[1..];
        self.out.push(']');
        Ok(())
    }

    /// One piece of a class. False if it is a set of its own, which cannot begin or end a range.
    fn class_atom(&mut self) -> Result<bool, PatternError> {
        match self.next().ok_or(PatternError)? {
            '[' if self.rest.starts_with(':') => {
                let end = self.rest.find(":]").map(|end| end + 2).ok_or(PatternError)?;
                self.out.push('[');
                self.out.push_str(&self.rest[..end]);
                self.rest = &self.rest[end..];
                return Ok(false);
            }
            c @ (']' | '[' | '&' | '~' | '-' | '^') => {
                self.out.push('\\');
                self.out.push(c);
            }
            '\\' => match self.next().ok_or(PatternError)? {
                'd' => return Ok(self.set("0-9")),
                'D' => return Ok(self.set("[^0-9]")),
                'w' => return Ok(self.set("0-9A-Za-z_")),
                'W' => return Ok(self.set("[^0-9A-Za-z_]")),
                's' => return Ok(self.set("\\t\\n\\x0C\\r ")),
                'S' => return Ok(self.set("[^\\t\\n\\x0C\\r ]")),
                'b' | 'B' | 'A' | 'z' | 'Q' | 'E' => return Err(PatternError),
                c => {
                    self.other_escape(c)?;
                    return Ok(!matches!(c, 'p' | 'P'));
                }
            },
            c => self.out.push(c),
        }
        Ok(true)
    }

    fn set(&mut self, text: &str) -> bool {
        self.out.push_str(text);
        false
    }

    /// Behind `(`: only the flags and names that RE2 knows.
    fn group(&mut self) -> Result<(), PatternError> {
        self.out.push('(');
        let Some(rest) = self.rest.strip_prefix('?') else {
            return Ok(());
        };
        let named = rest.strip_prefix("P<").or_else(|| rest.strip_prefix('<'));
        let end = match named {
            Some(name) => rest.len() - name.len() + name.find('>').ok_or(PatternError)? + 1,
            None => {
                let end = rest.find([':', ')']).ok_or(PatternError)?;
                if !rest[..end]
                    .chars()
                    .all(|c| matches!(c, 'i' | 'm' | 's' | 'U' | '-'))
                {
                    return Err(PatternError);
                }
                end
            }
        };
        self.out.push('?');
        self.out.push_str(&rest[..end]);
        self.rest = &rest[end..];
        Ok(())
    }
}

/// Behind `{`: length of `n}`, `n,}` or `n,m}`, and whether the numbers are in RE2's range; `None` for a plain brace.
fn bounds(text: &str) -> Option<(usize, bool)> {
    let end = text.find('}')?;
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<u32>().is_ok_and(|n| n <= 1000))
    };
    let fits = match text[..end].split_once(',') {
        None => number(&text[..end])?,
        Some((low, "")) => number(low)?,
        Some((low, high)) => number(low)? & number(high)?,
    };
    Some((end + 1, fits))
}

/// Bytes of a compiled pattern (S-24).
const SIZE_LIMIT: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_re2() {
        let cases = [
            (r"^\d+$", "123", true),
            (r"^\d+$", "١٢٣", false),
            (r"^\w$", "é", false),
            (r"^.$", "é", true),
            (r"^[^a]$", "é", true),
            (r"^\W$", "é", true),
            (r"\bpass\b", "épassé", true),
            (r"^\s$", "\u{b}", false),
            (r"(?i)^PASS", "password", true),
            (r"^[[a]$", "[", true),
            (r"^[a&&b]$", "&", true),
            (r"^[+--]$", ",", true),
            (r"^[-a]$", "-", true),
            (r"^[a-]$", "-", true),
            (r"^[\w-]+$", "a-b", true),
            (r"^[\d.]+$", "1.2", true),
            (r"^[]a]$", "]", true),
            (r"^[[:alpha:]]$", "q", true),
            (r"\<b", "a<b", true),
            (r"\Qa.b\E$", "a.b", true),
            (r"\Qa.b\E$", "axb", false),
            (r"a{", "a{", true),
            (r"a{,2}", "a{,2}", true),
            (r"^a{2}$", "aa", true),
            (r"^(data|stringData)$", "stringData", true),
            (r"^\p{^Greek}$", "a", true),
            (r"^\pL$", "é", true),
            (r"^\x{e9}$", "é", true),
            (r"^\101$", "A", true),
            (r"a\-b\_c\ d", "a-b_c d", true),
            (r"^a*?b$", "aab", true),
            (r"", "anything", true),
        ];
        for (pattern, text, want) in cases {
            let regex = compile(pattern).unwrap_or_else(|_| panic!("{pattern} does not compile"));
            assert_eq!(regex.is_match(text.as_bytes()), want, "{pattern} on {text}");
        }
    }

    #[test]
    fn what_re2_refuses_is_refused() {
        let cases = [
            "(", ")", "[", "[a", "*", "a**", "a+*", "a{2}{3}", "a{1001}", "(?=a)", "(?!a)", "(?<=a)",
            "(?x)a", "(?u)a", r"\1", r"(a)\1", r"\8", "a\\", r"[\b]", "[b-a]", r"\u0041", "(?P=n)",
        ];
        for pattern in cases {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn bombs_are_refused() {
        assert!(compile("((((a{1000}){1000}){1000}){1000})").is_err());
        assert!(compile(&"(".repeat(10_000)).is_err());
    }
}
