//! Fake time, fixed chance and the readiness probe, for tests of towergate layers and of those who build on them.
//!
//! ```
//! use std::time::Duration;
//! use towergate_core::{Clock, Timestamp};
//! use towergate_testing::FakeClock;
//!
//! let clock = FakeClock::at(Timestamp::from_unix_millis(1_000));
//! clock.advance(Duration::from_secs(1));
//! assert_eq!(clock.now(), Timestamp::from_unix_millis(2_000));
//! ```

mod fake_clock;
mod fixed_random;
mod readiness;

pub use fake_clock::FakeClock;
pub use fixed_random::FixedRandom;
pub use readiness::{ReadinessProbe, assert_readiness};
