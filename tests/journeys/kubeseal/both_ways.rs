//! Generated Secrets: what the real kubeseal seals we open, what we seal it opens, and both say the same bytes.
//!
//! `GITSEAL_SEAL_SECRETS` says how many (default 1,000), `GITSEAL_SEED` where the sequence begins.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use gitseal_tests::prng::Prng;
use gitseal_tests::sandbox::Sandbox;
use gitseal_tests::{program, tools};
use serde_json::{Value, json};

use super::{hidden, place_keys};

/// Secrets of an ordinary run: what the issue asks for.
const SECRETS: usize = 1_000;
/// Secrets in one stream.
const BATCH: usize = 25;

#[test]
fn each_opens_what_the_other_sealed() {
    let seed = Prng::seed_of_this_run();
    let wanted = std::env::var("GITSEAL_SEAL_SECRETS")
        .ok()
        .and_then(|text| text.parse().ok());
    let wanted: usize = wanted.unwrap_or(SECRETS);
    let next = AtomicUsize::new(0);
    let different = Mutex::new(Vec::new());
    let items = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let sandbox = Sandbox::new();
                place_keys(&sandbox);
                std::os::unix::fs::symlink(program::gitseal(), sandbox.path("kubeseal")).unwrap();
                loop {
                    let batch = next.fetch_add(1, Ordering::Relaxed);
                    let first = batch * BATCH;
                    if first >= wanted {
                        return;
                    }
                    let mut prng = Prng::new(seed.wrapping_add(batch as u64 * 0x9E37_79B9));
                    let secrets: Vec<Generated> = (first..wanted.min(first + BATCH))
                        .map(|number| Generated::draw(number, &mut prng))
                        .collect();
                    items.fetch_add(
                        secrets.iter().map(|secret| secret.data.len()).sum(),
                        Ordering::Relaxed,
                    );
                    if let Err(why) = compare(&sandbox, &secrets, &mut prng) {
                        different
                            .lock()
                            .unwrap()
                            .push(format!("batch {batch} (seed {seed}): {why}"));
                    }
                }
            });
        }
    });
    let different = different.into_inner().unwrap();
    let items = items.into_inner();
    // Shown also when all is well: how much was compared is the point.
    let _ = writeln!(
        std::io::stderr(),
        "[gitseal-tests] seed {seed}: {wanted} Secrets, {items} values, {} differences",
        different.len()
    );
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(items >= wanted, "the generator makes values");
}

fn compare(sandbox: &Sandbox, secrets: &[Generated], prng: &mut Prng) -> Result<(), String> {
    let key = *prng.pick(&["key-a-2048", "key-a-2048", "key-b-2048", "key-c-4096"]);
    let scope = *prng.pick(&["", "strict", "namespace-wide", "cluster-wide"]);
    let as_json = prng.chance(30);
    let stream: String = secrets.iter().map(|secret| secret.text(as_json)).collect();
    let args = [
        "--cert".to_owned(),
        format!("{key}.crt.pem"),
        "-o".to_owned(),
        "yaml".to_owned(),
        format!("--scope={scope}"),
    ];
    let ours = Path::new("./kubeseal");
    let peer = tools::kubeseal();
    let seal = |program: &Path| {
        let outcome = sandbox.run(program).args(&args).stdin(stream.as_bytes()).go();
        match outcome.code {
            Some(0) => Ok(outcome.out()),
            _ => Err(format!("{}\n{stream}", outcome.told())),
        }
    };
    let (by_ours, by_peer) = (seal(ours)?, seal(&peer)?);
    if hidden(&by_ours) != hidden(&by_peer) {
        return Err(format!(
            "sealed differently:\n{}\n{}",
            hidden(&by_ours),
            hidden(&by_peer)
        ));
    }
    let (ours_docs, peer_docs) = (documents(&by_ours), documents(&by_peer));
    if ours_docs.len() != secrets.len() {
        return Err(format!("{} documents of {}", ours_docs.len(), secrets.len()));
    }
    for ((secret, by_ours), by_peer) in secrets.iter().zip(ours_docs).zip(peer_docs) {
        let open = |program: &Path, document: &str| {
            let args = ["--recovery-unseal", "--recovery-private-key"];
            let key = format!("{key}.key.pem");
            let outcome = sandbox
                .run(program)
                .args(args)
                .arg(key)
                .stdin(document.as_bytes())
                .go();
            match outcome.code {
                Some(0) => Ok(outcome.out()),
                _ => Err(format!("{}\n{}", outcome.told(), secret.text(true))),
            }
        };
        let (peers_by_us, ours_by_peer) = (open(ours, by_peer)?, open(&peer, by_ours)?);
        // An empty value: null is what Go makes of a slice without bytes, and `kubectl apply` drops it. Ours is a text.
        let ours_by_peer = ours_by_peer.replace("\": null", "\": \"\"");
        if peers_by_us != ours_by_peer {
            return Err(format!("opened differently:\n{peers_by_us}\n{ours_by_peer}"));
        }
        let found: Value = serde_json::from_str(&peers_by_us).map_err(|error| error.to_string())?;
        secret.is(&found)?;
    }
    Ok(())
}

fn documents(stream: &str) -> Vec<&str> {
    stream
        .split("---\n")
        .filter(|document| !document.is_empty())
        .collect()
}

/// One Secret, and what must come back.
struct Generated {
    name: String,
    namespace: String,
    kind: Option<&'static str>,
    immutable: Option<bool>,
    annotations: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
    /// Item, value, whether it stands in `stringData`.
    data: BTreeMap<String, (Vec<u8>, bool)>,
}

