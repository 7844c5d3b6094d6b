//! Flags as kubeseal reads them: `--name value`, `--name=value`, letters in bundles, words anywhere, `--` ends the
//! flags, a flag given twice counts with its last value (spec/sealed-secrets §10).
//!
//! Variables come first and may be of any shape: one that a flag does not take is ignored.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::{Flag, FlagKind, Parsed, integer, quoted, shown, truth};

/// Why a command line is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PflagError {
    /// `-h` or `--help` was asked for.
    Help,
    /// Wrong flags, in the words that scripts know.
    Usage(String),
}

/// Says why a value is not taken by a flag.
pub(crate) type Check<'c> = &'c dyn Fn(&Flag, &str) -> Result<(), String>;

/// Reads words under a table of flags. The first name of a [`Flag`] is its long one, a name of one letter its short
/// one. `variable` gives the text of a flag's variable.
///
/// # Errors
///
/// The first thing that is wrong.
pub(crate) fn parse(
    flags: &[Flag],
    words: &[OsString],
    variable: &dyn Fn(&Flag) -> Option<OsString>,
    check: Check<'_>,
) -> Result<Parsed, PflagError> {
    let mut parsed = Parsed::default();
    for flag in flags {
        let Some(value) = variable(flag).filter(|value| !value.is_empty()) else {
            continue;
        };
        let _ = set(&mut parsed, flag, value, check);
    }
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let bytes = word.as_bytes();
        if bytes == b"--" {
            break;
        } else if let Some(body) = bytes.strip_prefix(b"--") {
            long(flags, body, &mut rest, &mut parsed, check)?;
        } else if bytes.len() > 1 && bytes[0] == b'-' {
            short(flags, &bytes[1..], &mut rest, &mut parsed, check)?;
        } else {
            parsed.words.push(word.clone());
        }
    }
    parsed.words.extend(rest.cloned());
    Ok(parsed)
}

/// The variable of a flag: a prefix, and its name in capitals with underscores.
pub(crate) fn variable(prefix: &str, flag: &Flag) -> String {
    format!("{prefix}{}", flag.name().to_ascii_uppercase().replace('-', "_"))
}

fn long<'w>(
    flags: &[Flag],
    body: &[u8],
    rest: &mut impl Iterator<Item = &'w OsString>,
    parsed: &mut Parsed,
    check: Check<'_>,
) -> Result<(), PflagError> {
    if matches!(body.first(), Some(b'-' | b'=')) {
        let text = String::from_utf8_lossy(body);
        return Err(usage(format!("bad flag syntax: --{}", shown(&text))));
    }
    let (name, value) = match body.iter().position(|byte| *byte == b'=') {
        Some(at) => (&body[..at], Some(&body[at + 1..])),
        None => (body, None),
    };
    let Some(flag) = flags.iter().find(|flag| flag.name().as_bytes() == name) else {
        let name = String::from_utf8_lossy(name);
        return Err(match &*name {
            "help" => PflagError::Help,
            name => usage(format!("unknown flag: --{}", shown(name))),
        });
    };
    let value = match value {
        Some(value) => OsStr::from_bytes(value).to_owned(),
        None if matches!(flag.kind, FlagKind::Switch(_)) => OsString::from("true"),
        None => match rest.next() {
            Some(value) => value.clone(),
            None => return Err(usage(format!("flag needs an argument: --{}", flag.name()))),
        },
    };
    set(parsed, flag, value, check).map_err(usage)
}

/// A bundle of letters; the first that takes a value takes all that is left.
fn short<'w>(
    flags: &[Flag],
    bundle: &[u8],
    rest: &mut impl Iterator<Item = &'w OsString>,
    parsed: &mut Parsed,
    check: Check<'_>,
) -> Result<(), PflagError> {
    let mut left = bundle;
    while let Some((letter, behind)) = left.split_first() {
        let named = |flag: &&Flag| flag.names.iter().any(|name| name.as_bytes() == [*letter]);
        let Some(flag) = flags.iter().find(named) else {
            if *letter == b'h' {
                return Err(PflagError::Help);
            }
            return Err(usage(format!(
                "unknown shorthand flag: {} in -{}",
                quoted_letter(*letter),
                shown(&String::from_utf8_lossy(left))
            )));
        };
        let (value, next): (OsString, &[u8]) = if behind.len() > 1 && behind[0] == b'=' {
            (OsString::from_vec(behind[1..].to_vec()), &[])
        } else if matches!(flag.kind, FlagKind::Switch(_)) {
            ("true".into(), behind)
        } else if !behind.is_empty() {
            (OsString::from_vec(behind.to_vec()), &[])
        } else if let Some(value) = rest.next() {
            (value.clone(), &[])
        } else {
            return Err(usage(format!(
                "flag needs an argument: {} in -{}",
                quoted_letter(*letter),
                String::from_utf8_lossy(left)
            )));
        };
        set(parsed, flag, value, check).map_err(usage)?;
        left = next;
    }
    Ok(())
}

