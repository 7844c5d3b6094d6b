//! Asking gpg-agent for a passphrase, over its socket (Assuan). It remembers the answer for the next run.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use aws_lc_rs::digest;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::settings::Settings;

/// What came of asking.
pub(crate) enum Answer {
    /// A passphrase, typed or remembered.
    Given(SecretString),
    /// No agent, or one that cannot ask: try another way.
    Unable,
    /// The person said no.
    Refused,
}

/// The name under which the agent remembers the passphrase of an identity file: the same as SOPS', so that both
/// share it. `file` is the binary form.
pub(crate) fn cache_id(file: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, file);
    let mut id = "SopsAge".to_owned();
    // 25 bytes are 40 characters of base32, with nothing left over.
    for five in digest.as_ref()[..25].chunks(5) {
        let bits = five.iter().fold(0_u64, |all, byte| (all << 8) | u64::from(*byte));
        for shift in (0..8).rev() {
            id.push(char::from(BASE32[(bits >> (shift * 5)) as usize & 31]));
        }
    }
    id
}

/// Asks for a passphrase.
pub(crate) fn ask(settings: &Settings, cache_id: &str, question: &str) -> Answer {
    let Some(mut agent) = Agent::connect(settings) else {
        return Answer::Unable;
    };
    let command = format!(
        "GET_PASSPHRASE {cache_id} X {} {}",
        escape("Passphrase:"),
        escape(question)
    );
    match agent.say(&command) {
        Some(Ok(hex)) => match from_hex(&hex) {
            Some(passphrase) => Answer::Given(passphrase),
            None => Answer::Unable,
        },
        Some(Err(CANCELED)) => Answer::Refused,
        Some(Err(_)) | None => Answer::Unable,
    }
}

/// Makes the agent forget a passphrase that was wrong.
pub(crate) fn forget(settings: &Settings, cache_id: &str) {
    if let Some(mut agent) = Agent::connect(settings) {
        agent.say(&format!("CLEAR_PASSPHRASE {cache_id}"));
    }
}

struct Agent(BufReader<UnixStream>);

impl Agent {
    fn connect(settings: &Settings) -> Option<Self> {
        let stream = sockets(settings)
            .into_iter()
            .find_map(|socket| UnixStream::connect(socket).ok())?;
        // An agent that is well greets at once.
        stream.set_read_timeout(Some(GREETING)).ok()?;
        stream.set_write_timeout(Some(GREETING)).ok()?;
        let mut agent = Self(BufReader::new(stream));
        agent.reply()?.ok()?;
        for (option, variable) in [
            ("display", "DISPLAY"),
            ("ttyname", "GPG_TTY"),
            ("ttytype", "TERM"),
        ] {
            if let Some(value) = (settings.environment)(variable) {
                // An agent may refuse an option; it is asked all the same.
                agent
                    .say(&format!(
                        "OPTION {option}={}",
                        value.to_string_lossy().replace(['\r', '\n'], "")
                    ))?
                    .ok();
            }
        }
        // Long enough for a person, short enough not to hang for ever on an agent that is stuck.
        agent.0.get_ref().set_read_timeout(Some(PATIENCE)).ok()?;
        Some(agent)
    }

    fn say(&mut self, command: &str) -> Option<Result<Zeroizing<String>, u32>> {
        self.0
            .get_mut()
            .write_all(format!("{command}\n").as_bytes())
            .ok()?;
        self.reply()
    }

    /// `OK …` or `ERR code …`; comments and status lines are skipped. `None`: the connection broke.
    fn reply(&mut self) -> Option<Result<Zeroizing<String>, u32>> {
        for _ in 0..MOST_LINES {
            let mut line = Zeroizing::new(String::with_capacity(MOST_LINE_BYTES as usize));
            if self.0.by_ref().take(MOST_LINE_BYTES).read_line(&mut line).ok()? == 0 || !line.ends_with('\n')
            {
                return None;
            }
            let line = line.trim_end_matches(['\r', '\n']);
            if line == "OK" {
                return Some(Ok(Zeroizing::default()));
            }
            if let Some(rest) = line.strip_prefix("OK ") {
                return Some(Ok(Zeroizing::new(rest.to_owned())));
            }
            if let Some(rest) = line.strip_prefix("ERR ") {
                let code = rest
                    .split(' ')
                    .next()
                    .and_then(|code| code.parse::<u32>().ok())
                    .unwrap_or_default();
                // The upper half says which part of GnuPG speaks.
                return Some(Err(code & 0xffff));
            }
        }
        None
    }
}

fn sockets(settings: &Settings) -> Vec<PathBuf> {
    if let Some(home) = (settings.environment)("GNUPGHOME").filter(|home| !home.is_empty()) {
        return vec![PathBuf::from(home).join(SOCKET)];
    }
    let user = rustix::process::getuid().as_raw();
    let mut places = vec![PathBuf::from(format!("/run/user/{user}/gnupg")).join(SOCKET)];
    places.extend(
        settings
            .home
            .as_ref()
            .map(|home| home.join(".gnupg").join(SOCKET)),
    );
    places
}

/// Assuan arguments: a space is `+`, everything unusual is `%XX`.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => escaped.push('+'),
            b'!'..=b'~' if !matches!(byte, b'%' | b'+' | b'"') => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

fn from_hex(hex: &str) -> Option<SecretString> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(hex.len() / 2));
    for pair in hex.as_bytes().chunks(2) {
        let &[high, low] = pair else { return None };
        let digit = |char: u8| char::from(char).to_digit(16);
        bytes.push((digit(high)? * 16 + digit(low)?) as u8);
    }
    std::str::from_utf8(&bytes).ok().map(SecretString::from)
}

const SOCKET: &str = "S.gpg-agent";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// GPG_ERR_CANCELED.
const CANCELED: u32 = 99;
const GREETING: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(300);
const MOST_LINES: usize = 1000;
const MOST_LINE_BYTES: u64 = 4096;

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn cache_ids_are_base32() {
        // printf '' | sha256sum | cut -c1-50 | xxd -r -p | base32
        assert_eq!(cache_id(b""), "SopsAge4OYMIQUY7QOBJGX36TEJS35ZEQT24QPEMSNZGTFE");
    }

    #[test]
    fn escape_leaves_no_separator() {
        assert_eq!(escape("a b+c%d\"e\nü'"), "a+b%2Bc%25d%22e%0A%C3%BC'");
    }

    #[test]
    fn from_hex_accepts_and_refuses() {
        let cases = [
            ("666f6F", Some("foo")),
            ("", Some("")),
            ("6", None),
            ("zz", None),
            ("ff", None),
        ];
        for (hex, want) in cases {
            assert_eq!(
                from_hex(hex).as_ref().map(|found| found.expose_secret()),
                want,
                "case: {hex}"
            );
        }
    }
}
