//! `rename-key`: an item gets another name. Names of items are not bound into values, so no key is needed.

use std::path::PathBuf;

use super::item::{Access, Subject};
use super::names;
use super::object_args::{self, ObjectArgs};
use super::unset::warn_about_templates;
use crate::args::ReplaceArgs;
use crate::error::{CliError, Kind};
use crate::io::Io;

/// Rename one item of a sealed file
///
/// The sealed value stays as it is: it is bound to namespace and name of the SealedSecret, not to the name of the item.
/// So neither a certificate nor a key is needed.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// The file
    pub file: PathBuf,

    /// The item
    pub old: String,

    /// Its new name
    pub new: String,

    /// The file is always changed in place; accepted for symmetry
    #[arg(short, long)]
    pub in_place: bool,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub object: ObjectArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub replace: ReplaceArgs,
}

/// Runs the command.
///
/// # Errors
///
/// There is no such item, the new name is taken or not allowed, or the file cannot be changed; see the exit codes of
/// spec/sops-cli §6.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    let old = object_args::item(&args.old, Kind::SetFormat)?;
    let new = object_args::item(&args.new, Kind::SetFormat)?;
    names::item(&new).map_err(|why| CliError::new(Kind::SetFormat, why))?;
    let mut subject = Subject::open(&args.file, &args.object, "rename an item of", Access::Change, io)?;
    if !subject.has(&old) {
        return Err(subject.missing(&old));
    }
    if old == new {
        return Ok(());
    }
    subject.rename(&old, &new)?;
    for warning in warn_about_templates(&subject, &old) {
        io.warn(&warning);
    }
    subject.write(args.replace)
}
