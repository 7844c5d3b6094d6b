//! Edits of texts with SealedSecrets: each row is a text before and after.

use manifest::Limits;
use seal::file::{FileError, Kind, SealedFile, TemplateTexts};

use crate::file_support::{edited, first, parse, sealed_like};

#[test]
fn objects_are_found_with_their_places() {
    let text = "# top\n---\nkind: Secret\napiVersion: v1\n---\n\n---\nkind: ConfigMap\n---\nkind: List\napiVersion: v1\n\
                items:\n- kind: Secret\n  apiVersion: v1\n- kind: SealedSecret\n  apiVersion: bitnami.com/v1alpha1\n";
    let file = parse(text);
    let found: Vec<_> = file
        .objects()
        .into_iter()
        .map(|(_, kind, origin)| (kind, origin.item, origin.position.line))
        .collect();
    assert_eq!(
        found,
        [
            (Kind::Secret, None, 3),
            (Kind::Other, None, 8),
            (Kind::Secret, Some(0), 13),
            (Kind::SealedSecret, Some(1), 15),
        ]
    );
    assert_eq!(file.into_text().as_str(), text);
}

#[test]
fn other_kinds_and_groups_are_left_alone() {
    let cases = [
        (
            "a Secret of another group",
            "kind: Secret\napiVersion: example.com/v1\n",
            Kind::Other,
        ),
        ("no group", "kind: SealedSecret\n", Kind::SealedSecret),
        ("a word", "hello\n", Kind::Other),
        (
            "a Secret in JSON",
            "{\"kind\": \"Secret\", \"apiVersion\": \"v1\"}",
            Kind::Secret,
        ),
    ];
    for (name, text, kind) in cases {
        let found: Vec<_> = parse(text)
            .objects()
            .into_iter()
            .map(|(_, kind, _)| kind)
            .collect();
        assert_eq!(found, [kind], "case: {name}");
    }
}

#[test]
fn all_unreadable_documents_are_told_by_their_lines() {
    let text = "kind: Secret\n---\na: [\n---\nb: 1\n---\n\"c\n";
    let Err(FileError::Read(errors)) = SealedFile::parse(text, &Limits::default()) else {
        panic!("expected errors")
    };
    assert_eq!(errors.0.len(), 2, "{errors}");
    assert_eq!(errors.0[0].document, 1);
    assert!(
        errors.0[0].position.line >= 3 && errors.0[0].position.line <= 4,
        "{errors}"
    );
    assert!(errors.0[1].position.line >= 7, "{errors}");
}

#[test]
fn set_item_changes_the_value_only() {
    let head = "kind: SealedSecret\nmetadata:\n  name: db # n\nspec:\n  encryptedData:\n";
    let cases = [
        (
            "plain",
            "    a: AgOLD # c\n    b: AgB\n",
            "    a: AgNEW # c\n    b: AgB\n",
        ),
        ("single quotes", "    a: 'AgOLD'\n", "    a: 'AgNEW'\n"),
        (
            "double quotes",
            "    \"a\": \"AgOLD\"\n",
            "    \"a\": \"AgNEW\"\n",
        ),
        (
            "on the next line",
            "    a:\n      AgOLD\n",
            "    a:\n      AgNEW\n",
        ),
        (
            "plain over lines",
            "    a: AgO\n      LD\n    b: AgB\n",
            "    a: AgNEW\n    b: AgB\n",
        ),
        (
            "literal, wrapped",
            "    a: | # c\n      AgO\n      LD==\n\n    b: AgB\n",
            "    a: | # c\n      AgNEW\n\n    b: AgB\n",
        ),
        (
            "folded",
            "    a: >-\n      AgO\n      LD\n",
            "    a: >-\n      AgNEW\n",
        ),
        ("null", "    a: null\n", "    a: AgNEW\n"),
        ("nothing", "    a:\n    b: AgB\n", "    a: AgNEW\n    b: AgB\n"),
        ("number", "    a: 12\n", "    a: AgNEW\n"),
        (
            "missing",
            "    b: AgB # c\n    # d\n# e\n",
            "    b: AgB # c\n    # d\n    a: AgNEW\n# e\n",
        ),
        (
            "missing beside quotes",
            "    b: \"AgB\"\n",
            "    b: \"AgB\"\n    a: \"AgNEW\"\n",
        ),
        ("no final line break", "    b: AgB", "    b: AgB\n    a: AgNEW"),
        (
            "comment above",
            "    # x\n    a: AgOLD\n",
            "    # x\n    a: AgNEW\n",
        ),
        (
            "CR LF",
            "    a: AgOLD\r\n    b: AgB\r\n",
            "    a: AgNEW\r\n    b: AgB\r\n",
        ),
        ("tag", "    a: !!str AgOLD\n", "    a: AgNEW\n"),
    ];
    for (name, before, after) in cases {
        let new = edited(&format!("{head}{before}"), |file, at| {
            file.set_item(at, "a", "AgNEW")
        });
        assert_eq!(new.unwrap(), format!("{head}{after}"), "case: {name}");
    }
}

