//! Constraints on versions: `>=1.2, <2 || ~3.1`, with `x` and `*` for any, `1.2 - 1.4` for a range.

use std::cmp::Ordering;

use super::{
    super::context::{Fault, Outcome},
    semver::{Version, pre_order},
};

/// One comparison with a version.
pub(super) struct Constraint {
    operator: Operator,
    version: Version,
    /// How much of the version is given.
    given: Given,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Caret,
    Equal,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    NotEqual,
    Tilde,
}

/// What of a version is given; the rest is any.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Given {
    All,
    Major,
    Minor,
    Nothing,
}

/// Reads a constraint: one of these lists must hold in all its parts.
pub(super) fn parse(source: &str) -> Outcome<Vec<Vec<Constraint>>> {
    source
        .split("||")
        .map(|part| list(part).ok_or_else(improper))
        .collect()
}

/// Go quotes the constraint. It may be a secret by mistake.
fn improper() -> Fault {
    Fault::new("improper constraint")
}

fn list(source: &str) -> Option<Vec<Constraint>> {
    let mut rest = source.trim_start_matches(blank);
    let mut found = Vec::new();
    loop {
        let (constraint, after) = one(rest)?;
        found.push(constraint);
        let blanks = after.trim_start_matches(blank);
        // `1.2 - 1.4`.
        if let Some(upper) = blanks.strip_prefix('-')
            && blanks.len() < after.len()
            && upper.starts_with(blank)
            && found
                .last()
                .is_some_and(|lower| lower.operator == Operator::Equal)
        {
            let (mut upper, after) = one(upper.trim_start_matches(blank))?;
            upper.operator = Operator::LessEqual;
            if let Some(lower) = found.last_mut() {
                lower.operator = Operator::GreaterEqual;
            }
            found.push(upper);
            rest = after.trim_start_matches(blank);
        } else {
            rest = blanks;
        }
        if rest.is_empty() {
            return Some(found);
        }
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start_matches(blank),
            None if blanks.len() < after.len() || rest.len() < blanks.len() => {}
            None => return None,
        }
    }
}

fn blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\x0c')
}

fn one(source: &str) -> Option<(Constraint, &str)> {
    let (text, operator) = OPERATORS.iter().find(|(text, _)| source.starts_with(text))?;
    let rest = source[text.len()..].trim_start_matches(blank);
    let rest = rest.strip_prefix('v').unwrap_or(rest);
    let part = |text: &str| {
        text.len()
            - text
                .trim_start_matches(|c: char| c.is_ascii_digit() || "|xX*".contains(c))
                .len()
    };
    let mut end = part(rest);
    if end == 0 {
        return None;
    }
    let mut parts = vec![&rest[..end]];
    while parts.len() < 3 && rest[end..].starts_with('.') {
        let length = part(&rest[end + 1..]);
        if length == 0 {
            break;
        }
        parts.push(&rest[end + 1..end + 1 + length]);
        end += 1 + length;
    }
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let mut suffix = end;
    for sign in ['-', '+'] {
        if let Some(text) = rest[suffix..].strip_prefix(sign)
            && text.starts_with(|c| word(c) && c != '.')
        {
            suffix += 1 + text.len() - text.trim_start_matches(word).len();
        }
    }
    let any = |part: Option<&&str>| part.is_none_or(|part| matches!(*part, "x" | "X" | "*"));
    let pre = &rest[end..suffix];
    let (given, core) = if any(parts.first()) {
        (Given::Nothing, "0.0.0".to_owned())
    } else if any(parts.get(1)) {
        (Given::Major, format!("{}.0.0", parts[0]))
    } else if any(parts.get(2)) {
        (Given::Minor, format!("{}.{}.0", parts[0], parts[1]))
    } else {
        (Given::All, parts.join("."))
    };
    // Of a version with a part that is any, only what is before `+` counts.
    let pre = if given == Given::All {
        pre
    } else {
        pre.split('+').next().unwrap_or_default()
    };
    let version = Version::parse(&format!("{core}{pre}")).ok()?;
    Some((
        Constraint {
            operator: *operator,
            version,
            given,
        },
        &rest[suffix..],
    ))
}

impl Constraint {
    /// Whether a version is within. Prereleases are so only where the constraint names one.
    pub(super) fn allows(&self, version: &Version) -> bool {
        let own = &self.version;
        let outside = !version.pre.is_empty() && own.pre.is_empty();
        let order = version.order(own);
        let loose = self.given != Given::All;
        if outside && (self.operator != Operator::NotEqual || loose) {
            return false;
        }
        let minor_any = matches!(self.given, Given::Major);
        let patch_any = matches!(self.given, Given::Minor);
        match self.operator {
            Operator::Equal if loose => self.tilde(version, minor_any, patch_any),
            Operator::Equal => order == Ordering::Equal,
            Operator::NotEqual if loose => {
                let minor = own.minor != version.minor && !minor_any;
                if own.major != version.major || minor {
                    true
                } else if minor_any {
                    false
                } else if own.patch != version.patch && !patch_any {
                    true
                } else if patch_any {
                    (!version.pre.is_empty() || !own.pre.is_empty())
                        && pre_order(&version.pre, &own.pre) != Ordering::Equal
                } else {
                    order != Ordering::Equal
                }
            }
            Operator::NotEqual => order != Ordering::Equal,
            Operator::Greater if loose && version.major != own.major => version.major > own.major,
            Operator::Greater if minor_any => false,
            Operator::Greater if patch_any => version.minor > own.minor,
            Operator::Greater => order == Ordering::Greater,
            Operator::GreaterEqual => order != Ordering::Less,
            Operator::Less => order == Ordering::Less,
            Operator::LessEqual if loose => {
                version.major < own.major
                    || version.major == own.major && (version.minor <= own.minor || minor_any)
            }
            Operator::LessEqual => order != Ordering::Greater,
            Operator::Tilde => self.tilde(version, minor_any, patch_any),
            Operator::Caret => self.caret(version, minor_any, patch_any),
        }
    }

    fn tilde(&self, version: &Version, minor_any: bool, patch_any: bool) -> bool {
        let own = &self.version;
        if version.order(own) == Ordering::Less {
            return false;
        }
        if (own.major, own.minor, own.patch) == (0, 0, 0) && !minor_any && !patch_any {
            return true;
        }
        version.major == own.major && (version.minor == own.minor || minor_any)
    }

    fn caret(&self, version: &Version, minor_any: bool, patch_any: bool) -> bool {
        let own = &self.version;
        if version.order(own) == Ordering::Less {
            return false;
        }
        if own.major > 0 || minor_any {
            return version.major == own.major;
        }
        if version.major > 0 {
            return false;
        }
        if own.minor > 0 || patch_any {
            return version.minor == own.minor;
        }
        version.minor == 0 && version.patch == own.patch
    }
}

/// Longer ones come before their beginnings; none at all is equality.
const OPERATORS: [(&str, Operator); 12] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterEqual),
    ("=>", Operator::GreaterEqual),
    ("<=", Operator::LessEqual),
    ("=<", Operator::LessEqual),
    ("~>", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
    ("", Operator::Equal),
];
