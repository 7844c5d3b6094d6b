//! Whether the bytes of a certificate may be sealed to: its kind, its time, and what `.gitseal.yaml` knows about it.

use jiff::{SignedDuration, Timestamp};
use seal::{CertError, SealingCert, Validity};

use crate::error::{CliError, Kind};
use crate::project::Project;

/// What may be wrong with a certificate all the same.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct AllowArgs {
    /// Seal to a certificate that has expired, or is not yet valid
    #[arg(long)]
    pub allow_expired: bool,

    /// Seal to a certificate that .gitseal.yaml lists as replaced
    #[arg(long)]
    pub allow_replaced: bool,
}

/// What a certificate is measured by.
#[derive(Debug)]
pub struct Judge<'a> {
    /// How to call it: a file, a URL.
    pub from: &'a str,
    /// What flags allow.
    pub allow: &'a AllowArgs,
    /// The fingerprint that it must have.
    pub pin: Option<&'a str>,
    /// Whose `replaced` count, and the cluster that it is for: none for a certificate from a flag, which may be
    /// anybody's.
    pub project: Option<(&'a Project, Option<&'a str>)>,
    /// The time of day.
    pub now: Timestamp,
}

impl Judge<'_> {
    /// The certificate, and what to warn about.
    ///
    /// # Errors
    ///
    /// It is none, or may not be used: exit 1, with the reason.
    pub fn cert(&self, bytes: &[u8]) -> Result<(SealingCert, Vec<String>), CliError> {
        let (cert, mut warnings) = self.parse(bytes)?;
        self.check_pin(&cert)?;
        self.check_replaced(&cert)?;
        warnings.extend(self.check_time(&cert)?);
        Ok((cert, warnings))
    }

    /// The certificate without a look at time, pin and history.
    ///
    /// # Errors
    ///
    /// It is none: what it is instead is told as far as it can be seen.
    pub fn parse(&self, bytes: &[u8]) -> Result<(SealingCert, Vec<String>), CliError> {
        let cert = SealingCert::from_pem(bytes).map_err(|error| {
            let hint = hint(&error, bytes);
            let failed = self.refused("is no certificate to seal to").because(error);
            match hint {
                Some(hint) => failed.hint(hint),
                None => failed,
            }
        })?;
        let mut warnings = Vec::new();
        let blocks = count(bytes, b"-----BEGIN CERTIFICATE-----");
        if blocks > 1 {
            warnings.push(format!(
                "{} holds {blocks} certificates: the first one counts",
                self.from
            ));
        }
        if count(bytes, b"PRIVATE KEY-----") > 0 {
            warnings.push(format!(
                "{} holds a private key beside the certificate: only the certificate is needed for sealing",
                self.from
            ));
        }
        Ok((cert, warnings))
    }

    /// Refuses another key than the one that is pinned.
    ///
    /// # Errors
    ///
    /// It is another one.
    pub fn check_pin(&self, cert: &SealingCert) -> Result<(), CliError> {
        match self.pin {
            Some(pin) if pin != cert.fingerprint() => Err(self
                .refused(&format!("has the fingerprint {}, and {pin} is asked for", cert.fingerprint()))
                .hint("somebody else may have answered; if the key was renewed, write its fingerprint into .gitseal.yaml")),
            _ => Ok(()),
        }
    }

    /// Refuses a key that was replaced.
    ///
    /// # Errors
    ///
    /// It was, and no flag allows it.
    pub fn check_replaced(&self, cert: &SealingCert) -> Result<(), CliError> {
        let fingerprint = cert.fingerprint();
        let by = self.project.and_then(|(project, cluster)| match cluster {
            // Clusters may share a key, and one of them renew it.
            Some(name) => {
                let replaced = &project.clusters.get(name)?.replaced;
                replaced.iter().any(|old| old == fingerprint).then_some(name)
            }
            None => project.replaced_by(fingerprint),
        });
        match by {
            Some(cluster) if !self.allow.allow_replaced => Err(self
                .refused(&format!("was replaced: .gitseal.yaml lists it so for cluster {cluster}"))
                .hint(format!(
                    "gitseal fetch-cert {cluster} gets the certificate of today; --allow-replaced seals to this one"
                ))),
            _ => Ok(()),
        }
    }

    /// Refuses a certificate outside its time.
    fn check_time(&self, cert: &SealingCert) -> Result<Option<String>, CliError> {
        let from = self.from;
        let (refusal, hint) = match cert.validity(self.now) {
            Validity::Good => return Ok(None),
            Validity::EndsSoon(end) => return Ok(Some(format!("{from} expires on {}", day(end)))),
            Validity::Expired(end) => (
                format!("expired on {}", day(end)),
                "fetch the certificate of today (gitseal fetch-cert); --allow-expired seals to this one",
            ),
            // The clock of this machine may be slow, and a new certificate is used at once.
            Validity::NotYet(start) if start.duration_since(self.now) <= SLOW_CLOCK => {
                return Ok(Some(format!(
                    "{from} becomes valid on {}: is the clock of this machine slow?",
                    day(start)
                )));
            }
            Validity::NotYet(start) => (
                format!("is not valid before {}", day(start)),
                "check the clock of this machine; --allow-expired seals to it all the same",
            ),
        };
        if self.allow.allow_expired {
            return Ok(Some(format!("{from} {refusal}")));
        }
        Err(self.refused(&refusal).hint(hint))
    }

    fn refused(&self, why: &str) -> CliError {
        CliError::new(Kind::Generic, format!("{} {why}", self.from))
    }
}

