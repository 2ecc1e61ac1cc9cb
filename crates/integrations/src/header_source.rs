//! Where the value of a mapped header comes from.

use http::HeaderValue;

/// A header's value, or the mapping that yields it. The value of a static mapping is made once.
#[derive(Debug)]
pub(crate) enum HeaderSource<M> {
    Fixed(HeaderValue),
    Mapped(M),
}

impl<M> HeaderSource<M> {
    /// Creates the source of a mapping; `text` is its value if that is the same for every request.
    pub(crate) fn new(mapping: M, text: impl FnOnce(&M) -> Option<&str>) -> Self {
        let text = text(&mapping).filter(|text| !text.is_empty());
        match text.map(|text| HeaderValue::from_bytes(text.as_bytes())) {
            Some(Ok(value)) => Self::Fixed(value),
            _ => Self::Mapped(mapping),
        }
    }
}
