//! Sealing keys and their backups: encrypted on disk, readable for the real sops and age, and proved against a
//! repository. Bad backups and sealed files leave no trace of a key or a value.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use gitseal_tests::canary::Canary;
use gitseal_tests::program::gitseal;
use gitseal_tests::sandbox::{Outcome, Sandbox};
use gitseal_tests::{EXAMPLE_RECIPIENT, example_identity, tools};
use serde_json::Value;

/// Fingerprints of the keys a, b and c of the vectors.
const A: &str = "SHA256:wvh4SiktsFCtTF5sxr0Nvswawce/ZTchPytcKZ5rI1w";
const B: &str = "SHA256:B3Lh8ce/b1aC/Fb7IQOVMxhXO/LdgYaHW7iq7GR/deA";

/// A value that must not come out by the wrong door.
const VALUE: &str = "cAnArY8Zq7LwKx";

fn vector(name: &str) -> PathBuf {
    gitseal_tests::root().join("tests/vectors/sealed").join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(vector(name)).unwrap()
}

fn run(sandbox: &Sandbox, words: &[&str]) -> Outcome {
    fed(sandbox, words, "")
}

fn fed(sandbox: &Sandbox, words: &[&str], stdin: &str) -> Outcome {
    sandbox
        .run(gitseal())
        .with_example_identity()
        .args(words)
        .stdin(stdin)
        .go()
}

/// A key Secret as kubectl prints it; the values in clear, which the API takes too.
fn key_secret(key: &str, label: Option<&str>) -> String {
    let indented = |name: String| text(&name).replace('\n', "\n    ");
    let label = label.map_or_else(String::new, |label| {
        format!("  labels: {{sealedsecrets.bitnami.com/sealed-secrets-key: {label}}}\n")
    });
    format!(
        "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nmetadata:\n  name: of-{key}\n  namespace: kube-system\n  \
         creationTimestamp: '2025-01-01T00:00:00Z'\n{label}stringData:\n  tls.crt: |\n    {}\n  tls.key: |\n    {}\n",
        indented(format!("{key}-2048.crt.pem")),
        indented(format!("{key}-2048.key.pem")),
    )
}

/// Parts of a private key, any of which would be a leak.
fn canaries(key: &str) -> Vec<Canary> {
    let pem = text(&format!("{key}-2048.key.pem"));
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    lines.step_by(5).map(|line| Canary::of(line.to_owned())).collect()
}

/// Fails if a key stands in what was said, or in a file below the working folder that is none of these.
fn keeps_keys(sandbox: &Sandbox, told: &Outcome, except: &[&str]) {
    for canary in ["key-a", "key-b"].into_iter().flat_map(canaries) {
        told.keeps(&canary);
        for name in sandbox
            .files()
            .iter()
            .filter(|name| !except.contains(&name.as_str()))
        {
            assert_eq!(
                canary.find(&sandbox.read(name)),
                None,
                "{name} holds a key\n{}",
                told.told()
            );
        }
        assert_eq!(canary.find_below(&sandbox.tmp()), None, "{}", told.told());
    }
}

/// A SealedSecret of one value.
fn sealed(sandbox: &Sandbox, file: &str, namespace: &str, name: &str, cert: &str) {
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: {namespace}\nstringData:\n  key: {VALUE}\n"
    );
    sandbox.write(file, secret);
    let cert = vector(cert);
    run(sandbox, &["seal", "-i", "--cert", cert.to_str().unwrap(), file]).expect(0);
}

/// A repository of 30 sealed files; one of them lies under another key than the rest.
fn repository() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(".git/HEAD", "ref: refs/heads/main\n");
    for number in 0..30 {
        let cert = if number == 17 {
            "key-b-2048.crt.pem"
        } else {
            "key-a-2048.crt.pem"
        };
        sealed(
            &sandbox,
            &format!("apps/{number}.yaml"),
            "shop",
            &format!("s{number}"),
            cert,
        );
    }
    sandbox.write(
        "apps/plain.yaml",
        "kind: ConfigMap\napiVersion: v1\nmetadata: {name: c}\n",
    );
    sandbox
}

