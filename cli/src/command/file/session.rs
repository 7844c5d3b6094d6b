//! What all files of one run share: rules, key services, limits, the time; and the two steps that ask a key service.

use std::path::Path;

use jiff::Timestamp;
use providers::{KeyServices, LockError, Mixing, UnlockError};
use sops::config::CreationRule;
use sops::{DataKey, KeyGroup, Layout, MasterKey, Metadata, Random, Store};

use crate::args::{ConfigArgs, IdentityArgs, Manner};
use crate::config::{self, Rules};
use crate::error::{CliError, Kind};
use crate::files::{Found, Limits};
use crate::io::{Io, RandomSource};
use crate::keys;

/// Everything a file needs that is not its own. Shared by the threads of a run.
pub struct Session {
    /// Whose behaviour where the two differ.
    pub manner: Manner,
    /// `.sops.yaml`, if there is one.
    pub rules: Option<Rules>,
    /// Who opens and wraps data keys.
    pub services: KeyServices,
    /// How much is read at most.
    pub limits: Limits,
    /// The time of this run: the same in all its files.
    pub now: Timestamp,
    random: RandomSource,
    indent: Option<i64>,
    cwd: std::path::PathBuf,
}

impl Session {
    /// Sets a run up. `rules` come from [`config::load`], and are loaded first because they say which files of a
    /// folder are meant. `named`: keys from flags, which may name age plugins.
    ///
    /// # Errors
    ///
    /// Bad settings.
    pub fn start(
        io: &Io,
        manner: Manner,
        rules: Option<Rules>,
        config: &ConfigArgs,
        identity: &IdentityArgs,
        named: &[MasterKey],
        files: &[Found],
    ) -> Result<Self, CliError> {
        let mut plugins = keys::plugin_names(named);
        if let Some(rules) = &rules {
            plugins.extend(plugins_of_rules(rules, files));
        }
        Ok(Self {
            manner,
            services: keys::services(identity, plugins, io)?,
            limits: Limits::of(io)?,
            now: io.now(),
            random: std::sync::Arc::clone(&io.random),
            indent: config.indent,
            cwd: io.cwd.clone(),
            rules,
        })
    }

    /// The same for one file, rules included.
    ///
    /// # Errors
    ///
    /// Bad settings or rules.
    pub fn for_file(
        io: &mut Io,
        manner: Manner,
        config: &ConfigArgs,
        identity: &IdentityArgs,
        named: &[MasterKey],
        file: &Path,
    ) -> Result<Self, CliError> {
        let rules = config::load(config, io)?;
        let found = Found {
            path: io.resolve(file),
            shown: file.to_owned(),
            below: None,
        };
        Self::start(io, manner, rules, config, identity, named, &[found])
    }

    /// A random source of its own for each thread.
    pub fn random(&self) -> Box<dyn Random + Send> {
        (self.random)()
    }

    /// A path as the user gave it, seen from the working folder.
    pub fn resolve(&self, path: &Path) -> std::path::PathBuf {
        self.cwd.join(path)
    }

    /// How a store lays out what is new: `--indent`, else `stores.*.indent` of the rules.
    pub fn layout(&self, store: Store) -> Layout {
        if self.indent.is_some() {
            return Layout {
                indent: self.indent,
                relayout: true,
            };
        }
        let Some(rules) = &self.rules else {
            return Layout::default();
        };
        let stores = &rules.config.stores;
        let indent = match store {
            Store::Yaml => stores.yaml_indent,
            Store::Json => stores.json_indent,
            Store::Binary => stores.json_binary_indent,
            Store::Dotenv | Store::Ini => None,
        };
        Layout {
            indent,
            relayout: false,
        }
    }

    /// The rule of a file, by absolute path. `None` without rules at all.
    ///
    /// # Errors
    ///
    /// There are rules, and none matches: an error even where flags name keys, as SOPS does.
    pub fn rule_for(&self, path: &Path) -> Result<Option<&CreationRule>, CliError> {
        let Some(rules) = self.rules.as_ref().filter(|rules| rules.has_rules()) else {
            return Ok(None);
        };
        match rules.rule_for(path) {
            Some(rule) => Ok(Some(rule)),
            None => Err(CliError::new(
                Kind::Generic,
                "error loading config: no matching creation rules found",
            )
            .hint(format!(
                "add a rule to {} whose path_regex matches the file",
                rules.path.display()
            ))),
        }
    }

    /// The same; our own verbs name the file first. `what` is what fails: `cannot encrypt a.yaml`.
    ///
    /// # Errors
    ///
    /// As for [`rule_for`](Self::rule_for).
    pub fn rule_of(&self, what: &str, path: &Path) -> Result<Option<&CreationRule>, CliError> {
        self.rule_for(path).map_err(|error| match self.manner {
            Manner::Sops => error,
            Manner::Own => {
                let hints = error.hints.clone();
                CliError {
                    hints,
                    ..CliError::new(error.kind, what).because(CliError {
                        hints: Vec::new(),
                        ..error
                    })
                }
            }
        })
    }

