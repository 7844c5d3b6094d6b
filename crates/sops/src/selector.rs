//! Which values of a tree are encrypted: suffix, regex and comment rules.

mod pattern;

use regex::bytes::Regex;

pub(crate) use pattern::compile;

/// One of the six rules (spec/sops-format §2); at most one holds for a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// Clear if any path component ends with it.
    UnencryptedSuffix(String),
    /// Encrypted if any path component ends with it.
    EncryptedSuffix(String),
    /// Clear if it matches any path component.
    UnencryptedRegex(String),
    /// Encrypted if it matches any path component.
    EncryptedRegex(String),
    /// Clear if it matches an active comment.
    UnencryptedCommentRegex(String),
    /// Encrypted if it matches an active comment.
    EncryptedCommentRegex(String),
    /// No rule in the metadata at all: what the binary store writes. Selects everything.
    None,
}

impl Selector {
    /// The suffix that is filled in where a file or a rule says nothing.
    pub const DEFAULT_SUFFIX: &'static str = "_unencrypted";

    /// Field of the metadata and of a creation rule, and its text; `None` for [`Selector::None`].
    pub fn field(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::UnencryptedSuffix(text) => Some(("unencrypted_suffix", text)),
            Self::EncryptedSuffix(text) => Some(("encrypted_suffix", text)),
            Self::UnencryptedRegex(text) => Some(("unencrypted_regex", text)),
            Self::EncryptedRegex(text) => Some(("encrypted_regex", text)),
            Self::UnencryptedCommentRegex(text) => Some(("unencrypted_comment_regex", text)),
            Self::EncryptedCommentRegex(text) => Some(("encrypted_comment_regex", text)),
            Self::None => None,
        }
    }

    /// The rule of a field; `None` if there is no such field.
    pub fn from_field(field: &str, text: String) -> Option<Self> {
        Some(match field {
            "unencrypted_suffix" => Self::UnencryptedSuffix(text),
            "encrypted_suffix" => Self::EncryptedSuffix(text),
            "unencrypted_regex" => Self::UnencryptedRegex(text),
            "encrypted_regex" => Self::EncryptedRegex(text),
            "unencrypted_comment_regex" => Self::UnencryptedCommentRegex(text),
            "encrypted_comment_regex" => Self::EncryptedCommentRegex(text),
            _ => return None,
        })
    }

    /// Whether it can select at all: a regex that does not compile hits nothing (see [`Matcher`]), and whoever writes
    /// values under it should know before.
    pub fn is_valid(&self) -> bool {
        match self {
            Self::UnencryptedRegex(text)
            | Self::EncryptedRegex(text)
            | Self::UnencryptedCommentRegex(text)
            | Self::EncryptedCommentRegex(text) => compile(text).is_ok(),
            Self::UnencryptedSuffix(_) | Self::EncryptedSuffix(_) | Self::None => true,
        }
    }
}

impl Default for Selector {
    fn default() -> Self {
        Self::UnencryptedSuffix(Self::DEFAULT_SUFFIX.to_owned())
    }
}

/// A [`Selector`] made ready for a walk.
///
/// A regex that does not compile matches nothing, as in SOPS: a bad `unencrypted_regex` encrypts everything, a bad
/// `encrypted_regex` nothing.
pub struct Matcher {
    test: Test,
    /// Whether a hit means "encrypted" (or, for `unencrypted_…`, "clear").
    hit_encrypts: bool,
}

enum Test {
    /// No rule: nothing ever hits.
    Never,
    Suffix(String),
    Component(Option<Regex>),
    Comment(Option<Regex>),
}

/// State of a walk at one node: whether any component of its path hit. Inherited downwards; sequences add nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    hit: bool,
}

impl Matcher {
    /// Compiles a rule once per file.
    pub fn new(selector: &Selector) -> Self {
        let (test, hit_encrypts) = match selector {
            Selector::UnencryptedSuffix(suffix) => (Test::Suffix(suffix.clone()), false),
            Selector::EncryptedSuffix(suffix) => (Test::Suffix(suffix.clone()), true),
            Selector::UnencryptedRegex(text) => (Test::Component(compile(text).ok()), false),
            Selector::EncryptedRegex(text) => (Test::Component(compile(text).ok()), true),
            Selector::UnencryptedCommentRegex(text) => (Test::Comment(compile(text).ok()), false),
            Selector::EncryptedCommentRegex(text) => (Test::Comment(compile(text).ok()), true),
            Selector::None => (Test::Never, false),
        };
        Self { test, hit_encrypts }
    }

    /// The state at the top of a document.
    pub fn root(&self) -> Scope {
        Scope { hit: false }
    }

    /// The state below a mapping key. Called once per key; a key below a hit is not tested again.
    pub fn enter(&self, scope: Scope, key: &str) -> Scope {
        let hit = scope.hit
            || match &self.test {
                Test::Never | Test::Comment(_) => false,
                Test::Suffix(suffix) => key.ends_with(suffix.as_str()),
                Test::Component(regex) => regex.as_ref().is_some_and(|regex| regex.is_match(key.as_bytes())),
            };
        Scope { hit }
    }

    /// Whether a value here is encrypted.
    pub fn encrypts(&self, scope: Scope, active: &ActiveComments) -> bool {
        let hit = match self.test {
            Test::Comment(_) => active.total > 0,
            Test::Never | Test::Suffix(_) | Test::Component(_) => scope.hit,
        };
        hit == self.hit_encrypts
    }

