//! Opening a file: every value, then the MAC, then the document or an error.

use zeroize::Zeroizing;

use crate::cipher::{EncryptedValue, ValueCipher, is_encrypted};
use crate::error::WarningKind;
use crate::mac::{self, MacHasher};
use crate::tree::{Key, Leaf};
use crate::walk::{At, Kind, Visitor, walk};
use crate::{DataKey, DecryptError, Document, EncryptedFile, Value, Warning};

/// Whether the MAC must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacCheck {
    /// A wrong, missing or undecryptable MAC is an error.
    Verify,
    /// `--ignore-mac`: the tags of the values still count.
    Ignore,
}

/// Decrypts a whole file. Nothing is returned before the MAC is checked.
///
/// The document keeps the source of the encrypted file; writing it in the same store puts each value where its
/// ciphertext stood and takes the `sops` block out. Warnings: clear comments at encrypted positions, and the like.
///
/// # Errors
///
/// Each names key path and line, never content.
pub fn decrypt(
    file: &EncryptedFile,
    key: &DataKey,
    mac: MacCheck,
) -> Result<(Document, Vec<Warning>), DecryptError> {
    let mut nothing = |_: &At<'_>, _: &Leaf, _: Option<Opened<'_>>| ();
    let opened = open(file, key, Strictness::Whole, &mut nothing)?;
    if mac == MacCheck::Verify {
        let metadata = file.metadata();
        if metadata.mac.is_empty() {
            return Err(DecryptError::MacMissing);
        }
        let stored = mac::open(&opened.cipher, &metadata.mac, &metadata.last_modified)
            .map_err(|error| DecryptError::MacUnreadable(error.text()))?;
        if !opened.hash.finish().matches(&stored) {
            return Err(DecryptError::MacMismatch);
        }
    }
    Ok((opened.document, opened.warnings))
}

/// Whether plain leaves at encrypted positions are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// Every selected leaf is ciphertext.
    Whole,
    /// A file that was edited by hand: plain leaves stay, and are told.
    Mixed,
}

/// A tree that was opened; its MAC is not checked yet.
pub(crate) struct OpenedTree {
    pub(crate) document: Document,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) hash: MacHasher,
    pub(crate) cipher: ValueCipher,
}

/// A ciphertext and what was in it.
pub(crate) struct Opened<'a> {
    pub(crate) sealed: &'a EncryptedValue<'a>,
    /// The bytes that were encrypted.
    pub(crate) plain: &'a [u8],
    /// The path it opened under.
    pub(crate) aad: &'a [u8],
}

/// Told of every leaf and comment after it was looked at, with its ciphertext if it had one.
pub(crate) type Observer<'a> = dyn FnMut(&At<'_>, &Leaf, Option<Opened<'_>>) + 'a;

/// Opens every value of a file.
pub(crate) fn open(
    file: &EncryptedFile,
    key: &DataKey,
    strictness: Strictness,
    observer: &mut Observer<'_>,
) -> Result<OpenedTree, DecryptError> {
    let mut document = file.document.duplicate();
    let metadata = file.metadata();
    let mut opener = Opener {
        file,
        strictness,
        cipher: ValueCipher::new(key),
        hash: MacHasher::new(metadata.mac_only_encrypted),
        warnings: Vec::new(),
        observer,
    };
    walk(&mut document.branches, &metadata.selector, &mut opener)?;
    let Opener {
        cipher,
        hash,
        mut warnings,
        ..
    } = opener;
    number_lines(&file.document, &mut warnings);
    Ok(OpenedTree {
        document,
        warnings,
        hash,
        cipher,
    })
}

/// Turns the byte offsets that a walk put into `line` to line numbers, in one pass over the source.
pub(crate) fn number_lines(document: &Document, warnings: &mut [Warning]) {
    let mut order: Vec<&mut Warning> = warnings.iter_mut().collect();
    order.sort_by_key(|warning| warning.line);
    let (mut at, mut line) = (0, 1);
    for warning in order {
        let until = warning.line.min(document.source.len());
        let between = document.source.get(at..until).unwrap_or_default();
        line += between.iter().filter(|&&byte| byte == b'\n').count();
        at = until.max(at);
        warning.line = line;
    }
}

