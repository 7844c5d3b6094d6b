//! What is said about objects that do not open.

use crds::SealedSecret;
use manifest::Secret;
use seal::explain::{Base64Fault, Explanation, Finding, explain};
use seal::{KeyRing, SEALED_BY, Scope, SealedBy, Sealing, seal_secret};
use serde_json::{Value, json};

use crate::support::{cert, counting, ring, sealed};

fn sealed_as(scope: Scope, namespace: &str, name: &str) -> SealedSecret {
    let secret = json!({"metadata": {"name": name, "namespace": namespace}, "stringData": {"k": "v"}});
    let cert = cert("key-a-2048");
    let sealing = Sealing {
        cert: &cert,
        scope: Some(scope),
    };
    seal_secret(&Secret::from_value(&secret).unwrap(), sealing, &mut counting()).unwrap()
}

/// The same values in an object of other metadata.
fn moved(mut object: SealedSecret, metadata: Value) -> SealedSecret {
    object.metadata = metadata.as_object().unwrap().clone();
    object
}

fn item(explained: &Explanation) -> &[Finding] {
    &explained.items[0].1
}

fn without_keys(value: &str) -> Vec<Finding> {
    let object =
        json!({"metadata": {"name": "n", "namespace": "ns"}, "spec": {"encryptedData": {"k": value}}});
    explain(&sealed(object), None, &[]).items.remove(0).1
}

#[test]
fn the_public_form_of_a_value() {
    let good = sealed_as(Scope::Strict, "ns", "n")
        .spec
        .encrypted_data
        .remove("k")
        .unwrap();
    assert_eq!(without_keys(&good), []);
    let base64 = |at, what| vec![Finding::Base64 { at, what }];
    for (value, expected) in [
        (format!("{}\n{}\n", &good[..64], &good[64..]), vec![]),
        (format!(" {good}"), base64(0, Base64Fault::Blank)),
        (format!("{good} "), base64(good.len(), Base64Fault::Blank)),
        (
            format!("{}-_{}", &good[..8], &good[10..]),
            base64(8, Base64Fault::UrlAlphabet),
        ),
        ("AQAB".repeat(3) + "A", base64(12, Base64Fault::Padding)),
        ("AgB...".to_owned(), base64(3, Base64Fault::Other)),
        ("AgB…".to_owned(), base64(3, Base64Fault::Other)),
        (String::new(), vec![Finding::Truncated { bytes: 0, needed: 2 }]),
        (
            "AQ==".to_owned(),
            vec![Finding::Truncated { bytes: 1, needed: 2 }],
        ),
        (
            good[..100].to_owned(),
            vec![Finding::Truncated {
                bytes: 75,
                needed: 274,
            }],
        ),
        (
            good[..364].to_owned(),
            vec![Finding::Truncated {
                bytes: 273,
                needed: 274,
            }],
        ),
        (
            "aHVudGVyMg==".to_owned(),
            vec![Finding::RsaLength { bytes: 26_741 }],
        ),
        ("AQECAwQF".to_owned(), vec![Finding::RsaLength { bytes: 257 }]),
    ] {
        assert_eq!(without_keys(&value), expected, "{value}");
    }
}

#[test]
fn a_key_that_opens_it_is_named() {
    let object = sealed_as(Scope::Strict, "ns", "n");
    let ring = ring(&["key-b-2048", "key-a-2048"]);
    let explained = explain(&object, Some(&ring), &[]);
    assert_eq!(explained.findings, []);
    assert_eq!(
        (
            explained.scope,
            explained.namespace.as_str(),
            explained.name.as_str()
        ),
        (Scope::Strict, "ns", "n")
    );
    let fingerprint = cert("key-a-2048").fingerprint().to_owned();
    assert_eq!(item(&explained), [Finding::Opens { fingerprint }]);
}

