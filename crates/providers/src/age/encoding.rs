//! Bech32 without a length limit, as age writes keys.

use ::bech32::primitives::checksum::Checksum;
use ::bech32::primitives::decode::CheckedHrpstring;
use ::bech32::{Bech32, Hrp, encode_lower, encode_upper};
use secrecy::SecretString;
use zeroize::Zeroizing;

/// The code of BIP-173 for longer texts: a post-quantum recipient has 1,959 characters.
enum LongBech32 {}

impl Checksum for LongBech32 {
    type MidstateRepr = <Bech32 as Checksum>::MidstateRepr;
    const CODE_LENGTH: usize = 4096;
    const CHECKSUM_LENGTH: usize = Bech32::CHECKSUM_LENGTH;
    const GENERATOR_SH: [Self::MidstateRepr; 5] = Bech32::GENERATOR_SH;
    const TARGET_RESIDUE: Self::MidstateRepr = Bech32::TARGET_RESIDUE;
}

/// The part before the last `1`, in lower case, and the bytes behind it. `None`: not bech32.
pub(crate) fn decode(text: &str) -> Option<(String, Zeroizing<Vec<u8>>)> {
    let checked = CheckedHrpstring::new::<LongBech32>(text).ok()?;
    checked.validate_segwit_padding().ok()?;
    // Sized once: growing would leave a copy of a secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    bytes.extend(checked.byte_iter());
    Some((checked.hrp().to_lowercase(), bytes))
}

/// The 32 bytes of a secret key under this prefix; `None` for anything else.
pub(crate) fn decode_seed(text: &str, hrp: &str) -> Option<Zeroizing<[u8; 32]>> {
    let (found, bytes) = decode(text)?;
    if found != hrp || bytes.len() != 32 {
        return None;
    }
    let mut seed = Zeroizing::new([0; 32]);
    seed.copy_from_slice(&bytes);
    Some(seed)
}

/// A public key as text.
pub(crate) fn encode_public(hrp: &str, bytes: &[u8]) -> String {
    encode_lower::<LongBech32>(Hrp::parse(hrp).expect("a prefix of ours"), bytes)
        .expect("shorter than the code")
}

/// A secret key as text, in upper case.
pub(crate) fn encode_secret(hrp: &str, bytes: &[u8]) -> SecretString {
    encode_upper::<LongBech32>(Hrp::parse(hrp).expect("a prefix of ours"), bytes)
        .expect("shorter than the code")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_code_is_bech32() {
        LongBech32::sanity_check();
        let short = encode_public("age", &[7; 32]);
        assert_eq!(decode(&short).unwrap().1.as_slice(), [7; 32]);
        assert!(::bech32::decode(&short).is_ok());
    }

    #[test]
    fn decode_refuses() {
        let good = encode_public("age", &[7; 32]);
        let mut swapped = good.clone().into_bytes();
        swapped.swap(10, 12);
        swapped[20] ^= 1;
        let cases = [
            ("empty", String::new()),
            ("no separator", "age".into()),
            ("mixed case", good.replacen("age", "Age", 1)),
            ("checksum", String::from_utf8_lossy(&swapped).into_owned()),
            ("cut", good[..good.len() - 1].into()),
        ];
        for (name, text) in cases {
            assert!(decode(&text).is_none(), "case: {name}");
        }
    }
}
