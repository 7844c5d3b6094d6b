//! age: recipients and identities of every type, through files, SSH keys, plugins and passphrases.

#[cfg(unix)]
mod agent;
mod armor;
mod encoding;
mod file;
mod hybrid;
mod identity;
mod locked;
mod plugin;
mod recipient;
mod sources;
mod ssh_ed25519;
mod ssh_key;
mod ssh_rsa;
mod words;
mod x25519;

use age::Identity;
use secrecy::ExposeSecret;
use sops::{KeyShare, MasterKey, Metadata};

pub use file::{FileError, open, open_armored};
pub use identity::{IdentityError, generate_hybrid, generate_x25519, recipients_of};
pub use recipient::{RecipientError, RecipientKind, recipient_kind};

use crate::name::public_name;
use crate::service::ready;
use crate::{BoxFuture, Effort, KeyService, ProviderError, Settings};
use file::AgeFile;
use identity::Held;
use plugin::PluginRecipient;
use sources::Sources;

/// Whether a file has post-quantum and classical age recipients side by side, which leaves it open to a quantum
/// computer through the weaker ones (spec/security S-17). Recipients that cannot be read count as classical.
pub fn is_mixed(metadata: &Metadata) -> bool {
    let (strong, weak) = by_strength(metadata.key_groups.iter().flat_map(|group| &group.0));
    !strong.is_empty() && !weak.is_empty()
}

/// A whole age file in ASCII armor, as it stands in a SOPS file.
pub(crate) fn armored(file: &[u8]) -> String {
    match std::str::from_utf8(file) {
        Ok(text) if text.trim_start().starts_with(armor::BEGIN) => text.to_owned(),
        _ => armor::encode(file),
    }
}

/// Encrypts for age recipients, each of whom can open it; in ASCII armor. Plugins are not run here.
///
/// # Errors
///
/// A recipient that cannot be used, post-quantum and classical ones together, or none at all.
pub fn seal<'k>(
    recipients: impl IntoIterator<Item = &'k MasterKey>,
    plain: &[u8],
) -> Result<String, ProviderError> {
    let keys: Vec<&MasterKey> = recipients.into_iter().collect();
    let (strong, weak) = by_strength(keys.iter().copied());
    if !strong.is_empty() && !weak.is_empty() {
        return Err(ProviderError::Failed(MIXED.to_owned()));
    }
    let mut wrapping = Vec::new();
    for key in keys {
        match recipient::parse(parts(key)?.0)? {
            (_, Some(recipient)) => wrapping.push(recipient),
            (RecipientKind::Plugin(name), None) => {
                let why = format!("age-plugin-{name} is not run for a whole file, only for a SOPS file");
                return Err(ProviderError::Failed(why));
            }
            (_, None) => return Err(ProviderError::Failed("no such recipient".to_owned())),
        }
    }
    if wrapping.is_empty() {
        return Err(ProviderError::Failed("there is no recipient".to_owned()));
    }
    let wrapping: Vec<&dyn age::Recipient> = wrapping.iter().map(AsRef::as_ref).collect();
    let file = file::seal_for(&wrapping, plain).map_err(|error| ProviderError::Failed(error.to_string()))?;
    Ok(armor::encode(&file))
}

/// The age recipients among these keys: post-quantum ones, and the others.
pub(crate) fn by_strength<'k>(keys: impl Iterator<Item = &'k MasterKey>) -> (Vec<String>, Vec<String>) {
    let ages = keys.filter(|key| matches!(key, MasterKey::Age { .. }));
    ages.map(public_name)
        .partition(|name| recipient_kind(name).is_ok_and(|kind| kind.is_post_quantum()))
}

/// Wraps and opens shares with age.
pub(crate) struct AgeService {
    sources: Sources,
}

