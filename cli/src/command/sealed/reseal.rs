//! `reseal`: items under old keys are sealed to the current one; nothing else of a file changes (spec/sealed-secrets
//! §19.7).
//!
//! ```text
//! Plan per file (whose certificate, whose controller) ─► Way: a ring of keys, or the controller ─► set items, annotate
//! ```

mod endpoint;
mod file;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use ::seal::KeyRing;
use zeroize::Zeroizing;

use self::endpoint::Endpoint;
use super::certs::{CertArgs, Certs, Recipient};
use super::connection::ClusterArgs;
use super::judge::AllowArgs;
use super::ring::{self, KeyFileArgs};
use super::text;
use crate::args::{Manner, OutputArgs, ReplaceArgs};
use crate::command::file::batch::{self, Work};
use crate::command::file::steps::{self, Destination};
use crate::error::{CliError, Kind};
use crate::files::{self, Found, Limits};
use crate::io::{Io, RandomSource};
use crate::project::Project;

/// Seal items under old keys to the current one
///
/// Files are changed in place; a folder means every YAML and JSON file below it that holds a SealedSecret. Only the
/// texts of items that lie under another key change, and the note of who sealed them. With --key everything happens
/// here; without it the controller of the cluster is asked, which never shows a value.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Files and folders; - is standard input, and the result goes to standard output
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Seal to this certificate, or to this cluster of .gitseal.yaml [default: the cluster of the matching rule]
    #[arg(long, value_name = "CERT|CLUSTER")]
    pub to: Option<String>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub keys: KeyFileArgs,

    /// Write nothing, only say what would change
    #[arg(long)]
    pub dry_run: bool,

    /// Files are always changed in place; accepted for symmetry
    #[arg(short, long)]
    pub in_place: bool,

    /// Report as JSON on standard output
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub replace: ReplaceArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub allow: AllowArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub cluster: ClusterArgs,
}

/// Runs the command.
///
/// # Errors
///
/// An item that does not open: exit 1, with every such item, and its file stays; see also the exit codes of
/// spec/sops-cli §6.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    let output = OutputArgs {
        in_place: args.paths != [Path::new("-")],
        replace: args.replace,
        ..OutputArgs::default()
    };
    let destination = steps::destination(&output, &args.paths, args.json && !args.dry_run, io)?;
    let max = Limits::of(io)?.plain(sops::Store::Yaml);
    let files = steps::collect(&args.paths, io, &text::is_manifest)?;
    let ring = args
        .keys
        .is_given()
        .then(|| ring::ring(&args.keys, io))
        .transpose()?;
    let plans = Planner::new(args, max).plan(&files, ring.is_none(), io)?;
    let stdin = match args.paths.as_slice() {
        [path] if path.as_os_str() == "-" => Some(io.read_stdin(max)?),
        _ => None,
    };
    let run = Run {
        args,
        output,
        ring,
        plans,
        destination,
        stdin,
        max,
        random: io.random.clone(),
    };
    let results = batch::run(&files, io, "resealing", Work::Disk, |found, turn| {
        run.file(found, turn)
    });
    batch::finish(&files, results, io, Manner::Own, args.json)
}

/// One run of the command, shared by its threads.
struct Run<'a> {
    args: &'a Args,
    output: OutputArgs,
    /// None: the controller is asked.
    ring: Option<KeyRing>,
    plans: HashMap<PathBuf, Plan>,
    destination: Destination,
    stdin: Option<Zeroizing<Vec<u8>>>,
    max: u64,
    random: RandomSource,
}

/// To whom the items of one file are sealed.
struct Plan {
    recipient: Arc<Recipient>,
    endpoint: Option<Arc<Mutex<Endpoint>>>,
}

/// Finds and loads every certificate, and calls every controller, before anything is changed.
struct Planner<'a> {
    args: &'a Args,
    cert_args: CertArgs,
    certs: Certs,
    endpoints: HashMap<(PathBuf, String), Arc<Mutex<Endpoint>>>,
    max: u64,
}

impl<'a> Planner<'a> {
    fn new(args: &'a Args, max: u64) -> Self {
        Self {
            args,
            cert_args: CertArgs {
                allow: args.allow.clone(),
                cluster: args.cluster.clone(),
                ..CertArgs::default()
            },
            certs: Certs::default(),
            endpoints: HashMap::new(),
            max,
        }
    }

