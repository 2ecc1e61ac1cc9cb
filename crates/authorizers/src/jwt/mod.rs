//! JSON Web Tokens: what a JWT authorizer of an HTTP API or a REST API, and an Amazon Cognito authorizer, decide.
//!
//! A [`JwtVerifier`] takes the text of a token and tells what it says, or why it counts for nothing; there is no HTTP in it.
//! A [`JwtAuthorizer`] finds the token in a request.

mod authorizer;
mod bearer;
mod builder;
mod claim_text;
mod cognito;
mod cognito_authorizer;
mod compact;
mod issuer;
mod remembered;
mod token_error;
mod verified;
mod verifier;

pub use authorizer::JwtAuthorizer;
pub use bearer::bearer_token;
pub use builder::{JwtVerifierBuilder, JwtVerifierError};
pub use claim_text::JwtStyle;
pub use cognito::{CognitoVerifier, UserPool, UserPoolError};
pub use cognito_authorizer::CognitoAuthorizer;
pub use compact::CompactJws;
pub use issuer::{ClaimRule, Issuer, IssuerKeys};
pub use remembered::RememberedTokens;
pub use token_error::TokenError;
pub use verified::VerifiedToken;
pub use verifier::JwtVerifier;
