//! SSH keys as age uses them: reading public keys, private keys of every common file form, and locked ones.

use age::Recipient;
use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, Engine};
use ssh_key::public::{Ed25519PublicKey, KeyData};
use ssh_key::{PrivateKey, PublicKey};
use zeroize::Zeroizing;

use super::identity::{BoxIdentity, Held};
use super::ssh_ed25519::{SshEd25519Identity, SshEd25519Recipient};
use super::ssh_rsa::{SshRsaIdentity, SshRsaRecipient};

/// What a private key file held.
pub(crate) enum SshKey {
    /// A key that works.
    Open(Held),
    /// A key that wants a passphrase; its public half lies open beside it.
    Locked(Box<LockedKey>),
}

/// A private key under a passphrase.
pub(crate) struct LockedKey {
    private: PrivateKey,
    /// `ssh-… AAAA…`
    pub(crate) public: String,
    tag: String,
}

impl LockedKey {
    /// Whether a stanza names this key. Nobody is asked for a passphrase before one does.
    pub(crate) fn is_named_by(&self, stanza: &age_core::format::Stanza) -> bool {
        stanza.tag.starts_with("ssh-") && stanza.args.first() == Some(&self.tag)
    }

    /// Takes the lock off; `None`: wrong passphrase.
    pub(crate) fn unlock(&self, passphrase: &str) -> Option<Held> {
        open(&self.private.decrypt(passphrase).ok()?).ok()
    }
}

/// Reads a private key: OpenSSH, PKCS#1 or PKCS#8, Ed25519 or RSA.
///
/// # Errors
///
/// Words about the form, never the content.
pub(crate) fn read_private(text: &[u8]) -> Result<SshKey, String> {
    let text = std::str::from_utf8(text).map_err(|_| UNREADABLE)?;
    if text.contains("Proc-Type: 4,ENCRYPTED") || text.contains("BEGIN ENCRYPTED PRIVATE KEY") {
        return Err(
            "encrypted in an old form; ssh-keygen -p -f FILE brings it to the one of today".to_owned(),
        );
    }
    if let Some(der) = pem(text, "RSA PRIVATE KEY") {
        let (identity, public) = SshRsaIdentity::from_der(&der, true).ok_or(UNREADABLE)?;
        return Ok(SshKey::Open(held(Box::new(identity), &public)?));
    }
    if let Some(der) = pem(text, "PRIVATE KEY") {
        return from_pkcs8(&der)
            .ok_or_else(|| UNREADABLE.to_owned())?
            .map(SshKey::Open);
    }
    let private = PrivateKey::from_openssh(text.trim_start()).map_err(|_| UNREADABLE)?;
    if private.is_encrypted() {
        let public = private.public_key().key_data();
        let wire = wire(public)?;
        // Whether the key is of a supported type is asked now, not after the passphrase.
        recipient(public)?;
        let locked = LockedKey {
            public: public_text(public)?,
            tag: key_tag(&wire),
            private,
        };
        return Ok(SshKey::Locked(Box::new(locked)));
    }
    open(&private).map(SshKey::Open)
}

/// Reads `ssh-ed25519 AAAA… [comment]` or `ssh-rsa AAAA… [comment]`.
///
/// # Errors
///
/// Words about what is wrong with it.
pub(crate) fn read_public(text: &str) -> Result<Box<dyn Recipient>, String> {
    let key = PublicKey::from_openssh(text).map_err(|_| "not an SSH public key".to_owned())?;
    recipient(key.key_data())
}

/// The first four bytes of SHA-256 over the wire form, as stanzas name a key. A hint, shared by some other keys too.
pub(crate) fn key_tag(wire: &[u8]) -> String {
    BASE64_STANDARD_NO_PAD.encode(&digest::digest(&digest::SHA256, wire).as_ref()[..4])
}

fn open(private: &PrivateKey) -> Result<Held, String> {
    let public = private.public_key().key_data();
    let wire = wire(public)?;
    let identity: Option<BoxIdentity> = match private.key_data().ed25519() {
        Some(pair) => SshEd25519Recipient::new(wire, pair.public.as_ref())
            .and_then(|public| {
                let seed = Zeroizing::new(pair.private.to_bytes());
                SshEd25519Identity::new(public, &seed)
            })
            .map(|identity| Box::new(identity) as BoxIdentity),
        None => SshRsaIdentity::from_openssh(wire, private.key_data())
            .map(|identity| Box::new(identity) as BoxIdentity),
    };
    held(identity.ok_or_else(|| unsupported(public))?, public)
}

fn from_pkcs8(der: &[u8]) -> Option<Result<Held, String>> {
    if let Some((identity, public)) = SshRsaIdentity::from_der(der, false) {
        return Some(held(Box::new(identity), &public));
    }
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?;
    let point: [u8; 32] = pair.public_key().as_ref().try_into().ok()?;
    let public = KeyData::from(Ed25519PublicKey(point));
    let seed: Curve25519SeedBin<'_> = pair.seed().ok()?.as_be_bytes().ok()?;
    let mut kept = Zeroizing::new([0; 32]);
    kept.copy_from_slice(seed.as_ref());
    let recipient = SshEd25519Recipient::new(wire(&public).ok()?, &point)?;
    Some(held(
        Box::new(SshEd25519Identity::new(recipient, &kept)?),
        &public,
    ))
}

fn held(identity: BoxIdentity, public: &KeyData) -> Result<Held, String> {
    Ok(Held {
        name: public_text(public)?,
        plugin: None,
        identity,
    })
}

fn recipient(key: &KeyData) -> Result<Box<dyn Recipient>, String> {
    let wire = wire(key)?;
    let recipient: Option<Box<dyn Recipient>> = match key.ed25519() {
        Some(point) => {
            SshEd25519Recipient::new(wire, &point.0).map(|key| Box::new(key) as Box<dyn Recipient>)
        }
        None => SshRsaRecipient::new(wire, key).map(|key| Box::new(key) as Box<dyn Recipient>),
    };
    recipient.ok_or_else(|| unsupported(key))
}

fn unsupported(key: &KeyData) -> String {
    format!(
        "SSH keys of this type or size ({}) cannot be used with age",
        key.algorithm().as_str()
    )
}

fn wire(key: &KeyData) -> Result<Vec<u8>, String> {
    PublicKey::from(key.clone())
        .to_bytes()
        .map_err(|_| UNREADABLE.to_owned())
}

fn public_text(key: &KeyData) -> Result<String, String> {
    Ok(format!(
        "{} {}",
        key.algorithm().as_str(),
        BASE64_STANDARD.encode(wire(key)?)
    ))
}

/// The bytes between the marks of a PEM block; `None`: no such block, or not base64.
fn pem(text: &str, label: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let mut kept = Zeroizing::new(String::with_capacity(body.len()));
    kept.extend(body.chars().filter(|char| !char.is_ascii_whitespace()));
    BASE64_STANDARD.decode(kept.as_bytes()).ok().map(Zeroizing::new)
}

const UNREADABLE: &str = "not a private key that can be read (OpenSSH, PKCS#1 or PKCS#8; Ed25519 or RSA)";
