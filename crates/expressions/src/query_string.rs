//! Query strings, read and written as form data.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What a value keeps when it is appended to a query: the characters that RFC 3986 calls unreserved.
const ENCODED_IN_VALUES: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The parameters of a query string, in order, decoded once and borrowed where nothing had to be decoded.
///
/// `+` is a space, `;` separates as `&` does, a parameter without `=` has the empty value. A `%` that starts no
/// escape stays as it is, and bytes that are not UTF-8 become U+FFFD.
///
/// # Examples
///
/// ```
/// use towergate_expressions::QueryString;
///
/// let query = QueryString::parse("tag=a&tag=b+c&page=%2B1");
/// assert_eq!(query.last("tag"), Some("b c"));
/// assert_eq!(query.all("tag").collect::<Vec<_>>(), ["a", "b c"]);
/// assert_eq!(query.last("page"), Some("+1"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryString<'a> {
    parameters: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> QueryString<'a> {
    /// Parses what stands after the `?` of a URI. It takes memory in proportion to `raw`, whose length the caller
    /// bounds.
    #[must_use]
    pub fn parse(raw: &'a str) -> Self {
        let parameters = raw
            .split(['&', ';'])
            .filter(|parameter| !parameter.is_empty())
            .map(|parameter| {
                let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
                (decode(name), decode(value))
            })
            .collect();
        Self { parameters }
    }

    /// Returns the last value of `name`. Names are matched with regard to case.
    #[must_use]
    pub fn last(&self, name: &str) -> Option<&str> {
        let named = |(key, _): &&(Cow<'a, str>, _)| key == name;
        self.parameters
            .iter()
            .rev()
            .find(named)
            .map(|(_, value)| &**value)
    }

    /// Returns all values of `name`, in order.
    pub fn all(&self, name: &str) -> impl DoubleEndedIterator<Item = &str> {
        self.iter()
            .filter_map(move |(key, value)| (key == name).then_some(value))
    }

    /// Returns the parameters, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> + ExactSizeIterator {
        self.parameters
            .iter()
            .map(|(name, value)| (&**name, &**value))
    }

    /// Returns how many parameters there are, counting repeated ones each time.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parameters.len()
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parameters.is_empty()
    }

    /// Appends a parameter to the text of a query, with a `&` if there is something before it.
    ///
    /// All but letters, digits and `-._~` is percent-encoded; a space becomes `%20`.
    ///
    /// ```
    /// # use towergate_expressions::QueryString;
    /// let mut query = String::from("a=1");
    /// QueryString::append("b", "x & y", &mut query);
    /// assert_eq!(query, "a=1&b=x%20%26%20y");
    /// ```
    pub fn append(name: &str, value: &str, query: &mut String) {
        if !query.is_empty() && !query.ends_with('&') {
            query.push('&');
        }
        query.extend(utf8_percent_encode(name, ENCODED_IN_VALUES));
        query.push('=');
        query.extend(utf8_percent_encode(value, ENCODED_IN_VALUES));
    }
}

fn decode(raw: &str) -> Cow<'_, str> {
    if !raw.contains(['%', '+']) {
        return Cow::Borrowed(raw);
    }
    let spaced = raw.replace('+', " ");
    Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn queries_are_decoded_as_form_data_in_order() {
        let cases: [(&str, &[(&str, &str)]); 13] = [
            ("", &[]),
            ("&&;", &[]),
            ("a=1", &[("a", "1")]),
            ("a", &[("a", "")]),
            ("a=", &[("a", "")]),
            ("=1", &[("", "1")]),
            ("a=1=2", &[("a", "1=2")]),
            ("b=1&a=2;b=3", &[("b", "1"), ("a", "2"), ("b", "3")]),
            ("a+b=c+d", &[("a b", "c d")]),
            ("a=%2B%20%c3%a9", &[("a", "+ é")]),
            ("a%3D=%26", &[("a=", "&")]),
            (
                "a=100%&b=%zz&c=%4",
                &[("a", "100%"), ("b", "%zz"), ("c", "%4")],
            ),
            ("a=%ff", &[("a", "\u{fffd}")]),
        ];
        for (raw, expected) in cases {
            let query = QueryString::parse(raw);
            assert_eq!(query.iter().collect::<Vec<_>>(), expected, "{raw}");
            assert_eq!(
                (query.len(), query.is_empty()),
                (expected.len(), expected.is_empty()),
                "{raw}"
            );
        }
    }

    #[test]
    fn a_name_has_its_last_value_or_all_of_them() {
        let query = QueryString::parse("a=1&A=2&a=3");
        assert_eq!(
            (query.last("a"), query.last("A"), query.last("b")),
            (Some("3"), Some("2"), None)
        );
        assert_eq!(query.all("a").collect::<Vec<_>>(), ["1", "3"]);
    }

    #[test]
    fn plain_parameters_are_borrowed() {
        let query = QueryString::parse("plain=value");
        assert!(matches!(
            query.parameters[..],
            [(Cow::Borrowed(_), Cow::Borrowed(_))]
        ));
    }

    proptest! {
        #[test]
        fn what_is_appended_is_read_back(parameters in prop::collection::vec((".{0,8}", ".{0,8}"), 0..4)) {
            let mut query = String::new();
            for (name, value) in &parameters {
                QueryString::append(name, value, &mut query);
            }
            let read = QueryString::parse(&query);
            let written: Vec<_> = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            prop_assert_eq!(read.iter().collect::<Vec<_>>(), written);
        }
    }
}
