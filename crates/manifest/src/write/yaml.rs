//! YAML as the peers write it: block style, keys sorted, lists not indented in mappings, 80 columns.
//!
//! Where a line ends depends on what was written before on it, so the writer keeps the column and two facts about the
//! last token: whether a blank may follow it without another, and whether only indentation stands on the line.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::capacity;
use super::json::number_text;
use super::order::sorted;
use super::text::{Shape, escape, is_break};
use crate::scalar::{float_yaml, reads_as_text};

/// One YAML document behind `---`: keys sorted at every level, strings quoted only where another reading is
/// possible under YAML 1.1 or 1.2.
pub fn yaml(value: &Value) -> Zeroizing<String> {
    let mut writer = Writer {
        out: Zeroizing::new(String::with_capacity(capacity(value, 1) + 5)),
        column: 0,
        blank: true,
        indenting: true,
        indent: None,
    };
    writer.out.push_str("---\n");
    writer.node(value, false);
    writer.indent = None;
    writer.new_line();
    writer.out
}

struct Writer {
    out: Zeroizing<String>,
    column: usize,
    /// The last token needs no blank behind it.
    blank: bool,
    /// Only indentation and indicators of blocks stand on this line.
    indenting: bool,
    /// Column of the entries of the block around; none at the top.
    indent: Option<usize>,
}

/// How a scalar is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

impl Writer {
    fn node(&mut self, value: &Value, in_mapping: bool) {
        match value {
            Value::Null => self.plain("null", false),
            Value::Bool(true) => self.plain("true", false),
            Value::Bool(false) => self.plain("false", false),
            Value::Number(number) => {
                let text = match number.as_f64() {
                    // What is written without a fraction is read as an integer, if it fits one.
                    Some(value) if number.is_f64() => {
                        let text = number_text(number);
                        let whole = text.parse::<i64>().map(|int| int.to_string()).ok();
                        whole
                            .or_else(|| text.parse::<u64>().map(|int| int.to_string()).ok())
                            .unwrap_or_else(|| float_yaml(value))
                    }
                    _ => number.to_string(),
                };
                self.plain(&text, false);
            }
            Value::String(text) => self.text(text, false),
            Value::Array(items) if items.is_empty() => self.empty("[", "]"),
            Value::Object(fields) if fields.is_empty() => self.empty("{", "}"),
            Value::Array(items) => self.sequence(items, in_mapping),
            Value::Object(fields) => self.mapping(fields),
        }
    }

    fn empty(&mut self, open: &str, close: &str) {
        self.indicator(open, true, true, false);
        self.indicator(close, false, false, false);
    }

    fn sequence(&mut self, items: &[Value], in_mapping: bool) {
        let around = self.indent;
        if !in_mapping || self.indenting {
            self.indent = Some(around.map_or(0, |indent| indent + INDENT));
        }
        for item in items {
            self.new_line();
            self.indicator("-", true, false, true);
            self.node(item, false);
        }
        self.indent = around;
    }

    fn mapping(&mut self, fields: &Map<String, Value>) {
        let around = self.indent;
        self.indent = Some(around.map_or(0, |indent| indent + INDENT));
        for (name, value) in sorted(fields.iter()) {
            self.new_line();
            if name.len() <= SIMPLE_KEY_BYTES && !name.contains(is_break) {
                self.text(name, true);
                self.indicator(":", false, false, false);
            } else {
                self.indicator("?", true, false, true);
                self.text(name, false);
                self.new_line();
                self.indicator(":", true, false, true);
            }
            self.node(value, true);
        }
        self.indent = around;
    }

    /// A text, in the simplest style that keeps it.
    fn text(&mut self, text: &str, key: bool) {
        let shape = Shape::of(text);
        let mut style = if text.contains('\n') {
            Style::Literal
        } else if reads_as_text(text) {
            Style::Plain
        } else {
            Style::Double
        };
        if key && shape.breaks {
            style = Style::Double;
        }
        if style == Style::Plain && !shape.plain {
            style = Style::Single;
        }
        if (style == Style::Single && !shape.single) || (style == Style::Literal && (key || !shape.block)) {
            style = Style::Double;
        }
        let around = self.indent;
        self.indent = Some(around.map_or(INDENT, |indent| indent + INDENT));
        match style {
            Style::Plain => self.plain(text, !key),
            Style::Single => self.single(text, !key),
            Style::Double => self.double(text, !key),
            Style::Literal => self.literal(text),
        }
        self.indent = around;
    }

