//! From a parsed command line to the arguments of one of our commands, in the manner of sops.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::groups::{
    add_remove, changes_keys, config_args, identity, keys, output, selector, threshold, types,
};
use super::log::{self, Level};
use super::{Failure, warn_of_more_words};
use crate::args::{ConfigArgs, Manner};
use crate::command::file::{decrypt, edit, encrypt, filestatus, rotate, set, unset, updatekeys};
use crate::config::{self, Rules};
use crate::error::Kind;
use crate::io::Io;
use crate::personality::flags::Parsed;

/// `sops decrypt`.
pub(super) fn decrypt(own: &Parsed, global: &Parsed, io: &mut Io) -> Result<decrypt::Args, Failure> {
    let path = optional_file(own, io)?;
    refuse_conflicts(own, path.is_none())?;
    if let Some(path) = &path {
        require_file(path, io)?;
    }
    need_local_keys(own, Opens::Decrypt, io)?;
    Ok(decrypt_args(
        own,
        global,
        path.unwrap_or_else(|| PathBuf::from("-")),
    ))
}

/// `sops encrypt`.
pub(super) fn encrypt(own: &Parsed, global: &Parsed, io: &mut Io) -> Result<encrypt::Args, Failure> {
    let path = optional_file(own, io)?;
    refuse_conflicts(own, path.is_none())?;
    match &path {
        Some(path) => require_file(path, io)?,
        None if own.word("filename-override").is_none() => {
            let text = "Error: must specify --filename-override when reading from stdin";
            return Err(Failure::plain(Kind::Conflicting.exit_code(), text));
        }
        None => {}
    }
    need_local_keys(own, Opens::Encrypt, io)?;
    Ok(encrypt_args(
        own,
        global,
        path.unwrap_or_else(|| PathBuf::from("-")),
    ))
}

/// `sops rotate`.
pub(super) fn rotate(own: &Parsed, global: &Parsed, io: &mut Io) -> Result<rotate::Args, Failure> {
    let path = one_file(own, io)?;
    refuse_conflicts(own, false)?;
    refuse_folder(&path, io)?;
    need_local_keys(own, Opens::Decrypt, io)?;
    Ok(rotate_args(own, global, path))
}

/// `sops edit`.
pub(super) fn edit(own: &Parsed, global: &Parsed, io: &mut Io) -> Result<edit::Args, Failure> {
    let path = one_file(own, io)?;
    refuse_folder(&path, io)?;
    need_local_keys(own, Opens::Decrypt, io)?;
    Ok(edit_args(own, global, path))
}

/// `sops set`.
pub(super) fn set(own: &Parsed, global: &Parsed, io: &mut Io) -> Result<set::Args, Failure> {
    let (from_file, from_stdin) = (own.on("value-file"), own.on("value-stdin"));
    if from_file && from_stdin {
        return Err(Failure::plain(
            1,
            "Error: cannot use both --value-file and --value-stdin",
        ));
    }
    let (file, path, value) = match own.words.as_slice() {
        [file, path] if from_stdin => (file, path, None),
        [file, path, value] if !from_stdin => (file, path, Some(value)),
        _ => {
            let needed = if from_stdin { 2 } else { 3 };
            let text = format!(
                "Error: no file specified, or index and value are missing: {needed} words are needed"
            );
            return Err(Failure::plain(Kind::NoFile.exit_code(), text));
        }
    };
    refuse_folder(Path::new(file), io)?;
    if let Some(value) = value.filter(|value| from_file && !io.resolve(Path::new(value)).exists()) {
        return Err(Failure::plain(1, format!("{} does not exist", value.display())));
    }
    need_local_keys(own, Opens::Decrypt, io)?;
    Ok(set::Args {
        file: file.into(),
        path: path.to_string_lossy().into_owned(),
        value: value
            .filter(|_| !from_file)
            .map(|value| value.to_string_lossy().as_ref().into()),
        value_file: value.filter(|_| from_file).map(PathBuf::from),
        value_stdin: from_stdin,
        idempotent: own.on("idempotent"),
        ignore_mac: own.on("ignore-mac"),
        types: types(own),
        config: config_args(global),
        identity: identity(own),
        manner: Manner::Sops,
        ..set::Args::default()
    })
}

/// `sops unset`.
pub(super) fn unset(own: &Parsed, global: &Parsed, io: &mut Io) -> Result<unset::Args, Failure> {
    let [file, path] = own.words.as_slice() else {
        let text = "Error: no file specified, or index is missing: 2 words are needed";
        return Err(Failure::plain(Kind::NoFile.exit_code(), text));
    };
    refuse_folder(Path::new(file), io)?;
    need_local_keys(own, Opens::Decrypt, io)?;
    Ok(unset::Args {
        file: file.into(),
        path: path.to_string_lossy().into_owned(),
        idempotent: own.on("idempotent"),
        ignore_mac: own.on("ignore-mac"),
        types: types(own),
        config: config_args(global),
        identity: identity(own),
        manner: Manner::Sops,
        ..unset::Args::default()
    })
}

