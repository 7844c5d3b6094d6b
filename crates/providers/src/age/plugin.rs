//! age plugins: finding `age-plugin-NAME`, and speaking to it as a client (C2SP age-plugin.md, version 1).
//!
//! Only programs that the user's own identities, a flag or the matching rule name are run (spec/security S-33); what a
//! file's metadata names is nothing. The client is ours so that the program is looked for in the caller's `PATH`
//! without the current folder, and so that a debugging variable cannot print file keys.

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use age::{DecryptError, EncryptError};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza, read};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::file::write_stanza;
use crate::settings::{Environment, Prompt};

/// Whether this can be the name of a plugin: never a path.
pub(crate) fn valid_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'_' | b'-'))
}

/// How plugins are found and how they ask; shared by everything that may run one.
#[derive(Clone)]
pub(crate) struct Plugins {
    environment: Environment,
    prompt: Option<Prompt>,
}

impl Plugins {
    pub(crate) fn new(environment: Environment, prompt: Option<Prompt>) -> Self {
        Self { environment, prompt }
    }

    /// The program of a plugin.
    ///
    /// # Errors
    ///
    /// Words: switched off, or not there.
    fn find(&self, name: &str) -> Result<PathBuf, String> {
        if (self.environment)(SWITCH).is_some_and(|value| value == "off") {
            return Err(format!("age plugins are switched off ({SWITCH}=off)"));
        }
        if !valid_name(name) {
            return Err("not a plugin name".to_owned());
        }
        let program = format!("age-plugin-{name}");
        let path = (self.environment)("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            // An empty or relative entry means the current folder, which belongs to whoever wrote the repository.
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(&program))
            .find(|file| is_program(file))
            .ok_or_else(|| format!("{program} is not in any folder of PATH"))
    }

    fn ask(&self, question: &str) -> Option<SecretString> {
        self.prompt.as_ref().and_then(|prompt| prompt(&scrub(question)))
    }
}

/// A plugin recipient that may be run.
pub(crate) struct PluginRecipient {
    name: String,
    text: String,
    plugins: Plugins,
}

impl PluginRecipient {
    pub(crate) fn new(name: String, text: String, plugins: Plugins) -> Self {
        Self { name, text, plugins }
    }

    fn wrap(&self, key: &FileKey) -> Result<Vec<Stanza>, String> {
        let mut session = Session::start(&self.plugins.find(&self.name)?, "recipient-v1")?;
        session.send("add-recipient", &[&self.text], &[])?;
        session.send("wrap-file-key", &[], key.expose_secret())?;
        session.send("extension-labels", &[], &[])?;
        session.send("done", &[], &[])?;
        let mut stanzas = Vec::new();
        session.answer(&self.plugins, |command| {
            match (command.tag.as_str(), command.args.as_mut_slice()) {
                ("recipient-stanza", [file, tag, ..]) if file == "0" => {
                    let tag = std::mem::take(tag);
                    let args = command.args.split_off(2);
                    stanzas.push(Stanza {
                        tag,
                        args,
                        body: std::mem::take(&mut command.body),
                    });
                    Reply::Ok
                }
                ("labels", _) => Reply::Ok,
                _ => Reply::Unsupported,
            }
        })?;
        if stanzas.is_empty() {
            return Err("gave no stanza".to_owned());
        }
        Ok(stanzas)
    }
}

impl age::Recipient for PluginRecipient {
    fn wrap_file_key(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let stanzas = self
            .wrap(key)
            .map_err(|what| EncryptError::Io(told(&self.name, &what)))?;
        Ok((stanzas, HashSet::new()))
    }
}

/// A plugin identity: the plugin of its name opens stanzas of any type with it.
pub(crate) struct PluginIdentity {
    name: String,
    text: SecretString,
    plugins: Plugins,
}

impl PluginIdentity {
    pub(crate) fn new(name: String, text: &str, plugins: Plugins) -> Self {
        Self {
            name,
            text: text.to_owned().into(),
            plugins,
        }
    }

    fn unwrap(&self, stanzas: &[Stanza]) -> Result<Option<FileKey>, String> {
        let mut session = Session::start(&self.plugins.find(&self.name)?, "identity-v1")?;
        session.send("add-identity", &[self.text.expose_secret()], &[])?;
        for stanza in stanzas {
            let mut args = vec!["0", &stanza.tag];
            args.extend(stanza.args.iter().map(String::as_str));
            session.send("recipient-stanza", &args, &stanza.body)?;
        }
        session.send("done", &[], &[])?;
        let mut found = None;
        session.answer(&self.plugins, |command| {
            let body = Zeroizing::new(std::mem::take(&mut command.body));
            if command.tag != "file-key" {
                return Reply::Unsupported;
            }
            if body.len() == FILE_KEY_BYTES {
                found = Some(FileKey::init_with_mut(|key| key.copy_from_slice(&body)));
            }
            Reply::Ok
        })?;
        Ok(found)
    }
}

impl age::Identity for PluginIdentity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        self.unwrap_stanzas(std::slice::from_ref(stanza))
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, DecryptError>> {
        self.unwrap(stanzas)
            .map_err(|what| DecryptError::Io(told(&self.name, &what)))
            .transpose()
    }
}

/// What a command of the plugin is answered with.
enum Reply {
    Ok,
    Unsupported,
}

