//! Where the token is in a header.

/// Returns the token in the value of a header: the whole value, or what follows `Bearer` and one space. The scheme is
/// compared without case. `None` if nothing is there.
///
/// ```
/// use towergate_authorizers::jwt::bearer_token;
///
/// assert_eq!(bearer_token("bearer a.b.c"), Some("a.b.c"));
/// assert_eq!(bearer_token("a.b.c"), Some("a.b.c"));
/// assert_eq!(bearer_token("Bearer "), None);
/// ```
#[must_use]
pub fn bearer_token(value: &str) -> Option<&str> {
    let token = match value.split_at_checked("Bearer".len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("Bearer") => {
            match rest.strip_prefix(' ') {
                Some(token) => token,
                // A server trims the space of an empty token.
                None if rest.is_empty() => rest,
                None => value,
            }
        }
        _ => value,
    };
    Some(token).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_with_or_without_its_scheme() {
        let cases = [
            ("", None),
            ("Bearer", None),
            ("Bearer ", None),
            ("Bearer a.b.c", Some("a.b.c")),
            ("BEARER a.b.c", Some("a.b.c")),
            ("Bearer  a.b.c", Some(" a.b.c")),
            ("a.b.c", Some("a.b.c")),
            ("Bearera.b.c", Some("Bearera.b.c")),
            ("Basic a.b.c", Some("Basic a.b.c")),
            ("Beäre a.b.c", Some("Beäre a.b.c")),
        ];
        for (value, expected) in cases {
            assert_eq!(bearer_token(value), expected, "{value:?}");
        }
    }
}
