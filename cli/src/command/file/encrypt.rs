//! `encrypt`: selected values of files become ciphertext; what is encrypted already stays as it is (decision D3).

use std::path::{Path, PathBuf};

use sops::config::CreationRule;
use sops::{
    DataKey, Document, Encrypted, EncryptedFile, Header, KeyGroup, Previous, Store, Warning, WarningKind,
};
use zeroize::Zeroizing;

use super::batch::{self, Done};
use super::session::Session;
use super::steps::{self, Destination, Input};
use super::{proof, selection};
use crate::args::{ConfigArgs, IdentityArgs, KeyArgs, Manner, OutputArgs, SelectorArgs, TypeArgs};
use crate::error::{CliError, Kind};
use crate::files::{Found, Secrecy, Turn};
use crate::io::Io;
use crate::{config, keys};

/// Encrypt the values of files in place or to standard output
///
/// Who may open a file, and which values are encrypted, comes from the first matching rule of .sops.yaml, or from
/// flags. A folder means every file below it that a rule matches. Encrypting again changes nothing; in a file that is
/// half encrypted the plain values are encrypted and everything else stays.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Files and folders; - is standard input (with --filename-override)
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub output: OutputArgs,

    /// Find rule and type by this name instead of the name of the file
    #[arg(long, value_name = "PATH")]
    pub filename_override: Option<PathBuf>,

    /// Encrypted version of the same file: its data key, keys and unchanged values are used again
    #[arg(long, value_name = "FILE")]
    pub previous: Option<PathBuf>,

    /// Treat warnings about values that would not survive a round trip as errors
    #[arg(long)]
    pub strict: bool,

    /// Allow post-quantum and classical age recipients on one file
    #[arg(long)]
    pub allow_mixed: bool,

    /// How many key groups are needed to open a file
    #[arg(long, value_name = "N")]
    pub shamir_secret_sharing_threshold: Option<u32>,

    /// Let the MAC cover encrypted values only
    #[arg(long)]
    pub mac_only_encrypted: bool,

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
    pub keys: KeyArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub selector: SelectorArgs,

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
    check_flags(args)?;
    let named = keys::from_flags(&args.keys, io)?;
    let rules = config::load(&args.config, io)?;
    let by_rule = |path: &Path| {
        rules
            .as_ref()
            .is_some_and(|rules| rules.rule_for(&config::clean(path)).is_some())
    };
    let files = steps::collect(&args.paths, io, &by_rule)?;
    if files.is_empty() && rules.is_none() {
        io.warn("no .sops.yaml was found: of a folder only files that a creation rule matches are encrypted");
    }
    let named_keys = named.as_ref().map_or(&[][..], |group| &group.0);
    let session = Session::start(
        io,
        args.manner,
        rules,
        &args.config,
        &args.identity,
        named_keys,
        &files,
    )?;
    let over = args
        .filename_override
        .as_ref()
        .map(|path| steps::Name::new(path, io));
    let stdin = steps::stdin(&args.paths, io, &session)?;
    let run = Run {
        args,
        session,
        destination,
        named,
        over,
        stdin,
    };
    let results = batch::run(&files, io, "encrypting", batch::Work::Disk, |found, turn| {
        run.file(found, turn).map(Some)
    });
    batch::finish(&files, results, io, args.manner, args.json)
}

fn check_flags(args: &Args) -> Result<(), CliError> {
    let conflict = |text: &str| Err(CliError::new(Kind::Conflicting, text));
    let stdin = args.paths == [Path::new("-")];
    if stdin && args.filename_override.is_none() {
        return conflict("standard input needs --filename-override, to find its rule and type");
    }
    if args.paths.len() > 1 && (args.filename_override.is_some() || args.previous.is_some()) {
        return conflict("--filename-override and --previous are for one file");
    }
    Ok(())
}

/// One run of the command, shared by its threads.
struct Run<'a> {
    args: &'a Args,
    session: Session,
    destination: Destination,
    named: Option<KeyGroup>,
    over: Option<steps::Name>,
    stdin: Option<Zeroizing<Vec<u8>>>,
}

