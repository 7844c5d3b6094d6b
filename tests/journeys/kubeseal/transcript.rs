//! Every flag and mode: both programs run the same line over the same files, and say and leave the same.
//!
//! What differs on purpose stands at its row, with the reason and with what ours does instead. A difference that is
//! gone fails too.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use gitseal_tests::sandbox::Sandbox;
use gitseal_tests::{peer_controller, program, tools};

use super::rows::{self, Row};
use super::{hidden, place_keys};

#[test]
fn every_flag_and_mode() {
    run(rows::offline());
}

#[test]
fn every_mode_of_the_cluster() {
    let cluster = peer_controller::shared();
    run(rows::cluster(cluster));
}

#[test]
fn no_flag_is_missing() {
    let sandbox = Sandbox::new();
    let peer = sandbox.run(tools::kubeseal()).arg("--help").go().expect(0).out();
    let ours = sandbox
        .run(program::gitseal())
        .args(["kubeseal", "--help"])
        .go()
        .expect(0)
        .out();
    let flags = |help: &str| -> Vec<String> {
        let words = help
            .split_whitespace()
            .filter(|word| word.starts_with("--") && word.len() > 2);
        let mut flags: Vec<String> = words
            .map(|word| word.trim_end_matches(['.', ',', '*', ')']).to_owned())
            .collect();
        flags.sort();
        flags.dedup();
        flags
    };
    let ours = flags(&ours);
    let used: Vec<String> = rows::offline().into_iter().flat_map(|row| row.args).collect();
    let mut missing = Vec::new();
    // The old name is hidden in the peer's help.
    for flag in flags(&peer).iter().map(String::as_str).chain(["--rotate"]) {
        if matches!(flag, "--controller-" | "--from-") {
            continue;
        }
        if !ours.iter().any(|other| other == flag) {
            missing.push(format!("{flag} is not in our help"));
        }
        let tried =
            |word: &String| word == flag || word.strip_prefix(flag).is_some_and(|rest| rest.starts_with('='));
        if !used.iter().any(tried) {
            missing.push(format!("no row tries {flag}"));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

fn run(rows: Vec<Row>) {
    let wrong: Vec<String> = rows.iter().filter_map(|row| row.play().err()).collect();
    assert!(
        wrong.is_empty(),
        "{} of {} rows\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
}

/// What a program said and left behind.
#[derive(PartialEq, Eq)]
struct Told {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    files: BTreeMap<String, String>,
}

impl Row {
    fn play(&self) -> Result<(), String> {
        let peer = self.told_by(&tools::kubeseal());
        let ours = self.told_by(&program::gitseal());
        let problem = match &self.differs {
            None if peer == ours => return Ok(()),
            None => "they differ".to_owned(),
            Some(_) if peer == ours => "the difference is gone".to_owned(),
            Some(differs) => match differs.holds(&peer, &ours) {
                Ok(()) => return Ok(()),
                Err(why) => why,
            },
        };
        Err(format!(
            "==== {} {:?}: {problem}\n--- peer\n{peer}\n--- ours\n{ours}",
            self.name, self.args
        ))
    }

    fn told_by(&self, program: &Path) -> Told {
        let sandbox = Sandbox::new();
        place_keys(&sandbox);
        for (name, content) in &self.files {
            let path = sandbox.write(name, content);
            std::fs::set_permissions(path, PermissionsExt::from_mode(0o644)).unwrap();
        }
        let before = sandbox.files();
        std::os::unix::fs::symlink(program, sandbox.path("kubeseal")).unwrap();
        let mut command = sandbox
            .run("./kubeseal")
            .args(&self.args)
            .stdin(self.stdin.as_bytes());
        for (name, value) in &self.env {
            command = command.env(name, value);
        }
        let outcome = command.go();
        let mut files = BTreeMap::new();
        for name in sandbox.files() {
            let given = self.files.iter().any(|(other, _)| *other == name);
            if name != "kubeseal" && (given || !before.contains(&name)) {
                let mode = std::fs::metadata(sandbox.path(&name))
                    .unwrap()
                    .permissions()
                    .mode()
                    & 0o777;
                let content = String::from_utf8_lossy(&sandbox.read(&name)).into_owned();
                files.insert(name, format!("{mode:o}\n{}", hidden(&content)));
            }
        }
        Told {
            code: outcome.code,
            stdout: without_usage(&hidden(&outcome.out())),
            stderr: sorted_items(&outcome.err()),
            files,
        }
    }
}

impl rows::Differs {
    fn holds(&self, peer: &Told, ours: &Told) -> Result<(), String> {
        assert!(!self.why.is_empty());
        if ours.code != Some(self.code) {
            return Err(format!("exit code {:?}, wanted {}", ours.code, self.code));
        }
        let stdout = self.stdout.unwrap_or(&peer.stdout);
        for (what, found, wanted) in [
            ("stdout", &ours.stdout, stdout),
            ("stderr", &ours.stderr, self.stderr),
        ] {
            if !fits(found, wanted) {
                return Err(format!("{what} is not {wanted:?}"));
            }
        }
        for (name, wanted) in &self.files {
            if !ours.files.get(*name).is_some_and(|found| fits(found, wanted)) {
                return Err(format!("{name} is not {wanted:?}"));
            }
        }
        let mut others = peer
            .files
            .iter()
            .filter(|(name, _)| !self.files.iter().any(|(named, _)| named == name));
        match others.find(|(name, content)| ours.files.get(*name) != Some(content)) {
            Some((name, _)) => Err(format!("{name} differs")),
            None => Ok(()),
        }
    }
}

/// `…` stands for anything.
fn fits(found: &str, wanted: &str) -> bool {
    let mut parts = wanted.split('…');
    let Some(mut rest) = parts.next().and_then(|first| found.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The list of flags is in words of our own; what stands behind it counts.
fn without_usage(stdout: &str) -> String {
    let Some(start) = stdout.lines().position(|line| {
        line.trim_start().starts_with("--add_dir_header")
            || line.trim_start().starts_with("--allow-empty-data")
    }) else {
        return stdout.to_owned();
    };
    let lines: Vec<&str> = stdout.lines().collect();
    let last = lines.last().filter(|line| {
        ["unknown", "invalid", "flag needs", "bad flag"]
            .iter()
            .any(|start| line.starts_with(start))
    });
    let mut kept: Vec<&str> = lines[..start].to_vec();
    kept.push("<flags>");
    kept.extend(last);
    kept.join("\n")
}

/// The peer lists items in random order.
fn sorted_items(text: &str) -> String {
    let lines = text.lines().map(|line| {
        match line
            .split_once(" (")
            .map(|(text, items)| (text, items.strip_suffix(')')))
        {
            Some((text, Some(items))) => {
                let mut items: Vec<&str> = items.split(", ").collect();
                items.sort_unstable();
                format!("{text} ({})\n", items.join(", "))
            }
            _ => format!("{line}\n"),
        }
    });
    lines.collect()
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "exit {:?}\nstdout: {}\nstderr: {}\n",
            self.code, self.stdout, self.stderr
        )?;
        self.files
            .iter()
            .try_for_each(|(name, content)| writeln!(f, "file {name}: {content}"))
    }
}

#[test]
fn patterns_can_fail() {
    for (found, wanted, fit) in [
        ("abc", "a…c", true),
        ("abc", "a…d", false),
        ("abc", "ab", false),
        ("abc", "…", true),
    ] {
        assert_eq!(fits(found, wanted), fit, "{found} {wanted}");
    }
    assert_eq!(
        without_usage("Usage of x:\n      --add_dir_header  x\nunknown flag: --y\n"),
        "Usage of x:\n<flags>\nunknown flag: --y"
    );
    assert_eq!(
        sorted_items("error: no key could decrypt secret (b, a)\n"),
        "error: no key could decrypt secret (a, b)\n"
    );
}
