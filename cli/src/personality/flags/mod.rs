//! Flags as Go programs read them: a table, two ways to read words under it, and what came out.
//!
//! ```text
//! Table of Flag ──► urfave (sops) or pflag (kubeseal) ──► Parsed: values, and the words that are left
//! ```
//!
//! Knows no command and prints nothing.

#[cfg(feature = "seal")]
pub(crate) mod pflag;
mod urfave;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

pub(crate) use urfave::{parse, reorder};

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlagKind {
    /// Nothing, or `=true` and `=false`. Holds the value that counts when it is not given.
    Switch(bool),
    /// One word; the last one given counts.
    Text,
    /// One word, may be given several times; commas separate items.
    List,
    /// One word, may be given several times; commas are part of it.
    #[cfg(feature = "seal")]
    Array,
    /// A whole number.
    Number,
}

/// One flag of a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flag {
    /// All its spellings without dashes, the long one first.
    pub(crate) names: &'static [&'static str],
    /// What it takes.
    pub(crate) kind: FlagKind,
    /// The variable that stands in when the flag is not given.
    pub(crate) variable: Option<&'static str>,
    /// One line of help.
    pub(crate) help: &'static str,
}

/// What a command line said. A value may be secret (`--set`): only names are printed.
#[derive(Default)]
pub(crate) struct Parsed {
    /// By long name. A flag that was neither given nor set by a variable is not here.
    values: BTreeMap<&'static str, Vec<OsString>>,
    /// The words that are not flags.
    pub(crate) words: Vec<OsString>,
}

impl fmt::Debug for Parsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// Why a command line is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FlagError {
    /// Wrong flags: the text goes with the help of the command.
    Usage(String),
    /// A variable that is bound to a flag has a text that the flag does not take.
    Variable(String),
}

impl Flag {
    /// A flag without a value.
    pub(crate) const fn switch(names: &'static [&'static str], help: &'static str) -> Self {
        Self {
            names,
            kind: FlagKind::Switch(false),
            variable: None,
            help,
        }
    }

    /// A flag with one value.
    pub(crate) const fn text(names: &'static [&'static str], help: &'static str) -> Self {
        Self {
            names,
            kind: FlagKind::Text,
            variable: None,
            help,
        }
    }

    /// A flag that may be repeated.
    pub(crate) const fn list(names: &'static [&'static str], help: &'static str) -> Self {
        Self {
            names,
            kind: FlagKind::List,
            variable: None,
            help,
        }
    }

    /// A flag with a number.
    pub(crate) const fn number(names: &'static [&'static str], help: &'static str) -> Self {
        Self {
            names,
            kind: FlagKind::Number,
            variable: None,
            help,
        }
    }

    /// A flag that may be repeated and whose values may hold commas.
    #[cfg(feature = "seal")]
    pub(crate) const fn array(names: &'static [&'static str], help: &'static str) -> Self {
        Self {
            names,
            kind: FlagKind::Array,
            variable: None,
            help,
        }
    }

    /// Binds a variable to it.
    pub(crate) const fn or_variable(mut self, variable: &'static str) -> Self {
        self.variable = Some(variable);
        self
    }

    /// On unless it is switched off.
    pub(crate) const fn on(mut self) -> Self {
        self.kind = FlagKind::Switch(true);
        self
    }

    /// Whether each word given counts.
    const fn repeats(&self) -> bool {
        match self.kind {
            FlagKind::List => true,
            #[cfg(feature = "seal")]
            FlagKind::Array => true,
            FlagKind::Switch(_) | FlagKind::Text | FlagKind::Number => false,
        }
    }

    /// The long name, under which [`Parsed`] keeps it.
    pub(crate) const fn name(&self) -> &'static str {
        self.names[0]
    }
}

impl Parsed {
    /// Whether the flag was given, or its variable is set.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A switch that is off by default.
    pub(crate) fn on(&self, name: &str) -> bool {
        self.on_or(name, false)
    }

    /// A switch with its default.
    pub(crate) fn on_or(&self, name: &str, default: bool) -> bool {
        self.last(name).map_or(default, |word| word == "true")
    }

    /// A value as it was given; `None` also for an empty one, which counts as not given.
    pub(crate) fn word(&self, name: &str) -> Option<&OsStr> {
        self.last(name).filter(|word| !word.is_empty())
    }

    /// A value as text, empty if there is none. Bytes that are not UTF-8 are replaced: no flag that is read in this
    /// way has a use for them.
    pub(crate) fn text(&self, name: &str) -> String {
        self.last(name)
            .map(|word| word.to_string_lossy().into_owned())
            .unwrap_or_default()
    }

    /// The items of a list separated by commas, trimmed, empty ones dropped.
    pub(crate) fn items(&self, name: &str) -> Vec<String> {
        self.values
            .get(name)
            .into_iter()
            .flatten()
            .flat_map(|word| {
                word.to_string_lossy()
                    .split(',')
                    .map(|item| item.trim().to_owned())
                    .collect::<Vec<_>>()
            })
            .filter(|item| !item.is_empty())
            .collect()
    }

    /// All values of a flag that may be repeated, in order.
    #[cfg(feature = "seal")]
    pub(crate) fn all(&self, name: &str) -> &[OsString] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    /// A number; 0 if there is none.
    pub(crate) fn number(&self, name: &str) -> i64 {
        self.last(name)
            .and_then(|word| integer(&word.to_string_lossy()))
            .unwrap_or(0)
    }

    fn last(&self, name: &str) -> Option<&OsStr> {
        self.values.get(name)?.last().map(OsString::as_os_str)
    }
}

/// A word for a message. A private key that was pasted in its place is not repeated.
fn shown(word: &str) -> &str {
    if providers::looks_private(word) {
        "(a private key)"
    } else {
        word
    }
}

/// The boolean texts of Go.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// The integer texts of Go: decimal, `0x`, `0o`, `0b`, or octal after a leading zero.
fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let number = i64::from_str_radix(digits, radix).ok()?;
    Some(if negative { -number } else { number })
}

/// A text in double quotes, escaped as Go does it.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other if other.is_control() => out.push_str(&format!("\\x{:02x}", other as u32)),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
