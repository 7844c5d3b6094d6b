//! `--validate` and `--re-encrypt`: what only the controller can do (spec/sealed-secrets §11.6).
//!
//! Beyond the peer: of the controller's answer the sealed texts alone are taken, so that templates, labels and
//! annotations are not lost (§17 no. 4), and a file that is written in place keeps all its other bytes.

use ::seal::file::{Kind, SealedFile};
use crds::SealedSecret;
use manifest::{Format as Written, Metadata};

use super::input::{self, Input, NO_SEALED};
use super::output::{self, Output};
use super::recover::sealed_secret;
use super::session::{Format, Session};
use super::words::{self, Failure};
use crate::cluster::{self, ClusterError};
use crate::io::Io;

/// Asks for every SealedSecret whether it opens; the first that does not ends it.
///
/// # Errors
///
/// It does not open, or cannot be asked.
pub(super) fn validate(session: &Session<'_>, input: Input, io: &mut Io) -> Result<(), Failure> {
    let all = read(session, input, io).map_err(|failure| match failure {
        Problem::Input(failure) => failure,
        Problem::Undecodable(_) => Failure::text("unable to decrypt sealed secret"),
    })?;
    let mut controller = connect(session, io)?;
    for sealed in all {
        controller.verify(&json(&sealed)?).map_err(|error| match error {
            ClusterError::Call {
                status: Some(409), ..
            } => Failure::Text(format!("unable to decrypt sealed secret: {}", name(&sealed))),
            error => words::cluster(&error, "cannot validate sealed secret"),
        })?;
    }
    Ok(())
}

/// Has every SealedSecret sealed to the controller's newest key.
///
/// # Errors
///
/// One of them cannot be.
pub(super) fn re_encrypt(
    session: &Session<'_>,
    input: Input,
    output: &mut Output,
    io: &mut Io,
) -> Result<(), Failure> {
    let bytes = input.read(session, io)?;
    let format = session.format();
    if session.is_in_place()
        && let Ok(format) = format
        && let Some(file) = in_place(&bytes, format, session)
    {
        return re_encrypt_file(file, session, output, io);
    }
    let all = decode(&bytes, session).map_err(|failure| match failure {
        Problem::Input(failure) | Problem::Undecodable(failure) => failure,
    })?;
    let mut controller = connect(session, io)?;
    for mut sealed in all {
        let answer = rotate(&mut controller, &sealed)?;
        take(&mut sealed, answer);
        for field in ["creationTimestamp", "deletionTimestamp", "generation"] {
            sealed.metadata.shift_remove(field);
        }
        let value = serde_json::to_value(&sealed).map_err(|error| Failure::text(error.to_string()))?;
        output.write(output::text(&value, format.clone()?).as_bytes(), io)?;
    }
    Ok(())
}

/// The file, if it is written in the format asked for and holds nothing that must be written anew as a whole.
fn in_place(bytes: &[u8], format: Format, session: &Session<'_>) -> Option<SealedFile> {
    let written = match Written::of(bytes) {
        Written::Json => Format::Json,
        Written::Yaml => Format::Yaml,
    };
    let file = SealedFile::parse(std::str::from_utf8(bytes).ok()?, &input::limits(session)).ok()?;
    let mut objects = file.objects().into_iter();
    let fits = objects.all(|(place, kind, _)| {
        kind == Kind::SealedSecret
            && file
                .sealed_secret(place)
                .is_ok_and(|sealed| sealed.spec.data.is_none())
    });
    (written == format && fits && !file.objects().is_empty()).then_some(file)
}

fn re_encrypt_file(
    mut file: SealedFile,
    session: &Session<'_>,
    output: &mut Output,
    io: &mut Io,
) -> Result<(), Failure> {
    let mut controller = connect(session, io)?;
    for (place, ..) in file.objects() {
        let said = |error: ::seal::file::FileError| Failure::text(error.to_string());
        let mut sealed = file.sealed_secret(place).map_err(said)?;
        let answer = rotate(&mut controller, &sealed)?;
        take(&mut sealed, answer);
        let items = sealed.spec.encrypted_data.iter();
        let items: Vec<(&str, &str)> = items.map(|(item, text)| (item.as_str(), text.as_str())).collect();
        file.set_items(place, &items).map_err(said)?;
    }
    output.write(file.into_text().as_bytes(), io)
}