    /// Whether a comment here is encrypted. It must have been [added](ActiveComments::add) before; `scope` is that of
    /// its container.
    pub fn encrypts_comment(&self, scope: Scope, active: &ActiveComments) -> bool {
        let hit = match self.test {
            // The marker comment itself stays clear: the last active comment is left out.
            Test::Comment(_) if self.hit_encrypts => active.total > u32::from(active.last_hit),
            Test::Comment(_) => active.total > 0,
            Test::Never | Test::Suffix(_) | Test::Component(_) => scope.hit,
        };
        hit == self.hit_encrypts
    }

    /// Whether a comment text hits a comment rule. An encrypted comment that does so under
    /// `unencrypted_comment_regex` would be misjudged when decrypting: encrypting must stop.
    pub fn comment_hits(&self, text: &[u8]) -> bool {
        match &self.test {
            Test::Comment(regex) => regex.as_ref().is_some_and(|regex| regex.is_match(text)),
            Test::Never | Test::Suffix(_) | Test::Component(_) => false,
        }
    }
}

/// The comments that cover what comes next, for the two comment rules.
///
/// A walk [opens](Self::open) and [closes](Self::close) it with every mapping and sequence, [adds](Self::add) each
/// comment *before* judging it, and calls [`clear`](Self::clear) after every entry or element that is not a comment.
/// Elements of sequences that turn out to be encrypted comments are comments.
#[derive(Debug, Default)]
pub struct ActiveComments {
    /// Hits in each open container.
    levels: Vec<u32>,
    total: u32,
    last_hit: bool,
}

impl ActiveComments {
    /// No container is open.
    pub fn new() -> Self {
        Self::default()
    }

    /// Enters a mapping or sequence.
    pub fn open(&mut self) {
        self.levels.push(0);
    }

    /// Leaves the innermost one; its comments are no longer active.
    pub fn close(&mut self) {
        self.total -= self.levels.pop().unwrap_or(0);
    }

    /// A comment of the innermost container: its text without `#`, as it stands in the tree before the verb.
    pub fn add(&mut self, matcher: &Matcher, text: &[u8]) {
        self.last_hit = matcher.comment_hits(text);
        if let (true, Some(level)) = (self.last_hit, self.levels.last_mut()) {
            *level += 1;
            self.total += 1;
        }
    }

    /// A value of the innermost container was walked: that container's comments are spent.
    pub fn clear(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            self.total -= *level;
            *level = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(selector: &Selector, path: &[&str]) -> bool {
        let matcher = Matcher::new(selector);
        let scope = path
            .iter()
            .fold(matcher.root(), |scope, key| matcher.enter(scope, key));
        matcher.encrypts(scope, &ActiveComments::new())
    }

    #[test]
    fn path_rules() {
        let text = String::from;
        let cases = [
            ("default", Selector::default(), &["a"][..], true),
            ("default, suffix", Selector::default(), &["a_unencrypted"], false),
            (
                "default, ancestor",
                Selector::default(),
                &["a_unencrypted", "b"],
                false,
            ),
            (
                "suffix in the middle",
                Selector::default(),
                &["a_unencrypted_b"],
                true,
            ),
            (
                "encrypted suffix",
                Selector::EncryptedSuffix(text("_s")),
                &["a_s", "b"],
                true,
            ),
            (
                "encrypted suffix, none",
                Selector::EncryptedSuffix(text("_s")),
                &["a", "b"],
                false,
            ),
            (
                "unencrypted regex",
                Selector::UnencryptedRegex(text("^meta")),
                &["metadata", "b"],
                false,
            ),
            (
                "regex is not anchored",
                Selector::EncryptedRegex(text("ss")),
                &["password"],
                true,
            ),
            (
                "regex, components one by one",
                Selector::EncryptedRegex(text("a:b")),
                &["a", "b"],
                false,
            ),
            (
                "bad unencrypted regex",
                Selector::UnencryptedRegex(text("(")),
                &["a"],
                true,
            ),
            (
                "bad encrypted regex",
                Selector::EncryptedRegex(text("(")),
                &["a"],
                false,
            ),
            ("no rule", Selector::None, &["a_unencrypted"], true),
            (
                "comment rule, no comment",
                Selector::EncryptedCommentRegex(text("x")),
                &["x"],
                false,
            ),
            (
                "clear comment rule, no comment",
                Selector::UnencryptedCommentRegex(text("x")),
                &["x"],
                true,
            ),
        ];
        for (name, selector, path, want) in cases {
            assert_eq!(selected(&selector, path), want, "case: {name}");
        }
    }

    #[test]
    fn a_marker_comment_covers_what_follows_it_and_all_below() {
        let matcher = Matcher::new(&Selector::EncryptedCommentRegex("sops:enc".into()));
        let (scope, mut active) = (matcher.root(), ActiveComments::new());
        active.open();
        active.add(&matcher, b" sops:enc");
        assert!(!matcher.encrypts_comment(scope, &active), "the marker itself");
        active.add(&matcher, b" more");
        assert!(matcher.encrypts_comment(scope, &active), "a comment after it");
        active.open();
        assert!(matcher.encrypts(scope, &active), "a value below");
        active.add(&matcher, b" inner");
        assert!(matcher.encrypts_comment(scope, &active), "a comment below");
        active.clear();
        assert!(matcher.encrypts(scope, &active), "the outer marker holds on");
        active.close();
        active.clear();
        assert!(!matcher.encrypts(scope, &active), "spent");
    }

    #[test]
    fn a_clear_marker_covers_itself() {
        let matcher = Matcher::new(&Selector::UnencryptedCommentRegex("public".into()));
        let (scope, mut active) = (matcher.root(), ActiveComments::new());
        active.open();
        assert!(matcher.encrypts(scope, &active));
        active.add(&matcher, b" public");
        assert!(!matcher.encrypts_comment(scope, &active));
        assert!(!matcher.encrypts(scope, &active));
        active.clear();
        assert!(matcher.encrypts(scope, &active));
    }
}
