//! A Kubernetes API server, where a command asks for it (spec/sealed-secrets §11.2, §11.6, §11.8, §13). The only place of
//! the CLI that names `kube`. Without the feature `cluster` every call says so.
//!
//! [`Connection`] is what the flags say; nothing is read or connected before a function here is called. [`Session`] is for
//! several calls in a row: one client, one look at the Service, one run of an exec plugin.

#[cfg(feature = "cluster")]
mod client;
#[cfg(feature = "cluster")]
mod config;
#[cfg(feature = "cluster")]
mod exec;
#[cfg(feature = "cluster")]
mod kubeconfig;
#[cfg(feature = "cluster")]
pub(crate) mod proxy;
#[cfg(feature = "cluster")]
pub(crate) mod reason;
#[cfg(feature = "cluster")]
mod session;

use std::path::PathBuf;

use thiserror::Error;

#[cfg(feature = "cluster")]
use crate::io::Io;

#[cfg(feature = "cluster")]
pub use session::Session;

/// Which cluster, as flags say it (kubectl's names). Empty means: not given.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// `--kubeconfig`.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`.
    pub context: Option<String>,
    /// `--cluster`.
    pub cluster: Option<String>,
    /// `--user`.
    pub user: Option<String>,
    /// `--namespace`: explicit.
    pub namespace: Option<String>,
    /// `--server`.
    pub server: Option<String>,
    /// `--token`; secret.
    pub token: Option<secrecy::SecretString>,
    /// `--username`.
    pub username: Option<String>,
    /// `--password`; secret.
    pub password: Option<secrecy::SecretString>,
    /// `--certificate-authority`.
    pub certificate_authority: Option<PathBuf>,
    /// `--client-certificate`.
    pub client_certificate: Option<PathBuf>,
    /// `--client-key`.
    pub client_key: Option<PathBuf>,
    /// `--insecure-skip-tls-verify`.
    pub insecure_skip_tls_verify: bool,
    /// `--tls-server-name`.
    pub tls_server_name: Option<String>,
    /// `--proxy-url`.
    pub proxy_url: Option<String>,
    /// `--disable-compression`.
    pub disable_compression: bool,
    /// `--request-timeout`: `0` is none.
    pub request_timeout: Option<String>,
    /// `--as`.
    pub as_user: Option<String>,
    /// `--as-group`.
    pub as_groups: Vec<String>,
    /// `--as-uid`.
    pub as_uid: Option<String>,
    /// Kubeconfig files once they are read.
    pub files: Files,
}

/// The kubeconfig files of a [`Connection`], kept from the first call on: what comes out of a pipe comes out once.
#[derive(Clone, Default)]
pub struct Files {
    #[cfg(feature = "cluster")]
    merged: std::sync::Arc<std::sync::OnceLock<kube::config::Kubeconfig>>,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Files([redacted])")
    }
}

/// Where the controller's Service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controller {
    /// Namespace.
    pub namespace: String,
    /// Name of the Service.
    pub name: String,
}

/// The namespace that counts where an object names none (§11.8), and whether the user said it himself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespace {
    /// The name; `None` without any configuration.
    pub name: Option<String>,
    /// It was given by `-n`.
    pub explicit: bool,
}

/// Why a cluster gave no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// No configuration at all.
    #[error(
        "invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable"
    )]
    NoConfiguration,
    /// The configuration cannot be used; in words without its content.
    #[error("{0}")]
    Configuration(String),
    /// The Service lookup failed; the API server's message or the reason.
    #[error("{0}")]
    Service(String),
    /// The call through the proxy failed; HTTP status where there is one, and the reason in client-go's words.
    #[error("{reason}")]
    Call {
        /// HTTP status.
        status: Option<u16>,
        /// Reason.
        reason: String,
    },
    /// Built without the feature `cluster`.
    #[error("this build of gitseal cannot reach a cluster (feature `cluster`)")]
    NotBuilt,
}

