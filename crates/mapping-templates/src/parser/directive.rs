//! Directives that are a word with arguments: `#foreach`, `#define`, `#macro` …, and unknown ones, which are text.

use std::sync::Arc;

use super::{Parser, push_text};
use crate::{
    ast::{Block, Define, Expression, Foreach, If, Node},
    error::ParseError,
    lexer::{Rule, Token},
};

/// An argument of a directive, with what directives want to know of it.
struct Argument {
    expression: Expression,
    is_word: bool,
    /// The first token, without its first character: how some directives read a variable's name.
    name: String,
    start: usize,
}

impl Parser<'_, '_> {
    pub(super) fn directive(&mut self, nodes: &mut Vec<Node>) -> Result<(), ParseError> {
        let first = self.next;
        let word = self.advance()?;
        let name = directive_name(&word);
        let is_macro = name == "macro";
        let has_block = matches!(name.as_str(), "foreach" | "literal" | "define" | "macro")
            || name.starts_with('@');
        if !self.lexer.begin_directive() {
            return self.bare_directive(&name, &word, nodes);
        }
        let arguments = self.arguments(&name)?;
        if !has_block {
            self.line_directive(&name, first, &word, arguments, nodes)?;
            return Ok(());
        }
        let block_first = self.next;
        let block = self.block()?;
        if name == "literal" && arguments.is_empty() && block_first == self.next {
            return Err(self.unexpected("a `#literal` must not be empty"));
        }
        let block_text = self.literal_since(block_first);
        self.expect(
            Rule::EndDirective,
            &format!("`#{name}` needs its own `#end`"),
        )?;
        if is_macro {
            let Some(argument) = arguments.first() else {
                let hint = "a macro needs a name";
                return Err(ParseError::new(self.source, word.start, &word.image, hint));
            };
            self.macros.push(argument.name.as_str().into());
            return Ok(());
        }
        match name.as_str() {
            "foreach" => nodes.push(self.foreach(&word, arguments, block)?),
            "define" => nodes.push(self.define(&word, &arguments, block)?),
            "literal" => {
                let text = match arguments.first() {
                    None => block_text,
                    Some(argument) => self.argument_literal(argument.start),
                };
                push_text(nodes, &text);
            }
            _ => push_text(nodes, &self.images_since(first)),
        }
        Ok(())
    }

    fn images_since(&self, first: usize) -> String {
        let tokens = self.tokens.get(first..self.next).unwrap_or_default();
        tokens.iter().map(|token| token.image.as_str()).collect()
    }

    fn argument_literal(&self, start: usize) -> String {
        self.tokens
            .get(start)
            .map(Token::literal)
            .unwrap_or_default()
    }

    /// A directive without parentheses.
    fn bare_directive(
        &mut self,
        name: &str,
        word: &Token,
        nodes: &mut Vec<Node>,
    ) -> Result<(), ParseError> {
        let place = self.place(word.start);
        match name {
            "break" => nodes.push(Node::Break { place, scope: None }),
            "stop" => nodes.push(Node::Stop {
                place,
                message: None,
            }),
            "foreach" | "define" | "literal" | "macro" => {
                let hint = format!("`#{name}` needs parentheses");
                return Err(ParseError::new(self.source, word.start, &word.image, hint));
            }
            _ if name.starts_with('@') => push_text(nodes, &format!("#{name}")),
            _ => push_text(nodes, &word.image),
        }
        Ok(())
    }

    /// A directive with parentheses and without a block. Unknown ones are text.
    fn line_directive(
        &mut self,
        name: &str,
        first: usize,
        word: &Token,
        arguments: Vec<Argument>,
        nodes: &mut Vec<Node>,
    ) -> Result<(), ParseError> {
        if !matches!(name, "break" | "stop") {
            push_text(nodes, &self.images_since(first));
            return Ok(());
        }
        let place = self.place(word.start);
        if arguments.len() > 1 {
            let hint = format!("`#{name}` takes one argument at most");
            return Err(ParseError::new(self.source, word.start, &word.image, hint));
        }
        let argument = arguments
            .into_iter()
            .next()
            .map(|argument| Box::new(argument.expression));
        nodes.push(if name == "break" {
            Node::Break {
                place,
                scope: argument,
            }
        } else {
            Node::Stop {
                place,
                message: argument,
            }
        });
        Ok(())
    }

