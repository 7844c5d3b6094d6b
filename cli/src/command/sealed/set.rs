//! `set` on a sealed file: one value is sealed anew with the certificate alone.

use std::collections::BTreeMap;
use std::path::Path;

use seal::{SealedBy, SealingCert};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::certs::Certs;
use super::item::{Access, Plain, Subject};
use super::names::MAX_SECRET_BYTES;
use super::{names, object_args};
use crate::command::file::set::Args;
use crate::command::file::steps;
use crate::error::{CliError, Kind};
use crate::files;
use crate::io::Io;

/// Sets one item.
///
/// # Errors
///
/// No value, no certificate, or the file cannot be changed.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    let name = object_args::item(&args.path, Kind::SetFormat)?;
    names::item(&name).map_err(|why| CliError::new(Kind::SetFormat, why))?;
    let value = value(args, &name, io)?;
    let mut subject = Subject::open(
        &args.file,
        &args.sealed.object,
        "set a value in",
        Access::Change,
        io,
    )?;
    let mut certs = Certs::default();
    let recipient = subject.recipient(&args.sealed.cert, &mut certs, io)?;
    let sealed = subject.seal(&value, &recipient.cert, io)?;
    warn_about_others(&subject, &name, &recipient.cert, &mut certs, io)?;
    subject.set(&BTreeMap::from([(name, sealed)]), &recipient.cert)?;
    subject.write(args.replace)
}

/// The bytes of the value: of a file or standard input as they are, of the command line a JSON text, as for other files.
fn value(args: &Args, name: &str, io: &mut Io) -> Result<Plain, CliError> {
    let max = MAX_SECRET_BYTES as u64;
    if let Some(value) = &args.value {
        return json_text(value);
    }
    match args.value_file.as_deref().filter(|file| *file != Path::new("-")) {
        Some(file) if !args.value_stdin => {
            return files::read(&io.resolve(file), file, max).map_err(steps::missing_is(Kind::ReadInput));
        }
        _ => {}
    }
    let named = args.value_stdin || args.value_file.is_some();
    if !named && io.terminal.stdin {
        let question = format!("Enter the value of {}:", crate::ui::one_line(name));
        let answer = io.prompt.clone().and_then(|prompt| prompt(&question));
        let answer = answer.ok_or_else(|| no_value("nothing was entered"))?;
        return Ok(Zeroizing::new(answer.expose_secret().as_bytes().to_vec()));
    }
    let value = io.read_stdin(max)?;
    // A job without standard input must not empty a password.
    if value.is_empty() && !named {
        return Err(no_value("standard input is empty"));
    }
    if value.last() == Some(&b'\n') && value.iter().filter(|byte| **byte == b'\n').count() == 1 {
        io.warn("the value ends with a line break, which is part of it; printf writes none, echo does");
    }
    Ok(value)
}

fn json_text(value: &SecretString) -> Result<Plain, CliError> {
    // What serde says about it might quote it.
    let text: String = serde_json::from_str(value.expose_secret()).map_err(|_| {
        CliError::new(Kind::SetFormat, "the value of an item is a JSON string")
            .hint("write it in double quotes inside single quotes: '\"value\"'; or give it on standard input, as it is")
    })?;
    Ok(Zeroizing::new(text.into_bytes()))
}

fn no_value(why: &str) -> CliError {
    CliError::new(Kind::Usage, "no value given")
        .because(CliError::new(Kind::Usage, why))
        .hint("give it on standard input, or in a file with --value-file")
}

/// The other items may be for another cluster. That their key was replaced is usual, and nothing to tell.
fn warn_about_others(
    subject: &Subject,
    name: &str,
    cert: &SealingCert,
    certs: &mut Certs,
    io: &mut Io,
) -> Result<(), CliError> {
    let hints = SealedBy::of_object(&subject.secret);
    let others = subject
        .secret
        .spec
        .encrypted_data
        .keys()
        .filter(|item| *item != name);
    let keys: Vec<&str> = others
        .filter_map(|item| Some(hints.of(item)?.fingerprint.as_str()))
        .collect();
    let project = certs.projects.of_file(&subject.path, io)?;
    let replaced = |key: &str| {
        project
            .as_ref()
            .is_some_and(|project| project.replaced_by(key).is_some())
    };
    if let Some(other) = keys
        .iter()
        .find(|key| **key != cert.fingerprint() && !replaced(key))
        && !keys.contains(&cert.fingerprint())
    {
        io.warn(&format!(
            "{}: the other items are sealed to the key {}, this one to {}: the cluster needs both",
            subject.here(),
            crate::ui::one_line(other),
            cert.fingerprint()
        ));
    }
    Ok(())
}
