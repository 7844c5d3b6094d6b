//! Real files: parsed, and written back unchanged.

use std::path::{Path, PathBuf};

use yaml::edit::replace;
use yaml::emit::Emit;
use yaml::{Budget, NodeKind, Stream, apply};

use crate::model;

#[test]
fn every_file_of_the_corpus_stays_as_it_is() {
    let folder = folder();
    let Some(manifest) = read(&folder.join("MANIFEST.tsv")) else {
        eprintln!(
            "no corpus at {}: set GITSEAL_CORPUS to its folder",
            folder.display()
        );
        return;
    };
    let mut files = Vec::new();
    collect(&folder, &mut files);
    files.retain(|path| {
        !["MANIFEST.tsv", "README.md"]
            .iter()
            .any(|name| *path == folder.join(name))
    });
    assert_eq!(files.len(), 355, "files in {}", folder.display());
    assert!(manifest.lines().count() >= files.len());

    let mut parsed = 0;
    for path in &files {
        let text = read(path).unwrap();
        let stream = match Stream::parse(&text, &Budget::default()) {
            Ok(stream) => stream,
            // Other stores: dotenv and tabs of JSON are not all YAML.
            Err(_)
                if !path.to_string_lossy().contains(".yaml") && !path.to_string_lossy().contains(".yml") =>
            {
                continue;
            }
            Err(error) => panic!("{}: {error}", path.display()),
        };
        parsed += 1;
        assert_eq!(apply(&text, Vec::new()).unwrap(), text, "{}", path.display());
        let mut patches = Vec::new();
        for node in model::nodes(&stream) {
            if matches!(stream.node(node).kind, NodeKind::Scalar(_)) && !stream.node(node).span.is_empty() {
                // The text of a block scalar ends with its line break, which an edit leaves alone.
                let own = text[stream.node(node).span.clone()].trim_end_matches(['\n', '\r']);
                if !own.starts_with(['|', '>']) {
                    patches.extend(replace(&stream, node, &Emit::Raw(own.into()), false).unwrap());
                }
            }
        }
        assert_eq!(apply(&text, patches).unwrap(), text, "{}", path.display());
    }
    assert!(parsed >= 331, "{parsed} files parsed");
}

/// The folder named by the environment, or the one beside the repository.
#[allow(clippy::disallowed_methods, reason = "a test reads where its corpus is")]
fn folder() -> PathBuf {
    match std::env::var_os("GITSEAL_CORPUS") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
    }
}

#[allow(clippy::disallowed_methods, reason = "a test reads its corpus")]
fn read(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files)
        } else {
            files.push(path)
        }
    }
}
