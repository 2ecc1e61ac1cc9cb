//! How Java prints fractions.

use std::fmt::{self, Write};

/// A short text that needs no memory of its own.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: [u8; 32],
    len: usize,
}

impl Buffer {
    pub(crate) fn as_str(&self) -> &str {
        let written = self.bytes.get(..self.len).unwrap_or_default();
        std::str::from_utf8(written).unwrap_or_default()
    }
}

impl Write for Buffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        let room = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// Writes the digits that Java prints of a double, in scientific notation: the fewest that tell it from its neighbours.
///
/// Java makes an exception for whole numbers from 2⁵⁴ up to 2⁶³: it rounds their decimal digits by a fixed number of
/// places, and so prints a digit more of some.
pub(super) fn write_double(f: &mut fmt::Formatter<'_>, value: f64) -> fmt::Result {
    /// The places that are rounded off, by the power of two above 2⁵⁴.
    const ROUNDED: [u32; 9] = [0, 0, 0, 0, 1, 1, 1, 2, 2];
    let mut digits = Buffer::default();
    let power = (value.to_bits() >> 52 & 0x7ff).checked_sub(1023 + 54);
    let places = power.and_then(|power| ROUNDED.get(usize::try_from(power).ok()?));
    match places {
        None => write!(digits, "{value:e}")?,
        Some(places) => {
            let unit = 10_u64.pow(*places);
            let rounded = (value.abs() as u64 + unit / 2) / unit;
            let mut whole = Buffer::default();
            write!(whole, "{rounded}")?;
            let exponent = whole.len - 1 + *places as usize;
            let sign = if value < 0.0 { "-" } else { "" };
            let (first, rest) = whole.as_str().split_at(1);
            match rest.trim_end_matches('0') {
                "" => write!(digits, "{sign}{first}e{exponent}")?,
                rest => write!(digits, "{sign}{first}.{rest}e{exponent}")?,
            }
        }
    }
    write(f, value, digits.as_str())
}

pub(super) fn write_float(f: &mut fmt::Formatter<'_>, value: f32) -> fmt::Result {
    let mut digits = Buffer::default();
    write!(digits, "{value:e}")?;
    write(f, value.into(), digits.as_str())
}

/// Writes a fraction as Java does: plainly from 10⁻³ up to 10⁷, always with a decimal point.
fn write(f: &mut fmt::Formatter<'_>, value: f64, scientific: &str) -> fmt::Result {
    if value.is_nan() {
        return f.write_str("NaN");
    }
    if value.is_infinite() {
        return f.write_str(if value > 0.0 { "Infinity" } else { "-Infinity" });
    }
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    if value != 0.0 && !(1e-3..1e7).contains(&value.abs()) {
        let point = if mantissa.contains('.') { "" } else { ".0" };
        return write!(f, "{mantissa}{point}E{exponent}");
    }
    let mantissa = match mantissa.strip_prefix('-') {
        Some(mantissa) => {
            f.write_str("-")?;
            mantissa
        }
        None => mantissa,
    };
    let (first, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    match usize::try_from(exponent) {
        // The point moves to the right, past digits and then past zeros.
        Ok(places) => {
            let (whole, fraction) = rest.split_at(places.min(rest.len()));
            let zeros = places - whole.len();
            let fraction = if fraction.is_empty() { "0" } else { fraction };
            write!(f, "{first}{whole}{:0>zeros$}.{fraction}", "")
        }
        Err(_) => {
            let zeros = usize::try_from(-exponent - 1).unwrap_or(0);
            write!(f, "0.{:0>zeros$}{first}{rest}", "")
        }
    }
}
