//! Steps that several commands take: which store, which input, where the result goes, and what to say on failure.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sops::{EncryptedFile, ReadError, Selector, Store};
use zeroize::Zeroizing;

pub use super::failures::{
    cannot_decrypt, cannot_edit, cannot_encrypt, cannot_read, cannot_write, missing_is, mixed_warning, told,
};

use super::batch::Done;
use super::session::Session;
use crate::args::{Manner, OutputArgs, TypeArgs};
use crate::config;
use crate::error::{CliError, Kind};
use crate::files::{self, Found, Secrecy, Target, Turn};
use crate::io::Io;

/// One file of a run, read.
pub struct Input {
    /// The name that decides on rule and store, absolute.
    pub name: PathBuf,
    /// The name for messages.
    pub shown: PathBuf,
    /// What it holds.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Set if it will be replaced.
    pub target: Option<Arc<Target>>,
}

/// A name that stands in for that of the file (`--filename-override`).
pub struct Name {
    /// Absolute.
    pub path: PathBuf,
    /// As given.
    pub shown: PathBuf,
}

impl Name {
    /// A name as the user gave it.
    pub fn new(shown: &Path, io: &Io) -> Self {
        Self {
            path: io.resolve(shown),
            shown: shown.to_owned(),
        }
    }
}

/// Where results go.
pub enum Destination {
    /// To standard output.
    Stdout,
    /// To a file; absolute, and as named.
    File(PathBuf, PathBuf),
    /// To the file itself.
    InPlace,
}

/// Checks the flags that say where results go against what was named.
///
/// # Errors
///
/// Exit 8: several files or a folder without `-i`, `-i` with `--output` or standard input.
pub fn destination(
    output: &OutputArgs,
    paths: &[PathBuf],
    json: bool,
    io: &Io,
) -> Result<Destination, CliError> {
    let conflict = |text: &str| CliError::new(Kind::Conflicting, text);
    let stdin = paths.iter().any(|path| path == Path::new("-"));
    if stdin && paths.len() > 1 {
        return Err(conflict(
            "standard input stands alone: it cannot be one of several files",
        ));
    }
    match (&output.output, output.in_place) {
        (Some(_), true) => return Err(conflict("cannot operate on both --output and --in-place")),
        (None, true) if stdin => return Err(conflict("cannot use --in-place with standard input")),
        (None, true) => return Ok(Destination::InPlace),
        _ => {}
    }
    if paths.len() > 1 || paths.first().is_some_and(|path| io.resolve(path).is_dir()) {
        return Err(conflict("several files or a folder need --in-place")
            .hint("add -i to write each result to its file, or name one file"));
    }
    match &output.output {
        // What /dev/stdout leads to may be a file: then it must not be replaced.
        Some(path) if path != Path::new("-") && path != Path::new("/dev/stdout") => {
            Ok(Destination::File(io.resolve(path), path.clone()))
        }
        _ if json => Err(conflict(
            "--json reports on standard output: it needs --in-place or --output",
        )),
        _ => Ok(Destination::Stdout),
    }
}

/// The files of a command line; standard input is the file `-`.
///
/// # Errors
///
/// A path that does not exist.
pub fn collect(paths: &[PathBuf], io: &Io, wanted: files::Wanted<'_>) -> Result<Vec<Found>, CliError> {
    if paths == [Path::new("-")] {
        return Ok(vec![Found {
            path: PathBuf::from("-"),
            shown: PathBuf::from("-"),
            below: None,
        }]);
    }
    files::collect(paths, io, wanted)
}

/// What standard input holds, if it is the file of this run.
///
/// # Errors
///
/// Too large.
pub fn stdin(
    paths: &[PathBuf],
    io: &mut Io,
    session: &Session,
) -> Result<Option<Zeroizing<Vec<u8>>>, CliError> {
    if paths != [Path::new("-")] {
        return Ok(None);
    }
    io.read_stdin(session.limits.encrypted(Store::Binary)).map(Some)
}

/// Reads a path of `--extract`.
///
/// # Errors
///
/// Exit 91.
pub fn extract_path(text: &str) -> Result<sops::TreePath, CliError> {
    sops::TreePath::parse(text).map_err(|error| {
        CliError::new(Kind::ExtractPath, "not a tree path")
            .because(error)
            .hint(PATH_HINT)
    })
}

