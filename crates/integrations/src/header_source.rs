//! Where the value of a mapped header comes from.

use std::borrow::Cow;

use http::HeaderValue;
use towergate_core::Rejection;

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

    /// Returns the value, `None` if there is nothing to map. What cannot stand in a header is refused with `invalid`.
    pub(crate) fn value<'v>(
        &'v self,
        evaluate: impl FnOnce(&'v M) -> Result<Option<Cow<'v, str>>, Rejection>,
        invalid: impl FnOnce() -> Rejection,
    ) -> Result<Option<HeaderValue>, Rejection> {
        let mapping = match self {
            Self::Fixed(value) => return Ok(Some(value.clone())),
            Self::Mapped(mapping) => mapping,
        };
        let Some(text) = evaluate(mapping)? else {
            return Ok(None);
        };
        let value = HeaderValue::from_bytes(text.as_bytes());
        value.map(Some).map_err(|_| invalid())
    }
}