#[test]
fn check_finds_the_one_file_that_a_backup_misses() {
    let desk = repository();
    let a = vector("key-a-2048.key.pem");
    let into = [
        "keys",
        "import",
        "--into",
        "keys/backup.yaml",
        "--age",
        EXAMPLE_RECIPIENT,
    ];
    fs::create_dir(desk.path("keys")).unwrap();
    let told = run(&desk, &[&into[..], &[a.to_str().unwrap()]].concat()).expect(0);
    keeps_keys(&desk, &told, &[]);

    let check = ["keys", "check", "--key", "keys/backup.yaml"];
    let told = run(&desk, &check).expect(1);
    let (out, err) = (told.out(), told.err());
    assert_eq!(out, "");
    assert!(
        err.contains("apps/17.yaml") && err.contains("shop/s17: key: ") && err.contains(B),
        "{}",
        told.told()
    );
    for number in (0..30).filter(|number| *number != 17) {
        assert!(!err.contains(&format!("/{number}.yaml")), "{}", told.told());
    }
    assert!(err.contains("29 opened, 1 failed"), "{}", told.told());
    told.keeps(&Canary::of(VALUE.to_owned()));

    // The annotation is a hint only: without it, or with a wrong one, the same file is found.
    for claimed in ["", A] {
        let annotation = format!("{B} strict");
        let other = String::from_utf8(desk.read("apps/17.yaml")).unwrap();
        assert!(claimed.is_empty() || other.contains("other:"));
        let other = if claimed.is_empty() {
            other.replace("gitseal.dev/sealed-by:", "other:")
        } else {
            other
                .replace("other:", "gitseal.dev/sealed-by:")
                .replace(&annotation, &format!("{A} strict"))
        };
        desk.write("apps/17.yaml", other);
        let told = run(&desk, &check).expect(1);
        assert!(told.err().contains("29 opened, 1 failed"), "{}", told.told());
    }
    let told = run(&desk, &[&check[..], &["--json", "apps"]].concat()).expect(1);
    let report: Value = serde_json::from_slice(&told.stdout).unwrap();
    let failed: Vec<&Value> = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|file| file["result"] == "failed")
        .collect();
    assert_eq!(failed.len(), 1, "{report}");
    assert_eq!(failed[0]["path"], "apps/17.yaml");

    // With its key everything opens; from a folder below, the whole repository counts.
    let told = fed(
        &desk,
        &["keys", "import", "--into", "keys/backup.yaml"],
        &key_secret("key-b", Some("active")),
    );
    assert!(told.expect(0).err().contains("1 key added, 0 updated, 2 in all"));
    let told = desk
        .run(gitseal())
        .with_example_identity()
        .args(["keys", "check", "--key", "../keys/backup.yaml"])
        .within("apps")
        .go()
        .expect(0);
    assert!(
        told.err()
            .contains("every value of 30 SealedSecrets opens with 2 keys"),
        "{}",
        told.told()
    );

    // Who needs which key.
    let told = run(&desk, &["keys", "list", "--key", "keys/backup.yaml", "--json"]).expect(0);
    let list: Value = serde_json::from_slice(&told.stdout).unwrap();
    let files = |fingerprint: &str| {
        let keys = list["keys"].as_array().unwrap();
        keys.iter().find(|key| key["fingerprint"] == fingerprint).unwrap()["files"].clone()
    };
    assert_eq!((files(A), files(B)), (29.into(), 1.into()), "{list}");
    keeps_keys(&desk, &told, &[]);
}

