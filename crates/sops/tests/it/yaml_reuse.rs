//! D3: unchanged values keep their ciphertext, and everything around them its bytes.

use sops::Store::{Dotenv, Ini, Json, Yaml};
use sops::{Header, Layout, MacCheck, Previous, Store, decrypt, encrypt, open_mixed};

use crate::support::{Counter, again, changed_lines, key, later, open, other_key, read, seal, text};

const PLAIN: &str = "\
# top
a: one # behind
b: 'two'

c:
  d: |
    lines
    of three
  e: [x, 'y', 5]
  # list
  f:
    - 1.10
    # between
    - true
g: yes
";

/// The same document in each store, and one value to change: old and new text.
const STORES: &[(Store, &str, &str, &str)] = &[
    (Yaml, PLAIN, "'two'", "'zwei'"),
    (Yaml, "a: 1\nb: 2\n---\nc: 3\n---\nd: 4\n", "3", "33"),
    (Yaml, "{\"a\": 1, \"b\": {\"c\": \"x\"}}\n", "\"x\"", "\"z\""),
    (Yaml, "a: b\r\nc: 'd'\r\n", "'d'", "'z'"),
    (Yaml, "a: b\nc: d", "d", "z"),
    (
        Json,
        "{\n  \"a\": 1,\n  \"b\": {\"c\": [\"x\", 1.10]}\n}\n",
        "\"x\"",
        "\"z\"",
    ),
    (Dotenv, "# top\nA=one\n\nB='two'\nC=three\n", "'two'", "zwei"),
    (
        Ini,
        "; top\n[s]\na = one\nb   = two\n\n[t]\nc: three\n",
        "two",
        "zwei",
    ),
];

#[test]
fn encrypting_twice_changes_nothing() {
    for (store, plain, ..) in STORES {
        let first = text(&seal(*store, plain).file);
        let (second, written) = again(*store, &first, &open(*store, &first));
        assert!(!second.changed, "{plain}");
        assert_eq!(written, first, "{plain}");
    }
}

#[test]
fn one_changed_value_changes_one_line_besides_mac_and_date() {
    for (store, plain, old, new) in STORES {
        let first = text(&seal(*store, plain).file);
        let edited = open(*store, &first).replace(old, new);
        let (second, written) = again(*store, &first, &edited);
        assert!(second.changed, "{plain}");
        assert_eq!(open(*store, &written), edited, "{written}");
        if plain.starts_with('{') && *store == Yaml {
            // The whole document is one line.
            continue;
        }
        let blocks = if plain.contains("---") { 3 } else { 1 };
        let changed = changed_lines(&first, &written);
        let places = changed
            .iter()
            .filter(|line| line.contains("ENC[") && !line.contains("mac"))
            .count();
        assert_eq!(places, 1, "{changed:#?}");
        assert_eq!(changed.len(), 1 + 2 * blocks, "{changed:#?}");
    }
}

#[test]
fn moved_values_keep_their_ciphertext() {
    let first = text(&seal(Yaml, "l:\n  - one\n  - two\n  - three\n").file);
    let (_, written) = again(Yaml, &first, "l:\n  - zero\n  - one\n  - two\n  - three\n");
    let values = changed_lines(&first, &written)
        .iter()
        .filter(|line| line.starts_with("- ENC"))
        .count();
    assert_eq!(values, 1, "{written}");
    assert_eq!(
        open(Yaml, &written),
        "l:\n  - zero\n  - one\n  - two\n  - three\n"
    );
}

#[test]
fn a_new_key_leaves_the_block_where_it_is() {
    let first = text(&seal(Yaml, PLAIN).file);
    for edited in [
        format!("{PLAIN}new: key\n"),
        format!("new: key\n{PLAIN}"),
        PLAIN.replace("b: ", "new: key\nb: "),
    ] {
        let edited = edited.replace("[x, 'y', 5]", "[\"x\", 'y', 5]");
        let (_, written) = again(Yaml, &first, &edited);
        assert_eq!(changed_lines(&first, &written).len(), 3, "{written}");
        assert_eq!(open(Yaml, &written), edited);
        let block = written.find("sops:").unwrap();
        assert!(
            block > written.find("new:").unwrap(),
            "the block stays last: {written}"
        );
    }
}

