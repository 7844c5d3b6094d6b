//! Flags as sops reads them: `-x` and `--x` are one thing, no bundling, and the first word that is not a flag ends
//! the flags. Source: spec/sops-cli §1.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::{Flag, FlagError, FlagKind, Parsed, integer, quoted, shown, truth};

/// Reads words under a table of flags. The values of variables count where the flag is not given.
///
/// # Errors
///
/// The first thing that is wrong, in the words that scripts know.
pub(crate) fn parse(
    flags: &[Flag],
    words: &[OsString],
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Parsed, FlagError> {
    let from_variables = from_variables(flags, variable)?;
    let mut parsed = Parsed::default();
    let mut spellings: BTreeMap<&'static str, Vec<&'static str>> = BTreeMap::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let Some((name, value)) = split(word)? else {
            // `--` is dropped, anything else is the first of the words.
            if word != "--" {
                parsed.words.push(word.clone());
            }
            break;
        };
        let Some((flag, spelling)) = find(flags, &name) else {
            let name = shown(&name);
            return Err(FlagError::Usage(format!(
                "flag provided but not defined: -{name}"
            )));
        };
        let value = match (flag.kind, value) {
            (FlagKind::Switch(_), None) => OsString::from("true"),
            (FlagKind::Switch(_), Some(value)) => match truth(&value.to_string_lossy()) {
                Some(on) => OsString::from(if on { "true" } else { "false" }),
                None => {
                    let text = quoted(shown(&value.to_string_lossy()));
                    let error = format!("invalid boolean value {text} for -{name}: parse error");
                    return Err(FlagError::Usage(error));
                }
            },
            (_, Some(value)) => value,
            (_, None) => match rest.next() {
                Some(value) => value.clone(),
                None => return Err(FlagError::Usage(format!("flag needs an argument: -{name}"))),
            },
        };
        if flag.kind == FlagKind::Number && integer(&value.to_string_lossy()).is_none() {
            let text = quoted(shown(&value.to_string_lossy()));
            let error = format!("invalid value {text} for flag -{name}: parse error");
            return Err(FlagError::Usage(error));
        }
        spellings.entry(flag.name()).or_default().push(spelling);
        let values = parsed.values.entry(flag.name()).or_default();
        if !flag.repeats() {
            values.clear();
        }
        values.push(value);
    }
    parsed.words.extend(rest.cloned());
    for flag in flags {
        let used = spellings.get(flag.name()).map_or(&[][..], Vec::as_slice);
        let mut in_order = flag.names.iter().filter(|name| used.contains(name));
        if let (Some(first), Some(second)) = (in_order.next(), in_order.next()) {
            return Err(FlagError::Usage(format!(
                "Cannot use two forms of the same flag: {second} {first}"
            )));
        }
    }
    for (name, values) in from_variables {
        parsed.values.entry(name).or_insert(values);
    }
    Ok(parsed)
}

/// Moves the flags of a subcommand before its other words, with the word behind each where it may be its value.
///
/// The library that sops uses does so for subcommands and not for the root command; flags it does not know stay
/// where they are, so that they end up behind the first word and are ignored with a warning. A switch takes the
/// word behind it along too, which can change the order of the words: as sops does.
pub(crate) fn reorder(flags: &[Flag], words: Vec<OsString>) -> Vec<OsString> {
    let mut first = Vec::new();
    let mut last = Vec::new();
    let mut value_may_follow = false;
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let dashed = word.as_bytes().starts_with(b"-");
        if word == "--" {
            last.push(word);
            last.extend(words.by_ref());
        } else if value_may_follow && !dashed {
            value_may_follow = false;
            first.push(word);
        } else if dashed && is_known(flags, &word) {
            value_may_follow = !word.as_bytes().contains(&b'=');
            first.push(word);
        } else {
            last.push(word);
        }
    }
    first.extend(last);
    first
}

fn is_known(flags: &[Flag], word: &OsStr) -> bool {
    matches!(split(word), Ok(Some((name, _))) if find(flags, &name).is_some())
}

