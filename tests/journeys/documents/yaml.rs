//! Generated YAML streams: styles, comments in every position, anchors, several documents.

use gitseal_tests::prng::Prng;

use super::{Case, Store, key, word, words};

pub(super) fn case(prng: &mut Prng, rule: &'static [&'static str], by_comment: bool) -> Case {
    let step = *prng.pick(&[2, 2, 4, 3]);
    let deep_lists = prng.chance(60);
    let mut writer = Writer {
        keep: prng.chance(65),
        step,
        deep_lists,
        // The real sops up to 3.13.3 ends the reach of a comment at a comment inside a list, and so
        // breaks its own MAC under comment rules (spec/sops-format §2, last point).
        list_comments: !by_comment,
        out: String::new(),
        exact: true,
        peer_can: true,
        anchors: Vec::new(),
        anchored: 0,
        explicit_key: false,
        prng,
    };
    let documents = if writer.prng.chance(30) {
        writer.prng.below(3) + 2
    } else {
        1
    };
    if writer.prng.chance(25) {
        writer.out.push_str("---\n");
    }
    for number in 0..documents {
        if number > 0 {
            writer.out.push_str("---\n");
        }
        writer.anchors.clear();
        writer.mapping(0, 0);
    }
    let Writer {
        mut out,
        exact,
        mut peer_can,
        ..
    } = writer;
    if prng.chance(8) && !out.contains("|+") {
        out.truncate(out.trim_end().len());
    }
    if prng.chance(6) {
        out = out.replace('\n', "\r\n");
    }
    let mut text = spoil(prng, out);
    if !text.is_empty() && prng.chance(3) {
        // Only our own promise: sops writes the mark into the first key or drops it.
        text.insert(0, '\u{feff}');
        peer_can = false;
    }
    Case {
        store: Store::Yaml,
        text: text.into_bytes(),
        documents,
        rule,
        exact,
        peer_can,
    }
}

/// A few files are made bad: both tools must refuse them.
fn spoil(prng: &mut Prng, text: String) -> String {
    match prng.below(120) {
        0 => format!("- {}", text.replace('\n', "\n  ")),
        1 => format!("twice: 1\ntwice: 2\n{text}"),
        2 => format!("open: \"never closed\n{text}"),
        3 => format!("sops: taken\n{text}"),
        4 => format!("5: a number as key\n{text}"),
        5 => String::new(),
        _ => text,
    }
}

struct Writer<'p> {
    prng: &'p mut Prng,
    /// Only what our own round trip must give back byte for byte.
    keep: bool,
    out: String,
    step: usize,
    deep_lists: bool,
    list_comments: bool,
    exact: bool,
    peer_can: bool,
    /// The entry at hand has its value on a line of its own, behind `:`.
    explicit_key: bool,
    /// Names that may be used in this document.
    anchors: Vec<(String, bool)>,
    anchored: usize,
}

