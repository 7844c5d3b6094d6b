//! Documents in: Secrets to seal, SealedSecrets for the controller (spec/sealed-secrets §12).
//!
//! Documents that are no object, and objects without any field of a Secret, are passed over, as the peer does. A
//! document that cannot be read is passed over by the peer as well; here it ends the run, so that no Secret is missing
//! in the output unnoticed.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use manifest::read::{open_lists, read_each};
use manifest::{Format, Limits, Object, Secret, SecretError};
use serde_json::Value;
use sops::Store;
use zeroize::Zeroizing;

use super::session::Session;
use super::words::Failure;
use crate::io::Io;

/// Where objects are read from; a file is open from the beginning.
pub(super) enum Input {
    /// Standard input.
    Stream,
    /// `--secret-file`.
    File(PathBuf, File),
}

impl Input {
    /// Opens the file, if one is named; says what is waited for on a terminal.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(super) fn open(session: &Session<'_>, io: &mut Io) -> Result<Self, Failure> {
        match session.input() {
            Some(path) => match File::open(io.resolve(path)) {
                Ok(file) => Ok(Self::File(path.to_owned(), file)),
                Err(_) => Err(Failure::text("Could not read file specified with --secret-file")),
            },
            None => {
                if io.terminal.stdin && !session.parsed.on("raw") && !session.parsed.on("fetch-cert") {
                    io.tell("(tty detected: expecting json/yaml k8s resource in stdin)");
                }
                Ok(Self::Stream)
            }
        }
    }

    /// All of it, within the limit.
    ///
    /// # Errors
    ///
    /// Too large, or unreadable.
    pub(super) fn read(self, session: &Session<'_>, io: &mut Io) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let max = session.limits.plain(Store::Yaml);
        let (mut from, shown): (Box<dyn Read + '_>, PathBuf) = match self {
            Self::Stream => (Box::new(&mut io.stdin), PathBuf::from("-")),
            Self::File(path, file) => {
                if file.metadata().is_ok_and(|meta| meta.is_dir()) {
                    return Err(Failure::Text(format!("read {}: is a directory", path.display())));
                }
                (Box::new(file), path)
            }
        };
        crate::files::read_limited(&mut *from, max, &shown).map_err(|error| Failure::read(&shown, &error))
    }
}

/// What objects may cost.
pub(super) fn limits(session: &Session<'_>) -> Limits {
    let bytes = session.limits.plain(Store::Yaml);
    Limits {
        bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
        ..Limits::default()
    }
}

/// The Secrets of a stream; Lists are opened.
///
/// # Errors
///
/// There is none, one cannot be read, or something else than a Secret is among them.
pub(super) fn secrets(bytes: &[u8], limits: &Limits) -> Result<Vec<Secret>, Failure> {
    let objects = objects(bytes, limits, NO_SECRETS)?;
    let is_json = Format::of(bytes) == Format::Json;
    let mut secrets = Vec::with_capacity(objects.len());
    for object in objects {
        let kind = object.kind();
        if !kind.is_empty() && kind != "Secret" {
            let line = object.origin().position.line;
            return Err(Failure::Text(format!(
                "line {line}: kind {} found, and only Secrets can be sealed",
                crate::ui::one_line(kind)
            )));
        }
        let secret = Secret::from_object(&object).map_err(|error| undecodable(&error, is_json))?;
        if !is_nothing(&secret) {
            secrets.push(secret);
        }
    }
    match secrets.is_empty() {
        true => Err(Failure::text(NO_SECRETS)),
        false => Ok(secrets),
    }
}

