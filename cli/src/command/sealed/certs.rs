//! Whom a Secret is sealed to: certificates found by flags or `.gitseal.yaml`, loaded once, and judged
//! (spec/sealed-secrets §2, §19.6).

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use seal::{Scope, SealingCert};

use super::connection::{self, ClusterArgs};
use super::judge::{AllowArgs, Judge};
use super::source;
use crate::certificate::Source;
use crate::error::{CliError, Kind};
use crate::io::Io;
use crate::project::{OutPattern, Project, Projects};

/// Which certificate.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CertArgs {
    /// Seal to this certificate where no rule of .gitseal.yaml says another
    #[arg(long, value_name = "FILE|URL")]
    pub cert: Option<String>,

    /// Seal to these clusters of .gitseal.yaml, whatever its rules say
    #[arg(
        long = "for",
        value_name = "CLUSTERS",
        value_delimiter = ',',
        conflicts_with = "cert"
    )]
    pub clusters: Vec<String>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub allow: AllowArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub cluster: ClusterArgs,
}

/// One certificate that may be sealed to, and what `.gitseal.yaml` says about its cluster.
#[derive(Debug)]
pub struct Recipient {
    /// Name of the cluster; none for a certificate from a flag.
    pub cluster: Option<String>,
    /// The certificate.
    pub cert: SealingCert,
    /// Namespace of Secrets that name none.
    pub namespace: Option<String>,
    /// Labels of SealedSecrets that do not have them.
    pub labels: BTreeMap<String, String>,
    /// Scope of Secrets that ask for none.
    pub scope: Option<Scope>,
    /// Where `seal --for` writes.
    pub out: Option<Out>,
}

/// Where the SealedSecrets of a cluster are written.
#[derive(Debug)]
pub struct Out {
    /// The pattern.
    pub pattern: OutPattern,
    /// The folder that it is seen from, absolute.
    pub folder: PathBuf,
    /// The folder that nothing is written outside of.
    pub root: PathBuf,
}

/// The certificates of a run: each is loaded, and told about, once.
#[derive(Default)]
pub struct Certs {
    /// Projects that were found so far.
    pub projects: Projects,
    loaded: HashMap<Key, Arc<Recipient>>,
    told: bool,
}

/// What a certificate is known by in a run: the project, if it is one of its clusters, and its name.
type Key = (Option<PathBuf>, String);

impl Certs {
    /// Whom a file (absolute) is sealed to: the clusters of `--for`, else those of the rule that fits, else the
    /// certificate of the flags. Nothing where nobody says it.
    ///
    /// # Errors
    ///
    /// A certificate may not be used.
    pub fn wanted(
        &mut self,
        args: &CertArgs,
        file: &Path,
        io: &mut Io,
    ) -> Result<Option<Vec<Arc<Recipient>>>, CliError> {
        let folder = file.parent().unwrap_or_else(|| Path::new("/"));
        self.find(args, folder, Some(file), io)
    }

    /// The same for a file that must have a certificate.
    ///
    /// # Errors
    ///
    /// Nobody says which, or it may not be used.
    pub fn of_file(
        &mut self,
        args: &CertArgs,
        file: &Path,
        io: &mut Io,
    ) -> Result<Vec<Arc<Recipient>>, CliError> {
        let wanted = self.wanted(args, file, io)?.filter(|all| !all.is_empty());
        let Some(wanted) = wanted else {
            let what = format!("no certificate for {}", shown(file, io).display());
            let project = self.projects.of_file(file, io)?;
            return Err(nobody(
                &what,
                project
                    .as_deref()
                    .map(|project| (project, "no rule of it fits; ")),
            ));
        };
        Ok(wanted)
    }

    /// The same for what comes from standard input: rules do not see it.
    ///
    /// # Errors
    ///
    /// As for [`of_file`](Self::of_file).
    pub fn of_stdin(&mut self, args: &CertArgs, io: &mut Io) -> Result<Vec<Arc<Recipient>>, CliError> {
        let folder = io.cwd.clone();
        let wanted = self.find(args, &folder, None, io)?;
        let Some(wanted) = wanted else {
            let project = self.projects.of_folder(&folder, io)?;
            return Err(nobody(
                "no certificate to seal to",
                project.as_deref().map(|project| (project, "")),
            ));
        };
        Ok(wanted)
    }

    /// The certificate that a word names: a cluster of the project of a folder, else a file or URL.
    ///
    /// # Errors
    ///
    /// It is none of these, or may not be used.
    pub fn named(
        &mut self,
        args: &CertArgs,
        word: &str,
        folder: &Path,
        io: &mut Io,
    ) -> Result<Arc<Recipient>, CliError> {
        let project = self.projects.of_folder(folder, io)?;
        match &project {
            Some(found) if found.clusters.contains_key(word) => self.of_cluster(args, found, word, io),
            _ => self.of_source(args, word, project.as_deref(), io),
        }
    }

    fn find(
        &mut self,
        args: &CertArgs,
        folder: &Path,
        file: Option<&Path>,
        io: &mut Io,
    ) -> Result<Option<Vec<Arc<Recipient>>>, CliError> {
        let project = self.projects.of_folder(folder, io)?;
        if !args.clusters.is_empty() {
            let Some(project) = &project else {
                return Err(CliError::new(
                    Kind::Generic,
                    format!("no .gitseal.yaml was found for {}", folder.display()),
                )
                .hint("--for names clusters of this file; without it, name a certificate with --cert"));
            };
            return self.all(args, project, &args.clusters, io).map(Some);
        }
        let rule = project
            .as_ref()
            .zip(file)
            .and_then(|(project, file)| project.clusters_of(file));
        if let (Some(project), Some(names)) = (&project, rule) {
            let recipients = self.all(args, project, names, io)?;
            self.tell_unused(args, project, &recipients, io)?;
            return Ok(Some(recipients));
        }
        if let Some(source) = &args.cert {
            return Ok(Some(vec![self.of_source(
                args,
                source,
                project.as_deref(),
                io,
            )?]));
        }
        if args.cluster.is_given() {
            return Ok(Some(vec![self.of_flags(args, project.as_deref(), io)?]));
        }
        Ok(None)
    }

