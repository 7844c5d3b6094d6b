//! `seal`: Secrets of files become SealedSecrets; everything else in the files stays (spec/sealed-secrets §11.1, §19).

mod file;
mod outside;
mod place;
mod raw;
mod settle;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use ::seal::Scope;
use clap::ValueEnum;
use sops::Store;
use zeroize::Zeroizing;

use super::certs::{CertArgs, Certs, Recipient};
use super::text;
use crate::args::{Manner, OutputArgs};
use crate::command::file::batch;
use crate::command::file::steps::{self, Destination};
use crate::error::{CliError, Kind};
use crate::files::{self, Found, Limits};
use crate::io::{Io, RandomSource};

/// Seal Secrets to the key of a cluster
///
/// Reads Secrets (YAML or JSON, several documents, Lists) and makes SealedSecrets of them, which only the cluster can
/// open. In place, other documents and all comments stay, and what is sealed already is left alone. A folder means
/// every file below it with a Secret that a rule of .gitseal.yaml has a cluster for. Sealing needs no cluster
/// connection: the certificate comes from a rule of .gitseal.yaml, from --for or from --cert.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Files and folders; - is standard input [default: -]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub output: OutputArgs,

    /// Print every object of the input anew in this format
    #[arg(short = 'o', long, value_name = "FORMAT", conflicts_with = "in_place")]
    pub format: Option<Format>,

    /// Write the SealedSecrets below this folder, to CLUSTER/NAMESPACE/NAME.yaml
    #[arg(long, value_name = "DIR", conflicts_with_all = ["in_place", "output", "format"])]
    pub out: Option<PathBuf>,

    /// How far the SealedSecret may be renamed or moved: strict, namespace-wide or cluster-wide
    /// [default: the annotation of the Secret, else the cluster's in .gitseal.yaml, else strict]
    #[arg(long, value_name = "SCOPE", value_parser = scope)]
    pub scope: Option<Scope>,

    /// Namespace of Secrets that name none; those that name another are refused
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,

    /// Seal Secrets without data too
    #[arg(long)]
    pub allow_empty_data: bool,

    /// Treat values that are no text, and would be sealed in another spelling, as errors
    #[arg(long)]
    pub strict: bool,

    /// Report as JSON on standard output (with --in-place, --output or --out)
    #[arg(long)]
    pub json: bool,

    /// Seal one value as it is, and print the ciphertext alone
    #[arg(long, conflicts_with_all = ["in_place", "format", "out", "json"])]
    pub raw: bool,

    /// Name of the SealedSecret that the value is for (with --raw)
    #[arg(long, value_name = "NAME", requires = "raw")]
    pub name: Option<String>,

    /// Take the value from this file (with --raw)
    #[arg(long, value_name = "FILE", requires = "raw", conflicts_with = "paths")]
    pub from_file: Option<PathBuf>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub cert: CertArgs,
}

/// How objects are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One value behind the other.
    Json,
    /// Documents behind `---`.
    Yaml,
}

/// Reads the word of a scope.
///
/// # Errors
///
/// It is none.
pub fn scope(word: &str) -> Result<Scope, &'static str> {
    word.parse()
        .map_err(|()| "must be one of: strict, namespace-wide, cluster-wide")
}

/// Runs the command.
///
/// # Errors
///
/// See the exit codes of spec/sops-cli §6.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    if args.raw {
        return raw::run(args, io);
    }
    let stdin = [PathBuf::from("-")];
    let paths = if args.paths.is_empty() {
        &stdin[..]
    } else {
        &args.paths[..]
    };
    let max = Limits::of(io)?.plain(Store::Yaml);
    let files = steps::collect(paths, io, &is_manifest)?;
    let plans = plan(args, &files, max, io)?;
    let destination = destination(args, paths, &plans, io)?;
    let stdin = match files.first() {
        Some(found) if is_stdin(found) => Some(io.read_stdin(max)?),
        _ => None,
    };
    let run = Run {
        args,
        plans,
        destination,
        stdin,
        max,
        cwd: io.cwd.clone(),
        random: io.random.clone(),
        claimed: Mutex::default(),
    };
    let results = batch::run(&files, io, "sealing", batch::Work::Disk, |found, turn| {
        run.file(found, turn)
    });
    batch::finish(&files, results, io, Manner::Own, args.json)
}

