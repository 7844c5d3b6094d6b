//! `keys export`: a new backup, encrypted.

use std::path::PathBuf;

use super::backup_file::{self, Form};
use super::check::counted;
use crate::args::{KeyArgs, ReplaceArgs};
use crate::command::sealed::ring::{self, KeyFileArgs};
use crate::error::{CliError, Kind};
use crate::files::{self, Secrecy};
use crate::io::Io;
use crate::keys;

/// Write keys into a new backup, encrypted by sops or age
///
/// The name decides: FILE.age is a file for the program age, everything else a SOPS file. Who can open it comes from
/// --age, or from the rule of .sops.yaml for that name. There is no way to write keys in clear.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub keys: KeyFileArgs,

    /// age recipients, instead of those of the matching rule [env: SOPS_AGE_RECIPIENTS]
    #[arg(short, long, value_name = "RECIPIENTS")]
    pub age: Option<String>,

    /// Write to this new file; without it, a SOPS file in YAML goes to standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
///
/// No key, nobody to encrypt for, a file that is there already.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    if !args.keys.is_given() {
        ring::needed(&args.keys, "keys export", io)?;
    }
    let output = args.output.as_deref().filter(|path| path.as_os_str() != "-");
    if let Some(path) = output
        && io.resolve(path).symlink_metadata().is_ok()
    {
        return Err(
            CliError::new(Kind::WriteOutput, format!("{} exists already", path.display()))
                .hint("a backup is never overwritten; gitseal keys import --into FILE adds keys to it"),
        );
    }
    let form = Form::of(output)?;
    let named = keys::from_flags(&recipients(args.age.clone()), io)?;
    let loaded = ring::load(&args.keys, io)?;
    let mut found = Vec::new();
    for key in loaded {
        backup_file::add(&mut found, key.found);
    }
    let what = match output {
        Some(path) => format!("cannot write {}", path.display()),
        None => "cannot export the keys".to_owned(),
    };
    let desk = backup_file::Desk::new(&args.keys.identity, named, output, what, io)?;
    let bytes = desk.encrypt(&seal::backup::write(&found), form)?;
    let Some(path) = output else {
        return io.write_stdout(&bytes);
    };
    files::write_new(
        &io.resolve(path),
        path,
        &bytes,
        Secrecy::Sealed,
        ReplaceArgs::default(),
    )?;
    io.tell(&format!(
        "{} written to {}",
        counted(found.len(), "key"),
        path.display()
    ));
    Ok(())
}

/// age recipients as a group of flags.
pub(super) fn recipients(age: Option<String>) -> KeyArgs {
    KeyArgs {
        age,
        ..KeyArgs::default()
    }
}
