//! Text, `#if` and `#set`.

use super::{Parser, push_text};
use crate::{
    ast::{Block, Expression, If, Node, Set, Target},
    error::ParseError,
    lexer::Rule,
};

impl Parser<'_, '_> {
    /// Parses statements up to what cannot begin one.
    pub(super) fn block(&mut self) -> Result<Block, ParseError> {
        let mut nodes = Vec::new();
        while self.statement(&mut nodes)? {}
        Ok(nodes.into())
    }

    fn statement(&mut self, nodes: &mut Vec<Node>) -> Result<bool, ParseError> {
        match self.peek()? {
            Rule::If => nodes.push(self.nested(Self::if_directive)?),
            Rule::Identifier => {
                let node = self.printed_reference()?;
                nodes.push(node);
            }
            Rule::BraceOpen if self.peek_at(1)?.rule == Rule::Identifier => {
                let node = self.printed_reference()?;
                nodes.push(node);
            }
            Rule::LineComment => {
                self.comment(nodes)?;
                self.accept(Rule::LineCommentEnd)?;
            }
            Rule::CommentEnd | Rule::FormalCommentEnd => self.comment(nodes)?,
            Rule::TextBlockEnd => {
                let token = self.advance()?;
                let image: Vec<char> = token.image.chars().collect();
                let inside = image.get(3..image.len().saturating_sub(3));
                push_text(
                    nodes,
                    &inside.unwrap_or_default().iter().collect::<String>(),
                );
            }
            Rule::Set => nodes.push(self.set_directive()?),
            Rule::EscapedDirective => {
                let token = self.advance()?;
                let text = self.escaped_directive(&token.image);
                push_text(nodes, &text);
            }
            Rule::DoubleEscape => {
                let text = self.escapes()?;
                push_text(nodes, &text);
            }
            Rule::Word | Rule::BracedWord => self.nested(|parser| parser.directive(nodes))?,
            Rule::Text
            | Rule::Dot
            | Rule::ParenClose
            | Rule::ParenOpen
            | Rule::Integer
            | Rule::Float
            | Rule::String
            | Rule::Escape
            | Rule::BraceOpen
            | Rule::BraceClose
            | Rule::EmptyIndex => {
                let token = self.advance()?;
                push_text(nodes, &token.literal());
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Prints what stands before a comment in its own token.
    fn comment(&mut self, nodes: &mut Vec<Node>) -> Result<(), ParseError> {
        let token = self.advance()?;
        let start = token.image.find("##").or_else(|| token.image.find("#*"));
        let before = start.and_then(|start| token.image.get(..start));
        push_text(nodes, before.unwrap_or_default());
        Ok(())
    }

    // === backslashes ===

    pub(super) fn is_known_directive(&self, name: &str) -> bool {
        matches!(
            name,
            "foreach" | "macro" | "literal" | "break" | "define" | "stop"
        ) || self.macros.iter().any(|known| **known == *name)
    }

    fn escaped_directive(&mut self, image: &str) -> String {
        let last = image.rfind('\\').unwrap_or(0);
        let directive = image.get(last + 1..).unwrap_or_default();
        let name = directive.trim_start_matches('#');
        let name = name
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
            .unwrap_or(name);
        let known = self.is_known_directive(name)
            || matches!(name, "if" | "end" | "set" | "else" | "elseif");
        let text = if known {
            let half = image.get(..last / 2).unwrap_or_default();
            format!("{half}{directive}")
        } else {
            image.to_owned()
        };
        // A text that prints the tokens of a block prints this as it is printed here.
        if let Some(token) = self
            .next
            .checked_sub(1)
            .and_then(|i| self.tokens.get_mut(i))
        {
            token.image.clone_from(&text);
        }
        text
    }

    /// Pairs of backslashes: halved before a directive.
    fn escapes(&mut self) -> Result<String, ParseError> {
        let mut count = 0;
        while self.accept(Rule::DoubleEscape)? {
            count += 1;
        }
        let next = self.peek_at(0)?;
        let name: String = next.image.chars().skip(1).collect();
        let control = matches!(
            next.rule,
            Rule::EndDirective | Rule::If | Rule::ElseIf | Rule::Else
        ) || self.is_known_directive(&name);
        Ok(if control { "\\" } else { "\\\\" }.repeat(count))
    }

    // === #if and #set ===

    fn if_directive(&mut self) -> Result<Node, ParseError> {
        let mut branches = vec![self.condition()?];
        while self.peek()? == Rule::ElseIf {
            branches.push(self.condition()?);
        }
        let mut otherwise = None;
        if self.accept(Rule::Else)? {
            otherwise = Some(self.block()?);
        }
        self.expect(Rule::EndDirective, "an `#if` needs its own `#end`")?;
        Ok(Node::If(Box::new(If {
            branches: branches.into(),
            otherwise,
        })))
    }

    fn condition(&mut self) -> Result<(Expression, Block), ParseError> {
        self.advance()?;
        self.skip_blanks()?;
        self.expect(Rule::ParenOpen, "a condition stands in parentheses")?;
        let condition = self.expression()?;
        self.expect(Rule::ParenClose, "the condition's `)` is missing")?;
        Ok((condition, self.block()?))
    }

    fn set_directive(&mut self) -> Result<Node, ParseError> {
        let start = self.advance()?.start;
        let place = self.place(start);
        self.skip_blanks()?;
        let first = self.next;
        if !matches!(self.peek()?, Rule::Identifier | Rule::BraceOpen) {
            return Err(self.unexpected("`#set` begins with a reference"));
        }
        let reference = self.reference()?;
        let target = if reference.steps.is_empty() {
            let name = self.name_of_token(first);
            Target::Variable(self.names.slot(&name))
        } else {
            Target::Member(reference)
        };
        self.skip_blanks()?;
        self.expect(Rule::Assign, "`#set` needs a `=`")?;
        let value = self.expression()?;
        self.expect(Rule::ParenClose, "the `)` of `#set` is missing")?;
        self.lexer.end_set();
        Ok(Node::Set(Box::new(Set {
            place,
            target,
            value,
        })))
    }

    /// A variable's name as some directives read it: a token without its first character, whatever that is.
    pub(super) fn name_of_token(&self, index: usize) -> String {
        let image = self.tokens.get(index).map(|token| token.image.as_str());
        image.unwrap_or_default().chars().skip(1).collect()
    }
}
