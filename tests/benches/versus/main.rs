//! Us and the real peers side by side: `cargo bench -p gitseal-tests --bench versus`.
//!
//! Prints Markdown tables of time and peak memory, medians of interleaved runs. A word behind `--` picks the
//! tables: `-- sops`, `-- sealed`.
//! Nothing is asserted: machines differ, and a table that is read tells more than a red test.

mod measure;
mod sealed;
mod sops;
mod table;

use std::fs;
use std::io::{self, Write as _};

use gitseal_tests::program::{age_only_bytes, gitseal_release};
use gitseal_tests::tools;

fn main() {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if let [word, rest @ ..] = arguments.as_slice()
        && word == "--measure"
    {
        return measure::measure_child(rest.to_vec());
    }
    let picked = |name: &str| {
        let words: Vec<_> = arguments
            .iter()
            .filter(|word| !word.to_string_lossy().starts_with('-'))
            .collect();
        words.is_empty() || words.iter().any(|word| *word == name)
    };
    let release = gitseal_release();
    print(&format!("\n{}\n", table::machine()));
    if picked("sops") {
        print(&format!(
            "\nsops {}\n\n{}",
            tools::SOPS_VERSION,
            sops::table(&release).text
        ));
    }
    if picked("sealed") {
        print(&format!(
            "\nkubeseal {}\n\n{}",
            tools::SEALED_VERSION,
            sealed::table(&release).text
        ));
    }
    let all = fs::metadata(&release).map_or(0, |meta| meta.len());
    print(&format!(
        "\nRelease binary: {:.1} MB; with age alone: {:.1} MB (goal: under 10)\n",
        all as f64 / 1e6,
        // Last: it takes the place of the other one.
        age_only_bytes() as f64 / 1e6
    ));
}

fn print(text: &str) {
    // A closed pipe ends the bench; nothing else can be done about it.
    let _ = io::stdout().lock().write_all(text.as_bytes());
}
