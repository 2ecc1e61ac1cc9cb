//! Authorizers that are asked once for many requests.

mod answer_store;

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use towergate_core::{BoxFuture, Clock, SystemClock};

pub use self::answer_store::AnswerStore;
use self::answer_store::KeyRef;
use crate::{Authorize, AuthorizeRequest, Decision, Refusal};

/// An authorizer that asks somebody, and whose answer may serve several requests of one identity.
///
/// What is kept is the answer, not the decision: [`decide`](Self::decide) judges each request by it.
pub trait Inquire: Send + Sync + 'static {
    /// What is answered.
    type Answer: Send + Sync + 'static;

    /// Checks a request before anybody is asked, and returns its identity: who shares it shares the answer.
    ///
    /// # Errors
    ///
    /// The refusal of a request that nobody needs to be asked about.
    fn prepare<'r>(&self, request: &'r AuthorizeRequest<'_>) -> Result<Vec<Cow<'r, str>>, Refusal>;

    /// Asks. A failure is never kept.
    fn inquire(
        &self,
        request: &AuthorizeRequest<'_>,
        identity: &[Cow<'_, str>],
    ) -> BoxFuture<'static, Result<Self::Answer, Refusal>>;

    /// Judges a request by an answer.
    ///
    /// # Errors
    ///
    /// The refusal.
    fn decide(&self, request: &AuthorizeRequest<'_>, answer: &Self::Answer) -> Decision;

    /// Returns whether answers may be kept at all.
    fn keeps_answers(&self) -> bool;

    /// Returns whether requests have an identity that answers can be kept under.
    fn has_identity(&self) -> bool;

    /// Returns about how many bytes an answer takes in memory.
    fn answer_bytes(answer: &Self::Answer) -> usize;
}

/// Keeps what an authorizer was answered, and asks once for all who wait for the same answer.
///
/// An answer is kept under the API, the stage, the authorizer and every identity in order, and serves until it is as
/// old as the time to live. Denials are kept, failures are not. The clock going back brings nothing back to life. That
/// some of those who wait go away, or that an authorizer panics, is of no consequence to the others.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use towergate_authorizers::{Cached, LambdaAuthorizer};
///
/// fn cached(authorizer: LambdaAuthorizer) -> Result<Cached<LambdaAuthorizer>, towergate_authorizers::CachedError> {
///     Cached::new(authorizer, Duration::from_secs(60))
/// }
/// ```
pub struct Cached<A: Inquire> {
    authorizer: A,
    id: Box<str>,
    ttl: Duration,
    clock: Arc<dyn Clock>,
    store: Arc<AnswerStore<A::Answer>>,
}

impl<A: Inquire> Cached<A> {
    /// How long an authorizer of a REST API keeps an answer unless it says otherwise.
    pub const DEFAULT_TTL: Duration = Duration::from_secs(300);
    /// The longest that an answer is kept.
    pub const MAX_TTL: Duration = Duration::from_secs(3_600);

    /// Keeps the answers of an authorizer for `ttl`; zero keeps none.
    ///
    /// # Errors
    ///
    /// Returns a [`CachedError`] if that is over an hour, or there is no identity to keep answers under.
    pub fn new(authorizer: A, ttl: Duration) -> Result<Self, CachedError> {
        if ttl > Self::MAX_TTL {
            return Err(CachedError::Ttl(ttl));
        }
        if !ttl.is_zero() && authorizer.keeps_answers() && !authorizer.has_identity() {
            return Err(CachedError::NoIdentity);
        }
        Ok(Self {
            authorizer,
            id: Box::default(),
            ttl,
            clock: Arc::new(SystemClock),
            store: Arc::default(),
        })
    }

    /// Keeps the answers in a store that other authorizers of the API share, each under an id of its own; it may outlive
    /// this one. By default each authorizer has a store to itself.
    #[must_use]
    pub fn with_store(
        mut self,
        id: impl Into<Box<str>>,
        store: Arc<AnswerStore<A::Answer>>,
    ) -> Self {
        self.id = id.into();
        self.store = store;
        self
    }

    /// Tells the time by another clock than the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Returns where the answers are kept.
    #[must_use]
    pub fn store(&self) -> &Arc<AnswerStore<A::Answer>> {
        &self.store
    }

    fn keeps(&self) -> bool {
        !self.ttl.is_zero() && self.authorizer.keeps_answers()
    }

    fn key<'k>(
        &'k self,
        request: &'k AuthorizeRequest<'_>,
        identity: &'k [Cow<'k, str>],
    ) -> KeyRef<'k> {
        let stage = request.context().stage();
        KeyRef {
            api: stage.map_or("", |stage| &stage.api_id),
            stage: stage.map_or("", |stage| &stage.stage),
            authorizer: &self.id,
            identity,
        }
    }
}

impl<A: Inquire> Authorize for Cached<A> {
    fn authorize_now(&self, request: &AuthorizeRequest<'_>) -> Option<Decision> {
        let identity = match self.authorizer.prepare(request) {
            Ok(identity) => identity,
            Err(refusal) => return Some(Err(refusal)),
        };
        if !self.keeps() {
            return None;
        }
        let key = self.key(request, &identity);
        let answer = self.store.get(&key, self.clock.now())?;
        Some(self.authorizer.decide(request, &answer))
    }

    fn authorize<'a>(&'a self, request: &'a AuthorizeRequest<'_>) -> BoxFuture<'a, Decision> {
        Box::pin(async move {
            let identity = self.authorizer.prepare(request)?;
            let inquiry = self.authorizer.inquire(request, &identity);
            if !self.keeps() {
                return self.authorizer.decide(request, &inquiry.await?);
            }
            let key = self.key(request, &identity);
            let clock = Arc::clone(&self.clock);
            let bytes = A::answer_bytes;
            let answer = self
                .store
                .join(&key, inquiry, self.ttl, clock, bytes)
                .await?;
            self.authorizer.decide(request, &answer)
        })
    }
}

impl<A: Inquire + fmt::Debug> fmt::Debug for Cached<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached")
            .field("authorizer", &self.authorizer)
            .field("ttl", &self.ttl)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

/// Why answers cannot be kept as asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CachedError {
    /// Requests have no identity.
    #[error("there is no identity source to keep answers under")]
    NoIdentity,
    /// The time to live is over an hour.
    #[error("a time to live of {0:?} is over an hour")]
    Ttl(Duration),
}
