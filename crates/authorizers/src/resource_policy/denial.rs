//! Why policies refuse a request, in API Gateway's words.

use std::{borrow::Cow, fmt};

use towergate_core::{Rejection, ResponseType, Step};

use crate::policy::{Caller, Effect, PolicyRequest};

/// A refusal by policies: the reason, and the statement where one denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    reason: Reason,
    statement: Option<usize>,
    sid: Option<Box<str>>,
}

/// Which policy refuses a request, and whether by what it says or by what it does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The caller's or the authorizer's policy denies it.
    ExplicitInIdentityPolicy,
    /// The API's policy denies it.
    ExplicitInResourcePolicy,
    /// The caller's or the authorizer's policy would have to allow it.
    NotAllowedByIdentityPolicy,
    /// The API's policy would have to allow it.
    NotAllowedByResourcePolicy,
}

/// Which years' words a client is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wording {
    /// Names the policy that refuses.
    #[default]
    Current,
    /// Until about 2025: says no more than whether the denial is explicit.
    Older,
}

impl Reason {
    /// Whether a statement denies, rather than none allowing.
    #[must_use]
    pub fn is_explicit(self) -> bool {
        matches!(
            self,
            Self::ExplicitInIdentityPolicy | Self::ExplicitInResourcePolicy
        )
    }

    /// Whether it is the API's policy that refuses.
    #[must_use]
    pub fn is_of_resource_policy(self) -> bool {
        matches!(
            self,
            Self::ExplicitInResourcePolicy | Self::NotAllowedByResourcePolicy
        )
    }

    fn policy(self) -> &'static str {
        if self.is_of_resource_policy() {
            "resource-based policy"
        } else {
            "identity-based policy"
        }
    }

    /// What follows the sentence that access is denied.
    fn suffix(self, wording: Wording, action: &str) -> String {
        let article = if self.is_of_resource_policy() {
            "a"
        } else {
            "an"
        };
        let policy = self.policy();
        match (wording, self.is_explicit()) {
            (Wording::Current, true) => format!(" with an explicit deny in {article} {policy}"),
            (Wording::Current, false) => format!(" because no {policy} allows the {action} action"),
            (Wording::Older, true) => " with an explicit deny".to_owned(),
            (Wording::Older, false) => String::new(),
        }
    }
}

impl Denial {
    pub(super) fn new(reason: Reason, effect: Effect<'_>) -> Self {
        let (statement, sid) = match effect {
            Effect::Deny { statement, sid } => (Some(statement), sid.map(Into::into)),
            Effect::Allow | Effect::NotApplicable => (None, None),
        };
        Self {
            reason,
            statement,
            sid,
        }
    }

    pub(super) fn silent(reason: Reason) -> Self {
        Self::new(reason, Effect::NotApplicable)
    }

    /// Returns the reason.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Returns the place of the statement that denies, from 0, and its id.
    #[must_use]
    pub fn statement(&self) -> Option<(usize, Option<&str>)> {
        Some((self.statement?, self.sid.as_deref()))
    }

    /// Refuses a request that policies decide about, with or without a signature: the client is told who may not do
    /// what with which resource.
    ///
    /// ```
    /// use towergate_authorizers::{policy::{Effect, GlobalKeys, PolicyRequest}, resource_policy::{identity_alone, Wording}};
    /// use towergate_core::Timestamp;
    ///
    /// let keys = GlobalKeys::new(Timestamp::default());
    /// let resource = "arn:aws:execute-api:us-east-1:123456789012:pets/prod/GET/dogs";
    /// let request = PolicyRequest::invoke(resource, &keys);
    /// let denial = identity_alone(Effect::NotApplicable).unwrap_err();
    /// assert_eq!(
    ///     denial.into_rejection(&request, Wording::Older).message(),
    ///     Some("User: anonymous is not authorized to perform: execute-api:Invoke on resource: \
    ///           arn:aws:execute-api:us-east-1:********9012:pets/prod/GET/dogs")
    /// );
    /// ```
    #[must_use]
    pub fn into_rejection(self, request: &PolicyRequest<'_>, wording: Wording) -> Rejection {
        let user = match request.caller {
            Caller::Aws(principal) => principal.arn,
            Caller::Federated(name) | Caller::Service(name) => name,
            Caller::Anonymous => "anonymous",
        };
        let action = request.action.name();
        let resource = masked(request.resource);
        let suffix = self.reason.suffix(wording, action);
        self.rejection(format!(
            "User: {user} is not authorized to perform: {action} on resource: {resource}{suffix}"
        ))
    }

    /// Refuses a request whose Lambda authorizer was asked: a denial by the authorizer's own policy names neither user
    /// nor resource.
    #[must_use]
    pub fn into_authorizer_rejection(
        self,
        request: &PolicyRequest<'_>,
        wording: Wording,
    ) -> Rejection {
        if self.reason.is_of_resource_policy() {
            return self.into_rejection(request, wording);
        }
        let suffix = self.reason.suffix(wording, request.action.name());
        self.rejection(format!(
            "User is not authorized to access this resource{suffix}"
        ))
    }

    fn rejection(&self, message: String) -> Rejection {
        let step = if self.reason.is_of_resource_policy() {
            Step::ResourcePolicy
        } else {
            Step::Authorizer
        };
        Rejection::new(ResponseType::AccessDenied, step)
            .with_message(message)
            .with_detail(self.to_string())
    }
}

impl fmt::Display for Denial {
    /// Says for logs which statement denied.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = self.reason.policy();
        match (self.statement, &self.sid) {
            (None, _) => write!(f, "no {policy} allows the request"),
            (Some(index), None) => {
                write!(f, "statement {index} of the {policy} denies the request")
            }
            (Some(index), Some(sid)) => {
                write!(
                    f,
                    "statement {index} (`{sid}`) of the {policy} denies the request"
                )
            }
        }
    }
}

impl std::error::Error for Denial {}

/// An ARN of which only the last four digits of the account are told.
fn masked(arn: &str) -> String {
    let masked = arn
        .splitn(6, ':')
        .enumerate()
        .map(|(index, part)| match index {
            4 => {
                let shown = part
                    .char_indices()
                    .rev()
                    .nth(3)
                    .map_or(0, |(start, _)| start);
                Cow::Owned(format!("********{}", part.get(shown..).unwrap_or_default()))
            }
            _ => Cow::Borrowed(part),
        });
    masked.collect::<Vec<_>>().join(":")
}
