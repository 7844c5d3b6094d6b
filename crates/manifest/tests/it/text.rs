//! Appending to a list in a configuration file.

use manifest::text::append_to_list;

const PATH: [&str; 3] = ["clusters", "prod", "replaced"];

#[test]
fn a_list_grows_and_nothing_else_moves() {
    let cases = [
        (
            "a list",
            "# ours\nclusters:\n  prod: # live\n    replaced:\n      - 'A' # old\n  dev: {}\nrules: []\n",
            "# ours\nclusters:\n  prod: # live\n    replaced:\n      - 'A' # old\n      - B\n  dev: {}\nrules: []\n",
        ),
        (
            "a list in brackets",
            "clusters: {prod: {cert: c, replaced: [A]}}\n",
            "clusters: {prod: {cert: c, replaced: [A, B]}}\n",
        ),
        (
            "no list",
            "clusters:\n  prod:\n    cert: c # here\n\n  # the other\n  dev:\n    cert: d\n",
            "clusters:\n  prod:\n    cert: c # here\n    replaced:\n      - B\n\n  # the other\n  dev:\n    cert: d\n",
        ),
        (
            "there already",
            "clusters: {prod: {replaced: [\"B\"]}}\n",
            "clusters: {prod: {replaced: [\"B\"]}}\n",
        ),
    ];
    for (name, text, want) in cases {
        assert_eq!(
            append_to_list(text, &PATH, "B").as_deref(),
            Ok(want),
            "case: {name}"
        );
    }
}

#[test]
fn what_is_missing_on_the_way_is_made() {
    for text in [
        "version: 1\n",
        "clusters:\n",
        "clusters:\n  prod:\n",
        "clusters:\n  prod: ~\n",
    ] {
        let new = append_to_list(text, &PATH, "B").unwrap();
        let objects = manifest::read_objects(new.as_bytes(), &manifest::Limits::default()).unwrap();
        let list = objects[0].value().pointer("/clusters/prod/replaced").unwrap();
        assert_eq!(list, &serde_json::json!(["B"]), "{text:?} became {new:?}");
    }
}

#[test]
fn other_forms_are_refused() {
    for text in [
        "clusters: [a]\n",
        "clusters: {prod: {replaced: A}}\n",
        "x: &a {replaced: []}\nclusters: {prod: *a}\n",
        "clusters: {}\n---\nclusters: {}\n",
        "clusters: [\n",
    ] {
        assert!(append_to_list(text, &PATH, "B").is_err(), "{text:?}");
    }
}
