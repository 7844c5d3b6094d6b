//! One file: its Secrets found, settled and sealed on all cores, and the result delivered.

use std::sync::Arc;

use ::seal::file::{Kind as Is, Place, SealedFile};
use ::seal::{RandomError, SEALED_BY, Scope, SealedBy, Sealing, seal_secret};
use crds::SealedSecret;
use manifest::{Limits, Metadata};
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use sops::Store;
use zeroize::Zeroizing;

use super::place::{Places, together};
use super::settle::{Settled, is_encrypted, settle};
use super::{Format, Run, Where, conflict, outside};
use crate::command::file::batch::{Done, Outcome};
use crate::command::file::steps::{self, Destination, Input};
use crate::command::sealed::certs::Recipient;
use crate::error::{CliError, Kind};
use crate::files::{Found, Secrecy, Turn};
use crate::io::RandomSource;

/// One Secret of the file and one cluster that it is sealed to.
pub(super) struct Job {
    pub(super) place: Place,
    pub(super) recipient: Arc<Recipient>,
    settled: Settled,
}

/// What became of it.
pub(super) struct Sealed {
    pub(super) place: Place,
    pub(super) recipient: Arc<Recipient>,
    pub(super) object: SealedSecret,
    pub(super) namespace: String,
    pub(super) name: String,
    scope: Scope,
}

