//! Many objects changed together: the same text as one by one, and all or nothing.

use proptest::prelude::*;
use seal::file::{FileError, Kind, Place, SealedFile};
use serde_json::json;

use crate::file_properties::{Habits, Items, habits, items, sealed_object, secret_object};
use crate::file_support::{opened_like, parse, sealed_like};
use gitseal_tests::drawn::cases;

/// One object: a Secret or a SealedSecret.
type Drawn = (bool, Items, Items, Vec<usize>, Habits);

fn drawn() -> impl Strategy<Value = Vec<Drawn>> {
    let order = Just((0..7).collect::<Vec<usize>>()).prop_shuffle();
    let one = (any::<bool>(), items(), items(), order, habits());
    prop::collection::vec(one, 1..5)
}

/// Objects as items of a List, with others between them, and the List between other documents.
fn list(objects: &[Drawn], crlf: bool) -> String {
    let mut text =
        "# top\nkind: ConfigMap\n---\napiVersion: v1\nkind: List # all\nmetadata: {}\nitems:\n".to_owned();
    for (sealed, data, string, order, habits) in objects {
        let object = if *sealed {
            sealed_object(data, habits)
        } else {
            secret_object(data, string, habits, order)
        };
        let lines: Vec<_> = object.lines().map(|line| format!("  {line}")).collect();
        text.push_str(&format!(
            "- {}\n- kind: ConfigMap # between\n",
            lines.join("\n").trim_start()
        ));
    }
    text.push_str(
        "---\nkind: Secret\nstringData: {a: b}\n---\nkind: SealedSecret\nspec:\n  encryptedData:\n",
    );
    if crlf { text.replace('\n', "\r\n") } else { text }
}

/// The same as JSON, a value behind the other.
fn json_list(objects: &[Drawn], pretty: bool) -> String {
    let mut all = Vec::new();
    for (sealed, data, string, ..) in objects {
        let texts = |items: &Items| -> serde_json::Map<_, _> {
            items
                .iter()
                .map(|(name, style)| (name.clone(), json!(format!("Ag{style}"))))
                .collect()
        };
        all.push(if *sealed {
            json!({"kind": "SealedSecret", "metadata": {"name": "é"}, "spec": {"encryptedData": texts(data)}})
        } else {
            json!({"kind": "Secret", "metadata": {"name": "x", "labels": {"a": "b"}}, "stringData": texts(string)})
        });
        all.push(json!({"kind": "ConfigMap"}));
    }
    let value = json!({"kind": "List", "items": all});
    let text = if pretty {
        serde_json::to_string_pretty(&value)
    } else {
        serde_json::to_string(&value)
    };
    format!("{}\n{{\"kind\":\"SealedSecret\",\"spec\":null}}\n", text.unwrap())
}

fn places(file: &SealedFile, wanted: Kind) -> Vec<Place> {
    let all = file.objects().into_iter();
    all.filter(|(_, kind, _)| *kind == wanted)
        .map(|(place, ..)| place)
        .collect()
}

/// Makes one change of many objects in both ways; gives the text if they agree.
fn both(
    text: &str,
    kind: Kind,
    together: impl Fn(&mut SealedFile, &[Place]) -> Result<(), FileError>,
    one: impl Fn(&mut SealedFile, Place) -> Result<(), FileError>,
) -> Result<String, TestCaseError> {
    let mut file = parse(text);
    let all = places(&file, kind);
    together(&mut file, &all).unwrap();
    let new = file.into_text();
    for backwards in [false, true] {
        let mut file = parse(text);
        let mut all = all.clone();
        if backwards {
            all.reverse();
        }
        for place in all {
            one(&mut file, place).unwrap();
        }
        let old = file.into_text();
        prop_assert_eq!(old.as_str(), new.as_str(), "backwards: {}", backwards);
    }
    Ok(new.to_string())
}

