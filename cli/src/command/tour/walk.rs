//! One walk through the steps of the tour: runs our own commands, and shows them.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::SignedDuration;
use similar::{ChangeTag, TextDiff};

use crate::error::{CliError, Kind};
use crate::io::{Io, Terminal};

/// One walk through the steps.
pub(super) struct Walk<'a> {
    io: &'a mut Io,
    dir: PathBuf,
    pause: bool,
    step: usize,
}

impl<'a> Walk<'a> {
    /// A walk that has not begun.
    pub(super) fn new(io: &'a mut Io, dir: PathBuf, pause: bool) -> Self {
        Self {
            io,
            dir,
            pause,
            step: 0,
        }
    }

    /// Runs one of our own commands in the folder, with the tour's key and nothing else of the user's.
    pub(super) fn command(&mut self, words: &[&str], later: SignedDuration) -> Result<String, CliError> {
        let line = words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
        self.say(&format!("$ gitseal {line}\n"))?;
        let (out, err) = (Captured::default(), Captured::default());
        let (parent, clock) = (self.io.environment.clone(), self.io.clock.clone());
        let dir = self.dir.clone();
        let mut child = Io {
            stdin: Box::new(std::io::empty()),
            stdout: Box::new(out.clone()),
            stderr: Box::new(err.clone()),
            environment: Arc::new(move |name| match name {
                "SOPS_AGE_KEY_FILE" => Some(dir.join("age.txt").into_os_string()),
                "HOME" => Some(dir.clone().into_os_string()),
                "PATH" | "TMPDIR" => parent(name),
                _ => None,
            }),
            cwd: self.dir.clone(),
            clock: Arc::new(move || clock() + later),
            random: self.io.random.clone(),
            terminal: Terminal::default(),
            prompt: None,
            warn: crate::ui::warning,
        };
        let mut argv = vec!["gitseal"];
        argv.extend(words);
        let code = crate::run(argv.into_iter().map(Into::into), &mut child);
        drop(child);
        let (out, err) = (out.text(), err.text());
        self.say(&format!("{err}{}", narrow(&out)))?;
        if code != std::process::ExitCode::SUCCESS {
            return Err(broken(&format!("`gitseal {line}` failed")));
        }
        Ok(out)
    }

    /// Shows the lines that differ; gives the key of each line that is new.
    pub(super) fn diff(&mut self, what: &str, old: &str, new: &str) -> Result<Vec<String>, CliError> {
        let mut text = format!("$ {what}\n");
        let mut keys = Vec::new();
        for change in TextDiff::from_lines(old, new).iter_all_changes() {
            let sign = match change.tag() {
                ChangeTag::Equal => continue,
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            let line = change.value();
            text.push_str(&narrow(&format!("{sign}{line}")));
            if sign == '+' {
                keys.push(line.trim_start().split(':').next().unwrap_or_default().to_owned());
            }
        }
        self.say(&text)?;
        Ok(keys)
    }

    pub(super) fn title(&mut self, text: &str) -> Result<(), CliError> {
        if self.pause && self.step > 0 {
            self.say("\n(Enter to go on) ")?;
            self.io.read_line();
        }
        self.step += 1;
        let step = self.step;
        self.say(&format!("\n{step}. {text}\n\n"))
    }

    pub(super) fn say(&mut self, text: &str) -> Result<(), CliError> {
        self.io.write_stdout(text.as_bytes())
    }

    pub(super) fn read(&self, name: &str) -> Result<String, CliError> {
        fs::read_to_string(self.dir.join(name))
            .map_err(|error| CliError::new(Kind::ReadInput, format!("cannot read {name}")).because(error))
    }

    pub(super) fn write_and_show(&mut self, name: &str, content: &str) -> Result<(), CliError> {
        self.write(name, content)?;
        self.say(&format!("$ cat {name}\n{content}"))
    }

    /// A file of one line without line break, as values are.
    #[cfg(feature = "seal")]
    pub(super) fn write_value(&mut self, name: &str, value: &str) -> Result<(), CliError> {
        self.write(name, value)?;
        self.say(&format!("$ printf %s {} > {name}\n", quote(value)))
    }

    fn write(&self, name: &str, content: &str) -> Result<(), CliError> {
        let path = self.dir.join(name);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::write(&path, content))
            .map_err(|error| CliError::new(Kind::WriteOutput, format!("cannot write {name}")).because(error))
    }
}

/// A stream into memory that two can hold.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Cuts long lines, so that ciphertext stays readable.
pub(super) fn narrow(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| match line.char_indices().nth(WIDTH) {
            Some((at, _)) => format!("{}…\n", &line[..at]),
            None => line.to_owned(),
        })
        .collect()
}

/// A word as a shell needs it.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=".contains(c);
    if word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{word}'")
    }
}

pub(super) fn broken(what: &str) -> CliError {
    CliError::new(Kind::Generic, format!("the tour did not go as it should: {what}"))
        .hint("this is a defect of gitseal: please report it with this output")
}

/// Columns shown of a line.
const WIDTH: usize = 96;
