//! `.sops.yaml`: what is read, what is refused, what is warned about, with line and column.

use sops::config::ConfigWarning;
use sops::{Config, MasterKey, Selector};

fn parse(text: &str) -> Config {
    Config::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn names(config: &Config, rule: usize) -> Vec<Vec<String>> {
    let groups = &config.creation_rules.as_ref().unwrap()[rule].key_groups;
    groups
        .iter()
        .map(|group| group.0.iter().map(MasterKey::name).collect())
        .collect()
}

#[test]
fn flat_fields_make_one_group_in_the_order_of_sops() {
    let config = parse(
        "creation_rules:
  - path_regex: ^apps/
    hc_vault_transit_uri: https://v:8200/v1/transit/keys/k
    kms: 'arn:aws:kms:eu:1:key/a+arn:aws:iam::1:role/r, arn:aws:kms:eu:1:key/b'
    aws_profile: dev
    hckms: [eu:1]
    azure_keyvault: https://v.example/keys/k/1
    gcp_kms: projects/p
    pgp:
      - ABCD 1234
      - EFGH
    age: >-
      age1a,
      age1b,
    encrypted_regex: ^(data|stringData)$
    mac_only_encrypted: yes
    shamir_threshold: 1
",
    );
    assert_eq!(config.warnings, []);
    assert_eq!(
        names(&config, 0),
        [[
            "age1a",
            "age1b",
            "ABCD1234",
            "EFGH",
            "arn:aws:kms:eu:1:key/a+arn:aws:iam::1:role/r||dev",
            "arn:aws:kms:eu:1:key/b||dev",
            "projects/p",
            "eu:1",
            "https://v.example/keys/k/1",
            "https://v:8200/v1/transit/keys/k",
        ]]
    );
    let rule = &config.creation_rules.as_ref().unwrap()[0];
    assert_eq!(rule.line, 2);
    assert_eq!(
        rule.selector,
        Some(Selector::EncryptedRegex("^(data|stringData)$".into()))
    );
    assert!(rule.mac_only_encrypted);
    assert_eq!(rule.shamir_threshold, 1);
}

#[test]
fn key_groups_merge_first_and_drop_duplicates() {
    let config = parse(
        "creation_rules:
  - shamir_threshold: 2
    age: age1ignored
    key_groups:
      - hc_vault: [http://v/v1/t/keys/k]
        age: ['age1a, age1b', age1a]
        merge:
          - pgp: [AAAA]
            merge: [{age: [age1c]}]
        kms:
          - arn: arn:aws:kms:eu:1:key/a
            role: arn:r
            context: {b: 2, a: one, n: null}
            aws_profile: p
        azure_keyvault: [{vaultUrl: 'https://v', key: k}]
        gcp_kms: [{resource_id: projects/p}]
        hckms: [{key_id: 'eu:1'}]
      - pgp: [BBBB]
",
    );
    assert_eq!(
        names(&config, 0),
        [
            vec![
                "age1c",
                "AAAA",
                "age1a",
                "age1b",
                "arn:aws:kms:eu:1:key/a+arn:r|a:one,b:2|p",
                "projects/p",
                "eu:1",
                "https://v/keys/k/",
                "http://v/v1/t/keys/k",
            ],
            vec!["BBBB"],
        ]
    );
    assert_eq!(warned(&config), ["3:5: age is ignored: the rule has key_groups"]);
}

fn warned(config: &Config) -> Vec<String> {
    let line = |ConfigWarning {
                    line,
                    column,
                    message,
                }: &ConfigWarning| format!("{line}:{column}: {message}");
    config.warnings.iter().map(line).collect()
}

#[test]
fn the_first_matching_rule_counts() {
    let config = parse(
        "creation_rules:\n- path_regex: \\.prod\\.yaml$\n  age: age1p\n- path_regex: ^dev/\n  age: age1d\n",
    );
    let cases = [
        ("a.prod.yaml", Some(2)),
        ("dev/x", Some(4)),
        ("dev/x.prod.yaml", Some(2)),
        ("other", None),
    ];
    for (path, line) in cases {
        assert_eq!(
            config.rule_for(path.as_bytes()).map(|rule| rule.line),
            line,
            "{path}"
        );
    }
    assert!(parse("creation_rules:\n- age: age1x\n").rule_for(b"").is_some());
}

#[test]
fn absent_rules_are_not_an_empty_list() {
    for (text, rules) in [
        ("", None),
        ("# nothing\n", None),
        ("stores: {}\n", None),
        ("creation_rules:\n", None),
        ("creation_rules: []\n", Some(0)),
        ("creation_rules: [{}]\n", Some(1)),
    ] {
        assert_eq!(
            parse(text).creation_rules.map(|rules| rules.len()),
            rules,
            "{text}"
        );
    }
}

#[test]
fn stores_have_their_indentation() {
    let config = parse(
        "stores:\n  yaml: {indent: 2}\n  json: {indent: -1}\n  json_binary: {indent: 0}\n  ini: {}\n  dotenv:\n",
    );
    assert_eq!(config.stores.yaml_indent, Some(2));
    assert_eq!(config.stores.json_indent, Some(-1));
    assert_eq!(config.stores.json_binary_indent, Some(0));
    assert_eq!(config.warnings, []);
    assert_eq!(parse("stores: {yaml: {}}\n").stores.yaml_indent, None);
}

#[test]
fn anchors_and_merge_keys_work() {
    let config = parse(
        "keys:
  - &alice age1alice
defaults: &defaults
  encrypted_suffix: _s
  age: [*alice, age1bob]
creation_rules:
  - <<: *defaults
    path_regex: ^a/
  - <<: [*defaults]
    age: *alice
",
    );
    assert_eq!(config.warnings, []);
    assert_eq!(names(&config, 0), [["age1alice", "age1bob"]]);
    assert_eq!(names(&config, 1), [["age1alice"]]);
    assert_eq!(
        config.creation_rules.unwrap()[1].selector,
        Some(Selector::EncryptedSuffix("_s".into()))
    );
}

#[test]
fn what_has_no_effect_is_warned_about() {
    let cases = [
        (
            "creation_rules:\n- path_regexp: x\n  age: age1x\n",
            vec!["2:3: unknown field path_regexp in a creation rule is ignored; is path_regex meant?"],
        ),
        (
            "creation_rule: []\n",
            vec!["1:1: unknown field creation_rule in the config is ignored; is creation_rules meant?"],
        ),
        (
            "wholly_different: 1\n",
            vec!["1:1: unknown field wholly_different in the config is ignored"],
        ),
        (
            "stores: {yml: {indent: 2}}\n",
            vec!["1:10: unknown field yml in stores is ignored; is yaml meant?"],
        ),
        (
            "stores: {yaml: {ident: 2}}\n",
            vec!["1:17: unknown field ident in stores.yaml is ignored; is indent meant?"],
        ),
        ("destination_rules: [{s3_bucket: x}]\n", vec![]),
        (
            "creation_rules:\n- age: age1x\n- path_regex: ^a\n  age: age1x\n",
            vec!["3:3: this creation rule can never match: the rule on line 2 matches every path"],
        ),
        (
            "creation_rules:\n- {path_regex: ^a, age: age1x}\n- {path_regex: ^a, age: age1y}\n",
            vec!["3:3: this creation rule can never match: the rule on line 2 has the same path_regex"],
        ),
        (
            "creation_rules:\n- key_groups:\n  - hc_vaults: [x]\n    kms: [{Arn: x}]\n",
            vec![
                "3:5: unknown field hc_vaults in a key group is ignored; is hc_vault meant?",
                "4:12: unknown field Arn in kms is ignored; is arn meant?",
            ],
        ),
    ];
    for (text, want) in cases {
        assert_eq!(warned(&parse(text)), want, "{text}");
    }
}

#[test]
fn what_is_wrong_is_refused_with_its_place() {
    let cases = [
        ("creation_rules: {}\n", "1:17: creation_rules must be a list"),
        (
            "creation_rules:\n- path_regex: '('\n",
            "2:15: path_regex is not a valid regex",
        ),
        (
            "creation_rules:\n- encrypted_regex: '(?=a)'\n",
            "2:20: encrypted_regex is not a valid regex",
        ),
        (
            "creation_rules:\n- age: a\n  age: b\n",
            "3:3: the key age is there twice",
        ),
        (
            "creation_rules: []\ncreation_rules: []\n",
            "2:1: the key creation_rules is there twice",
        ),
        ("creation_rules:\n- age: {a: b}\n", "2:8: age must be a text"),
        (
            "creation_rules:\n- encrypted_suffix: a\n  unencrypted_suffix: b\n",
            "3:3: only one of the six selection fields can be used in a creation rule",
        ),
        (
            "creation_rules:\n- shamir_threshold: -1\n",
            "2:21: shamir_threshold must lie between 0 and 255",
        ),
        (
            "creation_rules:\n- shamir_threshold: two\n",
            "2:21: shamir_threshold must be an integer",
        ),
        (
            "creation_rules:\n- mac_only_encrypted: 1\n",
            "2:23: mac_only_encrypted must be true or false",
        ),
        (
            "creation_rules:\n- hc_vault_transit_uri: v/v1/t/keys/k\n",
            "2:25: not a key of hc_vault_transit_uri",
        ),
        (
            "creation_rules:\n- azure_keyvault: https://v\n",
            "2:19: not a key of azure_keyvault",
        ),
        ("- a\n", "1:1: the config must be a mapping"),
        ("stores: {json: {indent: x}}\n", "1:25: indent must be an integer"),
    ];
    for (text, want) in cases {
        let error = Config::parse(text)
            .err()
            .unwrap_or_else(|| panic!("accepted: {text}"));
        assert_eq!(
            format!("{}:{}: {}", error.line, error.column, error.what),
            want,
            "{text}"
        );
    }
    assert!(Config::parse("a: [\n").is_err());
}

#[test]
fn an_empty_selection_field_is_none() {
    let config =
        parse("creation_rules:\n- encrypted_regex: ''\n  unencrypted_suffix:\n  encrypted_suffix: x\n");
    assert_eq!(
        config.creation_rules.unwrap()[0].selector,
        Some(Selector::EncryptedSuffix("x".into()))
    );
}
