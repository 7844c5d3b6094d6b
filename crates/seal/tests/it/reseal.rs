//! Items under old keys, sealed to a new one.

use crds::SealedSecret;
use manifest::Secret;
use seal::{KeyRing, RandomError, ResealError, SEALED_BY, SealError, SealedBy, Sealing, Templates};
use seal::{reseal_items, seal_secret, unseal};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::support::{cert, counting, ring};

/// An object whose items lie under the keys named.
fn object(items: &[(&str, &str)]) -> SealedSecret {
    let mut whole = SealedSecret::default();
    for (item, key) in items {
        let secret = json!({"metadata": {"name": "n", "namespace": "ns"}, "stringData": {*item: format!("{item}-value")}});
        let secret = Secret::from_value(&secret).unwrap();
        let cert = cert(key);
        let sealing = Sealing {
            cert: &cert,
            scope: None,
        };
        let mut one = seal_secret(&secret, sealing, &mut counting()).unwrap();
        one.spec.encrypted_data.append(&mut whole.spec.encrypted_data);
        whole = one;
    }
    whole
}

fn annotate(object: &mut SealedSecret, text: &str) {
    object
        .metadata
        .insert("annotations".to_owned(), json!({SEALED_BY: text}));
}

fn reseal(object: &SealedSecret, ring: &KeyRing) -> Result<(Vec<String>, Vec<String>), String> {
    let done = reseal_items(object, ring, &cert("key-c-4096"), &mut counting())
        .map_err(|error| error.to_string())?;
    let mut after = object.clone();
    after.spec.encrypted_data.extend(done.changed.clone());
    // Whatever was changed opens with the new key alone, and to the same value.
    after
        .spec
        .encrypted_data
        .retain(|item, _| done.changed.contains_key(item));
    let opened = unseal(&after, &crate::support::ring(&["key-c-4096"]), Templates::Ignore).unwrap();
    for (item, value) in opened.data.iter().flatten() {
        assert_eq!(value.expose_secret(), format!("{item}-value").as_bytes());
    }
    Ok((done.changed.into_keys().collect(), done.kept))
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn only_items_under_old_keys_change() {
    let object = object(&[("a", "key-a-2048"), ("b", "key-c-4096"), ("c", "key-b-2048")]);
    let ring = ring(&["key-a-2048", "key-b-2048", "key-c-4096"]);
    assert_eq!(reseal(&object, &ring), Ok((names(&["a", "c"]), names(&["b"]))));
}

#[test]
fn without_the_new_private_key_the_annotation_tells_what_to_keep() {
    let fingerprint = |name| cert(name).fingerprint().to_owned();
    let (old, new) = (fingerprint("key-a-2048"), fingerprint("key-c-4096"));
    let mut object = object(&[("a", "key-a-2048"), ("b", "key-c-4096")]);
    let ring = ring(&["key-a-2048"]);
    let refused = Err("no key could decrypt secret (b)".to_owned());
    assert_eq!(reseal(&object, &ring), refused);

    annotate(&mut object, &format!("{old} strict ns/n; {new} strict ns/n: b"));
    assert_eq!(reseal(&object, &ring), Ok((names(&["a"]), names(&["b"]))));

    // A lie keeps nothing that an old key opens, and nothing that the new key cannot have sealed.
    annotate(&mut object, &format!("{new} strict ns/n"));
    assert_eq!(reseal(&object, &ring), Ok((names(&["a"]), names(&["b"]))));
    annotate(&mut object, &format!("{old} strict ns/n"));
    assert_eq!(reseal(&object, &ring), refused);
    let foreign = {
        let mut foreign = self::object(&[("a", "key-a-2048"), ("b", "key-b-2048")]);
        annotate(&mut foreign, &format!("{new} strict ns/n"));
        foreign
    };
    assert_eq!(reseal(&foreign, &ring), refused);
}

#[test]
fn a_lie_of_the_annotation_is_nothing_to_who_holds_the_key() {
    let mut object = object(&[("a", "key-a-2048"), ("b", "key-c-4096")]);
    for key in ["key-a-2048", "key-b-2048", "key-c-4096"] {
        annotate(
            &mut object,
            &SealedBy::whole(cert(key).fingerprint(), seal::Scope::Strict, "ns", "n").to_text(),
        );
        let ring = ring(&["key-a-2048", "key-c-4096"]);
        assert_eq!(reseal(&object, &ring), Ok((names(&["a"]), names(&["b"]))));
    }
}

#[test]
fn every_item_that_does_not_open_is_told() {
    let mut object = object(&[("a", "key-a-2048"), ("b", "key-b-2048"), ("c", "key-b-2048")]);
    object.spec.encrypted_data.insert("d".to_owned(), "!".to_owned());
    let error = reseal_items(
        &object,
        &ring(&["key-a-2048"]),
        &cert("key-c-4096"),
        &mut counting(),
    )
    .unwrap_err();
    let text = "illegal base64 data at input byte 0 (d)\nno key could decrypt secret (b, c)";
    assert_eq!(error.to_string(), text);
}

#[test]
fn a_failing_generator_and_the_old_blob_are_refused() {
    let mut object = object(&[("a", "key-a-2048")]);
    let ring = ring(&["key-a-2048"]);
    let failed = reseal_items(&object, &ring, &cert("key-c-4096"), &mut |_: &mut [u8]| {
        Err(RandomError)
    });
    assert!(matches!(failed, Err(ResealError::Seal(SealError::Random))));
    object.spec.data = Some(String::new());
    assert!(
        reseal(&object, &ring)
            .unwrap_err()
            .starts_with("using deprecated 'data' field")
    );
}