impl Writer<'_> {
    fn mapping(&mut self, indent: usize, depth: usize) {
        let count = self.prng.below(if depth == 0 { 7 } else { 4 }) + 1;
        for number in 0..count {
            self.comments_above(indent);
            self.pad(indent);
            self.entry(indent, depth, number);
        }
        if self.prng.chance(8) {
            // After the last entry, at the column of the entries.
            self.comment_line(indent);
        }
    }

    /// One entry, from its key to the end of its line or block. The line is indented already.
    fn entry(&mut self, indent: usize, depth: usize, number: usize) {
        let key = key(self.prng, number);
        self.explicit_key = false;
        match self.prng.below(40) {
            0 => {
                self.out.push_str(&format!("\"{key}\":"));
            }
            1 => self.out.push_str(&format!("'{key}':")),
            2 if depth == 0 => {
                self.out.push_str(&format!("? {key}\n"));
                self.pad(indent);
                self.out.push(':');
                self.explicit_key = true;
            }
            3 if !self.keep && self.anchors.iter().any(|(_, mapping)| *mapping) => {
                self.merge();
                return;
            }
            _ => self.out.push_str(&format!("{key}:")),
        }
        let kinds = if depth > 4 { 6 } else { 10 };
        match self.prng.below(kinds) {
            0..5 => self.scalar_line(),
            5 => self.block_scalar(indent),
            6 | 7 => {
                let anchor = self.maybe_anchor();
                self.out.push_str(&anchor);
                self.end_of_line(5);
                self.mapping(indent + self.step, depth + 1);
                // Only now: a mapping may not be named inside itself.
                self.offer(&anchor, true);
            }
            8 => {
                self.end_of_line(5);
                let deeper = if self.deep_lists { self.step } else { 0 };
                self.sequence(indent + deeper, depth + 1);
            }
            _ => {
                self.out.push(' ');
                self.flow(0);
                self.out.push('\n');
            }
        }
    }

    fn sequence(&mut self, indent: usize, depth: usize) {
        for _ in 0..self.prng.below(4) + 1 {
            let commented = self.list_comments && self.prng.chance(12);
            if commented {
                self.comment_line(indent);
            }
            self.pad(indent);
            self.out.push('-');
            let item = self.out.len();
            match self.prng.below(if depth > 4 { 6 } else { 9 }) {
                0..6 => self.scalar_line_in_list(),
                6 => {
                    self.out.push(' ');
                    self.flow(0);
                    self.out.push('\n');
                }
                _ => {
                    // A mapping that begins on the line of the dash.
                    self.out.push(' ');
                    let count = self.prng.below(3) + 1;
                    for number in 0..count {
                        if number > 0 {
                            self.pad(indent + 2);
                        }
                        self.entry(indent + 2, depth + 1, number);
                    }
                    let line = self.out[item..].lines().next().unwrap_or_default();
                    if commented && line.contains(": # ") {
                        // T15: of a comment above an item and one behind its first key, sops keeps the
                        // second only whenever it writes, also a plain text.
                        self.peer_can = false;
                    }
                }
            }
        }
    }

    fn scalar_line(&mut self) {
        if !self.keep && !self.anchors.is_empty() && self.prng.chance(6) {
            let (name, _) = self.prng.pick(&self.anchors).clone();
            // Its path is another than the anchor's: encrypting replaces it by a copy.
            self.exact = false;
            self.out.push_str(&format!(" *{name}\n"));
            return;
        }
        let anchor = self.maybe_anchor();
        let text = self.scalar();
        self.offer(&anchor, false);
        if text.is_empty() {
            self.out.push_str(&anchor);
        } else {
            self.out.push_str(&format!("{anchor} {text}"));
        }
        self.end_of_line(12);
    }

    fn scalar_line_in_list(&mut self) {
        let text = self.scalar();
        if !text.is_empty() {
            self.out.push_str(&format!(" {text}"));
        }
        self.end_of_line(if self.list_comments { 8 } else { 0 });
    }

    fn end_of_line(&mut self, comment: usize) {
        if self.prng.chance(comment) {
            self.out.push_str(&format!(" # {}", words(self.prng, 2)));
        }
        self.out.push('\n');
    }

    fn comments_above(&mut self, indent: usize) {
        if self.prng.chance(6) {
            self.out.push('\n');
        }
        if self.prng.chance(15) {
            for _ in 0..self.prng.below(2) + 1 {
                self.comment_line(indent);
            }
        }
    }

    fn comment_line(&mut self, indent: usize) {
        self.pad(indent);
        let gap = *self.prng.pick(&[" ", " ", "", "  "]);
        let text = words(self.prng, 2);
        self.out.push_str(&format!("#{gap}{text}\n"));
    }

    fn merge(&mut self) {
        let mappings: Vec<String> = self
            .anchors
            .iter()
            .filter(|(_, mapping)| *mapping)
            .map(|(name, _)| name.clone())
            .collect();
        let name = self.prng.pick(&mappings).clone();
        self.exact = false;
        self.out.push_str(&format!("<<: *{name}\n"));
        // A mapping has one merge key.
        self.anchors.clear();
    }

    fn maybe_anchor(&mut self) -> String {
        if !self.prng.chance(6) {
            return String::new();
        }
        self.anchored += 1;
        format!(" &a{}", self.anchored)
    }

    fn offer(&mut self, anchor: &str, mapping: bool) {
        if let Some(name) = anchor.strip_prefix(" &") {
            self.anchors.push((name.to_owned(), mapping));
        }
    }

    fn block_scalar(&mut self, indent: usize) {
        let style = *self.prng.pick(if self.keep {
            &["|", "|-", "|+"]
        } else {
            &["|", "|-", "|+", ">", ">-"]
        });
        let lines = self.prng.below(4) + if self.keep { 2 } else { 1 };
        if style.starts_with('>') || lines == 1 {
            self.exact = false;
        }
        self.out.push_str(&format!(" {style}\n"));
        // The next column that the document indents to, as sops counts it.
        let inner = (indent / self.step + 1) * self.step;
        if !indent.is_multiple_of(self.step) || self.explicit_key {
            // Between the columns of the document no indentation is the usual one.
            self.exact = false;
        }
        if !self.keep && self.prng.chance(3) {
            // T15: a text that begins with spaces; sops writes it wrong.
            self.exact = false;
            self.peer_can = false;
            self.out.truncate(self.out.len() - 1);
            self.out.push_str(&format!("{}\n", inner - indent));
            self.pad(inner);
            self.out.push_str("  indented\n");
        }
        for number in 0..lines {
            self.pad(inner);
            let text = match self.prng.below(6) {
                0 => "-----BEGIN X-----".to_owned(),
                1 => format!("key: {}", word(self.prng)),
                2 => "# not a comment".to_owned(),
                _ => words(self.prng, 3),
            };
            self.out.push_str(&format!("{text}\n"));
            if number + 1 < lines && self.prng.chance(10) {
                self.out.push('\n');
            }
        }
        if style.ends_with('+') {
            // With one line end at its end, the usual spelling is without the sign.
            if self.keep || self.prng.chance(50) {
                self.out.push('\n');
            } else {
                self.exact = false;
            }
        }
    }

    fn flow(&mut self, depth: usize) {
        let count = self.prng.below(4);
        let list = self.prng.chance(50);
        self.out.push(if list { '[' } else { '{' });
        for number in 0..count {
            if number > 0 {
                self.out.push_str(", ");
            }
            if !list {
                let key = key(self.prng, number);
                self.out.push_str(&format!("{key}: "));
            }
            if depth < 2 && self.prng.chance(15) {
                self.flow(depth + 1);
                continue;
            }
            let text = match self.prng.below(5) {
                0 if !self.keep => {
                    // A plain word gets quotes when it is encrypted, and keeps them.
                    self.exact = false;
                    "plain".to_owned()
                }
                1 if !self.keep => {
                    self.exact = false;
                    "12".to_owned()
                }
                2 if !self.keep => {
                    self.exact = false;
                    "true".to_owned()
                }
                3 => "'single'".to_owned(),
                _ => format!("\"{}\"", words(self.prng, 1).replace('\\', "/")),
            };
            self.out.push_str(&text);
        }
        self.out.push(if list { ']' } else { '}' });
    }

    fn scalar(&mut self) -> String {
        let kind = match self.prng.below(22) {
            1 | 3 | 5 | 8 | 9 | 15 | 19 if self.keep => 20,
            kind => kind,
        };
        let (text, exact): (String, bool) = match kind {
            0 => (
                pick(
                    self.prng,
                    &["0", "1", "-7", "42", "9223372036854775807", "+5", "007"],
                ),
                true,
            ),
            1 => (
                pick(self.prng, &["0777", "0x1F", "0b101", "0o17", "1_000"]),
                false,
            ),
            2 => (
                // Left out: -0.0 and .nan, which in clear reread as another value.
                pick(
                    self.prng,
                    &[
                        "1.5",
                        "1.0",
                        "1.10",
                        ".5",
                        "5.",
                        "1e3",
                        "1E-7",
                        "1e+21",
                        "123456789.125",
                        "08",
                        "123456789012345678901234567890",
                        "0.00001",
                    ],
                ),
                true,
            ),
            3 => (pick(self.prng, &[".inf", "-.Inf", "1_0.5"]), false),
            4 => (pick(self.prng, &["true", "false", "TRUE"]), true),
            5 => (pick(self.prng, &["True", "False"]), false),
            6 => (pick(self.prng, &["~", "null", "NULL", ""]), true),
            7 => (
                pick(
                    self.prng,
                    &[
                        "2001-12-14T21:59:43Z",
                        "2001-12-14T21:59:43.10-05:00",
                        "2024-05-06T07:08:09.5Z",
                    ],
                ),
                true,
            ),
            8 => (
                pick(
                    self.prng,
                    &["2001-12-14", "2001-12-14 21:59:43", "2001-12-14t21:59:43Z"],
                ),
                false,
            ),
            9 => (
                pick(
                    self.prng,
                    &[
                        "!!str 123",
                        "!!int \"5\"",
                        "!!float 1",
                        "!custom word",
                        "!!binary aGVsbG8=",
                    ],
                ),
                false,
            ),
            10 => (pick(self.prng, &["''", "\"\""]), true),
            11 | 12 => {
                let count = self.prng.below(3) + 1;
                (format!("'{}'", words(self.prng, count).replace('\'', "''")), true)
            }
            13 | 14 => {
                let text = words(self.prng, 2).replace('\\', "/");
                (format!("\"{text}\""), true)
            }
            15 => (
                pick(
                    self.prng,
                    &[
                        "\"a\\tb\"",
                        "\"line\\nline\"",
                        "\"\\u00e9\"",
                        "\"\\x41\"",
                        "\"tail \"",
                        "\"\\U0001F600\"",
                    ],
                ),
                false,
            ),
            16 => (
                pick(
                    self.prng,
                    &[
                        "'yes'",
                        "'1'",
                        "\"true\"",
                        "'0777'",
                        "\"~\"",
                        "'a: b'",
                        "\"#x\"",
                        "'- x'",
                        "'*a'",
                        "'it''s'",
                        "'2001-12-14'",
                        "'1:30'",
                        "\"=\"",
                    ],
                ),
                true,
            ),
            17 => (
                pick(
                    self.prng,
                    &[
                        "yes",
                        "on",
                        "n",
                        "1:30",
                        "=",
                        "-x",
                        "~x",
                        "a]b",
                        "x#y",
                        "http://u:p@h/",
                        "😀",
                    ],
                ),
                true,
            ),
            18 => (words(self.prng, 40).replace('%', "p"), true),
            19 => {
                // Over two lines: comes back on one.
                self.exact = false;
                return format!("\"over\n{}two lines\"", " ".repeat(60));
            }
            _ => {
                let count = self.prng.below(2) + 1;
                (words(self.prng, count), true)
            }
        };
        self.exact &= exact;
        text
    }

    fn pad(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }
}

fn pick(prng: &mut Prng, items: &[&str]) -> String {
    (*prng.pick(items)).to_owned()
}
