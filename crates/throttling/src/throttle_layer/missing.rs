//! Requests of which nothing tells the caller.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::request;
use towergate_core::Timestamp;

use crate::{Rate, TokenBucket, token_bucket::State};

/// What happens to requests of which nothing tells the caller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnMissing {
    /// They share one bucket.
    #[default]
    SharedBucket,
    /// They are refused.
    Refuse,
}

/// What a layer does with such requests, and who hears of the first.
#[derive(Clone, Default)]
pub(super) struct Missing {
    pub(super) on_missing: OnMissing,
    bucket: Arc<TokenBucket>,
    warning: Option<Arc<Warning>>,
}

struct Warning {
    is_given: AtomicBool,
    warn: Box<Warn>,
}

type Warn = dyn Fn(&request::Parts) + Send + Sync;

impl Missing {
    pub(super) fn warn_by(&mut self, warn: impl Fn(&request::Parts) + Send + Sync + 'static) {
        self.warning = Some(Arc::new(Warning {
            is_given: AtomicBool::new(false),
            warn: Box::new(warn),
        }));
    }

    /// Gives the warning, the first time.
    pub(super) fn note(&self, parts: &request::Parts) {
        if let Some(warning) = &self.warning
            && !warning.is_given.load(Ordering::Relaxed)
            && !warning.is_given.swap(true, Ordering::Relaxed)
        {
            (warning.warn)(parts);
        }
    }

    pub(super) fn take(&self, rate: &Rate, now: Timestamp) -> Result<(), Duration> {
        match self.on_missing {
            OnMissing::SharedBucket => self.bucket.take(rate, now),
            OnMissing::Refuse => Err(Duration::MAX),
        }
    }

    /// Returns what there is to tell of, if there is a bucket.
    pub(super) fn state(&self, rate: &Rate, now: Timestamp) -> Option<State> {
        match self.on_missing {
            OnMissing::SharedBucket => Some(self.bucket.state(rate, now)),
            OnMissing::Refuse => None,
        }
    }
}
