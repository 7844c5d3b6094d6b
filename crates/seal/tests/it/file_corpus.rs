//! Every SealedSecret of the corpus: one item set, and nothing else moves.

use std::path::{Path, PathBuf};

use seal::file::{Kind, SealedFile};

use crate::file_support::parse;

#[test]
#[allow(clippy::print_stderr, reason = "a test that finds no corpus says so")]
fn setting_one_item_changes_that_value_only() {
    let folder = folder();
    let Some(manifest) = read(&folder.join("MANIFEST.tsv")) else {
        eprintln!(
            "no corpus at {}: set GITSEAL_CORPUS to its folder",
            folder.display()
        );
        return;
    };
    let rows = manifest.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let files: Vec<_> = rows
        .filter(|row| row.get(7) == Some(&"sealedsecret-yaml"))
        .map(|row| row[0])
        .collect();
    assert_eq!(files.len(), 44);
    let mut set = 0;
    for name in files {
        let text = read(&folder.join(name)).unwrap();
        assert_eq!(parse(&text).into_text().as_str(), text, "{name}");
        for (place, kind, _) in parse(&text).objects() {
            assert_eq!(kind, Kind::SealedSecret, "{name}");
            let items = parse(&text).sealed_secret(place).unwrap().spec.encrypted_data;
            for (item, old) in items {
                assert_eq!(text.matches(&old).count(), 1, "{name}: {item}");
                let edited = |edit: &dyn Fn(&mut SealedFile)| {
                    let mut file = parse(&text);
                    edit(&mut file);
                    file.into_text()
                };
                let new = edited(&|file| file.set_item(place, &item, "AgNEW").unwrap());
                assert_eq!(new.as_str(), text.replace(&old, "AgNEW"), "{name}: {item}");
                set += 1;

                // With the annotation: one or two lines more, all others as they were.
                let both = edited(&|file| {
                    file.set_item(place, &item, "AgNEW").unwrap();
                    file.set_annotation(place, "gitseal.dev/sealed-by", Some("SHA256:x strict"))
                        .unwrap();
                });
                let more: Vec<_> = both
                    .lines()
                    .filter(|line| !new.lines().any(|old| old == *line))
                    .collect();
                assert!(
                    more.iter()
                        .all(|line| line.contains("sealed-by") || line.trim() == "annotations:"),
                    "{name}"
                );
                assert!(is_within(&new, &both), "{name}: {item}");

                let gone = edited(&|file| file.remove_item(place, &item).unwrap());
                assert!(!gone.contains(&old) && gone.len() < text.len(), "{name}: {item}");
                let renamed = edited(&|file| file.rename_item(place, &item, "renamed-item").unwrap());
                assert_eq!(
                    renamed.len() + item.len(),
                    text.len() + "renamed-item".len(),
                    "{name}: {item}"
                );
            }
        }
    }
    assert!(set >= 70, "{set} items set");
}

/// Whether all lines of a text stand in another one in their order.
fn is_within(lines: &str, all: &str) -> bool {
    let mut all = all.lines();
    lines.lines().all(|line| all.any(|other| other == line))
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
