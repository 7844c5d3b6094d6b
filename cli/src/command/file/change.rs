//! What `set` and `unset` share: open one file, change its tree, encrypt what changed, put it back.

use std::path::Path;

use sops::{Document, EncryptedFile, MacCheck, Previous};

use super::session::Session;
use super::steps::{self, Input};
use super::{proof, selection};
use crate::args::{ConfigArgs, IdentityArgs, Manner, ReplaceArgs, TypeArgs};
use crate::error::{CliError, Kind};
use crate::files::{Found, Turn};
use crate::io::Io;

/// One change of one file.
pub struct Change<'a> {
    /// The file, as named.
    pub file: &'a Path,
    /// For messages: `cannot VERB FILE`.
    pub verb: &'a str,
    /// Open the file although its MAC does not match.
    pub ignore_mac: bool,
    /// Write also what is the same, with a new MAC and date.
    pub always_write: bool,
    /// What may be lost when the file is replaced.
    pub replace: ReplaceArgs,
    /// File types.
    pub types: &'a TypeArgs,
    /// Where the rules are.
    pub config: &'a ConfigArgs,
    /// How the file is opened.
    pub identity: &'a IdentityArgs,
    /// Whose behaviour where the two differ.
    pub manner: Manner,
}

/// Makes the change; `apply` says whether it changed anything.
///
/// # Errors
///
/// See the exit codes of spec/sops-cli §6.
pub fn run(
    change: &Change<'_>,
    io: &mut Io,
    apply: impl FnOnce(&mut Document, &str) -> Result<bool, CliError>,
) -> Result<(), CliError> {
    let session = Session::for_file(
        io,
        change.manner,
        change.config,
        change.identity,
        &[],
        change.file,
    )?;
    let found = Found {
        path: io.resolve(change.file),
        shown: change.file.to_owned(),
        below: None,
    };
    let (from, to) = steps::stores(change.types, &found.path, change.manner)?;
    let input = steps::open(
        &found,
        None,
        None,
        Some(&Turn::alone()),
        session.limits.encrypted(from),
    )
    .map_err(steps::missing_is(Kind::ReadInput))?;
    let what = format!("cannot {} {}", change.verb, input.shown.display());
    let file = steps::read_encrypted(from, &input, &what)?;
    steps::check_selector(&session, &input, from, &file)?;
    let key = session.unlock(&what, file.metadata())?;
    let mac = if change.ignore_mac {
        MacCheck::Ignore
    } else {
        MacCheck::Verify
    };
    let (mut document, warnings) =
        sops::decrypt(&file, &key, mac).map_err(|error| steps::cannot_decrypt(error, &what))?;
    steps::told(&warnings, &input.shown)
        .iter()
        .for_each(|warning| io.warn(warning));
    if let Some(warning) = steps::mixed_warning(file.metadata(), &input.shown) {
        io.warn(&warning);
    }
    let changed = apply(&mut document, &what)?;
    if !changed && !change.always_write {
        return Ok(());
    }
    if change.manner == Manner::Sops && to.has_block(&document) {
        return Err(steps::cannot_encrypt(sops::EncryptError::AlreadyEncrypted, &what));
    }
    let previous = Previous::open(&file, &key).map_err(|error| steps::cannot_decrypt(error, &what))?;
    let previous = if change.always_write {
        previous.renewing()
    } else {
        previous
    };
    let header = selection::header_of(file.metadata());
    let mut random = session.random();
    let encrypted = sops::encrypt(document, &key, header, Some(&previous), session.now, &mut *random)
        .map_err(|error| steps::cannot_encrypt(error, &what))?;
    steps::told(&encrypted.warnings, &input.shown)
        .iter()
        .for_each(|warning| io.warn(warning));
    write(&session, change, &input, &encrypted.file, to, &key, &what)
}

fn write(
    session: &Session,
    change: &Change<'_>,
    input: &Input,
    file: &EncryptedFile,
    store: sops::Store,
    key: &sops::DataKey,
    what: &str,
) -> Result<(), CliError> {
    let text = store
        .write_encrypted(file, &session.layout(store))
        .map_err(|error| steps::cannot_write(error, what))?;
    proof::opens_again(&text, store, key, what)?;
    match &input.target {
        Some(target) => target.replace(&text, change.replace),
        None => Err(CliError::new(Kind::WriteOutput, what)),
    }
}
