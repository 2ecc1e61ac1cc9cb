//! Signatures by AWS-LC.

use aws_lc_rs::{
    hmac,
    signature::{
        self, EcdsaVerificationAlgorithm, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents,
    },
};

use super::{Algorithm, KeyMaterial};

/// A parsed key and the algorithm that it is used with.
pub(super) enum Key {
    Mac(Box<hmac::Key>),
    Public(ParsedPublicKey),
}

impl Key {
    /// Parses a key; `None` if it is none.
    pub(super) fn new(algorithm: Algorithm, material: &KeyMaterial<'_>) -> Option<Self> {
        match material {
            KeyMaterial::Ec(point) => ParsedPublicKey::new(ecdsa(algorithm)?, point)
                .ok()
                .map(Self::Public),
            KeyMaterial::Ed(bytes) => ParsedPublicKey::new(&signature::ED25519, bytes)
                .ok()
                .map(Self::Public),
            KeyMaterial::Hmac(secret) => {
                let key = hmac::Key::new(hmac_hash(algorithm)?, secret);
                Some(Self::Mac(Box::new(key)))
            }
            KeyMaterial::Rsa { n, e } => RsaPublicKeyComponents { n, e }
                .to_parsed_public_key(rsa(algorithm)?)
                .ok()
                .map(Self::Public),
        }
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Mac(key) => hmac::verify(key, message, signature).is_ok(),
            Self::Public(key) => key.verify_sig(message, signature).is_ok(),
        }
    }
}

fn ecdsa(algorithm: Algorithm) -> Option<&'static EcdsaVerificationAlgorithm> {
    match algorithm {
        Algorithm::Es256 => Some(&signature::ECDSA_P256_SHA256_FIXED),
        Algorithm::Es384 => Some(&signature::ECDSA_P384_SHA384_FIXED),
        Algorithm::Es512 => Some(&signature::ECDSA_P521_SHA512_FIXED),
        _ => None,
    }
}

fn hmac_hash(algorithm: Algorithm) -> Option<hmac::Algorithm> {
    match algorithm {
        Algorithm::Hs256 => Some(hmac::HMAC_SHA256),
        Algorithm::Hs384 => Some(hmac::HMAC_SHA384),
        Algorithm::Hs512 => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    match algorithm {
        Algorithm::Ps256 => Some(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::Ps384 => Some(&signature::RSA_PSS_2048_8192_SHA384),
        Algorithm::Ps512 => Some(&signature::RSA_PSS_2048_8192_SHA512),
        Algorithm::Rs256 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        _ => None,
    }
}
