//! What the commands on single items share: the object that is meant, and the file in which one of its values changes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crds::SealedSecret;
use manifest::Origin;
use seal::file::{FileError, Place};
use seal::{
    KeyRing, Label, RandomError, SEALED_BY, Scope, SealedBy, SealedByEntry, SealingCert, open_item,
    seal_value,
};
use secrecy::SecretSlice;
use sops::Store;
use zeroize::Zeroizing;

use super::certs::{CertArgs, Certs, Recipient};
use super::names::{self, MAX_SECRET_BYTES};
use super::object_args::ObjectArgs;
use super::text::{self, SealedText};
use crate::args::ReplaceArgs;
use crate::error::{CliError, Kind};
use crate::files::{Found, Limits, Lock, Turn};
use crate::io::Io;
use crate::ui::one_line;

/// One SealedSecret of a file.
pub struct Subject {
    /// The file.
    pub text: SealedText,
    /// The object.
    pub place: Place,
    /// The object as it was read.
    pub secret: SealedSecret,
    /// The file, absolute.
    pub path: PathBuf,
    origin: Origin,
    what: String,
}

/// For what a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Only to be read.
    Read,
    /// To be replaced at once, with its lock held.
    Change,
    /// To be replaced when the editor is closed; no lock meanwhile.
    Edit,
}

impl Subject {
    /// Opens a file and finds its SealedSecret.
    ///
    /// # Errors
    ///
    /// It cannot be read, or holds several and none or an unknown one was named.
    pub fn open(
        file: &Path,
        object: &ObjectArgs,
        what: &str,
        access: Access,
        io: &Io,
    ) -> Result<Self, CliError> {
        let found = Found {
            path: crate::config::clean(&io.resolve(file)),
            shown: file.to_owned(),
            below: None,
        };
        let max = max_bytes(io)?;
        let turn = match access {
            Access::Change => Some(Turn::alone()),
            Access::Edit => Some(Turn::among(&Arc::default(), Lock::None)),
            Access::Read => None,
        };
        let what = format!("cannot {what} {}", file.display());
        let missing = || {
            CliError::new(Kind::Generic, &*what)
                .because(CliError::new(Kind::Generic, "there is no SealedSecret in it"))
        };
        let text = text::open(&found, None, turn.as_ref(), max)?.ok_or_else(missing)?;
        let (place, origin) = pick(&text, object.object.as_deref(), &what)?;
        let secret = text.secret(place)?;
        Ok(Self {
            text,
            place,
            secret,
            path: found.path,
            origin,
            what,
        })
    }

    /// The same object in a text of its own, which is not written by itself.
    ///
    /// # Errors
    ///
    /// The text is another one.
    pub fn anew(&self, text: &[u8]) -> Result<Self, CliError> {
        let text = SealedText {
            shown: self.text.shown.clone(),
            file: text::parse(text, &self.text.shown)?,
            target: None,
            is_json: self.text.is_json,
        };
        Ok(Self {
            secret: text.secret(self.place)?,
            text,
            place: self.place,
            path: self.path.clone(),
            origin: self.origin,
            what: self.what.clone(),
        })
    }

    /// Takes the text of the file out; what is left is the object as it was read, and where the file is written.
    ///
    /// # Errors
    ///
    /// None that the first reading did not have.
    pub fn split(mut self) -> Result<(Self, Zeroizing<String>), CliError> {
        let empty = text::parse(b"", &self.text.shown)?;
        let source = std::mem::replace(&mut self.text.file, empty).into_text();
        self.text.file = text::parse(source.as_bytes(), &self.text.shown)?;
        Ok((self, source))
    }

    /// The text of the file, with the changes so far.
    pub fn into_text(self) -> Zeroizing<String> {
        self.text.file.into_text()
    }

    /// `FILE:LINE: NAMESPACE/NAME`.
    pub fn here(&self) -> String {
        self.text.place_of(self.place, self.origin)
    }

    /// An error of the command on this file.
    pub fn failed(&self, kind: Kind) -> CliError {
        CliError::new(kind, &*self.what)
    }

    /// What could not be edited.
    pub fn cannot_edit(&self, error: FileError) -> CliError {
        self.failed(Kind::Generic).because(error)
    }

    /// Whether the object has an item.
    pub fn has(&self, item: &str) -> bool {
        self.secret.spec.encrypted_data.contains_key(item)
    }

    /// There is no such item: which ones there are.
    pub fn missing(&self, item: &str) -> CliError {
        let items: Vec<&str> = self
            .secret
            .spec
            .encrypted_data
            .keys()
            .map(String::as_str)
            .collect();
        let error = self.failed(Kind::Generic).because(CliError::new(
            Kind::Generic,
            format!("Key not found: {}", one_line(item)),
        ));
        if is_template(&self.secret, item) {
            return error.hint("it is made by a template of the SealedSecret; gitseal unseal renders it");
        }
        match items.is_empty() {
            true => error.hint("the SealedSecret holds no items"),
            false => error.hint(format!("its items are {}", one_line(&items.join(", ")))),
        }
    }