#[test]
fn a_block_in_the_middle_stays_there() {
    let sealed = text(&seal(Yaml, "a: one\nb: two\n").file);
    let at = sealed.find("sops:").unwrap();
    let (values, block) = sealed.split_at(at);
    let moved = format!(
        "{}{block}{}",
        values.lines().next().unwrap().to_owned() + "\n",
        values.lines().nth(1).unwrap().to_owned() + "\n"
    );
    assert_eq!(open(Yaml, &moved), "a: one\nb: two\n");
    let (_, written) = again(Yaml, &moved, "a: one\nb: zwei\n");
    assert_eq!(changed_lines(&moved, &written).len(), 3, "{written}");
    assert!(written.find("sops:") < written.find("b: "), "{written}");
}

#[test]
fn a_document_without_a_block_keeps_lacking_it() {
    let sealed = text(&seal(Yaml, "a: one\n---\nb: two\n").file);
    let second = sealed.find("---").unwrap();
    let block = second + sealed[second..].find("sops:").unwrap();
    let lacking = &sealed[..block];
    assert_eq!(open(Yaml, lacking), "a: one\n---\nb: two\n");
    let (_, written) = again(Yaml, lacking, "a: one\n---\nb: zwei\n");
    assert_eq!(written.matches("sops:").count(), 1, "{written}");
    assert_eq!(open(Yaml, &written), "a: one\n---\nb: zwei\n");
}

#[test]
fn a_number_from_set_stays_a_float() {
    let first = text(&seal(Yaml, "a: one\nb: 5\n").file);
    let file = read(Yaml, &first);
    let (mut document, _) = decrypt(&file, &key(), MacCheck::Verify).unwrap();
    let path = sops::TreePath::parse("['b']").unwrap();
    assert!(
        document
            .set(&path, sops::NewValue::Scalar(sops::Value::Float(5.0)))
            .unwrap()
    );
    let previous = Previous::open(&file, &key()).unwrap();
    let set = encrypt(
        document,
        &key(),
        Header::of(file.metadata()),
        Some(&previous),
        later(),
        &mut Counter(5),
    )
    .unwrap();
    assert!(set.changed);
    let written = text(&set.file);
    assert!(
        written.lines().nth(1).unwrap().ends_with("type:float]"),
        "{written}"
    );
    assert_eq!(open(Yaml, &written), "a: one\nb: 5\n");
    let (again, kept) = again(Yaml, &written, "a: one\nb: 5\n");
    assert!(!again.changed);
    assert_eq!(kept, written);
}

#[test]
fn rotating_changes_every_value_and_nothing_else() {
    for (store, plain, ..) in STORES {
        let first = text(&seal(*store, plain).file);
        let file = read(*store, &first);
        let plain = open(*store, &first);
        let (document, _) = decrypt(&file, &key(), MacCheck::Verify).unwrap();
        let previous = Previous::open(&file, &key()).unwrap();
        let header = Header::of(file.metadata());
        let rotated = encrypt(
            document,
            &other_key(),
            header,
            Some(&previous),
            later(),
            &mut Counter(5),
        )
        .unwrap();
        let written = text(&rotated.file);
        assert!(rotated.changed);
        let file = read(*store, &written);
        let (document, _) = decrypt(&file, &other_key(), MacCheck::Verify).unwrap();
        let back = store.write_plain(&document, &Layout::default()).unwrap();
        assert_eq!(std::str::from_utf8(&back).unwrap(), plain, "{written}");
        let tokens = |text: &str| text.matches("ENC[").count();
        assert_eq!(tokens(&written), tokens(&first));
    }
}

#[test]
fn a_half_encrypted_file_is_completed() {
    let first = text(&seal(Yaml, "a: one\nb: two\nc: three\n").file);
    let line = first.lines().nth(1).unwrap();
    let half = first.replace(line, "b: zwei\nnew: 5");
    let file = read(Yaml, &half);
    let plain: Vec<_> = file.plain_leaves().into_iter().collect();
    assert_eq!(plain, [(2, "b".to_owned()), (3, "new".to_owned())]);
    assert!(
        decrypt(&file, &key(), MacCheck::Ignore).is_err(),
        "plain text is not decrypted"
    );
    let (document, warnings) = open_mixed(&file, &key()).unwrap();
    assert_eq!(
        warnings
            .iter()
            .map(|w| (w.line, w.path.as_str()))
            .collect::<Vec<_>>(),
        [(2, "b"), (3, "new")]
    );
    let previous = Previous::open(&file, &key()).unwrap();
    let whole = encrypt(
        document,
        &key(),
        Header::of(file.metadata()),
        Some(&previous),
        later(),
        &mut Counter(5),
    )
    .unwrap();
    let written = text(&whole.file);
    assert_eq!(changed_lines(&half, &written).len(), 4, "{written}");
    assert_eq!(open(Yaml, &written), "a: one\nb: zwei\nnew: 5\nc: three\n");
    assert!(read(Yaml, &written).plain_leaves().is_empty());
}

