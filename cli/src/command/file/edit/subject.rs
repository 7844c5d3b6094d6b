//! What is edited: an encrypted file that was opened, or a new one that a rule asks for; and how an edited text
//! becomes ciphertext again.

use std::path::{Path, PathBuf};

use rustix::fs::Access;
use sops::{
    DataKey, EncryptedFile, KeyGroup, Layout, MacCheck, Metadata, Previous, SOPS_VERSION, Store, decrypt,
    encrypt, open_mixed,
};
use zeroize::Zeroizing;

use super::buffer::{Problem, RESERVED};
use super::{Args, Closed, Edited, example};
use crate::args::Manner;
use crate::command::file::session::Session;
use crate::command::file::{proof, selection, steps};
use crate::error::{CliError, Kind};
use crate::files::{self, Lock, Target};
use crate::io::Io;
use crate::{config, keys};

/// A file under edit.
pub(super) struct Subject {
    path: PathBuf,
    target: Option<Target>,
    plain: Zeroizing<Vec<u8>>,
    /// The type of the text in the editor, and of the result.
    output: Store,
    max_bytes: u64,
    session: Session,
    layout: Layout,
    key: DataKey,
    metadata: Metadata,
    previous: Option<Previous>,
    shown: PathBuf,
    with_block: bool,
    allow_mixed: bool,
}

impl Subject {
    /// Opens the file, or prepares a new one.
    ///
    /// # Errors
    ///
    /// Those of `decrypt`; for a new file those of `encrypt`.
    pub(super) fn open(args: &Args, io: &mut Io) -> Result<Self, CliError> {
        let path = config::clean(&io.resolve(&args.file));
        let name = args
            .filename_override
            .as_ref()
            .map_or_else(|| path.clone(), |name| config::clean(&io.resolve(name)));
        let named = keys::from_flags(&args.keys, io)?;
        let named_keys = named.as_ref().map_or(&[][..], |group| &group.0);
        let session = Session::for_file(
            io,
            args.manner,
            &args.config,
            &args.identity,
            named_keys,
            &args.file,
        )?;
        if path.symlink_metadata().is_ok() {
            Self::existing(args, path, name, session, io)
        } else {
            Self::new(args, path, &name, named.as_ref(), session, io)
        }
    }

    fn existing(
        args: &Args,
        path: PathBuf,
        name: PathBuf,
        session: Session,
        io: &mut Io,
    ) -> Result<Self, CliError> {
        let what = format!("cannot edit {}", args.file.display());
        let (input, output) = steps::stores(&args.types, &name, args.manner)?;
        let max = session.limits.encrypted(input);
        // No lock while the editor is open: that somebody else wrote meanwhile is noticed when writing.
        let opened = files::open_for_update(&path, &args.file, None, max, Lock::None)?;
        let read = steps::Input {
            name,
            shown: args.file.clone(),
            bytes: opened.bytes,
            target: None,
        };
        let file = steps::read_encrypted(input, &read, &what)?;
        steps::check_selector(&session, &read, input, &file)?;
        let metadata = Metadata {
            version: newest(file.metadata(), args.manner, &what)?,
            ..file.metadata().clone()
        };
        let key = session.unlock(&what, file.metadata())?;
        let mac = if args.ignore_mac {
            MacCheck::Ignore
        } else {
            MacCheck::Verify
        };
        let (document, warnings) =
            decrypt(&file, &key, mac).map_err(|error| steps::cannot_decrypt(error, &what))?;
        for warning in steps::told(&warnings, &args.file) {
            io.warn(&warning);
        }
        if let Some(warning) = steps::mixed_warning(file.metadata(), &args.file) {
            io.warn(&warning);
        }
        let previous = Previous::open(&file, &key).map_err(|error| steps::cannot_decrypt(error, &what))?;
        let layout = session.layout(output);
        let plain = if args.show_master_keys {
            let shown = file.showing(document);
            output.write_encrypted(&shown, &layout).map(Zeroizing::new)
        } else {
            output.write_plain(&document, &layout)
        };
        let plain = plain.map_err(|error| steps::cannot_write(error, &what))?;
        Ok(Self {
            path,
            target: Some(opened.target),
            plain,
            output,
            max_bytes: session.limits.plain(output).max(max),
            layout,
            key,
            metadata,
            previous: Some(previous),
            shown: args.file.clone(),
            with_block: args.show_master_keys,
            allow_mixed: args.allow_mixed,
            session,
        })
    }

