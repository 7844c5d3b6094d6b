//! What one run of a program costs.
//!
//! Each run is started by a second process of this program (`--measure`), which has one child in its
//! life: so `getrusage` of its children is exactly that child, to the microsecond.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use gitseal_tests::example_identity;
use gitseal_tests::sandbox::Sandbox;
use nix::sys::resource::{UsageWho, getrusage};

/// What a run cost.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cost {
    pub(crate) cpu_micros: i64,
    pub(crate) peak_kib: i64,
    pub(crate) wall_micros: i64,
}

/// A command line, program first.
pub(crate) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Runs a program in a sandbox. A run that fails ends the bench.
pub(crate) fn run(sandbox: &Sandbox, program: &Path, call: &[String]) -> Cost {
    let told = sandbox
        .run(std::env::current_exe().expect("a program knows its path"))
        .arg("--measure")
        .arg(program)
        .args(call)
        .env("SOPS_AGE_KEY_FILE", example_identity())
        .go()
        .expect(0);
    let text = told.out();
    let mut numbers = text
        .split_whitespace()
        .map(|word| word.parse().expect("a number"));
    let mut next = || numbers.next().expect("three numbers");
    Cost {
        cpu_micros: next(),
        peak_kib: next(),
        wall_micros: next(),
    }
}

/// Medians of several programs, run by turns; each call lays out what its run needs.
pub(crate) fn by_turns<const N: usize>(runs: usize, mut each: [&mut dyn FnMut() -> Cost; N]) -> [Cost; N] {
    let mut costs: [Vec<Cost>; N] = std::array::from_fn(|_| Vec::new());
    for _ in 0..runs {
        for (one, costs) in each.iter_mut().zip(&mut costs) {
            costs.push(one());
        }
    }
    costs.map(median)
}

/// Runs one command to its end and prints what it cost.
pub(crate) fn measure_child(words: Vec<OsString>) {
    let (program, arguments) = words.split_first().expect("--measure PROGRAM …");
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let start = Instant::now();
    let output = command.output().expect("the program starts");
    let wall = start.elapsed().as_micros();
    // A command that did not do its work costs nothing worth telling.
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}: {}\n{said}",
        program.display(),
        output.status
    );
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel counts");
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    let cpu = micros(usage.user_time()) + micros(usage.system_time());
    let _ = writeln!(io::stdout(), "{cpu} {} {wall}", usage.max_rss());
}

/// The middle of each figure.
pub(crate) fn median(mut costs: Vec<Cost>) -> Cost {
    let mut middle = |by: fn(&Cost) -> i64| {
        costs.sort_by_key(by);
        costs.get(costs.len() / 2).map_or(0, by)
    };
    Cost {
        cpu_micros: middle(|cost| cost.cpu_micros),
        peak_kib: middle(|cost| cost.peak_kib),
        wall_micros: middle(|cost| cost.wall_micros),
    }
}
