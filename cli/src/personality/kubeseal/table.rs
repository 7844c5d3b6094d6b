//! The flags of kubeseal, their variables, what they take, and the help (spec/sealed-secrets §10).

use std::ffi::OsString;
use std::fmt::Write;
use std::num::{IntErrorKind, ParseIntError};
use std::str::FromStr;

use ::seal::Scope;

use crate::io::Io;
use crate::personality::flags::pflag::{self, PflagError};
use crate::personality::flags::{Flag, FlagKind, Parsed, quoted, truth};

/// Reads words under the flags of kubeseal.
///
/// # Errors
///
/// Help was asked for, or the first flag that is wrong.
pub(super) fn parse(words: &[OsString], io: &Io) -> Result<Parsed, PflagError> {
    let flags = all();
    pflag::parse(&flags, words, &|flag| io.env(&variable(flag)?), &check)
}

/// What to say about flags that still work and have another name now.
pub(super) const fn deprecated() -> &'static [(&'static str, &'static str)] {
    &[(
        "rotate",
        "Flag --rotate has been deprecated, please use --re-encrypt instead",
    )]
}

/// The help: every flag, its variable at the end.
pub(super) fn help() -> String {
    let mut out = String::new();
    for (title, flags) in [
        ("", OWN),
        ("Cluster:\n", CLUSTER),
        ("Logging (accepted, without effect):\n", LOGGING),
    ] {
        out.push_str(title);
        for flag in flags {
            let _ = writeln!(out, "  {:38} {}", spellings(flag), flag.help);
        }
    }
    out.push_str(
        "Every flag but those of logging has a variable: SEALED_SECRETS_ and its name in capitals, with _ for -.\n\
         A flag that is given counts before its variable; lists are added.\n",
    );
    out
}

fn all() -> Vec<Flag> {
    [OWN, CLUSTER, LOGGING].concat()
}

fn variable(flag: &Flag) -> Option<String> {
    (!is_logging(flag.name())).then(|| pflag::variable("SEALED_SECRETS_", flag))
}

fn check(flag: &Flag, text: &str) -> Result<(), String> {
    match flag.name() {
        "scope" if !text.is_empty() && Scope::from_str(text).is_err() => {
            Err("must be one of: strict, namespace-wide, cluster-wide".to_owned())
        }
        "v" => match text.parse::<i32>() {
            Ok(_) => Ok(()),
            Err(error) => Err(integer("strconv.ParseInt", text, &error)),
        },
        "stderrthreshold" | "alsologtostderrthreshold"
            if !SEVERITIES.contains(&text.to_uppercase().as_str()) =>
        {
            let parsed = text.parse::<i32>();
            parsed
                .map(|_| ())
                .map_err(|error| integer("strconv.ParseInt", text, &error))
        }
        "log_file_max_size" if text.parse::<u64>().is_err() => Err("parse error".to_owned()),
        "log_backtrace_at" if !is_place(text) => Err("syntax error: expect file.go:234".to_owned()),
        "vmodule" if !text.is_empty() && !text.split(',').all(is_pattern) => {
            Err("syntax error: expect comma-separated list of filename=N".to_owned())
        }
        name if is_logging(name) && matches!(flag.kind, FlagKind::Switch(_)) && truth(text).is_none() => {
            Err("parse error".to_owned())
        }
        _ => Ok(()),
    }
}

/// Why a text is no number, as Go says it.
fn integer(function: &str, text: &str, error: &ParseIntError) -> String {
    let why = match error.kind() {
        IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "value out of range",
        _ => "invalid syntax",
    };
    format!("{function}: parsing {}: {why}", quoted(text))
}

fn is_place(text: &str) -> bool {
    text.is_empty()
        || text
            .rsplit_once(':')
            .is_some_and(|(_, line)| line.parse::<u32>().is_ok())
}

fn is_pattern(text: &str) -> bool {
    text.split_once('=')
        .is_some_and(|(name, level)| !name.is_empty() && level.parse::<i32>().is_ok())
}

fn is_logging(name: &str) -> bool {
    LOGGING.iter().any(|flag| flag.name() == name)
}

fn spellings(flag: &Flag) -> String {
    let letter = match flag.names.iter().find(|name| name.len() == 1) {
        Some(letter) => format!("-{letter}, "),
        None => "    ".to_owned(),
    };
    let value = match flag.kind {
        FlagKind::Switch(_) => "",
        FlagKind::Text | FlagKind::Number => " TEXT",
        FlagKind::List | FlagKind::Array => " TEXT...",
    };
    format!("{letter}--{}{value}", flag.name())
}

