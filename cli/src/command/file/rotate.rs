//! `rotate`: a new data key for every file, wrapped for those that a trusted place names (spec/security S-12).

use std::path::PathBuf;

use providers::LockError;
use serde_json::json;
use sops::config::CreationRule;
use sops::{DataKey, Header, KeyGroup, MacCheck, MasterKey, Previous};
use zeroize::Zeroizing;

use super::batch::{self, Done};
use super::session::Session;
use super::steps::{self, Destination};
use super::{proof, recipients, selection};
use crate::args::{AddRemoveArgs, ConfigArgs, IdentityArgs, Manner, OutputArgs, TypeArgs};
use crate::error::{CliError, Kind};
use crate::files::{Found, Secrecy, Turn};
use crate::io::Io;
use crate::{config, keys};

/// Give files a new data key
///
/// The new key is wrapped for the recipients of each file that the matching rule of .sops.yaml names too, and for
/// those added here. Who gains and who loses access is printed. What was encrypted before stays in the history of the
/// repository: change the secrets themselves as well.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Files and folders
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub output: OutputArgs,

    /// Find rule and type by this name instead of the name of the file
    #[arg(long, value_name = "PATH")]
    pub filename_override: Option<PathBuf>,

    /// Also wrap the new key for recipients that only the file itself names
    #[arg(long)]
    pub trust_file_recipients: bool,

    /// Allow post-quantum and classical age recipients on one file
    #[arg(long)]
    pub allow_mixed: bool,

    /// Report as JSON on standard output (with --in-place)
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub types: TypeArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub config: ConfigArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub identity: IdentityArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub keys: AddRemoveArgs,

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
    let destination = steps::destination(&args.output, &args.paths, args.json, io)?;
    if args.paths.len() > 1 && args.filename_override.is_some() {
        return Err(CliError::new(
            Kind::Conflicting,
            "--filename-override is for one file",
        ));
    }
    let (add, remove) = keys::add_and_remove(&args.keys)?;
    let rules = config::load(&args.config, io)?;
    let files = steps::collect(&args.paths, io, &|_| true).map_err(steps::missing_is(Kind::ReadInput))?;
    let session = Session::start(io, args.manner, rules, &args.config, &args.identity, &add, &files)?;
    let over = args
        .filename_override
        .as_ref()
        .map(|path| steps::Name::new(path, io));
    let stdin = steps::stdin(&args.paths, io, &session)?;
    let run = Run {
        args,
        session,
        destination,
        over,
        stdin,
        add,
        remove,
    };
    let results = batch::run(&files, io, "rotating", batch::Work::Disk, |found, turn| {
        run.file(found, turn)
    });
    batch::finish(&files, results, io, args.manner, args.json)
}

/// One run of the command, shared by its threads.
struct Run<'a> {
    args: &'a Args,
    session: Session,
    destination: Destination,
    over: Option<steps::Name>,
    stdin: Option<Zeroizing<Vec<u8>>>,
    add: Vec<MasterKey>,
    remove: Vec<MasterKey>,
}

