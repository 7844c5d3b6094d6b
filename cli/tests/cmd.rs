//! Transcripts: what a command line prints and leaves behind, one file each, below `tests/cmd/<word>/`.
//!
//! ```toml
//! args = "encrypt -i a.yaml"      # words as a shell splits them; there is no shell
//! bin.name = "sops"               # called by this name; default gitseal
//! stdin = "…"
//! repo = true                     # start with a copy of keys-example/repo
//! files."a.yaml" = "…"            # files that are there before
//! vectors."a.pem" = "key-a-2048.crt.pem"  # copies of files of tests/vectors/sealed
//! edit."a.yaml" = ["old", "new"]  # replaces the first "old" in a file that is there
//! env.NAME = "value"              # false: not set. SOPS_AGE_KEY_FILE is the example identity
//! cwd = "apps"
//! status.code = 1                 # default 0
//! stdout = "…"                    # absent: must be empty
//! stderr = "…"
//! after."a.yaml" = "…"            # what the file must hold afterwards; false: must not be there
//! modes."a.yaml" = "600"          # its mode afterwards
//! unchanged = ["a.yaml"]          # the same bytes as before this step
//!
//! [[then]]                        # the next command in the same folder, with the same fields
//! ```
//!
//! In expected text `[..]` stands for any part of a line, a line `...` for any lines, `[WORK]` for the folder,
//! `{recipient}` for the example recipient. `GITSEAL_TRANSCRIPT=word` runs only files with that in their path.

#![allow(clippy::unwrap_used, reason = "a test: what is not there must stop it")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use gitseal_tests::sandbox::Sandbox;
use snapbox::{Assert, IntoData, Redactions};
use toml_edit::{DocumentMut, Item, TableLike};

#[test]
fn transcripts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let only = std::env::var("GITSEAL_TRANSCRIPT").unwrap_or_default();
    files.retain(|file| file.to_str().unwrap().contains(&only));
    assert!(!files.is_empty(), "no transcript below {}", root.display());
    let failures: Vec<String> = files
        .iter()
        .filter_map(|file| {
            let name = file.strip_prefix(&root).unwrap().display().to_string();
            play(file).err().map(|why| format!("==== {name}\n{why}"))
        })
        .collect();
    assert!(
        failures.is_empty(),
        "{} of {} transcripts differ\n{}",
        failures.len(),
        files.len(),
        failures.join("\n")
    );
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|end| end == "toml") {
            files.push(path);
        }
    }
}

fn play(file: &Path) -> Result<(), String> {
    let document: DocumentMut = fs::read_to_string(file)
        .unwrap()
        .parse()
        .map_err(|error| format!("{error}"))?;
    let sandbox = Sandbox::new();
    if document.get("repo").and_then(Item::as_bool) == Some(true) {
        copy(&gitseal_tests::root().join("keys-example/repo"), &sandbox.work());
    }
    step(document.as_table(), document.as_table(), &sandbox)
        .map_err(|why| format!("first command: {why}"))?;
    let then = document.get("then").and_then(Item::as_array_of_tables);
    for (number, table) in then.into_iter().flatten().enumerate() {
        step(table, document.as_table(), &sandbox).map_err(|why| format!("command {}: {why}", number + 2))?;
    }
    Ok(())
}

