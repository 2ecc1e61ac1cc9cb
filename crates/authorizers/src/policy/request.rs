//! What a policy is asked about, and the condition keys it may ask for in turn.

use std::{borrow::Cow, fmt, net::IpAddr};

use towergate_core::Timestamp;

use super::{Caller, moment};

/// An action such as `execute-api:Invoke`; policies compare it without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    name: Cow<'static, str>,
    lower: Cow<'static, str>,
}

impl Action {
    /// `execute-api:Invoke`: calling a method or route.
    pub const INVOKE: &'static Self = &Self::known("execute-api:Invoke", "execute-api:invoke");
    /// `execute-api:ManageConnections`: the management calls of a WebSocket API.
    pub const MANAGE_CONNECTIONS: &'static Self = &Self::known(
        "execute-api:ManageConnections",
        "execute-api:manageconnections",
    );
    /// `execute-api:InvalidateCache`: asking for a fresh response.
    pub const INVALIDATE_CACHE: &'static Self =
        &Self::known("execute-api:InvalidateCache", "execute-api:invalidatecache");

    /// Creates an action of any service.
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        let name = name.into();
        Self {
            lower: name.to_lowercase().into(),
            name,
        }
    }

    /// Returns the name as it was written.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn lower(&self) -> &str {
        &self.lower
    }

    const fn known(name: &'static str, lower: &'static str) -> Self {
        Self {
            name: Cow::Borrowed(name),
            lower: Cow::Borrowed(lower),
        }
    }
}

/// What a policy decides about: who wants to do what with which resource, under which conditions.
///
/// It borrows everything; a condition key is looked up when a statement that fits so far asks for it.
#[derive(Debug, Clone, Copy)]
pub struct PolicyRequest<'a> {
    /// What is to be done.
    pub action: &'a Action,
    /// The ARN of what it is done with: the method ARN of a call.
    pub resource: &'a str,
    /// Who asks; only resource policies look at it.
    pub caller: Caller<'a>,
    /// The condition keys.
    pub keys: &'a dyn ConditionKeys,
}

impl<'a> PolicyRequest<'a> {
    /// Creates the request of an anonymous caller for `execute-api:Invoke`.
    #[must_use]
    pub fn invoke(resource: &'a str, keys: &'a dyn ConditionKeys) -> Self {
        Self {
            action: Action::INVOKE,
            resource,
            caller: Caller::Anonymous,
            keys,
        }
    }

    /// Says who asks.
    #[must_use]
    pub fn by(self, caller: Caller<'a>) -> Self {
        Self { caller, ..self }
    }
}

/// Answers for condition keys such as `aws:SourceIp`.
pub trait ConditionKeys: fmt::Debug + Sync {
    /// Returns the values of a key, whose name comes in lower case: `aws:sourceip`, `aws:principaltag/team`.
    fn values(&self, key: &str) -> KeyValues<'_>;
}

/// The values that a request has for a condition key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum KeyValues<'a> {
    /// The request does not have the key.
    #[default]
    Absent,
    /// The key has one value.
    One(KeyValue<'a>),
    /// The key is one with many values; none is like absent.
    Many(Vec<KeyValue<'a>>),
}

impl<'a> KeyValues<'a> {
    pub(super) fn as_slice(&self) -> &[KeyValue<'a>] {
        match self {
            Self::Absent => &[],
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }

    pub(super) fn into_single_text(self) -> Option<Cow<'a, str>> {
        let value = match self {
            Self::Absent => None,
            Self::One(value) => Some(value),
            Self::Many(values) => {
                let mut values = values.into_iter();
                values.next().filter(|_| values.next().is_none())
            }
        };
        value.map(KeyValue::into_text)
    }
}

impl<'a, V: Into<KeyValue<'a>>> From<Option<V>> for KeyValues<'a> {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Absent, |value| Self::One(value.into()))
    }
}

/// One value of a condition key; what has a type keeps it, and becomes text only for an operator on strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyValue<'a> {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number; a date operator takes it for seconds since the Unix epoch.
    Integer(u64),
    /// An IP address.
    Ip(IpAddr),
    /// Any text; an operator on another type reads it as that.
    Text(Cow<'a, str>),
    /// A moment, whose text is ISO 8601 in whole seconds.
    Time(Timestamp),
}

impl KeyValue<'_> {
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Integer(number) => Cow::Owned(number.to_string()),
            Self::Ip(address) => Cow::Owned(address.to_string()),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Time(time) => Cow::Owned(moment::iso_8601(*time)),
        }
    }
}

impl<'a> KeyValue<'a> {
    fn into_text(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => text,
            other => Cow::Owned(other.text().into_owned()),
        }
    }
}

impl<'a> From<&'a str> for KeyValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<bool> for KeyValue<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u64> for KeyValue<'_> {
    fn from(number: u64) -> Self {
        Self::Integer(number)
    }
}

impl From<IpAddr> for KeyValue<'_> {
    fn from(address: IpAddr) -> Self {
        Self::Ip(address)
    }
}

impl From<Timestamp> for KeyValue<'_> {
    fn from(time: Timestamp) -> Self {
        Self::Time(time)
    }
}
