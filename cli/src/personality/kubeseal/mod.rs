//! The program kubeseal: its command line in front of `seal` (spec/sealed-secrets §10 to 12).
//!
//! ```text
//! words ─ table ─► Session ─ mode ─► recover, controller, merge, raw, seal ─► output
//!                               certificate, input ─┘         words.rs says the error
//! ```
//!
//! Precedence of modes: version, help, recovery-unseal, validate, re-encrypt, fetch-cert, merge-into, raw, seal. What
//! differs from the peer on purpose is §17 of that file.

mod certificate;
mod controller;
mod input;
mod merge;
mod output;
mod raw;
mod recover;
mod seal;
mod session;
mod table;
mod words;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use crate::io::Io;
use crate::personality::flags::Parsed;
use crate::personality::flags::pflag::PflagError;
use input::Input;
use output::Output;
use session::Session;
use words::Failure;

/// The release of kubeseal whose behaviour this is.
pub const KUBESEAL_VERSION: &str = "v0.40.0";

/// Runs one command line; `args` begins with the name of the program.
pub fn run(args: Vec<OsString>, io: &mut Io) -> ExitCode {
    let mut args = args.into_iter();
    let name = args.next().unwrap_or_default();
    let words: Vec<OsString> = args.collect();
    match table::parse(&words, io) {
        Ok(parsed) => {
            for (flag, note) in table::deprecated() {
                if parsed.is_set(flag) {
                    io.tell(note);
                }
            }
            end(dispatch(&parsed, &name, io), io)
        }
        Err(PflagError::Help) => {
            // As the peer does for `-h`, which is no flag of its own.
            io.tell(&usage(&name));
            end(print(&table::help(), io), io)
        }
        Err(PflagError::Usage(what)) => {
            io.tell(&usage(&name));
            let told = print(&format!("{}{what}\n", table::help()), io);
            match end(told, io) {
                ExitCode::SUCCESS => ExitCode::from(USAGE),
                failed => failed,
            }
        }
    }
}

fn dispatch(parsed: &Parsed, name: &OsStr, io: &mut Io) -> Result<(), Failure> {
    if parsed.on("version") {
        return print(&format!("kubeseal version: {KUBESEAL_VERSION}\n"), io);
    }
    if parsed.on("help") {
        return help(name, io);
    }
    if !parsed.all("from-file").is_empty() && !parsed.on("raw") {
        return Err(Failure::text("--from-file requires --raw"));
    }
    let mut session = Session::new(parsed, io)?;
    let input = Input::open(&session, io)?;
    let mut output = Output::open(&session, io)?;
    mode(&mut session, input, &mut output, io)?;
    output.finish(io)
}

fn mode(session: &mut Session<'_>, input: Input, output: &mut Output, io: &mut Io) -> Result<(), Failure> {
    let parsed = session.parsed;
    if parsed.on("recovery-unseal") {
        return recover::run(session, input, output, io);
    }
    if !parsed.all("recovery-private-key").is_empty() && io.terminal.stderr {
        io.tell("warning: --recovery-private-key has no effect without --recovery-unseal");
    }
    if parsed.on("validate") {
        return controller::validate(session, input, io);
    }
    if session.is_re_encrypt() {
        return controller::re_encrypt(session, input, output, io);
    }
    if parsed.on("fetch-cert") {
        return output.write(&certificate::bytes(session, io)?, io);
    }
    let cert = certificate::load(session, io)?;
    if let Some(path) = parsed.word("merge-into") {
        return merge::run(session, input, Path::new(path), &cert, io);
    }
    if parsed.on("raw") {
        return raw::run(session, &cert, output, io);
    }
    seal::run(session, input, &cert, output, io)
}

fn help(name: &OsStr, io: &mut Io) -> Result<(), Failure> {
    print(&format!("{}\n{}", usage(name), table::help()), io)
}

fn usage(name: &OsStr) -> String {
    let name = match Path::new(name).file_stem() {
        Some(stem) if stem == "kubeseal" => name.to_string_lossy(),
        _ => "gitseal kubeseal".into(),
    };
    format!("Usage of {name}:")
}

fn print(text: &str, io: &mut Io) -> Result<(), Failure> {
    Ok(io.write_stdout(text.as_bytes())?)
}

fn end(outcome: Result<(), Failure>, io: &mut Io) -> ExitCode {
    match outcome {
        Ok(()) | Err(Failure::Quiet) => ExitCode::SUCCESS,
        Err(Failure::Text(text)) => {
            io.tell(&format!("error: {text}"));
            ExitCode::FAILURE
        }
    }
}

/// Exit code of a command line that is not understood.
const USAGE: u8 = 2;
