//! The ARN of an API, and those of its methods.

use std::fmt;

/// The ARN that the ARNs of an API's stages, methods and routes begin with.
///
/// ```
/// use towergate_authorizers::policy::ApiArn;
///
/// let api = ApiArn::new("us-east-1", "123456789012", "a1b2c3");
/// assert_eq!(
///     api.method("prod", "GET", "/pets/7"),
///     "arn:aws:execute-api:us-east-1:123456789012:a1b2c3/prod/GET/pets/7"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiArn {
    arn: Box<str>,
    account_start: usize,
    account_end: usize,
}

impl ApiArn {
    /// Creates the ARN of an API in the partition `aws`.
    #[must_use]
    pub fn new(region: &str, account_id: &str, api_id: &str) -> Self {
        Self::in_partition("aws", region, account_id, api_id)
    }

    /// Creates the ARN of an API in a partition such as `aws-cn`.
    #[must_use]
    pub fn in_partition(partition: &str, region: &str, account_id: &str, api_id: &str) -> Self {
        let head = format!("arn:{partition}:execute-api:{region}:");
        Self {
            arn: format!("{head}{account_id}:{api_id}").into_boxed_str(),
            account_start: head.len(),
            account_end: head.len() + account_id.len(),
        }
    }

    /// Returns the account that owns the API.
    #[must_use]
    pub fn account_id(&self) -> &str {
        let account = self.arn.get(self.account_start..self.account_end);
        account.unwrap_or_default()
    }

    /// Returns the ARN as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.arn
    }

    /// Returns the ARN of a method: `path` is the client's, without the stage, and begins with a slash.
    #[must_use]
    pub fn method(&self, stage: &str, method: &str, path: &str) -> String {
        format!("{self}/{stage}/{method}{path}")
    }

    /// Returns the ARN of a route of a WebSocket API.
    #[must_use]
    pub fn route(&self, stage: &str, route_key: &str) -> String {
        format!("{self}/{stage}/{route_key}")
    }
}

impl fmt::Display for ApiArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn)
    }
}
