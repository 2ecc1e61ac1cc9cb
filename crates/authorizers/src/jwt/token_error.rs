//! Why a token counts for nothing, and what each kind of API says to that.

use std::borrow::Cow;

use http::HeaderValue;
use towergate_core::{Rejection, ResponseType, Step};

use super::JwtStyle;
use crate::keys::KeysUnavailable;

/// Why a token counts for nothing. No variant holds any of it but the name of its algorithm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The algorithm, if it is named legibly, is unknown or not allowed.
    #[error("{}", algorithm_text(.0.as_deref()))]
    Algorithm(Option<Box<str>>),
    /// `aud`, or `client_id` in its stead, is none of the audiences.
    #[error("the token does not have a valid audience")]
    Audience,
    /// A claim that is demanded besides is missing or has another value.
    #[error("the claim `{0}` does not match")]
    Claim(Box<str>),
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `iss` is no issuer's name.
    #[error("issuer does not match")]
    Issuer,
    /// `kid` is missing, or there is no such key, or it is not one for the algorithm.
    #[error("unable to find a matching key")]
    Key,
    /// There are no keys to check the signature with.
    #[error("{}", keys_text(.0))]
    Keys(KeysUnavailable),
    /// The named part cannot be read, or asks for what is not supported.
    #[error("the {0} of the token is malformed")]
    Malformed(&'static str),
    /// There is no token.
    #[error("there is no token")]
    Missing,
    /// `nbf` or `iat` lies ahead.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// The token has none of the scopes that are asked for.
    #[error("the token has none of the scopes")]
    Scope,
    /// The token is not three segments with dots in between.
    #[error("token contains an invalid number of segments")]
    Segments,
    /// Somebody else signed the token, or it was changed.
    #[error("the token signature is invalid")]
    Signature,
    /// The named claim is no time, or is missing and must be there.
    #[error("the claim `{0}` is not a time")]
    Time(&'static str),
    /// The token is longer than 16 KiB.
    #[error("the token is too long")]
    TooLong,
    /// `token_use` is not the kind of token that the method takes.
    #[error("the token is not of the kind that is asked for")]
    Use,
}

impl TokenError {
    /// Returns how an API of this kind refuses the request. What is wrong with the token is its
    /// [detail](Rejection::detail).
    #[must_use]
    pub fn rejection(&self, style: JwtStyle) -> Rejection {
        let refuse = |response_type| Rejection::new(response_type, Step::Authorizer);
        let rejection = match (style, self) {
            (JwtStyle::Cognito | JwtStyle::RestJwt, Self::Keys(_)) => {
                refuse(ResponseType::AuthorizerFailure)
            }
            (JwtStyle::Cognito, Self::Expired) => {
                refuse(ResponseType::Unauthorized).with_message("The incoming token has expired")
            }
            (JwtStyle::HttpApi | JwtStyle::RestJwt, Self::Scope) => {
                refuse(ResponseType::AccessDenied).with_message("Forbidden")
            }
            _ => refuse(ResponseType::Unauthorized),
        };
        rejection.with_detail(self.detail())
    }

    /// Returns the header `www-authenticate` of an HTTP API's refusal on a route with these scopes.
    ///
    /// ```
    /// use towergate_authorizers::jwt::TokenError;
    ///
    /// assert_eq!(TokenError::Missing.www_authenticate(&["read"]), "Bearer");
    /// assert_eq!(
    ///     TokenError::Issuer.www_authenticate(&["read"]),
    ///     r#"Bearer scope="" error="invalid_token" error_description="issuer does not match""#
    /// );
    /// assert_eq!(
    ///     TokenError::Scope.www_authenticate(&["read", "write"]),
    ///     r#"Bearer scope="read write" error="insufficient_scope""#
    /// );
    /// ```
    #[must_use]
    pub fn www_authenticate(&self, route_scopes: &[impl AsRef<str>]) -> HeaderValue {
        let text = match self {
            Self::Missing => return HeaderValue::from_static("Bearer"),
            Self::Scope => {
                let scopes: Vec<_> = route_scopes.iter().map(AsRef::as_ref).collect();
                let scopes = quotable(&scopes.join(" "));
                format!(r#"Bearer scope="{scopes}" error="insufficient_scope""#)
            }
            _ => {
                let description = quotable(&self.to_string());
                format!(
                    r#"Bearer scope="" error="invalid_token" error_description="{description}""#
                )
            }
        };
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("Bearer"))
    }

    /// The text, and for keys what the client is not told.
    fn detail(&self) -> String {
        match self {
            Self::Keys(cause) => format!("{self}: {cause}"),
            _ => self.to_string(),
        }
    }
}

fn algorithm_text(name: Option<&str>) -> Cow<'static, str> {
    match name {
        Some(name) => format!("signing method {name} is invalid").into(),
        None => "signing method is invalid".into(),
    }
}

