//! Functions of regular expressions. Matching takes time in proportion to the text, whatever the expression.

use std::rc::Rc;

use regex::bytes::{Regex, RegexBuilder};

use super::{
    super::{
        context::{Context, Fault, Outcome},
        value::{Items, Value},
    },
    Func, Type, fixed, int, made, regex_syntax, text, utf8,
};

const I: Type = Type::Int;
const T: Type = Type::Text;

pub(super) static TABLE: [Func; 13] = [
    fixed("mustRegexFind", &[T, T], find),
    fixed("mustRegexFindAll", &[T, T, I], find_all),
    fixed("mustRegexMatch", &[T, T], |c, a| {
        Ok(Value::Bool(searching(c, &a[0], &a[1])?.is_match(text(&a[1]))))
    }),
    fixed("mustRegexReplaceAll", &[T, T, T], |c, a| replace_all(c, a, false)),
    fixed("mustRegexReplaceAllLiteral", &[T, T, T], |c, a| {
        replace_all(c, a, true)
    }),
    fixed("mustRegexSplit", &[T, T, I], split),
    fixed("regexFind", &[T, T], |c, a| {
        find(c, a).map_err(|fault| panicked(&a[0], fault))
    }),
    fixed("regexFindAll", &[T, T, I], |c, a| {
        find_all(c, a).map_err(|fault| panicked(&a[0], fault))
    }),
    // Only this one takes a bad expression for one that does not match.
    fixed("regexMatch", &[T, T], |c, a| {
        Ok(Value::Bool(
            searching(c, &a[0], &a[1]).is_ok_and(|regex| regex.is_match(text(&a[1]))),
        ))
    }),
    fixed("regexQuoteMeta", &[T], |c, a| {
        c.reserve(text(&a[0]).len().saturating_mul(2))?;
        let mut out = Vec::new();
        for byte in text(&a[0]) {
            if b"\\.+*?()|[]{}^$".contains(byte) {
                out.push(b'\\');
            }
            out.push(*byte);
        }
        made(c, out)
    }),
    fixed("regexReplaceAll", &[T, T, T], |c, a| {
        replace_all(c, a, false).map_err(|fault| panicked(&a[0], fault))
    }),
    fixed("regexReplaceAllLiteral", &[T, T, T], |c, a| {
        replace_all(c, a, true).map_err(|fault| panicked(&a[0], fault))
    }),
    fixed("regexSplit", &[T, T, I], |c, a| {
        split(c, a).map_err(|fault| panicked(&a[0], fault))
    }),
];

/// The compiled expression, once the search through a text is paid for.
fn searching(context: &Context<'_>, pattern: &Value, source: &Value) -> Outcome<Rc<Regex>> {
    let regex = compiled(context, pattern)?;
    // At worst every byte is tried against every part of the expression; a count stands for many parts.
    let counted = text(pattern).contains(&b'{');
    let parts = if counted {
        COUNTED_PARTS
    } else {
        text(pattern).len() as u64
    };
    context.spend(parts.saturating_mul(text(source).len() as u64))?;
    Ok(regex)
}

fn compiled(context: &Context<'_>, pattern: &Value) -> Outcome<Rc<Regex>> {
    let source = utf8(pattern)?;
    context.regex(source.as_bytes(), || {
        let fault = |what: String| Fault(format!("error parsing regexp: {what}"));
        let translated = regex_syntax::translate(source).map_err(fault)?;
        RegexBuilder::new(&translated)
            .size_limit(SIZE)
            .nest_limit(NESTING)
            .build()
            .map_err(|error| {
                fault(match error {
                    regex::Error::CompiledTooBig(_) => "expression too large".to_owned(),
                    _ => format!("invalid expression: `{source}`"),
                })
            })
    })
}

/// A bad expression panics in the forms without `must`.
fn panicked(pattern: &Value, fault: Fault) -> Fault {
    match fault.0.strip_prefix("error parsing regexp: ") {
        Some(_) => {
            let pattern = super::super::quote::go(text(pattern));
            let pattern = match pattern.contains('\\') || pattern.contains('`') {
                true => pattern,
                false => format!("`{}`", &pattern[1..pattern.len() - 1]),
            };
            Fault(format!("regexp: Compile({pattern}): {}", fault.0))
        }
        None => fault,
    }
}

fn find(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let regex = searching(context, &arguments[0], &arguments[1])?;
    made(
        context,
        regex
            .find(text(&arguments[1]))
            .map_or_else(Vec::new, |found| found.as_bytes().to_vec()),
    )
}

fn limit(value: &Value) -> usize {
    usize::try_from(int(value)).unwrap_or(usize::MAX)
}

fn find_all(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let regex = searching(context, &arguments[0], &arguments[1])?;
    let mut found = Vec::new();
    for one in regex.find_iter(text(&arguments[1])).take(limit(&arguments[2])) {
        context.reserve_items(1)?;
        context.reserve(one.len())?;
        found.push(Value::text(one.as_bytes()));
    }
    if found.is_empty() {
        return Ok(Value::nil_list(Items::Text));
    }
    Ok(Value::list_of(Items::Text, found))
}

fn replace_all(context: &Context<'_>, arguments: &[Value], literal: bool) -> Outcome {
    let regex = searching(context, &arguments[0], &arguments[1])?;
    let (source, by) = (text(&arguments[1]), text(&arguments[2]));
    let mut out = Vec::new();
    let mut from = 0;
    for captures in regex.captures_iter(source) {
        let Some(whole) = captures.get(0) else { continue };
        // Each `$` may stand for the whole match.
        let dollars = if literal {
            0
        } else {
            memchr::memchr_iter(b'$', by).count()
        };
        let most = by.len().saturating_add(dollars.saturating_mul(whole.len()));
        let most = most.saturating_add(whole.start() - from);
        if out.len().saturating_add(most) > context.output() {
            context.reserve(context.output() + 1)?;
        }
        context.reserve(most)?;
        out.extend_from_slice(&source[from..whole.start()]);
        if literal {
            out.extend_from_slice(by);
        } else {
            captures.expand(by, &mut out);
        }
        from = whole.end();
    }
    out.extend_from_slice(&source[from..]);
    made(context, out)
}

fn split(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let regex = searching(context, &arguments[0], &arguments[1])?;
    let (source, most) = (text(&arguments[1]), limit(&arguments[2]));
    if most == 0 {
        return Ok(Value::nil_list(Items::Text));
    }
    if source.is_empty() && !text(&arguments[0]).is_empty() {
        return Ok(Value::texts([""]));
    }
    let (mut parts, mut from, mut end) = (Vec::new(), 0, 0);
    for found in regex.find_iter(source).take(most) {
        if parts.len() + 1 == most {
            break;
        }
        end = found.start();
        if found.end() != 0 {
            context.reserve_items(1)?;
            context.reserve(end - from)?;
            parts.push(Value::text(&source[from..end]));
        }
        from = found.end();
    }
    if end != source.len() {
        parts.push(Value::text(&source[from..]));
    }
    Ok(Value::list_of(Items::Text, parts))
}

/// Most bytes of a compiled expression.
const SIZE: usize = 1 << 18;
/// What an expression with counts (`a{9}`) is taken to be made of.
const COUNTED_PARTS: u64 = 1_000;
/// Deepest nesting of an expression.
const NESTING: u32 = 200;
