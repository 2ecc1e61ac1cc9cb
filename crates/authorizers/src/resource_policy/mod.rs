//! The policy attached to a REST API, and how it combines with what an authorizer found.
//!
//! | the API has | ask |
//! |---|---|
//! | a policy alone, or with a token authorizer | [`ResourcePolicy::alone`], after the token |
//! | a policy and a Lambda authorizer | [`ResourcePolicy::first_phase`], the authorizer, [`ResourcePolicy::second_phase`] |
//! | a policy and IAM | the signature, then [`ResourcePolicy::second_phase`] |
//! | IAM or a Lambda authorizer alone | [`identity_alone`] |
//!
//! ```
//! use towergate_authorizers::{
//!     policy::{ApiArn, GlobalKeys, PolicyRequest},
//!     resource_policy::ResourcePolicy,
//! };
//! use towergate_core::Timestamp;
//!
//! let api = ApiArn::new("us-east-1", "123456789012", "pets");
//! let policy = ResourcePolicy::parse(
//!     r#"{"Version": "2012-10-17", "Statement": {
//!         "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/prod/GET/*"}}"#,
//!     &api,
//! )?;
//! let keys = GlobalKeys::new(Timestamp::default());
//! let get = api.method("prod", "GET", "/dogs");
//! assert!(policy.alone(&PolicyRequest::invoke(&get, &keys)).is_ok());
//! let post = api.method("prod", "POST", "/dogs");
//! assert!(policy.alone(&PolicyRequest::invoke(&post, &keys)).is_err());
//! # Ok::<(), towergate_authorizers::policy::PolicyErrors>(())
//! ```

mod authorize;
mod denial;
#[cfg(test)]
mod tests;

pub use self::denial::{Denial, Reason, Wording};
use crate::policy::{ApiArn, Effect, Policy, PolicyErrors, PolicyRequest};

/// The policy attached to an API, compiled for that API.
#[derive(Debug, Clone)]
pub struct ResourcePolicy(Policy);

/// Whether the caller belongs to the account that owns the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accounts {
    /// Either the caller's policies or the API's must allow. Callers of Lambda authorizers belong here.
    Same,
    /// Both must allow.
    Cross,
}

impl Accounts {
    /// Compares the account of a caller with that of an API.
    #[must_use]
    pub fn of(caller: &str, api: &ApiArn) -> Self {
        if caller == api.account_id() {
            Self::Same
        } else {
            Self::Cross
        }
    }
}

/// The proof that policies were asked and allowed a request: only a check that succeeded makes one.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Allowed(());

impl ResourcePolicy {
    /// Compiles the policy of an API; `execute-api:/` in resources is short for the API's ARN and a slash.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the document: at most 8192 characters, a principal in each statement.
    pub fn parse(document: &str, api: &ApiArn) -> Result<Self, PolicyErrors> {
        Policy::for_api(document, api).map(Self)
    }

    /// Asks before a Lambda authorizer is called: only an explicit denial ends the request here.
    ///
    /// # Errors
    ///
    /// The denial.
    pub fn first_phase(&self, request: &PolicyRequest<'_>) -> Result<(), Denial> {
        match self.0.evaluate(request) {
            effect @ Effect::Deny { .. } => {
                Err(Denial::new(Reason::ExplicitInResourcePolicy, effect))
            }
            Effect::Allow | Effect::NotApplicable => Ok(()),
        }
    }

    /// Combines the policy with what the authorizer's policy, or the caller's own policies, say.
    ///
    /// # Errors
    ///
    /// Why the request is denied.
    pub fn second_phase(
        &self,
        request: &PolicyRequest<'_>,
        identity: Effect<'_>,
        accounts: Accounts,
    ) -> Result<Allowed, Denial> {
        combine(identity, self.0.evaluate(request), accounts)
    }

    /// Asks the policy alone, which must allow: without an authorizer, or once a token was found good.
    ///
    /// # Errors
    ///
    /// Why the request is denied.
    pub fn alone(&self, request: &PolicyRequest<'_>) -> Result<Allowed, Denial> {
        match self.0.evaluate(request) {
            Effect::Allow => Ok(Allowed(())),
            effect @ Effect::Deny { .. } => {
                Err(Denial::new(Reason::ExplicitInResourcePolicy, effect))
            }
            Effect::NotApplicable => Err(Denial::silent(Reason::NotAllowedByResourcePolicy)),
        }
    }
}

/// Decides by the authorizer's or the caller's policies alone, for an API without a policy.
///
/// # Errors
///
/// Why the request is denied.
pub fn identity_alone(identity: Effect<'_>) -> Result<Allowed, Denial> {
    combine(identity, Effect::NotApplicable, Accounts::Same)
}

/// The tables of AWS: one denial is enough; otherwise one allow in the same account, and both across accounts.
fn combine(
    identity: Effect<'_>,
    resource: Effect<'_>,
    accounts: Accounts,
) -> Result<Allowed, Denial> {
    match (identity, resource, accounts) {
        (_, Effect::Deny { .. }, _) => Err(Denial::new(Reason::ExplicitInResourcePolicy, resource)),
        (Effect::Deny { .. }, _, _) => Err(Denial::new(Reason::ExplicitInIdentityPolicy, identity)),
        (Effect::Allow, Effect::Allow, _)
        | (Effect::Allow, Effect::NotApplicable, Accounts::Same)
        | (Effect::NotApplicable, Effect::Allow, Accounts::Same) => Ok(Allowed(())),
        (Effect::Allow, Effect::NotApplicable, Accounts::Cross) => {
            Err(Denial::silent(Reason::NotAllowedByResourcePolicy))
        }
        (Effect::NotApplicable, _, _) => Err(Denial::silent(Reason::NotAllowedByIdentityPolicy)),
    }
}
