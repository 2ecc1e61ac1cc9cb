//! Who calls, and whom a statement names.

use super::pattern::ARN_PARTS;

/// Who asks, as far as a resource policy can tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Caller<'a> {
    /// Nobody that IAM knows: only `*` names them.
    #[default]
    Anonymous,
    /// A user, a role's session or an account of AWS.
    Aws(AwsPrincipal<'a>),
    /// A federated user, by the name of the identity provider.
    Federated(&'a str),
    /// An AWS service, such as `events.amazonaws.com`.
    Service(&'a str),
}

/// A caller with IAM credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwsPrincipal<'a> {
    /// The twelve digits of the account.
    pub account: &'a str,
    /// `arn:aws:iam::A:user/N`, or of a session `arn:aws:sts::A:assumed-role/R/S`.
    pub arn: &'a str,
    /// The ARN of a session's role. Unless it is known, the session's own ARN tells the role's name.
    pub role_arn: Option<&'a str>,
}

/// One principal that a statement names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PrincipalPattern {
    Anyone,
    /// An account, and the partition if it was named by its root ARN.
    Account {
        partition: Option<Box<str>>,
        id: Box<str>,
    },
    Arn(Box<str>),
    Federated(Box<str>),
    Service(Box<str>),
}

impl PrincipalPattern {
    /// Reads a principal of the member `AWS`; `None` if it is none of the forms there are.
    pub(super) fn aws(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Anyone);
        }
        if is_account(text) {
            return Some(Self::Account {
                partition: None,
                id: text.into(),
            });
        }
        if let Some(arn) = Arn::parse(text) {
            let root = arn.service == "iam" && arn.resource == "root" && is_account(arn.account);
            return (!text.contains(['*', '?'])).then(|| {
                if root {
                    Self::Account {
                        partition: Some(arn.partition.into()),
                        id: arn.account.into(),
                    }
                } else {
                    Self::Arn(text.into())
                }
            });
        }
        // What AWS shows in place of a principal that has been deleted; nobody has it any more.
        let is_unique_id = text.len() >= 16
            && text
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        is_unique_id.then(|| Self::Arn(text.into()))
    }

    pub(super) fn names(&self, caller: &Caller<'_>) -> bool {
        match (self, caller) {
            (Self::Anyone, _) => true,
            (Self::Account { partition, id }, Caller::Aws(caller)) => {
                *caller.account == **id
                    && partition.as_deref().is_none_or(|partition| {
                        Arn::parse(caller.arn).is_some_and(|arn| arn.partition == partition)
                    })
            }
            (Self::Arn(wanted), Caller::Aws(caller)) => {
                **wanted == *caller.arn
                    || match caller.role_arn {
                        Some(role) => **wanted == *role,
                        None => is_session_of(caller.arn, wanted),
                    }
            }
            (Self::Federated(wanted), Caller::Federated(name))
            | (Self::Service(wanted), Caller::Service(name)) => **wanted == **name,
            _ => false,
        }
    }
}

/// Whether `session` is of the role `role`: a role's name is unique in its account, whatever its path.
fn is_session_of(session: &str, role: &str) -> bool {
    let (Some(session), Some(role)) = (Arn::parse(session), Arn::parse(role)) else {
        return false;
    };
    let session_role = session
        .resource
        .strip_prefix("assumed-role/")
        .and_then(|rest| rest.split_once('/'))
        .map(|(name, _)| name);
    let role_name = role
        .resource
        .strip_prefix("role/")
        .and_then(|path| path.rsplit('/').next());
    session.service == "sts"
        && role.service == "iam"
        && session.partition == role.partition
        && session.account == role.account
        && session_role.is_some_and(|name| Some(name) == role_name)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The parts of an ARN that matter here.
pub(super) struct Arn<'a> {
    pub(super) partition: &'a str,
    pub(super) service: &'a str,
    pub(super) region: &'a str,
    pub(super) account: &'a str,
    pub(super) resource: &'a str,
}

impl<'a> Arn<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(ARN_PARTS, ':');
        if parts.next() != Some("arn") {
            return None;
        }
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }
}
