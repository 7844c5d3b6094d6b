//! Where identities come from (spec/sops-format §9.1), each place read once a run, on first use.
//!
//! In three steps, so that nobody is asked for a passphrase while a plain key would do: what files and variables hold;
//! what commands print and plugins open; what a passphrase opens.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use zeroize::Zeroizing;

use super::identity::{Held, read_all};
use super::locked::Locked;
use super::plugin::Plugins;
use super::ssh_key::{self, SshKey};
use super::{armor, words};
use crate::settings::Settings;

/// All places of one run.
pub(crate) struct Sources {
    pub(crate) settings: Settings,
    pub(crate) plugins: Plugins,
    files: OnceLock<Vec<Source>>,
    /// By recipient: commands are told which one is wanted, and may answer with another key for each.
    commands: Mutex<HashMap<String, Arc<Vec<Source>>>>,
}

/// One place, and what was there.
pub(crate) struct Source {
    place: String,
    found: Found,
}

enum Found {
    /// Nothing, and that is no fault: `not set`, `not found`, `empty`.
    Nothing(&'static str),
    Failed(String),
    Held(Vec<Held>),
    Locked(Locked),
}

impl Sources {
    pub(crate) fn new(settings: Settings) -> Self {
        let plugins = Plugins::new(settings.environment.clone(), settings.prompt.clone());
        Self {
            settings,
            plugins,
            files: OnceLock::new(),
            commands: Mutex::default(),
        }
    }

    /// Files and variables.
    pub(crate) fn files(&self) -> &[Source] {
        self.files.get_or_init(|| self.read_files())
    }

    /// What the commands printed when they were asked for this recipient. Another thread that wants it waits.
    pub(crate) fn commands(&self, recipient: &str) -> Arc<Vec<Source>> {
        let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        let found = commands
            .entry(recipient.to_owned())
            .or_insert_with(|| Arc::new(self.run_commands(recipient)));
        Arc::clone(found)
    }

    /// What commands have printed so far, for any recipient.
    pub(crate) fn commands_so_far(&self) -> Vec<Arc<Vec<Source>>> {
        let commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        commands.values().map(Arc::clone).collect()
    }

    /// Every place and what was there, one line each, without key material.
    pub(crate) fn looked(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.files().iter().map(Source::describe).collect();
        for variable in [SSH_COMMAND, KEY_COMMAND] {
            let runs = self.commands_so_far();
            let mut said: Vec<String> = runs
                .iter()
                .flat_map(|run| run.iter())
                .filter(|source| source.place == variable)
                .map(Source::describe)
                .collect();
            said.sort();
            said.dedup();
            if said.is_empty() {
                let state = if self.variable(variable).is_some() {
                    "not run"
                } else {
                    "not set"
                };
                said.push(format!("{variable}: {state}"));
            }
            lines.extend(said);
        }
        lines
    }

    fn read_files(&self) -> Vec<Source> {
        let mut found = Vec::new();
        found.push(self.of_file_variable(SSH_FILE));
        if let Some(home) = &self.settings.home {
            for name in ["id_ed25519", "id_rsa"] {
                found.push(self.of_default(&home.join(".ssh").join(name)));
            }
        }
        for file in &self.settings.identity_files {
            found.push(self.of_named(file.display().to_string(), file));
        }
        found.push(match self.variable(KEY) {
            None => Source {
                place: KEY.to_owned(),
                found: Found::Nothing("not set"),
            },
            Some(value) => {
                let text = Zeroizing::new(value.into_encoded_bytes());
                self.source(KEY.to_owned(), text)
            }
        });
        found.push(self.of_file_variable(KEY_FILE));
        if let Some(folder) = &self.settings.config_dir {
            found.push(self.of_default(&folder.join("sops").join("age").join("keys.txt")));
        }
        found
    }

    fn run_commands(&self, recipient: &str) -> Vec<Source> {
        let run = |variable: &str| {
            let line = self.variable(variable)?;
            let place = variable.to_owned();
            Some(match run_command(&line, recipient) {
                Ok(output) => self.source(place, output),
                Err(why) => Source {
                    place,
                    found: Found::Failed(why),
                },
            })
        };
        [SSH_COMMAND, KEY_COMMAND].into_iter().filter_map(run).collect()
    }

    fn of_file_variable(&self, variable: &str) -> Source {
        match self.variable(variable) {
            None => Source {
                place: variable.to_owned(),
                found: Found::Nothing("not set"),
            },
            Some(path) => {
                let path = PathBuf::from(path);
                self.of_named(format!("{variable} ({})", path.display()), &path)
            }
        }
    }

    fn of_named(&self, place: String, path: &Path) -> Source {
        match read_file(path) {
            Ok(bytes) => self.source(place, bytes),
            Err(error) => Source {
                place,
                found: Found::Failed(format!("cannot be read: {}", reason(&error))),
            },
        }
    }

