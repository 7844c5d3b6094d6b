//! Writing a block: keys in byte order at every level, as SOPS 3.13 does (spec/sops-format §7.1, §7.2).

use crate::tree::{Element, Entry, Key, Leaf, Node, Place};
use crate::{KeyGroup, KeyKind, MasterKey, Metadata, Value};

impl Metadata {
    /// The value of the `sops` entry.
    pub(crate) fn to_node(&self) -> Node {
        let mut fields = match self.key_groups.as_slice() {
            [] => Vec::new(),
            [group] => lists(group, false),
            groups => {
                let groups = groups
                    .iter()
                    .map(|group| Element::Node(mapping(lists(group, true))))
                    .collect();
                vec![("key_groups", Node::Sequence(groups))]
            }
        };
        fields.push(("lastmodified", text(&self.last_modified)));
        fields.push(("mac", text(&self.mac)));
        if self.mac_only_encrypted {
            fields.push(("mac_only_encrypted", leaf(Value::Bool(true))));
        }
        if self.shamir_threshold != 0 {
            fields.push(("shamir_threshold", leaf(Value::Int(self.shamir_threshold.into()))));
        }
        if let Some((field, rule)) = self.selector.field()
            && !rule.is_empty()
        {
            fields.push((field, text(rule)));
        }
        fields.push(("version", text(&self.version)));
        fields.sort_by_key(|(field, _)| *field);
        mapping(fields)
    }
}

/// The seven lists. `in_group`: inside `key_groups`, where SOPS writes `age` and `hc_vault` even if they are empty.
fn lists(group: &KeyGroup, in_group: bool) -> Vec<(&'static str, Node)> {
    const ORDER: [KeyKind; 7] = [
        KeyKind::Age,
        KeyKind::AzureKeyVault,
        KeyKind::GcpKms,
        KeyKind::VaultTransit,
        KeyKind::HuaweiKms,
        KeyKind::AwsKms,
        KeyKind::Pgp,
    ];
    let list = |kind: KeyKind| {
        let keys = group.0.iter().filter(|key| key.kind() == kind);
        let entries: Vec<Element> = keys.map(|key| Element::Node(entry(key))).collect();
        let always = in_group && matches!(kind, KeyKind::Age | KeyKind::VaultTransit);
        (always || !entries.is_empty()).then(|| (kind.word(), Node::Sequence(entries)))
    };
    ORDER.into_iter().filter_map(list).collect()
}

fn entry(key: &MasterKey) -> Node {
    mapping(match key {
        MasterKey::Age { recipient, enc } => vec![("enc", text(enc)), ("recipient", text(recipient))],
        MasterKey::AwsKms {
            arn,
            role,
            context,
            aws_profile,
            created_at,
            enc,
        } => {
            let mut fields = vec![("arn", text(arn)), ("aws_profile", text(aws_profile))];
            if !context.is_empty() {
                fields.push(("context", sorted(context)));
            }
            fields.extend([("created_at", text(created_at)), ("enc", text(enc))]);
            if !role.is_empty() {
                fields.push(("role", text(role)));
            }
            fields
        }
        MasterKey::AzureKeyVault {
            vault_url,
            name,
            version,
            created_at,
            enc,
        } => vec![
            ("created_at", text(created_at)),
            ("enc", text(enc)),
            ("name", text(name)),
            ("vault_url", text(vault_url)),
            ("version", text(version)),
        ],
        MasterKey::GcpKms {
            resource_id,
            created_at,
            enc,
        } => {
            vec![
                ("created_at", text(created_at)),
                ("enc", text(enc)),
                ("resource_id", text(resource_id)),
            ]
        }
        MasterKey::HuaweiKms {
            key_id,
            created_at,
            enc,
        } => {
            vec![
                ("created_at", text(created_at)),
                ("enc", text(enc)),
                ("key_id", text(key_id)),
            ]
        }
        MasterKey::Pgp {
            fingerprint,
            created_at,
            enc,
        } => {
            vec![
                ("created_at", text(created_at)),
                ("enc", text(enc)),
                ("fp", text(fingerprint)),
            ]
        }
        MasterKey::VaultTransit {
            vault_address,
            engine_path,
            key_name,
            created_at,
            enc,
        } => vec![
            ("created_at", text(created_at)),
            ("enc", text(enc)),
            ("engine_path", text(engine_path)),
            ("key_name", text(key_name)),
            ("vault_address", text(vault_address)),
        ],
    })
}

fn sorted(context: &[(String, String)]) -> Node {
    let mut pairs: Vec<(&str, Node)> = context
        .iter()
        .map(|(key, value)| (key.as_str(), text(value)))
        .collect();
    pairs.sort_by_key(|(key, _)| *key);
    mapping(pairs)
}

fn mapping(fields: Vec<(&str, Node)>) -> Node {
    let pair = |(field, node): (&str, Node)| Entry::Pair(key(field), node);
    Node::Mapping(fields.into_iter().map(pair).collect())
}

pub(super) fn key(text: &str) -> Key {
    Key {
        text: text.to_owned().into(),
        is_string: true,
        at: 0,
    }
}

pub(super) fn text(text: &str) -> Node {
    leaf(Value::str(text))
}

pub(super) fn leaf(value: Value) -> Node {
    Node::Leaf(Leaf {
        value,
        spelling: None,
        changed: false,
        place: Place::None,
        inline: false,
        stays_encrypted: false,
    })
}
