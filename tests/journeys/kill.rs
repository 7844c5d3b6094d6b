//! Killed, out of room, or two at once: the file is the old or the new one, whole.
//!
//! The points are not guessed: `strace` ends the process at the n-th system call that touches files, for
//! n = 1, 2, … until the command gets through. The same tool makes single calls fail.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gitseal_tests::canary::Canary;
use gitseal_tests::program::gitseal;
use gitseal_tests::sandbox::{Outcome, Run, Sandbox};
use gitseal_tests::{EXAMPLE_RECIPIENT, tools};
use tempfile::TempDir;

/// Calls that change files, or stand right before or behind one that does.
const CALLS: &str = "openat,write,pwrite64,copy_file_range,fsync,fdatasync,sync_file_range,rename,renameat,renameat2,\
                     link,linkat,unlink,unlinkat,fchmod,fchown,fsetxattr,ftruncate,close,flock,mkdir,rmdir";

/// The steps from complete new content to a replaced file, each made a few times only.
const STEPS: &str = "flock,fchmod,fadvise64,fsync,linkat,renameat";

/// A command never makes more of these calls; a loop that gets here would never end.
const MOST_CALLS: usize = 2_000;

const SECRET: &str = "cAnArY8Zq7LwKx";

/// One command that writes a file in place.
struct Verb {
    name: &'static str,
    /// The file it starts from, among those of the desk.
    file: &'static str,
    line: &'static [&'static str],
    /// What the file says when it is the new one.
    after: fn(&Desk) -> bool,
    /// The new file holds plaintext, so an unfinished one may too.
    plain_after: bool,
}

const VERBS: &[Verb] = &[
    Verb {
        name: "encrypt",
        file: "plain.yaml",
        line: &["encrypt", "-i", "f.yaml"],
        after: |desk| desk.opens_to(SECRET),
        plain_after: false,
    },
    Verb {
        name: "decrypt",
        file: "sealed.yaml",
        line: &["decrypt", "-i", "f.yaml"],
        after: |desk| desk.read() == desk.model("plain.yaml"),
        plain_after: true,
    },
    Verb {
        name: "set",
        file: "sealed.yaml",
        line: &["set", "f.yaml", "[\"added\"]", "\"new value\""],
        after: |desk| desk.opens_to("new value"),
        plain_after: false,
    },
    Verb {
        name: "unset",
        file: "sealed.yaml",
        line: &["unset", "f.yaml", "[\"token\"]"],
        after: |desk| !desk.opens_to("token"),
        plain_after: false,
    },
    Verb {
        name: "rotate",
        file: "sealed.yaml",
        line: &["rotate", "-i", "f.yaml"],
        after: |desk| desk.opens_to(SECRET),
        plain_after: false,
    },
    Verb {
        name: "edit",
        file: "sealed.yaml",
        line: &["edit", "f.yaml"],
        after: |desk| desk.opens_to("edited value"),
        plain_after: false,
    },
    Verb {
        name: "seal",
        file: "unsealed.yaml",
        line: &["seal", "-i", "--cert", "../home/key-a.crt", "f.yaml"],
        after: |desk| {
            let opens = desk.run(&["unseal", "--key", "../home/key-a.pem", "f.yaml"]).go();
            opens.code == Some(0) && String::from_utf8_lossy(&desk.read()).contains("kind: SealedSecret\n")
        },
        plain_after: false,
    },
    Verb {
        name: "unseal",
        file: "sealed-secret.yaml",
        line: &[
            "unseal",
            "-i",
            "--string-data",
            "--key",
            "../home/key-a.pem",
            "f.yaml",
        ],
        after: |desk| desk.read() == desk.model("unsealed.yaml"),
        plain_after: true,
    },
    Verb {
        name: "keys import",
        file: "backup.yaml",
        line: &["keys", "import", "../home/key-b.pem", "--into", "f.yaml"],
        after: |desk| {
            let told = desk.run(&["keys", "list", "--key", "f.yaml"]).go();
            told.code == Some(0) && told.out().lines().count() == 3
        },
        plain_after: false,
    },
];

