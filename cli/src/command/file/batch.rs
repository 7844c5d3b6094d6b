//! One command over many files: in parallel, results in the order of the input, a bad file stops only itself
//! (decision D4).

use rayon::prelude::*;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::args::Manner;
use crate::error::CliError;
use crate::files::Found;
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
}

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
    /// Waiting until files are on the disk: more threads, because file systems put what is waiting at the same time
    /// into one commit of their journal. Measured on ext4, 2 cores, 200 files: a third of the time of the kernel.
    Disk,
}

/// Runs `work` on every file. `Ok(None)`: the file, found below a folder, is not meant.
pub fn run(
    files: &[Found],
    io: &Io,
    verb: &str,
    kind: Work,
    work: impl Fn(&Found) -> Result<Option<Done>, CliError> + Sync,
) -> Vec<Result<Option<Done>, CliError>> {
    // A pool of threads costs more than most single files.
    if let [one] = files {
        return vec![work(one)];
    }
    let bar = ui::progress(io, files.len(), verb);
    let each = |file: &Found| {
        let result = work(file);
        bar.inc(1);
        result
    };
    let all = || files.par_iter().with_max_len(1).map(each).collect();
    let results = match kind {
        Work::Cores => all(),
        Work::Disk => {
            let threads = rayon::current_num_threads().max(DISK_THREADS).min(files.len());
            match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
                Ok(pool) => pool.install(all),
                Err(_) => all(),
            }
        }
    };
    bar.finish_and_clear();
    results
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
    results: Vec<Result<Option<Done>, CliError>>,
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
                if manner == Manner::Own && !as_json {
                    done.notes.iter().for_each(|note| io.tell(&ui::one_line(note)));
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

/// Threads of a run that waits for the disk.
const DISK_THREADS: usize = 8;