impl Run<'_> {
    fn file(&self, found: &Found, turn: &Turn) -> Result<Option<Done>, CliError> {
        let session = &self.session;
        let name = self.over.as_ref().map_or(&found.path, |over| &over.path);
        let (input_store, output_store) = steps::stores(&self.args.types, name, self.args.manner)?;
        let max = session.limits.encrypted(input_store);
        if !steps::is_meant(found, input_store, max)? {
            return Ok(None);
        }
        let in_place = matches!(self.destination, Destination::InPlace);
        let input = steps::open(
            found,
            self.stdin.as_ref(),
            self.over.as_ref(),
            in_place.then_some(turn),
            max,
        )
        .map_err(steps::missing_is(Kind::ReadInput))?;
        let what = format!("cannot rotate {}", input.shown.display());
        let file = steps::read_encrypted(input_store, &input, &what)?;
        let rule = session
            .rules
            .as_ref()
            .and_then(|rules| rules.rule_for(&input.name));
        let old = &file.metadata().key_groups;
        let new = self.groups(&what, old, rule)?;
        let foreign = self.foreign(&new, rule);
        if self.args.manner == Manner::Own && !self.args.trust_file_recipients {
            refuse_foreign(&what, &foreign, rule)?;
            if let Some(rule) = rule {
                refuse_weaker(&what, &new, file.metadata().shamir_threshold, rule, &self.add)?;
            }
        }

        let key = session.unlock(&what, file.metadata())?;
        let (document, warnings) = sops::decrypt(&file, &key, MacCheck::Verify)
            .map_err(|error| steps::cannot_decrypt(error, &what))?;
        let previous = Previous::open(&file, &key).map_err(|error| steps::cannot_decrypt(error, &what))?;
        let new_key = DataKey::generate(&mut *session.random())
            .map_err(|error| CliError::new(Kind::Generic, what.clone()).because(error))?;
        let threshold = file.metadata().shamir_threshold;
        let mixing = session.mixing(self.args.allow_mixed);
        let key_groups = session.lock(&what, &new_key, new, threshold, mixing)?;
        let changes = recipients::changes(old, &key_groups);
        let header = Header {
            key_groups,
            ..selection::header_of(file.metadata())
        };
        let mut random = session.random();
        let encrypted = sops::encrypt(
            document,
            &new_key,
            header,
            Some(&previous),
            session.now,
            &mut *random,
        )
        .map_err(|error| steps::cannot_encrypt(error, &what))?;
        let text = output_store
            .write_encrypted(&encrypted.file, &session.layout(output_store))
            .map_err(|error| steps::cannot_write(error, &what))?;

        if in_place {
            proof::opens_again(&text, output_store, &new_key, &what)?;
        }

        let mut done = Done {
            warnings: steps::told(&warnings, &input.shown),
            ..Done::new("rotated")
        };
        done.warnings
            .extend(steps::told(&encrypted.warnings, &input.shown));
        done.warnings
            .extend(steps::mixed_warning(encrypted.file.metadata(), &input.shown));
        if !foreign.is_empty() {
            done.warnings.push(format!(
                "{}: the new data key is also wrapped for {}, which the matching rule does not name",
                input.shown.display(),
                foreign.join(", ")
            ));
        }
        done.notes
            .push(format!("{}: new data key", input.shown.display()));
        done.notes.extend(changes.lines());
        done.json.insert(
            "recipients".to_owned(),
            json!(recipients::shown_names(&encrypted.file.metadata().key_groups)),
        );
        done.json.insert("added".to_owned(), json!(changes.added()));
        done.json.insert("removed".to_owned(), json!(changes.removed()));
        let text = Zeroizing::new(text);
        steps::deliver(
            &self.destination,
            &self.args.output,
            &input,
            text,
            Secrecy::Sealed,
            &mut done,
        )?;
        Ok(Some(done))
    }

    /// The groups of the file, with what is added to the first and what is removed from all.
    fn groups(
        &self,
        what: &str,
        old: &[KeyGroup],
        rule: Option<&CreationRule>,
    ) -> Result<Vec<KeyGroup>, CliError> {
        let mut groups = old.to_vec();
        let _ = rule;
        if let Some(first) = groups.first_mut() {
            // A key that is there already is not wrapped for twice; the peer would list it twice.
            let there: Vec<String> = first.0.iter().map(MasterKey::name).collect();
            let is_new = |key: &&MasterKey| self.args.manner == Manner::Sops || !there.contains(&key.name());
            first.0.extend(self.add.iter().filter(is_new).cloned());
        }
        let gone: Vec<String> = self.remove.iter().map(MasterKey::name).collect();
        for (number, group) in groups.iter_mut().enumerate() {
            group.0.retain(|key| !gone.contains(&key.name()));
            if group.0.is_empty() {
                return Err(CliError::new(Kind::Generic, what)
                    .because(
                        CliError::new(Kind::Generic, format!("key group {number} would be empty"))
                            .because(LockError::EmptyGroup),
                    )
                    .hint("leave it at least one key, or add one"));
            }
        }
        Ok(groups)
    }

    /// Keys that neither the rule nor the user names: only the file does, which anybody may have written.
    fn foreign(&self, groups: &[KeyGroup], rule: Option<&CreationRule>) -> Vec<String> {
        let mut trusted = rule.map_or_else(Vec::new, |rule| recipients::names(&rule.key_groups));
        trusted.extend(self.add.iter().map(MasterKey::name));
        let mut foreign: Vec<String> = Vec::new();
        for key in groups.iter().flat_map(|group| &group.0) {
            let name = recipients::shown(key);
            if !trusted.contains(&key.name()) && !foreign.contains(&name) {
                foreign.push(name);
            }
        }
        foreign
    }
}

