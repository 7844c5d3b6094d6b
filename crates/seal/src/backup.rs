//! Files that hold sealing keys: PEM, Secrets, Lists, streams, what upstream's backup recipe makes
//! (spec/sealed-secrets §11.7).

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use manifest::decode_base64;
use manifest::read::read_each;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::pem_block::pem_blocks;
use crate::{KeyError, SealingCert, SealingKey};

/// One key of a backup.
pub struct Found {
    /// The key.
    pub key: SealingKey,
    /// Name of the Secret, empty for PEM.
    pub name: String,
    /// Namespace of the Secret.
    pub namespace: String,
    /// Value of the label `sealedsecrets.bitnami.com/sealed-secrets-key`, if any: `active`, `compromised`, …
    pub state: Option<String>,
    /// creationTimestamp of the Secret, as text.
    pub created: Option<String>,
}

/// Something in a backup that is no usable key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Where: line, Secret's name, number of the PEM block; in words.
    pub place: String,
    /// Why it cannot be used.
    pub why: BrokenKind,
}

/// Why a part of a backup is not a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrokenKind {
    /// The key itself; [`KeyError::Cert`]: its certificate, the key was taken without it.
    Key(KeyError),
    /// The Secret has no `tls.key`.
    NoTlsKey,
    /// The document cannot be read, or is no Secret.
    Unreadable,
    /// `data.tls.key` is not base64.
    Base64,
}

impl fmt::Display for BrokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(error) => error.fmt(f),
            Self::NoTlsKey => f.write_str("the Secret has no tls.key"),
            Self::Unreadable => f.write_str("it cannot be read, or is no Secret"),
            Self::Base64 => f.write_str("data.tls.key is not base64"),
        }
    }
}

/// All keys of a file, and what could not be used.
#[derive(Default)]
pub struct Backup {
    /// The keys, in the order of the file. Duplicates are kept: a caller tells.
    pub keys: Vec<Found>,
    /// The rest.
    pub broken: Vec<Broken>,
}

/// Reads a file of any of those shapes. Never fails: an empty result says that it holds no key.
/// `passphrase` is asked at most once for each encrypted key.
///
/// A text with a line `-----BEGIN …` is PEM: its private keys, each with the certificate of the same text that belongs
/// to it. Anything else is a stream of YAML or JSON: Secrets, with or without kind, alone or in Lists of any kind.
pub fn read(bytes: &[u8], passphrase: &mut dyn FnMut() -> Option<SecretString>) -> Backup {
    let mut backup = Backup::default();
    if bytes
        .split(|byte| *byte == b'\n')
        .any(|line| line.starts_with(b"-----BEGIN "))
    {
        read_pem(bytes, passphrase, &mut backup);
    } else {
        read_stream(bytes, passphrase, &mut backup);
    }
    backup
}

fn read_pem(bytes: &[u8], passphrase: &mut dyn FnMut() -> Option<SecretString>, backup: &mut Backup) {
    let blocks = pem_blocks(bytes);
    let certs: Vec<SealingCert> = blocks
        .iter()
        .filter(|block| block.label == "CERTIFICATE")
        .filter_map(|block| SealingCert::from_der(block.der.as_deref()?).ok())
        .collect();
    for (index, block) in blocks.iter().enumerate() {
        let key = match SealingKey::from_block(block, passphrase) {
            None => continue,
            Some(Ok(key)) => key,
            Some(Err(error)) => {
                backup.broken.push(Broken {
                    place: format!("PEM block {}", index + 1),
                    why: BrokenKind::Key(error),
                });
                continue;
            }
        };
        let cert = certs.iter().find(|cert| cert.fingerprint() == key.fingerprint());
        backup.keys.push(Found {
            key: key.with_cert(cert.cloned()),
            name: String::new(),
            namespace: String::new(),
            state: None,
            created: None,
        });
    }
}

fn read_stream(bytes: &[u8], passphrase: &mut dyn FnMut() -> Option<SecretString>, backup: &mut Backup) {
    let unreadable = |place: String| Broken {
        place,
        why: BrokenKind::Unreadable,
    };
    let objects = match read_each(bytes, &LIMITS) {
        Ok(objects) => objects,
        Err(errors) => {
            let places = errors
                .0
                .iter()
                .map(|problem| format!("line {}", problem.position.line));
            backup.broken.extend(places.map(unreadable));
            return;
        }
    };
    for object in objects {
        match object {
            Err(problem) => {
                let place = format!("line {}", problem.position.line);
                backup.broken.push(unreadable(place));
            }
            Ok(object) => {
                let place = format!("line {}", object.origin().position.line);
                read_object(object.value(), &place, passphrase, backup);
            }
        }
    }
}