    fn of_default(&self, path: &Path) -> Source {
        let place = path.display().to_string();
        match read_file(path) {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Source {
                    place,
                    found: Found::Nothing("not found"),
                }
            }
            Err(error) => Source {
                place,
                found: Found::Failed(format!("cannot be read: {}", reason(&error))),
            },
            Ok(bytes) => self.source(place, bytes),
        }
    }

    fn source(&self, place: String, bytes: Zeroizing<Vec<u8>>) -> Source {
        let found = read(&place, &bytes, &self.plugins).unwrap_or_else(Found::Failed);
        Source { place, found }
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        (self.settings.environment)(name).filter(|value| !value.is_empty())
    }
}

impl Source {
    /// The identities that lie open here, by now.
    pub(crate) fn held(&self) -> &[Held] {
        match &self.found {
            Found::Held(held) => held,
            Found::Locked(locked) => locked.opened(),
            Found::Nothing(_) | Found::Failed(_) => &[],
        }
    }

    /// What a passphrase would open here.
    pub(crate) fn locked(&self) -> Option<&Locked> {
        match &self.found {
            Found::Locked(locked) => Some(locked),
            _ => None,
        }
    }

    fn describe(&self) -> String {
        let found = match &self.found {
            Found::Nothing(what) => (*what).to_owned(),
            Found::Failed(why) => why.clone(),
            Found::Held(held) => count(held.iter()),
            Found::Locked(locked) => locked.describe(),
        };
        format!("{}: {found}", self.place)
    }
}

/// "2 identities, for age1…, age1…": public names only.
pub(crate) fn count<'h>(held: impl Iterator<Item = &'h Held>) -> String {
    let names: Vec<String> = held.map(|held| super::short(&held.name)).collect();
    let noun = if names.len() == 1 {
        "identity"
    } else {
        "identities"
    };
    format!("{} {noun}, for {}", names.len(), names.join(", "))
}

/// Tells the forms of a key text apart, and reads it.
fn read(place: &str, bytes: &[u8], plugins: &Plugins) -> Result<Found, String> {
    let start = bytes.trim_ascii_start();
    if start.is_empty() {
        return Ok(Found::Nothing("empty"));
    }
    if start.starts_with(b"age-encryption") {
        return Locked::file(place, bytes.to_vec()).map(Found::Locked);
    }
    if armor::is_armored(start) {
        let file = armor::decode(start).map_err(|error| error.to_string())?;
        return Locked::file(place, file).map(Found::Locked);
    }
    if start.starts_with(b"-----BEGIN ") {
        return Ok(match ssh_key::read_private(start)? {
            SshKey::Open(held) => Found::Held(vec![held]),
            SshKey::Locked(key) => Found::Locked(Locked::ssh(place, key)),
        });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "neither text nor an age file")?;
    let held = read_all(text, plugins).map_err(|error| error.to_string())?;
    Ok(if held.is_empty() {
        Found::Nothing("no identity in it")
    } else {
        Found::Held(held)
    })
}

fn read_file(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    limited(File::open(path)?)
}

/// Reads into one buffer that is wiped; a source that is too large is refused before it fills the memory.
fn limited(source: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(USUAL_BYTES));
    source.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// Runs the command of a variable: no shell, nothing on its input, its errors dropped.
fn run_command(line: &OsString, recipient: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let line = line.to_str().ok_or("the command is not UTF-8")?;
    let words = words::split(line).ok_or("the command has an open quote")?;
    let (program, args) = words.split_first().ok_or("the command is empty")?;
    let mut child = Command::new(program)
        .args(args)
        .env("SOPS_AGE_RECIPIENT", recipient)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("the command cannot be started: {}", reason(&error)))?;
    let output = child
        .stdout
        .take()
        .ok_or_else(|| io::ErrorKind::BrokenPipe.into())
        .and_then(limited);
    if output.is_err() {
        let _ = child.kill();
    }
    let status = child
        .wait()
        .map_err(|error| format!("the command was lost: {}", reason(&error)))?;
    if !status.success() {
        return Err(format!("the command failed: {status}"));
    }
    output.map_err(|error| format!("the command's output cannot be read: {}", reason(&error)))
}

/// The kind of an error: the text of the system is not needed, and foreign.
fn reason(error: &io::Error) -> String {
    error.kind().to_string()
}

const SSH_FILE: &str = "SOPS_AGE_SSH_PRIVATE_KEY_FILE";
const SSH_COMMAND: &str = "SOPS_AGE_SSH_PRIVATE_KEY_CMD";
const KEY: &str = "SOPS_AGE_KEY";
const KEY_FILE: &str = "SOPS_AGE_KEY_FILE";
const KEY_COMMAND: &str = "SOPS_AGE_KEY_CMD";
/// An identity file holds a few lines.
const USUAL_BYTES: usize = 16 * 1024;
/// As SOPS bounds encrypted identity files.
const MOST_BYTES: u64 = 16 * 1024 * 1024;
