//! What `explain` can say: one sentence for each.

use std::fmt;

use crate::{Base64Error, Scope};

/// One fact. `Display` is one sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// Not base64: byte offset, and what stands there.
    Base64 {
        /// Offset of the first bad byte, from 0, as the peer tells it.
        at: usize,
        /// What is wrong there.
        what: Base64Fault,
    },
    /// Shorter than its RSA block says, or than 2 bytes.
    Truncated {
        /// Bytes that are there.
        bytes: usize,
        /// Bytes that the shortest whole value has.
        needed: usize,
    },
    /// An RSA block length that no key has (not 128..1024 or not a multiple of 8).
    RsaLength {
        /// The length.
        bytes: usize,
    },
    /// None of the given keys has the size of the RSA block.
    NoKeyOfThisSize {
        /// Size of the key that it was sealed to.
        bits: usize,
    },
    /// Sealed by this key as the annotation says (a hint).
    SealedBy {
        /// The key.
        fingerprint: String,
        /// Whether it is among the given ones.
        have_key: bool,
    },
    /// The annotation says another place than the object has now: renamed, moved or another scope.
    SealedFor {
        /// Scope that the annotation says.
        scope: Scope,
        /// Namespace that it says; empty for cluster-wide.
        namespace: String,
        /// Name that it says; empty but for strict.
        name: String,
    },
    /// The template has the scope annotation, the object itself has not.
    ScopeInTemplateOnly {
        /// The scope that the template asks for, in vain.
        scope: Scope,
    },
    /// The scope annotation has another value than `true`.
    ScopeNotTrue {
        /// Name of the annotation.
        annotation: String,
    },
    /// A key of the ring opens it under its own label.
    Opens {
        /// The key.
        fingerprint: String,
    },
    /// It opens under another label: by trying.
    OpensAs {
        /// The key.
        fingerprint: String,
        /// The scope that it was sealed with.
        scope: Scope,
        /// The namespace that it was sealed for; empty for cluster-wide.
        namespace: String,
        /// The name that it was sealed for; empty but for strict.
        name: String,
    },
    /// Nothing that was tried opens it.
    OpensNever,
    /// The object has no name or no namespace although its scope needs it.
    Missing {
        /// The field of metadata.
        field: &'static str,
    },
    /// It uses the deprecated single blob.
    DeprecatedBlob,
    /// It has no items.
    Empty,
}

/// What is wrong with a base64 text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base64Fault {
    /// White space inside.
    Blank,
    /// `-` or `_`.
    UrlAlphabet,
    /// Padding is missing.
    Padding,
    /// Anything else (an ellipsis, quotes, …).
    Other,
}

impl Finding {
    /// Whether it keeps something from being opened; else it only tells.
    pub fn is_fault(&self) -> bool {
        match self {
            Self::Base64 { .. }
            | Self::Truncated { .. }
            | Self::RsaLength { .. }
            | Self::NoKeyOfThisSize { .. }
            | Self::SealedFor { .. }
            | Self::ScopeInTemplateOnly { .. }
            | Self::ScopeNotTrue { .. }
            | Self::OpensAs { .. }
            | Self::OpensNever
            | Self::Missing { .. }
            | Self::DeprecatedBlob => true,
            Self::SealedBy { .. } | Self::Opens { .. } | Self::Empty => false,
        }
    }

    /// What is wrong with a text that is not base64.
    pub(super) fn base64(text: &str, error: Base64Error) -> Self {
        let strange = |letter: char| !(letter.is_ascii_alphanumeric() || "+/=\r\n".contains(letter));
        let what = match text.chars().find(|letter| strange(*letter)) {
            Some('-' | '_') => Base64Fault::UrlAlphabet,
            Some(letter) if letter.is_whitespace() => Base64Fault::Blank,
            Some(_) => Base64Fault::Other,
            None if text.contains('=') => Base64Fault::Other,
            None => Base64Fault::Padding,
        };
        Self::Base64 { at: error.at, what }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base64 { at, what } => {
                write!(f, "The value is not base64: byte {at}, ")?;
                f.write_str(match what {
                    Base64Fault::Blank => "white space inside the text; remove it (line breaks alone may stay).",
                    Base64Fault::UrlAlphabet => "'-' or '_' of the URL alphabet; replace them by '+' and '/'.",
                    Base64Fault::Padding => "the text is cut or its padding '=' is missing.",
                    Base64Fault::Other => "a character that base64 does not have there.",
                })
            }
            Self::Truncated { bytes: 0, .. } => {
                f.write_str("The value is empty or not a text: nothing was sealed here.")
            }
            Self::Truncated { bytes, needed } => write!(
                f,
                "The value is cut: it has {bytes} bytes, and its beginning asks for {needed} or more."
            ),
            Self::RsaLength { bytes } => write!(
                f,
                "The value is no sealed value: it begins with an RSA block length of {bytes} bytes, which no key has."
            ),
            Self::NoKeyOfThisSize { bits } => write!(
                f,
                "The value was sealed to a key of {bits} bits, and none of the given keys has that size."
            ),
            Self::SealedBy {
                fingerprint,
                have_key: true,
            } => write!(
                f,
                "It was sealed by the key {fingerprint} as its annotation says, which is among the given keys."
            ),
            Self::SealedBy {
                fingerprint,
                have_key: false,
            } => write!(
                f,
                "It was sealed by the key {fingerprint} as its annotation says; that key opens it."
            ),
            Self::SealedFor {
                scope,
                namespace,
                name,
            } => {
                f.write_str("It was sealed for another place as its annotation says: ")?;
                place(f, *scope, namespace, name)?;
                f.write_str("; it was renamed, moved or given another scope since.")
            }
            Self::ScopeInTemplateOnly { scope } => write!(
                f,
                "The {scope} annotation stands in spec.template only, where it does not count; it belongs in the \
                 object's own metadata."
            ),
            Self::ScopeNotTrue { annotation } => write!(
                f,
                "The annotation {annotation} does not count: its value must be the text \"true\", in quotes."
            ),
            Self::Opens { fingerprint } => write!(f, "The key {fingerprint} opens it."),
            Self::OpensAs {
                fingerprint,
                scope,
                namespace,
                name,
            } => {
                write!(f, "The key {fingerprint} opens it for another place only: ")?;
                place(f, *scope, namespace, name)?;
                f.write_str("; give the object that place again, or seal the value anew.")
            }
            Self::OpensNever => f.write_str(
                "None of the given keys opens it, under no name that was tried: another key, another place, or \
                 damaged.",
            ),
            Self::Missing { field } => write!(
                f,
                "The object has no metadata.{field}, and its scope binds the values to it."
            ),
            Self::DeprecatedBlob => f.write_str(
                "It uses the deprecated field spec.data, one sealed blob for the whole Secret; seal it anew.",
            ),
            Self::Empty => f.write_str("It has no sealed items."),
        }
    }
}

fn place(f: &mut fmt::Formatter<'_>, scope: Scope, namespace: &str, name: &str) -> fmt::Result {
    match scope {
        Scope::Strict => write!(f, "name {name} in namespace {namespace} (strict)"),
        Scope::NamespaceWide => write!(f, "any name in namespace {namespace} (namespace-wide)"),
        Scope::ClusterWide => f.write_str("any name in any namespace (cluster-wide)"),
    }
}
