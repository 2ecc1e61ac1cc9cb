//! Reads comma-separated values (RFC 4180), with LF as well as CRLF at the end of a line.

/// The records of a file with their lines. Blank lines are left out.
///
/// A record that is malformed is reported, and reading goes on with the line after it.
pub(super) struct Records<'a> {
    rest: &'a str,
    line: usize,
    /// The column whose fields may stand in single quotes, too.
    pub(super) single_quotes: Option<usize>,
}

/// A record and the line that it begins on, from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) line: usize,
    pub(super) fields: Result<Vec<String>, Malformed>,
}

/// What is wrong with the quotation marks of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// There is text between a closing quotation mark and the comma.
    #[error("text follows a closing quotation mark: double those inside of a quoted field")]
    AfterQuote,
    /// A field that does not begin with a quotation mark has one.
    #[error(
        "a quotation mark is inside of a field without: put the field in quotation marks, and double those inside"
    )]
    Stray,
    /// The file ends before a quoted field does.
    #[error("a quotation mark is never closed")]
    Unclosed,
}

impl<'a> Records<'a> {
    /// Creates a reader. A byte order mark in front is left out.
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            rest: text.strip_prefix('\u{feff}').unwrap_or(text),
            line: 1,
            single_quotes: None,
        }
    }

    fn fields(&mut self) -> Result<Vec<String>, Malformed> {
        let mut fields = Vec::new();
        loop {
            let single = self.single_quotes == Some(fields.len());
            let field = match self.rest.chars().next() {
                Some(quote) if quote == '"' || (single && quote == '\'') => self.quoted(quote)?,
                _ => self.plain()?,
            };
            fields.push(field);
            if self.skip(",") {
                continue;
            }
            if self.rest.is_empty() || self.skip("\r\n") || self.skip("\n") {
                return Ok(fields);
            }
            return Err(Malformed::AfterQuote);
        }
    }

    /// Takes a field to the next comma or the end of the line.
    fn plain(&mut self) -> Result<String, Malformed> {
        let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
        let (field, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        // A carriage return belongs to the end of the line.
        let field = match rest.starts_with(',') {
            true => field,
            false => field.strip_suffix('\r').unwrap_or(field),
        };
        if field.contains('"') {
            return Err(Malformed::Stray);
        }
        self.rest = rest;
        Ok(field.to_owned())
    }

    /// Takes a field to its closing quotation mark.
    fn quoted(&mut self, quote: char) -> Result<String, Malformed> {
        let mut field = String::new();
        let mut rest = self.rest.strip_prefix(quote).unwrap_or(self.rest);
        loop {
            let (text, after) = rest.split_once(quote).ok_or(Malformed::Unclosed)?;
            field.push_str(text);
            match after.strip_prefix(quote) {
                None => {
                    self.advance_to(after);
                    return Ok(field);
                }
                Some(after) => {
                    field.push(quote);
                    rest = after;
                }
            }
        }
    }

    fn skip(&mut self, prefix: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(prefix) else {
            return false;
        };
        self.advance_to(rest);
        true
    }

    /// Goes on at `rest`, an end of what is left, and counts the lines before it.
    fn advance_to(&mut self, rest: &'a str) {
        let passed = self.rest.len().saturating_sub(rest.len());
        let passed = self.rest.as_bytes().get(..passed).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.rest = rest;
    }
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        while self.skip("\r\n") || self.skip("\n") {}
        if self.rest.is_empty() {
            return None;
        }
        let line = self.line;
        let fields = self.fields();
        match fields {
            Err(Malformed::Unclosed) => self.rest = "",
            Err(_) => {
                let rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
                self.advance_to(rest);
            }
            Ok(_) => {}
        }
        Some(Record { line, fields })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_as_rfc_4180_says() {
        type Read<'a> = (usize, Result<&'a [&'a str], Malformed>);
        let cases: [(&str, &str, &[Read<'_>]); 16] = [
            ("nothing", "", &[]),
            ("plain", "a,b", &[(1, Ok(&["a", "b"]))]),
            (
                "lines",
                "a\r\nb\nc\n",
                &[(1, Ok(&["a"])), (2, Ok(&["b"])), (3, Ok(&["c"]))],
            ),
            (
                "blank lines",
                "\n\r\na\n\nb",
                &[(3, Ok(&["a"])), (5, Ok(&["b"]))],
            ),
            (
                "empty fields",
                ",\n,,",
                &[(1, Ok(&["", ""])), (2, Ok(&["", "", ""]))],
            ),
            ("spaces are kept", " a , b ", &[(1, Ok(&[" a ", " b "]))]),
            ("quoted", "\"a,b\",c", &[(1, Ok(&["a,b", "c"]))]),
            ("doubled quotes", "\"a\"\"b\"", &[(1, Ok(&["a\"b"]))]),
            ("empty quoted", "\"\",\"\"", &[(1, Ok(&["", ""]))]),
            (
                "lines in quotes",
                "\"a\nb\",c\nd",
                &[(1, Ok(&["a\nb", "c"])), (3, Ok(&["d"]))],
            ),
            ("byte order mark", "\u{feff}a", &[(1, Ok(&["a"]))]),
            (
                "carriage return inside",
                "a\rb,c\r,d\r\n",
                &[(1, Ok(&["a\rb", "c\r", "d"]))],
            ),
            (
                "stray quote",
                "a\"b\nc",
                &[(1, Err(Malformed::Stray)), (2, Ok(&["c"]))],
            ),
            (
                "text after a quote",
                "\"a\"b\nc",
                &[(1, Err(Malformed::AfterQuote)), (2, Ok(&["c"]))],
            ),
            (
                "never closed",
                "a\n\"b\nc",
                &[(1, Ok(&["a"])), (2, Err(Malformed::Unclosed))],
            ),
            ("single quotes are text", "'a,b'", &[(1, Ok(&["'a", "b'"]))]),
        ];
        for (name, text, expected) in cases {
            let found: Vec<_> = Records::new(text).collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|(line, fields)| Record {
                    line: *line,
                    fields: fields
                        .map(|fields| fields.iter().map(|&field| field.to_owned()).collect()),
                })
                .collect();
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn one_column_may_stand_in_single_quotes() {
        let mut records = Records::new("'a','b,c'\n'd'x,'e'x");
        records.single_quotes = Some(1);
        let found: Vec<_> = records.map(|record| record.fields).collect();
        let first = ["'a'", "b,c"].map(str::to_owned).to_vec();
        assert_eq!(found, [Ok(first), Err(Malformed::AfterQuote)]);
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_in_quotes_is_read_as_it_was(
            records in proptest::collection::vec(proptest::collection::vec("[a\"',\r\n ä]{0,6}", 1..4), 0..4),
        ) {
            let write = |fields: &Vec<String>| {
                let quoted = fields.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\"")));
                quoted.collect::<Vec<_>>().join(",")
            };
            let text: Vec<_> = records.iter().map(write).collect();
            let found: Result<Vec<_>, _> = Records::new(&text.join("\r\n")).map(|record| record.fields).collect();
            proptest::prop_assert_eq!(found, Ok(records));
        }

        #[test]
        fn whatever_is_read_ends_and_its_lines_go_up(text in "[a\"',\r\n\u{feff}]{0,60}", column in 0_usize..3) {
            let mut records = Records::new(&text);
            records.single_quotes = Some(column);
            let lines: Vec<_> = records.map(|record| record.line).collect();
            let last = text.matches('\n').count() + 1;
            proptest::prop_assert!(lines.is_sorted_by(|a, b| a < b), "{lines:?}");
            proptest::prop_assert!(lines.iter().all(|line| (1..=last).contains(line)), "{lines:?}");
        }
    }
}
