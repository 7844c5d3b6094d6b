//! Tokens to nodes, with Go's checks while parsing: functions and variables must exist, `{{end}}` must match.

use std::collections::BTreeMap;

use super::{
    TemplateError,
    context::MAX_DEPTH,
    lex::{self, Kind, Token},
    node::{Branch, Call, Node, Program},
    quote,
};

mod pipe;

/// Parses a template and all that it defines.
pub(super) fn parse<'t>(name: &'t str, source: &'t str) -> Result<Program<'t>, TemplateError> {
    let mut parser = Parser {
        tokens: lex::tokens(source),
        next: 0,
        furthest: 0,
        variables: vec!["$".to_owned()],
        ranges: 0,
        depth: 0,
        action_line: None,
        name,
        templates: BTreeMap::new(),
    };
    match parser.all() {
        Ok(()) => Ok(Program {
            name,
            source,
            templates: parser.templates,
        }),
        Err(message) => Err(TemplateError {
            name: name.to_owned(),
            position: parser.tokens[parser.furthest].line.to_string(),
            message,
        }),
    }
}

struct Parser<'t> {
    tokens: Vec<Token<'t>>,
    next: usize,
    /// The last token that was looked at: errors are said to be in its line.
    furthest: usize,
    variables: Vec<String>,
    /// How many `range` are open.
    ranges: usize,
    depth: usize,
    action_line: Option<usize>,
    name: &'t str,
    templates: BTreeMap<String, Vec<Node<'t>>>,
}

type Step<T = ()> = Result<T, String>;

/// What ended a list of nodes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Else,
    End,
}

impl End {
    fn text(self) -> &'static str {
        match self {
            Self::Else => "{{else}}",
            Self::End => "{{end}}",
        }
    }
}

/// One step of a list: a node, or its end.
enum Item<'t> {
    Node(Node<'t>),
    End(End),
}

impl<'t> Parser<'t> {
    fn all(&mut self) -> Step {
        let mut nodes = Vec::new();
        while self.peek().kind != Kind::Eof {
            if self.peek().kind == Kind::LeftDelim {
                let start = self.next;
                self.take();
                if self.take_word().is("define") {
                    self.define()?;
                    continue;
                }
                self.next = start;
            }
            match self.item()? {
                Item::Node(node) => nodes.push(node),
                Item::End(end) => return Err(format!("unexpected {}", end.text())),
            }
        }
        self.add(self.name.to_owned(), nodes)
    }

    /// Takes a template's name; of two with content for one name, neither counts.
    fn add(&mut self, name: String, nodes: Vec<Node<'t>>) -> Step {
        match self.templates.get(&name) {
            Some(known) if !is_empty(known) => {
                if !is_empty(&nodes) {
                    let name = quote::go(name.as_bytes());
                    return Err(format!("template: multiple definition of template {name}"));
                }
            }
            _ => {
                self.templates.insert(name, nodes);
            }
        }
        Ok(())
    }

    fn define(&mut self) -> Step {
        let context = "define clause";
        let token = self.take_word();
        let name = self.template_name(&token, context)?;
        self.expect(Kind::RightDelim, context)?;
        self.body_of(name, context)
    }

    /// The body of a `define` or `block`: variables and loops outside do not reach in.
    fn body_of(&mut self, name: String, context: &str) -> Step {
        let variables = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let ranges = std::mem::take(&mut self.ranges);
        let line = self.action_line.take();
        let (nodes, end) = self.list()?;
        if end != End::End {
            return Err(format!("unexpected {} in {context}", end.text()));
        }
        self.variables = variables;
        self.ranges = ranges;
        self.action_line = line;
        self.add(name, nodes)
    }

    fn template_name(&self, token: &Token<'t>, context: &str) -> Step<String> {
        match token.kind {
            Kind::String | Kind::RawString => {
                let name = quote::unquote(&token.text).ok_or("invalid syntax")?;
                String::from_utf8(name).map_err(|_| "invalid syntax".to_owned())
            }
            _ => Err(self.unexpected(token, context)),
        }
    }

    fn list(&mut self) -> Step<(Vec<Node<'t>>, End)> {
        self.enter()?;
        let mut nodes = Vec::new();
        while self.peek_word().kind != Kind::Eof {
            match self.item()? {
                Item::Node(node) => nodes.push(node),
                Item::End(end) => {
                    self.depth -= 1;
                    return Ok((nodes, end));
                }
            }
        }
        Err("unexpected EOF".to_owned())
    }

