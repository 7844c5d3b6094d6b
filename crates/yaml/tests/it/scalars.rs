//! What scalars mean, and how strings are written.

use proptest::prelude::*;
use regex::Regex;
use yaml::ScalarStyle::{DoubleQuoted, Folded, Literal, Plain, SingleQuoted};
use yaml::scalar::{
    Context, Resolved, resolve, write_binary, write_float, write_key, write_str, write_str_as,
};

use crate::generate::Dice;
use gitseal_tests::drawn;

/// Made with go-yaml 3.0.4 through the YAML store of sops 3.13.3.
#[test]
fn plain_text_means_what_it_means_to_go_yaml() {
    use Resolved::{Bool, Float, Int, Merge, Null, Str, Timestamp, Uint64};
    let cases = [
        ("", Null),
        ("~", Null),
        ("null", Null),
        ("Null", Null),
        ("NULL", Null),
        ("nUll", Str),
        ("~x", Str),
        ("true", Bool(true)),
        ("True", Bool(true)),
        ("TRUE", Bool(true)),
        ("false", Bool(false)),
        ("FALSE", Bool(false)),
        ("tRUE", Str),
        ("yes", Str),
        ("no", Str),
        ("on", Str),
        ("off", Str),
        ("y", Str),
        ("N", Str),
        ("0", Int(0)),
        ("42", Int(42)),
        ("-7", Int(-7)),
        ("+5", Int(5)),
        ("1_000", Int(1000)),
        ("_1", Str),
        ("1_", Int(1)),
        ("0777", Int(511)),
        ("-0777", Int(-511)),
        ("0x1F", Int(31)),
        ("0X1f", Int(31)),
        ("-0x10", Int(-16)),
        ("0b101", Int(5)),
        ("0o17", Int(15)),
        ("-0b11", Int(-3)),
        ("0x", Str),
        ("0b2", Str),
        ("0o8", Str),
        ("-", Str),
        ("+", Str),
        ("9223372036854775807", Int(i64::MAX)),
        ("-9223372036854775808", Int(i64::MIN)),
        ("9223372036854775808", Uint64(1 << 63)),
        ("18446744073709551615", Uint64(u64::MAX)),
        ("18446744073709551616", Float(18_446_744_073_709_551_616.0)),
        ("-9223372036854775809", Float(-9_223_372_036_854_775_809.0)),
        ("08", Float(8.0)),
        ("1e3", Float(1000.0)),
        ("1.10", Float(1.1)),
        ("5.", Float(5.0)),
        (".5", Float(0.5)),
        ("-.5", Float(-0.5)),
        ("+.5e-1", Float(0.05)),
        ("1_0.5", Float(10.5)),
        ("._5", Str),
        (".5_0", Float(0.5)),
        (".5__0", Str),
        (".5_", Str),
        (".", Str),
        (".e3", Str),
        ("1e", Str),
        ("1e999", Str),
        ("0x1p3", Str),
        ("1.2.3", Str),
        ("10.0.0.1", Str),
        (".inf", Float(f64::INFINITY)),
        ("-.INF", Float(f64::NEG_INFINITY)),
        ("+.Inf", Float(f64::INFINITY)),
        (".iNF", Str),
        ("inf", Str),
        ("nan", Str),
        ("+.nan", Str),
        ("2001-12-14", Timestamp),
        ("2001-1-2", Timestamp),
        ("2001-02-29", Str),
        ("2000-02-29", Timestamp),
        ("1900-02-29", Str),
        ("2001-12-14T21:59:43Z", Timestamp),
        ("2001-12-14t21:59:43.10-05:00", Timestamp),
        ("2001-12-14 21:59:43", Timestamp),
        ("2001-12-14 21:59:43.1", Timestamp),
        ("2001-12-14 21:59:43 Z", Str),
        ("2001-12-14T21:59:43", Str),
        ("2001-13-14", Str),
        ("2001-12-32", Str),
        ("2001-12-14T24:00:00Z", Str),
        ("2001-12-14T1:2:3Z", Timestamp),
        ("2001-12-14T21:59Z", Str),
        ("12-12-14", Str),
        ("20011-12-14", Str),
        ("2001-12-14x", Str),
        ("<<", Merge),
        ("=", Str),
        ("1:30", Str),
        ("190:20:30", Str),
        ("12:30:45", Str),
        ("a", Str),
        ("ENC[x]", Str),
    ];
    for (text, wanted) in cases {
        assert_eq!(resolve(None, Plain, text), wanted, "case: {text}");
    }
    assert!(matches!(resolve(None, Plain, ".nan"), Float(value) if value.is_nan()));
}

