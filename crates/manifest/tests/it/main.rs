//! Integration tests of the crate: one binary.

#![allow(clippy::unwrap_used, reason = "a test that meets an error must fail")]

mod properties;
mod read;
mod secret;
mod support;
mod template;
mod template_certificates;
mod template_limits;
mod text;
mod write;