fn step(table: &dyn TableLike, first: &dyn TableLike, sandbox: &Sandbox) -> Result<(), String> {
    check_fields(table)?;
    for (name, content) in entries(table, "files") {
        sandbox.write(name, filled(content.as_str().unwrap()));
    }
    for (name, vector) in entries(table, "vectors") {
        let folder = gitseal_tests::root().join("tests/vectors/sealed");
        sandbox.write(name, fs::read(folder.join(vector.as_str().unwrap())).unwrap());
    }
    for (name, change) in entries(table, "edit") {
        let change: Vec<&str> = change
            .as_array()
            .into_iter()
            .flatten()
            .map(|item| item.as_str().unwrap())
            .collect();
        let content = String::from_utf8(sandbox.read(name)).unwrap();
        let [old, new] = change[..] else {
            return Err(format!("edit.{name} needs two texts"));
        };
        if !content.contains(old) {
            return Err(format!("{name} does not hold {old:?}"));
        }
        sandbox.write(name, content.replacen(old, new, 1));
    }
    let before: BTreeMap<&str, Vec<u8>> = list(table, "unchanged")
        .map(|name| (name, sandbox.read(name)))
        .collect();
    let args = words(&filled(
        table.get("args").and_then(Item::as_str).ok_or("no args")?,
    ));
    let mut run = sandbox
        .run(binary(table, first, sandbox))
        .args(args)
        .with_example_identity();
    for (name, value) in entries(first, "env").into_iter().chain(entries(table, "env")) {
        run = match value.as_str() {
            Some(value) => run.env(name, filled(value)),
            // A variable that is empty is one that is not set, for everything that we read.
            None => run.env(name, ""),
        };
    }
    if let Some(folder) = table.get("cwd").and_then(Item::as_str) {
        run = run.within(folder);
    }
    let outcome = run.stdin(filled(text(table, "stdin"))).go();

    let code = table
        .get("status")
        .and_then(|it| it.get("code"))
        .and_then(Item::as_integer)
        .unwrap_or(0);
    let mut why = String::new();
    if outcome.code.map(i64::from) != Some(code) {
        why.push_str(&format!("exit code {:?}, expected {code}\n", outcome.code));
    }
    why.push_str(&differs("stdout", &outcome.out(), text(table, "stdout"), sandbox));
    why.push_str(&differs(
        "stderr",
        &String::from_utf8_lossy(&outcome.stderr),
        text(table, "stderr"),
        sandbox,
    ));
    for (name, content) in entries(table, "after") {
        match content.as_str() {
            Some(content) if !sandbox.path(name).exists() => {
                why.push_str(&format!("{name} is not there, expected:\n{content}"));
            }
            Some(content) => {
                why.push_str(&differs(
                    name,
                    &String::from_utf8_lossy(&sandbox.read(name)),
                    content,
                    sandbox,
                ));
            }
            None if sandbox.path(name).exists() => why.push_str(&format!("{name} is there\n")),
            None => {}
        }
    }
    for (name, mode) in entries(table, "modes") {
        let got =
            fs::metadata(sandbox.path(name)).map(|meta| format!("{:o}", meta.permissions().mode() & 0o7777));
        if got.as_deref().ok() != mode.as_str() {
            why.push_str(&format!("{name} has mode {got:?}, expected {mode}\n"));
        }
    }
    for (name, bytes) in before {
        if sandbox.read(name) != bytes {
            why.push_str(&format!("{name} was changed\n"));
        }
    }
    if why.is_empty() {
        Ok(())
    } else {
        Err(format!("{}\n{why}", outcome.line))
    }
}

/// The binary under the name that the transcript asks for.
fn binary(table: &dyn TableLike, first: &dyn TableLike, sandbox: &Sandbox) -> PathBuf {
    let real = PathBuf::from(env!("CARGO_BIN_EXE_gitseal"));
    let name = |table: &dyn TableLike| Some(table.get("bin")?.get("name")?.as_str()?.to_owned());
    match name(table).or_else(|| name(first)) {
        None => real,
        Some(name) => {
            let link = sandbox.root().join("bin").join(name);
            if !link.exists() {
                fs::create_dir_all(link.parent().unwrap()).unwrap();
                std::os::unix::fs::symlink(real, &link).unwrap();
            }
            link
        }
    }
}

fn differs(what: &str, got: &str, want: &str, sandbox: &Sandbox) -> String {
    let mut redactions = Redactions::new();
    redactions.insert("[WORK]", sandbox.work()).unwrap();
    let assert = Assert::new().redact_with(redactions).normalize_paths(false);
    let want = filled(want);
    match assert.try_eq(Some(&what), got.to_owned().into_data(), want.into_data()) {
        Ok(()) => String::new(),
        Err(error) => format!("{error}\n"),
    }
}

fn filled(text: &str) -> String {
    text.replace("{recipient}", gitseal_tests::EXAMPLE_RECIPIENT)
}

fn text<'t>(table: &'t dyn TableLike, name: &str) -> &'t str {
    table.get(name).and_then(Item::as_str).unwrap_or_default()
}

fn list<'t>(table: &'t dyn TableLike, name: &str) -> impl Iterator<Item = &'t str> {
    table
        .get(name)
        .and_then(Item::as_array)
        .into_iter()
        .flatten()
        .map(|item| item.as_str().unwrap())
}

fn entries<'t>(table: &'t dyn TableLike, name: &str) -> Vec<(&'t str, &'t Item)> {
    table
        .get(name)
        .and_then(Item::as_table_like)
        .map(|it| it.iter().collect())
        .unwrap_or_default()
}

/// A misspelt field would be an expectation that nobody checks.
fn check_fields(table: &dyn TableLike) -> Result<(), String> {
    let known = [
        "args",
        "bin",
        "stdin",
        "repo",
        "files",
        "vectors",
        "env",
        "cwd",
        "edit",
        "status",
        "stdout",
        "stderr",
        "after",
        "modes",
        "unchanged",
        "then",
    ];
    match table.iter().find(|(name, _)| !known.contains(name)) {
        Some((name, _)) => Err(format!("no field {name} in a transcript")),
        None => Ok(()),
    }
}

/// Splits a line into words: blanks, single and double quotes, backslash.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                word.extend(chars.by_ref().take_while(|c| *c != '\''));
            }
            '"' => {
                let word = word.get_or_insert_default();
                while let Some(c) = chars.next().filter(|c| *c != '"') {
                    word.push(if c == '\\' {
                        chars.next().unwrap_or('\\')
                    } else {
                        c
                    });
                }
            }
            '\\' => word.get_or_insert_default().extend(chars.next()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
