//! Who may call an API: tokens, Lambda authorizers and IAM policies, as engines and as tower layers.

pub mod policy;
pub mod resource_policy;
