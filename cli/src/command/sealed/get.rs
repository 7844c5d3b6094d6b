//! `get` on a sealed file: one item, for those who hold the private key.

use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::item::{Access, Subject};
use super::object_args;
use super::ring;
use crate::command::file::get::Args;
use crate::error::{CliError, Kind};
use crate::io::Io;

/// Prints one item.
///
/// # Errors
///
/// No key was named, none opens the item, or there is no such item.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    let name = object_args::item(&args.path, Kind::ExtractPath)?;
    let subject = Subject::open(
        &args.file,
        &args.sealed.object,
        "get a value of",
        Access::Read,
        io,
    )?;
    if !subject.has(&name) {
        return Err(subject.missing(&name));
    }
    let ring = ring::needed(&args.sealed.keys(&args.identity), "get of a sealed value", io)?;
    let value = subject.value(&name, &ring)?;
    if !args.json {
        return io.write_stdout(value.expose_secret());
    }
    // Bytes that are not UTF-8 become replacement characters, as for other files.
    let text = String::from_utf8_lossy(value.expose_secret());
    let line = Zeroizing::new(format!("{}\n", serde_json::Value::from(text.as_ref())));
    io.write_stdout(line.as_bytes())
}
