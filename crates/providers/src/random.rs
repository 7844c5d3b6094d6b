//! Randomness of the operating system.
//!
//! Asked directly and not through AWS-LC: its generator spends about 35 ms of processor time on its own seeding in
//! every thread, which is ten times what a whole small file takes.

use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};
use sops::{Random, RandomError};

/// The random source of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        fill(bytes)
    }
}

/// Fills a buffer with random bytes.
///
/// # Errors
///
/// When the system has none to give; nothing may be encrypted then.
pub fn fill(bytes: &mut [u8]) -> Result<(), RandomError> {
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match getrandom(rest, GetRandomFlags::empty()) {
            Ok(0) => return Err(RandomError),
            Ok(count) => filled += count,
            Err(Errno::INTR) => {}
            Err(_) => return Err(RandomError),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_drawn() {
        let mut bytes = vec![0; 4096];
        fill(&mut bytes).unwrap();
        let zeros = bytes.iter().filter(|byte| **byte == 0).count();
        assert!(zeros < 64, "{zeros} of 4096 bytes are zero");
    }
}
