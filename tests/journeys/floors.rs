//! The import table: who may stand on whom, and which libraries stay out of which floor.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Which packages of this workspace a package may import. Fewer is fine; a package that is missing
/// here is an error, so a new one is put on its floor when it is made.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("crds", &[]),
    ("yaml", &[]),
    ("manifest", &["yaml"]),
    ("sops", &["yaml"]),
    ("seal", &["crds", "manifest", "yaml"]),
    ("providers", &["sops"]),
    ("render", &[]),
    ("sync", &["manifest", "sops", "providers", "render"]),
    (
        "gitseal",
        &["crds", "sops", "seal", "manifest", "providers", "sync"],
    ),
    (
        "gitseal-controller",
        &["crds", "seal", "manifest", "providers", "sync"],
    ),
    // The harness; its journeys are dev-dependencies and may import everything.
    ("gitseal-tests", &[]),
];

/// Floors 0 and 1: bytes in, bytes out.
const PURE: &[&str] = &["crds", "yaml", "manifest", "sops", "seal"];

/// Not reachable from a pure package. A star stands for any end of the name.
const NOT_PURE: &[&str] = &[
    "tokio",
    "hyper",
    "reqwest",
    "rustls",
    "kube-client",
    "kube-runtime",
    "aws-config",
    "aws-sdk-*",
    "aws-smithy-*",
    "aws-types",
    "gix",
    "gix-*",
    "git2",
    "libgit2-sys",
    "clap",
    "age",
    "rayon",
    "tempfile",
];

/// Not reachable at all: each has an open weakness, no maintainer, or a better one beside it.
const NEVER: &[&str] = &[
    "rsa",
    "ring",
    "openssl-sys",
    "native-tls",
    "serde_yaml",
    "serde_yml",
    "libgit2-sys",
    "sharks",
    "blahaj",
    "rusoto_*",
];

#[test]
fn every_arrow_points_down() {
    let graph = Graph::of_this_workspace();
    assert_eq!(graph.wrong_arrows(), Vec::<String>::new());
}

#[test]
fn the_lower_floors_reach_no_wire() {
    let graph = Graph::of_this_workspace();
    let found = graph.reachable_of(PURE, NOT_PURE);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn banned_crates_are_not_reachable() {
    let built = built();
    assert!(built.contains("aws-lc-rs"), "cargo tree lists what is built");
    let found: Vec<&String> = built
        .iter()
        .filter(|name| NEVER.iter().any(|pattern| is_meant(pattern, name)))
        .collect();
    assert_eq!(found, Vec::<&String>::new());
}

/// Every crate that is built for a program, on any target. `cargo metadata` also lists crates that only a weak feature
/// (`quinn?/ring`) names, and which nothing builds.
fn built() -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(gitseal_tests::root())
        .args(["tree", "--workspace", "--all-features", "--target", "all"])
        .args(["--edges", "normal,build", "--prefix", "none", "--format", "{p}"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    told.lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_wrong_arrow_is_seen() {
    let graph = Graph {
        members: ["sops", "providers", "attic"].map(str::to_owned).into(),
        edges: [("sops", "providers"), ("providers", "tokio"), ("tokio", "ring")]
            .map(|(from, to)| (from.to_owned(), to.to_owned()))
            .into_iter()
            .fold(
                BTreeMap::new(),
                |mut edges: BTreeMap<String, BTreeSet<String>>, (from, to)| {
                    edges.entry(from).or_default().insert(to);
                    edges
                },
            ),
    };
    assert_eq!(
        graph.wrong_arrows(),
        ["attic has no floor", "sops imports providers"]
    );
    assert_eq!(graph.reachable_of(PURE, NOT_PURE), ["sops reaches tokio"]);
    assert_eq!(graph.reachable_of(&["sops"], NEVER), ["sops reaches ring"]);
}

/// Packages by name, with their normal and build dependencies.
struct Graph {
    members: BTreeSet<String>,
    edges: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn of_this_workspace() -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .current_dir(gitseal_tests::root())
            .args(["metadata", "--format-version", "1", "--all-features"])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let all: Value = serde_json::from_slice(&output.stdout).unwrap();

        let names: BTreeMap<&str, &str> = list(&all["packages"])
            .map(|package| (package["id"].as_str().unwrap(), package["name"].as_str().unwrap()))
            .collect();
        let members = list(&all["workspace_members"])
            .map(|id| names[id.as_str().unwrap()].to_owned())
            .collect();
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in list(&all["resolve"]["nodes"]) {
            let from = names[node["id"].as_str().unwrap()];
            for dependency in list(&node["deps"]) {
                // A null kind is a normal dependency.
                if list(&dependency["dep_kinds"]).any(|kind| kind["kind"] != "dev") {
                    let to = names[dependency["pkg"].as_str().unwrap()];
                    edges.entry(from.to_owned()).or_default().insert(to.to_owned());
                }
            }
        }
        Self { members, edges }
    }

    fn wrong_arrows(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for member in &self.members {
            let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| name == member) else {
                wrong.push(format!("{member} has no floor"));
                continue;
            };
            let ours = self
                .edges
                .get(member)
                .into_iter()
                .flatten()
                .filter(|to| self.members.contains(*to));
            wrong.extend(
                ours.filter(|to| !allowed.contains(&to.as_str()))
                    .map(|to| format!("{member} imports {to}")),
            );
        }
        wrong
    }

    fn reachable_of(&self, from: &[&str], banned: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        for start in from.iter().filter(|name| self.members.contains(**name)) {
            let mut seen = BTreeSet::new();
            let mut open = vec![*start];
            while let Some(name) = open.pop() {
                if seen.insert(name) {
                    open.extend(self.edges.get(name).into_iter().flatten().map(String::as_str));
                }
            }
            let hits = seen
                .into_iter()
                .filter(|name| banned.iter().any(|pattern| is_meant(pattern, name)));
            found.extend(hits.map(|name| format!("{start} reaches {name}")));
        }
        found
    }
}

fn is_meant(pattern: &str, name: &str) -> bool {
    pattern
        .strip_suffix('*')
        .map_or(pattern == name, |front| name.starts_with(front))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
