//! `keys list`: what key files and backups hold, and who needs it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

use jiff::Timestamp;
use seal::KeyRing;
use serde_json::{Value, json};

use super::check::counted;
use super::survey;
use crate::command::file::batch::{self, Done, Work};
use crate::command::file::steps;
use crate::command::sealed::ring::{self, KeyFileArgs, Loaded};
use crate::command::sealed::text;
use crate::error::{CliError, Kind};
use crate::files::Limits;
use crate::io::Io;
use crate::ui;

/// Show keys: fingerprint, state, age, and how many files need each
///
/// State: "active" is the newest key of a backup, which seals; "decrypt-only" are its older ones; any other word is the
/// key's label, which the controller passes over; "-" for a key without a label.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Count the files that need a key below these [default: the repository, if there is one]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub keys: KeyFileArgs,

    /// Report as JSON
    #[arg(long)]
    pub json: bool,
}

/// One line of the list.
struct Row {
    fingerprint: String,
    state: String,
    bits: usize,
    days: Option<i64>,
    ends: Option<Timestamp>,
    files: Option<usize>,
    name: String,
}

/// Runs the command.
///
/// # Errors
///
/// No key; a path that is not there. A file that cannot be read is a warning.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    if !args.keys.is_given() {
        // Says how keys are come by.
        ring::needed(&args.keys, "keys list", io)?;
    }
    let loaded = ring::load(&args.keys, io)?;
    let states = states(&loaded);
    tell_odd(&loaded, io);
    let now = io.now();
    let mut rows: Vec<Row> = Vec::new();
    for (key, state) in loaded.iter().zip(states) {
        let fingerprint = key.found.key.fingerprint();
        if rows.iter().all(|row| row.fingerprint != fingerprint) {
            rows.push(row(key, state, now));
        }
    }
    let paths = match args.paths.as_slice() {
        [] => survey::repository(io).into_iter().collect(),
        paths => paths.to_vec(),
    };
    if !paths.is_empty() {
        let ring = KeyRing::newest_first(loaded.into_iter().map(|key| key.found.key).collect());
        let counts = count(&paths, &ring, io)?;
        for row in &mut rows {
            row.files = Some(counts.get(&row.fingerprint).copied().unwrap_or(0));
        }
    }
    if args.json {
        let keys: Vec<Value> = rows.iter().map(Row::json).collect();
        return batch::print_json(&json!({ "keys": keys }), io);
    }
    io.write_stdout(table(&rows).as_bytes())
}

fn row(key: &Loaded, state: String, now: Timestamp) -> Row {
    let found = &key.found;
    let cert = found.key.cert();
    let created = found
        .created
        .as_deref()
        .and_then(|text| text.parse::<Timestamp>().ok());
    let made = cert.map(seal::SealingCert::not_before).or(created);
    let days = |made: Timestamp| now.duration_since(made).as_hours().max(0) / 24;
    let name = match (found.namespace.as_str(), found.name.as_str()) {
        (_, "") => key.file.display().to_string(),
        ("", name) => name.to_owned(),
        (namespace, name) => format!("{namespace}/{name}"),
    };
    Row {
        fingerprint: found.key.fingerprint().to_owned(),
        state,
        bits: found.key.bits(),
        days: made.map(days),
        ends: cert.map(seal::SealingCert::not_after),
        files: None,
        name,
    }
}

/// The state of each key. Each file is one cluster: its newest labelled key seals (spec/sealed-secrets §2.4).
fn states(loaded: &[Loaded]) -> Vec<String> {
    let is_active = |key: &Loaded| match key.found.state.as_deref() {
        // The single key of old versions has no label and a name of its own.
        None => key.found.name == LEGACY_NAME,
        Some(state) => state == ACTIVE,
    };
    let made = |key: &Loaded| key.found.key.cert().map(seal::SealingCert::not_before);
    let seals = |key: &Loaded| {
        let rivals = loaded
            .iter()
            .filter(|other| other.file == key.file && is_active(other));
        rivals
            .max_by_key(|other| made(other))
            .is_some_and(|newest| made(newest) == made(key))
    };
    let state = |key: &Loaded| match key.found.state.as_deref() {
        _ if is_active(key) && seals(key) => ACTIVE.to_owned(),
        _ if is_active(key) => "decrypt-only".to_owned(),
        Some(label) => label.to_owned(),
        None => "-".to_owned(),
    };
    loaded.iter().map(state).collect()
}

/// What a person should know about the files, but what does not stop anybody.
fn tell_odd(loaded: &[Loaded], io: &mut Io) {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for key in loaded {
        let place = match key.found.name.as_str() {
            "" => key.file.display().to_string(),
            name => format!("{} ({name})", key.file.display()),
        };
        places.entry(key.found.key.fingerprint()).or_default().push(place);
    }
    for (fingerprint, places) in places.iter().filter(|(_, places)| places.len() > 1) {
        io.warn(&format!(
            "{fingerprint} is there {} times: {}",
            places.len(),
            places.join(", ")
        ));
    }
    for key in loaded.iter().filter(|key| !key.found.key.matches_cert()) {
        io.warn(&format!(
            "{}: the certificate beside the key {} is of another key",
            key.file.display(),
            key.found.key.fingerprint()
        ));
    }
}

