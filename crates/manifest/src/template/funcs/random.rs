//! Random texts and numbers.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    super::{
        context::{Context, Fault, Outcome},
        value::Value,
    },
    Func, Type, fixed, int, made, utf8,
};

const I: &[Type] = &[Type::Int];

pub(super) static TABLE: [Func; 6] = [
    fixed("randAlpha", I, |c, a| chosen(c, int(&a[0]), LETTERS)),
    fixed("randAlphaNum", I, |c, a| chosen(c, int(&a[0]), BOTH)),
    fixed("randAscii", I, |c, a| {
        let printable: Vec<u8> = (b' '..=b'~').collect();
        chosen(c, int(&a[0]), &printable)
    }),
    fixed("randBytes", I, |c, a| {
        let count = usize::try_from(int(&a[0]));
        let count = count.map_err(|_| Fault::new("runtime error: makeslice: len out of range"))?;
        made(c, STANDARD.encode(&*c.random(count)?).into_bytes())
    }),
    fixed("randNumeric", I, |c, a| chosen(c, int(&a[0]), DIGITS)),
    fixed("uuidv4", &[], uuid),
];

/// Characters of a set, each as likely as the others; none for a negative count.
fn chosen(context: &Context<'_>, count: i64, set: &[u8]) -> Outcome {
    let count = usize::try_from(count).unwrap_or(0);
    context.reserve(count)?;
    let mut out = Vec::with_capacity(count);
    for _ in 0..count {
        out.push(set[context.random_below(set.len() as u64)? as usize]);
    }
    Ok(Value::text(out))
}

/// A number from the first on and below the second.
pub(super) fn int_between(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let (low, high) = (int(&arguments[0]), int(&arguments[1]));
    let span = u64::try_from(high.wrapping_sub(low))
        .ok()
        .filter(|span| *span > 0);
    let span = span.ok_or_else(|| Fault::new("invalid argument to Intn"))?;
    Ok(Value::Int(low.wrapping_add(context.random_below(span)? as i64)))
}

/// The characters of a text in another order.
pub(super) fn shuffle(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let mut characters: Vec<char> = utf8(&arguments[0])?.chars().collect();
    context.reserve(4 * characters.len())?;
    for last in (1..characters.len()).rev() {
        let other = context.random_below(last as u64 + 1)? as usize;
        characters.swap(last, other);
    }
    made(context, characters.into_iter().collect::<String>().into_bytes())
}

fn uuid(context: &Context<'_>, _: &[Value]) -> Outcome {
    let mut bytes = context.random(16)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut out = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        out.push_str(&format!("{byte:02x}"));
    }
    made(context, out.into_bytes())
}

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DIGITS: &[u8] = b"0123456789";
const BOTH: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