#[test]
fn set_item_makes_what_is_missing() {
    let cases = [
        (
            "no spec",
            "kind: SealedSecret\nmetadata:\n  name: a\n",
            "kind: SealedSecret\nmetadata:\n  name: a\nspec:\n  encryptedData:\n    a: AgNEW\n",
        ),
        (
            "empty spec",
            "kind: SealedSecret\nmetadata:\n  name: a\nspec:\n---\nx: y\n",
            "kind: SealedSecret\nmetadata:\n  name: a\nspec:\n  encryptedData:\n    a: AgNEW\n---\nx: y\n",
        ),
        (
            "empty braces",
            "kind: SealedSecret\nspec:\n  encryptedData: {} # c\n  template: {}\n",
            "kind: SealedSecret\nspec:\n  encryptedData: # c\n    a: AgNEW\n  template: {}\n",
        ),
        (
            "in braces",
            "{kind: SealedSecret, spec: {encryptedData: {b: AgB}}}\n",
            "{kind: SealedSecret, spec: {encryptedData: {b: AgB, a: AgNEW}}}\n",
        ),
        (
            "template only",
            "kind: SealedSecret\nspec:\n    template:\n        type: Opaque\n",
            "kind: SealedSecret\nspec:\n    template:\n        type: Opaque\n    encryptedData:\n        a: AgNEW\n",
        ),
        (
            "in a List",
            "kind: List\nitems:\n- kind: Other\n- kind: SealedSecret\n  spec:\n    encryptedData:\n      b: AgB\n- kind: x\n",
            "kind: List\nitems:\n- kind: Other\n- kind: SealedSecret\n  spec:\n    encryptedData:\n      b: AgB\n      a: AgNEW\n- kind: x\n",
        ),
    ];
    for (name, before, after) in cases {
        let new = edited(before, |file, at| file.set_item(at, "a", "AgNEW"));
        assert_eq!(new.unwrap(), after, "case: {name}");
    }
}

#[test]
fn json_keeps_its_layout() {
    let cases = [
        (
            "one line",
            "{\"kind\":\"SealedSecret\",\"spec\":{\"encryptedData\":{\"a\":\"AgOLD\"}}}\n",
            "{\"kind\":\"SealedSecret\",\"spec\":{\"encryptedData\":{\"a\":\"AgNEW\",\"z\":\"AgZ\"}}}\n",
        ),
        (
            "indented",
            "{\n  \"kind\": \"SealedSecret\",\n  \"spec\": {\n    \"encryptedData\": {\n      \"a\": \"AgOLD\"\n    }\n  }\n}\n",
            "{\n  \"kind\": \"SealedSecret\",\n  \"spec\": {\n    \"encryptedData\": {\n      \"a\": \"AgNEW\",\n      \"z\": \"AgZ\"\n    }\n  }\n}\n",
        ),
        (
            "tabs, two entries",
            "{\"kind\": \"SealedSecret\",\n\t\"spec\": {\"encryptedData\": {\"a\": \"AgOLD\", \"b\": \"AgB\"}}}",
            "{\"kind\": \"SealedSecret\",\n\t\"spec\": {\"encryptedData\": {\"a\": \"AgNEW\", \"b\": \"AgB\", \"z\": \"AgZ\"}}}",
        ),
        (
            "nothing there",
            "{\n\t\"kind\": \"SealedSecret\",\n\t\"spec\": null\n}\n{\"kind\":\"x\"}",
            "{\n\t\"kind\": \"SealedSecret\",\n\t\"spec\": {\n\t\t\"encryptedData\": {\n\t\t\t\"a\": \"AgNEW\",\n\t\t\t\"z\": \"AgZ\"\n\t\t}\n\t}\n}\n{\"kind\":\"x\"}",
        ),
        (
            "behind another, on its line",
            "{\"kind\":\"x\"} {\"kind\":\"SealedSecret\",\"spec\":{\"encryptedData\":{\"a\":\"\"}}}",
            "{\"kind\":\"x\"} {\"kind\":\"SealedSecret\",\"spec\":{\"encryptedData\":{\"a\":\"AgNEW\",\"z\":\"AgZ\"}}}",
        ),
        (
            "in a YAML stream",
            "kind: x\n---\n{\"kind\":\"SealedSecret\",\"spec\":{\"encryptedData\":{}}}\n",
            "kind: x\n---\n{\"kind\":\"SealedSecret\",\"spec\":{\"encryptedData\":{\"a\":\"AgNEW\",\"z\":\"AgZ\"}}}\n",
        ),
        (
            "in a List",
            "{\"kind\":\"List\",\"items\":[{\"kind\":\"SealedSecret\",\"spec\":{\"encryptedData\":{}}}]}",
            "{\"kind\":\"List\",\"items\":[{\"kind\":\"SealedSecret\",\"spec\":{\"encryptedData\":{\"a\":\"AgNEW\",\"z\":\"AgZ\"}}}]}",
        ),
    ];
    for (name, before, after) in cases {
        let new = edited(before, |file, at| {
            file.set_items(at, &[("a", "AgNEW"), ("z", "AgZ")])
        });
        assert_eq!(new.unwrap(), after, "case: {name}");
    }
}

