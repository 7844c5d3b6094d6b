//! The harness of the tests: real programs, a clean place to run them in, and the search for leaks.
//!
//! Imports none of our packages, so that every crate may use it in its own tests.
//!
//! - [`tools`]: the pinned peers (`sops`, `age`, …), built once into a cache outside the clone;
//! - [`program`]: our own binary, as cargo built it;
//! - [`sandbox`]: a throwaway folder with its own home, and commands that see nothing of the machine;
//! - [`canary`]: a secret that must not turn up anywhere;
//! - [`cluster`]: a real Kubernetes API server; [`peer_controller`]: the same with the peer's controller in it;
//! - [`http_server`]: a server that fails as a test says;
//! - [`drawn`]: how often property tests draw, and from which seed;
//! - [`prng`]: random numbers from a seed that is printed.

pub mod bed;
pub mod canary;
pub mod cluster;
pub mod drawn;
pub mod http_server;
pub mod peer_controller;
pub mod prng;
pub mod program;
pub mod sandbox;
pub mod tools;

use std::path::{Path, PathBuf};

/// The root of the clone that this harness was built from.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent()
        .expect("the package lies in a folder of the workspace")
        .to_owned()
}

/// The age identity of `keys-example/`, which is published and opens nothing else.
pub fn example_identity() -> PathBuf {
    root().join("keys-example/age.txt")
}

/// The recipient that belongs to [`example_identity`].
pub const EXAMPLE_RECIPIENT: &str = "age1zfec766xac2wwf6h8t2w7uk8ym45u56nkvfpdmce8g3g98ppc54qmhjck0";

/// The folder of the real, anonymised files, or nothing where this machine has none.
///
/// `GITSEAL_CORPUS` names it; the default is the folder `shared/corpus` beside the clone.
pub fn corpus() -> Option<PathBuf> {
    let dir = match std::env::var_os("GITSEAL_CORPUS") {
        Some(dir) => PathBuf::from(dir),
        None => root().parent()?.join("shared/corpus"),
    };
    dir.join("MANIFEST.tsv").is_file().then_some(dir)
}
