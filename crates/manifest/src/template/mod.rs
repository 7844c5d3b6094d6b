//! Go templates over the items of one Secret (spec/sealed-secrets §5.2): the language of Go's `text/template` with
//! the function table of sprig, without functions that read the machine.
//!
//! The way of a template: `lex` → `parse` → `exec`, which calls `funcs` over `value`s. There is no clock and no
//! randomness but what [`Outside`] gives, "Local" time is UTC, and a run is bounded by [`Limits`], not by time.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretSlice};
use thiserror::Error;

mod context;
mod exec;
mod funcs;
mod json;
mod lex;
mod node;
mod number;
mod parse;
mod print;
mod quote;
mod time;
mod value;

/// What a template may use besides its values. Time and randomness come in.
pub struct Outside<'a> {
    /// Now, as seconds and nanoseconds since 1970.
    pub now: (i64, u32),
    /// Fills a buffer with random bytes; `false` if there are none.
    pub random: &'a (dyn Fn(&mut [u8]) -> bool + Send + Sync),
}

/// What a run may cost (spec/sealed-secrets §16).
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most bytes of output, and of any text on the way to it.
    pub output: usize,
    /// Most rounds of all loops together. Other work counts as parts or multiples of a round.
    pub rounds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            output: 4 << 20,
            rounds: 1_000_000,
        }
    }
}

/// Why a template gave no text. The message may quote the template's source and, with `fail`, values: it was
/// written by whoever wrote the template (spec/sealed-secrets §16).
#[derive(Debug, Error)]
#[error("template: {name}:{position}: {message}")]
pub struct TemplateError {
    /// Name of the template: the item.
    pub name: String,
    /// `LINE` or `LINE:COLUMN`.
    pub position: String,
    /// What Go says, as near as can be.
    pub message: String,
}

/// Renders one template, named after its item, over the items. The output is bytes: items that are not UTF-8 keep
/// theirs, except where a function needs text and fails.
///
/// # Errors
///
/// See [`TemplateError`].
pub fn render(
    name: &str,
    text: &str,
    items: &BTreeMap<String, SecretSlice<u8>>,
    outside: &Outside<'_>,
    limits: &Limits,
) -> Result<SecretSlice<u8>, TemplateError> {
    let program = parse::parse(name, text)?;
    let context = context::Context::new(outside, limits);
    let root = exec::root(
        items
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose_secret())),
    );
    let output = exec::run(&program, root, &context)?;
    Ok(output.to_vec().into())
}
