//! What is written in two places says the same in both.

use std::fs;

use gitseal_tests::{root, tools};

#[test]
fn the_readme_names_the_two_commands() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let first_screen: String = readme.lines().take(40).collect::<Vec<_>>().join("\n");
    for command in ["cargo run --release -- tour", "cargo test --workspace"] {
        assert!(
            first_screen.contains(command),
            "the first screen of the README lacks `{command}`"
        );
    }
}

#[test]
fn the_pinned_peers_are_the_ones_that_the_harness_names() {
    let cases = [
        (
            "sops",
            format!("github.com/getsops/sops/v3 v{}", tools::SOPS_VERSION),
        ),
        ("age", format!("filippo.io/age v{}", tools::AGE_VERSION)),
    ];
    for (name, pin) in cases {
        let module = fs::read_to_string(root().join("tests/tools").join(name).join("go.mod")).unwrap();
        assert!(module.contains(&pin), "case: {name}");
    }
}

#[test]
fn nothing_names_the_machine_it_was_made_on() {
    // Written apart, so that this file does not find itself.
    let machine = [
        concat!("/", "root/"),
        concat!("/", "work/main"),
        concat!("/", "work/shared"),
        concat!("/", "tmp/peers"),
    ];
    let mut found = Vec::new();
    look_below(&root(), &mut |path, text| {
        found.extend(
            machine
                .iter()
                .filter(|name| text.contains(**name))
                .map(|name| format!("{}: {name}", path.display())),
        );
    });
    assert_eq!(found, Vec::<String>::new());
}

/// Hands every text file of the clone to `look`, without what is built or ignored.
fn look_below(folder: &std::path::Path, look: &mut impl FnMut(&std::path::Path, &str)) {
    for entry in fs::read_dir(folder).unwrap().filter_map(Result::ok) {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_symlink() || name == "target" || name == ".git" {
            continue;
        }
        if path.is_dir() {
            look_below(&path, look);
        } else if let Ok(text) = fs::read_to_string(&path) {
            look(&path, &text);
        }
    }
}
