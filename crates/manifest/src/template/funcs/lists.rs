//! Functions of lists.

use super::math::to_int;
use super::{
    super::{
        context::{Context, Fault, Outcome},
        value::{Items, Value},
    },
    Func, Type, fixed, int, nil_pointer, variadic,
};

const A: Type = Type::Any;

pub(super) static TABLE: [Func; 36] = [
    fixed("append", &[A, A], append),
    fixed("chunk", &[Type::Int, A], chunk),
    fixed("compact", &[A], compact),
    variadic("concat", &[], A, concat),
    fixed("first", &[A], |_, a| end_of("first", &a[0], <[Value]>::first)),
    fixed("has", &[A, A], has),
    fixed("initial", &[A], |c, a| {
        part(c, "initial", &a[0], |items| &items[..items.len() - 1])
    }),
    fixed("last", &[A], |_, a| end_of("last", &a[0], <[Value]>::last)),
    variadic("list", &[], A, |c, a| made(c, a.to_vec())),
    fixed("mustAppend", &[A, A], append),
    fixed("mustChunk", &[Type::Int, A], chunk),
    fixed("mustCompact", &[A], compact),
    fixed("mustFirst", &[A], |_, a| end_of("first", &a[0], <[Value]>::first)),
    fixed("mustHas", &[A, A], has),
    fixed("mustInitial", &[A], |c, a| {
        part(c, "initial", &a[0], |items| &items[..items.len() - 1])
    }),
    fixed("mustLast", &[A], |_, a| end_of("last", &a[0], <[Value]>::last)),
    fixed("mustPrepend", &[A, A], prepend),
    fixed("mustPush", &[A, A], append),
    fixed("mustRest", &[A], |c, a| {
        part(c, "rest", &a[0], |items| &items[1..])
    }),
    fixed("mustReverse", &[A], reverse),
    variadic("mustSlice", &[A], A, slice),
    fixed("mustUniq", &[A], uniq),
    variadic("mustWithout", &[A], A, without),
    fixed("prepend", &[A, A], prepend),
    fixed("push", &[A, A], append),
    fixed("rest", &[A], |c, a| part(c, "rest", &a[0], |items| &items[1..])),
    fixed("reverse", &[A], reverse),
    variadic("seq", &[], Type::Int, seq),
    variadic("slice", &[A], A, slice),
    variadic("tuple", &[], A, |c, a| made(c, a.to_vec())),
    fixed("uniq", &[A], uniq),
    fixed("until", &[Type::Int], |c, a| {
        let end = int(&a[0]);
        Ok(ints(steps(c, 0, end, if end < 0 { -1 } else { 1 })?))
    }),
    fixed("untilStep", &[Type::Int, Type::Int, Type::Int], |c, a| {
        Ok(ints(steps(c, int(&a[0]), int(&a[1]), int(&a[2]))?))
    }),
    variadic("without", &[A], A, without),
    fixed("shuffle", &[Type::Text], super::random::shuffle),
    variadic("biggest", &[A], A, super::math::max),
];

/// The items of a list; else what sprig says of it.
fn items(value: &Value, otherwise: impl FnOnce(&str) -> String) -> Outcome<Vec<Value>> {
    match value {
        Value::List(list) => Ok(list.items.borrow().clone()),
        Value::Nil => Err(nil_pointer()),
        other => Err(Fault(otherwise(other.kind_name()))),
    }
}

fn made(context: &Context<'_>, items: Vec<Value>) -> Outcome {
    context.reserve_items(items.len())?;
    Ok(Value::list(items))
}

fn append(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let mut list = items(&arguments[0], |kind| format!("Cannot push on type {kind}"))?;
    list.push(arguments[1].clone());
    made(context, list)
}

fn prepend(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let mut list = items(&arguments[0], |kind| format!("Cannot prepend on type {kind}"))?;
    list.insert(0, arguments[1].clone());
    made(context, list)
}

fn chunk(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let list = items(&arguments[1], |kind| format!("Cannot chunk type {kind}"))?;
    let size = usize::try_from(int(&arguments[0])).ok().filter(|size| *size > 0);
    let size = size.ok_or_else(|| Fault::new("runtime error: makeslice: len out of range"))?;
    context.reserve_items(2 * list.len())?;
    Ok(Value::list_of(
        Items::Lists,
        list.chunks(size)
            .map(|chunk| Value::list(chunk.to_vec()))
            .collect(),
    ))
}

fn compact(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let mut list = items(&arguments[0], |kind| format!("Cannot compact on type {kind}"))?;
    list.retain(Value::is_true);
    made(context, list)
}

