//! From tokens to the compiled form.

mod directive;
mod expression;
mod literal;
mod reference;
mod statement;

use crate::{
    ast::{Block, Names, Node, Place},
    error::ParseError,
    lexer::{Lexer, Rule, Token},
};

/// How deep directives, parentheses, lists, arguments and quoted templates may nest together.
pub(crate) const MAX_NESTING: usize = 64;

/// Parses a whole template; `names` collects its variables.
pub(crate) fn parse(source: &str, names: &mut Names) -> Result<Block, ParseError> {
    Parser::new(source, names, 0).template()
}

struct Parser<'s, 'n> {
    source: &'s str,
    lexer: Lexer<'s>,
    tokens: Vec<Token>,
    next: usize,
    names: &'n mut Names,
    depth: usize,
    /// The macros that were declared so far. They are never called, but their names can be escaped.
    macros: Vec<Box<str>>,
    lines: LineCounter,
}

impl<'s, 'n> Parser<'s, 'n> {
    fn new(source: &'s str, names: &'n mut Names, depth: usize) -> Self {
        Self {
            source,
            lexer: Lexer::new(source),
            tokens: Vec::new(),
            next: 0,
            names,
            depth,
            macros: Vec::new(),
            lines: LineCounter::default(),
        }
    }

    fn template(mut self) -> Result<Block, ParseError> {
        let nodes = self.block()?;
        self.expect(Rule::End, "this ends nothing that was begun")?;
        Ok(nodes)
    }

    // === tokens ===

    /// Returns the token `ahead` of the next one.
    fn peek_at(&mut self, ahead: usize) -> Result<&Token, ParseError> {
        while self.tokens.len() <= self.next + ahead {
            let token = self.lexer.next_token().map_err(|error| {
                let rest = self.source.get(error.position..).unwrap_or_default();
                let found: String = rest.chars().take(1).collect();
                let hint = if found.is_empty() {
                    "a lone `$`, `#` or open quotation must not end the template"
                } else {
                    "this character means nothing here"
                };
                ParseError::new(self.source, error.position, &found, hint)
            })?;
            self.tokens.push(token);
        }
        let end = self.tokens.len() - 1;
        let index = (self.next + ahead).min(end);
        self.tokens
            .get(index)
            .ok_or_else(|| ParseError::new(self.source, self.source.len(), "", "no token is left"))
    }

    fn peek(&mut self) -> Result<Rule, ParseError> {
        Ok(self.peek_at(0)?.rule)
    }

    fn advance(&mut self) -> Result<Token, ParseError> {
        let token = self.peek_at(0)?.clone();
        self.next += 1;
        Ok(token)
    }

    fn accept(&mut self, rule: Rule) -> Result<bool, ParseError> {
        let found = self.peek()? == rule;
        if found {
            self.next += 1;
        }
        Ok(found)
    }

    fn expect(&mut self, rule: Rule, hint: &str) -> Result<Token, ParseError> {
        if self.peek()? == rule {
            return self.advance();
        }
        Err(self.unexpected(hint))
    }

    fn skip_blanks(&mut self) -> Result<(), ParseError> {
        self.accept(Rule::Whitespace).map(|_| ())
    }

    /// Returns the error that the next token makes no sense.
    fn unexpected(&mut self, hint: impl Into<Box<str>>) -> ParseError {
        let (start, found) = match self.peek_at(0) {
            Ok(token) => (token.start, token.image.clone()),
            Err(error) => return error,
        };
        ParseError::new(self.source, start, &found, hint)
    }

    /// Returns the literal text of the tokens from `first` up to the next one.
    fn literal_since(&self, first: usize) -> String {
        let tokens = self.tokens.get(first..self.next).unwrap_or_default();
        tokens.iter().map(Token::literal).collect()
    }

    fn place(&mut self, position: usize) -> Place {
        self.lines.place(self.source, position)
    }

    /// Runs `parse` one level deeper.
    fn nested<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        if self.depth >= MAX_NESTING {
            return Err(self.unexpected(format!("this nests deeper than {MAX_NESTING} levels")));
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }
}

/// Finds lines and columns of ascending positions without counting from the start each time.
#[derive(Debug, Default)]
struct LineCounter {
    position: usize,
    lines: usize,
    line_start: usize,
    /// Where the quotation stands that the source is in.
    quotation: Option<Place>,
}

impl LineCounter {
    fn within(quotation: Place) -> Self {
        Self {
            quotation: Some(quotation),
            ..Self::default()
        }
    }

    fn place(&mut self, source: &str, position: usize) -> Place {
        if position < self.position {
            *self = Self {
                quotation: self.quotation,
                ..Self::default()
            };
        }
        let passed = source.get(self.position..position).unwrap_or_default();
        self.lines += passed.matches('\n').count();
        if let Some(offset) = passed.rfind('\n') {
            self.line_start = self.position + offset + 1;
        }
        self.position = position;
        let column = source.get(self.line_start..position).unwrap_or_default();
        let place = Place {
            line: u32::try_from(self.lines + 1).unwrap_or(u32::MAX),
            column: u32::try_from(column.chars().count() + 1).unwrap_or(u32::MAX),
        };
        match self.quotation {
            Some(quotation) => place.within(quotation),
            None => place,
        }
    }
}

/// Adds text, to the text before it if there is one.
fn push_text(nodes: &mut Vec<Node>, text: &str) {
    if text.is_empty() {
        return;
    }
    if let Some(Node::Text(before)) = nodes.last_mut() {
        let mut joined = std::mem::take(before).into_string();
        joined.push_str(text);
        *before = joined.into();
    } else {
        nodes.push(Node::Text(text.into()));
    }
}

#[cfg(test)]
mod tests {
    use crate::Template;

    #[test]
    fn errors_say_where_and_why() {
        let cases = [
            ("#set($x = 3-1)", 1, 12, "-1", "`)` of `#set`"),
            ("a\n#if(true)x", 2, 11, "", "its own `#end`"),
            ("#else", 1, 1, "#else", "ends nothing"),
            ("é ${a b}", 1, 6, " b}", "`}` is missing"),
            ("$m.put('a', 1+1)", 1, 14, "+", "means nothing"),
            ("#set($x = null)", 1, 11, "null", "no literal"),
            ("\n\n#set($x = \"a\n$b[\")", 4, 4, "", "index"),
            ("cost: $", 1, 8, "", "lone `$`"),
            ("#define($a $b)#end", 1, 1, "#define", "one variable"),
            ("#foreach(x in [1])#end", 1, 10, "x", "no bare word"),
            ("#macro('a')#end", 1, 8, "'a'", "plain word"),
            ("#foreach $x", 1, 1, "#foreach", "needs parentheses"),
        ];
        for (template, line, column, found, hint) in cases {
            let error = Template::parse(template).unwrap_err();
            let place = (error.line(), error.column(), error.found());
            assert_eq!(place, (line, column, found), "{template}: {error}");
            assert!(error.hint().contains(hint), "{template}: {error}");
        }
    }
}
