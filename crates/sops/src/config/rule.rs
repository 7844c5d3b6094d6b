//! The fields of a config: rules, key groups, stores (spec/sops-cli §9.2).

use yaml::{Budget, NodeId, Stream};

use super::read::{Field, Reader};
use super::{Config, CreationRule, StoreSettings};
use crate::selector::compile;
use crate::{ConfigError, KeyGroup, MasterKey, Selector};

pub(super) fn parse(text: &str) -> Result<Config, ConfigError> {
    let stream = Stream::parse(text, &Budget::default()).map_err(|error| ConfigError {
        line: error.at.line,
        column: error.at.column,
        what: error.what.to_owned(),
    })?;
    let root = stream.documents().first().map(|document| document.root);
    let mut reader = Reader {
        stream,
        warnings: Vec::new(),
    };
    let mut config = Config {
        creation_rules: None,
        stores: StoreSettings::default(),
        warnings: Vec::new(),
    };
    let Some(root) = root else { return Ok(config) };
    for field in reader.mapping(root, "the config")? {
        match field.name.as_str() {
            "creation_rules" if reader.is_null(field.value) => {}
            "creation_rules" => config.creation_rules = Some(rules(&mut reader, field.value)?),
            "stores" => config.stores = stores(&mut reader, field.value)?,
            // For publishing, which is not ours.
            "destination_rules" => {}
            _ if reader.has_anchor(field.value) => {}
            _ => reader.unknown(&field, "the config", TOP_FIELDS),
        }
    }
    config.warnings = reader.warnings;
    config
        .warnings
        .sort_by_key(|warning| (warning.line, warning.column));
    Ok(config)
}

fn rules(reader: &mut Reader<'_>, node: NodeId) -> Result<Vec<CreationRule>, ConfigError> {
    let mut rules: Vec<CreationRule> = Vec::new();
    for element in reader.list(node, "creation_rules")? {
        let rule = rule(reader, element)?;
        let shadow = rules.iter().find_map(|earlier| {
            if matches_all(&earlier.path_regex) {
                Some(format!("the rule on line {} matches every path", earlier.line))
            } else if earlier.path_regex == rule.path_regex {
                Some(format!(
                    "the rule on line {} has the same path_regex",
                    earlier.line
                ))
            } else {
                None
            }
        });
        if let Some(shadow) = shadow {
            reader.warn(element, format!("this creation rule can never match: {shadow}"));
        }
        rules.push(rule);
    }
    Ok(rules)
}

/// Patterns that are known to match every path.
fn matches_all(pattern: &str) -> bool {
    matches!(
        pattern,
        "" | "." | ".*" | ".+" | "^" | "$" | "^.*" | "^.*$" | ".*$" | "^.+$" | "(.*)" | "^(.*)$"
    )
}

fn rule(reader: &mut Reader<'_>, node: NodeId) -> Result<CreationRule, ConfigError> {
    let mut rule = CreationRule {
        line: reader.line(node),
        path_regex: String::new(),
        matcher: None,
        key_groups: Vec::new(),
        shamir_threshold: 0,
        selector: None,
        mac_only_encrypted: false,
    };
    let mut flat = Flat::default();
    let mut flat_field: Option<Field> = None;
    for field in reader.mapping(node, "a creation rule")? {
        let (name, value) = (field.name.as_str(), field.value);
        match name {
            "path_regex" => {
                rule.path_regex = reader.text(value, name)?;
                if !rule.path_regex.is_empty() {
                    let regex = compile(&rule.path_regex);
                    rule.matcher =
                        Some(regex.map_err(|_| reader.error(value, "path_regex is not a valid regex"))?);
                }
            }
            "key_groups" => {
                for group in reader.list(value, name)? {
                    let mut keys = Vec::new();
                    key_group(reader, group, &mut keys, 0)?;
                    rule.key_groups.push(KeyGroup(without_duplicates(keys)));
                }
            }
            "shamir_threshold" => {
                let threshold = reader.int(value, name)?;
                let valid = u32::try_from(threshold)
                    .ok()
                    .filter(|threshold| *threshold <= 255);
                rule.shamir_threshold = valid
                    .ok_or_else(|| reader.error(value, "shamir_threshold must lie between 0 and 255"))?;
            }
            "mac_only_encrypted" => rule.mac_only_encrypted = reader.flag(value, name)?,
            _ if FLAT_FIELDS.contains(&name) => {
                flat.read(reader, name, value)?;
                flat_field = flat_field.or(Some(field));
            }
            _ => match selection(reader, &field)? {
                Read::Unknown => reader.unknown(&field, "a creation rule", RULE_FIELDS),
                Read::Empty => {}
                Read::Selector(selector) if rule.selector.is_none() => rule.selector = Some(selector),
                Read::Selector(_) => {
                    return Err(reader.error(
                        field.key,
                        "only one of the six selection fields can be used in a creation rule",
                    ));
                }
            },
        }
    }
    match flat_field {
        Some(field) if !rule.key_groups.is_empty() => {
            reader.warn(
                field.key,
                format!("{} is ignored: the rule has key_groups", field.name),
            );
        }
        _ if rule.key_groups.is_empty() => rule.key_groups.push(flat.group()),
        _ => {}
    }
    Ok(rule)
}

