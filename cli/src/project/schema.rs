//! The form of `.gitseal.yaml`, and what is refused in it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use globset::GlobBuilder;
use serde::Deserialize;

use super::{Cluster, OutPattern, Rule};
use crate::cluster::Controller;
use crate::command::sealed::connection::{DEFAULT_NAME, DEFAULT_NAMESPACE};

/// What is wrong, and where as far as it is known.
pub(super) struct Wrong {
    pub(super) line: Option<(u64, u64)>,
    pub(super) what: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u64,
    #[serde(default)]
    clusters: BTreeMap<String, ClusterFields>,
    #[serde(default)]
    rules: Vec<RuleFields>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClusterFields {
    cert: Option<PathBuf>,
    url: Option<String>,
    context: Option<String>,
    fingerprint: Option<String>,
    controller: Option<ControllerFields>,
    namespace: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    scope: Option<String>,
    out: Option<String>,
    #[serde(default)]
    replaced: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ControllerFields {
    namespace: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFields {
    path: String,
    clusters: Vec<String>,
}

/// Reads the text of a file.
pub(super) fn parse(text: &str) -> Result<(BTreeMap<String, Cluster>, Vec<Rule>), Wrong> {
    let options = serde_saphyr::options! { strict_booleans: true };
    let file: File = serde_saphyr::from_str_with_options(text, options).map_err(|error| syntax(&error))?;
    if file.version != VERSION {
        return Err(wrong(format!(
            "version {} is not known, this gitseal reads version {VERSION}",
            file.version
        )));
    }
    let mut clusters = BTreeMap::new();
    for (name, fields) in file.clusters {
        let cluster = cluster(&name, fields)?;
        clusters.insert(name, cluster);
    }
    let mut rules = Vec::new();
    for (number, fields) in file.rules.into_iter().enumerate() {
        rules.push(rule(number + 1, fields, &clusters)?);
    }
    Ok((clusters, rules))
}

fn cluster(name: &str, fields: ClusterFields) -> Result<Cluster, Wrong> {
    let at = |field: &str, what: &str| wrong(format!("clusters.{name}{field}: {what}"));
    if !is_word(name) {
        return Err(at(
            "",
            "the name of a cluster is made of letters, digits, '-', '_' and '.'",
        ));
    }
    if fields.url.is_some() && fields.context.is_some() {
        return Err(at(
            "",
            "has url and context: one of them says where the certificate is fetched",
        ));
    }
    match fields.url.as_deref().and_then(|url| url.split_once("://")) {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => {}
        // Nobody says who answers: only what is pinned is used (security, S-40).
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") => {
            if fields.fingerprint.is_none() {
                return Err(at(
                    ".url",
                    "http:// needs a fingerprint, as anybody on the way can answer",
                ));
            }
        }
        None if fields.url.is_none() => {}
        _ => return Err(at(".url", "is no https:// URL")),
    }
    let pins = fields.fingerprint.iter().map(|pin| (".fingerprint", pin));
    for (field, pin) in pins.chain(fields.replaced.iter().map(|old| (".replaced", old))) {
        if !pin.starts_with("SHA256:") {
            return Err(at(field, "a fingerprint begins with SHA256:"));
        }
    }
    let scope = match fields.scope.as_deref().map(str::parse) {
        None => None,
        Some(Ok(scope)) => Some(scope),
        Some(Err(())) => return Err(at(".scope", "is strict, namespace-wide or cluster-wide")),
    };
    let out = fields.out.as_deref().map(OutPattern::parse).transpose();
    Ok(Cluster {
        cert: fields.cert,
        url: fields.url,
        context: fields.context,
        fingerprint: fields.fingerprint,
        controller: fields.controller.map(|controller| Controller {
            namespace: controller
                .namespace
                .unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned()),
            name: controller.name.unwrap_or_else(|| DEFAULT_NAME.to_owned()),
        }),
        namespace: fields.namespace,
        labels: fields.labels,
        scope,
        out: out.map_err(|what| at(".out", what))?,
        replaced: fields.replaced,
    })
}

fn rule(number: usize, fields: RuleFields, clusters: &BTreeMap<String, Cluster>) -> Result<Rule, Wrong> {
    let glob = GlobBuilder::new(&fields.path).literal_separator(true).build();
    let glob = glob.map_err(|error| wrong(format!("rules.{number}.path: {}", error.kind())))?;
    if let Some(unknown) = fields.clusters.iter().find(|name| !clusters.contains_key(*name)) {
        return Err(wrong(format!(
            "rules.{number}.clusters: there is no cluster {unknown}"
        )));
    }
    Ok(Rule {
        path: glob.compile_matcher(),
        clusters: fields.clusters,
    })
}

/// A name that can stand in a path and in a list of `--for`.
fn is_word(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.starts_with('.') && !name.is_empty() && name.bytes().all(allowed)
}

fn wrong(what: String) -> Wrong {
    Wrong { line: None, what }
}

fn syntax(error: &serde_saphyr::Error) -> Wrong {
    let line = error.location().map(|at| (at.line(), at.column()));
    let text = error.without_snippet().to_string();
    let first = text.lines().next().unwrap_or_default();
    // The place stands before the message already.
    let what = match line {
        Some((line, column)) => {
            let place = format!("line {line} column {column}");
            first
                .trim_start_matches(&format!("error: {place}: "))
                .replace(&format!(" at {place}"), "")
        }
        None => first.to_owned(),
    };
    Wrong { line, what }
}

/// The version that is read.
const VERSION: u64 = 1;
