//! The process as values: streams, environment, folder, clock, randomness, terminal.
//!
//! The only file that touches the process. Everything else takes an [`Io`], so that a test runs a command in
//! process, with its own environment and its own clock.

use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use providers::{Environment, Prompt};
use sops::Random;
use zeroize::Zeroizing;

use crate::error::{CliError, Kind};

/// Gives the time of day.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Makes a random source; each thread has its own.
pub type RandomSource = Arc<dyn Fn() -> Box<dyn Random + Send> + Send + Sync>;

/// Which streams are a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terminal {
    /// Standard input.
    pub stdin: bool,
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
}

/// Surroundings of one run.
pub struct Io {
    /// Standard input.
    pub stdin: Box<dyn Read + Send>,
    /// Standard output: data, and nothing if the command failed.
    pub stdout: Box<dyn Write + Send>,
    /// Standard error: everything else.
    pub stderr: Box<dyn Write + Send>,
    /// Environment lookup.
    pub environment: Environment,
    /// Working folder, absolute.
    pub cwd: PathBuf,
    /// Time of day.
    pub clock: Clock,
    /// Randomness.
    pub random: RandomSource,
    /// Which streams are a terminal.
    pub terminal: Terminal,
    /// Asks for a passphrase without echo; `None` without a terminal.
    pub prompt: Option<Prompt>,
    /// How a warning is written: a line of ours, or what a personality puts here.
    pub warn: fn(&mut Self, &str),
}

impl Io {
    /// The process as it is.
    pub fn system() -> Self {
        let terminal = Terminal {
            stdin: std::io::stdin().is_terminal(),
            stdout: std::io::stdout().is_terminal(),
            stderr: std::io::stderr().is_terminal(),
        };
        Self {
            stdin: Box::new(std::io::stdin()),
            stdout: Box::new(std::io::stdout()),
            stderr: Box::new(std::io::stderr()),
            environment: Arc::new(|name| std::env::var_os(name)),
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            clock: Arc::new(Timestamp::now),
            random: Arc::new(|| Box::new(providers::random::SystemRandom)),
            terminal,
            prompt: Some(Arc::new(ask_terminal)),
            warn: crate::ui::warning,
        }
    }

    /// The value of a variable; `None` if it is not set.
    pub fn env(&self, name: &str) -> Option<OsString> {
        (self.environment)(name)
    }

    /// The value of a variable as text; `None` if it is not set, empty or not UTF-8.
    pub fn env_text(&self, name: &str) -> Option<String> {
        self.env(name)?.into_string().ok().filter(|text| !text.is_empty())
    }

    /// A path as the user gave it, seen from the working folder.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.cwd.join(path)
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// A random source of its own.
    pub fn random(&self) -> Box<dyn Random + Send> {
        (self.random)()
    }

    /// Reads standard input to its end.
    ///
    /// # Errors
    ///
    /// More than `max` bytes, or it cannot be read: exit 2.
    pub fn read_stdin(&mut self, max: u64) -> Result<Zeroizing<Vec<u8>>, CliError> {
        crate::files::read_limited(&mut self.stdin, max, Path::new("-"))
    }

    /// One line of standard input without its line break, for a question. `None` at the end of input.
    pub fn read_line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let mut byte = [0; 1];
        // Byte by byte: what follows belongs to somebody else (an editor, a later question).
        loop {
            match self.stdin.read(&mut byte) {
                Ok(0) if line.is_empty() => return None,
                Ok(0) => break,
                Ok(_) if byte[0] == b'\n' => break,
                Ok(_) => line.push(byte[0]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
        Some(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned())
    }

    /// Writes to standard output. A reader that went away is a quiet success for the whole command.
    ///
    /// # Errors
    ///
    /// [`Kind::BrokenPipe`] for that reader, else exit 3.
    pub fn write_stdout(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        match self.stdout.write_all(bytes).and_then(|()| self.stdout.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(CliError::broken_pipe()),
            Err(error) => {
                Err(CliError::new(Kind::WriteOutput, "cannot write to standard output").because(error))
            }
        }
    }

    /// Warns, in the words of the manner at hand.
    pub fn warn(&mut self, text: &str) {
        (self.warn)(self, text);
    }

    /// Writes a line to standard error. There is nobody to tell if that fails.
    pub fn tell(&mut self, line: &str) {
        // In one call: lines of several threads and programs on one terminal do not mix.
        let _ = self
            .stderr
            .write_all(format!("{line}\n").as_bytes())
            .and_then(|()| self.stderr.flush());
    }
}

/// Asks on the terminal itself, never on standard input; `None` without one.
fn ask_terminal(question: &str) -> Option<secrecy::SecretString> {
    let _guard = echo_returns();
    let answer = rpassword::prompt_password(format!("{question} ")).ok()?;
    Some(answer.into())
}

/// Has a signal put the terminal back as it is now: whoever interrupts the question must see what is typed next.
fn echo_returns() -> Option<crate::signals::Guard> {
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
    let terminal = std::fs::File::open("/dev/tty").ok()?;
    let before = tcgetattr(&terminal).ok()?;
    Some(crate::signals::on_signal(move || {
        let _ = tcsetattr(&terminal, OptionalActions::Now, &before);
    }))
}
