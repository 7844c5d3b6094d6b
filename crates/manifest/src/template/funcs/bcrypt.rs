//! bcrypt (`$2a$`): Blowfish with an expensive key schedule.

use blowfish::Blowfish;
use zeroize::Zeroizing;

/// Longest password, in bytes: what is behind would not count.
pub(super) const MAX_PASSWORD: usize = 72;
/// Length of a salt, in bytes.
pub(super) const SALT: usize = 16;

/// The hash of a password as text of 60 characters.
pub(super) fn hash(password: &[u8], salt: &[u8; SALT]) -> String {
    let mut key = Zeroizing::new(Vec::with_capacity(password.len() + 1));
    key.extend_from_slice(password);
    key.push(0);
    let mut cipher: Blowfish = Blowfish::bc_init_state();
    cipher.salted_expand_key(salt, &key);
    for _ in 0..1u32 << COST {
        cipher.bc_expand_key(&key);
        cipher.bc_expand_key(salt);
    }
    let mut out = Vec::with_capacity(24);
    for pair in MAGIC.chunks(8) {
        let word = |bytes: &[u8]| bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
        let mut block = [word(&pair[..4]), word(&pair[4..])];
        for _ in 0..64 {
            block = cipher.bc_encrypt(block);
        }
        out.extend(block.into_iter().flat_map(u32::to_be_bytes));
    }
    // The last byte is left out, as everybody does.
    format!("$2a${COST:02}${}{}", encode(salt), encode(&out[..23]))
}

/// Base64 without padding, in an alphabet of its own.
fn encode(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0; 4];
        group[1..=chunk.len()].copy_from_slice(chunk);
        let value = u32::from_be_bytes(group);
        for index in 0..=chunk.len() {
            out.push(char::from(ALPHABET[(value >> (18 - 6 * index)) as usize & 63]));
        }
    }
    out
}

/// Binary logarithm of the number of rounds.
const COST: u32 = 10;
const MAGIC: &[u8; 24] = b"OrpheanBeholderScryDoubt";
const ALPHABET: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

#[cfg(test)]
mod tests {
    use super::{ALPHABET, SALT, encode, hash};

    /// A hash that other implementations are tested with, too.
    const KNOWN: &str = "$2a$10$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga";

    #[test]
    fn known_hash() {
        let digits = KNOWN.bytes().skip(7).take(22);
        let digits = digits.map(|byte| ALPHABET.iter().position(|known| *known == byte).unwrap_or(0));
        let bits: String = digits.map(|digit| format!("{digit:06b}")).collect();
        let mut salt = [0; SALT];
        for (index, byte) in salt.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&bits[8 * index..8 * index + 8], 2).unwrap_or(0);
        }
        assert_eq!(encode(&salt), KNOWN[7..29]);
        assert_eq!(hash(b"allmine", &salt), KNOWN);
    }
}
