//! YAML: comments behind the last value, and documents that hold nothing but the block.
//!
//! SOPS opens a comment under the path of the container in which it sees it in the encrypted file. The block follows
//! there: what ends a list in the plain text may stand above `sops:`. Expectations were found with SOPS 3.13.3.

use sops::Store::Yaml;
use sops::{MacCheck, WarningKind, decrypt};

use crate::support::{again, header_with, key, open, read, seal, seal_with, text};

/// Name, plain text, path under which SOPS opens the comment.
const TAILS: &[(&str, &str, &str)] = &[
    ("list at the column of its key", "k:\n- a\n#c\n", ":"),
    ("the same, deeper", "k:\n- a\n  #c\n", ":"),
    ("behind a blank line", "k:\n  - a\n\n  #c\n", "k:"),
    ("list of lists, blank line", "k:\n- - a\n\n  #c\n", "k:"),
    (
        "item that is a mapping",
        "k:\n  - a: 1\n    b: 2\n\n    #c\n",
        "k:",
    ),
    (
        "nested mapping, blank line",
        "k:\n  m:\n    n: x\n\n    #c\n",
        "k:m:",
    ),
    ("indented like the entries", "k:\n  n: x\n  #c\n", "k:"),
    ("list indented like its items", "k:\n  - a\n  #c\n", "k:"),
    ("no final line break", "k:\n- a\n#c", ":"),
    ("line ends of Windows", "k:\r\n- a\r\n#c\r\n", "k:"),
    ("marker behind it", "k:\n- a\n#c\n...\n", ":"),
    ("not the last document", "k:\n- a\n#c\n---\nl: x\n", ":"),
    ("behind brackets", "{k: [1]} #c\n", ":"),
    ("below brackets", "{k: [1]}\n#c\n", ":"),
];

#[test]
fn comments_behind_the_last_value_are_sealed_for_where_the_block_puts_them() {
    for (name, plain, path) in TAILS {
        let sealed = text(&seal(Yaml, plain).file);
        assert_eq!(&open(Yaml, &sealed), plain, "case: {name}\n{sealed}");
        let at = sealed
            .find("#ENC[")
            .unwrap_or_else(|| panic!("case: {name}\n{sealed}"));
        let token = sealed[at + 1..].split_inclusive(']').next().unwrap();
        // The same token in front of everything opens only if it was sealed for the top.
        let moved = format!("#{token}\n{}", sealed.replacen(token, "", 1));
        let opens_at_top = open_at_top(&moved);
        assert_eq!(opens_at_top, *path == ":", "case: {name}\n{sealed}");
    }
}

fn open_at_top(sealed: &str) -> bool {
    let (_, warnings) = decrypt(&read(Yaml, sealed), &key(), MacCheck::Verify).unwrap();
    !warnings
        .iter()
        .any(|warning| warning.kind == WarningKind::ClearComment)
}

#[test]
fn encrypting_again_changes_nothing_behind_the_last_value() {
    for (name, plain, _) in TAILS {
        let sealed = text(&seal(Yaml, plain).file);
        let (encrypted, written) = again(Yaml, &sealed, plain);
        assert!(!encrypted.changed, "case: {name}");
        assert_eq!(written, sealed, "case: {name}");
    }
}

#[test]
fn a_comment_behind_the_block_is_decrypted_too() {
    let sealed = text(&seal(Yaml, "{a: 1} # c\n").file);
    assert_eq!(open(Yaml, &sealed), "{a: 1} # c\n", "{sealed}");
}

#[test]
fn a_first_document_stays_one_without_its_block() {
    // Null is not in the MAC.
    let sealed = text(&seal(Yaml, "n:\n").file);
    let block = sealed.strip_prefix("n:\n").unwrap().to_owned();
    let cases = [
        ("nothing else", block.clone(), "{}\n"),
        (
            "a comment",
            format!("# c_unencrypted\n{block}"),
            "# c_unencrypted\n{}\n",
        ),
        ("no line break", block.trim_end().to_owned(), "{}"),
        ("a marker", format!("---\n{block}"), "---\n"),
        ("another document", format!("{block}---\n{{}}\n"), "{}\n---\n{}\n"),
    ];
    for (name, sealed, want) in cases {
        let opened = open(Yaml, &sealed);
        assert_eq!(opened, want, "case: {name}\n{sealed}");
        let (encrypted, _) = again(Yaml, &sealed, want);
        assert!(!encrypted.changed, "case: {name}");
    }
}

/// Name, plain text under `unencrypted_comment_regex: c`, keys or items that stay clear.
const COVERED: &[(&str, &str, &[&str])] = &[
    ("behind brackets of a document", "{a: 1, b: 2} # c\n", &["a: 1"]),
    (
        "behind brackets in brackets",
        "{a: [1, 2], b: 3} # c\n",
        &["a: [1, 2]"],
    ),
    ("below brackets", "{a: 1}\n# c\n", &[]),
    ("behind an opening bracket", "a: [ # c\n  1, 2]\n", &[]),
    ("behind an opening brace", "a: { # c\n  x: 1, y: 2}\n", &[]),
    ("inside brackets", "a: [1, # c\n  2]\n", &["[1,"]),
    ("behind a value in brackets", "a: [1, 2] # c\nb: 3\n", &["[1,"]),
];

#[test]
fn comments_at_brackets_cover_what_sops_says() {
    let selector = || sops::Selector::UnencryptedCommentRegex("c".into());
    for (name, plain, clear) in COVERED {
        let sealed = text(&seal_with(Yaml, plain, header_with(selector())).file);
        for kept in *clear {
            assert!(sealed.contains(kept), "case: {name}\n{sealed}");
        }
        let values = plain.bytes().filter(u8::is_ascii_digit).count();
        let open_values: usize = clear
            .iter()
            .map(|text| text.bytes().filter(u8::is_ascii_digit).count())
            .sum();
        assert_eq!(
            sealed.matches(",type:int]").count(),
            values - open_values,
            "case: {name}\n{sealed}"
        );
        assert_eq!(&open(Yaml, &sealed), plain, "case: {name}\n{sealed}");
    }
}
