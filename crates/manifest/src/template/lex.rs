//! Template text to tokens (spec/sealed-secrets §5.2): text outside `{{ }}`, words and operators inside.
//!
//! An error is a token too: what stands before it is parsed first, and may have an error of its own.

use std::borrow::Cow;

use super::quote;

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Assign,
    Bool,
    /// A printable character that has no meaning of its own, such as a comma.
    Char,
    CharConstant,
    Declare,
    Dot,
    Eof,
    Error,
    Field,
    Identifier,
    /// `if`, `end` and so on.
    Keyword,
    LeftDelim,
    LeftParen,
    Nil,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
}

/// One token.
#[derive(Clone)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    /// Byte offset in the template.
    pub(super) pos: usize,
    /// Line, from 1, in which it starts.
    pub(super) line: usize,
    /// Its text; of an error, the message.
    pub(super) text: Cow<'t, str>,
}

impl Token<'_> {
    /// Whether it is this keyword.
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.kind == Kind::Keyword && self.text == keyword
    }
}

/// Splits a template.
pub(super) fn tokens(input: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer {
        input,
        pos: 0,
        start: 0,
        line: 1,
        counted: 0,
        tokens: Vec::new(),
        parens: 0,
    };
    if let Err(message) = lexer.run() {
        lexer.push(Kind::Error, Cow::Owned(message));
    }
    lexer.tokens
}

struct Lexer<'t> {
    input: &'t str,
    pos: usize,
    /// Where the token begins that is being read.
    start: usize,
    /// Line of `counted`.
    line: usize,
    counted: usize,
    tokens: Vec<Token<'t>>,
    parens: usize,
}

type Step<T = ()> = Result<T, String>;

impl<'t> Lexer<'t> {
    fn run(&mut self) -> Step {
        loop {
            let Some(found) = self.rest().find(LEFT) else {
                self.pos = self.input.len();
                if self.pos > self.start {
                    self.emit(Kind::Text);
                }
                self.push(Kind::Eof, Cow::Borrowed("EOF"));
                return Ok(());
            };
            self.pos += found;
            let text = &self.input[self.start..self.pos];
            let kept = if trims_left(&self.input[self.pos + 2..]) {
                text.trim_end_matches(SPACES)
            } else {
                text
            };
            if !kept.is_empty() {
                self.push(Kind::Text, Cow::Borrowed(kept));
            }
            self.start = self.pos;
            self.left_delim()?;
        }
    }

    fn left_delim(&mut self) -> Step {
        self.pos += 2;
        let marker = if trims_left(self.rest()) { 2 } else { 0 };
        if self.input[self.pos + marker..].starts_with("/*") {
            self.skip(marker);
            return self.comment();
        }
        self.emit(Kind::LeftDelim);
        self.skip(marker);
        self.parens = 0;
        while self.inside()? {}
        Ok(())
    }

    fn comment(&mut self) -> Step {
        self.pos += 2;
        let end = self.rest().find("*/").ok_or("unclosed comment")?;
        self.pos += end + 2;
        if !self.right_delim(false) {
            return Err("comment ends before closing delimiter".to_owned());
        }
        Ok(())
    }

    /// Reads `}}` or ` -}}` if it stands here.
    fn right_delim(&mut self, emit: bool) -> bool {
        let trim = trims_right(self.rest());
        if trim {
            self.skip(2);
        } else if !self.rest().starts_with(RIGHT) {
            return false;
        }
        self.pos += 2;
        if emit {
            self.emit(Kind::RightDelim);
        }
        let blanks = self.rest().len() - self.rest().trim_start_matches(SPACES).len();
        self.skip(if trim { blanks } else { 0 });
        true
    }

    /// Reads one token of an action; whether the action goes on.
    fn inside(&mut self) -> Step<bool> {
        if trims_right(self.rest()) || self.rest().starts_with(RIGHT) {
            if self.parens > 0 {
                return Err("unclosed left paren".to_owned());
            }
            self.right_delim(true);
            return Ok(false);
        }
        let Some(next) = self.next() else {
            return Err("unclosed action".to_owned());
        };
        match next {
            ' ' | '\t' | '\r' | '\n' => {
                // The last blank may belong to ` -}}`.
                while self.peek().is_some_and(is_space) && !trims_right(self.rest()) {
                    self.next();
                }
                self.emit(Kind::Space);
            }
            '=' => self.emit(Kind::Assign),
            ':' => {
                if self.next() != Some('=') {
                    return Err("expected :=".to_owned());
                }
                self.emit(Kind::Declare);
            }
            '|' => self.emit(Kind::Pipe),
            '"' => self.quoted('"', Kind::String, "unterminated quoted string")?,
            '\'' => self.quoted('\'', Kind::CharConstant, "unterminated character constant")?,
            '`' => loop {
                match self.next() {
                    None => return Err("unterminated raw quoted string".to_owned()),
                    Some('`') => {
                        self.emit(Kind::RawString);
                        break;
                    }
                    Some(_) => {}
                }
            },
            '$' => self.name(Kind::Variable, Kind::Variable)?,
            '.' if !self.peek().is_some_and(|next| next.is_ascii_digit()) && !self.rest().is_empty() => {
                self.name(Kind::Field, Kind::Dot)?;
            }
            '.' | '+' | '-' | '0'..='9' => {
                self.pos -= 1;
                self.number()?;
            }
            '(' => {
                self.parens += 1;
                self.emit(Kind::LeftParen);
            }
            ')' => {
                self.parens = self.parens.checked_sub(1).ok_or("unexpected right paren")?;
                self.emit(Kind::RightParen);
            }
            next if is_word(next) => self.word()?,
            ' '..='~' => self.emit(Kind::Char),
            next => {
                return Err(format!(
                    "unrecognized character in action: {}",
                    quote::unicode(next)
                ));
            }
        }
        Ok(true)
    }

