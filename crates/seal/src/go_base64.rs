//! Base64 as the peer reads it: Go's, errors with Go's positions.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::Base64Error;

/// Reads standard base64: CR and LF are skipped anywhere, padding is needed, bits behind the last byte are not looked
/// at, and the position of an error is the one that Go tells.
///
/// Source: spec/sealed-secrets §1. Vectors: `tests/vectors/sealed/base64.json`.
pub(crate) fn decode_base64(text: &[u8]) -> Result<Vec<u8>, Base64Error> {
    // Almost every text has no line break: one quick pass. The slow one knows line breaks and positions.
    GO.decode(text).or_else(|_| decode_slowly(text))
}

fn decode_slowly(text: &[u8]) -> Result<Vec<u8>, Base64Error> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut quantum = Quantum::default();
    for (at, byte) in text.iter().copied().enumerate() {
        if matches!(byte, b'\r' | b'\n') {
            continue;
        }
        let Some(bits) = sextet(byte) else {
            if byte != b'=' || quantum.filled < 2 {
                return Err(Base64Error { at });
            }
            padding(text, at, quantum.filled)?;
            quantum.finish(&mut out);
            return Ok(out);
        };
        quantum.bits = quantum.bits << 6 | bits;
        quantum.filled += 1;
        if quantum.filled == 4 {
            quantum.finish(&mut out);
        }
    }
    match quantum.filled {
        0 => Ok(out),
        missing => Err(Base64Error {
            at: text.len() - missing,
        }),
    }
}

/// Checks that the padding which begins at `at` is whole and that nothing but line breaks follows.
fn padding(text: &[u8], at: usize, filled: usize) -> Result<(), Base64Error> {
    let next = |from: usize| {
        (from..text.len())
            .find(|at| !matches!(text[*at], b'\r' | b'\n'))
            .unwrap_or(text.len())
    };
    let mut rest = next(at + 1);
    if filled == 2 {
        match text.get(rest) {
            Some(b'=') => rest = next(rest + 1),
            Some(_) => return Err(Base64Error { at: rest - 1 }),
            None => return Err(Base64Error { at: text.len() }),
        }
    }
    if rest < text.len() {
        return Err(Base64Error { at: rest });
    }
    Ok(())
}

#[derive(Default)]
struct Quantum {
    bits: u32,
    filled: usize,
}

impl Quantum {
    fn finish(&mut self, out: &mut Vec<u8>) {
        let bytes = (self.bits << (6 * (4 - self.filled))).to_be_bytes();
        out.extend_from_slice(&bytes[1..self.filled]);
        *self = Self::default();
    }
}

fn sextet(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

const GO: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

#[cfg(test)]
mod tests {
    use base64::Engine;

    use super::{decode_base64, decode_slowly};

    #[test]
    fn errors_stand_where_go_puts_them() {
        for (text, at) in [
            ("!!!!", 0),
            ("AAAA AAAA", 4),
            ("AAA", 0),
            ("AAAAAA", 4),
            ("AAAAA\nA", 5),
            ("AA=", 3),
            ("AA=A", 2),
            ("A===", 1),
            ("=", 0),
            ("AAA=AAAA", 4),
            ("AA==\n=", 5),
            ("AA\n=\nx", 4),
        ] {
            let error = decode_base64(text.as_bytes()).map_err(|error| error.at);
            assert_eq!(error, Err(at), "{text:?}");
        }
    }

    #[test]
    fn line_breaks_and_loose_bits_are_read() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("\r\n", b""),
            ("aHVu\ndGVyMg=\r\n=\n", b"hunter2"),
            ("YR==", b"a"),
            ("YWJ=", b"ab"),
        ] {
            assert_eq!(decode_base64(text.as_bytes()).as_deref(), Ok(bytes), "{text:?}");
        }
    }

    proptest::proptest! {
        #![proptest_config(gitseal_tests::drawn::cases(256))]

        #[test]
        fn both_readers_agree(text in "[A-Za-z0-9+/]{0,40}={0,3}") {
            let quick = super::GO.decode(text.as_bytes());
            let slow = decode_slowly(text.as_bytes());
            proptest::prop_assert_eq!(quick.ok(), slow.ok());
        }
    }
}
