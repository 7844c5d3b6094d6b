//! The laptop tool: turns words on a command line into calls, files and exit codes.
//!
//! [`run`] is the whole program; `main.rs` is one call of it. Formats and ciphers are decided below, in `sops` and
//! `providers`; here are the environment, flags, files, signals, exit codes and the words for people.

#![forbid(unsafe_code)]

pub mod args;
#[cfg(feature = "seal")]
pub mod certificate;
#[cfg(feature = "seal")]
pub mod cluster;
pub mod command;
pub mod config;
pub mod editor;
pub mod error;
pub mod files;
pub mod io;
pub mod keys;
pub mod memory;
pub mod personality;
#[cfg(feature = "seal")]
pub mod project;
pub mod scratch;
pub mod signals;
pub mod ui;
mod usage;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use args::{Cli, Command};
pub use error::{CliError, Kind};
pub use io::Io;

/// Runs one command line; `args` begins with the name of the program.
///
/// Called under the name `sops` or `kubeseal`, or with that word first, it behaves as that program (decision D1).
pub fn run(args: impl IntoIterator<Item = OsString>, io: &mut Io) -> ExitCode {
    let mut args: Vec<OsString> = args.into_iter().collect();
    let name = args
        .first()
        .map(Path::new)
        .and_then(Path::file_stem)
        .unwrap_or_else(|| OsStr::new("gitseal"))
        .to_owned();
    if name == "sops" || name == "kubeseal" {
        return as_peer(&name, args, io);
    }
    if args
        .get(1)
        .is_some_and(|word| word == "sops" || word == "kubeseal")
    {
        let name = args.remove(1);
        return as_peer(&name, args, io);
    }
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => return usage(&usage::harmless(error, &args), io),
    };
    match dispatch(&cli.command, io) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            ui::report(&error, io);
            ExitCode::from(error.kind.exit_code())
        }
    }
}

fn dispatch(command: &Command, io: &mut Io) -> Result<(), CliError> {
    #[cfg(feature = "seal")]
    use command::sealed;
    use command::{completions, file, man, tour};
    match command {
        Command::Encrypt(args) => file::encrypt::run(args, io),
        Command::Decrypt(args) => file::decrypt::run(args, io),
        Command::Edit(args) => file::edit::run(args, io),
        Command::Set(args) => file::set::run(args, io),
        Command::Unset(args) => file::unset::run(args, io),
        Command::Get(args) => file::get::run(args, io),
        Command::Rotate(args) => file::rotate::run(args, io),
        Command::Updatekeys(args) => file::updatekeys::run(args, io),
        Command::Filestatus(args) => file::filestatus::run(args, io),
        Command::Keygen(args) => file::keygen::run(args, io),
        #[cfg(feature = "seal")]
        Command::Seal(args) => sealed::seal::run(args, io),
        #[cfg(feature = "seal")]
        Command::Unseal(args) => sealed::unseal::run(args, io),
        #[cfg(feature = "seal")]
        Command::Reseal(args) => sealed::reseal::run(args, io),
        #[cfg(feature = "seal")]
        Command::Explain(args) => sealed::explain::run(args, io),
        #[cfg(feature = "seal")]
        Command::FetchCert(args) => sealed::fetch_cert::run(args, io),
        #[cfg(feature = "seal")]
        Command::RenameKey(args) => sealed::rename_key::run(args, io),
        #[cfg(feature = "seal")]
        Command::Keys(args) => sealed::keys::run(args, io),
        Command::Tour(args) => tour::run(args, io),
        Command::Completions(args) => completions::run(args, io),
        Command::Man(args) => man::run(args, io),
        // Only for the help: `run` takes these words before clap sees them.
        Command::Sops { .. } | Command::Kubeseal { .. } => Err(CliError::new(
            Kind::Usage,
            "the name of a personality comes first: gitseal sops …",
        )),
    }
}

fn as_peer(name: &OsStr, args: Vec<OsString>, io: &mut Io) -> ExitCode {
    if name == "sops" {
        return personality::sops::run(args, io);
    }
    #[cfg(feature = "seal")]
    return personality::kubeseal::run(args, io);
    #[cfg(not(feature = "seal"))]
    not_built(io)
}

/// A build without SealedSecrets says so.
#[cfg(not(feature = "seal"))]
fn not_built(io: &mut Io) -> ExitCode {
    let error = CliError::new(
        Kind::Generic,
        "this build of gitseal has no SealedSecrets (feature `seal`)",
    );
    ui::report(&error, io);
    ExitCode::from(error.kind.exit_code())
}

/// Help and version go to standard output, everything else is exit 2.
fn usage(error: &clap::Error, io: &mut Io) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let text = if io.terminal.stdout && !ui::no_colour(io) {
                error.render().ansi().to_string()
            } else {
                error.render().to_string()
            };
            match io.write_stdout(text.as_bytes()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    ui::report(&error, io);
                    ExitCode::from(error.kind.exit_code())
                }
            }
        }
        _ => {
            let text = error.render().to_string();
            io.tell(text.trim_end());
            ExitCode::from(Kind::Usage.exit_code())
        }
    }
}