#[test]
fn tags_and_quotes_decide_before_the_text() {
    use Resolved::{Bool, Float, Int, Merge, Mismatch, Null, Str, Timestamp};
    let cases = [
        (None, DoubleQuoted, "1", Str),
        (None, SingleQuoted, "", Str),
        (None, Literal, "true\n", Str),
        (None, Folded, "~", Str),
        (Some("!!str"), Plain, "1", Str),
        (Some("!!int"), DoubleQuoted, "5", Int(5)),
        (Some("!!int"), Plain, "x", Mismatch),
        (Some("!!int"), Plain, "1.5", Mismatch),
        (Some("!!float"), Plain, "5", Float(5.0)),
        (Some("!!float"), Plain, "x", Mismatch),
        (Some("!!bool"), Plain, "true", Bool(true)),
        (Some("!!bool"), Plain, "yes", Mismatch),
        (Some("!!null"), Plain, "", Null),
        (Some("!!null"), Plain, "x", Mismatch),
        (Some("!!timestamp"), DoubleQuoted, "2001-12-14", Timestamp),
        (Some("!<tag:yaml.org,2002:int>"), Plain, "5", Int(5)),
        (
            Some("!!binary"),
            Plain,
            "aGVsbG8=",
            Resolved::Binary(b"hello".to_vec()),
        ),
        (
            Some("!!binary"),
            Literal,
            "aGVs\nbG8=\n",
            Resolved::Binary(b"hello".to_vec()),
        ),
        (Some("!!binary"), Plain, "x*", Mismatch),
        (Some("!!merge"), Plain, "<<", Merge),
        (Some("!custom"), Plain, "5", Str),
    ];
    for (tag, style, text, wanted) in cases {
        assert_eq!(resolve(tag, style, text), wanted, "case: {tag:?} {text}");
    }
}

const BLOCK: Context = Context::Block { indent: 4 };

/// The styles of spec/sops-format §8.1, "Strings"; the rows marked 1.1 are quoted for PyYAML's sake.
#[test]
fn strings_are_written_as_sops_writes_them() {
    let cases = [
        ("plain", "hello world", "hello world"),
        ("url", "http://h:1/p?q=1#f", "http://h:1/p?q=1#f"),
        (
            "ciphertext",
            "ENC[AES256_GCM,data:x=,iv:y,tag:z,type:str]",
            "ENC[AES256_GCM,data:x=,iv:y,tag:z,type:str]",
        ),
        ("tilde word", "~x", "~x"),
        ("dash word", "-x", "-x"),
        ("question word", "?x", "?x"),
        ("comma", "a,b", "a,b"),
        ("bracket inside", "a]", "a]"),
        ("address", "10.0.0.1", "10.0.0.1"),
        ("umlaut", "größe", "größe"),
        ("empty", "", "\"\""),
        ("word yes", "yes", "\"yes\""),
        ("word NO", "NO", "\"NO\""),
        ("octal", "0777", "\"0777\""),
        ("float", "1e3", "\"1e3\""),
        ("null", "~", "\"~\""),
        ("date", "2001-12-14", "\"2001-12-14\""),
        ("base 60", "1:30", "\"1:30\""),
        ("merge", "<<", "\"<<\""),
        ("1.1: equals", "=", "\"=\""),
        ("1.1: three parts of base 60", "190:20:30", "\"190:20:30\""),
        ("1.1: underscores", "1_000.5", "\"1_000.5\""),
        (
            "1.1: date with spaces",
            "2001-12-14 21:59:43 Z",
            "\"2001-12-14 21:59:43 Z\"",
        ),
        ("1.2: octal", "0o7", "\"0o7\""),
        ("star", "*x", "'*x'"),
        ("ampersand", "&x", "'&x'"),
        ("bang", "!x", "'!x'"),
        ("percent", "%x", "'%x'"),
        ("at", "@x", "'@x'"),
        ("quote", "'x", "'''x'"),
        ("colon", "a: b", "'a: b'"),
        ("colon at the end", "a:", "'a:'"),
        ("hash", "a #b", "'a #b'"),
        ("space in front", " a", "' a'"),
        ("dash alone", "-", "'-'"),
        ("document marker", "---x", "'---x'"),
        ("tab", "a\tb", "\"a\\tb\""),
        ("emoji", "\u{1F600}", "\"\\U0001F600\""),
        ("bell", "\u{7}", "\"\\a\""),
        ("carriage return", "a\rb", "\"a\\rb\""),
        ("line separator", "a\u{2028}b", "\"a\\Lb\""),
        ("byte order mark", "\u{FEFF}", "\"\\uFEFF\""),
        ("lines", "a\nb\n", "|\n    a\n    b"),
        ("lines, no end", "a\nb", "|-\n    a\n    b"),
        ("lines, kept", "a\n\n", "|+\n    a\n"),
        ("lines with a blank one", "a\n\nb\n", "|\n    a\n\n    b"),
        ("lines with a tab", "a\n\tb\n", "|\n    a\n    \tb"),
        ("lines, space before the end", "a \nb", "\"a \\nb\""),
        ("lines, emoji", "a\n\u{1F600}", "\"a\\n\\U0001F600\""),
        ("lines, space in front", " a\nb", "\" a\\nb\""),
    ];
    for (name, value, wanted) in cases {
        assert_eq!(write_str(value, BLOCK, "\n"), wanted, "case: {name}");
    }
    assert_eq!(write_str("a\nb\n", BLOCK, "\r\n"), "|\r\n    a\r\n    b");
    assert_eq!(write_key("a\nb"), "\"a\\nb\"");
    assert_eq!(write_str("ENC[x]", Context::Flow, "\n"), "\"ENC[x]\"");
    assert_eq!(write_str("word", Context::Flow, "\n"), "word");
}

