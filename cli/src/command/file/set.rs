//! `set`: one value of an encrypted file; its line, the MAC and the date change, nothing else.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use sops::tree::NewValue;
use sops::{TreePath, Value};
use zeroize::Zeroizing;

use super::change::{self, Change};
use super::steps;
use crate::args::{ConfigArgs, IdentityArgs, Manner, ReplaceArgs, TypeArgs};
#[cfg(feature = "seal")]
use crate::command::sealed::{self, object_args};
use crate::error::{CliError, Kind};
use crate::files;
use crate::io::Io;

/// Set one value of an encrypted file
///
/// The value is JSON: a string in quotes, a number, true, false, null or an object. On the command line it can be
/// seen by other users of the machine and lands in the history of the shell: prefer --value-stdin or --value-file.
///
/// In a file with a SealedSecret one item is sealed anew, with the certificate alone. A value from standard input or a
/// file is taken as it is, one on the command line is a JSON string.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// The file
    pub file: PathBuf,

    /// Where: ["key"][0]; of a sealed file, the name of an item
    #[arg(value_name = "TREE_PATH")]
    pub path: String,

    /// The value as JSON
    #[arg(allow_negative_numbers = true, value_parser = secret)]
    pub value: Option<SecretString>,

    /// Take the value from this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["value", "value_stdin"])]
    pub value_file: Option<PathBuf>,

    /// Take the value from standard input
    #[arg(long, conflicts_with = "value")]
    pub value_stdin: bool,

    /// Write nothing if the value is there already (always so, but for the sops personality)
    #[arg(long)]
    pub idempotent: bool,

    /// Go on although the MAC does not match: somebody may have changed the file
    #[arg(long)]
    pub ignore_mac: bool,

    /// The file is always changed in place; accepted for symmetry
    #[arg(short, long)]
    pub in_place: bool,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub replace: ReplaceArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub types: TypeArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub config: ConfigArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub identity: IdentityArgs,

    #[cfg(feature = "seal")]
    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub sealed: object_args::SealedSetArgs,

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
    #[cfg(feature = "seal")]
    if args.manner == Manner::Own && object_args::is_sealed(&args.file, args.sealed.is_given(), io)? {
        return sealed::set::run(args, io);
    }
    let path = steps::edit_path(&args.path)?;
    let value = parse(&source(args, io)?)?;
    let change = Change {
        file: &args.file,
        verb: "set a value in",
        ignore_mac: args.ignore_mac,
        always_write: args.manner == Manner::Sops && !args.idempotent,
        replace: args.replace,
        types: &args.types,
        config: &args.config,
        identity: &args.identity,
        manner: args.manner,
    };
    change::run(&change, io, |document, what| set(document, &path, value, what))
}

/// Any text is a value: what is wrong with it is said later, without quoting it.
fn secret(text: &str) -> Result<SecretString, std::convert::Infallible> {
    Ok(SecretString::from(text))
}

fn set(
    document: &mut sops::Document,
    path: &TreePath,
    value: NewValue,
    what: &str,
) -> Result<bool, CliError> {
    document
        .set(path, value)
        .map_err(|error| steps::cannot_edit(error, what))
}

fn source(args: &Args, io: &mut Io) -> Result<Zeroizing<Vec<u8>>, CliError> {
    if args.value_stdin || args.value_file.as_deref() == Some(Path::new("-")) {
        return io.read_stdin(MAX_VALUE_BYTES);
    }
    match (&args.value_file, &args.value) {
        (Some(file), _) => {
            files::read(&io.resolve(file), file, MAX_VALUE_BYTES).map_err(steps::missing_is(Kind::ReadInput))
        }
        (None, Some(value)) => Ok(Zeroizing::new(value.expose_secret().as_bytes().to_vec())),
        (None, None) => Err(CliError::new(Kind::Usage, "no value given")
            .hint("give it as JSON behind the tree path, or with --value-stdin or --value-file")),
    }
}

/// Reads the JSON text of a value. The text is secret: an error says nothing of it.
fn parse(text: &[u8]) -> Result<NewValue, CliError> {
    let bad = |why: &'static str| {
        CliError::new(Kind::SetFormat, "Invalid --set value format")
            .because(CliError::new(Kind::SetFormat, why))
            .hint("write a string in double quotes inside single quotes: gitseal set FILE '[\"key\"]' '\"value\"'")
    };
    let value: serde_json::Value = serde_json::from_slice(text).map_err(|_| bad("the value is not JSON"))?;
    match value {
        serde_json::Value::Array(_) => Err(bad("the value is a list: set its elements one by one")),
        // At the top a number is a float, as with the peer.
        serde_json::Value::Number(number) => {
            let number = number.as_f64().ok_or_else(|| bad("the number does not fit"))?;
            Ok(NewValue::Scalar(Value::Float(number)))
        }
        value => convert(value).ok_or_else(|| bad("a number does not fit")),
    }
}

/// Inside objects an integer stays one.
fn convert(value: serde_json::Value) -> Option<NewValue> {
    use serde_json::Value as Json;
    Some(match value {
        Json::Null => NewValue::Scalar(Value::Null),
        Json::Bool(value) => NewValue::Scalar(Value::Bool(value)),
        Json::Number(number) => NewValue::Scalar(match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Float(number.as_f64()?),
        }),
        Json::String(text) => NewValue::Scalar(Value::str(text)),
        Json::Array(items) => NewValue::Array(items.into_iter().map(convert).collect::<Option<_>>()?),
        Json::Object(fields) => NewValue::Object(
            fields
                .into_iter()
                .map(|(key, value)| Some((key, convert(value)?)))
                .collect::<Option<_>>()?,
        ),
    })
}

/// Most bytes of one value.
const MAX_VALUE_BYTES: u64 = 5 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_json() {
        for (text, want) in [
            ("\"a\"", Some("str")),
            ("1", Some("float")),
            ("1.5", Some("float")),
            ("true", Some("bool")),
            ("null", Some("null")),
            ("{\"a\": 1}", Some("object")),
            ("[1]", None),
            ("plain words", None),
            ("\"a", None),
            ("", None),
        ] {
            let got = parse(text.as_bytes()).ok().map(|value| match value {
                NewValue::Scalar(value) => value.type_tag().unwrap_or("null"),
                NewValue::Object(_) => "object",
                NewValue::Array(_) => "array",
            });
            assert_eq!(got, want, "{text}");
        }
    }

    #[test]
    fn arguments_do_not_print_the_value() {
        let args = Args {
            value: Some("hunter2".into()),
            ..Args::default()
        };
        assert!(!format!("{args:?}").contains("hunter2"));
    }

    #[test]
    fn an_error_does_not_quote_the_value() {
        let error = parse(b"hunter2").err().unwrap();
        assert_eq!(error.kind, Kind::SetFormat);
        assert!(!crate::ui::render(&error, false).contains("hunter2"));
    }

    #[test]
    fn integers_stay_integers_inside_objects() {
        let Some(NewValue::Object(fields)) = parse(b"{\"a\": 7, \"b\": [2.5]}").ok() else {
            panic!("an object")
        };
        assert!(matches!(fields[0].1, NewValue::Scalar(Value::Int(7))));
        assert!(matches!(&fields[1].1, NewValue::Array(items) if items.len() == 1));
    }
}
