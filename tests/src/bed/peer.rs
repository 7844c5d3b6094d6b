//! The peer's controller in a network of its own, where the API server's service proxy can reach it.
//!
//! The API server proxies only to the address of a Pod and never to loopback. So there is an interface with such an
//! address, a Pod object that nobody runs, and Services that lead to it.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::kubernetes::{Kubernetes, succeeded};
use super::process::Processes;
use super::write;
use crate::peer_controller::{NAMED_PORT_SERVICE, NAMESPACE, UNNAMED_PORT_SERVICE};
use crate::tools;

/// The Pod's address.
const ADDRESS: &str = "10.99.0.2";

/// Makes the interface and a default route, which the API server wants.
pub(super) fn network() -> Result<(), String> {
    let commands = [
        "link set lo up",
        "link add bed0 type veth peer name bed1",
        "address add 10.99.0.2/24 dev bed0",
        "link set bed0 up",
        "link set bed1 up",
        "route add default via 10.99.0.1 dev bed0",
    ];
    for command in commands {
        let output = Command::new("ip")
            .args(command.split(' '))
            .output()
            .map_err(|error| format!("ip does not run (Debian: iproute2): {error}"))?;
        succeeded(&output).map_err(|why| format!("ip {command}: {why}"))?;
    }
    Ok(())
}

/// Starts the controller and waits until it answers through the API server's proxy.
pub(super) fn controller(
    kubernetes: &Kubernetes,
    folder: &Path,
    processes: &mut Processes,
) -> Result<(), String> {
    kubernetes.apply(&definition())?;
    // Made by the API server itself, a little after it is ready.
    processes.wait("kube-apiserver", || {
        kubernetes
            .kubectl(&["get", "namespace", NAMESPACE, "--output=name"])
            .is_ok_and(|output| output.status.success())
    })?;
    // As in a cluster: an identity in files at a fixed place. The file system over that place is seen by this program alone.
    write(folder.join("token"), kubernetes.token())?;
    write(folder.join("namespace"), NAMESPACE)?;
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--kill-child", "--", "sh", "-euc", AS_POD, "sh"])
        .arg(folder)
        .arg(kubernetes.authority())
        .arg(tools::sealed_controller())
        .arg(format!("--listen-addr={ADDRESS}:8080"))
        .arg(format!("--listen-metrics-addr={ADDRESS}:8081"))
        .args(["--kubeclient-qps=500", "--kubeclient-burst=500"])
        .env("KUBERNETES_SERVICE_HOST", Ipv4Addr::LOCALHOST.to_string())
        .env("KUBERNETES_SERVICE_PORT", kubernetes.port().to_string())
        .env("POD_NAMESPACE", NAMESPACE);
    processes.start_command("controller", command)?;

    kubernetes.apply(&pod())?;
    let status = json!({"status": {"phase": "Running", "podIP": ADDRESS, "podIPs": [{"ip": ADDRESS}]}});
    let output = kubernetes.kubectl(&[
        "patch",
        "pod",
        POD,
        &format!("--namespace={NAMESPACE}"),
        "--subresource=status",
        "--type=merge",
        &format!("--patch={status}"),
    ])?;
    succeeded(&output)?;
    for (name, port) in [(UNNAMED_PORT_SERVICE, None), (NAMED_PORT_SERVICE, Some("http"))] {
        for object in service(name, port) {
            kubernetes.apply(&object)?;
        }
    }
    // It makes its key first, which takes as long as the dice say.
    processes.wait("controller", || {
        let path = format!(
            "/api/v1/namespaces/{NAMESPACE}/services/http:{NAMED_PORT_SERVICE}:http/proxy/v1/cert.pem"
        );
        kubernetes
            .kubectl(&["get", "--raw", &path])
            .is_ok_and(|output| output.stdout.starts_with(b"-----BEGIN CERTIFICATE"))
    })
}

/// A socket that leads to the API server: sockets of the file system are seen from every network.
pub(super) fn socket(kubernetes: &Kubernetes, folder: &Path) -> Result<PathBuf, String> {
    let path = folder.join("api.sock");
    let listener = UnixListener::bind(&path).map_err(|error| format!("no socket: {error}"))?;
    let port = kubernetes.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
                join(stream, server);
            }
        }
    });
    Ok(path)
}

/// Passes bytes between two streams, both ways, until both have ended.
pub(crate) fn join(local: UnixStream, remote: TcpStream) {
    let (Ok(local_reader), Ok(remote_reader)) = (local.try_clone(), remote.try_clone()) else {
        return;
    };
    let (mut local_writer, mut remote_writer) = (local, remote);
    std::thread::spawn(move || {
        let mut reader = local_reader;
        // A broken connection is the end of it, for the other side too.
        let _ = io::copy(&mut reader, &mut remote_writer).and_then(|_| remote_writer.flush());
        let _ = remote_writer.shutdown(Shutdown::Write);
    });
    std::thread::spawn(move || {
        let mut reader = remote_reader;
        let _ = io::copy(&mut reader, &mut local_writer).and_then(|_| local_writer.flush());
        let _ = local_writer.shutdown(Shutdown::Write);
    });
}

/// The kind that the controller watches; as little of it as that needs.
fn definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "sealedsecrets.bitnami.com"},
        "spec": {
            "group": "bitnami.com",
            "names": {"kind": "SealedSecret", "listKind": "SealedSecretList", "plural": "sealedsecrets", "singular": "sealedsecret"},
            "scope": "Namespaced",
            "versions": [{
                "name": "v1alpha1",
                "served": true,
                "storage": true,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "properties": {
                        "spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    },
                }},
            }],
        },
    })
}

/// Stands for the controller; no kubelet runs it.
fn pod() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": POD, "namespace": NAMESPACE},
        "spec": {"containers": [{"name": "controller", "image": "unused.invalid/controller"}]},
    })
}

/// A Service without selector and where it leads.
fn service(name: &str, port: Option<&str>) -> [Value; 2] {
    let metadata = json!({"name": name, "namespace": NAMESPACE});
    let mut service_port = json!({"port": 8080, "protocol": "TCP"});
    if let Some(port) = port {
        service_port["name"] = json!(port);
    }
    let target = json!({"kind": "Pod", "name": POD, "namespace": NAMESPACE});
    [
        json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [service_port]}}),
        json!({
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": metadata,
            "subsets": [{"addresses": [{"ip": ADDRESS, "targetRef": target}], "ports": [service_port]}],
        }),
    ]
}

const POD: &str = "sealed-secrets-controller-0";

/// Arguments: the folder with the identity, the authority, the program with its arguments.
const AS_POD: &str = r#"
place=$(readlink -f /var/run)
mount -t tmpfs tmpfs "$place"
account=$place/secrets/kubernetes.io/serviceaccount
mkdir -p "$account"
cp "$1/token" "$1/namespace" "$account"
cp "$2" "$account/ca.crt"
shift 2
exec "$@"
"#;
