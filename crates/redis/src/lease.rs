//! What a node keeps of one limit: tokens that it borrowed, and a refusal that it knows of.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use towergate_core::Timestamp;

#[cfg(test)]
mod tests;

/// How long a lease is spent, and a refusal believed, at most.
pub(crate) const LEASE_TIME: Duration = Duration::from_secs(1);

/// The most tokens that a lease holds.
pub(crate) const MAX_TOKENS: u64 = (1 << COUNT_BITS) - 1;

const COUNT_BITS: u32 = 22;

/// The lease of one limit, kept in its slot. All of it is atomics: requests neither lock nor wait.
#[derive(Debug, Default)]
pub(crate) struct Lease {
    /// When the lease ends, in milliseconds since the Unix epoch, above; how many tokens are left, below.
    word: AtomicU64,
    /// From how many tokens on the next are borrowed ahead.
    low: AtomicU64,
    /// When the store refused, in milliseconds since the Unix epoch; zero if it did not.
    refused_at: AtomicU64,
    /// When the store may grant again; `u64::MAX` if nobody knows.
    retry_at: AtomicU64,
    /// Whether somebody borrows: one at a time, so that a lease never holds more than its size.
    borrowing: AtomicBool,
    /// Whether a task waits to give back what is not spent.
    watched: AtomicBool,
    /// The terms of the lease, written by the one who borrows.
    terms: [AtomicU64; 2],
}

/// What is needed to give tokens back: of a bucket its interval and capacity, of a quota the first day of the period and
/// the day on which they were counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Terms(pub(crate) u64, pub(crate) u64);

/// A token that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    ends: u64,
    left: u64,
}