fn keys_text(cause: &KeysUnavailable) -> &'static str {
    match cause {
        KeysUnavailable::Discovery(_) => "OIDC discovery endpoint communication error",
        KeysUnavailable::KeySet(_) => "JWKS communication error",
    }
}

/// Leaves out what cannot stand between quotes in a header (RFC 6750, section 3).
fn quotable(text: &str) -> String {
    text.chars()
        .filter(|character| matches!(character, ' '..='~') && !matches!(character, '"' | '\\'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_api_has_its_own_answers() {
        let keys = || TokenError::Keys(KeysUnavailable::KeySet("down".into()));
        let unauthorized = (401, Some("Unauthorized"));
        let cases = [
            (JwtStyle::HttpApi, TokenError::Missing, unauthorized),
            (JwtStyle::HttpApi, TokenError::Expired, unauthorized),
            (JwtStyle::HttpApi, keys(), unauthorized),
            (
                JwtStyle::HttpApi,
                TokenError::Scope,
                (403, Some("Forbidden")),
            ),
            (JwtStyle::RestJwt, TokenError::Missing, unauthorized),
            (JwtStyle::RestJwt, TokenError::Expired, unauthorized),
            (JwtStyle::RestJwt, keys(), (500, None)),
            (
                JwtStyle::RestJwt,
                TokenError::Scope,
                (403, Some("Forbidden")),
            ),
            (JwtStyle::Cognito, TokenError::Missing, unauthorized),
            (
                JwtStyle::Cognito,
                TokenError::Expired,
                (401, Some("The incoming token has expired")),
            ),
            (JwtStyle::Cognito, keys(), (500, None)),
            (JwtStyle::Cognito, TokenError::Scope, unauthorized),
            (JwtStyle::Cognito, TokenError::Use, unauthorized),
        ];
        for (style, error, expected) in cases {
            let rejection = error.rejection(style);
            let found = (rejection.status().as_u16(), rejection.message());
            assert_eq!(found, expected, "{style:?} {error:?}");
            assert!(rejection.detail().is_some(), "{style:?} {error:?}");
        }
    }

    #[test]
    fn descriptions_are_those_of_api_gateway() {
        let cases = [
            (
                TokenError::Segments,
                "token contains an invalid number of segments",
            ),
            (
                TokenError::Algorithm(Some("ES256".into())),
                "signing method ES256 is invalid",
            ),
            (
                TokenError::Audience,
                "the token does not have a valid audience",
            ),
            (TokenError::Expired, "the token has expired"),
            (TokenError::NotYetValid, "the token is not valid yet"),
            (TokenError::Signature, "the token signature is invalid"),
            (TokenError::Key, "unable to find a matching key"),
            (
                TokenError::Keys(KeysUnavailable::Discovery("x".into())),
                "OIDC discovery endpoint communication error",
            ),
            (
                TokenError::Keys(KeysUnavailable::KeySet("x".into())),
                "JWKS communication error",
            ),
        ];
        for (error, expected) in cases {
            let expected =
                format!(r#"Bearer scope="" error="invalid_token" error_description="{expected}""#);
            assert_eq!(error.www_authenticate(&[""; 0]), expected, "{error:?}");
        }
        let scopes = ["a\"b\r\nx: y", "ü\\"];
        assert_eq!(
            TokenError::Scope.www_authenticate(&scopes),
            r#"Bearer scope="abx: y " error="insufficient_scope""#
        );
    }
}