#[test]
fn killed_at_any_call_the_file_is_the_old_or_the_new_one() {
    for verb in VERBS {
        // strace counts each kind of call by itself: all together end at the one that is made most often, so the
        // steps that matter most are counted alone as well.
        let mut points = kill_along(verb, CALLS);
        for call in STEPS.split(',') {
            points += kill_along(verb, call);
        }
        assert!(
            points > 10,
            "{}: strace killed at {points} points only; is it allowed to trace here?",
            verb.name
        );
    }
}

/// Kills a command at the first, the second, … of these calls until it gets through; gives how often.
fn kill_along(verb: &Verb, calls: &str) -> usize {
    for number in 1..MOST_CALLS {
        let desk = Desk::new(verb.file);
        let before = desk.read();
        let told = desk
            .traced(&format!("{calls}:signal=SIGKILL:when={number}"), verb.line)
            .go();
        if told.code == Some(0) {
            return number - 1;
        }
        let what = format!("{} killed at call {number} of {calls}", verb.name);
        // The editor is traced as well; without it the command gives up by itself.
        let editor_killed = verb.name == "edit" && told.code == Some(201);
        assert!(told.signal.is_some() || editor_killed, "{what}: {}", told.told());
        desk.is_whole(verb, &before, &what);
        // What was left must not stand in the way of the next try.
        if desk.read() == before {
            desk.run(verb.line).go().expect(0);
            assert!((verb.after)(&desk), "{what}: the next try does not complete");
        }
    }
    panic!("{} never ends", verb.name);
}

#[test]
fn a_failing_call_leaves_the_old_file_and_nothing_else() {
    let faults = [
        ("write,pwrite64", "ENOSPC"),
        ("write,pwrite64", "EIO"),
        ("fsync,fdatasync", "EIO"),
        ("rename,renameat,renameat2", "EROFS"),
        ("fchmod", "EPERM"),
    ];
    // `unset` and `encrypt` add nothing here that `set` does not show.
    for verb in VERBS
        .iter()
        .filter(|verb| ["decrypt", "set", "rotate"].contains(&verb.name))
    {
        for (calls, error) in faults {
            for number in 1..MOST_CALLS {
                let desk = Desk::new(verb.file);
                let before = desk.read();
                let inject = format!("{calls}:error={error}:when={number}");
                let (told, hit) = desk.traced_with_log(&inject, verb.line);
                let what = format!("{} with {error} at {calls} {number}", verb.name);
                assert!(told.signal.is_none(), "{what}: {}", told.told());
                desk.is_whole(verb, &before, &what);
                if told.code != Some(0) {
                    assert_eq!(
                        desk.read(),
                        before,
                        "{what}: it failed, so the file is the old one"
                    );
                }
                assert_eq!(
                    desk.sandbox.files(),
                    Desk::names(),
                    "{what}: something was left behind"
                );
                told.keeps(&Canary::of(SECRET.to_owned()));
                if !hit {
                    break;
                }
            }
        }
    }
}

#[test]
fn a_full_disk_leaves_the_old_file() {
    let desk = Desk::new("sealed.yaml");
    let script = "mkdir full && mount -t tmpfs -o size=128k tmpfs full && cp f.yaml .sops.yaml full/ && cd full || exit 90
        cat /dev/zero > filler 2>/dev/null
        \"$@\"; code=$?
        cmp f.yaml ../f.yaml || exit 91
        rm filler; test \"$(ls -A)\" = '.sops.yaml
f.yaml' || exit 92
        exit $code";
    // Root is needed for the mount; others get one in a namespace of their own.
    let flags: &[&str] = if rustix::process::geteuid().is_root() {
        &["-m"]
    } else {
        &["-r", "-m"]
    };
    let told = desk
        .sandbox
        .run("unshare")
        .args(flags)
        .args(["sh", "-c", script, "sh"])
        .arg(gitseal())
        .args(["set", "f.yaml", "[\"added\"]"])
        .arg(format!("\"{}\"", "x".repeat(5_000)))
        .with_example_identity()
        .go()
        .expect(3);
    assert!(told.err().contains("f.yaml"), "{}", told.told());
}

