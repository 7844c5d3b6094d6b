//! `edit` with shell scripts for editors: what is written, what is refused, and that no plaintext stays behind.

#![allow(clippy::unwrap_used, reason = "a test: what is not there must stop it")]

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A folder with one encrypted file, a rule, and an editor.
struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    /// Encrypts `plain` under `name`; the editor is a shell script whose `$1` is the file.
    fn new(name: &str, plain: &str, editor: &str) -> Self {
        let sandbox = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for folder in ["home", "tmp", "run"] {
            fs::create_dir(sandbox.path(folder)).unwrap();
        }
        fs::write(
            sandbox.path(".sops.yaml"),
            format!("creation_rules:\n  - age: {RECIPIENT}\n"),
        )
        .unwrap();
        fs::write(sandbox.path("editor.sh"), editor).unwrap();
        fs::write(sandbox.path(name), plain).unwrap();
        let out = sandbox.run(&["encrypt", "-i", name]);
        assert!(out.status.success(), "{}", text(&out.stderr));
        sandbox
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gitseal"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"));
        command
            .env("SOPS_AGE_KEY", IDENTITY)
            .env("EDITOR", "sh editor.sh")
            .env("SANDBOX", self.folder.path());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs and says what is wrong if the exit code is another.
    #[track_caller]
    fn expect(&self, args: &[&str], code: i32) -> Output {
        let out = self.run(args);
        assert_eq!(
            out.status.code(),
            Some(code),
            "{}{}",
            text(&out.stdout),
            text(&out.stderr)
        );
        out
    }

    fn decrypted(&self, name: &str) -> String {
        text(&self.expect(&["decrypt", name], 0).stdout)
    }

    /// Whether the private folder that the editor saw, which it noted in `seen`, is gone.
    fn is_wiped(&self) -> bool {
        let seen = self.read("seen");
        let file = Path::new(seen.lines().next().unwrap());
        assert!(file.is_absolute(), "{seen}");
        !file.parent().unwrap().exists()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Keys of the lines that differ.
fn changed_keys(old: &str, new: &str) -> Vec<String> {
    assert_eq!(old.lines().count(), new.lines().count(), "{new}");
    let differ = old.lines().zip(new.lines()).filter(|(old, new)| old != new);
    differ
        .map(|(_, new)| new.trim_start().split(':').next().unwrap_or_default().to_owned())
        .collect()
}

const PLAIN: &str = "# who may\nuser: web\npassword: hunter2   # old\nport: 5432\n";

#[test]
fn only_the_changed_value_changes() {
    let sandbox = Sandbox::new(
        "db.yaml",
        PLAIN,
        "sed -i s/hunter2/correct/ \"$1\"; echo \"$1\" > seen",
    );
    let old = sandbox.read("db.yaml");
    // The date of the file has seconds; whether it changes depends on the clock.
    sandbox.expect(&["edit", "db.yaml"], 0);
    let keys = changed_keys(&old, &sandbox.read("db.yaml"));
    let keys: Vec<&str> = keys
        .iter()
        .map(String::as_str)
        .filter(|key| *key != "lastmodified")
        .collect();
    assert_eq!(keys, ["password", "mac"]);
    assert_eq!(sandbox.decrypted("db.yaml"), PLAIN.replace("hunter2", "correct"));
    assert!(sandbox.is_wiped());
}

#[test]
fn an_unchanged_text_writes_nothing() {
    let sandbox = Sandbox::new("db.yaml", PLAIN, "echo \"$1\" > seen");
    let old = (
        sandbox.read("db.yaml"),
        fs::metadata(sandbox.path("db.yaml")).unwrap().modified().unwrap(),
    );
    let own = sandbox.expect(&["edit", "db.yaml"], 200);
    assert!(
        text(&own.stderr).contains("db.yaml was not changed"),
        "{}",
        text(&own.stderr)
    );
    let peer = sandbox.expect(&["sops", "edit", "db.yaml"], 200);
    assert_eq!(text(&peer.stderr), "File has not changed, exiting.\n");
    let new = (
        sandbox.read("db.yaml"),
        fs::metadata(sandbox.path("db.yaml")).unwrap().modified().unwrap(),
    );
    assert_eq!(old, new);
    assert!(sandbox.is_wiped());
}

#[test]
fn the_editor_sees_a_private_file_of_the_same_name() {
    let script = "echo \"$1\" > seen; stat -c %a \"$1\" \"$(dirname \"$1\")\" >> seen; cat \"$1\" >> seen; echo $# >> seen";
    let sandbox = Sandbox::new("db.yaml", PLAIN, script);
    let mut command = sandbox.command(&["edit", "db.yaml"]);
    // The usual umask is no excuse.
    command.env("EDITOR", "sh -c 'umask 000; sh editor.sh \"$@\"' sh");
    assert_eq!(command.output().unwrap().status.code(), Some(200));
    let seen = sandbox.read("seen");
    let (path, rest) = seen.split_once('\n').unwrap();
    assert_eq!(Path::new(path).file_name().unwrap(), "db.yaml");
    assert_eq!(rest, format!("600\n700\n{PLAIN}1\n"));
}

#[test]
fn a_broken_text_is_shown_again_with_the_reason() {
    let script = "
        echo \"$1\" > seen
        if grep -q 'x: \\[' \"$1\"; then
            cp \"$1\" second
            sed -i '/x: \\[/d; s/hunter2/correct/' \"$1\"
        else
            echo 'x: [' >> \"$1\"
        fi";
    for words in [
        &["edit", "db.yaml"][..],
        &["sops", "edit", "db.yaml"],
        &["sops", "db.yaml"],
    ] {
        let sandbox = Sandbox::new("db.yaml", PLAIN, script);
        let out = sandbox.expect(words, 0);
        let second = sandbox.read("second");
        let (note, shown) = second.split_at(second.find(PLAIN).unwrap());
        assert!(note.starts_with("# gitseal: line "), "{note}");
        assert!(note.lines().all(|line| line.starts_with("# gitseal: ")), "{note}");
        assert_eq!(shown, format!("{PLAIN}x: [\n"));
        assert!(!text(&out.stderr).contains("hunter2"), "{}", text(&out.stderr));
        assert_eq!(sandbox.decrypted("db.yaml"), PLAIN.replace("hunter2", "correct"));
        assert!(sandbox.is_wiped());
    }
}

#[test]
fn a_text_that_stays_broken_ends_without_a_terminal() {
    let script = "echo \"$1\" > seen; grep -q 'x: \\[' \"$1\" || echo 'x: [' >> \"$1\"";
    for words in [&["edit", "db.yaml"][..], &["sops", "edit", "db.yaml"]] {
        let sandbox = Sandbox::new("db.yaml", PLAIN, script);
        let old = sandbox.read("db.yaml");
        let out = sandbox.expect(words, 2);
        assert!(
            text(&out.stderr).contains("the edit was discarded"),
            "{}",
            text(&out.stderr)
        );
        assert_eq!(sandbox.read("db.yaml"), old);
        assert!(sandbox.is_wiped());
    }
}

#[test]
fn a_text_without_comments_is_shown_again_as_it_is() {
    let script = "
        if grep -q ',,' \"$1\"; then cp \"$1\" second; sed -i 's/,,/,/' \"$1\"; else sed -i 's/,/,,/' \"$1\"; fi";
    let sandbox = Sandbox::new("db.json", "{\"a\": \"x\", \"b\": \"y\"}\n", script);
    let out = sandbox.expect(&["edit", "db.json"], 200);
    assert_eq!(sandbox.read("second"), "{\"a\": \"x\",, \"b\": \"y\"}\n");
    assert!(
        text(&out.stderr).contains("cannot be encrypted: line 1, column"),
        "{}",
        text(&out.stderr)
    );
}

#[test]
fn a_sops_key_is_not_taken_into_the_text() {
    let script = "if grep -q ^sops: \"$1\"; then sed -i /^sops:/d \"$1\"; else echo 'sops: 1' >> \"$1\"; fi";
    let sandbox = Sandbox::new("db.yaml", PLAIN, script);
    let out = sandbox.expect(&["edit", "db.yaml"], 200);
    assert!(
        text(&out.stderr).contains("the key sops is reserved"),
        "{}",
        text(&out.stderr)
    );
}

#[test]
fn an_editor_that_fails_changes_nothing() {
    let sandbox = Sandbox::new(
        "db.yaml",
        PLAIN,
        "echo \"$1\" > seen; echo x: 1 >> \"$1\"; exit 3",
    );
    let old = sandbox.read("db.yaml");
    let out = sandbox.expect(&["sops", "edit", "db.yaml"], 201);
    assert!(
        text(&out.stderr).starts_with("Could not run editor: exit status 3\n"),
        "{}",
        text(&out.stderr)
    );
    assert_eq!(sandbox.read("db.yaml"), old);
    assert!(sandbox.is_wiped());
    for editor in ["no-such-program", "'unclosed"] {
        let out = sandbox
            .command(&["edit", "db.yaml"])
            .env("EDITOR", editor)
            .output()
            .unwrap();
        assert_eq!(out.status.code(), Some(201), "{editor}");
    }
    let out = sandbox
        .command(&["edit", "db.yaml"])
        .env_remove("EDITOR")
        .env("PATH", "")
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(201));
}

