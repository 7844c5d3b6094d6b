//! Generated files: every store, every selector, every kind of value, from a seed.
//!
//! A case knows what may be asked of it: whether our own round trip must give the same bytes
//! (`exact`, spec/sops-format §8.7), and whether the real sops can read what it writes itself.

mod json;
mod lines;
mod yaml;

use gitseal_tests::prng::Prng;

/// One generated file with the rule under which it is encrypted.
pub(crate) struct Case {
    pub(crate) store: Store,
    pub(crate) text: Vec<u8>,
    /// How many documents the file holds: YAML streams hold up to four.
    pub(crate) documents: usize,
    /// Fields of the creation rule, beside the recipient.
    pub(crate) rule: &'static [&'static str],
    /// Our decrypt of our encrypt must be the same bytes.
    pub(crate) exact: bool,
    /// False for what the real sops breaks when it is the writer (T15): only our own round trip counts.
    pub(crate) peer_can: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Store {
    Yaml,
    Json,
    Dotenv,
    Ini,
    Binary,
}

impl Store {
    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Self::Yaml => "in.yaml",
            Self::Json => "in.json",
            Self::Dotenv => "in.env",
            Self::Ini => "in.ini",
            Self::Binary => "in.bin",
        }
    }
}

/// The case of a seed; the same seed gives the same case.
pub(crate) fn case(seed: u64) -> Case {
    let mut prng = Prng::new(seed);
    let rule = *prng.pick(RULES);
    let by_comment = rule.iter().any(|line| line.contains("comment_regex"));
    match prng.below(100) {
        0..60 => yaml::case(&mut prng, rule, by_comment),
        60..78 => json::case(&mut prng, if by_comment { &[] } else { rule }),
        78..88 => lines::dotenv(&mut prng, rule),
        // An INI comment covers the next key but one; comment rules are left to YAML and dotenv.
        88..96 => lines::ini(&mut prng, if by_comment { &[] } else { rule }),
        _ => binary(&mut prng),
    }
}

fn binary(prng: &mut Prng) -> Case {
    let length = *prng.pick(&[1, 2, 15, 16, 17, 100, 3_000, 20_000]);
    let text: Vec<u8> = (0..length).map(|_| prng.draw() as u8).collect();
    Case {
        store: Store::Binary,
        text,
        documents: 1,
        rule: &[],
        exact: true,
        peer_can: true,
    }
}

/// What the generated keys are made to meet: suffixes, a prefix, comments with a mark.
const RULES: &[&[&str]] = &[
    &[],
    &[],
    &["mac_only_encrypted: true"],
    &["unencrypted_suffix: _plain"],
    &["encrypted_suffix: _enc"],
    &["encrypted_suffix: _enc", "mac_only_encrypted: true"],
    &["unencrypted_regex: ^(name|pub)"],
    &["encrypted_regex: ^(data|stringData|password)"],
    &[
        "encrypted_regex: ^(data|stringData|password)",
        "mac_only_encrypted: true",
    ],
    &["encrypted_comment_regex: secret"],
    &["unencrypted_comment_regex: public"],
];

/// A key that no other key of its mapping is, made to meet or miss the rules.
fn key(prng: &mut Prng, number: usize) -> String {
    let front = *prng.pick(&[
        "k",
        "data",
        "stringData",
        "password",
        "name",
        "pub",
        "Some-Key",
        "under_score",
        "dotted.key",
        "x",
        "café",
        "ключ",
    ]);
    let back = *prng.pick(&["", "", "", "", "_enc", "_plain", "_unencrypted"]);
    format!("{front}{number}{back}")
}

/// A word for texts; `mark` words meet the comment rules.
fn word(prng: &mut Prng) -> &'static str {
    prng.pick::<&str>(&[
        "alpha", "beta", "hunter2", "p4ssw0rd", "ünï", "漢字", "x", "zz-top", "a_b", "path/to", "secret",
        "public", "v1.2.3", "q=1", "C:\\dir", "50%",
    ])
}

fn words(prng: &mut Prng, count: usize) -> String {
    (0..count).map(|_| word(prng)).collect::<Vec<_>>().join(" ")
}
