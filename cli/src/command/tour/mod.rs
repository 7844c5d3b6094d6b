//! `tour`: the main job, run for real in a throwaway folder, each step as a user would type it.

#[cfg(feature = "seal")]
mod sealed;
mod sops;
mod walk;

use std::fs;
use std::path::{Path, PathBuf};

use self::walk::Walk;
use crate::error::{CliError, Kind};
use crate::io::Io;

/// See the main job run for real, in a throwaway folder
///
/// Makes an age key, writes a rule, encrypts a Secret in place, changes one value, and decrypts again; then seals a
/// Secret to the certificate of a cluster, changes it, explains it and opens it. Every step is shown as the command line
/// you would type, then its result. Your own files, keys and variables are not touched.
#[derive(Debug, clap::Args)]
pub struct TourArgs {
    /// Folder to work in: new or empty, and left there (default: a temporary one, removed at the end)
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,

    /// Do not wait between the steps (also without a terminal)
    #[arg(long, short)]
    pub yes: bool,
}

/// Runs the tour.
///
/// # Errors
///
/// A folder that is not empty, or a step whose result is not what the tour says: then something is broken.
pub fn run(args: &TourArgs, io: &mut Io) -> Result<(), CliError> {
    let temporary;
    let dir = match &args.dir {
        Some(dir) => {
            let dir = io.resolve(dir);
            take_empty_folder(&dir)?;
            dir
        }
        None => {
            temporary = tempfile::Builder::new()
                .prefix("gitseal-tour-")
                .tempdir()
                .map_err(|error| {
                    CliError::new(Kind::WriteOutput, "cannot make a temporary folder").because(error)
                })?;
            temporary.path().to_owned()
        }
    };
    let pause = !args.yes && io.terminal.stdin && io.terminal.stdout;
    let shown = dir.display().to_string();
    let mut tour = Walk::new(io, dir, pause);
    tour.say(&format!("Everything happens in {shown}\n"))?;
    sops::walk(&mut tour)?;
    #[cfg(feature = "seal")]
    sealed::walk(&mut tour)?;
    let kept = if args.dir.is_some() {
        "The folder is yours now."
    } else {
        "The folder is removed again."
    };
    tour.say(&format!(
        "\nThat was the tour. {kept} Next: `gitseal --help`, or the README.\n"
    ))
}

/// Makes the folder if needed; refuses one that holds anything.
fn take_empty_folder(dir: &Path) -> Result<(), CliError> {
    let name = dir.display();
    fs::create_dir_all(dir)
        .map_err(|error| CliError::new(Kind::WriteOutput, format!("cannot make {name}")).because(error))?;
    let mut entries = fs::read_dir(dir)
        .map_err(|error| CliError::new(Kind::ReadInput, format!("cannot read {name}")).because(error))?;
    if entries.next().is_some() {
        return Err(CliError::new(Kind::WriteOutput, format!("{name} is not empty"))
            .hint("name a new folder: the tour writes files and replaces nothing"));
    }
    Ok(())
}
