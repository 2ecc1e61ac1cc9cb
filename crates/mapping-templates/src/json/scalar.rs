//! Texts and numbers of lenient JSON.

use std::fmt::Write;

use super::{
    document::{Node, Span},
    parser::{END, JsonError, MAX_NUMBER, Parser},
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
    pub(super) fn bare(&mut self, stops: &[u8]) -> Span {
        let start = self.position;
        while self.byte() != END && !stops.contains(&self.byte()) {
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

    pub(super) fn quoted(&mut self) -> Result<Span, JsonError> {
        let quote = self.byte();
        self.canonical &= quote == b'"';
        let start = self.position + 1;
        let mut plain = true;
        let mut end = start;
        loop {
            match self.bytes.get(end) {
                None => return Err(self.error()),
                Some(byte) if *byte == quote => break,
                Some(b'\\') => return self.escaped(quote, start),
                Some(0..0x20 | 0x7f | 0xc2 | 0xe2 | b'"') => plain = false,
                Some(_) => {}
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
    fn escaped(&mut self, quote: u8, start: usize) -> Result<Span, JsonError> {
        // Without any closing quote the text is refused before its escapes are read.
        if !self.bytes.get(start..).unwrap_or_default().contains(&quote) {
            return Err(self.error());
        }
        let begin = self.document.unescaped.len();
        let source_len = self.bytes.len();
        self.position = start;
        let mut high = None;
        loop {
            let c = self
                .text
                .get(self.position..)
                .and_then(|rest| rest.chars().next())
                .ok_or_else(|| self.error())?;
            self.position += c.len_utf8();
            let unit = match c {
                '\u{1a}' => return Err(self.error()),
                '"' | '\'' if c as u32 == u32::from(quote) => break,
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
            let mut written = String::with_capacity(text.len() + 8);
            write::write_text(text, write::Slashes::Plain, &mut written);
            let raw = self.text.get(start - 1..self.position);
            self.canonical = raw == Some(&written);
        }
        Ok(self.span(
            source_len + begin,
            source_len + self.document.unescaped.len(),
        ))
    }

    /// What a backslash and the characters after it mean, as a UTF-16 unit. Unknown ones mean nothing.
    fn escape(&mut self) -> Result<Option<u16>, JsonError> {
        let Some(c) = self
            .text
            .get(self.position..)
            .and_then(|rest| rest.chars().next())
        else {
            return Err(self.error());
        };
        self.position += c.len_utf8();
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
    pub(super) fn number(&mut self, stops: &[u8]) -> Result<Node, JsonError> {
        let start = self.position;
        self.position += 1;
        self.digits();
        let mut is_integer = true;
        if self.byte() == b'.' {
            is_integer = false;
            self.position += 1;
            self.digits();
        }
        if matches!(self.byte(), b'e' | b'E') {
            is_integer = false;
            self.position += 1;
            if !matches!(self.byte(), b'+' | b'-' | b'0'..=b'9') {
                self.canonical = false;
                self.bare(stops);
                return Ok(Node::Text(self.trimmed(start, self.position)));
            }
            self.position += 1;
            self.digits();
        }
        self.controls();
        let next = self.byte();
        if next < b'~' && next != END && !stops.contains(&next) {
            self.canonical = false;
            self.bare(stops);
            return Ok(Node::Text(self.trimmed(start, self.position)));
        }
        let span = self.trimmed(start, self.position);
        if self.document.text_at(span).len() > MAX_NUMBER {
            return Err(JsonError::NumberTooLong { limit: MAX_NUMBER });
        }
        if is_integer {
            Ok(self.integer(span))
        } else {
            self.fraction(span)
        }
    }

    fn integer(&mut self, span: Span) -> Node {
        let text = self.document.text_at(span);
        let node = match text {
            "-" => Node::Integer(0),
            _ => text.parse().map_or(Node::Big(span), Node::Integer),
        };
        let digits = text.trim_start_matches('-');
        let plain = text == "0" || (!digits.is_empty() && !digits.starts_with('0'));
        self.canonical &= plain;
        node
    }

    fn fraction(&mut self, span: Span) -> Result<Node, JsonError> {
        let text = self.document.text_at(span);
        if text.len() > 18 {
            let number = Decimal::parse(text).ok_or_else(|| self.error())?;
            self.canonical = self.canonical && number.to_string() == text;
            return Ok(Node::Decimal(span));
        }
        let number: f64 = text.parse().map_err(|_| self.error())?;
        if self.canonical && !is_plain_fraction(text) {
            let mut written = Buffer::default();
            let fits = write!(written, "{}", Number::Double(number)).is_ok();
            self.canonical = fits && written.as_str() == text;
        }
        Ok(Node::Double(number))
    }
}

/// Whether a fraction is surely written as it is read: up to 15 digits come back from a double, and from 10⁻³ up to
/// 10⁷ they are not written with an exponent.
fn is_plain_fraction(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let Some((whole, fraction)) = digits.split_once('.') else {
        return false;
    };
    let starts = match whole.as_bytes() {
        [b'0'] => !fraction.starts_with("000"),
        [first, ..] => *first != b'0' && whole.len() <= 7,
        [] => false,
    };
    let ends = fraction == "0" || !(fraction.is_empty() || fraction.ends_with('0'));
    starts && ends && digits.len() <= 16 && fraction.bytes().all(|byte| byte.is_ascii_digit())
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
