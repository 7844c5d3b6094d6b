//! Integration tests of the crate: one binary.

#![allow(clippy::unwrap_used, reason = "a test that meets an error must fail")]

mod backup;
mod envelope;
mod explain;
mod file;
mod file_batch;
mod file_convert;
mod file_corpus;
mod file_properties;
mod file_support;
mod keys;
mod objects;
mod reseal;
mod scopes;
mod sealed_by;
mod support;
