//! Go's built-in functions that are not in another family.

use std::cmp::Ordering;

use super::{
    super::{
        context::{Context, Fault, Outcome},
        value::Value,
    },
    Func, Kind, Type, fixed, text, variadic,
};

const A: Type = Type::Any;

pub(super) static TABLE: [Func; 13] = [
    Func {
        name: "and",
        params: &[A],
        rest: Some(A),
        kind: Kind::And,
        run: nothing,
    },
    Func {
        name: "call",
        params: &[A],
        rest: Some(A),
        kind: Kind::Call,
        run: nothing,
    },
    variadic("eq", &[A], A, |c, a| Ok(Value::Bool(equals_any(c, a)?))),
    fixed("ge", &[A, A], |_, a| Ok(Value::Bool(!less(&a[0], &a[1])?))),
    fixed("gt", &[A, A], |c, a| {
        Ok(Value::Bool(!less(&a[0], &a[1])? && !equals_any(c, a)?))
    }),
    variadic("index", &[A], A, index),
    fixed("le", &[A, A], |c, a| {
        Ok(Value::Bool(less(&a[0], &a[1])? || equals_any(c, a)?))
    }),
    fixed("len", &[A], length),
    fixed("lt", &[A, A], |_, a| Ok(Value::Bool(less(&a[0], &a[1])?))),
    fixed("ne", &[A, A], |c, a| Ok(Value::Bool(!equals_any(c, a)?))),
    fixed("not", &[A], |_, a| Ok(Value::Bool(!a[0].is_true()))),
    Func {
        name: "or",
        params: &[A],
        rest: Some(A),
        kind: Kind::Or,
        run: nothing,
    },
    variadic("printf", &[Type::Text], A, |c, a| {
        super::super::print::printf(c, text(&a[0]), &a[1..])
    }),
];

fn nothing(_: &Context<'_>, _: &[Value]) -> Outcome {
    Ok(Value::Nil)
}

fn length(_: &Context<'_>, arguments: &[Value]) -> Outcome {
    let length = match &arguments[0] {
        Value::Text(text) => text.len(),
        Value::List(list) => list.items.borrow().len(),
        Value::Map(map) => map.entries.borrow().len(),
        Value::Nil => return Err(Fault::new("reflect: call of reflect.Value.Type on zero Value")),
        other => return Err(Fault::new(format!("len of type {}", other.type_name()))),
    };
    Ok(Value::Int(length as i64))
}

fn index(_: &Context<'_>, arguments: &[Value]) -> Outcome {
    let mut here = arguments[0].clone();
    if let Value::Nil = here {
        return Err(Fault::new("index of untyped nil"));
    }
    for index in &arguments[1..] {
        here = match &here {
            Value::Text(text) => Value::Byte(*text.get(position(index, text.len(), "string")?).unwrap_or(&0)),
            Value::List(list) => {
                let items = list.items.borrow();
                items
                    .get(position(index, items.len(), "slice")?)
                    .cloned()
                    .unwrap_or(Value::Nil)
            }
            Value::Map(map) => match index {
                Value::Text(key) => match map.entries.borrow().get(&key[..]) {
                    Some(value) => value.clone(),
                    None if map.text => Value::text(""),
                    None => Value::Nil,
                },
                Value::Nil => return Err(Fault::new("value is nil; should be of type string")),
                other => {
                    return Err(Fault::new(format!(
                        "value has type {}; should be string",
                        other.type_name()
                    )));
                }
            },
            Value::Nil => return Err(Fault::new("index of nil pointer")),
            other => {
                return Err(Fault::new(format!(
                    "can't index item of type {}",
                    other.type_name()
                )));
            }
        };
    }
    Ok(here)
}

fn position(index: &Value, length: usize, of: &str) -> Outcome<usize> {
    let wanted = match (index, index.signed(), index.unsigned()) {
        (Value::Nil, ..) => return Err(Fault::new("cannot index slice/array with nil")),
        (_, Some(number), _) => number,
        (_, None, Some(number)) => number as i64,
        (other, None, None) => {
            return Err(Fault::new(format!(
                "cannot index slice/array with type {}",
                other.type_name()
            )));
        }
    };
    match usize::try_from(wanted) {
        Ok(at) if at < length => Ok(at),
        Ok(at) if at == length => Err(Fault::new(format!("reflect: {of} index out of range"))),
        _ => Err(Fault::new(format!("index out of range: {wanted}"))),
    }
}

/// Groups of types that compare with each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Basic {
    Bool,
    Float,
    Integer,
    Other,
    Text,
}

fn basic(value: &Value) -> Basic {
    match value {
        Value::Bool(_) => Basic::Bool,
        Value::Float(_) => Basic::Float,
        Value::Text(_) => Basic::Text,
        other if other.signed().is_some() || other.unsigned().is_some() => Basic::Integer,
        _ => Basic::Other,
    }
}

fn incompatible(left: &Value, right: &Value) -> Fault {
    let (left, right) = (left.type_name(), right.type_name());
    Fault::new(format!("incompatible types for comparison: {left} and {right}"))
}

fn is_nil(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::List(list) => list.nil,
        _ => false,
    }
}

/// Whether the first equals one of the others.
fn equals_any(context: &Context<'_>, arguments: &[Value]) -> Outcome<bool> {
    let [first, others @ ..] = arguments else {
        return Ok(false);
    };
    if others.is_empty() {
        return Err(Fault::new("missing argument for comparison"));
    }
    for other in others {
        let (left, right) = (basic(first), basic(other));
        let equal = if left != right {
            if !matches!(first, Value::Nil) && !matches!(other, Value::Nil) {
                return Err(incompatible(first, other));
            }
            false
        } else {
            match left {
                Basic::Bool => first.same(other, context)?,
                Basic::Float | Basic::Integer | Basic::Text => first.order(other) == Some(Ordering::Equal),
                Basic::Other => others_equal(first, other, context)?,
            }
        };
        if equal {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Go shows the values in these messages. They may be secrets.
fn others_equal(left: &Value, right: &Value, context: &Context<'_>) -> Outcome<bool> {
    let nil = matches!(left, Value::Nil) || matches!(right, Value::Nil);
    if !nil && left.kind_name() != right.kind_name() {
        let (left, right) = (left.type_name(), right.type_name());
        return Err(Fault::new(format!("non-comparable types {left}, {right}")));
    }
    if is_nil(left) || is_nil(right) {
        return Ok(is_nil(left) == is_nil(right));
    }
    match right {
        Value::List(_) | Value::Map(_) => {
            Err(Fault::new(format!("non-comparable type {}", right.type_name())))
        }
        _ => left.same(right, context),
    }
}

fn less(left: &Value, right: &Value) -> Outcome<bool> {
    let (left_kind, right_kind) = (basic(left), basic(right));
    if left_kind == Basic::Other || right_kind == Basic::Other {
        return Err(Fault::new("invalid type for comparison"));
    }
    if left_kind != right_kind {
        return Err(incompatible(left, right));
    }
    match left_kind {
        Basic::Bool => Err(Fault::new("invalid type for comparison")),
        _ => Ok(left.order(right) == Some(Ordering::Less)),
    }
}
