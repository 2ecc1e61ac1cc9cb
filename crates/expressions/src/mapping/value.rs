//! What a mapping yields.

use std::borrow::Cow;

/// The value or values of a mapping. There is at least one, and a sole one is not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappedValue<'a> {
    /// One value.
    One(Cow<'a, str>),
    /// The values of a parameter that was given several times, in order.
    Several(Vec<Cow<'a, str>>),
}

impl<'a> MappedValue<'a> {
    /// Drops what is missing or empty.
    pub(super) fn one(value: Option<Cow<'a, str>>) -> Option<Self> {
        value.filter(|value| !value.is_empty()).map(Self::One)
    }

    pub(super) fn several(mut values: impl Iterator<Item = &'a str>) -> Option<Self> {
        let first = Cow::Borrowed(values.next()?);
        match values.next() {
            None => Self::one(Some(first)),
            Some(second) => {
                let rest = values.map(Cow::Borrowed);
                Some(Self::Several(
                    [first, Cow::Borrowed(second)]
                        .into_iter()
                        .chain(rest)
                        .collect(),
                ))
            }
        }
    }

    /// Returns the values, one after the other: as a repeated query parameter has them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let values = match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Several(values) => values,
        };
        values.iter().map(|value| &**value)
    }

    /// Returns the values as one text, joined by commas: as a header or a path parameter has them.
    #[must_use]
    pub fn into_joined(self) -> Cow<'a, str> {
        match self {
            Self::One(value) => value,
            Self::Several(values) => Cow::Owned(values.join(",")),
        }
    }
}
