//! Bytes of a certificate from a file or a URL. What they hold is `seal`'s to say.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::io::Io;

/// Where a certificate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file; absolute, or seen from the working folder.
    File(PathBuf),
    /// `http://` or `https://`.
    Url(String),
}

/// How far to trust a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// What the user typed, as the peer does: http allowed, redirects followed.
    Typed,
    /// What a file names, or our own verbs: no redirect to another host.
    Careful,
}

/// Why there are no bytes.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The file cannot be read.
    #[error("open {}: {}", path.display(), plain_words(source))]
    File {
        /// The file, as named.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The server answered otherwise.
    #[error("cannot fetch \"{url}\": {status}")]
    Status {
        /// The URL without user and password.
        url: String,
        /// `404 Not Found`.
        status: String,
    },
    /// No answer, or none that can be used.
    #[error("cannot fetch \"{url}\": {why}")]
    Network {
        /// The URL without user and password.
        url: String,
        /// Why: time-out, no route, TLS, …
        why: String,
    },
    /// It redirects to another host.
    #[error("\"{url}\" redirects to another host: {host}")]
    Redirect {
        /// The URL.
        url: String,
        /// Where to.
        host: String,
    },
    /// More than a certificate can be (1 MiB).
    #[error("\"{0}\" is too large for a certificate")]
    TooLarge(String),
    /// A scheme that is not read.
    #[error("unsupported scheme: \"{0}\"")]
    Scheme(String),
    /// Built without the feature `cluster`.
    #[error("this build of gitseal cannot fetch URLs (feature `cluster`)")]
    NotBuilt,
}

impl Source {
    /// Reads what `--cert` takes: no scheme or a scheme of one letter is a path; `file://` needs an absolute path.
    ///
    /// # Errors
    ///
    /// [`FetchError::Scheme`].
    pub fn parse(text: &str) -> Result<Self, FetchError> {
        let Some((scheme, rest)) = scheme(text) else {
            return Ok(Self::File(PathBuf::from(text)));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => Ok(Self::Url(text.to_owned())),
            "file" => match rest.strip_prefix("//") {
                // A host is not looked at, as the peer does not.
                Some(rest) => match rest.find('/') {
                    Some(start) => Ok(Self::File(PathBuf::from(unescaped(&rest[start..])))),
                    None => Err(FetchError::Scheme(text.to_owned())),
                },
                None if rest.starts_with('/') => Ok(Self::File(PathBuf::from(unescaped(rest)))),
                None => Err(FetchError::Scheme(text.to_owned())),
            },
            // Windows writes its drives so.
            drive if drive.len() == 1 => Ok(Self::File(PathBuf::from(text))),
            _ => Err(FetchError::Scheme(scheme.to_owned())),
        }
    }
}

/// The scheme of a URL and what follows the colon.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let mut letters = scheme.chars();
    (letters.next()?.is_ascii_alphabetic()
        && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
    .then_some((scheme, rest))
}

/// A path of a URL with its `%20` and the like read.
fn unescaped(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).filter(|_| *first == b'%');
        let value = hex
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match value {
            Some(value) => {
                bytes.push(value);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads all bytes.
///
/// # Errors
///
/// See [`FetchError`].
pub fn fetch(source: &Source, trust: Trust, io: &Io) -> Result<Vec<u8>, FetchError> {
    match source {
        Source::File(path) => read(path, io),
        #[cfg(feature = "cluster")]
        Source::Url(url) => download::fetch(url, trust, io),
        #[cfg(not(feature = "cluster"))]
        Source::Url(_) => {
            let _ = trust;
            Err(FetchError::NotBuilt)
        }
    }
}

fn read(path: &Path, io: &Io) -> Result<Vec<u8>, FetchError> {
    let failed = |source| FetchError::File {
        path: path.to_owned(),
        source,
    };
    let file = File::open(io.resolve(path)).map_err(failed)?;
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MAX_BYTES {
        return Err(FetchError::TooLarge(path.display().to_string()));
    }
    Ok(bytes)
}

/// An error of the system in the words that other programs use: `no such file or directory`.
pub(crate) fn plain_words(error: &std::io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    let mut letters = words.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// More than a chain of certificates; an HTML page fits and is told from one by its reader.
const MAX_BYTES: usize = 1 << 20;

#[cfg(feature = "cluster")]
mod download;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_path_or_a_url() {
        let file = |path: &str| Some(Source::File(PathBuf::from(path)));
        let cases = [
            ("cert.pem", file("cert.pem")),
            ("./a:b", file("./a:b")),
            ("/dev/stdin", file("/dev/stdin")),
            ("C:\\cert.pem", file("C:\\cert.pem")),
            ("file:///a%20b.pem", file("/a b.pem")),
            ("file://localhost/a.pem", file("/a.pem")),
            ("file:/a%zz.pem", file("/a%zz.pem")),
            ("FILE:///a.pem", file("/a.pem")),
            ("https://x/c", Some(Source::Url("https://x/c".to_owned()))),
            ("HTTP://x/c", Some(Source::Url("HTTP://x/c".to_owned()))),
            ("file:a.pem", None),
            ("file://a.pem", None),
            ("foo:bar", None),
            ("ftp://x/c", None),
        ];
        for (text, want) in cases {
            assert_eq!(Source::parse(text).ok(), want, "case: {text}");
        }
    }

    #[test]
    fn errors_of_the_system_are_said_plainly() {
        let error = File::open("/nonexistent").unwrap_err();
        assert_eq!(plain_words(&error), "no such file or directory");
    }
}
