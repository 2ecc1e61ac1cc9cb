//! Operators and operands.

use super::Parser;
use crate::{
    ast::{Chain, Expression, Operation, Operator, Range},
    error::ParseError,
    lexer::Rule,
};

/// The binary operators, those that bind least first.
const LEVELS: [&[(Rule, Operator)]; 6] = [
    &[(Rule::Or, Operator::Or)],
    &[(Rule::And, Operator::And)],
    &[
        (Rule::Equal, Operator::Equal),
        (Rule::NotEqual, Operator::NotEqual),
    ],
    &[
        (Rule::Less, Operator::Less),
        (Rule::Greater, Operator::Greater),
        (Rule::LessOrEqual, Operator::LessOrEqual),
        (Rule::GreaterOrEqual, Operator::GreaterOrEqual),
    ],
    &[
        (Rule::Plus, Operator::Add),
        (Rule::Minus, Operator::Subtract),
    ],
    &[
        (Rule::Multiply, Operator::Multiply),
        (Rule::Divide, Operator::Divide),
        (Rule::Modulo, Operator::Modulo),
    ],
];

impl Parser<'_, '_> {
    pub(super) fn expression(&mut self) -> Result<Expression, ParseError> {
        self.nested(|parser| parser.level(&LEVELS))
    }

    fn level(&mut self, levels: &[&[(Rule, Operator)]]) -> Result<Expression, ParseError> {
        let Some((operators, tighter)) = levels.split_first() else {
            return self.unary();
        };
        let start = self.peek_at(0)?.start;
        let first = self.level(tighter)?;
        let mut rest = Vec::new();
        loop {
            let next = self.peek()?;
            let Some((_, operator)) = operators.iter().find(|(rule, _)| *rule == next) else {
                break;
            };
            self.advance()?;
            let written = self.next;
            let operand = self.level(tighter)?;
            let literal = match operator.is_arithmetic() {
                true => self.literal_since(written).into(),
                false => Box::default(),
            };
            rest.push(Operation {
                operator: *operator,
                operand,
                literal,
            });
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(Expression::Chain(Box::new(Chain {
            place: self.place(start),
            first,
            rest: rest.into(),
            parenthesised: None,
        })))
    }

    fn unary(&mut self) -> Result<Expression, ParseError> {
        let blank = usize::from(self.peek()? == Rule::Whitespace);
        if self.peek_at(blank)?.rule == Rule::Not {
            self.skip_blanks()?;
            self.advance()?;
            let operand = self.nested(Self::unary)?;
            return Ok(Expression::Not(Box::new(operand)));
        }
        self.skip_blanks()?;
        let operand = if self.accept(Rule::ParenOpen)? {
            let written = self.next;
            let mut inner = self.expression()?;
            if let Expression::Chain(chain) = &mut inner
                && let [operation, ..] = &*chain.rest
                && operation.operator.is_arithmetic()
            {
                chain.parenthesised = Some(self.literal_since(written).into());
            }
            self.expect(Rule::ParenClose, "a `)` is missing")?;
            inner
        } else {
            self.operand()?
        };
        self.skip_blanks()?;
        Ok(operand)
    }

    /// A literal or reference with blanks around it.
    pub(super) fn parameter(&mut self) -> Result<Expression, ParseError> {
        self.skip_blanks()?;
        let operand = self.nested(Self::operand)?;
        self.skip_blanks()?;
        Ok(operand)
    }

    /// A literal or reference.
    pub(super) fn operand(&mut self) -> Result<Expression, ParseError> {
        Ok(match self.peek()? {
            Rule::String => {
                let token = self.advance()?;
                self.string(&token)?
            }
            Rule::Integer => {
                let token = self.advance()?;
                self.integer(&token)?
            }
            Rule::Float => {
                let token = self.advance()?;
                self.float(&token)?
            }
            Rule::True | Rule::False => {
                let token = self.advance()?;
                Expression::Bool(token.rule == Rule::True)
            }
            Rule::Identifier | Rule::BraceOpen => self.reference_operand()?,
            Rule::ListOpen => self.list_or_range()?,
            Rule::MapOpen => self.map()?,
            Rule::Word => {
                return Err(self.unexpected(
                    "a bare word is no value: quote it, or write `$` before it (`null` is no literal either)",
                ));
            }
            _ => {
                return Err(self.unexpected(
                    "a value belongs here: a reference, text, number, list, map, `true` or `false`",
                ));
            }
        })
    }

    fn list_or_range(&mut self) -> Result<Expression, ParseError> {
        let written = self.next;
        self.advance()?;
        let blank = usize::from(self.peek()? == Rule::Whitespace);
        if self.peek_at(blank)?.rule == Rule::ListClose && blank == 0 {
            self.advance()?;
            return Ok(Expression::List(Box::default()));
        }
        let mut items = vec![self.parameter()?];
        if self.peek()? == Rule::DoubleDot && is_range_end(&items) {
            self.advance()?;
            items.push(self.range_end()?);
            self.expect(Rule::ListClose, "the range's `]` is missing")?;
            let literal = self.literal_since(written).into();
            let ends = <[Expression; 2]>::try_from(items);
            return ends
                .map(|ends| Expression::Range(Box::new(Range { ends, literal })))
                .map_err(|_| self.unexpected("a range has two ends"));
        }
        while self.accept(Rule::Comma)? {
            items.push(self.parameter()?);
        }
        self.expect(Rule::ListClose, "the list's `]` is missing")?;
        Ok(Expression::List(items.into()))
    }

    fn range_end(&mut self) -> Result<Expression, ParseError> {
        self.skip_blanks()?;
        if !matches!(
            self.peek()?,
            Rule::Integer | Rule::Identifier | Rule::BraceOpen
        ) {
            return Err(self.unexpected("a range ends in an integer or a reference"));
        }
        self.parameter()
    }

    fn map(&mut self) -> Result<Expression, ParseError> {
        self.advance()?;
        let blank = usize::from(self.peek()? == Rule::Whitespace);
        let mut entries = Vec::new();
        if matches!(self.peek_at(blank)?.rule, Rule::MapClose | Rule::BraceClose) {
            self.skip_blanks()?;
        } else {
            loop {
                let key = self.parameter()?;
                self.expect(Rule::Colon, "a `:` stands between key and value")?;
                entries.push((key, self.parameter()?));
                if !self.accept(Rule::Comma)? {
                    break;
                }
            }
        }
        if !self.accept(Rule::BraceClose)? {
            self.expect(Rule::MapClose, "the map's `}` is missing")?;
        }
        Ok(Expression::Map(entries.into()))
    }
}

fn is_range_end(items: &[Expression]) -> bool {
    matches!(
        items,
        [Expression::Number(_) | Expression::Reference(_) | Expression::Null]
    )
}
