//! What is wrong with a command line, without the words that may be a secret.
//!
//! The parser of command lines quotes the word that it does not understand. Behind `set` that can be a piece of a value
//! whose quotes were forgotten, behind `--age` a private key that was pasted for its recipient (spec/security S-2).

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

/// Takes words out of an error that must not be repeated.
pub(crate) fn harmless(mut error: Error, args: &[OsString]) -> Error {
    let takes_a_value = args.get(1).is_some_and(|word| word == "set");
    let suggests_a_flag = error.get(ContextKind::SuggestedArg).is_some();
    // Otherwise the argument is named as the help names it.
    let is_their_word = error.kind() == ErrorKind::UnknownArgument;
    for kind in [
        ContextKind::InvalidArg,
        ContextKind::InvalidSubcommand,
        ContextKind::InvalidValue,
    ] {
        let Some(ContextValue::String(word)) = error.get(kind) else {
            continue;
        };
        let harmless = match kind {
            ContextKind::InvalidArg if !is_their_word => true,
            ContextKind::InvalidArg => is_like_a_flag(word) && (!takes_a_value || suggests_a_flag),
            _ => !takes_a_value,
        };
        if harmless && !providers::looks_private(word) {
            continue;
        }
        let word = word.clone();
        error.insert(kind, ContextValue::String(HIDDEN.to_owned()));
        // Its advice quotes the word once more.
        if quotes(error.get(ContextKind::Suggested), &word) {
            error.remove(ContextKind::Suggested);
        }
    }
    error
}

/// `-x` and `--some-flag`.
fn is_like_a_flag(word: &str) -> bool {
    let name = word.trim_start_matches('-');
    let dashes = word.len() - name.len();
    let plain = |char: char| char.is_ascii_lowercase() || char == '-';
    match dashes {
        1 => name.len() <= 1,
        2 => name.chars().all(plain) && name.len() <= LONGEST_FLAG,
        _ => false,
    }
}

fn quotes(value: Option<&ContextValue>, word: &str) -> bool {
    match value {
        Some(ContextValue::StyledStr(text)) => text.to_string().contains(word),
        Some(ContextValue::StyledStrs(texts)) => texts.iter().any(|text| text.to_string().contains(word)),
        _ => false,
    }
}

const HIDDEN: &str = "(not shown)";
const LONGEST_FLAG: usize = 40;

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn said(words: &[&str]) -> String {
        let args: Vec<OsString> = std::iter::once("gitseal")
            .chain(words.iter().copied())
            .map(OsString::from)
            .collect();
        let error = crate::args::Cli::try_parse_from(&args).unwrap_err();
        harmless(error, &args).to_string()
    }

    #[test]
    fn a_word_that_may_be_a_secret_is_not_repeated() {
        let pem = "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n";
        let cases: [(&str, &[&str]); 8] = [
            ("private key as recipient", &["encrypt", "--age", pem, "a.yaml"]),
            (
                "value without quotes",
                &["set", "a.yaml", "[\"a\"]", "x", "hunter2"],
            ),
            ("value like a flag", &["set", "a.yaml", "[\"a\"]", "--hunter2"]),
            (
                "value like a long flag",
                &["set", "a.yaml", "[\"a\"]", "--hunter"],
            ),
            ("value with a dash", &["set", "a.yaml", "[\"a\"]", "-----hunter2"]),
            ("flag with a secret", &["keygen", "--AGE-SECRET-KEY-1hunter2"]),
            (
                "indent",
                &["decrypt", "--indent", "AGE-SECRET-KEY-1hunter2", "a.yaml"],
            ),
            ("command", &["AGE-SECRET-KEY-1hunter2"]),
        ];
        for (name, words) in cases {
            let text = said(words);
            assert!(!text.contains("hunter"), "case: {name}: {text}");
            assert!(text.starts_with("error: "), "case: {name}: {text}");
        }
    }

    #[test]
    fn a_mistyped_flag_is_named() {
        for (words, want) in [
            (&["encrypt", "--in-plce", "a.yaml"][..], "'--in-plce'"),
            (
                &["set", "a.yaml", "[\"a\"]", "--value-stdn"][..],
                "'--value-stdin'",
            ),
            (&["encrpt", "a.yaml"][..], "'encrpt'"),
            (&["encrypt"][..], "<PATH>..."),
            (&["encrypt", ""][..], "<PATH>..."),
            (&["decrypt", "--indent", "x", "a.yaml"][..], "'x'"),
        ] {
            let text = said(words);
            assert!(text.contains(want), "{words:?}: {text}");
        }
    }

    #[test]
    fn a_negative_number_is_a_value() {
        let words = ["gitseal", "set", "a.yaml", "[\"a\"]", "-5.5"];
        assert!(crate::args::Cli::try_parse_from(words).is_ok());
    }
}
