//! Calls of functions: arguments are counted and must be of the types that Go's reflection would take.

use super::{
    super::{
        context::{CALL, Fault, Outcome, STEP},
        funcs::{Func, Kind, Type},
        node::{Expr, ExprKind},
        number::Number,
        value::{Items, Value},
    },
    At, Run, Walk,
};

impl<'p> Run<'p, '_> {
    pub(super) fn invoke(
        &mut self,
        dot: &Value,
        function: &'static Func,
        receiver: Option<Value>,
        node: At<'p>,
        rest: &'p [Expr],
        last: Option<Value>,
    ) -> Walk<Value> {
        let name = function.name;
        let given = rest.len() + usize::from(last.is_some());
        let fixed = function.params.len();
        match function.rest {
            Some(_) if given < fixed => {
                let got = rest.len();
                return Err(self.fail(format!(
                    "wrong number of args for {name}: want at least {fixed} got {got}"
                )));
            }
            None if given != fixed => {
                return Err(self.fail(format!(
                    "wrong number of args for {name}: want {fixed} got {given}"
                )));
            }
            _ => {}
        }
        let kind = |index: usize| {
            function
                .params
                .get(index)
                .copied()
                .or(function.rest)
                .unwrap_or(Type::Any)
        };
        if let Kind::And | Kind::Or = function.kind {
            let mut value = Value::Nil;
            for word in rest {
                value = self.argument(dot, Type::Any, word)?;
                if value.is_true() == matches!(function.kind, Kind::Or) {
                    return Ok(value);
                }
            }
            return Ok(last.unwrap_or(value));
        }
        let mut arguments: Vec<Value> = receiver.into_iter().collect();
        for (index, word) in rest.iter().enumerate() {
            arguments.push(self.argument(dot, kind(index), word)?);
        }
        if let Some(last) = last {
            arguments.push(self.validate(last, kind(rest.len()))?);
        }
        let outcome = match function.kind {
            Kind::Call => {
                let called = match rest.first() {
                    Some(word) => word.to_string(),
                    None => arguments
                        .first()
                        .map_or_else(String::new, |value| format!("<{} Value>", value.type_name())),
                };
                Err(Fault(match arguments.first() {
                    Some(Value::Nil) | None => "call of nil".to_owned(),
                    Some(other) => format!("non-function {called} of type {}", other.type_name()),
                }))
            }
            _ => self
                .charge(&arguments)
                .and_then(|()| (function.run)(self.context, &arguments)),
        };
        outcome.map_err(|Fault(text)| {
            self.at = node;
            self.fail(format!("error calling {name}: {text}"))
        })
    }

    /// Work that a function has with its arguments, before it begins.
    pub(super) fn charge(&self, arguments: &[Value]) -> Outcome<()> {
        let mut fuel = CALL;
        for argument in arguments {
            fuel += match argument {
                Value::Text(text) => text.len() as u64,
                Value::List(list) => STEP * list.items.borrow().len() as u64,
                Value::Map(map) => STEP * map.entries.borrow().len() as u64,
                _ => 0,
            };
        }
        self.context.spend(fuel)
    }

    pub(super) fn argument(&mut self, dot: &Value, kind: Type, word: &'p Expr) -> Walk<Value> {
        self.at = At::Expr(word);
        let value = match &word.kind {
            ExprKind::Nil if kind.takes_nil() => return Ok(Value::Nil),
            ExprKind::Nil => return Err(self.fail(format!("cannot assign nil to {}", kind.name()))),
            ExprKind::Dot => dot.clone(),
            ExprKind::Field(_) | ExprKind::Variable(_) | ExprKind::Chain(..) => {
                self.operand(dot, word, &[], None)?
            }
            ExprKind::Pipe(pipe) => self.pipe(dot, pipe)?,
            ExprKind::Function(function) => self.invoke(dot, function, None, At::Expr(word), &[], None)?,
            ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::Text(..) => return self.literal(kind, word),
        };
        self.validate(value, kind)
    }

    /// A constant takes the type that is asked for, if it can.
    pub(super) fn literal(&mut self, kind: Type, word: &Expr) -> Walk<Value> {
        let expected = match (kind, &word.kind) {
            (Type::Any, ExprKind::Bool(value)) | (Type::Bool, ExprKind::Bool(value)) => {
                return Ok(Value::Bool(*value));
            }
            (Type::Any, ExprKind::Text(_, text)) | (Type::Text, ExprKind::Text(_, text)) => {
                return Ok(Value::Text(text.clone()));
            }
            (Type::Any, ExprKind::Number(number)) => return self.constant(number),
            (
                Type::Float,
                ExprKind::Number(Number {
                    float: Some(float), ..
                }),
            ) => return Ok(Value::Float(*float)),
            (Type::Int, ExprKind::Number(Number { int: Some(int), .. })) => return Ok(Value::Int(*int)),
            (Type::Int64, ExprKind::Number(Number { int: Some(int), .. })) => return Ok(Value::Int64(*int)),
            (Type::Uint32, ExprKind::Number(Number { uint: Some(uint), .. })) => {
                return Ok(Value::Uint64(*uint));
            }
            (Type::Bool, _) => "bool",
            (Type::Float, _) => "float",
            (Type::Int | Type::Int64, _) => "integer",
            (Type::Text, _) => "string",
            (Type::Uint32, _) => "unsigned integer",
            _ => return Err(self.fail(format!("can't handle {word} for arg of type {}", kind.name()))),
        };
        Err(self.fail(format!("expected {expected}; found {word}")))
    }

    pub(super) fn validate(&mut self, value: Value, kind: Type) -> Walk<Value> {
        let fits = match (kind, &value) {
            (_, Value::Nil) if kind.takes_nil() => true,
            (_, Value::Nil) => return Err(self.fail(format!("invalid value; expected {}", kind.name()))),
            (Type::Any, _)
            | (Type::Bool, Value::Bool(_))
            | (Type::Certificate, Value::Certificate(_))
            | (Type::Float, Value::Float(_))
            | (Type::Int, Value::Int(_))
            | (Type::Int64, Value::Int64(_))
            | (Type::Text, Value::Text(_))
            | (Type::Time, Value::Time(_))
            | (Type::Version, Value::Version(_)) => true,
            (Type::Dict, Value::Map(map)) => !map.text,
            (Type::List, Value::List(list)) => list.kind == Items::Any,
            _ => false,
        };
        if fits {
            return Ok(value);
        }
        let got = value.type_name();
        Err(self.fail(format!(
            "wrong type for value; expected {}; got {got}",
            kind.name()
        )))
    }
}
