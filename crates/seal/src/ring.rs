//! All sealing keys of one cluster, newest first.

use std::cmp::Reverse;
use std::collections::HashSet;

use crate::{SealingCert, SealingKey};

/// Keys, newest first; duplicates (same fingerprint) kept once.
#[derive(Default)]
pub struct KeyRing {
    keys: Vec<SealingKey>,
}

impl KeyRing {
    /// Sorts keys by notBefore of their certificates, newest first; keys without certificate come last; equal ones stay
    /// in the order given. Of keys with one fingerprint the first in that order is kept.
    pub fn newest_first(mut keys: Vec<SealingKey>) -> Self {
        keys.sort_by_key(|key| Reverse(key.cert().map(SealingCert::not_before)));
        let mut seen = HashSet::new();
        keys.retain(|key| seen.insert(key.fingerprint().to_owned()));
        Self { keys }
    }

    /// The keys, newest first.
    pub fn keys(&self) -> &[SealingKey] {
        &self.keys
    }

    /// The newest key's certificate: what seals.
    pub fn current(&self) -> Option<&SealingCert> {
        self.keys.first()?.cert()
    }

    /// The key of a fingerprint.
    pub fn find(&self, fingerprint: &str) -> Option<&SealingKey> {
        self.keys.iter().find(|key| key.fingerprint() == fingerprint)
    }

    /// Whether it holds no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
