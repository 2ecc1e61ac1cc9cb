//! Parses the steps of a path.

use std::borrow::Cow;

use super::{
    JsonPath, JsonPathError, Query, Selector, Step,
    filter::Operand,
    function::{Call, Function},
};

/// Parses a whole expression.
pub(super) fn parse(source: &str) -> Result<Query, JsonPathError> {
    let mut parser = Parser::new(source);
    if source.len() > JsonPath::MAX_BYTES {
        return Err(parser.error(format!("longer than {} bytes", JsonPath::MAX_BYTES)));
    }
    parser.skip_blanks();
    match parser.peek() {
        None => return Err(parser.error("the path is empty")),
        Some('$' | '@') => parser.bump(),
        // What comes first has no dot in front of it: `a.b` means `$.a.b`.
        Some(_) => {
            let mut steps = Vec::new();
            let call = parser.after_dot(&mut steps, false)?;
            return parser.finish(steps, call);
        }
    }
    parser.finish(Vec::new(), None)
}

/// A cursor over the expression.
#[derive(Debug)]
pub(super) struct Parser<'s> {
    source: &'s str,
    position: usize,
    nesting: usize,
}

impl<'s> Parser<'s> {
    fn new(source: &'s str) -> Self {
        Self {
            source: source.trim_end(),
            position: 0,
            nesting: 0,
        }
    }

    // === cursor ===

    pub(super) fn rest(&self) -> &'s str {
        self.source.get(self.position..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) {
        self.position += self.peek().map_or(0, char::len_utf8);
    }

