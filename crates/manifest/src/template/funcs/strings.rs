//! Functions of texts. Most work on bytes, as Go's do; those that need characters refuse what is not UTF-8.

use memchr::memmem;

use super::{
    super::{
        context::{Context, Fault, Outcome},
        quote,
        value::{Items, Value},
    },
    Func, Type,
    escape::{escape_html, escape_js, escaper},
    fixed, int, made,
    shapes::{abbreviate, abbreviate_both, wrap},
    shown, text, utf8, variadic,
};

const T: Type = Type::Text;
const I: Type = Type::Int;
const A: Type = Type::Any;

pub(super) static TABLE: [Func; 38] = [
    fixed("abbrev", &[I, T], |c, a| {
        made(c, abbreviate(text(&a[1]), 0, int(&a[0])).to_vec())
    }),
    fixed("abbrevboth", &[I, I, T], |c, a| {
        made(c, abbreviate_both(text(&a[2]), int(&a[0]), int(&a[1])))
    }),
    variadic("cat", &[], A, cat),
    fixed("contains", &[T, T], |_, a| {
        Ok(Value::Bool(memmem::find(text(&a[1]), text(&a[0])).is_some()))
    }),
    fixed("hasPrefix", &[T, T], |_, a| {
        Ok(Value::Bool(text(&a[1]).starts_with(text(&a[0]))))
    }),
    fixed("hasSuffix", &[T, T], |_, a| {
        Ok(Value::Bool(text(&a[1]).ends_with(text(&a[0]))))
    }),
    fixed("indent", &[I, T], |c, a| indent(c, b"", int(&a[0]), text(&a[1]))),
    fixed("join", &[T, A], |c, a| join(c, text(&a[0]), &a[1])),
    fixed("nindent", &[I, T], |c, a| {
        indent(c, b"\n", int(&a[0]), text(&a[1]))
    }),
    fixed("nospace", &[T], nospace),
    fixed("plural", &[T, T, I], |_, a| {
        Ok(a[usize::from(int(&a[2]) != 1)].clone())
    }),
    variadic("quote", &[], A, |c, a| {
        quoted(c, a, |text| quote::go(text).into_bytes())
    }),
    fixed("repeat", &[I, T], |c, a| {
        Ok(Value::text(repeat(c, text(&a[1]), int(&a[0]))?))
    }),
    fixed("replace", &[T, T, T], replace),
    fixed("split", &[T, T], |c, a| {
        split_map(c, &split(c, text(&a[1]), text(&a[0]), -1)?)
    }),
    fixed("splitList", &[T, T], |c, a| {
        Ok(Value::texts(split(c, text(&a[1]), text(&a[0]), -1)?))
    }),
    fixed("splitn", &[T, I, T], |c, a| {
        split_map(c, &split(c, text(&a[2]), text(&a[0]), int(&a[1]))?)
    }),
    variadic("squote", &[], A, |c, a| {
        quoted(c, a, |text| [b"'", text, b"'"].concat())
    }),
    fixed("substr", &[I, I, T], substring),
    fixed("toString", &[A], |c, a| shown(c, &a[0])),
    fixed("toStrings", &[A], |c, a| strings(c, &a[0])),
    fixed("trim", &[T], |c, a| trim_space(c, &a[0])),
    fixed("trimAll", &[T, T], trim_all),
    fixed("trimPrefix", &[T, T], |c, a| {
        let kept = text(&a[1])
            .strip_prefix(text(&a[0]))
            .unwrap_or_else(|| text(&a[1]));
        made(c, kept.to_vec())
    }),
    fixed("trimSuffix", &[T, T], |c, a| {
        let kept = text(&a[1])
            .strip_suffix(text(&a[0]))
            .unwrap_or_else(|| text(&a[1]));
        made(c, kept.to_vec())
    }),
    fixed("trimall", &[T, T], trim_all),
    fixed("trunc", &[I, T], truncate),
    fixed("wrap", &[I, T], |c, a| {
        wrap(c, text(&a[1]), int(&a[0]), b"", false)
    }),
    fixed("wrapWith", &[I, T, T], |c, a| {
        wrap(c, text(&a[2]), int(&a[0]), text(&a[1]), true)
    }),
    fixed("atoi", &[T], |_, a| {
        Ok(Value::Int(utf8(&a[0]).ok().and_then(atoi).unwrap_or(0)))
    }),
    fixed("hello", &[], |_, _| Ok(Value::text("Hello!"))),
    fixed("fail", &[T], |_, a| {
        Err(Fault::new(String::from_utf8_lossy(text(&a[0]))))
    }),
    fixed("sortAlpha", &[A], sort_alpha),
    variadic("html", &[], A, |c, a| escaper(c, a, escape_html)),
    variadic("js", &[], A, |c, a| escaper(c, a, escape_js)),
    variadic("urlquery", &[], A, |c, a| escaper(c, a, super::url::query_escape)),
    variadic("print", &[], A, super::super::print::print),
    variadic("println", &[], A, super::super::print::println),
];

