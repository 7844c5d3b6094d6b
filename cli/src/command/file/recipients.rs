//! Who gains and who loses access when the keys of a file change.

use sops::{KeyGroup, MasterKey};

use crate::ui;

/// The names of all keys, in the order of the groups, each once: for comparing, never for the eye.
pub fn names(groups: &[KeyGroup]) -> Vec<String> {
    unique(groups, MasterKey::name)
}

/// The same for people and reports. Whoever wrote the file chose these texts: a private key is not repeated (T18), and
/// nothing in them can fake or hide a line of the list.
pub fn shown_names(groups: &[KeyGroup]) -> Vec<String> {
    unique(groups, shown)
}

/// The name of one key for people.
pub fn shown(key: &MasterKey) -> String {
    ui::one_line(&providers::public_name(key))
}

fn unique(groups: &[KeyGroup], name: impl Fn(&MasterKey) -> String) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in groups.iter().flat_map(|group| &group.0).map(name) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What changes in one group, by the names of its keys as they are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupChange {
    /// In both, in the order of the rule.
    pub stays: Vec<String>,
    /// In the new group only.
    pub added: Vec<String>,
    /// In the old group only.
    pub removed: Vec<String>,
}

/// What changes in all groups, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// One per group, of whichever side has more.
    pub groups: Vec<GroupChange>,
}

/// Compares the keys of a file with those it is to have.
pub fn changes(old: &[KeyGroup], new: &[KeyGroup]) -> Changes {
    let none = KeyGroup::default();
    let count = old.len().max(new.len());
    let groups = (0..count).map(|number| {
        let old = &old.get(number).unwrap_or(&none).0;
        let new = &new.get(number).unwrap_or(&none).0;
        let was = names_of(old);
        let is = names_of(new);
        let pick = |keys: &[MasterKey], want: &dyn Fn(&String) -> bool| {
            let picked = keys.iter().filter(|key| want(&key.name())).cloned();
            shown_names(&[KeyGroup(picked.collect())])
        };
        GroupChange {
            stays: pick(new, &|name| was.contains(name)),
            added: pick(new, &|name| !was.contains(name)),
            removed: pick(old, &|name| !is.contains(name)),
        }
    });
    Changes {
        groups: groups.collect(),
    }
}

fn names_of(keys: &[MasterKey]) -> Vec<String> {
    keys.iter().map(MasterKey::name).collect()
}

impl Changes {
    /// Whether every group keeps its keys.
    pub fn is_empty(&self) -> bool {
        self.groups
            .iter()
            .all(|group| group.added.is_empty() && group.removed.is_empty())
    }

    /// Who can open the file afterwards and could not before.
    pub fn added(&self) -> Vec<String> {
        self.groups.iter().flat_map(|group| group.added.clone()).collect()
    }

    /// Who could open the file before and cannot afterwards.
    pub fn removed(&self) -> Vec<String> {
        self.groups
            .iter()
            .flat_map(|group| group.removed.clone())
            .collect()
    }

    /// For people: one line a key.
    pub fn lines(&self) -> Vec<String> {
        let stays = self
            .groups
            .iter()
            .flat_map(|group| &group.stays)
            .map(|name| format!("    keeps access: {name}"));
        let added = self
            .added()
            .into_iter()
            .map(|name| format!("  + gains access: {name}"));
        let removed = self
            .removed()
            .into_iter()
            .map(|name| format!("  - loses access: {name}"));
        stays.chain(added).chain(removed).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(names: &[&str]) -> KeyGroup {
        KeyGroup(names.iter().map(|name| MasterKey::age(*name)).collect())
    }

    #[test]
    fn changes_are_by_group_and_ignore_the_order() {
        assert!(changes(&[group(&["a", "b"])], &[group(&["b", "a"])]).is_empty());
        let moved = changes(&[group(&["a"]), group(&["b"])], &[group(&["b"]), group(&["a"])]);
        assert!(!moved.is_empty());
        let less = changes(&[group(&["a", "b"]), group(&["c"])], &[group(&["a", "d"])]);
        assert_eq!(less.added(), ["d"]);
        assert_eq!(less.removed(), ["b", "c"]);
        assert_eq!(less.lines()[0], "    keeps access: a");
    }

    #[test]
    fn a_private_key_in_the_place_of_a_recipient_is_not_shown() {
        let secret = "AGE-SECRET-KEY-1QQQQ";
        let lists = [
            shown_names(&[group(&["age1a", secret])]),
            changes(&[group(&[secret])], &[group(&["a"])]).lines(),
            changes(&[group(&["a"])], &[group(&[secret])]).lines(),
            changes(&[group(&[secret])], &[group(&[secret])]).lines(),
        ];
        for list in lists {
            assert!(!list.join("\n").contains("QQQQ"), "{list:?}");
        }
        // Two of them are still two keys.
        assert!(!changes(&[group(&[secret])], &[group(&["AGE-SECRET-KEY-1PPPP"])]).is_empty());
    }

    #[test]
    fn a_name_cannot_fake_or_hide_a_line() {
        let crafted = "age1a\n  - loses access: age1b\r\u{1b}[2K\u{202e}";
        let lines = changes(&[group(&[])], &[group(&[crafted])]).lines();
        assert_eq!(
            lines,
            ["  + gains access: age1a\\n  - loses access: age1b\\r\\u{1b}[2K\\u{202e}"]
        );
    }
}