#[test]
fn a_damaged_or_unreadable_file_fails_the_check() {
    let desk = repository();
    sealed(&desk, "apps/17.yaml", "shop", "s17", "key-a-2048.crt.pem");
    let key = vector("key-a-2048.key.pem");
    let check = ["keys", "check", "--key", key.to_str().unwrap()];
    run(&desk, &check).expect(0);
    let good = String::from_utf8(desk.read("apps/3.yaml")).unwrap();
    let cases = [
        (
            "renamed",
            good.replace("name: s3", "name: s4"),
            "name s3 in namespace shop",
        ),
        ("no YAML", good.replace("spec:", "spec: ["), "apps/3.yaml:"),
        (
            "a template of helm",
            good.replace("metadata:", "{{- if .x }}\nmetadata:"),
            "apps/3.yaml:",
        ),
        (
            "wrong type",
            good.replace("  template:", "  data: [1]\n  template:"),
            "apps/3.yaml",
        ),
        (
            "the old blob",
            good.replace("  template:", "  data: AAAA\n  template:"),
            "spec.data",
        ),
        ("not base64", good.replace("key: A", "key: '*"), "apps/3.yaml"),
    ];
    for (name, bad, want) in cases {
        assert_ne!(bad, good, "case: {name}");
        desk.write("apps/3.yaml", bad);
        let told = run(&desk, &check).expect(1);
        assert!(
            told.err().contains(want) && told.err().contains("29 opened, 1 failed"),
            "case: {name}: {}",
            told.told()
        );
        assert!(
            told.err().contains("apps/3.yaml"),
            "case: {name}: {}",
            told.told()
        );
    }
    desk.write("apps/3.yaml", &good);
    // A file that is too large to be read proves nothing, but one without SealedSecrets is nobody's business.
    let map = format!("kind: ConfigMap\ndata:\n  a: {}\n", "x".repeat(6 << 20));
    desk.write("apps/large.yaml", &map);
    run(&desk, &check).expect(0);
    desk.write("apps/large.yaml", format!("{map}---\n{good}"));
    let told = run(&desk, &check).expect(1);
    assert!(
        told.err().contains("apps/large.yaml is too large"),
        "{}",
        told.told()
    );

    let empty = Sandbox::new();
    let told = run(&empty, &check).expect(1);
    assert!(
        told.err().contains("no SealedSecret was found"),
        "a proof over nothing is none\n{}",
        told.told()
    );
}

#[test]
fn the_real_sops_and_age_open_a_backup() {
    let desk = Sandbox::new();
    let a = vector("key-a-2048.key.pem");
    let b = desk.write("b.yaml", key_secret("key-b", Some("active")));
    for file in ["out.yaml", "out.json", "out.age", "out.enc"] {
        let told = run(
            &desk,
            &[
                "keys",
                "export",
                "--key",
                a.to_str().unwrap(),
                "--key",
                b.to_str().unwrap(),
                "--age",
                EXAMPLE_RECIPIENT,
                "--output",
                file,
            ],
        )
        .expect(0);
        keeps_keys(&desk, &told, &["b.yaml"]);
        let told = match file {
            "out.age" => desk
                .run(tools::age())
                .arg("-d")
                .arg("-i")
                .arg(example_identity())
                .arg(file)
                .go(),
            _ => desk
                .run(tools::sops())
                .with_example_identity()
                .args(["-d", file])
                .go(),
        };
        let plain = told.expect(0).out();
        // What comes out is a backup that the real kubeseal takes.
        desk.write("plain", &plain);
        sealed(&desk, "s.yaml", "shop", "db", "key-b-2048.crt.pem");
        let opened = desk
            .run(tools::kubeseal())
            .args(["--recovery-unseal", "--recovery-private-key", "plain"])
            .stdin(desk.read("s.yaml"))
            .go();
        assert!(opened.code == Some(0), "{file}: {}", opened.told());
        fs::remove_file(desk.path("plain")).unwrap();

        let told = run(&desk, &["keys", "list", "--key", file, "--json"]).expect(0);
        let list: Value = serde_json::from_slice(&told.stdout).unwrap();
        let keys = list["keys"].as_array().unwrap();
        let facts: Vec<_> = keys
            .iter()
            .map(|key| (key["fingerprint"].clone(), key["state"].clone()))
            .collect();
        assert_eq!(
            facts,
            [(A.into(), Value::Null), (B.into(), "active".into())],
            "{file}"
        );
        let told = run(&desk, &["unseal", "--key", file, "s.yaml"]).expect(0);
        assert!(told.out().contains("kind: Secret"), "{file}: {}", told.told());

        // Never over a file that may hold somebody's only keys.
        let before = desk.read(file);
        let again = [
            "keys",
            "export",
            "--key",
            "b.yaml",
            "--age",
            EXAMPLE_RECIPIENT,
            "--output",
            file,
        ];
        let told = run(&desk, &again).expect(3);
        assert!(told.err().contains("exists already"), "{}", told.told());
        assert_eq!(desk.read(file), before);
    }
}