#[test]
fn the_order_of_durability() {
    let desk = Desk::new("sealed.yaml");
    let log = desk.sandbox.tmp().join("trace");
    let calls = "write,pwrite64,fsync,fdatasync,rename,renameat,renameat2";
    let told = desk
        .sandbox
        .run(strace())
        .args([
            "-f",
            "-qq",
            "-y",
            "-s",
            "16",
            "-e",
            &format!("trace={calls}"),
            "-o",
        ])
        .arg(&log)
        .arg(gitseal())
        .args(["set", "f.yaml", "[\"added\"]", "\"x\""])
        .with_example_identity()
        .go();
    told.expect(0);
    let trace = fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = trace.lines().collect();
    let work = desk.sandbox.work().canonicalize().unwrap();
    let folder = format!("<{}>", work.display());
    let inside = format!("<{}/", work.display());
    let line_of = |what: &str, hit: &dyn Fn(&str) -> bool| {
        lines
            .iter()
            .position(|line| hit(line))
            .unwrap_or_else(|| panic!("no {what} in\n{trace}"))
    };
    let last_write = lines
        .iter()
        .rposition(|line| line.contains("write") && line.contains(&inside));
    let last_write = last_write.unwrap_or_else(|| panic!("no write in\n{trace}"));
    let file = line_of("fsync of the file", &|line| {
        line.contains("sync(") && line.contains(&inside)
    });
    let rename = line_of("rename", &|line| {
        line.contains("rename") && line.contains("f.yaml")
    });
    let folder = lines
        .iter()
        .rposition(|line| line.contains("sync(") && line.contains(&folder));
    let folder = folder.unwrap_or_else(|| panic!("no fsync of the folder in\n{trace}"));
    assert!(
        last_write < file && file < rename && rename < folder,
        "another order:\n{trace}"
    );
}

/// A run over many files that takes them in bundles of three on any machine (four threads).
const MANY: usize = 12;

#[test]
fn killed_in_a_run_over_many_every_file_is_the_old_or_the_new_one() {
    for call in STEPS.split(',') {
        let mut points = 0;
        for number in 1..MOST_CALLS {
            let desk = Desk::new("sealed.yaml");
            let names = desk.many();
            let before = desk.read();
            let line = Desk::line(&names);
            let inject = format!("{call}:signal=SIGKILL:when={number}");
            let told = desk.traced(&inject, &line).env("RAYON_NUM_THREADS", "1").go();
            if told.code == Some(0) {
                break;
            }
            points = number;
            let what = format!("killed at {call} {number}");
            assert!(told.signal.is_some(), "{what}: {}", told.told());
            for name in &names {
                let mode = fs::metadata(desk.sandbox.path(name))
                    .unwrap()
                    .permissions()
                    .mode();
                assert_eq!(mode & 0o777, 0o640, "{what}: {name}");
            }
            // It opens every file, MAC included, so a file that is not whole would fail.
            desk.run(&line).go().expect(0);
            for name in &names {
                assert_ne!(desk.sandbox.read(name), before, "{what}: {name} was not rotated");
            }
        }
        let expected = if ["fchmod", "fsync", "renameat"].contains(&call) {
            3
        } else {
            0
        };
        assert!(points >= expected, "strace killed at {points} times {call} only");
    }
}

