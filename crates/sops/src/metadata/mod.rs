//! The `sops:` block: model, reading tolerance, writing order.

pub(crate) mod flatten;
mod read;
mod write;

use crate::{KeyGroup, Selector};

/// What the block of a file says. Public data, written by whoever can write the file (spec/security S-11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// One group: flat lists in the file. More: `key_groups`.
    pub key_groups: Vec<KeyGroup>,
    /// Groups needed; 0 if absent.
    pub shamir_threshold: u32,
    /// As written; AAD of the MAC after canonical re-formatting.
    pub last_modified: String,
    /// `ENC[…]` of the MAC; may be empty in a broken file.
    pub mac: String,
    /// Whether the MAC covers encrypted values only.
    pub mac_only_encrypted: bool,
    /// Which values are encrypted.
    pub selector: Selector,
    /// As written; may be empty.
    pub version: String,
}

impl Metadata {
    /// Whether two blocks differ in nothing but `lastmodified`, `mac` and `version`.
    pub(crate) fn same_but_for_dates(&self, other: &Self) -> bool {
        self.key_groups == other.key_groups
            && self.shamir_threshold == other.shamir_threshold
            && self.mac_only_encrypted == other.mac_only_encrypted
            && self.selector == other.selector
    }
}
