//! A real Kubernetes API server for tests, with etcd and the controller manager, without nodes.
//!
//! Everything runs below the program `gitseal-test-bed`, which stops it when the test process ends, however it ends.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::{program, tools};

/// A running cluster; stopped when it is dropped.
pub struct Cluster {
    bed: Bed,
    server: String,
    kubeconfig: PathBuf,
}

impl Cluster {
    /// The cluster of this test binary: started once, shared by all tests, each in a [`namespace`](Self::namespace) of its
    /// own.
    ///
    /// # Panics
    ///
    /// If it does not start: a failed test that says why.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts one for a test that breaks it.
    ///
    /// # Panics
    ///
    /// As [`shared`](Self::shared).
    pub fn start() -> Self {
        let bed = Bed::start(&[], "cluster");
        let server = bed.text("server");
        Self::of(bed, server)
    }

    /// A cluster whose API server is reached at `server`.
    pub(crate) fn of(bed: Bed, server: String) -> Self {
        let kubeconfig = PathBuf::from(bed.text("folder")).join("kubeconfig-of-tests");
        let text = self::kubeconfig(&server, Path::new(&bed.text("authority")), &bed.text("token"));
        fs::write(&kubeconfig, text).expect("the bed's folder takes files");
        Self {
            bed,
            server,
            kubeconfig,
        }
    }

    /// `https://127.0.0.1:PORT`.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// A kubeconfig of an administrator.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The certificate to trust, PEM.
    pub fn authority(&self) -> PathBuf {
        self.bed.text("authority").into()
    }

    /// The token of an administrator.
    pub fn token(&self) -> String {
        self.bed.text("token")
    }

    /// Runs `kubectl` as an administrator; `stdin` goes to it.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn kubectl(&self, arguments: &[&str], stdin: &[u8]) -> Output {
        let mut child = Command::new(tools::kubectl())
            .arg(format!("--kubeconfig={}", self.kubeconfig.display()))
            .args(arguments)
            .env("HOME", self.bed.text("folder"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kubectl starts");
        // It need not read what it is given.
        let _ = child.stdin.take().map(|mut input| input.write_all(stdin));
        child.wait_with_output().expect("a child can be waited for")
    }

    /// Makes a namespace that no other test has.
    ///
    /// # Panics
    ///
    /// If the API server refuses.
    pub fn namespace(&self) -> String {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("test-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let output = self.kubectl(&["create", "namespace", &name], b"");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        name
    }
}

/// A kubeconfig of one cluster and one user, with the namespace `default`.
pub fn kubeconfig(server: &str, authority: &Path, token: &str) -> String {
    serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "bed", "cluster": {"server": server, "certificate-authority": authority}}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "bed", "context": {"cluster": "bed", "user": "admin"}}],
        "current-context": "bed",
    })
    .to_string()
}

/// The program that runs it all.
pub(crate) struct Bed {
    child: Child,
    /// Its end tells the program to stop.
    input: Option<ChildStdin>,
    ready: Value,
}

impl Bed {
    /// Starts it, behind the words of `wrapper`, and waits until it says that all is there.
    pub(crate) fn start(wrapper: &[&str], kind: &str) -> Self {
        let bed = program::test_bed();
        let mut words: Vec<&std::ffi::OsStr> = wrapper.iter().map(std::ffi::OsStr::new).collect();
        words.extend([bed.as_os_str(), std::ffi::OsStr::new(kind)]);
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        // Built here: where it runs there may be no way to a registry.
        for (variable, path) in [
            ("GITSEAL_TOOL_ETCD", tools::etcd()),
            ("GITSEAL_TOOL_KUBE_APISERVER", tools::kube_apiserver()),
            (
                "GITSEAL_TOOL_KUBE_CONTROLLER_MANAGER",
                tools::kube_controller_manager(),
            ),
            ("GITSEAL_TOOL_KUBECTL", tools::kubectl()),
            ("GITSEAL_TOOL_SEALED_CONTROLLER", tools::sealed_controller()),
        ] {
            command.env(variable, path);
        }
        command.env_remove("KUBEBUILDER_ASSETS");
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let input = child.stdin.take();
        let output = child.stdout.take().expect("it was asked for");
        let mut line = String::new();
        BufReader::new(output)
            .read_line(&mut line)
            .expect("a pipe can be read");
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| {
            let status = child.wait();
            panic!("the test bed did not start ({status:?}); what it said is above, its command: {command:?}")
        });
        Self { child, input, ready }
    }

    /// A word of its line.
    pub(crate) fn text(&self, key: &str) -> String {
        let word = self.ready.get(key).and_then(Value::as_str);
        word.unwrap_or_else(|| panic!("the test bed does not say its {key}"))
            .to_owned()
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
