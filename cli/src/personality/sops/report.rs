//! The report of sops when the data key of a file was not recovered (spec/sops-format §10).

use std::fmt::Write;

use providers::{Attempt, UnlockError};

use crate::ui::one_line;

/// The whole report, without a line break at its end.
pub(super) fn failed_to_unlock(error: &UnlockError) -> String {
    let mut out = String::from("Failed to get the data key required to decrypt the SOPS file.\n\n");
    let UnlockError::TooFewGroups {
        opened,
        groups,
        needed,
        opened_groups,
        attempts,
        looked,
    } = error
    else {
        let _ = write!(out, "{error}");
        return out;
    };
    for group in 0..*groups {
        let done = opened_groups.contains(&group);
        let _ = writeln!(out, "Group {group}: {}", if done { "SUCCESS" } else { "FAILED" });
        for attempt in attempts.iter().filter(|attempt| attempt.group == group && !done) {
            out.push_str(&failed_key(attempt));
        }
        out.push('\n');
    }
    if !looked.is_empty() {
        out.push_str("Identities were looked for here:\n");
        for place in looked {
            out.push_str(&hanging(place, "  - ", "    "));
        }
        out.push('\n');
    }
    let closing = if *groups <= 1 {
        "Recovery failed: not one master key was able to decrypt the file, and at least one is needed."
            .to_owned()
    } else {
        format!(
            "Recovery failed: {needed} key groups are needed to decrypt the file, and {opened} of {groups} opened."
        )
    };
    out.push_str(&wrap(&closing, CLOSING_COLUMNS).join("\n"));
    out
}

fn failed_key(attempt: &Attempt) -> String {
    let mut text = format!("  {}: FAILED\n", one_line(&attempt.name));
    text.push_str(&hanging(&attempt.source.to_string(), "    - | ", "      | "));
    text
}

/// A text in lines, the first after one indentation, the others after another.
fn hanging(text: &str, first: &str, others: &str) -> String {
    let lines = wrap(&one_line(text), REASON_COLUMNS);
    let indents = std::iter::once(first).chain(std::iter::repeat(others));
    indents
        .zip(lines)
        .map(|(indent, line)| format!("{indent}{line}\n"))
        .collect()
}

/// Breaks a text between words; a word that is longer than a line has a line of its own.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

const REASON_COLUMNS: usize = 60;
const CLOSING_COLUMNS: usize = 75;

#[cfg(test)]
mod tests {
    use ::sops::KeyKind;
    use providers::ProviderError;

    use super::*;

    fn attempt(group: usize, name: &str, why: &str) -> Attempt {
        Attempt {
            group,
            name: name.into(),
            kind: KeyKind::Age,
            source: ProviderError::Failed(why.into()),
        }
    }

    #[test]
    fn one_group_lists_its_keys() {
        let error = UnlockError::TooFewGroups {
            opened: 0,
            groups: 1,
            needed: 1,
            opened_groups: vec![],
            attempts: vec![attempt(
                0,
                "age1abc",
                "none of the identities that were found fits this recipient of the file, sorry",
            )],
            looked: vec!["SOPS_AGE_KEY_FILE: not set".into()],
        };
        assert_eq!(
            failed_to_unlock(&error),
            "Failed to get the data key required to decrypt the SOPS file.\n\n\
             Group 0: FAILED\n  \
               age1abc: FAILED\n    \
                 - | none of the identities that were found fits this recipient\n      \
                   | of the file, sorry\n\n\
             Identities were looked for here:\n  - SOPS_AGE_KEY_FILE: not set\n\n\
             Recovery failed: not one master key was able to decrypt the file, and at\nleast one is needed."
        );
    }

    #[test]
    fn several_groups_are_told_apart() {
        let error = UnlockError::TooFewGroups {
            opened: 1,
            groups: 2,
            needed: 2,
            opened_groups: vec![0],
            attempts: vec![attempt(1, "0123", "no gpg")],
            looked: vec![],
        };
        let text = failed_to_unlock(&error);
        assert!(
            text.contains("Group 0: SUCCESS\n\nGroup 1: FAILED\n  0123: FAILED\n    - | no gpg\n"),
            "{text}"
        );
        assert!(
            text.ends_with("2 key groups are needed to decrypt the file, and 1 of 2\nopened."),
            "{text}"
        );
    }
}
