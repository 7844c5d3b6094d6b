//! The real programs that tests compare us with, built on first use.
//!
//! Each peer is a Go module of its own in `tests/tools/NAME/`. A program is built into
//! `$GITSEAL_TOOLS_CACHE`, else `$XDG_CACHE_HOME/gitseal/tools`, else `~/.cache/gitseal/tools`, in
//! a folder named after the content of `go.mod` and `go.sum` and the Go release, so a new pin is
//! a new folder and an old one is never wrong. One build runs at a time, on the whole machine.
//!
//! `GITSEAL_TOOL_SOPS=/usr/local/bin/sops`, and the like for each program, names one that is there
//! already. Nothing here is ever skipped: what cannot be had is a failed test that says why.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rustix::fs::{FlockOperation, flock};
use thiserror::Error;

/// The SOPS release that the tests compare with.
pub const SOPS_VERSION: &str = "3.13.3";

/// The age release that the tests compare with.
pub const AGE_VERSION: &str = "1.3.2";

/// The real `sops`.
pub fn sops() -> PathBuf {
    SOPS.program("sops")
}

/// The real `age`.
pub fn age() -> PathBuf {
    AGE.program("age")
}

/// The real `age-keygen`.
pub fn age_keygen() -> PathBuf {
    AGE.program("age-keygen")
}

/// age's own plugin for passphrases from the environment. Its folder goes on `PATH`.
pub fn age_plugin_batchpass() -> PathBuf {
    AGE.program("age-plugin-batchpass")
}

/// age's own plugin for post-quantum recipients, for versions before 1.3. Its folder goes on `PATH`.
pub fn age_plugin_pq() -> PathBuf {
    AGE.program("age-plugin-pq")
}

/// The folder of the 143 age test vectors of C2SP.
pub fn cctv_age() -> PathBuf {
    if let Some(dir) = std::env::var_os("GITSEAL_TOOL_CCTV_AGE") {
        return PathBuf::from(dir);
    }
    CCTV.folder().join("testdata")
}

