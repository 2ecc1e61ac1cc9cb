//! The policy language of IAM: compiled once, evaluated without allocating where nothing in a statement is open.
//!
//! ```
//! use towergate_authorizers::policy::{Effect, GlobalKeys, Policy, PolicyRequest};
//! use towergate_core::Timestamp;
//!
//! let policy = Policy::parse(
//!     r#"{"Version": "2012-10-17", "Statement": [
//!         {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "arn:aws:execute-api:*:*:pets/*"},
//!         {"Sid": "office", "Effect": "Deny", "Action": "*", "Resource": "*",
//!          "Condition": {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}]}"#,
//! )?;
//! let resource = "arn:aws:execute-api:us-east-1:123456789012:pets/prod/GET/dogs";
//!
//! let mut keys = GlobalKeys::new(Timestamp::default());
//! keys.source_ip = Some([192, 0, 2, 7].into());
//! assert_eq!(policy.evaluate(&PolicyRequest::invoke(resource, &keys)), Effect::Allow);
//!
//! keys.source_ip = Some([203, 0, 113, 9].into());
//! assert_eq!(
//!     policy.evaluate(&PolicyRequest::invoke(resource, &keys)),
//!     Effect::Deny { statement: 1, sid: Some("office") }
//! );
//! # Ok::<(), towergate_authorizers::policy::PolicyErrors>(())
//! ```

mod api_arn;
mod condition;
mod decimal;
mod document;
mod error;
mod glob;
mod global_keys;
mod grammar;
mod identity;
mod kind;
mod moment;
mod network;
mod operator;
mod pattern;
mod principal;
mod request;
mod statement;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub use self::{
    api_arn::ApiArn,
    error::{PolicyError, PolicyErrors, Problem},
    global_keys::{GlobalKeys, PrincipalKeys},
    identity::IdentityPolicies,
    kind::PolicyKind,
    principal::{AwsPrincipal, Caller},
    request::{Action, ConditionKeys, KeyValue, KeyValues, PolicyRequest},
};
use self::{
    document::Node, error::Place, grammar::Grammar, kind::MAX_RESOURCE_POLICY_CHARS,
    statement::Statement,
};

/// The largest policy document, in bytes.
pub const MAX_POLICY_BYTES: usize = 20 * 1024;

/// A policy document, compiled.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Whether a statement is about those whom it names alone.
    asks_principal: bool,
    statements: Box<[Statement]>,
}

/// What a policy says about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect<'p> {
    /// A statement allows it, and none denies it.
    Allow,
    /// A statement denies it, whatever else is said.
    Deny {
        /// The place of the statement, from 0.
        statement: usize,
        /// The id of the statement.
        sid: Option<&'p str>,
    },
    /// No statement is about it.
    NotApplicable,
}

impl Policy {
    /// Compiles a document by the language alone: principals are not looked at, and a condition value that cannot be
    /// read matches nothing.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the document, at most 20 KB and 32 levels of JSON.
    pub fn parse(document: &str) -> Result<Self, PolicyErrors> {
        Self::read(document, None, None)
    }

    /// Compiles a document that is to serve as a policy of one kind.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the document, for the language or for the kind.
    pub fn parse_as(kind: PolicyKind, document: &str) -> Result<Self, PolicyErrors> {
        Self::read(document, Some(kind), None)
    }

    /// Compiles a document that has been read already, where members that were there twice are lost.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the document, for the language or for the kind.
    pub fn from_value(kind: PolicyKind, document: &Value) -> Result<Self, PolicyErrors> {
        // The limits are those of the text, which has to be written for that.
        Self::parse_as(kind, &document.to_string())
    }

    /// Creates the policy that denies everything.
    #[must_use]
    pub fn deny_all() -> Self {
        Self {
            asks_principal: false,
            statements: [Statement::deny_all()].into(),
        }
    }

    /// Evaluates the policy: a statement that denies wins over any that allows.
    #[must_use]
    pub fn evaluate(&self, request: &PolicyRequest<'_>) -> Effect<'_> {
        let mut effect = Effect::NotApplicable;
        for (index, statement) in self.statements.iter().enumerate() {
            let undecided = statement.denies || effect == Effect::NotApplicable;
            if undecided && statement.applies(request, self.asks_principal) {
                if statement.denies {
                    return Effect::Deny {
                        statement: index,
                        sid: statement.sid.as_deref(),
                    };
                }
                effect = Effect::Allow;
            }
        }
        effect
    }

    pub(crate) fn for_api(document: &str, api: &ApiArn) -> Result<Self, PolicyErrors> {
        Self::read(document, Some(PolicyKind::Resource), Some(api))
    }

    fn read(
        document: &str,
        kind: Option<PolicyKind>,
        api: Option<&ApiArn>,
    ) -> Result<Self, PolicyErrors> {
        let refuse = |problem| PolicyErrors::new(vec![PolicyError::new(Place::Document, problem)]);
        check_length(document, kind).map_err(refuse)?;
        let node = Node::from_text(document)
            .map_err(|error| refuse(Problem::Syntax(error.to_string().into())))?;
        let statements = Grammar::new(kind, api)
            .read(&node)
            .map_err(PolicyErrors::new)?;
        Ok(Self {
            asks_principal: kind == Some(PolicyKind::Resource),
            statements: statements.into(),
        })
    }
}

fn check_length(document: &str, kind: Option<PolicyKind>) -> Result<(), Problem> {
    let too_long = |limit, unit| Err(Problem::TooLong { limit, unit });
    if document.len() > MAX_POLICY_BYTES {
        return too_long(MAX_POLICY_BYTES, "bytes");
    }
    let is_resource = kind == Some(PolicyKind::Resource);
    if is_resource && document.chars().nth(MAX_RESOURCE_POLICY_CHARS).is_some() {
        return too_long(MAX_RESOURCE_POLICY_CHARS, "characters");
    }
    Ok(())
}
