//! Runs a parsed template.
//!
//! Like Go's, a run remembers the node it is at; an error is said to be there.

use std::{cell::RefCell, mem, rc::Rc};

use zeroize::Zeroizing;

use super::{
    TemplateError,
    context::{Context, Fault, MAX_DEPTH, Outcome, ROUND},
    node::{Branch, Call, Command, Expr, Node, Pipe, Program},
    print, quote,
    value::{MapData, Text, Value},
};

mod call;
mod eval;

/// Runs a program over its data.
pub(super) fn run(
    program: &Program<'_>,
    root: Value,
    context: &Context<'_>,
) -> Result<Zeroizing<Vec<u8>>, TemplateError> {
    let mut run = Run {
        program,
        context,
        output: Zeroizing::default(),
        variables: vec![("$", root.clone())],
        at: At::Start,
        template: program.name,
        depth: 0,
    };
    let nodes = program
        .templates
        .get(program.name)
        .map(Vec::as_slice)
        .unwrap_or_default();
    match run.walk(&root, nodes) {
        Ok(()) => Ok(run.output),
        Err(Flow::Failed(error)) => Err(*error),
        // The parser lets no jump out of a loop.
        Err(Flow::Break | Flow::Continue) => Ok(run.output),
    }
}

struct Run<'p, 'c> {
    program: &'p Program<'p>,
    context: &'c Context<'c>,
    output: Zeroizing<Vec<u8>>,
    variables: Vec<(&'p str, Value)>,
    at: At<'p>,
    /// Name of the template that runs.
    template: &'p str,
    depth: usize,
}

/// The node that a run is at.
#[derive(Clone, Copy)]
enum At<'p> {
    Start,
    Action(usize, &'p Pipe),
    Call(&'p Call),
    Command(&'p Command),
    Expr(&'p Expr),
    Pipe(&'p Pipe),
}

/// Why a walk stops.
enum Flow {
    Break,
    Continue,
    Failed(Box<TemplateError>),
}

type Walk<T = ()> = Result<T, Flow>;

impl<'p> Run<'p, '_> {
    fn walk(&mut self, dot: &Value, nodes: &'p [Node<'p>]) -> Walk {
        self.deeper(|run| nodes.iter().try_for_each(|node| run.node(dot, node)))
    }

    fn node(&mut self, dot: &Value, node: &'p Node<'p>) -> Walk {
        match node {
            Node::Text(text) => self.print(text.as_bytes()),
            Node::Action(pos, pipe) => {
                self.at = At::Action(*pos, pipe);
                let value = self.pipe(dot, pipe)?;
                if !pipe.variables.is_empty() {
                    return Ok(());
                }
                self.at = At::Action(*pos, pipe);
                match value {
                    Value::Nil => self.print(b"<no value>"),
                    Value::Text(text) => self.print(&text),
                    other => {
                        let text = print::display(self.context, &other);
                        let text = self.check(text)?;
                        self.print(&text)
                    }
                }
            }
            Node::If(branch) => self.branch(dot, branch, false),
            Node::With(branch) => self.branch(dot, branch, true),
            Node::Range(branch) => self.range(dot, branch),
            Node::Template(call) => self.call(dot, call),
            Node::Break => Err(Flow::Break),
            Node::Continue => Err(Flow::Continue),
        }
    }

    fn print(&mut self, text: &[u8]) -> Walk {
        if text.len() > self.context.output() - self.output.len() {
            return Err(self.fail(format!("output of more than {} bytes", self.context.output())));
        }
        // A buffer that grows by itself would leave copies behind.
        if self.output.capacity() - self.output.len() < text.len() {
            let mut grown = Vec::with_capacity((self.output.len() + text.len()) * 2);
            grown.extend_from_slice(&self.output);
            self.output = Zeroizing::new(grown);
        }
        self.output.extend_from_slice(text);
        Ok(())
    }

    fn branch(&mut self, dot: &Value, branch: &'p Branch<'p>, with: bool) -> Walk {
        let mark = self.variables.len();
        let value = self.pipe(dot, &branch.pipe)?;
        let done = if value.is_true() {
            self.walk(if with { &value } else { dot }, &branch.body)
        } else {
            branch
                .otherwise
                .as_ref()
                .map_or(Ok(()), |nodes| self.walk(dot, nodes))
        };
        self.variables.truncate(mark);
        done
    }

    fn range(&mut self, dot: &Value, branch: &'p Branch<'p>) -> Walk {
        let mark = self.variables.len();
        let done = self.rounds(dot, branch);
        self.variables.truncate(mark);
        done
    }

    fn rounds(&mut self, dot: &Value, branch: &'p Branch<'p>) -> Walk {
        let value = self.pipe(dot, &branch.pipe)?;
        let empty = match &value {
            Value::Nil => true,
            Value::List(list) => {
                let items = list.items.borrow().clone();
                let items_len = items.len();
                for (index, item) in items.into_iter().enumerate() {
                    if !self.round(branch, Value::Int(index as i64), item)? {
                        break;
                    }
                }
                items_len == 0
            }
            Value::Map(map) => {
                let entries: Vec<(Text, Value)> = map
                    .entries
                    .borrow()
                    .iter()
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                let entries_len = entries.len();
                for (key, value) in entries {
                    if !self.round(branch, Value::Text(key), value)? {
                        break;
                    }
                }
                entries_len == 0
            }
            number if number.signed().is_some() || number.unsigned().is_some() => {
                if branch.pipe.variables.len() > 1 {
                    let shown = self.check(print::display(self.context, number))?;
                    let shown = String::from_utf8_lossy(&shown).into_owned();
                    return Err(self.fail(format!(
                        "can't use {shown} to iterate over more than one variable"
                    )));
                }
                let end = number
                    .signed()
                    .map_or_else(|| number.unsigned().unwrap_or(0), |end| end.max(0) as u64);
                for index in 0..end {
                    let item = match number {
                        Value::Int64(_) => Value::Int64(index as i64),
                        Value::Byte(_) => Value::Byte(index as u8),
                        Value::Uint64(_) => Value::Uint64(index),
                        Value::Month(_) => Value::Month(index as u8),
                        Value::Weekday(_) => Value::Weekday(index as u8),
                        _ => Value::Int(index as i64),
                    };
                    if !self.round(branch, Value::Nil, item)? {
                        break;
                    }
                }
                end == 0
            }
            other => {
                let shown = match other {
                    Value::Bool(_) | Value::Float(_) => {
                        let shown = self.check(print::display(self.context, other))?;
                        String::from_utf8_lossy(&shown).into_owned()
                    }
                    // Go shows the value here, too. It may be a secret.
                    _ => format!("a value of type {}", other.type_name()),
                };
                return Err(self.fail(format!("range can't iterate over {shown}")));
            }
        };
        match &branch.otherwise {
            Some(nodes) if empty => self.walk(dot, nodes),
            _ => Ok(()),
        }
    }

    /// One round of a loop; whether there are more.
    fn round(&mut self, branch: &'p Branch<'p>, index: Value, item: Value) -> Walk<bool> {
        let spent = self.context.spend(ROUND);
        self.check(spent)?;
        let mark = self.variables.len();
        let names = &branch.pipe.variables;
        if branch.pipe.assign {
            match names.as_slice() {
                [] => {}
                [value] => self.assign(value, &item)?,
                [key, value, ..] => {
                    self.assign(key, &index)?;
                    self.assign(value, &item)?;
                }
            }
        } else if !names.is_empty() {
            // The pipeline has declared them already, as the last ones.
            self.variables[mark - 1].1 = item.clone();
            if names.len() > 1 {
                self.variables[mark - 2].1 = index;
            }
        }
        let done = self.walk(&item, &branch.body);
        self.variables.truncate(mark);
        match done {
            Ok(()) | Err(Flow::Continue) => Ok(true),
            Err(Flow::Break) => Ok(false),
            Err(failed) => Err(failed),
        }
    }

    fn call(&mut self, dot: &Value, call: &'p Call) -> Walk {
        self.at = At::Call(call);
        let spent = self.context.spend(ROUND);
        self.check(spent)?;
        let Some((name, nodes)) = self.program.templates.get_key_value(&call.name) else {
            return Err(self.fail(format!(
                "template {} not defined",
                quote::go(call.name.as_bytes())
            )));
        };
        let dot = match &call.pipe {
            Some(pipe) => self.pipe(dot, pipe)?,
            None => Value::Nil,
        };
        let variables = mem::replace(&mut self.variables, vec![("$", dot.clone())]);
        let template = mem::replace(&mut self.template, name);
        self.walk(&dot, nodes)?;
        self.variables = variables;
        self.template = template;
        Ok(())
    }

    fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Walk<T>) -> Walk<T> {
        if self.depth >= MAX_DEPTH {
            return Err(self.fail(format!("exceeded maximum template depth ({MAX_DEPTH})")));
        }
        self.depth += 1;
        let done = work(self);
        self.depth -= 1;
        done
    }

    fn check<T>(&self, outcome: Outcome<T>) -> Walk<T> {
        outcome.map_err(|Fault(text)| self.fail(text))
    }

    fn fail(&self, message: String) -> Flow {
        let (pos, shown) = match self.at {
            At::Start => (0, String::new()),
            At::Action(pos, pipe) => (pos, format!("{{{{{pipe}}}}}")),
            At::Call(call) => (call.pos, call.to_string()),
            At::Command(command) => (command.pos, command.to_string()),
            At::Expr(expr) => (expr.pos, expr.to_string()),
            At::Pipe(pipe) => (pipe.pos, pipe.to_string()),
        };
        let before = &self.program.source[..pos];
        let line = 1 + before.matches('\n').count();
        let column = pos - before.rfind('\n').map_or(0, |newline| newline + 1);
        let template = quote::go(self.template.as_bytes());
        Flow::Failed(Box::new(TemplateError {
            name: self.program.name.to_owned(),
            position: format!("{line}:{column}"),
            message: format!("executing {template} at <{shown}>: {message}"),
        }))
    }
}

/// The data of a template: `map[string]string`.
pub(super) fn root<'v>(items: impl Iterator<Item = (&'v str, &'v [u8])>) -> Value {
    Value::Map(Rc::new(MapData {
        text: true,
        entries: RefCell::new(
            items
                .map(|(name, value)| (Text::from(name), Value::text(value)))
                .collect(),
        ),
    }))
}
