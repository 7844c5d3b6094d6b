//! Generated documents: every byte outside of an edit stays, and the result is what was asked.

use proptest::prelude::*;
use seal::file::{Kind, Place, SealedFile};
use serde_json::{Value, json};

use crate::file_support::{first, opened_like, parse, sealed_like};
use gitseal_tests::drawn::cases;

/// How a generated text is written.
#[derive(Clone, Debug)]
pub(crate) struct Habits {
    step: usize,
    pub(crate) crlf: bool,
    comments: bool,
    /// In a List, from this many items on.
    list: bool,
    final_break: bool,
}

pub(crate) fn habits() -> impl Strategy<Value = Habits> {
    (
        2usize..5,
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(step, crlf, comments, list, final_break)| Habits {
            step,
            crlf,
            comments,
            list,
            final_break,
        })
}

/// A value in one of the styles of YAML; `TEXT` is base64.
fn written(style: u8, text: &str, indent: usize) -> String {
    let pad = " ".repeat(indent);
    let (head, tail) = text.split_at(text.len() / 2);
    match style % 8 {
        0 => format!(" {text}"),
        1 => format!(" '{text}'"),
        2 => format!(" \"{text}\" # {}", text.len()),
        3 => format!("\n{pad}{text}"),
        4 => format!(" |\n{pad}{head}\n{pad}{tail}"),
        5 => format!(" |-\n{pad}{text}\n"),
        6 => format!(" >- # c\n{pad}{text}"),
        _ => format!("   {text}  # x: y"),
    }
}

pub(crate) type Items = Vec<(String, u8)>;

pub(crate) fn items() -> impl Strategy<Value = Items> {
    let name = prop_oneof![
        "[a-z][a-z0-9._-]{0,8}",
        Just("on".to_owned()),
        Just("~x".to_owned()),
        Just("123".to_owned())
    ];
    prop::collection::vec((name, any::<u8>()), 1..5).prop_map(|mut items| {
        items.sort();
        items.dedup_by(|one, other| one.0 == other.0);
        items
    })
}

fn key(name: &str) -> String {
    // Words that YAML 1.1 reads as something else.
    let typed = ["on", "off", "y", "n", "yes", "no", "true", "false", "null"].contains(&name);
    if name.starts_with(|c: char| c.is_ascii_lowercase()) && !typed {
        name.to_owned()
    } else {
        format!("\"{name}\"")
    }
}

/// Lines of a mapping of items; the value of each is base64 that no other has.
fn block(items: &Items, indent: usize, habits: &Habits, salt: &str) -> String {
    let pad = " ".repeat(indent);
    let mut out = String::new();
    for (at, (name, style)) in items.iter().enumerate() {
        if habits.comments && style % 3 == 0 {
            out.push_str(&format!("{pad}# about {at}\n"));
        }
        let text = base64(&format!("{at} {name} {salt} value"));
        out.push_str(&format!(
            "{pad}{}:{}\n",
            key(name),
            written(*style, &text, indent + habits.step)
        ));
    }
    out
}

fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits =
            chunk.iter().fold(0u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let index = (bits >> (18 - 6 * at)) & 63;
            out.push(if at > chunk.len() {
                '='
            } else {
                char::from(ALPHABET[index as usize])
            });
        }
    }
    out
}

/// An object as a document of a stream, or as an item of a List.
fn around(object: &str, habits: &Habits) -> String {
    let mut text = if habits.list {
        let lines = object.lines().map(|line| {
            if line.is_empty() {
                line.into()
            } else {
                format!("  {line}")
            }
        });
        let lines: Vec<_> = lines.collect();
        format!(
            "apiVersion: v1\nkind: List\nitems:\n- kind: ConfigMap\n  data: {{a: b}}\n- {}\n- kind: ConfigMap # last\n",
            lines.join("\n").trim_start()
        )
    } else {
        format!("# top\n--- # first\nkind: ConfigMap\ndata:\n  a: |\n    x\n---\n{object}")
    };
    if !habits.list && habits.comments {
        text.push_str("# foot\n---\nkind: Other\n");
    }
    if !habits.final_break {
        text.truncate(text.trim_end().len());
    }
    if habits.crlf {
        text.replace('\n', "\r\n")
    } else {
        text
    }
}

fn sealed_text(items: &Items, habits: &Habits) -> String {
    around(&sealed_object(items, habits), habits)
}

