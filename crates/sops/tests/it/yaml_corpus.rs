//! Real files: all SOPS files of the corpus are read, and written as they were.

use std::path::{Path, PathBuf};

use sops::{Layout, Store};

#[test]
#[allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "the corpus lies outside of the repository"
)]
fn every_sops_file_of_the_corpus_is_read_and_written_as_it_was() {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = std::env::var_os("GITSEAL_CORPUS").map_or(default, PathBuf::from);
    if !root.is_dir() {
        eprintln!("no corpus at {}: nothing was read", root.display());
        return;
    }
    let (mut files, mut open) = (0, vec![root]);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let store = Store::for_path(&path);
            let has_block = String::from_utf8_lossy(&bytes).contains("sops")
                && bytes.windows(14).any(|w| w == b"ENC[AES256_GCM");
            if !has_block {
                continue;
            }
            files += 1;
            let file = store
                .read_encrypted(&bytes)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(
                file.plain_leaves().is_empty(),
                "{}: {:?}",
                path.display(),
                file.plain_leaves()
            );
            assert!(!file.metadata().key_groups.is_empty(), "{}", path.display());
            let written = store.write_encrypted(&file, &Layout::default()).unwrap();
            assert!(written == bytes, "{}", path.display());
        }
    }
    assert_eq!(files, 311);
}
