//! Base64 as the peers read it (spec/sealed-secrets §1), and where it breaks.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// Reads standard base64: CR and LF are skipped, everything else is strict, but bits behind the last byte are not looked at.
///
/// # Errors
///
/// The offset of the first bad byte, as Go tells it.
pub fn decode_base64(text: impl AsRef<[u8]>) -> Result<Zeroizing<Vec<u8>>, usize> {
    let text = text.as_ref();
    // Almost every text has no line break: one quick pass. The slow one knows line breaks and positions.
    match QUICK.decode(text) {
        Ok(bytes) => Ok(Zeroizing::new(bytes)),
        Err(_) => decode_slowly(text),
    }
}

fn decode_slowly(bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, usize> {
    let mut out = Zeroizing::new(Vec::with_capacity(bytes.len() / 4 * 3 + 3));
    let (mut word, mut digits) = (0_u32, 0_usize);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if is_break(byte) {
            continue;
        }
        if let Some(value) = digit(byte) {
            word = (word << 6) | value;
            digits += 1;
            if digits == 4 {
                out.extend(word.to_be_bytes().get(1..).unwrap_or(&[]));
                (word, digits) = (0, 0);
            }
            continue;
        }
        if byte != b'=' || digits < 2 {
            return Err(at - 1);
        }
        if digits == 2 {
            at = behind_breaks(bytes, at);
            match bytes.get(at) {
                None => return Err(bytes.len()),
                Some(b'=') => at += 1,
                Some(_) => return Err(at - 1),
            }
        }
        at = behind_breaks(bytes, at);
        if at < bytes.len() {
            return Err(at);
        }
        let word = (word << (6 * (4 - digits))).to_be_bytes();
        out.extend(word.get(1..digits).unwrap_or(&[]));
        return Ok(out);
    }
    if digits > 0 {
        Err(bytes.len() - digits)
    } else {
        Ok(out)
    }
}

fn digit(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

fn behind_breaks(bytes: &[u8], at: usize) -> usize {
    at + bytes.iter().skip(at).take_while(|byte| is_break(**byte)).count()
}

const QUICK: GeneralPurpose = GeneralPurpose::new(
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
            let error = decode_base64(text).map(drop);
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
            assert_eq!(decode_base64(text).unwrap().as_slice(), bytes, "{text:?}");
        }
    }

    proptest::proptest! {
        #![proptest_config(gitseal_tests::drawn::cases(256))]

        #[test]
        fn both_readers_agree(text in "[A-Za-z0-9+/]{0,40}={0,3}") {
            let quick = super::QUICK.decode(text.as_bytes());
            let slow = decode_slowly(text.as_bytes());
            proptest::prop_assert_eq!(quick.ok(), slow.ok().map(|bytes| bytes.to_vec()));
        }
    }
}