/// A running plugin. It is ended when this is dropped.
struct Session {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Session {
    fn start(program: &Path, machine: &str) -> Result<Self, String> {
        let mut child = Command::new(program)
            .arg(format!("--age-plugin={machine}"))
            // Not the user's folder: what lies there is not for the plugin to find.
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot be started: {}", error.kind()))?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().ok_or("has no output")?);
        Ok(Self { child, input, output })
    }

    fn send(&mut self, tag: &str, args: &[&str], body: &[u8]) -> Result<(), String> {
        let mut text = Zeroizing::new(Vec::with_capacity(4096 + 2 * body.len()));
        write_stanza(&mut text, tag, args, body);
        let input = self.input.as_mut().ok_or(ENDED)?;
        input
            .write_all(&text)
            .and_then(|()| input.flush())
            .map_err(|_| ENDED.to_owned())
    }

    /// Answers the plugin until it is done. Messages are dropped; questions go to the person.
    fn answer(
        &mut self,
        plugins: &Plugins,
        mut take: impl FnMut(&mut Stanza) -> Reply,
    ) -> Result<(), String> {
        let mut failed = None;
        for _ in 0..MOST_COMMANDS {
            let mut command = self.receive()?;
            match command.tag.as_str() {
                "done" => return failed.map_or(Ok(()), Err),
                "msg" => self.send("ok", &[], &[])?,
                "request-secret" | "request-public" | "confirm" => {
                    // Choosing between two answers needs more than a hidden line: a plugin copes with "fail".
                    let question = String::from_utf8_lossy(&command.body).into_owned();
                    let answer = if command.tag == "confirm" {
                        None
                    } else {
                        plugins.ask(&question)
                    };
                    match answer {
                        Some(answer) => self.send("ok", &[], answer.expose_secret().as_bytes())?,
                        None => self.send("fail", &[], &[])?,
                    }
                }
                "error" => {
                    failed = Some(scrub(&String::from_utf8_lossy(&command.body)));
                    self.send("ok", &[], &[])?;
                }
                _ => match take(&mut command) {
                    Reply::Ok => self.send("ok", &[], &[])?,
                    Reply::Unsupported => self.send("unsupported", &[], &[])?,
                },
            }
        }
        Err("does not come to an end".to_owned())
    }

    fn receive(&mut self) -> Result<Stanza, String> {
        let mut text = Zeroizing::new(Vec::with_capacity(4096));
        loop {
            let start = text.len();
            let line = self
                .output
                .by_ref()
                .take(MOST_LINE_BYTES)
                .read_until(b'\n', &mut text);
            if line.is_err() || !text.ends_with(b"\n") || text.len() > MOST_STANZA_BYTES {
                return Err(ENDED.to_owned());
            }
            // The first line starts the stanza; the first short one behind it ends it.
            if start > 0 && text.len() - start <= 64 {
                break;
            }
        }
        let (rest, stanza) =
            read::age_stanza(&text).map_err(|_| "speaks no age plugin protocol".to_owned())?;
        if !rest.is_empty() {
            return Err("speaks no age plugin protocol".to_owned());
        }
        Ok(Stanza::from(stanza))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Its input ends and it is interrupted, as the real age does: it may clean up, but not stay.
        drop(self.input.take());
        #[cfg(unix)]
        {
            use rustix::process::{Pid, Signal, kill_process};
            let _ = kill_process(Pid::from_child(&self.child), Signal::INT);
            for _ in 0..100 {
                if matches!(self.child.try_wait(), Ok(Some(_))) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn told(name: &str, what: &str) -> io::Error {
    io::Error::other(format!("age-plugin-{name}: {what}"))
}

/// Foreign words, made harmless: one line, no control characters, nothing that could be key material.
fn scrub(text: &str) -> String {
    let words = text.split_whitespace().map(|word| {
        let long = word.len() > 40;
        let upper = word.to_ascii_uppercase();
        if long || upper.contains("AGE-SECRET") || upper.contains("AGE-PLUGIN-") {
            "[removed]"
        } else {
            word
        }
    });
    let line: String = words.collect::<Vec<_>>().join(" ");
    line.chars().filter(|char| !char.is_control()).take(200).collect()
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.with_extension("exe").is_file()
}

const SWITCH: &str = "GITSEAL_AGE_PLUGINS";
const ENDED: &str = "ended before it was done";
const MOST_COMMANDS: usize = 10_000;
const MOST_LINE_BYTES: u64 = 64 * 1024;
const MOST_STANZA_BYTES: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_lose_what_could_be_a_key() {
        let cases = [
            ("plain", "no card in the reader\n", "no card in the reader"),
            ("identity", "bad AGE-PLUGIN-X-1QQ here", "bad [removed] here"),
            ("secret key", "bad age-secret-key-1abc", "bad [removed]"),
            (
                "base64",
                "got ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0",
                "got [removed]",
            ),
            ("terminal codes", "a\u{1b}[31m b", "a[31m b"),
        ];
        for (name, text, want) in cases {
            assert_eq!(scrub(text), want, "case: {name}");
        }
    }

    #[test]
    fn names_are_never_paths() {
        for name in ["yubikey", "se", "a.b_c+d-e9"] {
            assert!(valid_name(name), "{name}");
        }
        for name in ["", "../x", "a/b", "a b", "ä", "a\0"] {
            assert!(!valid_name(name), "{name}");
        }
    }
}
