//! A clean place to run programs in: own home, own temp folder, an environment that is written down.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::canary::Canary;

/// A throwaway folder with `home/`, `tmp/` and `work/`.
pub struct Sandbox {
    folder: TempDir,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox {
    /// Makes one.
    ///
    /// # Panics
    ///
    /// If the machine has no room for it.
    pub fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    /// Makes one in memory where the machine has a file system for that, else like [`new`](Self::new).
    ///
    /// # Panics
    ///
    /// If the machine has no room for it.
    pub fn in_memory() -> Self {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() {
            Self::below(memory)
        } else {
            Self::new()
        }
    }

    fn below(parent: &Path) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("gitseal-test-")
            .tempdir_in(parent)
            .expect("a temp folder");
        for name in ["home", "tmp", "work"] {
            fs::create_dir(folder.path().join(name)).expect("a new folder takes entries");
        }
        Self { folder }
    }

    /// Everything of this sandbox.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The folder that commands start in.
    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The home of commands.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// `TMPDIR` of commands.
    pub fn tmp(&self) -> PathBuf {
        self.folder.path().join("tmp")
    }

    /// A path in the working folder.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.work().join(name)
    }

    /// Writes a file into the working folder, with its folders.
    ///
    /// # Panics
    ///
    /// If that is not possible.
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("below the working folder")).expect("folders can be made");
        fs::write(&path, content).expect("a file can be written");
        path
    }

    /// Reads a file of the working folder.
    ///
    /// # Panics
    ///
    /// If it is not there.
    pub fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        let path = self.path(name);
        fs::read(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
    }

    /// Names of all files below the working folder, sorted, relative.
    pub fn files(&self) -> Vec<String> {
        let mut names = Vec::new();
        collect(&self.work(), &self.work(), &mut names);
        names.sort();
        names
    }

    /// A command that sees of the machine only its programs.
    pub fn run(&self, program: impl AsRef<OsStr>) -> Run {
        let mut command = Command::new(program.as_ref());
        command
            .current_dir(self.work())
            .env_clear()
            .env(
                "PATH",
                std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()),
            )
            .env("HOME", self.home())
            .env("TMPDIR", self.tmp())
            .env("LANG", "C.UTF-8")
            .env("SOPS_DISABLE_VERSION_CHECK", "true");
        Run {
            command,
            stdin: Vec::new(),
        }
    }
}

fn collect(root: &Path, folder: &Path, names: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() && !path.is_symlink() {
            collect(root, &path, names);
        } else if let Ok(name) = path.strip_prefix(root) {
            names.push(name.display().to_string());
        }
    }
}

/// A command that is being put together.
pub struct Run {
    command: Command,
    stdin: Vec<u8>,
}

impl Run {
    /// Adds one argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets a variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Gives the age identity of `keys-example/`.
    pub fn with_example_identity(self) -> Self {
        self.env("SOPS_AGE_KEY_FILE", crate::example_identity())
    }

    /// Gives standard input; without it, it is empty.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Starts in a folder below the working folder.
    pub fn within(mut self, folder: impl AsRef<Path>) -> Self {
        let base = self
            .command
            .get_current_dir()
            .map(Path::to_owned)
            .unwrap_or_default();
        self.command.current_dir(base.join(folder));
        self
    }

    /// Runs it to its end.
    ///
    /// # Panics
    ///
    /// If the program cannot be started.
    pub fn go(mut self) -> Outcome {
        let line = self.line();
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self
            .command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {line}: {error}"));
        let mut input = child.stdin.take().expect("it was asked for");
        let bytes = std::mem::take(&mut self.stdin);
        // A program need not read what it is given, and a thread keeps both pipes flowing.
        let writer = std::thread::spawn(move || drop(input.write_all(&bytes)));
        let output = child.wait_with_output().expect("a child can be waited for");
        writer.join().expect("the writer does not panic");
        Outcome {
            line,
            code: output.status.code(),
            signal: output.status.signal(),
            stdout: output.stdout,
            stderr: output.stderr,
        }
    }

    /// Starts it without waiting; nothing of what it says is kept.
    ///
    /// # Errors
    ///
    /// As [`Command::spawn`].
    pub fn start(mut self) -> io::Result<std::process::Child> {
        self.command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    }

    fn line(&self) -> String {
        let words = std::iter::once(self.command.get_program()).chain(self.command.get_args());
        words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
    }
}

/// What a command did.
pub struct Outcome {
    /// The command line, for messages.
    pub line: String,
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Outcome {
    /// Standard output as text.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Everything, for the message of a failed test.
    pub fn told(&self) -> String {
        let end = self.code.map_or_else(
            || format!("signal {:?}", self.signal),
            |code| format!("exit {code}"),
        );
        format!(
            "$ {}\n{end}\n--- stdout\n{}\n--- stderr\n{}",
            self.line,
            self.out(),
            self.err()
        )
    }

    /// Fails unless it ended with this code.
    ///
    /// # Panics
    ///
    /// If it did not.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}", self.told());
        self
    }

    /// Fails if a canary stands in anything it said.
    ///
    /// # Panics
    ///
    /// If one does.
    #[track_caller]
    pub fn keeps(&self, canary: &Canary) {
        for (stream, bytes) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            assert_eq!(
                canary.find(bytes),
                None,
                "{stream} leaks the canary\n{}",
                self.told()
            );
        }
    }
}

/// `PATH` with one more folder in front.
pub fn path_with(folder: &Path) -> OsString {
    let old = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = vec![folder.to_owned()];
    folders.extend(std::env::split_paths(&old));
    std::env::join_paths(folders).expect("no folder of PATH holds a colon")
}
