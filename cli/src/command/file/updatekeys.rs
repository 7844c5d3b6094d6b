//! `updatekeys`: the recipients of files become those of their rules; data key and values stay.

mod peer;

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::json;
use sops::config::CreationRule;
use sops::{EncryptedFile, KeyGroup, Store};

use super::batch::{self, Done};
use super::recipients::{self, Changes};
use super::selection;
use super::session::Session;
use super::steps::{self, Input};
use crate::args::{ConfigArgs, IdentityArgs, Manner, ReplaceArgs};
use crate::config;
use crate::error::{CliError, Kind};
use crate::files::{Found, Prepared, Turn};
use crate::io::Io;

/// Make the recipients of files those of their rules
///
/// The data key stays: who could open a file before and kept a copy of its key still can. Use rotate to shut somebody
/// out. Asks before it changes anything; without a terminal it needs --yes.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Files and folders
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,

    /// Files are always changed in place; accepted for symmetry
    #[arg(short, long)]
    pub in_place: bool,

    /// Read as binary, dotenv, ini, json or yaml [default: by the name of the file]
    #[arg(long, value_name = "TYPE")]
    pub input_type: Option<String>,

    /// Allow post-quantum and classical age recipients on one file
    #[arg(long)]
    pub allow_mixed: bool,

    /// Report as JSON on standard output
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub replace: ReplaceArgs,

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
    let rules = config::load(&args.config, io)?;
    if rules.is_none() {
        return Err(CliError::new(Kind::Generic, "config file not found").hint(
            "updatekeys reads the recipients from .sops.yaml here, in a folder above, or named by --config",
        ));
    }
    if args.manner == Manner::Sops {
        return peer::run(args, rules, io);
    }
    let files = steps::collect(&args.paths, io, &|_| true)?;
    let session = Session::start(io, args.manner, rules, &args.config, &args.identity, &[], &files)?;
    let run = Run { args, session };
    // Without a question one pass over the files is enough; with one, what is asked is computed first, and checked
    // again when it is done.
    let approved = if args.yes {
        None
    } else {
        Some(run.ask(&files, io)?)
    };
    if approved.as_ref().is_some_and(Approved::is_refused) {
        io.tell("nothing was changed");
        return Ok(());
    }
    let results = batch::run(&files, io, "updating keys", batch::Work::Disk, |found, turn| {
        run.file(found, turn, approved.as_ref())
    });
    batch::finish(&files, results, io, args.manner, args.json)
}

/// One run of the command, shared by its threads.
struct Run<'a> {
    args: &'a Args,
    session: Session,
}

/// What is to become of one file.
struct Plan {
    store: Store,
    input: Input,
    file: EncryptedFile,
    groups: Vec<KeyGroup>,
    threshold: u32,
    changes: Changes,
}

/// What the user saw and said yes to: the changes of each file, by its place in the run.
struct Approved {
    changes: HashMap<PathBuf, (Changes, u32)>,
    yes: bool,
}

impl Approved {
    fn is_refused(&self) -> bool {
        !self.yes
    }
}

impl Plan {
    fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.threshold == self.file.metadata().shamir_threshold
    }
}

