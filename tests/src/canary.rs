//! The search for leaks: a value nobody else would write, looked for in every coat it may wear.

use std::path::Path;

/// A secret that is put into inputs and must never come out by the wrong door.
///
/// It is searched raw, in both halves, reversed, in hex of both cases, URL-encoded and in
/// base64 at all three alignments, so that it is found inside longer encoded text too.
pub struct Canary {
    text: String,
    coats: Vec<(&'static str, Vec<u8>)>,
}

impl Canary {
    /// Makes one from a name, so that a find says which input it came from.
    pub fn new(name: &str) -> Self {
        // The middle is there so that no half is an ordinary word.
        Self::of(format!("cAnArY/{name}+q7Zx9{}w3Kp", name.len()))
    }

    /// Watches for a text that exists already.
    pub fn of(text: String) -> Self {
        let bytes = text.as_bytes();
        let (front, back) = bytes.split_at(bytes.len() / 2);
        let hex = |upper: bool| -> String {
            let digit = |byte: &u8| {
                if upper {
                    format!("{byte:02X}")
                } else {
                    format!("{byte:02x}")
                }
            };
            bytes.iter().map(digit).collect()
        };
        let url: String = bytes
            .iter()
            .map(|b| {
                if b.is_ascii_alphanumeric() {
                    char::from(*b).to_string()
                } else {
                    format!("%{b:02X}")
                }
            })
            .collect();
        let mut coats = vec![
            ("raw", bytes.to_vec()),
            ("the first half", front.to_vec()),
            ("the second half", back.to_vec()),
            ("reversed", bytes.iter().rev().copied().collect()),
            ("hex", hex(false).into_bytes()),
            ("upper-case hex", hex(true).into_bytes()),
            ("URL-encoded", url.into_bytes()),
        ];
        for (name, shift) in [
            ("base64", 0),
            ("base64 shifted by 1", 1),
            ("base64 shifted by 2", 2),
        ] {
            coats.push((name, base64_core(bytes, shift)));
        }
        Self { text, coats }
    }

    /// The value to put into an input.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The coat in which it stands in `bytes`, if it does.
    pub fn find(&self, bytes: &[u8]) -> Option<&'static str> {
        let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        self.coats
            .iter()
            .find(|(_, coat)| holds(coat))
            .map(|(name, _)| *name)
    }

    /// Looks through every file below `dir`; gives the first find as a sentence.
    pub fn find_below(&self, dir: &Path) -> Option<String> {
        let entries = std::fs::read_dir(dir).ok()?;
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            if path.is_dir() && !path.is_symlink() {
                if let Some(found) = self.find_below(&path) {
                    return Some(found);
                }
            } else if let Some(coat) = std::fs::read(&path).ok().and_then(|bytes| self.find(&bytes)) {
                return Some(format!("{} holds the canary ({coat})", path.display()));
            }
        }
        None
    }
}

/// The base64 digits that `bytes` always yields at this alignment, without those that depend
/// on its neighbours.
fn base64_core(bytes: &[u8], shift: usize) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let padded: Vec<u8> = std::iter::repeat_n(0, shift)
        .chain(bytes.iter().copied())
        .collect();
    let bit = |i: usize| {
        padded
            .get(i / 8)
            .map_or(0, |byte| usize::from(byte >> (7 - i % 8) & 1))
    };
    let digits = padded.len() * 8 / 6;
    let first = (shift * 8).div_ceil(6);
    (first..digits)
        .map(|d| DIGITS[(0..6).fold(0, |n, i| n * 2 + bit(d * 6 + i))])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Canary;

    #[test]
    fn finds_every_coat() {
        let canary = Canary::of("s3cret-Value!".to_owned());
        let cases = [
            ("raw", "x s3cret-Value! y"),
            ("a half", "s3cret"),
            ("reversed", "!eulaV-terc3s"),
            ("hex", "7333637265742d56616c756521"),
            ("upper-case hex", "7333637265742D56616C756521"),
            ("base64", "czNjcmV0LVZhbHVlIQ=="),
            ("base64 of aX + value", "YVhzM2NyZXQtVmFsdWUh"),
            ("base64 of a + value", "YXMzY3JldC1WYWx1ZSE="),
            ("url", "s3cret%2DValue%21"),
        ];
        for (name, text) in cases {
            assert!(canary.find(text.as_bytes()).is_some(), "case: {name}");
        }
        assert_eq!(canary.find(b"something else, and czNjcm of chance"), None);
    }
}
