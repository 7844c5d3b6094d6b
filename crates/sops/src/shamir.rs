//! Splitting a data key into shares and back.
//!
//! Byte-wise over GF(2^8) with the polynomial 0x11b. A share is one y byte for each secret byte, then its x. No table
//! lookup and no branch depends on a secret (spec/security S-54). Source: spec/sops-format §6.

use std::collections::BTreeSet;

use secrecy::ExposeSecret;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::{DataKey, KeyShare, Random, RandomError};

/// Why a key is not split.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SplitError {
    /// More shares than there are x values.
    #[error("{0} key groups: at most 255 are possible")]
    Groups(usize),
    /// The random source failed.
    #[error("cannot draw the coefficients")]
    Random(#[source] RandomError),
    /// Fewer than two, or more than there are groups.
    #[error("threshold {threshold} of {groups} key groups: it must be between 2 and their number")]
    Threshold {
        /// Groups needed.
        threshold: u32,
        /// Groups there are.
        groups: usize,
    },
}

/// Why shares do not give a key.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CombineError {
    /// Fewer than two shares.
    #[error("less than two shares cannot be used to reconstruct the secret")]
    TooFew,
    /// Shares of different lengths, or of no byte.
    #[error("all shares must be of the same length")]
    Length,
    /// Two shares with the same x.
    #[error("duplicate share")]
    Duplicate,
    /// What came out is not 32 bytes long.
    #[error("the shares hold no data key of 32 bytes")]
    NotADataKey,
}

/// Splits a data key: share *i* (from 0) is for key group *i* and has x = *i* + 1. Any `threshold` of them recover it.
/// A threshold of 0 means all groups.
///
/// # Errors
///
/// Numbers out of range, or no randomness.
pub fn split(
    key: &DataKey,
    groups: usize,
    threshold: u32,
    random: &mut dyn Random,
) -> Result<Vec<KeyShare>, SplitError> {
    let shares = u8::try_from(groups).map_err(|_| SplitError::Groups(groups))?;
    let needed = if threshold == 0 {
        groups
    } else {
        usize::try_from(threshold).unwrap_or(usize::MAX)
    };
    if needed < 2 || needed > groups {
        return Err(SplitError::Threshold { threshold, groups });
    }
    let secret = key.expose_secret();
    let mut coefficients = Zeroizing::new(vec![0; secret.len() * (needed - 1)]);
    random.fill(&mut coefficients).map_err(SplitError::Random)?;
    Ok((1..=shares)
        .map(|x| {
            let mut share = Vec::with_capacity(secret.len() + 1);
            let rows = coefficients.chunks_exact(needed - 1);
            share.extend(secret.iter().zip(rows).map(|(byte, row)| evaluate(*byte, row, x)));
            share.push(x);
            KeyShare::new(share)
        })
        .collect())
}

/// Recovers a data key from all shares given, at least two. With fewer shares than the threshold the result is a key,
/// but not the one that was split: nothing in a share tells.
///
/// # Errors
///
/// Shares that do not belong together.
pub fn combine(shares: &[&[u8]]) -> Result<DataKey, CombineError> {
    let (first, rest) = shares.split_first().ok_or(CombineError::TooFew)?;
    if rest.is_empty() {
        return Err(CombineError::TooFew);
    }
    let length = first.len();
    if length < 2 || rest.iter().any(|share| share.len() != length) {
        return Err(CombineError::Length);
    }
    let points: Vec<(u8, &[u8])> = shares
        .iter()
        .filter_map(|share| share.split_last())
        .map(|(x, y)| (*x, y))
        .collect();
    if points.iter().map(|(x, _)| *x).collect::<BTreeSet<u8>>().len() != shares.len() {
        return Err(CombineError::Duplicate);
    }
    let mut secret = Zeroizing::new(vec![0; length - 1]);
    for (x, y) in &points {
        let others = points.iter().map(|(other, _)| *other).filter(|other| other != x);
        let basis = others.fold(1, |product, other| mul(product, mul(other, inverse(x ^ other))));
        secret
            .iter_mut()
            .zip(*y)
            .for_each(|(byte, y)| *byte ^= mul(*y, basis));
    }
    DataKey::from_bytes(&secret).ok_or(CombineError::NotADataKey)
}

/// The polynomial with this constant term and these further coefficients, at x.
fn evaluate(constant: u8, coefficients: &[u8], x: u8) -> u8 {
    mul(
        coefficients.iter().rev().fold(0, |sum, next| mul(sum, x) ^ next),
        x,
    ) ^ constant
}

/// Product in the field, one bit of `b` at a time.
fn mul(a: u8, b: u8) -> u8 {
    (0..8).rev().fold(0, |product: u8, bit| {
        let reduced = (product << 1) ^ ((product >> 7).wrapping_neg() & 0x1b);
        reduced ^ (((b >> bit) & 1).wrapping_neg() & a)
    })
}

/// a^254.
fn inverse(a: u8) -> u8 {
    let (mut power, mut product) = (a, 1);
    for _ in 0..7 {
        power = mul(power, power);
        product = mul(product, power);
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that look random and never repeat soon.
    struct Weyl(u64);

    impl Random for Weyl {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
            for byte in bytes {
                self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
                *byte = (self.0.wrapping_mul(self.0 | 1) >> 56) as u8;
            }
            Ok(())
        }
    }

    #[test]
    fn any_threshold_of_shares_recovers_the_key_and_fewer_do_not() {
        let key = DataKey::from_bytes(&[0xA5; 32]).unwrap();
        let shares = split(&key, 5, 3, &mut Weyl(1)).unwrap();
        for subset in 0u32..32 {
            let chosen: Vec<&[u8]> = shares
                .iter()
                .enumerate()
                .filter(|(i, _)| subset >> i & 1 == 1)
                .map(|(_, s)| s.expose_secret())
                .collect();
            let recovered = combine(&chosen);
            match chosen.len() {
                0 | 1 => assert_eq!(recovered.err(), Some(CombineError::TooFew)),
                2 => assert!(
                    recovered.unwrap().expose_secret() != key.expose_secret(),
                    "subset {subset:b}"
                ),
                _ => assert!(
                    recovered.unwrap().expose_secret() == key.expose_secret(),
                    "subset {subset:b}"
                ),
            }
        }
    }

    #[test]
    fn every_field_element_has_an_inverse() {
        for a in 1..=255 {
            assert_eq!(mul(a, inverse(a)), 1, "{a}");
        }
    }

    #[test]
    fn thresholds_out_of_range_are_refused() {
        let key = DataKey::from_bytes(&[1; 32]).unwrap();
        let cases = [
            (3, 1, false),
            (3, 4, false),
            (1, 0, false),
            (3, 0, true),
            (255, 2, true),
            (256, 2, false),
        ];
        for (groups, threshold, fine) in cases {
            assert_eq!(
                split(&key, groups, threshold, &mut Weyl(2)).is_ok(),
                fine,
                "{threshold} of {groups}"
            );
        }
    }

    #[test]
    fn shares_that_do_not_belong_together_are_refused() {
        let cases: [(&[&[u8]], CombineError); 4] = [
            (&[&[1, 1], &[1, 1]], CombineError::Duplicate),
            (&[&[1, 1], &[1, 1, 2]], CombineError::Length),
            (&[&[1], &[2]], CombineError::Length),
            (&[&[1, 1], &[1, 2]], CombineError::NotADataKey),
        ];
        for (shares, want) in cases {
            assert_eq!(combine(shares).err(), Some(want));
        }
    }
}
