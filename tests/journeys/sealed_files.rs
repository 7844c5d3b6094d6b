//! Sealed files that are changed: one value at a time, whole folders to a new key, by a controller; killed half-way, and
//! with bad input. Values of other items, other bytes and secrets stay where they are.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use gitseal_tests::canary::Canary;
use gitseal_tests::peer_controller;
use gitseal_tests::program::gitseal;
use gitseal_tests::sandbox::{Outcome, Run, Sandbox};
use gitseal_tests::{corpus, tools};
use serde_json::Value;

use crate::kill::strace;

/// Fingerprint of key b of the vectors.
const B: &str = "SHA256:B3Lh8ce/b1aC/Fb7IQOVMxhXO/LdgYaHW7iq7GR/deA";

/// A value that must not come out by the wrong door.
const VALUE: &str = "cAnArY8Zq7LwKx";

fn vector(name: &str) -> PathBuf {
    gitseal_tests::root().join("tests/vectors/sealed").join(name)
}

/// A folder with the keys a and b.
fn desk() -> Sandbox {
    let sandbox = Sandbox::new();
    for key in ["a", "b"] {
        for (end, from) in [("crt", "crt.pem"), ("key", "key.pem")] {
            let bytes = fs::read(vector(&format!("key-{key}-2048.{from}"))).unwrap();
            sandbox.write(format!("../home/{key}.{end}"), bytes);
        }
    }
    sandbox
}

fn ours(sandbox: &Sandbox, words: &[&str]) -> Run {
    sandbox.run(gitseal()).args(words)
}

fn run(sandbox: &Sandbox, words: &[&str]) -> Outcome {
    ours(sandbox, words).go()
}

/// Writes a file and seals it to key a.
fn sealed(sandbox: &Sandbox, file: &str, name: &str, more: &str) {
    let secret = format!(
        "# of {name}\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: shop\n{more}stringData:\n  \
         user: admin   # who\n  password: {VALUE}\n"
    );
    sandbox.write(file, secret);
    run(sandbox, &["seal", "-i", "--cert", "../home/a.crt", file]).expect(0);
}

/// One value as the real kubeseal opens it.
fn opened(sandbox: &Sandbox, file: &str, key: &str) -> Option<Value> {
    let key = sandbox.home().join(key);
    let told = sandbox
        .run(tools::kubeseal())
        .args(["--recovery-unseal", "--recovery-private-key"])
        .arg(key)
        .stdin(sandbox.read(file))
        .go();
    (told.code == Some(0)).then(|| serde_json::from_slice::<Value>(&told.stdout).unwrap()["data"].clone())
}

fn canary() -> Canary {
    Canary::of(VALUE.to_owned())
}

#[test]
fn what_is_set_renamed_unset_and_resealed_opens_with_the_real_kubeseal() {
    let sandbox = desk();
    sealed(&sandbox, "db.yaml", "db", "");
    let data = |user: &str, more: &[(&str, &str)]| {
        let mut data = BTreeMap::from([("user", user), ("password", "Y0FuQXJZOFpxN0x3S3g=")]);
        data.extend(more.iter().copied());
        serde_json::to_value(data).unwrap()
    };
    assert_eq!(opened(&sandbox, "db.yaml", "a.key"), Some(data("YWRtaW4=", &[])));

    ours(&sandbox, &["set", "--cert", "../home/a.crt", "db.yaml", "user"])
        .stdin("root")
        .go()
        .expect(0);
    ours(&sandbox, &["set", "--cert", "../home/a.crt", "db.yaml", "new"])
        .stdin([0, 255])
        .go()
        .expect(0);
    assert_eq!(
        opened(&sandbox, "db.yaml", "a.key"),
        Some(data("cm9vdA==", &[("new", "AP8=")]))
    );

    run(&sandbox, &["rename-key", "db.yaml", "new", "newer"]).expect(0);
    assert_eq!(
        opened(&sandbox, "db.yaml", "a.key"),
        Some(data("cm9vdA==", &[("newer", "AP8=")]))
    );

    run(
        &sandbox,
        &[
            "reseal",
            "--to",
            "../home/b.crt",
            "--key",
            "../home/a.key",
            "db.yaml",
        ],
    )
    .expect(0);
    assert_eq!(opened(&sandbox, "db.yaml", "a.key"), None);
    assert_eq!(
        opened(&sandbox, "db.yaml", "b.key"),
        Some(data("cm9vdA==", &[("newer", "AP8=")]))
    );

    run(&sandbox, &["unset", "db.yaml", "newer"]).expect(0);
    assert_eq!(opened(&sandbox, "db.yaml", "b.key"), Some(data("cm9vdA==", &[])));
}

