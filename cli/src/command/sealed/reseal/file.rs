//! One file: its objects on all cores, the changes put in, and the result delivered.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crds::SealedSecret;
use manifest::Origin;
use rayon::prelude::*;
use seal::file::{FileError, Place};
use seal::{
    KeyRing, RandomError, Resealed, SEALED_BY, Scope, SealedBy, SealedValue, SealingCert, reseal_items,
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::endpoint::{self, Endpoint};
use super::{Plan, Run};
use crate::command::file::batch::{Done, Outcome};
use crate::command::file::steps::{self, Destination, Input};
use crate::command::sealed::text::{self, SealedText};
use crate::error::{CliError, Kind};
use crate::files::{Found, Secrecy, Turn};
use crate::ui::one_line;

/// One object and what becomes of it.
struct Object {
    place: Place,
    origin: Origin,
    secret: SealedSecret,
    resealed: Resealed,
    /// It has no note, so all its items are sealed anew.
    blindly: bool,
}

impl Run<'_> {
    /// Reseals one file.
    ///
    /// # Errors
    ///
    /// One of its items cannot be resealed; then nothing of it is written.
    pub(super) fn file(&self, found: &Found, turn: &Turn) -> Outcome {
        let Some(plan) = self.plans.get(&found.path) else {
            return Ok(None);
        };
        let in_place = matches!(self.destination, Destination::InPlace) && !self.args.dry_run;
        let Some(mut text) = text::open(found, self.stdin.as_ref(), in_place.then_some(turn), self.max)?
        else {
            return Ok(None);
        };
        let failed = || CliError::new(Kind::Generic, format!("cannot reseal {}", text.shown.display()));
        let sealed = text.sealed();
        if sealed.is_empty() {
            return Err(failed().because(CliError::new(Kind::Generic, "there is no SealedSecret in it")));
        }
        let objects = self.objects(&text, sealed, plan).map_err(|tried| {
            let mut error = failed();
            error.tried = tried;
            error.hint(format!(
                "nothing was written; gitseal explain {} says more about each item",
                text.shown.display()
            ))
        })?;
        let changed = objects.iter().any(|object| !object.resealed.changed.is_empty());
        let mut done = self.told(&text, &objects, changed);
        if self.args.dry_run || (!changed && in_place) {
            return Ok(Some(done));
        }
        self.put(&mut text, &objects, &plan.recipient.cert)?;
        let empty = text::parse(b"", &text.shown)?;
        let file = std::mem::replace(&mut text.file, empty).into_text();
        let input = Input {
            name: found.path.clone(),
            shown: text.shown,
            bytes: Zeroizing::default(),
            target: text.target,
        };
        let bytes = Zeroizing::new(file.as_bytes().to_vec());
        steps::deliver(
            &self.destination,
            &self.output,
            &input,
            bytes,
            Secrecy::Sealed,
            &mut done,
        )?;
        Ok(Some(done))
    }

    /// What becomes of each object; or every item of the file that fails.
    fn objects(
        &self,
        text: &SealedText,
        sealed: Vec<(Place, Origin)>,
        plan: &Plan,
    ) -> Result<Vec<Object>, Vec<String>> {
        let each = |(place, origin): (Place, Origin)| {
            let why = |why: String| {
                let here = text.place_of(place, origin);
                why.lines()
                    .map(|line| format!("{here}: {line}"))
                    .collect::<Vec<_>>()
            };
            let secret = text
                .secret(place)
                .map_err(|error| why(error.causes().join(": ")))?;
            let (resealed, blindly) = match (&self.ring, &plan.endpoint) {
                (Some(ring), _) => (self.by_ring(&secret, ring, &plan.recipient.cert), false),
                (None, Some(endpoint)) => self.by_controller(&secret, endpoint, &plan.recipient.cert),
                (None, None) => (Err("there is no key and no controller".to_owned()), false),
            };
            Ok(Object {
                place,
                origin,
                resealed: resealed.map_err(why)?,
                secret,
                blindly,
            })
        };
        let results: Vec<Result<Object, Vec<String>>> = match sealed.len() {
            1 => sealed.into_iter().map(each).collect(),
            _ => sealed.into_par_iter().with_max_len(1).map(each).collect(),
        };
        let (mut objects, mut errors) = (Vec::new(), Vec::new());
        for result in results {
            match result {
                Ok(object) => objects.push(object),
                Err(lines) => errors.extend(lines),
            }
        }
        if errors.is_empty() {
            Ok(objects)
        } else {
            Err(errors)
        }
    }

    fn by_ring(&self, secret: &SealedSecret, ring: &KeyRing, cert: &SealingCert) -> Result<Resealed, String> {
        let mut random = (self.random)();
        let mut fill = |bytes: &mut [u8]| random.fill(bytes).map_err(|_| RandomError);
        reseal_items(secret, ring, cert, &mut fill).map_err(|error| error.to_string())
    }

    /// The note of the file is all that is known here: items that it says are sealed to the certificate stay.
    fn by_controller(
        &self,
        secret: &SealedSecret,
        endpoint: &Mutex<Endpoint>,
        cert: &SealingCert,
    ) -> (Result<Resealed, String>, bool) {
        let hints = SealedBy::of_object(secret);
        let current = |item: &str, text: &str| {
            let said = hints
                .of(item)
                .is_some_and(|entry| entry.fingerprint == cert.fingerprint());
            said && SealedValue::from_base64(text)
                .is_ok_and(|value| value.rsa_bytes() == Some(cert.bits() / 8))
        };
        let mut resealed = Resealed::default();
        let mut old = Vec::new();
        for (item, text) in &secret.spec.encrypted_data {
            if current(item, text) {
                resealed.kept.push(item.clone())
            } else {
                old.push(item.clone())
            }
        }
        let blindly = hints.entries.is_empty() && !old.is_empty();
        if self.args.dry_run || old.is_empty() {
            resealed.changed = old.into_iter().map(|item| (item, String::new())).collect();
            return (Ok(resealed), blindly);
        }
        let renewed = endpoint
            .lock()
            .map_err(|_| endpoint::broken().message)
            .and_then(|mut endpoint| endpoint.renew(secret, &old));
        let renewed = renewed.map(|changed| Resealed { changed, ..resealed });
        (renewed, blindly)
    }

    /// Puts the new texts in, and notes by which certificate everything is sealed now.
    fn put(&self, text: &mut SealedText, objects: &[Object], cert: &SealingCert) -> Result<(), CliError> {
        let what = format!("cannot reseal {}", text.shown.display());
        let failed = |error: FileError| CliError::new(Kind::Generic, &*what).because(error);
        let changes: Vec<(Place, &str, &str)> = objects
            .iter()
            .flat_map(|object| {
                let changed = object.resealed.changed.iter();
                changed.map(|(item, text)| (object.place, item.as_str(), text.as_str()))
            })
            .collect();
        text.file.set_all(&changes).map_err(failed)?;
        let changed = objects
            .iter()
            .filter(|object| !object.resealed.changed.is_empty());
        let notes = changed.map(|object| {
            let metadata = &object.secret.metadata;
            let field = |field: &str| metadata.get(field).and_then(Value::as_str).unwrap_or_default();
            let scope = Scope::of_metadata(metadata);
            // What was kept lies under it too.
            let by = SealedBy::whole(cert.fingerprint(), scope, field("namespace"), field("name"));
            (object.place, by.to_text())
        });
        let notes: Vec<(Place, String)> = notes.collect();
        let notes: Vec<_> = notes
            .iter()
            .map(|(place, note)| (*place, SEALED_BY, Some(note.as_str())))
            .collect();
        text.file.set_annotations(&notes).map_err(failed)
    }

    /// What is said about the file.
    fn told(&self, text: &SealedText, objects: &[Object], changed: bool) -> Done {
        let mut done = Done::new(match (changed, self.args.dry_run) {
            (false, _) => "unchanged",
            (true, true) => "to reseal",
            (true, false) => "resealed",
        });
        let entries = objects.iter().map(|object| {
            let names: Vec<&String> = object.resealed.changed.keys().collect();
            let entry: BTreeMap<&str, Value> = ["namespace", "name"]
                .into_iter()
                .filter_map(|field| Some((field, object.secret.metadata.get(field)?.clone())))
                .chain([("resealed", json!(names)), ("kept", json!(object.resealed.kept))])
                .collect();
            json!(entry)
        });
        done.json
            .insert("secrets".to_owned(), Value::Array(entries.collect()));
        for object in objects
            .iter()
            .filter(|object| !object.resealed.changed.is_empty())
        {
            let here = text.place_of(object.place, object.origin);
            if object.blindly {
                done.warnings.push(format!(
                    "{here}: nothing says by which key its items are sealed: all are sealed anew"
                ));
            }
            if self.args.dry_run {
                let names: Vec<String> = object
                    .resealed
                    .changed
                    .keys()
                    .map(|item| one_line(item))
                    .collect();
                done.notes.push(format!("{here}: {}", names.join(", ")));
            }
        }
        done
    }
}