#[test]
fn an_import_changes_what_is_new_and_nothing_else() {
    let desk = Sandbox::new();
    let stream = format!(
        "{}---\n{}",
        key_secret("key-a", Some("active")),
        key_secret("key-b", Some("active"))
    );
    for file in ["backup.yaml", "backup.json", "backup.age"] {
        let import = ["keys", "import", "--into", file, "--age", EXAMPLE_RECIPIENT];
        fed(&desk, &import, &stream).expect(0);
        let path = desk.path(file);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let first = desk.read(file);
        let told = fed(&desk, &import, &stream).expect(0);
        assert!(
            told.err().contains("0 keys added, 0 updated, 2 in all"),
            "{}",
            told.told()
        );
        assert_eq!(desk.read(file), first, "{file}: nothing was new");

        // The controller's owner distrusts the first key.
        let told = fed(&desk, &import, &key_secret("key-a", Some("compromised"))).expect(0);
        let recipients = match file {
            "backup.age" => "encrypted anew for age1",
            _ => "--age is for a new backup",
        };
        assert!(told.err().contains(recipients), "{}", told.told());
        assert!(
            told.err().contains("0 keys added, 1 updated, 2 in all"),
            "{}",
            told.told()
        );
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o640,
            "{file}"
        );
        let told = run(&desk, &["keys", "list", "--key", file, "--json"]).expect(0);
        let list: Value = serde_json::from_slice(&told.stdout).unwrap();
        assert_eq!(list["keys"][0]["state"], "compromised", "{file}");
        if file != "backup.age" {
            let ciphertext = |bytes: &[u8]| -> Vec<String> {
                let text = String::from_utf8_lossy(bytes).into_owned();
                let lines = text.lines().filter(|line| line.contains("tls.key"));
                lines.map(|line| line.trim().to_owned()).collect()
            };
            let (before, after) = (ciphertext(&first), ciphertext(&desk.read(file)));
            assert_eq!(before.len(), 2, "{file}");
            assert_eq!(before, after, "{file}: what did not change keeps its ciphertext");
        }
        keeps_keys(&desk, &told, &[]);

        // A backup that does not open whole is not replaced.
        let before = desk.read(file);
        let mut broken = before.clone();
        let middle = broken.len() / 2;
        broken[middle] = if broken[middle] == b'A' { b'B' } else { b'A' };
        desk.write(file, &broken);
        let told = fed(&desk, &import, &key_secret("key-b", None));
        assert!(matches!(told.code, Some(code) if code != 0), "{}", told.told());
        assert_eq!(desk.read(file), broken, "{file}");
    }
}

