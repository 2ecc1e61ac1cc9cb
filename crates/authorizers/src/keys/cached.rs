//! A key set that is kept, and fetched anew when it is old or a token names a key that it does not have.

use std::{
    fmt,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{Arc, PoisonError, RwLock, RwLockWriteGuard},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, future::Shared};
use towergate_core::{BoxError, BoxFuture, Clock, KeySource, KeySourceError, Timestamp};

use super::KeySet;

const DEFAULT_FRESH_FOR: Duration = Duration::from_secs(2 * 60 * 60);
const DEFAULT_KEEP_FOR: Duration = Duration::from_secs(24 * 60 * 60);
const DEFAULT_REFETCH_AFTER: Duration = Duration::from_secs(30);

/// The keys of one issuer, fetched when a request needs them.
///
/// A set is fresh for two hours. The first request after that sets off a fetch, and is served with the old set
/// meanwhile; while fetching fails the old set serves on, until it is a day old. A `kid` that the set does not have
/// makes the request wait for a fetch. Between the beginnings of two fetches there are at least 30 seconds, so that a
/// flood of unknown `kid`s costs the issuer no more than that and is remembered in no more than one time stamp. All who
/// wait, wait for the same fetch; that some of them go away, or that a fetch panics, is of no consequence to the others.
///
/// No task is needed: who asks for a key also drives the fetch. A fetch that is to go on between two requests must do so
/// by itself, as that of `OidcKeySource` does.
pub struct CachedKeys {
    source: Arc<dyn KeySource>,
    fresh_for: Duration,
    keep_for: Duration,
    refetch_after: Duration,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    kept: Option<Kept>,
    flight: Option<Flight>,
    /// When the last fetch began.
    last_fetch: Option<Timestamp>,
    /// Why the last fetch failed.
    failure: Option<KeysUnavailable>,
}

struct Kept {
    keys: Arc<KeySet>,
    document: Bytes,
    fetched_at: Timestamp,
}

#[derive(Clone)]
struct Flight {
    began_at: Timestamp,
    future: Shared<BoxFuture<'static, FetchResult>>,
}

type FetchResult = Result<(Arc<KeySet>, Bytes), KeysUnavailable>;

impl CachedKeys {
    /// Creates a cache that has nothing yet.
    pub fn new(source: impl KeySource) -> Self {
        Self {
            source: Arc::new(source),
            fresh_for: DEFAULT_FRESH_FOR,
            keep_for: DEFAULT_KEEP_FOR,
            refetch_after: DEFAULT_REFETCH_AFTER,
            state: RwLock::default(),
        }
    }

    /// Sets how long a set serves before it is fetched anew; two hours by default, as for HTTP APIs. REST APIs take one.
    #[must_use]
    pub fn with_fresh_for(mut self, fresh_for: Duration) -> Self {
        self.fresh_for = fresh_for;
        self
    }

    /// Sets how long a set serves while fetching fails; a day by default. One that is no longer fresh also serves for a
    /// moment, [as long as fetches are apart](Self::with_refetch_after), while it is fetched anew.
    #[must_use]
    pub fn with_keep_for(mut self, keep_for: Duration) -> Self {
        self.keep_for = keep_for;
        self
    }

    /// Sets how long after the beginning of a fetch the next may begin; 30 seconds by default.
    #[must_use]
    pub fn with_refetch_after(mut self, refetch_after: Duration) -> Self {
        self.refetch_after = refetch_after;
        self
    }

    /// Looks for the set that has the key `kid`.
    pub fn lookup(&self, kid: &str, now: Timestamp) -> KeyLookup {
        let found = self
            .current(now)
            .filter(|keys| keys.get(kid).is_some())
            .map(KeyLookup::Found);
        found.unwrap_or_else(|| self.lookup_unknown(kid, now))
    }

