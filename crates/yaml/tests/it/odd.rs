//! Edits at odd places that the fuzz target found, one row each: before, after.

use yaml::edit::{insert_entry, remove, replace};
use yaml::emit::{Emit, EmitItem};
use yaml::{Item, apply};

use crate::{at, parse};

fn text(value: &'static str) -> Emit<'static> {
    Emit::Str(value.into())
}

#[test]
fn replace_survives_odd_places() {
    let cases = [
        (
            "anchor that ends at a bracket",
            "a: &x{b: 1}\n",
            &["a"][..],
            "a: &x d\n",
        ),
        ("block scalar at column 0", "|\nx\n", &[], "d\n"),
        ("comment that ends like a marker", "# ---", &[], "# ---\nd"),
        (
            "tag on its own line at the end",
            " a:\n    !t",
            &["a"],
            " a:\n     d",
        ),
        (
            "pair of nothing, in brackets",
            "[a, ? # c\n, b]\n",
            &["1"],
            "[a, d\n, b]\n",
        ),
        ("nothing with a tag, in brackets", "[a, !t]\n", &["1"], "[a, d]\n"),
        (
            "block behind the end of no document",
            "# c\n...\n>\n  x\n",
            &[],
            "# c\n...\nd\n",
        ),
        (
            "block behind a mark and a comment",
            "\u{feff}# c\n|\n  x\n",
            &[],
            "\u{feff}# c\nd\n",
        ),
        ("comment without line break", "\u{feff}# c", &[], "\u{feff}# c\nd"),
    ];
    for (name, before, path, wanted) in cases {
        let stream = parse(before);
        let patches = replace(&stream, at(&stream, path), &text("d"), true).unwrap();
        assert_eq!(apply(before, patches).unwrap(), wanted, "case: {name}");
    }
}

/// The entries begin where the old content did, and stand below each other.
#[test]
fn collections_come_in_at_odd_columns() {
    let cases = [
        (
            "wide dash",
            "-   b\n- c\n",
            &["0"][..],
            "-   k: v\n    l: w\n- c\n",
        ),
        (
            "wide dash, from a mapping",
            "-   b: 1\n    c: 2\n",
            &["0"],
            "-   k: v\n    l: w\n",
        ),
        (
            "wide dash, comment",
            "-   b # c\n",
            &["0"],
            "- # c\n  k: v\n  l: w\n",
        ),
        (
            "wide dash, nothing",
            "-   \n- c\n",
            &["0"],
            "- k: v\n  l: w\n- c\n",
        ),
        ("tag that goes", "-   !t b\n", &["0"], "- k: v\n  l: w\n"),
        (
            "tag on the next line",
            "-\n   !t  b\n",
            &["0"],
            "-\n   k: v\n   l: w\n",
        ),
        (
            "tag on the next line, nothing behind it",
            "-\n   ! \n- c\n",
            &["0"],
            "-\n   k: v\n   l: w\n- c\n",
        ),
        (
            "behind the colon of an explicit key",
            "? a\n:   - b\n",
            &["a"],
            "? a\n:   k: v\n    l: w\n",
        ),
        ("tab behind the dash", "-\tb\n", &["0"], "- k: v\n  l: w\n"),
        ("indented top", "  b\n", &[], "  k: v\n  l: w\n"),
        (
            "indented top, from a mapping",
            "  b: 1\n",
            &[],
            "  k: v\n  l: w\n",
        ),
    ];
    for (name, before, path, wanted) in cases {
        let stream = parse(before);
        let entry = |key: &'static str, value| EmitItem::Entry(key.into(), text(value));
        let pair = Emit::Mapping(vec![entry("k", "v"), entry("l", "w")]);
        let patches = replace(&stream, at(&stream, path), &pair, true).unwrap();
        assert_eq!(apply(before, patches).unwrap(), wanted, "case: {name}");
    }
}

#[test]
fn remove_survives_odd_places() {
    let cases = [
        (
            "behind a kept block, no final line break",
            "a: |+\n\nb: 1",
            &[][..],
            "b",
            "a: |+\n\n",
        ),
        (
            "between a block and lines of spaces",
            "a: |\n x\n\nb: 1\n   \n",
            &[],
            "b",
            "a: |\n x\n\n",
        ),
        (
            "behind a block, no final line break",
            "a: |\n  x\nb: 1",
            &[],
            "b",
            "a: |\n  x\n",
        ),
        (
            "question mark with a comment",
            "{a: 1, ? # c\n  b : 2}\n",
            &[],
            "b",
            "{a: 1}\n",
        ),
        (
            "brackets, no indentation",
            "x: {\na: 1, b\n c: 2}\n",
            &["x"],
            "a",
            "x: {\n b\n c: 2}\n",
        ),
    ];
    for (name, before, path, key, wanted) in cases {
        let stream = parse(before);
        let value = at(&stream, &[path, &[key]].concat());
        let patches = remove(&stream, at(&stream, path), value).unwrap();
        assert_eq!(apply(before, patches).unwrap(), wanted, "case: {name}");
    }
}

/// A line break behind the spaces would be one more of the block.
#[test]
fn insert_leaves_a_kept_block_alone() {
    let before = "a: |+\n  x\n  ";
    let stream = parse(before);
    let patches = insert_entry(&stream, at(&stream, &[]), "b", &text("d")).unwrap();
    assert_eq!(apply(before, patches).unwrap(), "a: |+\n  x\nb: d\n  ");
}

/// `? a` would get the value of `: 1`.
#[test]
fn an_entry_between_two_halves_stays() {
    let before = "? a\n? b\n: 2\n: 1\n";
    let stream = parse(before);
    assert!(remove(&stream, at(&stream, &[]), at(&stream, &["b"])).is_err());
}

#[test]
fn a_comment_behind_a_tag_keeps_its_space() {
    let before = "{!t # c\n a: 1}\n";
    let stream = parse(before);
    let Some(&Item::Entry(key, _)) = stream.items(at(&stream, &[])).last() else {
        panic!("an entry")
    };
    let patches = replace(&stream, key, &text("d"), true).unwrap();
    assert_eq!(apply(before, patches).unwrap(), "{ # c\n d: 1}\n");
}

#[test]
fn a_conflict_marker_that_is_a_value_gets_quotes() {
    let before = "a\n";
    let stream = parse(before);
    let patches = replace(&stream, at(&stream, &[]), &text("<<<<<<< b"), true).unwrap();
    let after = apply(before, patches).unwrap();
    assert_eq!(after, "'<<<<<<< b'\n");
    parse(&after);
}

#[test]
fn a_key_with_its_value_right_behind_the_colon_stays_in_quotes() {
    let before = "{\"a\":1}\n";
    let stream = parse(before);
    let Some(&Item::Entry(key, _)) = stream.items(at(&stream, &[])).last() else {
        panic!("an entry")
    };
    let patches = replace(&stream, key, &text("d"), true).unwrap();
    assert_eq!(apply(before, patches).unwrap(), "{\"d\":1}\n");
}

/// White space and a colon behind it would make it an indicator.
#[test]
fn a_question_mark_that_is_a_key_gets_no_value() {
    let stream = parse("{a, ?}\n");
    assert!(replace(&stream, at(&stream, &["?"]), &text("d"), true).is_err());
}

/// The parser alone would give the outer value to the inner key.
#[test]
fn a_colon_of_another_level_is_refused_behind_a_block_too() {
    let refused = |text| yaml::Stream::parse(text, &yaml::Budget::default()).is_err();
    assert!(refused("?\n ? |\n: a\n"));
    assert!(!refused("?\n ? |\n : a\n"));
}

/// `?,` would be a word.
#[test]
fn insert_leaves_a_lone_question_mark_alone() {
    let before = "{?\n}\n";
    let stream = parse(before);
    let patches = insert_entry(&stream, at(&stream, &[]), "b", &text("d")).unwrap();
    let after = apply(before, patches).unwrap();
    assert_eq!(after, "{? , b: d\n}\n");
    parse(&after);
}

/// Here it is a word already.
#[test]
fn insert_behind_a_question_mark_that_is_a_word() {
    let before = "{a, ?}\n";
    let stream = parse(before);
    let patches = insert_entry(&stream, at(&stream, &[]), "b", &text("d")).unwrap();
    let after = apply(before, patches).unwrap();
    assert_eq!(after, "{a, ?, b: d}\n");
}
