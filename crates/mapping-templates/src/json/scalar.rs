//! Texts and numbers of lenient JSON.

use std::fmt::Write;

use super::{
    document::{Node, NumberKind, NumberText, Span},
    parser::{END, JsonError, MAX_NUMBER, Parser, Within},
    scan::next_special,
    write,
};
use crate::value::{Buffer, Decimal, Number};

impl Parser<'_> {
    fn span(&self, start: usize, end: usize) -> Span {
        Span {
            start: u32::try_from(start).unwrap_or(u32::MAX),
            end: u32::try_from(end).unwrap_or(u32::MAX),
        }
    }

    /// A text without quotes, without the blanks around it.
    pub(super) fn bare(&mut self, within: Within) -> Span {
        let start = self.position;
        while self.byte() != END && !within.ends_at(self.byte()) {
            self.position += 1;
        }
        self.trimmed(start, self.position)
    }

    fn trimmed(&self, start: usize, end: usize) -> Span {
        let part = self.bytes.get(start..end).unwrap_or_default();
        let front = part.iter().take_while(|byte| **byte <= b' ').count();
        let back = part.iter().rev().take_while(|byte| **byte <= b' ').count();
        self.span(start + front, (end - back).max(start + front))
    }

    pub(super) fn quoted<const QUOTE: u8>(&mut self) -> Result<Span, JsonError> {
        self.canonical &= QUOTE == b'"';
        let start = self.position + 1;
        let mut plain = true;
        let mut end = start;
        loop {
            end = next_special::<QUOTE>(self.bytes, end);
            match self.bytes.get(end) {
                None => return Err(self.error()),
                Some(byte) if *byte == QUOTE => break,
                Some(b'\\') => return self.escaped::<QUOTE>(start),
                Some(_) => plain = false,
            }
            end += 1;
        }
        if !plain {
            self.canonical &= self
                .text
                .get(start..end)
                .is_some_and(|text| !write::needs_escape(text));
        }
        self.position = end + 1;
        Ok(self.span(start, end))
    }

    /// A text with backslashes.
    fn escaped<const QUOTE: u8>(&mut self, start: usize) -> Result<Span, JsonError> {
        // Without any closing quote the text is refused before its escapes are read.
        if !self.bytes.get(start..).unwrap_or_default().contains(&QUOTE) {
            return Err(self.error());
        }
        let begin = self.document.unescaped.len();
        let source_len = self.bytes.len();
        self.position = start;
        let mut high = None;
        loop {
            let special = next_special::<QUOTE>(self.bytes, self.position);
            let plain = self.text.get(self.position..special).unwrap_or_default();
            if !plain.is_empty() {
                flush(&mut high, &mut self.document.unescaped);
                self.document.unescaped.push_str(plain);
            }
            self.position = special;
            let unit = match self.character()? {
                '\u{1a}' => return Err(self.error()),
                c @ ('"' | '\'') if c as u32 == u32::from(QUOTE) => break,
                '\\' => match self.escape()? {
                    Some(unit) => unit,
                    None => continue,
                },
                '\0'..'\u{20}' | '\u{7f}' => {
                    self.canonical = false;
                    continue;
                }
                c => {
                    flush(&mut high, &mut self.document.unescaped);
                    self.document.unescaped.push(c);
                    continue;
                }
            };
            push_unit(unit, &mut high, &mut self.document.unescaped);
        }
        flush(&mut high, &mut self.document.unescaped);
        if self.canonical {
            let text = self.document.unescaped.get(begin..).unwrap_or_default();
            self.scratch.clear();
            write::write_text(text, write::Slashes::Plain, &mut self.scratch);
            let raw = self.text.get(start - 1..self.position);
            self.canonical = raw == Some(&self.scratch);
        }
        Ok(self.span(
            source_len + begin,
            source_len + self.document.unescaped.len(),
        ))
    }

    fn character(&mut self) -> Result<char, JsonError> {
        let rest = self.text.get(self.position..).unwrap_or_default();
        let c = rest.chars().next().ok_or_else(|| self.error())?;
        self.position += c.len_utf8();
        Ok(c)
    }

    /// What a backslash and the characters after it mean, as a UTF-16 unit. Unknown ones mean nothing.
    fn escape(&mut self) -> Result<Option<u16>, JsonError> {
        let c = self.character()?;
        let unit = match c {
            't' => b'\t',
            'n' => b'\n',
            'r' => b'\r',
            'f' => 0x0c,
            'b' => 0x08,
            '\\' | '/' | '\'' | '"' => c as u8,
            'u' => return self.hexadecimal(4).map(Some),
            'x' => return self.hexadecimal(2).map(Some),
            _ => {
                self.canonical = false;
                return Ok(None);
            }
        };
        Ok(Some(unit.into()))
    }

    fn hexadecimal(&mut self, digits: usize) -> Result<u16, JsonError> {
        let text = self.text.get(self.position..self.position + digits);
        let text = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = text.and_then(|text| u16::from_str_radix(text, 16).ok());
        self.position += digits;
        unit.ok_or_else(|| self.error())
    }

    fn digits(&mut self) {
        while self.byte().is_ascii_digit() {
            self.position += 1;
        }
    }

    /// A number, or a text that begins like one.
    pub(super) fn number(&mut self, within: Within) -> Result<Node, JsonError> {
        let start = self.position;
        self.position += 1;
        self.digits();
        let mut point = None;
        let mut has_exponent = false;
        if self.byte() == b'.' {
            point = Some(self.position - start);
            self.position += 1;
            self.digits();
        }
        if matches!(self.byte(), b'e' | b'E') {
            has_exponent = true;
            self.position += 1;
            if !matches!(self.byte(), b'+' | b'-' | b'0'..=b'9') {
                return Ok(self.no_number(start, within));
            }
            self.position += 1;
            self.digits();
        }
        let span = self.span(start, self.position);
        self.controls();
        let next = self.byte();
        if next < b'~' && next != END && !within.ends_at(next) {
            return Ok(self.no_number(start, within));
        }
        if span.len() > MAX_NUMBER {
            return Err(JsonError::NumberTooLong { limit: MAX_NUMBER });
        }
        let number = match point {
            None if !has_exponent => self.integer(span),
            Some(point) if !has_exponent && is_plain(self.document.text_at(span), point) => {
                NumberText {
                    kind: NumberKind::Double,
                    verbatim: true,
                    span,
                }
            }
            _ => self.fraction(span)?,
        };
        self.canonical &= number.verbatim;
        Ok(Node::Number(number))
    }

    fn no_number(&mut self, start: usize, within: Within) -> Node {
        self.canonical = false;
        self.bare(within);
        Node::Text(self.trimmed(start, self.position))
    }

    fn integer(&self, span: Span) -> NumberText {
        /// The digits that surely fit 64 bits.
        const FEW: usize = 18;
        let text = self.document.text_at(span);
        let digits = text.strip_prefix('-').unwrap_or(text);
        let fits = digits.len() <= FEW || text.parse::<i64>().is_ok();
        NumberText {
            kind: if fits {
                NumberKind::Integer
            } else {
                NumberKind::Big
            },
            verbatim: text == "0" || !(digits.is_empty() || digits.starts_with('0')),
            span,
        }
    }

    fn fraction(&self, span: Span) -> Result<NumberText, JsonError> {
        let text = self.document.text_at(span);
        let (kind, verbatim) = if text.len() > 18 {
            let number = Decimal::parse(text).ok_or_else(|| self.error())?;
            (NumberKind::Decimal, number.to_string() == text)
        } else {
            let number: f64 = text.parse().map_err(|_| self.error())?;
            let mut written = Buffer::default();
            let fits = write!(written, "{}", Number::Double(number)).is_ok();
            (NumberKind::Double, fits && written.as_str() == text)
        };
        Ok(NumberText {
            kind,
            verbatim,
            span,
        })
    }
}

