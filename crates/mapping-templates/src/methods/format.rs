//! `String.format`.

use crate::{
    render::{Render, Result, throw},
    value::{ListKind, Number, Value, from_utf16, utf16_len},
};

/// What stands between a `%` and its conversion.
#[derive(Debug, Clone, Copy)]
struct Options<'f> {
    flags: &'f str,
    width: usize,
    precision: Option<usize>,
}

impl Options<'_> {
    fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }
}

/// Splits `1$-8.2` into the argument's index, which may be `<` for the one before, and the rest.
fn parse(text: &str) -> Option<(Option<&str>, Options<'_>)> {
    let (index, text) = match text.split_once('$') {
        Some((index, text)) => (Some(index), text),
        None => match text.strip_prefix('<') {
            Some(text) => (Some("<"), text),
            None => (None, text),
        },
    };
    let is_size = |c: char| !"-+ 0,#(".contains(c);
    let (flags, sizes) = text.split_at(text.find(is_size).unwrap_or(text.len()));
    let (width, precision) = match sizes.split_once('.') {
        Some((width, precision)) => (width, Some(precision.parse().ok()?)),
        None => (sizes, None),
    };
    let options = Options {
        flags,
        width: if width.is_empty() {
            0
        } else {
            width.parse().ok()?
        },
        precision,
    };
    let needs_width = options.has('-') || options.has('0');
    (options.width > 0 || !needs_width).then_some((index, options))
}

impl Render<'_> {
    pub(super) fn format(&mut self, format: &str, values: &[Value]) -> Result<String> {
        let values = match values {
            [Value::List(list)] if list.kind() == ListKind::Array => {
                self.spend(list.len())?;
                list.to_vec()
            }
            values => values.to_vec(),
        };
        let (mut ordinary, mut previous) = (0, None);
        let mut out = String::new();
        let mut rest = format;
        while let Some((before, from)) = rest.split_once('%') {
            out.push_str(before);
            let end = from.find(|c: char| c.is_ascii_alphabetic() || c == '%');
            let parsed = end.and_then(|end| Some((end, parse(from.get(..end)?)?)));
            let Some((end, (index, options))) = parsed else {
                return throw(format!("`{format}` has a `%` without a conversion"));
            };
            let conversion = from.as_bytes().get(end).copied().unwrap_or(b'%');
            rest = from.get(end + 1..).unwrap_or_default();
            self.spend_text(options.width.max(options.precision.unwrap_or(0)))?;
            match conversion {
                b'%' => out.push_str(&padded("%".to_owned(), options)),
                b'n' => out.push('\n'),
                _ => {
                    let index = match index {
                        None => {
                            ordinary += 1;
                            Some(ordinary - 1)
                        }
                        Some("<") => previous,
                        Some(index) => index
                            .parse()
                            .ok()
                            .and_then(|index: usize| index.checked_sub(1)),
                    };
                    let Some(value) = index.and_then(|index| values.get(index)) else {
                        return throw(format!("`{format}` has more conversions than values"));
                    };
                    previous = index;
                    let converted = self.convert(options, conversion, value)?;
                    out.push_str(&converted);
                }
            }
            self.spend_text(out.len() / 16)?;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn convert(&mut self, options: Options<'_>, conversion: u8, value: &Value) -> Result<String> {
        let text = match (conversion.to_ascii_lowercase(), value) {
            (b's', value) => {
                let text = self.printed(value)?.unwrap_or_else(|| "null".to_owned());
                cut(text, options)
            }
            (b'b', Value::Bool(value)) => cut(value.to_string(), options),
            (b'b', value) => cut((!value.is_null()).to_string(), options),
            (b'c' | b'd' | b'x' | b'o' | b'f' | b'e' | b'g', Value::Null) => "null".to_owned(),
            (b'c', Value::Char(unit)) => from_utf16(&[*unit]),
            (b'd', Value::Number(number)) if number.is_integer() => {
                return Ok(signed(number.to_string(), options));
            }
            (b'x', Value::Number(Number::Int(value))) => format!("{value:x}"),
            (b'x', Value::Number(Number::Long(value))) => format!("{value:x}"),
            (b'x', Value::Number(Number::Big(value))) => format!("{:x}", **value),
            (b'o', Value::Number(Number::Int(value))) => format!("{value:o}"),
            (b'o', Value::Number(Number::Long(value))) => format!("{value:o}"),
            (
                b'f' | b'e' | b'g',
                Value::Number(number @ (Number::Double(_) | Number::Float(_))),
            ) => {
                let number = decimal(number, conversion.to_ascii_lowercase(), options.precision);
                let number = match conversion.is_ascii_uppercase() {
                    true => number.to_uppercase(),
                    false => number,
                };
                return Ok(signed(number, options));
            }
            _ => return throw("a value does not fit its conversion"),
        };
        let text = match conversion.is_ascii_uppercase() {
            true => text.to_uppercase(),
            false => text,
        };
        Ok(padded(text, options))
    }
}

fn cut(text: String, options: Options<'_>) -> String {
    match options.precision {
        Some(precision) => text.chars().take(precision).collect(),
        None => text,
    }
}

/// Fills a text up to the width, which counts UTF-16 units.
fn padded(text: String, options: Options<'_>) -> String {
    let missing = options.width.saturating_sub(utf16_len(&text));
    match options.has('-') {
        true => text + &" ".repeat(missing),
        false => " ".repeat(missing) + &text,
    }
}

/// A number with its sign, groups and zeros.
fn signed(number: String, options: Options<'_>) -> String {
    let (is_negative, digits) = match number.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, number.as_str()),
    };
    let (before, after) = match is_negative {
        true if options.has('(') => ("(", ")"),
        true => ("-", ""),
        false if options.has('+') => ("+", ""),
        false if options.has(' ') => (" ", ""),
        false => ("", ""),
    };
    let digits = match options.has(',') {
        true => grouped(digits),
        false => digits.to_owned(),
    };
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit());
    if options.has('0') && is_number {
        // A width of Rust's own formats has 16 bits.
        let missing = options
            .width
            .saturating_sub(before.len() + digits.len() + after.len());
        return format!("{before}{}{digits}{after}", "0".repeat(missing));
    }
    let flags = if options.has('-') { "-" } else { "" };
    padded(
        format!("{before}{digits}{after}"),
        Options { flags, ..options },
    )
}

