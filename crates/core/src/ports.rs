//! What towergate asks of the world: the few traits that a host or another crate fills in.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::StatusCode;

use crate::{BoxError, BoxFuture, Context, Rejection, Timestamp};

/// A function that an API may call: in this process, or behind the Lambda Invoke API.
pub trait Function: Send + Sync + 'static {
    /// Runs the function and returns what it returned, as JSON. An [event](InvocationType::Event) is answered with
    /// nothing, once it is accepted.
    ///
    /// # Errors
    ///
    /// Returns a [`FunctionError`] that says whether the function itself failed or could not be run.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the call, but for an event that was accepted.
    fn invoke<'a>(
        &'a self,
        invocation: Invocation<'a>,
    ) -> BoxFuture<'a, Result<Bytes, FunctionError>>;
}

impl<F: Function + ?Sized> Function for Arc<F> {
    fn invoke<'a>(
        &'a self,
        invocation: Invocation<'a>,
    ) -> BoxFuture<'a, Result<Bytes, FunctionError>> {
        F::invoke(self, invocation)
    }
}

/// One call of a function.
#[derive(Clone)]
#[non_exhaustive]
pub struct Invocation<'a> {
    /// The ARN that is called, with its alias or version if it has one.
    pub arn: &'a str,
    /// What the function gets: JSON.
    pub payload: Bytes,
    /// Whether the caller waits for what the function returns.
    pub invocation_type: InvocationType,
    /// When the caller stops waiting.
    pub deadline: Timestamp,
    /// The request that the call is made for.
    pub context: &'a Context,
}

impl<'a> Invocation<'a> {
    /// Creates a call whose caller waits for the answer, for as long as it takes.
    #[must_use]
    pub fn new(context: &'a Context, arn: &'a str, payload: impl Into<Bytes>) -> Self {
        Self {
            arn,
            payload: payload.into(),
            invocation_type: InvocationType::RequestResponse,
            deadline: Timestamp::MAX,
            context,
        }
    }

    /// Sets whether the caller waits for what the function returns.
    #[must_use]
    pub fn with_invocation_type(mut self, invocation_type: InvocationType) -> Self {
        self.invocation_type = invocation_type;
        self
    }

    /// Sets when the caller stops waiting.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Timestamp) -> Self {
        self.deadline = deadline;
        self
    }
}

/// Shows how large the payload is: headers, keys and bodies are in it.
impl fmt::Debug for Invocation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation")
            .field("arn", &self.arn)
            .field("invocation_type", &self.invocation_type)
            .field("payload_bytes", &self.payload.len())
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

/// Whether the caller of a function waits for what it returns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvocationType {
    /// It does.
    #[default]
    RequestResponse,
    /// It waits only until the call is accepted.
    Event,
}

impl InvocationType {
    /// Returns the type as the header [`INVOCATION_TYPE`](crate::INVOCATION_TYPE) has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RequestResponse => "RequestResponse",
            Self::Event => "Event",
        }
    }

    /// Reads a type as the header [`INVOCATION_TYPE`](crate::INVOCATION_TYPE) has it, in exactly this case.
    ///
    /// ```
    /// use towergate_core::InvocationType;
    ///
    /// assert_eq!(InvocationType::parse("Event"), Some(InvocationType::Event));
    /// assert_eq!(InvocationType::parse("event"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::RequestResponse, Self::Event]
            .into_iter()
            .find(|invocation_type| invocation_type.as_str() == text)
    }
}

/// Why a function gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FunctionError {
    /// The function ran and failed; the payload is its error document (`errorMessage`, `errorType`).
    #[error("the function failed")]
    Failed(Bytes),
    /// Whoever runs the function refused the call: there is no such function (404), it is busy (429), the caller may
    /// not (403).
    #[error("the function was not run ({status}): {message}")]
    Refused {
        /// The status of the Lambda Invoke API.
        status: StatusCode,
        /// Why.
        message: String,
    },
    /// Whoever runs the function could not be asked, or did not answer.
    #[error("the function cannot be reached")]
    Unreachable(#[source] BoxError),
}

/// Where the keys that tokens are signed with come from. It is asked rarely: whoever asks keeps what it gets.
pub trait KeySource: Send + Sync + 'static {
    /// Returns the JSON Web Key Set (RFC 7517, section 5) as it is now.
    ///
    /// How long that may take is for the source to bound. Nothing that a token says reaches it.
    ///
    /// # Errors
    ///
    /// Returns a [`KeySourceError`] if no key set can be had.
    ///
    /// # Cancel safety
    ///
    /// The future may be polled by one request after another, and may be dropped at any time.
    fn key_set(&self) -> BoxFuture<'_, Result<Bytes, KeySourceError>>;
}

impl<K: KeySource + ?Sized> KeySource for Arc<K> {
    fn key_set(&self) -> BoxFuture<'_, Result<Bytes, KeySourceError>> {
        K::key_set(self)
    }
}

/// Why no key set can be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeySourceError {
    /// The document that says where the key set is cannot be had, or is wrong.
    #[error("the discovery document cannot be had")]
    Discovery(#[source] BoxError),
    /// The key set itself cannot be had.
    #[error("the key set cannot be had")]
    KeySet(#[source] BoxError),
}

/// Where the secrets of those who sign with Signature Version 4 come from.
pub trait CredentialStore: Send + Sync + 'static {
    /// Returns the secret access key that belongs to `access_key_id`, `None` if there is no such key.
    ///
    /// # Errors
    ///
    /// Returns an error if the store cannot be asked.
    fn secret_access_key(
        &self,
        access_key_id: &str,
    ) -> BoxFuture<'_, Result<Option<String>, BoxError>>;
}

/// Hears of what happens to requests. Every method has an empty default, and `()` is an observer that hears nothing.
pub trait Observer: Send + Sync + 'static {
    /// A request was refused.
    fn on_rejection(&self, context: &Context, rejection: &Rejection) {
        let _ = (context, rejection);
    }

    /// The head of a response goes out; the context knows its status.
    fn on_response(&self, context: &Context) {
        let _ = context;
    }
}

impl Observer for () {}
