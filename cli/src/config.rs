//! `.sops.yaml`: found as SOPS finds it, read once for a whole run, asked for the rule of a file.
//!
//! What the rules mean is the business of `sops::config`; here are the search and the warnings.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sops::Config;
use sops::config::CreationRule;

use crate::args::ConfigArgs;
use crate::error::{CliError, Kind};
use crate::files;
use crate::io::Io;

/// The rules of a run.
pub struct Rules {
    /// Where they were found; absolute.
    pub path: PathBuf,
    /// What they say.
    pub config: Config,
}

/// Finds and reads the rules. `None` if there is no file.
///
/// `--config` or `SOPS_CONFIG`, else `.sops.yaml` in the working folder, then in each folder above
/// (spec/sops-cli §9.1). Warnings go to standard error, once, with line and column.
///
/// # Errors
///
/// A file that is named or found but not readable or not valid: exit 1.
pub fn load(args: &ConfigArgs, io: &mut Io) -> Result<Option<Rules>, CliError> {
    let named = args
        .config
        .clone()
        .or_else(|| io.env_text("SOPS_CONFIG").map(PathBuf::from));
    let (path, shown) = match named {
        Some(named) => (io.resolve(&named), named),
        None => match search(io) {
            Some(path) => {
                let shown = path.strip_prefix(&io.cwd).unwrap_or(&path).to_owned();
                (path, shown)
            }
            None => return Ok(None),
        },
    };
    let unreadable = || {
        CliError::new(
            Kind::Generic,
            format!("error loading config: cannot read {}", shown.display()),
        )
    };
    let bytes = files::read(&path, &shown, MAX_CONFIG_BYTES).map_err(|error| unreadable().because(error))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        unreadable()
            .because(CliError::new(Kind::Generic, "it is not UTF-8"))
            .hint("save it as UTF-8")
    })?;
    let config = Config::parse(text).map_err(|error| {
        let place = format!("{}:{}:{}", shown.display(), error.line, error.column);
        CliError::new(
            Kind::Generic,
            format!("error loading config: {place}: {}", error.what),
        )
    })?;
    for warning in &config.warnings {
        let place = format!("{}:{}:{}", shown.display(), warning.line, warning.column);
        io.warn(&format!("{place}: {}", warning.message));
    }
    Ok(Some(Rules { path, config }))
}

/// The nearest `.sops.yaml`; a `.sops.yml` on the way has no effect, which is told.
fn search(io: &mut Io) -> Option<PathBuf> {
    let cwd = io.cwd.clone();
    let mut misspelt: Option<PathBuf> = None;
    for folder in cwd.ancestors().take(MAX_LEVELS) {
        let path = folder.join(".sops.yaml");
        if path.is_file() {
            if let Some(other) = misspelt {
                warn_misspelt(io, &other, Some(&path));
            }
            return Some(path);
        }
        let other = folder.join(".sops.yml");
        if misspelt.is_none() && other.is_file() {
            misspelt = Some(other);
        }
    }
    if let Some(other) = misspelt {
        warn_misspelt(io, &other, None);
    }
    None
}

fn warn_misspelt(io: &mut Io, other: &Path, used: Option<&Path>) {
    let used = match used {
        Some(used) => format!("{} is read", used.display()),
        None => "no rules are read".to_owned(),
    };
    io.warn(&format!(
        "{} has no effect, its name must be .sops.yaml; {used}",
        other.display()
    ));
}

impl Rules {
    /// The first rule that matches a file, by its absolute path (spec/sops-cli §9.3).
    pub fn rule_for(&self, path: &Path) -> Option<&CreationRule> {
        self.config.rule_for(self.relative(path))
    }

    /// Whether the file has creation rules at all; without them it is as if there were no file.
    pub fn has_rules(&self) -> bool {
        self.config.creation_rules.is_some()
    }

