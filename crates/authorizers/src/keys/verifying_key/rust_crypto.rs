//! Signatures by the crates of RustCrypto, through the provider that jsonwebtoken makes of them.
//!
//! The provider is named here: jsonwebtoken's own choice of one, which is the whole process's, is never asked.

use jsonwebtoken::{
    Algorithm as Name, DecodingKey,
    crypto::{CryptoProvider, rust_crypto::DEFAULT_PROVIDER},
};

use super::{Algorithm, KeyMaterial};

const PROVIDER: &CryptoProvider = &DEFAULT_PROVIDER;

/// A decoded key and the algorithm that it is used with. The provider's verifiers cannot be shared between threads,
/// so each signature makes its own.
pub(super) struct Key {
    algorithm: Name,
    key: DecodingKey,
}

impl Key {
    /// Parses a key; `None` if it is none.
    pub(super) fn new(algorithm: Algorithm, material: &KeyMaterial<'_>) -> Option<Self> {
        let key = match material {
            KeyMaterial::Ec(point) => DecodingKey::from_ec_der(point),
            KeyMaterial::Ed(bytes) => DecodingKey::from_ed_der(bytes),
            KeyMaterial::Hmac(secret) => DecodingKey::from_secret(secret),
            KeyMaterial::Rsa { n, e } => DecodingKey::from_rsa_raw_components(n, e),
        };
        let algorithm = algorithm.as_str().parse().ok()?;
        // Whether a point lies on its curve shows only here.
        (PROVIDER.verifier_factory)(&algorithm, &key).ok()?;
        Some(Self { algorithm, key })
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        (PROVIDER.verifier_factory)(&self.algorithm, &self.key)
            .is_ok_and(|verifier| verifier.verify(message, &signature.to_vec()).is_ok())
    }
}
