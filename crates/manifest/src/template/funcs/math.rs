//! Functions of numbers, and how sprig makes numbers of anything.

use super::{
    super::{
        context::{Context, Fault, Outcome},
        number::{parse_float, parse_int},
        value::Value,
    },
    Func, Type,
    decimal::Decimal,
    fixed, int, shown, text, variadic,
};

const A: Type = Type::Any;

pub(super) static TABLE: [Func; 24] = [
    variadic("add", &[], A, |_, a| {
        Ok(Value::Int64(
            a.iter().fold(0, |sum, next| sum.wrapping_add(to_int(next))),
        ))
    }),
    fixed("add1", &[A], |_, a| {
        Ok(Value::Int64(to_int(&a[0]).wrapping_add(1)))
    }),
    fixed("add1f", &[A], |c, a| {
        decimals(c, &[a[0].clone(), Value::Int(1)], Decimal::plus)
    }),
    variadic("addf", &[], A, |c, a| {
        let all: Vec<Value> = std::iter::once(Value::Float(0.0))
            .chain(a.iter().cloned())
            .collect();
        decimals(c, &all, Decimal::plus)
    }),
    fixed("ceil", &[A], |_, a| Ok(Value::Float(to_float(&a[0]).ceil()))),
    fixed("div", &[A, A], |_, a| divided(a, i64::wrapping_div)),
    variadic("divf", &[A], A, |c, a| decimals(c, a, Decimal::divided)),
    fixed("float64", &[A], |_, a| Ok(Value::Float(to_float(&a[0])))),
    fixed("floor", &[A], |_, a| Ok(Value::Float(to_float(&a[0]).floor()))),
    fixed("int", &[A], |_, a| Ok(Value::Int(to_int(&a[0])))),
    fixed("int64", &[A], |_, a| Ok(Value::Int64(to_int(&a[0])))),
    variadic("max", &[A], A, max),
    variadic("maxf", &[A], A, |_, a| {
        Ok(Value::Float(extreme(a, |next, best| next > best)))
    }),
    variadic("min", &[A], A, |_, a| {
        Ok(Value::Int64(a.iter().map(to_int).min().unwrap_or(0)))
    }),
    variadic("minf", &[A], A, |_, a| {
        Ok(Value::Float(extreme(a, |next, best| next < best)))
    }),
    fixed("mod", &[A, A], |_, a| divided(a, i64::wrapping_rem)),
    variadic("mul", &[A], A, |_, a| {
        Ok(Value::Int64(
            a.iter()
                .fold(1, |product, next| product.wrapping_mul(to_int(next))),
        ))
    }),
    variadic("mulf", &[A], A, |c, a| decimals(c, a, Decimal::times)),
    fixed("randInt", &[Type::Int, Type::Int], super::random::int_between),
    variadic("round", &[A, Type::Int], Type::Float, round),
    fixed("sub", &[A, A], |_, a| {
        Ok(Value::Int64(to_int(&a[0]).wrapping_sub(to_int(&a[1]))))
    }),
    variadic("subf", &[A], A, |c, a| decimals(c, a, Decimal::minus)),
    fixed("toDecimal", &[A], |c, a| {
        let digits = shown(c, &a[0])?;
        let digits = std::str::from_utf8(text(&digits)).unwrap_or_default();
        Ok(Value::Int64(parse_int(digits, 8).unwrap_or(0)))
    }),
    fixed("ternary", &[A, A, Type::Bool], |_, a| {
        Ok(a[usize::from(!matches!(a[2], Value::Bool(true)))].clone())
    }),
];

/// Any value as an integer; 0 where sprig finds none.
pub(super) fn to_int(value: &Value) -> i64 {
    match value {
        Value::Bool(value) => i64::from(*value),
        Value::Float(number) => truncated(*number),
        Value::Text(digits) => std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| parse_int(whole(digits), 0))
            .unwrap_or(0),
        other => other
            .signed()
            .or_else(|| other.unsigned().map(|number| number as i64))
            .unwrap_or(0),
    }
}

/// A float's whole part; out of range, what Go gives on the common machines.
fn truncated(number: f64) -> i64 {
    let within = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number);
    if within { number as i64 } else { i64::MIN }
}

/// Leaves out a fraction of zeros: `1.00` → `1`.
fn whole(digits: &str) -> &str {
    match digits.rsplit_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|zero| zero == b'0') => whole,
        _ => digits,
    }
}

/// Any value as a float; 0 where sprig finds none.
pub(super) fn to_float(value: &Value) -> f64 {
    match value {
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Float(number) => *number,
        Value::Text(digits) => std::str::from_utf8(digits)
            .ok()
            .and_then(parse_float)
            .unwrap_or(0.0),
        other => match (other.signed(), other.unsigned()) {
            (Some(number), _) => number as f64,
            (None, number) => number.unwrap_or(0) as f64,
        },
    }
}

fn divided(arguments: &[Value], divide: fn(i64, i64) -> i64) -> Outcome {
    match to_int(&arguments[1]) {
        0 => Err(Fault::new("runtime error: integer divide by zero")),
        by => Ok(Value::Int64(divide(to_int(&arguments[0]), by))),
    }
}

/// The largest.
pub(super) fn max(_: &Context<'_>, arguments: &[Value]) -> Outcome {
    Ok(Value::Int64(arguments.iter().map(to_int).max().unwrap_or(0)))
}

/// The first that is beyond all others; not a number beats all.
fn extreme(arguments: &[Value], beyond: fn(f64, f64) -> bool) -> f64 {
    let mut numbers = arguments.iter().map(to_float);
    let mut best = numbers.next().unwrap_or(0.0);
    for next in numbers {
        if next.is_nan() || beyond(next, best) {
            best = next;
        }
    }
    best
}

fn round(_: &Context<'_>, arguments: &[Value]) -> Outcome {
    let on = match arguments.get(2) {
        Some(Value::Float(on)) => *on,
        _ => 0.5,
    };
    let power = 10f64.powf(int(&arguments[1]) as f64);
    let scaled = power * to_float(&arguments[0]);
    let rounded = if scaled.fract() >= on {
        scaled.ceil()
    } else {
        scaled.floor()
    };
    Ok(Value::Float(rounded / power))
}

type Operation = fn(&Decimal, &Decimal) -> Outcome<Decimal>;

fn decimals(context: &Context<'_>, arguments: &[Value], operation: Operation) -> Outcome {
    let mut all = arguments.iter().map(|value| Decimal::from_float(to_float(value)));
    let mut result = all.next().unwrap_or_else(|| Decimal::from_float(0.0))?;
    for next in all {
        result = operation(&result, &next?)?;
        // Products of many factors grow without end.
        context.spend(result.size())?;
    }
    Ok(Value::Float(result.to_float()))
}
