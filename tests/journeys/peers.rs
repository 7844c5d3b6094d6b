//! The differential test: generated files through the real sops and through us, both directions.
//!
//! `GITSEAL_DIFF_DOCS` says how many documents (default 900; the nightly run takes thousands),
//! `GITSEAL_SEED` where the sequence begins, and `GITSEAL_DIFF_ONLY=N` looks at one case alone.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use gitseal_tests::prng::Prng;
use gitseal_tests::sandbox::Sandbox;

use crate::differential::{STORES, Verdict, compare};
use crate::documents::case;

/// Documents of an ordinary run: what two cores do in about a minute.
const DOCUMENTS: usize = 900;

/// So many differences are shown in full.
const SHOWN: usize = 8;

#[test]
fn generated_files_mean_the_same_to_both_tools() {
    let seed = Prng::seed_of_this_run();
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let wanted = number("GITSEAL_DIFF_DOCS").map_or(DOCUMENTS, |wanted| wanted as usize);
    let only = number("GITSEAL_DIFF_ONLY");

    let next = AtomicU64::new(only.unwrap_or(0));
    let documents = AtomicUsize::new(0);
    let tally = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..if only.is_some() { 1 } else { 2 } {
            scope.spawn(|| {
                let sandbox = Sandbox::new();
                while documents.load(Ordering::Relaxed) < wanted {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let case = case(seed.wrapping_add(index.wrapping_mul(0x9E37_79B9)));
                    documents.fetch_add(case.documents, Ordering::Relaxed);
                    let verdict = compare(&case, &sandbox, index.is_multiple_of(2));
                    tally.lock().unwrap().add(index, &case, verdict);
                    if only.is_some() {
                        break;
                    }
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    let told = format!("seed {seed}: {tally}");
    // Shown also when all is well: how much was compared is the point.
    let _ = writeln!(std::io::stderr(), "[gitseal-tests] {told}");
    assert!(
        tally.different.is_empty(),
        "{}\n{told}",
        tally.first_differences()
    );
    if only.is_none() && wanted >= DOCUMENTS {
        tally.is_worth_something();
    }
}

#[derive(Default)]
struct Tally {
    documents: usize,
    files: BTreeMap<String, usize>,
    same: usize,
    refused: usize,
    peer_broken: usize,
    different: Vec<(u64, String)>,
}

impl Tally {
    fn add(&mut self, index: u64, case: &crate::documents::Case, verdict: Verdict) {
        self.documents += case.documents;
        *self.files.entry(format!("{:?}", case.store)).or_default() += 1;
        match verdict {
            Verdict::Same => self.same += 1,
            Verdict::BothRefuse => self.refused += 1,
            Verdict::PeerBreaksItself => self.peer_broken += 1,
            Verdict::Different(what) => {
                self.different
                    .push((index, format!("{:?}, rule {:?}: {what}", case.store, case.rule)));
            }
        }
    }

    fn first_differences(&self) -> String {
        let shown = self.different.iter().take(SHOWN);
        let mut text: String = shown
            .map(|(index, what)| format!("\n===== GITSEAL_DIFF_ONLY={index}: {what}\n"))
            .collect();
        let headline = |what: &str| what.lines().take(2).collect::<Vec<_>>().join(": ");
        for (index, what) in self.different.iter().skip(SHOWN) {
            text.push_str(&format!("\nand {index}: {}", headline(what)));
        }
        text
    }

    /// A generator that only makes refused files would find no difference either.
    fn is_worth_something(&self) {
        let files: usize = self.files.values().sum();
        assert_eq!(
            self.files.len(),
            STORES.len(),
            "a store is missing: {:?}",
            self.files
        );
        assert!(self.same * 10 >= files * 8, "too few files were compared: {self}");
        assert!(
            self.peer_broken * 10 <= files,
            "the real sops breaks too many of its own files: {self}"
        );
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} documents in {:?}: {} the same, {} refused by both, {} that sops breaks itself, {} different",
            self.documents,
            self.files,
            self.same,
            self.refused,
            self.peer_broken,
            self.different.len()
        )
    }
}
