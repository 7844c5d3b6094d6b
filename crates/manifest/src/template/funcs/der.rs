//! As much DER and PEM as private keys need to be written the way Go does.

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::KeyPair;
use zeroize::Zeroizing;

/// PEM with lines of 64 characters.
pub(super) fn pem_text(tag: &str, der: &[u8]) -> Vec<u8> {
    let body = Zeroizing::new(STANDARD.encode(der));
    let mut out = Vec::with_capacity(body.len() * 66 / 64 + 80);
    out.extend_from_slice(format!("-----BEGIN {tag}-----\n").as_bytes());
    for line in body.as_bytes().chunks(64) {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.extend_from_slice(format!("-----END {tag}-----\n").as_bytes());
    out
}

/// One DER element: tag, content, rest.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        (
            bytes.iter().try_fold(0usize, |sum, byte| {
                Some(sum.checked_mul(256)? + usize::from(*byte))
            })?,
            rest,
        )
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// The octets of the key in PKCS#8.
pub(super) fn pkcs8_inner(der: &[u8]) -> Option<&[u8]> {
    let (_, body, _) = element(der)?;
    let (_, _version, rest) = element(body)?;
    let (_, _algorithm, rest) = element(rest)?;
    let (tag, key, _) = element(rest)?;
    (tag == 4).then_some(key)
}

fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    if length < 0x80 {
        out.push(length as u8);
    } else if length < 0x100 {
        out.extend([0x81, length as u8]);
    } else {
        out.extend([0x82, (length >> 8) as u8, length as u8]);
    }
    out.extend_from_slice(content);
    out
}

/// An EC key (RFC 5915) with curve and public key, which Go writes always.
pub(super) fn sec1(pair: &KeyPair, der: &[u8]) -> Option<Vec<u8>> {
    let (_, body, _) = element(der)?;
    let (_, _version, rest) = element(body)?;
    let (_, secret, _) = element(rest)?;
    let curve: &[u8] = if pair.is_compatible(&rcgen::PKCS_ECDSA_P256_SHA256) {
        &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]
    } else if pair.is_compatible(&rcgen::PKCS_ECDSA_P384_SHA384) {
        &[6, 5, 0x2b, 0x81, 4, 0, 0x22]
    } else {
        &[6, 5, 0x2b, 0x81, 4, 0, 0x23]
    };
    let public = wrapped(3, &[&[0], pair.public_key_raw()].concat());
    let parts = [
        &[2, 1, 1],
        &wrapped(4, secret)[..],
        &wrapped(0xa0, curve),
        &wrapped(0xa1, &public),
    ];
    Some(wrapped(0x30, &parts.concat()))
}
