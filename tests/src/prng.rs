//! Random numbers for generated inputs: small, seeded, the same on every machine.

/// SplitMix64. Not for keys.
pub struct Prng(u64);

impl Prng {
    /// Starts a sequence; the same seed gives the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed of this run: `GITSEAL_SEED`, else one that is the same in every run.
    ///
    /// A fixed default keeps a red test red; the nightly run sets a new one each time.
    pub fn seed_of_this_run() -> u64 {
        std::env::var("GITSEAL_SEED")
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(20_261_121)
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 where `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = end as u64;
        self.draw().checked_rem(end).unwrap_or(0) as usize
    }

    /// True in `percent` of a hundred cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of `items`, which must not be empty.
    pub fn pick<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        &items[self.below(items.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::Prng;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let draw = |seed| {
            let mut prng = Prng::new(seed);
            [prng.draw(), prng.draw(), prng.draw()]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }
}
