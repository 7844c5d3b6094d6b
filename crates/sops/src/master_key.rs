//! Master keys as data: who they are, and what they wrapped. Every kind is read and kept, also those that nobody
//! here can open.

use std::fmt;

/// The kinds of master key, named as in the metadata and in `--decryption-order`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyKind {
    /// `age`
    Age,
    /// `kms`
    AwsKms,
    /// `azure_kv`
    AzureKeyVault,
    /// `gcp_kms`
    GcpKms,
    /// `hckms`
    HuaweiKms,
    /// `pgp`
    Pgp,
    /// `hc_vault`
    VaultTransit,
}

/// One master key of a file or of a creation rule: its identity, and the wrapped share where there is one.
///
/// Nothing here is secret. `enc` is empty for a key that has not wrapped anything yet.
/// `created_at` is RFC 3339 with seconds, UTC; empty where the kind has none or it is not wrapped yet.
/// Source: spec/sops-format §7.1, §9.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MasterKey {
    /// An age recipient of any type, as written.
    Age {
        /// `age1…`, `age1pq1…`, `age1name1…`, `ssh-ed25519 …`, `ssh-rsa …`
        recipient: String,
        /// ASCII-armored age file, final line feed included.
        enc: String,
    },
    /// AWS KMS.
    AwsKms {
        /// `arn:aws:kms:…`
        arn: String,
        /// Role to assume first; empty for none.
        role: String,
        /// Encryption context, in the order of the file.
        context: Vec<(String, String)>,
        /// Shared-config profile; empty for none.
        aws_profile: String,
        /// When this entry was made.
        created_at: String,
        /// Standard base64 of the CiphertextBlob.
        enc: String,
    },
    /// Azure Key Vault.
    AzureKeyVault {
        /// `https://….vault.azure.net`
        vault_url: String,
        /// Name of the key.
        name: String,
        /// Version of the key; may be empty in a rule.
        version: String,
        /// When this entry was made.
        created_at: String,
        /// Unpadded base64url.
        enc: String,
    },
    /// Google Cloud KMS.
    GcpKms {
        /// `projects/…/cryptoKeys/…`
        resource_id: String,
        /// When this entry was made.
        created_at: String,
        /// Standard base64.
        enc: String,
    },
    /// HuaweiCloud KMS.
    HuaweiKms {
        /// `region:uuid`
        key_id: String,
        /// When this entry was made.
        created_at: String,
        /// Verbatim cipher text.
        enc: String,
    },
    /// OpenPGP.
    Pgp {
        /// Fingerprint without spaces; may end with `!`.
        fingerprint: String,
        /// When this entry was made.
        created_at: String,
        /// ASCII-armored message.
        enc: String,
    },
    /// HashiCorp Vault transit.
    VaultTransit {
        /// `https://host:port`
        vault_address: String,
        /// Mount path, may contain `/`.
        engine_path: String,
        /// Name of the key.
        key_name: String,
        /// When this entry was made.
        created_at: String,
        /// `vault:v1:…`
        enc: String,
    },
}

/// Master keys that wrap the same share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyGroup(
    /// The keys, in the order of the file or rule.
    pub Vec<MasterKey>,
);

impl KeyKind {
    /// The word in the metadata and in `--decryption-order`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::AwsKms => "kms",
            Self::AzureKeyVault => "azure_kv",
            Self::GcpKms => "gcp_kms",
            Self::HuaweiKms => "hckms",
            Self::Pgp => "pgp",
            Self::VaultTransit => "hc_vault",
        }
    }

    /// Reads the word; `None` if there is no such kind.
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Age,
            Self::AwsKms,
            Self::AzureKeyVault,
            Self::GcpKms,
            Self::HuaweiKms,
            Self::Pgp,
            Self::VaultTransit,
        ]
        .into_iter()
        .find(|kind| kind.word() == word)
    }
}

impl MasterKey {
    /// An age recipient that has wrapped nothing yet.
    pub fn age(recipient: impl Into<String>) -> Self {
        Self::Age {
            recipient: recipient.into(),
            enc: String::new(),
        }
    }

    /// A PGP fingerprint, as people write it: blanks are dropped.
    pub fn pgp(fingerprint: &str) -> Self {
        Self::Pgp {
            fingerprint: without_blanks(fingerprint),
            created_at: String::new(),
            enc: String::new(),
        }
    }

