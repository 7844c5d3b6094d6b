//! `filestatus`: whether files are encrypted.

use std::path::PathBuf;

use serde_json::{Value, json};
use sops::{Metadata, ReadError};

use super::{batch, recipients, steps};
use crate::args::Manner;
use crate::error::{CliError, Kind};
use crate::files::{Found, Limits};
use crate::io::Io;

/// Say whether files are encrypted
///
/// A folder means every encrypted file below it.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Files and folders
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Read as binary, dotenv, ini, json or yaml [default: by the name of the file]
    #[arg(long, value_name = "TYPE")]
    pub input_type: Option<String>,

    /// Report as JSON, with the recipients of each file
    #[arg(long)]
    pub json: bool,

    /// Whose behaviour where the two differ.
    #[arg(skip)]
    pub manner: Manner,
}

/// Runs the command.
///
/// # Errors
///
/// A file that is not read: exit 1.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    let limits = Limits::of(io)?;
    let files = steps::collect(&args.paths, io, &|_| true).map_err(steps::missing_is(Kind::Generic))?;
    let results = batch::run(&files, io, "looking", batch::Work::Cores, |found, _| {
        status(args, found, limits).map_err(steps::missing_is(Kind::Generic))
    });
    let single = matches!(&files[..], [one] if one.below.is_none());
    if single && !args.json {
        // The peer's line, also in our own verb: scripts read it.
        let mut results = results;
        return match results.pop() {
            Some(Ok(Some(done))) => {
                io.write_stdout(format!("{}\n", json!({ "encrypted": done.result == ENCRYPTED })).as_bytes())
            }
            Some(Err(error)) => Err(error),
            _ => Ok(()),
        };
    }
    if !args.json {
        let mut lines = String::new();
        for (file, result) in files.iter().zip(&results) {
            if let Ok(Some(done)) = result {
                let shown = crate::ui::one_line(&file.shown.display().to_string());
                lines.push_str(&format!("{shown}: {}\n", done.result));
            }
        }
        io.write_stdout(lines.as_bytes())?;
    }
    // The lines are the summary.
    let manner = if args.json { args.manner } else { Manner::Sops };
    batch::finish(&files, results, io, manner, args.json)
}

fn status(args: &Args, found: &Found, limits: Limits) -> Result<Option<batch::Done>, CliError> {
    let store = steps::store(args.input_type.as_deref(), &found.path, args.manner)?;
    let max = limits.encrypted(store);
    if found.below.is_some() && steps::is_too_large(found, max) {
        return steps::is_meant(found, store, max).and_then(|meant| {
            if meant {
                Err(steps::too_large(found, max))
            } else {
                Ok(None)
            }
        });
    }
    let bytes = crate::files::read(&found.path, &found.shown, max)?;
    if found.below.is_some() && !crate::files::may_have_block(&bytes, store) {
        return Ok(None);
    }
    let what = format!("cannot tell the status of {}", found.shown.display());
    let metadata = match store.read_encrypted(&bytes) {
        Ok(file) => Some(file.metadata().clone()),
        Err(ReadError::MetadataNotFound { .. }) => None,
        Err(error) => return Err(steps::cannot_read(error, &what, store, Kind::Generic)),
    };
    if metadata.is_none() && found.below.is_some() {
        return Ok(None);
    }
    let encrypted = metadata
        .as_ref()
        .is_some_and(|it| !it.version.is_empty() && !it.mac.is_empty());
    let mut done = batch::Done::new(if encrypted { ENCRYPTED } else { "plain" });
    done.json.insert("encrypted".to_owned(), Value::Bool(encrypted));
    if let Some(metadata) = metadata.filter(|_| args.json) {
        describe(&metadata, &mut done);
    }
    Ok(Some(done))
}

fn describe(metadata: &Metadata, done: &mut batch::Done) {
    let fields = [
        ("type", Value::Null),
        ("recipients", json!(recipients::shown_names(&metadata.key_groups))),
        ("lastmodified", json!(metadata.last_modified)),
        ("version", json!(metadata.version)),
        ("selection", json!(steps::name(&metadata.selector))),
    ];
    for (name, value) in fields {
        if !value.is_null() {
            done.json.insert(name.to_owned(), value);
        }
    }
}

/// The word for a file with a whole block.
const ENCRYPTED: &str = "encrypted";
