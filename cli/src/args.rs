//! The command line: the list of commands, and the groups of flags that several of them share.
//!
//! Flags keep the words of SOPS (spec/sops-cli §2). All fields are public: the `sops` personality fills them in from
//! its own parser.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

#[cfg(feature = "seal")]
use crate::command::sealed;
use crate::command::{completions, file, man, tour};

/// The secrets toolkit for Git repositories that describe clusters
#[derive(Debug, Parser)]
#[command(
    name = "gitseal",
    version,
    max_term_width = 100,
    after_help = BEGIN
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where a newcomer goes next.
const BEGIN: &str = "\
Begin with gitseal tour. Each command explains itself, and its exit codes, with gitseal COMMAND --help.";

macro_rules! exit_codes {
    () => {
        "\
Exit codes (those of sops):
  0    done
  1    anything not in this list, or some of several files failed
  2    wrong command line, or a file that cannot be read
  3    a file that cannot be written
  4    the output type cannot hold the result
  7    wrong tree path or value of set and unset
  8    flags that exclude each other
  23   a value that cannot be encrypted
  25   a value that does not open: changed, or moved
  51   the MAC is missing or does not match: the file was changed
  91   wrong tree path of --extract
  100  no such file
  128  no identity opens the file
  200  nothing was changed in the editor
  201  no editor, or it failed
  203  the key sops is reserved"
    };
}

/// Below the help of commands that need no identity as a rule.
const ENCRYPTS: &str = exit_codes!();

/// Below the help of commands that open files.
const OPENS: &str = concat!(
    "\
age identities are looked for in:
  SOPS_AGE_SSH_PRIVATE_KEY_FILE, ~/.ssh/id_ed25519, ~/.ssh/id_rsa, files named by --identity,
  SOPS_AGE_KEY (the identity itself), SOPS_AGE_KEY_FILE, the file sops/age/keys.txt in the folder
  of your configuration; then what SOPS_AGE_SSH_PRIVATE_KEY_CMD and SOPS_AGE_KEY_CMD print.

",
    exit_codes!()
);

/// The commands, one file each.
#[derive(Debug, Subcommand)]
#[allow(missing_docs, reason = "the help of a command is the doc comment of its Args")]
pub enum Command {
    #[command(after_long_help = ENCRYPTS)]
    Encrypt(file::encrypt::Args),
    #[command(after_long_help = OPENS)]
    Decrypt(file::decrypt::Args),
    #[command(after_long_help = OPENS)]
    Edit(file::edit::Args),
    #[command(after_long_help = OPENS)]
    Set(file::set::Args),
    #[command(after_long_help = OPENS)]
    Unset(file::unset::Args),
    #[command(after_long_help = OPENS)]
    Get(file::get::Args),
    #[command(after_long_help = OPENS)]
    Rotate(file::rotate::Args),
    #[command(after_long_help = OPENS)]
    Updatekeys(file::updatekeys::Args),
    #[command(after_long_help = ENCRYPTS)]
    Filestatus(file::filestatus::Args),
    Keygen(file::keygen::Args),
    #[cfg(feature = "seal")]
    Seal(sealed::seal::Args),
    #[cfg(feature = "seal")]
    Unseal(sealed::unseal::Args),
    #[cfg(feature = "seal")]
    Reseal(sealed::reseal::Args),
    #[cfg(feature = "seal")]
    Explain(sealed::explain::Args),
    #[cfg(feature = "seal")]
    FetchCert(sealed::fetch_cert::Args),
    #[cfg(feature = "seal")]
    RenameKey(sealed::rename_key::Args),
    #[cfg(feature = "seal")]
    Keys(sealed::keys::Args),
    Tour(tour::TourArgs),
    Completions(completions::Args),
    Man(man::Args),
    /// Behave as the program sops, word for word
    #[command(disable_help_flag = true, disable_version_flag = true)]
    Sops {
        /// What sops takes
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARG")]
        args: Vec<OsString>,
    },
    /// Behave as the program kubeseal, word for word
    #[command(disable_help_flag = true, disable_version_flag = true)]
    Kubeseal {
        /// What kubeseal takes
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARG")]
        args: Vec<OsString>,
    },
}

/// Whose behaviour a command has where the two differ (spec/sops-cli §15.2, §15.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// Our own verbs.
    #[default]
    Own,
    /// The `sops` personality.
    Sops,
}

/// Where the rules are, and how the output is laid out.
#[derive(Clone, Debug, Default, Args)]
pub struct ConfigArgs {
    /// Read rules from this file [default: .sops.yaml here or in a folder above] [env: SOPS_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Lay the output out anew with this many columns of indentation
    #[arg(long, value_name = "COLUMNS", allow_negative_numbers = true)]
    pub indent: Option<i64>,
}

/// File types, where the name of the file does not say it.
#[derive(Clone, Debug, Default, Args)]
pub struct TypeArgs {
    /// Read as binary, dotenv, ini, json or yaml [default: by the name of the file]
    #[arg(long, value_name = "TYPE")]
    pub input_type: Option<String>,

    /// Write as binary, dotenv, ini, json or yaml [default: by the name of the file]
    #[arg(long, value_name = "TYPE")]
    pub output_type: Option<String>,
}

/// Where the result goes.
#[derive(Clone, Debug, Default, Args)]
pub struct OutputArgs {
    /// Write the result to the file itself; needed for a folder and for several files
    #[arg(short, long)]
    pub in_place: bool,

    /// Write the result to this file (plaintext: readable by you alone)
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub replace: ReplaceArgs,
}

/// What may be lost when a file is replaced.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ReplaceArgs {
    /// Replace the file although hard links, its owner or extended attributes cannot be kept
    #[arg(long)]
    pub allow_new_inode: bool,
}

