//! The sealing keys of a run, from key files and backups; also from such that SOPS or age encrypted.

use std::path::{Path, PathBuf};

use seal::backup::{self, Backup};
use seal::{KeyRing, SealingKey};
#[cfg(feature = "age")]
use secrecy::ExposeSecret;
use sops::{MacCheck, Store};
use zeroize::Zeroizing;

use crate::args::{ConfigArgs, IdentityArgs, Manner};
use crate::command::file::session::Session;
use crate::command::file::steps;
use crate::error::{CliError, Kind};
use crate::files;
use crate::io::Io;

/// Where the sealing keys are.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct KeyFileArgs {
    /// Sealing keys: a private key in PEM, or a backup of the controller's key Secrets; may be encrypted by sops or age;
    /// may be given several times
    #[arg(short, long = "key", value_name = "FILE")]
    pub keys: Vec<PathBuf>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub identity: IdentityArgs,
}

impl KeyFileArgs {
    /// Whether a key was named at all.
    pub fn is_given(&self) -> bool {
        !self.keys.is_empty()
    }
}

/// One key of a run, and where it came from.
pub struct Loaded {
    /// The file, as named.
    pub file: PathBuf,
    /// What the file says of it.
    pub found: backup::Found,
}

/// All keys of the files that flags name. What cannot be used is warned about.
///
/// # Errors
///
/// A file that cannot be read or opened, or holds no key at all.
pub fn load(args: &KeyFileArgs, io: &mut Io) -> Result<Vec<Loaded>, CliError> {
    let mut all = Vec::new();
    for file in &args.keys {
        all.extend(of_file(args, file, io)?);
    }
    Ok(all)
}

/// The ring of a run, newest key first. Empty if no key was named.
///
/// # Errors
///
/// As for [`load`].
pub fn ring(args: &KeyFileArgs, io: &mut Io) -> Result<KeyRing, CliError> {
    let keys: Vec<SealingKey> = load(args, io)?.into_iter().map(|key| key.found.key).collect();
    Ok(KeyRing::newest_first(keys))
}

/// The ring of a command that cannot go without one.
///
/// # Errors
///
/// No key was named; else as for [`load`].
pub fn needed(args: &KeyFileArgs, what: &str, io: &mut Io) -> Result<KeyRing, CliError> {
    if !args.is_given() {
        return Err(CliError::new(Kind::Usage, format!("{what} needs the private keys: --key FILE")).hint(
            "kubectl get secret -n kube-system -l sealedsecrets.bitnami.com/sealed-secrets-key -o yaml prints a \
             backup of them; --key takes it, also encrypted by sops or age",
        ));
    }
    ring(args, io)
}

fn of_file(args: &KeyFileArgs, file: &Path, io: &mut Io) -> Result<Vec<Loaded>, CliError> {
    let bytes = if file == Path::new("-") {
        io.read_stdin(MAX_BACKUP_BYTES)?
    } else {
        files::read(&io.resolve(file), file, MAX_BACKUP_BYTES)?
    };
    let plain = opened(args, file, bytes, io)?;
    let prompt = io.prompt.clone();
    let question = format!("Enter passphrase for the key in {}:", file.display());
    let mut ask = || prompt.as_ref().and_then(|prompt| prompt(&question));
    let Backup { keys, broken } = backup::read(&plain, &mut ask);
    let mut failed = CliError::new(Kind::Generic, format!("no sealing key in {}", file.display()));
    for part in &broken {
        let line = format!("{}: {}: {}", file.display(), part.place, part.why);
        if keys.is_empty() {
            failed.tried.push(line);
        } else {
            io.warn(&line);
        }
    }
    if keys.is_empty() {
        return Err(failed.hint(
            "a key file is a private RSA key in PEM, or Secrets with tls.key, one or a List, as kubectl prints them",
        ));
    }
    Ok(keys
        .into_iter()
        .map(|found| Loaded {
            file: file.to_owned(),
            found,
        })
        .collect())
}