/// Whether a fraction without an exponent is surely written as it is read: up to 15 digits come back from a double, and
/// from 10⁻³ up to 10⁷ they are not written with an exponent.
fn is_plain(text: &str, point: usize) -> bool {
    let (whole, fraction) = text.as_bytes().split_at(point);
    let whole = whole.strip_prefix(b"-").unwrap_or(whole);
    let starts = match whole {
        [b'0'] => !fraction.starts_with(b".000"),
        [first, ..] => *first != b'0' && whole.len() <= 7,
        [] => false,
    };
    let ends = fraction == b".0" || !matches!(fraction, [b'.'] | [.., b'0']);
    starts && ends && whole.len() + fraction.len() <= 16
}

/// Adds a UTF-16 unit; the first half of a pair waits for the second.
fn push_unit(unit: u16, high: &mut Option<u16>, out: &mut String) {
    match unit {
        0xd800..0xdc00 => {
            flush(high, out);
            *high = Some(unit);
        }
        _ => {
            let first = high.take();
            let units = first.into_iter().chain([unit]);
            out.extend(char::decode_utf16(units).map(|unit| unit.unwrap_or('?')));
        }
    }
}

fn flush(high: &mut Option<u16>, out: &mut String) {
    if high.take().is_some() {
        out.push('?');
    }
}
