//! Pipelines: commands and their words.

use super::{
    super::{
        funcs,
        lex::Kind,
        node::{Command, Expr, ExprKind, Pipe},
        number::Number,
        quote,
    },
    Parser, Step,
};

impl Parser<'_> {
    pub(super) fn pipe(&mut self, context: &str, end: Kind) -> Step<Pipe> {
        let pos = self.peek_word().pos;
        let mut pipe = Pipe {
            pos,
            variables: Vec::new(),
            assign: false,
            commands: Vec::new(),
        };
        self.declarations(&mut pipe, context)?;
        loop {
            let before = self.next;
            let token = self.take_word();
            match token.kind {
                kind if kind == end => break,
                Kind::Bool
                | Kind::CharConstant
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::LeftParen
                | Kind::Nil
                | Kind::Number
                | Kind::RawString
                | Kind::String
                | Kind::Variable => {
                    self.next = before;
                    pipe.commands.push(self.command()?);
                }
                _ => return Err(self.unexpected(&token, context)),
            }
        }
        if pipe.commands.is_empty() {
            return Err(format!("missing value for {context}"));
        }
        for (number, command) in pipe.commands.iter().enumerate().skip(1) {
            let first = command.words.first().map(|word| &word.kind);
            if let Some(
                ExprKind::Bool(_) | ExprKind::Dot | ExprKind::Nil | ExprKind::Number(_) | ExprKind::Text(..),
            ) = first
            {
                return Err(format!("non executable command in pipeline stage {}", number + 1));
            }
        }
        Ok(pipe)
    }

    /// `$x :=`, `$x =`, and in a `range` also `$i, $x :=`.
    pub(super) fn declarations(&mut self, pipe: &mut Pipe, context: &str) -> Step {
        while self.peek_word().kind == Kind::Variable {
            let before = self.next;
            let variable = self.take_word();
            let next = self.peek_word();
            let comma = next.kind == Kind::Char && next.text == ",";
            if !comma && next.kind != Kind::Assign && next.kind != Kind::Declare {
                self.next = before;
                break;
            }
            pipe.assign = next.kind == Kind::Assign;
            self.take_word();
            pipe.variables.push(variable.text.to_string());
            self.variables.push(variable.text.to_string());
            if !comma {
                break;
            }
            if context != "range" || pipe.variables.len() >= 2 {
                return Err(format!("too many declarations in {context}"));
            }
            if !matches!(
                self.peek_word().kind,
                Kind::Variable | Kind::RightDelim | Kind::RightParen
            ) {
                return Err("range can only initialize variables".to_owned());
            }
        }
        Ok(())
    }

    pub(super) fn command(&mut self) -> Step<Command> {
        let mut command = Command {
            pos: self.peek_word().pos,
            words: Vec::new(),
        };
        loop {
            self.peek_word();
            command.words.extend(self.operand()?);
            let before = self.next;
            let token = self.take();
            match token.kind {
                Kind::Space => continue,
                Kind::RightDelim | Kind::RightParen => self.next = before,
                Kind::Pipe => {}
                _ => return Err(self.unexpected(&token, "operand")),
            }
            break;
        }
        if command.words.is_empty() {
            return Err("empty command".to_owned());
        }
        Ok(command)
    }

    pub(super) fn operand(&mut self) -> Step<Option<Expr>> {
        let Some(term) = self.term()? else { return Ok(None) };
        let chain = self.peek();
        if chain.kind != Kind::Field {
            return Ok(Some(term));
        }
        let pos = chain.pos;
        let mut fields = Vec::new();
        while self.peek().kind == Kind::Field {
            fields.push(self.take().text[1..].to_owned());
        }
        let kind = match term.kind {
            ExprKind::Field(mut names) => {
                names.append(&mut fields);
                ExprKind::Field(names)
            }
            ExprKind::Variable(mut names) => {
                names.append(&mut fields);
                ExprKind::Variable(names)
            }
            ExprKind::Bool(_) | ExprKind::Text(..) | ExprKind::Number(_) | ExprKind::Nil | ExprKind::Dot => {
                return Err(format!(
                    "unexpected . after term {}",
                    quote::go(term.to_string().as_bytes())
                ));
            }
            ExprKind::Chain(..) | ExprKind::Function(_) | ExprKind::Pipe(_) => {
                ExprKind::Chain(Box::new(term), fields)
            }
        };
        Ok(Some(Expr { pos, kind }))
    }

    pub(super) fn term(&mut self) -> Step<Option<Expr>> {
        let before = self.next;
        let token = self.take_word();
        let text = &*token.text;
        let kind = match token.kind {
            Kind::Identifier => {
                let function = funcs::find(text);
                ExprKind::Function(
                    function.ok_or_else(|| format!("function {} not defined", quote::go(text.as_bytes())))?,
                )
            }
            Kind::Dot => ExprKind::Dot,
            Kind::Nil => ExprKind::Nil,
            Kind::Variable => {
                if !self.variables.iter().any(|known| known == text) {
                    return Err(format!("undefined variable {}", quote::go(text.as_bytes())));
                }
                ExprKind::Variable(vec![text.to_owned()])
            }
            Kind::Field => ExprKind::Field(vec![text[1..].to_owned()]),
            Kind::Bool => ExprKind::Bool(text == "true"),
            Kind::CharConstant => ExprKind::Number(character(text)?),
            Kind::Number => ExprKind::Number(Number::parse(text)?),
            Kind::LeftParen => {
                self.enter()
                    .map_err(|_| "max expression depth exceeded".to_owned())?;
                let pipe = self.pipe("parenthesized pipeline", Kind::RightParen)?;
                self.depth -= 1;
                return Ok(Some(Expr {
                    pos: pipe.pos,
                    kind: ExprKind::Pipe(Box::new(pipe)),
                }));
            }
            Kind::String | Kind::RawString => {
                let value = quote::unquote(text).ok_or("invalid syntax")?;
                ExprKind::Text(text.to_owned(), value.into())
            }
            _ => {
                self.next = before;
                return Ok(None);
            }
        };
        Ok(Some(Expr { pos: token.pos, kind }))
    }
}

fn character(literal: &str) -> Result<Number, String> {
    let bytes = quote::unquote(literal).ok_or("invalid syntax")?;
    let malformed = || format!("malformed character constant: {literal}");
    let code = match std::str::from_utf8(&bytes) {
        Ok(text) => {
            let mut characters = text.chars();
            let first = characters.next().ok_or("invalid syntax")?;
            if characters.next().is_some() {
                return Err(malformed());
            }
            u32::from(first)
        }
        // `'\xff'` is one byte.
        Err(_) if bytes.len() == 1 => u32::from(bytes[0]),
        Err(_) => return Err(malformed()),
    };
    Ok(Number::character(literal, code))
}
