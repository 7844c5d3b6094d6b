//! A file of sealing keys that is encrypted by sops or age.

use std::path::{Path, PathBuf};

use seal::backup::{self, Found};
use secrecy::{ExposeSecret, SecretSlice};
use sops::config::CreationRule;
use sops::{DataKey, EncryptedFile, KeyGroup, MacCheck, Previous, Store};
use zeroize::Zeroizing;

use crate::args::{ConfigArgs, IdentityArgs, Manner, SelectorArgs};
use crate::command::file::session::Session;
use crate::command::file::{proof, recipients, selection, steps};
use crate::config;
use crate::error::{CliError, Kind};
use crate::files::{self, Lock, Target};
use crate::io::Io;

/// How a backup is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// By age as a whole.
    Age,
    /// By sops, in this store.
    Sops(Store),
}

impl Form {
    /// By the name of the file; YAML for standard output.
    ///
    /// # Errors
    ///
    /// A store that has no place for a backup.
    pub(super) fn of(path: Option<&Path>) -> Result<Self, CliError> {
        let Some(path) = path else {
            return Ok(Self::Sops(Store::Yaml));
        };
        if path.extension().is_some_and(|end| end == "age") {
            return Ok(Self::Age);
        }
        match Store::for_path(path) {
            Store::Dotenv | Store::Ini => Err(CliError::new(
                Kind::Usage,
                format!("{} cannot be a backup of keys", path.display()),
            )
            .hint("call it FILE.yaml, FILE.json or FILE.age")),
            store => Ok(Self::Sops(store)),
        }
    }
}

/// What became of a key that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// It was not there.
    New,
    /// It was there, with another label, name or time, or without its certificate.
    Updated,
    /// It was there.
    Known,
}

/// Adds a key to a backup; each key is kept once. What is known of it already is lost only to something newer.
pub(super) fn add(keys: &mut Vec<Found>, new: Found) -> Added {
    let Some(old) = keys
        .iter_mut()
        .find(|old| old.key.fingerprint() == new.key.fingerprint())
    else {
        keys.push(new);
        return Added::New;
    };
    let mut result = Added::Known;
    if old.key.cert().is_none() && new.key.cert().is_some() {
        old.key = new.key;
        result = Added::Updated;
    }
    // A private key in PEM says nothing about its Secret.
    if !new.name.is_empty() {
        let is_same = old.name == new.name
            && old.namespace == new.namespace
            && old.state == new.state
            && old.created == new.created;
        if !is_same {
            (old.name, old.namespace, old.state, old.created) =
                (new.name, new.namespace, new.state, new.created);
            result = Added::Updated;
        }
    }
    result
}

/// A backup that is there.
pub(super) struct Existing {
    /// Its keys.
    pub(super) keys: Vec<Found>,
    /// Where its successor goes.
    pub(super) target: Target,
    /// Its data key and header; none for age, which says neither.
    pub(super) lock: Option<(EncryptedFile, DataKey)>,
}

/// Where backups are opened and encrypted: rules, identities, recipients.
pub(super) struct Desk {
    session: Session,
    named: Option<KeyGroup>,
    /// The file that the rule is for; none for standard output.
    path: Option<PathBuf>,
    /// What fails: `cannot write backup.yaml`.
    what: String,
}

impl Desk {
    /// Sets it up for one backup.
    ///
    /// # Errors
    ///
    /// Bad settings or rules.
    pub(super) fn new(
        identity: &IdentityArgs,
        named: Option<KeyGroup>,
        path: Option<&Path>,
        what: String,
        io: &mut Io,
    ) -> Result<Self, CliError> {
        let keys = named.as_ref().map_or(&[][..], |group| &group.0);
        let name = path.unwrap_or_else(|| Path::new("-"));
        let session = Session::for_file(io, Manner::Own, &ConfigArgs::default(), identity, keys, name)?;
        let path = path.map(|path| config::clean(&io.resolve(path)));
        Ok(Self {
            session,
            named,
            path,
            what,
        })
    }

    /// A new file for the recipients of flags or rule.
    ///
    /// # Errors
    ///
    /// There are none, or the rule would leave private keys in clear.
    pub(super) fn encrypt(
        &self,
        content: &SecretSlice<u8>,
        form: Form,
    ) -> Result<Zeroizing<Vec<u8>>, CliError> {
        let (session, what) = (&self.session, self.what.as_str());
        let (rule, groups) = self.recipients()?;
        let Form::Sops(store) = form else {
            return self.encrypt_by_age(&groups, content);
        };
        let by_rule = rule.is_some_and(|rule| rule.selector.is_some());
        let flags = SelectorArgs {
            encrypted_regex: (store != Store::Binary && !by_rule).then(|| SECRET_FIELDS.to_owned()),
            ..SelectorArgs::default()
        };
        let header = selection::new_header(&flags, rule, false)?;
        let threshold = rule
            .filter(|_| self.named.is_none())
            .map_or(0, |rule| rule.shamir_threshold);
        let key = DataKey::generate(&mut *session.random())
            .map_err(|error| CliError::new(Kind::Generic, what).because(error))?;
        let key_groups = session.lock(what, &key, groups, threshold, session.mixing(false))?;
        let header = sops::Header {
            shamir_threshold: selection::threshold(threshold, key_groups.len()),
            key_groups,
            ..header
        };
        self.write(content, store, &key, header, None)
    }