#[test]
fn of_the_corpus_one_value_and_the_note_change() {
    let Some(corpus) = corpus() else {
        // Said by the test of the corpus of SOPS files.
        return;
    };
    let manifest = fs::read_to_string(corpus.join("MANIFEST.tsv")).unwrap();
    let rows = manifest.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let names: Vec<&str> = rows
        .filter(|row| row.get(7) == Some(&"sealedsecret-yaml"))
        .map(|row| row[0])
        .collect();
    assert_eq!(names.len(), 44);
    let sandbox = desk();
    let mut set = 0;
    for name in names {
        let text = fs::read_to_string(corpus.join(name)).unwrap();
        for (object, item) in items(&sandbox, &text) {
            sandbox.write("f.yaml", &text);
            let words = [
                "set",
                "--cert",
                "../home/a.crt",
                "--name",
                &object,
                "f.yaml",
                &item,
            ];
            let told = ours(&sandbox, &words).stdin("new").go();
            if !object.contains('/') && told.code == Some(1) {
                // Without a namespace nothing can be sealed for it.
                assert!(
                    told.err().contains("binds values to a namespace"),
                    "{name}: {}",
                    told.told()
                );
                continue;
            }
            assert_eq!(told.code, Some(0), "{name}: {}", told.told());
            let new = String::from_utf8(sandbox.read("f.yaml")).unwrap();
            let is_of_item = |line: &str| {
                line.trim_start()
                    .trim_start_matches(['"', '\''])
                    .starts_with(item.as_str())
            };
            let is_value = |line: &str| {
                let digit = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
                is_of_item(line) || line.trim().bytes().all(digit)
            };
            let is_note = |line: &str| {
                let known = ["sealed-by", "annotations:", "SHA256:", "strict ", "-wide"];
                known.iter().any(|word| line.contains(word))
            };
            let (old_lines, new_lines): (Vec<&str>, Vec<&str>) =
                (text.lines().collect(), new.lines().collect());
            let gone = |line: &&&str| !new_lines.contains(*line);
            let come = |line: &&&str| !old_lines.contains(*line);
            for line in old_lines.iter().filter(gone) {
                assert!(
                    is_value(line) || line.trim() == "annotations: {}",
                    "{name} lost {line}"
                );
            }
            for line in new_lines.iter().filter(come) {
                assert!(is_value(line) || is_note(line), "{name} got {line}");
            }
            let kept: Vec<_> = old_lines.iter().filter(|line| !gone(line)).collect();
            let there: Vec<_> = new_lines.iter().filter(|line| !come(line)).collect();
            assert_eq!(kept, there, "{name}: {object} {item}");
            let words = [
                "get",
                "--key",
                "../home/a.key",
                "--name",
                &object,
                "f.yaml",
                &item,
            ];
            assert_eq!(run(&sandbox, &words).expect(0).out(), "new", "{name}");
            set += 1;
        }
    }
    assert!(set >= 40, "{set} items set");
}

/// Each SealedSecret of a text that has items, by `NAMESPACE/NAME`, and its first item.
fn items(sandbox: &Sandbox, text: &str) -> Vec<(String, String)> {
    sandbox.write("f.yaml", text);
    let told = run(sandbox, &["explain", "--json", "f.yaml"]);
    let json: Value = serde_json::from_slice(&told.stdout).unwrap_or_else(|_| panic!("{}", told.told()));
    let objects = json["files"][0]["objects"]
        .as_array()
        .unwrap_or_else(|| panic!("{}", told.told()))
        .iter();
    let of = |object: &Value| {
        let item = object["items"].as_object()?.keys().next()?.clone();
        let name = object["name"].as_str()?;
        let namespace = object["namespace"].as_str().unwrap_or_default();
        let separator = if namespace.is_empty() { "" } else { "/" };
        Some((format!("{namespace}{separator}{name}"), item))
    };
    objects.filter_map(of).collect()
}

/// Files of a run over many.
const MANY: usize = 50;

