//! The program sops: its command line in front of our commands.
//!
//! ```text
//! words ─ table, flags ─► Parsed ─ request ─► Args of a command, manner sops ─► run ─► words.rs says the error
//! ```
//!
//! Source: spec/sops-cli §1–§8. What differs on purpose: §15.3.

mod completion;
mod groups;
pub(crate) mod log;
mod report;
mod request;
mod table;
mod usage;
mod words;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

use self::log::Level;
use self::table::{Command, Kind};
use crate::command::file;
use crate::error::CliError;
use crate::io::Io;
use crate::personality::flags::{self, Flag, FlagError, Parsed};

/// Runs one command line of sops; `args` begins with the name of the program.
pub fn run(args: Vec<OsString>, io: &mut Io) -> ExitCode {
    io.warn = |io, text| log::line(io, Level::Warning, text, &[]);
    let mut words: Vec<OsString> = args.into_iter().skip(1).collect();
    let outcome = if words.last().is_some_and(|word| word == completion::ASK) {
        words.pop();
        print(io, &completion::answer(&words))
    } else {
        root(&words, io)
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => ExitCode::from(failure.tell(io)),
    }
}

/// Why a command line of sops failed.
enum Failure {
    /// A command of ours failed; said in sops' words.
    Command(CliError),
    /// One log line, exit 1: errors outside the table of exit codes.
    Fatal(String),
    /// A bare text, and its exit code.
    Plain(u8, String),
}

impl Failure {
    fn plain(code: u8, text: impl Into<String>) -> Self {
        Self::Plain(code, text.into())
    }

    /// Writes it to standard error and gives the exit code.
    fn tell(&self, io: &mut Io) -> u8 {
        match self {
            Self::Command(error) => {
                let text = words::phrase(error);
                if !text.is_empty() {
                    io.tell(&text);
                }
                words::exit_code(error)
            }
            Self::Fatal(message) => {
                log::line(io, Level::Fatal, message, &[]);
                1
            }
            Self::Plain(code, text) => {
                io.tell(text);
                *code
            }
        }
    }
}

impl From<CliError> for Failure {
    fn from(error: CliError) -> Self {
        Self::Command(error)
    }
}

fn root(words: &[OsString], io: &mut Io) -> Result<(), Failure> {
    let global = match parse(&table::root_flags(), words, io) {
        Ok(global) => global,
        Err(FlagError::Usage(what)) => {
            print(io, &format!("Incorrect Usage. {what}\n\n{}\n", usage::root()))?;
            return Err(Failure::Fatal(what));
        }
        Err(FlagError::Variable(what)) => return Err(Failure::Fatal(what)),
    };
    if global.on("help") {
        return print(io, &usage::root());
    }
    if global.on("version") {
        if global.on("check-for-updates") {
            log::line(
                io,
                Level::Warning,
                "gitseal never looks for updates over the network",
                &[],
            );
        }
        return print(io, &format!("sops {}\n", ::sops::SOPS_VERSION));
    }
    let Some(first) = global.words.first() else {
        return request::legacy(&global, io);
    };
    if first == "help" || first == "h" {
        return help(global.words.get(1).map(OsString::as_os_str), io);
    }
    match table::command(&first.to_string_lossy()) {
        Some(command) => subcommand(command, &global, &global.words[1..], io),
        None => request::legacy(&global, io),
    }
}

fn subcommand(command: &Command, global: &Parsed, words: &[OsString], io: &mut Io) -> Result<(), Failure> {
    if command.kind == Kind::Later {
        let text = format!("Error: {} comes with a later version of gitseal", command.name);
        return Err(Failure::plain(1, text));
    }
    let mut flags = command.all_flags();
    flags.push(table::HELP);
    let words = flags::reorder(&flags, words.to_vec());
    let own = match parse(&flags, &words, io) {
        Ok(own) => own,
        Err(FlagError::Usage(what)) => {
            print(
                io,
                &format!("Incorrect Usage: {what}\n\n{}\n", usage::of(command)),
            )?;
            return Err(Failure::Fatal(what));
        }
        Err(FlagError::Variable(what)) => return Err(Failure::Fatal(what)),
    };
    if own.on("help") {
        return print(io, &usage::of(command));
    }
    match command.kind {
        Kind::Completion => complete(command, &own, io),
        Kind::Decrypt => Ok(file::decrypt::run(&request::decrypt(&own, global, io)?, io)?),
        Kind::Edit => Ok(file::edit::run(&request::edit(&own, global, io)?, io)?),
        Kind::Encrypt => Ok(file::encrypt::run(&request::encrypt(&own, global, io)?, io)?),
        Kind::FileStatus => {
            let args = request::filestatus(&own, global, io)?;
            // sops reports errors of this command as log lines.
            file::filestatus::run(&args, io).map_err(|error| {
                Failure::Fatal(format!("cannot check file status: {}", words::phrase(&error)))
            })
        }
        Kind::Later => Ok(()),
        Kind::Rotate => Ok(file::rotate::run(&request::rotate(&own, global, io)?, io)?),
        Kind::Set => Ok(file::set::run(&request::set(&own, global, io)?, io)?),
        Kind::Unset => Ok(file::unset::run(&request::unset(&own, global, io)?, io)?),
        Kind::UpdateKeys => Ok(file::updatekeys::run(
            &request::updatekeys(&own, global, io)?,
            io,
        )?),
    }
}

fn complete(command: &Command, own: &Parsed, io: &mut Io) -> Result<(), Failure> {
    let Some(shell) = own.words.first() else {
        return print(io, &usage::of(command));
    };
    match completion::script(shell) {
        Some(script) => print(io, script),
        None => Err(no_help_topic(shell)),
    }
}

fn help(topic: Option<&OsStr>, io: &mut Io) -> Result<(), Failure> {
    let Some(topic) = topic else {
        return print(io, &usage::root());
    };
    match table::command(&topic.to_string_lossy()) {
        Some(command) => print(io, &usage::of(command)),
        None => Err(no_help_topic(topic)),
    }
}

fn no_help_topic(topic: &OsStr) -> Failure {
    Failure::plain(
        3,
        format!(
            "No help topic for '{}'",
            crate::ui::one_line(&topic.to_string_lossy())
        ),
    )
}

fn parse(flags: &[Flag], words: &[OsString], io: &Io) -> Result<Parsed, FlagError> {
    flags::parse(flags, words, &|name| io.env(name))
}

fn print(io: &mut Io, text: &str) -> Result<(), Failure> {
    Ok(io.write_stdout(text.as_bytes())?)
}

/// sops takes one file and ignores the words behind it, but says so.
fn warn_of_more_words(words: &[OsString], io: &mut Io) {
    let Some((_, ignored)) = words.split_first().filter(|(_, ignored)| !ignored.is_empty()) else {
        return;
    };
    log::line(
        io,
        Level::Warning,
        "More than one file named; only the first one is used!",
        &[],
    );
    if let Some(flag) = ignored
        .iter()
        .find(|word| *word != "--" && word.as_bytes().starts_with(b"-"))
    {
        let flag = flag.to_string_lossy();
        let text = format!("The ignored word {flag:?} looks like a flag. Flags stand before the file!");
        log::line(io, Level::Warning, &text, &[]);
    }
}
