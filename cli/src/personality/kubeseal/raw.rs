//! `--raw`: one value in, its ciphertext out, and not a byte more (spec/sealed-secrets §11.4).

use ::seal::{Label, RandomError, Scope, SealingCert, seal_value};
use sops::Store;
use zeroize::Zeroizing;

use super::input::named_file;
use super::output::{self, Output};
use super::session::Session;
use super::words::Failure;
use crate::io::Io;

/// Seals one value.
///
/// # Errors
///
/// The label is not complete, or there is no value.
pub(super) fn run(
    session: &mut Session<'_>,
    cert: &SealingCert,
    output: &mut Output,
    io: &mut Io,
) -> Result<(), Failure> {
    let scope = session.scope.unwrap_or(Scope::Strict);
    let name = session.parsed.text("name");
    let mut namespace = String::new();
    if scope != Scope::ClusterWide {
        namespace = session.needed_namespace(io)?;
        if namespace.is_empty() {
            return Err(Failure::Text(format!(
                "must provide the --namespace flag with --raw and --scope {scope}"
            )));
        }
        if scope == Scope::Strict && name.is_empty() {
            return Err(Failure::text(
                "must provide the --name flag with --raw and --scope strict",
            ));
        }
    }
    let value = value(session, io)?;
    let mut random = io.random();
    let mut fill = |bytes: &mut [u8]| random.fill(bytes).map_err(|_| RandomError);
    let sealed = seal_value(&value, &Label::new(scope, &namespace, &name), cert, &mut fill)
        .map_err(|error| Failure::text(error.to_string()))?;
    output.write(sealed.to_base64().as_bytes(), io)
}

fn value(session: &Session<'_>, io: &mut Io) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let max = session.limits.plain(Store::Binary);
    match session.parsed.all("from-file") {
        [] => {
            if io.terminal.stdin {
                io.tell("(tty detected: expecting a secret to encrypt in stdin)");
            }
            Ok(io.read_stdin(max)?)
        }
        [word] => output::read(named_file(word), max, io),
        _ => Err(Failure::text(
            "must provide only one --from-file when encrypting a single item with --raw",
        )),
    }
}