    /// The certificate that this object's values are sealed to.
    ///
    /// # Errors
    ///
    /// There is none, or it is for several clusters.
    pub fn recipient(
        &self,
        args: &CertArgs,
        certs: &mut Certs,
        io: &mut Io,
    ) -> Result<Arc<Recipient>, CliError> {
        let all = certs.of_file(args, &self.path, io)?;
        match &all[..] {
            [one] => Ok(Arc::clone(one)),
            _ => Err(CliError::new(
                Kind::Conflicting,
                format!(
                    "{} is for several clusters: a SealedSecret is sealed to one",
                    self.text.shown.display()
                ),
            )
            .hint("name one of them with --for")),
        }
    }

    /// Seals a value for this object: scope, namespace and name are its own.
    ///
    /// # Errors
    ///
    /// The object does not say all of these, or sealing fails.
    pub fn seal(&self, value: &[u8], cert: &SealingCert, io: &Io) -> Result<String, CliError> {
        self.check_bound()?;
        if value.len() > MAX_SECRET_BYTES {
            let text = format!(
                "the value has {} bytes, and Kubernetes takes {MAX_SECRET_BYTES} in one Secret",
                value.len()
            );
            return Err(self
                .failed(Kind::Generic)
                .because(CliError::new(Kind::Generic, text)));
        }
        let mut random = io.random();
        let mut fill = |bytes: &mut [u8]| random.fill(bytes).map_err(|_| RandomError);
        let sealed = seal_value(value, &Label::of(&self.secret), cert, &mut fill)
            .map_err(|error| self.failed(Kind::Generic).because(error))?;
        Ok(sealed.to_base64())
    }

    /// Opens one item.
    ///
    /// # Errors
    ///
    /// There is no such item, or no key opens it.
    pub fn value(&self, item: &str, ring: &KeyRing) -> Result<SecretSlice<u8>, CliError> {
        let Some(text) = self.secret.spec.encrypted_data.get(item) else {
            return Err(self.missing(item));
        };
        let (label, hints) = (Label::of(&self.secret), SealedBy::of_object(&self.secret));
        open_item(item, text, &label, ring, &hints)
            .map(|(value, _)| value)
            .map_err(|error| {
                let mut failed = self.failed(Kind::Generic);
                failed.tried = vec![format!("{}: {error} ({})", self.here(), one_line(item))];
                failed.hint(format!(
                    "gitseal explain {} --key FILE says why",
                    self.text.shown.display()
                ))
            })
    }

    /// Puts sealed values in, and notes by which certificate they are sealed.
    ///
    /// # Errors
    ///
    /// The form cannot be edited.
    pub fn set(&mut self, values: &BTreeMap<String, String>, cert: &SealingCert) -> Result<(), CliError> {
        let items: Vec<(&str, &str)> = values
            .iter()
            .map(|(item, text)| (item.as_str(), text.as_str()))
            .collect();
        self.text
            .file
            .set_items(self.place, &items)
            .map_err(|error| self.cannot_edit(error))?;
        let (scope, namespace, name) = self.bound();
        let entry = SealedByEntry::new(cert.fingerprint(), scope, &namespace, &name);
        self.annotate(|hints| {
            for item in values.keys() {
                hints.note(item, entry.clone());
            }
        })
    }

    /// Removes an item.
    ///
    /// # Errors
    ///
    /// The form cannot be edited.
    pub fn remove(&mut self, item: &str) -> Result<(), CliError> {
        self.text
            .file
            .remove_item(self.place, item)
            .map_err(|error| self.cannot_edit(error))?;
        self.annotate(|hints| hints.forget(item))
    }

    /// Renames an item.
    ///
    /// # Errors
    ///
    /// The new name is taken, or the form cannot be edited.
    pub fn rename(&mut self, old: &str, new: &str) -> Result<(), CliError> {
        self.text
            .file
            .rename_item(self.place, old, new)
            .map_err(|error| self.cannot_edit(error))?;
        self.annotate(|hints| hints.rename(old, new))
    }