impl Lease {
    /// Takes a token.
    pub(crate) fn take(&self, now: Timestamp) -> Option<Token> {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            let (ends, count) = split(word);
            if !lasts(ends, now) {
                return None;
            }
            let left = count.checked_sub(1)?;
            let less = self.word.compare_exchange_weak(
                word,
                join(ends, left),
                Ordering::AcqRel,
                Ordering::Acquire,
            );
            match less {
                Ok(_) => return Some(Token { ends, left }),
                Err(current) => word = current,
            }
        }
    }

    /// Puts a token back that was not spent. It is lost if the lease was renewed or has ended meanwhile.
    pub(crate) fn put_back(&self, token: Token) {
        let more = |word| {
            let (ends, count) = split(word);
            (ends == token.ends && count < MAX_TOKENS).then(|| join(ends, count + 1))
        };
        let _ = self
            .word
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
    }

    /// Returns whether it is time to borrow more ahead, after this token was taken.
    pub(crate) fn runs_low(&self, token: Token) -> bool {
        token.left <= self.low.load(Ordering::Relaxed) && !self.borrowing.load(Ordering::Relaxed)
    }

    /// Returns how many tokens there are to spend.
    pub(crate) fn tokens(&self, now: Timestamp) -> u64 {
        match split(self.word.load(Ordering::Acquire)) {
            (ends, count) if lasts(ends, now) => count,
            _ => 0,
        }
    }

    /// Adds tokens, and lets the lease last until `ends`. Tokens of another rate or period are dropped.
    ///
    /// Only for the one who [borrows](Self::borrow).
    pub(crate) fn add(&self, tokens: u64, terms: Terms, ends: Timestamp, now: Timestamp) {
        let [first, second] = &self.terms;
        let same_terms = first.swap(terms.0, Ordering::AcqRel) == terms.0;
        second.store(terms.1, Ordering::Release);
        let mut held = 0;
        let _ = self
            .word
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |word| {
                let (old_ends, old) = split(word);
                let kept = if same_terms && lasts(old_ends, now) {
                    old
                } else {
                    0
                };
                held = kept.saturating_add(tokens).min(MAX_TOKENS);
                Some(join(ends.as_unix_millis(), held))
            });
        self.low.store(held / 4, Ordering::Relaxed);
        self.refused_at.store(0, Ordering::Release);
    }

    /// Takes all tokens, whether the lease lasts or not, and tells their terms.
    pub(crate) fn take_all(&self) -> (u64, Terms) {
        let [first, second] = &self.terms;
        let terms = Terms(
            first.load(Ordering::Acquire),
            second.load(Ordering::Acquire),
        );
        (split(self.word.swap(0, Ordering::AcqRel)).1, terms)
    }

    /// Returns whether the lease lasts.
    pub(crate) fn lasts(&self, now: Timestamp) -> bool {
        lasts(split(self.word.load(Ordering::Acquire)).0, now)
    }

    /// Notes that the store refused, and when it may grant again.
    pub(crate) fn refuse(&self, now: Timestamp, retry_after: Option<Duration>) {
        let retry_at = retry_after.map_or(u64::MAX, |after| {
            // Rounded up: a request at that time is granted.
            let almost = Duration::from_nanos(999_999);
            now.saturating_add(after.saturating_add(almost))
                .as_unix_millis()
        });
        self.retry_at.store(retry_at, Ordering::Release);
        self.refused_at
            .store(now.as_unix_millis().max(1), Ordering::Release);
    }

    /// Returns the refusal that is known, as the time until the store may grant again if there is such a time.
    ///
    /// It is believed for a second at most: limits change.
    pub(crate) fn refusal(&self, now: Timestamp) -> Option<Option<Duration>> {
        let refused_at = self.refused_at.load(Ordering::Acquire);
        if refused_at == 0 || self.tokens(now) > 0 {
            return None;
        }
        let retry_at = self.retry_at.load(Ordering::Acquire);
        let now = now.as_unix_millis();
        let age = now.checked_sub(refused_at)?;
        let known = u128::from(age) < LEASE_TIME.as_millis() && now < retry_at;
        let retry_after = || Duration::from_millis(retry_at.saturating_sub(now));
        known.then(|| (retry_at < u64::MAX).then(retry_after))
    }

    /// Forgets tokens and refusal.
    pub(crate) fn forget(&self) {
        self.word.store(0, Ordering::Release);
        self.refused_at.store(0, Ordering::Release);
    }

    /// Becomes the one who borrows, if nobody is.
    pub(crate) fn borrow(self: &Arc<Self>) -> Option<Borrowing> {
        let free = !self.borrowing.swap(true, Ordering::AcqRel);
        free.then(|| Borrowing(Arc::clone(self)))
    }

    /// Becomes the one who watches over the end of the lease, if nobody is.
    pub(crate) fn watch(self: &Arc<Self>) -> Option<Watch> {
        let free = !self.watched.swap(true, Ordering::AcqRel);
        free.then(|| Watch(Arc::clone(self)))
    }
}

/// The right to borrow for a lease, given up when dropped.
#[derive(Debug)]
pub(crate) struct Borrowing(Arc<Lease>);

impl Drop for Borrowing {
    fn drop(&mut self) {
        self.0.borrowing.store(false, Ordering::Release);
    }
}

/// The watch over the end of a lease, given up when dropped.
#[derive(Debug)]
pub(crate) struct Watch(Arc<Lease>);

impl Watch {
    pub(crate) fn lease(&self) -> &Lease {
        &self.0
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.watched.store(false, Ordering::Release);
    }
}

fn split(word: u64) -> (u64, u64) {
    (word >> COUNT_BITS, word & MAX_TOKENS)
}

fn join(ends: u64, count: u64) -> u64 {
    (ends << COUNT_BITS) | count
}

/// Whether a lease that ends then lasts: one that would last longer than leases do is of a clock that went back.
fn lasts(ends: u64, now: Timestamp) -> bool {
    let left = ends.checked_sub(now.as_unix_millis());
    left.is_some_and(|left| left > 0 && u128::from(left) <= LEASE_TIME.as_millis())
}