/// The content of a file that may be encrypted.
fn opened(
    args: &KeyFileArgs,
    file: &Path,
    bytes: Zeroizing<Vec<u8>>,
    io: &mut Io,
) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let what = format!("cannot open {}", file.display());
    if is_age(&bytes) {
        let session = session(args, file, io)?;
        return session.open_age_file(&what, &bytes);
    }
    let text = bytes.trim_ascii_start();
    let stores = if text.starts_with(b"{") {
        [Store::Json, Store::Binary]
    } else {
        [Store::Yaml, Store::Binary]
    };
    if !files::may_have_block(&bytes, stores[0]) {
        return Ok(bytes);
    }
    let session = session(args, file, io)?;
    // A whole file in the binary store is JSON with a key `data`; the store of the name tells them apart.
    let by_name = Store::for_path(file);
    let store = if by_name == Store::Binary {
        Store::Binary
    } else {
        stores[0]
    };
    let encrypted = store
        .read_encrypted(&bytes)
        .map_err(|error| steps::cannot_read(error, &what, store, Kind::Generic))?;
    let key = session.unlock(&what, encrypted.metadata())?;
    let (document, _) = sops::decrypt(&encrypted, &key, MacCheck::Verify)
        .map_err(|error| steps::cannot_decrypt(error, &what))?;
    store
        .write_plain(&document, &sops::Layout::default())
        .map_err(|error| steps::cannot_write(error, &what))
}

fn is_age(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii_start();
    bytes.starts_with(b"age-encryption.org/v1") || text.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----")
}

fn session(args: &KeyFileArgs, file: &Path, io: &mut Io) -> Result<Session, CliError> {
    Session::for_file(io, Manner::Own, &ConfigArgs::default(), &args.identity, &[], file)
}

impl Session {
    /// The content of a file that the program age encrypted.
    ///
    /// # Errors
    ///
    /// As for [`unlock`](Self::unlock).
    #[cfg(feature = "age")]
    pub fn open_age_file(&self, what: &str, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, CliError> {
        crate::keys::block_on(self.services.open_age_file(bytes))
            .map(|content| Zeroizing::new(content.expose_secret().to_vec()))
            .map_err(|error| crate::command::file::session::cannot_unlock(what, error))
    }

    /// This build has no age.
    ///
    /// # Errors
    ///
    /// Always.
    #[cfg(not(feature = "age"))]
    pub fn open_age_file(&self, what: &str, _bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, CliError> {
        Err(CliError::new(
            Kind::Generic,
            format!("{what}: this build of gitseal has no age (feature `age`)"),
        ))
    }
}

/// The keys of many years of a cluster.
const MAX_BACKUP_BYTES: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::Mutex;

    use super::*;

    /// Loads one file of the vectors; `answer` is what the person types. Gives the questions that were asked.
    fn load_vector(name: &str, answer: Option<&'static str>) -> (Result<Vec<Loaded>, CliError>, Vec<String>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let questions = Arc::clone(&asked);
        let mut io = Io::system();
        io.prompt = answer.map(|answer| -> providers::Prompt {
            Arc::new(move |question: &str| {
                questions.lock().unwrap().push(question.to_owned());
                Some(answer.into())
            })
        });
        io.cwd = gitseal_tests::root().join("tests/vectors/sealed");
        let args = KeyFileArgs {
            keys: vec![name.into()],
            ..KeyFileArgs::default()
        };
        let loaded = load(&args, &mut io);
        let asked = asked.lock().unwrap().clone();
        (loaded, asked)
    }

    #[test]
    fn a_key_with_a_passphrase_asks_once_and_names_its_file() {
        for file in ["key-a-2048.pbkdf2.pem", "key-a-2048.scrypt.pem"] {
            let (loaded, asked) = load_vector(file, Some("correct horse"));
            assert_eq!(loaded.unwrap().len(), 1, "{file}");
            assert_eq!(asked, [format!("Enter passphrase for the key in {file}:")]);

            let (wrong, asked) = load_vector(file, Some("hunter2"));
            let text = crate::ui::render(&wrong.err().unwrap(), false);
            assert!(
                text.contains("the passphrase does not open the private key"),
                "{text}"
            );
            assert!(!text.contains("hunter2") && asked.len() == 1, "{text}");

            let (nobody, asked) = load_vector(file, None);
            assert!(
                nobody.is_err() && asked.is_empty(),
                "{file}: there is nobody to ask"
            );
        }
    }

    #[test]
    fn nobody_is_asked_for_a_key_in_clear_or_in_a_form_that_is_not_read() {
        for (file, works) in [
            ("key-a-2048.key.pem", true),
            ("key-a-2048.pkcs8.pem", true),
            ("large-8192.key.pem", true),
            ("key-a-2048.old-encryption.pem", false),
            ("key-a-2048.pbes1.pem", false),
            ("ec-p256.key.pem", false),
            ("ed25519.key.pem", false),
            ("key-a-2048.crt.pem", false),
        ] {
            let (loaded, asked) = load_vector(file, Some("hunter2"));
            assert_eq!(loaded.is_ok(), works, "{file}");
            assert_eq!(asked, Vec::<String>::new(), "{file}");
        }
    }
}