#[test]
fn the_order_of_durability_in_a_run_over_many() {
    let desk = Desk::new("sealed.yaml");
    let names = desk.many();
    let log = desk.sandbox.tmp().join("trace");
    let told = desk
        .dress(desk.sandbox.run(strace()))
        .env("RAYON_NUM_THREADS", "1")
        .args(["-f", "-qq", "-y", "-s", "64", "-e"])
        .arg("trace=write,pwrite64,fsync,fdatasync,linkat,rename,renameat,renameat2")
        .arg("-o")
        .arg(&log)
        .arg(gitseal())
        .args(Desk::line(&names))
        .go();
    told.expect(0);
    let trace = fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = trace.lines().collect();
    let mut last_rename = 0;
    for name in &names {
        let rename = lines
            .iter()
            .position(|line| line.contains("rename") && line.contains(&format!("\"{name}\"")));
        let rename = rename.unwrap_or_else(|| panic!("no rename to {name} in\n{trace}"));
        last_rename = last_rename.max(rename);
        let temp = lines[rename].split('"').nth(1).expect("a rename names two files");
        // A file without a name is known by what the link was made from.
        let linked = lines
            .iter()
            .find(|line| line.contains("linkat(") && line.contains(temp));
        let file = linked
            .and_then(|line| line.split_once("linkat(")?.1.split_once("<")?.1.split_once(">"))
            .map_or(temp, |(file, _)| file);
        let before = &lines[..rename];
        let written = before
            .iter()
            .rposition(|line| line.contains("write") && line.contains(file));
        let synced = before
            .iter()
            .rposition(|line| line.contains("sync(") && line.contains(file));
        assert!(
            written.is_some() && written < synced,
            "{name} ({file}): written at {written:?}, on the disk at {synced:?}, renamed at {rename} in\n{trace}"
        );
    }
    let folder = format!("<{}>", desk.sandbox.work().canonicalize().unwrap().display());
    let folder = lines
        .iter()
        .rposition(|line| line.contains("sync(") && line.contains(&folder));
    assert!(
        folder > Some(last_rename),
        "no fsync of the folder at the end of\n{trace}"
    );
}

#[test]
fn two_at_once_lose_nothing() {
    for round in 0..15 {
        let desk = Desk::new("sealed.yaml");
        let start = |key: &str, value: &str| {
            desk.run(&["set", "f.yaml", &format!("[\"{key}\"]"), &format!("\"{value}\"")])
                .start()
                .unwrap()
        };
        let (mut one, mut other) = (start("one", "first writer"), start("other", "second writer"));
        let codes = [one.wait().unwrap().code(), other.wait().unwrap().code()];
        for (code, value) in codes.iter().zip(["first writer", "second writer"]) {
            match code {
                Some(0) => assert!(
                    desk.opens_to(value),
                    "round {round}: {value} said it was done, and is lost"
                ),
                // The file changed under it: it says so and wrote nothing.
                Some(3) => assert!(
                    !desk.opens_to(value),
                    "round {round}: {value} failed, and is there"
                ),
                _ => panic!("round {round}: ended with {codes:?}"),
            }
        }
        assert!(codes.contains(&Some(0)), "round {round}: both gave up");
        assert_eq!(
            desk.sandbox.files(),
            Desk::names(),
            "round {round}: something was left behind"
        );
    }
}

#[test]
fn a_signal_during_an_edit_leaves_no_plaintext() {
    for signal in ["TERM", "INT", "HUP"] {
        let desk = Desk::new("sealed.yaml");
        let before = desk.read();
        // The editor ends its parent, as a closed terminal would, with the text changed already.
        let editor = desk.sandbox.write(
            "../home/editor.sh",
            format!("echo more: 1 >> \"$1\"; kill -{signal} $PPID\n"),
        );
        // Whoever runs the tests in the background may have them ignore SIGINT: the program would inherit that.
        let told = desk
            .dress(desk.sandbox.run("env"))
            .arg("--default-signal")
            .arg(gitseal())
            .args(["edit", "f.yaml"])
            .env("EDITOR", format!("sh {}", editor.display()))
            .go();
        assert_ne!(told.code, Some(0), "SIG{signal}: {}", told.told());
        assert_eq!(desk.read(), before, "SIG{signal}");
        let canary = Canary::of(SECRET.to_owned());
        told.keeps(&canary);
        for folder in [desk.memory.path(), &desk.sandbox.tmp(), &desk.sandbox.work()] {
            assert_eq!(canary.find_below(folder), None, "SIG{signal}");
        }
    }
}

