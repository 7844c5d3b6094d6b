//! What one command line asks for: flags as values, and the namespace, looked up once.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use ::seal::Scope;

use super::words::Failure;
use crate::cluster::{self, ClusterError, Connection, Controller, Namespace};
use crate::files::Limits;
use crate::io::Io;
use crate::personality::flags::Parsed;

/// How objects are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// One value behind the other, indented.
    Json,
    /// Documents behind `---`.
    Yaml,
}

/// One command line.
pub(super) struct Session<'p> {
    /// The flags.
    pub(super) parsed: &'p Parsed,
    /// Which cluster.
    pub(super) connection: Connection,
    /// Which Service in it.
    pub(super) controller: Controller,
    /// What may be read.
    pub(super) limits: Limits,
    /// `--scope`, where it asks for more than strict, which changes nothing.
    pub(super) scope: Option<Scope>,
    namespace: Option<Result<Namespace, String>>,
}

impl<'p> Session<'p> {
    /// Reads the flags.
    ///
    /// # Errors
    ///
    /// `GITSEAL_MAX_BYTES` is not a number.
    pub(super) fn new(parsed: &'p Parsed, io: &Io) -> Result<Self, Failure> {
        let or = |name, default: &str| match parsed.word(name) {
            Some(word) => word.to_string_lossy().into_owned(),
            None => default.to_owned(),
        };
        Ok(Self {
            parsed,
            connection: connection(parsed),
            controller: Controller {
                namespace: or("controller-namespace", "kube-system"),
                name: or("controller-name", "sealed-secrets-controller"),
            },
            limits: Limits::of(io)?,
            scope: Scope::from_str(&parsed.text("scope"))
                .ok()
                .filter(|scope| *scope != Scope::Strict),
            namespace: None,
        })
    }

    /// Whether the mode is to re-encrypt, by its new or its old name.
    pub(super) fn is_re_encrypt(&self) -> bool {
        self.parsed.on("re-encrypt") || self.parsed.on("rotate")
    }

    /// Whether the file that is read is written: re-encrypting without another file named.
    pub(super) fn is_in_place(&self) -> bool {
        self.is_re_encrypt() && self.input().is_some() && self.parsed.word("sealed-secret-file").is_none()
    }

    /// The file to read; `None` is standard input.
    pub(super) fn input(&self) -> Option<&'p Path> {
        self.parsed.word("secret-file").map(Path::new)
    }

    /// The file to write; `None` is standard output. Re-encrypting writes the file that it reads.
    pub(super) fn output(&self) -> Option<&'p Path> {
        let named = self.parsed.word("sealed-secret-file").map(Path::new);
        named.or_else(|| self.input().filter(|_| self.is_re_encrypt()))
    }

    /// How to write: the ending of the file before the flag.
    ///
    /// # Errors
    ///
    /// A format that there is not.
    pub(super) fn format(&self) -> Result<Format, Failure> {
        let ending = self.output().and_then(Path::extension);
        if ending.is_some_and(|ending| ending == "yaml" || ending == "yml") {
            return Ok(Format::Yaml);
        }
        let text = self.parsed.text("format");
        match text.to_lowercase().as_str() {
            "" | "json" => Ok(Format::Json),
            "yaml" => Ok(Format::Yaml),
            _ => Err(Failure::Text(format!("unsupported output format: {text}"))),
        }
    }

    /// The namespace that counts where an object names none.
    ///
    /// # Errors
    ///
    /// A kubeconfig that cannot be read.
    pub(super) fn namespace(&mut self, io: &Io) -> Result<Namespace, Failure> {
        if self.namespace.is_none() {
            let found = cluster::namespace(&self.connection, io).map_err(|error| error.to_string());
            self.namespace = Some(found);
        }
        match &self.namespace {
            Some(Ok(namespace)) => Ok(namespace.clone()),
            Some(Err(text)) => Err(Failure::text(text)),
            None => Ok(Namespace::default()),
        }
    }

    /// The namespace where there must be one.
    ///
    /// # Errors
    ///
    /// A kubeconfig that cannot be read, or no configuration at all.
    pub(super) fn needed_namespace(&mut self, io: &Io) -> Result<String, Failure> {
        let found = self.namespace(io)?.name;
        found.ok_or_else(|| Failure::text(ClusterError::NoConfiguration.to_string()))
    }
}

fn connection(parsed: &Parsed) -> Connection {
    let text = |name| parsed.word(name).map(|word| word.to_string_lossy().into_owned());
    let path = |name| parsed.word(name).map(PathBuf::from);
    Connection {
        kubeconfig: path("kubeconfig"),
        context: text("context"),
        cluster: text("cluster"),
        user: text("user"),
        namespace: text("namespace"),
        server: text("server"),
        token: text("token").map(Into::into),
        username: text("username"),
        password: text("password").map(Into::into),
        certificate_authority: path("certificate-authority"),
        client_certificate: path("client-certificate"),
        client_key: path("client-key"),
        insecure_skip_tls_verify: parsed.on("insecure-skip-tls-verify"),
        tls_server_name: text("tls-server-name"),
        proxy_url: text("proxy-url"),
        disable_compression: parsed.on("disable-compression"),
        request_timeout: text("request-timeout"),
        as_user: text("as"),
        as_groups: parsed
            .all("as-group")
            .iter()
            .map(|group| group.to_string_lossy().into_owned())
            .collect(),
        as_uid: text("as-uid"),
        files: cluster::Files::default(),
    }
}
