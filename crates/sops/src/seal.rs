//! What encrypting does with each leaf: reuse the old ciphertext, reuse the nonce, or seal anew.

use std::collections::{HashMap, HashSet};

use zeroize::Zeroizing;

use crate::cipher::{NONCE_BYTES, Nonces, ValueCipher, is_encrypted};
use crate::error::WarningKind;
use crate::mac::MacHasher;
use crate::previous::{Digest, Previous, Record, digest_of};
use crate::store::yaml;
use crate::store::{BytePatch, Store};
use crate::tree::{Branch, Element, Entry, Key, Leaf, Node, Place};
use crate::walk::{At, Kind, Visitor};
use crate::{DataKey, Document, EncryptError, Random, Value, Warning};

/// How much of a former version can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reuse {
    /// The document is the decrypted former file itself, on the very same text.
    Direct,
    /// The document is a plain text of the same store: tokens of the former file go into it.
    Graft,
    /// Another store, or no former version.
    Nonces,
}

impl Reuse {
    pub(crate) fn choose(document: &Document, previous: Option<&Previous>) -> Self {
        let Some(previous) = previous else {
            return Self::Nonces;
        };
        let former = &previous.file.document;
        if former.store != document.store || document.store == Store::Binary {
            return Self::Nonces;
        }
        match &document.block {
            Some(_) if *former.source == *document.source => Self::Direct,
            None if previous.plain.is_some() && !document.source.is_empty() => Self::Graft,
            _ => Self::Nonces,
        }
    }
}

/// Whether any leaf or comment passes a test.
pub(crate) fn any(branches: &[Branch], test: fn(&Leaf) -> bool) -> bool {
    fn in_entries(entries: &[Entry], test: fn(&Leaf) -> bool) -> bool {
        entries.iter().any(|entry| match entry {
            Entry::Pair(_, node) => in_node(node, test),
            Entry::Comment(leaf) => test(leaf),
        })
    }
    fn in_node(node: &Node, test: fn(&Leaf) -> bool) -> bool {
        match node {
            Node::Mapping(entries) => in_entries(entries, test),
            Node::Sequence(elements) => elements.iter().any(|element| match element {
                Element::Node(node) => in_node(node, test),
                Element::Comment(leaf) => test(leaf),
            }),
            Node::Leaf(leaf) => test(leaf),
        }
    }
    branches.iter().any(|branch| in_entries(&branch.entries, test))
}

/// Encrypts the selected leaves of a tree and hashes all of them.
pub(crate) struct Sealer<'a> {
    document: &'a Document,
    previous: Option<&'a Previous>,
    reuse: Reuse,
    same_key: bool,
    cipher: ValueCipher,
    nonces: Nonces,
    random: &'a mut dyn Random,
    hash: MacHasher,
    /// With byte offsets in place of lines.
    warnings: Vec<Warning>,
    /// Which plaintext a nonce was used for: never for two under one key.
    used: HashMap<[u8; NONCE_BYTES], Digest>,
    /// What stands at a place of the text that aliases may point to: its path, its ciphertext.
    anchors: HashMap<usize, (Vec<u8>, Option<String>)>,
    replaced: HashSet<usize>,
    verbatim: Vec<BytePatch>,
    fresh: usize,
    /// See [`yaml::words`].
    words: bool,
    rules: Rules,
}

/// What is known of the whole document before the walk.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// The plain text has words without quotes, see [`yaml::words`].
    pub(crate) bare_words: bool,
    /// The rule is `unencrypted_comment_regex`.
    pub(crate) clear_by_comment: bool,
}

/// What [`Sealer`] gives when the walk is over.
pub(crate) struct Sealed {
    pub(crate) cipher: ValueCipher,
    pub(crate) nonces: Nonces,
    pub(crate) hash: MacHasher,
    pub(crate) warnings: Vec<Warning>,
    /// Aliases to be replaced by copies.
    pub(crate) replaced: HashSet<usize>,
    /// Tokens of the former file for places of the plain text.
    pub(crate) verbatim: Vec<BytePatch>,
    /// How many values were sealed anew.
    pub(crate) fresh: usize,
    /// Words without quotes were encrypted, see [`yaml::words`].
    pub(crate) words: bool,
}

