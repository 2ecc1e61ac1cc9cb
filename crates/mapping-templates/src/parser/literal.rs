//! Numbers and texts as they are written in a template.

use num_bigint::BigInt;

use super::{LineCounter, Parser};
use crate::{
    ast::{Expression, Interpolated},
    error::ParseError,
    lexer::Token,
    value::{Number, Text},
};

/// How long a number may be: printing one takes the square of its length.
const MAX_DIGITS: usize = 20_000;

impl Parser<'_, '_> {
    /// An integer, of the smallest kind that holds it.
    pub(super) fn integer(&self, token: &Token) -> Result<Expression, ParseError> {
        let image = token.image.as_str();
        let number = if let Ok(value) = image.parse() {
            Number::Int(value)
        } else if let Ok(value) = image.parse() {
            Number::Long(value)
        } else if image.len() > MAX_DIGITS {
            let hint = format!("the number has more than {MAX_DIGITS} digits");
            return Err(ParseError::new(self.source, token.start, image, hint));
        } else {
            Number::big(image.parse::<BigInt>().map_err(|_| self.no_number(token))?)
        };
        Ok(Expression::Number(number))
    }

    pub(super) fn float(&self, token: &Token) -> Result<Expression, ParseError> {
        let number = token.image.parse().map_err(|_| self.no_number(token))?;
        Ok(Expression::Number(Number::Double(number)))
    }

    /// A `#` can end up in the token of a number.
    fn no_number(&self, token: &Token) -> ParseError {
        ParseError::new(self.source, token.start, &token.image, "this is no number")
    }

    pub(super) fn string(&mut self, token: &Token) -> Result<Expression, ParseError> {
        let image = token.image.as_str();
        let quote = image.chars().next().unwrap_or_default();
        let inner = image.get(1..image.len() - 1).unwrap_or_default();
        let unescaped;
        let mut text = inner;
        if quote == '"' && inner.contains("\\u") {
            unescaped = unescape(inner).ok_or_else(|| {
                let hint = r"`\u` in a text needs four hexadecimal digits";
                ParseError::new(self.source, token.start, image, hint)
            })?;
            text = &unescaped;
        }
        let text = unquote(text, quote);
        if quote == '\'' || !image.contains(['$', '#']) {
            return Ok(Expression::Text(Text::from(text)));
        }
        let padded = !text.contains("##");
        let source = if padded { format!("{text} ") } else { text };
        if self.depth >= super::MAX_NESTING {
            return Err(self.unexpected("quoted templates nest too deep"));
        }
        let place = self.place(token.start);
        let mut inner = Parser::new(&source, self.names, self.depth + 1);
        inner.lines = LineCounter::within(place);
        let quotation = token.start..token.start + image.len() - 1;
        let block = inner
            .template()
            .map_err(|error| error.within(self.source, quotation))?;
        Ok(Expression::Interpolated(Box::new(Interpolated {
            block,
            padded,
        })))
    }
}

/// Replaces `\uXXXX`. A surrogate without its partner cannot be printed and becomes `?`.
fn unescape(text: &str) -> Option<String> {
    let mut units = Vec::with_capacity(text.len());
    let mut parts = text.split("\\u");
    units.extend(parts.next()?.encode_utf16());
    for part in parts {
        let digits = part.get(..4)?;
        units.push(u16::from_str_radix(digits, 16).ok()?);
        units.extend(part.get(4..)?.encode_utf16());
    }
    Some(crate::value::from_utf16(&units))
}

/// Makes one quote of two.
fn unquote(text: &str, quote: char) -> String {
    let double: String = [quote, quote].iter().collect();
    text.replace(&double, quote.encode_utf8(&mut [0; 4]))
}
