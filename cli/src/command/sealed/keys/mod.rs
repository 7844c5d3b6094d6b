//! `keys`: sealing keys and their backups.

mod backup_file;
pub mod check;
pub mod export;
pub mod generate;
pub mod import;
pub mod list;
mod survey;

use crate::error::CliError;
use crate::io::Io;

/// List, export, import, make and check sealing keys
///
/// Keys come from files: a private key in PEM, or the controller's key Secrets as kubectl prints them
/// (kubectl get secret -n kube-system -l sealedsecrets.bitnami.com/sealed-secrets-key -o yaml).
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is done.
    #[command(subcommand)]
    pub word: Word,
}

/// What is done with the keys.
#[derive(Debug, clap::Subcommand)]
#[allow(missing_docs, reason = "the help is the comment of each command's Args")]
pub enum Word {
    List(list::Args),
    Export(export::Args),
    Import(import::Args),
    Generate(generate::Args),
    Check(check::Args),
}

/// Runs the command.
///
/// # Errors
///
/// See the exit codes of spec/sops-cli §6.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    match &args.word {
        Word::List(args) => list::run(args, io),
        Word::Export(args) => export::run(args, io),
        Word::Import(args) => import::run(args, io),
        Word::Generate(args) => generate::run(args, io),
        Word::Check(args) => check::run(args, io),
    }
}
