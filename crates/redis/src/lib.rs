//! Limits that many nodes share, kept in Redis or Valkey: [`RedisLimits`] implements the port
//! [`SharedLimits`](towergate_throttling::SharedLimits) of `towergate-throttling`.
//!
//! ```no_run
//! use std::num::NonZeroU32;
//! use towergate_redis::RedisLimits;
//!
//! # async fn connect() -> Result<(), towergate_redis::BuildError> {
//! let limits = RedisLimits::builder("redis://127.0.0.1:6379/0")
//!     .account("123456789012")
//!     .nodes(NonZeroU32::new(2).unwrap_or(NonZeroU32::MIN))
//!     .observer(|event| eprintln!("{event:?}"))
//!     .connect()
//!     .await?;
//! # drop(limits);
//! # Ok(())
//! # }
//! ```
//!
//! One script decides about all buckets and the quota of a request: it looks at all of them first, and then takes of each or
//! of none. It reads the clock of the server, so that the clocks of nodes do not matter. It needs Redis 5 or newer, or
//! Valkey, as one server or as what stands behind one address; it does not follow a cluster's redirections.
//!
//! # Modes
//!
//! | [`Mode`] | a decision costs | of a bucket is granted at most, in any time | of a quota |
//! |---|---|---|---|
//! | `Leased`, the default | mostly nothing: a node borrows tokens and spends them by itself | rate × time + burst + lease × nodes | its limit |
//! | `Exact` | a round trip | rate × time + burst | its limit |
//!
//! A lease is what flows in 50 ms, a tenth of the burst divided by the nodes at most. Of a quota it is a hundredth of the
//! limit divided by the nodes, at most 1 000 requests and at most what remains divided by twice the nodes. Where that is not
//! more than one, each decision is asked for: small limits, and quotas near their end, are exact. A lease lasts for a second,
//! or until a quota's period ends; more is borrowed when a quarter is left, and what is not spent is given back. A node that
//! dies loses its leases: quotas have at most that much less. Where a store refused, a node believes it until the time that it
//! told, for a second at most, so that a storm of refused requests does not reach it.
//!
//! Limits without a [`Slot`](towergate_throttling::Slot) are exact in both modes.
//!
//! # Outages
//!
//! No decision waits longer than the deadline, 30 ms by default. After three failures in a row, or when the server cannot be
//! connected to, nobody waits: a task tries again, in pauses that grow from 50 ms to 5 s and that chance spreads, and decisions
//! follow the policy of the charge, or else the store's:
//!
//! | `OutagePolicy` | while the store is out of reach |
//! |---|---|
//! | `Local`, the default | each node holds its share of each rate, and the whole quota, by itself |
//! | `Open` | every request is granted |
//! | `Closed` | every request is refused |
//!
//! What was granted of quotas meanwhile is told to the store before it is used again: for 65 536 quotas and days at most, what
//! is more is not counted, and a node that ends meanwhile takes its counts with it. A request whose answer was lost may count
//! twice, never too little. At most 1 024 calls wait for an answer; what would be more follows the policy.
//!
//! # Keys
//!
//! All keys begin with `towergate:{ACCOUNT}:` and expire: a bucket when it is full, a quota 92 days after the last day of its
//! use. Until then its `offset` counts no second time, and its use of each day is kept. Counts are exact up to 2^53; a larger
//! limit counts as that.
//!
//! # Features
//!
//! `rustls`: servers behind `rediss://`, checked against the certificates that the system trusts.

mod builder;
mod error;
mod event;
mod hold;
mod key_names;
mod lease;
mod lending;
mod limit;
mod limits;
mod link;
mod question;
mod quota_arguments;
mod recovery;
mod script;
mod unsettled;

pub use builder::RedisLimitsBuilder;
pub use error::{BuildError, StoreError};
pub use event::StoreEvent;
pub use limits::{Mode, RedisLimits};