fn usage(text: String) -> PflagError {
    PflagError::Usage(text)
}

fn set(parsed: &mut Parsed, flag: &Flag, value: OsString, check: Check<'_>) -> Result<(), String> {
    let text = value.to_string_lossy();
    let refused = |why: String| {
        let names = match flag.names.iter().find(|name| name.len() == 1) {
            Some(letter) => format!("-{letter}, --{}", flag.name()),
            None => format!("--{}", flag.name()),
        };
        format!(
            "invalid argument {} for \"{names}\" flag: {why}",
            quoted(shown(&text))
        )
    };
    check(flag, &text).map_err(refused)?;
    let values = match flag.kind {
        FlagKind::Switch(_) => match truth(&text) {
            Some(on) => vec![OsString::from(if on { "true" } else { "false" })],
            None => {
                let why = format!(
                    "strconv.ParseBool: parsing {}: invalid syntax",
                    quoted(shown(&text))
                );
                return Err(refused(why));
            }
        },
        FlagKind::Number if integer(&text).is_none() => {
            let why = format!(
                "strconv.ParseInt: parsing {}: invalid syntax",
                quoted(shown(&text))
            );
            return Err(refused(why));
        }
        FlagKind::List => items(&value).map_err(refused)?,
        FlagKind::Text | FlagKind::Number | FlagKind::Array => vec![value],
    };
    let kept = parsed.values.entry(flag.name()).or_default();
    if !flag.repeats() {
        kept.clear();
    }
    kept.extend(values);
    Ok(())
}

/// The items of one line of CSV: double quotes around an item that holds a comma, doubled inside.
fn items(value: &OsStr) -> Result<Vec<OsString>, String> {
    let bytes = value.as_bytes();
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let mut items = Vec::new();
    let mut rest = bytes;
    loop {
        let (item, next) = match rest.strip_prefix(b"\"") {
            Some(quoted) => quoted_item(quoted)?,
            None => {
                let end = rest.iter().position(|byte| *byte == b',').unwrap_or(rest.len());
                if let Some(at) = rest[..end].iter().position(|byte| *byte == b'"') {
                    let column = bytes.len() - rest.len() + at + 1;
                    return Err(format!(
                        "parse error on line 1, column {column}: bare \" in non-quoted-field"
                    ));
                }
                (rest[..end].to_vec(), rest.get(end + 1..))
            }
        };
        items.push(OsString::from_vec(item));
        match next {
            Some(next) => rest = next,
            None => return Ok(items),
        }
    }
}

fn quoted_item(mut rest: &[u8]) -> Result<(Vec<u8>, Option<&[u8]>), String> {
    let mut item = Vec::new();
    loop {
        match rest {
            [b'"', b'"', next @ ..] => {
                item.push(b'"');
                rest = next;
            }
            [b'"', b',', next @ ..] => return Ok((item, Some(next))),
            [b'"'] => return Ok((item, None)),
            [b'"', ..] | [] => {
                return Err("parse error on line 1: extraneous or missing \" in quoted-field".into());
            }
            [byte, next @ ..] => {
                item.push(*byte);
                rest = next;
            }
        }
    }
}

