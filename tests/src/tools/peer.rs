//! One Go module of `tests/tools/`: built on first use.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::cache::{Fnv, cache_folder, file, take_turn};
use super::error::{ToolError, with_causes};

/// One Go module of `tests/tools/`.
pub(super) struct Peer {
    name: &'static str,
    kind: Kind,
    folder: OnceLock<Result<PathBuf, String>>,
}

enum Kind {
    /// All commands of the module's `tool` lines are built, with these more linker flags.
    Programs { link: &'static str },
    /// The folder `testdata` of this module is copied.
    Data { module: &'static str },
}

impl Peer {
    /// A module of programs.
    pub(super) const fn programs(name: &'static str, link: &'static str) -> Self {
        Self {
            name,
            kind: Kind::Programs { link },
            folder: OnceLock::new(),
        }
    }

    /// A module whose test data is wanted.
    pub(super) const fn data(name: &'static str, module: &'static str) -> Self {
        Self {
            name,
            kind: Kind::Data { module },
            folder: OnceLock::new(),
        }
    }

    /// The path of one program; a failed build is a failed test with the reason.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.file_of_program(name, name)
    }

    /// The same for a program whose file has another name than people know it by.
    pub(super) fn file_of_program(&self, name: &str, file: &str) -> PathBuf {
        let variable = format!("GITSEAL_TOOL_{}", name.to_ascii_uppercase().replace('-', "_"));
        if let Some(path) = std::env::var_os(&variable).map(PathBuf::from) {
            let problem = ToolError::Override {
                variable,
                path: path.clone(),
            };
            assert!(path.is_file(), "{problem}");
            return path;
        }
        self.folder().join(file)
    }

    pub(super) fn folder(&self) -> &Path {
        match self
            .folder
            .get_or_init(|| self.make().map_err(|error| with_causes(&error)))
        {
            Ok(folder) => folder,
            Err(reason) => panic!("{reason}"),
        }
    }

    fn make(&self) -> Result<PathBuf, ToolError> {
        let module = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tools")
            .join(self.name);
        let cache = cache_folder()?;
        let done = cache.join(format!("{}-{:032x}", self.name, self.fingerprint(&module)?));
        if done.is_dir() {
            return Ok(done);
        }
        fs::create_dir_all(&cache).map_err(file("cannot make the folder", &cache))?;
        let _turn = take_turn(&cache)?;
        // Somebody else may have built it while we waited.
        if done.is_dir() {
            return Ok(done);
        }
        let half = tempfile::Builder::new()
            .prefix(".building-")
            .tempdir_in(&cache)
            .map_err(file("cannot make a folder in", &cache))?;
        say(&format!("building {} into {} (once)", self.name, done.display()));
        match self.kind {
            Kind::Programs { link } => self.build(&module, link, half.path())?,
            Kind::Data { module: path } => self.copy_data(&module, path, half.path())?,
        }
        let half = half.keep();
        fs::rename(&half, &done).map_err(file("cannot publish", &done))?;
        say(&format!("built {}", self.name));
        Ok(done)
    }

    pub(super) fn build(&self, module: &Path, link: &str, target: &Path) -> Result<(), ToolError> {
        let mut out = OsString::from(target);
        out.push("/");
        let mut command = go(module);
        command
            .args(["build", "-trimpath"])
            .arg(format!("-ldflags=-s -w {link}").trim_end())
            .arg("-o")
            .arg(out)
            .arg("tool");
        self.run(&mut command).map(drop)
    }

    fn copy_data(&self, module: &Path, path: &str, target: &Path) -> Result<(), ToolError> {
        self.run(go(module).args(["mod", "download", path]))?;
        let listed = self.run(go(module).args(["list", "-m", "-f", "{{.Dir}}", path]))?;
        let source = Path::new(listed.trim()).join("testdata");
        let target = target.join("testdata");
        fs::create_dir_all(&target).map_err(file("cannot make the folder", &target))?;
        let entries = fs::read_dir(&source).map_err(file("cannot list", &source))?;
        for entry in entries {
            let entry = entry.map_err(file("cannot list", &source))?;
            let copy = target.join(entry.file_name());
            // The bytes only: Go's cache is read-only, and ours should be removable.
            let bytes = fs::read(entry.path()).map_err(file("cannot read", &source))?;
            fs::write(&copy, bytes).map_err(file("cannot write", &copy))?;
        }
        Ok(())
    }

    fn run(&self, command: &mut Command) -> Result<String, ToolError> {
        let output = command.output().map_err(ToolError::NoGo)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let from = text.lines().count().saturating_sub(20);
        let end: Vec<&str> = text.lines().skip(from).collect();
        Err(ToolError::Build {
            peer: self.name,
            command: format!("{command:?}"),
            output: end.join("\n"),
        })
    }

    /// A number for what a build depends on: the two module files, the Go release and the linker flags.
    fn fingerprint(&self, module: &Path) -> Result<u128, ToolError> {
        let mut hash = Fnv::new();
        for name in ["go.mod", "go.sum"] {
            let path = module.join(name);
            let bytes = fs::read(&path).map_err(file("cannot read", &path))?;
            hash.add(&bytes);
        }
        if let Kind::Programs { link } = self.kind {
            hash.add(go_version()?.as_bytes());
            if !link.is_empty() {
                hash.add(link.as_bytes());
            }
        }
        Ok(hash.0)
    }
}

/// Release and platform of Go, asked once.
fn go_version() -> Result<&'static str, ToolError> {
    static VERSION: OnceLock<String> = OnceLock::new();
    if let Some(version) = VERSION.get() {
        return Ok(version);
    }
    let output = go(Path::new("/"))
        .args(["env", "GOVERSION", "GOOS", "GOARCH"])
        .output();
    let text = String::from_utf8_lossy(&output.map_err(ToolError::NoGo)?.stdout).into_owned();
    Ok(VERSION.get_or_init(|| text))
}

/// Go with the settings that make a build the same everywhere.
fn go(folder: &Path) -> Command {
    let mut command = Command::new("go");
    command
        .current_dir(folder)
        .env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "-mod=readonly -buildvcs=false")
        .env("GOWORK", "off")
        .env("CGO_ENABLED", "0");
    command
}

/// A line of progress. Straight to the terminal: the test runner would keep it for itself.
pub(crate) fn say(text: &str) {
    // Nobody to tell is no reason to stop a test.
    let _ = writeln!(io::stderr(), "[gitseal-tests] {text}");
}
