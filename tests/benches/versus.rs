//! Us and the real `sops` side by side: `cargo bench -p gitseal-tests --bench versus`.
//!
//! Prints a Markdown table of CPU time (user and system) and peak memory, medians of interleaved runs.
//! Nothing is asserted: machines differ, and a table that is read tells more than a red test.
//!
//! Each run is started by a second process of this program (`--measure`), which has one child in its
//! life: so `getrusage` of its children is exactly that child, to the microsecond.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gitseal_tests::program::gitseal_release;
use gitseal_tests::sandbox::Sandbox;
use gitseal_tests::{EXAMPLE_RECIPIENT, corpus, example_identity, tools};
use nix::sys::resource::{UsageWho, getrusage};

/// Runs of a short command; the median is shown.
const SHORT_RUNS: usize = 21;
/// Runs of a command that takes a second or more.
const LONG_RUNS: usize = 3;

/// Values in the large file, about 1.1 MB when encrypted.
const VALUES: usize = 6_000;
/// Files in the folder whose keys change.
const FILES: usize = 200;

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next() {
        Some(word) if word == "--measure" => measure_child(arguments.collect()),
        _ => print_table(),
    }
}

/// What a run cost.
#[derive(Clone, Copy, Default)]
struct Cost {
    cpu_micros: i64,
    peak_kib: i64,
}

fn print_table() {
    // In memory: what is measured is the programs, not the disk of the machine.
    let bench = Bench::new(Sandbox::in_memory());
    let mut rows = Rows::default();

    let [sops, ours] = bench.both(SHORT_RUNS, &["--version"], |_| {});
    rows.ratio("start (`--version`)", sops, ours, 5.0);

    let [sops, ours] = bench.both(SHORT_RUNS, &["decrypt", "small.yaml"], |_| {});
    rows.ratio("decrypt a small file, age", sops, ours, 6.0);

    let [sops, ours] = bench.both(SHORT_RUNS, &["decrypt", "large.yaml"], |_| {});
    rows.ratio("decrypt 6,000 values (1.1 MB)", sops, ours, 12.0);
    rows.memory("the same, peak memory", sops, ours, 3.0);

    let [sops, ours] = bench.both(SHORT_RUNS, &["encrypt", "large-plain.yaml"], |_| {});
    rows.ratio("encrypt 6,000 values", sops, ours, 8.0);

    let names: Vec<String> = (0..FILES).map(|number| format!("many/f{number}.yaml")).collect();
    let mut call = vec!["updatekeys", "-y"];
    call.extend(names.iter().map(String::as_str));
    let fresh = |bench: &Bench| bench.lay_out_many();
    let [sops, ours] = bench.both(LONG_RUNS, &call, fresh);
    let looped = bench.loop_of_sops(&names);
    rows.ratio("`updatekeys`, 200 files, against a loop", looped, ours, 40.0);
    rows.ratio("the same against one call", sops, ours, 5.0);
    // And where files usually are: ours waits until each is safe there (`fsync`), sops does not.
    let disk = Bench::new(Sandbox::new());
    let [sops, ours] = disk.both(LONG_RUNS, &call, fresh);
    rows.ratio("the same on a disk, each file made durable", sops, ours, 5.0);

    match bench.corpus_files() {
        Some(files) => {
            let mut call = vec!["filestatus".to_owned()];
            call.extend(files);
            let call: Vec<&str> = call.iter().map(String::as_str).collect();
            let ours = median((0..SHORT_RUNS).map(|_| bench.run(&bench.ours, &call)).collect());
            rows.absolute("`filestatus`, the 311 SOPS files of the corpus", ours, 60);
        }
        None => rows.note("no corpus here (GITSEAL_CORPUS): the row `filestatus` is missing"),
    }

    let size = fs::metadata(&bench.ours).map_or(0, |meta| meta.len());
    let mut out = io::stdout().lock();
    // A closed pipe ends the bench; nothing else can be done about it.
    let _ = writeln!(
        out,
        "\n{}\n\n{}\nRelease binary: {:.1} MB (goal: under 10)",
        machine(),
        rows.text,
        size as f64 / 1e6
    );
}

/// Inputs, and the two programs.
struct Bench {
    sandbox: Sandbox,
    sops: PathBuf,
    ours: PathBuf,
    /// The recipient that `updatekeys` adds.
    second: String,
}

impl Bench {
    fn new(sandbox: Sandbox) -> Self {
        let made = sandbox.run(tools::age_keygen()).go().expect(0).out();
        let second = made.lines().find_map(|line| line.strip_prefix("# public key: "));
        let second = second.expect("age-keygen names the recipient").to_owned();
        let bench = Self {
            sandbox,
            sops: tools::sops(),
            ours: gitseal_release(),
            second,
        };
        let sandbox = &bench.sandbox;
        sandbox.write(
            ".sops.yaml",
            format!("creation_rules:\n  - age: {EXAMPLE_RECIPIENT}\n"),
        );
        sandbox.write("small.yaml", "user: alice\npassword: hunter2\nport: 5432\n");
        let mut large = String::new();
        for number in 0..VALUES {
            if number % 100 == 0 {
                large.push_str(&format!("group{}:\n", number / 100));
            }
            large.push_str(&format!("    key{number}: value-{number}-of-a-usual-length\n"));
        }
        sandbox.write("large.yaml", &large);
        sandbox.write("large-plain.yaml", &large);
        for name in ["small.yaml", "large.yaml"] {
            sandbox
                .run(&bench.sops)
                .args(["encrypt", "-i", name])
                .go()
                .expect(0);
        }
        bench.lay_out_many();
        bench
    }

