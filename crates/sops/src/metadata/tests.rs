use super::*;
use crate::metadata::flatten::{flatten, unflatten};

fn every_kind() -> KeyGroup {
    let (now, enc) = ("2024-01-01T00:00:00Z".to_owned(), "line\nline\n".to_owned());
    KeyGroup(vec![
        MasterKey::AwsKms {
            arn: "arn:aws:kms:eu-west-1:1:key/a".into(),
            role: "arn:aws:iam::1:role/r".into(),
            context: vec![("a".into(), "1".into()), ("b".into(), "2".into())],
            aws_profile: "dev".into(),
            created_at: now.clone(),
            enc: enc.clone(),
        },
        MasterKey::GcpKms {
            resource_id: "projects/p".into(),
            created_at: now.clone(),
            enc: enc.clone(),
        },
        MasterKey::HuaweiKms {
            key_id: "eu:1".into(),
            created_at: now.clone(),
            enc: enc.clone(),
        },
        MasterKey::AzureKeyVault {
            vault_url: "https://v".into(),
            name: "n".into(),
            version: "1".into(),
            created_at: now.clone(),
            enc: enc.clone(),
        },
        MasterKey::VaultTransit {
            vault_address: "https://v".into(),
            engine_path: "a/b".into(),
            key_name: "k".into(),
            created_at: now.clone(),
            enc: enc.clone(),
        },
        MasterKey::Pgp {
            fingerprint: "ABC!".into(),
            created_at: now,
            enc: enc.clone(),
        },
        MasterKey::Age {
            recipient: "age1x".into(),
            enc,
        },
    ])
}

fn metadata(key_groups: Vec<KeyGroup>) -> Metadata {
    Metadata {
        key_groups,
        shamir_threshold: 2,
        last_modified: "2024-05-06T07:08:09Z".into(),
        mac: "ENC[x]".into(),
        mac_only_encrypted: true,
        selector: Selector::EncryptedRegex("^data$".into()),
        version: "3.13.3".into(),
    }
}

#[test]
fn every_kind_of_key_is_kept() {
    for groups in [
        vec![every_kind()],
        vec![every_kind(), KeyGroup(vec![MasterKey::age("age1y")])],
    ] {
        let block = metadata(groups);
        assert_eq!(Metadata::from_node(&block.to_node()).unwrap(), block);
        let pairs = flatten(&block.to_node());
        let node = unflatten(
            pairs
                .iter()
                .map(|(path, text)| (path.as_str(), Value::str(text.as_str()))),
        )
        .unwrap();
        assert_eq!(Metadata::from_node(&node).unwrap(), block);
    }
}

#[test]
fn fields_are_in_byte_order_and_groups_have_their_empty_lists() {
    let block = metadata(vec![
        KeyGroup(vec![MasterKey::age("age1y")]),
        KeyGroup(vec![every_kind().0.remove(5)]),
    ]);
    let Node::Mapping(entries) = block.to_node() else {
        panic!("not a mapping")
    };
    let names = |entries: &[Entry]| -> Vec<String> {
        Fields(entries).pairs().map(|(key, _)| key.to_owned()).collect()
    };
    let all = names(&entries);
    assert!(all.is_sorted(), "{all:?}");
    let groups = Fields(&entries).list("key_groups").unwrap();
    let Node::Mapping(second) = groups[1] else {
        panic!("not a mapping")
    };
    assert_eq!(names(second), ["age", "hc_vault", "pgp"]);
}

#[test]
fn flattened_paths() {
    let paths: Vec<String> = flatten(&metadata(vec![every_kind()]).to_node())
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    for path in [
        "age__list_0__map_recipient",
        "kms__list_0__map_context__map_a",
        "mac",
        "shamir_threshold",
    ] {
        assert!(paths.iter().any(|p| p == path), "{path}");
    }
}

fn loose(pairs: &[(&str, Value)]) -> Result<Metadata, ReadError> {
    let pairs = pairs.iter().map(|(path, value)| (*path, value.duplicate()));
    Metadata::from_node(&unflatten(pairs)?)
}

#[test]
fn loose_scalars_and_old_versions_are_read() {
    let minimal = [
        ("age__list_0__map_recipient", Value::str("age1x")),
        ("lastmodified", Value::str("2024-05-06T07:08:09.5+01:00")),
        ("attention", Value::str("old field")),
        ("pgp", Value::Null),
        ("version", Value::Float(3.8)),
        ("mac_only_encrypted", Value::str("true")),
        ("shamir_threshold", Value::str("2")),
    ];
    let block = loose(&minimal).unwrap();
    assert_eq!(block.selector, Selector::default());
    assert_eq!(block.version, "3.8");
    assert!(block.mac_only_encrypted);
    assert_eq!(block.shamir_threshold, 2);
    assert_eq!(block.last_modified, "2024-05-06T07:08:09.5+01:00");
    assert_eq!(block.mac, "");
}

#[test]
fn broken_blocks_are_refused_with_the_field() {
    let age = || ("age__list_0__map_recipient", Value::str("age1x"));
    let date = || ("lastmodified", Value::str("2024-05-06T07:08:09Z"));
    let field = |pairs: &[(&str, Value)]| match loose(pairs) {
        Err(ReadError::BadMetadata { field, .. }) => field,
        Err(ReadError::NoKeys) => "no keys".to_owned(),
        Err(_) => "another error".to_owned(),
        Ok(_) => "fine".to_owned(),
    };
    let cases = [
        ("fine", vec![age(), date()]),
        ("no keys", vec![date()]),
        ("lastmodified", vec![age()]),
        (
            "lastmodified",
            vec![age(), ("lastmodified", Value::str("yesterday"))],
        ),
        (
            "encrypted_suffix",
            vec![
                age(),
                date(),
                ("unencrypted_suffix", Value::str("a")),
                ("encrypted_suffix", Value::str("b")),
            ],
        ),
        (
            "shamir_threshold",
            vec![age(), date(), ("shamir_threshold", Value::Int(-1))],
        ),
        (
            "shamir_threshold",
            vec![age(), date(), ("shamir_threshold", Value::Int(1 << 40))],
        ),
        (
            "mac_only_encrypted",
            vec![age(), date(), ("mac_only_encrypted", Value::str("perhaps"))],
        ),
        ("age", vec![date(), ("age", Value::str("age1x"))]),
        ("age", vec![date(), ("age__list_0", Value::str("age1x"))]),
        (
            "age",
            vec![date(), ("age__list_1__map_recipient", Value::str("age1x"))],
        ),
        ("age__list_x", vec![date(), ("age__list_x", Value::str("age1x"))]),
        (
            "mac",
            vec![age(), date(), ("mac", Value::str("a")), ("mac", Value::str("b"))],
        ),
        (
            "mac__map_x",
            vec![
                age(),
                date(),
                ("mac", Value::str("a")),
                ("mac__map_x", Value::str("b")),
            ],
        ),
        (
            "created_at",
            vec![date(), ("pgp__list_0__map_created_at", Value::str("x"))],
        ),
    ];
    for (want, pairs) in cases {
        assert_eq!(field(&pairs), want);
    }
    assert!(loose(&[(&"a__map_".repeat(1000), Value::Null)]).is_err());
}
