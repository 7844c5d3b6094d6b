//! The tree of a file: ordered mappings, sequences, typed leaves and comments, each leaf with its place in the text.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::store::Block;
use crate::store::yaml::Shape;
use crate::{Store, TreePathError, Value};

/// A file as a tree, together with the text it was read from.
///
/// Writing it in its own store changes only the leaves that were changed; writing it in another store lays it out anew.
/// Holds plaintext: no `Debug`, no `Clone`.
pub struct Document {
    pub(crate) store: Store,
    /// The text as read, shared by copies of the tree. Empty for a tree that was built, not read.
    pub(crate) source: Arc<Zeroizing<Vec<u8>>>,
    /// One per YAML document; exactly one in every other store.
    pub(crate) branches: Vec<Branch>,
    /// Where the `sops` block stands in the source of an encrypted file; it is not in the tree.
    pub(crate) block: Option<Block>,
    /// What YAML has besides the tree: ends of documents, aliases, indentation.
    pub(crate) shape: Option<Shape>,
}

/// One document: a mapping at the top.
pub struct Branch {
    pub(crate) entries: Vec<Entry>,
}

/// What stands in a mapping.
pub enum Entry {
    /// Key and value.
    Pair(Key, Node),
    /// A comment line. Its value is always `Value::Str`, text without the comment character.
    Comment(Leaf),
}

/// A mapping key.
pub struct Key {
    /// Its text.
    pub text: Zeroizing<String>,
    /// False for YAML keys that resolve to something else than a string: loaded, but refused in the walk.
    pub is_string: bool,
    /// Offset of the key in the source, for messages.
    pub at: usize,
}

/// A value in the tree.
pub enum Node {
    /// Ordered entries; duplicate keys can be represented.
    Mapping(Vec<Entry>),
    /// Ordered elements.
    Sequence(Vec<Element>),
    /// A scalar.
    Leaf(Leaf),
}

/// What stands in a sequence.
pub enum Element {
    /// A value.
    Node(Node),
    /// A comment line.
    Comment(Leaf),
}

/// A scalar or the text of a comment.
pub struct Leaf {
    /// What it is now.
    pub value: Value,
    /// Text that stands for a typed value in the source (`1.10` for the float 1.1) or was decrypted as such.
    /// `None`: the canonical text.
    pub spelling: Option<Zeroizing<String>>,
    /// Whether `value` differs from what the source says at `place`, so that a write must put it there.
    pub changed: bool,
    /// Where it stands in the source.
    pub place: Place,
    /// For a comment: stands behind a value on its line.
    pub inline: bool,
    /// A comment that was encrypted where nothing selects it as it stands now. It is encrypted again.
    pub stays_encrypted: bool,
}

/// Where a leaf stands in its source; each store knows how to put another value there.
#[derive(Clone, Debug, Default)]
pub enum Place {
    /// Nowhere: made, not read.
    #[default]
    None,
    /// In a YAML text.
    Yaml(crate::store::yaml::Place),
    /// In a JSON text: the bytes of the literal.
    Json(Range<usize>),
    /// In a dotenv text: the bytes of the value, or of the comment behind `#`.
    Dotenv(Range<usize>),
    /// In an INI text.
    Ini(crate::store::ini::Place),
    /// The whole of a binary file.
    Binary,
}

/// A path into a document: `["a"][0]["b"]` (spec/sops-cli §5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreePath(pub Vec<Step>);

/// One component of a [`TreePath`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A mapping key.
    Key(String),
    /// An element of a sequence, from 0; comments count.
    Index(usize),
}

/// A value to put into a document: what `set` takes, JSON with integers kept inside objects.
pub enum NewValue {
    /// A scalar.
    Scalar(Value),
    /// An object, in order.
    Object(Vec<(String, Self)>),
    /// An array (only inside objects).
    Array(Vec<Self>),
}

/// What `get` and `--extract` give.
pub enum Extracted {
    /// A string: its raw bytes, no line break.
    Bytes(Zeroizing<Vec<u8>>),
    /// Anything else, written in the output store's form.
    Text(Zeroizing<Vec<u8>>),
}

impl TreePath {
    /// Parses `["key"][0]`. Empty text is the empty path.
    ///
    /// # Errors
    ///
    /// The place (byte offset) of the piece that is not a path component.
    pub fn parse(text: &str) -> Result<Self, TreePathError> {
        let mut steps = Vec::new();
        let mut at = 0;
        for piece in text.split('[') {
            let start = at;
            at += piece.len() + 1;
            if piece.is_empty() {
                continue;
            }
            let wrong = TreePathError { at: start };
            let Some(inner) = piece.strip_suffix(']').filter(|_| start > 0) else {
                return Err(wrong);
            };
            let mut letters = inner.chars();
            steps.push(match letters.next() {
                Some('"' | '\'') => {
                    // As SOPS does: the last character goes, whatever it is.
                    if letters.next_back().is_none() {
                        return Err(wrong);
                    }
                    Step::Key(letters.as_str().to_owned())
                }
                _ => Step::Index(inner.parse().map_err(|_| wrong)?),
            });
        }
        Ok(Self(steps))
    }
}