    fn plain(&mut self, text: &str, fold: bool) {
        if !self.blank {
            self.put(' ');
        }
        self.folding(text, fold, false);
        self.blank = false;
        self.indenting = false;
    }

    fn single(&mut self, text: &str, fold: bool) {
        self.indicator("'", true, false, false);
        self.folding(text, fold, true);
        self.indicator("'", false, false, false);
        self.blank = false;
        self.indenting = false;
    }

    /// The inside of a plain or single-quoted text: a single blank beyond the last column becomes a line break.
    fn folding(&mut self, text: &str, fold: bool, quoted: bool) {
        let (mut blanks, mut breaks) = (false, false);
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            if c == ' ' {
                let inside = !quoted || (at > 0 && next.is_some());
                if fold && !blanks && self.column > WIDTH && inside && next != Some(' ') {
                    self.new_line();
                } else {
                    self.put(c);
                }
                blanks = true;
            } else if is_break(c) {
                self.put_break(c);
                self.indenting = true;
                breaks = true;
            } else {
                if breaks {
                    self.new_line();
                }
                if quoted && c == '\'' {
                    self.put(c);
                }
                self.put(c);
                self.indenting = false;
                (blanks, breaks) = (false, false);
            }
        }
    }

    fn double(&mut self, text: &str, fold: bool) {
        self.indicator("\"", true, false, false);
        let mut blanks = false;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            if c == ' ' {
                if fold && !blanks && self.column > WIDTH && at > 0 && next.is_some() {
                    self.new_line();
                    if next == Some(' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(c);
                }
                blanks = true;
            } else {
                match escape(c) {
                    Some(escape) => escape.chars().for_each(|c| self.put(c)),
                    None => self.put(c),
                }
                blanks = false;
            }
        }
        self.indicator("\"", false, false, false);
        self.blank = false;
        self.indenting = false;
    }

    fn literal(&mut self, text: &str) {
        self.indicator("|", true, false, false);
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            self.indicator("2", false, false, false);
        }
        let mut tail = text.chars().rev();
        match (tail.next().is_some_and(is_break), tail.next()) {
            (false, _) => self.indicator("-", false, false, false),
            (true, None) => self.indicator("+", false, false, false),
            (true, Some(c)) if is_break(c) => self.indicator("+", false, false, false),
            (true, Some(_)) => {}
        }
        self.put_break('\n');
        self.indenting = true;
        self.blank = true;
        let mut breaks = true;
        for c in text.chars() {
            if is_break(c) {
                self.put_break(c);
                self.indenting = true;
                breaks = true;
            } else {
                if breaks {
                    self.new_line();
                }
                self.put(c);
                self.indenting = false;
                breaks = false;
            }
        }
    }

    fn indicator(&mut self, text: &str, needs_blank: bool, is_blank: bool, indents: bool) {
        if needs_blank && !self.blank {
            self.put(' ');
        }
        text.chars().for_each(|c| self.put(c));
        self.blank = is_blank;
        self.indenting = self.indenting && indents;
    }

    /// Goes to the indentation of a line of its own, if it is not there.
    fn new_line(&mut self) {
        let indent = self.indent.unwrap_or(0);
        if !self.indenting || self.column > indent || (self.column == indent && !self.blank) {
            self.put_break('\n');
        }
        while self.column < indent {
            self.put(' ');
        }
        self.blank = true;
        self.indenting = true;
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn put_break(&mut self, c: char) {
        self.out.push(c);
        self.column = 0;
    }
}

const INDENT: usize = 2;
/// A blank behind this column is where a line is folded.
const WIDTH: usize = 80;
/// A longer key is written behind `? `.
const SIMPLE_KEY_BYTES: usize = 128;