    fn quoted(&mut self, end: char, kind: Kind, unterminated: &str) -> Step {
        loop {
            match self.next() {
                Some('\\') => {
                    if self.next().is_none_or(|next| next == '\n') {
                        return Err(unterminated.to_owned());
                    }
                }
                None | Some('\n') => return Err(unterminated.to_owned()),
                Some(next) if next == end => break,
                Some(_) => {}
            }
        }
        self.emit(kind);
        Ok(())
    }

    /// `.name` or `$name`; `bare` is what the sign alone is.
    fn name(&mut self, kind: Kind, bare: Kind) -> Step {
        if self.ends_word() {
            self.emit(bare);
            return Ok(());
        }
        self.letters()?;
        self.emit(kind);
        Ok(())
    }

    fn word(&mut self) -> Step {
        self.letters()?;
        let kind = match &self.input[self.start..self.pos] {
            "true" | "false" => Kind::Bool,
            "nil" => Kind::Nil,
            "block" | "break" | "continue" | "define" | "else" | "end" | "if" | "range" | "template"
            | "with" => Kind::Keyword,
            _ => Kind::Identifier,
        };
        self.emit(kind);
        Ok(())
    }

    fn letters(&mut self) -> Step {
        while self.peek().is_some_and(is_word) {
            self.next();
        }
        match self.peek() {
            Some(next) if !self.ends_word() => Err(format!("bad character {}", quote::unicode(next))),
            _ => Ok(()),
        }
    }

    fn ends_word(&self) -> bool {
        self.peek()
            .is_none_or(|next| is_space(next) || ".,|:)(".contains(next))
            || self.rest().starts_with(RIGHT)
    }

    fn number(&mut self) -> Step {
        let good = self.scan_number();
        let sign = good && self.peek().is_some_and(|next| next == '+' || next == '-');
        if sign {
            self.scan_number();
        }
        if !good || sign {
            return Err(format!(
                "bad number syntax: {}",
                quote::go(&self.input.as_bytes()[self.start..self.pos])
            ));
        }
        self.emit(Kind::Number);
        Ok(())
    }

    fn scan_number(&mut self) -> bool {
        self.accept("+-");
        let mut digits = "0123456789_";
        if self.accept("0") {
            if self.accept("xX") {
                digits = "0123456789abcdefABCDEF_";
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        while self.accept(digits) {}
        if self.accept(".") {
            while self.accept(digits) {}
        }
        let exponent = match digits.len() {
            11 => "eE",
            23 => "pP",
            _ => "",
        };
        if self.accept(exponent) {
            self.accept("+-");
            while self.accept("0123456789_") {}
        }
        self.accept("i");
        if self.peek().is_some_and(is_word) {
            self.next();
            return false;
        }
        true
    }

    fn accept(&mut self, valid: &str) -> bool {
        let found = self.peek().is_some_and(|next| valid.contains(next));
        if found {
            self.pos += 1;
        }
        found
    }

    fn rest(&self) -> &'t str {
        &self.input[self.pos..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.pos += next.len_utf8();
        Some(next)
    }

    fn skip(&mut self, bytes: usize) {
        self.pos += bytes;
        self.start = self.pos;
    }

    fn emit(&mut self, kind: Kind) {
        self.push(kind, Cow::Borrowed(&self.input[self.start..self.pos]));
    }

    fn push(&mut self, kind: Kind, text: Cow<'t, str>) {
        self.line += self.input[self.counted..self.start].matches('\n').count();
        self.counted = self.start;
        self.tokens.push(Token {
            kind,
            pos: self.start,
            line: self.line,
            text,
        });
        self.start = self.pos;
    }
}

fn is_space(next: char) -> bool {
    SPACES.contains(&next)
}

fn is_word(next: char) -> bool {
    next == '_' || next.is_alphabetic() || next.is_numeric()
}

fn trims_left(text: &str) -> bool {
    text.strip_prefix('-')
        .is_some_and(|rest| rest.starts_with(SPACES))
}

fn trims_right(text: &str) -> bool {
    text.strip_prefix(SPACES)
        .is_some_and(|rest| rest.starts_with("-}}"))
}

const LEFT: &str = "{{";
const RIGHT: &str = "}}";
const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];
