//! Hashes, and AES as sprig does it.

use aws_lc_rs::{
    cipher::{
        AES_256, DecryptingKey, DecryptionContext, EncryptionContext, PaddedBlockEncryptingKey,
        UnboundCipherKey,
    },
    digest,
    iv::FixedLength,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::{
    super::{
        context::{Context, Fault, Outcome},
        value::Value,
    },
    Func, Type,
    encoding::base64_decode,
    fixed, made, text,
};

const T: Type = Type::Text;

pub(super) static TABLE: [Func; 6] = [
    fixed("adler32sum", &[T], |c, a| {
        made(c, adler32(text(&a[0])).to_string().into_bytes())
    }),
    fixed("decryptAES", &[T, T], decrypt),
    fixed("encryptAES", &[T, T], encrypt),
    fixed("sha1sum", &[T], |c, a| {
        hash(c, &digest::SHA1_FOR_LEGACY_USE_ONLY, text(&a[0]))
    }),
    fixed("sha256sum", &[T], |c, a| hash(c, &digest::SHA256, text(&a[0]))),
    fixed("sha512sum", &[T], |c, a| hash(c, &digest::SHA512, text(&a[0]))),
];

fn hash(context: &Context<'_>, algorithm: &'static digest::Algorithm, source: &[u8]) -> Outcome {
    let mut hex = String::new();
    for byte in digest::digest(algorithm, source).as_ref() {
        hex.push_str(&format!("{byte:02x}"));
    }
    made(context, hex.into_bytes())
}

fn adler32(source: &[u8]) -> u32 {
    let (mut low, mut high) = (1u32, 0u32);
    // So many sums fit into 32 bits before the remainder must be taken.
    for chunk in source.chunks(5552) {
        for byte in chunk {
            low += u32::from(*byte);
            high += low;
        }
        low %= 65_521;
        high %= 65_521;
    }
    high << 16 | low
}

/// The password itself is the key: cut or filled with zeros to 32 bytes.
fn key(password: &[u8]) -> Outcome<UnboundCipherKey> {
    let mut key = Zeroizing::new([0; 32]);
    let length = password.len().min(32);
    key[..length].copy_from_slice(&password[..length]);
    UnboundCipherKey::new(&AES_256, &key[..]).map_err(|_| Fault::new("crypto/aes: invalid key"))
}

/// AES-256-CBC with PKCS#7 padding; base64 of IV and ciphertext.
fn encrypt(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let plain = text(&arguments[1]);
    if plain.is_empty() {
        return Ok(Value::text(""));
    }
    context.reserve(plain.len().saturating_mul(2).saturating_add(64))?;
    let failed = |_| Fault::new("crypto/aes: encryption failed");
    let mut iv = [0; BLOCK];
    iv.copy_from_slice(&context.random(BLOCK)?);
    let mut buffer = Zeroizing::new(Vec::with_capacity(plain.len() + BLOCK));
    buffer.extend_from_slice(plain);
    let sealer = PaddedBlockEncryptingKey::cbc_pkcs7(key(text(&arguments[0]))?).map_err(failed)?;
    sealer
        .less_safe_encrypt(&mut *buffer, EncryptionContext::Iv128(FixedLength::from(iv)))
        .map_err(failed)?;
    made(
        context,
        STANDARD.encode([&iv[..], &buffer[..]].concat()).into_bytes(),
    )
}

/// The padding is not checked, as sprig does not.
fn decrypt(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let sealed = text(&arguments[1]);
    if sealed.is_empty() {
        return Ok(Value::text(""));
    }
    let sealed =
        base64_decode(sealed).map_err(|at| Fault::new(format!("illegal base64 data at input byte {at}")))?;
    let Some((iv, body)) = sealed.split_first_chunk::<BLOCK>() else {
        return Err(Fault::new("runtime error: slice bounds out of range [:16]"));
    };
    if body.len() % BLOCK != 0 {
        return Err(Fault::new("crypto/cipher: input not full blocks"));
    }
    let failed = |_| Fault::new("crypto/aes: decryption failed");
    let mut buffer = Zeroizing::new(body.to_vec());
    let opener = DecryptingKey::cbc(key(text(&arguments[0]))?).map_err(failed)?;
    opener
        .decrypt(&mut buffer, DecryptionContext::Iv128(FixedLength::from(*iv)))
        .map_err(failed)?;
    let Some(padding) = buffer.last() else {
        return Err(Fault::new("runtime error: index out of range [-1]"));
    };
    let plain = buffer
        .len()
        .checked_sub(usize::from(*padding))
        .map(|length| &buffer[..length]);
    made(
        context,
        plain
            .ok_or_else(|| Fault::new("runtime error: slice bounds out of range"))?
            .to_vec(),
    )
}

const BLOCK: usize = 16;
