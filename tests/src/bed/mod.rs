//! The inside of the program `gitseal-test-bed`: starts a cluster, says where it is, stops it when its input ends.
//!
//! A process of its own, so that nothing outlives the tests: its standard input is a pipe that the tests hold, and which the
//! system closes however they end. The tests' side is in [`cluster`](crate::cluster) and
//! [`peer_controller`](crate::peer_controller).

mod kubernetes;
mod peer;
mod process;

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use kubernetes::Kubernetes;
pub(crate) use peer::join;
use process::Processes;

/// What is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// etcd, the API server, the controller manager.
    Cluster,
    /// The same with the peer's controller, in namespaces that the caller has made.
    Peer,
}

/// Starts all, writes one line of JSON, waits for the end of standard input, stops all.
///
/// # Errors
///
/// What did not start, with the end of its log.
pub fn run(kind: Kind) -> Result<(), String> {
    let folder = tempfile::Builder::new()
        .prefix("gitseal-bed-")
        .tempdir()
        .map_err(|error| format!("no temp folder: {error}"))?;
    // Dropped before the folder: the programs stop first.
    let mut processes = Processes::new(folder.path());
    if kind == Kind::Peer {
        peer::network()?;
    }
    let kubernetes = Kubernetes::start(folder.path(), &mut processes)?;
    let mut ready = serde_json::json!({
        "folder": folder.path(),
        "server": kubernetes.server(),
        "token": kubernetes.token(),
        "authority": kubernetes.authority(),
    });
    if kind == Kind::Peer {
        peer::controller(&kubernetes, folder.path(), &mut processes)?;
        ready["socket"] = serde_json::json!(peer::socket(&kubernetes, folder.path())?);
    }
    let mut stdout = io::stdout();
    writeln!(stdout, "{ready}")
        .and_then(|()| stdout.flush())
        .map_err(|error| format!("nobody listens: {error}"))?;
    // Whatever comes is no reason to stop; its end is.
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    drop(processes);
    Ok(())
}

/// The end of a file, for messages.
fn tail(path: &Path) -> String {
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text));
    if read.is_err() {
        return String::new();
    }
    let from = text.lines().count().saturating_sub(20);
    text.lines().skip(from).collect::<Vec<_>>().join("\n")
}

fn write(path: PathBuf, content: impl AsRef<[u8]>) -> Result<PathBuf, String> {
    fs::write(&path, content).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(path)
}
