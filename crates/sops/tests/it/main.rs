//! Tests of the crate from outside, one binary.

#![allow(clippy::unwrap_used, reason = "a test that meets an error must fail")]

mod config;
mod cross_store;
mod stores_dotenv;
mod stores_ini;
mod stores_json;
mod support;
mod vectors;
mod yaml_corpus;
mod yaml_edit;
mod yaml_properties;
mod yaml_refused;
mod yaml_reuse;
mod yaml_round_trip;
mod yaml_tail;
