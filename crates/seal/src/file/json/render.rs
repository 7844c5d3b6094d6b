//! Writing JSON in the habits of the text around it.

use serde_json::Value;
use zeroize::Zeroizing;

use super::{Json, JsonKind};
use crate::file::lines::{line_break, line_starts};

/// The habits of a JSON text.
pub(super) struct Style {
    /// One step of indentation; `None` for a text on one line.
    unit: Option<String>,
    line_break: &'static str,
    /// Between entries on one line.
    comma: &'static str,
    colon: &'static str,
    /// Where the lines begin: a line may be as long as the text.
    lines: Vec<usize>,
}

impl Style {
    /// Looks at the first object that has something in it.
    pub(super) fn of(text: &str, root: &Json) -> Self {
        let mut style = Self {
            unit: None,
            line_break: line_break(text),
            comma: ",",
            colon: ":",
            lines: line_starts(text),
        };
        let JsonKind::Object(members) = &root.kind else {
            return style;
        };
        let Some(first) = members.first() else {
            return style;
        };
        let between = |from: usize, to: usize| text.get(from..to).unwrap_or("");
        if between(first.key.end, first.value.span.start).ends_with([' ', '\t']) {
            style.colon = ": ";
        }
        if let Some(second) = members.get(1)
            && between(first.value.span.end, second.key.start).ends_with([' ', '\t'])
        {
            style.comma = ", ";
        }
        if between(root.span.start, first.key.start).contains('\n') {
            let (outer, inner) = (
                style.indent_at(text, root.span.start),
                style.indent_at(text, first.key.start),
            );
            style.unit = Some(inner.strip_prefix(&outer).unwrap_or(&inner).to_owned());
        }
        style
    }

    /// The blanks at the start of the line of a place.
    pub(super) fn indent_at(&self, text: &str, at: usize) -> String {
        let line = self.lines.partition_point(|&start| start <= at);
        let start = line.checked_sub(1).and_then(|line| self.lines.get(line));
        let line = text.get(start.copied().unwrap_or(0)..at).unwrap_or("");
        let blanks = line.trim_start_matches('\u{feff}').chars();
        blanks.take_while(|c| matches!(c, ' ' | '\t')).collect()
    }

    /// What stands between a comma and the next key on one line.
    pub(super) fn gap(&self) -> &'static str {
        self.comma.trim_start_matches(',')
    }

    /// A value whose line is indented so far.
    pub(super) fn render(&self, value: &Value, indent: &str) -> Zeroizing<String> {
        let mut out = Zeroizing::new(String::with_capacity(self.size(value, indent.len())));
        self.write(value, indent, &mut out);
        out
    }

    fn write(&self, value: &Value, indent: &str, out: &mut Zeroizing<String>) {
        let inner = format!("{indent}{}", self.unit.as_deref().unwrap_or(""));
        match value {
            Value::Object(all) if !all.is_empty() => {
                out.push('{');
                for (number, (key, value)) in all.iter().enumerate() {
                    self.separate(number, &inner, out);
                    out.push_str(&quoted(key));
                    out.push_str(self.colon);
                    self.write(value, &inner, out);
                }
                self.finish(indent, out);
                out.push('}');
            }
            Value::Array(all) if !all.is_empty() => {
                out.push('[');
                for (number, value) in all.iter().enumerate() {
                    self.separate(number, &inner, out);
                    self.write(value, &inner, out);
                }
                self.finish(indent, out);
                out.push(']');
            }
            Value::String(text) => out.push_str(&quoted(text)),
            Value::Object(_) => out.push_str("{}"),
            Value::Array(_) => out.push_str("[]"),
            Value::Null => out.push_str("null"),
            Value::Bool(true) => out.push_str("true"),
            Value::Bool(false) => out.push_str("false"),
            Value::Number(number) => out.push_str(&number.to_string()),
        }
    }

    fn separate(&self, number: usize, inner: &str, out: &mut Zeroizing<String>) {
        match (&self.unit, number) {
            (Some(_), _) => {
                out.push_str(if number > 0 { "," } else { "" });
                out.push_str(self.line_break);
                out.push_str(inner);
            }
            (None, 0) => {}
            (None, _) => out.push_str(self.comma),
        }
    }

    fn finish(&self, indent: &str, out: &mut Zeroizing<String>) {
        if self.unit.is_some() {
            out.push_str(self.line_break);
            out.push_str(indent);
        }
    }

    /// Room for a value, so that its text is not moved while it grows.
    fn size(&self, value: &Value, indent: usize) -> usize {
        let inner = indent + self.unit.as_ref().map_or(0, String::len);
        match value {
            Value::Object(all) => {
                let entries = all
                    .iter()
                    .map(|(key, value)| 2 * key.len() + inner + 8 + self.size(value, inner));
                entries.sum::<usize>() + indent + 4
            }
            Value::Array(all) => {
                let elements = all.iter().map(|value| inner + 4 + self.size(value, inner));
                elements.sum::<usize>() + indent + 4
            }
            Value::String(text) => quoted(text).len(),
            Value::Null | Value::Bool(_) | Value::Number(_) => 24,
        }
    }
}

/// A text in quotes.
pub(super) fn quoted(text: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(6 * text.len() + 2));
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
