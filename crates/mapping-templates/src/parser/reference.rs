//! `$name`, `${name}` and what follows.

use std::sync::Arc;

use towergate_expressions::JsonPath;

use super::Parser;
use crate::{
    ast::{Call, Expression, InputQuery, Names, Node, Print, Reference, Step},
    error::ParseError,
    lexer::Rule,
    value::Text,
};

impl Parser<'_, '_> {
    /// A reference in text.
    pub(super) fn printed_reference(&mut self) -> Result<Node, ParseError> {
        let first = self.next;
        let reference = self.reference()?;
        Ok(match self.root(first) {
            // The rest of a token that was taken apart is text.
            Root::Word(word) => Node::Text(word.into()),
            Root::Variable => Node::Reference(reference),
        })
    }

    /// A reference as a value. A bare word has none.
    pub(super) fn reference_operand(&mut self) -> Result<Expression, ParseError> {
        let first = self.next;
        let reference = self.reference()?;
        Ok(match self.root(first) {
            Root::Word(_) => Expression::Null,
            Root::Variable => Expression::Reference(Box::new(reference)),
        })
    }

    /// Parses a reference, and takes from its token what is not part of it.
    pub(super) fn reference(&mut self) -> Result<Reference, ParseError> {
        let first = self.next;
        let start = self.peek_at(0)?.start;
        let place = self.place(start);
        let braced = self.accept(Rule::BraceOpen)?;
        self.expect(Rule::Identifier, "a name belongs here")?;
        let mut steps = Vec::new();
        self.indexes(&mut steps)?;
        while self.peek()? == Rule::Dot && self.peek_at(1)?.rule == Rule::Identifier {
            self.advance()?;
            let name = self.advance()?.image;
            if self.begins_call()? {
                steps.push(Step::Call(self.call(name)?));
            } else {
                steps.push(Step::Property(Text::from(name)));
            }
            self.indexes(&mut steps)?;
        }
        if braced {
            self.expect(Rule::BraceClose, "the reference's `}` is missing")?;
        }
        let (name, computable, mut print) = self.take_apart(first);
        print.literal = if print.literal.is_empty() {
            self.literal_since(first).into()
        } else {
            print.literal
        };
        let slot = name.map(|name| self.names.slot(&name));
        if print.literal.starts_with("$!") && !print.escaped {
            print.literal = Box::default();
        }
        Ok(Reference {
            place,
            slot,
            context: context_name(slot, &steps),
            steps: steps.into(),
            computable,
            print: Some(Box::new(print)),
        })
    }

    fn indexes(&mut self, steps: &mut Vec<Step>) -> Result<(), ParseError> {
        while self.accept(Rule::IndexOpen)? {
            self.skip_blanks()?;
            if !matches!(
                self.peek()?,
                Rule::String
                    | Rule::Integer
                    | Rule::True
                    | Rule::False
                    | Rule::Identifier
                    | Rule::BraceOpen
            ) {
                return Err(self.unexpected("an index is an integer, text or reference"));
            }
            steps.push(Step::Index(self.parameter()?));
            self.expect(Rule::IndexClose, "the index's `]` is missing")?;
        }
        Ok(())
    }

    /// Whether parentheses follow which can hold arguments.
    fn begins_call(&mut self) -> Result<bool, ParseError> {
        if self.peek()? != Rule::ParenOpen {
            return Ok(false);
        }
        Ok(matches!(
            self.peek_at(1)?.rule,
            Rule::CallClose
                | Rule::Whitespace
                | Rule::String
                | Rule::Integer
                | Rule::Float
                | Rule::True
                | Rule::False
                | Rule::Identifier
                | Rule::BraceOpen
                | Rule::ListOpen
                | Rule::MapOpen
        ))
    }

    fn call(&mut self, name: String) -> Result<Call, ParseError> {
        self.advance()?;
        let mut arguments = Vec::new();
        if self.peek()? != Rule::CallClose {
            arguments.push(self.parameter()?);
            while self.accept(Rule::Comma)? {
                arguments.push(self.parameter()?);
            }
        }
        self.expect(
            Rule::CallClose,
            "arguments are separated by `,` and end in `)`; operators cannot stand in them",
        )?;
        if let (
            "matches" | "replaceAll" | "replaceFirst" | "split",
            [Expression::Text(pattern), ..],
        ) = (&*name, &arguments[..])
        {
            self.names.keep_pattern(pattern);
        }
        Ok(Call {
            query: input_query(&name, &arguments),
            name: name.into(),
            arguments: arguments.into(),
        })
    }

    /// Splits the first token of a reference into signs before it, backslashes and the variable's name. The token
    /// keeps what belongs to the reference.
    fn take_apart(&mut self, first: usize) -> (Option<String>, bool, Print) {
        let mut print = Print::default();
        let image = match self.tokens.get(first) {
            Some(token) => token.image.clone(),
            None => return (None, false, print),
        };
        if image.contains("\\!") {
            // `$\!name`: no variable has such a name, so nothing is printed for it.
            return (None, false, print);
        }
        let escapes = image.bytes().take_while(|byte| *byte == b'\\').count();
        print.escaped = escapes % 2 == 1;
        print.escapes = "\\".repeat(escapes / 2).into();
        let mut rest = image.get(escapes..).unwrap_or_default();
        if let Some(dollar) = rest.rfind('$') {
            print.before = rest.get(..dollar).unwrap_or_default().into();
            rest = rest.get(dollar..).unwrap_or_default();
        }
        let rest = rest.to_owned();
        if let Some(token) = self.tokens.get_mut(first) {
            token.image.clone_from(&rest);
        }
        let name = rest.trim_start_matches(['$', '!']);
        let name = if name == "{" {
            let next = self.tokens.get(first + 1);
            next.map(|token| token.image.clone())
        } else {
            Some(name.to_owned())
        };
        (name, true, print)
    }

    fn root(&self, first: usize) -> Root {
        match self.tokens.get(first) {
            Some(token) if !token.image.contains('$') => Root::Word(token.image.clone()),
            _ => Root::Variable,
        }
    }
}

enum Root {
    Word(String),
    Variable,
}

fn input_query(method: &str, arguments: &[Expression]) -> Option<InputQuery> {
    let [Expression::Text(argument)] = arguments else {
        return None;
    };
    let path = || JsonPath::parse(argument).ok().map(Arc::new);
    match method {
        "json" => path().map(InputQuery::Json),
        "params" => Some(InputQuery::Parameter(argument.clone())),
        "path" => path().map(InputQuery::Path),
        _ => None,
    }
}

/// The longest dotted name below `$context`.
fn context_name(slot: Option<usize>, steps: &[Step]) -> Option<(Box<str>, usize)> {
    if slot != Some(Names::CONTEXT) {
        return None;
    }
    let names: Vec<&str> = steps
        .iter()
        .map_while(|step| match step {
            Step::Property(name) => Some(&**name),
            _ => None,
        })
        .collect();
    let overrides = matches!(
        names.first(),
        Some(&("requestOverride" | "responseOverride"))
    );
    (!names.is_empty() && !overrides).then(|| (names.join(".").into(), names.len()))
}