    /// Whom flags or the rule name.
    fn recipients(&self) -> Result<(Option<&CreationRule>, Vec<KeyGroup>), CliError> {
        let session = &self.session;
        let rule = match (&self.path, &self.named) {
            (None, _) => None,
            (Some(path), None) => session.rule_of(&self.what, path)?,
            (Some(path), Some(_)) => session.rules.as_ref().and_then(|rules| rules.rule_for(path)),
        };
        Ok((rule, selection::groups(self.named.as_ref(), rule)?))
    }

    /// Who can open a new file, for people.
    ///
    /// # Errors
    ///
    /// Nobody is named.
    pub(super) fn names(&self) -> Result<String, CliError> {
        let (_, groups) = self.recipients()?;
        Ok(recipients::shown_names(&groups).join(", "))
    }

    /// The successor of a file: the same recipients, and the same ciphertext for what stays.
    ///
    /// # Errors
    ///
    /// As for [`encrypt`](Self::encrypt).
    pub(super) fn encrypt_again(
        &self,
        content: &SecretSlice<u8>,
        form: Form,
        lock: Option<(EncryptedFile, DataKey)>,
    ) -> Result<Zeroizing<Vec<u8>>, CliError> {
        let (Form::Sops(store), Some((file, key))) = (form, lock) else {
            return self.encrypt(content, form);
        };
        let previous =
            Previous::open(&file, &key).map_err(|error| steps::cannot_decrypt(error, &self.what))?;
        let header = selection::header_of(file.metadata());
        self.write(content, store, &key, header, Some(&previous))
    }

    fn write(
        &self,
        content: &SecretSlice<u8>,
        store: Store,
        key: &DataKey,
        header: sops::Header,
        previous: Option<&Previous>,
    ) -> Result<Zeroizing<Vec<u8>>, CliError> {
        let what = self.what.as_str();
        let read = if store == Store::Binary {
            store
        } else {
            Store::Yaml
        };
        let document = read
            .read_plain(content.expose_secret())
            .map_err(|error| steps::cannot_read(error, what, read, Kind::Generic))?;
        let now = self.session.now;
        let encrypted = sops::encrypt(document, key, header, previous, now, &mut *self.session.random())
            .map_err(|error| steps::cannot_encrypt(error, what))?;
        let text = store
            .write_encrypted(&encrypted.file, &self.session.layout(store))
            .map(Zeroizing::new)
            .map_err(|error| steps::cannot_write(error, what))?;
        if text
            .windows(PRIVATE_KEY.len())
            .any(|window| window == PRIVATE_KEY)
        {
            let selector = steps::name(&encrypted.file.metadata().selector);
            return Err(
                CliError::new(Kind::Generic, format!("{what}: private keys would stay in clear")).hint(
                    format!(
                        "the selection is {selector}; it must hit data: encrypted_regex: {SECRET_FIELDS}"
                    ),
                ),
            );
        }
        proof::opens_again(&text, store, key, what)?;
        Ok(text)
    }

    #[cfg(feature = "age")]
    fn encrypt_by_age(
        &self,
        groups: &[KeyGroup],
        content: &SecretSlice<u8>,
    ) -> Result<Zeroizing<Vec<u8>>, CliError> {
        let failed = || CliError::new(Kind::Generic, self.what.as_str());
        let [group] = groups else {
            return Err(failed()
                .because(CliError::new(Kind::Generic, "an age file has no key groups"))
                .hint("call it FILE.yaml: a SOPS file has them"));
        };
        providers::age::seal(&group.0, content.expose_secret())
            .map(|text| Zeroizing::new(text.into_bytes()))
            .map_err(|error| {
                failed()
                    .because(error)
                    .hint("an age file takes age recipients; name them with --age")
            })
    }

    #[cfg(not(feature = "age"))]
    fn encrypt_by_age(&self, _: &[KeyGroup], _: &SecretSlice<u8>) -> Result<Zeroizing<Vec<u8>>, CliError> {
        Err(CliError::new(
            Kind::Generic,
            format!("{}: this build of gitseal has no age (feature `age`)", self.what),
        ))
    }