/// The objects of a stream, Lists opened.
///
/// # Errors
///
/// One cannot be read; `none` if there is none at all.
pub(super) fn objects(bytes: &[u8], limits: &Limits, none: &'static str) -> Result<Vec<Object>, Failure> {
    if std::str::from_utf8(bytes).is_err() {
        return Err(Failure::text(none));
    }
    let read = read_each(bytes, limits).map_err(|errors| Failure::text(errors.to_string()))?;
    let mut objects = Vec::with_capacity(read.len());
    let mut unreadable = None;
    for document in read {
        match document {
            Ok(object) if object.value().is_object() => objects.push(object),
            Ok(_) => {}
            Err(problem) => unreadable = unreadable.or(Some(problem)),
        }
    }
    match unreadable {
        _ if objects.is_empty() => Err(Failure::text(none)),
        Some(problem) => Err(Failure::Text(format!("a document cannot be read: {problem}"))),
        None => Ok(open_lists(objects)),
    }
}

/// The first document of a stream, if it has one.
///
/// # Errors
///
/// It cannot be read.
pub(super) fn first(bytes: &[u8], limits: &Limits, none: &'static str) -> Result<(Value, bool), Failure> {
    let read = read_each(bytes, limits).map_err(|errors| Failure::text(errors.to_string()))?;
    let more = read.len() > 1;
    match read.into_iter().next() {
        Some(Ok(object)) if object.value().is_object() => Ok((object.into_value(), more)),
        Some(Ok(_)) => Err(Failure::text(
            "couldn't get version/kind; the document is no object",
        )),
        Some(Err(problem)) => Err(Failure::text(problem.to_string())),
        None => Err(Failure::text(none)),
    }
}

/// A file as `key=path` or `path` names it.
pub(super) fn named_file(word: &std::ffi::OsStr) -> &Path {
    use std::os::unix::ffi::OsStrExt;
    let bytes = word.as_bytes();
    match bytes.iter().position(|byte| *byte == b'=') {
        Some(at) => Path::new(std::ffi::OsStr::from_bytes(&bytes[at + 1..])),
        None => Path::new(word),
    }
}

fn is_nothing(secret: &Secret) -> bool {
    secret.kind.is_empty()
        && secret.api_version.is_empty()
        && secret.metadata.0.is_empty()
        && secret.type_.is_none()
        && secret.immutable.is_none()
        && secret.data.is_none()
        && secret.string_data.is_none()
}

/// Why a document is no Secret, in the words of the peer's decoder.
fn undecodable(error: &SecretError, is_json: bool) -> Failure {
    let text = match error {
        SecretError::Base64 { at, .. } => format!("illegal base64 data at input byte {at}"),
        SecretError::Type {
            path,
            expected,
            found,
        } => wrong_type(path, expected, found),
        other => other.to_string(),
    };
    let prefix = if is_json {
        ""
    } else {
        "error unmarshaling JSON: while decoding JSON: "
    };
    Failure::Text(format!("{prefix}{text}"))
}

/// Go names the struct and the field, without the keys of a map.
fn wrong_type(path: &str, expected: &str, found: &str) -> String {
    let mut parts = path.split('.');
    let first = parts.next().unwrap_or_default();
    let (place, deeper) = match (first, parts.next()) {
        ("metadata", Some(field)) => (format!("ObjectMeta.metadata.{field}"), parts.next().is_some()),
        (field, more) => (format!("Secret.{field}"), more.is_some()),
    };
    let expected = match expected {
        "base64 text" => "[]uint8",
        "text" => "string",
        "a boolean" => "bool",
        "a mapping" | "an object" if first == "data" && !deeper => "map[string][]uint8",
        "a mapping" | "an object" => "map[string]string",
        other => other,
    };
    let found = match found {
        "a number" => "number",
        "a list" => "array",
        "a mapping" | "an object" => "object",
        "text" => "string",
        "a boolean" => "bool",
        other => other,
    };
    format!("json: cannot unmarshal {found} into Go struct field {place} of type {expected}")
}

/// What is said when nothing was found.
pub(super) const NO_SECRETS: &str = "no secrets found. Ensure the input is valid and UTF-8 encoded";
/// The same where SealedSecrets are read.
pub(super) const NO_SEALED: &str = "no sealed secrets found. Ensure the input is valid and UTF-8 encoded";
