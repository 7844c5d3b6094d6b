//! Texts that use every corner of the syntax, from a number.

use yaml::{Budget, Stream};

/// A small generator of numbers (SplitMix64): the same number, the same text.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'x>(&mut self, from: &[&'x str]) -> &'x str {
        from[self.below(from.len())]
    }
}

struct Text<'d> {
    dice: &'d mut Dice,
    out: String,
    eol: &'static str,
    keys: usize,
    anchors: usize,
    labels: usize,
    step: usize,
    indented: bool,
    last_is_block: bool,
}

/// One stream of documents.
pub(crate) fn text(seed: u64) -> String {
    let mut seed = seed;
    loop {
        let text = draft(seed);
        match Stream::parse(&text, &Budget::default()) {
            Err(error)
                if matches!(
                    error.what,
                    "anchor contains itself" | "alias of an anchor that does not exist"
                ) =>
            {
                seed = seed.wrapping_add(1)
            }
            _ => return text,
        }
    }
}

fn draft(seed: u64) -> String {
    let mut dice = Dice(seed);
    let eol = if dice.one_in(5) { "\r\n" } else { "\n" };
    let (step, indented) = (1 + dice.below(4), dice.one_in(2));
    let mut text = Text {
        dice: &mut dice,
        out: String::new(),
        eol,
        keys: 0,
        anchors: 0,
        labels: 0,
        step,
        indented,
        last_is_block: false,
    };
    if text.dice.one_in(12) {
        text.out.push('\u{feff}');
    }
    for number in 0..1 + usize::from(text.dice.one_in(4)) * 2 {
        text.document(number);
    }
    let mut out = text.out;
    if dice.one_in(5) && !out.trim_end_matches(['\r', '\n']).is_empty() {
        out.truncate(out.trim_end_matches(['\r', '\n']).len());
    }
    out
}

