//! Which files the paths of a command line mean: files as they are, folders as what lies below them.
//!
//! Ignore files are honoured; hidden folders are entered only when named; `.git` never. Files come in the order of the
//! command line, those of a folder by name, each once.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sops::Store;

use super::temp::TEMP_PREFIX;
use crate::error::{CliError, Kind};
use crate::io::Io;

/// A file of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Absolute.
    pub path: PathBuf,
    /// As the user would write it.
    pub shown: PathBuf,
    /// The folder that was named, if this file was found below one. Then a file that turns out not to be meant is
    /// left out without a word.
    pub below: Option<PathBuf>,
}

/// Decides which files of a folder are meant, by absolute path.
pub type Wanted<'w> = &'w (dyn Fn(&Path) -> bool + Sync);

/// The files of a command line.
///
/// # Errors
///
/// A named path that does not exist: exit 100. A folder that cannot be listed: exit 2.
pub fn collect(paths: &[PathBuf], io: &Io, wanted: Wanted<'_>) -> Result<Vec<Found>, CliError> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for shown in paths {
        let path = io.resolve(shown);
        let meta = std::fs::metadata(&path).map_err(|error| super::limit::cannot_open(shown, error))?;
        if meta.is_dir() {
            walk(&path, shown, wanted, &mut found, &mut seen)?;
        } else if !meta.is_file() || seen.insert((meta.dev(), meta.ino())) {
            found.push(Found {
                path,
                shown: shown.clone(),
                below: None,
            });
        }
    }
    Ok(found)
}

fn walk(
    folder: &Path,
    shown: &Path,
    wanted: Wanted<'_>,
    found: &mut Vec<Found>,
    seen: &mut HashSet<(u64, u64)>,
) -> Result<(), CliError> {
    let mut builder = ignore::WalkBuilder::new(folder);
    builder
        .hidden(false) // `.env` is a file people encrypt; hidden folders are left out below
        .require_git(false)
        .git_global(false) // the machine's own settings do not decide what a repository means
        .follow_links(false)
        .sort_by_file_name(Ord::cmp)
        .filter_entry(|entry| {
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            entry.depth() == 0 || entry.file_name() != ".git" && !(hidden && is_folder)
        });
    for entry in builder.build() {
        let entry = entry.map_err(|error| {
            CliError::new(Kind::ReadInput, format!("cannot list {}", shown.display())).because(error)
        })?;
        let name = entry.file_name();
        if name == ".sops.yaml" || name.as_encoded_bytes().starts_with(TEMP_PREFIX.as_bytes()) {
            continue;
        }
        // Follows a link to a file; where it leads is checked when it is opened.
        let Ok(meta) = std::fs::metadata(entry.path()) else {
            continue;
        };
        let is_folder_link = entry.path_is_symlink() && meta.is_dir();
        if !meta.is_file()
            || is_folder_link
            || !wanted(entry.path())
            || !seen.insert((meta.dev(), meta.ino()))
        {
            continue;
        }
        let below = entry.path().strip_prefix(folder).unwrap_or_else(|_| entry.path());
        // `.` is how people name the folder they are in, not a part of every name in it.
        let shown = if shown == Path::new(".") {
            below.to_owned()
        } else {
            shown.join(below)
        };
        found.push(Found {
            path: entry.path().to_owned(),
            shown,
            below: Some(folder.to_owned()),
        });
    }
    Ok(())
}

/// Whether these bytes may hold a sops block of that store: a quick look, before anything is parsed.
///
/// Never says no to a file with a block in a form that sops writes.
pub fn may_have_block(bytes: &[u8], store: Store) -> bool {
    match store {
        Store::Yaml => {
            let flow = bytes.trim_ascii_start().first() == Some(&b'{');
            flow && contains(bytes, b"sops")
                || starts_line(
                    bytes,
                    &[b"sops:", b"sops :", b"\"sops\"", b"'sops'", b"\xef\xbb\xbfsops:"],
                )
        }
        Store::Json | Store::Binary => {
            bytes.trim_ascii_start().first() == Some(&b'{') && contains(bytes, b"\"sops\"")
        }
        Store::Dotenv => starts_line(bytes, &[b"sops_"]),
        Store::Ini => contains(bytes, b"[sops]"),
    }
}

