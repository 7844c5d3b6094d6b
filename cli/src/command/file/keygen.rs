//! `keygen`: a new age identity, in the form of `age-keygen`.

use std::fs::{DirBuilder, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::error::{CliError, Kind};
use crate::files;
use crate::io::Io;

/// Make an age key pair
///
/// Prints the identity, which opens files and must stay secret, with its recipient in a comment above it.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Make a post-quantum identity
    #[arg(long)]
    pub pq: bool,

    /// Write to this file, readable by you alone; never over an existing file
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Print the recipients of the identities in FILE, or on standard input
    #[arg(short = 'y', long = "recipients", conflicts_with = "pq")]
    pub recipients: bool,

    /// Identity file for -y
    #[arg(value_name = "FILE", requires = "recipients")]
    pub file: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
///
/// An existing output file; text that is no identity.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    let (text, recipient) = if args.recipients {
        (Zeroizing::new(recipients(args, io)?.into_bytes()), None)
    } else {
        let (identity, recipient) = generate(args.pq)?;
        (written(&identity, &recipient, io), Some(recipient))
    };
    match &args.output {
        Some(path) => create(&io.resolve(path), path, &text)?,
        None => io.write_stdout(&text)?,
    }
    // Whoever sends the identity to a file still wants to see what to write into a rule.
    if let Some(recipient) = recipient.filter(|_| args.output.is_some() || !io.terminal.stdout) {
        io.tell(&format!("Public key: {recipient}"));
    }
    Ok(())
}

/// The form of `age-keygen`, wiped when it was written.
fn written(identity: &SecretString, recipient: &str, io: &Io) -> Zeroizing<Vec<u8>> {
    let created = io.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let head = format!("# created: {created}\n# public key: {recipient}\n");
    let secret = identity.expose_secret();
    let mut text = Zeroizing::new(Vec::with_capacity(head.len() + secret.len() + 1));
    text.extend_from_slice(head.as_bytes());
    text.extend_from_slice(secret.as_bytes());
    text.push(b'\n');
    text
}

/// Like `age-keygen`, never over a file that may hold somebody's only key.
fn create(path: &Path, shown: &Path, text: &[u8]) -> Result<(), CliError> {
    let cannot = |error: std::io::Error| {
        let failed = CliError::new(Kind::WriteOutput, format!("cannot write {}", shown.display()));
        match error.kind() {
            ErrorKind::AlreadyExists => failed
                .because(CliError::new(Kind::WriteOutput, "it exists already"))
                .hint("choose another name; a key file is never overwritten"),
            _ => failed.because(error),
        }
    };
    // The usual place, ~/.config/sops/age, is not there before the first key.
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(cannot)?;
    }
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(cannot)?;
    let written = file.write_all(text).and_then(|()| file.sync_all());
    written.map_err(|error| {
        let _ = std::fs::remove_file(path);
        cannot(error)
    })
}

fn recipients(args: &Args, io: &mut Io) -> Result<String, CliError> {
    let (bytes, shown) = match args.file.as_deref().filter(|path| *path != Path::new("-")) {
        Some(path) => (
            files::read(&io.resolve(path), path, MAX_IDENTITY_BYTES)?,
            path.display().to_string(),
        ),
        None => (io.read_stdin(MAX_IDENTITY_BYTES)?, "standard input".to_owned()),
    };
    let bad = || CliError::new(Kind::ReadInput, format!("cannot read identities from {shown}"));
    let text = std::str::from_utf8(&bytes).map_err(|_| bad().hint("an identity file is text"))?;
    let mut lines = String::new();
    for recipient in recipients_of(text).map_err(|error| bad().because(error))? {
        lines.push_str(&recipient);
        lines.push('\n');
    }
    Ok(lines)
}

#[cfg(feature = "age")]
fn generate(post_quantum: bool) -> Result<(SecretString, String), CliError> {
    let made = if post_quantum {
        providers::age::generate_hybrid()
    } else {
        providers::age::generate_x25519()
    };
    made.map_err(|error| CliError::new(Kind::Generic, "cannot make a key").because(error))
}

#[cfg(feature = "age")]
fn recipients_of(text: &str) -> Result<Vec<String>, Box<dyn std::error::Error + Send + Sync>> {
    Ok(providers::age::recipients_of(text)?)
}

#[cfg(not(feature = "age"))]
fn generate(_: bool) -> Result<(SecretString, String), CliError> {
    Err(CliError::new(Kind::Generic, "this gitseal was built without age"))
}

#[cfg(not(feature = "age"))]
fn recipients_of(_: &str) -> Result<Vec<String>, Box<dyn std::error::Error + Send + Sync>> {
    Err("this gitseal was built without age".into())
}

/// Most bytes of an identity file, as with age.
const MAX_IDENTITY_BYTES: u64 = 16 << 20;
