//! The one walk over a tree: document order, path as AAD, selection, active comments (spec/sops-format §1, §2, §3.3).
//!
//! Encrypting, decrypting and looking for plain leaves differ only in their [`Visitor`].
//! Depth is capped by the readers (spec/security S-20), so recursion is.

use std::fmt;
use std::hash::{DefaultHasher, Hasher};

use crate::selector::{ActiveComments, Matcher, Scope};
use crate::tree::{Branch, Element, Entry, Key, Leaf, Node};
use crate::{Selector, Value};

/// What to do with the leaves.
pub(crate) trait Visitor {
    /// What stops the walk.
    type Error;

    /// Whether the tree holds ciphertext: then an element of a list may be an encrypted comment.
    const CIPHERTEXT: bool;

    /// A leaf that is not null.
    fn leaf(&mut self, at: &At<'_>, leaf: &mut Leaf) -> Result<(), Self::Error>;

    /// A comment, or an element of a list that is an encrypted comment. Says what it is from now on.
    fn comment(&mut self, at: &At<'_>, comment: &mut Leaf) -> Result<Kind, Self::Error>;

    /// A key that is no string.
    fn bad_key(&mut self, key: &Key) -> Self::Error;
}

/// What a comment turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Comment,
    /// A value (only in lists: trap T16).
    Value,
}

/// Where the walk is.
pub(crate) struct At<'a> {
    /// Path of the container's keys, each followed by a colon; for a comment at the top a single colon.
    pub(crate) aad: &'a [u8],
    /// Whether the selector says that this is encrypted.
    pub(crate) encrypts: bool,
    /// The same for all versions of a file in which nothing around it was added or removed.
    pub(crate) place: u64,
    /// For messages.
    pub(crate) trail: &'a Trail<'a>,
    /// Where the branch was entered from; for comments that belong elsewhere.
    pub(crate) last_aad: &'a [u8],
    pub(crate) matcher: &'a Matcher,
}

/// The way to a node, for messages: `a.b[0]`. A list on the stack: nothing is allocated unless it is printed.
pub(crate) enum Trail<'a> {
    Root,
    Key(&'a Self, &'a str),
    Index(&'a Self, usize),
}

impl fmt::Display for Trail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Self::Root, key) => f.write_str(key),
            Self::Key(parent, key) => write!(f, "{parent}.{key}"),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// Walks all branches.
pub(crate) fn walk<V: Visitor>(
    branches: &mut [Branch],
    selector: &Selector,
    visitor: &mut V,
) -> Result<(), V::Error> {
    let matcher = Matcher::new(selector);
    let mut walk = Walk {
        matcher: &matcher,
        visitor,
        active: ActiveComments::new(),
        aad: Vec::with_capacity(256),
        last_aad: Vec::with_capacity(256),
    };
    for (number, branch) in branches.iter_mut().enumerate() {
        let place = step(number as u64, b"document");
        walk.entries(&mut branch.entries, matcher.root(), &Trail::Root, place)?;
    }
    Ok(())
}

struct Walk<'a, V> {
    matcher: &'a Matcher,
    visitor: &'a mut V,
    active: ActiveComments,
    /// Keys of the open mappings, each followed by a colon. Grown and cut, never allocated per leaf.
    aad: Vec<u8>,
    last_aad: Vec<u8>,
}