#[test]
fn killed_half_way_every_file_is_the_old_or_the_new_one() {
    let model = desk();
    for number in 0..MANY {
        sealed(
            &model,
            &format!("many/{number}.yaml"),
            &format!("db-{number}"),
            "",
        );
    }
    let names: Vec<String> = (0..MANY).map(|number| format!("many/{number}.yaml")).collect();
    let line = [
        "reseal",
        "-i",
        "--to",
        "../home/b.crt",
        "--key",
        "../home/a.key",
        "many",
    ];
    let mut mixed = 0;
    for (call, number) in [
        ("fchmod", 3),
        ("fsync", 2),
        ("fsync", 12),
        ("linkat", 5),
        ("renameat", 1),
        ("renameat", 4),
        ("renameat", 11),
    ] {
        let sandbox = desk();
        let before: Vec<Vec<u8>> = names.iter().map(|name| model.read(name)).collect();
        for (name, bytes) in names.iter().zip(&before) {
            let path = sandbox.write(name, bytes);
            fs::set_permissions(path, fs::Permissions::from_mode(0o640)).unwrap();
        }
        let what = format!("killed at {call} {number}");
        let inject = format!("inject={call}:signal=SIGKILL:when={number}");
        let told = sandbox
            .run(strace())
            .args([
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                &format!("trace={call}"),
                "-e",
                &inject,
            ])
            .arg(gitseal())
            .args(line)
            .go();
        assert!(told.signal.is_some(), "{what}: {}", told.told());
        told.keeps(&canary());
        assert_eq!(canary().find_below(sandbox.root()), None, "{what}");
        let mut new = 0;
        for (name, before) in names.iter().zip(&before) {
            let mode = fs::metadata(sandbox.path(name)).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o640, "{what}: {name}");
            if sandbox.read(name) == *before {
                continue;
            }
            new += 1;
            let told = run(&sandbox, &["get", "--key", "../home/b.key", name, "password"]);
            assert_eq!(told.expect(0).out(), VALUE, "{what}: {name}");
        }
        mixed += usize::from((1..MANY).contains(&new));
        // The next try completes, and leaves what is done as it is.
        run(&sandbox, &line).expect(0);
        let check = run(&sandbox, &["unseal", "--check", "--key", "../home/b.key", "many"]).expect(0);
        assert!(check.err().contains("50 opens"), "{what}: {}", check.told());
    }
    assert!(mixed > 0, "no run was killed between its first and its last file");
}