/// How many files need each key.
fn count(paths: &[PathBuf], ring: &KeyRing, io: &mut Io) -> Result<BTreeMap<String, usize>, CliError> {
    let files = steps::collect(paths, io, &text::is_manifest)?;
    let max = Limits::of(io)?.plain(sops::Store::Yaml);
    let counts: Mutex<BTreeMap<String, usize>> = Mutex::default();
    let results = batch::run(&files, io, "reading", Work::Cores, |found, _| {
        let Some(text) = text::open(found, None, None, max)? else {
            return Ok(None);
        };
        let survey = survey::look(&text, ring)?;
        if let Ok(mut counts) = counts.lock() {
            for key in survey.keys {
                *counts.entry(key).or_default() += 1;
            }
        }
        let closed = !survey.faults.is_empty();
        Ok(Some(Done::new(if closed { CLOSED } else { "opened" })))
    });
    let mut closed = 0;
    for result in results {
        match result {
            Ok(done) => closed += usize::from(done.is_some_and(|done| done.result == CLOSED)),
            Err(error) => io.warn(&format!("not counted: {}", error.message)),
        }
    }
    if closed > 0 {
        io.warn(&format!(
            "{} not open with these keys: gitseal keys check names them",
            match closed {
                1 => "1 file does".to_owned(),
                several => format!("{} do", counted(several, "file")),
            }
        ));
    }
    counts
        .into_inner()
        .map_err(|_| CliError::new(Kind::Generic, "the files could not be counted"))
}

impl Row {
    fn cells(&self) -> [String; 7] {
        let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        [
            self.fingerprint.clone(),
            ui::one_line(&self.state),
            self.bits.to_string(),
            or_dash(self.days.map(|days| format!("{days}d"))),
            or_dash(self.ends.map(day)),
            or_dash(self.files.map(|files| files.to_string())),
            ui::one_line(&self.name),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "fingerprint": self.fingerprint,
            "state": if self.state == "-" { Value::Null } else { json!(self.state) },
            "bits": self.bits,
            "ageDays": self.days,
            "notAfter": self.ends.map(|ends| ends.to_string()),
            "files": self.files,
            "name": self.name,
        })
    }
}

fn table(rows: &[Row]) -> String {
    let mut lines = vec![HEAD.map(str::to_owned)];
    lines.extend(rows.iter().map(Row::cells));
    let widths: Vec<usize> = (0..HEAD.len())
        .map(|column| {
            lines
                .iter()
                .map(|line| line[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for line in lines {
        let cells: Vec<String> = line
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

const HEAD: [&str; 7] = ["FINGERPRINT", "STATE", "BITS", "AGE", "ENDS", "FILES", "NAME"];
const ACTIVE: &str = "active";
const CLOSED: &str = "closed";
/// Name of the key of versions before 0.9.
const LEGACY_NAME: &str = "sealed-secrets-key";

#[cfg(test)]
mod tests {
    use seal::SealingKey;
    use seal::backup::Found;

    use super::*;

    fn loaded(file: &str, key: &str, name: &str, state: Option<&str>) -> Loaded {
        let vector = |kind: &str| {
            let file = format!("tests/vectors/sealed/{key}-2048.{kind}.pem");
            std::fs::read(gitseal_tests::root().join(file)).unwrap()
        };
        Loaded {
            file: file.into(),
            found: Found {
                key: SealingKey::from_pem(&vector("key"), Some(&vector("crt")), &mut || None).unwrap(),
                name: name.to_owned(),
                namespace: "kube-system".to_owned(),
                state: state.map(str::to_owned),
                created: None,
            },
        }
    }

    #[test]
    fn the_newest_active_key_of_each_backup_seals() {
        // key-b is one year younger than key-a.
        let (active, distrusted) = (Some("active"), Some("compromised"));
        let cases = [
            ("one", vec![("x", "key-a", "k", active)], vec!["active"]),
            (
                "two",
                vec![("x", "key-a", "k", active), ("x", "key-b", "l", active)],
                vec!["decrypt-only", "active"],
            ),
            (
                "two files",
                vec![("x", "key-a", "k", active), ("y", "key-b", "l", active)],
                vec!["active", "active"],
            ),
            (
                "distrusted",
                vec![("x", "key-a", "k", active), ("x", "key-b", "l", distrusted)],
                vec!["active", "compromised"],
            ),
            ("unlabelled", vec![("x", "key-a", "k", None)], vec!["-"]),
            (
                "before 0.9",
                vec![
                    ("x", "key-a", "sealed-secrets-key", None),
                    ("x", "key-b", "l", active),
                ],
                vec!["decrypt-only", "active"],
            ),
        ];
        for (name, keys, want) in cases {
            let loaded: Vec<Loaded> = keys
                .into_iter()
                .map(|(file, key, name, state)| loaded(file, key, name, state))
                .collect();
            assert_eq!(states(&loaded), want, "case: {name}");
        }
    }

    #[test]
    fn a_row_says_age_and_end() {
        let now: Timestamp = "2024-01-11T12:00:00Z".parse().unwrap();
        let key = loaded("x", "key-a", "of-a\u{1b}[2J", None);
        let mut row = row(&key, "active".to_owned(), now);
        row.files = Some(3);
        let fingerprint = key.found.key.fingerprint();
        assert_eq!(
            table(&[row]),
            format!(
                "FINGERPRINT{}  STATE   BITS  AGE  ENDS        FILES  NAME\n\
                 {fingerprint}  active  2048  10d  2054-01-01  3      kube-system/of-a\\u{{1b}}[2J\n",
                " ".repeat(fingerprint.len() - 11)
            )
        );
        // A clock that goes wrong makes no negative age.
        let early = "2000-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(super::row(&key, String::new(), early).days, Some(0));
    }
}