/// The effective namespace: flag, context, in-cluster file, `default`, nothing. Reads files only.
///
/// # Errors
///
/// A kubeconfig that was named and cannot be read, or is damaged; a context that is named and not there. The peer takes
/// these for "no namespace" where it seals by a certificate.
#[cfg(feature = "cluster")]
pub fn namespace(connection: &Connection, io: &Io) -> Result<Namespace, ClusterError> {
    kubeconfig::namespace(connection, io)
}

/// The current certificate, PEM, by the Service's proxy.
///
/// # Errors
///
/// See [`ClusterError`].
#[cfg(feature = "cluster")]
pub fn fetch_cert(
    connection: &Connection,
    controller: &Controller,
    io: &Io,
) -> Result<Vec<u8>, ClusterError> {
    Session::open(connection, controller, io)?.certificate()
}

/// Asks the controller whether every item of a SealedSecret (JSON) opens.
///
/// # Errors
///
/// [`ClusterError::Call`] with status 409 if one does not; see [`ClusterError`].
#[cfg(feature = "cluster")]
pub fn verify(
    connection: &Connection,
    controller: &Controller,
    sealed: &[u8],
    io: &Io,
) -> Result<(), ClusterError> {
    Session::open(connection, controller, io)?.verify(sealed)
}

/// Has the controller re-encrypt a SealedSecret (JSON): gives its answer, JSON.
///
/// # Errors
///
/// See [`ClusterError`].
#[cfg(feature = "cluster")]
pub fn rotate(
    connection: &Connection,
    controller: &Controller,
    sealed: &[u8],
    io: &Io,
) -> Result<Vec<u8>, ClusterError> {
    Session::open(connection, controller, io)?.rotate(sealed)
}

#[cfg(not(feature = "cluster"))]
pub use without::{Session, fetch_cert, namespace, rotate, verify};

/// The same calls in a build that has no client.
#[cfg(not(feature = "cluster"))]
mod without {
    use super::{ClusterError, Connection, Controller, Namespace};
    use crate::io::Io;

    /// Never made.
    pub enum Session {}

    impl Session {
        /// Refuses.
        ///
        /// # Errors
        ///
        /// Always.
        pub fn open(_: &Connection, _: &Controller, _: &Io) -> Result<Self, ClusterError> {
            Err(ClusterError::NotBuilt)
        }

        /// Cannot be called.
        ///
        /// # Errors
        ///
        /// None.
        pub fn certificate(&mut self) -> Result<Vec<u8>, ClusterError> {
            match *self {}
        }

        /// Cannot be called.
        ///
        /// # Errors
        ///
        /// None.
        pub fn verify(&mut self, _: &[u8]) -> Result<(), ClusterError> {
            match *self {}
        }

        /// Cannot be called.
        ///
        /// # Errors
        ///
        /// None.
        pub fn rotate(&mut self, _: &[u8]) -> Result<Vec<u8>, ClusterError> {
            match *self {}
        }
    }

    /// The namespace of the flag; files are not read.
    ///
    /// # Errors
    ///
    /// Without the flag.
    pub fn namespace(connection: &Connection, _: &Io) -> Result<Namespace, ClusterError> {
        let name = connection.namespace.clone().filter(|name| !name.is_empty());
        match name {
            Some(_) => Ok(Namespace { name, explicit: true }),
            None => Err(ClusterError::NotBuilt),
        }
    }

    /// Refuses.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn fetch_cert(_: &Connection, _: &Controller, _: &Io) -> Result<Vec<u8>, ClusterError> {
        Err(ClusterError::NotBuilt)
    }

    /// Refuses.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn verify(_: &Connection, _: &Controller, _: &[u8], _: &Io) -> Result<(), ClusterError> {
        Err(ClusterError::NotBuilt)
    }

    /// Refuses.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn rotate(_: &Connection, _: &Controller, _: &[u8], _: &Io) -> Result<Vec<u8>, ClusterError> {
        Err(ClusterError::NotBuilt)
    }
}