/// Seals, sets items, sets and removes annotations, and opens again.
fn compare(text: &str) -> Result<(), TestCaseError> {
    let sealed = |file: &SealedFile, place| sealed_like(file.object(place).value());
    let text = both(
        text,
        Kind::Secret,
        |file, all| {
            let new: Vec<_> = all.iter().map(|&place| (place, sealed(file, place))).collect();
            file.seal_all(&new.iter().map(|(place, new)| (*place, new)).collect::<Vec<_>>())
        },
        |file, place| file.seal_in_place(place, &sealed(file, place)),
    )?;
    let names = ["a", "zz.new", "on"];
    let text = both(
        &text,
        Kind::SealedSecret,
        |file, all| {
            let changes: Vec<_> = names
                .iter()
                .flat_map(|name| all.iter().map(move |&place| (place, *name, "AgNEW")))
                .collect();
            file.set_all(&changes)
        },
        |file, place| file.set_items(place, &names.map(|name| (name, "AgNEW"))),
    )?;
    for value in [Some("x y"), None] {
        both(
            &text,
            Kind::SealedSecret,
            |file, all| {
                let noted =
                    |&place: &Place| [(place, "a/b", Some("1")), (place, "gitseal.dev/sealed-by", value)];
                file.set_annotations(&all.iter().flat_map(noted).collect::<Vec<_>>())
            },
            |file, place| {
                file.set_annotation(place, "a/b", Some("1"))?;
                file.set_annotation(place, "gitseal.dev/sealed-by", value)
            },
        )?;
    }
    let opened = |file: &SealedFile, place| opened_like(&file.sealed_secret(place).unwrap(), &["a"]);
    both(
        &text,
        Kind::SealedSecret,
        |file, all| {
            let new: Vec<_> = all.iter().map(|&place| (place, opened(file, place))).collect();
            file.unseal_all(&new.iter().map(|(place, new)| (*place, new)).collect::<Vec<_>>())
        },
        |file, place| file.unseal_in_place(place, &opened(file, place)),
    )?;
    Ok(())
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn a_batch_gives_the_text_of_one_by_one(objects in drawn(), crlf in any::<bool>()) {
        compare(&list(&objects, crlf))?;
    }

    #[test]
    fn a_batch_gives_the_text_of_one_by_one_in_json(objects in drawn(), pretty in any::<bool>()) {
        compare(&json_list(&objects, pretty))?;
    }
}

#[test]
fn secrets_of_a_list_are_turned_together_and_back() {
    let text = "kind: List\nitems:\n# one\n- kind: Secret # c\n  metadata: {name: a}\n  stringData:\n    # x\n    k: v\n- kind: Other\n- {kind: Secret, metadata: {name: b}, data: {k: dg==}}\n# end\n---\nkind: Secret\nmetadata:\n  name: c\ndata:\n  k: 'dg=='\n";
    let note = "  annotations:\n    gitseal.dev/sealed-by: SHA256:x strict prod/db\n";
    let mut file = parse(text);
    let all = places(&file, Kind::Secret);
    let new: Vec<_> = all
        .iter()
        .map(|&place| (place, sealed_like(file.object(place).value())))
        .collect();
    let new: Vec<_> = new.iter().map(|(place, new)| (*place, new)).collect();
    file.seal_all(&new).unwrap();
    assert_eq!(places(&file, Kind::SealedSecret), all);
    for (place, new) in &new {
        assert_eq!(&file.sealed_secret(*place).unwrap(), *new);
    }
    let last = format!(
        "---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: c\n{note}spec:\n  encryptedData:\n    k: AgSEALED1\n  template:\n    metadata:\n      name: c\n"
    );
    let sealed = file.into_text();
    assert!(sealed.ends_with(&last), "{}", sealed.as_str());
    assert!(sealed.starts_with(
        "kind: List\nitems:\n# one\n- apiVersion: bitnami.com/v1alpha1\n  kind: SealedSecret # c\n"
    ));

    let mut file = parse(&sealed);
    let new: Vec<_> = all
        .iter()
        .map(|&place| (place, opened_like(&file.sealed_secret(place).unwrap(), &[])))
        .collect();
    file.unseal_all(&new.iter().map(|(place, new)| (*place, new)).collect::<Vec<_>>())
        .unwrap();
    for (place, new) in &new {
        assert_eq!(file.object(*place).value(), &new.to_value());
    }
}