const SEVERITIES: [&str; 4] = ["INFO", "WARNING", "ERROR", "FATAL"];

const OWN: &[Flag] = &[
    Flag::switch(&["allow-empty-data"], "seal a Secret without data, too"),
    Flag::text(
        &["cert"],
        "certificate to seal to: a file or a URL; no cluster is needed then",
    ),
    Flag::text(
        &["controller-name"],
        "Service of the controller (sealed-secrets-controller)",
    ),
    Flag::text(
        &["controller-namespace"],
        "namespace of the controller (kube-system)",
    ),
    Flag::switch(&["fetch-cert"], "print the certificate"),
    Flag::text(&["format", "o"], "json or yaml (json)"),
    Flag::list(
        &["from-file"],
        "with --raw: the file that holds the value, PATH or KEY=PATH",
    ),
    Flag::switch(&["help"], "show this"),
    Flag::text(&["merge-into"], "add the items to the SealedSecret in this file"),
    Flag::text(
        &["name"],
        "name of the Secret: with --raw and scope strict, or instead of its own",
    ),
    Flag::switch(&["raw"], "seal one value and print nothing but its ciphertext"),
    Flag::switch(&["re-encrypt"], "have the controller seal to its newest key"),
    Flag::list(
        &["recovery-private-key"],
        "files with private keys, for --recovery-unseal",
    ),
    Flag::switch(
        &["recovery-unseal"],
        "open a SealedSecret with private keys, without a cluster",
    ),
    Flag::switch(&["rotate"], "the old name of --re-encrypt"),
    Flag::text(
        &["scope"],
        "strict, namespace-wide or cluster-wide (strict: as the Secret's annotations say)",
    ),
    Flag::text(&["sealed-secret-file", "w"], "file to write to (standard output)"),
    Flag::text(&["secret-file", "f"], "file to read (standard input)"),
    Flag::switch(&["validate"], "ask the controller whether a SealedSecret opens"),
    Flag::switch(&["version"], "show the version of kubeseal that this behaves as"),
];

const CLUSTER: &[Flag] = &[
    Flag::text(&["as"], "user to act as"),
    Flag::array(&["as-group"], "group to act as; may be repeated"),
    Flag::text(&["as-uid"], "UID to act as"),
    Flag::text(
        &["certificate-authority"],
        "file with the certificate of the API server's authority",
    ),
    Flag::text(&["client-certificate"], "file with a client certificate"),
    Flag::text(&["client-key"], "file with its key"),
    Flag::text(&["cluster"], "cluster of the kubeconfig"),
    Flag::text(&["context"], "context of the kubeconfig"),
    Flag::switch(
        &["disable-compression"],
        "ask for answers that are not compressed",
    ),
    Flag::switch(
        &["insecure-skip-tls-verify"],
        "do not check the API server's certificate",
    ),
    Flag::text(&["kubeconfig"], "the kubeconfig to use, and no other"),
    Flag::text(
        &["namespace", "n"],
        "namespace; must be the Secret's own if it names one",
    ),
    Flag::text(&["password"], "password of basic authentication"),
    Flag::text(&["proxy-url"], "proxy to the API server"),
    Flag::text(
        &["request-timeout"],
        "how long a request may take: 30s, 2m; 0 is without end (0)",
    ),
    Flag::text(&["server"], "address of the API server"),
    Flag::text(
        &["tls-server-name"],
        "name that the API server's certificate must have",
    ),
    Flag::text(&["token"], "bearer token"),
    Flag::text(&["user"], "user of the kubeconfig"),
    Flag::text(&["username"], "user name of basic authentication"),
];

const LOGGING: &[Flag] = &[
    Flag::switch(&["add_dir_header"], ""),
    Flag::switch(&["alsologtostderr"], ""),
    Flag::text(&["alsologtostderrthreshold"], ""),
    Flag::switch(&["legacy_stderr_threshold_behavior"], "").on(),
    Flag::text(&["log_backtrace_at"], ""),
    Flag::text(&["log_dir"], ""),
    Flag::text(&["log_file"], ""),
    Flag::text(&["log_file_max_size"], ""),
    Flag::switch(&["logtostderr"], "").on(),
    Flag::switch(&["one_output"], ""),
    Flag::switch(&["skip_headers"], ""),
    Flag::switch(&["skip_log_headers"], ""),
    Flag::text(&["stderrthreshold"], ""),
    Flag::text(&["v"], ""),
    Flag::text(&["vmodule"], ""),
];