    fn all(
        &mut self,
        args: &CertArgs,
        project: &Arc<Project>,
        names: &[String],
        io: &mut Io,
    ) -> Result<Vec<Arc<Recipient>>, CliError> {
        let mut recipients: Vec<Arc<Recipient>> = Vec::new();
        for name in names {
            if recipients
                .iter()
                .all(|known| known.cluster.as_deref() != Some(name))
            {
                recipients.push(self.of_cluster(args, project, name, io)?);
            }
        }
        Ok(recipients)
    }

    fn of_cluster(
        &mut self,
        args: &CertArgs,
        project: &Arc<Project>,
        name: &str,
        io: &mut Io,
    ) -> Result<Arc<Recipient>, CliError> {
        let key = (Some(project.path.clone()), name.to_owned());
        if let Some(known) = self.loaded.get(&key) {
            return Ok(Arc::clone(known));
        }
        let cluster = project.cluster(name)?;
        let (bytes, from) = source::of_cluster(&args.cluster, project, name, cluster, io)?;
        let judge = Judge {
            from: &from,
            allow: &args.allow,
            pin: cluster.fingerprint.as_deref(),
            project: Some((project, Some(name))),
            now: io.now(),
        };
        let cert = told(judge.cert(&bytes)?, io);
        let out = cluster.out.as_ref().map(|pattern| Out {
            pattern: pattern.clone(),
            folder: project.folder().to_owned(),
            root: project.root.clone(),
        });
        Ok(self.keep(
            key,
            Recipient {
                cluster: Some(name.to_owned()),
                cert,
                namespace: cluster.namespace.clone(),
                labels: cluster.labels.clone(),
                scope: cluster.scope,
                out,
            },
        ))
    }

    fn of_source(
        &mut self,
        args: &CertArgs,
        word: &str,
        project: Option<&Project>,
        io: &mut Io,
    ) -> Result<Arc<Recipient>, CliError> {
        self.plain(args, word, project, io, |io| {
            let place = Source::parse(word).map_err(|error| source::unusable(word, error.to_string()))?;
            source::read(&place, io)
        })
    }

    /// The certificate of the cluster that flags name.
    fn of_flags(
        &mut self,
        args: &CertArgs,
        project: Option<&Project>,
        io: &mut Io,
    ) -> Result<Arc<Recipient>, CliError> {
        let flags = &args.cluster;
        self.plain(args, "the certificate of the cluster", project, io, |io| {
            connection::fetch_cert(&flags.connection(None), &flags.controllers(None), io)
        })
    }

    fn plain(
        &mut self,
        args: &CertArgs,
        from: &str,
        project: Option<&Project>,
        io: &mut Io,
        bytes: impl FnOnce(&Io) -> Result<Vec<u8>, CliError>,
    ) -> Result<Arc<Recipient>, CliError> {
        let key = (None, from.to_owned());
        if let Some(known) = self.loaded.get(&key) {
            return Ok(Arc::clone(known));
        }
        let judge = Judge {
            from,
            allow: &args.allow,
            pin: None,
            project: project.map(|project| (project, None)),
            now: io.now(),
        };
        let cert = told(judge.cert(&bytes(io)?)?, io);
        Ok(self.keep(
            key,
            Recipient {
                cluster: None,
                cert,
                namespace: None,
                labels: BTreeMap::new(),
                scope: None,
                out: None,
            },
        ))
    }

    fn keep(&mut self, key: Key, recipient: Recipient) -> Arc<Recipient> {
        let recipient = Arc::new(recipient);
        self.loaded.insert(key, Arc::clone(&recipient));
        recipient
    }

    /// A rule counts before `--cert`; that the flag has no effect must not stay unnoticed.
    fn tell_unused(
        &mut self,
        args: &CertArgs,
        project: &Project,
        recipients: &[Arc<Recipient>],
        io: &mut Io,
    ) -> Result<(), CliError> {
        let Some(word) = args.cert.as_deref().filter(|_| !self.told) else {
            return Ok(());
        };
        let named = self.of_source(args, word, Some(project), io)?;
        if recipients
            .iter()
            .any(|one| one.cert.fingerprint() != named.cert.fingerprint())
        {
            self.told = true;
            io.warn(&format!(
                "--cert {word} is not used for files that a rule of {} fits; --for names other clusters",
                project.shown.display()
            ));
        }
        Ok(())
    }
}

/// What is said where nobody names a certificate.
fn nobody(what: &str, project: Option<(&Project, &str)>) -> CliError {
    let error = CliError::new(Kind::Generic, what);
    match project {
        Some((project, why)) => error.hint(format!(
            "{} was found; {why}name a cluster of it with --for, or a certificate with --cert",
            project.shown.display()
        )),
        None => error.hint("name one with --cert, a cluster with --context, or write a .gitseal.yaml"),
    }
}

fn told((cert, warnings): (SealingCert, Vec<String>), io: &mut Io) -> SealingCert {
    for warning in warnings {
        io.warn(&warning);
    }
    cert
}

/// A path as the user would write it.
pub fn shown(path: &Path, io: &Io) -> PathBuf {
    path.strip_prefix(&io.cwd).unwrap_or(path).to_owned()
}