/// `sops updatekeys`.
pub(super) fn updatekeys(own: &Parsed, global: &Parsed, io: &mut Io) -> Result<updatekeys::Args, Failure> {
    if own.words.is_empty() {
        let rules = config::load(&config_args(global), io)?;
        return Err(rules.map_or_else(|| Failure::plain(1, "config file not found"), |_| no_file()));
    }
    if own.words.iter().any(|path| io.resolve(Path::new(path)).is_dir()) {
        return Err(Failure::plain(1, "can't operate on a directory"));
    }
    need_local_keys(own, Opens::Decrypt, io)?;
    Ok(updatekeys::Args {
        paths: own.words.iter().map(plain_path).collect(),
        yes: own.on("yes"),
        input_type: types(own).input_type,
        config: config_args(global),
        identity: identity(own),
        manner: Manner::Sops,
        ..updatekeys::Args::default()
    })
}

/// `sops filestatus`.
pub(super) fn filestatus(own: &Parsed, global: &Parsed, io: &mut Io) -> Result<filestatus::Args, Failure> {
    let path = own.words.first().ok_or_else(no_file)?;
    if io.resolve(Path::new(path)).is_dir() {
        let text = format!("cannot check file status: {} is a directory", path.display());
        return Err(Failure::Fatal(text));
    }
    // Nothing of the rules is used, but rules that cannot be read are an error, as for sops.
    config::load(&config_args(global), io)?;
    Ok(filestatus::Args {
        paths: vec![plain_path(path)],
        input_type: types(own).input_type,
        manner: Manner::Sops,
        ..filestatus::Args::default()
    })
}

/// `sops [flags] file`: the form without a command.
pub(super) fn legacy(global: &Parsed, io: &mut Io) -> Result<(), Failure> {
    let path = one_file(global, io)?;
    refuse_conflicts(global, false)?;
    let set = global.word("set").map(|text| text.to_string_lossy().into_owned());
    let modes = [
        global.on("encrypt"),
        global.on("decrypt"),
        global.on("rotate"),
        set.is_some(),
    ];
    if !io.resolve(&path).exists() {
        if changes_keys(global) {
            let text = format!(
                "Error: cannot add or remove keys on non-existent file {:?}",
                config::clean(&io.resolve(&path))
            );
            return Err(Failure::plain(Kind::KeysOfMissingFile.exit_code(), text));
        }
        if modes[..3].contains(&true) {
            require_file(&path, io)?;
        }
    }
    if modes.iter().filter(|mode| **mode).count() > 1 {
        let text = "More than one of --encrypt, --decrypt, --rotate and --set given; only the result of the last of \
                    them in this order counts";
        log::line(io, Level::Warning, text, &[]);
    }
    refuse_folder(&path, io)?;
    let config = config_args(global);
    let only_decrypts = modes == [false, true, false, false];
    if !only_decrypts {
        let named = global
            .word("filename-override")
            .map_or_else(|| path.clone(), PathBuf::from);
        need_rule(&named, &config, io)?;
    }
    need_local_keys(global, if modes[0] { Opens::Encrypt } else { Opens::Decrypt }, io)?;
    // Of several, sops runs all and keeps what the last one gives.
    match modes {
        [.., true] => {
            let text = set.unwrap_or_default();
            let Some((index, value)) = text.split_once("] ") else {
                return Err(Failure::plain(
                    Kind::SetFormat.exit_code(),
                    "Invalid --set format",
                ));
            };
            let args = set::Args {
                file: path,
                path: format!("{index}]"),
                value: Some(value.into()),
                ignore_mac: global.on("ignore-mac"),
                types: types(global),
                config,
                identity: identity(global),
                manner: Manner::Sops,
                ..set::Args::default()
            };
            Ok(set::run(&args, io)?)
        }
        [_, _, true, _] => Ok(rotate::run(&rotate_args(global, global, path), io)?),
        [_, true, ..] => Ok(decrypt::run(&decrypt_args(global, global, path), io)?),
        [true, ..] => Ok(encrypt::run(&encrypt_args(global, global, path), io)?),
        [false, false, false, false] => Ok(edit::run(&edit_args(global, global, path), io)?),
    }
}

fn decrypt_args(own: &Parsed, global: &Parsed, path: PathBuf) -> decrypt::Args {
    decrypt::Args {
        paths: vec![path],
        output: output(own),
        extract: own
            .word("extract")
            .map(|path| path.to_string_lossy().into_owned()),
        filename_override: own.word("filename-override").map(PathBuf::from),
        ignore_mac: own.on("ignore-mac"),
        types: types(own),
        config: config_args(global),
        identity: identity(own),
        manner: Manner::Sops,
        ..decrypt::Args::default()
    }
}

fn encrypt_args(own: &Parsed, global: &Parsed, path: PathBuf) -> encrypt::Args {
    encrypt::Args {
        paths: vec![path],
        output: output(own),
        filename_override: own.word("filename-override").map(PathBuf::from),
        // sops takes any mix; ours says so in a warning (spec/security S-17).
        allow_mixed: true,
        shamir_secret_sharing_threshold: threshold(own),
        mac_only_encrypted: global.on("mac-only-encrypted"),
        types: types(own),
        config: config_args(global),
        keys: keys(own),
        selector: selector(own),
        manner: Manner::Sops,
        ..encrypt::Args::default()
    }
}