#[test]
fn a_style_is_kept_where_it_reads_back() {
    let cases = [
        ("plain emoji", "\u{1F600}", Plain, Some("\u{1F600}")),
        ("plain number", "12", Plain, None),
        ("plain tab", "a\tb", Plain, None),
        ("plain colon", "a: b", Plain, None),
        ("single number", "12", SingleQuoted, Some("'12'")),
        ("single quote", "it's", SingleQuoted, Some("'it''s'")),
        ("single lines", "a\nb", SingleQuoted, None),
        (
            "double emoji",
            "\u{1F600}\"",
            DoubleQuoted,
            Some("\"\u{1F600}\\\"\""),
        ),
        ("literal of one line", "a", Literal, Some("|-\n    a")),
        (
            "literal, emoji",
            "\u{1F600}\nb\n",
            Literal,
            Some("|\n    \u{1F600}\n    b"),
        ),
        ("literal that starts with a space", " a\n", Literal, None),
        ("literal of nothing", "", Literal, None),
        ("folded", "a\n", Folded, None),
    ];
    for (name, value, style, wanted) in cases {
        assert_eq!(
            write_str_as(value, style, BLOCK, "\n").as_deref(),
            wanted,
            "case: {name}"
        );
    }
}

/// spec/sops-format §12.5, column YAML.
#[test]
fn floats_look_like_those_of_go() {
    let cases = [
        (1.0, "1"),
        (100_000.0, "100000"),
        (1e6, "1e+06"),
        (1_234_567.0, "1.234567e+06"),
        (123_456_789.125, "1.23456789125e+08"),
        (999_999.5, "999999.5"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1e-7, "1e-07"),
        (1e20, "1e+20"),
        (1e21, "1e+21"),
        (-0.0, "-0"),
        (f64::INFINITY, ".inf"),
        (f64::NEG_INFINITY, "-.inf"),
        (f64::NAN, ".nan"),
        (1e100, "1e+100"),
        (-2.5, "-2.5"),
    ];
    for (value, wanted) in cases {
        assert_eq!(write_float(value), wanted);
    }
}

#[test]
fn bytes_become_base64() {
    assert_eq!(write_binary(b"hello", BLOCK, "\n"), "!!binary aGVsbG8=");
    assert_eq!(write_binary(&[0xFF], Context::Flow, "\n"), "!!binary \"/w==\"");
    for length in 0..200 {
        let bytes: Vec<u8> = (0..length).map(|n| (n * 37) as u8).collect();
        let text = format!("a: {}\n", write_binary(&bytes, BLOCK, "\n"));
        assert!(text.lines().all(|line| line.len() <= 84), "{text}");
        let stream = crate::parse(&text);
        let node = crate::at(&stream, &["a"]);
        let yaml::NodeKind::Scalar(style) = stream.node(node).kind else {
            panic!("{text}")
        };
        assert_eq!(
            resolve(stream.tag(node), style, &stream.value(node)),
            Resolved::Binary(bytes),
            "{text}"
        );
    }
}

