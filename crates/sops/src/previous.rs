//! The file that a document came from: its ciphertexts are used again where nothing changed (spec/sops-format §5, D3).

use std::collections::HashMap;
use std::ops::Range;

use aws_lc_rs::digest;
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::cipher::NONCE_BYTES;
use crate::decrypt::{Strictness, is_comment_place, open};
use crate::mac;
use crate::store::Splice;
use crate::tree::{Key, Leaf};
use crate::walk::{At, Kind, Visitor, walk};
use crate::{DataKey, DecryptError, Document, EncryptedFile, Layout, Selector, Value, Warning};

/// The former version of a file, opened: for each value its ciphertext, nonce, source token and plain spelling.
pub struct Previous {
    /// As it was.
    pub(crate) file: EncryptedFile,
    /// What decrypting it writes, read again; `None` if that does not read (an odd file: then only nonces are kept).
    pub(crate) plain: Option<Document>,
    /// Where the block stood: its place in the plain text, and its bytes in the source.
    pub(crate) blocks: Vec<(usize, Range<usize>)>,
    /// Whether a selected leaf was plain, or a new MAC is wanted in any case.
    pub(crate) mixed: bool,
    /// The MAC it has, opened; `None` if it does not open.
    pub(crate) mac: Option<Zeroizing<Vec<u8>>>,
    key: DataKey,
    records: HashMap<u64, Record>,
    /// Digest of path, type and plaintext, to nonce. The last one decrypted wins, as in SOPS.
    stash: HashMap<Digest, [u8; NONCE_BYTES]>,
}

/// One leaf of the former version.
pub(crate) struct Record {
    /// The path it opened under, or stands under.
    aad: Box<[u8]>,
    pub(crate) value: Value,
    pub(crate) spelling: Option<Zeroizing<String>>,
    /// Bytes in the encrypted source.
    pub(crate) token: Option<Range<usize>>,
    /// A comment that stands as an item of a list.
    pub(crate) item: bool,
    /// Its ciphertext; `None` if it was clear.
    pub(crate) sealed: Option<String>,
    pub(crate) nonce: Option<[u8; NONCE_BYTES]>,
    /// Bytes in the plain text.
    pub(crate) plain_token: Option<Range<usize>>,
}

/// Names one plaintext under one path; kept in memory only (spec/security S-3).
pub(crate) type Digest = [u8; 32];

impl Previous {
    /// Opens a file for reuse. The MAC is not looked at: what it gives is only ever compared with new values.
    ///
    /// # Errors
    ///
    /// A value that does not open under its path.
    pub fn open(file: &EncryptedFile, key: &DataKey) -> Result<Self, DecryptError> {
        let mut records = HashMap::new();
        let mut stash = HashMap::new();
        let mut observer = |at: &At<'_>, leaf: &Leaf, opened: Option<crate::decrypt::Opened<'_>>| {
            let aad = opened.as_ref().map_or(at.aad, |opened| opened.aad);
            let nonce = opened.as_ref().and_then(|opened| opened.sealed.reusable_nonce());
            if let (Some(opened), Some(nonce)) = (&opened, nonce) {
                stash.insert(digest_of(aad, opened.sealed.type_tag, opened.plain), nonce);
            }
            let item = opened
                .as_ref()
                .is_some_and(|opened| opened.sealed.type_tag == "comment")
                && !is_comment_place(leaf);
            let record = Record {
                aad: aad.into(),
                value: leaf.value.duplicate(),
                spelling: leaf
                    .spelling
                    .as_ref()
                    .map(|text| Zeroizing::new(text.as_str().to_owned())),
                token: leaf.place.range(),
                item,
                sealed: opened.map(|opened| opened.sealed.to_string()),
                nonce,
                plain_token: None,
            };
            records.insert(at.place, record);
        };
        let opened = open(file, key, Strictness::Mixed, &mut observer)?;
        let metadata = file.metadata();
        let mac = mac::open(&opened.cipher, &metadata.mac, &metadata.last_modified).ok();
        let mixed = opened
            .warnings
            .iter()
            .any(|warning| warning.kind == crate::error::WarningKind::PlainLeaf);
        let store = file.store();
        let written = store.splice_plain(&opened.document, &Layout::default()).ok();
        let (text, blocks) =
            written.map_or((None, Vec::new()), |Splice { text, blocks }| (Some(text), blocks));
        let mut plain = text.and_then(|text| store.read_plain(&text).ok());
        if let Some(document) = &mut plain {
            // Any selector: only places are asked for.
            let _ = walk(&mut document.branches, &Selector::None, &mut Tokens(&mut records));
        }
        let key = DataKey::from_bytes(key.expose_secret()).expect("a data key has 32 bytes");
        Ok(Self {
            file: file.duplicate(),
            plain,
            blocks,
            mixed,
            mac,
            key,
            records,
            stash,
        })
    }

