//! Identities behind a passphrase: identity files that age encrypted, and SSH keys. Opened once a run, last of all.

use std::sync::OnceLock;

use age_core::format::Stanza;
use secrecy::{ExposeSecret, SecretString};

use super::file::{AgeFile, FileError, PASSPHRASE_TAG, passphrase_identity};
use super::identity::{Held, read_all};
use super::plugin::Plugins;
use super::ssh_key::LockedKey;
use crate::settings::Settings;

/// Something that a passphrase opens.
pub(crate) struct Locked {
    /// As the question names it.
    place: String,
    inside: Inside,
    /// Asked once, for all threads; a wrong answer stays wrong, so that 200 files do not ask 200 times.
    opened: OnceLock<Result<Vec<Held>, String>>,
}

enum Inside {
    /// A binary age file with identities in it.
    File(Vec<u8>),
    Ssh(Box<LockedKey>),
}

impl Locked {
    /// Takes an age file, binary. Refused at once where no passphrase could open it.
    pub(crate) fn file(place: &str, file: Vec<u8>) -> Result<Self, String> {
        let parsed = AgeFile::parse(&file).map_err(|error| error.to_string())?;
        if !parsed.stanzas().iter().any(|stanza| stanza.tag == PASSPHRASE_TAG) {
            return Err("encrypted, but not with a passphrase".to_owned());
        }
        drop(parsed);
        Ok(Self {
            place: place.to_owned(),
            inside: Inside::File(file),
            opened: OnceLock::new(),
        })
    }

    /// Takes an SSH key.
    pub(crate) fn ssh(place: &str, key: Box<LockedKey>) -> Self {
        Self {
            place: place.to_owned(),
            inside: Inside::Ssh(key),
            opened: OnceLock::new(),
        }
    }

    /// Whether opening this may help with these stanzas.
    pub(crate) fn may_open(&self, stanzas: &[Stanza]) -> bool {
        match &self.inside {
            Inside::File(_) => true,
            Inside::Ssh(key) => stanzas.iter().any(|stanza| key.is_named_by(stanza)),
        }
    }

    /// Opens it, asking the person the first time.
    pub(crate) fn open(&self, settings: &Settings, plugins: &Plugins) -> &Result<Vec<Held>, String> {
        self.opened.get_or_init(|| match &self.inside {
            Inside::File(file) => open_file(&self.place, file, settings, plugins),
            Inside::Ssh(key) => {
                let passphrase = prompt(settings, &question(&self.place))?;
                let held = key.unlock(passphrase.expose_secret()).ok_or(WRONG)?;
                Ok(vec![held])
            }
        })
    }

    /// The identities inside, once it is open.
    pub(crate) fn opened(&self) -> &[Held] {
        match self.opened.get() {
            Some(Ok(held)) => held,
            _ => &[],
        }
    }

    /// What is known of it, for people.
    pub(crate) fn describe(&self) -> String {
        let lock = match &self.inside {
            Inside::File(_) => "encrypted with a passphrase".to_owned(),
            Inside::Ssh(key) => format!("{}, with a passphrase", super::short(&key.public)),
        };
        match self.opened.get() {
            None => format!("{lock}; not opened"),
            Some(Err(why)) => format!("{lock}; {why}"),
            Some(Ok(held)) => format!("{lock}; {}", super::sources::count(held.iter())),
        }
    }
}

fn open_file(place: &str, file: &[u8], settings: &Settings, plugins: &Plugins) -> Result<Vec<Held>, String> {
    let question = question(place);
    let id;
    #[cfg(unix)]
    let (passphrase, of_agent) = {
        use super::agent::{Answer, ask, cache_id};
        id = cache_id(file);
        match ask(settings, &id, &question) {
            Answer::Given(passphrase) => (passphrase, true),
            Answer::Unable => (prompt(settings, &question)?, false),
            Answer::Refused => return Err("no passphrase was given".to_owned()),
        }
    };
    #[cfg(not(unix))]
    let passphrase = prompt(settings, &question)?;

    let parsed = AgeFile::parse(file).map_err(|error| error.to_string())?;
    let identity = passphrase_identity(passphrase);
    let plain = parsed
        .open([&identity as &dyn age::Identity])
        .map_err(|error| match error {
            FileError::NoMatch => {
                #[cfg(unix)]
                if of_agent {
                    super::agent::forget(settings, &id);
                }
                WRONG.to_owned()
            }
            error => error.to_string(),
        })?;
    let text = std::str::from_utf8(&plain).map_err(|_| "what it holds is not text")?;
    read_all(text, plugins).map_err(|error| error.to_string())
}

fn question(place: &str) -> String {
    format!("Enter passphrase for identity '{place}':")
}

fn prompt(settings: &Settings, question: &str) -> Result<SecretString, String> {
    let prompt = settings
        .prompt
        .as_ref()
        .ok_or("no terminal to ask for the passphrase")?;
    prompt(question).ok_or_else(|| "no passphrase was given".to_owned())
}

const WRONG: &str = "wrong passphrase";