    /// An AWS KMS key in the form `ARN` or `ARN+ROLE_ARN` (spec/sops-format §9.3): no context, no profile.
    pub fn aws_kms(text: &str) -> Self {
        let text = without_blanks(text);
        let (arn, role) = match text.find("+arn:") {
            Some(at) => (text[..at].to_owned(), text[at + 1..].to_owned()),
            None => (text, String::new()),
        };
        let (context, aws_profile, created_at, enc) = Default::default();
        Self::AwsKms {
            arn,
            role,
            context,
            aws_profile,
            created_at,
            enc,
        }
    }

    /// A Google Cloud KMS key by its resource id.
    pub fn gcp_kms(resource_id: &str) -> Self {
        Self::GcpKms {
            resource_id: without_blanks(resource_id),
            created_at: String::new(),
            enc: String::new(),
        }
    }

    /// A HuaweiCloud KMS key: `region:uuid`.
    pub fn huawei_kms(key_id: &str) -> Self {
        Self::HuaweiKms {
            key_id: without_blanks(key_id),
            created_at: String::new(),
            enc: String::new(),
        }
    }

    /// An Azure key by its URL `https://VAULT/keys/NAME[/VERSION]` (spec/sops-format §9.5); `None` for any other text.
    pub fn azure_key_vault(url: &str) -> Option<Self> {
        let (host, rest) = url.trim().strip_prefix("https://")?.split_once("/keys/")?;
        let (name, version) = rest.split_once('/').unwrap_or((rest, ""));
        let valid = !host.is_empty() && !host.contains('/') && !name.is_empty() && !version.contains('/');
        valid.then(|| Self::AzureKeyVault {
            vault_url: format!("https://{host}"),
            name: name.to_owned(),
            version: version.to_owned(),
            created_at: String::new(),
            enc: String::new(),
        })
    }

    /// A Vault transit key by its URI `SCHEME://HOST[:PORT]/v1/ENGINE/keys/NAME` (spec/sops-format §9.6); `None` for any
    /// other text. The engine may be several components; the component before the name is not looked at, as in SOPS.
    pub fn vault_transit(uri: &str) -> Option<Self> {
        let (scheme, rest) = uri.trim().split_once("://")?;
        let (host, path) = rest.split_once('/')?;
        let (version, path) = path.strip_prefix('v')?.split_once('/')?;
        let components: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        let [engine @ .., _, name] = components.as_slice() else {
            return None;
        };
        let valid = !scheme.is_empty()
            && !host.is_empty()
            && !version.is_empty()
            && version.bytes().all(|b| b.is_ascii_digit())
            && !engine.is_empty()
            && components.iter().all(|component| !component.is_empty());
        valid.then(|| Self::VaultTransit {
            vault_address: format!("{scheme}://{host}"),
            engine_path: engine.join("/"),
            key_name: (*name).to_owned(),
            created_at: String::new(),
            enc: String::new(),
        })
    }

    /// Which kind it is.
    pub const fn kind(&self) -> KeyKind {
        match self {
            Self::Age { .. } => KeyKind::Age,
            Self::AwsKms { .. } => KeyKind::AwsKms,
            Self::AzureKeyVault { .. } => KeyKind::AzureKeyVault,
            Self::GcpKms { .. } => KeyKind::GcpKms,
            Self::HuaweiKms { .. } => KeyKind::HuaweiKms,
            Self::Pgp { .. } => KeyKind::Pgp,
            Self::VaultTransit { .. } => KeyKind::VaultTransit,
        }
    }

