//! `keys import`: keys of a cluster into an encrypted backup.

use std::path::PathBuf;

use super::backup_file::{self, Added, Form};
use super::check::counted;
use super::export::recipients;
use crate::args::{IdentityArgs, ReplaceArgs};
use crate::command::sealed::ring::{self, KeyFileArgs};
use crate::error::CliError;
use crate::files::{self, Secrecy};
use crate::io::Io;
use crate::keys;

/// Add keys to an encrypted backup
///
/// Reads what kubectl get secret -l sealedsecrets.bitnami.com/sealed-secrets-key -o yaml prints, private keys in PEM, or
/// another backup. A key that the backup has already takes its label and name from what is read. No key is ever
/// removed. A SOPS file keeps its recipients; a file of age does not say them, and is encrypted anew for those named.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Where the keys are [default: standard input]
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// The backup; FILE.age is a file for the program age, everything else a SOPS file; made if it is not there
    #[arg(long, value_name = "FILE")]
    pub into: PathBuf,

    /// age recipients of a new backup, instead of those of the matching rule [env: SOPS_AGE_RECIPIENTS]
    #[arg(short, long, value_name = "RECIPIENTS")]
    pub age: Option<String>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub identity: IdentityArgs,
}

/// Runs the command.
///
/// # Errors
///
/// No key; a backup that does not open, or of which a part cannot be read: it stays as it is.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    let sources = KeyFileArgs {
        keys: match args.files.as_slice() {
            [] => vec!["-".into()],
            files => files.to_vec(),
        },
        identity: args.identity.clone(),
    };
    let form = Form::of(Some(&args.into))?;
    let named = keys::from_flags(&recipients(args.age.clone()), io)?;
    let new = ring::load(&sources, io)?;
    let what = format!("cannot add keys to {}", args.into.display());
    let desk = backup_file::Desk::new(&args.identity, named, Some(&args.into), what, io)?;
    let path = io.resolve(&args.into);
    let existing = if path.symlink_metadata().is_ok() {
        Some(desk.open(&path, &args.into, form)?)
    } else {
        None
    };
    let (mut found, old) = match existing {
        Some(existing) => (existing.keys, Some((existing.target, existing.lock))),
        None => (Vec::new(), None),
    };
    let (mut added, mut updated) = (0, 0);
    for key in new {
        match backup_file::add(&mut found, key.found) {
            Added::New => added += 1,
            Added::Updated => updated += 1,
            Added::Known => {}
        }
    }
    let shown = args.into.display();
    if added + updated > 0 {
        let content = seal::backup::write(&found);
        match old {
            None => {
                let bytes = desk.encrypt(&content, form)?;
                files::write_new(&path, &args.into, &bytes, Secrecy::Sealed, ReplaceArgs::default())?;
            }
            Some((target, lock)) => {
                let keeps_recipients = lock.is_some();
                let bytes = desk.encrypt_again(&content, form, lock)?;
                target.replace(&bytes, ReplaceArgs::default())?;
                if !keeps_recipients {
                    // An age file does not say for whom it is; those who could open it may not be among them.
                    io.tell(&format!("{shown}: encrypted anew for {}", desk.names()?));
                } else if args.age.is_some() {
                    io.warn(&format!(
                        "--age is for a new backup: the recipients of {shown} stay; gitseal rotate changes them"
                    ));
                }
            }
        }
    }
    io.tell(&format!(
        "{shown}: {} added, {updated} updated, {} in all",
        counted(added, "key"),
        found.len()
    ));
    Ok(())
}
