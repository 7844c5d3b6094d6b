//! `.sops.yaml`: creation rules, store settings; unknown fields and dead rules are told with line and column.
//!
//! Source: spec/sops-cli §9.

mod read;
mod rule;

use crate::{ConfigError, KeyGroup, Selector};

/// A parsed `.sops.yaml`.
pub struct Config {
    /// In order; the first that matches counts. `None`: the key is absent (as if there were no config).
    pub creation_rules: Option<Vec<CreationRule>>,
    /// `stores.*.indent`.
    pub stores: StoreSettings,
    /// Unknown fields, rules that can never match, keys that are not looked at.
    pub warnings: Vec<ConfigWarning>,
}

/// One creation rule.
pub struct CreationRule {
    /// Line in the file, from 1.
    pub line: usize,
    /// The text of `path_regex`; empty matches all.
    pub path_regex: String,
    pub(crate) matcher: Option<regex::bytes::Regex>,
    /// Keys, not wrapped yet. One group from the flat fields (possibly empty), or `key_groups`.
    pub key_groups: Vec<KeyGroup>,
    /// 0 if absent.
    pub shamir_threshold: u32,
    /// `None` if the rule has no selection field.
    pub selector: Option<Selector>,
    /// Whether the MAC covers encrypted values only.
    pub mac_only_encrypted: bool,
}

/// `stores:` of the config. `None` where absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreSettings {
    /// Columns; 0 is the default of 4.
    pub yaml_indent: Option<i64>,
    /// Spaces; −1 is a tab.
    pub json_indent: Option<i64>,
    /// Spaces; −1 is a tab.
    pub json_binary_indent: Option<i64>,
}

/// Something in the config that has no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigWarning {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What, with the name of the field.
    pub message: String,
}

impl Config {
    /// Reads a config. Anchors and merge keys work.
    ///
    /// # Errors
    ///
    /// Not YAML, duplicate keys, wrong types, an invalid regex, two selection fields in one rule: with line and column.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        rule::parse(text)
    }

    /// The first rule that matches a path. The caller has already made it absolute and removed the
    /// folder of the config (spec/sops-cli §9.3).
    pub fn rule_for(&self, path: &[u8]) -> Option<&CreationRule> {
        let mut rules = self.creation_rules.iter().flatten();
        rules.find(|rule| rule.matcher.as_ref().is_none_or(|regex| regex.is_match(path)))
    }
}