    /// Templates whose text names an item: they would miss it.
    pub fn templates_with(&self, item: &str) -> Vec<&str> {
        let templates = self
            .secret
            .spec
            .template
            .iter()
            .filter_map(|template| template.data.as_ref())
            .flatten();
        templates
            .filter(|(_, source)| source.as_deref().is_some_and(|source| names_item(source, item)))
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// Replaces the file.
    ///
    /// # Errors
    ///
    /// Exit 3.
    pub fn write(self, replace: ReplaceArgs) -> Result<(), CliError> {
        let Some(target) = &self.text.target else {
            return Err(self.failed(Kind::WriteOutput));
        };
        let text = self.text.file.into_text();
        target.replace(text.as_bytes(), replace)
    }

    /// Scope, namespace and name that bind its values.
    pub fn bound(&self) -> (Scope, String, String) {
        let text = |field: &str| {
            let value = self.secret.metadata.get(field);
            value
                .and_then(serde_json::Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        (
            Scope::of_metadata(&self.secret.metadata),
            text("namespace"),
            text("name"),
        )
    }

    /// A value sealed for no name or namespace would never open once the object has one; nor one beside the single blob
    /// of old files (spec/sealed-secrets §5.4).
    fn check_bound(&self) -> Result<(), CliError> {
        let (scope, namespace, name) = self.bound();
        let refuse = |why: String| {
            let why = format!("{}: {why}", self.here());
            Err(self
                .failed(Kind::Generic)
                .because(CliError::new(Kind::Generic, why)))
        };
        if self.secret.spec.data.is_some() {
            return refuse("it holds the old spec.data, which no controller takes beside items".to_owned());
        }
        if scope != Scope::ClusterWide
            && let Err(why) = names::namespace(&namespace)
        {
            return if namespace.is_empty() {
                refuse(format!(
                    "scope {scope} binds values to a namespace, and the object has none"
                ))
                .map_err(|error: CliError| error.hint("add metadata.namespace"))
            } else {
                refuse(why.to_owned())
            };
        }
        if scope == Scope::Strict
            && let Err(why) = names::object(&name)
        {
            return refuse(if name.is_empty() {
                "the object has no name".to_owned()
            } else {
                why.to_owned()
            });
        }
        Ok(())
    }

    /// Changes the note of who sealed what. A note of another shape, or none, gets one only by a value that is sealed.
    fn annotate(&mut self, change: impl FnOnce(&mut SealedBy)) -> Result<(), CliError> {
        let before = SealedBy::of_object(&self.secret);
        let mut hints = before.clone();
        change(&mut hints);
        let now = self.text.secret(self.place)?;
        if before.entries.is_empty() && hints.entries.is_empty() {
            self.secret = now;
            return Ok(());
        }
        hints.tidy(now.spec.encrypted_data.keys().map(String::as_str));
        let text = Some(hints.to_text()).filter(|text| !text.is_empty());
        self.text
            .file
            .set_annotation(self.place, SEALED_BY, text.as_deref())
            .map_err(|error| self.cannot_edit(error))?;
        self.secret = self.text.secret(self.place)?;
        Ok(())
    }
}

/// The SealedSecret that is meant.
fn pick(text: &SealedText, wanted: Option<&str>, what: &str) -> Result<(Place, Origin), CliError> {
    let refuse = |kind, why: String| CliError::new(kind, what).because(CliError::new(kind, why));
    let all = text.sealed();
    let fits = |place: Place| {
        let Some(wanted) = wanted else { return true };
        let metadata = text.file.object(place).value().get("metadata");
        let field = |field: &str| {
            metadata
                .and_then(|all| all.get(field)?.as_str())
                .unwrap_or_default()
        };
        match wanted.split_once('/') {
            Some((namespace, name)) => namespace == field("namespace") && name == field("name"),
            None => wanted == field("name"),
        }
    };
    let found: Vec<_> = all.iter().filter(|(place, _)| fits(*place)).collect();
    let list = || {
        all.iter()
            .map(|(place, origin)| text.place_of(*place, *origin))
            .collect::<Vec<_>>()
    };
    match (&found[..], wanted) {
        ([one], _) => Ok(**one),
        ([], None) => Err(refuse(Kind::Generic, "there is no SealedSecret in it".to_owned())),
        ([], Some(wanted)) => {
            let mut error = refuse(
                Kind::Generic,
                format!("there is no SealedSecret {} in it", one_line(wanted)),
            );
            error.tried = list();
            Err(error)
        }
        (several, _) => {
            let mut error = refuse(
                Kind::Conflicting,
                format!("there are {} SealedSecrets in it", several.len()),
            );
            error.tried = list();
            Err(error.hint("name one with --name NAMESPACE/NAME"))
        }
    }
}

fn is_template(secret: &SealedSecret, item: &str) -> bool {
    let data = secret
        .spec
        .template
        .as_ref()
        .and_then(|template| template.data.as_ref());
    data.and_then(|data| data.get(item)).is_some_and(Option::is_some)
}

/// Whether the text of a template has the name of an item as a word of its own inside an action.
fn names_item(source: &str, item: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let actions = source
        .split("{{")
        .skip(1)
        .map(|rest| rest.split("}}").next().unwrap_or(rest));
    actions.into_iter().any(|action| {
        action.match_indices(item).any(|(at, _)| {
            let before = action[..at].chars().next_back();
            let behind = action[at + item.len()..].chars().next();
            !before.is_some_and(part) && !behind.is_some_and(part)
        })
    })
}

fn max_bytes(io: &Io) -> Result<u64, CliError> {
    Ok(Limits::of(io)?.plain(Store::Yaml))
}

/// A buffer of secret bytes.
pub type Plain = Zeroizing<Vec<u8>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_name_items_inside_actions_only() {
        let cases = [
            ("{{ .password }}", true),
            ("{{ index . \"password\" }}", true),
            ("{{.password}}", true),
            ("password", false),
            ("{{ .password2 }}", false),
            ("{{ .db_password }}", false),
            ("{{ .user }} password", false),
            ("", false),
        ];
        for (source, want) in cases {
            assert_eq!(names_item(source, "password"), want, "case: {source}");
        }
    }
}
