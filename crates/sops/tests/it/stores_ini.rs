//! INI: the library of SOPS decides what a text means; lines stay, the block comes and goes without a trace.

use proptest::prelude::*;
use sops::tree::{Entry, NewValue, Node};
use sops::{Layout, ReadError, Selector, Store, TreePath, Value};

use crate::support::{again, changed_lines, header_with, open, seal, seal_with, text};
use gitseal_tests::drawn;

fn sealed(plain: &str) -> String {
    text(&seal(Store::Ini, plain).file)
}

/// The tree in short: `section{key=value #comment}`.
fn shape(text: &str) -> String {
    let document = Store::Ini
        .read_plain(text.as_bytes())
        .unwrap_or_else(|error| panic!("{error}: {text}"));
    let scalar = |value: &Value| String::from_utf8_lossy(&value.canonical()).replace('\n', "~");
    let mut out = Vec::new();
    for entry in document.branches()[0].entries() {
        let Entry::Pair(section, Node::Mapping(entries)) = entry else {
            panic!("not a section")
        };
        let entries = entries.iter().map(|entry| match entry {
            Entry::Pair(key, Node::Leaf(leaf)) => format!("{}={}", key.text.as_str(), scalar(&leaf.value)),
            Entry::Pair(..) => panic!("nested"),
            Entry::Comment(leaf) => format!("#{}", scalar(&leaf.value)),
        });
        out.push(format!(
            "{}{{{}}}",
            section.text.as_str(),
            entries.collect::<Vec<_>>().join("|")
        ));
    }
    out.join(" ")
}

#[test]
fn texts_mean_what_they_mean_to_sops() {
    let cases = [
        ("", "DEFAULT{}"),
        ("a=1\n", "DEFAULT{a=1}"),
        ("[s]\na = 1\nb:2\n", "DEFAULT{} s{a=1|b=2}"),
        ("  [s]  \n\t a =  x  \n", "DEFAULT{} s{a=x}"),
        ("[s]\n[s]\na=1\n", "DEFAULT{} s{} s{a=1}"),
        ("[a]b]\nk=1\n", "DEFAULT{} a]b{k=1}"),
        // Comments: above a key they follow it; the marker of the first line only is taken off.
        ("# c\na=1\n", "DEFAULT{a=1|#c}"),
        ("# c\n;d\na=1\n", "DEFAULT{a=1|#c~;d}"),
        ("## c\na=1\n", "DEFAULT{a=1|#c}"),
        ("; #c\na=1\n", "DEFAULT{a=1|##c}"),
        ("a=1 ; i\n", "DEFAULT{a=1|#i}"),
        ("# c\na=1;i\n", "DEFAULT{a=1|#c~;i}"),
        ("# s\n[s] # t\na=1\n", "DEFAULT{} s{#s~# t|a=1}"),
        // Ours keeps what the library loses.
        ("a=1\n# end\n", "DEFAULT{a=1|#end}"),
        ("a=1\n[s]\n# end\n", "DEFAULT{a=1} s{#end}"),
        ("# one\na=1\n# two\na=2\n", "DEFAULT{a=2|#one|#two}"),
        // Values.
        ("a=\"x\"\nb='y'\nc=\"x\" y\n", "DEFAULT{a=x|b=y|c=\"x\" y}"),
        ("a=\"x;y\"\n", "DEFAULT{a=\"x|#y\"}"),
        ("a=`x;y`\nb=\"\"\"p#q\"\"\"\n", "DEFAULT{a=x;y|b=p#q}"),
        ("a=\"\"\"l1\nl2\"\"\"\nb=1\n", "DEFAULT{a=l1~l2|b=1}"),
        ("a=`l1\n l2` # c\n", "DEFAULT{a=l1~ l2|#c}"),
        ("a=x \\\n  y\nb=1\n", "DEFAULT{a=x y|b=1}"),
        ("a=x\\\n\nb=1\n", "DEFAULT{a=x|b=1}"),
        ("a=\nb =\n", "DEFAULT{a=|b=}"),
        ("a=\"\"\nb=\"\"\"\"\"\"\n", "DEFAULT{a=|b=}"),
        ("a=x=y:z\n", "DEFAULT{a=x=y:z}"),
        // Keys.
        (
            "`a=b`=1\n\"c:d\"=2\n\"\"\"e`f\"\"\"=3\n",
            "DEFAULT{a=b=1|c:d=2|e`f=3}",
        ),
        ("-=x\n-=y\n[s]\n-=z\n", "DEFAULT{#1=x|#2=y} s{#1=z}"),
        ("a=1\nb=2\na=3\n", "DEFAULT{a=3|b=2}"),
        ("\u{feff}a=1\n", "DEFAULT{a=1}"),
        ("a=1\r\n# c\r\nb=2\r\n", "DEFAULT{a=1|b=2|#c}"),
        ("a\u{a0}=\u{a0}x\u{2003}\n", "DEFAULT{a=x}"),
    ];
    for (text, want) in cases {
        assert_eq!(shape(text), want, "{text:?}");
    }
}

