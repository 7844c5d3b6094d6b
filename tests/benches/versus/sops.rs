//! SOPS files, beside the real `sops`.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use gitseal_tests::sandbox::Sandbox;
use gitseal_tests::{EXAMPLE_RECIPIENT, corpus, tools};

use crate::measure::{self, Cost, words};
use crate::table::Rows;

/// The table.
pub(crate) fn table(release: &Path) -> Rows {
    // In memory: what is measured is the programs, not the disk of the machine.
    let bench = Bench::new(Sandbox::in_memory(), release);
    let mut rows = Rows::against("sops");

    let [sops, ours] = bench.both(SHORT_RUNS, |_| words(&["--version"]));
    rows.cpu("start (`--version`)", sops, ours, 5.0);

    let [sops, ours] = bench.both(SHORT_RUNS, |_| words(&["decrypt", "small.yaml"]));
    rows.cpu("decrypt a small file, age", sops, ours, 6.0);

    let [sops, ours] = bench.both(SHORT_RUNS, |_| words(&["decrypt", "large.yaml"]));
    rows.cpu("decrypt 6,000 values (1.1 MB)", sops, ours, 12.0);
    rows.memory("the same, peak memory", sops, ours, 3.0);

    let [sops, ours] = bench.both(SHORT_RUNS, |_| words(&["encrypt", "large-plain.yaml"]));
    rows.cpu("encrypt 6,000 values", sops, ours, 8.0);

    let update = |bench: &Bench| {
        let mut call = words(&["updatekeys", "-y"]);
        call.extend(bench.lay_out_many());
        call
    };
    let [sops, ours] = bench.both(LONG_RUNS, update);
    let looped = bench.loop_of_sops();
    rows.cpu("`updatekeys`, 200 files, against a loop", looped, ours, 40.0);
    rows.cpu("the same against one call", sops, ours, 5.0);
    // And where files usually are: ours waits until each is safe there (`fsync`), sops does not.
    let disk = Bench::new(Sandbox::new(), release);
    let [sops, ours] = disk.both(LONG_RUNS, update);
    rows.cpu("the same on a disk, each file made durable", sops, ours, 5.0);

    match bench.corpus_files() {
        Some(files) => {
            let mut call = vec!["filestatus".to_owned()];
            call.extend(files);
            let ours = measure::median(
                (0..SHORT_RUNS)
                    .map(|_| measure::run(&bench.sandbox, &bench.ours, &call))
                    .collect(),
            );
            rows.absolute("`filestatus`, the 311 SOPS files of the corpus", ours, 60);
        }
        None => rows.note("no corpus here (GITSEAL_CORPUS): the row `filestatus` is missing"),
    }
    rows
}

/// Inputs, and the two programs.
struct Bench {
    sandbox: Sandbox,
    sops: PathBuf,
    ours: PathBuf,
    /// The recipient that `updatekeys` adds.
    second: String,
    /// How many folders of files were laid out.
    laid_out: Cell<usize>,
}

impl Bench {
    fn new(sandbox: Sandbox, release: &Path) -> Self {
        let made = sandbox.run(tools::age_keygen()).go().expect(0).out();
        let second = made.lines().find_map(|line| line.strip_prefix("# public key: "));
        let second = second.expect("age-keygen names the recipient").to_owned();
        let bench = Self {
            sandbox,
            sops: tools::sops(),
            ours: release.to_owned(),
            second,
            laid_out: Cell::new(0),
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
        bench
    }

    /// 200 files for one recipient, under a rule that names two: each needs its keys changed. In a folder of their own;
    /// gives their names.
    fn lay_out_many(&self) -> Vec<String> {
        let folder = format!("many{}", self.laid_out.replace(self.laid_out.get() + 1));
        let sealed = self.sandbox.read("small.yaml");
        let names: Vec<String> = (0..FILES)
            .map(|number| format!("{folder}/f{number}.yaml"))
            .collect();
        for name in &names {
            self.sandbox.write(name, &sealed);
        }
        let second = &self.second;
        let rule = format!("creation_rules:\n  - path_regex: ^many\n    age: {EXAMPLE_RECIPIENT},{second}\n");
        self.sandbox
            .write(".sops.yaml", format!("{rule}  - age: {EXAMPLE_RECIPIENT}\n"));
        names
    }

    /// Medians of sops and of us, run by turns; `call` lays out what each run needs.
    fn both(&self, runs: usize, call: impl Fn(&Self) -> Vec<String>) -> [Cost; 2] {
        let run = |program: &Path| measure::run(&self.sandbox, program, &call(self));
        measure::by_turns(runs, [&mut || run(&self.sops), &mut || run(&self.ours)])
    }

    fn loop_of_sops(&self) -> Cost {
        let names = self.lay_out_many();
        let costs = names
            .iter()
            .map(|name| measure::run(&self.sandbox, &self.sops, &words(&["updatekeys", "-y", name])));
        costs.fold(Cost::default(), |sum, cost| Cost {
            cpu_micros: sum.cpu_micros + cost.cpu_micros,
            peak_kib: sum.peak_kib.max(cost.peak_kib),
            wall_micros: sum.wall_micros + cost.wall_micros,
        })
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

/// Runs of a short command; the median is shown.
const SHORT_RUNS: usize = 21;
/// Runs of a command that takes half a second or more.
const LONG_RUNS: usize = 7;

/// Values in the large file, about 1.1 MB when encrypted.
const VALUES: usize = 6_000;
/// Files in the folder whose keys change.
const FILES: usize = 200;
