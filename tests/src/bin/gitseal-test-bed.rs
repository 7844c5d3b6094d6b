//! Started by the tests: see `gitseal_tests::bed`.

use std::io::Write as _;
use std::process::ExitCode;

use gitseal_tests::bed::{self, Kind};

fn main() -> ExitCode {
    let kind = match std::env::args().nth(1).as_deref() {
        Some("cluster") => Kind::Cluster,
        Some("peer") => Kind::Peer,
        _ => return ExitCode::from(2),
    };
    match bed::run(kind) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // The last line that anybody reads of us.
            let _ = writeln!(std::io::stderr(), "[gitseal-test-bed] {why}");
            ExitCode::FAILURE
        }
    }
}