/// A folder with one file to write, and a memory-backed one for editors.
struct Desk {
    sandbox: Sandbox,
    memory: TempDir,
}

impl Desk {
    fn new(file: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write(".sops.yaml", model().read(".sops.yaml"));
        let file = sandbox.write("f.yaml", model().read(file));
        // Not what a new file would have, so that keeping it can be seen.
        fs::set_permissions(file, fs::Permissions::from_mode(0o640)).unwrap();
        sandbox.write("../home/editor.sh", "echo 'more: edited value' >> \"$1\"\n");
        for key in ["key-a", "key-b"] {
            sandbox.write(
                format!("../home/{key}.pem"),
                sealing(&format!("{key}-2048.key.pem")),
            );
        }
        sandbox.write("../home/key-a.crt", sealing("key-a-2048.crt.pem"));
        let shared = Path::new("/dev/shm");
        let memory = if shared.is_dir() {
            tempfile::tempdir_in(shared)
        } else {
            tempfile::tempdir()
        };
        Self {
            sandbox,
            memory: memory.unwrap(),
        }
    }

    /// More files like the first one; gives their names.
    fn many(&self) -> Vec<String> {
        let names: Vec<String> = (0..MANY).map(|number| format!("many{number}.yaml")).collect();
        for name in &names {
            fs::copy(self.sandbox.path("f.yaml"), self.sandbox.path(name)).unwrap();
        }
        names
    }

    /// A command over them.
    fn line(names: &[String]) -> Vec<&str> {
        let names = names.iter().map(String::as_str);
        ["rotate", "-i"].into_iter().chain(names).collect()
    }

    /// Everything that lies in the working folder when nothing is left behind.
    fn names() -> Vec<String> {
        vec![".sops.yaml".to_owned(), "f.yaml".to_owned()]
    }

    fn read(&self) -> Vec<u8> {
        self.sandbox.read("f.yaml")
    }

    fn model(&self, name: &str) -> Vec<u8> {
        model().read(name)
    }

    fn run(&self, line: &[&str]) -> Run {
        self.dress(self.sandbox.run(gitseal())).args(line)
    }

    fn dress(&self, run: Run) -> Run {
        let editor = self.sandbox.home().join("editor.sh");
        run.with_example_identity()
            .env("XDG_RUNTIME_DIR", self.memory.path())
            .env("EDITOR", format!("sh {}", editor.display()))
            .env("LC_ALL", "C")
    }

    /// The command under `strace`, with one fault.
    fn traced(&self, inject: &str, line: &[&str]) -> Run {
        let calls = inject.split(':').next().unwrap();
        self.dress(self.sandbox.run(strace()))
            .args([
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                &format!("trace={calls}"),
                "-e",
                &format!("inject={inject}"),
            ])
            .arg(gitseal())
            .args(line)
    }

    /// As [`Self::traced`], and whether the fault was met.
    fn traced_with_log(&self, inject: &str, line: &[&str]) -> (Outcome, bool) {
        let calls = inject.split(':').next().unwrap();
        let log = self.sandbox.tmp().join("trace");
        let told = self
            .dress(self.sandbox.run(strace()))
            .args([
                "-f",
                "-qq",
                "-e",
                &format!("trace={calls}"),
                "-e",
                &format!("inject={inject}"),
                "-o",
            ])
            .arg(&log)
            .arg(gitseal())
            .args(line)
            .go();
        let trace = fs::read_to_string(&log).unwrap_or_default();
        (told, trace.contains("(INJECTED)"))
    }