impl Run<'_> {
    /// Shows what would change in all files, and asks once.
    fn ask(&self, files: &[Found], io: &mut Io) -> Result<Approved, CliError> {
        let plans = batch::run_quietly(files, |found| self.plan(found, None));
        let mut changes = HashMap::new();
        let mut lines = Vec::new();
        for plan in plans
            .into_iter()
            .flatten()
            .flatten()
            .filter(|plan| !plan.is_empty())
        {
            lines.push(format!("{}:", plan.input.shown.display()));
            lines.extend(plan.changes.lines());
            lines.extend(threshold_line(&plan));
            changes.insert(plan.input.name, (plan.changes, plan.threshold));
        }
        if changes.is_empty() {
            return Ok(Approved { changes, yes: true });
        }
        if !io.terminal.stdin || !io.terminal.stderr {
            return Err(CliError::new(
                Kind::Usage,
                format!(
                    "the recipients of {} would change, and there is nobody to ask",
                    count(changes.len())
                ),
            )
            .hint("add --yes; gitseal updatekeys on a terminal shows the changes and asks"));
        }
        lines.iter().for_each(|line| io.tell(&crate::ui::one_line(line)));
        loop {
            io.tell(&format!(
                "Change the recipients of {}? (y/n)",
                count(changes.len())
            ));
            match io.read_line().as_deref().map(str::trim) {
                Some("y" | "yes") => return Ok(Approved { changes, yes: true }),
                Some("n" | "no") => return Ok(Approved { changes, yes: false }),
                Some(_) => {}
                None => return Err(CliError::new(Kind::Generic, "no answer; nothing was changed")),
            }
        }
    }

    fn file(
        &self,
        found: &Found,
        turn: &Turn,
        approved: Option<&Approved>,
    ) -> Result<Option<Done>, CliError> {
        let Some(plan) = self.plan(found, Some(turn))? else {
            return Ok(None);
        };
        if plan.is_empty() {
            let mut done = Done::new("up to date");
            if found.below.is_none() {
                done.notes
                    .push(format!("{}: up to date", plan.input.shown.display()));
            }
            return Ok(Some(done));
        }
        let seen = |approved: &Approved| {
            let same = |(changes, threshold): &(Changes, u32)| {
                (changes, *threshold) == (&plan.changes, plan.threshold)
            };
            approved.changes.get(&plan.input.name).is_some_and(same)
        };
        if approved.is_some_and(|approved| !seen(approved)) {
            let what = format!(
                "{} was changed by somebody else meanwhile",
                plan.input.shown.display()
            );
            return Err(CliError::new(Kind::WriteOutput, what).hint("run the command again"));
        }
        let mut done = Done::new("updated");
        done.notes.push(format!("{}:", plan.input.shown.display()));
        done.notes.extend(plan.changes.lines());
        done.notes.extend(threshold_line(&plan));
        done.json.insert("added".to_owned(), json!(plan.changes.added()));
        done.json
            .insert("removed".to_owned(), json!(plan.changes.removed()));
        done.json.insert(
            "recipients".to_owned(),
            json!(recipients::shown_names(&plan.groups)),
        );
        let (prepared, warning) = self.write(plan)?;
        done.prepared = Some(prepared);
        done.warnings.extend(warning);
        Ok(Some(done))
    }

    /// Reads a file and compares its keys with those of its rule. `None`: found below a folder, and not meant.
    fn plan(&self, found: &Found, in_place: Option<&Turn>) -> Result<Option<Plan>, CliError> {
        let session = &self.session;
        let store = steps::store(self.args.input_type.as_deref(), &found.path, self.args.manner)?;
        let max = session.limits.encrypted(store);
        if !steps::is_meant(found, store, max)? {
            return Ok(None);
        }
        let input =
            steps::open(found, None, None, in_place, max).map_err(steps::missing_is(Kind::Generic))?;
        let what = format!("cannot update the keys of {}", input.shown.display());
        let file = steps::read_encrypted(store, &input, &what)?;
        let Some(rule) = session.rule_of(&what, &input.name)? else {
            return Err(CliError::new(Kind::Generic, what)
                .because(CliError::new(Kind::Generic, "the config has no creation rules")));
        };
        let groups = selection::groups(None, Some(rule))?;
        let threshold = self.threshold(&file, rule, groups.len());
        let changes = recipients::changes(&file.metadata().key_groups, &groups);
        Ok(Some(Plan {
            store,
            input,
            file,
            groups,
            threshold,
            changes,
        }))
    }

    /// The rule's threshold where it has one. The peer never looks at it: there the threshold of the file stays, as
    /// far as there are groups.
    fn threshold(&self, file: &EncryptedFile, rule: &CreationRule, groups: usize) -> u32 {
        let groups = u32::try_from(groups).unwrap_or(u32::MAX);
        let asked = match (self.args.manner, rule.shamir_threshold) {
            (Manner::Own, asked) if asked > 0 => asked,
            _ => file.metadata().shamir_threshold,
        };
        match (self.args.manner, groups, asked.min(groups)) {
            // One group needs no threshold; several never go without.
            (Manner::Own, 0 | 1, _) if rule.shamir_threshold == 0 => 0,
            (Manner::Own, groups, 0) => groups,
            (_, _, threshold) => threshold,
        }
    }

    /// Wraps the data key anew and prepares the file. Gives a warning about its recipients, if there is one.
    fn write(&self, plan: Plan) -> Result<(Prepared, Option<String>), CliError> {
        let Plan {
            store,
            input,
            mut file,
            groups,
            threshold,
            ..
        } = plan;
        let what = format!("cannot update the keys of {}", input.shown.display());
        let key = self.session.unlock(&what, file.metadata())?;
        let mixing = self.session.mixing(self.args.allow_mixed);
        let locked = self.session.lock(&what, &key, groups, threshold, mixing)?;
        let metadata = file.metadata_mut();
        metadata.shamir_threshold = selection::threshold(threshold, locked.len());
        metadata.key_groups = locked;
        let text = store
            .write_encrypted(&file, &self.session.layout(store))
            .map_err(|error| steps::cannot_write(error, &what))?;
        let Some(target) = &input.target else {
            return Err(CliError::new(Kind::WriteOutput, what));
        };
        let prepared = target.prepare(&text, self.args.replace)?;
        Ok((prepared, steps::mixed_warning(file.metadata(), &input.shown)))
    }
}

fn threshold_line(plan: &Plan) -> Option<String> {
    let old = plan.file.metadata().shamir_threshold;
    (old != plan.threshold).then(|| format!("    key groups needed: {old} before, {} now", plan.threshold))
}

fn count(files: usize) -> String {
    if files == 1 {
        "1 file".to_owned()
    } else {
        format!("{files} files")
    }
}
