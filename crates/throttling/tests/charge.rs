//! Several buckets and a quota that are charged together: as a model that counts tokens one by one, and by many threads.
#![cfg(not(towergate_loom))]

use std::{array, sync::Barrier, thread, time::Duration};

use proptest::prelude::*;
use towergate_core::Timestamp;
use towergate_throttling::{
    Charge, ChargedQuota, ChargedThrottle, LimitName, Period, Quota, QuotaCounter, Rate, Refusal,
    RefusedBy, TokenBucket,
};

const START_MILLIS: u64 = 1_000_000;
const DAY_MILLIS: u64 = 86_400_000;

/// Which buckets a request is charged to, and whether it counts.
#[derive(Debug, Clone, Copy)]
struct Asked {
    buckets: [Option<usize>; 3],
    counts: bool,
}

/// Buckets and a quota, as a gateway has them.
struct Limits {
    rates: [Rate; 3],
    buckets: [TokenBucket; 3],
    quota: Quota,
    counter: QuotaCounter,
}

impl Limits {
    fn new(rates: [Rate; 3], limit: u64) -> Self {
        Self {
            rates,
            buckets: array::from_fn(|_| TokenBucket::new()),
            quota: Quota::new(limit, Period::Day),
            counter: QuotaCounter::default(),
        }
    }

    fn decide(&self, asked: Asked, now: Timestamp) -> Result<(), Refusal> {
        let name = LimitName::Account("1");
        let throttle = |index: usize| ChargedThrottle {
            name,
            rate: self.rates[index],
            bucket: &self.buckets[index],
            slot: None,
        };
        let charge = Charge {
            throttles: asked.buckets.map(|index| index.map(throttle)),
            quota: asked.counts.then_some(ChargedQuota {
                name,
                quota: &self.quota,
                counter: &self.counter,
                slot: None,
            }),
            outage: None,
        };
        charge.decide_locally(now)
    }

    /// Returns what is left: the tokens of each bucket, and the requests of the quota.
    fn left(&self, now: Timestamp) -> ([u64; 3], u64) {
        let tokens = array::from_fn(|index| self.buckets[index].tokens(&self.rates[index], now));
        (tokens, self.counter.remaining(&self.quota, now))
    }
}

/// A bucket that counts its tokens.
#[derive(Debug, Clone, Copy)]
struct Counted {
    tokens: u64,
    burst: u64,
    /// Milliseconds between two tokens, and those that have passed since the last one.
    interval: u64,
    passed: u64,
}

impl Counted {
    fn wait(&mut self, millis: u64) {
        self.passed += millis;
        while self.tokens < self.burst && self.passed >= self.interval {
            self.tokens += 1;
            self.passed -= self.interval;
        }
        if self.tokens == self.burst {
            self.passed = 0;
        }
    }

    fn refusal(&self, by: usize) -> Refusal {
        let after = Duration::from_millis(self.interval - self.passed);
        Refusal {
            by: RefusedBy::Throttle(by),
            retry_after: (self.burst > 0).then_some(after),
        }
    }
}

/// The same limits, in whole tokens and milliseconds.
#[derive(Debug)]
struct Model {
    buckets: [Counted; 3],
    limit: u64,
    used: u64,
    millis: u64,
}

impl Model {
    fn wait(&mut self, millis: u64) {
        for bucket in &mut self.buckets {
            bucket.wait(millis);
        }
        let day = self.millis / DAY_MILLIS;
        self.millis += millis;
        if self.millis / DAY_MILLIS > day {
            self.used = 0;
        }
    }

    fn decide(&mut self, asked: Asked) -> Result<(), Refusal> {
        let buckets = asked.buckets.iter().enumerate();
        let charged = || {
            buckets
                .clone()
                .filter_map(|(by, index)| Some((by, (*index)?)))
        };
        if let Some((by, index)) = charged().find(|(_, index)| self.buckets[*index].tokens == 0) {
            return Err(self.buckets[index].refusal(by));
        }
        if asked.counts && self.used >= self.limit {
            return Err(Refusal {
                by: RefusedBy::Quota,
                retry_after: Some(Duration::from_millis(DAY_MILLIS - self.millis % DAY_MILLIS)),
            });
        }
        // A bucket that is charged twice may have a token for the first time only.
        let mut after = self.buckets;
        for (by, index) in charged() {
            match after[index].tokens.checked_sub(1) {
                Some(left) => after[index].tokens = left,
                None => return Err(self.buckets[index].refusal(by)),
            }
        }
        self.buckets = after;
        self.used += u64::from(asked.counts);
        Ok(())
    }

    fn left(&self) -> ([u64; 3], u64) {
        (
            self.buckets.map(|bucket| bucket.tokens),
            self.limit - self.used,
        )
    }
}

