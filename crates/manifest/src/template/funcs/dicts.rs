//! Functions of dicts. They are shared: `set` changes the dict that it is given.

use std::{collections::BTreeMap, rc::Rc};

use super::{
    super::{
        context::{Context, Fault, Outcome},
        value::{Items, MapData, Text, Value},
    },
    Func, Type, fixed,
    merge::merge,
    shown, text, variadic,
};

const A: Type = Type::Any;
const D: Type = Type::Dict;
const T: Type = Type::Text;

pub(super) static TABLE: [Func; 17] = [
    fixed("deepCopy", &[A], deep_copy),
    variadic("dict", &[], A, dict),
    variadic("dig", &[], A, dig),
    fixed("get", &[D, T], |_, a| {
        Ok(find(&a[0], &a[1]).unwrap_or_else(|| Value::text("")))
    }),
    fixed("hasKey", &[D, T], |_, a| {
        Ok(Value::Bool(find(&a[0], &a[1]).is_some()))
    }),
    variadic("keys", &[], D, keys),
    variadic("merge", &[D], D, |c, a| merge(c, a, false)),
    variadic("mergeOverwrite", &[D], D, |c, a| merge(c, a, true)),
    fixed("mustDeepCopy", &[A], deep_copy),
    variadic("mustMerge", &[D], D, |c, a| merge(c, a, false)),
    variadic("mustMergeOverwrite", &[D], D, |c, a| merge(c, a, true)),
    variadic("omit", &[D], T, |c, a| chosen(c, a, false)),
    variadic("pick", &[D], T, |c, a| chosen(c, a, true)),
    variadic("pluck", &[T], D, |c, a| {
        let found: Vec<Value> = a[1..].iter().filter_map(|dict| find(dict, &a[0])).collect();
        c.reserve_items(found.len())?;
        Ok(Value::list(found))
    }),
    fixed("set", &[D, T, A], set),
    fixed("unset", &[D, T], |_, a| {
        if let Value::Map(map) = &a[0] {
            map.entries.borrow_mut().remove(text(&a[1]));
        }
        Ok(a[0].clone())
    }),
    fixed("values", &[D], |c, a| {
        let values = entries(&a[0]).into_values().collect::<Vec<_>>();
        c.reserve_items(values.len())?;
        Ok(Value::list(values))
    }),
];

fn deep_copy(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    match &arguments[0] {
        Value::Nil => Err(Fault::new("reflect: call of reflect.Value.Type on zero Value")),
        value => value.deep_copy(context),
    }
}

/// The entries of a dict; nil has none.
fn entries(value: &Value) -> BTreeMap<Text, Value> {
    match value {
        Value::Map(map) => map.entries.borrow().clone(),
        _ => BTreeMap::new(),
    }
}

fn find(dict: &Value, key: &Value) -> Option<Value> {
    match dict {
        Value::Map(map) => map.entries.borrow().get(text(key)).cloned(),
        _ => None,
    }
}

/// Puts a value into a dict, unless the dict would be in itself.
pub(super) fn insert(context: &Context<'_>, map: &Rc<MapData>, key: Text, value: Value) -> Outcome<()> {
    if value.holds(map, context, 0)? {
        return Err(Fault::new("a dict cannot hold itself"));
    }
    context.reserve_items(2)?;
    map.entries.borrow_mut().insert(key, value);
    Ok(())
}

fn set(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let Value::Map(map) = &arguments[0] else {
        return Err(Fault::new("assignment to entry in nil map"));
    };
    insert(context, map, text(&arguments[1]).into(), arguments[2].clone())?;
    Ok(arguments[0].clone())
}

fn dict(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let mut entries = BTreeMap::new();
    context.reserve_items(arguments.len())?;
    for pair in arguments.chunks(2) {
        let key = shown(context, &pair[0])?;
        let value = pair.get(1).cloned().unwrap_or_else(|| Value::text(""));
        entries.insert(text(&key).into(), value);
    }
    Ok(Value::map(entries))
}

/// All keys; of one dict in order, where Go has none.
fn keys(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let keys: Vec<Value> = arguments
        .iter()
        .flat_map(|dict| entries(dict).into_keys())
        .map(Value::Text)
        .collect();
    context.reserve_items(keys.len())?;
    Ok(Value::list_of(Items::Text, keys))
}

fn chosen(context: &Context<'_>, arguments: &[Value], keep: bool) -> Outcome {
    let mut kept = entries(&arguments[0]);
    context.reserve_items(2 * kept.len())?;
    let names: std::collections::BTreeSet<&[u8]> = arguments[1..].iter().map(text).collect();
    kept.retain(|key, _| names.contains(&key[..]) == keep);
    Ok(Value::map(kept))
}

fn dig(_: &Context<'_>, arguments: &[Value]) -> Outcome {
    let [keys @ .., default, dict] = arguments else {
        return Err(Fault::new(FEW));
    };
    if keys.is_empty() {
        return Err(Fault::new(FEW));
    }
    let conversion = |value: &Value, wanted: &str| {
        let found = if let Value::Nil = value {
            "nil"
        } else {
            value.type_name()
        };
        Fault::new(format!(
            "interface conversion: interface {{}} is {found}, not {wanted}"
        ))
    };
    let mut here = dict.clone();
    let as_dict = |value: &Value| match value {
        Value::Map(map) if !map.text => Ok(()),
        other => Err(conversion(other, "map[string]interface {}")),
    };
    as_dict(&here)?;
    if let Some(other) = keys.iter().find(|key| !matches!(key, Value::Text(_))) {
        return Err(conversion(other, "string"));
    }
    for (number, key) in keys.iter().enumerate() {
        if number > 0 {
            as_dict(&here)?;
        }
        match find(&here, key) {
            Some(found) => here = found,
            None => return Ok(default.clone()),
        }
    }
    Ok(here)
}

const FEW: &str = "dig needs at least three arguments";
