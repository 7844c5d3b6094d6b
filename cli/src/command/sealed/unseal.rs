//! `unseal`: SealedSecrets as the Secrets they become, or only whether they would.

use std::path::PathBuf;

use manifest::{Secret, template};
use rayon::prelude::*;
use seal::file::Place;
use seal::{KeyRing, Label, Opened, SealedBy, Templates, assemble, open_item};
use secrecy::ExposeSecret;
use serde_json::json;
use zeroize::Zeroizing;

use super::ring::{self, KeyFileArgs};
use super::text::{self, SealedText};
use crate::args::{Manner, OutputArgs};
use crate::command::file::batch::{self, Done, Work};
use crate::command::file::steps::{self, Destination};
use crate::error::{CliError, Kind};
use crate::files::{Found, Limits, Secrecy, Turn};
use crate::io::Io;

/// Open SealedSecrets with key files or a key backup
///
/// All items of an object open, or the object stays as it is. Other documents, comments and layout stay. A folder means
/// every YAML and JSON file below it that holds a SealedSecret.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Files and folders; - is standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub keys: KeyFileArgs,

    /// Write nothing, only say what does not open; without --key only the form is checked
    #[arg(long, conflicts_with_all = ["in_place", "output", "format", "string_data"])]
    pub check: bool,

    /// Write only the Secrets, in this format, instead of the file with its SealedSecrets opened
    #[arg(short = 'o', long, value_name = "FORMAT", conflicts_with = "in_place")]
    pub format: Option<Format>,

    /// Write values that are text under stringData
    #[arg(long)]
    pub string_data: bool,

    /// Report as JSON on standard output (with --in-place or --check)
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub output: OutputArgs,
}

/// How Secrets are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// JSON, one object behind the other.
    Json,
    /// YAML, each object behind `---`.
    Yaml,
}

/// Runs the command.
///
/// # Errors
///
/// An item that does not open: exit 1, with every such item; see also the exit codes of spec/sops-cli §6.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    let destination = if args.check {
        Destination::Stdout
    } else {
        steps::destination(&args.output, &args.paths, args.json, io)?
    };
    let ring = if args.check {
        ring::ring(&args.keys, io)?
    } else {
        ring::needed(&args.keys, "unseal", io)?
    };
    let files = steps::collect(&args.paths, io, &text::is_manifest)?;
    let max = Limits::of(io)?.plain(sops::Store::Yaml);
    let stdin = match args.paths.as_slice() {
        [path] if path.as_os_str() == "-" => Some(io.read_stdin(max)?),
        _ => None,
    };
    let now = io.now();
    let source = std::sync::Arc::clone(&io.random);
    let random = move |bytes: &mut [u8]| source().fill(bytes).is_ok();
    let outside = template::Outside {
        now: (
            now.as_second(),
            u32::try_from(now.subsec_nanosecond()).unwrap_or(0),
        ),
        random: &random,
    };
    let run = Run {
        args,
        ring,
        destination,
        stdin,
        max,
        outside,
    };
    let work = if args.output.in_place {
        Work::Disk
    } else {
        Work::Cores
    };
    let verb = if args.check { "checking" } else { "unsealing" };
    let results = batch::run(&files, io, verb, work, |found, turn| run.file(found, turn));
    batch::finish(&files, results, io, Manner::Own, args.json)
}

/// One run of the command, shared by its threads.
struct Run<'a> {
    args: &'a Args,
    ring: KeyRing,
    destination: Destination,
    stdin: Option<Zeroizing<Vec<u8>>>,
    max: u64,
    outside: template::Outside<'a>,
}