enum Read {
    Unknown,
    Empty,
    Selector(Selector),
}

fn selection(reader: &Reader<'_>, field: &Field) -> Result<Read, ConfigError> {
    if Selector::from_field(&field.name, String::new()).is_none() {
        return Ok(Read::Unknown);
    }
    let text = reader.text(field.value, &field.name)?;
    if text.is_empty() {
        return Ok(Read::Empty);
    }
    if field.name.ends_with("_regex") && compile(&text).is_err() {
        // SOPS takes it and matches nothing: a rule that encrypts nothing, or all, unasked.
        return Err(reader.error(field.value, format!("{} is not a valid regex", field.name)));
    }
    Ok(Selector::from_field(&field.name, text).map_or(Read::Unknown, Read::Selector))
}

/// The flat key fields of a rule: one group, in the order of SOPS whatever their order in the file.
#[derive(Default)]
struct Flat {
    lists: [Vec<MasterKey>; 7],
    aws_profile: String,
}

impl Flat {
    fn read(&mut self, reader: &Reader<'_>, name: &str, value: NodeId) -> Result<(), ConfigError> {
        if name == "aws_profile" {
            self.aws_profile = reader.text(value, name)?;
            return Ok(());
        }
        let (at, make): (usize, fn(&str) -> Option<MasterKey>) = match name {
            "age" => (0, |text| Some(MasterKey::age(text))),
            "pgp" => (1, |text| Some(MasterKey::pgp(text))),
            "kms" => (2, |text| Some(MasterKey::aws_kms(text))),
            "gcp_kms" => (3, |text| Some(MasterKey::gcp_kms(text))),
            "hckms" => (4, |text| Some(MasterKey::huawei_kms(text))),
            "azure_keyvault" => (5, MasterKey::azure_key_vault),
            _ => (6, MasterKey::vault_transit),
        };
        for (node, text) in names(reader, name, value)? {
            let key = make(&text).ok_or_else(|| reader.error(node, format!("not a key of {name}")))?;
            self.lists[at].push(key);
        }
        Ok(())
    }

    fn group(self) -> KeyGroup {
        let mut keys: Vec<MasterKey> = self.lists.into_iter().flatten().collect();
        for key in &mut keys {
            if let MasterKey::AwsKms { aws_profile, .. } = key {
                aws_profile.clone_from(&self.aws_profile);
            }
        }
        KeyGroup(keys)
    }
}

/// One text with commas, or a list of texts; blanks around and empty items are dropped.
fn names(reader: &Reader<'_>, field: &str, value: NodeId) -> Result<Vec<(NodeId, String)>, ConfigError> {
    let nodes = if reader.is_list(value) {
        reader.list(value, field)?
    } else {
        vec![value]
    };
    let mut names = Vec::new();
    for node in nodes {
        let text = reader.text(node, field)?;
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        names.extend(items.map(|item| (node, item.to_owned())));
    }
    Ok(names)
}

/// The keys of a group; those of `merge` come first.
fn key_group(
    reader: &mut Reader<'_>,
    node: NodeId,
    keys: &mut Vec<MasterKey>,
    depth: u8,
) -> Result<(), ConfigError> {
    if depth > MAX_GROUP_DEPTH {
        return Err(reader.error(node, "key groups merged too deeply"));
    }
    let fields = reader.mapping(node, "a key group")?;
    if let Some(merge) = fields.iter().find(|field| field.name == "merge") {
        for group in reader.list(merge.value, "merge")? {
            key_group(reader, group, keys, depth + 1)?;
        }
    }
    for field in &fields {
        if field.name != "merge" && !GROUP_FIELDS.contains(&field.name.as_str()) {
            reader.unknown(field, "a key group", GROUP_FIELDS);
        }
    }
    // In SOPS' order of kinds, whatever the order of the fields.
    for kind in GROUP_FIELDS {
        let Some(field) = fields.iter().find(|field| field.name == *kind) else {
            continue;
        };
        match *kind {
            "age" | "pgp" | "hc_vault" => {
                let mut flat = Flat::default();
                flat.read(reader, kind, field.value)?;
                keys.extend(flat.group().0);
            }
            "merge" => {}
            kind => {
                for element in reader.list(field.value, kind)? {
                    keys.push(key_mapping(reader, kind, element)?);
                }
            }
        }
    }
    Ok(())
}

