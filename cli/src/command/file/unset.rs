//! `unset`: one key or element of an encrypted file goes.

use std::path::PathBuf;

use sops::tree::Step;
use sops::{Document, TreePath};

use super::change::{self, Change};
use super::steps;
use crate::args::{ConfigArgs, IdentityArgs, Manner, ReplaceArgs, TypeArgs};
#[cfg(feature = "seal")]
use crate::command::sealed::{self, object_args};
use crate::error::{CliError, Kind};
use crate::io::Io;

/// Remove one value of an encrypted file
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// The file
    pub file: PathBuf,

    /// Where: ["key"][0]; of a sealed file, the name of an item
    #[arg(value_name = "TREE_PATH")]
    pub path: String,

    /// Success, and nothing written, if the value is not there
    #[arg(long)]
    pub idempotent: bool,

    /// Go on although the MAC does not match: somebody may have changed the file
    #[arg(long)]
    pub ignore_mac: bool,

    /// The file is always changed in place; accepted for symmetry
    #[arg(short, long)]
    pub in_place: bool,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub replace: ReplaceArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub types: TypeArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub config: ConfigArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub identity: IdentityArgs,

    #[cfg(feature = "seal")]
    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub sealed: object_args::ObjectArgs,

    /// Whose behaviour where the two differ.
    #[arg(skip)]
    pub manner: Manner,
}

/// Runs the command.
///
/// # Errors
///
/// See the exit codes of spec/sops-cli §6.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    #[cfg(feature = "seal")]
    if args.manner == Manner::Own && object_args::is_sealed(&args.file, args.sealed.is_given(), io)? {
        return sealed::unset::run(args, io);
    }
    let path = steps::edit_path(&args.path)?;
    let change = Change {
        file: &args.file,
        verb: "unset a value in",
        ignore_mac: args.ignore_mac,
        always_write: args.manner == Manner::Sops && !args.idempotent,
        replace: args.replace,
        types: &args.types,
        config: &args.config,
        identity: &args.identity,
        manner: args.manner,
    };
    change::run(&change, io, |document, what| {
        unset(document, &path, args.idempotent, what)
    })
}

fn unset(document: &mut Document, path: &TreePath, idempotent: bool, what: &str) -> Result<bool, CliError> {
    let removed = document
        .unset(path)
        .map_err(|error| steps::cannot_edit(error, what))?;
    if removed || idempotent {
        return Ok(removed);
    }
    let text = match path.0.last() {
        Some(Step::Index(index)) => format!("Index {index} out of bounds"),
        Some(Step::Key(key)) => format!("Key not found: {key}"),
        None => "Key not found".to_owned(),
    };
    Err(CliError::new(Kind::Generic, what)
        .because(CliError::new(Kind::Generic, text))
        .hint("--idempotent makes this a success"))
}
