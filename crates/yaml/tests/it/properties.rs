//! What holds for every text: no panic, the same bytes without edits, and edits that touch one node only.

use proptest::prelude::*;
use yaml::edit::{append_element, insert_entry, remove, replace};
use yaml::emit::{Emit, EmitItem};
use yaml::{Budget, NodeKind, Patch, Stream, apply};

use crate::generate;
use crate::model::{self, Model};
use gitseal_tests::drawn;

/// Bytes before the first and behind the last patch are the same, and what is between is what the patches say.
fn apply_checked(text: &str, patches: Vec<Patch>) -> String {
    let first = patches.iter().map(|patch| patch.range.start).min().unwrap_or(0);
    let last = patches
        .iter()
        .map(|patch| patch.range.end)
        .max()
        .unwrap_or(text.len());
    let out = apply(text, patches).unwrap_or_else(|error| panic!("{error} in {text:?}"));
    assert_eq!(out.get(..first), text.get(..first), "prefix of {text:?}");
    assert!(out.ends_with(&text[last..]), "suffix of {text:?}: {out:?}");
    out
}

fn reread(before: &str, after: &str, what: &str) -> Vec<Model> {
    match Stream::parse(after, &Budget::default()) {
        Ok(stream) => model::documents(&stream),
        Err(error) => panic!("{what}: {error}\nbefore {before:?}\nafter  {after:?}"),
    }
}

fn emitted() -> Vec<(Emit<'static>, Model)> {
    let item = |key: &'static str, value: &'static str| EmitItem::Entry(key.into(), Emit::Str(value.into()));
    vec![
        (Emit::Str("new: #x".into()), Model::text("new: #x")),
        (
            Emit::Raw("ENC[AES256_GCM,data:x,type:str]".into()),
            Model::text("ENC[AES256_GCM,data:x,type:str]"),
        ),
        (
            Emit::Str("l1\n  l2\n\nl3\n".into()),
            Model::text("l1\n  l2\n\nl3\n"),
        ),
        (Emit::Str("a\nb".into()), Model::text("a\nb")),
        (Emit::Str("a\n\n\n".into()), Model::text("a\n\n\n")),
        (
            Emit::Mapping(vec![item("m", "1"), item("n", "two\nlines\n")]),
            Model::Map(
                None,
                vec![
                    (Model::text("m"), Model::text("1")),
                    (Model::text("n"), Model::text("two\nlines\n")),
                ],
            ),
        ),
        (
            Emit::Sequence(vec![
                EmitItem::Element(Emit::Str("e".into())),
                EmitItem::Element(Emit::Mapping(vec![item("f", "g")])),
            ]),
            Model::Seq(
                None,
                vec![
                    Model::text("e"),
                    Model::Map(None, vec![(Model::text("f"), Model::text("g"))]),
                ],
            ),
        ),
        (Emit::Mapping(Vec::new()), Model::Map(None, Vec::new())),
    ]
}

fn tagged(model: &Model, tag: Option<&str>) -> Model {
    let tag = tag.map(String::from);
    match model.clone() {
        Model::Scalar(_, plain, value) => Model::Scalar(tag, plain, value),
        Model::Map(_, entries) => Model::Map(tag, entries),
        Model::Seq(_, elements) => Model::Seq(tag, elements),
        alias => alias,
    }
}

fn every_replacement(text: &str) {
    let stream = crate::parse(text);
    for node in model::nodes(&stream) {
        let key = stream.is_key(node);
        for (new, meaning) in emitted().iter().take(if key { 1 } else { usize::MAX }) {
            for drop_tag in [false, true] {
                let tag = stream.tag(node).filter(|_| !drop_tag);
                let meaning = tagged(meaning, tag);
                let patches = replace(&stream, node, new, drop_tag).unwrap();
                let after = apply_checked(text, patches);
                let wanted: Vec<_> = stream
                    .documents()
                    .iter()
                    .map(|document| model::of(&stream, document.root, Some((node, &meaning))))
                    .collect();
                if gone_anchor(&stream, &after) {
                    continue;
                }
                let found = reread(text, &after, "replace");
                assert_eq!(found, wanted, "replace {node:?} in {text:?}\nafter {after:?}");
            }
        }
    }
}

/// The edit took an anchor away that an alias needs, or put other anchors behind a name.
fn gone_anchor(stream: &Stream<'_>, after: &str) -> bool {
    let count = |text: &str| text.matches('&').count();
    count(stream.text()) != count(after) && stream.text().contains('*')
}

fn every_insertion(text: &str) {
    let stream = crate::parse(text);
    for node in model::nodes(&stream) {
        for (new, meaning) in &emitted() {
            let (patches, wanted) = match model::of(&stream, node, None) {
                Model::Map(tag, mut entries) => {
                    entries.push((Model::text("added"), meaning.clone()));
                    (
                        insert_entry(&stream, node, "added", new).unwrap(),
                        Model::Map(tag, entries),
                    )
                }
                Model::Seq(tag, mut elements) => {
                    elements.push(meaning.clone());
                    (
                        append_element(&stream, node, new).unwrap(),
                        Model::Seq(tag, elements),
                    )
                }
                Model::Scalar(tag, _, _)
                    if stream.parent(node).is_none() && stream.node(node).span.is_empty() =>
                {
                    let entries = vec![(Model::text("added"), meaning.clone())];
                    (
                        insert_entry(&stream, node, "added", new).unwrap(),
                        Model::Map(tag, entries),
                    )
                }
                _ => {
                    assert!(insert_entry(&stream, node, "added", new).is_err());
                    assert!(append_element(&stream, node, new).is_err());
                    continue;
                }
            };
            let after = apply_checked(text, patches);
            let wanted: Vec<_> = stream
                .documents()
                .iter()
                .map(|document| model::of(&stream, document.root, Some((node, &wanted))))
                .collect();
            let found = reread(text, &after, "insert");
            assert_eq!(found, wanted, "insert into {node:?} of {text:?}\nafter {after:?}");
        }
    }
}

