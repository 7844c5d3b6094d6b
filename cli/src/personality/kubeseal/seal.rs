//! Sealing Secrets, the default mode (spec/sealed-secrets §11.1).
//!
//! A batch of Secrets is sealed on all cores and written in order before the next one, so a long stream costs no more
//! memory than its input. What comes before a Secret that cannot be sealed is written, as the peer does.

use ::seal::{RandomError, Scope, Sealing, SealingCert, seal_secret};
use crds::SealedSecret;
use manifest::Secret;
use rayon::prelude::*;
use zeroize::Zeroizing;

use super::input::{self, Input};
use super::output::{self, Output};
use super::session::Session;
use super::words::Failure;
use crate::io::{Io, RandomSource};

/// Reads Secrets, seals them, writes them.
///
/// # Errors
///
/// The first thing that is wrong.
pub(super) fn run(
    session: &mut Session<'_>,
    input: Input,
    cert: &SealingCert,
    output: &mut Output,
    io: &mut Io,
) -> Result<(), Failure> {
    let bytes = input.read(session, io)?;
    let mut secrets = input::secrets(&bytes, &input::limits(session))?;
    drop(bytes);
    let sealing = Sealing {
        cert,
        scope: session.scope,
    };
    let random = io.random.clone();
    while !secrets.is_empty() {
        let rest = secrets.split_off(secrets.len().min(BATCH));
        let mut batch = std::mem::replace(&mut secrets, rest);
        let settled = settle_all(&mut batch, session, io);
        // A bad format is told by the first Secret that would be written in it.
        let format = if batch.is_empty() {
            None
        } else {
            Some(session.format()?)
        };
        let texts = each(batch, &|secret| {
            let sealed = seal(secret, sealing, &random)?;
            let value = serde_json::to_value(sealed).map_err(|error| Failure::text(error.to_string()))?;
            Ok(format.map(|format| output::text(&value, format)))
        });
        write_all(texts, output, io)?;
        settled?;
    }
    Ok(())
}

/// Settles name and namespace of Secrets, up to the first that cannot be sealed; that one and the rest are dropped.
fn settle_all(batch: &mut Vec<Secret>, session: &mut Session<'_>, io: &Io) -> Result<(), Failure> {
    for at in 0..batch.len() {
        if let Err(failure) = settle(&mut batch[at], session, io) {
            batch.truncate(at);
            return Err(failure);
        }
    }
    Ok(())
}

type Text = Result<Option<Zeroizing<String>>, Failure>;

fn write_all(texts: Vec<Text>, output: &mut Output, io: &mut Io) -> Result<(), Failure> {
    let mut whole = Zeroizing::new(Vec::new());
    let mut failed = Ok(());
    for text in texts {
        match text {
            Ok(text) => whole.extend_from_slice(text.as_ref().map_or(&[][..], |text| text.as_bytes())),
            Err(failure) => {
                failed = Err(failure);
                break;
            }
        }
    }
    output.write(&whole, io)?;
    failed
}

/// Checks a Secret, and settles name and namespace as the flags say.
///
/// # Errors
///
/// It is empty, or has no name or namespace.
fn settle(secret: &mut Secret, session: &mut Session<'_>, io: &Io) -> Result<(), Failure> {
    check_data(secret, session)?;
    let name = session.parsed.text("name");
    if !name.is_empty() {
        secret.metadata.set("name", &name);
    }
    if secret.metadata.name().is_empty() {
        return Err(Failure::text("missing metadata.name in input Secret"));
    }
    let scope = session.scope.unwrap_or_else(|| own_scope(secret));
    if scope == Scope::ClusterWide {
        return Ok(());
    }
    // Without a usable configuration there is no namespace; that matters only to a Secret that names none.
    let found = session.namespace(io).unwrap_or_default();
    let own = secret.metadata.namespace();
    match found.name {
        Some(wanted) if found.explicit && !own.is_empty() && own != wanted => Err(mismatch(own, &wanted)),
        Some(wanted) if own.is_empty() && !wanted.is_empty() => {
            secret.metadata.set("namespace", &wanted);
            Ok(())
        }
        _ if own.is_empty() => Err(Failure::text("secret must declare a namespace")),
        _ => Ok(()),
    }
}

