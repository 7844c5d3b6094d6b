//! The end of a text without final line break, where a block scalar is the last value.
//!
//! ```text
//! key: |
//!   last line▏      the text is over: for SOPS the value has no line break either, with `|`, `|-` and `|+` alike
//! ```
//!
//! In the encrypted file the block stands behind it, and the value says `|-` when it is decrypted. That it was `|` or
//! `|+` is said by the quotes around `version`, where sops writes none: single ones for `|`, double ones for `|+`.

use std::ops::Range;

use zeroize::Zeroizing;

use super::BlockPlace;
use super::read::read;
use crate::store::{BytePatch, apply};

/// The header of a block scalar that the end of the text cuts off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ending {
    /// No such scalar, or `|-`: the value says it all.
    #[default]
    Plain,
    /// `|`
    Clip,
    /// `|+`
    Keep,
}

impl Ending {
    /// What the header of the scalar at `tail` says.
    pub(super) fn of(text: &str, tail: Range<usize>) -> Self {
        match sign(text.as_bytes(), &tail) {
            Some((_, b'-')) => Self::Plain,
            Some(_) => Self::Keep,
            None => Self::Clip,
        }
    }

    /// What the last block of a text says.
    pub(super) fn said_by(text: &str, block: &BlockPlace) -> Self {
        let version = block.fields.version.clone().filter(|_| !block.flow);
        match version.and_then(|range| text.as_bytes().get(range.start)) {
            Some(b'\'') => Self::Clip,
            Some(b'"') => Self::Keep,
            _ => Self::Plain,
        }
    }

    /// The version as the block says it.
    pub(super) fn version(self, version: &str) -> String {
        match self {
            Self::Plain => version.to_owned(),
            Self::Clip => format!("'{version}'"),
            Self::Keep => format!("\"{version}\""),
        }
    }

    const fn sign(self) -> &'static str {
        match self {
            Self::Plain => "-",
            Self::Clip => "",
            Self::Keep => "+",
        }
    }
}

/// Gives a last block scalar that is cut off the header that it had; the value stays. Returns where, and how many bytes
/// the text is shorter.
pub(crate) fn restore(text: &mut Zeroizing<Vec<u8>>, ending: Ending) -> Option<(usize, usize)> {
    if ending == Ending::Plain || text.ends_with(b"\n") {
        return None;
    }
    let (_, shape) = read(text).ok()?;
    let (at, b'-') = sign(text, &shape.tail?)? else {
        return None;
    };
    let mut patches = [BytePatch {
        range: at..at + 1,
        bytes: Zeroizing::new(ending.sign().as_bytes().to_vec()),
    }];
    *text = apply(text, &mut patches).ok()?;
    Some((at, 1 - ending.sign().len()))
}

/// The byte that says how a block scalar ends, and where it stands.
pub(super) fn sign(text: &[u8], scalar: &Range<usize>) -> Option<(usize, u8)> {
    let header = text.get(scalar.clone())?;
    let header = header
        .iter()
        .take_while(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    header
        .zip(scalar.start..)
        .find(|(byte, _)| matches!(byte, b'+' | b'-'))
        .map(|(byte, at)| (at, *byte))
}