#[test]
fn keys_are_those_that_the_peer_reads() {
    let head = "kind: SealedSecret\nspec:\n  encryptedData:\n";
    let new = edited(&format!("{head}    y: AgOLD\n"), |file, at| {
        file.set_item(at, "true", "AgNEW")
    });
    assert_eq!(new.unwrap(), format!("{head}    y: AgNEW\n"));
    let new = edited(&format!("{head}    y: AgOLD\n"), |file, at| {
        file.set_item(at, "y", "AgNEW")
    });
    assert_eq!(new.unwrap(), format!("{head}    y: AgOLD\n    \"y\": AgNEW\n"));
    // An octal number as a key is nothing that is found again: refused, not doubled.
    assert!(
        edited(&format!("{head}    0755: AgOLD\n"), |file, at| file
            .set_item(at, "493", "AgNEW"))
        .is_err()
    );
}

#[test]
fn an_item_that_is_the_same_base64_stays_as_written() {
    let text = "kind: SealedSecret\nspec:\n  encryptedData:\n    a: |\n      AgO\n      LD\n";
    assert_eq!(
        edited(text, |file, at| file.set_item(at, "a", "AgOLD")).unwrap(),
        text
    );
}

#[test]
fn remove_and_rename_touch_one_entry() {
    let text = "kind: SealedSecret\nspec:\n  encryptedData:\n    # of a\n    a: AgA # x\n    'b': AgB\n  template:\n    data:\n      a: null\n      t: '{{ .b }}'\n";
    let removed = "kind: SealedSecret\nspec:\n  encryptedData:\n    # of a\n    'b': AgB\n  template:\n    data:\n      t: '{{ .b }}'\n";
    assert_eq!(
        edited(text, |file, at| file.remove_item(at, "a")).unwrap(),
        removed
    );
    let renamed = text.replace("a: AgA", "c.d: AgA").replace("a: null", "c.d: null");
    assert_eq!(
        edited(text, |file, at| file.rename_item(at, "a", "c.d")).unwrap(),
        renamed
    );
    let renamed = text.replace("'b': AgB", "'on': AgB");
    assert_eq!(
        edited(text, |file, at| file.rename_item(at, "b", "on")).unwrap(),
        renamed
    );
    for result in [
        edited(text, |file, at| file.rename_item(at, "a", "b")),
        edited(text, |file, at| file.rename_item(at, "z", "y")),
        edited(text, |file, at| file.remove_item(at, "z")),
    ] {
        assert!(matches!(result, Err(FileError::Missing(_))), "{result:?}");
    }
}

#[test]
fn remove_and_rename_in_json() {
    let text =
        "{\"kind\":\"SealedSecret\",\"spec\":{\"encryptedData\":{\n  \"a\": \"AgA\",\n  \"b\": \"AgB\"\n}}}";
    let cases = [("a", "{\n  \"b\": \"AgB\"\n}"), ("b", "{\n  \"a\": \"AgA\"\n}")];
    for (item, rest) in cases {
        let wanted = format!("{{\"kind\":\"SealedSecret\",\"spec\":{{\"encryptedData\":{rest}}}}}");
        assert_eq!(
            edited(text, |file, at| file.remove_item(at, item)).unwrap(),
            wanted
        );
    }
    let both = edited(text, |file, at| {
        file.remove_item(at, "a")?;
        file.remove_item(at, "b")
    });
    assert_eq!(
        both.unwrap(),
        "{\"kind\":\"SealedSecret\",\"spec\":{\"encryptedData\":{}}}"
    );
    let renamed = edited(text, |file, at| file.rename_item(at, "a", "q\"q")).unwrap();
    assert_eq!(renamed, text.replace("\"a\"", "\"q\\\"q\""));
}

