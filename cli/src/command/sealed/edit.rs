//! `edit` on a sealed file: its values in the editor as a plain Secret; those that were changed are sealed anew.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use manifest::{Limits, Metadata, Secret, SecretError};
use rayon::prelude::*;
use seal::{KeyRing, SealingCert};
use secrecy::{ExposeSecret, SecretSlice};
use serde_json::Value;
use sops::Store;
use zeroize::Zeroizing;

use super::certs::Certs;
use super::item::{Access, Plain, Subject};
use super::judge::Judge;
use super::unset::warn_about_templates;
use super::{names, ring};
use crate::command::file::edit::{Args, Closed, Edited, Problem};
use crate::error::CliError;
use crate::files::Target;
use crate::io::Io;
use crate::ui::one_line;

/// A SealedSecret whose values are in the editor.
pub struct Opened {
    subject: Subject,
    /// The file as it was read.
    source: Zeroizing<String>,
    plain: Plain,
    values: BTreeMap<String, SecretSlice<u8>>,
    cert: SealingCert,
}

/// Opens every value.
///
/// # Errors
///
/// No key was named, an item does not open, or there is no certificate for what will be changed.
pub fn open(args: &Args, io: &mut Io) -> Result<Opened, CliError> {
    let ring = ring::needed(&args.sealed.get.keys(&args.identity), "edit of a sealed file", io)?;
    let subject = Subject::open(&args.file, &args.sealed.get.object, "edit", Access::Edit, io)?;
    let values = values(&subject, &ring)?;
    let cert = certificate(args, &subject, &ring, io)?;
    let plain = shown(&subject, &values);
    let (subject, source) = subject.split()?;
    Ok(Opened {
        subject,
        source,
        plain,
        values,
        cert,
    })
}

/// Every value, or every item that does not open.
fn values(subject: &Subject, ring: &KeyRing) -> Result<BTreeMap<String, SecretSlice<u8>>, CliError> {
    let items: Vec<&String> = subject.secret.spec.encrypted_data.keys().collect();
    let opened: Vec<_> = items
        .into_par_iter()
        .map(|item| (item, subject.value(item, ring)))
        .collect();
    let mut values = BTreeMap::new();
    let mut failed: Option<CliError> = None;
    for (item, value) in opened {
        match (value, &mut failed) {
            (Ok(value), _) => {
                values.insert(item.clone(), value);
            }
            (Err(error), Some(all)) => all.tried.extend(error.tried),
            (Err(error), None) => failed = Some(error),
        }
    }
    failed.map_or(Ok(values), Err)
}

/// The certificate of the flags or the rule; else the newest of the keys, which is the cluster's own.
fn certificate(args: &Args, subject: &Subject, ring: &KeyRing, io: &mut Io) -> Result<SealingCert, CliError> {
    let mut certs = Certs::default();
    let wanted = certs.wanted(&args.sealed.cert, &subject.path, io)?;
    let current = ring
        .current()
        .filter(|_| wanted.as_ref().is_none_or(Vec::is_empty));
    let Some(current) = current else {
        let recipient = subject.recipient(&args.sealed.cert, &mut certs, io);
        let recipient = recipient.map_err(|error| {
            error.hint(
                "a backup of the key Secrets has their certificates in it, a private key alone has none",
            )
        })?;
        return Ok(recipient.cert.clone());
    };
    let judge = Judge {
        from: "the newest key of --key",
        allow: &args.sealed.cert.allow,
        pin: None,
        project: None,
        now: io.now(),
    };
    let (cert, warnings) = judge.cert(current.to_pem().as_bytes())?;
    for warning in warnings {
        io.warn(&warning);
    }
    Ok(cert)
}

/// What the editor shows: texts under `stringData`, everything else in base64 under `data`.
fn shown(subject: &Subject, values: &BTreeMap<String, SecretSlice<u8>>) -> Plain {
    let (mut texts, mut bytes) = (BTreeMap::new(), BTreeMap::new());
    for (item, value) in values {
        match std::str::from_utf8(value.expose_secret())
            .ok()
            .filter(|text| is_typed(text))
        {
            Some(text) => {
                texts.insert(item.clone(), text.into());
            }
            None => {
                bytes.insert(item.clone(), value.expose_secret().to_vec().into());
            }
        }
    }
    let secret = Secret {
        data: Some(bytes),
        string_data: Some(texts),
        ..frame(subject)
    };
    if subject.text.is_json {
        return Zeroizing::new(manifest::write::json(&secret.to_value()).as_bytes().to_vec());
    }
    let text = manifest::write::yaml(&secret.to_value());
    let text = text.strip_prefix("---\n").unwrap_or(&text);
    let head = format!("# {}\n# {ADVICE}\n", one_line(&subject.here()));
    Zeroizing::new([head.as_bytes(), text.as_bytes()].concat())
}

