//! The user's editor: which program it is, and running it on one file.
//!
//! `$SOPS_EDITOR`, then `$EDITOR`, split into words as a POSIX shell splits them, without a shell; else the first of
//! `vim`, `nano`, `vi` that is there.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use thiserror::Error;

use crate::io::Io;
use crate::signals;

/// A program and its first arguments.
#[derive(Debug)]
pub struct Editor {
    program: OsString,
    arguments: Vec<OsString>,
}

/// Why nobody edited the file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EditorError {
    /// The words of the variable do not end.
    #[error("${variable} has a quote that is not closed")]
    BadWords {
        /// `SOPS_EDITOR` or `EDITOR`.
        variable: &'static str,
    },
    /// It ended, but not well.
    #[error("{}", ending(*status))]
    Failed {
        /// How it ended.
        status: ExitStatus,
    },
    /// No variable, and none of the usual programs.
    #[error("no editor found: $SOPS_EDITOR and $EDITOR are not set, and there is no vim, nano or vi")]
    NoneFound,
    /// It did not start.
    #[error("{} did not start", program.display())]
    NotStarted {
        /// The program as named.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl Editor {
    /// Finds the editor.
    ///
    /// # Errors
    ///
    /// [`EditorError::BadWords`], [`EditorError::NoneFound`].
    pub fn find(io: &Io) -> Result<Self, EditorError> {
        for variable in ["SOPS_EDITOR", "EDITOR"] {
            let Some(text) = io.env(variable).filter(|text| !text.is_empty()) else {
                continue;
            };
            let mut words = split_words(&text)
                .ok_or(EditorError::BadWords { variable })?
                .into_iter();
            if let Some(program) = words.next() {
                return Ok(Self {
                    program,
                    arguments: words.collect(),
                });
            }
        }
        let folders = io.env("PATH").unwrap_or_default();
        let usual = USUAL.iter().find_map(|name| find_program(name, &folders));
        let program = usual.ok_or(EditorError::NoneFound)?.into_os_string();
        Ok(Self {
            program,
            arguments: Vec::new(),
        })
    }

    /// Runs it on a file and waits for its end. The streams are ours; an interrupt from the terminal is the editor's.
    ///
    /// # Errors
    ///
    /// It does not start, or does not end with success.
    pub fn run(&self, file: &Path, child: &Child, io: &Io) -> Result<(), EditorError> {
        let _spared = io.terminal.stdin.then(signals::spare_interrupts);
        let started = Command::new(&self.program)
            .args(&self.arguments)
            .arg(file)
            .spawn();
        let not_started = |source| EditorError::NotStarted {
            program: PathBuf::from(&self.program),
            source,
        };
        let mut process = started.map_err(not_started)?;
        child.started(process.id());
        let status = process.wait();
        child.ended();
        let status = status.map_err(not_started)?;
        if status.success() {
            Ok(())
        } else {
            Err(EditorError::Failed { status })
        }
    }
}

/// The editor that runs now, if any, as the handler of signals sees it.
#[derive(Clone, Default)]
pub struct Child(Arc<(Mutex<Option<Pid>>, Condvar)>);

impl Child {
    fn started(&self, id: u32) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) =
            i32::try_from(id).ok().and_then(Pid::from_raw);
    }

    fn ended(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.0.1.notify_all();
    }

    /// Asks the editor to end, and ends it if it takes too long: nothing may write the file after it was wiped.
    pub fn end(&self) {
        let mut pid = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        for signal in [Signal::TERM, Signal::KILL] {
            let Some(running) = *pid else { return };
            let _ = kill_process(running, signal);
            let waited = self.0.1.wait_timeout_while(pid, PATIENCE, |pid| pid.is_some());
            pid = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Splits a text into words as a POSIX shell does: quotes, backslashes, comments; nothing is expanded.
/// `None` if a quote is not closed.
fn split_words(text: &OsStr) -> Option<Vec<OsString>> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut bytes = text.as_bytes().iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => words.extend(word.take().map(OsString::from_vec)),
            b'#' if word.is_none() => while bytes.next().is_some_and(|byte| byte != b'\n') {},
            b'\\' => word.get_or_insert_default().push(bytes.next()?),
            b'\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match bytes.next()? {
                        b'\'' => break,
                        byte => word.push(byte),
                    }
                }
            }
            b'"' => {
                let word = word.get_or_insert_default();
                loop {
                    match bytes.next()? {
                        b'"' => break,
                        b'\\' => match bytes.next()? {
                            escaped @ (b'"' | b'\\' | b'$' | b'`') => word.push(escaped),
                            other => word.extend([b'\\', other]),
                        },
                        byte => word.push(byte),
                    }
                }
            }
            byte => word.get_or_insert_default().push(byte),
        }
    }
    words.extend(word.map(OsString::from_vec));
    Some(words)
}

/// A program in the absolute folders of a search path: never the working folder.
fn find_program(name: &str, folders: &OsStr) -> Option<PathBuf> {
    let paths = folders
        .as_bytes()
        .split(|byte| *byte == b':')
        .map(|folder| Path::new(OsStr::from_bytes(folder)));
    let mut candidates = paths
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name));
    candidates.find(|path| {
        path.metadata()
            .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    })
}

/// How a program ended, in the words of Go: scripts know them.
fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("ended by signal {signal}"),
        (None, None) => "ended in an unknown way".into(),
    }
}

/// What is looked for when no variable names an editor.
const USUAL: [&str; 3] = ["vim", "nano", "vi"];

/// How long an editor may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_does() {
        let cases: &[(&str, &str, Option<&[&str]>)] = &[
            ("one word", "vim", Some(&["vim"])),
            ("arguments", "code  --wait\t-n", Some(&["code", "--wait", "-n"])),
            (
                "single quotes",
                "'my editor' '-x\\'",
                Some(&["my editor", "-x\\"]),
            ),
            ("double quotes", r#""a \"b\" \n" c"#, Some(&[r#"a "b" \n"#, "c"])),
            ("backslash", r"a\ b c", Some(&["a b", "c"])),
            ("quotes inside a word", "a'b c'd", Some(&["ab cd"])),
            ("an empty word", "vim ''", Some(&["vim", ""])),
            ("comment", "vim # the one", Some(&["vim"])),
            ("number sign inside a word", "vim a#b", Some(&["vim", "a#b"])),
            ("nothing is expanded", "$HOME/x `y`", Some(&["$HOME/x", "`y`"])),
            ("only blanks", "  ", Some(&[])),
            ("open single quote", "'vim", None),
            ("open double quote", "vim \"x", None),
            ("backslash at the end", "vim \\", None),
        ];
        for (name, text, want) in cases {
            let want = want.map(|words| words.iter().map(OsString::from).collect::<Vec<_>>());
            assert_eq!(split_words(OsStr::new(text)), want, "case: {name}");
        }
    }

    #[test]
    fn programs_are_not_found_through_the_working_folder() {
        assert!(find_program("sh", OsStr::new("/usr/bin:/bin")).is_some());
        assert!(find_program("Cargo.toml", OsStr::new(":.")).is_none());
        assert!(find_program("src", OsStr::new(".")).is_none());
    }
}
