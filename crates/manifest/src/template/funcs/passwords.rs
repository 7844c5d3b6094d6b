//! Passwords: hashed with bcrypt, and derived from a master password.

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::{
    super::{
        context::{Context, Fault, Outcome, ROUND},
        value::Value,
    },
    Func, Type, bcrypt, fixed, made, text,
};

const T: Type = Type::Text;

pub(super) static TABLE: [Func; 3] = [
    fixed("bcrypt", &[T], |c, a| {
        made(c, hashed(c, text(&a[0]))?.into_bytes())
    }),
    fixed("derivePassword", &[Type::Uint32, T, T, T, T], derive),
    fixed("htpasswd", &[T, T], |c, a| {
        let user = text(&a[0]);
        if user.contains(&b':') {
            return made(c, [b"invalid username: ", user].concat());
        }
        made(c, [user, b":", hashed(c, text(&a[1]))?.as_bytes()].concat())
    }),
];

/// A hash of a password; a password that is too long gives a text that says so, as sprig has it.
fn hashed(context: &Context<'_>, password: &[u8]) -> Outcome<String> {
    if password.len() > bcrypt::MAX_PASSWORD {
        return Ok(format!(
            "failed to encrypt string with bcrypt: bcrypt: password length exceeds {} bytes",
            bcrypt::MAX_PASSWORD
        ));
    }
    context.spend(SLOW)?;
    let mut salt = [0; bcrypt::SALT];
    salt.copy_from_slice(&context.random(bcrypt::SALT)?);
    Ok(bcrypt::hash(password, &salt))
}

/// The Master Password algorithm, version 3 without its variants.
fn derive(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let (kind, password) = (text(&arguments[1]), text(&arguments[2]));
    let (user, site) = (text(&arguments[3]), text(&arguments[4]));
    let counter = arguments[0].unsigned().unwrap_or(0) as u32;
    let Some((_, shapes)) = SHAPES.iter().find(|(name, _)| name.as_bytes() == kind) else {
        return made(context, [b"cannot find password template ", kind].concat());
    };
    context.spend(SLOW)?;
    let failed = |_| Fault::new("failed to derive password");
    let parameters = scrypt::Params::new(15, 8, 2).map_err(|_| Fault::new("failed to derive password"))?;
    let mut key = Zeroizing::new([0; 64]);
    let salt = [NAMESPACE, &length(user), user].concat();
    scrypt::scrypt(password, &salt, &parameters, &mut key[..]).map_err(failed)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key[..]);
    let seed = hmac::sign(
        &key,
        &[NAMESPACE, &length(site), site, &counter.to_be_bytes()].concat(),
    );
    let seed = seed.as_ref();
    let shape = shapes[usize::from(seed[0]) % shapes.len()];
    let derived = shape.bytes().zip(&seed[1..]).map(|(class, byte)| {
        let characters = characters(class).as_bytes();
        characters[usize::from(*byte) % characters.len()]
    });
    made(context, derived.collect())
}

fn length(text: &[u8]) -> [u8; 4] {
    (text.len() as u32).to_be_bytes()
}

/// Characters that a letter of a shape stands for.
fn characters(class: u8) -> &'static str {
    match class {
        b'V' => "AEIOU",
        b'C' => "BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => "aeiou",
        b'c' => "bcdfghjklmnpqrstvwxyz",
        b'A' => "AEIOUBCDFGHJKLMNPQRSTVWXYZ",
        b'a' => "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => "0123456789",
        b'o' => "@&%?,=[]_:-+*$#!'^~;()/.",
        _ => "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

/// Work of one slow hash: fifty of them fill the default limit.
const SLOW: u64 = 20_000 * ROUND;
const NAMESPACE: &[u8] = b"com.lyndir.masterpassword";

/// Shapes of passwords, by kind.
const SHAPES: [(&str, &[&str]); 6] = [
    ("maximum", &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"]),
    (
        "long",
        &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
    ),
    ("medium", &["CvcnoCvc", "CvcCvcno"]),
    ("short", &["Cvcn"]),
    ("basic", &["aaanaaan", "aannaaan", "aaannaaa"]),
    ("pin", &["nnnn"]),
];
