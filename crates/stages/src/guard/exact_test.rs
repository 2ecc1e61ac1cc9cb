//! A test of two shares that is exact, for one look at the data.

/// Requests of one side, and how many of them are marked: as failed, or as slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marked {
    pub(crate) requests: u64,
    pub(crate) marked: u64,
}

/// Returns how likely the canary has at least as many marked requests as it has, given how many both sides have together,
/// if its odds of a mark are `odds` times those of the base: the upper tail of Fisher's noncentral hypergeometric
/// distribution. With odds of one that is Fisher's exact test.
///
/// The sum runs over what is not negligible around the mode: some tens of standard deviations at most, and so of the
/// order of the root of the marks.
pub(crate) fn p_value(canary: Marked, base: Marked, odds: f64) -> f64 {
    let marks = canary.marked.saturating_add(base.marked);
    let table = Table {
        canary: canary.requests as f64,
        base: base.requests as f64,
        marks: marks as f64,
        odds,
        least: marks.saturating_sub(base.requests),
        most: canary.requests.min(marks),
    };
    table.upper_tail(canary.marked)
}

struct Table {
    canary: f64,
    base: f64,
    marks: f64,
    odds: f64,
    least: u64,
    most: u64,
}

impl Table {
    /// Returns how much likelier `x + 1` is than `x`. It falls with `x`.
    fn step(&self, x: u64) -> f64 {
        let x = x as f64;
        let up = (self.canary - x) * (self.marks - x) * self.odds;
        up / ((x + 1.0) * (self.base - self.marks + x + 1.0))
    }

    fn mode(&self) -> u64 {
        let (mut low, mut high) = (self.least, self.most);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.step(middle) > 1.0 {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Sums weights outwards from the mode, whose weight is one.
    fn upper_tail(&self, from: u64) -> f64 {
        const NEGLIGIBLE: f64 = 1e-18;
        if from <= self.least {
            return 1.0;
        }
        let mode = self.mode();
        let (mut total, mut tail) = (0.0, 0.0);
        let mut weight = 1.0;
        for x in mode..=self.most {
            total += weight;
            if x >= from {
                tail += weight;
            }
            let reference = if x >= from { tail } else { f64::MIN_POSITIVE };
            weight *= self.step(x);
            if weight <= reference * NEGLIGIBLE {
                break;
            }
        }
        weight = 1.0;
        for x in (self.least..mode).rev() {
            weight /= self.step(x);
            total += weight;
            if x >= from {
                tail += weight;
            }
            if weight <= total * NEGLIGIBLE {
                break;
            }
        }
        (tail / total).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(canary: (u64, u64), base: (u64, u64), odds: f64) -> f64 {
        let marked = |(marked, requests)| Marked { requests, marked };
        p_value(marked(canary), marked(base), odds)
    }

    #[test]
    fn it_is_fishers_test_where_the_odds_are_even() {
        // Counted by hand: of C(8, 4) = 70 ways, 1 + 16 put at least three of four marks on the canary.
        let cases = [
            ("tea, three of four", p((3, 4), (1, 4), 1.0), 17.0 / 70.0),
            ("tea, all four", p((4, 4), (0, 4), 1.0), 1.0 / 70.0),
            ("none", p((0, 100), (0, 900), 1.0), 1.0),
            ("one mark, a tenth", p((1, 100), (0, 900), 1.0), 0.1),
            (
                "two marks, a tenth each",
                p((2, 100), (0, 900), 1.0),
                100.0 * 99.0 / (1_000.0 * 999.0),
            ),
            ("every request", p((100, 100), (900, 900), 1.0), 1.0),
            ("the base alone", p((0, 100), (50, 900), 1.0), 1.0),
            ("no base", p((5, 100), (0, 0), 1.0), 1.0),
        ];
        for (name, found, expected) in cases {
            assert!(
                (found - expected).abs() < 1e-12,
                "{name}: {found} is not {expected}"
            );
        }
    }

    #[test]
    fn a_tolerance_makes_it_harder_to_be_found_worse() {
        // With odds of two, one mark falls on the canary with 2 * 100 / (2 * 100 + 900).
        assert!((p((1, 100), (0, 900), 2.0) - 200.0 / 1_100.0).abs() < 1e-12);
        let values = [1.0, 1.5, 2.0, 4.0].map(|odds| p((30, 1_000), (100, 9_000), odds));
        assert!(values.is_sorted(), "{values:?}");
    }

    #[test]
    fn large_counts_are_summed_in_bounded_time() {
        let tail = p((60_000, 1_000_000), (450_000, 9_000_000), 1.0);
        assert!(tail < 1e-100, "{tail}");
        let even = p((50_000, 1_000_000), (450_000, 9_000_000), 1.0);
        assert!((even - 0.5).abs() < 0.01, "{even}");
    }
}
