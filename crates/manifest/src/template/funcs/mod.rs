//! The function table: Go's built-ins and the functions of sprig, by family.
//!
//! A row says what a function takes, as Go's reflection would; the run checks it before the call. What needs a
//! process, an environment or a network (`env`, `expandenv`, `getHostByName`) is not here.

use super::{
    context::{Context, Fault, Outcome},
    value::Value,
};

mod bcrypt;
mod builtins;
mod cases;
mod constraint;
mod crypto;
mod dates;
mod decimal;
mod der;
mod dicts;
mod encoding;
mod escape;
mod lists;
mod math;
mod merge;
mod passwords;
mod paths;
mod random;
mod reflect;
mod regex;
mod regex_syntax;
pub(super) mod semver;
mod shapes;
mod strings;
mod url;
pub(super) mod x509;

/// What an argument must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Any,
    Bool,
    Certificate,
    Dict,
    Float,
    Int,
    Int64,
    List,
    Text,
    Time,
    Uint32,
    Version,
}

impl Type {
    /// Go's name for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Bool => "bool",
            Self::Certificate => "sprig.certificate",
            Self::Dict => "map[string]interface {}",
            Self::Float => "float64",
            Self::Int => "int",
            Self::Int64 => "int64",
            Self::List => "[]interface {}",
            Self::Text => "string",
            Self::Time => "time.Time",
            Self::Uint32 => "uint32",
            Self::Version => "*semver.Version",
        }
    }

    /// Whether nil is one of its values.
    pub(super) fn takes_nil(self) -> bool {
        matches!(self, Self::Any | Self::Dict | Self::List | Self::Version)
    }
}

/// How a function is called.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// `and`: stops at the first that is false.
    And,
    /// `call`: there are no functions among the values, so it only fails.
    Call,
    /// `or`: stops at the first that is true.
    Or,
    /// With all its arguments.
    Plain,
}

/// The body of a function; its arguments are checked.
pub(super) type Body = fn(&Context<'_>, &[Value]) -> Outcome;

/// One row of the table.
pub(super) struct Func {
    pub(super) name: &'static str,
    pub(super) params: &'static [Type],
    /// What follows the fixed ones, any number of times.
    pub(super) rest: Option<Type>,
    pub(super) kind: Kind,
    pub(super) run: Body,
}

/// A row with a fixed number of arguments.
const fn fixed(name: &'static str, params: &'static [Type], run: Body) -> Func {
    Func {
        name,
        params,
        rest: None,
        kind: Kind::Plain,
        run,
    }
}

/// A row whose last type may come any number of times.
const fn variadic(name: &'static str, params: &'static [Type], rest: Type, run: Body) -> Func {
    Func {
        name,
        params,
        rest: Some(rest),
        kind: Kind::Plain,
        run,
    }
}

/// The function of a name. Functions of sprig hide built-ins of the same name.
pub(super) fn find(name: &str) -> Option<&'static Func> {
    TABLES
        .iter()
        .flat_map(|table| table.iter())
        .find(|row| row.name == name)
}

/// A method of a value. The receiver is its first argument, before those of the row.
pub(super) fn method(receiver: &Value, name: &str) -> Option<&'static Func> {
    let methods: &[Func] = match receiver {
        Value::Time(_) => &dates::METHODS,
        Value::Month(_) | Value::Weekday(_) => &dates::NAME_METHODS,
        Value::Version(_) => &semver::METHODS,
        _ => return None,
    };
    methods.iter().find(|row| row.name == name)
}

/// Bytes of a text argument.
fn text(value: &Value) -> &[u8] {
    match value {
        Value::Text(text) => text,
        _ => &[],
    }
}

/// A text argument as UTF-8.
fn utf8(value: &Value) -> Outcome<&str> {
    std::str::from_utf8(text(value)).map_err(|_| Fault::new("the value is not UTF-8"))
}

/// An integer argument.
fn int(value: &Value) -> i64 {
    value.signed().unwrap_or(0)
}

/// A value as text, as sprig makes texts of values.
fn shown(context: &Context<'_>, value: &Value) -> Outcome {
    match value {
        Value::Text(_) => Ok(value.clone()),
        other => Ok(Value::text(&super::print::display(context, other)?[..])),
    }
}

/// A new text of known size.
fn made(context: &Context<'_>, bytes: Vec<u8>) -> Outcome {
    context.reserve(bytes.len())?;
    Ok(Value::text(bytes))
}

/// What Go says when a nil is used as if it were something.
fn nil_pointer() -> Fault {
    Fault::new("runtime error: invalid memory address or nil pointer dereference")
}

/// Every family. Built-ins come last.
static TABLES: [&[Func]; 15] = [
    &strings::TABLE,
    &cases::TABLE,
    &lists::TABLE,
    &dicts::TABLE,
    &math::TABLE,
    &dates::TABLE,
    &encoding::TABLE,
    &crypto::TABLE,
    &passwords::TABLE,
    &x509::TABLE,
    &random::TABLE,
    &reflect::TABLE,
    &regex::TABLE,
    &others::TABLE,
    &builtins::TABLE,
];

/// Families of a few rows.
mod others {
    use super::{Func, Type, fixed, paths, semver, url};

    pub(super) static TABLE: [Func; 14] = [
        fixed("base", &[Type::Text], paths::base),
        fixed("clean", &[Type::Text], paths::clean),
        fixed("dir", &[Type::Text], paths::dir),
        fixed("ext", &[Type::Text], paths::ext),
        fixed("isAbs", &[Type::Text], paths::is_absolute),
        fixed("osBase", &[Type::Text], paths::base),
        fixed("osClean", &[Type::Text], paths::clean),
        fixed("osDir", &[Type::Text], paths::dir),
        fixed("osExt", &[Type::Text], paths::ext),
        fixed("osIsAbs", &[Type::Text], paths::is_absolute),
        fixed("semver", &[Type::Text], semver::parse),
        fixed("semverCompare", &[Type::Text, Type::Text], semver::compare),
        fixed("urlJoin", &[Type::Dict], url::join),
        fixed("urlParse", &[Type::Text], url::parse),
    ];
}

#[cfg(test)]
mod tests {
    use super::{TABLES, find};

    #[test]
    fn no_name_twice_but_the_slice_of_sprig() {
        let mut names: Vec<_> = TABLES
            .iter()
            .flat_map(|table| table.iter())
            .map(|row| row.name)
            .collect();
        names.sort_unstable();
        let mut once = names.clone();
        once.dedup();
        assert_eq!(names, once);
    }

    #[test]
    fn nothing_that_reads_the_machine() {
        for name in [
            "env",
            "expandenv",
            "getHostByName",
            "include",
            "required",
            "tpl",
            "toYaml",
            "lookup",
        ] {
            assert!(find(name).is_none(), "{name}");
        }
    }
}