#[test]
fn keys_are_never_written_in_clear() {
    let desk = Sandbox::new();
    let key = vector("key-a-2048.key.pem");
    let key = key.to_str().unwrap();
    let nobody = run(&desk, &["keys", "export", "--key", key, "--output", "b.yaml"]).expect(1);
    assert!(nobody.err().contains("--age"), "{}", nobody.told());
    // A rule that selects other fields than those of a Secret.
    desk.write(
        ".sops.yaml",
        format!("creation_rules:\n  - encrypted_regex: ^password$\n    age: {EXAMPLE_RECIPIENT}\n"),
    );
    let told = run(&desk, &["keys", "export", "--key", key, "--output", "b.yaml"]).expect(1);
    assert!(
        told.err().contains("private keys would stay in clear"),
        "{}",
        told.told()
    );
    let told = run(
        &desk,
        &[
            "keys",
            "export",
            "--key",
            key,
            "--age",
            "AGE-SECRET-KEY-1QQQQ",
            "--output",
            "b.age",
        ],
    );
    assert!(
        !told.told().replace(&told.line, "").contains("QQQQ"),
        "{}",
        told.told()
    );
    assert_eq!(desk.files(), [".sops.yaml"]);
    keeps_keys(&desk, &told, &[]);

    // A plain backup is not quietly taken for an encrypted one.
    let plain = key_secret("key-b", None);
    desk.write("plain.yaml", &plain);
    let told = run(
        &desk,
        &[
            "keys",
            "import",
            key,
            "--into",
            "plain.yaml",
            "--age",
            EXAMPLE_RECIPIENT,
        ],
    )
    .expect(1);
    assert!(told.err().contains("it is not encrypted"), "{}", told.told());
    assert_eq!(desk.read("plain.yaml"), plain.as_bytes());

    // A rule that fits is enough.
    desk.write(
        ".sops.yaml",
        format!("creation_rules:\n  - encrypted_regex: ^(data|stringData)$\n    age: {EXAMPLE_RECIPIENT}\n"),
    );
    let told = run(&desk, &["keys", "export", "--key", key, "--output", "b.yaml"]).expect(0);
    keeps_keys(&desk, &told, &["plain.yaml"]);
    run(&desk, &["keys", "list", "--key", "b.yaml"]).expect(0);
}

#[test]
fn what_the_real_kubeseal_sealed_is_unsealed() {
    let desk = Sandbox::new();
    let key = vector("key-a-2048.key.pem");
    let secret = format!(
        "apiVersion: v1\nkind: Secret\ntype: Opaque\nimmutable: true\nmetadata:\n  name: db\n  namespace: shop\n  \
         labels: {{team: web}}\ndata: {{raw: /wA=, empty: \"\"}}\nstringData: {{key: {VALUE}}}\n"
    );
    for scope in ["strict", "namespace-wide", "cluster-wide"] {
        for format in ["yaml", "json"] {
            let told = desk
                .run(tools::kubeseal())
                .arg("--cert")
                .arg(vector("key-a-2048.crt.pem"))
                .args(["--scope", scope, "-o", format])
                .stdin(secret.as_str())
                .go()
                .expect(0);
            let file = format!("s.{format}");
            desk.write(&file, &told.stdout);
            let told = desk
                .run(tools::kubeseal())
                .args(["--recovery-unseal", "--recovery-private-key"])
                .arg(&key)
                .stdin(told.stdout)
                .go()
                .expect(0);
            let mut theirs: Value = serde_json::from_slice(&told.stdout).unwrap();
            // The peer prints an empty value as null.
            assert_eq!(theirs["data"]["empty"].take(), Value::Null);
            theirs["data"]["empty"] = "".into();

            let words = ["unseal", "--key", key.to_str().unwrap(), "-o", "json", &file];
            let told = run(&desk, &words).expect(0);
            let ours: Value = serde_json::from_slice(&told.stdout).unwrap();
            for part in [
                "/data",
                "/type",
                "/immutable",
                "/metadata/name",
                "/metadata/labels",
            ] {
                assert!(theirs.pointer(part).is_some(), "{part}: {theirs}");
                assert_eq!(
                    ours.pointer(part),
                    theirs.pointer(part),
                    "{scope} {format} {part}"
                );
            }
            run(&desk, &["unseal", "--check", &file]).expect(0);
            let told = run(&desk, &["explain", "--key", key.to_str().unwrap(), &file]).expect(0);
            assert!(
                told.out().contains("  key: The key SHA256:") && told.out().contains(scope),
                "{}",
                told.told()
            );
            // In place: the file keeps its format, and the real thing takes what comes out.
            run(&desk, &["unseal", "-i", "--key", key.to_str().unwrap(), &file]).expect(0);
            let told = desk
                .run(tools::kubeseal())
                .arg("--cert")
                .arg(vector("key-a-2048.crt.pem"))
                .stdin(desk.read(&file))
                .go()
                .expect(0);
            assert!(told.out().contains("encryptedData"), "{}", told.told());
        }
    }
}