    fn new(
        args: &Args,
        path: PathBuf,
        name: &Path,
        named: Option<&KeyGroup>,
        session: Session,
        io: &mut Io,
    ) -> Result<Self, CliError> {
        let what = format!("cannot make {}", args.file.display());
        let folder = path.parent().unwrap_or(&path);
        // Asked before anybody types anything.
        if let Err(errno) = rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK) {
            return Err(CliError::new(Kind::WriteOutput, what).because(std::io::Error::from(errno)));
        }
        let (_, output) = steps::stores(&args.types, name, args.manner)?;
        let rule = session.rule_for(name)?;
        let header = selection::new_header(&args.selector, rule, args.mac_only_encrypted)?;
        let groups = selection::groups(named, rule)?;
        let flag = args.shamir_secret_sharing_threshold.unwrap_or(0);
        let asked = if flag > 0 {
            flag
        } else {
            rule.map_or(0, |rule| rule.shamir_threshold)
        };
        let key = DataKey::generate(&mut *session.random())
            .map_err(|error| CliError::new(Kind::Generic, what.as_str()).because(error))?;
        let key_groups = session.lock(&what, &key, groups, asked, session.mixing(args.allow_mixed))?;
        let metadata = Metadata {
            shamir_threshold: selection::threshold(asked, key_groups.len()),
            key_groups,
            last_modified: String::new(),
            mac: String::new(),
            mac_only_encrypted: header.mac_only_encrypted,
            selector: header.selector,
            version: header.version,
        };
        if let Some(warning) = steps::mixed_warning(&metadata, &args.file) {
            io.warn(&warning);
        }
        Ok(Self {
            path,
            target: None,
            plain: Zeroizing::new(example::text(output).as_bytes().to_vec()),
            output,
            max_bytes: session.limits.plain(output),
            layout: session.layout(output),
            key,
            metadata,
            previous: None,
            shown: args.file.clone(),
            with_block: false,
            allow_mixed: args.allow_mixed,
            session,
        })
    }

    fn encrypted(&self, text: &[u8], io: &Io) -> Result<Closed, Problem> {
        let (document, metadata) = if self.with_block {
            let file = self.output.read_encrypted(text)?;
            let metadata = self.relocked(&file)?;
            let (document, _) =
                open_mixed(&file, &self.key).map_err(|error| Problem::whole(error.to_string()))?;
            (document, metadata)
        } else {
            let document = self.output.read_plain(text)?;
            if self.output.has_block(&document) {
                return Err(Problem::whole(RESERVED));
            }
            (document, self.metadata.clone())
        };
        let header = selection::header_of(&metadata);
        let mut random = self.session.random();
        let closed = encrypt(
            document,
            &self.key,
            header,
            self.previous.as_ref(),
            io.now(),
            &mut *random,
        )?;
        let bytes = self.output.write_encrypted(&closed.file, &self.layout)?;
        if !proof::does_open(&bytes, self.output, &self.key) {
            return Err(Problem::whole(
                "the result would not open again; this is a defect of gitseal",
            ));
        }
        Ok(Closed {
            bytes: Some(Zeroizing::new(bytes)),
            warnings: steps::told(&closed.warnings, &self.shown),
        })
    }

    /// The block as it was edited; its keys wrap the data key anew if they are others now.
    fn relocked(&self, file: &EncryptedFile) -> Result<Metadata, Problem> {
        let mut metadata = file.metadata().clone();
        metadata.version.clone_from(&self.metadata.version);
        let same = names(&metadata.key_groups) == names(&self.metadata.key_groups)
            && metadata.shamir_threshold == self.metadata.shamir_threshold;
        if !same {
            let groups = std::mem::take(&mut metadata.key_groups);
            let mixing = self.session.mixing(self.allow_mixed);
            let what = "cannot wrap the data key";
            let locked = self
                .session
                .lock(what, &self.key, groups, metadata.shamir_threshold, mixing);
            metadata.key_groups = locked.map_err(|error| {
                let parts: Vec<String> = [vec![error.message.clone()], error.causes(), error.tried].concat();
                Problem::whole(parts.join(": "))
            })?;
        }
        Ok(metadata)
    }
}

impl Edited for Subject {
    fn plain(&self) -> &[u8] {
        &self.plain
    }

    fn store(&self) -> Store {
        self.output
    }

    fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    fn path(&self) -> &Path {
        &self.path
    }

    fn target(&self) -> Option<&Target> {
        self.target.as_ref()
    }

    fn close(&self, text: &[u8], io: &Io) -> Result<Closed, Problem> {
        self.encrypted(text, io)
    }
}

/// Who the keys are, without what they wrapped.
fn names(groups: &[KeyGroup]) -> Vec<Vec<String>> {
    groups
        .iter()
        .map(|group| group.0.iter().map(sops::MasterKey::name).collect())
        .collect()
}

/// The newer of the file's version and ours.
///
/// # Errors
///
/// sops stops at a version that is none; our own verb writes ours.
fn newest(metadata: &Metadata, manner: Manner, what: &str) -> Result<String, CliError> {
    let numbers = |version: &str| -> Option<Vec<u64>> {
        let release = version.split(['-', '+']).next()?;
        release.split('.').map(|number| number.parse().ok()).collect()
    };
    match (numbers(&metadata.version), numbers(SOPS_VERSION)) {
        (Some(theirs), Some(ours)) if theirs > ours => Ok(metadata.version.clone()),
        (None, _) if manner == Manner::Sops && !metadata.version.is_empty() => {
            Err(CliError::new(Kind::VersionCompare, what).because(CliError::new(
                Kind::VersionCompare,
                "the version in the sops block is not a version",
            )))
        }
        _ => Ok(SOPS_VERSION.to_owned()),
    }
}