impl Generated {
    fn draw(number: usize, prng: &mut Prng) -> Self {
        let mut annotations = BTreeMap::new();
        match prng.below(6) {
            0 => _ = annotations.insert("sealedsecrets.bitnami.com/namespace-wide".into(), "true".into()),
            1 => _ = annotations.insert("sealedsecrets.bitnami.com/cluster-wide".into(), "true".into()),
            2 => _ = annotations.insert("sealedsecrets.bitnami.com/cluster-wide".into(), "TRUE".into()),
            3 => {
                _ = annotations.insert(
                    "note".into(),
                    (*prng.pick(&["no", "1e3", "a: b", " x", "é ☃ <&>"])).into(),
                )
            }
            _ => {}
        }
        let mut labels = BTreeMap::new();
        for _ in 0..prng.below(3) {
            labels.insert(
                format!("l{}", prng.below(9)),
                (*prng.pick(&["x", "0755", "yes", "null", "a.b"])).into(),
            );
        }
        let mut data = BTreeMap::new();
        for item in 0..1 + prng.below(4) {
            let name = format!(
                "{}{item}",
                prng.pick(&["key", "tls.crt", "a-b_", ".dot", "UPPER"])
            );
            let in_text = prng.chance(40);
            data.insert(name, (value(prng, in_text), in_text));
        }
        Self {
            name: format!("s{number}"),
            namespace: (*prng.pick(&["prod", "a", "kube-system", "x-1"])).to_owned(),
            kind: *prng.pick(&[
                None,
                Some("Opaque"),
                Some("kubernetes.io/tls"),
                Some("kubernetes.io/dockerconfigjson"),
                Some("example.com/own"),
            ]),
            immutable: *prng.pick(&[None, None, Some(true), Some(false)]),
            annotations,
            labels,
            data,
        }
    }

    fn text(&self, as_json: bool) -> String {
        let part = |in_text: bool| -> BTreeMap<&String, String> {
            let of = self.data.iter().filter(|(_, (_, other))| *other == in_text);
            of.map(|(name, (value, _))| match in_text {
                true => (name, String::from_utf8(value.clone()).unwrap()),
                false => (name, base64(value)),
            })
            .collect()
        };
        let mut object = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": self.name, "namespace": self.namespace},
        });
        let mut put = |pointer: &str, name: &str, value: Value| {
            object
                .pointer_mut(pointer)
                .unwrap()
                .as_object_mut()
                .unwrap()
                .insert(name.into(), value);
        };
        if !self.annotations.is_empty() {
            put("/metadata", "annotations", json!(self.annotations));
        }
        if !self.labels.is_empty() {
            put("/metadata", "labels", json!(self.labels));
        }
        if let Some(kind) = self.kind {
            put("", "type", json!(kind));
        }
        if let Some(immutable) = self.immutable {
            put("", "immutable", json!(immutable));
        }
        for (name, in_text) in [("data", false), ("stringData", true)] {
            let part = part(in_text);
            if !part.is_empty() {
                put("", name, json!(part));
            }
        }
        if as_json {
            return format!("{object}\n");
        }
        let mut out = String::from("---\n");
        block(&object, 0, &mut out);
        out
    }

    fn is(&self, found: &Value) -> Result<(), String> {
        let data: BTreeMap<&String, String> = self
            .data
            .iter()
            .map(|(name, (value, _))| (name, base64(value)))
            .collect();
        if found["data"] != json!(data) {
            return Err(format!("{}: other data", self.name));
        }
        let metadata = &found["metadata"];
        if metadata["name"] != self.name.as_str() || metadata["namespace"] != self.namespace.as_str() {
            return Err(format!("{}: another name", self.name));
        }
        if found.get("type").and_then(Value::as_str) != self.kind {
            return Err(format!("{}: another type", self.name));
        }
        if found.get("immutable").and_then(Value::as_bool) != self.immutable {
            return Err(format!("{}: another immutable", self.name));
        }
        Ok(())
    }
}

/// A mapping as YAML in block style: scalars as JSON writes them, which YAML reads the same.
fn block(value: &Value, column: usize, out: &mut String) {
    for (name, value) in value.as_object().unwrap() {
        let _ = write!(out, "{:column$}{}:", "", json!(name));
        if value.is_object() {
            out.push('\n');
            block(value, column + 2, out);
        } else {
            let _ = writeln!(out, " {value}");
        }
    }
}

fn value(prng: &mut Prng, in_text: bool) -> Vec<u8> {
    let length = match prng.below(20) {
        0 => 0,
        1 => 1,
        2 => 16 << 10,
        3 if prng.chance(20) => 200 << 10,
        _ => prng.below(120),
    };
    if in_text {
        let words = [
            "a", "0755", "\n", "\t", " ", "é", "☃", "😀", "\"", "'", "---\nx", "{{ .x }}", "<&>", "\r\n", "y",
        ];
        let mut text = String::new();
        while text.len() < length {
            text.push_str(prng.pick::<&str>(&words));
        }
        text.into_bytes()
    } else {
        (0..length).map(|_| prng.below(256) as u8).collect()
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let number = three
            .iter()
            .fold(0_u32, |number, byte| number << 8 | u32::from(*byte))
            << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(number >> (18 - 6 * place) & 63) as usize];
            out.push(if place > three.len() {
                '='
            } else {
                char::from(letter)
            });
        }
    }
    out
}

#[test]
fn base64_is_that_of_the_rfc() {
    for (text, want) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foobar", "Zm9vYmFy"),
    ] {
        assert_eq!(base64(text.as_bytes()), want);
    }
}
