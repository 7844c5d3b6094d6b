//! Whole objects: Secrets sealed, SealedSecrets opened.

use std::collections::BTreeMap;

use manifest::{Secret, template};
use proptest::prelude::{any, proptest};
use proptest::{collection, option, prop_assert, prop_assert_eq};
use seal::{
    KeyRing, RandomError, Scope, SealError, Sealing, Templates, UnsealError, assemble, seal_secret, unseal,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::{cert, counting, json as vectors, ring, sealed};
use gitseal_tests::drawn;

fn rendering<T>(run: impl FnOnce(Templates<'_>) -> T) -> T {
    let outside = template::Outside {
        now: (1_700_000_000, 0),
        random: &|bytes| {
            bytes.fill(7);
            true
        },
    };
    run(Templates::Render(&outside, template::Limits::default()))
}

/// The vectors' cases by name, as they are there.
fn named() -> Vec<(String, Value)> {
    let cases = vectors("sealedsecrets.json")["cases"]
        .as_object()
        .unwrap()
        .clone();
    cases.into_iter().collect()
}

fn secret(value: Value) -> Secret {
    Secret::from_value(&value).unwrap()
}

fn values(secret: &Secret) -> BTreeMap<String, Vec<u8>> {
    let items = secret.items().into_iter();
    items
        .map(|(item, value)| (item.to_owned(), value.to_vec()))
        .collect()
}

#[test]
fn unseals_as_the_peer_does() {
    let ring = ring(&["key-a-2048", "key-b-2048"]);
    let cases = named();
    assert_eq!(cases.len(), 19);
    for (name, case) in cases {
        let object = sealed(case["sealedsecret"].clone());
        let opened = rendering(|templates| unseal(&object, &ring, templates));
        match (&case["offline"]["secret"], opened) {
            (Value::Null, Err(error)) => {
                assert_eq!(
                    error.to_string(),
                    case["offline"]["error"].as_str().unwrap(),
                    "{name}"
                );
            }
            (expected, Ok(secret)) => {
                assert_eq!(secret.to_value(), *expected, "{name}");
                let order = |value: &Value| {
                    value
                        .as_object()
                        .map(|map| map.keys().cloned().collect::<Vec<_>>())
                };
                let metadata = &secret.to_value()["metadata"];
                assert_eq!(order(metadata), order(&expected["metadata"]), "{name}");
            }
            (_, Err(error)) => panic!("{name}: {error}"),
        }
    }
}

#[test]
fn without_templates_only_sealed_items_appear() {
    let ring = ring(&["key-a-2048", "key-b-2048"]);
    for (name, items) in [
        ("template", vec!["password", "user"]),
        ("bad_template", vec!["a"]),
        ("template_null_omits", vec!["password", "user"]),
    ] {
        let cases = vectors("sealedsecrets.json");
        let object = sealed(cases["cases"][name]["sealedsecret"].clone());
        let secret = unseal(&object, &ring, Templates::Ignore)
            .map_err(|error| error.to_string())
            .unwrap();
        assert_eq!(values(&secret).into_keys().collect::<Vec<_>>(), items, "{name}");
    }
}

#[test]
fn a_hint_never_decides() {
    let a = cert("key-a-2048");
    let plain = json!({"metadata": {"name": "n", "namespace": "ns"}, "data": {"x": "eA=="}});
    let sealing = Sealing {
        cert: &a,
        scope: None,
    };
    for hint in [
        "SHA256:nobody strict ns/n",
        "SHA256:nobody cluster-wide",
        "nonsense; and more",
    ] {
        let mut object = seal_secret(&secret(plain.clone()), sealing, &mut counting()).unwrap();
        object
            .metadata
            .insert("annotations".to_owned(), json!({seal::SEALED_BY: hint}));
        let opened = unseal(&object, &ring(&["key-b-2048", "key-a-2048"]), Templates::Ignore);
        assert!(opened.is_ok(), "{hint}");
        object.metadata.insert("name".to_owned(), "other".into());
        let opened = unseal(&object, &ring(&["key-b-2048", "key-a-2048"]), Templates::Ignore);
        assert!(opened.is_err(), "{hint}");
    }
}

#[test]
fn items_opened_elsewhere_are_put_together() {
    let object = sealed(json!({
        "metadata": {"name": "n", "namespace": "ns", "uid": "u-1"},
        "spec": {"encryptedData": {"a": "", "b": ""}},
    }));
    let value = |text: &str| Ok((text.as_bytes().to_vec().into(), 0));
    let opened = [("a".to_owned(), value("1")), ("b".to_owned(), value("2"))].into();
    let secret = assemble(&object, opened, Templates::Ignore).unwrap();
    assert_eq!(values(&secret)["b"], b"2");
    assert_eq!(secret.to_value()["metadata"]["ownerReferences"][0]["uid"], "u-1");
    let opened = [
        ("a".to_owned(), value("1")),
        ("b".to_owned(), Err(seal::OpenError::NoKey)),
    ]
    .into();
    let error = assemble(&object, opened, Templates::Ignore).unwrap_err();
    assert_eq!(error.to_string(), "no key could decrypt secret (b)");
}

#[test]
fn metadata_of_the_template_are_copied_but_for_name_and_owner() {
    let object = sealed(json!({
        "metadata": {"name": "n"},
        "spec": {"template": {
            "type": "",
            "metadata": {
                "creationTimestamp": null, "namespace": "else", "finalizers": ["f"], "generateName": "g", "odd": 1,
            },
            "data": null,
        }},
    }));
    let secret = rendering(|templates| unseal(&object, &KeyRing::default(), templates)).unwrap();
    let owner = json!([{
        "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "name": "n", "uid": "", "controller": true,
    }]);
    assert_eq!(
        secret.to_value(),
        json!({
            "kind": "Secret",
            "apiVersion": "v1",
            "metadata": {"name": "n", "generateName": "g", "ownerReferences": owner, "finalizers": ["f"]},
        })
    );
}

#[test]
fn seals_metadata_as_the_peer_does() {
    let input = secret(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "n", "namespace": "ns", "uid": "u", "resourceVersion": "1", "generation": 2, "selfLink": "/x",
            "creationTimestamp": null, "deletionTimestamp": null, "deletionGracePeriodSeconds": 3,
            "ownerReferences": [{"name": "o"}],
            "labels": {"l": "1"}, "finalizers": ["f"], "generateName": "g",
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "{\"data\":1}",
                "kubecfg.ksonnet.io/last-applied-configuration": "{}",
                "keep": "me",
            },
        },
        "type": "kubernetes.io/tls",
        "immutable": true,
        "data": {"a": "MQ==", "b": "Mg=="},
        "stringData": {"b": "wins", "c": "3"},
    }));
    let a = cert("key-a-2048");
    let object = seal_secret(
        &input,
        Sealing {
            cert: &a,
            scope: None,
        },
        &mut counting(),
    )
    .unwrap();
    let mut value = serde_json::to_value(&object).unwrap();
    let items = value["spec"]
        .as_object_mut()
        .unwrap()
        .remove("encryptedData")
        .unwrap();
    assert_eq!(
        serde_json::to_string(&value).unwrap(),
        json!({
            "kind": "SealedSecret",
            "apiVersion": "bitnami.com/v1alpha1",
            "metadata": {"name": "n", "namespace": "ns"},
            "spec": {"template": {
                "metadata": {
                    "name": "n", "generateName": "g", "namespace": "ns", "labels": {"l": "1"},
                    "annotations": {"keep": "me"}, "finalizers": ["f"],
                },
                "type": "kubernetes.io/tls",
                "immutable": true,
            }},
        })
        .to_string()
    );
    assert_eq!(
        items.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["a", "b", "c"]
    );
    let opened = unseal(&object, &ring(&["key-a-2048"]), Templates::Ignore).unwrap();
    let expected =
        [("a", "1"), ("b", "wins"), ("c", "3")].map(|(k, v)| (k.to_owned(), v.as_bytes().to_vec()));
    assert_eq!(values(&opened), expected.into());
}

