//! Writing each SealedSecret to a file of its own: `out` of its cluster, or below `--out`.
//!
//! Everything is sealed and every path known before the first file is written; each file is replaced as a whole.

use std::path::{Path, PathBuf};

use ::seal::file::{Kind as Is, SealedFile};
use zeroize::Zeroizing;

use super::file::{Sealed, text_of};
use super::{Format, Run};
use crate::command::file::batch::Done;
use crate::command::file::steps::Input;
use crate::config::clean;
use crate::error::{CliError, Kind};
use crate::files::{self, Secrecy};

/// One file to be written.
struct Target {
    path: PathBuf,
    shown: PathBuf,
    /// Nothing is written outside of this folder.
    root: PathBuf,
    text: Zeroizing<String>,
}

/// Writes all SealedSecrets of one input.
///
/// # Errors
///
/// A path is not known, leads out of the repository, or is somebody else's: nothing was written. A file cannot be
/// written: those before it were.
pub(super) fn write(
    run: &Run<'_>,
    sealed: &[Sealed],
    input: &Input,
    done: &mut Done,
) -> Result<(), CliError> {
    let mut targets = Vec::with_capacity(sealed.len());
    for one in sealed {
        let target = target(run, one, input)?;
        claim(run, &target)?;
        refuse_foreign(run, &target, one)?;
        targets.push(target);
    }
    let mut written = Vec::new();
    for target in &targets {
        make_folder(target)?;
        let bytes = target.text.as_bytes();
        files::write_new(
            &target.path,
            &target.shown,
            bytes,
            Secrecy::Sealed,
            run.args.output.replace,
        )?;
        let shown = target.shown.display().to_string();
        done.notes.push(format!("wrote {shown}"));
        written.push(serde_json::Value::String(shown));
    }
    done.json
        .insert("written".to_owned(), serde_json::Value::Array(written));
    Ok(())
}

fn target(run: &Run<'_>, sealed: &Sealed, input: &Input) -> Result<Target, CliError> {
    let (namespace, name) = (&sealed.namespace, &sealed.name);
    let (folder, root, below) = match (&run.args.out, &sealed.recipient.out) {
        (Some(named), _) => {
            let folder = clean(&run.cwd.join(named));
            let mut below = PathBuf::new();
            below.extend(sealed.recipient.cluster.as_ref());
            below.extend(Some(namespace).filter(|namespace| !namespace.is_empty()));
            below.push(format!("{name}.yaml"));
            (folder.clone(), folder, Some(below))
        }
        (None, Some(out)) => (
            out.folder.clone(),
            out.root.clone(),
            out.pattern.path(namespace, name),
        ),
        (None, None) => {
            let cluster = sealed.recipient.cluster.as_deref().unwrap_or_default();
            return Err(CliError::new(
                Kind::Conflicting,
                format!(
                    "{}: it is not said where the SealedSecret for cluster {cluster} goes",
                    input.shown.display()
                ),
            )
            .hint("give the cluster an out in .gitseal.yaml, or name a folder with --out"));
        }
    };
    let Some(below) = below else {
        return Err(CliError::new(
            Kind::Generic,
            format!(
                "{}: Secret {name} has no namespace, and out has a place for it",
                input.shown.display()
            ),
        )
        .hint("add metadata.namespace"));
    };
    let path = clean(&folder.join(&below));
    let shown = path.strip_prefix(&run.cwd).unwrap_or(&path).to_owned();
    if !path.starts_with(&root) {
        return Err(outside_of(&shown, &root));
    }
    let format = if below.extension().is_some_and(|end| end == "json") {
        Format::Json
    } else {
        Format::Yaml
    };
    let mut text = text_of(&sealed.object, format)?;
    // The marker is for streams; a file of its own begins with its first line.
    if let Some(rest) = text.strip_prefix("---\n") {
        text = Zeroizing::new(rest.to_owned());
    }
    Ok(Target {
        path,
        shown,
        root,
        text,
    })
}

fn outside_of(shown: &Path, root: &Path) -> CliError {
    CliError::new(
        Kind::WriteOutput,
        format!("{} lies outside of {}", shown.display(), root.display()),
    )
    .hint("out leads to a place inside the repository")
}

/// Two Secrets for one file would overwrite each other.
fn claim(run: &Run<'_>, target: &Target) -> Result<(), CliError> {
    let mut claimed = run
        .claimed
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if claimed.insert(target.path.clone()) {
        return Ok(());
    }
    Err(CliError::new(
        Kind::Conflicting,
        format!("two SealedSecrets would be written to {}", target.shown.display()),
    )
    .hint("use {namespace} and {name} in out, or seal the files one by one"))
}

/// Only a SealedSecret of the same name is replaced.
fn refuse_foreign(run: &Run<'_>, target: &Target, sealed: &Sealed) -> Result<(), CliError> {
    if !target.path.exists() {
        return Ok(());
    }
    let bytes = files::read(&target.path, &target.shown, run.max)?;
    let text = std::str::from_utf8(&bytes).ok();
    let file = text.and_then(|text| SealedFile::parse(text, &manifest::Limits::default()).ok());
    let same = file.is_some_and(|file| match file.objects()[..] {
        [(place, Is::SealedSecret, _)] => {
            let field = |name: &str| {
                file.object(place)
                    .value()
                    .pointer(name)
                    .and_then(|it| it.as_str())
                    .unwrap_or("")
            };
            field("/metadata/name") == sealed.name && field("/metadata/namespace") == sealed.namespace
        }
        _ => false,
    });
    if same {
        return Ok(());
    }
    Err(CliError::new(
        Kind::WriteOutput,
        format!(
            "{} is there, and is not the SealedSecret {} alone",
            target.shown.display(),
            sealed.name
        ),
    )
    .hint("move it away, or give the cluster another out"))
}

/// Makes the folder of a file, never through a link that leads out of the root.
fn make_folder(target: &Target) -> Result<(), CliError> {
    let failed = |error: std::io::Error| {
        CliError::new(
            Kind::WriteOutput,
            format!("cannot write {}", target.shown.display()),
        )
        .because(error)
    };
    let folder = target.path.parent().unwrap_or(&target.root);
    if !target.root.exists() {
        std::fs::create_dir_all(&target.root).map_err(failed)?;
    }
    let root = target.root.canonicalize().map_err(failed)?;
    let there = folder
        .ancestors()
        .find(|above| above.exists())
        .unwrap_or(&target.root);
    if !there.canonicalize().map_err(failed)?.starts_with(&root) {
        return Err(outside_of(&target.shown, &target.root));
    }
    std::fs::create_dir_all(folder).map_err(failed)
}