impl Run<'_> {
    /// Seals one file.
    ///
    /// # Errors
    ///
    /// One of its Secrets cannot be sealed; then nothing of it is written.
    pub(super) fn file(&self, found: &Found, turn: &Turn) -> Outcome {
        let Some(recipients) = self.plans.get(&found.path) else {
            return Ok(None);
        };
        if recipients.is_empty() {
            return Ok(Some(Done::new("unchanged")));
        }
        let in_place = matches!(self.destination, Where::One(Destination::InPlace));
        let input = steps::open(
            found,
            self.stdin.as_ref(),
            None,
            in_place.then_some(turn),
            self.max,
        )?;
        steps::refuse_conflict(&input.bytes, Store::Yaml, &input.shown, Kind::ReadInput)?;
        let limits = Limits {
            bytes: usize::try_from(self.max).unwrap_or(usize::MAX),
            ..Limits::default()
        };
        let places = Places::new(&input.shown, &input.bytes, &limits);
        let what = format!("cannot seal {}", input.shown.display());
        let text = std::str::from_utf8(&input.bytes).map_err(|_| {
            CliError::new(Kind::ReadInput, &*what).because(CliError::new(Kind::ReadInput, "it is not UTF-8"))
        })?;
        let mut file = SealedFile::parse(text, &limits).map_err(|error| places.refused(&error))?;
        let secrets = secrets(&file, found.below.is_none());
        if secrets.is_empty() {
            return self.nothing(found, &file, &input, what);
        }
        // A file of a folder that SOPS has encrypted is fine as it is.
        if found.below.is_some()
            && secrets
                .iter()
                .all(|place| is_encrypted(file.object(*place).value()))
        {
            return Ok(None);
        }
        if let (Where::One(_), true) = (&self.destination, recipients.len() > 1) {
            return Err(several(&input, recipients));
        }
        let (jobs, warnings) = self.jobs(&file, &secrets, recipients, &places, what)?;
        let sealed = seal_all(jobs, &self.random)?;
        let mut done = Done::new("sealed");
        done.warnings = warnings;
        let report = sealed.iter().map(entry).collect();
        done.json.insert("secrets".to_owned(), Value::Array(report));
        match &self.destination {
            Where::Apart => outside::write(self, &sealed, &input, &mut done)?,
            Where::One(destination) => {
                let bytes = match self.args.format {
                    Some(format) => print(&file, &sealed, format)?,
                    None => {
                        let all: Vec<_> = sealed.iter().map(|one| (one.place, &one.object)).collect();
                        file.seal_all(&all).map_err(|error| places.refused(&error))?;
                        bytes(file.into_text())
                    }
                };
                steps::deliver(
                    destination,
                    &self.args.output,
                    &input,
                    bytes,
                    Secrecy::Sealed,
                    &mut done,
                )?;
            }
        }
        Ok(Some(done))
    }

    /// A file without a Secret: sealed already, or not meant.
    fn nothing(&self, found: &Found, file: &SealedFile, input: &Input, what: String) -> Outcome {
        let objects = file.objects();
        if found.below.is_some() && !matches!(self.destination, Where::One(Destination::InPlace)) {
            return Ok(None);
        }
        if !objects.iter().any(|(_, kind, _)| *kind == Is::SealedSecret) {
            if found.below.is_some() {
                return Ok(None);
            }
            let kinds: Vec<&str> = objects
                .iter()
                .map(|(place, ..)| file.object(*place).kind())
                .collect();
            let error = CliError::new(Kind::Generic, what);
            return Err(match kinds.iter().find(|kind| !kind.is_empty()) {
                Some(kind) => error
                    .because(CliError::new(
                        Kind::Generic,
                        format!("it holds no Secret, but {}", crate::ui::one_line(kind)),
                    ))
                    .hint("only Secrets are sealed; other objects stay as they are"),
                None => error.because(CliError::new(Kind::Generic, "it holds no Secret")),
            });
        }
        let mut done = Done::new("unchanged");
        match &self.destination {
            Where::Apart | Where::One(Destination::InPlace) => {}
            Where::One(destination) => {
                let bytes = match self.args.format {
                    Some(format) => print(file, &[], format)?,
                    None => Zeroizing::new(input.bytes.to_vec()),
                };
                steps::deliver(
                    destination,
                    &self.args.output,
                    input,
                    bytes,
                    Secrecy::Sealed,
                    &mut done,
                )?;
            }
        }
        Ok(Some(done))
    }

    fn jobs(
        &self,
        file: &SealedFile,
        secrets: &[Place],
        recipients: &[Arc<Recipient>],
        places: &Places<'_>,
        what: String,
    ) -> Result<(Vec<Job>, Vec<String>), CliError> {
        let mut jobs = Vec::with_capacity(secrets.len() * recipients.len());
        let mut warnings = Vec::new();
        let mut problems = Vec::new();
        for &place in secrets {
            let object = file.object(place);
            for (number, recipient) in recipients.iter().enumerate() {
                match settle(object, object.origin(), recipient, self.args, places) {
                    Ok(mut settled) => {
                        // The same Secret for the next cluster would be warned about again.
                        if number == 0 {
                            warnings.append(&mut settled.warnings);
                        }
                        jobs.push(Job {
                            place,
                            recipient: Arc::clone(recipient),
                            settled,
                        });
                    }
                    Err(problem) => {
                        problems.push(problem);
                        break;
                    }
                }
            }
        }
        if problems.is_empty() {
            Ok((jobs, warnings))
        } else {
            Err(together(what, problems))
        }
    }
}

/// The Secrets of a file. In a file that was named, an object without a kind is one if it looks like one.
fn secrets(file: &SealedFile, named: bool) -> Vec<Place> {
    let nameless = |place: Place| {
        let object = file.object(place);
        object.kind().is_empty()
            && ["data", "stringData"]
                .iter()
                .any(|field| object.value().get(field).is_some())
    };
    let is = |(place, kind, _): &(Place, Is, _)| match kind {
        Is::Secret => true,
        Is::SealedSecret => false,
        Is::Other => named && nameless(*place),
    };
    file.objects()
        .into_iter()
        .filter(is)
        .map(|(place, ..)| place)
        .collect()
}

fn seal_all(jobs: Vec<Job>, random: &RandomSource) -> Result<Vec<Sealed>, CliError> {
    if jobs.len() < MIN_PARALLEL {
        return jobs.into_iter().map(|job| seal(job, random)).collect();
    }
    jobs.into_par_iter().map(|job| seal(job, random)).collect()
}

