//! SealedSecrets, beside the real `kubeseal`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
};
use gitseal_tests::sandbox::Sandbox;
use gitseal_tests::{root, tools};

use crate::measure::{self, Cost, words};
use crate::table::{Rows, millis};

/// The table.
pub(crate) fn table(release: &Path) -> Rows {
    let bench = Bench::new(release);
    let mut rows = Rows::against("kubeseal");

    let [peer, ours] = bench.both(SHORT_RUNS, &["--version"]);
    rows.cpu("start (`--version`)", peer, ours, 4.0);

    let one = ["--cert", "cert.pem", "-o", "yaml", "-f", "one.yaml"];
    let [peer, ours] = bench.both(SHORT_RUNS, &one);
    rows.cpu("seal one Secret, RSA-4096", peer, ours, 4.0);

    let stream = ["--cert", "cert.pem", "-o", "yaml", "-f", "stream.yaml"];
    let [peer, ours] = bench.both(LONG_RUNS, &stream);
    rows.wall("seal a stream of 1,000 Secrets, time", peer, ours, 4.0);
    rows.cpu("the same, CPU", peer, ours, 4.0);
    rows.memory("the same, peak memory", peer, ours, 2.0);

    bench.seal_all();
    let check = words(&["unseal", "--check", "--key", "key.pem", "sealed.yaml"]);
    let raw = Raw::new();
    let [raw, ours] = measure::by_turns(LONG_RUNS, [&mut || raw.open_all(), &mut || bench.own(&check)]);
    let over = ours.wall_micros as f64 / raw.wall_micros.max(1) as f64;
    rows.words(
        "open 1,000 values, RSA-4096, against AWS-LC alone on all cores",
        &format!("{} to {}", millis(ours.wall_micros), millis(raw.wall_micros)),
        &format!("{over:.2}"),
        "≤ 1.15",
        over <= 1.15,
    );

    let reseal = bench.reseal();
    let cores = reseal.cpu_micros as f64 / reseal.wall_micros.max(1) as f64;
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    rows.words(
        "`reseal` 300 files, RSA-4096, one process",
        &format!("{} by the clock", millis(reseal.wall_micros)),
        &format!("{cores:.2} cores busy"),
        &format!("{all} cores, 9/10 of the time"),
        cores >= 0.9 * all as f64,
    );

    for call in [
        &["explain", "folder", "--json"][..],
        &["unseal", "--check", "folder"],
    ] {
        let cost = measure::median((0..SHORT_RUNS).map(|_| bench.own(&words(call))).collect());
        rows.absolute(
            &format!("`{}` over 300 files, no keys", call.join(" ")),
            cost,
            100,
        );
    }
    rows
}

/// Inputs, and the two programs.
struct Bench {
    sandbox: Sandbox,
    peer: PathBuf,
    ours: PathBuf,
}

impl Bench {
    fn new(release: &Path) -> Self {
        let sandbox = Sandbox::in_memory();
        let vectors = root().join("tests/vectors/sealed");
        for (from, to) in [
            ("key-c-4096.crt.pem", "cert.pem"),
            ("key-c-4096.key.pem", "key.pem"),
        ] {
            sandbox.write(to, fs::read(vectors.join(from)).expect("a vector"));
        }
        sandbox.write("one.yaml", secret(0));
        let stream: Vec<String> = (0..VALUES).map(secret).collect();
        sandbox.write("stream.yaml", stream.join("---\n"));
        for number in 0..FILES {
            sandbox.write(format!("folder/s{number}.yaml"), secret(number));
        }
        let bench = Self {
            sandbox,
            peer: tools::kubeseal(),
            ours: release.to_owned(),
        };
        bench.own(&words(&[
            "keys",
            "generate",
            "--output",
            "old-key.pem",
            "--cert",
            "old-cert.pem",
        ]));
        bench.own(&words(&["seal", "-i", "--cert", "old-cert.pem", "folder"]));
        bench
    }

    /// Medians of kubeseal and of us in its manner, run by turns.
    fn both(&self, runs: usize, call: &[&str]) -> [Cost; 2] {
        let theirs = words(call);
        let ours = [words(&["kubeseal"]), words(call)].concat();
        measure::by_turns(
            runs,
            [
                &mut || measure::run(&self.sandbox, &self.peer, &theirs),
                &mut || measure::run(&self.sandbox, &self.ours, &ours),
            ],
        )
    }

    fn own(&self, call: &[String]) -> Cost {
        measure::run(&self.sandbox, &self.ours, call)
    }

    /// 1,000 SealedSecrets of one value, by the real kubeseal.
    fn seal_all(&self) {
        let sealed = self
            .sandbox
            .run(&self.peer)
            .args(["--cert", "cert.pem", "-o", "yaml", "-f", "stream.yaml"])
            .go()
            .expect(0);
        self.sandbox.write("sealed.yaml", sealed.stdout);
    }

    /// 300 files from an old key to the new one; each run from a fresh copy.
    fn reseal(&self) -> Cost {
        let runs = (0..LONG_RUNS).map(|run| {
            let copy = format!("copy{run}");
            for number in 0..FILES {
                let file = self.sandbox.read(format!("folder/s{number}.yaml"));
                self.sandbox.write(format!("{copy}/s{number}.yaml"), file);
            }
            self.own(&words(&[
                "reseal",
                &copy,
                "--to",
                "cert.pem",
                "--key",
                "old-key.pem",
                "--key",
                "key.pem",
            ]))
        });
        measure::median(runs.collect())
    }
}

fn secret(number: usize) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s{number}\n  namespace: bench\nstringData:\n  password: value-{number}\n"
    );
    text
}

/// The RSA library alone: as many OAEP blocks, on all cores.
struct Raw {
    key: OaepPrivateDecryptingKey,
    blocks: Vec<Vec<u8>>,
}

impl Raw {
    fn new() -> Self {
        let pem = root().join("tests/vectors/sealed/key-c-4096.pkcs8.pem");
        let pem = fs::read_to_string(pem).expect("a vector");
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, body).expect("PEM");
        let key = PrivateDecryptingKey::from_pkcs8(&der).expect("an RSA key");
        let public = OaepPublicEncryptingKey::new(key.public_key()).expect("its public half");
        let blocks = (0..VALUES).map(|_| {
            let mut block = vec![0; public.ciphertext_size()];
            public
                .encrypt(&OAEP_SHA256_MGF1SHA256, &[7; 32], &mut block, Some(b"bench/s"))
                .expect("it encrypts");
            block
        });
        let blocks = blocks.collect();
        Self {
            key: OaepPrivateDecryptingKey::new(key).expect("an RSA key"),
            blocks,
        }
    }

    fn open_all(&self) -> Cost {
        let start = Instant::now();
        let next = AtomicUsize::new(0);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let mut out = vec![0; self.key.min_output_size()];
                    while let Some(block) = self.blocks.get(next.fetch_add(1, Ordering::Relaxed)) {
                        self.key
                            .decrypt(&OAEP_SHA256_MGF1SHA256, block, &mut out, Some(b"bench/s"))
                            .expect("it opens");
                    }
                });
            }
        });
        Cost {
            wall_micros: i64::try_from(start.elapsed().as_micros()).unwrap_or(i64::MAX),
            ..Cost::default()
        }
    }
}

/// Runs of a short command; the median is shown.
const SHORT_RUNS: usize = 21;
/// Runs of a command that takes half a second or more.
const LONG_RUNS: usize = 5;

/// Secrets of the stream, one value each.
const VALUES: usize = 1_000;
/// Files of the folder.
const FILES: usize = 300;
