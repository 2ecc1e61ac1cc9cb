//! The keys that tokens are signed with: single ones, sets of them (RFC 7517), and sets that are kept fresh.

mod algorithm;
mod cached;
mod jwk;
mod key_set;
#[cfg(feature = "oidc")]
mod oidc;
mod roca;
mod verifying_key;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use cached::{CachedKeys, KeyFetch, KeyLookup, KeysUnavailable};
pub use key_set::{KeySet, KeySetError};
#[cfg(feature = "oidc")]
pub use oidc::{OidcKeySource, OidcKeySourceError};
pub use verifying_key::{KeyError, VerifyingKey};
