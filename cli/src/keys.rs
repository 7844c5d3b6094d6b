//! Master keys from flags and environment, and the key services of a run.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use providers::{KeyServices, Settings};
use sops::{KeyGroup, KeyKind, MasterKey};

use crate::args::{AddRemoveArgs, IdentityArgs, KeyArgs};
use crate::error::{CliError, Kind};
use crate::io::Io;

/// Waits for a future on this thread. Enough for services that answer at once; no runtime is started for them.
pub fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(done) => return done,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Sets up the key services; nothing is read and nobody is asked before a file needs it.
///
/// `plugins`: age plugins that a flag or a matching rule names, which may therefore run (spec/security S-33).
///
/// # Errors
///
/// A kind twice in the decryption order: exit 112.
pub fn services(args: &IdentityArgs, plugins: Vec<String>, io: &Io) -> Result<KeyServices, CliError> {
    let order = args
        .decryption_order
        .clone()
        .or_else(|| io.env_text("SOPS_DECRYPTION_ORDER"));
    let decryption_order = decryption_order(order.as_deref())?;
    let home = io.env("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let settings = Settings {
        environment: Arc::clone(&io.environment),
        config_dir: config_dir(home.as_deref(), io),
        home,
        prompt: io.prompt.clone(),
        identity_files: args.identity.iter().map(|path| io.resolve(path)).collect(),
        trusted_plugins: plugins,
        decryption_order,
    };
    KeyServices::assemble(settings)
        .map_err(|error| CliError::new(Kind::Generic, "cannot set up the key services").because(error))
}

fn config_dir(home: Option<&Path>, io: &Io) -> Option<PathBuf> {
    if let Some(dir) = io.env("XDG_CONFIG_HOME").filter(|dir| !dir.is_empty()) {
        return Some(dir.into());
    }
    let below = if cfg!(target_os = "macos") {
        "Library/Application Support"
    } else {
        ".config"
    };
    home.map(|home| home.join(below))
}

/// Reads `age,pgp,…`. Unknown kinds are ignored, as SOPS does.
fn decryption_order(text: Option<&str>) -> Result<Vec<KeyKind>, CliError> {
    let Some(text) = text else {
        return Ok(vec![KeyKind::Age, KeyKind::Pgp]);
    };
    let mut order = Vec::new();
    for word in text.split(',') {
        let Some(kind) = KeyKind::from_word(word.trim()) else {
            continue;
        };
        if order.contains(&kind) {
            return Err(CliError::new(
                Kind::DuplicateOrder,
                format!("duplicate decryption key type: {kind}"),
            ));
        }
        order.push(kind);
    }
    Ok(order)
}

/// The group of keys that flags or their environment variables name; `None` if none is given
/// (spec/sops-cli §9.4).
///
/// # Errors
///
/// A key in the wrong form; a bad encryption context: exit 6.
pub fn from_flags(args: &KeyArgs, io: &Io) -> Result<Option<KeyGroup>, CliError> {
    let list = |flag: &Option<String>, variable: &str| flag.clone().or_else(|| io.env_text(variable));
    let context = encryption_context(args.encryption_context.as_deref())?;
    let profile = args.aws_profile.as_deref().unwrap_or_default();
    let mut keys = Vec::new();
    keys.extend(kms(list(&args.kms, "SOPS_KMS_ARN").as_deref(), &context, profile));
    keys.extend(gcp(list(&args.gcp_kms, "SOPS_GCP_KMS_IDS").as_deref()));
    keys.extend(huawei(list(&args.hckms, "SOPS_HUAWEICLOUD_KMS_IDS").as_deref()));
    keys.extend(azure(
        list(&args.azure_kv, "SOPS_AZURE_KEYVAULT_URLS").as_deref(),
    )?);
    keys.extend(pgp(list(&args.pgp, "SOPS_PGP_FP").as_deref()));
    keys.extend(vault(list(&args.hc_vault_transit, "SOPS_VAULT_URIS").as_deref())?);
    keys.extend(age(list(&args.age, "SOPS_AGE_RECIPIENTS").as_deref()));
    refuse_private_keys(&keys, "the command line or the environment")?;
    Ok((!keys.is_empty()).then_some(KeyGroup(keys)))
}

