//! Our own binary, as users would run it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::tools::say;

/// The `gitseal` binary of the profile that the calling test was built with.
///
/// `cargo test --workspace` has built it beside the tests already, because the package has tests of
/// its own. It is built here only if it is missing or older than the sources, so that a test of
/// this package alone never tries yesterday's program. `GITSEAL_TOOL_GITSEAL` names another one.
///
/// # Panics
///
/// If it cannot be built: a failed test, with what cargo said.
pub fn gitseal() -> PathBuf {
    static PATH: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match PATH.get_or_init(find) {
        Ok(path) => path.clone(),
        Err(reason) => panic!("{reason}"),
    }
}

/// The release binary, built now: for measuring.
///
/// # Panics
///
/// If it cannot be built.
pub fn gitseal_release() -> PathBuf {
    if let Some(path) = named() {
        return path;
    }
    let target = target_folder().expect("the test lies in the target folder");
    let parent = target.parent().expect("a profile's folder has a parent");
    build("gitseal", "gitseal", &["--release"]).expect("cargo builds the release binary");
    parent.join("release").join("gitseal")
}

/// Bytes of the release binary with age and nothing else. Building it puts it where [`gitseal_release`] was.
///
/// # Panics
///
/// If it cannot be built.
pub fn age_only_bytes() -> u64 {
    let target = target_folder().expect("the test lies in the target folder");
    let parent = target.parent().expect("a profile's folder has a parent");
    let age_only = ["--release", "--no-default-features", "--features", "age"];
    build("gitseal", "gitseal", &age_only).expect("cargo builds the release binary");
    let meta = fs::metadata(parent.join("release").join("gitseal"));
    meta.expect("cargo built it").len()
}

/// The program that starts clusters ([`bed`](crate::bed)).
///
/// # Panics
///
/// If it cannot be built.
pub fn test_bed() -> PathBuf {
    static PATH: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let found = PATH.get_or_init(|| {
        let target = target_folder().ok_or("the test does not lie in a target folder")?;
        let path = target.join("gitseal-test-bed");
        // Cargo builds it with the tests of this package; another package's tests may come first.
        if !path.is_file() {
            build("gitseal-tests", "gitseal-test-bed", &[])?;
        }
        Ok(path)
    });
    found.clone().unwrap_or_else(|reason| panic!("{reason}"))
}

fn find() -> Result<PathBuf, String> {
    if let Some(path) = named() {
        return Ok(path);
    }
    let target = target_folder().ok_or("the test does not lie in a target folder")?;
    let path = target.join("gitseal");
    let built = fs::metadata(&path).and_then(|meta| meta.modified()).ok();
    if built.is_none_or(|built| newest_source().is_some_and(|source| source > built)) {
        say("building gitseal");
        let release: &[&str] = if target.ends_with("release") {
            &["--release"]
        } else {
            &[]
        };
        build("gitseal", "gitseal", release)?;
    }
    path.is_file()
        .then_some(path)
        .ok_or_else(|| "cargo built gitseal into another folder".to_owned())
}

fn named() -> Option<PathBuf> {
    std::env::var_os("GITSEAL_TOOL_GITSEAL").map(PathBuf::from)
}

/// The folder of the profile: tests lie in its `deps/`.
fn target_folder() -> Option<PathBuf> {
    let test = std::env::current_exe().ok()?;
    Some(test.parent()?.parent()?.to_owned())
}

fn build(package: &str, binary: &str, more: &[&str]) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(crate::root())
        .args(["build", "-p", package, "--bin", binary])
        .args(more);
    let output = command
        .output()
        .map_err(|error| format!("cargo could not be started: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "{command:?} failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

/// When a source of the binary was last changed.
fn newest_source() -> Option<SystemTime> {
    let root = crate::root();
    ["cli/src", "crates"]
        .iter()
        .filter_map(|folder| newest_below(&root.join(folder)))
        .max()
}

fn newest_below(folder: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    entries
        .filter_map(|entry| {
            let path = entry.path();
            // Their tests are not in the binary.
            if path.is_dir() {
                return if path.ends_with("tests") {
                    None
                } else {
                    newest_below(&path)
                };
            }
            let ours = path
                .extension()
                .is_some_and(|extension| extension == "rs" || extension == "toml");
            if ours {
                entry.metadata().ok()?.modified().ok()
            } else {
                None
            }
        })
        .max()
}