fn quoted_letter(letter: u8) -> String {
    match letter {
        b'\'' => "'\\''".to_owned(),
        b'\\' => "'\\\\'".to_owned(),
        0x20..=0x7e => format!("'{}'", letter as char),
        other => format!("'\\x{other:02x}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAGS: &[Flag] = &[
        Flag::text(&["cert"], ""),
        Flag::text(&["namespace", "n"], ""),
        Flag::list(&["from-file"], ""),
        Flag::array(&["as-group"], ""),
        Flag::switch(&["raw"], ""),
        Flag::switch(&["quiet", "q"], ""),
        Flag::number(&["v"], ""),
    ];

    fn read(line: &[&str]) -> Result<Parsed, PflagError> {
        read_with(line, &|_| None)
    }

    fn read_with(line: &[&str], variable: &dyn Fn(&Flag) -> Option<OsString>) -> Result<Parsed, PflagError> {
        let words: Vec<OsString> = line.iter().map(OsString::from).collect();
        let check = |flag: &Flag, text: &str| match (flag.name(), text) {
            ("cert", "bad") => Err("must not be".to_owned()),
            _ => Ok(()),
        };
        parse(FLAGS, &words, variable, &check)
    }

    fn shown(parsed: &Parsed) -> String {
        let values = parsed.values.iter().map(|(name, values)| {
            let values: Vec<_> = values.iter().map(|value| value.to_string_lossy()).collect();
            format!("{name}={}", values.join("|"))
        });
        let left = parsed
            .words
            .iter()
            .map(|word| format!("<{}>", word.to_string_lossy()));
        values.chain(left).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn flags_are_read_as_pflag_does() {
        let cases: &[(&str, &[&str], &str)] = &[
            ("value behind", &["--cert", "x"], "cert=x"),
            ("value with equals sign", &["--cert=x=y"], "cert=x=y"),
            ("empty value", &["--cert="], "cert="),
            ("a flag as value", &["--cert", "--raw"], "cert=--raw"),
            ("letter, value behind", &["-n", "x"], "namespace=x"),
            ("letter, value at it", &["-nx"], "namespace=x"),
            ("letter, equals sign", &["-n=x"], "namespace=x"),
            ("letter, equals sign alone is the value", &["-n="], "namespace=="),
            ("letters in a bundle", &["-qnx"], "namespace=x quiet=true"),
            ("letter switched off", &["-q=false"], "quiet=false"),
            ("switch takes no word", &["--raw", "false"], "raw=true <false>"),
            ("switched off", &["--raw=0"], "raw=false"),
            ("words between", &["a", "--raw", "b", "-"], "raw=true <a> <b> <->"),
            (
                "end of flags",
                &["--raw", "--", "-n", "--cert"],
                "raw=true <-n> <--cert>",
            ),
            ("the last one counts", &["--cert", "x", "--cert", "y"], "cert=y"),
            (
                "lists add up",
                &["--from-file", "a,b", "--from-file=c"],
                "from-file=a|b|c",
            ),
            (
                "lists are CSV",
                &["--from-file", "\"a,b\",\"c\"\"d\""],
                "from-file=a,b|c\"d",
            ),
            ("arrays keep commas", &["--as-group", "a,b"], "as-group=a,b"),
            ("a long name of one letter", &["--v=6"], "v=6"),
            ("the same as a letter", &["-v6"], "v=6"),
        ];
        for (name, line, want) in cases {
            assert_eq!(shown(&read(line).unwrap()), *want, "case: {name}");
        }
    }

    #[test]
    fn wrong_flags_are_told_in_known_words() {
        let cases: &[(&str, &[&str], &str)] = &[
            ("unknown", &["--nope"], "unknown flag: --nope"),
            ("the letter is no long name", &["--n", "x"], "unknown flag: --n"),
            ("unknown letter", &["-qx"], "unknown shorthand flag: 'x' in -x"),
            ("no value", &["--cert"], "flag needs an argument: --cert"),
            (
                "no value for a letter",
                &["-n"],
                "flag needs an argument: 'n' in -n",
            ),
            ("three dashes", &["---raw"], "bad flag syntax: ---raw"),
            ("no name", &["--=x"], "bad flag syntax: --=x"),
            (
                "not a boolean",
                &["--raw=maybe"],
                "invalid argument \"maybe\" for \"--raw\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax",
            ),
            (
                "refused",
                &["--cert", "bad"],
                "invalid argument \"bad\" for \"--cert\" flag: must not be",
            ),
            (
                "not a number",
                &["-v", "x"],
                "invalid argument \"x\" for \"-v, --v\" flag: strconv.ParseInt: parsing \"x\": invalid syntax",
            ),
            (
                "a quote inside an item",
                &["--from-file", "a\"b"],
                "invalid argument \"a\\\"b\" for \"--from-file\" flag: parse error on line 1, column 2: bare \" in \
                 non-quoted-field",
            ),
        ];
        for (name, line, want) in cases {
            assert_eq!(
                read(line).err(),
                Some(PflagError::Usage((*want).into())),
                "case: {name}"
            );
        }
        assert_eq!(read(&["-qh"]).err(), Some(PflagError::Help));
        assert_eq!(read(&["--help"]).err(), Some(PflagError::Help));
        assert_eq!(read(&["--cert", "--help"]).unwrap().text("cert"), "--help");
    }

    #[test]
    fn variables_come_first_and_never_fail() {
        let variable = |flag: &Flag| match variable("X_", flag).as_str() {
            "X_CERT" => Some("bad".into()),
            "X_NAMESPACE" => Some("v".into()),
            "X_FROM_FILE" => Some("a,b".into()),
            "X_RAW" => Some("maybe".into()),
            "X_QUIET" => Some(OsString::new()),
            _ => None,
        };
        let parsed = read_with(&["--from-file", "c", "-n", "w"], &variable).unwrap();
        assert_eq!(shown(&parsed), "from-file=a|b|c namespace=w");
        assert_eq!(
            shown(&read_with(&[], &variable).unwrap()),
            "from-file=a|b namespace=v"
        );
    }

    #[test]
    fn private_keys_are_not_repeated() {
        for line in ["--AGE-SECRET-KEY-1QQQQ", "--raw=AGE-SECRET-KEY-1QQQQ"] {
            let PflagError::Usage(said) = read(&[line]).unwrap_err() else {
                panic!("{line}")
            };
            assert!(!said.contains("QQQQ"), "{said}");
        }
    }
}
