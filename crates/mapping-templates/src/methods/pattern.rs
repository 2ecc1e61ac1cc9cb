//! The methods of texts that take regular expressions.

use towergate_expressions::{Groups, JavaPattern, SearchError};

use super::{argument::int, text::array};
use crate::{
    RenderErrorKind,
    render::{Fault, Render, Result, throw},
    value::{Text, Value},
};

impl From<SearchError> for Fault {
    fn from(error: SearchError) -> Self {
        Self::Error(RenderErrorKind::InvalidArgument(error.to_string().into()))
    }
}

impl Render<'_> {
    pub(super) fn call_pattern(
        &mut self,
        receiver: &Text,
        name: &str,
        arguments: &[Value],
    ) -> Result<Option<Value>> {
        Ok(Some(match (name, arguments) {
            ("matches", [Value::Text(pattern)]) => {
                let pattern = self.pattern(pattern)?;
                self.spend(search_steps(&pattern, receiver.len()))?;
                Value::Bool(pattern.matches(receiver)?)
            }
            ("replaceAll", [Value::Text(pattern), Value::Text(with)]) => {
                self.replace(receiver, pattern, with, usize::MAX)?
            }
            ("replaceFirst", [Value::Text(pattern), Value::Text(with)]) => {
                self.replace(receiver, pattern, with, 1)?
            }
            ("split", [Value::Text(pattern)]) => self.split(receiver, pattern, 0)?,
            ("split", [Value::Text(pattern), limit]) => match int(limit) {
                Some(limit) => self.split(receiver, pattern, limit)?,
                None => Value::Null,
            },
            ("matches" | "split", [Value::Null])
            | (
                "replaceAll" | "replaceFirst",
                [Value::Null, Value::Text(_) | Value::Null] | [Value::Text(_), Value::Null],
            ) => {
                return throw(format!("`{name}` is given null"));
            }
            _ => return Ok(None),
        }))
    }

    /// The next match from `start`; after an empty one it begins a character later.
    fn next_match(
        &mut self,
        pattern: &JavaPattern,
        text: &str,
        last: Option<(usize, usize)>,
    ) -> Result<Option<(Groups, (usize, usize))>> {
        let start = match last {
            None => 0,
            Some((from, to)) if from == to => {
                let next = text.get(to..).and_then(|rest| rest.chars().next());
                match next {
                    Some(c) => to + c.len_utf8(),
                    None => return Ok(None),
                }
            }
            Some((_, to)) => to,
        };
        self.spend(search_steps(pattern, text.len().saturating_sub(start)))?;
        let Some(groups) = pattern.find(text, start)? else {
            return Ok(None);
        };
        let Some(span) = groups.first().copied().flatten() else {
            return Ok(None);
        };
        self.spend(span.1.saturating_sub(start) / 16)?;
        Ok(Some((groups, span)))
    }

    fn replace(&mut self, text: &str, pattern: &str, with: &str, most: usize) -> Result<Value> {
        let pattern = self.pattern(pattern)?;
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        let mut last = None;
        let mut count = 0;
        while count < most
            && let Some((groups, span)) = self.next_match(&pattern, text, last)?
        {
            out.push_str(text.get(copied..span.0).unwrap_or_default());
            expand(with, &pattern, &groups, text, &mut out)?;
            self.spend_text(out.len() / 64)?;
            copied = span.1;
            last = Some(span);
            count += 1;
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        self.spend_text(out.len())?;
        Ok(Value::text(out))
    }

    fn split(&mut self, text: &str, pattern: &str, limit: i32) -> Result<Value> {
        let pattern = self.pattern(pattern)?;
        let most = usize::try_from(limit).ok().filter(|limit| *limit > 0);
        let mut parts: Vec<String> = Vec::new();
        let mut copied = 0;
        let mut last = None;
        while most.is_none_or(|most| parts.len() + 1 < most)
            && let Some((_, span)) = self.next_match(&pattern, text, last)?
        {
            last = Some(span);
            // A match of nothing at the start does not make an empty part.
            if span == (0, 0) {
                continue;
            }
            parts.push(text.get(copied..span.0).unwrap_or_default().to_owned());
            copied = span.1;
        }
        // An unsplit text is kept, even an empty one.
        let unsplit = copied == 0 && parts.is_empty();
        parts.push(text.get(copied..).unwrap_or_default().to_owned());
        if limit == 0 && !unsplit {
            while parts.last().is_some_and(String::is_empty) {
                parts.pop();
            }
        }
        self.spend(text.len() / 16)?;
        array(self, parts)
    }
}

/// What one search costs in a text of which `rest` bytes are left. One that may read far beyond its match is paid for by
/// what it may read, or many matches of a long text would take the square of its length.
fn search_steps(pattern: &JavaPattern, rest: usize) -> usize {
    const BACKTRACKING: usize = 512;
    if pattern.backtracks() {
        BACKTRACKING + rest / 16
    } else if pattern.reads_ahead() {
        1 + rest / 512
    } else {
        1
    }
}

/// Writes a replacement: `$1` and `${name}` are groups, a backslash escapes.
fn expand(
    with: &str,
    pattern: &JavaPattern,
    groups: &Groups,
    text: &str,
    out: &mut String,
) -> Result<()> {
    let mut rest = with.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some(escaped) => out.push(escaped),
                None => return throw("a replacement ends in a lone backslash"),
            },
            '$' => {
                let group = if rest.next_if_eq(&'{').is_some() {
                    let mut name = String::new();
                    while let Some(c) = rest.next_if(char::is_ascii_alphanumeric) {
                        name.push(c);
                    }
                    let index = pattern.group_index(&name);
                    match (rest.next(), index) {
                        (Some('}'), Some(index)) => index,
                        _ => return throw(format!("there is no group `{name}`")),
                    }
                } else {
                    let Some(digit) = rest.next().and_then(|c| c.to_digit(10)) else {
                        return throw("a `$` in a replacement needs a group");
                    };
                    let mut index = digit as usize;
                    if index >= groups.len() {
                        return throw(format!("there is no group {index}"));
                    }
                    while let Some(digit) = rest.peek().and_then(|c| c.to_digit(10)) {
                        let longer = index * 10 + digit as usize;
                        if longer >= groups.len() {
                            break;
                        }
                        index = longer;
                        rest.next();
                    }
                    index
                };
                if let Some((from, to)) = groups.get(group).copied().flatten() {
                    out.push_str(text.get(from..to).unwrap_or_default());
                }
            }
            c => out.push(c),
        }
    }
    Ok(())
}