impl Text<'_> {
    fn document(&mut self, number: usize) {
        self.anchors = 0;
        self.comments(0);
        if number > 0 || self.dice.one_in(4) {
            if number == 0 && self.dice.one_in(3) {
                self.line(0, "%YAML 1.2");
            }
            let comment = self.comment_behind();
            self.line(0, &format!("---{comment}"));
        }
        match self.dice.below(12) {
            0 => {}
            1 => {
                let scalar = self.scalar(0, false);
                if !scalar.starts_with(['|', '>']) {
                    self.line(0, &scalar);
                }
            }
            2 | 3 => self.sequence(0, 0),
            _ => self.mapping(0, 0, String::new()),
        }
        self.comments(0);
        if self.dice.one_in(6) {
            self.line(0, "...");
        }
    }

    fn line(&mut self, column: usize, text: &str) {
        self.out.extend(std::iter::repeat_n(' ', column));
        self.out.push_str(text);
        self.out.push_str(self.eol);
        self.last_is_block = false;
    }

    fn comments(&mut self, column: usize) {
        while self.dice.one_in(5) {
            self.labels += 1;
            let text = format!("# c{}", self.labels);
            // Inside a block scalar it would be text.
            let column = if self.last_is_block {
                0
            } else {
                column + self.dice.below(2)
            };
            self.line(column, &text);
            if self.dice.one_in(4) {
                self.line(0, "");
            }
        }
        if self.dice.one_in(10) && !self.last_is_block {
            self.line(0, "");
        }
    }

    fn comment_behind(&mut self) -> String {
        self.labels += 1;
        if self.dice.one_in(6) {
            format!("  # l{}", self.labels)
        } else {
            String::new()
        }
    }

    fn properties(&mut self) -> String {
        let mut out = String::new();
        if self.dice.one_in(10) {
            out.push_str(self.dice.pick(&[" !!str", " !custom", " !<x:y>", " !"]));
        }
        if self.dice.one_in(10) {
            self.anchors += 1;
            out.push_str(&format!(" &a{}", self.anchors));
        }
        out
    }

    fn key(&mut self) -> String {
        self.keys += 1;
        let n = self.keys;
        match self.dice.below(8) {
            0 => format!("\"k {n}\""),
            1 => format!("'k{n}'"),
            2 => format!("k {n}"),
            _ => format!("k{n}"),
        }
    }

    fn scalar(&mut self, column: usize, flow: bool) -> String {
        match self.dice.below(10) {
            0 => "'it''s'".into(),
            1 => "\"a\\tb # c\"".into(),
            2 if !flow => format!("many{}{}words", self.eol, " ".repeat(column + 1)),
            3 => format!("\"two{}{} lines\"", self.eol, " ".repeat(column + 1)),
            4 => self.dice.pick(&["1", "true", "null", "1.50", "0777"]).into(),
            5 if self.anchors > 0 => format!("*a{} ", 1 + self.dice.below(self.anchors)),
            _ => self
                .dice
                .pick(&["v", "some text", "x", "http://h:1/p", "ü"])
                .into(),
        }
    }

    fn flow(&mut self, depth: usize, column: usize) -> String {
        let many = self.dice.below(4);
        let gap = if self.dice.one_in(4) {
            format!("{}{}", self.eol, " ".repeat(column + 1))
        } else {
            String::new()
        };
        let map = self.dice.one_in(2);
        let mut parts = Vec::new();
        for _ in 0..many {
            let inner = match self.dice.below(6) {
                0 if depth < 2 => self.flow(depth + 1, column),
                1 if map => String::new(),
                _ => self.scalar(column, true),
            };
            let key = self.key();
            parts.push(if map {
                format!("{gap}{key}: {inner}")
            } else {
                format!("{gap}{inner}")
            });
        }
        let comma = if self.dice.one_in(6) && many > 0 { "," } else { "" };
        let body = parts.join(", ");
        if map {
            format!("{{{body}{comma}{gap}}}")
        } else {
            format!("[{body}{comma}{gap}]")
        }
    }

    fn block(&mut self, column: usize) -> String {
        let header = self.dice.pick(&["|", "|-", "|+", ">", ">-", "|2", "# no"]);
        let header = if header == "# no" { "|" } else { header };
        let indent = if header == "|2" {
            column + 2
        } else {
            column + self.step.max(1)
        };
        let comment = self.comment_behind();
        let mut out = format!("{header}{comment}");
        let lines = self
            .dice
            .pick(&["text", "a\nb", "a\n\nb", "a: 1\n# not a comment", "x\n\n", ""]);
        for line in lines.split('\n') {
            out.push_str(self.eol);
            if !line.is_empty() {
                out.push_str(&" ".repeat(indent));
                out.push_str(line);
            }
        }
        out
    }

    /// A value behind `key:` or `-`.
    fn value(&mut self, column: usize, depth: usize, prefix: String, element: bool) {
        let properties = self.properties();
        let inner = if element { column + 2 } else { column + self.step };
        match self.dice.below(10) {
            0 if depth < 4 => {
                let comment = self.comment_behind();
                self.line(0, &format!("{prefix}{properties}{comment}"));
                self.comments(inner);
                self.mapping(inner, depth + 1, String::new());
            }
            1 if depth < 4 => {
                let comment = self.comment_behind();
                self.line(0, &format!("{prefix}{properties}{comment}"));
                let inner = if self.indented || element { inner } else { column };
                self.comments(inner);
                self.sequence(inner, depth + 1);
            }
            2 if element && depth < 4 && properties.is_empty() => {
                self.mapping(column + 2, depth + 1, format!("{prefix} "));
            }
            3 => {
                let comment = self.comment_behind();
                let flow = self.flow(0, column);
                self.line(0, &format!("{prefix}{properties} {flow}{comment}"));
            }
            4 => {
                let block = self.block(column);
                self.line(0, &format!("{prefix}{properties} {block}"));
                self.last_is_block = true;
            }
            5 => {
                let comment = self.comment_behind();
                self.line(0, &format!("{prefix}{properties}{comment}"));
            }
            6 => {
                self.line(0, &format!("{prefix}{properties}"));
                self.line(column + self.step, "below");
            }
            _ => {
                let scalar = self.scalar(column, false);
                let comment = self.comment_behind();
                let properties = if scalar.starts_with('*') {
                    String::new()
                } else {
                    properties
                };
                self.line(0, &format!("{prefix}{properties} {scalar}{comment}"));
            }
        }
    }

    fn mapping(&mut self, column: usize, depth: usize, first: String) {
        for number in 0..1 + self.dice.below(3) {
            let lead = if number == 0 && !first.is_empty() {
                first.clone()
            } else {
                " ".repeat(column)
            };
            let key = self.key();
            if self.dice.one_in(15) {
                self.line(0, &format!("{lead}? {key}"));
                self.value(column, depth, format!("{}:", " ".repeat(column)), false);
            } else {
                self.value(column, depth, format!("{lead}{key}:"), false);
            }
            self.comments(column);
        }
    }

    fn sequence(&mut self, column: usize, depth: usize) {
        for _ in 0..1 + self.dice.below(3) {
            self.value(column, depth, format!("{}-", " ".repeat(column)), true);
            self.comments(column);
        }
    }
}
