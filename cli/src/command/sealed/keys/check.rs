//! `keys check`: whether a backup opens every sealed file.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::survey;
use crate::args::Manner;
use crate::command::file::batch::{self, Done, Work};
use crate::command::file::steps;
use crate::command::sealed::ring::{self, KeyFileArgs};
use crate::command::sealed::text;
use crate::error::{CliError, Kind};
use crate::files::{self, Found, Limits};
use crate::io::Io;

/// Prove that a backup opens every sealed file of a repository
///
/// Opens every item of every SealedSecret, shows none, and names the files that the keys do not open. A folder means the
/// YAML and JSON files below it; hidden folders, and what Git ignores, count only when they are named.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Files and folders [default: the repository]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub keys: KeyFileArgs,

    /// Report as JSON on standard output
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// A file that does not open, or cannot be read: exit 1, with every such file.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    let ring = ring::needed(&args.keys, "keys check", io)?;
    let paths = match args.paths.as_slice() {
        [] => vec![survey::repository(io).unwrap_or_else(|| ".".into())],
        paths => paths.to_vec(),
    };
    let files = steps::collect(&paths, io, &text::is_manifest)?;
    let max = Limits::of(io)?.plain(sops::Store::Yaml);
    let stdin = match paths.as_slice() {
        [path] if path.as_os_str() == "-" => Some(io.read_stdin(max)?),
        _ => None,
    };
    let objects = AtomicUsize::new(0);
    let results = batch::run(&files, io, "checking", Work::Cores, |found, _| {
        let Some(text) = text::open(found, stdin.as_ref(), None, max)? else {
            return passed_over(found, max).map(|()| None);
        };
        let survey = survey::look(&text, &ring)?;
        let shown = text.shown.display();
        if survey.objects == 0 {
            return Err(CliError::new(
                Kind::Generic,
                format!("there is no SealedSecret in {shown}"),
            ));
        }
        if !survey.faults.is_empty() {
            let mut failed = CliError::new(Kind::Generic, format!("these keys do not open {shown}"));
            failed.tried = survey.faults;
            return Err(failed);
        }
        objects.fetch_add(survey.objects, Ordering::Relaxed);
        let mut done = Done::new("opened");
        done.json.insert("secrets".to_owned(), json!(survey.objects));
        done.json.insert("keys".to_owned(), json!(survey.keys));
        Ok(Some(done))
    });
    // A proof over nothing is none.
    if results.iter().all(|result| matches!(result, Ok(None))) {
        let names: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(CliError::new(
            Kind::Generic,
            format!("no SealedSecret was found below {}", names.join(", ")),
        )
        .hint("name the folders that hold them; what Git ignores is not looked at"));
    }
    let complete = results.iter().all(Result::is_ok);
    batch::finish(&files, results, io, Manner::Own, args.json).map_err(|error| {
        error.hint(
            "gitseal explain FILE --key … says more; a missing key is added from its cluster with gitseal keys import",
        )
    })?;
    if complete && !args.json {
        let (objects, keys) = (objects.into_inner(), ring.keys().len());
        io.tell(&format!(
            "every value of {} opens with {}",
            counted(objects, "SealedSecret"),
            counted(keys, "key")
        ));
    }
    Ok(())
}

/// A file that is too large to be parsed is no proof, if it holds SealedSecrets.
fn passed_over(found: &Found, max: u64) -> Result<(), CliError> {
    if steps::is_too_large(found, max)
        && text::may_hold_sealed(&files::read(&found.path, &found.shown, MAX_LOOKED_AT)?)
    {
        return Err(steps::too_large(found, max));
    }
    Ok(())
}

/// `1 key`, `2 keys`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// Most bytes of a file that is searched for SealedSecrets without being parsed.
const MAX_LOOKED_AT: u64 = 256 << 20;