/// Why there are no SealedSecrets.
enum Problem {
    /// The input as a whole.
    Input(Failure),
    /// One document of it.
    Undecodable(Failure),
}

fn read(session: &Session<'_>, input: Input, io: &mut Io) -> Result<Vec<SealedSecret>, Problem> {
    let bytes = input.read(session, io).map_err(Problem::Input)?;
    decode(&bytes, session)
}

fn decode(bytes: &[u8], session: &Session<'_>) -> Result<Vec<SealedSecret>, Problem> {
    let objects = input::objects(bytes, &input::limits(session), NO_SEALED).map_err(Problem::Input)?;
    let each = objects.into_iter().map(|object| {
        let mut value = object.into_value();
        // Scalars become text where text belongs, as the peer reads these two modes.
        tidy(value.get_mut("metadata"));
        tidy(value.pointer_mut("/spec/template/metadata"));
        let mut sealed = sealed_secret(value).map_err(Problem::Undecodable)?;
        "SealedSecret".clone_into(&mut sealed.kind);
        "bitnami.com/v1alpha1".clone_into(&mut sealed.api_version);
        Ok(sealed)
    });
    each.collect()
}

fn tidy(metadata: Option<&mut serde_json::Value>) {
    if let Some(serde_json::Value::Object(fields)) = metadata {
        let mut known = Metadata(std::mem::take(fields));
        known.retain_known();
        *fields = known.0;
    }
}

fn connect(session: &Session<'_>, io: &Io) -> Result<cluster::Session, Failure> {
    cluster::Session::open(&session.connection, &session.controller, io)
        .map_err(|error| words::cluster(&error, ""))
}

fn rotate(controller: &mut cluster::Session, sealed: &SealedSecret) -> Result<SealedSecret, Failure> {
    let answer = controller.rotate(&json(sealed)?).map_err(|error| match error {
        ClusterError::Call {
            status: Some(409), ..
        } => Failure::text("unable to rotate secret"),
        error => words::cluster(&error, "cannot re-encrypt secret"),
    })?;
    serde_json::from_slice(&answer)
        .map_err(|_| Failure::text("cannot re-encrypt secret: the answer is no SealedSecret"))
}

/// Takes the sealed texts of an answer. The deprecated blob comes back as items, and goes.
fn take(sealed: &mut SealedSecret, answer: SealedSecret) {
    let blob = sealed.spec.data.take().is_some();
    let old = std::mem::take(&mut sealed.spec.encrypted_data);
    let new = answer.spec.encrypted_data.into_iter();
    // A controller before 0.40 also answers with what it rendered from templates, which stay.
    sealed.spec.encrypted_data = new.filter(|(item, _)| blob || old.contains_key(item)).collect();
}

fn json(sealed: &SealedSecret) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(sealed).map_err(|error| Failure::text(error.to_string()))
}

fn name(sealed: &SealedSecret) -> &str {
    sealed
        .metadata
        .get("name")
        .and_then(|name| name.as_str())
        .unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(text: &str) -> SealedSecret {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn only_sealed_texts_are_taken_from_an_answer() {
        let mut mine = sealed(
            r#"{"metadata":{"labels":{"l":"1"}},"spec":{"template":{"data":{"t":"{{.a}}"}},"encryptedData":{"a":"old"}}}"#,
        );
        let answer = sealed(r#"{"metadata":{},"spec":{"encryptedData":{"a":"new","t":"rendered"}}}"#);
        take(&mut mine, answer);
        assert_eq!(
            serde_json::to_string(&mine).unwrap(),
            r#"{"metadata":{"labels":{"l":"1"}},"spec":{"template":{"data":{"t":"{{.a}}"}},"encryptedData":{"a":"new"}}}"#
        );
        let mut blob = sealed(r#"{"spec":{"data":"Ag=="}}"#);
        take(&mut blob, sealed(r#"{"spec":{"encryptedData":{"a":"new"}}}"#));
        assert_eq!(blob.spec.data, None);
        assert_eq!(blob.spec.encrypted_data["a"], "new");
    }
}
