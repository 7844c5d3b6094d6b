//! `seal --raw`: one value in, its ciphertext out (spec/sealed-secrets §11.4).

use std::path::{Path, PathBuf};

use ::seal::{Label, RandomError, Scope, seal_value};
use sops::Store;

use super::{Args, conflict};
use crate::command::sealed::certs::Certs;
use crate::command::sealed::names::{self, MAX_SECRET_BYTES};
use crate::error::{CliError, Kind};
use crate::files::{self, Limits, Secrecy};
use crate::io::Io;

/// Seals one value.
///
/// # Errors
///
/// The label is not complete, there is no certificate, or no value.
pub(super) fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    let file = source(args)?;
    let mut certs = Certs::default();
    let recipients = match &file {
        Some(file) => certs.of_file(&args.cert, &io.resolve(file), io)?,
        None => certs.of_stdin(&args.cert, io)?,
    };
    let [recipient] = &recipients[..] else {
        return Err(conflict("--raw seals to one cluster").hint("name one with --for"));
    };
    let scope = args.scope.or(recipient.scope).unwrap_or_default();
    let name = args.name.as_deref().unwrap_or_default();
    let namespace = args
        .namespace
        .as_deref()
        .or(recipient.namespace.as_deref())
        .unwrap_or_default();
    check_label(scope, namespace, name)?;
    let max = Limits::of(io)?.plain(Store::Binary);
    let value = match &file {
        Some(path) => files::read(&io.resolve(path), path, max)?,
        None => io.read_stdin(max)?,
    };
    if value.len() > MAX_SECRET_BYTES {
        return Err(CliError::new(
            Kind::Generic,
            format!(
                "the value has {} bytes, and Kubernetes takes {MAX_SECRET_BYTES} in one Secret",
                value.len()
            ),
        ));
    }
    let mut random = io.random();
    let mut fill = |bytes: &mut [u8]| random.fill(bytes).map_err(|_| RandomError);
    let label = Label::new(scope, namespace, name);
    let sealed = seal_value(&value, &label, &recipient.cert, &mut fill)
        .map_err(|error| CliError::new(Kind::Generic, "cannot seal the value").because(error))?;
    let mut text = sealed.to_base64();
    match &args.output.output {
        Some(path) if path != Path::new("-") => files::write_new(
            &io.resolve(path),
            path,
            text.as_bytes(),
            Secrecy::Sealed,
            args.output.replace,
        ),
        _ => {
            // For whom reads it; a program gets the ciphertext and nothing else.
            if io.terminal.stdout {
                text.push('\n');
            }
            io.write_stdout(text.as_bytes())
        }
    }
}

/// The file that the value comes from; nothing for standard input.
fn source(args: &Args) -> Result<Option<PathBuf>, CliError> {
    let path = match (&args.from_file, &args.paths[..]) {
        (Some(path), _) => path,
        (None, []) => return Ok(None),
        (None, [path]) => path,
        (None, _) => return Err(conflict("--raw seals one value: name one file")),
    };
    Ok(Some(path.clone()).filter(|path| path != Path::new("-")))
}

fn check_label(scope: Scope, namespace: &str, name: &str) -> Result<(), CliError> {
    let missing = |what: &str, flag: &str| {
        Err(CliError::new(
            Kind::Usage,
            format!("a value of scope {scope} is sealed for a {what}"),
        )
        .hint(format!("name it with {flag}, or choose another --scope")))
    };
    let bad = |why: &'static str| CliError::new(Kind::Usage, why);
    if scope == Scope::Strict {
        if name.is_empty() {
            return missing("name", "--name");
        }
        names::object(name).map_err(bad)?;
    }
    if scope != Scope::ClusterWide {
        if namespace.is_empty() {
            return missing("namespace", "--namespace");
        }
        names::namespace(namespace).map_err(bad)?;
    }
    Ok(())
}