fn concat(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let mut all = Vec::new();
    for value in arguments {
        let list = items(value, |kind| format!("Cannot concat type {kind} as list"))?;
        context.reserve_items(list.len())?;
        all.extend(list);
    }
    if all.is_empty() {
        return Ok(Value::nil_list(Items::Any));
    }
    Ok(Value::list(all))
}

fn end_of(name: &str, value: &Value, end: fn(&[Value]) -> Option<&Value>) -> Outcome {
    let list = items(value, |kind| format!("Cannot find {name} on type {kind}"))?;
    Ok(end(&list).cloned().unwrap_or(Value::Nil))
}

/// Some of the items of a list that has any; of an empty one, nil.
fn part(context: &Context<'_>, name: &str, value: &Value, part: fn(&[Value]) -> &[Value]) -> Outcome {
    let list = items(value, |kind| format!("Cannot find {name} on type {kind}"))?;
    if list.is_empty() {
        return Ok(Value::nil_list(Items::Any));
    }
    made(context, part(&list).to_vec())
}

fn is_in(context: &Context<'_>, list: &[Value], value: &Value) -> Outcome<bool> {
    for item in list {
        if value.same(item, context)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn has(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    if let Value::Nil = arguments[1] {
        return Ok(Value::Bool(false));
    }
    let list = items(&arguments[1], |kind| format!("Cannot find has on type {kind}"))?;
    Ok(Value::Bool(is_in(context, &list, &arguments[0])?))
}

fn reverse(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let mut list = items(&arguments[0], |kind| {
        format!("Cannot find reverse on type {kind}")
    })?;
    list.reverse();
    made(context, list)
}

fn uniq(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let list = items(&arguments[0], |kind| format!("Cannot find uniq on type {kind}"))?;
    let mut kept: Vec<Value> = Vec::new();
    for item in list {
        if !is_in(context, &kept, &item)? {
            kept.push(item);
        }
    }
    made(context, kept)
}

fn without(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let list = items(&arguments[0], |kind| {
        format!("Cannot find without on type {kind}")
    })?;
    let mut kept = Vec::new();
    for item in list {
        if !is_in(context, &arguments[1..], &item)? {
            kept.push(item);
        }
    }
    made(context, kept)
}

fn slice(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let list = items(&arguments[0], |kind| {
        format!("list should be type of slice or array but {kind}")
    })?;
    if list.is_empty() {
        return Ok(Value::Nil);
    }
    let from = arguments.get(1).map_or(0, to_int);
    let to = arguments.get(2).map_or(list.len() as i64, to_int);
    let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
    let part = range.and_then(|(from, to)| list.get(from..to));
    let part = part.ok_or_else(|| Fault::new("reflect.Value.Slice: slice index out of bounds"))?;
    context.reserve_items(part.len())?;
    let kind = match &arguments[0] {
        Value::List(list) => list.kind,
        _ => Items::Any,
    };
    Ok(Value::list_of(kind, part.to_vec()))
}

fn ints(numbers: Vec<i64>) -> Value {
    Value::list_of(Items::Int, numbers.into_iter().map(Value::Int).collect())
}

/// Numbers from `start` up or down to `stop`, which is not one of them.
fn steps(context: &Context<'_>, start: i64, stop: i64, step: i64) -> Outcome<Vec<i64>> {
    let (distance, forward) = if stop < start {
        (start.abs_diff(stop), step < 0)
    } else {
        (stop.abs_diff(start), step > 0)
    };
    if distance == 0 || !forward {
        return Ok(Vec::new());
    }
    let count = usize::try_from(distance.div_ceil(step.unsigned_abs())).unwrap_or(usize::MAX);
    context.reserve_items(count)?;
    Ok((0..count as i64)
        .map(|index| start.wrapping_add(index.wrapping_mul(step)))
        .collect())
}

fn seq(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let numbers: Vec<i64> = arguments.iter().map(int).collect();
    let (start, step, end) = match numbers[..] {
        [end] => (1, None, end),
        [start, end] => (start, None, end),
        [start, step, end] => (start, Some(step), end),
        _ => return Ok(Value::text("")),
    };
    let toward = if end < start { -1 } else { 1 };
    if end < start && step.is_some_and(|step| step > 0) {
        return Ok(Value::text(""));
    }
    let numbers = steps(context, start, end.wrapping_add(toward), step.unwrap_or(toward))?;
    let text = numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
    super::made(context, text.into_bytes())
}