    /// The leaf that stood at this place of the tree under this path.
    pub(crate) fn record(&self, at: &At<'_>) -> Option<&Record> {
        // A comment may have opened under the path of another container.
        self.records
            .get(&at.place)
            .filter(|record| *record.aad == *at.aad || record.is_comment())
    }

    /// Whether a token of a plain text is what decrypting this leaf writes.
    pub(crate) fn same_token(&self, record: &Record, token: &[u8]) -> bool {
        let former = record.plain_token.clone();
        former
            .and_then(|range| self.plain.as_ref()?.source.get(range))
            .is_some_and(|former| former == token)
    }

    pub(crate) fn is_key(&self, key: &DataKey) -> bool {
        self.key.expose_secret().ct_eq(key.expose_secret()).into()
    }

    pub(crate) fn nonce(&self, digest: &Digest) -> Option<[u8; NONCE_BYTES]> {
        self.stash.get(digest).copied()
    }
}

impl Record {
    fn is_comment(&self) -> bool {
        self.sealed
            .as_ref()
            .is_some_and(|sealed| sealed.ends_with(",type:comment]"))
    }
}

impl Previous {
    /// Has [`encrypt`](crate::encrypt) write a new MAC and date even where nothing changed, as `sops set` does.
    #[must_use]
    pub fn renewing(mut self) -> Self {
        self.mixed = true;
        self
    }
}

/// Opens a half-encrypted file (a block, but some selected leaves plain): every `ENC[…]` must open under its own path,
/// plain leaves stay, the MAC is not checked. The paths (with lines) of the plain leaves are told as warnings.
///
/// # Errors
///
/// A value that does not open.
pub fn open_mixed(file: &EncryptedFile, key: &DataKey) -> Result<(Document, Vec<Warning>), DecryptError> {
    let opened = open(file, key, Strictness::Mixed, &mut |_, _, _| ())?;
    Ok((opened.document, opened.warnings))
}

/// Digest of what a nonce belongs to.
pub(crate) fn digest_of(aad: &[u8], type_tag: &str, plain: &[u8]) -> Digest {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&aad.len().to_le_bytes());
    context.update(aad);
    context.update(type_tag.as_bytes());
    context.update(b":");
    context.update(plain);
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}

/// Notes where each leaf stands in the plain text.
struct Tokens<'a>(&'a mut HashMap<u64, Record>);

impl Visitor for Tokens<'_> {
    type Error = std::convert::Infallible;

    const CIPHERTEXT: bool = false;

    fn leaf(&mut self, at: &At<'_>, leaf: &mut Leaf) -> Result<(), Self::Error> {
        if let Some(record) = self.0.get_mut(&at.place) {
            record.plain_token = leaf.place.range();
        }
        Ok(())
    }

    fn comment(&mut self, at: &At<'_>, comment: &mut Leaf) -> Result<Kind, Self::Error> {
        self.leaf(at, comment).map(|()| Kind::Comment)
    }

    fn bad_key(&mut self, _: &Key) -> Self::Error {
        unreachable!("decrypting refused it")
    }
}