/// Rates whose interval is a whole number of milliseconds, and bursts down to none.
fn rates() -> impl Strategy<Value = (u64, u64)> {
    let per_second = prop::sample::select(vec![1_u64, 2, 4, 5, 8, 10, 20, 100]);
    (per_second, prop_oneof![1 => Just(0), 15 => 1_u64..8])
}

/// Storms, pauses in which some buckets fill, and nights.
fn pauses() -> impl Strategy<Value = u64> {
    prop_oneof![6 => Just(0), 8 => 0_u64..300, 4 => 0_u64..3_000, 1 => 0..DAY_MILLIS]
}

fn asked() -> impl Strategy<Value = Asked> {
    let buckets = prop::array::uniform3(prop::option::weighted(0.7, 0_usize..3));
    let asked = (buckets, any::<bool>());
    asked.prop_map(|(buckets, counts)| Asked { buckets, counts })
}

proptest! {
    #[test]
    fn charges_are_granted_as_by_counting_tokens(
        rates in prop::array::uniform3(rates()),
        limit in 0_u64..30,
        requests in prop::collection::vec((pauses(), asked()), 1..200),
    ) {
        let limits = Limits::new(
            rates.map(|(per_second, burst)| Rate::per_second(per_second as f64).burst(burst)),
            limit,
        );
        let mut model = Model {
            buckets: rates.map(|(per_second, burst)| Counted {
                tokens: burst,
                burst,
                interval: 1_000 / per_second,
                passed: 0,
            }),
            limit,
            used: 0,
            millis: START_MILLIS,
        };
        for (number, (pause, asked)) in requests.into_iter().enumerate() {
            model.wait(pause);
            let now = Timestamp::from_unix_millis(model.millis);
            prop_assert_eq!(limits.decide(asked, now), model.decide(asked), "{} {:?}", number, asked);
            prop_assert_eq!(limits.left(now), model.left(), "{} {:?}", number, asked);
        }
    }
}

/// Runs each kind of request on two threads at once, and returns how many of each were granted.
fn race(limits: &Limits, kinds: &[Asked], requests: u64, now: Timestamp) -> Vec<u64> {
    let ready = Barrier::new(2 * kinds.len());
    let run = |asked: Asked| {
        ready.wait();
        let granted = (0..requests).filter(|_| limits.decide(asked, now).is_ok());
        granted.count() as u64
    };
    thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = kinds
            .iter()
            .map(|asked| [(); 2].map(|()| scope.spawn(move || run(*asked))))
            .collect();
        let joined = threads.into_iter();
        joined
            .map(|pair| {
                pair.map(|thread| thread.join().expect("no thread panics"))
                    .iter()
                    .sum()
            })
            .collect()
    })
}

#[test]
fn threads_exceed_no_limit_and_leave_no_trace_of_what_was_refused() {
    let now = Timestamp::from_unix_millis(START_MILLIS);
    let kinds = [
        Asked {
            buckets: [Some(0), Some(1), Some(2)],
            counts: true,
        },
        // The other way round, so that each may take what the other lacks.
        Asked {
            buckets: [Some(2), Some(1), None],
            counts: true,
        },
        Asked {
            buckets: [None, Some(0), Some(2)],
            counts: false,
        },
    ];
    let cases = [
        ("the first bucket is the tightest", [40, 400, 400], 400),
        ("the last bucket is the tightest", [400, 400, 40], 400),
        ("the quota is the tightest", [400, 400, 400], 40),
        ("all are as tight", [60, 60, 60], 60),
        ("one token of each", [1, 1, 1], 1),
    ];
    for (name, bursts, limit) in cases {
        for round in 0..40 {
            // No token flows in meanwhile.
            let rates = bursts.map(|burst| Rate::per_second(0.001).burst(burst));
            let limits = Limits::new(rates, limit);
            let granted = race(&limits, &kinds, 100, now);
            let of = |charged: &dyn Fn(&Asked) -> bool| -> u64 {
                let granted = kinds.iter().zip(&granted);
                granted
                    .filter(|(asked, _)| charged(asked))
                    .map(|(_, granted)| granted)
                    .sum()
            };
            let taken: [u64; 3] =
                array::from_fn(|bucket| of(&|asked| asked.buckets.contains(&Some(bucket))));
            let counted = of(&|asked| asked.counts);
            let left = bursts
                .iter()
                .zip(taken)
                .map(|(burst, taken)| burst.checked_sub(taken));
            let (tokens, remaining) = limits.left(now);
            assert_eq!(
                left.collect::<Vec<_>>(),
                tokens.map(Some),
                "{name}, round {round}: {granted:?}"
            );
            assert_eq!(
                limit.checked_sub(counted),
                Some(remaining),
                "{name}, round {round}: {granted:?}"
            );
        }
    }
}
