//! Amazon Cognito user pools as issuers of tokens.

use std::{str::FromStr, sync::Arc};

use serde_json::Value;
use towergate_core::{Clock, Timestamp};
use towergate_expressions::SelectionPattern;

use super::{
    Issuer, IssuerKeys, JwtVerifier, JwtVerifierBuilder, JwtVerifierError, TokenError,
    VerifiedToken,
};
use crate::keys::Algorithm;

/// A user pool, by its ARN: `arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEfGhI`.
///
/// ```
/// use towergate_authorizers::jwt::UserPool;
///
/// let pool: UserPool = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEfGhI".parse()?;
/// assert_eq!(pool.issuer(), "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI");
/// # Ok::<(), towergate_authorizers::jwt::UserPoolError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPool {
    issuer: String,
}

impl UserPool {
    /// Returns the `iss` of the pool's tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns where the pool publishes its keys.
    #[must_use]
    pub fn key_set_url(&self) -> String {
        format!("{}/.well-known/jwks.json", self.issuer)
    }
}

impl FromStr for UserPool {
    type Err = UserPoolError;

    fn from_str(arn: &str) -> Result<Self, UserPoolError> {
        let error = || UserPoolError(arn.to_owned());
        let parts: Vec<_> = arn.split(':').collect();
        let ["arn", partition, "cognito-idp", region, account, resource] = *parts.as_slice() else {
            return Err(error());
        };
        let domain = match partition {
            "aws" | "aws-us-gov" => "amazonaws.com",
            "aws-cn" => "amazonaws.com.cn",
            _ => return Err(error()),
        };
        let pool = resource.strip_prefix("userpool/").ok_or_else(error)?;
        let is_name = |text: &str, more: &[u8]| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
        };
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        if !is_account || !is_name(region, b"-") || !is_name(pool, b"-_") {
            return Err(error());
        }
        let issuer = format!("https://cognito-idp.{region}.{domain}/{pool}");
        Ok(Self { issuer })
    }
}

/// A text that is no user pool's ARN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no ARN of a user pool")]
pub struct UserPoolError(String);

/// Decides whether tokens of user pools count: an Amazon Cognito authorizer of a REST API.
///
/// A method without scopes takes ID tokens; a method with scopes takes access tokens that have one of them.
#[derive(Debug)]
pub struct CognitoVerifier {
    verifier: JwtVerifier,
    audience: Option<SelectionPattern>,
}

impl CognitoVerifier {
    /// Creates a verifier of the tokens of these pools, each with where its keys come from.
    ///
    /// # Errors
    ///
    /// Returns a [`JwtVerifierError`] if there is no pool, one is there twice, or there are more than 10.
    pub fn new<K: Into<IssuerKeys>>(
        pools: impl IntoIterator<Item = (UserPool, K)>,
    ) -> Result<Self, JwtVerifierError> {
        let add = |builder: JwtVerifierBuilder, (pool, keys): (UserPool, K)| {
            builder.issuer(Issuer::new(pool.issuer, keys).any_audience())
        };
        let builder = JwtVerifier::builder().algorithms([Algorithm::Rs256]);
        Ok(Self {
            verifier: pools.into_iter().fold(builder, add).build()?,
            audience: None,
        })
    }

    /// Demands that the whole `aud` matches `pattern`: the authorizer's `identityValidationExpression`. Access tokens have
    /// no `aud`, so they no longer count.
    #[must_use]
    pub fn with_validation_expression(mut self, pattern: SelectionPattern) -> Self {
        self.audience = Some(pattern);
        self
    }

    /// Decides at once; `None` if keys must be fetched first, and [`verify`](Self::verify) is to be asked.
    #[must_use]
    pub fn verify_now(
        &self,
        token: &str,
        method_scopes: &[impl AsRef<str>],
        now: Timestamp,
    ) -> Option<Result<Arc<VerifiedToken>, TokenError>> {
        let outcome = self.verifier.verify_now(token, now)?;
        Some(outcome.and_then(|verified| self.check(verified, method_scopes)))
    }

    /// Decides, and waits for keys if they must be fetched first.
    ///
    /// # Errors
    ///
    /// Returns a [`TokenError`] if the token counts for nothing on a method with these scopes.
    ///
    /// # Cancel safety
    ///
    /// The future may be dropped; others who wait for the same keys still get them.
    pub async fn verify(
        &self,
        token: &str,
        method_scopes: &[impl AsRef<str>],
        clock: &dyn Clock,
    ) -> Result<Arc<VerifiedToken>, TokenError> {
        let verified = self.verifier.verify(token, clock).await?;
        self.check(verified, method_scopes)
    }

    fn check(
        &self,
        verified: Arc<VerifiedToken>,
        method_scopes: &[impl AsRef<str>],
    ) -> Result<Arc<VerifiedToken>, TokenError> {
        let claim = |name| verified.claims().get(name).and_then(Value::as_str);
        let wanted = if method_scopes.is_empty() {
            "id"
        } else {
            "access"
        };
        if claim("token_use") != Some(wanted) {
            return Err(TokenError::Use);
        }
        let matches = |pattern: &SelectionPattern| {
            claim("aud").is_some_and(|audience| pattern.matches(audience))
        };
        if !self.audience.as_ref().is_none_or(matches) {
            return Err(TokenError::Audience);
        }
        verified.check_scopes(method_scopes)?;
        Ok(verified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_is_told_by_its_arn() {
        let pool = |arn: &str| arn.parse::<UserPool>().ok().map(|pool| pool.issuer);
        let cases = [
            (
                "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_a1B2c3",
                Some("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a1B2c3"),
            ),
            (
                "arn:aws-cn:cognito-idp:cn-north-1:123456789012:userpool/cn-north-1_a",
                Some("https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_a"),
            ),
            ("arn:aws:cognito-idp:eu-west-1:123456789012:userpool/", None),
            ("arn:aws:cognito-idp::123456789012:userpool/a", None),
            ("arn:aws:cognito-idp:x:12345678901:userpool/a", None),
            ("arn:aws:cognito-idp:x:123456789012:userpool/a/b", None),
            (
                "arn:aws:cognito-idp:x.evil.example/:123456789012:userpool/a",
                None,
            ),
            ("arn:aws:cognito-idp:x:123456789012:userpool/a:b", None),
            ("arn:aws:cognito-identity:x:123456789012:userpool/a", None),
            ("arn:other:cognito-idp:x:123456789012:userpool/a", None),
            ("", None),
        ];
        for (arn, expected) in cases {
            assert_eq!(pool(arn).as_deref(), expected, "{arn}");
        }
    }
}