/// Reads the path of set and unset.
///
/// # Errors
///
/// Exit 7; also for an empty path.
pub fn edit_path(text: &str) -> Result<sops::TreePath, CliError> {
    let path = sops::TreePath::parse(text).map_err(|error| {
        CliError::new(Kind::SetFormat, "not a tree path")
            .because(error)
            .hint(PATH_HINT)
    })?;
    if path.0.is_empty() {
        return Err(CliError::new(Kind::SetFormat, "the tree path is empty").hint(PATH_HINT));
    }
    Ok(path)
}

/// Reads one file of a run, or takes what came from standard input. With a turn it will be replaced.
///
/// # Errors
///
/// See [`files::read`] and [`files::open_in_turn`].
pub fn open(
    found: &Found,
    stdin: Option<&Zeroizing<Vec<u8>>>,
    over: Option<&Name>,
    in_place: Option<&Turn>,
    max: u64,
) -> Result<Input, CliError> {
    let name = config::clean(over.map_or(&found.path, |over| &over.path));
    if let Some(bytes) = stdin {
        let bytes = Zeroizing::new(bytes.to_vec());
        let shown = over.map_or(&found.shown, |over| &over.shown).clone();
        return Ok(Input {
            name,
            shown,
            bytes,
            target: None,
        });
    }
    if let Some(turn) = in_place {
        let opened = files::open_in_turn(&found.path, &found.shown, found.below.as_deref(), max, turn)?;
        return Ok(Input {
            name,
            shown: found.shown.clone(),
            bytes: opened.bytes,
            target: Some(Arc::new(opened.target)),
        });
    }
    let bytes = files::read(&found.path, &found.shown, max)?;
    Ok(Input {
        name,
        shown: found.shown.clone(),
        bytes,
        target: None,
    })
}

/// Whether a file found below a folder has a sops block at all. Named files are always meant.
///
/// # Errors
///
/// It cannot be read.
pub fn is_meant(found: &Found, store: Store, max: u64) -> Result<bool, CliError> {
    if found.below.is_none() {
        return Ok(true);
    }
    if is_too_large(found, max) {
        // Too large to be opened by us; a block stands at the end.
        return Ok(files::tail_has(&found.path, b"sops"));
    }
    Ok(files::may_have_block(
        &files::read(&found.path, &found.shown, max)?,
        store,
    ))
}

/// Whether a file is beyond the limit.
pub fn is_too_large(found: &Found, max: u64) -> bool {
    std::fs::metadata(&found.path).is_ok_and(|meta| meta.len() > max)
}

/// What to say about a file beyond the limit.
pub fn too_large(found: &Found, max: u64) -> CliError {
    files::too_large(
        &found.shown,
        std::fs::metadata(&found.path).ok().map(|meta| meta.len()),
        max,
    )
}

/// Puts a result where it belongs; what goes in place is prepared for that.
///
/// # Errors
///
/// Exit 3.
pub fn deliver(
    destination: &Destination,
    output: &OutputArgs,
    input: &Input,
    bytes: Zeroizing<Vec<u8>>,
    secrecy: Secrecy,
    done: &mut Done,
) -> Result<(), CliError> {
    match (destination, &input.target) {
        (Destination::InPlace, Some(target)) => {
            done.prepared = Some(target.prepare(&bytes, output.replace)?);
            Ok(())
        }
        (Destination::File(path, shown), _) => files::write_new(path, shown, &bytes, secrecy, output.replace),
        _ => {
            done.stdout = Some(bytes);
            Ok(())
        }
    }
}

/// The stores of input and output (spec/sops-cli §4).
///
/// # Errors
///
/// A word that is no type; the personality ignores it, as SOPS does.
pub fn stores(types: &TypeArgs, name: &Path, manner: Manner) -> Result<(Store, Store), CliError> {
    Ok((
        store(types.input_type.as_deref(), name, manner)?,
        store(types.output_type.as_deref(), name, manner)?,
    ))
}

/// One store.
///
/// # Errors
///
/// As for [`stores`].
pub fn store(word: Option<&str>, name: &Path, manner: Manner) -> Result<Store, CliError> {
    let Some(word) = word else {
        return Ok(Store::for_path(name));
    };
    match (Store::from_word(word), manner) {
        (Some(store), _) => Ok(store),
        (None, Manner::Sops) => Ok(Store::for_path(name)),
        (None, Manner::Own) => Err(CliError::new(Kind::Usage, format!("no file type {word}"))
            .hint("the types are binary, dotenv, ini, json and yaml")),
    }
}