/// One run of the command, shared by its threads.
struct Run<'a> {
    args: &'a Args,
    plans: Plans,
    destination: Where,
    stdin: Option<Zeroizing<Vec<u8>>>,
    max: u64,
    cwd: PathBuf,
    random: RandomSource,
    /// Files that this run has written below `out`.
    claimed: Mutex<HashSet<PathBuf>>,
}

/// Whom each file is sealed to: nobody where all is sealed already. Files that are not meant have no entry.
type Plans = HashMap<PathBuf, Vec<Arc<Recipient>>>;

/// Where results go.
enum Where {
    /// All to one place.
    One(Destination),
    /// Each SealedSecret to a file of its own.
    Apart,
}

/// Finds and loads every certificate before anything is sealed.
fn plan(args: &Args, files: &[Found], max: u64, io: &mut Io) -> Result<Plans, CliError> {
    let mut certs = Certs::default();
    let mut plans = Plans::new();
    for found in files {
        let recipients = if is_stdin(found) {
            certs.of_stdin(&args.cert, io)?
        } else if found.below.is_none() {
            certs.of_file(&args.cert, &found.path, io)?
        } else {
            // What cannot be read, or is too large, is not known to hold a Secret.
            let Ok(bytes) = files::read(&found.path, &found.shown, max) else {
                continue;
            };
            if !may_hold_secret(&bytes) {
                if bytes.windows(SEALED.len()).any(|window| window == SEALED) {
                    plans.insert(found.path.clone(), Vec::new());
                }
                continue;
            }
            match certs.wanted(&args.cert, &found.path, io)? {
                Some(recipients) if recipients.is_empty() => continue,
                Some(recipients) => recipients,
                None => {
                    io.warn(&format!(
                        "{}: no rule of .gitseal.yaml says for which cluster; it is left as it is",
                        found.shown.display()
                    ));
                    continue;
                }
            }
        };
        plans.insert(found.path.clone(), recipients);
    }
    Ok(plans)
}

fn destination(args: &Args, paths: &[PathBuf], plans: &Plans, io: &Io) -> Result<Where, CliError> {
    let one_place = args.output.in_place || args.output.output.is_some() || args.format.is_some();
    let several = plans.values().any(|all| all.len() > 1);
    let for_clusters = !args.cert.clusters.is_empty();
    let all_say_where = plans.values().flatten().all(|one| one.out.is_some());
    if !one_place && (args.out.is_some() || several || for_clusters && all_say_where && !plans.is_empty()) {
        return Ok(Where::Apart);
    }
    steps::destination(&args.output, paths, args.json, io).map(Where::One)
}

fn is_stdin(found: &Found) -> bool {
    found.path == Path::new("-")
}

/// Files of a folder that may hold objects.
fn is_manifest(path: &Path) -> bool {
    text::is_manifest(path) && path.file_name().is_none_or(|name| name != crate::project::NAME)
}

/// Whether a file may hold a plain Secret: a quick look, before anything is parsed.
fn may_hold_secret(bytes: &[u8]) -> bool {
    let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let found = |(at, window): (usize, &[u8])| {
        let behind = bytes.get(at + window.len()..).unwrap_or_default();
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        window == WORD && !is_word(before) && (!is_word(behind.first()) || behind.starts_with(b"List"))
    };
    bytes.windows(WORD.len()).enumerate().any(found)
}

const WORD: &[u8] = b"Secret";
const SEALED: &[u8] = b"SealedSecret";

/// An error of the whole command about flags.
fn conflict(text: impl Into<String>) -> CliError {
    CliError::new(Kind::Conflicting, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_secret_is_seen_at_a_glance() {
        let cases = [
            ("kind: Secret\n", true),
            ("kind: Secret", true),
            ("{\"kind\":\"Secret\"}", true),
            ("kind: SecretList\n", true),
            ("kind: SealedSecret\n", false),
            ("kind: SecretStore\n", false),
            ("secretName: x\n", false),
            ("", false),
        ];
        for (text, want) in cases {
            assert_eq!(may_hold_secret(text.as_bytes()), want, "case: {text}");
        }
    }
}