impl Run<'_> {
    fn file(&self, found: &Found, turn: &Turn) -> Result<Option<Done>, CliError> {
        let in_place = matches!(self.destination, Destination::InPlace);
        let Some(mut text) = text::open(found, self.stdin.as_ref(), in_place.then_some(turn), self.max)?
        else {
            return Ok(None);
        };
        let sealed = text.sealed();
        if sealed.is_empty() {
            return Err(self
                .failed(&text)
                .because(CliError::new(Kind::Generic, "there is no SealedSecret in it")));
        }
        if self.args.check && self.ring.is_empty() {
            return self.check_form(&text).map(Some);
        }
        let mut secrets = Vec::new();
        let mut failures = Vec::new();
        // Objects and their items on all cores: a file may hold one with a thousand, or a thousand with one.
        let opened: Vec<_> = sealed
            .into_par_iter()
            .with_max_len(1)
            .map(|(place, origin)| (place, origin, self.object(&text, place)))
            .collect();
        for (place, origin, result) in opened {
            match result {
                Ok(secret) => secrets.push((place, secret)),
                Err(why) => failures.extend(
                    why.lines()
                        .map(|line| format!("{}: {line}", text.place_of(place, origin))),
                ),
            }
        }
        if !failures.is_empty() {
            let mut failed = self.failed(&text);
            failed.tried = failures;
            return Err(failed.hint(format!(
                "nothing was written; gitseal explain {} says more about each item",
                text.shown.display()
            )));
        }
        let mut done = Done::new(if self.args.check { "opens" } else { "unsealed" });
        done.json.insert("secrets".to_owned(), json!(secrets.len()));
        if self.args.check {
            return Ok(Some(done));
        }
        let bytes = self.bytes(&mut text, secrets)?;
        let input = steps::Input {
            name: found.path.clone(),
            shown: text.shown,
            bytes: Zeroizing::default(),
            target: text.target,
        };
        steps::deliver(
            &self.destination,
            &self.args.output,
            &input,
            bytes,
            Secrecy::Plain,
            &mut done,
        )?;
        Ok(Some(done))
    }

    /// One object, its items on all cores. The error is in the peer's words, a line for each kind of failure.
    fn object(&self, text: &SealedText, place: Place) -> Result<Secret, String> {
        let sealed = text.secret(place).map_err(|error| error.causes().join(": "))?;
        let (label, hints) = (Label::of(&sealed), SealedBy::of_object(&sealed));
        let items: Vec<_> = sealed.spec.encrypted_data.iter().collect();
        let opened: Opened = items
            .into_par_iter()
            .with_max_len(1)
            .map(|(item, value)| (item.clone(), open_item(item, value, &label, &self.ring, &hints)))
            .collect();
        let templates = Templates::Render(&self.outside, template::Limits::default());
        let mut secret = assemble(&sealed, opened, templates).map_err(|error| error.to_string())?;
        // The owner is the controller's to set: here it has no uid, and no API server would take it.
        secret.metadata.0.shift_remove("ownerReferences");
        if self.args.string_data {
            text_values(&mut secret);
        }
        Ok(secret)
    }

    fn bytes(
        &self,
        text: &mut SealedText,
        secrets: Vec<(Place, Secret)>,
    ) -> Result<Zeroizing<Vec<u8>>, CliError> {
        let mut out = Zeroizing::new(Vec::new());
        if let Some(format) = self.args.format {
            for (_, secret) in &secrets {
                let value = secret.to_value();
                let printed = match format {
                    Format::Json => manifest::write::json(&value),
                    Format::Yaml => manifest::write::yaml(&value),
                };
                out.extend_from_slice(printed.as_bytes());
            }
            return Ok(out);
        }
        let all: Vec<_> = secrets.iter().map(|(place, secret)| (*place, secret)).collect();
        text.file
            .unseal_all(&all)
            .map_err(|error| self.failed(text).because(error))?;
        let empty = text::parse(b"", &text.shown)?;
        let file = std::mem::replace(&mut text.file, empty);
        out.extend_from_slice(file.into_text().as_bytes());
        Ok(out)
    }

    /// What can be said without a key: base64, lengths, names that the scope needs.
    fn check_form(&self, text: &SealedText) -> Result<Done, CliError> {
        let mut faults = Vec::new();
        for (place, origin) in text.sealed() {
            let sealed = text.secret(place)?;
            let explained = seal::explain::explain(&sealed, None, &[]);
            let here = text.place_of(place, origin);
            let whole = explained.findings.iter().filter(|finding| finding.is_fault());
            faults.extend(whole.map(|finding| format!("{here}: {finding}")));
            for (item, findings) in &explained.items {
                let of_item = findings.iter().filter(|finding| finding.is_fault());
                faults.extend(of_item.map(|finding| format!("{here}: {item}: {finding}")));
            }
        }
        if faults.is_empty() {
            return Ok(Done::new("well-formed"));
        }
        let mut failed = self.failed(text);
        failed.tried = faults;
        Err(failed)
    }

    fn failed(&self, text: &SealedText) -> CliError {
        let verb = if self.args.check && self.ring.is_empty() {
            "open"
        } else {
            "unseal"
        };
        CliError::new(Kind::Generic, format!("cannot {verb} {}", text.shown.display()))
    }
}

/// Moves values that are text to `stringData`.
fn text_values(secret: &mut Secret) {
    let Some(data) = secret.data.take() else { return };
    let (mut bytes, mut texts) = (
        std::collections::BTreeMap::new(),
        std::collections::BTreeMap::new(),
    );
    for (item, value) in data {
        match std::str::from_utf8(value.expose_secret()) {
            Ok(text) => {
                texts.insert(item, text.into());
            }
            Err(_) => {
                bytes.insert(item, value);
            }
        }
    }
    secret.data = (!bytes.is_empty()).then_some(bytes);
    secret.string_data = (!texts.is_empty()).then_some(texts);
}