#[test]
fn bad_lines_are_refused_with_their_place_and_without_content() {
    let cases = [
        ("a=1\nsecret\n", 2),
        ("[s\n", 1),
        ("[]\n", 1),
        ("=secret\n", 1),
        ("a=`secret\n", 1),
        ("a=1\nb=\"\"\"secret\nx\n", 2),
        ("`a=1\n", 1),
    ];
    for (text, place) in cases {
        match Store::Ini.read_plain(text.as_bytes()).err() {
            Some(error @ ReadError::Syntax { line, .. }) => {
                assert_eq!(line, place, "{text}");
                assert!(!error.to_string().contains("secret"), "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn decrypting_gives_the_original_bytes() {
    let cases = [
        ("plain", "[s]\na = 1\nb=2\n"),
        ("keys before any section", "a=1\n\n[s]\nb=2\n"),
        ("indented, aligned", "[s]\n  a    = 1\n  long = 2\n"),
        ("empty lines", "\n[s]\n\n\na=1\n\n"),
        ("comment above", "[s]\n# c\na=1\n; d\nb=2\n"),
        ("comment of a section", "; c\n[s]\na=1\n"),
        ("comment of several lines", "# one\n# two\na=1\n"),
        ("comment behind", "a=1 ; c\nb = 2   # d\n"),
        ("comment at the end", "[s]\na=1\n# end\n"),
        ("quotes", "a=\"x\"\nb='y'\nc=`z;`\nd=\"\"\"w#\"\"\"\n"),
        ("several lines", "a=\"\"\"l1\nl2\n\"\"\"\nb=1\n"),
        ("blanks inside quotes", "a=\"  x \"\n"),
        ("empty values", "a=\nb = \nc=1\n"),
        ("no final line feed", "[s]\na=1"),
        ("no final line feed, comment", "[s]\na=1\n# end"),
        ("carriage returns", "[s]\r\na=1\r\n\r\n[t]\r\nb=2\r\n"),
        ("same section twice", "[s]\na=1\n[s]\na=2\n"),
        ("clear", "[s]\na_unencrypted = 1\n# clear too?\nb=2\n"),
        ("empty section", "[s]\n[t]\n"),
        ("final empty lines", "[s]\na=1\n\n\n"),
        ("a backslash", "a=`x\\`\nb=2\n"),
        ("empty, a comment behind", "a = ; c\nb =; d\nc = x\n"),
        ("empty", ""),
    ];
    for (name, plain) in cases {
        let sealed = sealed(plain);
        assert_eq!(open(Store::Ini, &sealed), plain, "case: {name}\n{sealed}");
        let block = sealed
            .split_once("[sops]")
            .unwrap_or_else(|| panic!("case: {name}: no block"))
            .1;
        assert!(block.contains("mac ") || block.contains("mac="), "case: {name}");
    }
}

#[test]
fn nothing_stays_in_clear_that_the_library_loses() {
    let plain = "a=secret1\n# secret2\na=secret3 ; secret4\nb=`x` secret5\n# secret6\n";
    let sealed = sealed(plain);
    for secret in ["secret1", "secret2", "secret3", "secret4", "secret5", "secret6"] {
        assert!(!sealed.contains(secret), "{secret} in\n{sealed}");
    }
    let opened = open(Store::Ini, &sealed);
    assert_eq!(
        shape(&opened),
        "DEFAULT{a=secret3|#secret2~; secret4|b=x|#secret6}"
    );
}

#[test]
fn comments_behind_values_that_count_for_nothing() {
    let cases = [
        ("empty, then again", "#a\nh = ;\nh=0", "DEFAULT{h=0|#a~;}"),
        ("empty and tight", "#a\nh=; b\nh=0\n", "DEFAULT{h=0|#a~; b}"),
        ("empty and wide", "#a\nh =   ;b\nh=0\n", "DEFAULT{h=0|#a~;b}"),
        (
            "three times",
            "#a\nh = ;b\n#c\nh = ;d\nh=0\n",
            "DEFAULT{h=0|#a~;b|#c~;d}",
        ),
        (
            "clear, a backslash",
            "#a\nh_unencrypted = x\\ ; b\ni=1\n",
            "DEFAULT{h_unencrypted=x\\|#a~; b|i=1}",
        ),
        (
            "clear twice, a backslash",
            "#a\nh_unencrypted = x\\ ; b\nh_unencrypted=1\n",
            "DEFAULT{h_unencrypted=1|#a~; b}",
        ),
    ];
    for (name, plain, want) in cases {
        let sealed = sealed(plain);
        assert_eq!(shape(&open(Store::Ini, &sealed)), want, "case: {name}\n{sealed}");
    }
}

#[test]
fn a_comment_behind_a_header_goes_above_it() {
    let sealed = sealed("[s] # c\na=1\n");
    assert!(sealed.starts_with("; ENC["), "{sealed}");
    assert!(sealed.contains("type:comment]\n[s]\na=ENC["), "{sealed}");
    assert_eq!(open(Store::Ini, &sealed), "; c\n[s]\na=1\n");
    let clear = seal_with(
        Store::Ini,
        "[s] # c\na=1\n",
        header_with(Selector::EncryptedRegex("a".into())),
    );
    assert!(text(&clear.file).starts_with("[s] # c\na=ENC["));
}

#[test]
fn only_what_changed_changes() {
    let plain = "[s]\n# c\na = 1\nb = 2\n";
    let old = sealed(plain);
    assert_eq!(again(Store::Ini, &old, plain).1, old);
    let changed = changed_lines(&old, &again(Store::Ini, &old, &plain.replace('2', "3")).1);
    assert_eq!(changed.len(), 3, "{changed:?}");
    assert!(changed[0].starts_with("b = ENC["));
    assert!(changed[1].starts_with("lastmodified "));
    assert!(changed[2].starts_with("mac "));
}

#[test]
fn the_block_is_a_section_like_that_of_sops() {
    let sealed = sealed("[s]\na=1\n");
    let block: Vec<&str> = sealed.lines().skip_while(|line| *line != "[sops]").collect();
    assert_eq!(block[2], "age__list_0__map_recipient = age1example");
    assert_eq!(block[3], "lastmodified               = 2026-01-02T03:04:05Z");
    assert!(
        block[1].ends_with("-----BEGIN-----\\nYWJj\\n-----END-----\\n"),
        "{}",
        block[1]
    );
    assert!(sealed.contains("\n\n[sops]\n"));
    // The line breaks that sops 3.13.0 wrote.
    let raw = sealed.replace(
        "-----BEGIN-----\\nYWJj\\n-----END-----\\n",
        "\"\"\"-----BEGIN-----\nYWJj\n-----END-----\n\"\"\"",
    );
    assert_eq!(open(Store::Ini, &raw), "[s]\na=1\n");
    let (a, b) = (
        crate::support::read(Store::Ini, &raw),
        crate::support::read(Store::Ini, &sealed),
    );
    assert_eq!(a.metadata(), b.metadata());
}

#[test]
fn the_layout_of_sops_for_a_tree_from_elsewhere() {
    let write = |text: &str| {
        let document = Store::Json.read_plain(text.as_bytes()).unwrap();
        let written = Store::Ini.write_plain(&document, &Layout::default());
        written
            .map(|text| String::from_utf8(text.to_vec()).unwrap())
            .map_err(|error| error.to_string())
    };
    let cases = [
        (
            r#"{"DEFAULT": {}, "s": {"a": "1", "long": true}}"#,
            "[s]\na    = 1\nlong = true\n",
        ),
        (
            r#"{"DEFAULT": {"a": ""}, "s": {}, "t": {"b": 1.0}}"#,
            "a = \n\n[s]\n\n[t]\nb = 1.0\n",
        ),
        (
            r#"{"s": {"a": "l1\nl2", "b": "x;y", "c": " x ", "d": "`"}}"#,
            "[s]\na = \"\"\"l1\nl2\"\"\"\nb = `x;y`\nc = \" x \"\nd = \"\"\"`\"\"\"\n",
        ),
        (r#"{"s": {"a=b": 1, "c": 2}}"#, "[s]\n`a=b` = 1\nc     = 2\n"),
        // What sops writes and cannot read again is written so that it reads.
        (
            r#"{"s": {"a": "x\\", "b": "\"q\""}}"#,
            "[s]\na = \"x\\\"\nb = `\"q\"`\n",
        ),
    ];
    for (text, want) in cases {
        assert_eq!(write(text).as_deref(), Ok(want), "{text}");
    }
    for (text, message) in [
        (r#"{"a": 1}"#, "a: an INI file holds sections only"),
        (r#"{"a": {"b": []}}"#, "a.b: cannot use complex value in INI file"),
        (r#"{"a": {"b`=": 1}}"#, "a.b`=: "),
        (r#"{"a\nb": {}}"#, "a\nb: a name that an INI section cannot have"),
    ] {
        match write(text) {
            Err(error) => assert!(error.starts_with(message), "{error}"),
            // A key with both kinds of marks may find a quote that fits; then it must read back.
            Ok(written) => assert_eq!(shape(&written), "DEFAULT{} a{b`==1}"),
        }
    }
}

#[test]
fn edits_touch_whole_lines() {
    let value = |text: &str| NewValue::Scalar(Value::str(text));
    let cases = [
        (
            "[s]\na = 1 ; c\n",
            "[\"s\"][\"a\"]",
            value("x"),
            "[s]\na = x ; c\n",
        ),
        (
            "[s]\na = \"1\"\n",
            "[\"s\"][\"a\"]",
            value("x"),
            "[s]\na = \"x\"\n",
        ),
        (
            "[s]\na = 1\n\n[t]\n",
            "[\"s\"][\"b\"]",
            value("x;"),
            "[s]\na = 1\nb = `x;`\n\n[t]\n",
        ),
        ("[s]\na=1", "[\"s\"][\"b\"]", value("x"), "[s]\na=1\nb=x"),
        (
            "[s]\na=1\n",
            "[\"t\"][\"b\"]",
            value("x"),
            "[s]\na=1\n\n[t]\nb = x\n",
        ),
        (
            "[s]\na=1\n",
            "[\"DEFAULT\"][\"b\"]",
            value("x"),
            "b = x\n[s]\na=1\n",
        ),
    ];
    for (plain, path, value, want) in cases {
        let mut document = Store::Ini.read_plain(plain.as_bytes()).unwrap();
        document.set(&TreePath::parse(path).unwrap(), value).unwrap();
        let written = Store::Ini.write_plain(&document, &Layout::default()).unwrap();
        assert_eq!(std::str::from_utf8(&written).unwrap(), want, "{path} in {plain}");
    }
    let cases = [
        ("[s]\na=1\nb=2\n", "[\"s\"][\"a\"]", "[s]\nb=2\n"),
        ("[s]\na=1\na=2\n", "[\"s\"][\"a\"]", "[s]\n"),
        ("[s]\na=1\n[t]\nb=2\n", "[\"s\"]", "[t]\nb=2\n"),
    ];
    for (plain, path, want) in cases {
        let mut document = Store::Ini.read_plain(plain.as_bytes()).unwrap();
        assert!(document.unset(&TreePath::parse(path).unwrap()).unwrap());
        let written = Store::Ini.write_plain(&document, &Layout::default()).unwrap();
        assert_eq!(std::str::from_utf8(&written).unwrap(), want, "{path} in {plain}");
    }
}

proptest! {
    #![proptest_config(drawn::cases(256))]

    #[test]
    fn any_lines_keep_their_meaning_and_simple_ones_their_bytes(
        lines in prop::collection::vec("[#;] ?[a-z]{1,5}|\\[[a-z]{1,3}\\]|[ \t]{0,2}[a-z]{1,2}(_unencrypted)? ?[=:] ?[a-z0-9]{0,4}( [#;] ?[a-z]{1,3})?|[a-z](_unencrypted)? = [\"`'\\\\a-z;# ]{0,6}|", 0..9),
        end in prop::bool::ANY,
    ) {
        let plain = format!("{}{}", lines.join("\n"), if end { "\n" } else { "" });
        let Ok(document) = Store::Ini.read_plain(plain.as_bytes()) else { return Ok(()) };
        prop_assume!(!document.branches()[0].entries().iter().any(|entry| matches!(entry, Entry::Pair(key, _) if key.text.as_str() == "sops")));
        let sealed = sealed(&plain);
        let opened = open(Store::Ini, &sealed);
        prop_assert_eq!(values(&opened), values(&plain), "{} became {}", plain, opened);
        let simple = |line: &&String| !line.contains(['`', '"', '\'', '\\']);
        let mut keys: Vec<&str> = lines.iter().filter_map(|line| line.split_once(['=', ':'])).map(|(key, _)| key.trim()).collect();
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();
        let no_comments = !plain.contains(['#', ';']);
        if lines.iter().all(|line| simple(&line)) && keys.len() == count && no_comments {
            prop_assert_eq!(opened, plain);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"#=;:\n\"`'\\[]sop \t\r".to_vec())], 0..60)) {
        let _ = Store::Ini.read_plain(&bytes);
        let _ = Store::Ini.read_encrypted(&bytes);
    }
}

/// Name, and keys with their values.
type Section = (String, Vec<(String, Vec<u8>)>);

/// Sections, keys and values without comments (those behind a value may come back above it).
fn values(text: &str) -> Vec<Section> {
    let document = Store::Ini.read_plain(text.as_bytes()).unwrap();
    let sections = document.branches()[0]
        .entries()
        .iter()
        .filter_map(|entry| match entry {
            Entry::Pair(section, Node::Mapping(entries)) => {
                let pairs = entries.iter().filter_map(|entry| match entry {
                    Entry::Pair(key, Node::Leaf(leaf)) => {
                        Some((key.text.to_string(), leaf.value.canonical().into_owned()))
                    }
                    Entry::Pair(..) | Entry::Comment(_) => None,
                });
                Some((section.text.to_string(), pairs.collect()))
            }
            Entry::Pair(..) | Entry::Comment(_) => None,
        });
    sections.collect()
}