    pub(super) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.position += token.len();
        }
        found
    }

    pub(super) fn expect(&mut self, token: &'static str) -> Result<(), JsonPathError> {
        self.skip_blanks();
        if self.eat(token) {
            return Ok(());
        }
        Err(self.error(format!("expected `{token}`")))
    }

    pub(super) fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.position += rest.len() - rest.trim_start().len();
    }

    /// Takes the characters up to the first that `ends` the run.
    pub(super) fn take_until(&mut self, ends: impl Fn(char) -> bool) -> &'s str {
        let rest = self.rest();
        let taken = rest
            .find(ends)
            .and_then(|end| rest.get(..end))
            .unwrap_or(rest);
        self.position += taken.len();
        taken
    }

    pub(super) fn error(&self, hint: impl Into<Cow<'static, str>>) -> JsonPathError {
        JsonPathError::new(self.source, self.position, hint)
    }

    /// Runs `parse` one level deeper.
    pub(super) fn nested<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, JsonPathError>,
    ) -> Result<T, JsonPathError> {
        if self.nesting >= JsonPath::MAX_NESTING {
            return Err(self.error(format!(
                "nested deeper than {} levels",
                JsonPath::MAX_NESTING
            )));
        }
        self.nesting += 1;
        let parsed = parse(self)?;
        self.nesting -= 1;
        Ok(parsed)
    }

    // === steps ===

    fn finish(&mut self, steps: Vec<Step>, call: Option<Call>) -> Result<Query, JsonPathError> {
        let query = self.steps(steps, call, false)?;
        if self.peek().is_some() {
            return Err(self.error("expected `.` or `[`"));
        }
        Ok(query)
    }

    /// Parses the steps after `$` or `@` of a path inside a filter or an argument list.
    pub(super) fn inner_path(&mut self) -> Result<Query, JsonPathError> {
        self.steps(Vec::new(), None, true)
    }

    fn steps(
        &mut self,
        mut steps: Vec<Step>,
        mut call: Option<Call>,
        inner: bool,
    ) -> Result<Query, JsonPathError> {
        while call.is_none() {
            match self.peek() {
                Some('[') => {
                    let selector = self.bracket()?;
                    steps.push(Step {
                        descend: false,
                        selector,
                    });
                }
                Some('.') => {
                    self.bump();
                    call = self.after_dot(&mut steps, inner)?;
                }
                _ => break,
            }
        }
        if call.is_some() && matches!(self.peek(), Some('.' | '[')) {
            return Err(self.error("a function must stand at the end of the path"));
        }
        Ok(Query {
            definite: is_definite(&steps),
            steps: steps.into(),
            call,
        })
    }

    /// Parses what follows one dot: the second dot of `..`, brackets, `*`, a name or a function.
    fn after_dot(
        &mut self,
        steps: &mut Vec<Step>,
        inner: bool,
    ) -> Result<Option<Call>, JsonPathError> {
        let descend = self.eat(".");
        let selector = match self.peek() {
            None => return Err(self.error("a path must not end in a dot")),
            Some('.') => return Err(self.error("expected a name, `*` or `[` after the dots")),
            Some('[') => self.bracket()?,
            Some('*') => {
                self.bump();
                Selector::Wildcard
            }
            Some(_) => {
                let start = self.position;
                let name = self.take_until(|c| ends_name(c, inner));
                if self.peek() == Some('(') {
                    if descend {
                        return Err(self.error("expected a name, `*` or `[` after the dots"));
                    }
                    return self.call(name, start).map(Some);
                }
                if name.is_empty() || (!inner && self.peek().is_some_and(char::is_whitespace)) {
                    return Err(self.error("write a name with blanks in brackets: `['my name']`"));
                }
                Selector::Name(name.into())
            }
        };
        steps.push(Step { descend, selector });
        Ok(None)
    }

    fn bracket(&mut self) -> Result<Selector, JsonPathError> {
        self.bump();
        self.skip_blanks();
        let selector = match self.peek() {
            Some('\'' | '"') => self.names()?,
            Some('*') => {
                self.bump();
                Selector::Wildcard
            }
            Some('?') => {
                self.bump();
                self.expect("(")?;
                let filter = self.nested(Self::filter)?;
                self.expect(")")?;
                Selector::Filter(filter)
            }
            Some('(') => return Err(self.error("script expressions are not supported")),
            Some(c) if c.is_ascii_digit() || c == '-' || c == ':' => self.indexes()?,
            _ => {
                return Err(
                    self.error("expected a quoted name, an index, a slice, `*` or `?(` after `[`")
                );
            }
        };
        self.expect("]")?;
        Ok(selector)
    }

    fn names(&mut self) -> Result<Selector, JsonPathError> {
        let first = self.quoted()?;
        let mut names = vec![Box::from(first)];
        loop {
            self.skip_blanks();
            if !self.eat(",") {
                break;
            }
            self.skip_blanks();
            names.push(self.quoted()?.into());
        }
        Ok(match <[Box<str>; 1]>::try_from(names) {
            Ok([name]) => Selector::Name(name),
            Err(names) => Selector::Names(names.into()),
        })
    }

    fn indexes(&mut self) -> Result<Selector, JsonPathError> {
        let text = self.take_until(|c| c == ']');
        let number = |text: &str| {
            text.trim()
                .parse::<i64>()
                .map_err(|_| self.error(format!("`{}` is not an index", text.trim())))
        };
        if text.contains(':') {
            // A third part, the step, is read and ignored.
            let mut bounds = text.splitn(3, ':').map(|bound| match bound.trim() {
                "" => Ok(None),
                bound => number(bound).map(Some),
            });
            let start = bounds.next().transpose()?.flatten();
            let end = bounds.next().transpose()?.flatten();
            bounds.next().transpose()?;
            if start.is_none() && end.is_none() {
                return Err(self.error("a slice needs a start or an end"));
            }
            return Ok(Selector::Slice { start, end });
        }
        let indexes = text.split(',').map(number).collect::<Result<Vec<_>, _>>()?;
        Ok(match indexes.as_slice() {
            [index] => Selector::Index(*index),
            _ => Selector::Indexes(indexes.into()),
        })
    }

    fn call(&mut self, name: &str, start: usize) -> Result<Call, JsonPathError> {
        let Some(function) = Function::named(name) else {
            let error =
                JsonPathError::new(self.source, start, format!("unknown function `{name}()`"));
            return Err(error);
        };
        self.bump();
        let mut arguments = Vec::new();
        self.skip_blanks();
        while !self.eat(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            arguments.push(self.nested(Self::argument)?);
            self.skip_blanks();
        }
        Ok(Call {
            function,
            arguments: arguments.into(),
        })
    }

    fn argument(&mut self) -> Result<Operand, JsonPathError> {
        self.skip_blanks();
        match self.peek() {
            Some('$' | '@') => {
                self.bump();
                self.inner_path().map(Operand::Root)
            }
            _ => self.literal().map(Operand::Literal),
        }
    }

    /// Parses a text in single or double quotes, with the escapes of JSON and `\'`.
    pub(super) fn quoted(&mut self) -> Result<String, JsonPathError> {
        let Some(quote @ ('\'' | '"')) = self.peek() else {
            return Err(self.error("expected a quoted text"));
        };
        self.bump();
        let mut text = String::new();
        loop {
            text.push_str(self.take_until(|c| c == quote || c == '\\'));
            match self.peek() {
                None => return Err(self.error(format!("missing closing {quote}"))),
                Some('\\') => {
                    self.bump();
                    text.push(self.escaped()?);
                }
                Some(_) => {
                    self.bump();
                    return Ok(text);
                }
            }
        }
    }

    fn escaped(&mut self) -> Result<char, JsonPathError> {
        let Some(escaped) = self.peek() else {
            return Err(self.error("missing character after `\\`"));
        };
        self.bump();
        Ok(match escaped {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let digits = self.rest().get(..4);
                let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                let Some(code) = code else {
                    return Err(self.error("expected four hexadecimal digits after `\\u`"));
                };
                self.position += 4;
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            other => other,
        })
    }
}

/// Whether `c` cannot be part of a name after a dot. An inner path also ends where its filter goes on.
fn ends_name(c: char, inner: bool) -> bool {
    match c {
        '.' | '[' | '(' => true,
        ')' | ']' | ',' | '=' | '<' | '>' | '!' | '~' | '&' | '|' => inner,
        c => c.is_whitespace(),
    }
}

fn is_definite(steps: &[Step]) -> bool {
    steps.iter().enumerate().all(|(index, step)| {
        !step.descend
            && match step.selector {
                Selector::Name(_) | Selector::Index(_) => true,
                Selector::Names(_) => index + 1 == steps.len(),
                _ => false,
            }
    })
}