/// Digits with a comma before each group of three.
fn grouped(digits: &str) -> String {
    let end = digits.find(|c: char| !c.is_ascii_digit());
    let (whole, rest) = digits.split_at(end.unwrap_or(digits.len()));
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

/// The shortest digits that stand for a number, and where the point is among them.
struct Digits {
    digits: Vec<u8>,
    point: i64,
}

impl Digits {
    fn of(number: &Number) -> Self {
        let shortest = match number {
            Number::Float(value) => format!("{:e}", value.abs()),
            number => format!("{:e}", number.to_f64().abs()),
        };
        let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
        Self {
            digits: mantissa.bytes().filter(|byte| *byte != b'.').collect(),
            point: exponent.parse::<i64>().unwrap_or(0) + 1,
        }
    }

    /// Keeps so many digits; from five on the last one is rounded up.
    fn round(&mut self, kept: i64) {
        let Ok(kept) = usize::try_from(kept) else {
            self.digits.clear();
            return;
        };
        let is_up = self.digits.get(kept).is_some_and(|digit| *digit >= b'5');
        self.digits.truncate(kept);
        if !is_up {
            return;
        }
        while self.digits.last() == Some(&b'9') {
            self.digits.pop();
        }
        match self.digits.last_mut() {
            Some(last) => *last += 1,
            None => {
                self.digits.push(b'1');
                self.point += 1;
            }
        }
    }

    fn digit(&self, index: i64) -> char {
        let digit = usize::try_from(index)
            .ok()
            .and_then(|index| self.digits.get(index));
        digit.copied().unwrap_or(b'0').into()
    }

    fn push(&self, from: i64, count: usize, out: &mut String) {
        out.extend((from..).take(count).map(|index| self.digit(index)));
    }
}

/// Java rounds the shortest digits, not the exact value.
fn decimal(number: &Number, conversion: u8, precision: Option<usize>) -> String {
    let value = number.to_f64();
    let mut out = String::from(if value.is_sign_negative() { "-" } else { "" });
    if !value.is_finite() {
        return number.to_string();
    }
    let mut digits = Digits::of(number);
    let mut places = precision.unwrap_or(6);
    let mut conversion = conversion;
    if conversion == b'g' {
        let significant = places.max(1);
        digits.round(i64::try_from(significant).unwrap_or(i64::MAX));
        let whole = usize::try_from(digits.point).unwrap_or(0);
        if value == 0.0 || (digits.point > -4 && whole <= significant) {
            let zeros = usize::try_from(-digits.point).unwrap_or(0);
            places = (significant + zeros).saturating_sub(whole);
            conversion = b'f';
        } else {
            places = significant - 1;
            conversion = b'e';
        }
    }
    let behind = i64::try_from(places).unwrap_or(i64::MAX);
    if conversion == b'f' {
        digits.round(digits.point.saturating_add(behind));
        let whole = usize::try_from(digits.point).unwrap_or(0).max(1);
        digits.push(digits.point.min(1) - 1, whole, &mut out);
    } else {
        digits.round(behind.saturating_add(1));
        digits.push(0, 1, &mut out);
    }
    if places > 0 {
        out.push('.');
        let from = if conversion == b'f' { digits.point } else { 1 };
        digits.push(from, places, &mut out);
    }
    if conversion == b'e' {
        let exponent = if value == 0.0 { 0 } else { digits.point - 1 };
        let sign = if exponent < 0 { '-' } else { '+' };
        out.push_str(&format!("e{sign}{:02}", exponent.abs()));
    }
    out
}