    /// The name under which SOPS compares and shows it (spec/sops-format §9.3, §10).
    pub fn name(&self) -> String {
        match self {
            Self::Age { recipient, .. } => recipient.clone(),
            Self::AwsKms {
                arn,
                role,
                context,
                aws_profile,
                ..
            } => {
                let mut name = arn.clone();
                if !role.is_empty() {
                    name.push('+');
                    name.push_str(role);
                }
                if !context.is_empty() || !aws_profile.is_empty() {
                    let mut pairs: Vec<String> = context.iter().map(|(k, v)| format!("{k}:{v}")).collect();
                    pairs.sort();
                    name.push('|');
                    name.push_str(&pairs.join(","));
                }
                if !aws_profile.is_empty() {
                    name.push('|');
                    name.push_str(aws_profile);
                }
                name
            }
            Self::AzureKeyVault {
                vault_url,
                name,
                version,
                ..
            } => format!("{vault_url}/keys/{name}/{version}"),
            Self::GcpKms { resource_id, .. } => resource_id.clone(),
            Self::HuaweiKms { key_id, .. } => key_id.clone(),
            Self::Pgp { fingerprint, .. } => fingerprint.clone(),
            Self::VaultTransit {
                vault_address,
                engine_path,
                key_name,
                ..
            } => {
                format!("{vault_address}/v1/{engine_path}/keys/{key_name}")
            }
        }
    }

    /// The wrapped share; empty if it has wrapped nothing yet.
    pub fn enc(&self) -> &str {
        match self {
            Self::Age { enc, .. }
            | Self::AwsKms { enc, .. }
            | Self::AzureKeyVault { enc, .. }
            | Self::GcpKms { enc, .. }
            | Self::HuaweiKms { enc, .. }
            | Self::Pgp { enc, .. }
            | Self::VaultTransit { enc, .. } => enc,
        }
    }

    /// Puts a newly wrapped share in, and the time of it (RFC 3339 seconds, UTC) where the kind keeps one.
    pub fn set_enc(&mut self, wrapped: String, now: &str) {
        match self {
            Self::Age { enc, .. } => *enc = wrapped,
            Self::AwsKms { enc, created_at, .. }
            | Self::AzureKeyVault { enc, created_at, .. }
            | Self::GcpKms { enc, created_at, .. }
            | Self::HuaweiKms { enc, created_at, .. }
            | Self::Pgp { enc, created_at, .. }
            | Self::VaultTransit { enc, created_at, .. } => {
                *enc = wrapped;
                now.clone_into(created_at);
            }
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

fn without_blanks(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_from_their_written_forms() {
        let role = MasterKey::aws_kms("arn:aws:kms:eu-west-1:1:key/a+arn:aws:iam::1:role/r");
        assert_eq!(role.name(), "arn:aws:kms:eu-west-1:1:key/a+arn:aws:iam::1:role/r");
        assert!(matches!(&role, MasterKey::AwsKms { role, .. } if role == "arn:aws:iam::1:role/r"));
        assert_eq!(MasterKey::pgp("ABCD 1234 !").name(), "ABCD1234!");
        let cases = [
            ("https://v.example/keys/k/1", Some("https://v.example/keys/k/1")),
            ("https://v.example/keys/k", Some("https://v.example/keys/k/")),
            ("http://v.example/keys/k", None),
            ("https://v.example/x/keys/k", None),
            ("https://v.example/keys/", None),
        ];
        for (url, name) in cases {
            assert_eq!(
                MasterKey::azure_key_vault(url).map(|key| key.name()).as_deref(),
                name,
                "{url}"
            );
        }
        let cases = [
            (
                "https://v:8200/v1/transit/keys/k",
                Some("https://v:8200/v1/transit/keys/k"),
            ),
            ("http://v/v1/a/b/keys/k", Some("http://v/v1/a/b/keys/k")),
            ("https://v/x/v1/transit/keys/k", None),
            ("v:8200/v1/transit/keys/k", None),
            ("https://v/v1/keys/k", None),
            ("https://v/transit/keys/k", None),
            ("https://v/v/transit/keys/k", None),
        ];
        for (uri, name) in cases {
            assert_eq!(
                MasterKey::vault_transit(uri).map(|key| key.name()).as_deref(),
                name,
                "{uri}"
            );
        }
    }

    #[test]
    fn names_carry_context_and_profile() {
        let mut key = MasterKey::aws_kms("arn:a");
        if let MasterKey::AwsKms {
            context, aws_profile, ..
        } = &mut key
        {
            *context = vec![("b".into(), "2".into()), ("a".into(), "1".into())];
            assert!(aws_profile.is_empty());
        }
        assert_eq!(key.name(), "arn:a|a:1,b:2");
        if let MasterKey::AwsKms {
            context, aws_profile, ..
        } = &mut key
        {
            context.clear();
            "dev".clone_into(aws_profile);
        }
        assert_eq!(key.name(), "arn:a||dev");
    }
}
