//! The real shapes: 355 files of 14 public repositories, as far as the whole program is concerned.
//!
//! That each comes back byte for byte is tested in `yaml` and `sops`.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use gitseal_tests::program::gitseal;
use gitseal_tests::sandbox::Sandbox;
use serde_json::Value;

#[test]
fn every_sops_file_of_the_corpus_is_known_to_be_encrypted() {
    let Some(corpus) = gitseal_tests::corpus() else {
        let _ = writeln!(
            std::io::stderr(),
            "[gitseal-tests] no corpus here (GITSEAL_CORPUS): nothing to check"
        );
        return;
    };
    let manifest = fs::read_to_string(corpus.join("MANIFEST.tsv")).unwrap();
    let rows: Vec<Vec<&str>> = manifest
        .lines()
        .skip(1)
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(rows.len(), 355);
    let files: Vec<&str> = rows
        .iter()
        .filter(|row| row[7].starts_with("sops"))
        .map(|row| row[0])
        .collect();
    assert_eq!(files.len(), 311);

    let sandbox = Sandbox::new();
    let told = sandbox
        .run(gitseal())
        .args(["filestatus", "--json"])
        .args(files.iter().map(|name| corpus.join(name)))
        .go()
        .expect(0);
    let mut answers = Vec::new();
    for value in serde_json::Deserializer::from_slice(&told.stdout).into_iter::<Value>() {
        collect(&value.unwrap(), &mut answers);
    }
    assert_eq!(answers.len(), 311, "one answer a file");
    assert!(
        answers.iter().all(|encrypted| *encrypted),
        "a file is said to be plain\n{}",
        told.told()
    );
}

#[test]
fn sealed_secrets_are_no_sops_files() {
    let Some(corpus) = gitseal_tests::corpus() else {
        return;
    };
    let manifest = fs::read_to_string(corpus.join("MANIFEST.tsv")).unwrap();
    let sealed: Vec<&str> = manifest
        .lines()
        .skip(1)
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .filter(|row| !row[7].starts_with("sops"))
        .map(|row| row[0])
        .collect();
    assert_eq!(sealed.len(), 44);
    let sandbox = Sandbox::new();
    let paths = sealed.iter().map(|name| corpus.join(name));
    let told = sandbox
        .run(gitseal())
        .args(["filestatus", "--json"])
        .args(paths)
        .go()
        .expect(0);
    let mut answers = Vec::new();
    for value in serde_json::Deserializer::from_slice(&told.stdout).into_iter::<Value>() {
        collect(&value.unwrap(), &mut answers);
    }
    assert_eq!(answers, [false; 44]);
}

#[test]
fn a_file_of_the_corpus_without_its_key_says_who_could_open_it() {
    let Some(corpus) = gitseal_tests::corpus() else {
        return;
    };
    let name = "xunholy+k8s-gitops";
    let file = first_with(&corpus.join(name), "age1").unwrap();
    let sandbox = Sandbox::new();
    let told = sandbox.run(gitseal()).arg("decrypt").arg(&file).go().expect(128);
    assert!(told.stdout.is_empty());
    assert!(told.err().contains("age1"), "{}", told.told());
}

/// Every `encrypted: true` or `false` in a report, whatever its shape.
fn collect(value: &Value, answers: &mut Vec<bool>) {
    match value {
        Value::Object(fields) => match fields.get("encrypted") {
            Some(Value::Bool(answer)) => answers.push(*answer),
            _ => fields.values().for_each(|value| collect(value, answers)),
        },
        Value::Array(items) => items.iter().for_each(|value| collect(value, answers)),
        _ => {}
    }
}

fn first_with(folder: &Path, text: &str) -> Option<std::path::PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .ok()?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    entries.into_iter().find_map(|path| {
        if path.is_dir() {
            return first_with(&path, text);
        }
        let content = fs::read_to_string(&path).ok()?;
        (content.contains(text) && content.contains("mac: ENC[")).then_some(path)
    })
}
