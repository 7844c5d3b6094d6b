//! A throwaway home with its own environment, and shortcuts.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use providers::{KeyServices, Mixing, Prompt, Settings};
use secrecy::ExposeSecret;
use sops::{DataKey, KeyGroup, MasterKey, Metadata, Random, RandomError};
use tempfile::TempDir;

/// A user with a home, variables, and perhaps somebody at the terminal.
pub(crate) struct User {
    folder: TempDir,
    variables: HashMap<String, OsString>,
    prompt: Option<Prompt>,
    /// Every question that was asked.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    pub(crate) trusted: Vec<String>,
    pub(crate) identity_files: Vec<PathBuf>,
    pub(crate) order: Vec<sops::KeyKind>,
}

impl User {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut user = Self {
            variables: HashMap::new(),
            prompt: None,
            asked: Arc::default(),
            trusted: vec![],
            identity_files: vec![],
            order: vec![sops::KeyKind::Age, sops::KeyKind::Pgp],
            folder,
        };
        // Whoever runs the tests may have an agent.
        let gnupg = user.path("gnupg");
        user.set("GNUPGHOME", gnupg);
        user
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Writes a program. Another process does it: a file that this one had open for writing cannot be started while
    /// a child of another test still has the descriptor.
    pub(crate) fn program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut command = Command::new("sh");
        command
            .args(["-c", "rm -f \"$0\" && cat > \"$0\" && chmod 755 \"$0\""])
            .arg(&path);
        run(&mut command, format!("#!/bin/sh\n{script}").as_bytes());
        path
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.insert(name.into(), value.into());
    }

    /// Somebody answers every question with this.
    pub(crate) fn answers(&mut self, answer: Option<&str>) {
        let answer = answer.map(str::to_owned);
        let asked = Arc::clone(&self.asked);
        self.prompt = Some(Arc::new(move |question| {
            asked.lock().unwrap().push(question.to_owned());
            answer.clone().map(Into::into)
        }));
    }

    pub(crate) fn questions(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn services(&self) -> KeyServices {
        let variables = self.variables.clone();
        KeyServices::assemble(Settings {
            environment: Arc::new(move |name| variables.get(name).cloned()),
            home: Some(self.folder.path().to_owned()),
            config_dir: Some(self.path(".config")),
            prompt: self.prompt.clone(),
            identity_files: self.identity_files.clone(),
            trusted_plugins: self.trusted.clone(),
            decryption_order: self.order.clone(),
        })
        .unwrap()
    }
}

/// Random bytes for keys of tests.
pub(crate) struct TestRandom;

impl Random for TestRandom {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| RandomError)
    }
}

pub(crate) const KEY_BYTES: [u8; 32] = *b"thirty-two bytes of a data key..";

pub(crate) fn data_key() -> DataKey {
    DataKey::from_bytes(&KEY_BYTES).unwrap()
}

/// age never waits: its futures are ready when they are first looked at.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a future of age waits"),
    }
}

pub(crate) fn metadata(key_groups: Vec<KeyGroup>, shamir_threshold: u32) -> Metadata {
    Metadata {
        key_groups,
        shamir_threshold,
        last_modified: "2026-01-01T00:00:00Z".into(),
        mac: String::new(),
        mac_only_encrypted: false,
        selector: Default::default(),
        version: sops_version(),
    }
}

fn sops_version() -> String {
    "3.13.3".into()
}

/// A file for these age recipients, each with its armored age file.
pub(crate) fn file_of(keys: &[(&str, &str)]) -> Metadata {
    let keys = keys.iter().map(|(recipient, enc)| MasterKey::Age {
        recipient: (*recipient).into(),
        enc: (*enc).into(),
    });
    metadata(vec![KeyGroup(keys.collect())], 0)
}

/// Wraps the key of the tests for these recipients, in groups.
pub(crate) fn lock(
    user: &User,
    groups: &[&[&str]],
    threshold: u32,
) -> Result<Metadata, providers::LockError> {
    let groups = groups
        .iter()
        .map(|group| KeyGroup(group.iter().map(|recipient| MasterKey::age(*recipient)).collect()))
        .collect();
    let locked = now(user.services().lock(
        &data_key(),
        groups,
        threshold,
        Mixing::Allow,
        "2026-01-01T00:00:00Z",
        &mut TestRandom,
    ))?;
    Ok(metadata(locked, threshold))
}

/// Whether these services recover the key of the tests.
pub(crate) fn opens(services: &KeyServices, file: &Metadata) -> Result<(), providers::UnlockError> {
    let key = now(services.unlock(file))?;
    assert_eq!(key.expose_secret(), &KEY_BYTES);
    Ok(())
}

/// What an unlock said when it failed: attempts, then places.
pub(crate) fn failure(services: &KeyServices, file: &Metadata) -> (Vec<String>, Vec<String>) {
    match opens(services, file).unwrap_err() {
        providers::UnlockError::TooFewGroups { attempts, looked, .. } => (
            attempts
                .iter()
                .map(|attempt| attempt.source.to_string())
                .collect(),
            looked,
        ),
        other => panic!("{other}"),
    }
}

/// A new identity and its recipient.
pub(crate) fn identity() -> (String, String) {
    let (text, recipient) = providers::age::generate_x25519().unwrap();
    (text.expose_secret().to_owned(), recipient)
}

/// Runs a program with this input; its output, or a failed test with what it said.
pub(crate) fn run(command: &mut Command, input: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// An SSH key made by `ssh-keygen`; gives the public half.
pub(crate) fn ssh_keygen(path: &Path, args: &[&str], passphrase: &str) -> String {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let output = Command::new("ssh-keygen")
        .args(["-q", "-N", passphrase, "-C", "someone@somewhere", "-f"])
        .arg(path)
        .args(args)
        .output()
        .unwrap_or_else(|error| {
            panic!("ssh-keygen: {error}; install it (Debian: apt-get install openssh-client)")
        });
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    fs::read_to_string(path.with_extension("pub"))
        .unwrap()
        .trim()
        .to_owned()
}
