//! What towergate asks of the world: the few traits that a host or another crate fills in.

use bytes::Bytes;

use crate::{BoxError, BoxFuture, Context, Rejection};

/// A function that an API may call: in this process, or behind the Lambda Invoke API.
pub trait Function: Send + Sync + 'static {
    /// Runs the function on `payload` and returns what it returned.
    ///
    /// # Errors
    ///
    /// Returns [`FunctionError::Handled`] if the function itself failed, and [`FunctionError::Invoke`] if it could
    /// not be run.
    fn invoke(
        &self,
        context: &Context,
        payload: Bytes,
    ) -> BoxFuture<'_, Result<Bytes, FunctionError>>;
}

/// Why a function gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FunctionError {
    /// The function ran and failed; the payload is its error document (`errorMessage`, `errorType`).
    #[error("the function failed")]
    Handled(Bytes),
    /// The function could not be run.
    #[error("the function cannot be invoked")]
    Invoke(#[source] BoxError),
}

/// Where the keys that tokens are signed with come from.
pub trait KeySource: Send + Sync + 'static {
    /// Returns a JSON Web Key Set (RFC 7517, section 5), fresh enough to hold the key `kid` if there is one.
    ///
    /// # Errors
    ///
    /// Returns an error if no key set can be had.
    fn key_set(&self, kid: Option<&str>) -> BoxFuture<'_, Result<Bytes, BoxError>>;
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
