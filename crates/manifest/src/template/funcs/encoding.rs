//! Base64, base32 and JSON.

use super::{
    super::{
        context::{Context, Fault, Outcome},
        json::{self, Style},
        value::Value,
    },
    Func, Type, fixed, made, text,
};
use base64::{Engine, engine::general_purpose::STANDARD};

const A: &[Type] = &[Type::Any];
const T: &[Type] = &[Type::Text];

pub(super) static TABLE: [Func; 12] = [
    fixed("b32dec", T, |c, a| {
        decoded(c, base32_decode(text(&a[0])), "base32")
    }),
    fixed("b32enc", T, |c, a| {
        c.reserve(text(&a[0]).len().saturating_mul(2))?;
        made(c, base32_encode(text(&a[0])))
    }),
    fixed("b64dec", T, |c, a| {
        decoded(c, base64_decode(text(&a[0])), "base64")
    }),
    fixed("b64enc", T, |c, a| {
        c.reserve(text(&a[0]).len().saturating_mul(2))?;
        made(c, STANDARD.encode(text(&a[0])).into_bytes())
    }),
    fixed("fromJson", T, |c, a| {
        forgiven(json::read(c, text(&a[0])), || Value::Nil)
    }),
    fixed("mustFromJson", T, |c, a| json::read(c, text(&a[0]))),
    fixed("mustToJson", A, |c, a| json::write(c, &a[0], Style::Compact)),
    fixed("mustToPrettyJson", A, |c, a| json::write(c, &a[0], Style::Pretty)),
    fixed("mustToRawJson", A, |c, a| json::write(c, &a[0], Style::Raw)),
    fixed("toJson", A, |c, a| {
        forgiven(json::write(c, &a[0], Style::Compact), || Value::text(""))
    }),
    fixed("toPrettyJson", A, |c, a| {
        forgiven(json::write(c, &a[0], Style::Pretty), || Value::text(""))
    }),
    fixed("toRawJson", A, |c, a| json::write(c, &a[0], Style::Raw)),
];

/// What is no JSON, or cannot be, is empty; with `must` it is an error. What we alone refuse stays an error.
fn forgiven(outcome: Outcome, empty: fn() -> Value) -> Outcome {
    match outcome {
        Err(Fault(text)) if JSON_ERRORS.iter().any(|start| text.starts_with(start)) => Ok(empty()),
        other => other,
    }
}

/// How Go's errors begin.
const JSON_ERRORS: [&str; 3] = [
    "invalid character",
    "json: unsupported value",
    "unexpected end of JSON input",
];

/// What was decoded; else the error as the value, as sprig has it.
fn decoded(context: &Context<'_>, outcome: Result<Vec<u8>, usize>, name: &str) -> Outcome {
    match outcome {
        Ok(bytes) => made(context, bytes),
        Err(at) => made(
            context,
            format!("illegal {name} data at input byte {at}").into_bytes(),
        ),
    }
}

/// Standard base64 with padding; line breaks are skipped.
///
/// # Errors
///
/// The offset of the byte that Go complains of.
pub(super) fn base64_decode(source: &[u8]) -> Result<Vec<u8>, usize> {
    let kept: Vec<(usize, u8)> = source
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, byte)| !matches!(byte, b'\r' | b'\n'))
        .collect();
    let mut out = Vec::with_capacity(kept.len() / 4 * 3);
    for (number, group) in kept.chunks(4).enumerate() {
        let mut value = 0u64;
        let mut digits = 0;
        for (at, byte) in group {
            match base64_digit(*byte) {
                Some(digit) => value = value << 6 | u64::from(digit),
                None if *byte == b'=' && digits >= 2 => break,
                None => return Err(*at),
            }
            digits += 1;
        }
        match (digits, group.len()) {
            (4, _) => {}
            // Cut off without padding: Go counts from the end.
            (digits, length) if digits == length => return Err(source.len() - digits),
            (2, 3) => return Err(source.len()),
            (2, 4) if group[3].1 != b'=' => return Err(group[3].0 - 1),
            _ => {
                if let Some((at, _)) = kept.get(4 * number + 4) {
                    return Err(*at);
                }
            }
        }
        push(
            &mut out,
            value << (6 * (4 - digits)) >> (8 * (4 - digits)),
            8 * (digits as u32 - 1),
            digits as u32 - 1,
        );
    }
    Ok(out)
}

fn base64_digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// Base32 with padding. What stands behind the padding may be ignored, as in Go.
fn base32_decode(source: &[u8]) -> Result<Vec<u8>, usize> {
    let kept: Vec<u8> = source
        .iter()
        .copied()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .collect();
    let mut out = Vec::with_capacity(kept.len() / 8 * 5);
    let mut at = 0;
    while at < kept.len() {
        let (mut value, mut digits, mut padded) = (0u64, 0, false);
        while digits < 8 {
            let Some(byte) = kept.get(at).copied() else {
                return Err(kept.len() - digits);
            };
            at += 1;
            let left = kept.len() - at;
            if byte == b'=' && digits >= 2 && left < 8 {
                if left + digits < 7 {
                    return Err(kept.len());
                }
                if let Some(bad) = kept[at..].iter().take(7 - digits).position(|byte| *byte != b'=') {
                    return Err(at + bad - 1);
                }
                if matches!(digits, 3 | 6) {
                    return Err(at - 1);
                }
                padded = true;
                break;
            }
            let digit = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'2'..=b'7' => byte - b'2' + 26,
                _ => return Err(at - 1),
            };
            value = value << 5 | u64::from(digit);
            digits += 1;
        }
        let bytes = digits as u32 * 5 / 8;
        push(
            &mut out,
            value >> (digits as u32 * 5 - 8 * bytes),
            8 * bytes,
            bytes,
        );
        if padded {
            break;
        }
    }
    Ok(out)
}

/// The lowest bytes of a number.
fn push(out: &mut Vec<u8>, value: u64, bits: u32, bytes: u32) {
    for index in 1..=bytes {
        out.push((value >> (bits - 8 * index)) as u8);
    }
}

fn base32_encode(source: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(source.len().div_ceil(5) * 8);
    for chunk in source.chunks(5) {
        let mut bytes = [0; 8];
        bytes[3..3 + chunk.len()].copy_from_slice(chunk);
        let value = u64::from_be_bytes(bytes);
        let digits = (chunk.len() * 8).div_ceil(5);
        for index in 0..8 {
            let digit = (value >> (35 - 5 * index)) as usize & 31;
            out.push(if index < digits {
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[digit]
            } else {
                b'='
            });
        }
    }
    out
}
