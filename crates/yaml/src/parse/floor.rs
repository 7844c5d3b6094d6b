//! A lower bound of the nodes in a text, many times faster than parsing it: a text that is far too wide is
//! refused at once.
//!
//! Reads from the start, only what has one meaning: lines of dashes, keys and short words, comments, brackets
//! of words and of text in double quotes. At anything else it stops with what it has, and the parser decides.

/// Where a text has more nodes than a budget allows, if that can be told without parsing.
pub(super) fn exceeds(text: &str, allowed: usize) -> Option<usize> {
    let mut floor = Floor {
        left: allowed,
        above: None,
    };
    let mut at = 0;
    for line in text.split('\n') {
        let start = if at == 0 {
            line.len() - line.trim_start_matches('\u{feff}').len()
        } else {
            0
        };
        let content = line.get(start..).unwrap_or("");
        let content = content.strip_suffix('\r').unwrap_or(content);
        match floor.line(content) {
            Read::Line => {}
            Read::Full => return Some(at),
            Read::Bracket(inside) => return floor.brackets(text, at + start + inside),
            Read::Stop => return None,
        }
        at += line.len() + 1;
    }
    None
}

enum Read {
    Line,
    /// The budget is used up.
    Full,
    /// Brackets begin here.
    Bracket(usize),
    /// A line that may mean several things.
    Stop,
}

/// The last line that had a dash or a key.
struct Above {
    /// Column of its last dash or its key: what continues its value is deeper.
    column: usize,
    /// Nothing stands behind the dash or colon: a deeper line begins a node.
    open: bool,
}

struct Floor {
    left: usize,
    above: Option<Above>,
}

impl Floor {
    fn line(&mut self, line: &str) -> Read {
        let body = line.trim_start_matches(' ');
        if body.is_empty() {
            return Read::Line;
        }
        if body.starts_with('#') {
            // A carriage return would end the comment.
            return if body.contains('\r') {
                Read::Stop
            } else {
                self.take(1)
            };
        }
        if line == "---" {
            self.above = None;
            return Read::Line;
        }
        if line.starts_with("---") || line.starts_with("...") {
            return Read::Stop;
        }
        let indent = line.len() - body.len();
        let (mut rest, mut column, mut nodes) = (body, indent, 0);
        while let Some(behind) = rest
            .strip_prefix('-')
            .filter(|rest| rest.is_empty() || rest.starts_with(' '))
        {
            nodes += 1;
            column = line.len() - rest.len();
            rest = behind.trim_start_matches(' ');
        }
        if let Some((key, value)) = key(rest) {
            if !is_word(key) {
                return Read::Stop;
            }
            nodes += 2;
            column = line.len() - rest.len();
            rest = value.trim_start_matches(' ');
        }
        let bracket = rest.starts_with(['[', '{']);
        if !bracket && !rest.is_empty() && (!is_word(rest) || key(rest).is_some()) {
            return Read::Stop;
        }
        let begins = self
            .above
            .as_ref()
            .is_none_or(|above| above.open || indent <= above.column);
        match (begins, nodes) {
            // Brackets may be all there is; a word alone may go on for many lines.
            (true, 0) if bracket => return Read::Bracket(indent),
            (true, 0) => match &mut self.above {
                Some(above) if above.open && indent > above.column => above.open = false,
                _ => return Read::Stop,
            },
            (true, _) => {
                self.above = Some(Above {
                    column,
                    open: rest.is_empty(),
                });
                if let Read::Full = self.take(nodes) {
                    return Read::Full;
                }
                if bracket {
                    return Read::Bracket(line.len() - rest.len());
                }
            }
            (false, _) if bracket => return Read::Stop,
            // It may continue the value above.
            (false, _) => {}
        }
        Read::Line
    }

    fn take(&mut self, nodes: usize) -> Read {
        match self.left.checked_sub(nodes) {
            Some(left) => {
                self.left = left;
                Read::Line
            }
            None => Read::Full,
        }
    }

    /// Inside brackets each comma ends an element, or a key and its value.
    fn brackets(&mut self, text: &str, start: usize) -> Option<usize> {
        let mut bytes = text.bytes().enumerate().skip(start);
        let mut open: Vec<u8> = Vec::new();
        let mut before = Before::Indicator;
        let mut last = 0;
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'[' | b'{' if before == Before::Indicator => open.push(byte),
                b']' | b'}' => {
                    open.pop()?;
                    if open.is_empty() {
                        return None;
                    }
                    before = Before::Closed;
                }
                b',' => {
                    let nodes = if open.last() == Some(&b'{') { 2 } else { 1 };
                    if let Read::Full = self.take(nodes) {
                        return Some(at);
                    }
                    before = Before::Indicator;
                }
                b'"' if before == Before::Indicator => {
                    loop {
                        match bytes.next()?.1 {
                            b'"' => break,
                            b'\\' => _ = bytes.next()?,
                            _ => {}
                        }
                    }
                    before = Before::Closed;
                }
                b' ' | b'\n' | b'\r' if last == b':' => before = Before::Indicator,
                b' ' | b'\n' | b'\r' => {}
                b':' if before == Before::Closed => before = Before::Indicator,
                byte if is_word_byte(byte) && before != Before::Closed => before = Before::Word,
                _ => return None,
            }
            last = byte;
        }
        None
    }
}

/// What stands before a byte inside brackets.
#[derive(PartialEq, Eq)]
enum Before {
    /// A bracket, a comma or a colon: anything may begin.
    Indicator,
    Word,
    /// Text in quotes, or brackets: only an indicator may follow.
    Closed,
}

/// Key and value of a line that has a colon with white space behind it.
fn key(rest: &str) -> Option<(&str, &str)> {
    rest.split_once(": ")
        .or_else(|| Some((rest.strip_suffix(':')?, "")))
}

/// Text that is a plain scalar wherever it stands.
fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(':') && text.bytes().all(|byte| byte == b' ' || is_word_byte(byte))
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'-' | b':')
}