/// One bad input of a command that takes keys or sealed files.
struct Row {
    name: &'static str,
    input: fn(&Sandbox),
    line: &'static [&'static str],
    code: i32,
    /// What must be said, to a person who has to do something about it.
    says: &'static [&'static str],
}

#[test]
fn bad_keys_and_bad_files() {
    let rows = [
        Row {
            name: "no key at all",
            input: |_| {},
            line: &["unseal", "s.yaml"],
            code: 2,
            says: &["--key FILE", "kubectl get secret"],
        },
        Row {
            name: "a key file that is missing",
            input: |_| {},
            line: &["unseal", "--key", "none", "s.yaml"],
            code: 100,
            says: &["none does not exist"],
        },
        Row {
            name: "a certificate in the place of a key",
            input: |desk| from_vector(desk, "key-a-2048.crt.pem"),
            line: &["unseal", "--key", "k", "s.yaml"],
            code: 1,
            says: &["no sealing key in k"],
        },
        Row {
            name: "an EC key",
            input: |desk| from_vector(desk, "ec-p256.key.pem"),
            line: &["unseal", "--key", "k", "s.yaml"],
            code: 1,
            says: &["k: PEM block 1: private key is not an RSA key"],
        },
        Row {
            name: "a key that is too small",
            input: |desk| from_vector(desk, "small-1024.key.pem"),
            line: &["keys", "list", "--key", "k"],
            code: 1,
            says: &["1024 bits"],
        },
        Row {
            name: "an encrypted key without a terminal",
            input: |desk| from_vector(desk, "key-a-2048.pbkdf2.pem"),
            line: &["unseal", "--key", "k", "s.yaml"],
            code: 1,
            says: &["the passphrase does not open the private key"],
        },
        Row {
            name: "the old encryption of OpenSSL",
            input: |desk| from_vector(desk, "key-a-2048.old-encryption.pem"),
            line: &["keys", "check", "--key", "k"],
            code: 1,
            says: &["old form of OpenSSL"],
        },
        Row {
            name: "a key cut in half",
            input: |desk| {
                let pem = text("key-a-2048.key.pem");
                desk.write("k", &pem[..pem.len() / 2]);
            },
            line: &["unseal", "--key", "k", "s.yaml"],
            code: 1,
            says: &["no sealing key in k"],
        },
        Row {
            name: "a damaged key",
            input: |desk| {
                let pem = text("key-a-2048.key.pem");
                let lines: Vec<&str> = pem.lines().collect();
                desk.write("k", [&lines[..3], &lines[6..]].concat().join("\n"));
            },
            line: &["unseal", "--key", "k", "s.yaml"],
            code: 1,
            says: &["k: PEM block 1: the private key is damaged"],
        },
        Row {
            name: "an HTML page",
            input: |desk| {
                desk.write("k", "<!doctype html><title>Log in</title>");
            },
            line: &["unseal", "--key", "k", "s.yaml"],
            code: 1,
            says: &["no sealing key in k"],
        },
        Row {
            name: "a Secret without tls.key",
            input: |desk| {
                desk.write(
                    "k",
                    "kind: Secret\nmetadata: {name: other}\nstringData: {a: cAnArY8Zq7LwKx}\n",
                );
            },
            line: &["keys", "list", "--key", "k"],
            code: 1,
            says: &["Secret other: the Secret has no tls.key"],
        },
        Row {
            name: "a backup with a broken, a double and a foreign key",
            input: |desk| {
                let pem = |key| key_secret(key, Some("active"));
                let broken = pem("key-a").replace("MII", "XXX").replace("of-key-a", "broken");
                desk.write(
                    "k",
                    [pem("key-b"), broken, pem("key-a"), pem("key-a")].join("---\n"),
                );
            },
            line: &["unseal", "--check", "--key", "k", "s.yaml"],
            code: 0,
            says: &["Secret kube-system/broken: the private key is damaged"],
        },
        Row {
            name: "the key of another cluster",
            input: |desk| from_vector(desk, "key-b-2048.key.pem"),
            line: &["unseal", "--key", "k", "s.yaml"],
            code: 1,
            says: &[
                "s.yaml:1: shop/db: no key could decrypt secret (key)",
                "gitseal explain s.yaml",
            ],
        },
        Row {
            name: "renamed",
            input: |desk| changed(desk, "name: db", "name: database"),
            line: &["unseal", "--key", "a.pem", "-i", "s.yaml"],
            code: 1,
            says: &[
                "cannot unseal s.yaml",
                "shop/database: no key could decrypt secret (key)",
                "nothing was written",
            ],
        },
        Row {
            name: "renamed, explained",
            input: |desk| changed(desk, "name: db", "name: database"),
            line: &["explain", "--key", "a.pem", "s.yaml"],
            code: 0,
            says: &[
                "It was sealed for another place",
                "opens it for another place only: name db in namespace shop",
            ],
        },
        Row {
            name: "moved to another namespace",
            input: |desk| changed(desk, "namespace: shop", "namespace: web"),
            line: &["unseal", "--key", "a.pem", "s.yaml"],
            code: 1,
            says: &["web/db: no key could decrypt secret (key)"],
        },
        Row {
            name: "a value that is cut",
            input: |desk| changed(desk, "    key: AQ", "    key: AQ==\n    rest: AQ"),
            line: &["unseal", "--check", "s.yaml"],
            code: 1,
            says: &["cannot open s.yaml", "shop/db: key: The value is cut"],
        },
        Row {
            name: "white space in a value",
            input: |desk| changed(desk, "    key: AQ", "    key: A Q"),
            line: &["explain", "s.yaml"],
            code: 0,
            says: &["key: The value is not base64", "white space inside the text"],
        },
        Row {
            name: "scope in the template only",
            input: |desk| {
                changed(
                    desk,
                    "    metadata:\n",
                    "    metadata:\n      annotations: {sealedsecrets.bitnami.com/cluster-wide: 'true'}\n",
                );
            },
            line: &["explain", "s.yaml"],
            code: 0,
            says: &["cluster-wide annotation stands in spec.template only"],
        },
        Row {
            name: "a template that loops for ever",
            input: |desk| {
                template(
                    desk,
                    r#"{{define "a"}}{{template "a" .}}{{end}}{{template "a" .}}"#,
                )
            },
            line: &["unseal", "--key", "a.pem", "-i", "s.yaml"],
            code: 1,
            says: &["cannot unseal s.yaml", "(out)"],
        },
        Row {
            name: "a template that grows for ever",
            input: |desk| {
                template(
                    desk,
                    "{{range untilStep 0 1000000000 1}}{{repeat 1000000 .key}}{{end}}",
                )
            },
            line: &["unseal", "--key", "a.pem", "s.yaml"],
            code: 1,
            says: &["cannot unseal s.yaml", "(out)"],
        },
        Row {
            name: "a template that asks for the environment",
            input: |desk| template(desk, r#"{{env "HOME"}}"#),
            line: &["unseal", "--key", "a.pem", "s.yaml"],
            code: 1,
            says: &["function \"env\" not defined"],
        },
        Row {
            name: "a file that is read-only",
            input: |desk| {
                fs::set_permissions(desk.path("s.yaml"), fs::Permissions::from_mode(0o444)).unwrap();
            },
            line: &["unseal", "--key", "a.pem", "-i", "s.yaml"],
            code: 3,
            says: &["s.yaml is read-only"],
        },
        Row {
            name: "a file without a SealedSecret",
            input: |desk| {
                desk.write("s.yaml", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: c}\n");
            },
            line: &["unseal", "--key", "a.pem", "s.yaml"],
            code: 1,
            says: &["there is no SealedSecret in it"],
        },
        Row {
            name: "no YAML",
            input: |desk| changed(desk, "spec:", "spec: ["),
            line: &["explain", "s.yaml"],
            code: 2,
            says: &["s.yaml:"],
        },
        Row {
            name: "a conflict of Git",
            input: |desk| changed(desk, "spec:", "<<<<<<< ours\nspec:"),
            line: &["unseal", "--key", "a.pem", "-i", "s.yaml"],
            code: 2,
            says: &["conflict marker"],
        },
        Row {
            name: "an export without recipients",
            input: |_| {},
            line: &["keys", "export", "--key", "a.pem"],
            code: 1,
            says: &["--age"],
        },
        Row {
            name: "an import of nothing",
            input: |_| {},
            line: &["keys", "import", "--into", "new.yaml", "--age", EXAMPLE_RECIPIENT],
            code: 1,
            says: &["no sealing key in -"],
        },
        Row {
            name: "a backup in a store without structure",
            input: |_| {},
            line: &[
                "keys",
                "export",
                "--key",
                "a.pem",
                "--output",
                "keys.env",
                "--age",
                EXAMPLE_RECIPIENT,
            ],
            code: 2,
            says: &["keys.env cannot be a backup of keys"],
        },
    ];
    let value = Canary::of(VALUE.to_owned());
    let mut wrong = String::new();
    for row in rows {
        let desk = Sandbox::new();
        desk.write("a.pem", text("key-a-2048.key.pem"));
        sealed(&desk, "s.yaml", "shop", "db", "key-a-2048.crt.pem");
        (row.input)(&desk);
        let names = desk.files();
        let before: Vec<Vec<u8>> = names.iter().map(|name| desk.read(name)).collect();
        let told = run(&desk, row.line);
        let mut problems = Vec::new();
        if told.code != Some(row.code) {
            problems.push(format!("exit code, expected {}", row.code));
        }
        let said = format!("{}{}", told.out(), told.err());
        problems.extend(
            row.says
                .iter()
                .filter(|says| !said.contains(**says))
                .map(|says| format!("not said: {says}")),
        );
        if row.code != 0 && !told.stdout.is_empty() {
            problems.push("a failed command printed data".to_owned());
        }
        let after: Vec<Vec<u8>> = names.iter().map(|name| desk.read(name)).collect();
        if desk.files() != names || before != after {
            problems.push("files were changed".to_owned());
        }
        for canary in canaries("key-a").iter().chain(&canaries("key-b")).chain([&value]) {
            problems.extend(
                canary
                    .find(said.as_bytes())
                    .map(|coat| format!("a secret is shown ({coat})")),
            );
        }
        for problem in problems {
            wrong.push_str(&format!("\n===== {}: {problem}\n{}", row.name, told.told()));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn from_vector(desk: &Sandbox, name: &str) {
    desk.write("k", fs::read(vector(name)).unwrap());
}

fn changed(desk: &Sandbox, old: &str, new: &str) {
    let before = String::from_utf8(desk.read("s.yaml")).unwrap();
    assert!(before.contains(old), "{before}");
    desk.write("s.yaml", before.replace(old, new));
}

fn template(desk: &Sandbox, source: &str) {
    let quoted = source.replace('\'', "''");
    changed(
        desk,
        "  template:\n",
        &format!("  template:\n    data:\n      out: '{quoted}'\n"),
    );
}
