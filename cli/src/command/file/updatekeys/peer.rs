//! `updatekeys` as sops talks: file after file, a question for each (spec/sops-cli §8).

use super::{Args, Plan, Run};
use crate::args::Manner;
use crate::command::file::session::Session;
use crate::config::Rules;
use crate::error::{CliError, Kind};
use crate::files::{Found, Turn};
use crate::io::Io;
use crate::personality::sops::log;
use crate::ui;

pub(super) fn run(args: &Args, rules: Option<Rules>, io: &mut Io) -> Result<(), CliError> {
    let files: Vec<Found> = args.paths.iter().map(|path| named(path, io)).collect();
    let session = Session::start(io, Manner::Sops, rules, &args.config, &args.identity, &[], &files)?;
    let run = Run { args, session };
    if let [one] = &files[..] {
        return sync(&run, one, io);
    }
    let mut failed = 0;
    for file in &files {
        if let Err(error) = sync(&run, file, io) {
            failed += 1;
            log::line(io, log::Level::Error, &words(&error), &[]);
        }
    }
    if failed == 0 {
        return Ok(());
    }
    Err(CliError::new(
        Kind::Generic,
        format!("failed updating {failed} key(s)"),
    ))
}

fn named(path: &std::path::Path, io: &Io) -> Found {
    let path = crate::config::clean(&io.resolve(path));
    Found {
        shown: path.clone(),
        path,
        below: None,
    }
}

fn sync(run: &Run<'_>, file: &Found, io: &mut Io) -> Result<(), CliError> {
    let shown = file.shown.display();
    if !file.path.exists() {
        return Err(CliError::new(
            Kind::Generic,
            format!("stat {shown}: no such file or directory"),
        ));
    }
    log::progress(io, &format!("Syncing keys for file {shown}"));
    let Some(plan) = run.plan(file, Some(&Turn::alone()))? else {
        return Ok(());
    };
    if plan.is_empty() {
        log::progress(io, &format!("File {shown} already up to date"));
        return Ok(());
    }
    let colour = io.terminal.stdout && !ui::no_colour(io);
    io.write_stdout(changes(&plan, colour).as_bytes())?;
    if !run.args.yes && !agreed(io)? {
        log::progress(io, &format!("File {shown} left unchanged"));
        return Ok(());
    }
    let (prepared, warning) = run.write(plan)?;
    prepared.sync()?;
    prepared.put()?;
    if let Some(warning) = warning {
        io.warn(&warning);
    }
    log::progress(io, &format!("File {shown} synced with new keys"));
    Ok(())
}

fn agreed(io: &mut Io) -> Result<bool, CliError> {
    loop {
        io.write_stdout(b"Is this okay? (y/n):")?;
        match io.read_line().as_deref().map(str::trim) {
            Some("y" | "Y") => return Ok(true),
            Some("n" | "N") => return Ok(false),
            Some(_) => {}
            None => return Err(CliError::new(Kind::Generic, "EOF")),
        }
    }
}

fn changes(plan: &Plan, colour: bool) -> String {
    let (green, red, end) = if colour {
        ("\x1b[32m", "\x1b[31m", "\x1b[0m")
    } else {
        ("", "", "")
    };
    let mut text = String::from("The following changes will be made to the file's groups:\n");
    let (old, new) = (plan.file.metadata().shamir_threshold, plan.threshold);
    if old > 0 && old == new {
        text.push_str(&format!("shamir_threshold: {new}\n"));
    } else {
        if new > 0 {
            text.push_str(&format!("{green}+++ shamir_threshold: {new}\n{end}"));
        }
        if old > 0 {
            text.push_str(&format!("{red}--- shamir_threshold: {old}\n{end}"));
        }
    }
    for (number, group) in plan.changes.groups.iter().enumerate() {
        text.push_str(&format!("Group {}\n", number + 1));
        group
            .stays
            .iter()
            .for_each(|name| text.push_str(&format!("    {name}\n")));
        group
            .added
            .iter()
            .for_each(|name| text.push_str(&format!("{green}+++ {name}\n{end}")));
        group
            .removed
            .iter()
            .for_each(|name| text.push_str(&format!("{red}--- {name}\n{end}")));
    }
    text
}

/// The innermost cause, as sops logs it.
fn words(error: &CliError) -> String {
    error.causes().pop().unwrap_or_else(|| error.message.clone())
}
