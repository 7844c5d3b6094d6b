//! `--recovery-unseal`: opening a SealedSecret with private keys, without a cluster (spec/sealed-secrets §11.7).

use std::collections::BTreeSet;
use std::path::Path;

use ::seal::backup::{self, BrokenKind};
use ::seal::{KeyRing, Label, Opened, SealedBy, SealingKey, Templates, assemble, open_item};
use crds::SealedSecret;
use manifest::template;
use secrecy::SecretString;
use serde_json::Value;
use sops::Store;

use super::input::{self, Input, NO_SEALED};
use super::output::{self, Output};
use super::seal::each;
use super::session::Session;
use super::words::Failure;
use crate::io::{Io, RandomSource};

/// Opens the first document of the input and writes its Secret.
///
/// # Errors
///
/// Everything that does not open.
pub(super) fn run(
    session: &Session<'_>,
    input: Input,
    output: &mut Output,
    io: &mut Io,
) -> Result<(), Failure> {
    let bytes = input.read(session, io)?;
    let (value, more) = input::first(&bytes, &input::limits(session), NO_SEALED)?;
    if more {
        io.tell("warning: only the first document is opened");
    }
    let sealed = sealed_secret(value)?;
    let ring = ring(session, io)?;
    let label = Label::of(&sealed);
    let hints = SealedBy::of_object(&sealed);
    let items: Vec<(&String, &String)> = sealed.spec.encrypted_data.iter().collect();
    let opened: Opened = each(items, &|(item, text)| {
        (item.clone(), open_item(item, text, &label, &ring, &hints))
    })
    .into_iter()
    .collect();
    let now = io.now();
    let source: RandomSource = io.random.clone();
    let random = move |bytes: &mut [u8]| source().fill(bytes).is_ok();
    let outside = template::Outside {
        now: (
            now.as_second(),
            u32::try_from(now.subsec_nanosecond()).unwrap_or(0),
        ),
        random: &random,
    };
    let templates = Templates::Render(&outside, template::Limits::default());
    let mut secret =
        assemble(&sealed, opened, templates).map_err(|error| Failure::text(error.to_string()))?;
    "Secret".clone_into(&mut secret.kind);
    "v1".clone_into(&mut secret.api_version);
    let text = output::text(&secret.to_value(), session.format()?);
    output.write(text.as_bytes(), io)
}

/// Reads a SealedSecret strictly: a number where text belongs is an error, as with the peer. `encryptedData` alone is
/// forgiven.
///
/// # Errors
///
/// It is something else.
pub(super) fn sealed_secret(value: Value) -> Result<SealedSecret, Failure> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
    let (kind, version) = (text("kind"), text("apiVersion"));
    if (!kind.is_empty() && kind != "SealedSecret")
        || (!version.is_empty() && version != "bitnami.com/v1alpha1")
    {
        return Err(Failure::Text(match version.as_str() {
            "v1" => format!("converting (v1.{kind}) to (v1alpha1.SealedSecret): unknown conversion"),
            _ => format!("no kind \"{kind}\" is registered for version \"{version}\""),
        }));
    }
    for field in ["name", "namespace"] {
        let found = match value.get("metadata").and_then(|metadata| metadata.get(field)) {
            None | Some(Value::Null | Value::String(_)) => continue,
            Some(Value::Bool(_)) => "bool",
            Some(Value::Number(_)) => "number",
            Some(Value::Array(_)) => "array",
            Some(Value::Object(_)) => "object",
        };
        return Err(Failure::Text(format!(
            "json: cannot unmarshal {found} into Go struct field ObjectMeta.metadata.{field} of type string"
        )));
    }
    // The cause may quote the value that it stumbled over.
    serde_json::from_value(value).map_err(|_| Failure::text("a field of the SealedSecret has the wrong type"))
}

fn ring(session: &Session<'_>, io: &mut Io) -> Result<KeyRing, Failure> {
    let mut keys: Vec<SealingKey> = Vec::new();
    if session.parsed.all("recovery-private-key").is_empty() {
        io.tell("warning: no private key was given: --recovery-private-key names them");
    }
    for word in session.parsed.all("recovery-private-key") {
        let path = Path::new(word);
        let bytes = output::read(path, session.limits.plain(Store::Yaml), io)?;
        let prompt = io.prompt.clone();
        let question = format!("Passphrase of {}:", path.display());
        let mut ask = || -> Option<SecretString> { prompt.as_ref()?(&question) };
        let backup = backup::read(&bytes, &mut ask);
        let found_none = backup.keys.is_empty();
        keys.extend(backup.keys.into_iter().map(|found| found.key));
        let mut told = BTreeSet::new();
        for broken in backup.broken {
            if found_none && broken.why == BrokenKind::NoTlsKey {
                return Err(Failure::text("secret must contain a 'tls.data' key"));
            }
            let place = if broken.place.is_empty() {
                String::new()
            } else {
                format!(", {}", broken.place)
            };
            let note = format!("warning: {}{place}: {}", path.display(), broken.why);
            if told.insert(note.clone()) {
                io.tell(&note);
            }
        }
        if found_none && told.is_empty() {
            io.tell(&format!("warning: {}: no private key found", path.display()));
        }
    }
    Ok(KeyRing::newest_first(keys))
}