/// Whether a line begins with one of these. The block is written last: the lines are looked at from the end.
fn starts_line(bytes: &[u8], markers: &[&[u8]]) -> bool {
    bytes
        .rsplit(|byte| *byte == b'\n')
        .any(|line| markers.iter().any(|marker| line.starts_with(marker)))
}

fn contains(bytes: &[u8], marker: &[u8]) -> bool {
    bytes.windows(marker.len()).any(|window| window == marker)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_block_is_seen_in_every_store() {
        for (name, store, text, want) in [
            ("yaml", Store::Yaml, "a: ENC[x]\nsops:\n    mac: x\n", true),
            ("yaml, first line", Store::Yaml, "sops:\n    mac: x\n", true),
            ("yaml, flow", Store::Yaml, "{a: 1, sops: {mac: x}}", true),
            (
                "yaml, quoted key",
                Store::Yaml,
                "a: 1\n\"sops\":\n  mac: x\n",
                true,
            ),
            ("yaml, nested", Store::Yaml, "a:\n  sops: yes\n", false),
            ("yaml, in a text", Store::Yaml, "a: use sops:\n", false),
            ("json", Store::Json, " {\"a\": 1, \"sops\": {}}", true),
            ("json without", Store::Json, "{\"a\": \"sops\"[0]}", true),
            (
                "text that names sops",
                Store::Binary,
                "Use \"sops\" to open it.\n",
                false,
            ),
            (
                "binary",
                Store::Binary,
                "{\n\t\"data\": \"\",\n\t\"sops\": {}}",
                true,
            ),
            ("dotenv", Store::Dotenv, "A=1\nsops_mac=x\n", true),
            ("dotenv without", Store::Dotenv, "A_sops_mac=x\n", false),
            ("ini", Store::Ini, "[a]\nb=1\n\n[sops]\nmac=x\n", true),
            ("shorter than the marker", Store::Yaml, "a", false),
            ("empty", Store::Json, "", false),
        ] {
            assert_eq!(may_have_block(text.as_bytes(), store), want, "case: {name}");
        }
    }

    #[test]
    fn a_walk_honours_ignore_files_and_leaves_hidden_folders_out() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for file in [
            "b/two.yaml",
            "a/one.yaml",
            "a/.env",
            ".git/config.yaml",
            ".hidden/three.yaml",
            "ignored/four.yaml",
            "plain.txt",
            ".gitseal-0011.tmp",
            ".sops.yaml",
        ] {
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file).unwrap();
        }
        std::fs::write(root.join(".gitignore"), "ignored/\n").unwrap();
        symlink("one.yaml", root.join("a/same.yaml")).unwrap();
        symlink("../b", root.join("a/folder")).unwrap();
        let mut io = Io::system();
        io.cwd.clone_from(&root);
        let names = |paths: &[&str]| -> Vec<String> {
            let paths: Vec<_> = paths.iter().map(PathBuf::from).collect();
            let wanted = |path: &Path| {
                path.extension().is_none_or(|end| end != "txt") && !path.ends_with(".gitignore")
            };
            let found = collect(&paths, &io, &wanted).unwrap();
            found
                .into_iter()
                .map(|found| found.shown.to_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(names(&["."]), ["a/.env", "a/one.yaml", "b/two.yaml"]);
        assert_eq!(
            names(&["b/two.yaml", ".", "plain.txt"]),
            ["b/two.yaml", "a/.env", "a/one.yaml", "plain.txt"]
        );
        assert_eq!(names(&[".hidden"]), [".hidden/three.yaml"]);
        assert!(collect(&[PathBuf::from("none")], &io, &|_| true).is_err_and(|e| e.kind == Kind::NoFile));
    }
}
