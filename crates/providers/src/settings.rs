//! What a program knows about its surroundings, handed in as values.

use std::ffi::OsString;
use std::path::PathBuf;

use secrecy::SecretString;

/// Looks up an environment variable. A library never reads the environment itself.
pub type Environment = std::sync::Arc<dyn Fn(&str) -> Option<OsString> + Send + Sync>;

/// Asks the person at the terminal for a passphrase, without echo. `None`: there is no terminal, or no answer.
/// The argument is the whole question.
pub type Prompt = std::sync::Arc<dyn Fn(&str) -> Option<SecretString> + Send + Sync>;

/// Surroundings of one run.
#[derive(Clone)]
pub struct Settings {
    /// Environment lookup.
    pub environment: Environment,
    /// Home folder, if there is one.
    pub home: Option<PathBuf>,
    /// Folder of the user's configuration: `$XDG_CONFIG_HOME` or the platform's default.
    pub config_dir: Option<PathBuf>,
    /// Passphrases; `None` without a terminal.
    pub prompt: Option<Prompt>,
    /// More identity files, named by a flag.
    pub identity_files: Vec<PathBuf>,
    /// Names of age plugins that recipients named by a flag or the matching rule allow to run (spec/security S-33).
    pub trusted_plugins: Vec<String>,
    /// Kinds in the order in which they are tried inside a group; default `age,pgp`.
    pub decryption_order: Vec<sops::KeyKind>,
}