    /// Whether post-quantum and classical recipients may meet on one file (spec/security S-17).
    pub fn mixing(&self, allow_mixed: bool) -> Mixing {
        if allow_mixed || self.manner == Manner::Sops {
            Mixing::Allow
        } else {
            Mixing::Refuse
        }
    }

    /// Wraps a data key for all keys of all groups. `what` is what fails: `cannot encrypt a.yaml`.
    ///
    /// # Errors
    ///
    /// All recipients that failed, each with its reason.
    pub fn lock(
        &self,
        what: &str,
        key: &DataKey,
        groups: Vec<KeyGroup>,
        threshold: u32,
        mixing: Mixing,
    ) -> Result<Vec<KeyGroup>, CliError> {
        let now = self.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut random = self.random();
        keys::block_on(
            self.services
                .lock(key, groups, threshold, mixing, &now, &mut *random),
        )
        .map_err(|error| cannot_lock(what, error))
    }

    /// Recovers the data key of a file. `what` is what fails: `cannot decrypt a.yaml`.
    ///
    /// # Errors
    ///
    /// Exit 128: every recipient of the file, every identity tried and where it came from, and the likely fix.
    pub fn unlock(&self, what: &str, metadata: &Metadata) -> Result<DataKey, CliError> {
        keys::block_on(self.services.unlock(metadata)).map_err(|error| cannot_unlock(what, error))
    }
}

fn plugins_of_rules(rules: &Rules, files: &[Found]) -> Vec<String> {
    let all = rules.config.creation_rules.iter().flatten();
    // Most repositories have no plugin: then no rule needs to be matched here.
    if keys::plugin_names(all.flat_map(recipients)).is_empty() {
        return Vec::new();
    }
    let matching = files
        .iter()
        .filter_map(|file| rules.rule_for(&config::clean(&file.path)));
    keys::plugin_names(matching.flat_map(recipients))
}

fn recipients(rule: &CreationRule) -> impl Iterator<Item = &MasterKey> {
    rule.key_groups.iter().flat_map(|group| &group.0)
}

fn cannot_lock(what: &str, error: LockError) -> CliError {
    let mut failed = CliError::new(Kind::Generic, what);
    match &error {
        LockError::Failed { attempts } => {
            for attempt in attempts {
                failed.tried.push(format!("{}  {}", attempt.name, attempt.source));
            }
            failed =
                failed.hint("a data key is wrapped for all recipients or for none: correct or remove these");
        }
        LockError::Mixed {
            post_quantum,
            classical,
        } => {
            failed.tried.extend(
                post_quantum
                    .iter()
                    .map(|name| format!("{}  post-quantum", shorten(name))),
            );
            failed
                .tried
                .extend(classical.iter().map(|name| format!("{name}  classical")));
            failed = failed
                .hint("the file would be as weak as its weakest recipient: use one kind, or --allow-mixed");
        }
        LockError::EmptyGroup | LockError::NoGroups => {
            failed = failed.hint("name recipients with --age, or in the matching rule of .sops.yaml");
        }
        _ => {}
    }
    failed.because(error)
}

pub(crate) fn cannot_unlock(what: &str, error: UnlockError) -> CliError {
    let mut failed = CliError::new(Kind::NoDataKey, what);
    if let UnlockError::TooFewGroups { attempts, looked, .. } = &error {
        for attempt in attempts {
            failed
                .tried
                .push(format!("{}  {}", shorten(&attempt.name), attempt.source));
        }
        failed.tried.extend(looked.iter().cloned());
        let age = attempts.iter().any(|attempt| attempt.kind == sops::KeyKind::Age);
        let (keys, theirs) = match attempts.len() {
            1 => ("this master key".to_owned(), "its identity"),
            several => (
                format!("these {several} master keys"),
                "the identity of one of them",
            ),
        };
        failed = failed.hint(if age {
            format!("the file is readable by {keys}; set SOPS_AGE_KEY_FILE to the file that holds {theirs}")
        } else {
            format!("the file is readable by {keys}; this version of gitseal opens age keys only")
        });
    }
    if let UnlockError::WrongLength { .. } = &error {
        failed = failed.hint(
            "the sops block does not fit together: somebody changed it by hand, or two versions were merged; take that of \
             the last good version out of Git",
        );
    }
    failed.because(error)
}

/// A post-quantum recipient has 1,959 characters, of which a person compares the first few.
fn shorten(name: &str) -> String {
    const SHOWN: usize = 120;
    match name.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &name[..at]),
        None => name.to_owned(),
    }
}
