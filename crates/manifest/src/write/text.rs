//! In which styles a text can be written, and its escapes.

/// Which styles keep a text.
pub(super) struct Shape {
    /// It has a line break of any kind.
    pub(super) breaks: bool,
    /// Without quotes, outside brackets.
    pub(super) plain: bool,
    /// In single quotes.
    pub(super) single: bool,
    /// As a literal block.
    pub(super) block: bool,
}

impl Shape {
    pub(super) fn of(text: &str) -> Self {
        let mut shape = Self {
            breaks: false,
            plain: true,
            single: true,
            block: !text.is_empty(),
        };
        if text.starts_with("---") || text.starts_with("...") {
            shape.plain = false;
        }
        let mut before = None;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let next = chars.peek().copied();
            let blank_follows = next.is_none_or(|next| matches!(next, ' ' | '\t'));
            let indicator = match (before, c) {
                (
                    None,
                    '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
                    | '`',
                ) => true,
                (None, '?' | '-') | (_, ':') => blank_follows,
                (Some(before), '#') => before == ' ' || before == '\t' || is_break(before),
                _ => false,
            };
            let outer_blank = c == ' ' && (before.is_none() || next.is_none());
            let broken = is_break(c);
            let break_then_blank = c == ' ' && before.is_some_and(is_break);
            let blank_then_break = broken && before == Some(' ');
            shape.breaks |= broken;
            if indicator || outer_blank || broken {
                shape.plain = false;
            }
            if break_then_blank {
                shape.single = false;
            }
            if c == ' ' && next.is_none() {
                shape.block = false;
            }
            if blank_then_break || !is_printable(c) {
                shape.plain = false;
                shape.single = false;
                shape.block = false;
            }
            before = Some(c);
        }
        shape
    }
}

/// What YAML 1.1 calls a line break.
pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What is written as it is. Beyond the first plane nothing is.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

/// How a character is written in double quotes; nothing if it stands for itself.
pub(super) fn escape(c: char) -> Option<String> {
    if is_printable(c) && !is_break(c) && !matches!(c, '"' | '\\') {
        return None;
    }
    let short = match c {
        '\0' => "\\0",
        '\u{7}' => "\\a",
        '\u{8}' => "\\b",
        '\t' => "\\t",
        '\n' => "\\n",
        '\u{b}' => "\\v",
        '\u{c}' => "\\f",
        '\r' => "\\r",
        '\u{1b}' => "\\e",
        '"' => "\\\"",
        '\\' => "\\\\",
        '\u{85}' => "\\N",
        '\u{a0}' => "\\_",
        '\u{2028}' => "\\L",
        '\u{2029}' => "\\P",
        _ => "",
    };
    Some(match u32::from(c) {
        _ if !short.is_empty() => short.to_owned(),
        code @ 0..=0xff => format!("\\x{code:02X}"),
        code @ 0x100..=0xffff => format!("\\u{code:04X}"),
        code => format!("\\U{code:08X}"),
    })
}
