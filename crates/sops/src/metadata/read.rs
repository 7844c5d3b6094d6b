//! Reading a block with the tolerance of SOPS (spec/sops-format §7.3): any order, unknown fields, null lists, loose
//! scalars, files of all versions since 3.6.

use crate::tree::{Element, Entry, Node};
use crate::value::seconds_rfc3339;
use crate::{KeyGroup, KeyKind, MasterKey, Metadata, ReadError, Selector, Value};

impl Metadata {
    /// Reads the value of the `sops` entry. Where no selection rule is set, `_unencrypted` is filled in, as SOPS does.
    ///
    /// # Errors
    ///
    /// Names the field, and what is wrong with it.
    pub(crate) fn from_node(node: &Node) -> Result<Self, ReadError> {
        let block = Fields::of(node, "sops")?;
        let flat = group(&block)?;
        let key_groups = if flat.0.is_empty() {
            let groups = block.list("key_groups")?;
            groups
                .iter()
                .map(|node| group(&Fields::of(node, "key_groups")?))
                .collect::<Result<Vec<_>, _>>()?
        } else {
            vec![flat]
        };
        if key_groups.iter().all(|group| group.0.is_empty()) {
            return Err(ReadError::NoKeys);
        }
        Ok(Self {
            key_groups,
            shamir_threshold: block.threshold()?,
            last_modified: block.time("lastmodified", Absent::IsAnError)?,
            mac: block.text("mac")?,
            mac_only_encrypted: block.flag("mac_only_encrypted")?,
            selector: selector(&block)?,
            version: block.text("version")?,
        })
    }
}

/// The keys of the seven lists, in SOPS' order.
fn group(fields: &Fields<'_>) -> Result<KeyGroup, ReadError> {
    const ORDER: [KeyKind; 7] = [
        KeyKind::AwsKms,
        KeyKind::GcpKms,
        KeyKind::HuaweiKms,
        KeyKind::AzureKeyVault,
        KeyKind::VaultTransit,
        KeyKind::Pgp,
        KeyKind::Age,
    ];
    let mut keys = Vec::new();
    for kind in ORDER {
        for node in fields.list(kind.word())? {
            keys.push(master_key(kind, &Fields::of(node, kind.word())?)?);
        }
    }
    Ok(KeyGroup(keys))
}

fn master_key(kind: KeyKind, entry: &Fields<'_>) -> Result<MasterKey, ReadError> {
    let enc = entry.text("enc")?;
    let created_at = entry.time("created_at", Absent::IsEmpty)?;
    Ok(match kind {
        KeyKind::Age => MasterKey::Age {
            recipient: entry.text("recipient")?,
            enc,
        },
        KeyKind::AwsKms => MasterKey::AwsKms {
            arn: entry.text("arn")?,
            role: entry.text("role")?,
            context: context(entry)?,
            aws_profile: entry.text("aws_profile")?,
            created_at,
            enc,
        },
        KeyKind::AzureKeyVault => MasterKey::AzureKeyVault {
            vault_url: entry.text("vault_url")?,
            name: entry.text("name")?,
            version: entry.text("version")?,
            created_at,
            enc,
        },
        KeyKind::GcpKms => MasterKey::GcpKms {
            resource_id: entry.text("resource_id")?,
            created_at,
            enc,
        },
        KeyKind::HuaweiKms => MasterKey::HuaweiKms {
            key_id: entry.text("key_id")?,
            created_at,
            enc,
        },
        KeyKind::Pgp => MasterKey::Pgp {
            fingerprint: entry.text("fp")?,
            created_at,
            enc,
        },
        KeyKind::VaultTransit => MasterKey::VaultTransit {
            vault_address: entry.text("vault_address")?,
            engine_path: entry.text("engine_path")?,
            key_name: entry.text("key_name")?,
            created_at,
            enc,
        },
    })
}

/// An encryption context. Null values are skipped.
fn context(entry: &Fields<'_>) -> Result<Vec<(String, String)>, ReadError> {
    let node = match entry.get("context") {
        None => return Ok(Vec::new()),
        Some(Node::Leaf(leaf)) if is_nothing(&leaf.value) => return Ok(Vec::new()),
        Some(node) => node,
    };
    let pairs = Fields::of(node, "context")?;
    let mut context = Vec::new();
    for (key, value) in pairs.pairs() {
        if !matches!(value, Node::Leaf(leaf) if matches!(leaf.value, Value::Null)) {
            context.push((key.to_owned(), text_of(value, "context")?));
        }
    }
    Ok(context)
}

fn selector(block: &Fields<'_>) -> Result<Selector, ReadError> {
    let mut found: Option<Selector> = None;
    for field in SELECTOR_FIELDS {
        let text = block.text(field)?;
        if text.is_empty() {
            continue;
        }
        if found.is_some() {
            return Err(bad(field, "cannot be used together with another selection field"));
        }
        found = Selector::from_field(field, text);
    }
    Ok(found.unwrap_or_default())
}

/// A mapping of the block, by field name.
struct Fields<'n>(&'n [Entry]);