impl Run<'_> {
    fn file(&self, found: &Found, turn: &Turn) -> Result<Done, CliError> {
        let name = self.over.as_ref().map_or(&found.path, |over| &over.path);
        let (input_store, output_store) = steps::stores(&self.args.types, name, self.args.manner)?;
        let in_place = matches!(self.destination, Destination::InPlace);
        let max = self.session.limits.plain(input_store);
        let input = steps::open(
            found,
            self.stdin.as_ref(),
            self.over.as_ref(),
            in_place.then_some(turn),
            max,
        )?;
        let what = format!("cannot encrypt {}", input.shown.display());
        steps::refuse_conflict(&input.bytes, input_store, &input.shown, Kind::ReadInput)?;
        if self.args.manner == Manner::Own && is_encrypted_binary(input_store, &input) {
            return self.again(&what, input_store, output_store, &input);
        }
        let document = input_store
            .read_plain(&input.bytes)
            .map_err(|error| steps::cannot_read(error, &what, input_store, Kind::ReadInput))?;
        if document.branches().is_empty() {
            return Err(steps::cannot_encrypt(sops::EncryptError::NoDocument, &what));
        }
        match self.args.manner {
            Manner::Own if input_store.has_block(&document) => {
                return self.again(&what, input_store, output_store, &input);
            }
            Manner::Own => refuse_orphans(&document, &input)?,
            Manner::Sops if output_store.has_block(&document) => {
                return Err(steps::cannot_encrypt(sops::EncryptError::AlreadyEncrypted, &what));
            }
            Manner::Sops => {}
        }
        self.fresh(&what, document, output_store, &input)
    }

    /// A file without a block.
    fn fresh(&self, what: &str, document: Document, store: Store, input: &Input) -> Result<Done, CliError> {
        let session = &self.session;
        let rule = session.rule_of(what, &input.name)?;
        let (key, header, previous) = match &self.args.previous {
            Some(path) => self.key_of_previous(path, rule, store)?,
            None => {
                let (key, header) = self.key_by_rule(what, rule)?;
                (key, header, None)
            }
        };
        let mut random = session.random();
        let encrypted = sops::encrypt(
            document,
            &key,
            header,
            previous.as_ref(),
            session.now,
            &mut *random,
        )
        .map_err(|error| steps::cannot_encrypt(error, what))?;
        let nothing = store != Store::Binary && !selection::has_ciphertext(encrypted.file.document());
        let mut done = self.write(what, &encrypted, store, input, &key, "encrypted")?;
        if nothing && session.manner == Manner::Own {
            done.warnings.push(format!(
                "{}: nothing was encrypted: no value is selected by {}, or all are empty",
                input.shown.display(),
                steps::name(&encrypted.file.metadata().selector)
            ));
        }
        Ok(done)
    }

    /// A new data key, wrapped for whom flags or the rule name.
    fn key_by_rule(&self, what: &str, rule: Option<&CreationRule>) -> Result<(DataKey, Header), CliError> {
        let session = &self.session;
        let header = selection::new_header(&self.args.selector, rule, self.args.mac_only_encrypted)?;
        let groups = selection::groups(self.named.as_ref(), rule)?;
        let flag = self.args.shamir_secret_sharing_threshold.unwrap_or(0);
        let threshold = if flag > 0 {
            flag
        } else {
            rule.map_or(0, |rule| rule.shamir_threshold)
        };
        let key = DataKey::generate(&mut *session.random())
            .map_err(|error| CliError::new(Kind::Generic, what).because(error))?;
        let mixing = session.mixing(self.args.allow_mixed);
        let key_groups = session.lock(what, &key, groups, threshold, mixing)?;
        let shamir_threshold = selection::threshold(threshold, key_groups.len());
        Ok((
            key,
            Header {
                key_groups,
                shamir_threshold,
                ..header
            },
        ))
    }

    /// The data key, keys and values of the encrypted version of this file.
    fn key_of_previous(
        &self,
        path: &Path,
        rule: Option<&CreationRule>,
        store: Store,
    ) -> Result<(DataKey, Header, Option<Previous>), CliError> {
        let what = format!("cannot use --previous {}", path.display());
        let absolute = self.session.resolve(path);
        let bytes = crate::files::read(&absolute, path, self.session.limits.encrypted(store))?;
        let file = store
            .read_encrypted(&bytes)
            .map_err(|error| steps::cannot_read(error, &what, store, Kind::ReadInput))?;
        let key = self.session.unlock(&what, file.metadata())?;
        let previous = Previous::open(&file, &key).map_err(|error| steps::cannot_decrypt(error, &what))?;
        let mut header = selection::header_of(file.metadata());
        // The selection of today's rule counts: the former file may have been encrypted under another.
        if rule.is_some_and(|rule| rule.selector.is_some()) || selection::is_given(&self.args.selector) {
            let wanted = selection::new_header(&self.args.selector, rule, self.args.mac_only_encrypted)?;
            header = Header {
                selector: wanted.selector,
                mac_only_encrypted: wanted.mac_only_encrypted,
                ..header
            };
        }
        Ok((key, header, Some(previous)))
    }

    /// A file with a block (spec/sops-cli §15.2).
    fn again(&self, what: &str, from: Store, to: Store, input: &Input) -> Result<Done, CliError> {
        let file = steps::read_encrypted(from, input, what)?;
        let differs = steps::check_selector(&self.session, input, from, &file);
        let plain = file.plain_leaves();
        if plain.is_empty() {
            let mut done = Done::new("unchanged");
            if let Err(error) = differs {
                done.warnings.push(error.message);
            }
            if !matches!(self.destination, Destination::InPlace) {
                let bytes = if from == to {
                    Zeroizing::new(input.bytes.to_vec())
                } else {
                    self.text(what, &file, to)?
                };
                steps::deliver(
                    &self.destination,
                    &self.args.output,
                    input,
                    bytes,
                    Secrecy::Sealed,
                    &mut done,
                )?;
            }
            return Ok(done);
        }
        differs?;
        let key = self.session.unlock(what, file.metadata())?;
        let (document, mut warnings) =
            sops::open_mixed(&file, &key).map_err(|error| steps::cannot_decrypt(error, what))?;
        let previous = Previous::open(&file, &key).map_err(|error| steps::cannot_decrypt(error, what))?;
        let header = selection::header_of(file.metadata());
        let mut random = self.session.random();
        let mut encrypted = sops::encrypt(
            document,
            &key,
            header,
            Some(&previous),
            self.session.now,
            &mut *random,
        )
        .map_err(|error| steps::cannot_encrypt(error, what))?;
        warnings.append(&mut encrypted.warnings);
        encrypted.warnings = warnings;
        let mut done = self.write(what, &encrypted, to, input, &key, "completed")?;
        done.warnings.push(format!(
            "{}: the former content could not be verified as a whole, only each encrypted value",
            input.shown.display()
        ));
        Ok(done)
    }

    fn write(
        &self,
        what: &str,
        encrypted: &Encrypted,
        store: Store,
        input: &Input,
        key: &DataKey,
        result: &'static str,
    ) -> Result<Done, CliError> {
        let (file, warnings) = (&encrypted.file, &encrypted.warnings);
        self.refuse_strict(what, warnings, input)?;
        let mut done = Done {
            warnings: steps::told(warnings, &input.shown),
            ..Done::new(result)
        };
        let text = self.text(what, file, store)?;
        if matches!(self.destination, Destination::InPlace) {
            proof::opens_again(&text, store, key, what)?;
        }
        done.warnings
            .extend(steps::mixed_warning(file.metadata(), &input.shown));
        // Encrypted values are several times as long: what could be read may now be too large to be opened again.
        let limit = self.session.limits.encrypted(store);
        if text.len() as u64 > limit {
            let (shown, size) = (input.shown.display(), text.len());
            done.warnings.push(format!(
                "{shown}: encrypted it has {size} bytes, and gitseal reads {limit} at most: raise GITSEAL_MAX_BYTES to open it"
            ));
        }
        steps::deliver(
            &self.destination,
            &self.args.output,
            input,
            text,
            Secrecy::Sealed,
            &mut done,
        )?;
        Ok(done)
    }

    fn text(&self, what: &str, file: &EncryptedFile, store: Store) -> Result<Zeroizing<Vec<u8>>, CliError> {
        let text = store.write_encrypted(file, &self.session.layout(store));
        text.map(Zeroizing::new)
            .map_err(|error| steps::cannot_write(error, what))
    }

    fn refuse_strict(&self, what: &str, warnings: &[Warning], input: &Input) -> Result<(), CliError> {
        let matters = |warning: &&Warning| {
            let kind = warning.kind;
            matches!(
                kind,
                WarningKind::RespelledScalar | WarningKind::AliasReplaced | WarningKind::TagLikeText
            )
        };
        let strict: Vec<Warning> = warnings.iter().filter(matters).cloned().collect();
        if !self.args.strict || strict.is_empty() {
            return Ok(());
        }
        let mut error = CliError::new(Kind::EncryptTree, what)
            .because(CliError::new(
                Kind::EncryptTree,
                "values would not survive a round trip",
            ))
            .hint("correct these lines, or leave --strict out");
        error.tried = steps::told(&strict, &input.shown);
        Err(error)
    }
}

/// The binary store cannot see a block in plain bytes: an encrypted file is content like any other to SOPS.
fn is_encrypted_binary(store: Store, input: &Input) -> bool {
    store == Store::Binary
        && crate::files::may_have_block(&input.bytes, store)
        && store.read_encrypted(&input.bytes).is_ok()
}

/// Ciphertext without a block has lost its keys: encrypting it again would bury it.
fn refuse_orphans(document: &Document, input: &Input) -> Result<(), CliError> {
    if document.store() == Store::Binary || !selection::has_ciphertext(document) {
        return Ok(());
    }
    let marker = steps::CIPHERTEXT;
    let at = input
        .bytes
        .windows(marker.len())
        .position(|window| window == marker)
        .unwrap_or(0);
    let line = 1 + input.bytes[..at].iter().filter(|byte| **byte == b'\n').count();
    Err(CliError::new(
        Kind::ReadInput,
        format!(
            "{}:{line}: there is an encrypted value, but the file has no sops block",
            input.shown.display()
        ),
    )
    .hint("take the sops block of the last good version out of Git"))
}