fn every_removal(text: &str) {
    let stream = crate::parse(text);
    for node in model::nodes(&stream) {
        let values: Vec<_> = match stream.node(node).kind {
            NodeKind::Mapping(_) => model::entries(&stream, node).map(|(_, value)| value).collect(),
            NodeKind::Sequence(_) => model::elements(&stream, node).collect(),
            _ => continue,
        };
        for (index, value) in values.iter().enumerate() {
            let wanted = match model::of(&stream, node, None) {
                Model::Map(tag, mut entries) => {
                    entries.remove(index);
                    Model::Map(tag, entries)
                }
                Model::Seq(tag, mut elements) => {
                    elements.remove(index);
                    Model::Seq(tag, elements)
                }
                _ => unreachable!(),
            };
            let patches = remove(&stream, node, *value).unwrap();
            let after = apply_checked(text, patches);
            if gone_anchor(&stream, &after) {
                continue;
            }
            let wanted: Vec<_> = stream
                .documents()
                .iter()
                .map(|document| model::of(&stream, document.root, Some((node, &wanted))))
                .collect();
            let found = reread(text, &after, "remove");
            assert_eq!(
                found, wanted,
                "remove {index} of {node:?} of {text:?}\nafter {after:?}"
            );
        }
    }
}

/// Places are inside the text, in order, and a scalar's own bytes read back as its value.
fn places_are_exact(text: &str) {
    let stream = crate::parse(text);
    for node in model::nodes(&stream) {
        let span = stream.node(node).span.clone();
        let bytes = text
            .get(span.clone())
            .unwrap_or_else(|| panic!("{span:?} in {text:?}"));
        match stream.node(node).kind {
            NodeKind::Scalar(yaml::ScalarStyle::Literal | yaml::ScalarStyle::Folded) => {
                assert!(bytes.starts_with(['|', '>']), "{bytes:?} in {text:?}");
                let end = span.end == text.len() || bytes.ends_with(['\n', '\r']);
                assert!(end, "{bytes:?} in {text:?}");
            }
            NodeKind::Scalar(_) if !bytes.is_empty() => {
                let alone = format!("- {bytes}\n");
                let alone = crate::parse(&alone);
                let same = alone.value(crate::at(&alone, &["0"]));
                assert_eq!(same, stream.value(node), "{bytes:?} in {text:?}");
            }
            _ => {}
        }
    }
    let documents = stream.documents();
    assert!(
        documents
            .windows(2)
            .all(|pair| pair[0].span.end == pair[1].span.start),
        "{text:?}"
    );
    assert!(
        documents.last().is_none_or(|last| last.span.end == text.len()),
        "{text:?}"
    );
}

/// Each comment is an item of exactly one collection, or loose.
fn comments_are_all_there(text: &str) {
    let stream = crate::parse(text);
    let mut found: Vec<usize> = Vec::new();
    for node in model::nodes(&stream) {
        found.extend(stream.items(node).iter().filter_map(|item| match *item {
            yaml::Item::Comment(id) => Some(stream.comment(id).span.start),
            _ => None,
        }));
    }
    for document in stream.documents() {
        found.extend(
            document
                .loose_comments
                .iter()
                .map(|&id| stream.comment(id).span.start),
        );
    }
    found.sort_unstable();
    assert!(
        found.windows(2).all(|pair| pair[0] < pair[1]),
        "a comment twice in {text:?}"
    );
    let labels = text.matches("# c").count() + text.matches("# l").count();
    let quoted = text.matches("b # c").count();
    assert_eq!(found.len(), labels - quoted, "{text:?}");
}

proptest! {
    #![proptest_config(drawn::cases(400))]

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC*") {
        let _ = Stream::parse(&text, &Budget::default());
    }

    #[test]
    fn text_of_indicators_never_panics(text in "[-?:,\\[\\]{}#&*!|>'\"%@ \\t\\r\\na1~=<.]{0,60}") {
        if let Ok(stream) = Stream::parse(&text, &Budget::default()) {
            prop_assert_eq!(apply(stream.text(), Vec::new()).unwrap(), text.clone());
            let empty = Emit::Str("x".into());
            for node in model::nodes(&stream) {
                let _ = replace(&stream, node, &empty, true);
                let _ = insert_entry(&stream, node, "k", &empty);
            }
        }
    }

    #[test]
    fn places_of_generated_texts_are_exact(seed in any::<u64>()) {
        let text = generate::text(seed);
        places_are_exact(&text);
        comments_are_all_there(&text);
        prop_assert_eq!(apply(&text, Vec::new()).unwrap(), text);
    }

    #[test]
    fn a_replaced_node_changes_nothing_else(seed in any::<u64>()) {
        every_replacement(&generate::text(seed));
    }

    #[test]
    fn an_inserted_entry_changes_nothing_else(seed in any::<u64>()) {
        every_insertion(&generate::text(seed));
    }

    #[test]
    fn a_removed_entry_changes_nothing_else(seed in any::<u64>()) {
        every_removal(&generate::text(seed));
    }
}
