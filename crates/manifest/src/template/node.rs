//! The parsed template, and how its parts are quoted in messages.

use std::{collections::BTreeMap, fmt};

use super::{funcs::Func, number::Number, quote, value::Text};

/// All templates of one text.
pub(super) struct Program<'t> {
    /// Name of the whole: the item.
    pub(super) name: &'t str,
    /// Its text.
    pub(super) source: &'t str,
    /// The whole and what it defines, by name.
    pub(super) templates: BTreeMap<String, Vec<Node<'t>>>,
}

/// One piece of a template.
pub(super) enum Node<'t> {
    /// Text as it stands.
    Text(&'t str),
    /// A pipeline that is printed.
    Action(usize, Pipe),
    /// `{{if}}`.
    If(Branch<'t>),
    /// `{{range}}`.
    Range(Branch<'t>),
    /// `{{with}}`.
    With(Branch<'t>),
    /// `{{template}}`, also in the place of a `{{block}}`.
    Template(Call),
    /// `{{break}}`.
    Break,
    /// `{{continue}}`.
    Continue,
}

/// `{{if}}`, `{{range}}` or `{{with}}`.
pub(super) struct Branch<'t> {
    pub(super) pipe: Pipe,
    pub(super) body: Vec<Node<'t>>,
    pub(super) otherwise: Option<Vec<Node<'t>>>,
}

/// The use of another template.
pub(super) struct Call {
    pub(super) pos: usize,
    pub(super) name: String,
    pub(super) pipe: Option<Pipe>,
}

/// Commands, each with the value of the one before as its last argument.
pub(super) struct Pipe {
    pub(super) pos: usize,
    /// Variables that are declared or assigned, with `$`.
    pub(super) variables: Vec<String>,
    /// `=`, not `:=`.
    pub(super) assign: bool,
    pub(super) commands: Vec<Command>,
}

/// A function and its arguments, or a value.
pub(super) struct Command {
    pub(super) pos: usize,
    pub(super) words: Vec<Expr>,
}

/// One word of a command.
pub(super) struct Expr {
    pub(super) pos: usize,
    pub(super) kind: ExprKind,
}

/// What a word is.
pub(super) enum ExprKind {
    Bool(bool),
    /// `(pipeline).a.b`, or a function's result.
    Chain(Box<Expr>, Vec<String>),
    Dot,
    /// `.a.b`.
    Field(Vec<String>),
    Function(&'static Func),
    Nil,
    Number(Number),
    Pipe(Box<Pipe>),
    /// As it is written, and what it says.
    Text(String, Text),
    /// `$x.a.b`; the name with `$` comes first.
    Variable(Vec<String>),
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.variables.is_empty() {
            f.write_str(&self.variables.join(", "))?;
            f.write_str(if self.assign { " = " } else { " := " })?;
        }
        for (number, command) in self.commands.iter().enumerate() {
            if number > 0 {
                f.write_str(" | ")?;
            }
            command.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, word) in self.words.iter().enumerate() {
            if number > 0 {
                f.write_str(" ")?;
            }
            match &word.kind {
                ExprKind::Pipe(pipe) => write!(f, "({pipe})")?,
                _ => word.fmt(f)?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Bool(value) => value.fmt(f),
            ExprKind::Chain(start, fields) => {
                match &start.kind {
                    ExprKind::Pipe(pipe) => write!(f, "({pipe})")?,
                    _ => start.fmt(f)?,
                }
                fields.iter().try_for_each(|field| write!(f, ".{field}"))
            }
            ExprKind::Dot => f.write_str("."),
            ExprKind::Field(fields) => fields.iter().try_for_each(|field| write!(f, ".{field}")),
            ExprKind::Function(function) => f.write_str(function.name),
            ExprKind::Nil => f.write_str("nil"),
            ExprKind::Number(number) => f.write_str(&number.text),
            ExprKind::Pipe(pipe) => pipe.fmt(f),
            ExprKind::Text(quoted, _) => f.write_str(quoted),
            ExprKind::Variable(names) => f.write_str(&names.join(".")),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{{template {}", quote::go(self.name.as_bytes()))?;
        if let Some(pipe) = &self.pipe {
            write!(f, " {pipe}")?;
        }
        f.write_str("}}")
    }
}
