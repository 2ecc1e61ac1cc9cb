//! Who may call an API: tokens, Lambda authorizers and IAM policies, as engines and as tower layers.

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
pub mod jwt;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
pub mod keys;
pub mod policy;
pub mod resource_policy;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod strict_json;
