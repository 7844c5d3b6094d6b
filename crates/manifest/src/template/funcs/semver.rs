//! Versions: read loosely, compared as semver 2 says.

use std::{cmp::Ordering, fmt, rc::Rc};

use super::{
    super::{
        context::{Context, Fault, Outcome},
        value::Value,
    },
    Func, Type, constraint, fixed, text, utf8,
};

/// A version.
#[derive(Clone)]
pub(crate) struct Version {
    pub(super) major: u64,
    pub(super) minor: u64,
    pub(super) patch: u64,
    pub(super) pre: String,
    metadata: String,
    original: String,
}

const V: &[Type] = &[Type::Version];

/// Methods of a version.
pub(super) static METHODS: [Func; 16] = [
    fixed("Compare", V, |_, a| compared(a, |order| Value::Int(order as i64))),
    fixed("Equal", V, |_, a| {
        compared(a, |order| Value::Bool(order == Ordering::Equal))
    }),
    fixed("GreaterThan", V, |_, a| {
        compared(a, |order| Value::Bool(order == Ordering::Greater))
    }),
    fixed("GreaterThanEqual", V, |_, a| {
        compared(a, |order| Value::Bool(order != Ordering::Less))
    }),
    fixed("IncMajor", &[], |_, a| {
        on(a, |v| v.next(v.major.wrapping_add(1), 0, 0))
    }),
    fixed("IncMinor", &[], |_, a| {
        on(a, |v| v.next(v.major, v.minor.wrapping_add(1), 0))
    }),
    fixed("IncPatch", &[], |_, a| {
        on(a, |v| {
            v.next(
                v.major,
                v.minor,
                v.patch.wrapping_add(u64::from(v.pre.is_empty())),
            )
        })
    }),
    fixed("LessThan", V, |_, a| {
        compared(a, |order| Value::Bool(order == Ordering::Less))
    }),
    fixed("LessThanEqual", V, |_, a| {
        compared(a, |order| Value::Bool(order != Ordering::Greater))
    }),
    fixed("Major", &[], |_, a| on(a, |v| Value::Uint64(v.major))),
    fixed("Metadata", &[], |_, a| on(a, |v| Value::text(&v.metadata[..]))),
    fixed("Minor", &[], |_, a| on(a, |v| Value::Uint64(v.minor))),
    fixed("Original", &[], |_, a| on(a, |v| Value::text(&v.original[..]))),
    fixed("Patch", &[], |_, a| on(a, |v| Value::Uint64(v.patch))),
    fixed("Prerelease", &[], |_, a| on(a, |v| Value::text(&v.pre[..]))),
    fixed("String", &[], |_, a| on(a, |v| Value::text(v.to_string()))),
];

fn on(arguments: &[Value], read: fn(&Version) -> Value) -> Outcome {
    match &arguments[0] {
        Value::Version(version) => Ok(read(version)),
        _ => Err(super::nil_pointer()),
    }
}

fn compared(arguments: &[Value], read: fn(Ordering) -> Value) -> Outcome {
    match arguments {
        [Value::Version(left), Value::Version(right)] => Ok(read(left.order(right))),
        _ => Err(super::nil_pointer()),
    }
}

/// `semver`.
pub(super) fn parse(_: &Context<'_>, arguments: &[Value]) -> Outcome {
    Ok(Value::Version(Rc::new(Version::parse(utf8(&arguments[0])?)?)))
}

/// `semverCompare`.
pub(super) fn compare(_: &Context<'_>, arguments: &[Value]) -> Outcome {
    let constraint = utf8(&arguments[0])?;
    if text(&arguments[0]).len() > MAX_CONSTRAINT {
        return Err(Fault::new("the constraint is too long"));
    }
    let ranges = constraint::parse(constraint)?;
    let version = Version::parse(utf8(&arguments[1])?)?;
    Ok(Value::Bool(
        ranges
            .iter()
            .any(|all| all.iter().all(|one| one.allows(&version))),
    ))
}

impl Version {
    /// Reads `v1.2.3-pre+meta`; minor and patch may be missing.
    pub(super) fn parse(source: &str) -> Outcome<Self> {
        let invalid = || Fault::new("Invalid Semantic Version");
        let rest = source.strip_prefix('v').unwrap_or(source);
        let (rest, metadata) = rest
            .split_once('+')
            .map_or((rest, None), |(rest, meta)| (rest, Some(meta)));
        let (core, pre) = rest
            .split_once('-')
            .map_or((rest, None), |(core, pre)| (core, Some(pre)));
        let parts: Vec<&str> = core.split('.').collect();
        let digits = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if parts.len() > 3 || !parts.iter().all(digits) {
            return Err(invalid());
        }
        for text in [pre, metadata].into_iter().flatten() {
            let good = |part: &str| {
                !part.is_empty()
                    && part
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            };
            if !text.split('.').all(good) {
                return Err(invalid());
            }
        }
        let number = |index: usize| match parts.get(index) {
            None => Ok(0),
            Some(part) => part.parse().map_err(|_| {
                Fault::new("Error parsing version segment: strconv.ParseUint: value out of range")
            }),
        };
        let version = Self {
            major: number(0)?,
            minor: number(1)?,
            patch: number(2)?,
            pre: pre.unwrap_or_default().to_owned(),
            metadata: metadata.unwrap_or_default().to_owned(),
            original: source.to_owned(),
        };
        let zero =
            |part: &str| part.len() > 1 && part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit());
        if version.pre.split('.').any(zero) {
            return Err(Fault::new("Version segment starts with 0"));
        }
        Ok(version)
    }

    /// Whether both are the same in all their parts.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.order(other) == Ordering::Equal
            && self.metadata == other.metadata
            && self.original == other.original
    }

    /// By precedence.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let core = |version: &Self| (version.major, version.minor, version.patch);
        core(self)
            .cmp(&core(other))
            .then_with(|| match (self.pre.is_empty(), other.pre.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => pre_order(&self.pre, &other.pre),
            })
    }

    fn next(&self, major: u64, minor: u64, patch: u64) -> Value {
        let v = if self.original.starts_with('v') { "v" } else { "" };
        let original = format!("{v}{major}.{minor}.{patch}");
        let next = Self {
            major,
            minor,
            patch,
            pre: String::new(),
            metadata: String::new(),
            original,
        };
        Value::Version(Rc::new(next))
    }
}

/// Order of what follows the `-`.
pub(super) fn pre_order(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(left), Some(right)) => match (left.parse::<u64>(), right.parse::<u64>()) {
                (Ok(left), Ok(right)) => left.cmp(&right),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => left.cmp(right),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.pre.is_empty() {
            write!(f, "-{}", self.pre)?;
        }
        if !self.metadata.is_empty() {
            write!(f, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

/// Longest constraint, in bytes.
const MAX_CONSTRAINT: usize = 10_000;