    fn lookup_unknown(&self, kid: &str, now: Timestamp) -> KeyLookup {
        if kid.is_empty() || kid.len() > KeySet::MAX_KID_BYTES {
            return KeyLookup::NotFound;
        }
        let mut state = self.state();
        self.settle(&mut state, now);
        // Another request may have brought it in between.
        let serving = self.serving(&state, now);
        if let Some(keys) = serving.filter(|keys| keys.get(kid).is_some()) {
            return KeyLookup::Found(keys);
        }
        if let Some(flight) = self.fetch(&mut state, now) {
            return KeyLookup::Fetch(KeyFetch(flight.future));
        }
        match (&state.kept, &state.failure) {
            (None, Some(failure)) => KeyLookup::Unavailable(failure.clone()),
            _ => KeyLookup::NotFound,
        }
    }

    /// Waits for a set if there is none yet: for a host that wants to know before the first request.
    ///
    /// # Errors
    ///
    /// Returns why there is none.
    pub async fn ready(&self, clock: &dyn Clock) -> Result<Arc<KeySet>, KeysUnavailable> {
        if let Some(keys) = self.current(clock.now()) {
            return Ok(keys);
        }
        let flight = self.fetch(&mut self.state(), clock.now());
        if let Some(flight) = flight {
            flight.future.await.map(drop)?;
        }
        let keys = self.current(clock.now());
        keys.ok_or_else(|| {
            let failure = self.state().failure.clone();
            failure.unwrap_or_else(KeysUnavailable::timeout)
        })
    }

    /// Returns the set that serves now, if there is one, without waiting. Sets off a fetch if it is no longer fresh.
    pub fn current(&self, now: Timestamp) -> Option<Arc<KeySet>> {
        {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            if self.is_settled(&state, now) {
                return state.keys();
            }
        }
        self.advance();
        let mut state = self.state();
        self.settle(&mut state, now);
        let keys = self.serving(&state, now);
        let begun = self.is_stale(&state, now) && self.fetch(&mut state, now).is_some();
        drop(state);
        if begun {
            self.advance();
        }
        keys
    }

    /// Polls the fetch that is under way, if there is one, on behalf of those who do not wait for it.
    fn advance(&self) {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let flight = state.flight.clone();
        // The source is other people's code: it does not run under the lock.
        drop(state);
        if let Some(flight) = flight {
            flight.future.now_or_never();
        }
    }

    /// Returns whether `keys` is the set that serves now, see [`current`](Self::current).
    pub(crate) fn is_current(&self, keys: &Arc<KeySet>, now: Timestamp) -> bool {
        {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            if self.is_settled(&state, now) {
                return state
                    .kept
                    .as_ref()
                    .is_some_and(|kept| Arc::ptr_eq(&kept.keys, keys));
            }
        }
        self.current(now)
            .is_some_and(|current| Arc::ptr_eq(&current, keys))
    }

    /// Returns the set that is kept, if it may serve: one that is stale only shortly after it became so, lest all wait
    /// for its fetch, and while fetching fails. A key that was withdrawn long ago would else serve once more.
    fn serving(&self, state: &State, now: Timestamp) -> Option<Arc<KeySet>> {
        let kept = state.kept.as_ref()?;
        let age = now.saturating_since(kept.fetched_at);
        let is_young =
            now >= kept.fetched_at && age < self.fresh_for.saturating_add(self.refetch_after);
        (is_young || state.failure.is_some()).then(|| Arc::clone(&kept.keys))
    }

    /// Nothing to install, to drop or to set off.
    fn is_settled(&self, state: &State, now: Timestamp) -> bool {
        state.flight.is_none() && state.kept.is_some() && !self.is_stale(state, now)
    }

    /// A set from the future is stale: the clock went back, and nobody knows how old the set is.
    fn is_stale(&self, state: &State, now: Timestamp) -> bool {
        state.kept.as_ref().is_some_and(|kept| {
            now < kept.fetched_at || now.saturating_since(kept.fetched_at) >= self.fresh_for
        })
    }

    /// Takes in a fetch that has ended, and drops a set that is too old to serve.
    fn settle(&self, state: &mut State, now: Timestamp) {
        let ended = state
            .flight
            .as_ref()
            .and_then(|flight| Some((flight.began_at, flight.future.peek()?.clone())));
        if let Some((began_at, result)) = ended {
            state.flight = None;
            state.install(began_at, result);
        }
        state
            .kept
            .take_if(|kept| now.saturating_since(kept.fetched_at) >= self.keep_for);
    }

