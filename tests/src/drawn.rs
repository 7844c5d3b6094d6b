//! How often property tests draw, and from which seed.

use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;

/// The same cases in every run, so that one commit has one verdict. `PROPTEST_RNG_SEED` draws others and
/// `PROPTEST_CASES` more: the nightly run sets both. A failure becomes a row, so no file remembers it.
pub fn cases(count: u32) -> ProptestConfig {
    // Has read the environment already.
    let told = ProptestConfig::default();
    ProptestConfig {
        cases: match std::env::var_os("PROPTEST_CASES") {
            Some(_) => told.cases,
            None => count,
        },
        rng_seed: match told.rng_seed {
            RngSeed::Random => RngSeed::Fixed(SEED),
            seed @ RngSeed::Fixed(_) => seed,
        },
        failure_persistence: None,
        ..told
    }
}

const SEED: u64 = 20_261_121;
