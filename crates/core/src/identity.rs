//! Who calls.

use std::{collections::BTreeMap, fmt};

/// Who calls, as far as authorizers found out: the `identity.*` and `authorizer.*` of `$context`.
///
/// The API key has a place of its own, [`ApiKeyInfo`](crate::ApiKeyInfo). What the connection itself tells
/// (`identity.sourceIp`, `identity.userAgent`) is the [`Context`](crate::Context)'s.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// `identity.accessKey`: the access key that signed the request.
    pub access_key: Option<String>,
    /// `identity.accountId`: the caller's account.
    pub account_id: Option<String>,
    /// `identity.caller`: the principal that signed the request.
    pub caller: Option<String>,
    /// `identity.user`: the user that signed the request.
    pub user: Option<String>,
    /// `identity.userArn`: the ARN of that user.
    pub user_arn: Option<String>,
    /// `identity.principalOrgId`: the organization of that user.
    pub principal_org_id: Option<String>,
    /// `identity.cognitoIdentityId`: the identity of a Cognito identity pool.
    pub cognito_identity_id: Option<String>,
    /// `identity.cognitoIdentityPoolId`: the pool of that identity.
    pub cognito_identity_pool_id: Option<String>,
    /// `identity.cognitoAuthenticationType`: whether that identity is authenticated.
    pub cognito_authentication_type: Option<String>,
    /// `identity.cognitoAuthenticationProvider`: who authenticated that identity.
    pub cognito_authentication_provider: Option<String>,
    /// `authorizer.principalId`: the principal that a Lambda authorizer or a token names.
    pub principal_id: Option<String>,
    /// The API key that the authorizer names, for APIs whose keys come from there: `usageIdentifierKey`. No variable
    /// shows it.
    pub usage_identifier_key: Option<String>,
    /// `authorizer.KEY`: what the authorizer added; claims are under `claims.NAME`.
    pub authorizer: BTreeMap<String, String>,
}

impl fmt::Debug for Identity {
    /// Names the principals and the keys of the authorizer's additions; values stay hidden.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("principal_id", &self.principal_id)
            .field("user_arn", &self.user_arn)
            .field("authorizer", &self.authorizer.keys())
            .finish_non_exhaustive()
    }
}