/// A key of a group that is written as a mapping.
fn key_mapping(reader: &mut Reader<'_>, kind: &str, node: NodeId) -> Result<MasterKey, ConfigError> {
    let known: &[&str] = match kind {
        "kms" => &["arn", "role", "context", "aws_profile"],
        "gcp_kms" => &["resource_id"],
        "hckms" => &["key_id"],
        _ => &["vaultUrl", "key", "version"],
    };
    let fields = reader.mapping(node, kind)?;
    for field in &fields {
        if !known.contains(&field.name.as_str()) {
            reader.unknown(field, kind, known);
        }
    }
    let reader = &*reader;
    let find = |name: &str| {
        fields
            .iter()
            .find(|field| field.name == name)
            .map(|field| field.value)
    };
    let text = |name: &str| find(name).map_or(Ok(String::new()), |value| reader.text(value, name));
    Ok(match kind {
        "kms" => {
            let mut context = Vec::new();
            if let Some(value) = find("context") {
                for field in reader.mapping(value, "context")? {
                    if !reader.is_null(field.value) {
                        context.push((field.name, reader.text(field.value, "context")?));
                    }
                }
            }
            MasterKey::AwsKms {
                arn: text("arn")?,
                role: text("role")?,
                context,
                aws_profile: text("aws_profile")?,
                created_at: String::new(),
                enc: String::new(),
            }
        }
        "gcp_kms" => MasterKey::gcp_kms(&text("resource_id")?),
        "hckms" => MasterKey::huawei_kms(&text("key_id")?),
        _ => MasterKey::AzureKeyVault {
            vault_url: text("vaultUrl")?,
            name: text("key")?,
            version: text("version")?,
            created_at: String::new(),
            enc: String::new(),
        },
    })
}

/// The first of each type and name.
fn without_duplicates(keys: Vec<MasterKey>) -> Vec<MasterKey> {
    let mut seen = std::collections::BTreeSet::new();
    keys.into_iter()
        .filter(|key| seen.insert((key.kind(), key.name())))
        .collect()
}

fn stores(reader: &mut Reader<'_>, node: NodeId) -> Result<StoreSettings, ConfigError> {
    let mut settings = StoreSettings::default();
    for field in reader.mapping(node, "stores")? {
        let slot = match field.name.as_str() {
            "yaml" => Some(&mut settings.yaml_indent),
            "json" => Some(&mut settings.json_indent),
            "json_binary" => Some(&mut settings.json_binary_indent),
            "dotenv" | "ini" => None,
            _ => {
                reader.unknown(&field, "stores", STORE_FIELDS);
                continue;
            }
        };
        let place = format!("stores.{}", field.name);
        let inner = reader.mapping(field.value, &place)?;
        let mut indent = None;
        for setting in &inner {
            match (&slot, setting.name.as_str()) {
                (Some(_), "indent") => indent = Some(reader.int(setting.value, "indent")?),
                (Some(_), _) => reader.unknown(setting, &place, &["indent"]),
                (None, _) => reader.unknown(setting, &place, &[]),
            }
        }
        if let Some(slot) = slot {
            *slot = indent;
        }
    }
    Ok(settings)
}

const TOP_FIELDS: &[&str] = &["creation_rules", "destination_rules", "stores"];
const STORE_FIELDS: &[&str] = &["dotenv", "ini", "json", "json_binary", "yaml"];
const GROUP_FIELDS: &[&str] = &[
    "merge",
    "age",
    "pgp",
    "kms",
    "gcp_kms",
    "hckms",
    "azure_keyvault",
    "hc_vault",
];
const FLAT_FIELDS: &[&str] = &[
    "age",
    "pgp",
    "kms",
    "gcp_kms",
    "hckms",
    "azure_keyvault",
    "hc_vault_transit_uri",
    "aws_profile",
];
const RULE_FIELDS: &[&str] = &[
    "path_regex",
    "age",
    "pgp",
    "kms",
    "gcp_kms",
    "hckms",
    "azure_keyvault",
    "hc_vault_transit_uri",
    "aws_profile",
    "key_groups",
    "shamir_threshold",
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
    "mac_only_encrypted",
];

/// Levels of `merge` in key groups.
const MAX_GROUP_DEPTH: u8 = 20;
