//! Where the bytes of a certificate come from: a file, a URL, or the controller of a cluster.

use super::certs::shown;
use super::connection::{self, ClusterArgs};
use crate::certificate::{self, Source, Trust};
use crate::error::{CliError, Kind};
use crate::io::Io;
use crate::project::{Cluster, Project};

/// The certificate of a cluster as `.gitseal.yaml` names it, and how to call it.
///
/// # Errors
///
/// There are no bytes.
pub(super) fn of_cluster(
    flags: &ClusterArgs,
    project: &Project,
    name: &str,
    cluster: &Cluster,
    io: &Io,
) -> Result<(Vec<u8>, String), CliError> {
    if let Some(file) = &cluster.cert {
        let path = shown(&crate::config::clean(&project.folder().join(file)), io);
        let from = path.display().to_string();
        let bytes = read(&Source::File(path), io).map_err(|error| match fetches(cluster) {
            true => error.hint(format!("gitseal fetch-cert {name} stores it")),
            false => error,
        })?;
        return Ok((bytes, from));
    }
    let bytes = fetch(flags, project, name, cluster, io)?;
    Ok((bytes, format!("the certificate of cluster {name}")))
}

/// Whether `.gitseal.yaml` says where the certificate of a cluster can be fetched.
pub fn fetches(cluster: &Cluster) -> bool {
    cluster.url.is_some() || cluster.context.is_some()
}

/// Fetches the certificate of a cluster from where `.gitseal.yaml` says.
///
/// # Errors
///
/// It does not say it, or there is no answer.
pub fn fetch(
    flags: &ClusterArgs,
    project: &Project,
    name: &str,
    cluster: &Cluster,
    io: &Io,
) -> Result<Vec<u8>, CliError> {
    if let Some(url) = &cluster.url {
        return read(&Source::Url(url.clone()), io);
    }
    if cluster.context.is_none() {
        return Err(CliError::new(
            Kind::Generic,
            format!(
                "{} does not say where to fetch the certificate of cluster {name}",
                project.shown.display()
            ),
        )
        .hint("give it a url or a context in .gitseal.yaml, or name the certificate with --cert"));
    }
    let connection = flags.connection(cluster.context.as_deref());
    connection::fetch_cert(&connection, &flags.controllers(cluster.controller.as_ref()), io)
}

/// Reads a certificate, trusting no redirect to another host.
///
/// # Errors
///
/// There are no bytes: exit 1.
pub fn read(source: &Source, io: &Io) -> Result<Vec<u8>, CliError> {
    certificate::fetch(source, Trust::Careful, io).map_err(|error| {
        let from = match source {
            Source::File(path) => path.display().to_string(),
            Source::Url(_) => "the certificate".to_owned(),
        };
        unusable(&from, error.to_string())
    })
}

/// What is said about a certificate that cannot be read.
pub(super) fn unusable(from: &str, why: String) -> CliError {
    CliError::new(Kind::Generic, format!("cannot read {from}")).because(CliError::new(Kind::Generic, why))
}
