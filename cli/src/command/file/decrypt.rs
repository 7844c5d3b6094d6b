//! `decrypt`: files as they were before they were encrypted.

use std::path::PathBuf;

use sops::tree::Extracted;
use sops::{MacCheck, TreePath};
use zeroize::Zeroizing;

use super::batch::{self, Done};
use super::session::Session;
use super::steps::{self, Destination};
use crate::args::{ConfigArgs, IdentityArgs, Manner, OutputArgs, TypeArgs};
use crate::config;
use crate::error::{CliError, Kind};
use crate::files::{Found, Secrecy, Turn};
use crate::io::Io;

/// Decrypt files to standard output or in place
///
/// A folder means every encrypted file below it. Nothing is written before the whole file is authenticated.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Files and folders; - is standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub output: OutputArgs,

    /// Write only the value at this path: ["key"][0]
    #[arg(long, value_name = "TREE_PATH")]
    pub extract: Option<String>,

    /// Find the type by this name instead of the name of the file
    #[arg(long, value_name = "PATH")]
    pub filename_override: Option<PathBuf>,

    /// Go on although the MAC does not match: somebody may have changed the file
    #[arg(long)]
    pub ignore_mac: bool,

    /// Report as JSON on standard output (with --in-place)
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub types: TypeArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub config: ConfigArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub identity: IdentityArgs,

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
    let destination = steps::destination(&args.output, &args.paths, args.json, io)?;
    if args.paths.len() > 1 && args.filename_override.is_some() {
        return Err(CliError::new(
            Kind::Conflicting,
            "--filename-override is for one file",
        ));
    }
    let extract = args.extract.as_deref().map(steps::extract_path).transpose()?;
    let rules = config::load(&args.config, io)?;
    let files = steps::collect(&args.paths, io, &|_| true)?;
    let session = Session::start(io, args.manner, rules, &args.config, &args.identity, &[], &files)?;
    let over = args
        .filename_override
        .as_ref()
        .map(|path| steps::Name::new(path, io));
    let stdin = steps::stdin(&args.paths, io, &session)?;
    let run = Run {
        args,
        session,
        destination,
        over,
        stdin,
        extract,
    };
    let results = batch::run(&files, io, "decrypting", batch::Work::Disk, |found, turn| {
        run.file(found, turn)
    });
    batch::finish(&files, results, io, args.manner, args.json)
}

/// One run of the command, shared by its threads.
struct Run<'a> {
    args: &'a Args,
    session: Session,
    destination: Destination,
    over: Option<steps::Name>,
    stdin: Option<Zeroizing<Vec<u8>>>,
    extract: Option<TreePath>,
}

impl Run<'_> {
    fn file(&self, found: &Found, turn: &Turn) -> Result<Option<Done>, CliError> {
        let name = self.over.as_ref().map_or(&found.path, |over| &over.path);
        let (input_store, output_store) = steps::stores(&self.args.types, name, self.args.manner)?;
        let max = self.session.limits.encrypted(input_store);
        if !steps::is_meant(found, input_store, max)? {
            return Ok(None);
        }
        let in_place = matches!(self.destination, Destination::InPlace);
        let mut input = steps::open(
            found,
            self.stdin.as_ref(),
            self.over.as_ref(),
            in_place.then_some(turn),
            max,
        )?;
        let what = format!("cannot decrypt {}", input.shown.display());
        let file = steps::read_encrypted(input_store, &input, &what)?;
        // The document has them now: a large file is not held twice.
        input.bytes = Zeroizing::default();
        let key = self.session.unlock(&what, file.metadata())?;
        let mac = if self.args.ignore_mac {
            MacCheck::Ignore
        } else {
            MacCheck::Verify
        };
        let (document, warnings) =
            sops::decrypt(&file, &key, mac).map_err(|error| steps::cannot_decrypt(error, &what))?;
        let mixed = steps::mixed_warning(file.metadata(), &input.shown);
        drop(file);
        let layout = self.session.layout(output_store);
        let plain = match &self.extract {
            Some(path) => match document
                .extract(path, output_store, &layout)
                .map_err(|error| steps::cannot_edit(error, &what))?
            {
                Extracted::Bytes(plain) | Extracted::Text(plain) => plain,
            },
            None => output_store
                .write_plain(&document, &layout)
                .map_err(|error| steps::cannot_write(error, &what))?,
        };
        let mut done = Done {
            warnings: steps::told(&warnings, &input.shown),
            ..Done::new("decrypted")
        };
        done.warnings.extend(mixed);
        steps::deliver(
            &self.destination,
            &self.args.output,
            &input,
            plain,
            Secrecy::Plain,
            &mut done,
        )?;
        Ok(Some(done))
    }
}
