//! Tests of the key services: vectors, the real age both ways, every place of identities, key groups.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[cfg(feature = "age")]
mod groups;
#[cfg(feature = "age")]
mod passphrases;
#[cfg(feature = "age")]
mod plugins;
#[cfg(feature = "age")]
mod properties;
#[cfg(feature = "age")]
mod real_age;
#[cfg(feature = "age")]
mod sources;
#[cfg(feature = "age")]
mod support;
#[cfg(feature = "age")]
mod vectors;
#[cfg(feature = "age")]
mod whole_files;
