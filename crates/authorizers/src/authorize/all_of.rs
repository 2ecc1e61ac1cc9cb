//! Several authorizers that must all agree.

use std::fmt;

use towergate_core::BoxFuture;

use super::{Authorize, AuthorizeRequest, Authorized, Decision, Refusal, decide};

/// Lets a request in if all of its authorizers do, asked in their order; the first refusal counts.
///
/// What they found is taken together; where two found the same, the first counts. Without authorizers it refuses.
#[derive(Default)]
#[must_use]
pub struct AllOf(Vec<Box<dyn Authorize>>);

impl AllOf {
    /// Creates an authorizer that refuses everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks another authorizer, too.
    pub fn and(mut self, authorizer: impl Authorize) -> Self {
        self.0.push(Box::new(authorizer));
        self
    }

    fn begin(&self) -> Decision {
        if self.0.is_empty() {
            return Err(Refusal::unauthorized("there is no authorizer to ask"));
        }
        Ok(Authorized::nothing_found())
    }
}

impl Authorize for AllOf {
    fn authorize_now(&self, request: &AuthorizeRequest<'_>) -> Option<Decision> {
        let mut all = match self.begin() {
            Ok(all) => all,
            refused => return Some(refused),
        };
        for authorizer in &self.0 {
            match authorizer.authorize_now(request)? {
                Ok(authorized) => all = all.and(authorized),
                refused => return Some(refused),
            }
        }
        Some(Ok(all))
    }

    fn authorize<'a>(&'a self, request: &'a AuthorizeRequest<'_>) -> BoxFuture<'a, Decision> {
        Box::pin(async move {
            let mut all = self.begin()?;
            for authorizer in &self.0 {
                all = all.and(decide(authorizer, request).await?);
            }
            Ok(all)
        })
    }
}

impl fmt::Debug for AllOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AllOf({} authorizers)", self.0.len())
    }
}