/// Whether a person can type it: others may change it without wanting to.
fn is_typed(text: &str) -> bool {
    !text.contains(|c: char| c.is_control() && c != '\n' && c != '\t')
}

/// The Secret without its values: nothing of it can be changed here.
fn frame(subject: &Subject) -> Secret {
    let (_, namespace, name) = subject.bound();
    let mut metadata = Metadata::default();
    for (field, text) in [("name", name), ("namespace", namespace)] {
        if !text.is_empty() {
            metadata.set(field, &text);
        }
    }
    let template = subject.secret.spec.template.as_ref();
    Secret {
        api_version: "v1".to_owned(),
        kind: "Secret".to_owned(),
        metadata,
        type_: template
            .and_then(|template| template.type_.clone())
            .filter(|type_| !type_.is_empty()),
        ..Secret::default()
    }
}

impl Edited for Opened {
    fn plain(&self) -> &[u8] {
        &self.plain
    }

    fn store(&self) -> Store {
        if self.subject.text.is_json {
            Store::Json
        } else {
            Store::Yaml
        }
    }

    fn max_bytes(&self) -> u64 {
        MAX_EDITED_BYTES
    }

    fn path(&self) -> &Path {
        &self.subject.path
    }

    fn target(&self) -> Option<&Target> {
        self.subject.text.target.as_ref().map(Arc::as_ref)
    }

    fn close(&self, text: &[u8], io: &Io) -> Result<Closed, Problem> {
        let secret = self.read(text)?;
        let items = secret.items();
        let mut changed = BTreeMap::new();
        for (item, value) in &items {
            let old = self.values.get(*item);
            if old.is_none_or(|old| old.expose_secret() != *value) {
                names::item(item).map_err(|why| Problem::whole(format!("{}: {why}", one_line(item))))?;
                let sealed = self
                    .subject
                    .seal(value, &self.cert, io)
                    .map_err(|error| problem(&error))?;
                changed.insert((*item).to_owned(), sealed);
            }
        }
        let gone: Vec<&String> = self
            .values
            .keys()
            .filter(|item| !items.contains_key(item.as_str()))
            .collect();
        if changed.is_empty() && gone.is_empty() {
            return Ok(Closed {
                bytes: None,
                warnings: Vec::new(),
            });
        }
        let mut warnings = Vec::new();
        let mut new = self
            .subject
            .anew(self.source.as_bytes())
            .map_err(|error| problem(&error))?;
        for item in &gone {
            warnings.extend(warn_about_templates(&new, item));
            new.remove(item).map_err(|error| problem(&error))?;
        }
        new.set(&changed, &self.cert).map_err(|error| problem(&error))?;
        Ok(Closed {
            bytes: Some(Zeroizing::new(new.into_text().as_bytes().to_vec())),
            warnings,
        })
    }
}

impl Opened {
    /// Reads an edited text: the same Secret, other values.
    fn read(&self, text: &[u8]) -> Result<Secret, Problem> {
        let objects =
            manifest::read_objects(text, &Limits::default()).map_err(|errors| match errors.0.first() {
                Some(first) => Problem::at(first.position.line, first.what.clone()),
                None => Problem::whole("the text cannot be read"),
            })?;
        let [object] = &objects[..] else {
            return Err(Problem::whole(format!(
                "the text holds {} objects instead of one Secret",
                objects.len()
            )));
        };
        let known = |field: &&String| !FIELDS.contains(&field.as_str());
        if let Some(field) = object
            .value()
            .as_object()
            .into_iter()
            .flat_map(|fields| fields.keys())
            .find(known)
        {
            return Err(Problem::whole(format!(
                "the field {} is none of a Secret's",
                one_line(field)
            )));
        }
        let secret = Secret::from_object(object).map_err(|error| match error {
            SecretError::Base64 { item, at } => Problem::whole(format!(
                "data.{}: it is not base64, from byte {at} on; plain text goes under stringData",
                one_line(&item)
            )),
            other => Problem::whole(other.to_string()),
        })?;
        if let Some(path) = secret.converted.first() {
            return Err(Problem::whole(format!(
                "{}: it is no text in YAML: quote it",
                one_line(path)
            )));
        }
        let without_items = |secret: &Secret| {
            let mut value = secret.to_value();
            if let Value::Object(fields) = &mut value {
                fields.shift_remove("data");
                fields.shift_remove("stringData");
            }
            value
        };
        if without_items(&secret) != without_items(&frame(&self.subject)) {
            return Err(Problem::whole(
                "only data and stringData can be changed here; the rest stands in the file itself",
            ));
        }
        Ok(secret)
    }
}

/// What is told in the editor.
fn problem(error: &CliError) -> Problem {
    let causes = error.causes();
    Problem::whole(causes.last().unwrap_or(&error.message).clone())
}