#[test]
fn annotations_are_set_and_taken_out() {
    let cases = [
        (
            "no annotations",
            "kind: SealedSecret\nmetadata:\n  name: a\nspec: {}\n",
            "kind: SealedSecret\nmetadata:\n  name: a\n  annotations:\n    n/a: v w\nspec: {}\n",
        ),
        (
            "others",
            "kind: SealedSecret\nmetadata:\n  annotations:\n    b: 'x'\n  name: a\n",
            "kind: SealedSecret\nmetadata:\n  annotations:\n    b: 'x'\n    n/a: 'v w'\n  name: a\n",
        ),
        (
            "in JSON",
            "{\"kind\": \"SealedSecret\", \"metadata\": {\"name\": \"a\"}}",
            "{\"kind\": \"SealedSecret\", \"metadata\": {\"name\": \"a\", \"annotations\": {\"n/a\": \"v w\"}}}",
        ),
        (
            "flow",
            "kind: SealedSecret\nmetadata: {name: a}\n",
            "kind: SealedSecret\nmetadata: {name: a, annotations: {n/a: v w}}\n",
        ),
    ];
    for (name, before, after) in cases {
        let set = edited(before, |file, at| file.set_annotation(at, "n/a", Some("v w"))).unwrap();
        assert_eq!(set, after, "case: {name}");
        let unset = edited(&set, |file, at| file.set_annotation(at, "n/a", None)).unwrap();
        assert_eq!(unset, before, "case: {name}");
    }
    for empty in [" {}", " null", " ~", ""] {
        let text = format!("kind: SealedSecret\nmetadata:\n  annotations:{empty}\n  name: a\n");
        let set = edited(&text, |file, at| file.set_annotation(at, "m", Some("v"))).unwrap();
        assert_eq!(
            set,
            "kind: SealedSecret\nmetadata:\n  annotations:\n    m: v\n  name: a\n"
        );
    }
    let text = "kind: SealedSecret\nmetadata:\n  annotations:\n    m: |\n      old\n      old\n";
    let set = edited(text, |file, at| file.set_annotation(at, "m", Some("true"))).unwrap();
    assert_eq!(
        set,
        "kind: SealedSecret\nmetadata:\n  annotations:\n    m: \"true\"\n"
    );
}

#[test]
fn shared_values_are_refused_with_their_line() {
    let head = "kind: SealedSecret\nspec:\n";
    let cases = [
        ("an alias", "  x: &x AgX\n  encryptedData:\n    a: *x\n", 5),
        (
            "shared with another",
            "  encryptedData:\n    a: &x AgX\n    b: *x\n",
            4,
        ),
        (
            "a merge key",
            "  x: &x {b: AgX}\n  encryptedData:\n    <<: *x\n",
            5,
        ),
        (
            "a mapping behind an alias",
            "  x: &x {a: AgX}\n  encryptedData: *x\n",
            4,
        ),
    ];
    for (name, rest, wanted) in cases {
        let result = edited(&format!("# c\n---\n{head}{rest}"), |file, at| {
            file.set_item(at, "a", "AgNEW")
        });
        match result {
            Err(FileError::Form { line, .. }) => assert_eq!(line, wanted + 2, "case: {name}"),
            other => panic!("case: {name}: {other:?}"),
        }
    }
    // An anchor that nobody uses shares nothing.
    let text = format!("{head}  encryptedData:\n    a: &x AgX\n");
    let new = edited(&text, |file, at| file.set_item(at, "a", "AgNEW")).unwrap();
    assert_eq!(new, format!("{head}  encryptedData:\n    a: &x AgNEW\n"));
}

#[test]
fn edits_of_other_objects_are_refused() {
    let mut file = parse("kind: ConfigMap\n---\nkind: SealedSecret\n");
    let (other, sealed) = (first(&file, Kind::Other), first(&file, Kind::SealedSecret));
    assert!(file.set_item(other, "a", "AgA").is_err());
    assert!(file.sealed_secret(other).is_err());
    let object = sealed_like(&serde_json::json!({}));
    assert!(file.seal_in_place(other, &object).is_err());
    match file.seal_in_place(sealed, &object) {
        Err(FileError::Form { line, .. }) => assert_eq!(line, 3),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        file.into_text().as_str(),
        "kind: ConfigMap\n---\nkind: SealedSecret\n"
    );
}

