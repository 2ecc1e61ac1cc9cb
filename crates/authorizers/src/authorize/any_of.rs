//! Several authorizers of which one is enough.

use std::fmt;

use towergate_core::BoxFuture;

use super::{Authorize, AuthorizeRequest, Decision, Refusal, decide};

/// Lets a request in if one of its authorizers does, asked in their order; if none does, the first refusal counts.
///
/// Without authorizers it refuses.
#[derive(Default)]
#[must_use]
pub struct AnyOf(Vec<Box<dyn Authorize>>);

impl AnyOf {
    /// Creates an authorizer that refuses everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks another authorizer if those before refuse.
    pub fn or(mut self, authorizer: impl Authorize) -> Self {
        self.0.push(Box::new(authorizer));
        self
    }
}

fn refused(first: Option<Refusal>) -> Decision {
    Err(first.unwrap_or_else(|| Refusal::unauthorized("there is no authorizer to ask")))
}

impl Authorize for AnyOf {
    fn authorize_now(&self, request: &AuthorizeRequest<'_>) -> Option<Decision> {
        let mut first = None;
        for authorizer in &self.0 {
            match authorizer.authorize_now(request)? {
                Err(refusal) => first = first.or(Some(refusal)),
                authorized => return Some(authorized),
            }
        }
        Some(refused(first))
    }

    fn authorize<'a>(&'a self, request: &'a AuthorizeRequest<'_>) -> BoxFuture<'a, Decision> {
        Box::pin(async move {
            let mut first = None;
            for authorizer in &self.0 {
                match decide(authorizer, request).await {
                    Err(refusal) => first = first.or(Some(refusal)),
                    authorized => return authorized,
                }
            }
            refused(first)
        })
    }
}

impl fmt::Debug for AnyOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyOf({} authorizers)", self.0.len())
    }
}