const ADVICE: &str = "Change, add or remove items of stringData and data (base64); the rest stays as it is.";

/// The fields of a Secret as it is shown.
const FIELDS: [&str; 6] = ["apiVersion", "kind", "metadata", "type", "data", "stringData"];

/// Most bytes of an edited text: all values of a Secret in base64, and room.
const MAX_EDITED_BYTES: u64 = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::sealed::object_args::ObjectArgs;

    const ODD: [&[u8]; 30] = [
        b"",
        b" ",
        b"yes",
        b"0755",
        b"1e3",
        b"null",
        b"~",
        b"2001-01-01",
        b"<<",
        b"a: b",
        b"# x",
        b"- x",
        b"|",
        b"---",
        b"...",
        b"'",
        b"\"",
        b"{{ x }}",
        b"multi\nline\n\n",
        b"\n\nlead",
        b"  lead\n indented\n",
        b"trail \n",
        b"tab\tinside",
        b"dos\r\n",
        b"\xff\xfe",
        b"\x00",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\xef\xbb\xbfmark",
        b"\xf0\x9f\x98\x80",
    ];

    fn opened(file: &str, text: &str) -> (tempfile::TempDir, Opened) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(file), text).unwrap();
        let io = Io {
            cwd: folder.path().to_owned(),
            ..Io::system()
        };
        let subject =
            Subject::open(Path::new(file), &ObjectArgs::default(), "edit", Access::Edit, &io).unwrap();
        let cert = include_bytes!("../../../../tests/vectors/sealed/key-a-2048.crt.pem");
        let values = ODD.iter().enumerate();
        let values = values
            .map(|(at, value)| (format!("v{at}"), value.to_vec().into()))
            .collect();
        let plain = shown(&subject, &values);
        let (subject, source) = subject.split().unwrap();
        let opened = Opened {
            subject,
            source,
            plain,
            values,
            cert: SealingCert::from_pem(cert).unwrap(),
        };
        (folder, opened)
    }

    #[test]
    fn odd_values_come_back_from_the_editor_as_they_were() {
        let yaml =
            "kind: SealedSecret\napiVersion: bitnami.com/v1alpha1\nmetadata: {name: db, namespace: shop}\n";
        let json = r#"{"kind":"SealedSecret","apiVersion":"bitnami.com/v1alpha1","metadata":{"name":"db","namespace":"shop"}}"#;
        for (file, text) in [("a.yaml", yaml), ("a.json", json)] {
            let (_folder, opened) = opened(file, text);
            let text = String::from_utf8(opened.plain.to_vec()).unwrap();
            let closed = opened.close(text.as_bytes(), &Io::system()).unwrap();
            assert!(
                closed.bytes.is_none(),
                "{file}: a value is another one in\n{text}"
            );

            let other = text.replace("multi", "other");
            assert_ne!(text, other);
            let closed = opened.close(other.as_bytes(), &Io::system()).unwrap();
            let bytes = String::from_utf8(closed.bytes.unwrap().to_vec()).unwrap();
            assert!(
                bytes.contains("v18") && !bytes.contains("v17") && !bytes.contains("other"),
                "{file}: {bytes}"
            );
        }
    }

    #[test]
    fn a_text_that_would_lose_values_is_shown_again() {
        let (_folder, opened) = opened(
            "a.yaml",
            "kind: SealedSecret\napiVersion: bitnami.com/v1alpha1\nmetadata: {name: db, namespace: shop}\n",
        );
        let text = String::from_utf8(opened.plain.to_vec()).unwrap();
        let cases = [
            ("nothing", String::new(), "0 objects"),
            ("two", format!("{text}---\n{text}"), "2 objects"),
            (
                "a misspelt field",
                text.replace("stringData:", "stringdata2:"),
                "stringdata2",
            ),
            (
                "another name",
                text.replace("name: db", "name: dc"),
                "only data and stringData",
            ),
            (
                "another kind",
                text.replace("kind: Secret", "kind: ConfigMap"),
                "only data and stringData",
            ),
            (
                "no base64",
                text.replace("data:\n", "data:\n  bad: '%'\n"),
                "data.bad",
            ),
            (
                "no text",
                text.replace("stringData:\n", "stringData:\n  bad: 0755\n"),
                "stringData.bad",
            ),
            (
                "a bad name",
                text.replace("stringData:\n", "stringData:\n  a/b: x\n"),
                "a/b",
            ),
        ];
        for (name, text, want) in cases {
            let Err(problem) = opened.close(text.as_bytes(), &Io::system()) else {
                panic!("case {name}: taken")
            };
            let problem = problem.to_string();
            assert!(
                problem.contains(want) && !problem.contains('%'),
                "case {name}: {problem}"
            );
        }
    }
}