#[test]
fn the_first_variable_counts_and_is_split_into_words() {
    let sandbox = Sandbox::new("db.yaml", PLAIN, "echo \"$#:$1:$2\" > seen");
    let mut command = sandbox.command(&["edit", "db.yaml"]);
    command
        .env("SOPS_EDITOR", "sh editor.sh 'two words' a\\ b")
        .env("EDITOR", "false");
    assert_eq!(command.output().unwrap().status.code(), Some(200));
    assert_eq!(sandbox.read("seen"), "3:two words:a b\n");
    let mut command = sandbox.command(&["edit", "db.yaml"]);
    assert_eq!(
        command.env("SOPS_EDITOR", "").output().unwrap().status.code(),
        Some(200),
        "empty is not set"
    );
}

#[test]
fn a_file_that_changed_meanwhile_is_not_overwritten() {
    let script = "sed -i s/hunter2/correct/ \"$1\"; echo '# theirs' >> \"$SANDBOX/db.yaml\"";
    let sandbox = Sandbox::new("db.yaml", PLAIN, script);
    let old = sandbox.read("db.yaml");
    let out = sandbox.expect(&["edit", "db.yaml"], 3);
    assert_eq!(sandbox.read("db.yaml"), old + "# theirs\n");
    assert!(
        text(&out.stderr).contains("db.edited-1.yaml"),
        "{}",
        text(&out.stderr)
    );
    assert!(!sandbox.read("db.edited-1.yaml").contains("correct"));
    assert_eq!(
        sandbox.decrypted("db.edited-1.yaml"),
        PLAIN.replace("hunter2", "correct")
    );
}

