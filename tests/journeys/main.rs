//! The journeys: both programs end to end, against real peers. One test binary, one module a journey.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod bad_input;
mod cluster;
mod corpus;
mod differential;
mod documents;
mod everyday;
mod floors;
mod generated;
mod kill;
mod kubeseal;
mod peers;
mod sealed_files;
mod sealed_keys;
mod sealed_repository;