    fn opens_to(&self, text: &str) -> bool {
        let told = self.run(&["decrypt", "f.yaml"]).go();
        told.code == Some(0) && told.out().contains(text)
    }

    /// Old bytes, or a whole new file with the old mode; whatever else lies about holds no plaintext.
    fn is_whole(&self, verb: &Verb, before: &[u8], what: &str) {
        assert!(
            self.read() == before || (verb.after)(self),
            "{what}: the file is neither the old nor the new one"
        );
        let mode = fs::metadata(self.sandbox.path("f.yaml"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777;
        assert_eq!(mode, 0o640, "{what}: the mode was not kept");
        let canary = Canary::of(SECRET.to_owned());
        for name in self
            .sandbox
            .files()
            .iter()
            .filter(|name| !Self::names().contains(name))
        {
            let path = self.sandbox.path(name);
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(
                mode & !0o640,
                0,
                "{what}: {name} was left for more people than may read the file"
            );
            let found = canary.find(&self.sandbox.read(name));
            assert!(
                found.is_none() || verb.plain_after,
                "{what}: {name} was left with plaintext"
            );
        }
    }
}

/// The files that every desk starts from, encrypted by the real sops.
fn model() -> &'static Sandbox {
    static MODEL: OnceLock<Sandbox> = OnceLock::new();
    MODEL.get_or_init(|| {
        let sandbox = Sandbox::new();
        sandbox.write(
            ".sops.yaml",
            format!("creation_rules:\n  - age: {EXAMPLE_RECIPIENT}\n"),
        );
        let text = format!("password: {SECRET}\ntoken: other\n");
        sandbox.write("plain.yaml", &text);
        sandbox.write("sealed.yaml", &text);
        sandbox
            .run(tools::sops())
            .args(["-e", "-i", "sealed.yaml"])
            .go()
            .expect(0);
        let secret = format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: shop\nstringData:\n  password: {SECRET}\n"
        );
        sandbox.write("sealed-secret.yaml", secret);
        sandbox.write("a.crt", sealing("key-a-2048.crt.pem"));
        sandbox.write("a.key", sealing("key-a-2048.key.pem"));
        let run = |line: &[&str]| sandbox.run(gitseal()).args(line).go().expect(0);
        run(&["seal", "-i", "--cert", "a.crt", "sealed-secret.yaml"]);
        sandbox.write("unsealed.yaml", sandbox.read("sealed-secret.yaml"));
        run(&["unseal", "-i", "--string-data", "--key", "a.key", "unsealed.yaml"]);
        run(&["keys", "export", "--key", "a.key", "--age", EXAMPLE_RECIPIENT, "--output", "backup.yaml"]);
        sandbox
    })
}

/// A sealing key or certificate of the vectors.
fn sealing(name: &str) -> Vec<u8> {
    fs::read(gitseal_tests::root().join("tests/vectors/sealed").join(name)).unwrap()
}

/// The tracer.
///
/// # Panics
///
/// Where it is missing or may not trace: the proof would be empty, and nothing is skipped in silence.
pub(crate) fn strace() -> PathBuf {
    static WORKS: OnceLock<()> = OnceLock::new();
    WORKS.get_or_init(|| {
        let sandbox = Sandbox::new();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let there = std::env::split_paths(&path).any(|folder| folder.join("strace").is_file());
        assert!(
            there,
            "strace is missing; install it (Debian: apt-get install strace)"
        );
        let told = sandbox
            .run("strace")
            .args(["-f", "-qq", "-o", "/dev/null", "true"])
            .go();
        assert_eq!(
            told.code,
            Some(0),
            "strace may not trace on this machine\n{}",
            told.told()
        );
    });
    PathBuf::from("strace")
}