impl<V: Visitor> Walk<'_, V> {
    fn entries(
        &mut self,
        entries: &mut [Entry],
        scope: Scope,
        trail: &Trail<'_>,
        place: u64,
    ) -> Result<(), V::Error> {
        self.active.open();
        let mut comments = 0;
        for entry in entries {
            match entry {
                Entry::Comment(comment) => {
                    comments += 1;
                    self.comment(comment, scope, trail, step(place, &comment_step(comments)))?;
                }
                Entry::Pair(key, node) => {
                    if !key.is_string {
                        return Err(self.visitor.bad_key(key));
                    }
                    let length = self.aad.len();
                    self.aad.extend_from_slice(key.text.as_bytes());
                    self.aad.push(b':');
                    let below = self.matcher.enter(scope, &key.text);
                    let trail = Trail::Key(trail, &key.text);
                    self.node(node, below, &trail, step(place, key.text.as_bytes()))?;
                    self.aad.truncate(length);
                    self.active.clear();
                }
            }
        }
        self.active.close();
        Ok(())
    }

    fn node(&mut self, node: &mut Node, scope: Scope, trail: &Trail<'_>, place: u64) -> Result<(), V::Error> {
        match node {
            Node::Mapping(entries) => self.entries(entries, scope, trail, place),
            Node::Sequence(elements) => self.elements(elements, scope, trail, place),
            Node::Leaf(leaf) => self.leaf(leaf, scope, trail, place),
        }
    }

    fn elements(
        &mut self,
        elements: &mut [Element],
        scope: Scope,
        trail: &Trail<'_>,
        place: u64,
    ) -> Result<(), V::Error> {
        self.active.open();
        let (mut comments, mut values) = (0, 0);
        for (index, element) in elements.iter_mut().enumerate() {
            let trail = Trail::Index(trail, index);
            match element {
                Element::Comment(comment) => {
                    comments += 1;
                    let kind = self.comment(comment, scope, &trail, step(place, &comment_step(comments)))?;
                    if kind == Kind::Value {
                        swap(element);
                    }
                }
                Element::Node(Node::Leaf(leaf)) if V::CIPHERTEXT && is_encrypted_comment(leaf) => {
                    comments += 1;
                    let kind = self.comment(leaf, scope, &trail, step(place, &comment_step(comments)))?;
                    if kind == Kind::Comment {
                        swap(element);
                    }
                }
                Element::Node(node) => {
                    values += 1;
                    self.node(node, scope, &trail, step(place, &u64::to_le_bytes(values)))?;
                    self.active.clear();
                }
            }
        }
        self.active.close();
        Ok(())
    }

    fn leaf(&mut self, leaf: &mut Leaf, scope: Scope, trail: &Trail<'_>, place: u64) -> Result<(), V::Error> {
        if matches!(leaf.value, Value::Null) {
            return Ok(());
        }
        let at = At {
            aad: &self.aad,
            encrypts: self.matcher.encrypts(scope, &self.active),
            place,
            trail,
            last_aad: &self.last_aad,
            matcher: self.matcher,
        };
        self.visitor.leaf(&at, leaf)?;
        self.last_aad.clear();
        self.last_aad.extend_from_slice(&self.aad);
        Ok(())
    }

    fn comment(
        &mut self,
        comment: &mut Leaf,
        scope: Scope,
        trail: &Trail<'_>,
        place: u64,
    ) -> Result<Kind, V::Error> {
        if let Value::Str(text) = &comment.value {
            self.active.add(self.matcher, text);
        }
        let at = At {
            aad: if self.aad.is_empty() { b":" } else { &self.aad },
            encrypts: self.matcher.encrypts_comment(scope, &self.active),
            place,
            trail,
            last_aad: &self.last_aad,
            matcher: self.matcher,
        };
        self.visitor.comment(&at, comment)
    }
}

/// The list item that SOPS makes of a comment in a list.
fn is_encrypted_comment(leaf: &Leaf) -> bool {
    match &leaf.value {
        Value::Str(text) => {
            crate::cipher::is_encrypted(text)
                && crate::cipher::EncryptedValue::parse(text).is_ok_and(|value| value.type_tag == "comment")
        }
        _ => false,
    }
}

fn swap(element: &mut Element) {
    let empty = Element::Node(Node::Sequence(Vec::new()));
    *element = match std::mem::replace(element, empty) {
        Element::Comment(leaf) => Element::Node(Node::Leaf(leaf)),
        Element::Node(Node::Leaf(leaf)) => Element::Comment(leaf),
        other => other,
    };
}

fn step(place: u64, name: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write_u64(place);
    hasher.write(name);
    hasher.finish()
}

/// A name that no key and no element has: the number of a comment in its container.
fn comment_step(number: u64) -> [u8; 10] {
    let mut name = [0xff; 10];
    name[2..].copy_from_slice(&number.to_le_bytes());
    name
}
