//! The condition keys of AWS that every API Gateway API knows.

use std::net::IpAddr;

use towergate_core::Timestamp;

use super::{ConditionKeys, KeyValue, KeyValues};

/// The `aws:` condition keys of a call: those that need no authentication, and the caller's where it signed.
///
/// ```
/// use towergate_authorizers::policy::{ConditionKeys, GlobalKeys, KeyValues};
/// use towergate_core::Timestamp;
///
/// let mut keys = GlobalKeys::new(Timestamp::from_unix_millis(0));
/// keys.user_agent = Some("curl/8");
/// assert_eq!(keys.values("aws:useragent"), Some("curl/8").into());
/// assert_eq!(keys.values("aws:sourceip"), KeyValues::Absent);
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct GlobalKeys<'a> {
    /// `aws:CurrentTime` and `aws:EpochTime`: what the clock said when the request came.
    pub now: Timestamp,
    /// `aws:Referer`: the header.
    pub referer: Option<&'a str>,
    /// `aws:SecureTransport`: whether the client came over TLS.
    pub secure_transport: Option<bool>,
    /// `aws:SourceArn`: the resource on whose behalf a service calls.
    pub source_arn: Option<&'a str>,
    /// `aws:SourceIp`: the client's address, never a header's unchecked claim.
    pub source_ip: Option<IpAddr>,
    /// `aws:SourceVpc`, as the host knows it.
    pub source_vpc: Option<&'a str>,
    /// `aws:SourceVpce`, as the host knows it.
    pub source_vpce: Option<&'a str>,
    /// `aws:UserAgent`: the header.
    pub user_agent: Option<&'a str>,
    /// `aws:VpcSourceIp`, as the host knows it.
    pub vpc_source_ip: Option<IpAddr>,
    /// The keys that only a caller with IAM credentials has.
    pub principal: Option<&'a PrincipalKeys<'a>>,
}

impl GlobalKeys<'_> {
    /// Creates the keys of a call of which only the time is known.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            referer: None,
            secure_transport: None,
            source_arn: None,
            source_ip: None,
            source_vpc: None,
            source_vpce: None,
            user_agent: None,
            vpc_source_ip: None,
            principal: None,
        }
    }
}

impl ConditionKeys for GlobalKeys<'_> {
    fn values(&self, key: &str) -> KeyValues<'_> {
        match key {
            "aws:currenttime" => Some(self.now).into(),
            "aws:epochtime" => Some(self.now.as_unix_seconds()).into(),
            "aws:referer" => self.referer.into(),
            "aws:securetransport" => self.secure_transport.into(),
            "aws:sourcearn" => self.source_arn.into(),
            "aws:sourceip" => self.source_ip.into(),
            "aws:sourcevpc" => self.source_vpc.into(),
            "aws:sourcevpce" => self.source_vpce.into(),
            "aws:useragent" => self.user_agent.into(),
            "aws:vpcsourceip" => self.vpc_source_ip.into(),
            _ => match self.principal {
                Some(principal) => principal.values(key),
                None => KeyValues::Absent,
            },
        }
    }
}

/// The condition keys of a caller with IAM credentials.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct PrincipalKeys<'a> {
    /// `aws:PrincipalAccount`.
    pub account: Option<&'a str>,
    /// `aws:PrincipalArn`: of a session, the ARN of its role.
    pub arn: Option<&'a str>,
    /// `aws:MultiFactorAuthAge`, in seconds; temporary credentials only.
    pub multi_factor_age: Option<u64>,
    /// `aws:MultiFactorAuthPresent`; temporary credentials only.
    pub multi_factor_present: Option<bool>,
    /// `aws:PrincipalOrgID`.
    pub org_id: Option<&'a str>,
    /// `aws:PrincipalOrgPaths`, a key with many values.
    pub org_paths: &'a [String],
    /// `aws:PrincipalType`, such as `User` or `AssumedRole`.
    pub principal_type: Option<&'a str>,
    /// `aws:PrincipalTag/KEY`: keys and values.
    pub tags: &'a [(String, String)],
    /// `aws:TokenIssueTime`; temporary credentials only.
    pub token_issue_time: Option<Timestamp>,
    /// `aws:userid`.
    pub user_id: Option<&'a str>,
    /// `aws:username`; users only.
    pub user_name: Option<&'a str>,
}

impl ConditionKeys for PrincipalKeys<'_> {
    fn values(&self, key: &str) -> KeyValues<'_> {
        match key {
            "aws:multifactorauthage" => self.multi_factor_age.into(),
            "aws:multifactorauthpresent" => self.multi_factor_present.into(),
            "aws:principalaccount" => self.account.into(),
            "aws:principalarn" => self.arn.into(),
            "aws:principalorgid" => self.org_id.into(),
            "aws:principalorgpaths" if !self.org_paths.is_empty() => KeyValues::Many(
                self.org_paths
                    .iter()
                    .map(|path| KeyValue::from(path.as_str()))
                    .collect(),
            ),
            "aws:principaltype" => self.principal_type.into(),
            "aws:tokenissuetime" => self.token_issue_time.into(),
            "aws:userid" => self.user_id.into(),
            "aws:username" => self.user_name.into(),
            _ => match key.strip_prefix("aws:principaltag/") {
                Some(name) => self.tag(name).into(),
                None => KeyValues::Absent,
            },
        }
    }
}

impl<'a> PrincipalKeys<'a> {
    fn tag(&self, name: &str) -> Option<&'a str> {
        self.tags
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}