    /// Opens a backup in order to replace it.
    ///
    /// # Errors
    ///
    /// It does not open, is not encrypted, or holds something that is no key: that would be lost.
    pub(super) fn open(&self, path: &Path, shown: &Path, form: Form) -> Result<Existing, CliError> {
        let what = self.what.as_str();
        let failed =
            |why: &str| CliError::new(Kind::Generic, what).because(CliError::new(Kind::Generic, why));
        let opened = files::open_for_update(path, shown, None, MAX_BACKUP_BYTES, Lock::Hold)?;
        let (content, lock) = match form {
            Form::Age => (self.session.open_age_file(what, &opened.bytes)?, None),
            Form::Sops(store) => {
                if !files::may_have_block(&opened.bytes, store) {
                    return Err(failed("it is not encrypted")
                        .hint("gitseal encrypt -i encrypts it by the rules of .sops.yaml"));
                }
                let file = store
                    .read_encrypted(&opened.bytes)
                    .map_err(|error| steps::cannot_read(error, what, store, Kind::Generic))?;
                let key = self.session.unlock(what, file.metadata())?;
                let (document, _) = sops::decrypt(&file, &key, MacCheck::Verify)
                    .map_err(|error| steps::cannot_decrypt(error, what))?;
                let content = store
                    .write_plain(&document, &sops::Layout::default())
                    .map_err(|error| steps::cannot_write(error, what))?;
                (content, Some((file, key)))
            }
        };
        let backup = backup::read(&content, &mut || None);
        if !backup.broken.is_empty() {
            let mut failed = failed("a part of it cannot be used, and would be lost");
            failed.tried = backup
                .broken
                .iter()
                .map(|part| format!("{}: {}", part.place, part.why))
                .collect();
            return Err(failed.hint("correct it with gitseal edit, or import into a new file"));
        }
        Ok(Existing {
            keys: backup.keys,
            target: opened.target,
            lock,
        })
    }
}

/// What of a Secret is secret.
const SECRET_FIELDS: &str = "^(data|stringData)$";
/// How a private key begins, as it stands in a Secret: base64 of `-----BEGIN RSA PRIVATE KEY-`.
const PRIVATE_KEY: &[u8] = b"LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVkt";
/// The keys of many years of a cluster, encrypted.
const MAX_BACKUP_BYTES: u64 = 96 << 20;

#[cfg(test)]
mod tests {
    use seal::SealingKey;

    use super::*;

    fn found(key: &str, with_cert: bool, name: &str, state: Option<&str>) -> Found {
        let vector = |kind: &str| {
            let file = format!("tests/vectors/sealed/{key}-2048.{kind}.pem");
            std::fs::read(gitseal_tests::root().join(file)).unwrap()
        };
        let cert = with_cert.then(|| vector("crt"));
        Found {
            key: SealingKey::from_pem(&vector("key"), cert.as_deref(), &mut || None).unwrap(),
            name: name.to_owned(),
            namespace: String::new(),
            state: state.map(str::to_owned),
            created: None,
        }
    }

    #[test]
    fn adding_loses_nothing_that_was_known() {
        let mut keys = Vec::new();
        let steps = [
            ("first", found("key-a", true, "a", Some("active")), Added::New),
            (
                "the same again",
                found("key-a", true, "a", Some("active")),
                Added::Known,
            ),
            (
                "without a certificate",
                found("key-a", false, "a", Some("active")),
                Added::Known,
            ),
            ("as PEM", found("key-a", true, "", None), Added::Known),
            ("another key", found("key-b", false, "", None), Added::New),
            ("its certificate", found("key-b", true, "", None), Added::Updated),
            (
                "distrusted",
                found("key-a", false, "a", Some("compromised")),
                Added::Updated,
            ),
            (
                "its label is gone",
                found("key-a", true, "a", None),
                Added::Updated,
            ),
        ];
        for (name, key, want) in steps {
            assert_eq!(add(&mut keys, key), want, "step: {name}");
        }
        let facts: Vec<_> = keys
            .iter()
            .map(|key| (key.name.as_str(), key.state.as_deref(), key.key.cert().is_some()))
            .collect();
        assert_eq!(facts, [("a", None, true), ("", None, true)]);
    }

    #[test]
    fn the_name_says_the_form() {
        let cases = [
            ("a.age", Some(Form::Age)),
            ("a.yaml", Some(Form::Sops(Store::Yaml))),
            ("a.json", Some(Form::Sops(Store::Json))),
            ("a.enc", Some(Form::Sops(Store::Binary))),
            ("a.env", None),
            ("a.ini", None),
        ];
        for (name, want) in cases {
            assert_eq!(Form::of(Some(Path::new(name))).ok(), want, "case: {name}");
        }
    }
}