    /// 200 files for one recipient, under a rule that names two: each needs its keys changed.
    fn lay_out_many(&self) {
        let sealed = self.sandbox.read("small.yaml");
        for number in 0..FILES {
            self.sandbox.write(format!("many/f{number}.yaml"), &sealed);
        }
        let second = &self.second;
        let rule =
            format!("creation_rules:\n  - path_regex: ^many/\n    age: {EXAMPLE_RECIPIENT},{second}\n");
        self.sandbox
            .write(".sops.yaml", format!("{rule}  - age: {EXAMPLE_RECIPIENT}\n"));
    }

    /// Medians of sops and of us, run by turns, with `before` in front of each run.
    fn both(&self, runs: usize, call: &[&str], before: impl Fn(&Self)) -> [Cost; 2] {
        let mut costs = [Vec::new(), Vec::new()];
        for _ in 0..runs {
            for (program, costs) in [&self.sops, &self.ours].into_iter().zip(&mut costs) {
                before(self);
                costs.push(self.run(program, call));
            }
        }
        costs.map(median)
    }

    fn loop_of_sops(&self, names: &[String]) -> Cost {
        self.lay_out_many();
        let costs = names
            .iter()
            .map(|name| self.run(&self.sops, &["updatekeys", "-y", name]));
        costs.fold(Cost::default(), |sum, cost| Cost {
            cpu_micros: sum.cpu_micros + cost.cpu_micros,
            peak_kib: sum.peak_kib.max(cost.peak_kib),
        })
    }

    fn run(&self, program: &Path, call: &[&str]) -> Cost {
        let told = self
            .sandbox
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
        let mut next = || numbers.next().expect("two numbers");
        Cost {
            cpu_micros: next(),
            peak_kib: next(),
        }
    }

    fn corpus_files(&self) -> Option<Vec<String>> {
        let corpus = corpus()?;
        let manifest = fs::read_to_string(corpus.join("MANIFEST.tsv")).ok()?;
        let rows = manifest
            .lines()
            .skip(1)
            .map(|line| line.split('\t').collect::<Vec<_>>());
        let sops = rows.filter(|row| row.get(7).is_some_and(|kind| kind.starts_with("sops")));
        Some(
            sops.map(|row| corpus.join(row[0]).display().to_string())
                .collect(),
        )
    }
}

/// Runs one command to its end and prints what it cost.
fn measure_child(words: Vec<OsString>) {
    let (program, arguments) = words.split_first().expect("--measure PROGRAM …");
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let output = command.output().expect("the program starts");
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
    let _ = writeln!(io::stdout(), "{cpu} {}", usage.max_rss());
}

fn median(mut costs: Vec<Cost>) -> Cost {
    let mut middle = |by: fn(&Cost) -> i64| {
        costs.sort_by_key(by);
        costs.get(costs.len() / 2).map_or(0, by)
    };
    Cost {
        cpu_micros: middle(|cost| cost.cpu_micros),
        peak_kib: middle(|cost| cost.peak_kib),
    }
}

/// The table as it grows.
struct Rows {
    text: String,
}

impl Default for Rows {
    fn default() -> Self {
        let head = "| work | sops | gitseal | ratio | goal | holds |\n|---|---|---|---|---|---|\n";
        Self {
            text: head.to_owned(),
        }
    }
}

impl Rows {
    fn ratio(&mut self, work: &str, sops: Cost, ours: Cost, goal: f64) {
        let ratio = sops.cpu_micros as f64 / ours.cpu_micros.max(1) as f64;
        self.row(work, &millis(sops), &millis(ours), ratio, goal);
    }

    fn memory(&mut self, work: &str, sops: Cost, ours: Cost, goal: f64) {
        let ratio = sops.peak_kib as f64 / ours.peak_kib.max(1) as f64;
        let mib = |cost: Cost| format!("{:.1} MiB", cost.peak_kib as f64 / 1024.0);
        self.row(work, &mib(sops), &mib(ours), ratio, goal);
    }

    fn row(&mut self, work: &str, sops: &str, ours: &str, ratio: f64, goal: f64) {
        let holds = if ratio >= goal { "yes" } else { "no" };
        self.text.push_str(&format!(
            "| {work} | {sops} | {ours} | 1/{ratio:.1} | ≤ 1/{goal:.0} | {holds} |\n"
        ));
    }

    fn absolute(&mut self, work: &str, ours: Cost, goal_millis: i64) {
        let holds = if ours.cpu_micros <= goal_millis * 1_000 {
            "yes"
        } else {
            "no"
        };
        self.text.push_str(&format!(
            "| {work} | – | {} | – | ≤ {goal_millis} ms | {holds} |\n",
            millis(ours)
        ));
    }

    fn note(&mut self, text: &str) {
        self.text.push_str(&format!("\n({text})\n"));
    }
}

fn millis(cost: Cost) -> String {
    format!("{:.1} ms", cost.cpu_micros as f64 / 1_000.0)
}

/// One line on where this was measured.
fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1))
        .unwrap_or("unknown CPU");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "CPU time, medians, {cores} × {model}, sops {}",
        tools::SOPS_VERSION
    )
}
