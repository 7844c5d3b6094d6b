//! One command over many files: in parallel, results in the order of the input, a bad file stops only itself
//! (decision D4).

use std::sync::Arc;

use rayon::prelude::*;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::bundle;
use crate::args::Manner;
use crate::error::CliError;
use crate::files::{Folders, Found, Prepared, Turn};
use crate::io::Io;
use crate::ui;

/// What became of one file.
#[derive(Default)]
pub struct Done {
    /// One word for reports: `encrypted`, `unchanged`.
    pub result: &'static str,
    /// Data for standard output.
    pub stdout: Option<Zeroizing<Vec<u8>>>,
    /// Warnings, with their place.
    pub warnings: Vec<String>,
    /// Facts for people, on standard error; our own verbs only.
    pub notes: Vec<String>,
    /// More fields for `--json`.
    pub json: Map<String, Value>,
    /// New content of the file, not yet in its place.
    pub prepared: Option<Prepared>,
}

/// The result of one file. `Ok(None)`: the file, found below a folder, is not meant.
pub type Outcome = Result<Option<Done>, CliError>;

impl Done {
    /// Done, in one word.
    pub fn new(result: &'static str) -> Self {
        Self {
            result,
            ..Self::default()
        }
    }
}

/// What most of the time of a run goes into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Computing: a thread for each core.
    Cores,
    /// Waiting until files are on the disk: a few threads more, and files in bundles.
    Disk,
}

/// Runs `work` on every file, and puts what it prepared in its place.
pub fn run(
    files: &[Found],
    io: &Io,
    verb: &str,
    kind: Work,
    work: impl Fn(&Found, &Turn) -> Outcome + Sync,
) -> Vec<Outcome> {
    let folders = Arc::new(Folders::default());
    // A pool of threads costs more than most single files.
    if files.len() == 1 {
        return bundle::run(files, &folders, work, || {});
    }
    let bar = ui::progress(io, files.len(), verb);
    let in_bundles = |size: usize| {
        let bundles = files.par_chunks(size).with_max_len(1);
        let each = |bundle| bundle::run(bundle, &folders, &work, || bar.inc(1));
        bundles.flat_map_iter(each).collect()
    };
    let results = match kind {
        Work::Cores => in_bundles(1),
        Work::Disk => {
            let threads = rayon::current_num_threads().max(DISK_THREADS);
            let size = (most_held() / threads)
                .min(files.len().div_ceil(threads))
                .clamp(1, MAX_BUNDLE);
            match rayon::ThreadPoolBuilder::new()
                .num_threads(threads.min(files.len()))
                .build()
            {
                Ok(pool) => pool.install(|| in_bundles(size)),
                Err(_) => in_bundles(size),
            }
        }
    };
    folders.sync();
    bar.finish_and_clear();
    results
}

/// Most files of all bundles of a run: each takes up to three file descriptors.
fn most_held() -> usize {
    let room = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    // No limit at all is room enough.
    room.map_or(MAX_HELD, |room| {
        usize::try_from(room / 5).unwrap_or(MAX_HELD).min(MAX_HELD)
    })
}

/// Runs `work` on every file without showing anything.
pub fn run_quietly<T: Send>(
    files: &[Found],
    work: impl Fn(&Found) -> Result<T, CliError> + Sync,
) -> Vec<Result<T, CliError>> {
    files.par_iter().map(&work).collect()
}

/// Tells what became of the files: data, warnings, a summary or JSON; the failures are the error.
///
/// # Errors
///
/// One file: its own error. Several: all of them, exit 1.
pub fn finish(
    files: &[Found],
    results: Vec<Outcome>,
    io: &mut Io,
    manner: Manner,
    as_json: bool,
) -> Result<(), CliError> {
    let single = matches!(files, [one] if one.below.is_none());
    let mut report = Vec::new();
    let mut counts: Vec<(&'static str, usize)> = Vec::new();
    let mut failures = Vec::new();
    for (file, result) in files.iter().zip(results) {
        match result {
            Ok(None) => {}
            Ok(Some(done)) => {
                for warning in &done.warnings {
                    io.warn(warning);
                }
                if manner == Manner::Own && !as_json && !done.notes.is_empty() {
                    let lines: Vec<_> = done.notes.iter().map(|note| ui::one_line(note)).collect();
                    io.tell(&lines.join("\n"));
                }
                match counts.iter_mut().find(|(word, _)| *word == done.result) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((done.result, 1)),
                }
                if as_json {
                    report.push(entry(file, &done));
                } else if let Some(bytes) = &done.stdout {
                    io.write_stdout(bytes)?;
                }
            }
            Err(error) => {
                if as_json {
                    report.push(failure(file, &error));
                }
                failures.push(error);
            }
        }
    }
    if as_json {
        print_json(&json!({ "files": report }), io)?;
    } else if manner == Manner::Own && !single {
        summary(&counts, failures.len(), io);
    }
    let done: usize = counts.iter().map(|(_, count)| count).sum();
    match failures.len() {
        0 => Ok(()),
        1 if single => Err(failures.remove(0)),
        _ => Err(CliError::several(done, failures)),
    }
}

/// Prints a report, one line.
///
/// # Errors
///
/// Standard output cannot be written.
pub fn print_json(report: &Value, io: &mut Io) -> Result<(), CliError> {
    io.write_stdout(format!("{report}\n").as_bytes())
}

fn entry(file: &Found, done: &Done) -> Value {
    let mut entry = Map::new();
    entry.insert("path".to_owned(), json!(file.shown.to_string_lossy()));
    entry.insert("result".to_owned(), json!(done.result));
    if !done.warnings.is_empty() {
        entry.insert("warnings".to_owned(), json!(done.warnings));
    }
    entry.extend(done.json.clone());
    Value::Object(entry)
}

fn failure(file: &Found, error: &CliError) -> Value {
    json!({
        "path": file.shown.to_string_lossy(),
        "result": "failed",
        "reason": error.kind.reason(),
        "error": error.message,
        "causes": error.causes(),
        "hints": error.hints,
    })
}

fn summary(counts: &[(&'static str, usize)], failed: usize, io: &mut Io) {
    let mut parts: Vec<String> = counts
        .iter()
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    if failed > 0 {
        parts.push(format!("{failed} failed"));
    }
    if parts.is_empty() {
        io.tell("no files found");
    } else {
        io.tell(&parts.join(", "));
    }
}

/// Threads of a run that waits for the disk, at least. Measured on ext4 with 2 cores: with more they wait for each other.
const DISK_THREADS: usize = 4;

/// Most files that all bundles of a run hold, however many descriptors a process may have: more bring nothing.
const MAX_HELD: usize = 192;

/// Most files of a bundle: few enough that the threads end together, whatever the work of a file is.
const MAX_BUNDLE: usize = 12;