    /// The path that rules see: below the folder of the rules, else as it is. Links are not resolved.
    fn relative<'p>(&self, path: &'p Path) -> &'p [u8] {
        let bytes = path.as_os_str().as_bytes();
        let folder = self
            .path
            .parent()
            .unwrap_or_else(|| Path::new("/"))
            .as_os_str()
            .as_bytes();
        bytes
            .strip_prefix(folder)
            .and_then(|rest| rest.strip_prefix(b"/"))
            .unwrap_or(bytes)
    }
}

/// A path without `.`, `..` and double slashes, by its letters alone: rules see `a/b` where the user wrote `./a//b`.
pub fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    clean
}

/// Most bytes of a `.sops.yaml`.
const MAX_CONFIG_BYTES: u64 = 1 << 20;
/// How many folders are looked at.
const MAX_LEVELS: usize = 100;

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// An `Io` in a folder, without environment; gives what was written to standard error.
    fn io(cwd: &Path, config: Option<&str>) -> (Io, Arc<Mutex<Vec<u8>>>) {
        #[derive(Clone)]
        struct Written(Arc<Mutex<Vec<u8>>>);
        impl std::io::Write for Written {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.lock().unwrap().extend_from_slice(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let config = config.map(std::ffi::OsString::from);
        let io = Io {
            stderr: Box::new(Written(Arc::clone(&stderr))),
            environment: Arc::new(move |name| config.clone().filter(|_| name == "SOPS_CONFIG")),
            cwd: cwd.to_owned(),
            terminal: crate::io::Terminal::default(),
            ..Io::system()
        };
        (io, stderr)
    }

    fn text(stderr: &Mutex<Vec<u8>>) -> String {
        String::from_utf8(stderr.lock().unwrap().clone()).unwrap()
    }

    const RULES: &str = "creation_rules:\n  - path_regex: ^a/\n    age: age1x\n";

    #[test]
    fn the_nearest_file_above_the_working_folder_counts() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::write(root.join(".sops.yaml"), RULES).unwrap();
        std::fs::write(root.join("a/.sops.yml"), "creation_rules: []\n").unwrap();
        let (mut io, stderr) = io(&root.join("a/b"), None);
        let rules = load(&ConfigArgs::default(), &mut io).unwrap().unwrap();
        assert_eq!(rules.path, root.join(".sops.yaml"));
        assert!(
            text(&stderr).contains(".sops.yml has no effect"),
            "{}",
            text(&stderr)
        );
        // Rules see the path from their own folder, and a path outside of it as it is.
        assert!(rules.rule_for(&root.join("a/b/x.yaml")).is_some());
        assert!(rules.rule_for(&root.join("b/x.yaml")).is_none());
        assert!(rules.rule_for(Path::new("/a/x.yaml")).is_none());
    }

    #[test]
    fn a_named_file_counts_before_one_that_is_found() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        std::fs::write(root.join(".sops.yaml"), RULES).unwrap();
        std::fs::write(root.join("env.yaml"), "creation_rules: []\n").unwrap();
        std::fs::write(root.join("flag.yaml"), "stores: {}\n").unwrap();
        let (mut by_variable, _) = io(&root, Some("env.yaml"));
        let found = load(&ConfigArgs::default(), &mut by_variable).unwrap().unwrap();
        assert_eq!(found.path, root.join("env.yaml"));
        let named = ConfigArgs {
            config: Some("flag.yaml".into()),
            indent: None,
        };
        let found = load(&named, &mut by_variable).unwrap().unwrap();
        assert!(!found.has_rules());
        let missing = ConfigArgs {
            config: Some("none.yaml".into()),
            indent: None,
        };
        assert!(load(&missing, &mut by_variable).is_err());
    }

    #[test]
    fn a_path_is_cleaned_by_its_letters() {
        for (path, want) in [("/a/./b", "/a/b"), ("/a/../b//c", "/b/c"), ("/../a", "/a")] {
            assert_eq!(clean(Path::new(path)), Path::new(want), "{path}");
        }
    }
}
