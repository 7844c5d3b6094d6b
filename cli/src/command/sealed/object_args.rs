//! What the commands on single items take for sealed files, and when a file is one.

use std::path::{Path, PathBuf};

use seal::file::{Kind as Is, Place};
use sops::tree::Step;
use sops::{Store, TreePath};

use super::certs::CertArgs;
use super::ring::KeyFileArgs;
use super::text;
use crate::args::IdentityArgs;
use crate::error::{CliError, Kind};
use crate::files::{self, Limits};
use crate::io::Io;

/// Which SealedSecret of a file.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Sealed files")]
pub struct ObjectArgs {
    /// Which SealedSecret, where a file holds several
    #[arg(long = "name", value_name = "[NAMESPACE/]NAME")]
    pub object: Option<String>,
}

/// What `set` takes for a sealed file.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Sealed files")]
pub struct SealedSetArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub object: ObjectArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub cert: CertArgs,
}

/// What `get` takes for a sealed file.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Sealed files")]
pub struct SealedGetArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub object: ObjectArgs,

    /// Sealing keys: a private key in PEM, or a backup of the controller's key Secrets; may be given several times
    #[arg(long = "key", value_name = "FILE")]
    pub sealing_keys: Vec<PathBuf>,
}

/// What `edit` takes for a sealed file.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Sealed files")]
pub struct SealedEditArgs {
    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub get: SealedGetArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub cert: CertArgs,
}

impl ObjectArgs {
    /// Whether a flag for sealed files is given.
    pub fn is_given(&self) -> bool {
        self.object.is_some()
    }
}

impl SealedSetArgs {
    /// Whether a flag for sealed files is given.
    pub fn is_given(&self) -> bool {
        self.object.is_given() || is_given(&self.cert)
    }
}

impl SealedGetArgs {
    /// Whether a flag for sealed files is given.
    pub fn is_given(&self) -> bool {
        self.object.is_given() || !self.sealing_keys.is_empty()
    }

    /// The keys, and how encrypted ones are opened.
    pub fn keys(&self, identity: &IdentityArgs) -> KeyFileArgs {
        KeyFileArgs {
            keys: self.sealing_keys.clone(),
            identity: identity.clone(),
        }
    }
}

impl SealedEditArgs {
    /// Whether a flag for sealed files is given.
    pub fn is_given(&self) -> bool {
        self.get.is_given() || is_given(&self.cert)
    }
}

fn is_given(cert: &CertArgs) -> bool {
    let CertArgs {
        cert,
        clusters,
        allow,
        cluster,
    } = cert;
    cert.is_some()
        || !clusters.is_empty()
        || allow.allow_expired
        || allow.allow_replaced
        || cluster.is_given()
}

/// Whether a command on encrypted files means a sealed one: it holds a SealedSecret, and SOPS did not encrypt it. What
/// cannot be read at all is left to the other side, which says why.
///
/// # Errors
///
/// It looks like a sealed file and cannot be parsed. Or it is none, although flags for sealed files are given.
pub fn is_sealed(file: &Path, flags_given: bool, io: &Io) -> Result<bool, CliError> {
    let path = io.resolve(file);
    // A pipe would be read empty here.
    if !std::fs::metadata(&path).is_ok_and(|meta| meta.is_file()) {
        return Ok(false);
    }
    let Ok(bytes) = files::read(&path, file, Limits::of(io)?.plain(Store::Yaml)) else {
        return Ok(false);
    };
    if holds_sealed(&bytes, file)? {
        return Ok(true);
    }
    if flags_given {
        let text = format!("{} holds no SealedSecret", file.display());
        return Err(CliError::new(Kind::Conflicting, text)
            .hint("--name, --key and flags about certificates are for sealed files; leave them out"));
    }
    Ok(false)
}

fn holds_sealed(bytes: &[u8], shown: &Path) -> Result<bool, CliError> {
    if !text::may_hold_sealed(bytes) {
        return Ok(false);
    }
    let store = if bytes.trim_ascii_start().starts_with(b"{") {
        Store::Json
    } else {
        Store::Yaml
    };
    let file = match text::parse(bytes, shown) {
        Ok(file) => file,
        Err(_) if files::may_have_block(bytes, store) => return Ok(false),
        Err(error) => return Err(error),
    };
    let objects = file.objects();
    let by_sops = |place: Place| {
        file.object(place)
            .value()
            .get("sops")
            .is_some_and(serde_json::Value::is_object)
    };
    Ok(objects.iter().any(|(_, kind, _)| *kind == Is::SealedSecret)
        && !objects.iter().any(|(place, ..)| by_sops(*place)))
}

/// The item that a word of the command line names: its name, or `["spec"]["encryptedData"]["NAME"]`.
///
/// # Errors
///
/// A path to something else.
pub fn item(word: &str, kind: Kind) -> Result<String, CliError> {
    if !word.starts_with('[') {
        return Ok(word.to_owned());
    }
    let hint =
        r#"of a sealed file only items are meant: password, or '["spec"]["encryptedData"]["password"]'"#;
    let path = TreePath::parse(word)
        .map_err(|error| CliError::new(kind, "not a tree path").because(error).hint(hint))?;
    match &path.0[..] {
        [Step::Key(spec), Step::Key(items), Step::Key(item)]
            if spec == "spec" && items == "encryptedData" =>
        {
            Ok(item.clone())
        }
        _ => Err(CliError::new(kind, "the tree path leads to no item of encryptedData").hint(hint)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_named_by_its_name_or_its_path() {
        let cases = [
            ("password", Some("password")),
            ("tls.key", Some("tls.key")),
            (r#"["spec"]["encryptedData"]["a b"]"#, Some("a b")),
            (r#"["data"]["a"]"#, None),
            (r#"["spec"]["encryptedData"]"#, None),
            (r#"["spec"]["encryptedData"][0]"#, None),
            ("[", None),
        ];
        for (word, want) in cases {
            let got = item(word, Kind::SetFormat);
            assert_eq!(got.as_deref().ok(), want, "case: {word}");
            assert!(
                got.is_ok() || got.is_err_and(|error| error.kind == Kind::SetFormat),
                "case: {word}"
            );
        }
    }

    #[test]
    fn what_sops_encrypted_is_not_a_sealed_file() {
        let sealed = "kind: SealedSecret\napiVersion: bitnami.com/v1alpha1\nmetadata: {name: sops}\n";
        let cases = [
            ("sealed", sealed.to_owned(), Some(true)),
            ("by sops", format!("{sealed}sops: {{mac: x}}\n"), Some(false)),
            (
                "json of that name",
                r#"{"kind":"SealedSecret","apiVersion":"bitnami.com/v1alpha1","metadata":{"name":"sops"}}"#
                    .to_owned(),
                Some(true),
            ),
            ("only the word", "a: SealedSecret\n".to_owned(), Some(false)),
            ("something else", "a: b\n".to_owned(), Some(false)),
            ("broken", "kind: SealedSecret\na: [\n".to_owned(), None),
        ];
        for (name, text, want) in cases {
            assert_eq!(
                holds_sealed(text.as_bytes(), Path::new("a.yaml")).ok(),
                want,
                "case: {name}"
            );
        }
    }
}