impl fmt::Display for TreePath {
    /// The form in which messages name it: `a.b[0]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if n == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl Document {
    /// The store it was read by.
    pub fn store(&self) -> Store {
        self.store
    }

    /// The documents of the file.
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// Line (from 1) of a byte of the source.
    pub fn line_of(&self, at: usize) -> usize {
        let before = self.source.get(..at).unwrap_or(&self.source);
        1 + before.iter().filter(|&&byte| byte == b'\n').count()
    }

    /// A copy of source, tree and places; explicit because it may double plaintext in memory.
    pub(crate) fn duplicate(&self) -> Self {
        Self {
            store: self.store,
            source: Arc::clone(&self.source),
            branches: self.branches.iter().map(Branch::duplicate).collect(),
            block: self.block.clone(),
            shape: self.shape.clone(),
        }
    }
}

impl Branch {
    /// Entries in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn duplicate(&self) -> Self {
        Self {
            entries: self.entries.iter().map(Entry::duplicate).collect(),
        }
    }
}

impl Entry {
    pub(crate) fn duplicate(&self) -> Self {
        match self {
            Self::Pair(key, node) => Self::Pair(
                Key {
                    text: Zeroizing::new(key.text.as_str().to_owned()),
                    is_string: key.is_string,
                    at: key.at,
                },
                node.duplicate(),
            ),
            Self::Comment(leaf) => Self::Comment(leaf.duplicate()),
        }
    }
}

impl Node {
    pub(crate) fn duplicate(&self) -> Self {
        match self {
            Self::Mapping(entries) => Self::Mapping(entries.iter().map(Entry::duplicate).collect()),
            Self::Sequence(elements) => Self::Sequence(
                elements
                    .iter()
                    .map(|element| match element {
                        Element::Node(node) => Element::Node(node.duplicate()),
                        Element::Comment(leaf) => Element::Comment(leaf.duplicate()),
                    })
                    .collect(),
            ),
            Self::Leaf(leaf) => Self::Leaf(leaf.duplicate()),
        }
    }
}

impl Leaf {
    pub(crate) fn duplicate(&self) -> Self {
        Self {
            value: self.value.duplicate(),
            spelling: self
                .spelling
                .as_ref()
                .map(|text| Zeroizing::new(text.as_str().to_owned())),
            changed: self.changed,
            place: self.place.clone(),
            inline: self.inline,
            stays_encrypted: self.stays_encrypted,
        }
    }
}

impl Place {
    /// The bytes that a write replaces.
    pub(crate) fn range(&self) -> Option<Range<usize>> {
        match self {
            Self::None | Self::Binary => None,
            Self::Yaml(place) => Some(place.range.clone()),
            Self::Json(range) | Self::Dotenv(range) => Some(range.clone()),
            Self::Ini(place) => Some(place.range.clone()),
        }
    }

    /// Where to point a message; 0 where there is no place.
    pub(crate) fn start(&self) -> usize {
        self.range().map_or(0, |range| range.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_parse_or_tell_where_not() {
        let key = |text: &str| Step::Key(text.into());
        let cases = [
            ("empty", "", Ok(vec![])),
            ("one key", r#"["a"]"#, Ok(vec![key("a")])),
            (
                "single quotes and index",
                "['a b'][12]",
                Ok(vec![key("a b"), Step::Index(12)]),
            ),
            ("no escapes", r#"["a\"b"]"#, Ok(vec![key(r#"a\"b"#)])),
            ("dot in a key", r#"["a.b"]["c"]"#, Ok(vec![key("a.b"), key("c")])),
            ("unclosed", r#"["a""#, Err(TreePathError { at: 1 })),
            ("bare word", "[a]", Err(TreePathError { at: 1 })),
            ("negative", "['a'][-1]", Err(TreePathError { at: 6 })),
            ("text in front", "x['a']", Err(TreePathError { at: 0 })),
            ("text between", "['a']x[0]", Err(TreePathError { at: 1 })),
            ("lone quote", "[\"]", Err(TreePathError { at: 1 })),
            ("nothing inside", "[]", Err(TreePathError { at: 1 })),
        ];
        for (name, text, want) in cases {
            assert_eq!(TreePath::parse(text).map(|path| path.0), want, "case: {name}");
        }
    }

    #[test]
    fn paths_print_as_messages_name_them() {
        assert_eq!(
            TreePath::parse("['a']['b'][0]['c']").unwrap().to_string(),
            "a.b[0].c"
        );
    }
}