fn seal(job: Job, random: &RandomSource) -> Result<Sealed, CliError> {
    let Job {
        place,
        recipient,
        settled,
    } = job;
    let sealing = Sealing {
        cert: &recipient.cert,
        scope: settled.replaced,
    };
    let mut source = random();
    let mut fill = |bytes: &mut [u8]| source.fill(bytes).map_err(|_| RandomError);
    let mut object = seal_secret(&settled.secret, sealing, &mut fill)
        .map_err(|error| CliError::new(Kind::Generic, "cannot seal").because(error))?;
    let metadata = &settled.secret.metadata;
    let (namespace, name) = (metadata.namespace().to_owned(), metadata.name().to_owned());
    let by = SealedBy::whole(recipient.cert.fingerprint(), settled.scope, &namespace, &name);
    let mut own = Metadata(std::mem::take(&mut object.metadata));
    own.set_annotation(SEALED_BY, &by.to_text());
    if !recipient.labels.is_empty() {
        let labels = recipient.labels.iter();
        let labels: Map<String, Value> = labels.map(|(key, value)| (key.clone(), json!(value))).collect();
        own.0.insert("labels".to_owned(), Value::Object(labels));
        own.retain_known();
    }
    object.metadata = own.0;
    Ok(Sealed {
        place,
        recipient,
        object,
        namespace,
        name,
        scope: settled.scope,
    })
}

/// Every object of the file, Secrets sealed, in one format.
fn print(file: &SealedFile, sealed: &[Sealed], format: Format) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let mut texts = Vec::new();
    // Both in the order of the text.
    let mut sealed = sealed.iter().peekable();
    for (place, ..) in file.objects() {
        let text = match sealed.next_if(|one| one.place == place) {
            Some(one) => text_of(&one.object, format)?,
            None => write(file.object(place).value(), format),
        };
        texts.push(text);
    }
    let mut all = Zeroizing::new(Vec::with_capacity(texts.iter().map(|text| text.len()).sum()));
    for text in texts {
        all.extend_from_slice(text.as_bytes());
    }
    Ok(all)
}

/// A SealedSecret as text.
///
/// # Errors
///
/// It cannot be written, which nothing that was sealed here is.
pub(super) fn text_of(sealed: &SealedSecret, format: Format) -> Result<Zeroizing<String>, CliError> {
    let value = serde_json::to_value(sealed)
        .map_err(|error| CliError::new(Kind::DumpTree, "cannot write the SealedSecret").because(error))?;
    Ok(write(&value, format))
}

fn write(value: &Value, format: Format) -> Zeroizing<String> {
    match format {
        Format::Json => manifest::write::json(value),
        Format::Yaml => manifest::write::yaml(value),
    }
}

fn bytes(mut text: Zeroizing<String>) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(std::mem::take(&mut *text).into_bytes())
}

fn entry(sealed: &Sealed) -> Value {
    let mut entry = Map::new();
    entry.insert("name".to_owned(), json!(sealed.name));
    if !sealed.namespace.is_empty() {
        entry.insert("namespace".to_owned(), json!(sealed.namespace));
    }
    entry.insert("scope".to_owned(), json!(sealed.scope.to_string()));
    if let Some(cluster) = &sealed.recipient.cluster {
        entry.insert("cluster".to_owned(), json!(cluster));
    }
    entry.insert(
        "fingerprint".to_owned(),
        json!(sealed.recipient.cert.fingerprint()),
    );
    Value::Object(entry)
}

fn several(input: &Input, recipients: &[Arc<Recipient>]) -> CliError {
    let names: Vec<&str> = recipients
        .iter()
        .filter_map(|one| one.cluster.as_deref())
        .collect();
    conflict(format!(
        "{} is for the clusters {}: SealedSecrets of one name are never written to one place",
        input.shown.display(),
        names.join(", ")
    ))
    .hint(
        "give each cluster an out in .gitseal.yaml and leave out -i, --output and -o; or name one with --for",
    )
}

/// Pieces of work from which on other threads are worth starting.
const MIN_PARALLEL: usize = 4;
