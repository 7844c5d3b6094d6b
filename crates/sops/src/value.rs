//! Typed leaves, and their texts for cipher and MAC, for JSON, for dotenv and INI.

mod json;
mod number;
mod time;

use std::borrow::Cow;

use zeroize::Zeroizing;

pub(crate) use json::{push_plain_string, push_sops_string};
pub(crate) use time::seconds as seconds_rfc3339;

/// A leaf of the tree.
///
/// Holds plaintext: no `Debug`, no `Clone`, no `PartialEq`; [`same`](Self::same) compares type and content.
pub enum Value {
    /// Never encrypted, never hashed.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A signed 64-bit integer.
    Int(i64),
    /// An integer that fits only an unsigned 64-bit type. SOPS refuses it when it walks the tree.
    Uint64(u64),
    /// An IEEE double.
    Float(f64),
    /// RFC 3339 with up to nine fractional digits, trailing zeros dropped, `Z` for UTC: the canonical text.
    Time(Zeroizing<String>),
    /// A byte string, not necessarily UTF-8.
    Str(Zeroizing<Vec<u8>>),
}

impl Value {
    /// A string value from bytes.
    pub fn str(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Str(Zeroizing::new(bytes.into()))
    }

    /// A time from any of the timestamp forms of YAML (`2001-1-1`, `2001-12-14 21:59:43.1`, RFC 3339 with short
    /// numbers); `None` if it is none of them or no valid date.
    pub fn time_from_yaml(text: &str) -> Option<Self> {
        time::from_yaml(text).map(|text| Self::Time(Zeroizing::new(text)))
    }

    /// The type tag of the ciphertext: `str`, `int`, `float`, `bool`, `time`; `None` for null and `Uint64`.
    pub fn type_tag(&self) -> Option<&'static str> {
        match self {
            Self::Null | Self::Uint64(_) => None,
            Self::Bool(_) => Some("bool"),
            Self::Int(_) => Some("int"),
            Self::Float(_) => Some("float"),
            Self::Time(_) => Some("time"),
            Self::Str(_) => Some("str"),
        }
    }

    /// The bytes that are encrypted and hashed (spec/sops-format §3.2): `True`, shortest float without exponent, …
    /// Null gives no bytes. Borrowed where nothing is formatted.
    pub fn canonical(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Null => Cow::Borrowed(b""),
            Self::Bool(true) => Cow::Borrowed(b"True"),
            Self::Bool(false) => Cow::Borrowed(b"False"),
            Self::Int(int) => Cow::Owned(int.to_string().into_bytes()),
            Self::Uint64(int) => Cow::Owned(int.to_string().into_bytes()),
            Self::Float(float) => Cow::Owned(number::positional(*float).into_bytes()),
            Self::Time(text) => Cow::Borrowed(text.as_bytes()),
            Self::Str(bytes) => Cow::Borrowed(bytes),
        }
    }

    /// Restores a value from the type tag and the decrypted text. `comment` and `bytes` give `Str`.
    /// `None` if the text does not parse as that type, or there is no such type.
    pub fn restore(type_tag: &str, text: &[u8]) -> Option<Self> {
        if matches!(type_tag, "str" | "comment" | "bytes") {
            return Some(Self::str(text));
        }
        let text = std::str::from_utf8(text).ok()?;
        match type_tag {
            "int" => text.parse().ok().map(Self::Int),
            "float" => number::parse_float(text).map(Self::Float),
            "bool" => match text {
                "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(Self::Bool(true)),
                "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(Self::Bool(false)),
                _ => None,
            },
            "time" => time::canonical(text).map(|text| Self::Time(Zeroizing::new(text))),
            _ => None,
        }
    }

    /// Same type and same content (floats by bits, so that `-0` and `0` differ and NaN equals itself).
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Uint64(a), Self::Uint64(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
            (Self::Time(a), Self::Time(b)) => a.as_str() == b.as_str(),
            (Self::Str(a), Self::Str(b)) => a.as_slice() == b.as_slice(),
            (
                Self::Null
                | Self::Bool(_)
                | Self::Int(_)
                | Self::Uint64(_)
                | Self::Float(_)
                | Self::Time(_)
                | Self::Str(_),
                _,
            ) => false,
        }
    }

    /// A copy; explicit because it doubles plaintext in memory.
    pub fn duplicate(&self) -> Self {
        match self {
            Self::Null => Self::Null,
            Self::Bool(bool) => Self::Bool(*bool),
            Self::Int(int) => Self::Int(*int),
            Self::Uint64(int) => Self::Uint64(*int),
            Self::Float(float) => Self::Float(*float),
            Self::Time(text) => Self::Time(text.clone()),
            Self::Str(bytes) => Self::Str(bytes.clone()),
        }
    }

    /// The *simple text form* of dotenv, INI and exec-env (spec/sops-format §8.4): `true`, `<nil>`, `1.0`, `1E+06`.
    pub fn simple_text(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::Null => b"<nil>".to_vec(),
            Self::Bool(bool) => bool.to_string().into_bytes(),
            Self::Int(int) => int.to_string().into_bytes(),
            Self::Uint64(int) => int.to_string().into_bytes(),
            Self::Float(float) => number::simple(*float).into_bytes(),
            // Times lose their fraction here, as in SOPS.
            Self::Time(text) => time::seconds(text)
                .unwrap_or_else(|| text.to_string())
                .into_bytes(),
            Self::Str(bytes) => return bytes.clone(),
        })
    }

    /// The JSON text as SOPS writes it: `1e+21`, `"…"` with `<`, `>` and `&` escaped, `true`; `None` for infinities
    /// and NaN.
    pub fn json_text(&self) -> Option<Zeroizing<String>> {
        let mut out = Zeroizing::new(String::new());
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
            Self::Int(int) => out.push_str(&int.to_string()),
            Self::Uint64(int) => out.push_str(&int.to_string()),
            Self::Float(float) => out.push_str(&number::json(*float)?),
            Self::Time(text) => push_sops_string(&mut out, text.as_bytes()),
            Self::Str(bytes) => push_sops_string(&mut out, bytes),
        }
        Some(out)
    }
}