fn refuse_foreign(what: &str, foreign: &[String], rule: Option<&CreationRule>) -> Result<(), CliError> {
    if foreign.is_empty() {
        return Ok(());
    }
    let by_whom = match rule {
        Some(rule) => format!("the creation rule on line {} does not name", rule.line),
        None => "no creation rule names, because none matches the file".to_owned(),
    };
    let count = foreign.len();
    let recipients = if count == 1 { "recipient" } else { "recipients" };
    let cause = format!("the file has {count} {recipients} that {by_whom}");
    let mut error = CliError::new(Kind::Generic, what)
        .because(CliError::new(Kind::Generic, cause))
        .hint("gitseal updatekeys removes them; --rm-age removes one; --trust-file-recipients keeps them");
    error.tried.extend(
        foreign
            .iter()
            .map(|name| format!("{name}  named by the file only")),
    );
    Err(error)
}

/// Which group a key stands in, and how many groups are needed, are the file's word too: with all its keys named by the
/// rule, a file whose groups were rearranged would give the new data key to one person where the rule asks for two.
fn refuse_weaker(
    what: &str,
    groups: &[KeyGroup],
    threshold: u32,
    rule: &CreationRule,
    added: &[MasterKey],
) -> Result<(), CliError> {
    let (there, wanted) = (
        needed(threshold, groups.len()),
        needed(rule.shamir_threshold, rule.key_groups.len()),
    );
    let added: Vec<String> = added.iter().map(MasterKey::name).collect();
    let mut moved = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        let mut allowed = rule
            .key_groups
            .get(number)
            .map_or_else(Vec::new, |group| recipients::names(std::slice::from_ref(group)));
        if number == 0 {
            allowed.extend(added.iter().cloned());
        }
        let strangers = group.0.iter().filter(|key| !allowed.contains(&key.name()));
        moved.extend(strangers.map(|key| {
            format!(
                "{}  in key group {} of the file only",
                recipients::shown(key),
                number + 1
            )
        }));
    }
    let cause = if there < wanted {
        format!(
            "the file opens with {there} of its key groups, the creation rule on line {} asks for {wanted}",
            rule.line
        )
    } else if !moved.is_empty() {
        format!(
            "the file has keys in other key groups than the creation rule on line {}",
            rule.line
        )
    } else {
        return Ok(());
    };
    let mut error = CliError::new(Kind::Generic, what)
        .because(CliError::new(Kind::Generic, cause))
        .hint("gitseal updatekeys brings the groups of the rule; --trust-file-recipients keeps those of the file");
    error.tried = moved;
    Err(error)
}

/// How many groups open a file: all of several where nothing is said, and two at least.
fn needed(threshold: u32, groups: usize) -> u32 {
    match groups {
        0 | 1 => 1,
        _ => selection::threshold(threshold, groups).max(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_the_file_may_not_be_weaker_than_those_of_the_rule() {
        let rule = |head: &str| {
            let text = format!(
                "creation_rules:\n  - {head}\n    key_groups:\n      - age: [age1a, age1b]\n      - age: [age1c]\n      - age: [age1d]\n"
            );
            sops::Config::parse(&text)
                .unwrap()
                .creation_rules
                .unwrap()
                .remove(0)
        };
        let all = rule("path_regex: x");
        let two = rule("shamir_threshold: 2");
        let groups = |groups: &[&[&str]]| -> Vec<KeyGroup> {
            let group = |names: &&[&str]| KeyGroup(names.iter().map(|name| MasterKey::age(*name)).collect());
            groups.iter().map(group).collect()
        };
        let usual = groups(&[&["age1b"], &["age1c"], &["age1d"]]);
        let cases = [
            ("as the rule", &usual, 3, &all, true),
            ("all, unsaid", &usual, 0, &all, true),
            ("more than the rule asks for", &usual, 3, &two, true),
            ("lowered", &usual, 2, &all, false),
            ("one", &usual, 1, &all, false),
            ("as the lower rule", &usual, 2, &two, true),
            (
                "all in one group",
                &groups(&[&["age1a", "age1c", "age1d"]]),
                0,
                &all,
                false,
            ),
            (
                "one person in two groups",
                &groups(&[&["age1a"], &["age1c", "age1a"], &["age1d"]]),
                3,
                &all,
                false,
            ),
            (
                "a group more",
                &groups(&[&["age1a"], &["age1c"], &["age1d"], &["age1a"]]),
                3,
                &all,
                false,
            ),
            (
                "added",
                &groups(&[&["age1a", "age1z"], &["age1c"], &["age1d"]]),
                3,
                &all,
                true,
            ),
        ];
        for (name, groups, threshold, rule, fine) in cases {
            let refused = refuse_weaker("x", groups, threshold, rule, &[MasterKey::age("age1z")]);
            assert_eq!(
                refused.is_ok(),
                fine,
                "case: {name}: {:?}",
                refused.err().map(|error| error.causes())
            );
        }
    }
}