struct Opener<'a, 'o> {
    file: &'a EncryptedFile,
    strictness: Strictness,
    cipher: ValueCipher,
    hash: MacHasher,
    /// With byte offsets in place of lines while the walk goes on.
    warnings: Vec<Warning>,
    observer: &'a mut Observer<'o>,
}

impl Opener<'_, '_> {
    fn refuse(&self, at: &At<'_>, leaf: &Leaf, what: &'static str) -> DecryptError {
        DecryptError::BadValue {
            line: self.file.document.line_of(leaf.place.start()),
            path: at.trail.to_string(),
            what,
        }
    }

    fn warn(&mut self, at: &At<'_>, leaf: &Leaf, kind: WarningKind) {
        self.warnings.push(Warning {
            line: leaf.place.start(),
            path: at.trail.to_string(),
            kind,
        });
    }
}

impl Opener<'_, '_> {
    /// An encrypted comment where nothing selects one. A block scalar above it may have become one line when it was
    /// encrypted, and the comment then reads as one of an outer collection. If the key opens it, it is ours.
    fn stray_comment(&mut self, at: &At<'_>, comment: &mut Leaf) -> Result<Kind, DecryptError> {
        let text = Zeroizing::new(comment.value.canonical().to_vec());
        let sealed = EncryptedValue::parse(&text)
            .ok()
            .filter(|sealed| sealed.type_tag == "comment");
        let opened = sealed.and_then(|sealed| {
            let (plain, aad) = open_comment(&self.cipher, &sealed, at)?;
            Some((sealed, plain, aad))
        });
        let Some((sealed, plain, aad)) = opened else {
            (self.observer)(at, comment, None);
            return Ok(Kind::Comment);
        };
        put(comment, &sealed, &plain)
            .ok_or_else(|| self.refuse(at, comment, "the decrypted text does not fit its type"))?;
        comment.stays_encrypted = true;
        let opened = Opened {
            sealed: &sealed,
            plain: &plain,
            aad,
        };
        (self.observer)(at, comment, Some(opened));
        Ok(Kind::Comment)
    }
}

impl Visitor for Opener<'_, '_> {
    type Error = DecryptError;

    const CIPHERTEXT: bool = true;

    fn leaf(&mut self, at: &At<'_>, leaf: &mut Leaf) -> Result<(), DecryptError> {
        let mut seen = false;
        if at.encrypts {
            let mixed = self.strictness == Strictness::Mixed;
            match &leaf.value {
                // Empty strings are left as they are, by SOPS too.
                Value::Str(text) if text.is_empty() => {}
                Value::Str(text) if mixed && !is_encrypted(text) => {
                    self.warn(at, leaf, WarningKind::PlainLeaf)
                }
                Value::Str(text) => {
                    let text = Zeroizing::new(text.to_vec());
                    let sealed =
                        EncryptedValue::parse(&text).map_err(|error| self.refuse(at, leaf, error.text()))?;
                    let plain = self
                        .cipher
                        .open(&sealed, at.aad)
                        .map_err(|error| self.refuse(at, leaf, error.text()))?;
                    put(leaf, &sealed, &plain)
                        .ok_or_else(|| self.refuse(at, leaf, "the decrypted text does not fit its type"))?;
                    seen = true;
                    (self.observer)(
                        at,
                        leaf,
                        Some(Opened {
                            sealed: &sealed,
                            plain: &plain,
                            aad: at.aad,
                        }),
                    );
                    if sealed.type_tag == "comment" {
                        return Ok(());
                    }
                }
                _ if mixed => self.warn(at, leaf, WarningKind::PlainLeaf),
                Value::Null => {}
                Value::Bool(_) => {
                    return Err(self.refuse(at, leaf, "expected an encrypted value, found a boolean"));
                }
                Value::Int(_) | Value::Uint64(_) | Value::Float(_) => {
                    return Err(self.refuse(at, leaf, "expected an encrypted value, found a number"));
                }
                Value::Time(_) => {
                    return Err(self.refuse(at, leaf, "expected an encrypted value, found a date"));
                }
            }
        }
        if matches!(leaf.value, Value::Uint64(_)) {
            return Err(self.refuse(
                at,
                leaf,
                "an integer beyond 64 bits with sign: SOPS has no type for it",
            ));
        }
        self.hash.add(&leaf.value.canonical(), at.encrypts);
        if !seen {
            (self.observer)(at, leaf, None);
        }
        Ok(())
    }

