//! `get`: one value of an encrypted file.

use std::path::PathBuf;

use sops::tree::Extracted;
use sops::{Document, Layout, MacCheck, Store, TreePath};
use zeroize::Zeroizing;

use super::session::Session;
use super::steps;
use crate::args::{ConfigArgs, IdentityArgs, Manner, TypeArgs};
#[cfg(feature = "seal")]
use crate::command::sealed::{self, object_args};
use crate::error::CliError;
use crate::files::Found;
use crate::io::Io;

/// Print one value of an encrypted file
///
/// A string is printed as it is, without a line break; anything else in the form of the file. Of a file with a
/// SealedSecret one item is opened, with --key.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// The file
    pub file: PathBuf,

    /// Where: ["key"][0]; of a sealed file, the name of an item
    #[arg(value_name = "TREE_PATH")]
    pub path: String,

    /// Print the value as JSON
    #[arg(long)]
    pub json: bool,

    /// Go on although the MAC does not match: somebody may have changed the file
    #[arg(long)]
    pub ignore_mac: bool,

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
    pub sealed: object_args::SealedGetArgs,
}

/// Runs the command.
///
/// # Errors
///
/// See the exit codes of spec/sops-cli §6.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    #[cfg(feature = "seal")]
    if object_args::is_sealed(&args.file, args.sealed.is_given(), io)? {
        return sealed::get::run(args, io);
    }
    let path = steps::extract_path(&args.path)?;
    let session = Session::for_file(io, Manner::Own, &args.config, &args.identity, &[], &args.file)?;
    let paths = [args.file.clone()];
    let stdin = steps::stdin(&paths, io, &session)?;
    let found = Found {
        path: io.resolve(&args.file),
        shown: args.file.clone(),
        below: None,
    };
    let (input_store, output_store) = steps::stores(&args.types, &found.path, Manner::Own)?;
    let input = steps::open(
        &found,
        stdin.as_ref(),
        None,
        None,
        session.limits.encrypted(input_store),
    )?;
    let what = format!("cannot get a value of {}", input.shown.display());
    let file = steps::read_encrypted(input_store, &input, &what)?;
    let key = session.unlock(&what, file.metadata())?;
    let mac = if args.ignore_mac {
        MacCheck::Ignore
    } else {
        MacCheck::Verify
    };
    let (document, _) =
        sops::decrypt(&file, &key, mac).map_err(|error| steps::cannot_decrypt(error, &what))?;
    if let Some(warning) = steps::mixed_warning(file.metadata(), &input.shown) {
        io.warn(&warning);
    }
    let value = if args.json {
        as_json(&document, &path, &what)?
    } else {
        let layout = session.layout(output_store);
        match extract(&document, &path, output_store, &layout, &what)? {
            Extracted::Bytes(value) | Extracted::Text(value) => value,
        }
    };
    io.write_stdout(&value)
}

fn extract(
    document: &Document,
    path: &TreePath,
    store: Store,
    layout: &Layout,
    what: &str,
) -> Result<Extracted, CliError> {
    document
        .extract(path, store, layout)
        .map_err(|error| steps::cannot_edit(error, what))
}

/// One line of JSON with its line break. Bytes that are not UTF-8 become replacement characters, as in JSON files.
fn as_json(document: &Document, path: &TreePath, what: &str) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let mut text = match extract(document, path, Store::Json, &Layout::default(), what)? {
        Extracted::Bytes(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            Zeroizing::new(serde_json::Value::from(text.as_ref()).to_string().into_bytes())
        }
        Extracted::Text(text) => text,
    };
    if text.last() != Some(&b'\n') {
        text.push(b'\n');
    }
    Ok(text)
}
