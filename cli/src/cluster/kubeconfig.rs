//! Kubeconfig files: which are read, how they merge, what a context selects, and the namespace that follows
//! (spec/sealed-secrets §11.8). Connects to nothing.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use kube::config::{AuthInfo, Cluster, Kubeconfig, KubeconfigError};
use secrecy::ExposeSecret;

use super::{ClusterError, Connection, Namespace};
use crate::io::Io;

/// Cluster, user and namespace that the files and flags come to.
pub(super) struct Selected {
    /// Its name in the files, for messages; empty if flags alone say everything.
    pub(super) cluster_name: String,
    /// Where, with the flags over it.
    pub(super) cluster: Cluster,
    /// Its name in the files, for messages.
    pub(super) user_name: String,
    /// Who, with the flags over it.
    pub(super) user: AuthInfo,
    /// The context's namespace.
    namespace: Option<String>,
}

/// The effective namespace; reads files only.
pub(super) fn namespace(connection: &Connection, io: &Io) -> Result<Namespace, ClusterError> {
    if let Some(name) = given(connection.namespace.as_ref()) {
        return Ok(Namespace {
            name: Some(name),
            explicit: true,
        });
    }
    let name = match select(connection, io) {
        Ok(selected) => match selected.namespace {
            Some(name) => Some(name),
            None => Some(in_cluster_namespace(io).unwrap_or_else(|| "default".to_owned())),
        },
        Err(ClusterError::NoConfiguration) => in_cluster_namespace(io),
        Err(error) => return Err(error),
    };
    Ok(Namespace {
        name,
        explicit: false,
    })
}

/// What files and flags select.
///
/// # Errors
///
/// [`ClusterError::NoConfiguration`] if they name no server; [`ClusterError::Configuration`].
pub(super) fn select(connection: &Connection, io: &Io) -> Result<Selected, ClusterError> {
    let files = load(connection, io)?;
    let context_name = given(connection.context.as_ref()).or_else(|| given(files.current_context.as_ref()));
    let context = match &context_name {
        None => None,
        Some(name) => Some(
            files
                .contexts
                .into_iter()
                .find(|named| named.name == *name)
                .ok_or_else(|| ClusterError::Configuration(format!("context \"{name}\" does not exist")))?
                .context
                .unwrap_or_default(),
        ),
    };
    let context = context.unwrap_or_default();

    let flag = given(connection.cluster.as_ref());
    let cluster_name = flag.clone().unwrap_or(context.cluster);
    let found = files
        .clusters
        .into_iter()
        .find(|named| named.name == cluster_name);
    if found.is_none() && flag.is_some() {
        return Err(ClusterError::Configuration(format!(
            "cluster \"{cluster_name}\" does not exist"
        )));
    }
    let mut cluster = found.and_then(|named| named.cluster).unwrap_or_default();

    let flag = given(connection.user.as_ref());
    let user_name = flag.clone().or(context.user).unwrap_or_default();
    let found = files.auth_infos.into_iter().find(|named| named.name == user_name);
    if found.is_none() && flag.is_some() {
        return Err(ClusterError::Configuration(format!(
            "auth info \"{user_name}\" does not exist"
        )));
    }
    let mut user = found.and_then(|named| named.auth_info).unwrap_or_default();

    override_cluster(&mut cluster, connection, io);
    override_user(&mut user, connection, io);
    if cluster.server.as_deref().is_none_or(str::is_empty) {
        return Err(ClusterError::NoConfiguration);
    }
    Ok(Selected {
        cluster_name,
        cluster,
        user_name,
        user,
        namespace: given(context.namespace.as_ref()),
    })
}

fn override_cluster(cluster: &mut Cluster, connection: &Connection, io: &Io) {
    if let Some(server) = given(connection.server.as_ref()) {
        cluster.server = Some(server);
    }
    if let Some(path) = &connection.certificate_authority {
        cluster.certificate_authority = Some(text(&io.resolve(path)));
        cluster.certificate_authority_data = None;
    }
    if connection.insecure_skip_tls_verify {
        cluster.insecure_skip_tls_verify = Some(true);
        // Both together are refused in a file; the flag wins over the file.
        if connection.certificate_authority.is_none() {
            cluster.certificate_authority = None;
            cluster.certificate_authority_data = None;
        }
    }
    if let Some(name) = given(connection.tls_server_name.as_ref()) {
        cluster.tls_server_name = Some(name);
    }
    if let Some(url) = given(connection.proxy_url.as_ref()) {
        cluster.proxy_url = Some(url);
    }
}