    fn comment(&mut self, at: &At<'_>, comment: &mut Leaf) -> Result<Kind, DecryptError> {
        let is_item = !is_comment_place(comment);
        let here = if is_item { Kind::Value } else { Kind::Comment };
        let Value::Str(text) = &comment.value else {
            return Ok(here);
        };
        if !at.encrypts && !is_item && is_encrypted(text) {
            return self.stray_comment(at, comment);
        }
        if !at.encrypts || text.is_empty() {
            if is_item {
                self.hash.add(text, at.encrypts);
            }
            (self.observer)(at, comment, None);
            return Ok(here);
        }
        let text = Zeroizing::new(text.to_vec());
        let opened = EncryptedValue::parse(&text).ok().and_then(|sealed| {
            let (plain, aad) = open_comment(&self.cipher, &sealed, at)?;
            Some((sealed, plain, aad))
        });
        let Some((sealed, plain, aad)) = opened else {
            if is_item {
                return Err(self.refuse(at, comment, "the value does not open"));
            }
            // Files of old versions have clear comments: kept, as SOPS does.
            self.warn(at, comment, WarningKind::ClearComment);
            (self.observer)(at, comment, None);
            return Ok(Kind::Comment);
        };
        put(comment, &sealed, &plain)
            .ok_or_else(|| self.refuse(at, comment, "the decrypted text does not fit its type"))?;
        (self.observer)(
            at,
            comment,
            Some(Opened {
                sealed: &sealed,
                plain: &plain,
                aad,
            }),
        );
        if sealed.type_tag == "comment" {
            comment.inline &= is_comment_place(comment);
            return Ok(Kind::Comment);
        }
        // A comment that holds something else is a value for SOPS, and hashed (trap T16).
        self.hash.add(&comment.value.canonical(), true);
        Ok(Kind::Value)
    }

    fn bad_key(&mut self, key: &Key) -> DecryptError {
        DecryptError::NonStringKey {
            line: self.file.document.line_of(key.at),
        }
    }
}

/// Puts what was decrypted into a leaf; `None` if it does not fit its type.
fn put(leaf: &mut Leaf, sealed: &EncryptedValue<'_>, plain: &[u8]) -> Option<()> {
    let value = Value::restore(sealed.type_tag, plain)?;
    leaf.spelling = match &value {
        Value::Str(_) => None,
        value if *value.canonical() == *plain => None,
        _ => Some(Zeroizing::new(std::str::from_utf8(plain).ok()?.to_owned())),
    };
    leaf.value = value;
    leaf.changed = true;
    Some(())
}

/// Where exactly SOPS saw a comment can only be guessed: the other open containers are tried before giving up.
fn open_comment<'a>(
    cipher: &ValueCipher,
    sealed: &EncryptedValue<'_>,
    at: &At<'a>,
) -> Option<(Zeroizing<Vec<u8>>, &'a [u8])> {
    if let Ok(plain) = cipher.open(sealed, at.aad) {
        return Some((plain, at.aad));
    }
    let prefixes = |path: &'a [u8]| {
        let ends = path
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, byte)| **byte == b':')
            .map(|(at, _)| at + 1);
        ends.map(move |end| &path[..end])
    };
    let others = prefixes(at.aad)
        .chain(prefixes(at.last_aad))
        .chain([b":".as_slice()]);
    others
        .filter(|aad| *aad != at.aad)
        .find_map(|aad| cipher.open(sealed, aad).ok().map(|plain| (plain, aad)))
}

/// Whether a leaf stands as a comment in the text, not as an item of a list.
pub(crate) fn is_comment_place(leaf: &Leaf) -> bool {
    use crate::store::yaml;
    use crate::tree::Place;
    !matches!(
        &leaf.place,
        Place::Json(_)
            | Place::Yaml(yaml::Place {
                kind: yaml::Kind::Flow(_) | yaml::Kind::Block,
                ..
            })
    )
}
