//! One key, ready to check signatures.

use std::fmt;

use serde_json::{Map, Value};

use super::{Algorithm, jwk};
use crate::strict_json;

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
mod rust_crypto;

#[cfg(feature = "aws-lc-rs")]
use aws_lc as provider;
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
use rust_crypto as provider;

/// What a key is made of, checked but for what only the cryptography can tell.
pub(super) enum KeyMaterial<'m> {
    /// An uncompressed point: `04`, x, y.
    Ec(Vec<u8>),
    /// An Ed25519 public key.
    Ed(Vec<u8>),
    /// A shared secret; borrowed, so that no copy of it is left behind.
    Hmac(&'m [u8]),
    /// A modulus and an exponent, big-endian without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

/// A key that checks signatures. Which algorithms it may be used with is settled when it is made: never by a token.
///
/// It is parsed once and kept so.
pub struct VerifyingKey {
    /// RSA keys that do not say which, have six.
    by_algorithm: Vec<(Algorithm, provider::Key)>,
}

impl VerifyingKey {
    /// Reads a JSON Web Key that may check signatures: RSA of 2048 to 8192 bits, EC on P-256, P-384 or (with AWS-LC)
    /// P-521, or Ed25519. Private members are not looked at.
    ///
    /// # Errors
    ///
    /// Returns a [`KeyError`] if the key is of another kind, too weak, or meant for something else.
    pub fn from_jwk(json: &[u8]) -> Result<Self, KeyError> {
        let members = strict_json::parse_object(json).map_err(|_| KeyError::Malformed("key"))?;
        Self::from_members(&members)
    }

    pub(super) fn from_members(members: &Map<String, Value>) -> Result<Self, KeyError> {
        let (material, algorithms) = jwk::read(members)?;
        Self::new(&material, &algorithms)
    }

    /// Makes a key of a shared secret, for `HS256`, `HS384` or `HS512`. Whoever can check such a signature can also
    /// make one, so no key set is ever the source of such a key.
    ///
    /// # Errors
    ///
    /// Returns a [`KeyError`] if `algorithm` is another, or the secret is shorter than its hash: 32, 48 or 64 bytes
    /// (RFC 7518, section 3.2).
    pub fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let min_bytes = match algorithm {
            Algorithm::Hs256 => 32,
            Algorithm::Hs384 => 48,
            Algorithm::Hs512 => 64,
            _ => return Err(KeyError::Unfit("alg")),
        };
        if secret.len() < min_bytes {
            return Err(KeyError::Weak);
        }
        Self::new(&KeyMaterial::Hmac(secret), &[algorithm])
    }

    fn new(material: &KeyMaterial<'_>, algorithms: &[Algorithm]) -> Result<Self, KeyError> {
        let by_algorithm = algorithms
            .iter()
            .map(|algorithm| Some((*algorithm, provider::Key::new(*algorithm, material)?)))
            .collect::<Option<_>>()
            .ok_or(KeyError::Malformed("key"))?;
        Ok(Self { by_algorithm })
    }

    /// Returns the algorithms that the key may be used with.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.by_algorithm.iter().map(|(algorithm, _)| *algorithm)
    }

    /// Returns whether `signature` is this key's signature of `message`; false if the key is not one for `algorithm`.
    #[must_use]
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.by_algorithm
            .iter()
            .find(|(own, _)| *own == algorithm)
            .is_some_and(|(_, key)| key.verify(message, signature))
    }
}

impl fmt::Debug for VerifyingKey {
    /// Shows what the key is for, and nothing of the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyingKey")?;
        f.debug_set().entries(self.algorithms()).finish()
    }
}

/// Why a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The named member is missing or cannot be read.
    #[error("`{0}` is missing or malformed")]
    Malformed(&'static str),
    /// The named member says that the key is for something else.
    #[error("`{0}` does not fit the checking of signatures")]
    Unfit(&'static str),
    /// The key is of a kind or on a curve that is not known here, or is a shared secret.
    #[error("keys of this type are not used")]
    Unsupported,
    /// The key is too short, or was made by a generator whose keys can be broken.
    #[error("the key is too weak")]
    Weak,
}

#[cfg(test)]
mod tests;