/// A SealedSecret without its surroundings.
pub(crate) fn sealed_object(items: &Items, habits: &Habits) -> String {
    let step = " ".repeat(habits.step);
    format!(
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n{step}name: db # the name\nspec:\n{step}encryptedData:\n{}{step}template:\n{step}{step}type: Opaque\n",
        block(items, 2 * habits.step, habits, "sealed")
    )
}

fn secret_text(data: &Items, string: &Items, habits: &Habits, order: &[usize]) -> String {
    around(&secret_object(data, string, habits, order), habits)
}

/// The entries of a Secret in any order, with blank lines and comments at the ends of blocks.
pub(crate) fn secret_object(data: &Items, string: &Items, habits: &Habits, order: &[usize]) -> String {
    let step = " ".repeat(habits.step);
    let comment = |text: &str, indent: usize| {
        if habits.comments {
            format!("{}# {text}\n", " ".repeat(indent))
        } else {
            String::new()
        }
    };
    let mut entries = vec![
        "apiVersion: v1\n".to_owned(),
        "kind: Secret # kind\n".to_owned(),
        format!(
            "{}metadata: # m\n{step}name: db # the name\n\n{}{step}labels:\n{step}{step}a: 'b'\n{}{step}annotations:\n{step}{step}n: |\n{step}{step}{step}one\n\n{step}{step}{step}  # two\n{}{}",
            comment("above metadata", 0),
            comment("above labels", habits.step),
            comment("end of labels", 2 * habits.step),
            comment("end of annotations", 2 * habits.step),
            comment("end of metadata", habits.step),
        ),
        "type: Opaque\n\n".to_owned(),
        "immutable: false # no\n".to_owned(),
    ];
    if !data.is_empty() {
        let end = comment("end of data", habits.step);
        entries.push(format!(
            "data: # d\n{}{end}\n",
            block(data, habits.step, habits, "data")
        ));
    }
    if !string.is_empty() {
        let above = comment("above stringData", 0);
        entries.push(format!(
            "{above}stringData: # s\n{}",
            block(string, habits.step, habits, "string")
        ));
    }
    // A list is indented further, and a comment cannot stand behind its dash.
    let mut object = String::new();
    for &at in order {
        object.push_str(entries.get(at).map_or("", String::as_str));
    }
    if object.starts_with('#') {
        object.insert_str(0, "unknown: x\n");
    }
    object
}

fn others(file: &SealedFile, place: Place) -> Vec<Value> {
    let all = file.objects().into_iter().filter(|(at, _, _)| *at != place);
    all.map(|(at, _, _)| file.object(at).value().clone()).collect()
}

fn comments(text: &str) -> Vec<String> {
    let all = text.lines().filter_map(|line| {
        line.find(" #")
            .map(|at| &line[at..])
            .or_else(|| line.starts_with('#').then_some(line))
    });
    let mut all: Vec<_> = all.map(|comment| comment.trim().to_owned()).collect();
    all.sort();
    all
}