fn rotate_args(own: &Parsed, global: &Parsed, path: PathBuf) -> rotate::Args {
    rotate::Args {
        paths: vec![path],
        output: output(own),
        filename_override: own.word("filename-override").map(PathBuf::from),
        // Recipients that only the file names are kept with a warning (spec/sops-cli §15.3).
        trust_file_recipients: true,
        allow_mixed: true,
        types: types(own),
        config: config_args(global),
        identity: identity(own),
        keys: add_remove(own),
        manner: Manner::Sops,
        ..rotate::Args::default()
    }
}

fn edit_args(own: &Parsed, global: &Parsed, path: PathBuf) -> edit::Args {
    edit::Args {
        file: path,
        ignore_mac: own.on("ignore-mac"),
        show_master_keys: own.on("show-master-keys"),
        shamir_secret_sharing_threshold: threshold(own),
        types: types(own),
        config: config_args(global),
        identity: identity(own),
        keys: keys(own),
        selector: selector(own),
        filename_override: own.word("filename-override").map(PathBuf::from),
        mac_only_encrypted: global.on("mac-only-encrypted"),
        manner: Manner::Sops,
        ..edit::Args::default()
    }
}

/// The file named first, if any.
fn optional_file(own: &Parsed, io: &mut Io) -> Result<Option<PathBuf>, Failure> {
    warn_of_more_words(&own.words, io);
    Ok(own.words.first().map(plain_path))
}

fn one_file(own: &Parsed, io: &mut Io) -> Result<PathBuf, Failure> {
    optional_file(own, io)?.ok_or_else(no_file)
}

/// For sops a lone dash is the name of a file.
fn plain_path(word: &OsString) -> PathBuf {
    if word == "-" {
        PathBuf::from("./-")
    } else {
        PathBuf::from(word)
    }
}

fn no_file() -> Failure {
    Failure::plain(Kind::NoFile.exit_code(), "Error: no file specified")
}

fn require_file(path: &Path, io: &Io) -> Result<(), Failure> {
    let path = config::clean(&io.resolve(path));
    if !path.exists() {
        let text = format!("Error: cannot operate on non-existent file {path:?}");
        return Err(Failure::plain(Kind::NoFile.exit_code(), text));
    }
    refuse_folder(&path, io)
}

/// Our own verbs walk through folders; sops does not.
fn refuse_folder(path: &Path, io: &Io) -> Result<(), Failure> {
    let path = config::clean(&io.resolve(path));
    if path.is_dir() {
        let text = format!("Error reading file: {} is a directory", path.display());
        return Err(Failure::plain(Kind::ReadInput.exit_code(), text));
    }
    Ok(())
}

fn refuse_conflicts(own: &Parsed, stdin: bool) -> Result<(), Failure> {
    let text = match (own.on("in-place"), own.word("output").is_some()) {
        (true, true) => "Error: cannot operate on both --output and --in-place",
        (true, false) if stdin => "Error: cannot use --in-place when reading from stdin",
        _ => return Ok(()),
    };
    Err(Failure::plain(Kind::Conflicting.exit_code(), text))
}

/// The configuration must have a rule for the file if it has rules at all: without a command sops asks for it even
/// where nothing of the rule is used.
fn need_rule(path: &Path, args: &ConfigArgs, io: &mut Io) -> Result<(), Failure> {
    // The command loads the rules again, and tells their warnings then.
    let stderr = std::mem::replace(&mut io.stderr, Box::new(std::io::sink()));
    let rules = config::load(args, io);
    io.stderr = stderr;
    let Some(rules) = rules?.filter(Rules::has_rules) else {
        return Ok(());
    };
    if rules.rule_for(&config::clean(&io.resolve(path))).is_none() {
        return Err(Failure::plain(
            1,
            "error loading config: no matching creation rules found",
        ));
    }
    Ok(())
}

/// What a command needs key services for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opens {
    Decrypt,
    Encrypt,
}

/// The keys of this machine are the only key service that there is.
fn need_local_keys(own: &Parsed, opens: Opens, io: &mut Io) -> Result<(), Failure> {
    let others = !own.items("keyservice").is_empty();
    let local = own.on_or("enable-local-keyservice", true);
    match (local, others, opens) {
        (true, false, _) => Ok(()),
        (true, true, _) => {
            let text =
                "--keyservice comes with a later version of gitseal: only the keys of this machine are used";
            log::line(io, Level::Warning, text, &[]);
            Ok(())
        }
        (false, true, _) => Err(Failure::plain(
            1,
            "Error: --keyservice comes with a later version of gitseal",
        )),
        (false, false, Opens::Encrypt) => {
            let text = "Could not generate data key: [no key services provided, cannot update master keys]";
            Err(Failure::plain(1, text))
        }
        (false, false, Opens::Decrypt) => {
            let text = "The data key of the file could not be obtained: there is no key service, since \
                        --enable-local-keyservice is off.";
            Err(Failure::plain(Kind::NoDataKey.exit_code(), text))
        }
    }
}