#[test]
fn no_plaintext_stays_after_a_signal() {
    // The script tells that it runs through a pipe, then waits to be ended.
    let script = "echo \"$1\" > seen; echo x: 1 >> \"$1\"; echo ready > pipe; exec sleep 600";
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let sandbox = Sandbox::new("db.yaml", PLAIN, script);
        let old = sandbox.read("db.yaml");
        assert!(
            Command::new("mkfifo")
                .arg(sandbox.path("pipe"))
                .status()
                .unwrap()
                .success()
        );
        let mut child = sandbox
            .command(&["edit", "db.yaml"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        File::open(sandbox.path("pipe"))
            .unwrap()
            .read_to_string(&mut ready)
            .unwrap();
        assert_eq!(ready, "ready\n");
        kill_process(Pid::from_child(&child), signal).unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(signal.as_raw()), "{status}");
        assert!(sandbox.is_wiped(), "{signal:?}");
        assert_eq!(sandbox.read("db.yaml"), old);
    }
}

#[test]
fn a_new_file_is_made_only_from_a_changed_example() {
    let script = "echo \"$1\" > seen; [ -z \"$CHANGE\" ] || printf '%s' \"$CHANGE\" > \"$1\"";
    let sandbox = Sandbox::new("db.yaml", PLAIN, script);
    for (name, content) in [
        ("new.yaml", "a: hunter2\n"),
        ("new.json", "{\"a\": \"hunter2\"}\n"),
        ("new.env", "a=hunter2\n"),
        ("new.ini", "[s]\na = hunter2\n"),
        ("new.txt", "hunter2\n"),
    ] {
        for words in [vec!["edit", name], vec!["sops", name]] {
            sandbox.expect(&words, 200);
            assert!(!sandbox.path(name).exists(), "{name}");
            let out = sandbox.command(&words).env("CHANGE", content).output().unwrap();
            assert!(out.status.success(), "{name}: {}", text(&out.stderr));
            assert!(!sandbox.read(name).contains("hunter2"), "{name}");
            assert_eq!(sandbox.decrypted(name), content, "{name}");
            assert!(sandbox.is_wiped(), "{name}");
            fs::remove_file(sandbox.path(name)).unwrap();
        }
    }
}