#[test]
fn another_place_is_found_by_trying() {
    let [wide, everywhere] =
        [Scope::NamespaceWide, Scope::ClusterWide].map(|scope| scope.annotation().unwrap());
    let guess = |namespace: &str, name: &str| vec![(namespace.to_owned(), name.to_owned())];
    let strict = || sealed_as(Scope::Strict, "ns", "n");
    let at = |namespace: &str, name: &str| json!({"namespace": namespace, "name": name});
    for (object, guesses, place) in [
        // Renamed; the template still has the old name.
        (
            moved(strict(), at("ns", "new")),
            vec![],
            (Scope::Strict, "ns", "n"),
        ),
        // Moved; the template still has the old namespace.
        (
            moved(strict(), at("new", "n")),
            vec![],
            (Scope::Strict, "ns", "n"),
        ),
        // The scope annotation was added later, and taken away.
        (
            moved(
                strict(),
                json!({"namespace": "ns", "name": "n", "annotations": {everywhere: "true"}}),
            ),
            vec![],
            (Scope::Strict, "ns", "n"),
        ),
        (
            moved(sealed_as(Scope::ClusterWide, "ns", "n"), at("ns", "n")),
            vec![],
            (Scope::ClusterWide, "", ""),
        ),
        (
            moved(sealed_as(Scope::NamespaceWide, "ns", "n"), at("ns", "n")),
            vec![],
            (Scope::NamespaceWide, "ns", ""),
        ),
        // Nothing in the object says it any more, but the caller has an idea.
        (
            moved(strict_without_template(), at("x", "y")),
            guess("ns", "n"),
            (Scope::Strict, "ns", "n"),
        ),
        (
            moved(strict_without_template(), at("ns", "y")),
            guess("z", "n"),
            (Scope::Strict, "ns", "n"),
        ),
        (
            moved(
                strict(),
                json!({"namespace": "ns", "name": "n", "annotations": {wide: "true"}}),
            ),
            vec![],
            (Scope::Strict, "ns", "n"),
        ),
    ] {
        let explained = explain(&object, Some(&ring(&["key-a-2048"])), &guesses);
        let (scope, namespace, name) = place;
        let expected = Finding::OpensAs {
            fingerprint: cert("key-a-2048").fingerprint().to_owned(),
            scope,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        assert_eq!(item(&explained), [expected], "{:?}", object.metadata);
    }
}

fn strict_without_template() -> SealedSecret {
    let mut object = sealed_as(Scope::Strict, "ns", "n");
    object.spec.template = None;
    object
}

#[test]
fn keys_that_cannot_open_it() {
    let object = strict_without_template();
    let elsewhere = moved(object.clone(), json!({"name": "y", "namespace": "x"}));
    for (object, keys, expected) in [
        (&elsewhere, &["key-a-2048"][..], Finding::OpensNever),
        (&object, &["key-b-2048", "key-c-4096"], Finding::OpensNever),
        (&object, &["key-c-4096"], Finding::NoKeyOfThisSize { bits: 2048 }),
    ] {
        assert_eq!(
            item(&explain(object, Some(&ring(keys)), &[])),
            [expected],
            "{keys:?}"
        );
    }
    assert_eq!(item(&explain(&object, Some(&KeyRing::default()), &[])), []);
}

#[test]
fn the_annotation_is_told_and_compared() {
    let a = cert("key-a-2048");
    let mut object = sealed_as(Scope::Strict, "ns", "n");
    let mut by = SealedBy::whole(a.fingerprint(), Scope::Strict, "ns", "old");
    by.note(
        "k",
        seal::SealedByEntry::new("SHA256:gone", Scope::Strict, "ns", "n"),
    );
    object
        .metadata
        .insert("annotations".to_owned(), json!({SEALED_BY: by.to_text()}));
    let ring = ring(&["key-a-2048"]);
    let explained = explain(&object, Some(&ring), &[]);
    let fingerprint = a.fingerprint().to_owned();
    assert_eq!(
        explained.findings,
        [
            Finding::SealedBy {
                fingerprint: fingerprint.clone(),
                have_key: true
            },
            Finding::SealedFor {
                scope: Scope::Strict,
                namespace: "ns".to_owned(),
                name: "old".to_owned()
            },
        ]
    );
    let gone = Finding::SealedBy {
        fingerprint: "SHA256:gone".to_owned(),
        have_key: false,
    };
    assert_eq!(item(&explained), [gone, Finding::Opens { fingerprint }]);
}

#[test]
fn the_object_as_a_whole() {
    let [wide, everywhere] =
        [Scope::NamespaceWide, Scope::ClusterWide].map(|scope| scope.annotation().unwrap());
    let missing = |field| Finding::Missing { field };
    let not_true = |annotation: &str| Finding::ScopeNotTrue {
        annotation: annotation.to_owned(),
    };
    let place = |annotations: Value| json!({"name": "n", "namespace": "ns", "annotations": annotations});
    let template = |annotations: Value| json!({"template": {"metadata": {"annotations": annotations}}});
    for (metadata, spec, expected) in [
        (json!({}), json!({}), vec![missing("namespace"), missing("name")]),
        (
            json!({"annotations": {wide: "true"}}),
            json!({}),
            vec![missing("namespace")],
        ),
        (json!({"annotations": {everywhere: "true"}}), json!({}), vec![]),
        (place(json!({wide: "True"})), json!({}), vec![not_true(wide)]),
        (
            place(json!({everywhere: true, wide: "false"})),
            json!({}),
            vec![not_true(everywhere)],
        ),
        (
            place(json!({})),
            template(json!({wide: "true"})),
            vec![Finding::ScopeInTemplateOnly {
                scope: Scope::NamespaceWide,
            }],
        ),
        (
            place(json!({everywhere: "true"})),
            template(json!({wide: "true", everywhere: "true"})),
            vec![],
        ),
    ] {
        let object = sealed(json!({"metadata": metadata, "spec": spec}));
        let mut findings = explain(&object, None, &[]).findings;
        assert_eq!(findings.remove(0), Finding::Empty);
        assert_eq!(findings, expected, "{metadata} {spec}");
    }
    let blob = sealed(json!({"metadata": place(json!({})), "spec": {"data": ""}}));
    assert_eq!(explain(&blob, None, &[]).findings, [Finding::DeprecatedBlob]);
}

#[test]
fn each_finding_is_one_sentence() {
    let object = moved(
        sealed_as(Scope::Strict, "ns", "n"),
        json!({"name": "new", "namespace": "ns"}),
    );
    let said = item(&explain(&object, Some(&ring(&["key-a-2048"])), &[]))[0].to_string();
    let fingerprint = cert("key-a-2048").fingerprint().to_owned();
    assert_eq!(
        said,
        format!(
            "The key {fingerprint} opens it for another place only: name n in namespace ns (strict); give the object \
             that place again, or seal the value anew."
        )
    );
    for value in ["", " AQ==", "A-B_", "AQA", "...", "AQ==", "AAAA"] {
        let said = without_keys(value)[0].to_string();
        assert!(said.ends_with('.') && !said.contains('\n'), "{said}");
    }
}