impl<'a> Sealer<'a> {
    pub(crate) fn new(
        document: &'a Document,
        key: &DataKey,
        hash: MacHasher,
        previous: Option<&'a Previous>,
        reuse: Reuse,
        random: &'a mut dyn Random,
        rules: Rules,
    ) -> Self {
        Self {
            document,
            previous,
            reuse,
            same_key: previous.is_some_and(|previous| previous.is_key(key)),
            cipher: ValueCipher::new(key),
            nonces: Nonces::new(),
            random,
            hash,
            warnings: Vec::new(),
            used: HashMap::new(),
            anchors: HashMap::new(),
            replaced: HashSet::new(),
            verbatim: Vec::new(),
            fresh: 0,
            words: false,
            rules,
        }
    }

    pub(crate) fn finish(self) -> Sealed {
        Sealed {
            cipher: self.cipher,
            nonces: self.nonces,
            hash: self.hash,
            warnings: self.warnings,
            replaced: self.replaced,
            verbatim: self.verbatim,
            fresh: self.fresh,
            words: self.words,
        }
    }

    fn refuse(&self, at: &At<'_>, leaf: &Leaf, what: &'static str) -> EncryptError {
        EncryptError::Unsupported {
            line: self.document.line_of(leaf.place.start()),
            path: at.trail.to_string(),
            what,
        }
    }

    fn warn(&mut self, at: &At<'_>, offset: usize, kind: WarningKind) {
        self.warnings.push(Warning {
            line: offset,
            path: at.trail.to_string(),
            kind,
        });
    }