proptest! {
    #![proptest_config(cases(192))]

    #[test]
    fn an_item_set_moves_no_other_byte(items in items(), pick in any::<prop::sample::Index>(), habits in habits()) {
        let text = sealed_text(&items, &habits);
        let mut file = parse(&text);
        let place = first(&file, Kind::SealedSecret);
        let rest = others(&file, place);
        let at = pick.index(items.len());
        let (name, style) = &items[at];
        file.set_item(place, name, "AgNEW").unwrap();
        let found = file.sealed_secret(place).unwrap();
        prop_assert_eq!(found.spec.encrypted_data[name.as_str()].trim_end(), "AgNEW");
        prop_assert_eq!(&others(&file, place), &rest);

        let old = base64(&format!("{at} {name} sealed value"));
        let new = file.into_text();
        let wanted = if style % 8 == 4 {
            let (head, tail) = old.split_at(old.len() / 2);
            let line_break = if habits.crlf { "\r\n" } else { "\n" };
            let start = text.find(&format!("{head}{line_break}")).unwrap();
            let end = start + text[start..].find(tail).unwrap() + tail.len();
            format!("{}AgNEW{}", &text[..start], &text[end..])
        } else {
            text.replacen(&old, "AgNEW", 1)
        };
        prop_assert_eq!(new.as_str(), wanted.as_str());
    }

    #[test]
    fn an_item_added_and_removed_leaves_no_trace(items in items(), habits in habits()) {
        let text = sealed_text(&items, &habits);
        let mut file = parse(&text);
        let place = first(&file, Kind::SealedSecret);
        file.set_item(place, "zz.new", "AgNEW").unwrap();
        file.set_annotation(place, "gitseal.dev/x", Some("yes")).unwrap();
        prop_assert_eq!(comments(&file_text(&text, |file, place| file.set_item(place, "zz.new", "AgNEW").unwrap())), comments(&text));
        file.set_annotation(place, "gitseal.dev/x", None).unwrap();
        file.remove_item(place, "zz.new").unwrap();
        let new = file.into_text();
        prop_assert_eq!(new.as_str(), text.as_str());
    }

    #[test]
    fn a_secret_is_turned_and_opened_with_its_comments(
        data in items(), string in items(), habits in habits(), only in 0u8..3,
        order in Just((0..7).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let (data, string) = match only {
            0 => (data, Vec::new()),
            1 => (Vec::new(), string),
            _ => (data, string),
        };
        let text = secret_text(&data, &string, &habits, &order);
        let mut file = parse(&text);
        let place = first(&file, Kind::Secret);
        let rest = others(&file, place);
        let object = sealed_like(file.object(place).value());
        file.seal_in_place(place, &object).unwrap();
        prop_assert_eq!(&file.sealed_secret(place).unwrap(), &object);
        prop_assert_eq!(&others(&file, place), &rest);
        let sealed = file.into_text();
        prop_assert_eq!(comments(&sealed), comments(&text));
        for (items, salt) in [(&data, "data"), (&string, "string")] {
            for (at, (name, _)) in items.iter().enumerate() {
                let old = base64(&format!("{at} {name} {salt} value"));
                prop_assert!(!sealed.contains(&old));
            }
        }

        let texts: Vec<_> = string.iter().map(|(name, _)| name.as_str()).collect();
        let secret = opened_like(&object, &texts);
        let mut file = parse(&sealed);
        let place = first(&file, Kind::SealedSecret);
        file.unseal_in_place(place, &secret).unwrap();
        prop_assert_eq!(file.object(place).value(), &secret.to_value());
        prop_assert_eq!(&others(&file, place), &rest);
        prop_assert_eq!(comments(&file.into_text()), comments(&text));
    }

    #[test]
    fn json_is_edited_as_it_is_written(
        items in items(), pretty in any::<bool>(), list in any::<bool>(), twice in any::<bool>(),
    ) {
        let sealed: serde_json::Map<_, _> =
            items.iter().map(|(name, style)| (name.clone(), json!(format!("Ag{style}")))).collect();
        let object = json!({"kind": "SealedSecret", "metadata": {"name": "é\"x"}, "spec": {"encryptedData": sealed}});
        let value = if list { json!({"kind": "List", "items": [{"kind": "Other"}, object]}) } else { object };
        let one = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = format!("{}{}\n", one.unwrap(), if twice { "\n{\"kind\":\"x\"}" } else { "" });
        let mut file = parse(&text);
        let place = first(&file, Kind::SealedSecret);
        let rest = others(&file, place);
        let (name, style) = &items[0];
        file.set_item(place, name, "AgNEW").unwrap();
        file.set_item(place, "zz.new", "AgZ").unwrap();
        prop_assert_eq!(&others(&file, place), &rest);
        file.remove_item(place, "zz.new").unwrap();
        let old = format!(": \"Ag{style}\"").replace(": ", if pretty { ": " } else { ":" });
        let wanted = text.replacen(&old, &old.replace(&format!("Ag{style}"), "AgNEW"), 1);
        let new = file.into_text();
        prop_assert_eq!(new.as_str(), wanted.as_str());
    }

    #[test]
    fn nothing_panics(text in "(---\n|kind: SealedSecret\n|spec:\n|  encryptedData:\n|    a: b\n|[ a:{}\\[\\]&*|>'\"#\n-]{0,6}|\\{\"kind\":\"SealedSecret\"|\\}|,){0,12}") {
        if let Ok(mut file) = SealedFile::parse(&text, &manifest::Limits::default()) {
            for (place, kind, _) in file.objects() {
                if kind == Kind::SealedSecret {
                    let _ = file.set_item(place, "a", "AgNEW");
                    let _ = file.set_annotation(place, "b", Some("c"));
                    let _ = file.remove_item(place, "a");
                    let _ = file.unseal_in_place(place, &opened_like(&sealed_like(&json!({"data": {"a": ""}})), &[]));
                }
            }
        }
    }
}

fn file_text(text: &str, edit: impl FnOnce(&mut SealedFile, Place)) -> String {
    let mut file = parse(text);
    let place = first(&file, Kind::SealedSecret);
    edit(&mut file, place);
    file.into_text().to_string()
}
