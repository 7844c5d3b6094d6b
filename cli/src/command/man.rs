//! `man`: manual pages, made of the same words as the help.

use std::path::PathBuf;

use clap::CommandFactory;

use crate::args::Cli;
use crate::error::{CliError, Kind};
use crate::io::Io;

/// Print the manual page of a command, or write all pages to a folder
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The command; none means gitseal itself
    pub command: Option<String>,

    /// Write all pages to this folder, gitseal.1, gitseal-encrypt.1 and so on
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub output: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
///
/// No such command; a folder that cannot be written.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    let mut gitseal = Cli::command();
    gitseal.build();
    if let Some(folder) = &args.output {
        return write_all(&gitseal, &io.resolve(folder));
    }
    let page = match &args.command {
        None => page(gitseal)?,
        Some(word) => {
            let Some(command) = gitseal.find_subcommand(word) else {
                return Err(CliError::new(Kind::Usage, format!("no command {word}"))
                    .hint("gitseal --help lists the commands"));
            };
            page(command.clone())?
        }
    };
    io.write_stdout(&page)
}

fn write_all(gitseal: &clap::Command, folder: &std::path::Path) -> Result<(), CliError> {
    let cannot = |error: std::io::Error| {
        CliError::new(
            Kind::WriteOutput,
            format!("cannot write manual pages to {}", folder.display()),
        )
        .because(error)
    };
    std::fs::create_dir_all(folder).map_err(cannot)?;
    let commands = gitseal.get_subcommands().filter(|command| !command.is_hide_set());
    for command in std::iter::once(gitseal).chain(commands) {
        let name = format!(
            "{}.1",
            command.get_display_name().unwrap_or_else(|| command.get_name())
        );
        std::fs::write(folder.join(name), page(command.clone())?).map_err(cannot)?;
    }
    Ok(())
}

fn page(command: clap::Command) -> Result<Vec<u8>, CliError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|error| CliError::new(Kind::Generic, "cannot make the manual page").because(error))?;
    Ok(page)
}
