//! Scopes and labels.

use seal::{Label, Scope};
use serde_json::json;

use crate::support::{cases, sealed, text};

#[test]
fn annotations_pick_scope_and_label() {
    for case in cases("scopes.json") {
        let object = sealed(json!({
            "metadata": {
                "name": case["name"], "namespace": case["namespace"], "annotations": case["annotations"],
            },
        }));
        let scope = Scope::of(|name| case["annotations"].get(name)?.as_str().map(str::to_owned));
        assert_eq!(scope.to_string(), text(&case, "scope"), "{case}");
        assert_eq!(Scope::of_metadata(&object.metadata), scope);
        assert_eq!(
            Label::of(&object).as_bytes(),
            text(&case, "label").as_bytes(),
            "{case}"
        );
        assert_eq!(text(&case, "scope").parse(), Ok(scope));
    }
    assert_eq!("Strict".parse::<Scope>(), Err(()));
}

#[test]
fn the_template_has_no_say() {
    let object = sealed(json!({
        "metadata": {"name": "app", "namespace": "prod"},
        "spec": {"template": {"metadata": {
            "name": "other", "namespace": "else",
            "annotations": {"sealedsecrets.bitnami.com/cluster-wide": "true"},
        }}},
    }));
    assert_eq!(Label::of(&object).as_bytes(), b"prod/app");
}
