//! Parses filters: what stands in `[?( … )]`.

use serde_json::{Number, Value};

use super::{
    JsonPathError,
    filter::{Filter, Operand, Operator},
    parser::Parser,
};
use crate::java_regex::JavaRegex;

/// One side of a comparison.
enum Side {
    Operand(Operand),
    Pattern(JavaRegex),
}

impl Parser<'_> {
    /// Parses alternatives joined by `||`.
    pub(super) fn filter(&mut self) -> Result<Filter, JsonPathError> {
        let mut filters = vec![self.conjunction()?];
        while self.eat_after_blanks("||") {
            filters.push(self.conjunction()?);
        }
        Ok(match <[Filter; 1]>::try_from(filters) {
            Ok([filter]) => filter,
            Err(filters) => Filter::Any(filters.into()),
        })
    }

    fn conjunction(&mut self) -> Result<Filter, JsonPathError> {
        let mut filters = vec![self.condition()?];
        while self.eat_after_blanks("&&") {
            filters.push(self.condition()?);
        }
        Ok(match <[Filter; 1]>::try_from(filters) {
            Ok([filter]) => filter,
            Err(filters) => Filter::All(filters.into()),
        })
    }

    fn condition(&mut self) -> Result<Filter, JsonPathError> {
        self.skip_blanks();
        match self.peek() {
            Some('!') => {
                self.bump();
                let negated = self.nested(Self::condition)?;
                Ok(Filter::Not(Box::new(negated)))
            }
            Some('(') => {
                self.bump();
                let filter = self.nested(Self::filter)?;
                self.expect(")")?;
                Ok(filter)
            }
            _ => self.comparison(),
        }
    }

    fn comparison(&mut self) -> Result<Filter, JsonPathError> {
        let left = self.side()?;
        self.skip_blanks();
        let ends =
            self.peek() == Some(')') || ["&&", "||"].iter().any(|end| self.rest().starts_with(end));
        if ends {
            return match left {
                Side::Operand(operand @ (Operand::Item(_) | Operand::Root(_))) => {
                    Ok(Filter::Exists(operand))
                }
                _ => Err(self.error("expected an operator")),
            };
        }
        let matches = self.eat("=~");
        let operator = if matches {
            None
        } else {
            Some(self.operator()?)
        };
        let right = self.side()?;
        match (left, operator, right) {
            (Side::Operand(left), Some(operator), Side::Operand(right)) => Ok(Filter::Compare {
                left,
                operator,
                right,
            }),
            (Side::Operand(operand), None, Side::Pattern(pattern))
            | (Side::Pattern(pattern), None, Side::Operand(operand)) => {
                Ok(Filter::Match { operand, pattern })
            }
            (.., None, _) => Err(self.error("`=~` needs one regular expression")),
            _ => Err(self.error("a regular expression needs `=~`")),
        }
    }

    fn operator(&mut self) -> Result<Operator, JsonPathError> {
        if let Some(&(_, operator)) = Operator::SYMBOLS
            .iter()
            .find(|(symbol, _)| self.eat(symbol))
        {
            return Ok(operator);
        }
        let error = self.error(
            "expected an operator: == != < <= > >= =~ in nin subsetof anyof noneof all contains size empty",
        );
        let word = self.take_until(|c| !c.is_ascii_alphabetic());
        Operator::WORDS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(word))
            .map(|&(_, operator)| operator)
            .ok_or(error)
    }

    fn side(&mut self) -> Result<Side, JsonPathError> {
        self.skip_blanks();
        let operand = match self.peek() {
            Some('/') => return self.pattern().map(Side::Pattern),
            Some(start @ ('$' | '@')) => {
                self.bump();
                let path = self.nested(Self::inner_path)?;
                if start == '$' {
                    Operand::Root(path)
                } else {
                    Operand::Item(path)
                }
            }
            _ => Operand::Literal(self.literal()?),
        };
        Ok(Side::Operand(operand))
    }

    /// Parses a number, a quoted text, `true`, `false`, `null` or a list of such.
    pub(super) fn literal(&mut self) -> Result<Value, JsonPathError> {
        self.skip_blanks();
        match self.peek() {
            Some('\'' | '"') => self.quoted().map(Value::String),
            Some('[') => {
                self.bump();
                self.nested(Self::list)
            }
            _ => {
                let error = self.error(
                    "expected a path, a number, a quoted text, `true`, `false`, `null` or a list",
                );
                let word = self
                    .take_until(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.')));
                match word {
                    "true" => Ok(Value::Bool(true)),
                    "false" => Ok(Value::Bool(false)),
                    "null" => Ok(Value::Null),
                    number => parse_number(number).map(Value::Number).ok_or(error),
                }
            }
        }
    }

    fn list(&mut self) -> Result<Value, JsonPathError> {
        let mut items = Vec::new();
        while !self.eat_after_blanks("]") {
            if !items.is_empty() {
                self.expect(",")?;
            }
            items.push(self.literal()?);
        }
        Ok(Value::Array(items))
    }

    fn pattern(&mut self) -> Result<JavaRegex, JsonPathError> {
        self.bump();
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.find(|c| {
            let closes = c == '/' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        });
        let Some(pattern) = end.and_then(|end| rest.get(..end)) else {
            return Err(self.error("missing closing `/` of the regular expression"));
        };
        let ignore_case = rest
            .get(pattern.len()..)
            .is_some_and(|closing| closing.starts_with("/i"));
        let compiled = JavaRegex::parse(pattern, ignore_case)
            .map_err(|error| self.error(error.to_string()))?;
        self.eat(pattern);
        self.eat(if ignore_case { "/i" } else { "/" });
        Ok(compiled)
    }

    fn eat_after_blanks(&mut self, token: &str) -> bool {
        self.skip_blanks();
        self.eat(token)
    }
}

/// Reads a decimal number as Java's `BigDecimal` does: a sign and a bare leading or trailing dot are fine.
pub(super) fn parse_number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if let Ok(number) = text.parse::<i64>() {
        return Some(number.into());
    }
    if let Ok(number) = text.parse::<u64>() {
        return Some(number.into());
    }
    text.parse().ok().and_then(Number::from_f64)
}
