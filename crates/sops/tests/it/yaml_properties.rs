//! Generated documents: the bytes come back, twice is a no-op, one change is one line.

use proptest::prelude::*;
use sops::Store::Yaml;
use sops::{Layout, Selector};

use crate::support::{again, changed_lines, header_with, key, open, read, seal_with, text};
use gitseal_tests::drawn;

/// Scalars in block context that must come back as they are written.
fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        "[a-zA-Z][a-zA-Z0-9 ,:#'\"{}\\[\\]&*!|>%@`=_.-]{0,12}"
            .prop_map(|text| format!("'{}'", text.replace('\'', "''"))),
        "[ -~]{0,12}".prop_map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))),
        "-?[1-9][0-9]{0,17}",
        "-?[0-9]{1,4}\\.[0-9]{1,6}",
        "[1-9]e[0-9]",
        prop::sample::select(vec![
            "true",
            "false",
            "TRUE",
            "null",
            "~",
            "''",
            "yes",
            "off",
            "12:30",
            "+5",
            "007",
            ".5",
            "=",
            "-x",
            "a:b",
            "2020-01-02T03:04:05Z",
            "!foo bar",
            "!!str 12",
            "&anchor x",
            "ü",
            "'😀'",
            "{}",
            "[]",
            "{k: 5, \"l\": 'm'}",
            "[true, \"x\"]",
            "123456789012345678901234567890",
            "|-\n\u{0}one\n\u{0}two",
            "|\n\u{0}one\n\n\u{0} two",
        ])
        .prop_map(str::to_owned),
    ]
}