#[test]
fn bad_input_loses_nothing_and_shows_nothing() {
    let sandbox = desk();
    sealed(&sandbox, "db.yaml", "db", "");
    let good = String::from_utf8(sandbox.read("db.yaml")).unwrap();
    let text = |item: &str| {
        let line = good
            .lines()
            .find(|line| line.trim_start().starts_with(item))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    let (user, password) = (text("user:"), text("password:"));
    let cut = |text: &str, bytes: usize| text[..text.len() - bytes].to_owned();
    sandbox.write("ec.crt", fs::read(vector("ec-p256.crt.pem")).unwrap());
    sandbox.write("old.crt", fs::read(vector("expired-2048.crt.pem")).unwrap());
    let (a, b, key) = ("../home/a.crt", "../home/b.crt", "../home/a.key");
    let reseal = ["reseal", "--to", b, "--key", key, "f.yaml"];
    let get = ["get", "--key", key, "f.yaml", "password"];
    let set = |cert: &'static str| vec!["set", "--cert", cert, "f.yaml", "password"];
    let cases: Vec<(&str, String, Vec<&str>, i32)> = vec![
        (
            "cut off by 4",
            good.replace(&password, &cut(&password, 4)),
            reseal.to_vec(),
            1,
        ),
        (
            "cut off in the middle",
            good.replace(&password, &password[..100]),
            reseal.to_vec(),
            1,
        ),
        (
            "no base64",
            good.replace(&password, &cut(&password, 1)),
            reseal.to_vec(),
            1,
        ),
        ("empty", good.replace(&password, "''"), reseal.to_vec(), 1),
        (
            "another name",
            good.replace("name: db", "name: db2"),
            reseal.to_vec(),
            1,
        ),
        (
            "another namespace",
            good.replace("namespace: shop", "namespace: blog"),
            get.to_vec(),
            1,
        ),
        (
            "a wider scope",
            good.replace(
                "annotations:",
                "annotations:\n    sealedsecrets.bitnami.com/cluster-wide: 'true'",
            ),
            get.to_vec(),
            1,
        ),
        ("a certificate of another kind", good.clone(), set("ec.crt"), 1),
        ("an expired certificate", good.clone(), set("old.crt"), 1),
        (
            "a private key as certificate",
            good.clone(),
            set("../home/a.key"),
            1,
        ),
        ("no certificate there", good.clone(), set("missing.crt"), 1),
        (
            "a conflict of Git",
            good.replace("spec:", "<<<<<<< ours\nspec:"),
            set(a),
            2,
        ),
        ("no YAML", good.replace("spec:", "spec: ["), set(a), 2),
        (
            "the single blob of old files",
            good.replace("spec:", "spec:\n  data: AAAA"),
            set(a),
            1,
        ),
        (
            "no key there",
            good.clone(),
            vec!["get", "--key", "missing.key", "f.yaml", "password"],
            100,
        ),
        (
            "a certificate as key",
            good.clone(),
            vec!["get", "--key", a, "f.yaml", "password"],
            1,
        ),
        (
            "a broken key",
            good.clone(),
            vec!["get", "--key", "f.yaml", "f.yaml", "password"],
            1,
        ),
    ];
    for (name, text, words, code) in cases {
        assert!(
            text != good || code != 1 || !words.contains(&"reseal"),
            "case {name} changes nothing"
        );
        sandbox.write("f.yaml", &text);
        let told = ours(&sandbox, &words).stdin(VALUE).go();
        assert_eq!(told.code, Some(code), "case {name}: {}", told.told());
        assert_eq!(
            sandbox.read("f.yaml"),
            text.as_bytes(),
            "case {name}: the file changed"
        );
        assert!(
            told.out().is_empty() && !told.err().is_empty(),
            "case {name}: {}",
            told.told()
        );
        told.keeps(&canary());
        assert_eq!(canary().find_below(&sandbox.work()), None, "case {name}");
        assert_eq!(canary().find_below(&sandbox.tmp()), None, "case {name}");
    }
    // Items are not bound to their names: what was moved to another item opens there, as for the peer.
    sandbox.write(
        "f.yaml",
        good.replace(&user, "@")
            .replace(&password, &user)
            .replace('@', &password),
    );
    run(&sandbox, &reseal).expect(0);
    let told = run(&sandbox, &["get", "--key", "../home/b.key", "f.yaml", "user"]).expect(0);
    assert_eq!(told.out(), VALUE);
}

#[test]
fn too_much_and_read_only_change_nothing() {
    let sandbox = desk();
    sealed(&sandbox, "db.yaml", "db", "");
    let before = sandbox.read("db.yaml");
    let set = ["set", "--cert", "../home/a.crt", "db.yaml", "password"];
    let told = ours(&sandbox, &set).stdin(vec![b'x'; (1 << 20) + 1]).go();
    assert_eq!(told.code, Some(2), "{}", told.told());
    assert_eq!(sandbox.read("db.yaml"), before);
    ours(&sandbox, &set).stdin(vec![b'x'; 1 << 20]).go().expect(0);
    let told = run(
        &sandbox,
        &["get", "--key", "../home/a.key", "db.yaml", "password"],
    )
    .expect(0);
    assert_eq!(told.stdout.len(), 1 << 20);

    fs::set_permissions(sandbox.path("db.yaml"), fs::Permissions::from_mode(0o440)).unwrap();
    let before = sandbox.read("db.yaml");
    for words in [
        &set[..],
        &["unset", "db.yaml", "user"],
        &["rename-key", "db.yaml", "user", "who"],
        &[
            "reseal",
            "--to",
            "../home/b.crt",
            "--key",
            "../home/a.key",
            "db.yaml",
        ],
    ] {
        let told = ours(&sandbox, words).stdin(VALUE).go();
        assert_eq!(told.code, Some(3), "{}", told.told());
        assert_eq!(sandbox.read("db.yaml"), before, "{}", told.told());
        told.keeps(&canary());
    }
}

#[test]
fn the_editor_gets_a_private_copy_and_seals_what_changed() {
    let sandbox = desk();
    sealed(&sandbox, "db.yaml", "db", "");
    let before = String::from_utf8(sandbox.read("db.yaml")).unwrap();
    let editor = sandbox.write(
        "../home/editor.sh",
        "stat -c %a \"$1\" > \"$HOME/mode\"; sed -i \"s/admin/chief/\" \"$1\"\n",
    );
    let told = ours(
        &sandbox,
        &[
            "edit",
            "--key",
            "../home/a.key",
            "--cert",
            "../home/a.crt",
            "db.yaml",
        ],
    )
    .env("EDITOR", format!("sh {}", editor.display()))
    .go()
    .expect(0);
    told.keeps(&canary());
    assert_eq!(fs::read_to_string(sandbox.home().join("mode")).unwrap(), "600\n");
    let after = String::from_utf8(sandbox.read("db.yaml")).unwrap();
    for (old, new) in before.lines().zip(after.lines()) {
        assert_eq!(old == new, !old.trim_start().starts_with("user:"), "{old}\n{new}");
    }
    assert_eq!(before.lines().count(), after.lines().count());
    for folder in [sandbox.work(), sandbox.tmp()] {
        assert_eq!(canary().find_below(&folder), None);
    }
    let told = run(&sandbox, &["get", "--key", "../home/a.key", "db.yaml", "user"]).expect(0);
    assert_eq!(told.out(), "chief");
}

#[test]
fn a_controller_reseals_and_of_its_answer_only_values_are_taken() {
    let cluster = peer_controller::shared();
    let sandbox = desk();
    let kubeconfig = cluster.kubeconfig().display().to_string();
    let at = ["--kubeconfig", kubeconfig.as_str()];
    let cert = sandbox
        .run(tools::kubeseal())
        .args(["--fetch-cert", "--kubeconfig", &kubeconfig])
        .go()
        .expect(0)
        .stdout;
    sandbox.write("cluster.crt", cert);
    sandbox.write(
        "db.yaml",
        "kind: Secret\napiVersion: v1\nmetadata:\n  name: db\n  namespace: shop\n  labels: {app: shop}\nstringData:\n  \
         password: old\n  user: admin\n",
    );
    run(&sandbox, &["seal", "-i", "--cert", "cluster.crt", "db.yaml"]).expect(0);
    // A template that makes an item, and one that names an item: an old controller would render both.
    let text = String::from_utf8(sandbox.read("db.yaml")).unwrap();
    let text = text.replace(
        "  template:\n",
        "  template:\n    data: {url: '{{ .user }}', password: '{{ .user }}', gone: null}\n",
    );
    sandbox.write("db.yaml", &text);

    let told = run(&sandbox, &[&["reseal"], &at[..], &["db.yaml"]].concat()).expect(0);
    assert_eq!(
        sandbox.read("db.yaml"),
        text.as_bytes(),
        "its note says that it is sealed to it: {}",
        told.told()
    );

    let without: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("sealed-by") && line.trim() != "annotations:")
        .collect();
    let without = without.join("\n") + "\n";
    sandbox.write("db.yaml", &without);
    let told = run(
        &sandbox,
        &[&["reseal", "--dry-run"], &at[..], &["db.yaml"]].concat(),
    )
    .expect(0);
    assert!(told.err().contains("shop/db: password, user"), "{}", told.told());
    assert_eq!(sandbox.read("db.yaml"), without.as_bytes());

    let told = run(
        &sandbox,
        &[&["reseal", "--to", "cluster.crt"], &at[..], &["db.yaml"]].concat(),
    )
    .expect(0);
    assert!(told.err().contains("all are sealed anew"), "{}", told.told());
    let new = String::from_utf8(sandbox.read("db.yaml")).unwrap();
    let value = |line: &&str| line.contains("password: Ag") || line.contains("user: Ag");
    let rest = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .filter(|line| !value(line) && !line.contains("sealed-by") && line.trim() != "annotations:");
        lines.map(str::to_owned).collect()
    };
    assert_eq!(rest(&new), rest(&without));
    let values = |text: &str| text.lines().filter(value).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(values(&new).len(), 2);
    assert!(
        values(&new).iter().all(|line| !without.contains(line.as_str())),
        "{new}"
    );
    let told = sandbox
        .run(tools::kubeseal())
        .args(["--validate", "--kubeconfig", &kubeconfig])
        .stdin(new)
        .go();
    told.expect(0);

    // What the controller cannot open stays.
    sandbox.write(
        "foreign.yaml",
        "kind: Secret\napiVersion: v1\nmetadata: {name: db, namespace: shop}\nstringData: {a: b}\n",
    );
    run(
        &sandbox,
        &["seal", "-i", "--cert", "../home/a.crt", "foreign.yaml"],
    )
    .expect(0);
    let before = sandbox.read("foreign.yaml");
    run(&sandbox, &[&["reseal"], &at[..], &["foreign.yaml"]].concat()).expect(1);
    assert_eq!(sandbox.read("foreign.yaml"), before);

    // A certificate that is not the controller's.
    let told = run(
        &sandbox,
        &[&["reseal", "--to", "../home/b.crt"], &at[..], &["foreign.yaml"]].concat(),
    )
    .expect(1);
    assert!(
        told.err().contains(B) && told.err().contains("another certificate"),
        "{}",
        told.told()
    );
    assert_eq!(sandbox.read("foreign.yaml"), before);
}
