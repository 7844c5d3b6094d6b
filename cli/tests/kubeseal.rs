//! The 105 command lines that were observed of the real kubeseal 0.40.0, on ours
//! (`tests/vectors/sealed/kubeseal-cli.json`).
//!
//! `<SEALED key=K label="L" value=B64>` in an expected text stands for an envelope that opens with key K under label L
//! to that value; `…` for any text. Where ours differs on purpose, [`DIFFERENCES`] says what it does instead, and why.

#![allow(clippy::unwrap_used, reason = "a test: what is not there must stop it")]
#![cfg(feature = "seal")]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use gitseal_tests::sandbox::Sandbox;
use seal::{KeyRing, SealedValue, SealingKey};
use secrecy::ExposeSecret;
use serde_json::Value;

#[test]
fn observed_command_lines() {
    let text = std::fs::read(vectors().join("kubeseal-cli.json")).unwrap();
    let all: Value = serde_json::from_slice(&text).unwrap();
    let cases: Vec<Case> = all["cases"].as_array().unwrap().iter().map(Case::of).collect();
    assert_eq!(cases.len(), 105);
    for (id, why, _) in DIFFERENCES {
        assert!(cases.iter().any(|case| case.id == *id), "{id}: {why}");
    }
    let keys = Keys::default();
    let failures: Vec<String> = cases
        .into_iter()
        .filter_map(|case| case.play(&keys).err())
        .collect();
    assert!(
        failures.is_empty(),
        "{} differ\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// What a case expects.
struct Case {
    id: String,
    args: Vec<String>,
    stdin: String,
    env: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
    code: i64,
    stdout: String,
    stderr: String,
    after: BTreeMap<String, String>,
    modes: BTreeMap<String, String>,
}

type Change = fn(&mut Case);

/// Case, reason, and what is expected instead.
const DIFFERENCES: &[(&str, &str, Change)] = &[
    ("seal-list-kind", "§17 no. 9: a List is opened", |case| {
        case.code = 0;
        case.stdout = "{…\"a\": \"<SEALED key=key-a-2048 label=\"prod/app\" value=YQ==>\"…}\n".into();
        case.stderr = String::new();
    }),
    ("seal-other-kind", "§17 no. 9: only Secrets are sealed", |case| {
        case.code = 1;
        case.stdout = String::new();
        case.stderr = "error: line 1: kind ConfigMap found, and only Secrets can be sealed\n".into();
    }),
    (
        "output-missing-dir",
        "the file that is asked for is named: ours is written without a name first",
        |case| {
            case.stderr = "error: open no/out.yaml: no such file or directory\n".into();
        },
    ),
    (
        "merge-default-format-is-json",
        "§17 no. 7: the file keeps its format",
        |case| {
            let after = case.after.get_mut("m.yaml").unwrap();
            *after = format!(
                "---\napiVersion: …\n    old: AgBy3i4O\n    b: {}\n…",
                sealed("prod/app", "YQ==")
            );
        },
    ),
    (
        "merge-scope-not-taken-from-target",
        "§17 no. 7: its scope counts",
        |case| {
            let after = case.after.get_mut("m.yaml").unwrap();
            *after = after.replace("label=\"prod/app\"", "label=\"\"");
        },
    ),
    (
        "merge-target-without-annotations",
        "§17 no. 7: missing maps are made",
        |case| {
            case.code = 0;
            case.stderr = String::new();
            let after = case.after.get_mut("m.yaml").unwrap();
            *after = after
                .replace(
                    "    old:",
                    &format!("    b: {}\n    old:", sealed("prod/app", "Yg==")),
                )
                .replace(
                    "      labels:",
                    "      annotations:\n        x: \"true\"\n      labels:",
                );
        },
    ),
    (
        "merge-target-multi-doc",
        "§17 no. 7: the other documents stay",
        |case| {
            case.after.insert(
                "m.yaml".into(),
                format!("…\n    a: {}\n…\n---\n…", sealed("prod/app", "YQ==")),
            );
        },
    ),
    ("merge-drops-comments", "§17 no. 7, D2: comments stay", |case| {
        let after = format!("# note\n---\n…\n    a: {}\n…", sealed("prod/app", "YQ=="));
        case.after.insert("m.yaml".into(), after);
    }),
    ("recover-no-key", "§11.7: the reason is told before", |case| {
        case.stderr = format!(
            "warning: no private key was given: --recovery-private-key names them\n{}",
            case.stderr
        );
    }),
    ("recover-ec-key", "§11.7: the reason is told before", |case| {
        case.stderr = format!(
            "warning: ec-p256.key.pem…: private key is not an RSA key\n{}",
            case.stderr
        );
    }),
    ("recover-empty", "§17 no. 6: empty input fails", |case| {
        case.code = 1;
        case.stdout = String::new();
        case.stderr = "error: no sealed secrets found. Ensure the input is valid and UTF-8 encoded\n".into();
    }),
    (
        "rotate-is-deprecated",
        "§17 no. 8: the note goes to standard error",
        |case| {
            case.stderr = format!("{}{}", std::mem::take(&mut case.stdout), case.stderr);
        },
    ),
];

impl Case {
    fn of(json: &Value) -> Self {
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        let texts = |name: &str| -> BTreeMap<String, String> {
            let map = json[name].as_object().into_iter().flatten();
            map.map(|(name, text)| (name.clone(), text.as_str().unwrap().to_owned()))
                .collect()
        };
        let mut case = Self {
            id: text("id"),
            args: json["args"]
                .as_array()
                .unwrap()
                .iter()
                .map(|arg| arg.as_str().unwrap().into())
                .collect(),
            stdin: text("stdin"),
            env: texts("env"),
            files: texts("files"),
            code: json["rc"].as_i64().unwrap(),
            stdout: text("stdout"),
            stderr: text("stderr"),
            after: texts("files_after"),
            modes: texts("mode_after"),
        };
        case.stdout = case.stdout.replace("…usage text…", "…");
        if case.code == 2 && case.id != "merge-target-without-annotations" {
            // The vector was cut before the line break.
            case.stdout.push('\n');
        }
        if let Some((.., change)) = DIFFERENCES.iter().find(|(id, ..)| *id == case.id) {
            change(&mut case);
        }
        case
    }

    fn play(self, keys: &Keys) -> Result<(), String> {
        let sandbox = Sandbox::new();
        for entry in std::fs::read_dir(vectors()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "pem") {
                std::fs::copy(&path, sandbox.path(path.file_name().unwrap())).unwrap();
            }
        }
        for (name, content) in &self.files {
            let path = sandbox.write(name, content);
            std::fs::set_permissions(path, PermissionsExt::from_mode(0o644)).unwrap();
        }
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_gitseal"), sandbox.path("kubeseal")).unwrap();
        let mut run = sandbox
            .run("./kubeseal")
            .args(&self.args)
            .stdin(self.stdin.as_bytes());
        for (name, value) in &self.env {
            run = run.env(name, value);
        }
        let outcome = run.go();
        let mut wrong = Vec::new();
        if outcome.code.map(i64::from) != Some(self.code) {
            wrong.push(format!("  exit code {:?}, wanted {}", outcome.code, self.code));
        }
        let mut compare = |what: &str, found: &[u8], wanted: &str| {
            let found = sorted_items(&String::from_utf8_lossy(found));
            if let Err(why) = fits(&found, &sorted_items(wanted), keys) {
                wrong.push(format!(
                    "  {what}: {why}\n--- found\n{found}\n--- wanted\n{wanted}"
                ));
            }
        };
        compare("stdout", &outcome.stdout, &self.stdout);
        compare("stderr", &outcome.stderr, &self.stderr);
        for (name, wanted) in &self.after {
            let found = std::fs::read(sandbox.path(name)).unwrap_or_default();
            if self.args.iter().any(|arg| arg == "--merge-into") && !wanted.contains('…') {
                // New items stand behind the old ones in ours: what counts is the object.
                let (found, wanted) = (canonical(&found), canonical(wanted.as_bytes()));
                compare(name, found.as_bytes(), &wanted);
            } else {
                compare(name, &found, wanted);
            }
        }
        for (name, wanted) in &self.modes {
            let mode = std::fs::metadata(sandbox.path(name)).map(|meta| meta.permissions().mode() & 0o777);
            let mode = mode.map_or_else(|error| error.to_string(), |mode| format!("{mode:o}"));
            if mode != *wanted {
                wrong.push(format!("  mode of {name}: {mode}, wanted {wanted}"));
            }
        }
        match wrong.is_empty() {
            true => Ok(()),
            false => Err(format!("==== {} {:?}\n{}", self.id, self.args, wrong.join("\n"))),
        }
    }
}

/// The private keys of the vectors.
#[derive(Default)]
struct Keys(std::sync::Mutex<BTreeMap<String, KeyRing>>);

impl Keys {
    fn opens(&self, key: &str, label: &str, value: &str, envelope: &str) -> Result<(), String> {
        let mut rings = self.0.lock().unwrap();
        let ring = rings.entry(key.to_owned()).or_insert_with(|| {
            let pem = std::fs::read(vectors().join(format!("{key}.key.pem"))).unwrap();
            KeyRing::newest_first(vec![SealingKey::from_pem(&pem, None, &mut || None).unwrap()])
        });
        let sealed = SealedValue::from_base64(envelope).map_err(|error| error.to_string())?;
        let (plain, _) = seal::open_value(&sealed, &label_of(label), ring, None)
            .map_err(|_| format!("does not open with {key} under {label:?}"))?;
        let found = base64(plain.expose_secret());
        if found == value {
            Ok(())
        } else {
            Err(format!("opens to {found}, wanted {value}"))
        }
    }
}

fn label_of(text: &str) -> seal::Label {
    use seal::{Label, Scope};
    match text.split_once('/') {
        _ if text.is_empty() => Label::new(Scope::ClusterWide, "", ""),
        Some((namespace, name)) => Label::new(Scope::Strict, namespace, name),
        None => Label::new(Scope::NamespaceWide, text, ""),
    }
}

/// Base64 by way of a Secret, so that no further library is needed.
fn base64(bytes: &[u8]) -> String {
    let mut secret = manifest::Secret::default();
    secret
        .data
        .get_or_insert_default()
        .insert("x".into(), bytes.to_vec().into());
    secret.to_value()["data"]["x"].as_str().unwrap().to_owned()
}

/// Whether a text is what a pattern says.
fn fits(found: &str, pattern: &str, keys: &Keys) -> Result<(), String> {
    let mut rest = found;
    let mut pattern = pattern;
    let mut anywhere = false;
    loop {
        let end = [pattern.find('…'), pattern.find("<SEALED ")]
            .into_iter()
            .flatten()
            .min();
        let literal = &pattern[..end.unwrap_or(pattern.len())];
        let at = match anywhere {
            false => rest.starts_with(literal).then_some(0),
            true if end.is_none() => rest.ends_with(literal).then(|| rest.len() - literal.len()),
            true => rest.find(literal),
        };
        let Some(at) = at else {
            return Err(format!("no {literal:?} in {rest:?}"));
        };
        rest = &rest[at + literal.len()..];
        let Some(end) = end else {
            return if rest.is_empty() {
                Ok(())
            } else {
                Err(format!("{rest:?} is too much"))
            };
        };
        pattern = &pattern[end..];
        if let Some(behind) = pattern.strip_prefix('…') {
            pattern = behind;
            anywhere = true;
            continue;
        }
        anywhere = false;
        let (placeholder, behind) = pattern.split_once('>').unwrap();
        let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
        let length = rest.find(|c| !is_base64(c)).unwrap_or(rest.len());
        let field = |name: &str, end: &str| {
            let from = placeholder.find(name).unwrap() + name.len();
            let text = &placeholder[from..];
            text[..text.find(end).unwrap_or(text.len())].to_owned()
        };
        keys.opens(
            &field("key=", " "),
            &field("label=\"", "\""),
            &field("value=", ">"),
            &rest[..length],
        )?;
        rest = &rest[length..];
        pattern = behind;
    }
}

fn sealed(label: &str, value: &str) -> String {
    format!("<SEALED key=key-a-2048 label=\"{label}\" value={value}>")
}

/// The peer lists items in random order.
fn sorted_items(text: &str) -> String {
    let Some((before, rest)) = text.split_once("no key could decrypt secret (") else {
        return text.to_owned();
    };
    let Some((items, behind)) = rest.split_once(')') else {
        return text.to_owned();
    };
    let mut items: Vec<&str> = items.split(", ").collect();
    items.sort_unstable();
    format!(
        "{before}no key could decrypt secret ({}){behind}",
        items.join(", ")
    )
}

/// The objects of a file, keys sorted.
fn canonical(bytes: &[u8]) -> String {
    let objects = manifest::read_objects(bytes, &manifest::Limits::default()).unwrap();
    objects
        .iter()
        .map(|object| manifest::write::yaml(object.value()).to_string())
        .collect()
}

fn vectors() -> PathBuf {
    gitseal_tests::root().join("tests/vectors/sealed")
}

#[test]
fn flaw_10_backups_of_every_shape_are_read() {
    let pem = |key: &str| std::fs::read_to_string(vectors().join(format!("{key}.key.pem"))).unwrap();
    let secret = |key: &str| {
        let text = base64(pem(key).as_bytes());
        format!("{{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"data\":{{\"tls.key\":\"{text}\"}}}}")
    };
    let list = |kind: &str, key: &str| {
        format!(
            "{{\"kind\":\"{kind}\",\"apiVersion\":\"v1\",\"items\":[{}]}}",
            secret(key)
        )
    };
    let sandbox = Sandbox::new();
    sandbox.write(
        "cert.pem",
        std::fs::read(vectors().join("key-a-2048.crt.pem")).unwrap(),
    );
    let plain = "kind: Secret\nmetadata: {name: app, namespace: prod}\ndata: {a: YQ==}\n";
    let run = |args: &[&str], stdin: &[u8]| {
        let gitseal = sandbox.run(env!("CARGO_BIN_EXE_gitseal"));
        gitseal.arg("kubeseal").args(args).stdin(stdin).go()
    };
    let sealed = run(&["--cert", "cert.pem"], plain.as_bytes()).expect(0).stdout;
    for (name, backup) in [
        ("SecretList", list("SecretList", "key-a-2048")),
        (
            "a Secret behind a List",
            format!("{}\n---\n{}\n", list("List", "key-b-2048"), secret("key-a-2048")),
        ),
        (
            "several PEM blocks",
            format!("{}{}", pem("key-b-2048"), pem("key-a-2048")),
        ),
    ] {
        sandbox.write("backup", backup);
        let opened = run(
            &["--recovery-unseal", "--recovery-private-key", "backup"],
            &sealed,
        );
        assert_eq!(
            (opened.code, opened.err().as_str()),
            (Some(0), ""),
            "case: {name}"
        );
        assert!(opened.out().contains("\"a\": \"YQ==\""), "case: {name}");
    }
}

#[test]
fn a_long_stream_stays_in_order() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "cert.pem",
        std::fs::read(vectors().join("key-a-2048.crt.pem")).unwrap(),
    );
    let wide: String = (0..50).map(|item| format!("  k{item:02}: v{item}\n")).collect();
    let stream: String = (0..300)
        .map(|number| match number {
            150 => format!("---\nkind: Secret\nmetadata: {{name: s150, namespace: n}}\nstringData:\n{wide}"),
            _ => {
                format!("---\nkind: Secret\nmetadata: {{name: s{number}, namespace: n}}\ndata: {{a: YQ==}}\n")
            }
        })
        .collect();
    let seal = |stream: String| {
        let gitseal = sandbox.run(env!("CARGO_BIN_EXE_gitseal"));
        gitseal
            .args(["kubeseal", "--cert", "cert.pem", "-o", "yaml"])
            .stdin(stream)
            .go()
    };
    let sealed = seal(stream.clone()).expect(0);
    let objects = manifest::read_objects(&sealed.stdout, &manifest::Limits::default()).unwrap();
    let names: Vec<_> = objects
        .iter()
        .map(|object| object.value()["metadata"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        (0..300).map(|number| format!("s{number}")).collect::<Vec<_>>()
    );
    let items = objects[150].value()["spec"]["encryptedData"].as_object().unwrap();
    assert_eq!(
        items.keys().cloned().collect::<Vec<_>>(),
        (0..50).map(|item| format!("k{item:02}")).collect::<Vec<_>>()
    );
    // What comes before the first that fails is written, as the peer does, whatever batch it is in.
    let failed = seal(stream.replace("name: s200,", "")).expect(1);
    assert_eq!(failed.out().matches("kind: SealedSecret").count(), 200);
    assert_eq!(failed.err(), "error: missing metadata.name in input Secret\n");
}

#[test]
fn patterns_can_fail() {
    let keys = Keys::default();
    for (found, pattern, fit) in [
        ("abc\n", "abc\n", true),
        ("abc\n", "ab", false),
        ("a one b", "a … b", true),
        ("a one c", "a … b", false),
        ("x", "<SEALED key=key-a-2048 label=\"\" value=YQ==>", false),
    ] {
        assert_eq!(fits(found, pattern, &keys).is_ok(), fit, "{found} {pattern}");
    }
}
