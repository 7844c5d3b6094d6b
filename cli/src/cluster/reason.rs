//! The words for a call that failed. Scripts look for them, so they are those of the peer's Kubernetes client.

use std::error::Error;
use std::io::{self, ErrorKind};

/// What was asked, for the words: `get`, `services`, `http:NAME:PORT`.
#[derive(Clone, Debug)]
pub(super) struct Asked<'a> {
    /// `get` or `post`.
    pub(super) verb: &'static str,
    /// Name of the object, with scheme and port for a proxied call.
    pub(super) name: &'a str,
}

/// The reason that an answer with an error status gives: the message of a `Status` object, else words for the number.
pub(super) fn of_answer(status: u16, content_type: Option<&str>, body: &[u8], asked: &Asked<'_>) -> String {
    let media = content_type
        .and_then(|text| text.split(';').next())
        .map(str::trim);
    if media.is_none_or(|media| media == "application/json")
        && let Some(message) = status_message(body)
    {
        return message;
    }
    let text = match media {
        None => text_of(body),
        Some(media) if media.starts_with("text/") => text_of(body),
        Some(_) => "unknown".to_owned(),
    };
    let words = for_status(status, &text);
    format!("{words} ({} services {})", asked.verb, asked.name)
}

/// `metadata`-less as it is, a `Status` of a failure has a message.
fn status_message(body: &[u8]) -> Option<String> {
    let status: serde_json::Value = serde_json::from_slice(body).ok()?;
    let text = |key: &str| status.get(key).and_then(serde_json::Value::as_str);
    (text("kind") == Some("Status") && text("status") == Some("Failure"))
        .then(|| harmless(text("message").unwrap_or_default()))
}

/// The beginning of a body as text.
fn text_of(body: &[u8]) -> String {
    let body = body.get(..MAX_QUOTED_BYTES).unwrap_or(body);
    String::from_utf8_lossy(body).trim().to_owned()
}

/// What a number means, in the client's words; `text` is what the server said beside it.
fn for_status(status: u16, text: &str) -> String {
    let words = match status {
        400 => "the server rejected our request for an unknown reason",
        401 => "the server has asked for the client to provide credentials",
        403 | 415 => return harmless(text),
        404 => "the server could not find the requested resource",
        405 => "the server does not allow this method on the requested resource",
        406 if text.is_empty() || text == "unknown" => {
            "the server was unable to respond with a content type that the client supports"
        }
        406 => return harmless(text),
        409 => "the server reported a conflict",
        422 => "the server rejected our request due to an error in our request",
        429 => "the server has received too many requests and has asked us to try again later",
        503 => "the server is currently unable to handle the request",
        504 => {
            "the server was unable to return a response in the time allotted, but may still be processing the request"
        }
        500.. => {
            return format!("an error on the server ({text:?}) has prevented the request from succeeding");
        }
        _ => {
            return format!(
                "the server responded with the status code {status} but did not return more information"
            );
        }
    };
    words.to_owned()
}

/// A server's text without what would move a terminal's cursor.
pub(crate) fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect()
}

/// The reason for no answer at all. `address` is `HOST:PORT`.
pub(crate) fn of_failure(error: &(dyn Error + 'static), address: &str) -> String {
    let mut words = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<io::Error>()
            && let Some(reason) = of_io(error, address)
        {
            return reason;
        }
        words = error.to_string();
        if let Some(reason) = of_words(&words, address) {
            return reason;
        }
        next = error.source();
    }
    harmless(&words)
}

fn of_io(error: &io::Error, address: &str) -> Option<String> {
    let words = match error.kind() {
        ErrorKind::ConnectionRefused => "connect: connection refused",
        ErrorKind::HostUnreachable => "connect: no route to host",
        ErrorKind::NetworkUnreachable => "connect: network is unreachable",
        ErrorKind::TimedOut => "i/o timeout",
        ErrorKind::ConnectionReset => return Some("read: connection reset by peer".to_owned()),
        ErrorKind::UnexpectedEof => return Some("EOF".to_owned()),
        _ => return None,
    };
    Some(format!("dial tcp {address}: {words}"))
}

/// Libraries whose errors are not named here say it in words only.
fn of_words(words: &str, address: &str) -> Option<String> {
    let table = [
        ("UnknownIssuer", "certificate signed by unknown authority"),
        (
            "CaUsedAsEndEntity",
            "the server's certificate is that of an authority",
        ),
        ("NotValidForName", "certificate is not valid for this name"),
        (
            "certificate not valid for name",
            "certificate is not valid for this name",
        ),
        (
            "certificate expired",
            "certificate has expired or is not yet valid",
        ),
        (
            "certificate not valid yet",
            "certificate has expired or is not yet valid",
        ),
    ];
    for (theirs, ours) in table {
        if words.contains(theirs) {
            return Some(format!("tls: failed to verify certificate: x509: {ours}"));
        }
    }
    if words.contains("failed to lookup address information") {
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        return Some(format!("dial tcp: lookup {host}: no such host"));
    }
    (words.contains("deadline has elapsed") || words.contains("operation timed out"))
        .then(|| TIMED_OUT.to_owned())
}

/// The client gave up waiting.
pub(crate) const TIMED_OUT: &str =
    "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";

/// Most of a body that is quoted.
const MAX_QUOTED_BYTES: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_the_words_of_the_peer() {
        let status = r#"{"kind":"Status","status":"Failure","message":"services \"x\" not found"}"#;
        let cases = [
            (
                "a Status",
                404,
                Some("application/json"),
                status,
                "services \"x\" not found",
            ),
            (
                "a Status of a success counts for nothing",
                404,
                Some("application/json"),
                r#"{"kind":"Status","status":"Success","message":"m"}"#,
                "the server could not find the requested resource (post services http:a:)",
            ),
            (
                "an empty 500",
                500,
                None,
                "",
                "an error on the server (\"\") has prevented the request from succeeding (post services http:a:)",
            ),
            (
                "a page",
                502,
                Some("text/html; charset=utf-8"),
                "<html>\n",
                "an error on the server (\"<html>\") has prevented the request from succeeding (post services http:a:)",
            ),
            (
                "bytes",
                500,
                Some("application/octet-stream"),
                "x",
                "an error on the server (\"unknown\") has prevented the request from succeeding (post services http:a:)",
            ),
            (
                "a redirect",
                302,
                None,
                "",
                "the server responded with the status code 302 but did not return more information (post services http:a:)",
            ),
            (
                "limited",
                429,
                Some("text/plain"),
                "limit exceeded\n",
                "the server has received too many requests and has asked us to try again later (post services http:a:)",
            ),
            (
                "an escape sequence",
                403,
                None,
                "no \u{1b}[2J",
                "no  [2J (post services http:a:)",
            ),
        ];
        let asked = Asked {
            verb: "post",
            name: "http:a:",
        };
        for (name, status, media, body, want) in cases {
            assert_eq!(
                of_answer(status, media, body.as_bytes(), &asked),
                want,
                "case: {name}"
            );
        }
    }

    #[test]
    fn a_long_body_is_quoted_in_part() {
        let asked = Asked {
            verb: "get",
            name: "a",
        };
        let body = vec![b'x'; 100_000];
        assert!(of_answer(500, None, &body, &asked).len() < 3000);
    }
}