#[test]
fn many_edits_of_one_file_go_together() {
    let text = "kind: SealedSecret\nspec:\n  encryptedData:\n    a: AgA\n---\nkind: SealedSecret\nspec:\n  encryptedData: {}\n";
    let mut file = parse(text);
    let places: Vec<_> = file.objects().into_iter().map(|(place, _, _)| place).collect();
    for &place in &places {
        file.set_item(place, "a", "AgN").unwrap();
        file.set_annotation(place, "m", Some("v")).unwrap();
        assert_eq!(file.sealed_secret(place).unwrap().spec.encrypted_data["a"], "AgN");
    }
    let object =
        "kind: SealedSecret\nspec:\n  encryptedData:\n    a: AgN\nmetadata:\n  annotations:\n    m: v\n";
    assert_eq!(file.into_text().as_str(), format!("{object}---\n{object}"));
}

#[test]
fn many_objects_are_set_at_once() {
    let cases = [
        (
            "a List",
            "kind: List\nitems:\n- kind: SealedSecret\n  spec: {encryptedData: {a: AgA, b: AgB}}\n- kind: x\n- kind: SealedSecret\n  spec:\n    encryptedData:\n      a: |\n        AgA\n---\nkind: SealedSecret\nspec: {encryptedData: {b: AgB}}\n",
            "kind: List\nitems:\n- kind: SealedSecret\n  spec: {encryptedData: {a: AgN, b: AgB}}\n- kind: x\n- kind: SealedSecret\n  spec:\n    encryptedData:\n      a: |\n        AgN\n---\nkind: SealedSecret\nspec: {encryptedData: {b: AgB, a: AgN}}\n",
        ),
        (
            "JSON",
            "{\"kind\":\"List\",\"items\":[{\"kind\":\"SealedSecret\",\"spec\":{\"encryptedData\":{\"a\":\"AgA\"}}},{\"kind\":\"SealedSecret\",\"spec\":{\"encryptedData\":{\"a\":\"\"}}}]}",
            "{\"kind\":\"List\",\"items\":[{\"kind\":\"SealedSecret\",\"spec\":{\"encryptedData\":{\"a\":\"AgN\"}}},{\"kind\":\"SealedSecret\",\"spec\":{\"encryptedData\":{\"a\":\"AgN\"}}}]}",
        ),
    ];
    for (name, before, after) in cases {
        let mut file = parse(before);
        let all = file
            .objects()
            .into_iter()
            .filter(|(_, kind, _)| *kind == Kind::SealedSecret);
        let changes: Vec<_> = all.map(|(place, _, _)| (place, "a", "AgN")).collect();
        file.set_all(&changes).unwrap();
        assert_eq!(file.into_text().as_str(), after, "case: {name}");
    }
}

#[test]
fn labels_and_annotations_of_the_template_are_set() {
    let text = "kind: SealedSecret\nspec:\n  template:\n    metadata:\n      labels:\n        'a': 'b' # c\n";
    let new = edited(text, |file, at| {
        file.set_template_texts(at, TemplateTexts::Labels, &[("a", "x"), ("d", "e f")])?;
        file.set_template_texts(at, TemplateTexts::Annotations, &[("g", "true")])
    });
    assert_eq!(
        new.unwrap(),
        "kind: SealedSecret\nspec:\n  template:\n    metadata:\n      labels:\n        'a': 'x' # c\n        d: 'e f'\n      annotations:\n        g: \"true\"\n"
    );
}

#[test]
fn an_edit_of_two_places_is_made_whole_or_not_at_all() {
    let text = "kind: SealedSecret\nx: &t {a: AgA}\nspec:\n  encryptedData: *t\n  template:\n    data:\n      a: ~\n";
    let mut file = parse(text);
    let place = first(&file, Kind::SealedSecret);
    for result in [file.remove_item(place, "a"), file.rename_item(place, "a", "b")] {
        assert!(
            matches!(result, Err(FileError::Form { line: 4, .. })),
            "{result:?}"
        );
    }
    assert_eq!(file.sealed_secret(place).unwrap().spec.encrypted_data["a"], "AgA");
    assert_eq!(file.into_text().as_str(), text);
}
