//! The header of a file: which values are encrypted, and for whom, from flags, rule or the file itself
//! (spec/sops-cli §9.4).

use sops::config::CreationRule;
use sops::tree::{Element, Entry, Leaf, Node};
use sops::{Document, Header, KeyGroup, Metadata, SOPS_VERSION, Selector, Value};

use super::steps::DEFAULT_SUFFIX;
use crate::args::SelectorArgs;
use crate::error::{CliError, Kind};

/// The header of a new file; its keys are filled in when they have wrapped the data key.
///
/// # Errors
///
/// Two selections: exit 8.
pub fn new_header(
    flags: &SelectorArgs,
    rule: Option<&CreationRule>,
    mac_only_encrypted: bool,
) -> Result<Header, CliError> {
    Ok(Header {
        key_groups: Vec::new(),
        shamir_threshold: 0,
        selector: selector(flags, rule.and_then(|rule| rule.selector.as_ref()))?,
        mac_only_encrypted: mac_only_encrypted || rule.is_some_and(|rule| rule.mac_only_encrypted),
        version: SOPS_VERSION.to_owned(),
    })
}

/// The header of a file that stays as it is.
pub fn header_of(metadata: &Metadata) -> Header {
    Header {
        key_groups: metadata.key_groups.clone(),
        shamir_threshold: metadata.shamir_threshold,
        selector: metadata.selector.clone(),
        mac_only_encrypted: metadata.mac_only_encrypted,
        version: metadata.version.clone(),
    }
}

/// The keys of a new file: those that flags name, else those of the rule.
///
/// # Errors
///
/// Nobody names any.
pub fn groups(named: Option<&KeyGroup>, rule: Option<&CreationRule>) -> Result<Vec<KeyGroup>, CliError> {
    if let Some(group) = named {
        return Ok(vec![group.clone()]);
    }
    let Some(rule) = rule else {
        return Err(CliError::new(
            Kind::Generic,
            "config file not found, or has no creation rules, and no keys provided through command line options",
        )
        .hint("write a creation rule into .sops.yaml, or name recipients with --age"));
    };
    for group in &rule.key_groups {
        crate::keys::refuse_private_keys(&group.0, &format!("the creation rule on line {}", rule.line))?;
    }
    Ok(rule.key_groups.clone())
}

/// The threshold that is written: none for one group, all groups where nothing is said.
pub fn threshold(asked: u32, groups: usize) -> u32 {
    match (groups, asked) {
        (0 | 1, asked) => asked,
        (groups, 0) => u32::try_from(groups).unwrap_or(u32::MAX),
        (_, asked) => asked,
    }
}

/// Whether a flag says which values are encrypted.
pub fn is_given(flags: &SelectorArgs) -> bool {
    of_flags(flags).next().is_some()
}

/// Each flag replaces the rule's field of the same name; at most one may remain.
fn selector(flags: &SelectorArgs, rule: Option<&Selector>) -> Result<Selector, CliError> {
    let mut all: Vec<Selector> = of_flags(flags).collect();
    if let Some(rule) = rule {
        let same_field = |flag: &Selector| std::mem::discriminant(flag) == std::mem::discriminant(rule);
        if !all.iter().any(same_field) {
            all.push(rule.clone());
        }
    }
    if let Some((field, _)) = all.iter().find(|one| !one.is_valid()).and_then(Selector::field) {
        // It would hit nothing, and all values stay in clear without a word.
        return Err(
            CliError::new(Kind::Generic, format!("{field} is not a valid regex"))
                .hint("correct it; the syntax is RE2, without look-around and back-references"),
        );
    }
    match all.len() {
        0 => Ok(Selector::UnencryptedSuffix(DEFAULT_SUFFIX.to_owned())),
        1 => Ok(all.remove(0)),
        _ => Err(CliError::new(
            Kind::Conflicting,
            "cannot use more than one of encrypted_suffix, unencrypted_suffix, encrypted_regex, unencrypted_regex, \
             encrypted_comment_regex, or unencrypted_comment_regex in the same file",
        )
        .hint("the flags count together with the matching rule of .sops.yaml")),
    }
}

fn of_flags(flags: &SelectorArgs) -> impl Iterator<Item = Selector> {
    let text = |flag: &Option<String>| flag.clone().filter(|text| !text.is_empty());
    [
        text(&flags.unencrypted_suffix).map(Selector::UnencryptedSuffix),
        text(&flags.encrypted_suffix).map(Selector::EncryptedSuffix),
        text(&flags.unencrypted_regex).map(Selector::UnencryptedRegex),
        text(&flags.encrypted_regex).map(Selector::EncryptedRegex),
        text(&flags.unencrypted_comment_regex).map(Selector::UnencryptedCommentRegex),
        text(&flags.encrypted_comment_regex).map(Selector::EncryptedCommentRegex),
    ]
    .into_iter()
    .flatten()
}

/// Whether any value is ciphertext.
pub fn has_ciphertext(document: &Document) -> bool {
    document
        .branches()
        .iter()
        .any(|branch| branch.entries().iter().any(entry_has))
}

fn entry_has(entry: &Entry) -> bool {
    match entry {
        Entry::Pair(_, node) => node_has(node),
        Entry::Comment(leaf) => leaf_has(leaf),
    }
}

// The depth of a tree is capped when it is read (spec/security S-20).
fn node_has(node: &Node) -> bool {
    match node {
        Node::Mapping(entries) => entries.iter().any(entry_has),
        Node::Sequence(elements) => elements.iter().any(|element| match element {
            Element::Node(node) => node_has(node),
            Element::Comment(leaf) => leaf_has(leaf),
        }),
        Node::Leaf(leaf) => leaf_has(leaf),
    }
}

fn leaf_has(leaf: &Leaf) -> bool {
    matches!(&leaf.value, Value::Str(text) if sops::cipher::is_encrypted(&**text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(regex: Option<&str>, suffix: Option<&str>) -> SelectorArgs {
        SelectorArgs {
            encrypted_regex: regex.map(str::to_owned),
            encrypted_suffix: suffix.map(str::to_owned),
            ..SelectorArgs::default()
        }
    }

    #[test]
    fn at_most_one_selection_counts() {
        let rule = Selector::EncryptedRegex("^data$".to_owned());
        let regex = |text: &str| Some(Selector::EncryptedRegex(text.to_owned()));
        for (name, flags, rule, want) in [
            (
                "nothing",
                flags(None, None),
                None,
                Some(Selector::UnencryptedSuffix("_unencrypted".to_owned())),
            ),
            ("the rule", flags(None, None), Some(&rule), regex("^data$")),
            (
                "a flag of the same field",
                flags(Some("^x$"), None),
                Some(&rule),
                regex("^x$"),
            ),
            (
                "an empty flag",
                flags(Some(""), None),
                Some(&rule),
                regex("^data$"),
            ),
            (
                "a flag of another field",
                flags(None, Some("_s")),
                Some(&rule),
                None,
            ),
            ("two flags", flags(Some("^x$"), Some("_s")), None, None),
            ("a regex that hits nothing", flags(Some("["), None), None, None),
            (
                "a regex that is too large",
                flags(Some("(a{1000}){1000}"), None),
                None,
                None,
            ),
        ] {
            assert_eq!(selector(&flags, rule).ok(), want, "case: {name}");
        }
    }

    #[test]
    fn the_threshold_of_several_groups_is_never_left_out() {
        for (asked, groups, want) in [(0, 1, 0), (0, 3, 3), (2, 3, 2), (2, 1, 2)] {
            assert_eq!(threshold(asked, groups), want, "{asked} of {groups}");
        }
    }
}