/// Keys named on the command line, for new files. Each is a comma-separated list.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Keys (instead of those of the matching rule)")]
pub struct KeyArgs {
    /// age recipients [env: SOPS_AGE_RECIPIENTS]
    #[arg(short, long, value_name = "RECIPIENTS")]
    pub age: Option<String>,

    /// PGP fingerprints [env: SOPS_PGP_FP]
    #[arg(short, long, value_name = "FINGERPRINTS")]
    pub pgp: Option<String>,

    /// AWS KMS keys [env: SOPS_KMS_ARN]
    #[arg(short, long, value_name = "ARNS")]
    pub kms: Option<String>,

    /// Profile for AWS KMS
    #[arg(long, value_name = "PROFILE")]
    pub aws_profile: Option<String>,

    /// Google Cloud KMS keys [env: SOPS_GCP_KMS_IDS]
    #[arg(long, value_name = "IDS")]
    pub gcp_kms: Option<String>,

    /// HuaweiCloud KMS keys [env: SOPS_HUAWEICLOUD_KMS_IDS]
    #[arg(long, value_name = "IDS")]
    pub hckms: Option<String>,

    /// Azure Key Vault keys [env: SOPS_AZURE_KEYVAULT_URLS]
    #[arg(long, value_name = "URLS")]
    pub azure_kv: Option<String>,

    /// Vault transit keys [env: SOPS_VAULT_URIS]
    #[arg(long, value_name = "URIS")]
    pub hc_vault_transit: Option<String>,

    /// Encryption context of AWS KMS keys: key:value,key:value
    #[arg(long, value_name = "PAIRS")]
    pub encryption_context: Option<String>,
}

/// Which values are encrypted; at most one.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Selection (instead of that of the matching rule; at most one)")]
pub struct SelectorArgs {
    /// Leave values clear whose key ends with this
    #[arg(long, value_name = "SUFFIX")]
    pub unencrypted_suffix: Option<String>,

    /// Encrypt only values whose key ends with this
    #[arg(long, value_name = "SUFFIX")]
    pub encrypted_suffix: Option<String>,

    /// Leave values clear whose key matches
    #[arg(long, value_name = "REGEX")]
    pub unencrypted_regex: Option<String>,

    /// Encrypt only values whose key matches
    #[arg(long, value_name = "REGEX")]
    pub encrypted_regex: Option<String>,

    /// Leave values clear that a matching comment stands above
    #[arg(long, value_name = "REGEX")]
    pub unencrypted_comment_regex: Option<String>,

    /// Encrypt only values that a matching comment stands above
    #[arg(long, value_name = "REGEX")]
    pub encrypted_comment_regex: Option<String>,
}

/// Keys to add to a file and to remove from it. Each is a comma-separated list.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Keys to add and to remove")]
pub struct AddRemoveArgs {
    /// age recipients to add
    #[arg(long, value_name = "RECIPIENTS")]
    pub add_age: Option<String>,
    /// age recipients to remove
    #[arg(long, value_name = "RECIPIENTS")]
    pub rm_age: Option<String>,
    /// Azure Key Vault keys to add
    #[arg(long, value_name = "URLS", hide_short_help = true)]
    pub add_azure_kv: Option<String>,
    /// Azure Key Vault keys to remove
    #[arg(long, value_name = "URLS", hide_short_help = true)]
    pub rm_azure_kv: Option<String>,
    /// Google Cloud KMS keys to add
    #[arg(long, value_name = "IDS", hide_short_help = true)]
    pub add_gcp_kms: Option<String>,
    /// Google Cloud KMS keys to remove
    #[arg(long, value_name = "IDS", hide_short_help = true)]
    pub rm_gcp_kms: Option<String>,
    /// Vault transit keys to add
    #[arg(long, value_name = "URIS", hide_short_help = true)]
    pub add_hc_vault_transit: Option<String>,
    /// Vault transit keys to remove
    #[arg(long, value_name = "URIS", hide_short_help = true)]
    pub rm_hc_vault_transit: Option<String>,
    /// HuaweiCloud KMS keys to add
    #[arg(long, value_name = "IDS", hide_short_help = true)]
    pub add_hckms: Option<String>,
    /// HuaweiCloud KMS keys to remove
    #[arg(long, value_name = "IDS", hide_short_help = true)]
    pub rm_hckms: Option<String>,
    /// AWS KMS keys to add
    #[arg(long, value_name = "ARNS", hide_short_help = true)]
    pub add_kms: Option<String>,
    /// AWS KMS keys to remove
    #[arg(long, value_name = "ARNS", hide_short_help = true)]
    pub rm_kms: Option<String>,
    /// PGP fingerprints to add
    #[arg(long, value_name = "FINGERPRINTS", hide_short_help = true)]
    pub add_pgp: Option<String>,
    /// PGP fingerprints to remove
    #[arg(long, value_name = "FINGERPRINTS", hide_short_help = true)]
    pub rm_pgp: Option<String>,
    /// Encryption context of AWS KMS keys that are added: key:value,key:value
    #[arg(long, value_name = "PAIRS", hide_short_help = true)]
    pub encryption_context: Option<String>,
}

/// How files are opened.
#[derive(Clone, Debug, Default, Args)]
pub struct IdentityArgs {
    /// Also look for age identities in this file (may be given several times)
    #[arg(long = "identity", value_name = "FILE")]
    pub identity: Vec<PathBuf>,

    /// Kinds of key in the order in which they are tried: age,pgp,… [env: SOPS_DECRYPTION_ORDER]
    #[arg(long, value_name = "KINDS")]
    pub decryption_order: Option<String>,
}
