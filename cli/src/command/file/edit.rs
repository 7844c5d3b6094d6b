//! `edit`: a decrypted copy in the user's editor.
//!
//! ```text
//! read, unlock, decrypt ─► Subject ─ editor, again until it can be encrypted ─► bytes ─► replace
//! ```
//!
//! The plaintext lives in [`Scratch`] while the editor runs, and nowhere else. Both manners share all of this; they
//! differ in words and in when they wait for Enter.

mod buffer;
mod example;
mod subject;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use sops::Store;
use zeroize::Zeroizing;

pub use self::buffer::Problem;
use self::subject::Subject;
use crate::args::{ConfigArgs, IdentityArgs, KeyArgs, Manner, ReplaceArgs, SelectorArgs, TypeArgs};
#[cfg(feature = "seal")]
use crate::command::sealed::{self, object_args};
use crate::editor::{Child, Editor};
use crate::error::{CliError, Kind};
use crate::files::{self, Secrecy, Target};
use crate::io::Io;
use crate::personality::sops::log;
use crate::scratch::Scratch;
use crate::signals;

/// Edit an encrypted file in your editor
///
/// The editor is $SOPS_EDITOR, $EDITOR, or else vim, nano or vi. It gets a private copy, in memory where the machine
/// allows, which is wiped when it ends. Only values that were changed are encrypted anew; without a change nothing is
/// written, and the exit code is 200. A text that cannot be encrypted is shown again with the reason at its top. A
/// file that does not exist is made from the matching rule.
///
/// Of a file with a SealedSecret the editor gets the values as a Secret; it needs --key.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// The file
    pub file: PathBuf,

    /// Go on although the MAC does not match: somebody may have changed the file
    #[arg(long)]
    pub ignore_mac: bool,

    /// Show the sops block too
    #[arg(short, long)]
    pub show_master_keys: bool,

    /// The file is always changed in place; accepted for symmetry
    #[arg(short, long)]
    pub in_place: bool,

    /// Find rule and type by this name instead of the name of the file
    #[arg(long, value_name = "PATH")]
    pub filename_override: Option<PathBuf>,

    /// Allow post-quantum and classical age recipients on one file
    #[arg(long)]
    pub allow_mixed: bool,

    /// How many key groups are needed to open a new file
    #[arg(long, value_name = "N")]
    pub shamir_secret_sharing_threshold: Option<u32>,

    /// Let the MAC of a new file cover encrypted values only
    #[arg(long)]
    pub mac_only_encrypted: bool,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub replace: ReplaceArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub types: TypeArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub config: ConfigArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub identity: IdentityArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub keys: KeyArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub selector: SelectorArgs,

    #[cfg(feature = "seal")]
    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub sealed: object_args::SealedEditArgs,

    /// Whose behaviour where the two differ.
    #[arg(skip)]
    pub manner: Manner,
}

/// Runs the command.
///
/// # Errors
///
/// Exit 200 if nothing was changed, 201 without an editor or if it failed, 128 without the data key, 3 if the file
/// cannot be written; see spec/sops-cli §6.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    // Before anything is decrypted: without an editor there is nothing to do.
    let editor = Editor::find(io).map_err(|error| no_editor(error.into()))?;
    #[cfg(feature = "seal")]
    if args.manner == Manner::Own && object_args::is_sealed(&args.file, args.sealed.is_given(), io)? {
        let subject = sealed::edit::open(args, io)?;
        return finish(&subject, &editor, args, io);
    }
    finish(&Subject::open(args, io)?, &editor, args, io)
}

/// A file whose values are in the editor.
pub trait Edited {
    /// What the editor shows first.
    fn plain(&self) -> &[u8];
    /// The type of the text in the editor.
    fn store(&self) -> Store;
    /// Most bytes that are read back.
    fn max_bytes(&self) -> u64;
    /// Where the result goes.
    fn path(&self) -> &Path;
    /// The file that was read; `None` for a new one.
    fn target(&self) -> Option<&Target>;
    /// Makes the new file out of an edited text.
    ///
    /// # Errors
    ///
    /// What the person must correct.
    fn close(&self, text: &[u8], io: &Io) -> Result<Closed, Problem>;
}

/// What became of an edited text.
pub struct Closed {
    /// The file as it is written; `None` if no value is another one.
    pub bytes: Option<Zeroizing<Vec<u8>>>,
    /// What the person should know.
    pub warnings: Vec<String>,
}

/// Has it edited, and writes the result.
fn finish(subject: &impl Edited, editor: &Editor, args: &Args, io: &mut Io) -> Result<(), CliError> {
    let closed = session(subject, editor, args, io)?;
    for warning in &closed.warnings {
        io.warn(warning);
    }
    match &closed.bytes {
        Some(bytes) => write(subject, bytes, args, io),
        None => Err(unchanged(args)),
    }
}

fn unchanged(args: &Args) -> CliError {
    CliError::new(
        Kind::Unchanged,
        format!("{} was not changed", args.file.display()),
    )
}

