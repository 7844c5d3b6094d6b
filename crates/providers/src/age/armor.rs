//! The ASCII armor of age files: strict, 64 columns.
//!
//! ```text
//! -----BEGIN AGE ENCRYPTED FILE-----
//! standard base64, full lines of 64 characters, the last one shorter or full
//! -----END AGE ENCRYPTED FILE-----
//! ```

use base64::prelude::{BASE64_STANDARD, Engine};

use super::file::FileError;

/// Wraps an age file; ends with a line feed.
pub(crate) fn encode(file: &[u8]) -> String {
    let body = BASE64_STANDARD.encode(file);
    let mut text = String::with_capacity(body.len() + body.len() / COLUMNS + BEGIN.len() + END.len() + 4);
    text.push_str(BEGIN);
    text.push('\n');
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(rest.len().min(COLUMNS));
        text.push_str(line);
        text.push('\n');
        rest = behind;
    }
    text.push_str(END);
    text.push('\n');
    text
}

/// Takes the armor off. White space around it and CRLF are allowed, nothing else is.
///
/// # Errors
///
/// [`FileError::Armor`].
pub(crate) fn decode(text: &[u8]) -> Result<Vec<u8>, FileError> {
    let text = std::str::from_utf8(text).map_err(|_| FileError::Armor)?;
    let mut lines = text
        .trim_matches(SPACE)
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line));
    if lines.next() != Some(BEGIN) {
        return Err(FileError::Armor);
    }
    let mut body = String::with_capacity(text.len());
    let mut ended = false;
    for line in lines.by_ref() {
        if line == END {
            ended = true;
            break;
        }
        // A line behind a short one, or an empty one, is no canonical armor.
        if line.is_empty() || line.len() > COLUMNS || !body.len().is_multiple_of(COLUMNS) {
            return Err(FileError::Armor);
        }
        body.push_str(line);
    }
    if !ended || lines.next().is_some() {
        return Err(FileError::Armor);
    }
    BASE64_STANDARD.decode(body).map_err(|_| FileError::Armor)
}

/// Whether it looks like an armored file, white space in front allowed.
pub(crate) fn is_armored(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"-----BEGIN AGE")
}

pub(crate) const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const END: &str = "-----END AGE ENCRYPTED FILE-----";
const COLUMNS: usize = 64;
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_comes_back() {
        for len in 0..200_usize {
            let bytes: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let text = encode(&bytes);
            assert!(text.lines().all(|line| line.len() <= 64), "length {len}");
            assert!(text.ends_with("FILE-----\n"), "length {len}");
            assert_eq!(decode(text.as_bytes()).unwrap(), bytes, "length {len}");
        }
    }

    #[test]
    fn decode_refuses() {
        let good = encode(&[1; 100]);
        let cases = [
            ("nothing", String::new()),
            ("begin only", BEGIN.to_owned()),
            ("text in front", format!("x\n{good}")),
            ("text behind", format!("{good}x\n")),
            ("two", format!("{good}{good}")),
            ("space at the end of a line", good.replacen("\n", " \n", 2)),
            ("other words", good.replace("AGE", "PGP")),
        ];
        for (name, text) in cases {
            assert!(decode(text.as_bytes()).is_err(), "case: {name}");
        }
    }
}