/// Refuses a text file that Git left in the middle of a merge: sides would be encrypted or lost together.
///
/// # Errors
///
/// The line of the first marker.
pub fn refuse_conflict(bytes: &[u8], store: Store, shown: &Path, kind: Kind) -> Result<(), CliError> {
    if store == Store::Binary {
        return Ok(());
    }
    let marker = |line: &[u8]| line.starts_with(b"<<<<<<< ") || line.starts_with(b">>>>>>> ");
    match bytes.split(|byte| *byte == b'\n').position(marker) {
        None => Ok(()),
        Some(at) => {
            let what = format!(
                "{}:{}: there is a conflict marker of Git",
                shown.display(),
                at + 1
            );
            Err(CliError::new(kind, what).hint("resolve the conflict first; nothing was changed"))
        }
    }
}

/// Reads an encrypted file.
///
/// # Errors
///
/// Exit 1, as SOPS does for everything that is wrong with an encrypted file.
pub fn read_encrypted(store: Store, input: &Input, what: &str) -> Result<EncryptedFile, CliError> {
    refuse_conflict(&input.bytes, store, &input.shown, Kind::Generic)?;
    store.read_encrypted(&input.bytes).map_err(|error| {
        let cut_off = matches!(
            error,
            ReadError::MetadataNotFound {
                block_in_document: None
            }
        ) && input
            .bytes
            .windows(CIPHERTEXT.len())
            .any(|window| window == CIPHERTEXT);
        if !cut_off {
            return cannot_read(error, what, store, Kind::Generic);
        }
        CliError::new(Kind::Generic, what)
            .because(error)
            .hint("there are encrypted values without their block: the file was cut off, or half copied")
    })
}

/// New values are written under the selection of the matching rule, never under one that only the file names
/// (spec/security S-11): where they differ, nothing is written.
///
/// # Errors
///
/// Both are named.
pub fn check_selector(
    session: &Session,
    input: &Input,
    store: Store,
    file: &EncryptedFile,
) -> Result<(), CliError> {
    if session.manner == Manner::Sops || store == Store::Binary {
        return Ok(());
    }
    if !file.metadata().selector.is_valid() {
        let what = format!(
            "{}: {} is not a valid regex",
            input.shown.display(),
            name(&file.metadata().selector)
        );
        return Err(CliError::new(Kind::Generic, what).hint(
            "a value might be written in clear; take the sops block of the last good version out of Git",
        ));
    }
    let Some(rules) = &session.rules else {
        return Ok(());
    };
    let Some(rule) = rules.rule_for(&input.name) else {
        return Ok(());
    };
    let by_default = Selector::UnencryptedSuffix(DEFAULT_SUFFIX.to_owned());
    let wanted = rule.selector.as_ref().unwrap_or(&by_default);
    let there = &file.metadata().selector;
    if wanted == there || (*there == Selector::None && *wanted == by_default) {
        return Ok(());
    }
    Err(CliError::new(
        Kind::Generic,
        format!(
            "{}: the file selects by {}, the rule by {}",
            input.shown.display(),
            name(there),
            name(wanted)
        ),
    )
    .hint(format!(
        "a value might be written in clear; correct the file, or {}:{}",
        rules.path.display(),
        rule.line
    )))
}

/// A selector in the words of `.sops.yaml`.
pub fn name(selector: &Selector) -> String {
    match selector {
        Selector::UnencryptedSuffix(text) => format!("unencrypted_suffix {text:?}"),
        Selector::EncryptedSuffix(text) => format!("encrypted_suffix {text:?}"),
        Selector::UnencryptedRegex(text) => format!("unencrypted_regex {text:?}"),
        Selector::EncryptedRegex(text) => format!("encrypted_regex {text:?}"),
        Selector::UnencryptedCommentRegex(text) => format!("unencrypted_comment_regex {text:?}"),
        Selector::EncryptedCommentRegex(text) => format!("encrypted_comment_regex {text:?}"),
        Selector::None => "nothing".to_owned(),
    }
}

/// How every encrypted value begins.
pub const CIPHERTEXT: &[u8] = b"ENC[AES256_GCM,";

const PATH_HINT: &str =
    r#"write it like ["stringData"]["password"] or ["users"][0], in single quotes for the shell"#;

/// What is left clear where no rule and no flag says anything.
pub const DEFAULT_SUFFIX: &str = "_unencrypted";