impl AgeService {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            sources: Sources::new(settings),
        }
    }

    fn wrap(&self, key: &MasterKey, share: &KeyShare) -> Result<String, ProviderError> {
        let (text, _) = parts(key)?;
        let (kind, recipient) = recipient::parse(text)?;
        let recipient = match (kind, recipient) {
            (_, Some(recipient)) => recipient,
            (RecipientKind::Plugin(name), _) => Box::new(self.plugin_recipient(name, text)?),
            (_, None) => return Err(ProviderError::Failed("no such recipient".to_owned())),
        };
        let file = file::seal(recipient.as_ref(), share.expose_secret())
            .map_err(|error| ProviderError::Failed(error.to_string()))?;
        Ok(armor::encode(&file))
    }

    fn plugin_recipient(&self, name: String, text: &str) -> Result<PluginRecipient, ProviderError> {
        let trusted = self.sources.settings.trusted_plugins.contains(&name)
            || self
                .sources
                .files()
                .iter()
                .flat_map(|source| source.held())
                .any(|held| held.plugin.as_ref() == Some(&name));
        if !trusted {
            return Err(ProviderError::UntrustedPlugin { name });
        }
        Ok(PluginRecipient::new(
            name,
            text.to_owned(),
            self.sources.plugins.clone(),
        ))
    }

    fn unwrap(&self, key: &MasterKey, effort: Effort) -> Result<KeyShare, ProviderError> {
        let (recipient, enc) = parts(key)?;
        let sources = &self.sources;
        if effort >= Effort::Programs {
            sources.commands(recipient);
        }
        let ran = sources.commands_so_far();
        let held = || {
            sources
                .files()
                .iter()
                .chain(ran.iter().flat_map(|run| run.iter()))
                .flat_map(|source| source.held())
        };
        // The recipient in the metadata is a hint for speed; which identity opens, the stanza alone decides.
        let belongs = |held: &&Held| recipient::same_key(&held.name, recipient);
        if effort == Effort::Known && !held().any(|held| belongs(&held)) {
            return Err(ProviderError::NoIdentity);
        }
        let file = armor::decode(enc.as_bytes())?;
        let file = AgeFile::parse(&file)?;
        match effort {
            Effort::Known => open_with(&file, held().filter(belongs)),
            Effort::Quiet => open_with(&file, held().filter(|held| held.plugin.is_none())),
            Effort::Programs => {
                let printed = ran
                    .iter()
                    .flat_map(|run| run.iter())
                    .flat_map(|source| source.held());
                let printed = printed.filter(|held| held.plugin.is_none());
                let of_plugins = held().filter(|held| held.plugin.is_some() && !is_native(&file));
                open_with(&file, printed.chain(of_plugins))
            }
            Effort::Ask => {
                let places = sources
                    .files()
                    .iter()
                    .chain(ran.iter().flat_map(|run| run.iter()));
                let locked = places.filter_map(|source| source.locked());
                let opened = locked
                    .filter(|locked| locked.may_open(file.stanzas()))
                    .filter_map(|locked| locked.open(&sources.settings, &sources.plugins).as_ref().ok());
                // A plugin may hold a key of age's own types; one that does not may ask for a card in vain.
                let of_plugins = held().filter(|held| held.plugin.is_some() && is_native(&file));
                open_with(&file, opened.flatten().chain(of_plugins))
            }
        }
    }
}

impl KeyService for AgeService {
    fn handles(&self, key: &MasterKey) -> bool {
        matches!(key, MasterKey::Age { .. })
    }

    fn wrap<'a>(
        &'a self,
        key: &'a MasterKey,
        share: &'a KeyShare,
    ) -> BoxFuture<'a, Result<String, ProviderError>> {
        ready(self.wrap(key, share))
    }

    fn unwrap<'a>(
        &'a self,
        key: &'a MasterKey,
        effort: Effort,
    ) -> BoxFuture<'a, Result<KeyShare, ProviderError>> {
        ready(self.unwrap(key, effort))
    }

    fn looked(&self) -> Vec<String> {
        self.sources.looked()
    }
}

/// Whether every stanza is of a type that needs no plugin.
fn is_native(file: &AgeFile<'_>) -> bool {
    file.stanzas()
        .iter()
        .all(|stanza| [x25519::TAG, hybrid::TAG].contains(&stanza.tag.as_str()))
}

fn open_with<'h>(
    file: &AgeFile<'_>,
    held: impl Iterator<Item = &'h Held>,
) -> Result<KeyShare, ProviderError> {
    match file.open(held.map(|held| held as &dyn Identity)) {
        Ok(mut share) => Ok(KeyShare::new(std::mem::take(&mut *share))),
        Err(FileError::NoMatch) => Err(ProviderError::NoIdentity),
        Err(error) => Err(error.into()),
    }
}

impl From<FileError> for ProviderError {
    fn from(error: FileError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<RecipientError> for ProviderError {
    fn from(error: RecipientError) -> Self {
        Self::Failed(error.to_string())
    }
}

fn parts(key: &MasterKey) -> Result<(&str, &str), ProviderError> {
    match key {
        MasterKey::Age { recipient, enc } => Ok((recipient, enc)),
        other => Err(ProviderError::Unsupported { kind: other.kind() }),
    }
}

const MIXED: &str = "post-quantum and classical recipients together are as weak as the classical ones";

/// A name for people: post-quantum and RSA keys fill pages, and their start tells them apart.
pub(crate) fn short(name: &str) -> String {
    let (start, end) = (name.get(..28), name.get(name.len().saturating_sub(8)..));
    match (start, end) {
        (Some(start), Some(end)) if name.len() > 100 => format!("{start}…{end}"),
        _ => name.to_owned(),
    }
}
