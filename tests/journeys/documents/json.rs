//! Generated JSON: layouts, nesting, numbers in odd spellings.

use gitseal_tests::prng::Prng;

use super::{Case, Store, key, word, words};

pub(super) fn case(prng: &mut Prng, rule: &'static [&'static str]) -> Case {
    let layout = *prng.pick(&[None, Some("  "), Some("    "), Some("\t"), Some("")]);
    let mut writer = Writer {
        prng,
        out: String::new(),
        layout,
        exact: true,
    };
    writer.object(0, true);
    if writer.prng.chance(80) {
        writer.out.push('\n');
    }
    let Writer { out, exact, .. } = writer;
    let text = spoil(prng, out);
    Case {
        store: Store::Json,
        text: text.into_bytes(),
        documents: 1,
        rule,
        exact,
        peer_can: true,
    }
}

/// A few files are made bad: both tools must refuse them.
fn spoil(prng: &mut Prng, text: String) -> String {
    match prng.below(60) {
        0 => format!("[{text}]"),
        1 => text.replacen(':', "", 1),
        2 => text.replacen('{', "{\"sops\": {}, ", 1),
        _ => text,
    }
}

struct Writer<'p> {
    prng: &'p mut Prng,
    out: String,
    layout: Option<&'static str>,
    exact: bool,
}

impl Writer<'_> {
    fn object(&mut self, depth: usize, some: bool) {
        let count = self.prng.below(5) + usize::from(some);
        self.out.push('{');
        for number in 0..count {
            if number > 0 {
                self.out.push(',');
            }
            self.line(depth + 1);
            let key = key(self.prng, number);
            self.out.push_str(&format!("\"{key}\":"));
            if self.layout.is_some() || self.prng.chance(20) {
                self.out.push(' ');
            }
            self.value(depth + 1);
        }
        if count > 0 {
            self.line(depth);
        }
        self.out.push('}');
    }

    fn array(&mut self, depth: usize) {
        let count = self.prng.below(4);
        self.out.push('[');
        for number in 0..count {
            if number > 0 {
                self.out.push(',');
            }
            self.line(depth + 1);
            self.value(depth + 1);
        }
        if count > 0 {
            self.line(depth);
        }
        self.out.push(']');
    }

    fn value(&mut self, depth: usize) {
        match self.prng.below(if depth > 5 { 7 } else { 10 }) {
            0 => self.out.push_str(["true", "false", "null"][self.prng.below(3)]),
            1 | 2 => {
                // Left out: -0.0, whose MAC sops itself breaks in clear (spec/sops-format §4).
                let number = *self.prng.pick(&[
                    "0",
                    "1",
                    "-7",
                    "42",
                    "9223372036854775807",
                    "-9223372036854775808",
                    "1.5",
                    "1.0",
                    "1.10",
                    "1e3",
                    "1E-7",
                    "1e21",
                    "123456789.125",
                    "0.00001",
                    "9223372036854775808",
                    "100000000000000000000000000000",
                ]);
                self.out.push_str(number);
            }
            3..7 => self.string(),
            7 => self.array(depth),
            _ => self.object(depth, false),
        }
    }

    fn string(&mut self) {
        let count = self.prng.below(5);
        let text = match self.prng.below(9) {
            0 => String::new(),
            1 => words(self.prng, 60).replace('\\', "\\\\"),
            2 => format!(
                "{}\\n{}\\t\\\"q\\\"",
                word(self.prng).replace('\\', "\\\\"),
                "end"
            ),
            3 => "<a href=x>&amp;</a>".to_owned(),
            4 => "😀 emoji \u{7f}".to_owned(),
            5 => {
                // Escapes that were not needed come back plain.
                self.exact = false;
                "\\u0041\\/\\u00e9\\ud83d\\ude00".to_owned()
            }
            _ => words(self.prng, count).replace('\\', "\\\\"),
        };
        self.out.push_str(&format!("\"{text}\""));
    }

    fn line(&mut self, depth: usize) {
        if let Some(step) = self.layout {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(step, depth));
        }
    }
}
