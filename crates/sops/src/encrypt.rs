//! Closing a file: selected values become ciphertext, the MAC goes over all of them.

use jiff::Timestamp;

use crate::decrypt::number_lines;
use crate::error::WarningKind;
use crate::graft::graft;
use crate::mac::MacHasher;
use crate::seal::{Reuse, Rules, Sealer, any};
use crate::store::yaml::words::is_bare_word;
use crate::walk::walk;
use crate::{
    DataKey, Document, EncryptError, EncryptedFile, KeyGroup, Metadata, Previous, Random, Selector, Store,
    Warning,
};

/// What goes into the metadata of a file besides the MAC. The key groups are already wrapped.
pub struct Header {
    /// Wrapped keys.
    pub key_groups: Vec<KeyGroup>,
    /// How many groups are needed; 0 for one group.
    pub shamir_threshold: u32,
    /// Which values are encrypted.
    pub selector: Selector,
    /// Whether the MAC covers encrypted values only.
    pub mac_only_encrypted: bool,
    /// `version` to be written.
    pub version: String,
}

/// The result of [`encrypt`].
pub struct Encrypted {
    /// The file, ready to be written.
    pub file: EncryptedFile,
    /// Values whose meaning a round trip changes (D2), replaced aliases, tag-like texts, each with its line.
    pub warnings: Vec<Warning>,
    /// False if, with a [`Previous`], not one value changed: writing the old bytes again is right.
    pub changed: bool,
}

impl Header {
    /// The header of an existing file, to be used again by `edit`, `set` and `rotate`.
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            key_groups: metadata.key_groups.clone(),
            shamir_threshold: metadata.shamir_threshold,
            selector: metadata.selector.clone(),
            mac_only_encrypted: metadata.mac_only_encrypted,
            version: metadata.version.clone(),
        }
    }

    fn same_keys_and_rules(&self, metadata: &Metadata) -> bool {
        self.key_groups == metadata.key_groups
            && self.shamir_threshold == metadata.shamir_threshold
            && self.selector == metadata.selector
            && self.mac_only_encrypted == metadata.mac_only_encrypted
    }

    /// As SOPS settles it: without a rule the default suffix; the binary store has no rules at all.
    fn settle(&mut self, store: Store, is_new: bool, warnings: &mut Vec<Warning>) {
        if store == Store::Binary {
            let ignored = self.mac_only_encrypted
                || !matches!(&self.selector, Selector::None) && self.selector != Selector::default();
            if is_new {
                if ignored {
                    warnings.push(Warning {
                        line: 0,
                        path: String::new(),
                        kind: WarningKind::IgnoredSelection,
                    });
                }
                self.selector = Selector::None;
                self.mac_only_encrypted = false;
            }
        } else if self.selector == Selector::None {
            self.selector = Selector::default();
        }
    }
}

/// Encrypts a document.
///
/// With `previous`, values that did not change keep their ciphertext (same data key) or their nonce (new data key),
/// and the key entries of the old block stay byte for byte where they are equal.
///
/// # Errors
///
/// A non-string key, a value SOPS has no type for, an existing `sops` key, each with path and line.
pub fn encrypt(
    mut document: Document,
    key: &DataKey,
    mut header: Header,
    previous: Option<&Previous>,
    now: Timestamp,
    random: &mut dyn Random,
) -> Result<Encrypted, EncryptError> {
    if document.branches.is_empty() {
        return Err(EncryptError::NoDocument);
    }
    if document.store.has_block(&document) {
        return Err(EncryptError::AlreadyEncrypted);
    }
    if let Some(number) = document.store.later_block(&document) {
        return Err(EncryptError::BlockInLaterDocument { document: number });
    }
    let mut warnings = Vec::new();
    header.settle(document.store, previous.is_none(), &mut warnings);
    let reuse = Reuse::choose(&document, previous);
    let hash = MacHasher::new(header.mac_only_encrypted);
    let mut branches = std::mem::take(&mut document.branches);
    let overridden = reuse == Reuse::Graft && any(&branches, |leaf| leaf.changed);
    let rules = Rules {
        bare_words: reuse == Reuse::Graft && any(&branches, is_bare_word),
        clear_by_comment: matches!(header.selector, Selector::UnencryptedCommentRegex(_)),
    };
    let mut sealer = Sealer::new(&document, key, hash, previous, reuse, random, rules);
    let walked = walk(&mut branches, &header.selector, &mut sealer);
    let mut sealed = sealer.finish();
    document.branches = branches;
    walked?;
    for site in &sealed.replaced {
        if let Some(alias) = document
            .shape
            .as_mut()
            .and_then(|shape| shape.aliases.get_mut(*site))
        {
            alias.replace = true;
        }
    }
    if let Some(shape) = &mut document.shape {
        shape.words |= sealed.words;
    }
    number_lines(&document, &mut sealed.warnings);
    warnings.append(&mut sealed.warnings);

    let mac = sealed.hash.finish();
    if let Some(previous) = previous {
        let untouched = match reuse {
            Reuse::Direct => sealed.fresh == 0,
            Reuse::Graft | Reuse::Nonces => {
                !overridden
                    && document.store == previous.file.store()
                    && document.block.is_none()
                    && previous
                        .plain
                        .as_ref()
                        .is_some_and(|plain| *plain.source == *document.source)
            }
        };
        let same_mac = previous.mac.as_ref().is_some_and(|stored| mac.matches(stored));
        if untouched
            && same_mac
            && !previous.mixed
            && previous.is_key(key)
            && header.same_keys_and_rules(previous.file.metadata())
        {
            return Ok(Encrypted {
                file: previous.file.duplicate(),
                warnings,
                changed: false,
            });
        }
    }

    let last_modified = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let nonce = sealed.nonces.next(random).map_err(EncryptError::Random)?;
    let mac = mac
        .seal(&sealed.cipher, &nonce, &last_modified)
        .unwrap_or_default();
    let metadata = Metadata {
        key_groups: header.key_groups,
        shamir_threshold: header.shamir_threshold,
        last_modified,
        mac,
        mac_only_encrypted: header.mac_only_encrypted,
        selector: header.selector,
        version: header.version,
    };
    let file = match (reuse, previous) {
        (Reuse::Graft, Some(previous)) => graft(document, sealed.verbatim, metadata, previous),
        _ => EncryptedFile { document, metadata },
    };
    Ok(Encrypted {
        file,
        warnings,
        changed: true,
    })
}