fn override_user(user: &mut AuthInfo, connection: &Connection, io: &Io) {
    if let Some(token) = &connection.token
        && !token.expose_secret().is_empty()
    {
        user.token = Some(token.clone());
        user.token_file = None;
    }
    if let Some(name) = given(connection.username.as_ref()) {
        user.username = Some(name);
    }
    if let Some(password) = &connection.password {
        user.password = Some(password.clone());
    }
    if let Some(path) = &connection.client_certificate {
        user.client_certificate = Some(text(&io.resolve(path)));
        user.client_certificate_data = None;
    }
    if let Some(path) = &connection.client_key {
        user.client_key = Some(text(&io.resolve(path)));
        user.client_key_data = None;
    }
    if let Some(name) = given(connection.as_user.as_ref()) {
        user.impersonate = Some(name);
    }
    if !connection.as_groups.is_empty() {
        user.impersonate_groups = Some(connection.as_groups.clone());
    }
    if let Some(uid) = given(connection.as_uid.as_ref()) {
        user.impersonate_uid = Some(uid);
    }
}

/// The files, merged: the first that says a thing wins. Nothing found is an empty configuration.
fn load(connection: &Connection, io: &Io) -> Result<Kubeconfig, ClusterError> {
    if let Some(merged) = connection.files.merged.get() {
        return Ok(merged.clone());
    }
    let merged = load_anew(connection, io)?;
    Ok(connection.files.merged.get_or_init(|| merged).clone())
}

fn load_anew(connection: &Connection, io: &Io) -> Result<Kubeconfig, ClusterError> {
    if let Some(path) = connection
        .kubeconfig
        .as_ref()
        .filter(|path| !path.as_os_str().is_empty())
    {
        return read(path, io)?.ok_or_else(|| {
            ClusterError::Configuration(format!("stat {}: no such file or directory", path.display()))
        });
    }
    let mut merged = Kubeconfig::default();
    for path in default_paths(io) {
        // A list may name files that are not there, as with the peer.
        if let Some(next) = read(&path, io)? {
            merged = merged.merge(next).map_err(|error| unusable(&path, &error))?;
        }
    }
    Ok(merged)
}

fn default_paths(io: &Io) -> Vec<PathBuf> {
    if let Some(list) = io.env("KUBECONFIG").filter(|list| !list.is_empty()) {
        return std::env::split_paths(&list)
            .filter(|path| !path.as_os_str().is_empty())
            .collect();
    }
    let home = io.env("HOME").filter(|home| !home.is_empty());
    home.map(|home| PathBuf::from(home).join(".kube/config"))
        .into_iter()
        .collect()
}

/// One file, its own paths made absolute; `None` if it is not there.
fn read(path: &Path, io: &Io) -> Result<Option<Kubeconfig>, ClusterError> {
    let mut config = match Kubeconfig::read_from(io.resolve(path)) {
        Ok(config) => config,
        Err(KubeconfigError::ReadConfig(error, _)) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(path, &error)),
    };
    // An empty word is no word, and must not win over a later file.
    config.current_context = given(config.current_context.as_ref());
    Ok(Some(config))
}

/// What is wrong with a file, in words without its content: it may hold tokens.
fn unusable(path: &Path, error: &KubeconfigError) -> ClusterError {
    let why = match error {
        KubeconfigError::ReadConfig(error, _) => crate::certificate::plain_words(error),
        KubeconfigError::Parse(error) => match error.location() {
            Some(place) => format!("line {}: this is no kubeconfig", place.line()),
            None => "this is no kubeconfig".to_owned(),
        },
        KubeconfigError::KindMismatch | KubeconfigError::ApiVersionMismatch => {
            "its kind or apiVersion differs from that of the files before it".to_owned()
        }
        _ => "it cannot be used".to_owned(),
    };
    ClusterError::Configuration(format!("error loading config file \"{}\": {why}", path.display()))
}

/// Whether this runs in a cluster with a service account.
pub(super) fn in_cluster(io: &Io) -> bool {
    io.env_text("KUBERNETES_SERVICE_HOST").is_some()
        && io.env_text("KUBERNETES_SERVICE_PORT").is_some()
        && Path::new(SERVICE_ACCOUNT).join("token").is_file()
}

/// The namespace of the pod that this runs in.
fn in_cluster_namespace(io: &Io) -> Option<String> {
    if !in_cluster(io) {
        return None;
    }
    let file = || std::fs::read_to_string(Path::new(SERVICE_ACCOUNT).join("namespace")).ok();
    let name = io
        .env_text("POD_NAMESPACE")
        .or_else(|| given(file().map(|name| name.trim().to_owned()).as_ref()));
    Some(name.unwrap_or_else(|| "default".to_owned()))
}

/// A flag or field that says something.
pub(super) fn given(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Where a cluster puts the files of a pod's identity.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

#[cfg(test)]
#[path = "kubeconfig_tests.rs"]
mod tests;