/// The implicit types of PyYAML 6, a reader of YAML 1.1.
fn is_string_in_yaml_1_1(text: &str) -> bool {
    let patterns = [
        r"^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$",
        r"^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        r"^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$",
        r"^(?:<<|=|~|null|Null|NULL|)$",
        r"^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$",
        // YAML 1.2, core schema.
        r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)$",
        r"^(?:y|Y|n|N)$",
    ];
    thread_local! {
        static ALL: std::cell::OnceCell<Vec<Regex>> = const { std::cell::OnceCell::new() };
    }
    ALL.with(|all| {
        let all = all.get_or_init(|| {
            patterns
                .iter()
                .map(|pattern| Regex::new(pattern).unwrap())
                .collect()
        });
        !all.iter().any(|pattern| pattern.is_match(text))
    })
}

/// Writes a value, reads it back by its style and both sets of types.
fn reads_back(value: &str, written: &str, context: Context) {
    let text = match context {
        Context::Block { .. } => format!("a: {written}\nz: 1\n"),
        Context::Flow => format!("a: [{written}, {written}]\n"),
        Context::Key => format!("{written}: 1\n"),
    };
    let stream = crate::parse(&text);
    let node = match context {
        Context::Block { .. } => crate::at(&stream, &["a"]),
        Context::Flow => crate::at(&stream, &["a", "1"]),
        Context::Key => {
            let root = stream.documents()[0].root;
            crate::model::entries(&stream, root).next().unwrap().0
        }
    };
    let yaml::NodeKind::Scalar(style) = stream.node(node).kind else {
        panic!("{text:?}")
    };
    assert_eq!(stream.value(node), value, "{text:?}");
    assert_eq!(resolve(stream.tag(node), style, value), Resolved::Str, "{text:?}");
    assert!(style != Plain || is_string_in_yaml_1_1(value), "{text:?}");
}

fn everywhere(value: &str) {
    for context in [BLOCK, Context::Flow, Context::Key] {
        for line_break in ["\n", "\r\n"] {
            reads_back(value, &write_str(value, context, line_break), context);
        }
        for style in [Plain, SingleQuoted, DoubleQuoted, Literal, Folded] {
            if let Some(written) = write_str_as(value, style, context, "\n") {
                reads_back(value, &written, context);
            }
        }
    }
}

#[test]
fn odd_words_read_back_as_strings() {
    let words = [
        "yes",
        "Y",
        "oFF",
        "0777",
        "1e3",
        "~",
        "=",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a",
        "<<",
        "2001-1-1",
        "12:30:45",
        "0o7",
        "0b_",
        "0x_",
        "+0b1_",
        "1_000.5",
        "_",
        "-_",
        "+.inf",
        "+.nan",
        ".nan",
        "..",
        "...",
        "--- a",
        "- ",
        "? ",
        ": ",
        "#",
        " ",
        "\t",
        "\n",
        "\n\n",
        " \n",
        "a\n ",
        "a\n\n\n",
        "\u{85}",
        "a\u{2028}b\nc",
        "\u{feff}",
        "\u{fffe}",
        "null ",
        "1 ",
        "a\\",
        "\"",
        "'",
        "[a",
        "a}",
        "{",
        "a: b",
        "a :b",
        "a #",
        "a# b",
        "|",
        ">",
        "-",
        "--",
        "?",
        ":",
        "::",
        "a:",
        "x\r\ny",
        "2001-12-14 1:2:3",
        "0.",
        "0._",
        "1__0",
        "\u{1F600}\nx",
        "a\n\t",
        "a\n\tb",
        "---\na",
        "...\n",
        "a\n---\nb\n",
        "# a\nb\n",
        "a\n# b\n",
        "%YAML\na",
    ];
    for word in words {
        everywhere(word);
    }
}

proptest! {
    #![proptest_config(drawn::cases(1500))]

    #[test]
    fn every_string_reads_back(value in any::<String>()) {
        everywhere(&value);
    }

    #[test]
    fn strings_of_indicators_read_back(value in "[-?:,\\[\\]{}#&*!|>'\"%@ \\t\\r\\na1~=<.\\\\]{0,12}") {
        everywhere(&value);
    }

    #[test]
    fn numbers_and_dates_read_back_as_strings(seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let mut value = String::new();
        for _ in 0..1 + dice.below(9) {
            value.push_str(dice.pick(&["0", "1", "9", "2001", "-", "+", ".", "_", ":", "e", "E", "x", "b", "o", "T", " ", "Z", "59", "inf"]));
        }
        everywhere(&value);
    }
}
