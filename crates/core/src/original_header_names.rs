//! The names of headers as the client spelled them.

use std::{borrow::Cow, fmt, sync::Arc};

use http::{HeaderName, Method, Request, Uri, header};

use crate::Context;

/// The names of a request's headers as the client spelled them, which [`http::HeaderMap`] keeps in lower case.
///
/// Whoever reads the bytes of a connection puts them into the request's extensions. From there on they are found through
/// [`Context::header_spelling`](crate::Context::header_spelling). Cloning is cheap. Values are not kept.
///
/// ```
/// use http::{Request, header::HOST};
/// use towergate_core::OriginalHeaderNames;
///
/// let bytes = b"GET /pets HTTP/1.1\r\nhOST: a.example\r\n\r\nwhat follows";
/// let request = Request::get("/pets").header(HOST, "a.example").body(())?;
/// let (names, rest) = OriginalHeaderNames::read(bytes, &request).expect("the same request");
/// assert_eq!(names.spelling(&HOST), Some("hOST"));
/// assert_eq!(rest, b"what follows");
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct OriginalHeaderNames {
    /// Each name with a line break behind it.
    lines: Arc<str>,
}

impl OriginalHeaderNames {
    /// Reads the names from bytes that begin with the head of an HTTP/1 request, and returns them with the bytes behind
    /// the head. Empty lines before the request line are skipped.
    ///
    /// Returns `None` if the head is not complete, or not that of `request`: if it has another method, another target or
    /// another number of headers.
    #[must_use]
    pub fn read<'b, B>(bytes: &'b [u8], request: &Request<B>) -> Option<(Self, &'b [u8])> {
        let (mut line, mut rest) = next_line(bytes)?;
        while line.is_empty() {
            (line, rest) = next_line(rest)?;
        }
        if !is_request_line(line, request.method(), request.uri()) {
            return None;
        }
        let mut names = String::with_capacity(32 * request.headers().len());
        let (mut count, mut has_length) = (0, false);
        loop {
            (line, rest) = next_line(rest)?;
            if line.is_empty() {
                break;
            }
            let name = name(line)?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            // One that says the same again is left out of the request.
            count += usize::from(!(is_length && has_length));
            has_length |= is_length;
            names.push_str(name);
            names.push('\n');
        }
        let lines = names.into();
        (count == request.headers().len()).then_some((Self { lines }, rest))
    }

    /// Returns how a header is spelled: as in the first line of that name.
    ///
    /// `Authorization` and `User-Agent` are spelled like this however the client did it (rest-api.md, section 4.4).
    #[must_use]
    pub fn spelling(&self, name: &HeaderName) -> Option<&str> {
        let spelling = self
            .iter()
            .find(|spelling| spelling.eq_ignore_ascii_case(name.as_str()))?;
        Some(match *name {
            header::AUTHORIZATION => "Authorization",
            header::USER_AGENT => "User-Agent",
            _ => spelling,
        })
    }

    /// Returns the names as the client spelled them, one for each header line.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.lines.split_terminator('\n')
    }

    /// Returns whether `spelling` is how the client spelled `name`, or API Gateway does. A header that the client did
    /// not send, but somebody on the way added, has every spelling.
    pub(crate) fn allows(&self, name: &HeaderName, spelling: &str) -> bool {
        self.spelling(name).is_none_or(|first| first == spelling)
            || self.iter().any(|other| other == spelling)
    }
}

impl fmt::Debug for OriginalHeaderNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Context {
    /// Returns how the client spelled the name of a header. Where that is not known, each of its words has a capital, as
    /// in `Content-Type`.
    #[must_use]
    pub fn header_spelling(&self, name: &HeaderName) -> Cow<'_, str> {
        let names = self.original_header_names();
        match names.and_then(|names| names.spelling(name)) {
            Some(spelling) => Cow::Borrowed(spelling),
            None => Cow::Owned(canonical(name)),
        }
    }

    /// Returns whether an expression that says `spelling` means the header `name`: the client must have spelled it so,
    /// as far as that is known.
    #[must_use]
    pub fn allows_spelling(&self, name: &HeaderName, spelling: &str) -> bool {
        let names = self.original_header_names();
        names.is_none_or(|names| names.allows(name, spelling))
    }
}

/// A name with a capital at the start of each of its words: `Content-Type`.
pub(crate) fn canonical(name: &HeaderName) -> String {
    let mut starts_word = true;
    let capitalized = |letter: char| {
        let starts = std::mem::replace(&mut starts_word, letter == '-');
        if starts {
            letter.to_ascii_uppercase()
        } else {
            letter
        }
    };
    name.as_str().chars().map(capitalized).collect()
}

/// The first line without its end, and what follows it.
fn next_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at_checked(end)?;
    Some((line.strip_suffix(b"\r").unwrap_or(line), rest.get(1..)?))
}

fn is_request_line(line: &[u8], method: &Method, uri: &Uri) -> bool {
    let Ok(line) = str::from_utf8(line) else {
        return false;
    };
    let mut words = line.split(' ');
    words.next() == Some(method.as_str())
        && words.next().is_some_and(|target| is_target(target, uri))
        && words
            .next()
            .is_some_and(|version| version.starts_with("HTTP/1."))
        && words.next().is_none()
}

fn is_target(target: &str, uri: &Uri) -> bool {
    let path_and_query = uri.path_and_query().map(http::uri::PathAndQuery::as_str);
    let is_origin_form = uri.authority().is_none() && path_and_query == Some(target);
    // Other forms are rare, and compared as they are read.
    is_origin_form || Uri::try_from(target).is_ok_and(|target| target == *uri)
}

/// The name in a header line.
fn name(line: &[u8]) -> Option<&str> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = line.get(..colon)?;
    let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    is_name.then(|| str::from_utf8(name).ok())?
}

#[cfg(test)]
mod tests;
