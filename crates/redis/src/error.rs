//! What can be wrong with settings, and with a call.

/// Why limits could not be built. The URL, which may hold a password, is in no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The account is empty or has a brace, which would end the part of a key that tells its slot.
    #[error("the account `{0}` cannot be a hash tag; give a text without `{{` and `}}`")]
    Account(String),
    /// The URL is of TLS, and the feature for it is off.
    #[error("the redis URL is `rediss://`; switch on the feature `rustls`")]
    Tls,
    /// The URL cannot be read.
    #[error(
        "the redis URL cannot be read; write `redis://HOST:PORT/DATABASE`, `rediss://..` or `unix:///PATH`"
    )]
    Url,
}

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The server refused the call, as a replica, a server without memory or one that still loads does.
    #[error("redis refused the call: {0}")]
    Answer(String),
    /// As many calls wait for an answer as may; ask again.
    #[error("too many calls wait for redis; ask again")]
    Crowded,
    /// The connection could not be made, or ended.
    #[error("redis cannot be reached: {0}; check the URL and the server")]
    Disconnected(String),
    /// There was no answer in time.
    #[error("redis did not answer in time; check its load, or allow a longer deadline")]
    TimedOut,
    /// The store was found out of reach before, and is tried again in the background.
    #[error("redis is out of reach, and is tried again in the background")]
    Unreachable,
}
