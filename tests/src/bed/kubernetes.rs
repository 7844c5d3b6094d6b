//! etcd, the API server and the controller manager on free ports of loopback (`tests/tools/k8s`).

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::process::Processes;
use super::write;
use crate::tools;

/// A running API server.
pub(super) struct Kubernetes {
    folder: PathBuf,
    port: u16,
    token: String,
    authority: PathBuf,
    kubeconfig: PathBuf,
}

impl Kubernetes {
    /// Starts all three and waits until they answer.
    pub(super) fn start(folder: &Path, processes: &mut Processes) -> Result<Self, String> {
        let [client, peer, api, manager] = free_ports()?;
        let path = |name: &str| folder.join(name).display().to_string();
        let etcd = |port: u16| format!("http://127.0.0.1:{port}");
        processes.start(
            "etcd",
            &tools::etcd(),
            &[
                format!("--data-dir={}", path("etcd")),
                format!("--listen-client-urls={}", etcd(client)),
                format!("--advertise-client-urls={}", etcd(client)),
                format!("--listen-peer-urls={}", etcd(peer)),
                format!("--initial-advertise-peer-urls={}", etcd(peer)),
                format!("--initial-cluster=default={}", etcd(peer)),
                "--unsafe-no-fsync".to_owned(),
            ],
        )?;

        let key = account_key(folder)?;
        // No secret: it opens a cluster on loopback that lives for one test run.
        let token = "admin-of-the-test-bed".to_owned();
        let tokens = write(
            folder.join("tokens.csv"),
            format!("{token},admin,admin-uid,\"system:masters\"\n"),
        )?;
        processes.start(
            "kube-apiserver",
            &tools::kube_apiserver(),
            &[
                format!("--etcd-servers={}", etcd(client)),
                format!("--secure-port={api}"),
                "--bind-address=127.0.0.1".to_owned(),
                format!("--cert-dir={}", path("certs")),
                format!("--service-account-key-file={key}"),
                format!("--service-account-signing-key-file={key}"),
                "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
                format!("--token-auth-file={}", tokens.display()),
                "--authorization-mode=RBAC".to_owned(),
                "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
                "--disable-admission-plugins=ServiceAccount".to_owned(),
            ],
        )?;
        let authority = folder.join("certs/apiserver.crt");
        let server = format!("https://127.0.0.1:{api}");
        let kubeconfig = write(
            folder.join("kubeconfig"),
            crate::cluster::kubeconfig(&server, &authority, &token),
        )?;
        let kubernetes = Self {
            folder: folder.to_owned(),
            port: api,
            token,
            authority,
            kubeconfig,
        };
        processes.wait("kube-apiserver", || {
            kubernetes.authority.is_file()
                && kubernetes
                    .kubectl(&["get", "--raw", "/readyz"])
                    .is_ok_and(|output| output.stdout == b"ok")
        })?;

        processes.start(
            "kube-controller-manager",
            &tools::kube_controller_manager(),
            &[
                format!("--kubeconfig={}", kubernetes.kubeconfig.display()),
                format!("--service-account-private-key-file={key}"),
                "--leader-elect=false".to_owned(),
                "--bind-address=127.0.0.1".to_owned(),
                format!("--secure-port={manager}"),
                format!("--cert-dir={}", path("manager-certs")),
                "--controllers=namespace-controller,garbage-collector-controller,serviceaccount-controller"
                    .to_owned(),
            ],
        )?;
        // It makes this one in every namespace as soon as it works.
        processes.wait("kube-controller-manager", || {
            kubernetes
                .kubectl(&[
                    "get",
                    "serviceaccount",
                    "default",
                    "--namespace=default",
                    "--output=name",
                ])
                .is_ok_and(|output| output.status.success())
        })?;
        Ok(kubernetes)
    }

    /// `https://127.0.0.1:PORT`.
    pub(super) fn server(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The port of the API server.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The token of an administrator.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// The certificate to trust.
    pub(super) fn authority(&self) -> &Path {
        &self.authority
    }

    /// Runs `kubectl` as the administrator.
    pub(super) fn kubectl(&self, arguments: &[&str]) -> Result<Output, String> {
        self.kubectl_with(arguments, b"")
    }

    /// Creates or changes an object.
    pub(super) fn apply(&self, object: &serde_json::Value) -> Result<(), String> {
        let text = object.to_string();
        let output = self.kubectl_with(&["apply", "--server-side", "--filename=-"], text.as_bytes())?;
        succeeded(&output)
    }

    fn kubectl_with(&self, arguments: &[&str], stdin: &[u8]) -> Result<Output, String> {
        let failed = |error| format!("kubectl does not run: {error}");
        let mut child = Command::new(tools::kubectl())
            .arg(format!("--kubeconfig={}", self.kubeconfig.display()))
            .args(arguments)
            .env("HOME", &self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(stdin).map_err(failed)?;
        }
        child.wait_with_output().map_err(failed)
    }
}

/// The output of a command that had to succeed.
pub(super) fn succeeded(output: &Output) -> Result<(), String> {
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// The key that signs the tokens of service accounts.
fn account_key(folder: &Path) -> Result<String, String> {
    let path = folder.join("accounts.key").display().to_string();
    let output = Command::new("ssh-keygen")
        .args([
            "-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f", &path,
        ])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("ssh-keygen does not run (Debian: openssh-client): {error}"))?;
    succeeded(&output).map(|()| path)
}

/// Ports that nobody listens on; all held until all are found.
fn free_ports<const N: usize>() -> Result<[u16; N], String> {
    let mut ports = [0; N];
    let mut held = Vec::new();
    for port in &mut ports {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| format!("no free port: {error}"))?;
        *port = listener
            .local_addr()
            .map_err(|error| format!("no free port: {error}"))?
            .port();
        held.push(listener);
    }
    Ok(ports)
}