enum Absent {
    IsAnError,
    IsEmpty,
}

impl<'n> Fields<'n> {
    fn of(node: &'n Node, field: &str) -> Result<Self, ReadError> {
        match node {
            Node::Mapping(entries) => Ok(Self(entries)),
            Node::Sequence(_) | Node::Leaf(_) => Err(bad(field, "is not a mapping")),
        }
    }

    fn pairs(&self) -> impl Iterator<Item = (&'n str, &'n Node)> {
        self.0.iter().filter_map(|entry| match entry {
            Entry::Pair(key, node) => Some((key.text.as_str(), node)),
            Entry::Comment(_) => None,
        })
    }

    fn get(&self, field: &str) -> Option<&'n Node> {
        self.pairs().find(|(key, _)| *key == field).map(|(_, node)| node)
    }

    /// Absent, null and the empty text are no list at all; the last is what unflattening may leave.
    fn list(&self, field: &str) -> Result<Vec<&'n Node>, ReadError> {
        match self.get(field) {
            None => Ok(Vec::new()),
            Some(Node::Leaf(leaf)) if is_nothing(&leaf.value) => Ok(Vec::new()),
            Some(Node::Sequence(elements)) => Ok(elements
                .iter()
                .filter_map(|element| match element {
                    Element::Node(node) => Some(node),
                    Element::Comment(_) => None,
                })
                .collect()),
            Some(Node::Mapping(_) | Node::Leaf(_)) => Err(bad(field, "is not a list")),
        }
    }

    fn text(&self, field: &str) -> Result<String, ReadError> {
        self.get(field)
            .map_or(Ok(String::new()), |node| text_of(node, field))
    }

    fn time(&self, field: &str, absent: Absent) -> Result<String, ReadError> {
        let text = self.text(field)?;
        let empty_is_fine = matches!(absent, Absent::IsEmpty);
        if text.is_empty() && empty_is_fine || seconds_rfc3339(&text).is_some() {
            Ok(text)
        } else {
            Err(bad(field, "is not an RFC 3339 time"))
        }
    }

    fn flag(&self, field: &str) -> Result<bool, ReadError> {
        let wrong = || bad(field, "is not true or false");
        match self.leaf(field)? {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::Int(int)) => Ok(*int != 0),
            Some(Value::Str(text)) if text.is_empty() => Ok(false),
            Some(Value::Str(text)) => match Value::restore("bool", text) {
                Some(Value::Bool(flag)) => Ok(flag),
                _ => Err(wrong()),
            },
            Some(Value::Uint64(_) | Value::Float(_) | Value::Time(_)) => Err(wrong()),
        }
    }

    fn threshold(&self) -> Result<u32, ReadError> {
        let field = "shamir_threshold";
        let wrong = || bad(field, "is not a number of key groups");
        let number = match self.leaf(field)? {
            None | Some(Value::Null) => 0,
            Some(Value::Int(int)) => *int,
            Some(Value::Bool(flag)) => i64::from(*flag),
            Some(Value::Float(float)) if float.fract() == 0.0 && float.abs() < 1e9 => *float as i64,
            Some(Value::Str(text)) if text.is_empty() => 0,
            Some(Value::Str(text)) => match Value::restore("int", text) {
                Some(Value::Int(int)) => int,
                _ => return Err(wrong()),
            },
            Some(Value::Uint64(_) | Value::Float(_) | Value::Time(_)) => return Err(wrong()),
        };
        u32::try_from(number)
            .ok()
            .filter(|number| *number <= MAX_GROUPS)
            .ok_or_else(wrong)
    }

    fn leaf(&self, field: &str) -> Result<Option<&'n Value>, ReadError> {
        match self.get(field) {
            None => Ok(None),
            Some(Node::Leaf(leaf)) => Ok(Some(&leaf.value)),
            Some(Node::Mapping(_) | Node::Sequence(_)) => Err(bad(field, "is not a scalar")),
        }
    }
}

/// The text of a scalar where a text is wanted: numbers become decimal, null is empty.
fn text_of(node: &Node, field: &str) -> Result<String, ReadError> {
    let Node::Leaf(leaf) = node else {
        return Err(bad(field, "is not a text"));
    };
    match &leaf.value {
        Value::Null => Ok(String::new()),
        Value::Str(bytes) => std::str::from_utf8(bytes)
            .map(str::to_owned)
            .map_err(|_| bad(field, "is not UTF-8 text")),
        // As it stood: a key id of digits only may begin with zeros.
        other => {
            let text = match &leaf.spelling {
                Some(spelling) => spelling.to_string(),
                None => String::from_utf8_lossy(&other.canonical()).into_owned(),
            };
            Ok(text)
        }
    }
}

fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Null) || matches!(value, Value::Str(text) if text.is_empty())
}

fn bad(field: &str, what: &'static str) -> ReadError {
    ReadError::BadMetadata {
        field: field.to_owned(),
        what,
    }
}

/// The six selection fields.
const SELECTOR_FIELDS: [&str; 6] = [
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
];

/// A Shamir share has one byte for its number.
const MAX_GROUPS: u32 = 255;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