/// What the bytes look like, and what to do then.
fn hint(error: &CertError, bytes: &[u8]) -> Option<&'static str> {
    let start = bytes.trim_ascii_start();
    let begins = |label: &[u8]| count(bytes, label) > 0;
    match error {
        CertError::NotRsa { .. } => Some("sealed-secrets works with RSA keys only"),
        CertError::Size { .. } => Some("keys of 2048 to 8192 bits are used"),
        CertError::Malformed => Some("the file is damaged, or was cut off: fetch it again"),
        CertError::None if start.is_empty() => Some("it is empty"),
        CertError::None if start.starts_with(b"<") => {
            Some("it is a web page: the address may need a login, or lead to another service")
        }
        CertError::None if begins(b"PRIVATE KEY-----") => {
            Some("it is a private key: keep it secret; sealing needs the certificate beside it")
        }
        CertError::None if begins(b"-----BEGIN PUBLIC KEY") || begins(b"-----BEGIN RSA PUBLIC KEY") => {
            Some("it is a public key without a certificate")
        }
        CertError::None if begins(b"-----BEGIN PKCS7") => {
            Some("it is a PKCS#7 bundle: openssl pkcs7 -print_certs takes the certificates out")
        }
        CertError::None if begins(b"-----BEGIN ") => {
            Some("it is PEM of another kind: a block CERTIFICATE is needed")
        }
        CertError::None if start.first() == Some(&0x30) => {
            Some("it looks like DER: openssl x509 -inform der turns a certificate into PEM")
        }
        _ => None,
    }
}

fn count(bytes: &[u8], marker: &[u8]) -> usize {
    bytes
        .windows(marker.len())
        .filter(|window| *window == marker)
        .count()
}

fn day(time: Timestamp) -> impl std::fmt::Display {
    time.strftime("%Y-%m-%d")
}

/// How far a clock may be behind without a refusal.
const SLOW_CLOCK: SignedDuration = SignedDuration::from_hours(24);

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(name: &str) -> Vec<u8> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/sealed");
        std::fs::read(folder.join(name)).unwrap()
    }

    fn judged(bytes: &[u8], now: &str, allow: &AllowArgs) -> Result<Vec<String>, String> {
        let judge = Judge {
            from: "c.pem",
            allow,
            pin: None,
            project: None,
            now: now.parse().unwrap(),
        };
        let judged = judge.cert(bytes).map(|(_, warnings)| warnings);
        judged.map_err(|error| format!("{}; {}", error.message, error.hints.join("; ")))
    }

    #[test]
    fn what_is_no_certificate_is_told_from_its_looks() {
        let now = "2026-11-21T12:00:00Z";
        let cases: [(&str, Vec<u8>, &str); 9] = [
            ("EC", vector("ec-p256.crt.pem"), "RSA keys only"),
            ("1024 bits", vector("small-1024.crt.pem"), "2048 to 8192"),
            (
                "a private key",
                vector("key-a-2048.key.pem"),
                "private key: keep it secret",
            ),
            (
                "a web page",
                b" <!doctype html><title>Login</title>".to_vec(),
                "web page",
            ),
            ("nothing", b"\n".to_vec(), "empty"),
            (
                "a public key",
                b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n".to_vec(),
                "public key",
            ),
            (
                "a bundle",
                b"-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n".to_vec(),
                "PKCS#7",
            ),
            ("DER", b"\x30\x82\x01\x01".to_vec(), "DER"),
            (
                "damaged",
                b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec(),
                "damaged",
            ),
        ];
        for (name, bytes, want) in cases {
            let told = judged(&bytes, now, &AllowArgs::default()).unwrap_err();
            assert!(told.contains(want), "case: {name}: {told}");
        }
    }

    #[test]
    fn a_certificate_is_used_in_its_time() {
        let allow = AllowArgs {
            allow_expired: true,
            ..AllowArgs::default()
        };
        let cert = vector("key-a-2048.crt.pem");
        let cases = [
            ("in time", "2026-11-21T12:00:00Z", Ok(""), Ok("")),
            (
                "soon over",
                "2053-12-20T00:00:00Z",
                Ok("expires on 2054-01-01"),
                Ok("expires on 2054-01-01"),
            ),
            (
                "over",
                "2054-02-01T00:00:00Z",
                Err("expired on 2054-01-01"),
                Ok("expired on 2054-01-01"),
            ),
            ("slow clock", "2023-12-31T23:00:00Z", Ok("clock"), Ok("clock")),
            (
                "far ahead",
                "2020-01-01T00:00:00Z",
                Err("not valid before 2024-01-01"),
                Ok("not valid before"),
            ),
        ];
        for (name, now, strict, allowed) in cases {
            for (flags, want) in [(&AllowArgs::default(), strict), (&allow, allowed)] {
                let got = judged(&cert, now, flags);
                match (&got, want) {
                    (Ok(warnings), Ok("")) => assert!(warnings.is_empty(), "case: {name}: {warnings:?}"),
                    (Ok(warnings), Ok(want)) => {
                        assert!(warnings[0].contains(want), "case: {name}: {warnings:?}")
                    }
                    (Err(told), Err(want)) => assert!(told.contains(want), "case: {name}: {told}"),
                    _ => panic!("case: {name}: {got:?}"),
                }
            }
        }
    }

    #[test]
    fn of_a_chain_the_first_counts() {
        let told = judged(
            &vector("chain-b-then-a.crt.pem"),
            "2026-11-21T12:00:00Z",
            &AllowArgs::default(),
        );
        assert_eq!(
            told,
            Ok(vec![
                "c.pem holds 2 certificates: the first one counts".to_owned()
            ])
        );
    }
}
