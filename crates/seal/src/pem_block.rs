//! Blocks of PEM texts (RFC 7468), read as leniently as the peer does.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use manifest::decode_base64;
use zeroize::Zeroizing;

/// One block of a PEM text (RFC 7468, read leniently: text around blocks is skipped, and so are blocks without end).
pub(crate) struct PemBlock {
    /// `CERTIFICATE`, `RSA PRIVATE KEY`, …
    pub(crate) label: String,
    /// It has the header `Proc-Type: 4,ENCRYPTED`.
    pub(crate) encrypted: bool,
    /// Its content; `None` if it is not base64.
    pub(crate) der: Option<Zeroizing<Vec<u8>>>,
}

/// All PEM blocks of a text, in order.
pub(crate) fn pem_blocks(text: &[u8]) -> Vec<PemBlock> {
    let mut blocks = Vec::new();
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    while let Some(line) = lines.next() {
        let Some(label) = dashes(line, b"-----BEGIN ") else {
            continue;
        };
        // A block without end does not swallow the one that begins inside it.
        let mut rest = lines.clone();
        let mut body = Vec::new();
        let mut encrypted = false;
        let closed = loop {
            let Some(line) = rest.next() else { break false };
            if dashes(line, b"-----BEGIN ").is_some() {
                break false;
            }
            if let Some(end) = dashes(line, b"-----END ") {
                break end == label;
            }
            if line.contains(&b':') {
                encrypted |= line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED");
            } else {
                body.push(line);
            }
        };
        if !closed {
            continue;
        }
        let body = Zeroizing::new(body.concat());
        blocks.push(PemBlock {
            label: String::from_utf8_lossy(label).into_owned(),
            encrypted,
            der: decode_base64(&body).ok(),
        });
        lines = rest;
    }
    blocks
}

/// Writes one PEM block, 64 characters a line.
pub(crate) fn to_pem(label: &str, der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(BASE64_STANDARD.encode(der));
    let room = body.len() + body.len() / LINE + 2 * label.len() + 40;
    let mut pem = Zeroizing::new(String::with_capacity(room));
    pem.push_str("-----BEGIN ");
    pem.push_str(label);
    pem.push_str("-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(LINE));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem.push_str("-----END ");
    pem.push_str(label);
    pem.push_str("-----\n");
    pem
}

fn dashes<'a>(line: &'a [u8], begin: &[u8]) -> Option<&'a [u8]> {
    line.strip_prefix(begin)?.strip_suffix(b"-----")
}

/// Characters in a line of PEM.
const LINE: usize = 64;

#[cfg(test)]
mod tests {
    use super::{pem_blocks, to_pem};

    #[test]
    fn a_block_without_end_does_not_hide_the_next_one() {
        let good = to_pem("CERTIFICATE", b"content");
        let text = format!(
            "words\n-----BEGIN RSA PRIVATE KEY-----\nAAAA\n{}more\n",
            good.as_str()
        );
        let blocks = pem_blocks(text.as_bytes());
        assert_eq!(blocks.len(), 1);
        assert_eq!(blocks[0].label, "CERTIFICATE");
        assert_eq!(blocks[0].der.as_deref().map(Vec::as_slice), Some(&b"content"[..]));
    }
}