#[test]
fn one_object_at_fault_leaves_the_whole_text() {
    let good =
        "kind: SealedSecret\nmetadata:\n  annotations:\n    m: x\nspec:\n  encryptedData:\n    a: AgA\n";
    let cases = [
        (
            "an alias in a document behind",
            format!("{good}---\nkind: SealedSecret\nx: &a {{a: AgA}}\nmetadata: {{annotations: *a}}\nspec:\n  encryptedData: *a\n"),
        ),
        (
            "an alias in a document before",
            format!("kind: SealedSecret\nx: &a {{a: AgA}}\nmetadata: {{annotations: *a}}\nspec:\n  encryptedData: *a\n---\n{good}"),
        ),
        (
            "an alias to another item of the List",
            "kind: List\nitems:\n- kind: SealedSecret\n  metadata: &m {annotations: {m: x}}\n  spec: &s {encryptedData: {a: AgA}}\n- kind: SealedSecret\n  metadata: *m\n  spec: *s\n".to_owned(),
        ),
    ];
    for (name, text) in cases {
        let mut file = parse(&text);
        let all = places(&file, Kind::SealedSecret);
        assert_eq!(all.len(), 2, "case: {name}");
        let secrets: Vec<_> = all
            .iter()
            .map(|&place| (place, opened_like(&file.sealed_secret(place).unwrap(), &[])))
            .collect();
        let results = [
            file.set_all(&[(all[0], "a", "AgN"), (all[1], "a", "AgN")]),
            file.set_annotations(&[(all[0], "m", Some("v")), (all[1], "m", Some("v"))]),
            file.set_annotations(&[
                (all[0], "m", None),
                (all[0], "a", None),
                (all[1], "m", None),
                (all[1], "a", None),
            ]),
            file.unseal_all(
                &secrets
                    .iter()
                    .map(|(place, one)| (*place, one))
                    .collect::<Vec<_>>(),
            ),
        ];
        for (at, result) in results.into_iter().enumerate() {
            assert!(
                matches!(result, Err(FileError::Form { .. })),
                "case: {name}, {at}"
            );
        }
        assert_eq!(file.into_text().as_str(), text, "case: {name}");
    }
}

#[test]
fn the_object_at_fault_is_told_by_its_line() {
    let text = "kind: List\nitems:\n- kind: SealedSecret\n- kind: SealedSecret\n  spec: {encryptedData: []}\n- kind: Secret\n  x: 1\n  data: {a: YQ==}\n";
    let mut file = parse(text);
    let (sealed, secret) = (places(&file, Kind::SealedSecret), places(&file, Kind::Secret));
    let object = sealed_like(file.object(secret[0]).value());
    let cases = [
        (
            "a list where the items stand",
            file.set_all(&[(sealed[0], "a", "AgN"), (sealed[1], "a", "AgN")]),
            5,
        ),
        (
            "another kind",
            file.set_all(&[(sealed[0], "a", "AgN"), (secret[0], "a", "AgN")]),
            6,
        ),
        (
            "turned twice",
            file.seal_all(&[(secret[0], &object), (secret[0], &object)]),
            6,
        ),
        (
            "another kind to be sealed",
            file.seal_all(&[(secret[0], &object), (sealed[1], &object)]),
            4,
        ),
    ];
    for (name, result, wanted) in cases {
        match result {
            Err(FileError::Form { line, .. }) => assert_eq!(line, wanted, "case: {name}"),
            other => panic!("case {name}: {other:?}"),
        }
    }
    assert_eq!(file.into_text().as_str(), text);
}

#[test]
fn the_last_of_two_texts_of_one_entry_stays() {
    let text = "kind: SealedSecret\nspec:\n  encryptedData:\n    a: AgA\n";
    let mut file = parse(text);
    let place = places(&file, Kind::SealedSecret)[0];
    file.set_all(&[
        (place, "a", "AgB"),
        (place, "b", "AgB"),
        (place, "a", "AgC"),
        (place, "b", "AgC"),
    ])
    .unwrap();
    file.set_annotations(&[(place, "n", Some("1")), (place, "n", None)])
        .unwrap();
    assert_eq!(
        file.into_text().as_str(),
        "kind: SealedSecret\nspec:\n  encryptedData:\n    a: AgC\n    b: AgC\nmetadata: {}\n"
    );
}