/// Lets the person edit until the text can be encrypted.
fn session(subject: &impl Edited, editor: &Editor, args: &Args, io: &mut Io) -> Result<Closed, CliError> {
    let name = args.file.file_name().unwrap_or_else(|| OsStr::new("file"));
    let scratch = Scratch::create(name, subject.plain(), io).map_err(|error| {
        CliError::new(Kind::WriteOutput, "cannot make a private file for the editor").because(error)
    })?;
    let child = Child::default();
    let duty = {
        let child = child.clone();
        // Runs before the duty of `scratch`: nobody writes into a folder that is being wiped.
        signals::on_signal(move || child.end())
    };
    let mut refused: Option<Zeroizing<Vec<u8>>> = None;
    let closed = loop {
        editor
            .run(scratch.file(), &child, io)
            .map_err(|error| no_editor(error.into()))?;
        let shown = scratch.read(subject.max_bytes()).map_err(|mut error| {
            error.kind = Kind::ReadInput;
            error.hint("the editor left no text that can be read; the file was not changed")
        })?;
        let text = buffer::without_note(subject.store(), &shown);
        if *text == *subject.plain() {
            return Err(unchanged(args));
        }
        let problem = match subject.close(&text, io) {
            Ok(closed) => break closed,
            Err(problem) => problem,
        };
        let again = refused.as_ref().is_some_and(|refused| **refused == *text);
        announce(&problem, again, subject.store(), args, io)?;
        scratch
            .write(&buffer::with_note(subject.store(), &problem, &text))
            .map_err(|error| {
                CliError::new(Kind::WriteOutput, "cannot write the private file for the editor")
                    .because(error)
            })?;
        refused = Some(text);
    };
    drop(duty);
    drop(scratch);
    Ok(closed)
}

/// Tells what is wrong, and waits where the person must see it before the editor covers it.
///
/// # Errors
///
/// Nobody is there who could correct the text: the same broken bytes came back without a terminal.
fn announce(problem: &Problem, again: bool, store: Store, args: &Args, io: &mut Io) -> Result<(), CliError> {
    if again && !io.terminal.stdin {
        let text = format!("the edited text of {} cannot be encrypted", args.file.display());
        return Err(CliError::new(Kind::ReadInput, text)
            .because(CliError::new(Kind::ReadInput, problem.to_string()))
            .hint("the editor left the same text twice: the edit was discarded, the file is as it was"));
    }
    match args.manner {
        Manner::Sops => {
            let text =
                "The text cannot be encrypted. Press Enter to edit it again, or Ctrl-C to discard the edit.";
            log::line(io, log::Level::Error, text, &[("error", &problem.to_string())]);
            io.read_line();
        }
        Manner::Own => {
            io.tell(&format!("The edited text cannot be encrypted: {problem}."));
            // Where the reason stands at the top of the text nobody need wait, unless it was overlooked there.
            let wait = again || !buffer::takes_notes(store);
            if wait && io.terminal.stdin {
                io.tell("Press Enter to edit it again, or Ctrl-C to discard the edit.");
                io.read_line();
            }
        }
    }
    Ok(())
}

/// The last step. If it fails the work of the person is kept beside the file: it is encrypted already.
fn write(subject: &impl Edited, bytes: &[u8], args: &Args, io: &Io) -> Result<(), CliError> {
    let path = subject.path();
    let written = match subject.target() {
        Some(target) => target.replace(bytes, args.replace),
        None if path.exists() => {
            let text = format!("{} was made by somebody else meanwhile", args.file.display());
            Err(CliError::new(Kind::WriteOutput, text))
        }
        None => files::write_new(path, &args.file, bytes, Secrecy::Sealed, args.replace),
    };
    written.map_err(|error| match keep(path, bytes, args, io) {
        Some(kept) => error.hint(format!("your edit is kept, encrypted, in {}", kept.display())),
        None => error.hint("your edit could not be kept anywhere else either"),
    })
}

/// Puts the encrypted result where there is room for it.
fn keep(path: &Path, bytes: &[u8], args: &Args, io: &Io) -> Option<PathBuf> {
    let stem = path.file_stem().unwrap_or_default();
    let mut folders: Vec<PathBuf> = path.parent().into_iter().map(Path::to_owned).collect();
    folders.extend(
        io.env("TMPDIR")
            .filter(|folder| !folder.is_empty())
            .map(|folder| io.resolve(Path::new(&folder))),
    );
    folders.push(PathBuf::from("/tmp"));
    folders.into_iter().find_map(|folder| {
        (1..=MAX_KEPT).find_map(|number| {
            let mut name = stem.to_owned();
            name.push(format!(".edited-{number}"));
            if let Some(extension) = path.extension() {
                name.push(".");
                name.push(extension);
            }
            let kept = folder.join(name);
            let free = kept.symlink_metadata().is_err();
            let done = free && files::write_new(&kept, &kept, bytes, Secrecy::Plain, args.replace).is_ok();
            done.then_some(kept)
        })
    })
}

fn no_editor(error: Box<dyn std::error::Error + Send + Sync>) -> CliError {
    CliError::new(Kind::NoEditor, "Could not run editor")
        .because(error)
        .hint("set EDITOR to a program that waits until the file is closed, for example EDITOR='code --wait'")
}

/// How many edits of one file are kept side by side.
const MAX_KEPT: u32 = 9;
