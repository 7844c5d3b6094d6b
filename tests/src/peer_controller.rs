//! The peer's controller in a real cluster, reached as kubeseal reaches it: through the API server's service proxy.
//!
//! Cluster and controller live in namespaces of their own (network, mounts, processes); a port of this process's loopback
//! leads to the API server inside.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::bed;
use crate::cluster::{Bed, Cluster};

/// Where the controller is.
pub const NAMESPACE: &str = "kube-system";

/// A Service as in the peer's plain manifest: its port has no name. This is the name that kubeseal takes by default.
pub const UNNAMED_PORT_SERVICE: &str = "sealed-secrets-controller";

/// A Service as the peer's chart makes it: its port is named `http`.
pub const NAMED_PORT_SERVICE: &str = "sealed-secrets";

/// The cluster with the controller: started once for a test binary.
///
/// # Panics
///
/// If it does not start: a failed test that says why, for instance that this machine allows no namespaces.
pub fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(start)
}

fn start() -> Cluster {
    let mut wrapper = vec![
        "unshare",
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
    ];
    if !rustix::process::geteuid().is_root() {
        wrapper.extend(["--user", "--map-root-user"]);
    }
    let allowed = Command::new(wrapper[0]).args(&wrapper[1..]).arg("true").output();
    let allowed = allowed.expect("unshare starts (Debian: util-linux)");
    assert!(
        allowed.status.success(),
        "this machine allows no namespaces, which the test of the peer's controller needs: {}",
        String::from_utf8_lossy(&allowed.stderr)
    );
    wrapper.push("--");
    let bed = Bed::start(&wrapper, "peer");
    let server = lead_to(bed.text("socket").into());
    Cluster::of(bed, server)
}

/// A port of loopback that leads to a socket.
fn lead_to(socket: PathBuf) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Ok(inside) = UnixStream::connect(&socket) {
                bed::join(inside, stream);
            }
        }
    });
    format!("https://127.0.0.1:{port}")
}