    fn plan(mut self, files: &[Found], ask: bool, io: &mut Io) -> Result<HashMap<PathBuf, Plan>, CliError> {
        let mut plans = HashMap::new();
        for found in files {
            // Too large or unreadable: told when its turn comes.
            let meant = found.below.is_none()
                || files::read(&found.path, &found.shown, self.max)
                    .is_ok_and(|bytes| text::may_hold_sealed(&bytes));
            if !meant {
                continue;
            }
            let stdin = found.path == Path::new("-");
            let path = if stdin {
                io.cwd.join("-")
            } else {
                crate::config::clean(&found.path)
            };
            let Some(recipient) = self.recipient(found, &path, stdin, io)? else {
                continue;
            };
            let endpoint = match ask {
                true => Some(self.endpoint(&path, &recipient, io)?),
                false => None,
            };
            plans.insert(found.path.clone(), Plan { recipient, endpoint });
        }
        Ok(plans)
    }

    fn recipient(
        &mut self,
        found: &Found,
        path: &Path,
        stdin: bool,
        io: &mut Io,
    ) -> Result<Option<Arc<Recipient>>, CliError> {
        if let Some(word) = &self.args.to {
            let folder = path.parent().unwrap_or_else(|| Path::new("/"));
            return self.certs.named(&self.cert_args, word, folder, io).map(Some);
        }
        let wanted = match stdin {
            true => Some(self.certs.of_stdin(&self.cert_args, io).map_err(by_to)?),
            false => self.certs.wanted(&self.cert_args, path, io)?,
        };
        match wanted.as_deref() {
            Some([one]) => Ok(Some(Arc::clone(one))),
            Some([_, _, ..]) => Err(CliError::new(
                Kind::Conflicting,
                format!("{} is for several clusters", found.shown.display()),
            )
            .hint("name the cluster that it is sealed to with --to")),
            Some([]) if found.below.is_some() => Ok(None),
            None if found.below.is_some() => {
                io.warn(&format!(
                    "{}: no rule of .gitseal.yaml says for which cluster; it is left as it is",
                    found.shown.display()
                ));
                Ok(None)
            }
            Some([]) | None => Err(by_to(CliError::new(
                Kind::Generic,
                format!("nobody says to whom {} is sealed", found.shown.display()),
            ))),
        }
    }

    /// The controller of the cluster that the certificate is of.
    fn endpoint(
        &mut self,
        path: &Path,
        recipient: &Recipient,
        io: &mut Io,
    ) -> Result<Arc<Mutex<Endpoint>>, CliError> {
        let project = self.certs.projects.of_file(path, io)?;
        let named = project.as_deref().zip(recipient.cluster.as_deref());
        let key = named.map_or_else(Default::default, |(project, name): (&Project, &str)| {
            (project.path.clone(), name.to_owned())
        });
        if let Some(known) = self.endpoints.get(&key) {
            known
                .lock()
                .map_err(|_| endpoint::broken())?
                .expect(&recipient.cert)?;
            return Ok(Arc::clone(known));
        }
        let cluster = named.and_then(|(project, name)| project.clusters.get(name));
        let context = cluster.and_then(|cluster| cluster.context.as_deref());
        if context.is_none() && !self.args.cluster.is_given() {
            return Err(CliError::new(Kind::Usage, "reseal needs the old keys, or a cluster to ask").hint(
                "--key FILE names a backup of the keys; --context CONTEXT, or a context in .gitseal.yaml, the cluster",
            ));
        }
        let endpoint = Endpoint::open(
            &self.args.cluster.connection(context),
            &self
                .args
                .cluster
                .controllers(cluster.and_then(|cluster| cluster.controller.as_ref())),
            io,
        )?;
        endpoint.expect(&recipient.cert)?;
        let endpoint = Arc::new(Mutex::new(endpoint));
        self.endpoints.insert(key, Arc::clone(&endpoint));
        Ok(endpoint)
    }
}

fn by_to(mut error: CliError) -> CliError {
    error.hints.clear();
    error.hint("name a certificate, or a cluster of .gitseal.yaml, with --to")
}
