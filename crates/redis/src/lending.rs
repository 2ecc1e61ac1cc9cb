//! How much of a limit a node borrows at once.

use std::num::NonZeroU32;

use towergate_throttling::{Quota, Rate};

use crate::lease::MAX_TOKENS;

/// Tokens of this many seconds are borrowed at once.
const SECONDS: f64 = 0.05;

/// Requests of a quota that are borrowed at once, at most.
const MAX_REQUESTS: u64 = 1_000;

/// Returns how many tokens a node borrows at once: those of 50 ms, but no more than its share of a tenth of the burst.
///
/// One means that each decision is asked for.
pub(crate) fn tokens(rate: &Rate, nodes: NonZeroU32) -> u64 {
    let share = rate.tokens() / (10 * u64::from(nodes.get()));
    // A cast from a float saturates.
    let flow = (rate.tokens_per_second() * SECONDS) as u64;
    share.min(flow).clamp(1, MAX_TOKENS)
}

/// Returns how many requests of a quota a node borrows at once, if enough remain: its share of a hundredth.
pub(crate) fn requests(quota: &Quota, nodes: NonZeroU32) -> u64 {
    let share = quota.limit / (100 * u64::from(nodes.get()));
    share.clamp(1, MAX_REQUESTS)
}

#[cfg(test)]
mod tests {
    use towergate_throttling::Period;

    use super::*;

    #[test]
    fn leases_are_of_50_ms_and_a_share_of_a_tenth_of_the_burst() {
        let cases = [
            ("the account's default", 10_000.0, 5_000, 1, 500),
            ("on four nodes", 10_000.0, 5_000, 4, 125),
            ("a slow rate with a large burst", 100.0, 5_000, 1, 5),
            ("less than two in 50 ms: exact", 39.0, 5_000, 1, 1),
            ("a small burst: exact", 10_000.0, 19, 1, 1),
            ("a small burst for many nodes: exact", 10_000.0, 199, 10, 1),
            ("nothing gets through", 0.0, 0, 1, 1),
            (
                "no more than a lease holds",
                f64::MAX,
                u64::MAX,
                1,
                MAX_TOKENS,
            ),
        ];
        for (name, rate, burst, nodes, lease) in cases {
            let nodes = NonZeroU32::new(nodes).expect(name);
            let rate = Rate::per_second(rate).burst(burst);
            assert_eq!(tokens(&rate, nodes), lease, "{name}");
        }
    }

    #[test]
    fn leases_of_quotas_are_a_share_of_a_hundredth() {
        let cases = [
            ("a hundredth", 10_000, 1, 100),
            ("on four nodes", 10_000, 4, 25),
            ("a small quota: exact", 199, 1, 1),
            ("zero", 0, 1, 1),
            ("a thousand at most", u64::MAX, 1, 1_000),
        ];
        for (name, limit, nodes, lease) in cases {
            let nodes = NonZeroU32::new(nodes).expect(name);
            let quota = Quota::new(limit, Period::Month);
            assert_eq!(requests(&quota, nodes), lease, "{name}");
        }
    }
}