/// Why a program could not be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ToolError {
    /// Go built nothing.
    #[error("building {peer} failed: {command}\n{output}")]
    Build {
        /// The module in `tests/tools/`.
        peer: &'static str,
        /// What was run.
        command: String,
        /// The end of what Go said.
        output: String,
    },
    /// A file of the cache or of `tests/tools/` could not be used.
    #[error("{what} {}", path.display())]
    File {
        /// What was tried, in words that end before the path.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// There is no Go.
    #[error("go could not be started; install it (Debian: apt-get install golang-go, 1.25.8 or newer)")]
    NoGo(#[source] io::Error),
    /// Neither a cache folder nor a home is set.
    #[error("set GITSEAL_TOOLS_CACHE or HOME: there is no folder for the built programs")]
    NoCache,
    /// An override names something that is not a file.
    #[error("{variable} names {}, which is no file", path.display())]
    Override {
        /// The variable.
        variable: String,
        /// Its value.
        path: PathBuf,
    },
}

/// One Go module of `tests/tools/`.
struct Peer {
    name: &'static str,
    kind: Kind,
    folder: OnceLock<Result<PathBuf, String>>,
}

enum Kind {
    /// All commands of the module's `tool` lines are built.
    Programs,
    /// The folder `testdata` of this module is copied.
    Data { module: &'static str },
}

static SOPS: Peer = Peer {
    name: "sops",
    kind: Kind::Programs,
    folder: OnceLock::new(),
};
static AGE: Peer = Peer {
    name: "age",
    kind: Kind::Programs,
    folder: OnceLock::new(),
};
static CCTV: Peer = Peer {
    name: "cctv",
    kind: Kind::Data {
        module: "c2sp.org/CCTV/age",
    },
    folder: OnceLock::new(),
};

impl Peer {
    /// The path of one program; a failed build is a failed test with the reason.
    fn program(&self, name: &str) -> PathBuf {
        let variable = format!("GITSEAL_TOOL_{}", name.to_ascii_uppercase().replace('-', "_"));
        if let Some(path) = std::env::var_os(&variable).map(PathBuf::from) {
            let problem = ToolError::Override {
                variable,
                path: path.clone(),
            };
            assert!(path.is_file(), "{problem}");
            return path;
        }
        self.folder().join(name)
    }

    fn folder(&self) -> &Path {
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
            Kind::Programs => self.build(&module, half.path())?,
            Kind::Data { module: path } => self.copy_data(&module, path, half.path())?,
        }
        let half = half.keep();
        fs::rename(&half, &done).map_err(file("cannot publish", &done))?;
        say(&format!("built {}", self.name));
        Ok(done)
    }

    fn build(&self, module: &Path, target: &Path) -> Result<(), ToolError> {
        let mut out = OsString::from(target);
        out.push("/");
        let mut command = go(module);
        command
            .args(["build", "-trimpath", "-ldflags=-s -w", "-o"])
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

    /// A number for what a build depends on: the two module files and the Go release.
    fn fingerprint(&self, module: &Path) -> Result<u128, ToolError> {
        let mut hash = Fnv::new();
        for name in ["go.mod", "go.sum"] {
            let path = module.join(name);
            let bytes = fs::read(&path).map_err(file("cannot read", &path))?;
            hash.add(&bytes);
        }
        if matches!(self.kind, Kind::Programs) {
            hash.add(go_version()?.as_bytes());
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

fn cache_folder() -> Result<PathBuf, ToolError> {
    let variable = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(folder) = variable("GITSEAL_TOOLS_CACHE") {
        return Ok(folder);
    }
    let base = variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")));
    base.map(|base| base.join("gitseal/tools"))
        .ok_or(ToolError::NoCache)
}

/// Waits until nobody else builds; the turn ends when the file is dropped.
fn take_turn(cache: &Path) -> Result<File, ToolError> {
    let path = cache.join("lock");
    let file_of_turn = File::create(&path).map_err(file("cannot make", &path))?;
    if flock(&file_of_turn, FlockOperation::NonBlockingLockExclusive).is_err() {
        say("waiting for another build of the tools");
        flock(&file_of_turn, FlockOperation::LockExclusive)
            .map_err(|errno| file("cannot lock", &path)(errno.into()))?;
    }
    Ok(file_of_turn)
}

fn file(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ToolError + use<> {
    let path = path.to_owned();
    move |source| ToolError::File { what, path, source }
}

/// A line of progress. Straight to the terminal: the test runner would keep it for itself.
pub(crate) fn say(text: &str) {
    // Nobody to tell is no reason to stop a test.
    let _ = writeln!(io::stderr(), "[gitseal-tests] {text}");
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(&format!("\n  cause: {next}"));
        cause = next.source();
    }
    text
}

/// FNV-1a with 128 bits: names a folder in our own cache, guards against nothing.
struct Fnv(u128);

impl Fnv {
    fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&[0xff]) {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_are_the_pinned_ones() {
        let says = |program: PathBuf, arguments: &[&str]| {
            let output = Command::new(&program).args(arguments).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(
            says(sops(), &["--disable-version-check", "--version"])
                .lines()
                .next(),
            Some(format!("sops {SOPS_VERSION}").as_str())
        );
        assert!(
            says(age(), &["--version"]).contains(AGE_VERSION),
            "age is another release"
        );
        for program in [age_keygen(), age_plugin_batchpass(), age_plugin_pq()] {
            assert!(program.is_file(), "{} is missing", program.display());
        }
        assert_eq!(fs::read_dir(cctv_age()).unwrap().count(), 143);
    }

    #[test]
    fn a_changed_pin_is_another_folder() {
        let of = |parts: &[&str]| {
            let mut hash = Fnv::new();
            parts.iter().for_each(|part| hash.add(part.as_bytes()));
            hash.0
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["ab"]), of(&["ac"]));
    }

    #[test]
    fn a_failed_build_says_what_go_said() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("go.mod"),
            "module x\n\ngo 1.25.0\n\ntool example.invalid/nothing\n",
        )
        .unwrap();
        let error = SOPS.build(folder.path(), folder.path()).unwrap_err();
        assert!(error.to_string().contains("example.invalid"), "{error}");
    }
}