    /// The same leaf in the former version, if it is unchanged.
    fn former(&self, at: &At<'_>, leaf: &Leaf) -> Option<&'a Record> {
        let previous = self.previous?;
        let record = previous.record(at)?;
        let same = match self.reuse {
            Reuse::Nonces => false,
            Reuse::Direct => {
                record.token == leaf.place.range()
                    && record.value.same(&leaf.value)
                    && record.spelling.as_deref() == leaf.spelling.as_deref()
            }
            Reuse::Graft => {
                let token = leaf
                    .place
                    .range()
                    .and_then(|range| self.document.source.get(range));
                !leaf.changed
                    && token.is_some_and(|token| previous.same_token(record, token))
                    && self.says_the_same(leaf, record)
            }
        };
        same.then_some(record)
    }

    /// The token of a YAML block scalar is not all of its value: what follows it (a final line break or none) counts.
    fn says_the_same(&self, leaf: &Leaf, record: &Record) -> bool {
        match (&leaf.value, &record.value) {
            (Value::Str(_), Value::Str(_)) if self.document.store == Store::Yaml => {
                leaf.value.same(&record.value)
            }
            _ => true,
        }
    }

    /// Gives a leaf the ciphertext that it had; the token it stood in goes with it where the text can take it.
    fn keep(&mut self, leaf: &mut Leaf, record: &Record, sealed: &str) {
        if let Some(nonce) = record.nonce
            && let Value::Str(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Time(_) =
                &record.value
        {
            self.used.entry(nonce).or_insert([0; 32]);
        }
        leaf.value = Value::str(sealed.as_bytes());
        leaf.spelling = None;
        leaf.changed = self.reuse != Reuse::Direct;
        if self.reuse == Reuse::Graft
            && let Some(patch) = self.token(leaf, record)
        {
            self.verbatim.push(patch);
        }
    }

    /// The bytes in which the ciphertext stood, for the place where the plain text stands now.
    fn token(&self, leaf: &Leaf, record: &Record) -> Option<BytePatch> {
        let word = matches!(&record.value, Value::Str(text)
            if std::str::from_utf8(text).is_ok_and(yaml::words::is_word));
        let source = &self.previous?.file.document.source;
        let token = source.get(record.token.clone()?)?;
        let range = leaf.place.range()?;
        let patch = |range, bytes: &[u8]| BytePatch {
            range,
            bytes: Zeroizing::new(bytes.to_vec()),
        };
        let Place::Yaml(place) = &leaf.place else {
            return Some(patch(range, token));
        };
        if place.copy.is_some() || place.header_comment.is_some() || token.contains(&b'\n') {
            return None;
        }
        if record.item {
            let former = source.get(..record.token.as_ref()?.start)?;
            let dash = former.trim_ascii_end().strip_suffix(b"-")?.len();
            let hash = range.start.checked_sub(1)?;
            let column =
                |text: &[u8], at: usize| text[..at].iter().rev().take_while(|byte| **byte == b' ').count();
            let alone = self.document.source.get(..hash)?.trim_ascii_end().len();
            let own_line = self.document.source.get(alone..hash)?.contains(&b'\n') || alone == 0;
            if place.flow || !own_line || column(source, dash) != column(&self.document.source, hash) {
                return None;
            }
            return Some(patch(
                hash..range.end,
                source.get(dash..record.token.as_ref()?.end)?,
            ));
        }
        let quoted = matches!(token.first(), Some(b'"' | b'\''));
        let needs_quotes = matches!(
            place.kind,
            yaml::Kind::Flow(::yaml::ScalarStyle::SingleQuoted | ::yaml::ScalarStyle::DoubleQuoted)
        );
        if needs_quotes && !quoted && self.rules.bare_words && word {
            return None;
        }
        (quoted || !place.flow || place.kind == yaml::Kind::Comment).then(|| patch(range, token))
    }

    fn seal(
        &mut self,
        at: &At<'_>,
        former: Option<&Record>,
        plain: &[u8],
        type_tag: &'static str,
    ) -> Result<String, EncryptError> {
        let nonce = match self.previous {
            None => self.nonces.next(self.random).map_err(EncryptError::Random)?,
            Some(previous) => {
                let digest = digest_of(at.aad, type_tag, plain);
                // Under a new key any nonce is as good as fresh; under the old one only for what it was drawn for.
                let known = previous
                    .nonce(&digest)
                    .or_else(|| former.and_then(|record| record.nonce).filter(|_| !self.same_key))
                    .filter(|nonce| self.used.get(nonce).is_none_or(|other| *other == digest));
                let nonce = match known {
                    Some(nonce) => nonce,
                    None => self.nonces.next(self.random).map_err(EncryptError::Random)?,
                };
                self.used.insert(nonce, digest);
                nonce
            }
        };
        self.fresh += 1;
        Ok(self.cipher.seal(&nonce, at.aad, plain, type_tag))
    }

    /// An alias whose target's text cannot stand for it.
    fn replace_alias(&mut self, at: &At<'_>, site: u32) {
        let index = site as usize;
        if self.replaced.insert(index) {
            let offset = self
                .document
                .shape
                .as_ref()
                .and_then(|shape| shape.aliases.get(index))
                .map_or(0, |alias| alias.span.start);
            self.warn(at, offset, WarningKind::AliasReplaced);
        }
    }

    /// The text to be encrypted: as written, if SOPS reads the same value from it; else the canonical one.
    fn plaintext(&mut self, at: &At<'_>, leaf: &Leaf, type_tag: &str) -> Zeroizing<Vec<u8>> {
        if let Some(spelling) = &leaf.spelling {
            if Value::restore(type_tag, spelling.as_bytes()).is_some_and(|value| value.same(&leaf.value)) {
                return Zeroizing::new(spelling.as_bytes().to_vec());
            }
            if yaml::yaml_text(&leaf.value) != spelling.as_str() {
                self.warn(at, leaf.place.start(), WarningKind::RespelledScalar);
            }
        }
        Zeroizing::new(leaf.value.canonical().into_owned())
    }

    fn has_aliases(&self) -> bool {
        self.document
            .shape
            .as_ref()
            .is_some_and(|shape| !shape.aliases.is_empty())
    }

    fn looks_like_tag(&self, leaf: &Leaf) -> bool {
        let Place::Yaml(yaml::Place {
            tag: Some(tag),
            kind: yaml::Kind::Flow(style),
            ..
        }) = &leaf.place
        else {
            return false;
        };
        let text = self.document.source.get(tag.clone()).unwrap_or_default();
        *style == ::yaml::ScalarStyle::Plain && !text.starts_with(b"!!") && !text.starts_with(b"!<")
    }
}

impl Visitor for Sealer<'_> {
    type Error = EncryptError;

    const CIPHERTEXT: bool = false;

    fn leaf(&mut self, at: &At<'_>, leaf: &mut Leaf) -> Result<(), EncryptError> {
        let former = self.former(at, leaf);
        if let (Some(record), Reuse::Graft) = (former, self.reuse) {
            // The plain text may say less than the former file: `set` makes floats that read as integers.
            leaf.value = record.value.duplicate();
            leaf.spelling = record
                .spelling
                .as_ref()
                .map(|text| Zeroizing::new(text.as_str().to_owned()));
        }
        let Some(type_tag) = leaf.value.type_tag() else {
            return Err(self.refuse(
                at,
                leaf,
                "an integer beyond 64 bits with sign: SOPS has no type for it, quote it",
            ));
        };
        let canonical = leaf.value.canonical();
        self.hash.add(&canonical, at.encrypts);
        let encrypts = at.encrypts && !canonical.is_empty();
        let copy = match &leaf.place {
            Place::Yaml(place) => place.copy,
            _ => None,
        };
        let start = leaf.place.start();
        if let Some(site) = copy {
            let anchor = self.anchors.get(&start);
            match anchor {
                Some((_, None)) if !encrypts => return Ok(()),
                Some((aad, Some(sealed))) if encrypts && aad == at.aad => {
                    leaf.value = Value::str(sealed.as_bytes());
                    leaf.spelling = None;
                    leaf.changed = true;
                    return Ok(());
                }
                _ => self.replace_alias(at, site),
            }
        }
        if !encrypts {
            if copy.is_none() && self.has_aliases() {
                self.anchors.insert(start, (at.aad.to_vec(), None));
            }
            return Ok(());
        }
        if self.looks_like_tag(leaf) {
            self.warn(at, start, WarningKind::TagLikeText);
        }
        self.words |= yaml::words::is_bare_word(leaf);
        let kept = former
            .filter(|_| self.same_key)
            .and_then(|record| Some((record, record.sealed.as_deref()?)));
        match kept {
            Some((record, sealed)) => self.keep(leaf, record, sealed),
            None => {
                let plain = self.plaintext(at, leaf, type_tag);
                let sealed = self.seal(at, former, &plain, type_tag)?;
                leaf.value = Value::str(sealed);
                leaf.spelling = None;
                leaf.changed = true;
            }
        }
        if copy.is_none()
            && self.has_aliases()
            && let Value::Str(sealed) = &leaf.value
        {
            let sealed = String::from_utf8_lossy(sealed).into_owned();
            self.anchors.insert(start, (at.aad.to_vec(), Some(sealed)));
        }
        Ok(())
    }

    fn comment(&mut self, at: &At<'_>, comment: &mut Leaf) -> Result<Kind, EncryptError> {
        let Value::Str(text) = &comment.value else {
            return Ok(Kind::Comment);
        };
        if !(at.encrypts || comment.stays_encrypted) || text.is_empty() {
            return Ok(Kind::Comment);
        }
        let former = self.former(at, comment);
        if let Some(record) = former
            && self.same_key
            && let Some(sealed) = &record.sealed
        {
            self.keep(comment, record, sealed);
        } else if former.is_some_and(|record| record.sealed.is_none()) && is_encrypted(text) {
            // Did not open when it was read: kept as it is, as SOPS does.
        } else {
            let plain = Zeroizing::new(text.to_vec());
            let sealed = self.seal(at, former, &plain, "comment")?;
            comment.value = Value::str(sealed);
            comment.changed = true;
        }
        match &comment.value {
            // With the opposite rule a hit does no harm: a comment is encrypted only where what follows is, too.
            Value::Str(sealed) if self.rules.clear_by_comment && at.matcher.comment_hits(sealed) => Err(self
                .refuse(
                    at,
                    comment,
                    "the encrypted comment matches unencrypted_comment_regex",
                )),
            _ => Ok(Kind::Comment),
        }
    }

    fn bad_key(&mut self, key: &Key) -> EncryptError {
        EncryptError::NonStringKey {
            line: self.document.line_of(key.at),
        }
    }
}
