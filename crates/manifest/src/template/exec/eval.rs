//! What pipelines, commands and their words give.

use super::{
    super::{
        context::CALL,
        funcs::{self, Type},
        node::{Command, Expr, ExprKind, Pipe},
        number::Number,
        value::Value,
    },
    At, Run, Walk,
};

/// A field's value, and whether it came out of a `map[string]interface {}`, where Go forgets its type.
pub(super) struct Field {
    value: Value,
    present: bool,
    any: bool,
}

impl<'p> Run<'p, '_> {
    pub(super) fn pipe(&mut self, dot: &Value, pipe: &'p Pipe) -> Walk<Value> {
        self.at = At::Pipe(pipe);
        self.deeper(|run| {
            let mut last = None;
            for command in &pipe.commands {
                last = Some(run.command(dot, command, last)?);
            }
            let value = last.unwrap_or(Value::Nil);
            for variable in &pipe.variables {
                if pipe.assign {
                    run.assign(variable, &value)?;
                } else {
                    run.variables.push((variable, value.clone()));
                }
            }
            Ok(value)
        })
    }

    pub(super) fn assign(&mut self, name: &str, value: &Value) -> Walk {
        match self.variables.iter_mut().rev().find(|(known, _)| *known == name) {
            Some(known) => known.1 = value.clone(),
            None => return Err(self.fail(format!("undefined variable: {name}"))),
        }
        Ok(())
    }

    pub(super) fn command(&mut self, dot: &Value, command: &'p Command, last: Option<Value>) -> Walk<Value> {
        let spent = self.context.spend(CALL);
        self.check(spent)?;
        // The parser leaves no command without words.
        let Some((first, rest)) = command.words.split_first() else {
            return Ok(Value::Nil);
        };
        match &first.kind {
            ExprKind::Field(_) | ExprKind::Chain(..) | ExprKind::Variable(_) => {
                return self.operand(dot, first, rest, last);
            }
            ExprKind::Function(function) => {
                self.at = At::Expr(first);
                return self.invoke(dot, function, None, At::Command(command), rest, last);
            }
            ExprKind::Pipe(pipe) => {
                self.no_arguments(first, rest, &last)?;
                return self.pipe(dot, pipe);
            }
            ExprKind::Bool(_) | ExprKind::Dot | ExprKind::Nil | ExprKind::Number(_) | ExprKind::Text(..) => {}
        }
        self.at = At::Expr(first);
        self.no_arguments(first, rest, &last)?;
        match &first.kind {
            ExprKind::Bool(value) => Ok(Value::Bool(*value)),
            ExprKind::Dot => Ok(dot.clone()),
            ExprKind::Number(number) => self.constant(number),
            ExprKind::Text(_, text) => Ok(Value::Text(text.clone())),
            _ => Err(self.fail("nil is not a command".to_owned())),
        }
    }

    pub(super) fn no_arguments(&mut self, first: &Expr, rest: &[Expr], last: &Option<Value>) -> Walk {
        if rest.is_empty() && last.is_none() {
            return Ok(());
        }
        Err(self.fail(format!("can't give argument to non-function {first}")))
    }

    pub(super) fn constant(&mut self, number: &Number) -> Walk<Value> {
        if number.is_float() {
            return Ok(Value::Float(number.float.unwrap_or(0.0)));
        }
        match number.int {
            Some(int) => Ok(Value::Int(int)),
            None => Err(self.fail(format!("{} overflows int", number.text))),
        }
    }

    /// A field, variable or chain; its last name may be a method with arguments.
    pub(super) fn operand(
        &mut self,
        dot: &Value,
        expr: &'p Expr,
        rest: &'p [Expr],
        last: Option<Value>,
    ) -> Walk<Value> {
        self.at = At::Expr(expr);
        match &expr.kind {
            ExprKind::Field(names) => self.fields(dot, dot.clone(), expr, names, rest, last),
            ExprKind::Variable(names) => {
                let value = self.variables.iter().rev().find(|(known, _)| *known == names[0]);
                let value = value.map_or(Value::Nil, |(_, value)| value.clone());
                if names.len() == 1 {
                    self.no_arguments(expr, rest, &last)?;
                    return Ok(value);
                }
                self.fields(dot, value, expr, &names[1..], rest, last)
            }
            ExprKind::Chain(start, names) => {
                let value = match &start.kind {
                    ExprKind::Nil => {
                        return Err(self.fail(format!("indirection through explicit nil in {expr}")));
                    }
                    _ => self.argument(dot, Type::Any, start)?,
                };
                self.fields(dot, value, expr, names, rest, last)
            }
            _ => Ok(Value::Nil),
        }
    }

    pub(super) fn fields(
        &mut self,
        dot: &Value,
        receiver: Value,
        expr: &'p Expr,
        names: &'p [String],
        rest: &'p [Expr],
        last: Option<Value>,
    ) -> Walk<Value> {
        let mut field = Field {
            value: receiver,
            present: false,
            any: false,
        };
        let Some((end, names)) = names.split_last() else {
            return Ok(field.value);
        };
        for name in names {
            field = self.field(dot, field, name, expr, &[], None)?;
        }
        Ok(self.field(dot, field, end, expr, rest, last)?.value)
    }

    pub(super) fn field(
        &mut self,
        dot: &Value,
        receiver: Field,
        name: &str,
        expr: &'p Expr,
        rest: &'p [Expr],
        last: Option<Value>,
    ) -> Walk<Field> {
        let type_name = if receiver.any {
            "interface {}"
        } else {
            receiver.value.type_name()
        };
        let arguments = !rest.is_empty() || last.is_some();
        if let Value::Nil = receiver.value {
            if receiver.present {
                return Err(self.fail(format!("nil pointer evaluating {type_name}.{name}")));
            }
            return Ok(Field {
                value: Value::Nil,
                present: false,
                any: false,
            });
        }
        if let Some(method) = funcs::method(&receiver.value, name) {
            let value = self.invoke(dot, method, Some(receiver.value), At::Expr(expr), rest, last)?;
            return Ok(Field {
                value,
                present: false,
                any: false,
            });
        }
        match &receiver.value {
            Value::Map(map) => {
                if arguments {
                    return Err(self.fail(format!("{name} is not a method but has arguments")));
                }
                let found = map.entries.borrow().get(name.as_bytes()).cloned();
                let present = found.is_some();
                Ok(Field {
                    value: found.unwrap_or(Value::Nil),
                    present,
                    any: present && !map.text,
                })
            }
            Value::Certificate(certificate) if name == "Cert" || name == "Key" => {
                if arguments {
                    return Err(self.fail(format!("{name} has arguments but cannot be invoked as function")));
                }
                let text = if name == "Cert" {
                    &certificate.cert
                } else {
                    &certificate.key
                };
                Ok(Field {
                    value: Value::Text(text.clone()),
                    present: true,
                    any: false,
                })
            }
            _ => Err(self.fail(format!("can't evaluate field {name} in type {type_name}"))),
        }
    }
}
