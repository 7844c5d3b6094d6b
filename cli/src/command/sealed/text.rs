//! One file of a run as a text with SealedSecrets in it.

use std::path::Path;
use std::sync::Arc;

use manifest::{Limits, Origin};
use seal::file::{FileError, Kind as ObjectKind, Place, SealedFile};
use sops::Store;
use zeroize::Zeroizing;

use crate::command::file::steps;
use crate::error::{CliError, Kind};
use crate::files::{self, Found, Target, Turn};

/// A file, read and parsed.
pub struct SealedText {
    /// The name for messages.
    pub shown: std::path::PathBuf,
    /// Its objects.
    pub file: SealedFile,
    /// Set if it will be replaced.
    pub target: Option<Arc<Target>>,
    /// Whether it is JSON.
    pub is_json: bool,
}

/// Whether a file below a folder may hold what we look for: by its name.
pub fn is_manifest(path: &Path) -> bool {
    let end = path.extension().and_then(std::ffi::OsStr::to_str).unwrap_or("");
    ["yaml", "yml", "json"]
        .iter()
        .any(|known| end.eq_ignore_ascii_case(known))
}

/// Whether these bytes may hold a SealedSecret: a quick look, before anything is parsed.
pub fn may_hold_sealed(bytes: &[u8]) -> bool {
    const MARK: &[u8] = b"SealedSecret";
    // The last letter of the mark in steps of its length: most of a file is never looked at.
    let mut at = MARK.len() - 1;
    while let Some(byte) = bytes.get(at) {
        let Some(from_end) = MARK.iter().rev().position(|letter| letter == byte) else {
            at += MARK.len();
            continue;
        };
        if from_end == 0 && bytes[..=at].ends_with(MARK) {
            return true;
        }
        at += from_end.max(1);
    }
    false
}

/// Reads and parses one file of a run, or what came from standard input. `None`: a file below a folder that holds no
/// SealedSecret.
///
/// # Errors
///
/// It cannot be read, or not be parsed: every bad document with its line.
pub fn open(
    found: &Found,
    stdin: Option<&Zeroizing<Vec<u8>>>,
    in_place: Option<&Turn>,
    max: u64,
) -> Result<Option<SealedText>, CliError> {
    if found.below.is_some() {
        if steps::is_too_large(found, max) {
            return Ok(None);
        }
        if !may_hold_sealed(&files::read(&found.path, &found.shown, max)?) {
            return Ok(None);
        }
    }
    let input = steps::open(found, stdin, None, in_place, max)?;
    steps::refuse_conflict(&input.bytes, Store::Yaml, &input.shown, Kind::ReadInput)?;
    let file = parse(&input.bytes, &input.shown)?;
    let sealed = file
        .objects()
        .iter()
        .any(|(_, kind, _)| *kind == ObjectKind::SealedSecret);
    if found.below.is_some() && !sealed {
        return Ok(None);
    }
    Ok(Some(SealedText {
        shown: input.shown,
        is_json: input.bytes.trim_ascii_start().starts_with(b"{"),
        file,
        target: input.target,
    }))
}

/// Parses a text.
///
/// # Errors
///
/// Every bad document with its line; exit 2.
pub fn parse(bytes: &[u8], shown: &Path) -> Result<SealedFile, CliError> {
    let what = format!("cannot read {}", shown.display());
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        CliError::new(
            Kind::ReadInput,
            format!("{}:{line}: the text is not UTF-8", shown.display()),
        )
    })?;
    let limits = Limits {
        bytes: bytes.len().max(Limits::default().bytes),
        ..Limits::default()
    };
    SealedFile::parse(text, &limits).map_err(|error| match error {
        FileError::Read(errors) => {
            let mut failed = CliError::new(Kind::ReadInput, what);
            failed.failures = errors
                .0
                .iter()
                .map(|problem| {
                    let place = format!(
                        "{}:{}:{}: ",
                        shown.display(),
                        problem.position.line,
                        problem.position.column
                    );
                    let path = match problem.path.as_str() {
                        "" => String::new(),
                        path => format!("{path}: "),
                    };
                    CliError::new(Kind::ReadInput, format!("{place}{path}{}", problem.what))
                })
                .collect();
            failed
        }
        other => CliError::new(Kind::ReadInput, what).because(other),
    })
}

impl SealedText {
    /// The SealedSecrets, in order.
    pub fn sealed(&self) -> Vec<(Place, Origin)> {
        self.of_kind(ObjectKind::SealedSecret)
    }

    /// The objects of a kind, in order.
    pub fn of_kind(&self, wanted: ObjectKind) -> Vec<(Place, Origin)> {
        let objects = self.file.objects().into_iter();
        objects
            .filter(|(_, kind, _)| *kind == wanted)
            .map(|(place, _, origin)| (place, origin))
            .collect()
    }

    /// A SealedSecret as data.
    ///
    /// # Errors
    ///
    /// A field has the wrong type.
    pub fn secret(&self, place: Place) -> Result<crds::SealedSecret, CliError> {
        self.file.sealed_secret(place).map_err(|error| {
            CliError::new(Kind::ReadInput, format!("cannot read {}", self.shown.display())).because(error)
        })
    }

    /// `FILE:LINE`, and the name of an object: what a message begins with.
    pub fn place_of(&self, place: Place, origin: Origin) -> String {
        let value = self.file.object(place).value();
        let text = |field: &str| {
            let metadata = value.get("metadata");
            metadata
                .and_then(|metadata| metadata.get(field))
                .and_then(serde_json::Value::as_str)
                .unwrap_or("")
                .to_owned()
        };
        let name = match (text("namespace"), text("name")) {
            (namespace, name) if namespace.is_empty() => name,
            (namespace, name) => format!("{namespace}/{name}"),
        };
        format!("{}:{}: {name}", self.shown.display(), origin.position.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_found_wherever_it_stands() {
        for at in 0..40 {
            let text = format!("{}SealedSecret{}", "e".repeat(at), "S".repeat(40 - at));
            assert!(may_hold_sealed(text.as_bytes()), "at {at}");
        }
        for text in [
            "",
            "SealedSecre",
            "kind: Secret\n",
            "ealedSecret",
            "SealedSealedSecre",
        ] {
            assert!(!may_hold_sealed(text.as_bytes()), "{text}");
        }
        assert!(may_hold_sealed(b"SealedSealedSecret"));
    }

    #[test]
    fn manifests_are_known_by_name() {
        let cases = [
            ("a.yaml", true),
            ("a.YML", true),
            ("a.json", true),
            ("a.md", false),
            ("yaml", false),
        ];
        for (name, want) in cases {
            assert_eq!(is_manifest(Path::new(name)), want, "{name}");
        }
    }
}