/// The keys to add to and to remove from a file, each in the order in which SOPS takes them.
///
/// # Errors
///
/// A key in the wrong form; a bad encryption context: exit 6.
pub fn add_and_remove(args: &AddRemoveArgs) -> Result<(Vec<MasterKey>, Vec<MasterKey>), CliError> {
    let context = encryption_context(args.encryption_context.as_deref())?;
    let mut add = Vec::new();
    add.extend(kms(args.add_kms.as_deref(), &context, ""));
    add.extend(pgp(args.add_pgp.as_deref()));
    add.extend(gcp(args.add_gcp_kms.as_deref()));
    add.extend(huawei(args.add_hckms.as_deref()));
    add.extend(azure(args.add_azure_kv.as_deref())?);
    add.extend(vault(args.add_hc_vault_transit.as_deref())?);
    add.extend(age(args.add_age.as_deref()));
    let mut remove = Vec::new();
    remove.extend(kms(args.rm_kms.as_deref(), &context, ""));
    remove.extend(pgp(args.rm_pgp.as_deref()));
    remove.extend(gcp(args.rm_gcp_kms.as_deref()));
    remove.extend(huawei(args.rm_hckms.as_deref()));
    remove.extend(azure(args.rm_azure_kv.as_deref())?);
    remove.extend(vault(args.rm_hc_vault_transit.as_deref())?);
    remove.extend(age(args.rm_age.as_deref()));
    refuse_private_keys(&add, "the command line")?;
    refuse_private_keys(&remove, "the command line")?;
    Ok((add, remove))
}

/// A private key where a recipient belongs is never echoed, wrapped for, or written anywhere (T18).
///
/// # Errors
///
/// Names the place only.
pub fn refuse_private_keys(keys: &[MasterKey], place: &str) -> Result<(), CliError> {
    if !keys.iter().any(providers::holds_private_key) {
        return Ok(());
    }
    Err(CliError::new(
        Kind::Generic,
        format!("{place} holds a private key where a recipient belongs"),
    )
    .hint("gitseal keygen -y FILE prints the recipient of an identity; treat the private key as exposed"))
}

/// Names of the age plugins among these keys: `age1NAME1…`.
pub fn plugin_names<'k>(keys: impl IntoIterator<Item = &'k MasterKey>) -> Vec<String> {
    let mut names: Vec<String> = keys.into_iter().filter_map(plugin_name).collect();
    names.sort();
    names.dedup();
    names
}

fn plugin_name(key: &MasterKey) -> Option<String> {
    let MasterKey::Age { recipient, .. } = key else {
        return None;
    };
    let (human, _) = recipient.trim().rsplit_once('1')?;
    let name = human.strip_prefix("age1")?;
    // `age1pq1…` is the post-quantum type of age itself.
    (!name.is_empty() && name != "pq").then(|| name.to_owned())
}