/// The value as a list of texts: items that are not nil, or the value itself.
pub(super) fn strings(context: &Context<'_>, value: &Value) -> Outcome {
    match value {
        Value::List(list) if list.kind == Items::Text => Ok(value.clone()),
        Value::List(list) => {
            let items = list.items.borrow();
            context.reserve_items(items.len())?;
            let items = items.iter().filter(|item| !matches!(item, Value::Nil));
            Ok(Value::list_of(
                Items::Text,
                items.map(|item| shown(context, item)).collect::<Outcome<_>>()?,
            ))
        }
        Value::Nil => Ok(Value::list_of(Items::Text, Vec::new())),
        other => Ok(Value::list_of(Items::Text, vec![shown(context, other)?])),
    }
}

fn join(context: &Context<'_>, separator: &[u8], value: &Value) -> Outcome {
    let Value::List(list) = strings(context, value)? else {
        return made(context, Vec::new());
    };
    let items = list.items.borrow();
    let size = items.iter().map(|item| text(item).len() + separator.len()).sum();
    context.reserve(size)?;
    let mut out = Vec::with_capacity(size);
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            out.extend_from_slice(separator);
        }
        out.extend_from_slice(text(item));
    }
    Ok(Value::text(out))
}

/// Sorts a list of texts in its place, as sprig does; of another list, a copy.
fn sort_alpha(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let Value::List(_) = &arguments[0] else {
        return Ok(Value::list_of(Items::Text, vec![shown(context, &arguments[0])?]));
    };
    let sorted = strings(context, &arguments[0])?;
    if let Value::List(list) = &sorted {
        list.items
            .borrow_mut()
            .sort_by(|left, right| text(left).cmp(text(right)));
    }
    Ok(sorted)
}

fn cat(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let values: Vec<Value> = arguments
        .iter()
        .filter(|value| !matches!(value, Value::Nil))
        .cloned()
        .collect();
    join(context, b" ", &Value::list(values))
}

fn quoted(context: &Context<'_>, arguments: &[Value], quote: fn(&[u8]) -> Vec<u8>) -> Outcome {
    let mut out = Vec::new();
    for value in arguments.iter().filter(|value| !matches!(value, Value::Nil)) {
        let value = shown(context, value)?;
        context.reserve(text(&value).len().saturating_mul(4))?;
        let quoted = quote(text(&value));
        out.push(Value::text(quoted));
    }
    join(context, b" ", &Value::list_of(Items::Text, out))
}

fn repeat(context: &Context<'_>, text: &[u8], count: i64) -> Outcome<Vec<u8>> {
    let count = usize::try_from(count).map_err(|_| Fault::new("strings: negative Repeat count"))?;
    context.reserve(text.len().saturating_mul(count))?;
    Ok(if text.is_empty() {
        Vec::new()
    } else {
        text.repeat(count)
    })
}

fn indent(context: &Context<'_>, start: &[u8], spaces: i64, text: &[u8]) -> Outcome {
    let pad = repeat(context, b" ", spaces)?;
    let lines = 1 + memchr::memchr_iter(b'\n', text).count();
    let size = lines.saturating_mul(pad.len()).saturating_add(text.len() + 1);
    context.reserve(size)?;
    let mut out = Vec::with_capacity(size);
    out.extend_from_slice(start);
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if number > 0 {
            out.push(b'\n');
        }
        out.extend_from_slice(&pad);
        out.extend_from_slice(line);
    }
    Ok(Value::text(out))
}

fn replace(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let (old, new, source) = (text(&arguments[0]), text(&arguments[1]), text(&arguments[2]));
    if old.is_empty() {
        let source = utf8(&arguments[2])?;
        let size = (source.chars().count() + 1)
            .saturating_mul(new.len())
            .saturating_add(source.len());
        context.reserve(size)?;
        let mut out = Vec::with_capacity(size);
        out.extend_from_slice(new);
        for character in source.chars() {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            out.extend_from_slice(new);
        }
        return Ok(Value::text(out));
    }
    let found: Vec<usize> = memmem::find_iter(source, old).collect();
    let size = source.len() - found.len() * old.len() + found.len().saturating_mul(new.len());
    context.reserve(size)?;
    let mut out = Vec::with_capacity(size);
    let mut from = 0;
    for at in found {
        out.extend_from_slice(&source[from..at]);
        out.extend_from_slice(new);
        from = at + old.len();
    }
    out.extend_from_slice(&source[from..]);
    Ok(Value::text(out))
}