#[test]
fn the_block_can_be_edited_too() {
    let script = "
        cp \"$1\" first
        sed -i -e 's/hunter2/correct/' -e \"s/recipient: .*/recipient: $OTHER/\" \"$1\"";
    let sandbox = Sandbox::new("db.yaml", PLAIN, script);
    let mut command = sandbox.command(&["edit", "-s", "db.yaml"]);
    let out = command.env("OTHER", OTHER_RECIPIENT).output().unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    let first = sandbox.read("first");
    assert!(first.starts_with(PLAIN) && first.contains(RECIPIENT), "{first}");
    assert!(sandbox.read("db.yaml").contains(OTHER_RECIPIENT));
    sandbox.expect(&["decrypt", "db.yaml"], 128);
    let out = sandbox
        .command(&["decrypt", "db.yaml"])
        .env("SOPS_AGE_KEY", OTHER_IDENTITY)
        .output()
        .unwrap();
    assert_eq!(text(&out.stdout), PLAIN.replace("hunter2", "correct"));
}

#[test]
fn mode_and_link_of_the_file_stay() {
    let sandbox = Sandbox::new("db.yaml", PLAIN, "sed -i s/hunter2/correct/ \"$1\"");
    fs::set_permissions(sandbox.path("db.yaml"), fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("db.yaml", sandbox.path("link.yaml")).unwrap();
    sandbox.expect(&["edit", "link.yaml"], 0);
    assert!(sandbox.path("link.yaml").symlink_metadata().unwrap().is_symlink());
    assert_eq!(
        fs::metadata(sandbox.path("db.yaml"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o640
    );
    assert_eq!(sandbox.decrypted("db.yaml"), PLAIN.replace("hunter2", "correct"));
}

/// Throwaway keys, the first that of `keys-example/`.
const RECIPIENT: &str = "age1zfec766xac2wwf6h8t2w7uk8ym45u56nkvfpdmce8g3g98ppc54qmhjck0";
const IDENTITY: &str = "AGE-SECRET-KEY-1CPHLRRK63N8XYGE3W2R063HAJSA7JQLK8E9ALXCW3C2T7QML8ZTS69RRXH";
const OTHER_RECIPIENT: &str = "age19f335jll2nn32fer88lmh8g8km2x27tu849dewjmnnkpgfxqxa5qh3rk2c";
const OTHER_IDENTITY: &str = "AGE-SECRET-KEY-1KEYMP3J0QZ870C99D7ZYU5T6FMEWKT8ZV6MJ8P8ZVJRZNPGRUNKSD4Z3GA";