fn items(list: Option<&str>) -> impl Iterator<Item = &str> {
    list.unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

fn age(list: Option<&str>) -> impl Iterator<Item = MasterKey> {
    items(list).map(MasterKey::age)
}

fn pgp(list: Option<&str>) -> impl Iterator<Item = MasterKey> {
    items(list).map(|item| MasterKey::Pgp {
        fingerprint: item.replace(' ', ""),
        created_at: String::new(),
        enc: String::new(),
    })
}

fn kms(list: Option<&str>, context: &[(String, String)], profile: &str) -> impl Iterator<Item = MasterKey> {
    items(list).map(|item| {
        let item = item.replace(' ', "");
        let (arn, role) = match item.find("+arn:") {
            Some(at) => (&item[..at], &item[at + 1..]),
            None => (item.as_str(), ""),
        };
        MasterKey::AwsKms {
            arn: arn.to_owned(),
            role: role.to_owned(),
            context: context.to_vec(),
            aws_profile: profile.to_owned(),
            created_at: String::new(),
            enc: String::new(),
        }
    })
}

fn gcp(list: Option<&str>) -> impl Iterator<Item = MasterKey> {
    items(list).map(|item| MasterKey::GcpKms {
        resource_id: item.replace(' ', ""),
        created_at: String::new(),
        enc: String::new(),
    })
}

fn huawei(list: Option<&str>) -> impl Iterator<Item = MasterKey> {
    items(list).map(|item| MasterKey::HuaweiKms {
        key_id: item.to_owned(),
        created_at: String::new(),
        enc: String::new(),
    })
}

/// `https://VAULT/keys/NAME[/VERSION]`
fn azure(list: Option<&str>) -> Result<Vec<MasterKey>, CliError> {
    let parse = |item: &str| {
        let host = item.strip_prefix("https://")?;
        let (host, key) = host.split_once("/keys/")?;
        let (name, version) = key.split_once('/').unwrap_or((key, ""));
        let wellformed =
            !host.is_empty() && !host.contains('/') && !name.is_empty() && !version.contains('/');
        wellformed.then(|| MasterKey::AzureKeyVault {
            vault_url: format!("https://{host}"),
            name: name.to_owned(),
            version: version.to_owned(),
            created_at: String::new(),
            enc: String::new(),
        })
    };
    let bad = || {
        CliError::new(Kind::Generic, "an Azure Key Vault key is not a URL of one")
            .hint("write it like https://VAULT.vault.azure.net/keys/NAME/VERSION")
    };
    items(list).map(|item| parse(item).ok_or_else(bad)).collect()
}

/// `scheme://host[:port]/v1/ENGINE/keys/NAME`
fn vault(list: Option<&str>) -> Result<Vec<MasterKey>, CliError> {
    let parse = |item: &str| {
        let (scheme, rest) = item.split_once("://")?;
        let (host, path) = rest.split_once('/')?;
        let (version, path) = path.trim_end_matches('/').split_once('/')?;
        let is_version = version.strip_prefix('v').is_some_and(|n| n.parse::<u8>().is_ok());
        let (engine, key_name) = path.rsplit_once('/')?;
        let (engine_path, _keys) = engine.rsplit_once('/')?;
        let wellformed = is_version && !scheme.is_empty() && !host.is_empty() && !key_name.is_empty();
        wellformed.then(|| MasterKey::VaultTransit {
            vault_address: format!("{scheme}://{host}"),
            engine_path: engine_path.to_owned(),
            key_name: key_name.to_owned(),
            created_at: String::new(),
            enc: String::new(),
        })
    };
    let bad = || {
        CliError::new(Kind::Generic, "a Vault transit key is not a URI of one")
            .hint("write it like https://HOST:8200/v1/ENGINE/keys/NAME")
    };
    items(list).map(|item| parse(item).ok_or_else(bad)).collect()
}

/// `key:value,key:value`, each pair with exactly one colon.
fn encryption_context(text: Option<&str>) -> Result<Vec<(String, String)>, CliError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(Vec::new());
    };
    let pair = |pair: &str| match pair.split(':').collect::<Vec<_>>()[..] {
        [key, value] => Some((key.trim().to_owned(), value.trim().to_owned())),
        _ => None,
    };
    text.split(',').map(pair).collect::<Option<_>>().ok_or_else(|| {
        CliError::new(Kind::EncryptionContext, "Invalid KMS encryption context format")
            .hint("write it as key:value,key:value")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_the_forms_of_the_peer() {
        let vault = vault(Some("https://v.example:8200/v1/team/transit/keys/web")).unwrap();
        assert_eq!(vault[0].name(), "https://v.example:8200/v1/team/transit/keys/web");
        for bad in [
            "v.example/v1/t/keys/k",
            "https://v.example/sops/keys/k",
            "https://v.example/v1/k",
        ] {
            assert!(super::vault(Some(bad)).is_err(), "{bad}");
        }
        let azure = azure(Some(
            "https://a.vault.azure.net/keys/n/1, https://a.vault.azure.net/keys/m",
        ))
        .unwrap();
        assert_eq!(azure[0].name(), "https://a.vault.azure.net/keys/n/1");
        assert_eq!(azure[1].name(), "https://a.vault.azure.net/keys/m/");
        for bad in [
            "http://a/keys/n",
            "https://a/n",
            "https://a/keys/",
            "https://a/keys/n/1/2",
        ] {
            assert!(super::azure(Some(bad)).is_err(), "{bad}");
        }
        let arn = "arn:aws:kms:eu-west-1:111122223333:key/abc";
        let role = "arn:aws:iam::111122223333:role/r";
        let context = encryption_context(Some("app:web,env:prod")).unwrap();
        let key = kms(Some(&format!("{arn}+{role}")), &context, "").next().unwrap();
        assert_eq!(key.name(), format!("{arn}+{role}|app:web,env:prod"));
        assert_eq!(age(Some("age1a, ,age1b,")).count(), 2);
    }

    #[test]
    fn a_bad_context_has_its_own_exit_code() {
        for bad in ["a", "a:b:c", "a:b,"] {
            assert_eq!(
                encryption_context(Some(bad)).unwrap_err().kind,
                Kind::EncryptionContext,
                "{bad}"
            );
        }
    }

    #[test]
    fn a_private_key_is_refused_and_not_echoed() {
        let secret = "AGE-SECRET-KEY-1QQQQ";
        for text in [secret.to_owned(), secret.to_ascii_lowercase()] {
            let error = refuse_private_keys(&[MasterKey::age(text)], "a flag").unwrap_err();
            assert!(
                !crate::ui::render(&error, false)
                    .to_ascii_uppercase()
                    .contains("QQQQ")
            );
        }
    }

    #[test]
    fn plugins_are_named_by_their_recipients() {
        for (recipient, name) in [
            ("age1yubikey1qtest", Some("yubikey")),
            (
                "age1zfec766xac2wwf6h8t2w7uk8ym45u56nkvfpdmce8g3g98ppc54qmhjck0",
                None,
            ),
            ("ssh-ed25519 AAAA1", None),
        ] {
            assert_eq!(
                plugin_name(&MasterKey::age(recipient)).as_deref(),
                name,
                "{recipient}"
            );
        }
    }

    #[test]
    fn an_order_with_a_kind_twice_is_refused() {
        assert_eq!(
            decryption_order(Some("pgp, age,nothing")).unwrap(),
            [KeyKind::Pgp, KeyKind::Age]
        );
        assert_eq!(
            decryption_order(Some("age,age")).unwrap_err().kind,
            Kind::DuplicateOrder
        );
    }
}