/// Parts between separators; at most `count` of them unless it is negative. An empty separator parts characters.
fn split<'t>(
    context: &Context<'_>,
    source: &'t [u8],
    separator: &[u8],
    count: i64,
) -> Outcome<Vec<&'t [u8]>> {
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    if most == 0 {
        return Ok(Vec::new());
    }
    let mut parts = Vec::new();
    let mut rest = source;
    while parts.len() + 1 < most {
        let (part, after) = if separator.is_empty() {
            let chunk = &rest[..rest.len().min(4)];
            let first = chunk
                .utf8_chunks()
                .next()
                .and_then(|chunk| chunk.valid().chars().next());
            let length = first.map_or(1, char::len_utf8).min(rest.len());
            if length == rest.len() {
                break;
            }
            (length, length)
        } else {
            match memmem::find(rest, separator) {
                Some(at) => (at, at + separator.len()),
                None => break,
            }
        };
        context.reserve_items(1)?;
        parts.push(&rest[..part]);
        rest = &rest[after..];
    }
    if !separator.is_empty() || !rest.is_empty() {
        parts.push(rest);
    }
    context.reserve(source.len())?;
    Ok(parts)
}

fn split_map(context: &Context<'_>, parts: &[&[u8]]) -> Outcome {
    context.reserve_items(2 * parts.len())?;
    let parts = parts.iter().enumerate();
    Ok(Value::text_map(
        parts
            .map(|(number, part)| (format!("_{number}").into(), Value::text(*part)))
            .collect(),
    ))
}

fn out_of_range(range: &str) -> Fault {
    Fault::new(format!("runtime error: slice bounds out of range {range}"))
}

fn substring(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let (start, end, source) = (int(&arguments[0]), int(&arguments[1]), text(&arguments[2]));
    let length = source.len() as i64;
    let (from, to) = if start < 0 {
        if end < 0 {
            return Err(out_of_range(&format!("[:{end}]")));
        }
        if end > length {
            return Err(out_of_range(&format!("[:{end}] with length {length}")));
        }
        (0, end)
    } else if end < 0 || end > length {
        (start, length)
    } else {
        (start, end)
    };
    if from > to {
        return Err(out_of_range(&format!("[{from}:{to}]")));
    }
    made(context, source[from as usize..to as usize].to_vec())
}

fn truncate(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let (count, source) = (int(&arguments[0]), text(&arguments[1]));
    let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let kept = if size >= source.len() {
        source
    } else if count < 0 {
        &source[source.len() - size..]
    } else {
        &source[..size]
    };
    made(context, kept.to_vec())
}

fn trim_space(context: &Context<'_>, value: &Value) -> Outcome {
    let kept = match std::str::from_utf8(text(value)) {
        Ok(text) => text.trim().as_bytes(),
        Err(_) => text(value).trim_ascii(),
    };
    made(context, kept.to_vec())
}

fn trim_all(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let cut: Vec<char> = utf8(&arguments[0])?.chars().collect();
    made(
        context,
        utf8(&arguments[1])?.trim_matches(&cut[..]).as_bytes().to_vec(),
    )
}

/// A byte as the character of its number: so sprig's helpers read texts, and so they spoil what is not ASCII.
fn latin(byte: u8) -> char {
    char::from(byte)
}

fn nospace(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let source = text(&arguments[0]);
    if !source.iter().any(|byte| latin(*byte).is_whitespace()) {
        return Ok(arguments[0].clone());
    }
    let kept: String = source
        .iter()
        .map(|byte| latin(*byte))
        .filter(|letter| !letter.is_whitespace())
        .collect();
    made(context, kept.into_bytes())
}

/// First letters of words, byte by byte.
pub(super) fn initials(source: &[u8]) -> String {
    let mut gap = true;
    let mut out = String::new();
    for byte in source {
        let letter = latin(*byte);
        if letter.is_whitespace() {
            gap = true;
        } else if gap {
            out.push(letter);
            gap = false;
        }
    }
    out
}

/// A decimal number; one that is too large is the largest, as in Go when nobody looks at the error.
pub(super) fn atoi(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(if negative { i64::MIN } else { i64::MAX }))
}
