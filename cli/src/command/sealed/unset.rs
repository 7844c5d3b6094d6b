//! `unset` on a sealed file: one item goes; no key and no certificate is needed.

use super::item::{Access, Subject};
use super::object_args;
use crate::command::file::unset::Args;
use crate::error::{CliError, Kind};
use crate::io::Io;

/// Removes one item.
///
/// # Errors
///
/// It is not there, or the file cannot be changed.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    let name = object_args::item(&args.path, Kind::SetFormat)?;
    let mut subject = Subject::open(&args.file, &args.sealed, "unset a value in", Access::Change, io)?;
    if !subject.has(&name) {
        return match args.idempotent {
            true => Ok(()),
            false => Err(subject.missing(&name).hint("--idempotent makes this a success")),
        };
    }
    for warning in warn_about_templates(&subject, &name) {
        io.warn(&warning);
    }
    subject.remove(&name)?;
    if subject.secret.spec.encrypted_data.is_empty() {
        io.warn(&format!("{}: it holds no items now", subject.here()));
    }
    subject.write(args.replace)
}

/// Templates are plain text of their authors: they are not changed, but they would miss the item.
pub fn warn_about_templates(subject: &Subject, name: &str) -> Vec<String> {
    let templates = subject.templates_with(name).into_iter();
    let told = |template| {
        format!(
            "{}: the template {} names the item {}: change it too",
            subject.here(),
            crate::ui::one_line(template),
            crate::ui::one_line(name)
        )
    };
    templates.map(told).collect()
}