/// One object: a List of whatever kind, opened, or a Secret.
fn read_object(
    value: &Value,
    place: &str,
    passphrase: &mut dyn FnMut() -> Option<SecretString>,
    backup: &mut Backup,
) {
    let kind = value.get("kind").and_then(Value::as_str).unwrap_or("");
    let may_be_list = kind.is_empty() || kind.ends_with("List");
    if let Some(items) = value
        .get("items")
        .and_then(Value::as_array)
        .filter(|_| may_be_list)
    {
        for (index, item) in items.iter().enumerate() {
            read_object(item, &format!("{place}, item {}", index + 1), passphrase, backup);
        }
        return;
    }
    if may_be_list && !kind.is_empty() {
        return; // A List without items.
    }
    let place = match (text(value, "namespace"), text(value, "name")) {
        (_, "") => place.to_owned(),
        ("", name) => format!("{place}, Secret {name}"),
        (namespace, name) => format!("{place}, Secret {namespace}/{name}"),
    };
    let mut broken = |part: &str, why| {
        backup.broken.push(Broken {
            place: format!("{place}{part}"),
            why,
        });
    };
    if !(kind == "Secret" || kind.is_empty()) || !value.is_object() {
        return broken("", BrokenKind::Unreadable);
    }
    let pem = match file(value, "tls.key") {
        None => return broken("", BrokenKind::NoTlsKey),
        Some(Err(why)) => return broken("", why),
        Some(Ok(pem)) => pem,
    };
    let key = match SealingKey::from_pem(&pem, None, passphrase) {
        Ok(key) => key,
        Err(error) => return broken("", BrokenKind::Key(error)),
    };
    // A key opens values without its certificate: a broken one is told, and does not cost the key.
    let cert = match file(value, "tls.crt") {
        None => None,
        Some(Ok(pem)) if pem.is_empty() => None,
        Some(Ok(pem)) => SealingCert::from_pem(&pem)
            .map_err(|error| broken(", tls.crt", BrokenKind::Key(KeyError::Cert(error))))
            .ok(),
        Some(Err(why)) => {
            broken(", tls.crt", why);
            None
        }
    };
    let cert = cert.or_else(|| key.cert().cloned());
    let metadata = value.get("metadata");
    let some = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let label = || metadata?.get("labels")?.get(KEY_LABEL);
    backup.keys.push(Found {
        key: key.with_cert(cert),
        name: text(value, "name").to_owned(),
        namespace: text(value, "namespace").to_owned(),
        state: some(label()),
        created: some(metadata.and_then(|metadata| metadata.get("creationTimestamp"))),
    });
}

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    let text = || object.get("metadata")?.get(field)?.as_str();
    text().unwrap_or("")
}

/// One file of a Secret: `stringData` wins, as in an API server.
fn file(secret: &Value, name: &str) -> Option<Result<Zeroizing<Vec<u8>>, BrokenKind>> {
    if let Some(plain) = secret.get("stringData").and_then(|data| data.get(name)) {
        let plain = plain.as_str().ok_or(BrokenKind::Unreadable);
        return Some(plain.map(|plain| Zeroizing::new(plain.as_bytes().to_vec())));
    }
    let encoded = secret.get("data")?.get(name)?;
    let Some(encoded) = encoded.as_str() else {
        return Some(Err(BrokenKind::Base64));
    };
    let decoded = decode_base64(encoded);
    Some(decoded.map_err(|_| BrokenKind::Base64))
}

/// A List of key Secrets as the controller writes them (§2.2), as YAML: what `keys export` encrypts.
///
/// A key that has no name (it comes from PEM) gets one made of its fingerprint; one that has no state gets no label, so
/// a controller does not take it up unasked.
pub fn write(keys: &[Found]) -> SecretSlice<u8> {
    let items: Vec<Value> = keys.iter().map(to_secret).collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    let yaml = manifest::write::yaml(&list);
    yaml.as_bytes().to_vec().into()
}

fn to_secret(found: &Found) -> Value {
    let mut metadata = Map::new();
    let mut set = |field: &str, text: &str| {
        if !text.is_empty() {
            metadata.insert(field.to_owned(), text.into());
        }
    };
    if found.name.is_empty() {
        set("name", &made_name(&found.key));
    }
    set("name", &found.name);
    set("namespace", &found.namespace);
    set("creationTimestamp", found.created.as_deref().unwrap_or(""));
    if let Some(state) = &found.state {
        metadata.insert("labels".to_owned(), json!({KEY_LABEL: state}));
    }
    let mut data = Map::new();
    if let Some(cert) = found.key.cert() {
        data.insert("tls.crt".to_owned(), BASE64_STANDARD.encode(cert.to_pem()).into());
    }
    let pem = BASE64_STANDARD.encode(found.key.to_pem().expose_secret());
    data.insert("tls.key".to_owned(), pem.into());
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "type": "kubernetes.io/tls",
        "data": data,
    })
}

/// `sealed-secrets-key` and five characters, as the controller's names look, here from the fingerprint.
fn made_name(key: &SealingKey) -> String {
    let hash = key.fingerprint().chars().skip("SHA256:".len());
    let word = hash
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase());
    format!("sealed-secrets-key{}", word.take(5).collect::<String>())
}

/// Label of key Secrets.
const KEY_LABEL: &str = "sealedsecrets.bitnami.com/sealed-secrets-key";

/// The controller of a large cluster has a few hundred keys of 10 KiB each.
const LIMITS: manifest::Limits = manifest::Limits {
    bytes: 64 << 20,
    depth: 50,
    documents: 100_000,
};
