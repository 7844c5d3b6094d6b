//! The certificate to seal to: `--cert`, or the controller's (spec/sealed-secrets §11.2).

use std::io::ErrorKind;

use ::seal::{SealingCert, Validity};

use super::session::Session;
use super::words::{self, Failure};
use crate::certificate::{FetchError, Source, Trust, fetch};
use crate::cluster;
use crate::io::Io;

/// Its text, unparsed.
///
/// # Errors
///
/// There is none to be had.
pub(super) fn bytes(session: &Session<'_>, io: &Io) -> Result<Vec<u8>, Failure> {
    let text = session.parsed.text("cert");
    if text.is_empty() {
        return cluster::fetch_cert(&session.connection, &session.controller, io)
            .map_err(|error| words::cluster(&error, "cannot fetch certificate"));
    }
    if let Some(why) = broken(&text) {
        return Err(Failure::Text(format!("parse \"{text}\": {why}")));
    }
    fetch(&Source::parse(&text)?, Trust::Typed, io).map_err(|error| match error {
        // The peer reads such files as if by a server.
        FetchError::File { source, .. } if is_url(&text) && source.kind() == ErrorKind::NotFound => {
            Failure::Text(format!("cannot fetch \"{text}\": 404 Not Found"))
        }
        other => other.into(),
    })
}

/// What Go says of a URL whose address has no end.
fn broken(url: &str) -> Option<&'static str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    (host.starts_with('[') && !host.contains(']')).then_some("missing ']' in host")
}

fn is_url(text: &str) -> bool {
    text.get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case("file:"))
}

/// The certificate, if it may be sealed to now. The start of its validity is not looked at, as the peer does.
///
/// # Errors
///
/// There is none, or it is of another kind, or expired.
pub(super) fn load(session: &Session<'_>, io: &Io) -> Result<SealingCert, Failure> {
    let cert =
        SealingCert::from_pem(&bytes(session, io)?).map_err(|error| Failure::text(error.to_string()))?;
    match cert.validity(io.now()) {
        Validity::Expired(end) => Err(Failure::Text(format!(
            "failed to encrypt using an expired certificate on {}",
            end.strftime("%B %-d, %Y")
        ))),
        Validity::NotYet(_) | Validity::Good | Validity::EndsSoon(_) => Ok(cert),
    }
}
