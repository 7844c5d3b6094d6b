//! `explain`: why SealedSecrets open or not, in sentences.

use std::path::PathBuf;

use seal::explain::{Explanation, Finding, explain};
use seal::{KeyRing, Scope};
use serde_json::{Value, json};

use super::ring::{self, KeyFileArgs};
use super::text::{self, SealedText};
use crate::args::Manner;
use crate::command::file::batch::{self, Done, Work};
use crate::command::file::steps;
use crate::error::{CliError, Kind};
use crate::files::{Found, Limits};
use crate::io::Io;
use crate::ui;

/// Say why SealedSecrets open or not
///
/// Without a key: what they are bound to, by which key they were sealed, and what is wrong with their form. With --key
/// also which key opens which item, and under which other name or namespace one would open.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Files and folders; - is standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub keys: KeyFileArgs,

    /// Also try whether an item was sealed for this place (may be given several times)
    #[arg(long = "guess", value_name = "NAMESPACE/NAME", value_parser = guess)]
    pub guesses: Vec<(String, String)>,

    /// Report as JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// A file that cannot be read. What does not open is no error here: `unseal --check` has an exit code for it.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    let ring = ring::ring(&args.keys, io)?;
    let files = steps::collect(&args.paths, io, &text::is_manifest)?;
    let max = Limits::of(io)?.plain(sops::Store::Yaml);
    let stdin = match args.paths.as_slice() {
        [path] if path.as_os_str() == "-" => Some(io.read_stdin(max)?),
        _ => None,
    };
    let results = batch::run(&files, io, "explaining", Work::Cores, |found, _| {
        let Some(text) = text::open(found, stdin.as_ref(), None, max)? else {
            return Ok(None);
        };
        one(args, found, &text, &ring).map(Some)
    });
    if files.len() == 1
        && !args.json
        && ring.is_empty()
        && results.iter().all(|result| matches!(result, Ok(Some(_))))
    {
        let told = batch::finish(&files, results, io, Manner::Own, false);
        io.tell("with --key FILE (a private key or a backup) it also says which key opens what");
        return told;
    }
    batch::finish(&files, results, io, Manner::Own, args.json)
}

fn one(args: &Args, found: &Found, text: &SealedText, ring: &KeyRing) -> Result<Done, CliError> {
    let sealed = text.sealed();
    if sealed.is_empty() {
        return Err(CliError::new(
            Kind::Generic,
            format!("there is no SealedSecret in {}", found.shown.display()),
        )
        .hint("gitseal filestatus tells about SOPS files, gitseal seal makes SealedSecrets"));
    }
    let mut done = Done::new("explained");
    let mut printed = String::new();
    let mut objects = Vec::new();
    for (place, origin) in sealed {
        let explained = explain(
            &text.secret(place)?,
            (!ring.is_empty()).then_some(ring),
            &args.guesses,
        );
        printed.push_str(&words(&text.place_of(place, origin), &explained));
        objects.push(data(origin.position.line, &explained));
    }
    if args.json {
        done.json.insert("objects".to_owned(), Value::Array(objects));
    } else {
        done.stdout = Some(printed.into_bytes().into());
    }
    Ok(done)
}

/// One object in words.
fn words(here: &str, explained: &Explanation) -> String {
    let mut out = format!("{}\n  {}\n", ui::one_line(here), bound(explained));
    for finding in &explained.findings {
        out.push_str(&format!("  {}\n", ui::one_line(&finding.to_string())));
    }
    for (item, findings) in &explained.items {
        for finding in findings {
            out.push_str(&format!(
                "  {}: {}\n",
                ui::one_line(item),
                ui::one_line(&finding.to_string())
            ));
        }
    }
    let names: Vec<&str> = explained
        .items
        .iter()
        .filter(|(_, findings)| findings.is_empty())
        .map(|(item, _)| item.as_str())
        .collect();
    if !names.is_empty() {
        let names = ui::one_line(&names.join(", "));
        out.push_str(&format!(
            "  {names}: The form is right; only a key can say whether it opens.\n"
        ));
    }
    out
}

fn bound(explained: &Explanation) -> String {
    let (namespace, name) = (ui::one_line(&explained.namespace), ui::one_line(&explained.name));
    match explained.scope {
        Scope::Strict => format!("Scope strict: it opens only as {name} in namespace {namespace}."),
        Scope::NamespaceWide => {
            format!("Scope namespace-wide: it opens under any name in namespace {namespace}.")
        }
        Scope::ClusterWide => "Scope cluster-wide: it opens under any name in any namespace.".to_owned(),
    }
}

fn data(line: usize, explained: &Explanation) -> Value {
    let list = |findings: &[Finding]| {
        let each = findings
            .iter()
            .map(|finding| json!({ "fault": finding.is_fault(), "text": finding.to_string() }));
        Value::Array(each.collect())
    };
    let items = explained
        .items
        .iter()
        .map(|(item, findings)| (item.clone(), list(findings)));
    json!({
        "line": line,
        "namespace": explained.namespace,
        "name": explained.name,
        "scope": explained.scope.to_string(),
        "findings": list(&explained.findings),
        "items": Value::Object(items.collect()),
    })
}

fn guess(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok((namespace.to_owned(), name.to_owned()))
        }
        _ => Err("write it as NAMESPACE/NAME"),
    }
}
