//! What a request holds while it asks the store for the rest.

use std::{num::NonZeroU32, sync::Arc};

use towergate_core::Timestamp;
use towergate_throttling::Slot;

use crate::{
    Mode,
    lease::{Borrowing, Lease, Token},
    limit::Limit,
};

/// The tokens that a request took from leases, and what it asks for: the places of a charge, each one or the other.
///
/// Dropped before it is [spent](Self::spend), the tokens go back.
pub(crate) struct Hold<'a> {
    parts: [Option<Part<'a>>; 4],
}

enum Part<'a> {
    Held(Arc<Lease>, Token),
    Asked(Ask<'a>),
}

/// What is asked of one limit.
pub(crate) struct Ask<'a> {
    pub(crate) limit: Limit<'a>,
    /// The place of the limit in the charge.
    pub(crate) place: usize,
    /// More than one if this request borrows for those to come.
    wanted: u64,
    lease: Option<Arc<Lease>>,
    _borrowing: Option<Borrowing>,
}

impl<'a> Hold<'a> {
    pub(crate) fn new(
        limits: &[Option<Limit<'a>>; 4],
        mode: Mode,
        nodes: NonZeroU32,
        now: Timestamp,
    ) -> Self {
        let mut parts = [const { None }; 4];
        for ((place, limit), part) in limits.iter().enumerate().zip(&mut parts) {
            *part = limit.map(|limit| Part::new(limit, place, mode, nodes, now));
        }
        Self { parts }
    }

    /// Returns whether nothing needs to be asked for.
    pub(crate) fn is_enough(&self) -> bool {
        self.asks().next().is_none()
    }

    pub(crate) fn asks(&self) -> impl Iterator<Item = &Ask<'a>> + Clone {
        self.parts.iter().flatten().filter_map(|part| match part {
            Part::Asked(ask) => Some(ask),
            Part::Held(..) => None,
        })
    }

    /// Returns each limit that is asked, and for how much.
    pub(crate) fn asked(&self) -> impl Iterator<Item = (Limit<'a>, u64)> + Clone {
        self.asks().map(|ask| (ask.limit, ask.wanted))
    }

    /// Spends the tokens.
    pub(crate) fn spend(mut self) {
        self.parts = [const { None }; 4];
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        for part in self.parts.iter().flatten() {
            if let Part::Held(lease, token) = part {
                lease.put_back(*token);
            }
        }
    }
}

impl<'a> Part<'a> {
    fn new(limit: Limit<'a>, place: usize, mode: Mode, nodes: NonZeroU32, now: Timestamp) -> Self {
        let slot = limit.slot().filter(|_| mode == Mode::Leased);
        let lease = slot.and_then(|slot: &Slot| slot.get_or_init(Lease::default));
        if let Some(lease) = &lease
            && let Some(token) = lease.take(now)
        {
            return Self::Held(Arc::clone(lease), token);
        }
        let size = limit.lease_size(nodes);
        let borrowing = lease.as_ref().filter(|_| size > 1).and_then(Lease::borrow);
        Self::Asked(Ask {
            limit,
            place,
            wanted: if borrowing.is_some() { size } else { 1 },
            lease,
            _borrowing: borrowing,
        })
    }
}

impl Ask<'_> {
    pub(crate) fn lease(&self) -> Option<&Arc<Lease>> {
        self.lease.as_ref()
    }
}
