//! What is said about an RSA public key in public: its fingerprint and its size.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;

/// An RSA public key as two numbers, big-endian, without leading zeros.
#[derive(Clone, Copy)]
pub(crate) struct PublicNumbers<'a> {
    modulus: &'a [u8],
    exponent: &'a [u8],
}

impl<'a> PublicNumbers<'a> {
    /// Takes both numbers; leading zeros do not count.
    pub(crate) fn new(modulus: &'a [u8], exponent: &'a [u8]) -> Self {
        Self {
            modulus: strip(modulus),
            exponent: strip(exponent),
        }
    }

    /// Size of the key.
    pub(crate) fn bits(self) -> usize {
        let blank = self
            .modulus
            .first()
            .map_or(0, |byte| byte.leading_zeros() as usize);
        self.modulus.len() * 8 - blank
    }

    /// The size, if it is not one that is read.
    pub(crate) fn bad_size(self) -> Option<usize> {
        let bits = self.bits();
        (!SIZES.contains(&bits)).then_some(bits)
    }

    /// `SHA256:` and the unpadded base64 of SHA-256 over the SSH wire form (`ssh-rsa`, exponent, modulus).
    pub(crate) fn fingerprint(self) -> String {
        let mut wire = Vec::with_capacity(self.modulus.len() + self.exponent.len() + 32);
        wire_text(&mut wire, b"ssh-rsa");
        wire_number(&mut wire, self.exponent);
        wire_number(&mut wire, self.modulus);
        let hash = digest(&SHA256, &wire);
        format!("SHA256:{}", BASE64_STANDARD_NO_PAD.encode(hash))
    }
}

fn strip(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

fn wire_text(wire: &mut Vec<u8>, text: &[u8]) {
    // Keys of at most 8192 bits: always far below the limit.
    wire.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    wire.extend_from_slice(text);
}

fn wire_number(wire: &mut Vec<u8>, number: &[u8]) {
    // The wire form is signed: a number whose first bit is set gets a zero in front.
    let zero: &[u8] = match number.first() {
        Some(128..) => &[0],
        Some(_) | None => &[],
    };
    wire_text(wire, &[zero, number].concat());
}

/// Sizes of keys that are read, in bits.
const SIZES: std::ops::RangeInclusive<usize> = 2048..=8192;
