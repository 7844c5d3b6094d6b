//! The real programs that tests compare us with, built on first use.
//!
//! Each peer is a Go module of its own in `tests/tools/NAME/`. A program is built into
//! `$GITSEAL_TOOLS_CACHE`, else `$XDG_CACHE_HOME/gitseal/tools`, else `~/.cache/gitseal/tools`, in
//! a folder named after the content of `go.mod` and `go.sum` and the Go release, so a new pin is
//! a new folder and an old one is never wrong. One build runs at a time, on the whole machine.
//!
//! `GITSEAL_TOOL_SOPS=/usr/local/bin/sops`, and the like for each program, names one that is there
//! already. Nothing here is ever skipped: what cannot be had is a failed test that says why.

mod cache;
mod error;
mod peer;

use std::path::PathBuf;

pub use error::ToolError;
use peer::Peer;

pub(crate) use peer::say;

/// The SOPS release that the tests compare with.
pub const SOPS_VERSION: &str = "3.13.3";

/// The age release that the tests compare with.
pub const AGE_VERSION: &str = "1.3.2";

macro_rules! sealed_version {
    () => {
        "0.40.0"
    };
}

/// The Sealed Secrets release that the tests compare with.
pub const SEALED_VERSION: &str = sealed_version!();

macro_rules! kubernetes_version {
    () => {
        "1.36.3"
    };
}

/// The Kubernetes release that the tests run.
pub const KUBERNETES_VERSION: &str = kubernetes_version!();

/// The real `sops`.
pub fn sops() -> PathBuf {
    SOPS.program("sops")
}

/// The real `age`.
pub fn age() -> PathBuf {
    AGE.program("age")
}

/// The real `age-keygen`.
pub fn age_keygen() -> PathBuf {
    AGE.program("age-keygen")
}

/// age's own plugin for passphrases from the environment. Its folder goes on `PATH`.
pub fn age_plugin_batchpass() -> PathBuf {
    AGE.program("age-plugin-batchpass")
}

/// age's own plugin for post-quantum recipients, for versions before 1.3. Its folder goes on `PATH`.
pub fn age_plugin_pq() -> PathBuf {
    AGE.program("age-plugin-pq")
}

/// The folder of the 143 age test vectors of C2SP.
pub fn cctv_age() -> PathBuf {
    if let Some(dir) = std::env::var_os("GITSEAL_TOOL_CCTV_AGE") {
        return PathBuf::from(dir);
    }
    CCTV.folder().join("testdata")
}

/// The real `kubeseal`.
pub fn kubeseal() -> PathBuf {
    SEALED.program("kubeseal")
}

/// The peer's controller; outside a cluster it does nothing, see [`peer_controller`](crate::peer_controller).
pub fn sealed_controller() -> PathBuf {
    SEALED.file_of_program("sealed-controller", "controller")
}

/// `etcd`, as Kubernetes pins it.
pub fn etcd() -> PathBuf {
    // Go names a program after the last part of its path.
    kubernetes("etcd", "server")
}

/// The real API server.
pub fn kube_apiserver() -> PathBuf {
    kubernetes("kube-apiserver", "kube-apiserver")
}

/// The real controller manager: namespaces, garbage collection, service accounts.
pub fn kube_controller_manager() -> PathBuf {
    kubernetes("kube-controller-manager", "kube-controller-manager")
}

/// The real `kubectl`.
pub fn kubectl() -> PathBuf {
    kubernetes("kubectl", "kubectl")
}

/// A program of Kubernetes: from `$KUBEBUILDER_ASSETS`, where that folder has it, else built.
fn kubernetes(name: &str, file: &str) -> PathBuf {
    let there = std::env::var_os("KUBEBUILDER_ASSETS").map(|folder| PathBuf::from(folder).join(name));
    match there.filter(|path| path.is_file()) {
        Some(path) => path,
        None => K8S.file_of_program(name, file),
    }
}

static SOPS: Peer = Peer::programs("sops", "");
static AGE: Peer = Peer::programs("age", "");
static SEALED: Peer = Peer::programs("sealed", concat!("-X main.VERSION=v", sealed_version!()));
static K8S: Peer = Peer::programs(
    "k8s",
    concat!(
        "-X k8s.io/component-base/version.gitVersion=v",
        kubernetes_version!()
    ),
);
static CCTV: Peer = Peer::data("cctv", "c2sp.org/CCTV/age");

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::cache::Fnv;
    use super::*;

    #[test]
    fn the_programs_are_the_pinned_ones() {
        let says = |program: PathBuf, arguments: &[&str]| {
            let output = Command::new(&program).args(arguments).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(
            says(sops(), &["--disable-version-check", "--version"])
                .lines()
                .next(),
            Some(format!("sops {SOPS_VERSION}").as_str())
        );
        assert!(
            says(age(), &["--version"]).contains(AGE_VERSION),
            "age is another release"
        );
        assert_eq!(
            says(kubeseal(), &["--version"]),
            format!("kubeseal version: v{SEALED_VERSION}\n")
        );
        assert_eq!(
            says(sealed_controller(), &["--version"]),
            format!("controller version: v{SEALED_VERSION}\n")
        );
        // Those of $KUBEBUILDER_ASSETS are whatever they are.
        if std::env::var_os("KUBEBUILDER_ASSETS").is_none() {
            assert_eq!(
                says(kube_apiserver(), &["--version"]),
                format!("Kubernetes v{KUBERNETES_VERSION}\n")
            );
        }
        for program in [
            etcd(),
            kubectl(),
            kube_controller_manager(),
            age_keygen(),
            age_plugin_batchpass(),
            age_plugin_pq(),
        ] {
            assert!(program.is_file(), "{} is missing", program.display());
        }
        assert_eq!(fs::read_dir(cctv_age()).unwrap().count(), 143);
    }

    #[test]
    fn a_changed_pin_is_another_folder() {
        let of = |parts: &[&str]| {
            let mut hash = Fnv::new();
            parts.iter().for_each(|part| hash.add(part.as_bytes()));
            hash.0
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["ab"]), of(&["ac"]));
    }

    #[test]
    fn a_failed_build_says_what_go_said() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("go.mod"),
            "module x\n\ngo 1.25.0\n\ntool example.invalid/nothing\n",
        )
        .unwrap();
        let error = SOPS.build(folder.path(), "", folder.path()).unwrap_err();
        assert!(error.to_string().contains("example.invalid"), "{error}");
    }
}
