//! Why a share was not wrapped or opened: names of keys and places, never a key.

use thiserror::Error;

/// Why one master key did not wrap or open.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// Said in words of ours; foreign text is scrubbed before it comes here.
    #[error("{0}")]
    Failed(String),
    /// No key at hand opens it.
    #[error("identity not available")]
    NoIdentity,
    /// No service of this program speaks for that kind of key (yet).
    #[error("{} keys come with a later version", maker(*kind))]
    Unsupported {
        /// The kind.
        kind: sops::KeyKind,
    },
    /// Nobody whom the user trusts named the plugin of a recipient (spec/security S-33).
    #[error(
        "age-plugin-{name} is not run: neither a flag, the matching rule nor an identity of yours names it"
    )]
    UntrustedPlugin {
        /// Name of the plugin.
        name: String,
    },
}

/// One master key that was tried and did not open.
#[derive(Debug, Error)]
#[error("master key {name} did not open")]
pub struct Attempt {
    /// Number of the key group, from 0.
    pub group: usize,
    /// Its name (spec/sops-format §9.3, §10).
    pub name: String,
    /// Its kind.
    pub kind: sops::KeyKind,
    /// Why.
    #[source]
    pub source: ProviderError,
}

/// Why the data key of a file could not be recovered.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UnlockError {
    /// Fewer key groups opened than are needed.
    #[error("{opened} of {groups} key groups opened, {needed} needed")]
    TooFewGroups {
        /// Groups that opened.
        opened: usize,
        /// Groups in the file.
        groups: usize,
        /// Groups needed.
        needed: usize,
        /// Which groups opened, by number from 0.
        opened_groups: Vec<usize>,
        /// One entry per master key tried, in order.
        attempts: Vec<Attempt>,
        /// Where identities were looked for, what was found there or why not, in words for people.
        looked: Vec<String>,
    },
    /// What a master key held is not a data key, or shares do not combine.
    #[error("{name} opened, but what it held is not a data key of 32 bytes")]
    WrongLength {
        /// The master key, or "key groups".
        name: String,
    },
}

/// Why a data key was not wrapped for all recipients.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LockError {
    /// A group has no key.
    #[error("empty key group provided")]
    EmptyGroup,
    /// No group at all.
    #[error("no key groups provided")]
    NoGroups,
    /// Threshold or number of groups out of range.
    #[error("could not split data key into parts for Shamir: {0}")]
    Shamir(sops::shamir::SplitError),
    /// The random source failed.
    #[error("cannot draw random bytes")]
    Random(#[source] sops::RandomError),
    /// Post-quantum and classical recipients on one file (S-17).
    #[error("recipients mix post-quantum and classical keys")]
    Mixed {
        /// Post-quantum ones.
        post_quantum: Vec<String>,
        /// Classical ones.
        classical: Vec<String>,
    },
    /// At least one recipient failed.
    #[error("{} of the recipients failed", attempts.len())]
    Failed {
        /// Each with its reason.
        attempts: Vec<Attempt>,
    },
}

/// Why the services cannot be assembled.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A setting is out of range.
    #[error("{name}: {what}")]
    Bad {
        /// Name of the variable or flag.
        name: String,
        /// What is wrong.
        what: String,
    },
}

/// The kind as its maker calls it.
const fn maker(kind: sops::KeyKind) -> &'static str {
    match kind {
        sops::KeyKind::Age => "age",
        sops::KeyKind::AwsKms => "AWS KMS",
        sops::KeyKind::AzureKeyVault => "Azure Key Vault",
        sops::KeyKind::GcpKms => "GCP KMS",
        sops::KeyKind::HuaweiKms => "Huawei KMS",
        sops::KeyKind::Pgp => "PGP",
        sops::KeyKind::VaultTransit => "Vault transit",
    }
}