#[test]
fn annotations_vanish_with_their_last_one() {
    let input = secret(json!({
        "metadata": {
            "name": "n", "namespace": "ns",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
        },
    }));
    let a = cert("key-a-2048");
    let object = seal_secret(
        &input,
        Sealing {
            cert: &a,
            scope: None,
        },
        &mut counting(),
    )
    .unwrap();
    let value = serde_json::to_value(&object).unwrap();
    assert_eq!(
        value["spec"],
        json!({"template": {"metadata": {"name": "n", "namespace": "ns"}}, "encryptedData": {}})
    );
}

#[test]
fn scopes_are_taken_from_the_flag_else_from_the_secret() {
    let [wide, everywhere] =
        [Scope::NamespaceWide, Scope::ClusterWide].map(|scope| scope.annotation().unwrap());
    let a = cert("key-a-2048");
    for (input, flag, own, template) in [
        (json!({}), None, json!(null), json!(null)),
        (
            json!({wide: "true"}),
            None,
            json!({wide: "true"}),
            json!({wide: "true"}),
        ),
        (
            json!({everywhere: "true", wide: "true"}),
            None,
            json!({everywhere: "true"}),
            json!({everywhere: "true", wide: "true"}),
        ),
        (
            json!({everywhere: "true"}),
            Some(Scope::NamespaceWide),
            json!({wide: "true"}),
            json!({wide: "true"}),
        ),
        (
            json!({everywhere: "true", "k": "v"}),
            Some(Scope::Strict),
            json!(null),
            json!({"k": "v"}),
        ),
        (
            json!({}),
            Some(Scope::ClusterWide),
            json!({everywhere: "true"}),
            json!({everywhere: "true"}),
        ),
        (json!({wide: "yes"}), None, json!(null), json!({wide: "yes"})),
    ] {
        let plain = secret(json!({
            "metadata": {"name": "n", "namespace": "ns", "annotations": input}, "data": {"a": "MQ=="},
        }));
        let object = seal_secret(
            &plain,
            Sealing {
                cert: &a,
                scope: flag,
            },
            &mut counting(),
        )
        .unwrap();
        let value = serde_json::to_value(&object).unwrap();
        assert_eq!(value["metadata"]["annotations"], own, "{input} {flag:?}");
        assert_eq!(
            value["spec"]["template"]["metadata"]["annotations"], template,
            "{input} {flag:?}"
        );
        assert!(
            unseal(&object, &ring(&["key-a-2048"]), Templates::Ignore).is_ok(),
            "{input} {flag:?}"
        );
    }
}