/// Name and value of a word that is a flag; `None` for a word that is none.
fn split(word: &OsStr) -> Result<Option<(String, Option<OsString>)>, FlagError> {
    let bytes = word.as_bytes();
    if bytes.len() < 2 || bytes[0] != b'-' || bytes == b"--" {
        return Ok(None);
    }
    let body = bytes.strip_prefix(b"--").unwrap_or_else(|| &bytes[1..]);
    if matches!(body.first(), None | Some(b'-' | b'=')) {
        return Err(FlagError::Usage(format!(
            "bad flag syntax: {}",
            shown(&word.to_string_lossy())
        )));
    }
    let (name, value) = match body.iter().position(|byte| *byte == b'=') {
        Some(at) => (&body[..at], Some(OsString::from_vec(body[at + 1..].to_vec()))),
        None => (body, None),
    };
    Ok(Some((String::from_utf8_lossy(name).into_owned(), value)))
}

fn find<'f>(flags: &'f [Flag], name: &str) -> Option<(&'f Flag, &'static str)> {
    flags.iter().find_map(|flag| {
        let spelling = flag.names.iter().find(|spelling| **spelling == name)?;
        Some((flag, *spelling))
    })
}

fn from_variables(
    flags: &[Flag],
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Vec<(&'static str, Vec<OsString>)>, FlagError> {
    let mut values = Vec::new();
    for flag in flags {
        let Some(value) = flag.variable.and_then(variable) else {
            continue;
        };
        let text = value.to_string_lossy();
        let value = match flag.kind {
            // Set but empty is off, also for a switch that is on by default.
            FlagKind::Switch(_) if text.is_empty() => vec![OsString::from("false")],
            FlagKind::Switch(_) => match truth(&text) {
                Some(on) => vec![OsString::from(if on { "true" } else { "false" })],
                None => {
                    return Err(FlagError::Variable(format!(
                        "could not parse {text} as bool value for flag {}: strconv.ParseBool: parsing {}: invalid \
                         syntax",
                        flag.name(),
                        quoted(&text)
                    )));
                }
            },
            FlagKind::List => text.split(',').map(|item| OsString::from(item.trim())).collect(),
            FlagKind::Text | FlagKind::Number => vec![value],
            #[cfg(feature = "seal")]
            FlagKind::Array => vec![value],
        };
        values.push((flag.name(), value));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::super::integer;
    use super::*;

    const FLAGS: &[Flag] = &[
        Flag::switch(&["in-place", "i"], ""),
        Flag::switch(&["local"], "").on().or_variable("LOCAL"),
        Flag::text(&["age", "a"], "").or_variable("AGE"),
        Flag::list(&["service"], "").or_variable("SERVICE"),
        Flag::number(&["indent"], ""),
    ];

    fn words(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    fn read(line: &[&str]) -> Result<Parsed, FlagError> {
        parse(FLAGS, &words(line), &|_| None)
    }

    #[test]
    fn values_are_not_printed_and_private_keys_not_repeated() {
        let parsed = read(&["--age", "hunter2", "hunter2"]).unwrap();
        assert_eq!(format!("{parsed:?}"), "{\"age\"}");
        let key = "AGE-SECRET-KEY-1QQQQQQQQQQQQ";
        for line in [
            format!("--{key}"),
            format!("---{key}"),
            format!("--indent={key}"),
            format!("-i={key}"),
        ] {
            let FlagError::Usage(said) = read(&[&line]).unwrap_err() else {
                panic!("{line}")
            };
            assert!(!said.contains("QQQQ"), "{said}");
        }
    }

    #[test]
    fn flags_are_read_as_go_does() {
        let cases: &[(&str, &[&str], &str)] = &[
            ("one dash", &["-in-place", "f"], "in-place=true | f"),
            ("two dashes", &["--i", "f"], "in-place=true | f"),
            ("switched off", &["-i=false", "f"], "in-place=false | f"),
            ("all boolean texts", &["-i=T"], "in-place=true |"),
            ("value behind", &["--age", "x", "f"], "age=x | f"),
            ("value with equals sign", &["-age=x=y", "f"], "age=x=y | f"),
            ("empty value", &["-a=", "f"], "age= | f"),
            ("a flag as value", &["-a", "-i"], "age=-i |"),
            ("the last one counts", &["-a", "x", "-a", "y"], "age=y |"),
            (
                "a list keeps all",
                &["--service", "x", "--service=y"],
                "service=x,y |",
            ),
            ("flags end at a word", &["f", "-i"], "| f -i"),
            (
                "flags end at two dashes",
                &["-i", "--", "-a"],
                "in-place=true | -a",
            ),
            ("a single dash is a word", &["-", "-i"], "| - -i"),
            ("number", &["--indent", "0x10"], "indent=0x10 |"),
        ];
        for (name, line, want) in cases {
            let parsed = read(line).unwrap();
            let values: Vec<String> = parsed
                .values
                .iter()
                .map(|(name, values)| {
                    let values: Vec<_> = values.iter().map(|value| value.to_string_lossy()).collect();
                    format!("{name}={}", values.join(","))
                })
                .collect();
            let left: Vec<_> = parsed.words.iter().map(|word| word.to_string_lossy()).collect();
            let got = format!("{} | {}", values.join(" "), left.join(" "));
            assert_eq!(got.trim(), *want, "case: {name}");
        }
    }

    #[test]
    fn wrong_flags_are_told_in_known_words() {
        let cases: &[(&str, &[&str], &str)] = &[
            ("unknown", &["--bogus"], "flag provided but not defined: -bogus"),
            ("no bundling", &["-ia"], "flag provided but not defined: -ia"),
            ("three dashes", &["---i"], "bad flag syntax: ---i"),
            ("no name", &["-=x"], "bad flag syntax: -=x"),
            ("no value", &["-a"], "flag needs an argument: -a"),
            (
                "not a boolean",
                &["-i=maybe"],
                "invalid boolean value \"maybe\" for -i: parse error",
            ),
            (
                "not a number",
                &["--indent=x"],
                "invalid value \"x\" for flag -indent: parse error",
            ),
            (
                "two forms",
                &["--age=x", "-a=y"],
                "Cannot use two forms of the same flag: a age",
            ),
        ];
        for (name, line, want) in cases {
            assert_eq!(
                read(line).err(),
                Some(FlagError::Usage((*want).into())),
                "case: {name}"
            );
        }
    }

    #[test]
    fn variables_stand_in_for_flags() {
        let variable = |name: &str| match name {
            "LOCAL" => Some(OsString::new()),
            "AGE" => Some("from-variable".into()),
            "SERVICE" => Some("x, y".into()),
            _ => None,
        };
        let parsed = parse(FLAGS, &words(&["f"]), &variable).unwrap();
        assert!(!parsed.on_or("local", true), "set but empty is off");
        assert_eq!(parsed.text("age"), "from-variable");
        assert_eq!(parsed.items("service"), ["x", "y"]);
        let parsed = parse(FLAGS, &words(&["-a", "given", "--local"]), &variable).unwrap();
        assert_eq!(parsed.text("age"), "given");
        assert!(parsed.on_or("local", true));
        let wrong = parse(FLAGS, &[], &|name| (name == "LOCAL").then(|| "maybe".into()));
        assert!(matches!(wrong, Err(FlagError::Variable(text)) if text.contains("parsing \"maybe\"")));
    }

    #[test]
    fn subcommands_find_their_flags_behind_words() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("switch behind the file", &["f", "-i"], &["-i", "f"]),
            (
                "value behind the file",
                &["f", "--age", "x"],
                &["--age", "x", "f"],
            ),
            ("unknown flag stays", &["f", "--bogus"], &["f", "--bogus"]),
            (
                "switch takes the next word along",
                &["f", "-i", "g"],
                &["-i", "g", "f"],
            ),
            (
                "with equals sign it does not",
                &["f", "-i=true", "g"],
                &["-i=true", "f", "g"],
            ),
            (
                "nothing moves behind two dashes",
                &["f", "--", "-i"],
                &["f", "--", "-i"],
            ),
        ];
        for (name, line, want) in cases {
            assert_eq!(reorder(FLAGS, words(line)), words(want), "case: {name}");
        }
    }

    #[test]
    fn numbers_are_read_as_go_does() {
        for (text, want) in [
            ("4", Some(4)),
            ("-1", Some(-1)),
            ("010", Some(8)),
            ("0b11", Some(3)),
            ("x", None),
        ] {
            assert_eq!(integer(text), want, "{text}");
        }
        assert_eq!(integer(""), None);
        assert_eq!(integer("0x-1"), None);
    }
}
