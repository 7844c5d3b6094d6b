//! Writing new nodes in the layout of SOPS (spec/sops-format §8.1, "Writing").

use std::borrow::Cow;

use crate::scalar::{Context, write_binary, write_key, write_str};

/// A node to be written.
pub enum Emit<'a> {
    /// A string: quoted as needed.
    Str(Cow<'a, str>),
    /// Text that goes in as it stands on one line: numbers, booleans, `null`, ciphertext.
    /// Inside `{}` or `[]`, text with brackets or commas that is not quoted gets double quotes.
    Raw(Cow<'a, str>),
    /// Bytes that are not UTF-8.
    Binary(Cow<'a, [u8]>),
    /// A mapping in order.
    Mapping(Vec<EmitItem<'a>>),
    /// A sequence in order.
    Sequence(Vec<EmitItem<'a>>),
}

/// What stands in an emitted collection.
pub enum EmitItem<'a> {
    /// Text behind `#` on a line of its own (written before what follows it), or at the end of the line of the
    /// entry that follows it. A text of several lines becomes several comments. Inside `{}` and `[]`, which are
    /// written on one line, comments are left out.
    Comment {
        /// Text without `#`.
        text: Cow<'a, str>,
        /// Behind the value of the next entry.
        inline: bool,
    },
    /// Key and value; the key `<<` is written as a merge key.
    Entry(Cow<'a, str>, Emit<'a>),
    /// Element of a sequence.
    Element(Emit<'a>),
}

/// Layout of emitted text.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Indentation step N, 2 to 9 (sops writes 4).
    pub step: usize,
    /// Whether a sequence under a key is indented (sops: yes). Followed from neighbours when inserting.
    pub indent_sequences: bool,
    /// `"\n"` or `"\r\n"`.
    pub line_break: &'static str,
    /// Which texts of several lines become literal blocks; the others get double quotes.
    pub literals: Literals,
}

impl Default for Layout {
    /// What sops writes.
    fn default() -> Self {
        Self {
            step: 4,
            indent_sequences: true,
            line_break: "\n",
            literals: Literals::All,
        }
    }
}

/// Which texts of several lines may become literal blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literals {
    /// All that can.
    All,
    /// Those that end in one line break at most: blank lines follow, which `|+` would take.
    Clipped,
    /// None: deeper comments follow, which a literal block would take.
    None,
}

/// A whole document, ending with a line break.
pub fn document(root: &Emit<'_>, layout: &Layout) -> String {
    let mut text = Writer::new(layout).root(root);
    text.push_str(layout.line_break);
    text
}

/// The text of a value behind `key:` or `-` whose line is indented by `column`: either ` scalar` or a line break
/// and an indented block. No final line break.
///
/// Behind `-`, set `indent_sequences`: a sequence inside a sequence is always indented.
pub fn value(node: &Emit<'_>, column: usize, layout: &Layout) -> String {
    let rendered = under_key(node, column, None, layout);
    if rendered.head.is_empty() {
        rendered.body
    } else {
        format!(" {}{}", rendered.head, rendered.body)
    }
}

/// A value in the two pieces between which a comment may stand.
pub(crate) struct Rendered {
    /// What stands on the line of the key: a scalar, the header of a literal block, or nothing.
    pub(crate) head: String,
    /// The lines below it, each with its line break in front.
    pub(crate) body: String,
    /// The last leaf is a literal block, so that a line break at the very end matters.
    pub(crate) needs_break: bool,
}

/// A value under a key at a column. A block collection has its entries at a column of its own where it
/// begins on the same line.
pub(crate) fn under_key(node: &Emit<'_>, column: usize, inner: Option<usize>, layout: &Layout) -> Rendered {
    let sequence = matches!(node, Emit::Sequence(_));
    let below = if sequence && !layout.indent_sequences {
        column
    } else {
        next_level(column, layout)
    };
    rendered(node, inner.unwrap_or(below), next_level(column, layout), layout)
}

/// An element behind a dash at a column.
pub(crate) fn under_dash(node: &Emit<'_>, column: usize, inner: Option<usize>, layout: &Layout) -> Rendered {
    rendered(node, inner.unwrap_or(column + 2), column + 2, layout)
}

/// The top node of a document.
pub(crate) fn at_top(node: &Emit<'_>, inner: Option<usize>, layout: &Layout) -> Rendered {
    rendered(node, inner.unwrap_or(0), next_level(0, layout), layout)
}

fn rendered(node: &Emit<'_>, inner: usize, literal: usize, layout: &Layout) -> Rendered {
    let mut writer = Writer::new(layout);
    if let Some(items) = block_items(node) {
        writer.lines(items, inner, true);
        return Rendered {
            head: String::new(),
            body: writer.out,
            needs_break: writer.needs_break,
        };
    }
    let text = writer.scalar(node, Context::Block { indent: literal });
    match text.find(layout.line_break) {
        Some(at) => {
            let (head, body) = text.split_at(at);
            Rendered {
                head: head.into(),
                body: body.into(),
                needs_break: true,
            }
        }
        None => Rendered {
            head: text,
            body: String::new(),
            needs_break: false,
        },
    }
}

/// Text of a node inside `{}` or `[]`, on one line.
pub(crate) fn flow(node: &Emit<'_>) -> String {
    match node {
        Emit::Str(text) => write_str(text, Context::Flow, "\n"),
        Emit::Raw(text) if !text.starts_with(['"', '\'']) && text.contains(['[', ']', '{', '}', ',']) => {
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
        }
        Emit::Raw(text) => text.clone().into_owned(),
        Emit::Binary(bytes) => write_binary(bytes, Context::Flow, "\n"),
        Emit::Mapping(items) => {
            let entries: Vec<_> = items.iter().filter_map(flow_item).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Emit::Sequence(items) => {
            let elements: Vec<_> = items.iter().filter_map(flow_item).collect();
            format!("[{}]", elements.join(", "))
        }
    }
}

/// An entry inside `{}`.
pub(crate) fn flow_entry(key: &str, value: &Emit<'_>) -> String {
    let key = if key == "<<" {
        MERGE.into()
    } else {
        write_str(key, Context::Flow, "\n")
    };
    format!("{key}: {}", flow(value))
}

fn flow_item(item: &EmitItem<'_>) -> Option<String> {
    match item {
        EmitItem::Comment { .. } => None,
        EmitItem::Entry(key, value) => Some(flow_entry(key, value)),
        EmitItem::Element(value) => Some(flow(value)),
    }
}

/// An entry of a block mapping at a column, without indentation and line break around it.
pub(crate) fn block_entry(key: &str, value: &Emit<'_>, column: usize, layout: &Layout) -> (String, bool) {
    let mut writer = Writer::new(layout);
    writer.entry(key, value, None, column);
    (writer.out, writer.needs_break)
}

/// An element of a block sequence at a column, dash included.
pub(crate) fn block_element(value: &Emit<'_>, column: usize, layout: &Layout) -> (String, bool) {
    let mut writer = Writer::new(layout);
    writer.element(value, None, column);
    (writer.out, writer.needs_break)
}

/// The items of a collection that needs lines of its own; `None` for scalars and empty collections.
fn block_items<'e, 'a>(node: &'e Emit<'a>) -> Option<&'e [EmitItem<'a>]> {
    match node {
        Emit::Mapping(items) | Emit::Sequence(items) => items
            .iter()
            .any(|item| !matches!(item, EmitItem::Comment { .. }))
            .then_some(items),
        Emit::Str(_) | Emit::Raw(_) | Emit::Binary(_) => None,
    }
}

/// The next multiple of the step above a column.
fn next_level(column: usize, layout: &Layout) -> usize {
    let step = layout.step.clamp(2, 9);
    (column / step + 1) * step
}

struct Writer<'l> {
    out: String,
    layout: &'l Layout,
    needs_break: bool,
}

impl<'l> Writer<'l> {
    fn new(layout: &'l Layout) -> Self {
        Self {
            out: String::new(),
            layout,
            needs_break: false,
        }
    }

    fn root(mut self, node: &Emit<'_>) -> String {
        if let Some(items) = block_items(node) {
            self.lines(items, 0, false);
            return self.out;
        }
        for text in only_comments(node) {
            self.comment(text);
            self.out.push_str(self.layout.line_break);
        }
        let scalar = self.scalar(
            node,
            Context::Block {
                indent: next_level(0, self.layout),
            },
        );
        self.out.push_str(&scalar);
        self.out
    }

    /// Items of a collection, one a line; the first one begins on a new line or where the text ends now.
    fn lines(&mut self, items: &[EmitItem<'_>], column: usize, break_first: bool) {
        let mut break_next = break_first;
        let mut inline: Option<&str> = None;
        for item in items {
            match item {
                EmitItem::Comment { text, inline: true } if !text.contains(LINE_ENDS) => {
                    if let Some(earlier) = inline.replace(text) {
                        self.comment_line(earlier, column, &mut break_next);
                    }
                }
                EmitItem::Comment { text, .. } => {
                    for line in text.split(LINE_ENDS) {
                        self.comment_line(line, column, &mut break_next);
                    }
                }
                EmitItem::Entry(_, value) | EmitItem::Element(value) => {
                    for text in only_comments(value) {
                        self.comment_line(text, column, &mut break_next);
                    }
                    if let Some(text) = inline.filter(|_| block_items(value).is_some()) {
                        self.comment_line(text, column, &mut break_next);
                        inline = None;
                    }
                    self.start_line(column, &mut break_next);
                    match item {
                        EmitItem::Entry(key, value) => self.entry(key, value, inline.take(), column),
                        _ => self.element(value, inline.take(), column),
                    }
                }
            }
        }
        if let Some(text) = inline {
            self.comment_line(text, column, &mut break_next);
        }
    }

    fn entry(&mut self, key: &str, value: &Emit<'_>, comment: Option<&str>, column: usize) {
        let text = if key == "<<" { MERGE.into() } else { write_key(key) };
        // Longer ones are no simple keys for go-yaml.
        if key.len() > SIMPLE_KEY {
            self.out.push_str("? ");
            self.out.push_str(&text);
            let mut next = true;
            self.start_line(column, &mut next);
        } else {
            self.out.push_str(&text);
        }
        self.out.push(':');
        let rendered = under_key(value, column, None, self.layout);
        self.pieces(rendered, comment, true);
    }

    fn element(&mut self, value: &Emit<'_>, comment: Option<&str>, column: usize) {
        if let Some(items) = block_items(value) {
            self.out.push_str("- ");
            self.lines(items, column + 2, false);
            return;
        }
        self.out.push('-');
        let rendered = under_dash(value, column, None, self.layout);
        self.pieces(rendered, comment, true);
    }

    fn pieces(&mut self, rendered: Rendered, comment: Option<&str>, space: bool) {
        if space && !rendered.head.is_empty() {
            self.out.push(' ');
        }
        self.out.push_str(&rendered.head);
        if let Some(text) = comment {
            self.out.push(' ');
            self.comment(text);
        }
        self.out.push_str(&rendered.body);
        self.needs_break = rendered.needs_break;
    }

    fn scalar(&self, node: &Emit<'_>, context: Context) -> String {
        match node {
            Emit::Str(text) => write_str(text, self.allowed(context, text), self.layout.line_break),
            Emit::Raw(text) => text.clone().into_owned(),
            Emit::Binary(bytes) => write_binary(bytes, self.allowed(context, ""), self.layout.line_break),
            Emit::Mapping(_) => "{}".into(),
            Emit::Sequence(_) => "[]".into(),
        }
    }

    fn allowed(&self, context: Context, text: &str) -> Context {
        let literal = match self.layout.literals {
            Literals::All => true,
            Literals::Clipped => !text.ends_with("\n\n"),
            Literals::None => false,
        };
        match context {
            Context::Block { .. } if !literal => Context::Block { indent: 0 },
            other => other,
        }
    }

    fn start_line(&mut self, column: usize, break_next: &mut bool) {
        if *break_next {
            self.out.push_str(self.layout.line_break);
            self.out.extend(std::iter::repeat_n(' ', column));
        }
        *break_next = true;
    }

    fn comment_line(&mut self, text: &str, column: usize, break_next: &mut bool) {
        self.start_line(column, break_next);
        self.comment(text);
        self.needs_break = false;
    }

    /// A comment cannot hold what YAML does not allow in a text; nor may a line end in it become content.
    fn comment(&mut self, text: &str) {
        self.out.push('#');
        let legal = |c: char| c == '\t' || crate::scalar::is_readable(c);
        self.out
            .extend(text.chars().map(|c| if legal(c) { c } else { '\u{FFFD}' }));
    }
}

/// The comments of a collection that has nothing else: they are written above it.
fn only_comments<'e>(node: &'e Emit<'_>) -> impl Iterator<Item = &'e str> {
    let items = match node {
        Emit::Mapping(items) | Emit::Sequence(items) if block_items(node).is_none() => items.as_slice(),
        _ => &[],
    };
    items.iter().flat_map(|item| match item {
        EmitItem::Comment { text, .. } => text.split(LINE_ENDS).collect::<Vec<_>>(),
        EmitItem::Entry(..) | EmitItem::Element(_) => Vec::new(),
    })
}

/// What some reader takes for the end of a line.
const LINE_ENDS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
/// A merge key as sops writes it.
const MERGE: &str = "!!merge <<";
/// Bytes of the longest key that stands before its colon without `?`.
const SIMPLE_KEY: usize = 128;