/// Refuses a Secret without data, unless that is wanted.
///
/// # Errors
///
/// It has none.
pub(super) fn check_data(secret: &Secret, session: &Session<'_>) -> Result<(), Failure> {
    if secret.items().is_empty() && !session.parsed.on("allow-empty-data") {
        return Err(Failure::text(EMPTY));
    }
    Ok(())
}

/// What is said when `--namespace` is not the namespace at hand.
pub(super) fn mismatch(own: &str, wanted: &str) -> Failure {
    Failure::Text(format!(
        "namespace mismatch: input secret is in namespace \"{own}\" but \"{wanted}\" was specified"
    ))
}

/// The scope that a Secret's own annotations ask for.
fn own_scope(secret: &Secret) -> Scope {
    Scope::of(|name| secret.metadata.annotation(name).map(str::to_owned))
}

/// Seals one Secret that is settled; its values on all cores if there are many.
///
/// # Errors
///
/// Random source or RSA library.
pub(super) fn seal(
    secret: Secret,
    sealing: Sealing<'_>,
    random: &RandomSource,
) -> Result<SealedSecret, Failure> {
    let one = |secret: &Secret| -> Result<SealedSecret, Failure> {
        let mut source = random();
        let mut fill = |bytes: &mut [u8]| source.fill(bytes).map_err(|_| RandomError);
        seal_secret(secret, sealing, &mut fill).map_err(|error| Failure::text(error.to_string()))
    };
    if secret.items().len() <= VALUES_AT_ONCE {
        return one(&secret);
    }
    let parts: Vec<Result<SealedSecret, Failure>> = split(secret).par_iter().map(one).collect();
    let mut parts = parts.into_iter();
    let mut whole = parts.next().unwrap_or_else(|| Ok(SealedSecret::default()))?;
    for part in parts {
        whole.spec.encrypted_data.extend(part?.spec.encrypted_data);
    }
    Ok(whole)
}

/// The same Secret several times, each with a part of the items.
fn split(secret: Secret) -> Vec<Secret> {
    let Secret {
        api_version,
        kind,
        metadata,
        type_,
        immutable,
        data,
        string_data,
        ..
    } = secret;
    let texts = string_data.unwrap_or_default();
    let mut data = data.unwrap_or_default();
    // `stringData` wins, whichever part each of them is in.
    data.retain(|name, _| !texts.contains_key(name));
    let empty = || Secret {
        api_version: api_version.clone(),
        kind: kind.clone(),
        metadata: metadata.clone(),
        type_: type_.clone(),
        immutable,
        ..Secret::default()
    };
    let count = (data.len() + texts.len()).div_ceil(VALUES_AT_ONCE);
    let mut parts: Vec<Secret> = (0..count).map(|_| empty()).collect();
    for (at, (name, value)) in data.into_iter().enumerate() {
        parts[at % count].data.get_or_insert_default().insert(name, value);
    }
    for (at, (name, value)) in texts.into_iter().enumerate() {
        parts[at % count]
            .string_data
            .get_or_insert_default()
            .insert(name, value);
    }
    parts
}

/// Maps on all cores, in order; alone where that is not worth starting threads.
pub(super) fn each<T: Send, R: Send>(items: Vec<T>, work: &(dyn Fn(T) -> R + Sync)) -> Vec<R> {
    if items.len() < MIN_PARALLEL {
        items.into_iter().map(work).collect()
    } else {
        items.into_par_iter().map(work).collect()
    }
}

/// Secrets that are sealed before any of them is written.
const BATCH: usize = 128;
/// Values that one thread seals before others are asked.
const VALUES_AT_ONCE: usize = 16;
/// Pieces of work from which on other threads are worth starting.
const MIN_PARALLEL: usize = 4;
const EMPTY: &str = "secret.data is empty in input Secret, assuming this is an error and aborting. To work with empty \
                     data, --allow-empty-data can be used";