    fn arguments(&mut self, directive: &str) -> Result<Vec<Argument>, ParseError> {
        self.skip_blanks()?;
        self.expect(Rule::ParenOpen, "the directive's `(` is missing")?;
        let mut arguments = Vec::new();
        loop {
            self.skip_blanks()?;
            let comma = self.accept(Rule::Comma)?;
            if comma {
                self.skip_blanks()?;
            }
            if !comma && self.peek()? == Rule::ParenClose {
                self.advance()?;
                return Ok(arguments);
            }
            let start = self.next;
            let is_word = self.peek()? == Rule::Word;
            let expression = if is_word {
                self.check_word(directive, arguments.len())?;
                self.advance()?;
                Expression::Null
            } else if directive == "macro" && arguments.is_empty() {
                return Err(self.unexpected("the name of a macro is a plain word"));
            } else {
                self.nested(Self::operand)?
            };
            let name = if is_word {
                self.tokens.get(start).map(|token| token.image.clone())
            } else {
                Some(self.name_of_token(start))
            };
            arguments.push(Argument {
                expression,
                is_word,
                name: name.unwrap_or_default(),
                start,
            });
        }
    }

    fn check_word(&mut self, directive: &str, position: usize) -> Result<(), ParseError> {
        let allowed = match directive {
            "macro" => position == 0,
            "foreach" => position == 1,
            _ => {
                !self.is_known_directive(directive) || self.macros.iter().any(|m| **m == *directive)
            }
        };
        if allowed {
            return Ok(());
        }
        Err(self.unexpected(format!("`#{directive}` takes no bare word here")))
    }

    fn foreach(
        &mut self,
        word: &Token,
        arguments: Vec<Argument>,
        block: Block,
    ) -> Result<Node, ParseError> {
        let place = self.place(word.start);
        let mut arguments = arguments.into_iter();
        let Some(variable) = arguments.next() else {
            let why = "`#foreach` needs a variable";
            return Ok(Node::Fail { place, why });
        };
        let name = match &variable.expression {
            Expression::Reference(reference) => reference.slot,
            _ => None,
        };
        let slot = name.unwrap_or_else(|| self.names.slot(&variable.name));
        if arguments.next().is_none() {
            let why = "`#foreach` has nothing to go through";
            return Ok(Node::Fail { place, why });
        }
        let Some(items) = arguments.next() else {
            // `#foreach($i [1])`: the block stands where the items should, and has none.
            return Ok(Node::If(Box::new(If {
                branches: Box::default(),
                otherwise: None,
            })));
        };
        // A fourth argument stands where the block should.
        let block = match arguments.next() {
            Some(instead) if matches!(instead.expression, Expression::Null) => {
                // A name that directly follows a call prints itself.
                Box::new([Node::Text(self.argument_literal(instead.start).into())])
            }
            Some(instead) => printed(instead.expression),
            None => block,
        };
        Ok(Node::Foreach(Box::new(Foreach {
            place,
            slot,
            items: items.expression,
            block,
        })))
    }

    fn define(
        &mut self,
        word: &Token,
        arguments: &[Argument],
        block: Block,
    ) -> Result<Node, ParseError> {
        let [argument] = arguments else {
            let hint = "`#define` takes one variable";
            return Err(ParseError::new(self.source, word.start, &word.image, hint));
        };
        debug_assert!(!argument.is_word);
        Ok(Node::Define {
            slot: self.names.slot(&argument.name),
            block: Arc::new(Define { block }),
        })
    }
}

fn directive_name(word: &Token) -> String {
    let skip = if word.rule == Rule::BracedWord { 2 } else { 1 };
    let name: String = word.image.chars().skip(skip).collect();
    match word.rule {
        Rule::BracedWord => name.trim_end_matches('}').to_owned(),
        _ => name,
    }
}

/// What an argument prints where a block is expected: its references.
fn printed(expression: Expression) -> Block {
    match expression {
        Expression::Reference(reference) => Box::new([Node::Reference(*reference)]),
        Expression::List(items) => items.into_iter().flat_map(printed).collect(),
        Expression::Map(entries) => entries
            .into_iter()
            .flat_map(|(key, value)| [printed(key), printed(value)])
            .flatten()
            .collect(),
        Expression::Range(range) => range.ends.into_iter().flat_map(printed).collect(),
        _ => Box::default(),
    }
}
