//! Where the body of a request ends in the bytes of its connection.

use http_body::Body;

/// The end of a chunked body.
const END: [u8; 4] = *b"\r\n\r\n";

const END_LENGTH: usize = END.len();

/// What is left of a body, as it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyFraming {
    /// So many bytes.
    Length(u64),
    /// Chunks, from a line on that states a size; so much was read of that.
    ChunkSize(u64),
    /// The rest of a line behind a size.
    ChunkExtension(u64),
    /// So many bytes of a chunk, its line break included.
    Chunk(u64),
    /// The trailers, which end as [`END`] does: so much of that was just read.
    Trailers(usize),
}

impl BodyFraming {
    /// Returns how a body is sent of which nothing was taken yet. One without a length is chunked.
    pub(super) fn of(body: &impl Body) -> Self {
        match body.size_hint().exact() {
            Some(length) => Self::Length(length),
            None => Self::ChunkSize(0),
        }
    }

    /// Skips what is of the body, and returns what follows it; `None` if the body goes on behind these bytes.
    ///
    /// hyper has the last word about what a chunked body is: of one that is none it takes no further request.
    pub(super) fn skip<'b>(&mut self, mut bytes: &'b [u8]) -> Option<&'b [u8]> {
        loop {
            *self = match *self {
                Self::Length(0) | Self::Trailers(END_LENGTH) => return Some(bytes),
                Self::Length(left) => Self::Length(left - skip_some(&mut bytes, left)?),
                Self::Chunk(0) => Self::ChunkSize(0),
                Self::Chunk(left) => Self::Chunk(left - skip_some(&mut bytes, left)?),
                Self::ChunkSize(size) => after_size(size, next(&mut bytes)?),
                Self::ChunkExtension(size) => match next(&mut bytes)? {
                    b'\n' => after_line(size),
                    _ => Self::ChunkExtension(size),
                },
                Self::Trailers(matched) => match (next(&mut bytes)?, END.get(matched)) {
                    (byte, Some(expected)) if byte == *expected => Self::Trailers(matched + 1),
                    (byte, _) => Self::Trailers(usize::from(byte == b'\r')),
                },
            }
        }
    }
}

/// Skips at most so many bytes, and returns how many; `None` if there is none.
fn skip_some(bytes: &mut &[u8], most: u64) -> Option<u64> {
    let count = usize::try_from(most).map_or(bytes.len(), |most| most.min(bytes.len()));
    *bytes = bytes.get(count..)?;
    (count > 0).then_some(count as u64)
}

fn next(bytes: &mut &[u8]) -> Option<u8> {
    let (byte, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*byte)
}

/// Goes on behind a byte of the line that states a size.
fn after_size(size: u64, byte: u8) -> BodyFraming {
    match char::from(byte).to_digit(16) {
        Some(digit) => BodyFraming::ChunkSize(size.saturating_mul(16).saturating_add(digit.into())),
        None if byte == b'\n' => after_line(size),
        None => BodyFraming::ChunkExtension(size),
    }
}

/// Goes on behind a line that states a size. None but the last chunk has size 0.
fn after_line(size: u64) -> BodyFraming {
    match size {
        // The line break behind the size counts as one half of the end.
        0 => BodyFraming::Trailers(END_LENGTH / 2),
        size => BodyFraming::Chunk(size.saturating_add(2)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_body_is_found_however_its_bytes_arrive() {
        use BodyFraming::{ChunkSize, Length};
        let cases: [(&str, BodyFraming, &str, Option<&str>); 17] = [
            ("no body", Length(0), "GET", Some("GET")),
            ("nothing at all", Length(0), "", Some("")),
            ("a length", Length(3), "abcGET", Some("GET")),
            ("a length and no more", Length(3), "abc", Some("")),
            ("half of a length", Length(3), "ab", None),
            ("no chunks", ChunkSize(0), "0\r\n\r\nGET", Some("GET")),
            (
                "chunks",
                ChunkSize(0),
                "3\r\nabc\r\n1A\r\n0\r\n\r\n56789012345678901234x\r\n0\r\n\r\nGET",
                Some("GET"),
            ),
            (
                "a fake end in a chunk",
                ChunkSize(0),
                "8\r\n\r\n0\r\n\r\nA\r\n0\r\n\r\nGET",
                Some("GET"),
            ),
            (
                "hexadecimal",
                ChunkSize(0),
                "0b\r\n01234567890\r\n000\r\n\r\nGET",
                Some("GET"),
            ),
            (
                "extensions",
                ChunkSize(0),
                "1;a=5\r\nx\r\n0 ;b\r\n\r\nGET",
                Some("GET"),
            ),
            (
                "spaces",
                ChunkSize(0),
                "1 \t\r\nx\r\n0\r\n\r\nGET",
                Some("GET"),
            ),
            (
                "trailers",
                ChunkSize(0),
                "0\r\na: b\r\nc: d\r\n\r\nGET",
                Some("GET"),
            ),
            (
                "a line feed in a trailer",
                ChunkSize(0),
                "0\r\na: \n\n\r\n\r\nGET",
                Some("GET"),
            ),
            ("cut in the end", ChunkSize(0), "0\r\n\r", None),
            ("cut in a trailer", ChunkSize(0), "0\r\na: b\r\n", None),
            ("cut in a size", ChunkSize(0), "1", None),
            (
                "more than there can be",
                ChunkSize(0),
                "fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
                None,
            ),
        ];
        for (name, framing, bytes, expected) in cases {
            let mut whole = framing;
            let rest = whole.skip(bytes.as_bytes());
            assert_eq!(rest, expected.map(str::as_bytes), "{name}");

            let mut single = framing;
            let mut taken = 0;
            let ended = bytes.as_bytes().chunks(1).any(|byte| {
                taken += 1;
                single.skip(byte).is_some()
            });
            if let Some(expected) = expected.filter(|_| framing != Length(0)) {
                assert_eq!(
                    (ended, taken),
                    (true, bytes.len() - expected.len()),
                    "{name}"
                );
            } else {
                assert_eq!(
                    (ended, single),
                    (framing == Length(0) && !bytes.is_empty(), whole),
                    "{name}"
                );
            }
        }
    }
}