/// A tree to be written out: lines with their depth.
#[derive(Clone, Debug)]
enum Tree {
    Scalar(String, bool),
    Mapping(Vec<(Option<String>, Self)>),
    List(Vec<(Option<String>, Self)>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = (scalar(), prop::bool::weighted(0.2)).prop_map(|(text, comment)| Tree::Scalar(text, comment));
    leaf.prop_recursive(4, 24, 4, |inner| {
        let comment = prop::option::weighted(0.2, "[ a-z#:]{1,9}[a-z]");
        let items = prop::collection::vec((comment, inner), 1..4);
        prop_oneof![items.clone().prop_map(Tree::Mapping), items.prop_map(Tree::List)]
    })
}

struct Style {
    step: usize,
    indent_lists: bool,
    line_break: &'static str,
}

fn write(tree: &Tree, column: usize, style: &Style, names: &mut usize, lines: &mut Vec<String>) {
    let pad = " ".repeat(column);
    let (Tree::Mapping(items) | Tree::List(items)) = tree else {
        return;
    };
    for (comment, item) in items {
        if let Some(comment) = comment {
            lines.push(format!("{pad}#{comment}"));
        }
        let is_list = matches!(tree, Tree::List(_));
        *names += 1;
        let front = if is_list {
            format!("{pad}-")
        } else {
            format!("{pad}key{names}:")
        };
        match item {
            Tree::Scalar(text, comment) => {
                let content = if is_list { column + 2 } else { column + style.step };
                let text = text.replace('\u{0}', &" ".repeat(content));
                let behind = if *comment && !text.contains('\n') {
                    " # behind"
                } else {
                    ""
                };
                lines.extend(format!("{front} {text}{behind}").split('\n').map(str::to_owned));
            }
            Tree::Mapping(_) => {
                lines.push(front);
                write(item, column + style.step, style, names, lines);
            }
            Tree::List(_) => {
                lines.push(front);
                let inner = if style.indent_lists || is_list {
                    column + style.step
                } else {
                    column
                };
                write(item, inner, style, names, lines);
            }
        }
    }
}

fn document() -> impl Strategy<Value = String> {
    let trees = prop::collection::vec(prop::collection::vec(tree(), 1..5), 1..3);
    (
        trees,
        prop::sample::select(vec![2, 4]),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(trees, step, indent_lists, crlf, marker)| {
            let style = Style {
                step,
                indent_lists,
                line_break: if crlf { "\r\n" } else { "\n" },
            };
            let mut lines = Vec::new();
            for (number, items) in trees.into_iter().enumerate() {
                if number > 0 || marker {
                    lines.push("---".into());
                }
                // One nested key shows the step of the document.
                lines.push("shape:".into());
                lines.push(format!("{}is: shown", " ".repeat(step)));
                let items = items.into_iter().map(|item| (None, item)).collect();
                write(&Tree::Mapping(items), 0, &style, &mut 0, &mut lines);
            }
            lines.push(String::new());
            lines.join(style.line_break)
        })
}

fn rule() -> impl Strategy<Value = Selector> {
    prop::sample::select(vec![
        Selector::default(),
        Selector::EncryptedRegex("key[1-4]$".into()),
        Selector::UnencryptedRegex("key[1-4]$".into()),
        Selector::EncryptedCommentRegex("a".into()),
        Selector::UnencryptedCommentRegex("^a".into()),
        Selector::EncryptedSuffix("5".into()),
    ])
}

proptest! {
    #![proptest_config(drawn::cases(128))]

    #[test]
    fn what_is_encrypted_comes_back_byte_for_byte(plain in document(), rule in rule()) {
        let sealed = text(&seal_with(Yaml, &plain, header_with(rule)).file);
        prop_assert!(read(Yaml, &sealed).plain_leaves().is_empty());
        prop_assert_eq!(&open(Yaml, &sealed), &plain, "{}", sealed);
    }

    #[test]
    fn twice_is_a_no_op(plain in document(), rule in rule()) {
        let sealed = text(&seal_with(Yaml, &plain, header_with(rule)).file);
        let (second, written) = again(Yaml, &sealed, &plain);
        prop_assert!(!second.changed);
        prop_assert_eq!(written, sealed);
    }

    #[test]
    fn one_changed_value_is_one_line(plain in document()) {
        let sealed = text(&seal_with(Yaml, &plain, header_with(Selector::default())).file);
        let edited = plain.replacen("is: shown", "is: changed", 1);
        let (second, written) = again(Yaml, &sealed, &edited);
        prop_assert!(second.changed);
        prop_assert_eq!(&open(Yaml, &written), &edited);
        let blocks = 1 + plain.lines().skip(1).filter(|line| *line == "---").count();
        prop_assert_eq!(changed_lines(&sealed, &written).len(), 1 + 2 * blocks, "{}", written);
    }

    #[test]
    fn an_added_key_keeps_all_ciphertexts(plain in document()) {
        let sealed = text(&seal_with(Yaml, &plain, header_with(Selector::default())).file);
        let edited = plain.replacen("shape:", &format!("added: 5{}shape:", if plain.contains('\r') { "\r\n" } else { "\n" }), 1);
        let (_, written) = again(Yaml, &sealed, &edited);
        prop_assert_eq!(&open(Yaml, &written), &edited);
        for line in sealed.lines().filter(|line| line.contains("ENC[") && !line.contains("mac: ")) {
            prop_assert!(written.contains(line), "{}\n{}", line, written);
        }
    }

    #[test]
    fn arbitrary_texts_never_panic(text in "[ -~\n]{0,60}") {
        if let Ok(document) = Yaml.read_plain(text.as_bytes()) {
            let sealed = sops::encrypt(
                document, &key(), header_with(Selector::default()), None, crate::support::now(), &mut crate::support::Counter(3),
            );
            if let Ok(sealed) = sealed {
                let bytes = Yaml.write_encrypted(&sealed.file, &Layout::default()).unwrap();
                let file = Yaml.read_encrypted(&bytes);
                prop_assert!(file.is_ok(), "{}\n{}", text, String::from_utf8_lossy(&bytes));
                let opened = sops::decrypt(&file.unwrap(), &key(), sops::MacCheck::Verify);
                prop_assert!(opened.is_ok(), "{}\n{}", text, String::from_utf8_lossy(&bytes));
            }
        }
    }
}