    /// Returns the fetch that is under way, or begins one unless the last began too recently.
    fn fetch(&self, state: &mut State, now: Timestamp) -> Option<Flight> {
        let is_recent =
            |began_at| began_at <= now && now.saturating_since(began_at) < self.refetch_after;
        // A source that does not bound its time is given up, or nobody would ever ask again.
        let overdue = state.flight.take_if(|flight| !is_recent(flight.began_at));
        if overdue.is_some() {
            state.failure = Some(KeysUnavailable::timeout());
        }
        if let Some(flight) = &state.flight {
            return Some(flight.clone());
        }
        if state.last_fetch.is_some_and(is_recent) {
            return None;
        }
        state.last_fetch = Some(now);
        let flight = Flight {
            began_at: now,
            future: fetch_from(Arc::clone(&self.source)).boxed().shared(),
        };
        state.flight = Some(flight.clone());
        Some(flight)
    }

    fn state(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn keys(&self) -> Option<Arc<KeySet>> {
        self.kept.as_ref().map(|kept| Arc::clone(&kept.keys))
    }

    /// A set that has not changed stays the same set, and so do the tokens that were verified with it.
    fn install(&mut self, fetched_at: Timestamp, result: FetchResult) {
        let (keys, document) = match result {
            Ok(fetched) => fetched,
            Err(failure) => {
                self.failure = Some(failure);
                return;
            }
        };
        self.failure = None;
        match &mut self.kept {
            Some(kept) if kept.document == document => kept.fetched_at = fetched_at,
            kept => {
                *kept = Some(Kept {
                    keys,
                    document,
                    fetched_at,
                });
            }
        }
    }
}

async fn fetch_from(source: Arc<dyn KeySource>) -> FetchResult {
    let fetch = AssertUnwindSafe(async move { source.key_set().await }).catch_unwind();
    match fetch.await {
        Ok(Ok(document)) => match KeySet::parse(&document) {
            Ok(keys) => Ok((Arc::new(keys), document)),
            Err(error) => Err(KeysUnavailable::KeySet(error.to_string().into())),
        },
        Ok(Err(KeySourceError::Discovery(error))) => {
            Err(KeysUnavailable::Discovery(causes(&error)))
        }
        Ok(Err(KeySourceError::KeySet(error))) => Err(KeysUnavailable::KeySet(causes(&error))),
        Ok(Err(error)) => Err(KeysUnavailable::KeySet(error.to_string().into())),
        Err(_) => Err(KeysUnavailable::KeySet("the source panicked".into())),
    }
}

/// An error and what caused it, on one line.
fn causes(error: &BoxError) -> Arc<str> {
    let chain = std::iter::successors(Some(&**error as &dyn std::error::Error), |error| {
        error.source()
    });
    let texts: Vec<_> = chain.map(ToString::to_string).collect();
    texts.join(": ").into()
}

impl fmt::Debug for CachedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("CachedKeys")
            .field("keys", &state.keys())
            .field("failure", &state.failure)
            .finish_non_exhaustive()
    }
}

/// What is known of a key.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeyLookup {
    /// This set has it.
    Found(Arc<KeySet>),
    /// Nobody knows before this fetch has ended; ask again then.
    Fetch(KeyFetch),
    /// The set does not have it, and was fetched too recently to fetch it anew.
    NotFound,
    /// There is no set, and the last fetch failed too recently to try again.
    Unavailable(KeysUnavailable),
}

/// The end of a fetch, successful or not. All who wait share the fetch; it goes on while one of them polls.
#[must_use = "futures do nothing unless polled"]
pub struct KeyFetch(Shared<BoxFuture<'static, FetchResult>>);

impl Future for KeyFetch {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_unpin(cx).map(drop)
    }
}

impl fmt::Debug for KeyFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyFetch")
    }
}

/// Why there is no key set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysUnavailable {
    /// Where the keys are could not be found out.
    #[error("no discovery document: {0}")]
    Discovery(Arc<str>),
    /// The keys could not be had.
    #[error("no key set: {0}")]
    KeySet(Arc<str>),
}

impl KeysUnavailable {
    fn timeout() -> Self {
        Self::KeySet("the fetch took too long".into())
    }
}

#[cfg(test)]
mod tests;