#[test]
fn a_value_decrypted_by_hand_is_encrypted_again() {
    let first = text(&seal(Yaml, "a: one\nb: two\n").file);
    let line = first.lines().nth(1).unwrap();
    let file = read(Yaml, &first.replace(line, "b: two"));
    let (document, _) = open_mixed(&file, &key()).unwrap();
    let previous = Previous::open(&file, &key()).unwrap();
    let whole = encrypt(
        document,
        &key(),
        Header::of(file.metadata()),
        Some(&previous),
        later(),
        &mut Counter(5),
    )
    .unwrap();
    assert!(whole.changed);
    assert!(read(Yaml, &text(&whole.file)).plain_leaves().is_empty());
}

#[test]
fn an_encrypted_comment_that_is_a_list_item_keeps_its_form() {
    let sealed = text(&seal(Yaml, "l:\n  - x\n  # note\n  - y\nm: n\n").file);
    let item = sealed.replace("  #ENC[", "  - ENC[");
    assert_ne!(item, sealed);
    assert_eq!(open(Yaml, &item), "l:\n  - x\n  # note\n  - y\nm: n\n");
    let (_, written) = again(Yaml, &item, "l:\n  - x\n  # note\n  - y\nm: o\n");
    assert_eq!(changed_lines(&item, &written).len(), 3, "{written}");
}

#[test]
fn words_without_quotes_do_not_gain_any_and_those_of_sops_do() {
    let ours = text(&seal(Yaml, "a: yes\nb: \"off\"\n").file);
    assert_eq!(open(Yaml, &ours), "a: yes\nb: \"off\"\n");
    let theirs = ours
        .replace('\'', "\"")
        .replace("\"ENC[", "ENC[")
        .replace("str]\"", "str]");
    assert_eq!(open(Yaml, &theirs), "a: \"yes\"\nb: \"off\"\n");
    let (_, mixed) = again(Yaml, &theirs, "a: \"yes\"\nb: \"off\"\nc: no\n");
    assert_eq!(open(Yaml, &mixed), "a: \"yes\"\nb: \"off\"\nc: no\n");
}

#[test]
fn new_keys_rewrite_the_block_in_place_and_nothing_else() {
    for (store, plain, ..) in STORES {
        let first = text(&seal(*store, plain).file);
        let mut file = read(*store, &first);
        let keys = &mut file.metadata_mut().key_groups;
        keys[0].0.push(sops::MasterKey::Age {
            recipient: "age1second".into(),
            enc: "second\n".into(),
        });
        let written = text(&file);
        assert_eq!(
            written.matches("age1second").count(),
            first.matches("age1example").count(),
            "{written}"
        );
        assert_eq!(open(*store, &written), open(*store, &first), "{written}");
        file.metadata_mut().key_groups[0].0.pop();
        assert_eq!(text(&file), first);
    }
}

#[test]
fn a_block_scalar_that_loses_its_final_line_break_is_another_value() {
    for key in ["a", "a_unencrypted"] {
        let former = format!("{key}: |\n  abc\n# tail\n");
        let sealed = text(&seal(Yaml, &former).file);
        let cut = format!("{key}: |\n  abc");
        let (second, written) = again(Yaml, &sealed, &cut);
        assert!(second.changed);
        let opened = open(Yaml, &written);
        assert!(opened == "a: abc" || opened == cut, "{opened}");
    }
}

#[test]
fn the_sign_of_a_cut_off_block_scalar_follows_the_text() {
    for key in ["a", "a_unencrypted"] {
        let plain = |sign: &str| format!("b: c\n{key}: |{sign}\n  x\n  y");
        for former in ["", "-", "+"] {
            let sealed = text(&seal(Yaml, &plain(former)).file);
            for sign in ["", "-", "+"] {
                let (_, written) = again(Yaml, &sealed, &plain(sign));
                assert_eq!(open(Yaml, &written), plain(sign), "from |{former}\n{written}");
            }
            // Whatever comes behind it, the value has no line break.
            let more = format!("{}\nd: e", plain("-"));
            let (_, written) = again(Yaml, &sealed, &more);
            assert_eq!(open(Yaml, &written), more, "from |{former}\n{written}");
        }
    }
}