#[test]
fn cluster_wide_needs_no_namespace() {
    let plain = secret(json!({"metadata": {"name": "n"}, "data": {"a": "MQ=="}}));
    let a = cert("key-a-2048");
    let sealing = Sealing {
        cert: &a,
        scope: Some(Scope::ClusterWide),
    };
    let object = seal_secret(&plain, sealing, &mut counting()).unwrap();
    assert_eq!(object.metadata.get("namespace"), None);
    let secret = unseal(&object, &ring(&["key-a-2048"]), Templates::Ignore).unwrap();
    assert_eq!(secret.metadata.namespace(), "");
    assert!(!secret.metadata.0.contains_key("namespace"));
}

#[test]
fn errors_hold_no_values() {
    let plain =
        secret(json!({"metadata": {"name": "n", "namespace": "ns"}, "stringData": {"a": "canary-value"}}));
    let a = cert("key-a-2048");
    let sealing = Sealing {
        cert: &a,
        scope: None,
    };
    let failed = seal_secret(&plain, sealing, &mut |_: &mut [u8]| Err(RandomError)).unwrap_err();
    assert!(matches!(failed, SealError::Random));
    let mut object = seal_secret(&plain, sealing, &mut counting()).unwrap();
    object.spec.template.as_mut().unwrap().data =
        Some([("t".to_owned(), Some("{{ .a | nope }}".to_owned()))].into());
    let error: UnsealError =
        rendering(|templates| unseal(&object, &ring(&["key-a-2048"]), templates)).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary-value"), "{error}");
}

proptest! {
    #![proptest_config(drawn::cases(24))]

    #[test]
    fn a_sealed_secret_opens_to_the_same_items(
        items in collection::btree_map("[a-zA-Z0-9._-]{1,20}", collection::vec(any::<u8>(), 0..100), 0..4),
        name in "[a-z0-9.-]{1,20}",
        namespace in "[a-z0-9-]{1,20}",
        scope in option::of(0..3_usize),
        type_ in option::of("[a-z./]{1,10}"),
    ) {
        let mut plain = Secret { type_, ..Secret::default() };
        plain.metadata.set("name", &name);
        plain.metadata.set("namespace", &namespace);
        plain.data = Some(items.iter().map(|(item, value)| (item.clone(), value.clone().into())).collect());
        let a = cert("key-a-2048");
        let sealing = Sealing { cert: &a, scope: scope.map(|index| Scope::ALL[index]) };
        let object = seal_secret(&plain, sealing, &mut counting()).unwrap();
        let text = serde_json::to_string(&object).unwrap();
        let object = serde_json::from_str(&text).unwrap();
        let opened = unseal(&object, &ring(&["key-a-2048"]), Templates::Ignore).unwrap();
        prop_assert_eq!(values(&opened), items);
        prop_assert_eq!(&opened.type_, &plain.type_);
        prop_assert_eq!(opened.metadata.name(), name);
        let first = opened.data.iter().flatten().next();
        prop_assert!(first.is_none_or(|(item, value)| values(&plain)[item] == value.expose_secret()));
    }
}
