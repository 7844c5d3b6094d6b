//! Functions that look at types, and those that go by whether a value is empty.

use super::{super::value::Value, Func, Type, fixed, text, variadic};

const A: Type = Type::Any;
const T: Type = Type::Text;

pub(super) static TABLE: [Func; 11] = [
    variadic("all", &[], A, |_, a| {
        Ok(Value::Bool(a.iter().all(Value::is_true)))
    }),
    variadic("any", &[], A, |_, a| {
        Ok(Value::Bool(a.iter().any(Value::is_true)))
    }),
    variadic("coalesce", &[], A, |_, a| {
        Ok(a.iter()
            .find(|value| value.is_true())
            .cloned()
            .unwrap_or(Value::Nil))
    }),
    fixed("deepEqual", &[A, A], |c, a| Ok(Value::Bool(a[0].same(&a[1], c)?))),
    variadic("default", &[A], A, |_, a| {
        Ok(a[usize::from(a.get(1).is_some_and(Value::is_true))].clone())
    }),
    fixed("empty", &[A], |_, a| Ok(Value::Bool(!a[0].is_true()))),
    fixed("kindIs", &[T, A], |_, a| {
        Ok(Value::Bool(text(&a[0]) == a[1].kind_name().as_bytes()))
    }),
    fixed("kindOf", &[A], |_, a| Ok(Value::text(a[0].kind_name()))),
    fixed("typeIs", &[T, A], |_, a| {
        Ok(Value::Bool(text(&a[0]) == a[1].type_name().as_bytes()))
    }),
    fixed("typeIsLike", &[T, A], |_, a| {
        let name = a[1].type_name();
        let pointed = name.strip_prefix('*').unwrap_or(name);
        Ok(Value::Bool(
            [name.as_bytes(), pointed.as_bytes()].contains(&text(&a[0])),
        ))
    }),
    fixed("typeOf", &[A], |_, a| Ok(Value::text(a[0].type_name()))),
];
