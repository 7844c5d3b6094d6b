//! The annotation of our own.

use seal::{Label, Scope, SealedBy, SealedByEntry};

#[test]
fn texts_are_read_and_written_back() {
    for text in [
        "SHA256:abc/+1 strict shop/db",
        "SHA256:abc namespace-wide shop",
        "SHA256:abc cluster-wide",
        "SHA256:abc strict shop/db; SHA256:def strict shop/old: password,token; SHA256:def cluster-wide: x",
        "SHA256:abc strict shop/db: only",
    ] {
        let read = SealedBy::parse(text).unwrap();
        assert_eq!(read.to_text(), text);
    }
}

#[test]
fn other_shapes_say_nothing() {
    for text in [
        "",
        "abc strict a/b",
        "SHA256:abc",
        "SHA256:abc Strict a/b",
        "SHA256:abc strict ab",
        "SHA256:abc strict",
        "SHA256:abc cluster-wide a",
        "SHA256:abc namespace-wide",
        "SHA256:abc strict a/b c",
        "SHA256:abc strict a/b; SHA256:def strict a/b",
        "SHA256:abc strict a/b: ",
        "SHA256:abc strict a/b: x y",
    ] {
        assert_eq!(SealedBy::parse(text), None, "{text:?}");
    }
}

#[test]
fn entries_follow_the_items() {
    let new = |fingerprint| SealedByEntry::new(fingerprint, Scope::Strict, "shop", "db");
    let mut by = SealedBy::whole("SHA256:old", Scope::Strict, "shop", "db");
    assert_eq!(
        by.of("any").unwrap().label(),
        Label::new(Scope::Strict, "shop", "db")
    );
    by.note("b", new("SHA256:new"));
    by.note("a", new("SHA256:new"));
    assert_eq!(
        by.to_text(),
        "SHA256:old strict shop/db; SHA256:new strict shop/db: a,b"
    );
    assert_eq!(by.of("a").unwrap().fingerprint, "SHA256:new");
    assert_eq!(by.of("c").unwrap().fingerprint, "SHA256:old");
    by.rename("a", "z");
    by.rename("c", "d");
    assert_eq!(
        by.to_text(),
        "SHA256:old strict shop/db; SHA256:new strict shop/db: b,z"
    );
    by.forget("b");
    by.note("z", new("SHA256:old"));
    assert_eq!(by.to_text(), "SHA256:old strict shop/db");
}

#[test]
fn a_file_without_annotation_starts_with_the_one_item() {
    let mut by = SealedBy::default();
    by.note(
        "a",
        SealedByEntry::new("SHA256:new", Scope::ClusterWide, "shop", "db"),
    );
    assert_eq!(by.to_text(), "SHA256:new cluster-wide: a");
    assert_eq!(by.of("b"), None);
    assert_eq!(SealedBy::parse(&by.to_text()), Some(by));
}

#[test]
fn tidy_makes_the_last_common_entry_the_general_one() {
    let mut by =
        SealedBy::parse("SHA256:old strict a/b; SHA256:new strict a/b: x,y,gone; SHA256:other strict a/b: z")
            .unwrap();
    by.tidy(["x", "y", "z", "unnamed"]);
    assert_eq!(
        by.to_text(),
        "SHA256:old strict a/b; SHA256:new strict a/b: x,y; SHA256:other strict a/b: z"
    );
    by.tidy(["x", "y", "z"]);
    assert_eq!(by.to_text(), "SHA256:new strict a/b; SHA256:other strict a/b: z");
    by.tidy(["z"]);
    assert_eq!(by.to_text(), "SHA256:other strict a/b");
}
