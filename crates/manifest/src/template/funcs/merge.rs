//! `merge` and `mergeOverwrite`: dicts in dicts are merged too; what is empty counts as absent.

use std::rc::Rc;

use super::{
    super::{
        context::{Context, Fault, MAX_DEPTH, Outcome, STEP},
        value::{MapData, Value, too_deep},
    },
    dicts::insert,
};

/// Merges all further dicts into the first, which changes.
pub(super) fn merge(context: &Context<'_>, arguments: &[Value], overwrite: bool) -> Outcome {
    let target = match &arguments[0] {
        Value::Map(_) => arguments[0].clone(),
        _ => Value::map(std::collections::BTreeMap::new()),
    };
    if let Value::Map(map) = &target {
        for source in &arguments[1..] {
            if let Value::Map(source) = source {
                merge_into(context, map, source, overwrite, 0)?;
            }
        }
    }
    Ok(target)
}

fn merge_into(
    context: &Context<'_>,
    target: &Rc<MapData>,
    source: &Rc<MapData>,
    overwrite: bool,
    depth: usize,
) -> Outcome<()> {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    let entries: Vec<_> = source
        .entries
        .borrow()
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for (key, value) in entries {
        context.spend(STEP)?;
        if target.text && !matches!(value, Value::Text(_)) {
            return Err(Fault::new(
                "reflect.Value.SetMapIndex: value of type interface {} is not assignable to type string",
            ));
        }
        let known = target.entries.borrow().get(&key[..]).cloned();
        let put = match (&value, &known) {
            // Nil only replaces.
            (Value::Nil, _) => overwrite,
            (_, None) => true,
            (Value::Map(inner), Some(Value::Map(known))) => {
                merge_into(context, known, inner, overwrite, depth + 1)?;
                known.entries.borrow().is_empty()
            }
            (Value::List(_), Some(known)) => overwrite || is_empty(known),
            (_, Some(known)) => overwrite || is_empty(known),
        };
        if put {
            insert(context, target, key, value)?;
        }
    }
    Ok(())
}

fn is_empty(value: &Value) -> bool {
    !value.is_true()
}