    fn item(&mut self) -> Step<Item<'t>> {
        let token = self.take_word();
        match token.kind {
            Kind::Text => {
                // The lexer gives texts as slices of the source, never as texts of its own.
                let std::borrow::Cow::Borrowed(text) = token.text else {
                    return Err(self.unexpected(&token, "input"));
                };
                Ok(Item::Node(Node::Text(text)))
            }
            Kind::LeftDelim => {
                self.action_line = Some(token.line);
                let item = self.action();
                if item.is_ok() {
                    self.action_line = None;
                }
                item
            }
            _ => Err(self.unexpected(&token, "input")),
        }
    }

    fn action(&mut self) -> Step<Item<'t>> {
        let start = self.next;
        let token = self.take_word();
        let word = if token.kind == Kind::Keyword {
            &*token.text
        } else {
            ""
        };
        Ok(Item::Node(match word {
            "block" => self.block()?,
            "break" | "continue" => self.jump(word)?,
            "else" => {
                let next = self.peek_word();
                if !next.is("if") && !next.is("with") {
                    self.expect(Kind::RightDelim, "else")?;
                }
                return Ok(Item::End(End::Else));
            }
            "end" => {
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Item::End(End::End));
            }
            "if" => Node::If(self.branch("if")?),
            "range" => Node::Range(self.branch("range")?),
            "template" => self.template()?,
            "with" => Node::With(self.branch("with")?),
            _ => {
                self.next = start;
                let pos = self.peek().pos;
                Node::Action(pos, self.pipe("command", Kind::RightDelim)?)
            }
        }))
    }

    fn jump(&mut self, word: &str) -> Step<Node<'t>> {
        let token = self.take_word();
        if token.kind != Kind::RightDelim {
            return Err(self.unexpected(&token, &format!("{{{{{word}}}}}")));
        }
        if self.ranges == 0 {
            return Err(format!("{{{{{word}}}}} outside {{{{range}}}}"));
        }
        Ok(if word == "break" {
            Node::Break
        } else {
            Node::Continue
        })
    }

    fn branch(&mut self, context: &str) -> Step<Branch<'t>> {
        let outside = self.variables.len();
        let pipe = self.pipe(context, Kind::RightDelim)?;
        let range = usize::from(context == "range");
        self.ranges += range;
        let (body, end) = self.list()?;
        self.ranges -= range;
        let otherwise = match end {
            End::End => None,
            End::Else if context != "range" && self.peek().is(context) => {
                self.take();
                self.enter()?;
                let branch = self.branch(context)?;
                self.depth -= 1;
                Some(vec![if context == "if" {
                    Node::If(branch)
                } else {
                    Node::With(branch)
                }])
            }
            End::Else => {
                let (nodes, end) = self.list()?;
                if end != End::End {
                    return Err(format!("expected end; found {}", end.text()));
                }
                Some(nodes)
            }
        };
        self.variables.truncate(outside);
        Ok(Branch {
            pipe,
            body,
            otherwise,
        })
    }

    fn block(&mut self) -> Step<Node<'t>> {
        let context = "block clause";
        let token = self.take_word();
        let name = self.template_name(&token, context)?;
        let pipe = self.pipe(context, Kind::RightDelim)?;
        self.body_of(name.clone(), context)?;
        Ok(Node::Template(Call {
            pos: token.pos,
            name,
            pipe: Some(pipe),
        }))
    }

    fn template(&mut self) -> Step<Node<'t>> {
        let context = "template clause";
        let token = self.take_word();
        let name = self.template_name(&token, context)?;
        let before = self.next;
        let pipe = if self.take_word().kind == Kind::RightDelim {
            None
        } else {
            self.next = before;
            Some(self.pipe(context, Kind::RightDelim)?)
        };
        Ok(Node::Template(Call {
            pos: token.pos,
            name,
            pipe,
        }))
    }

    fn enter(&mut self) -> Step {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            Err("the template is nested too deeply".to_owned())
        } else {
            Ok(())
        }
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Step {
        let token = self.take_word();
        if token.kind == kind {
            Ok(())
        } else {
            Err(self.unexpected(&token, context))
        }
    }

    fn unexpected(&self, token: &Token<'t>, context: &str) -> String {
        let text = &token.text;
        match token.kind {
            Kind::Error => {
                let started = self.action_line.filter(|line| *line != token.line);
                let started = started.map(|line| format!(" in action started at {}:{line}", self.name));
                let started = started.unwrap_or_default();
                let started = if text.ends_with(" action") {
                    started.replacen(" in action", "", 1)
                } else {
                    started
                };
                format!("{text}{started}")
            }
            Kind::Eof => format!("unexpected EOF in {context}"),
            Kind::Keyword | Kind::Nil => format!("unexpected <{text}> in {context}"),
            _ if text.len() > 10 => {
                let start: String = text.chars().take(10).collect();
                format!("unexpected {}... in {context}", quote::go(start.as_bytes()))
            }
            _ => format!("unexpected {} in {context}", quote::go(text.as_bytes())),
        }
    }

    /// The next token. The last one, the end or an error, is never passed.
    fn peek(&mut self) -> Token<'t> {
        self.furthest = self.furthest.max(self.next);
        self.tokens[self.next].clone()
    }

    fn take(&mut self) -> Token<'t> {
        let token = self.peek();
        if self.next + 1 < self.tokens.len() {
            self.next += 1;
        }
        token
    }

    fn take_word(&mut self) -> Token<'t> {
        loop {
            let token = self.take();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn peek_word(&mut self) -> Token<'t> {
        if self.peek().kind == Kind::Space {
            self.take();
        }
        self.peek()
    }
}

/// Whether Go takes a template for empty, so that another of its name replaces it.
fn is_empty(nodes: &[Node<'_>]) -> bool {
    nodes
        .iter()
        .all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()))
}
