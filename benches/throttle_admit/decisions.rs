//! Single decisions, by a caller and by a key of a plan.

use std::{hint::black_box, num::NonZeroU32, thread};

use governor::{DefaultKeyedRateLimiter, Quota as GovernorQuota, RateLimiter};
use towergate_benches::timing::{median, seconds};
use towergate_core::{Clock, SystemClock, Timestamp};
use towergate_throttling::{
    ApiKey, ApiStage, BucketRegistry, KeyedBuckets, LimitName, MethodLimits, Period, Quota, Rate,
    Subscription, Throttle, UsagePlan, UsagePlans,
};

use crate::{BURST, random, rate};

/// What comes with the requests of a round, and what was found for them: in the order in which it is asked for, so that
/// no rival waits for what a gateway would have at hand.
pub(crate) struct Calls {
    keys: Vec<u64>,
    values: Vec<[u8; 40]>,
    found: Vec<Subscription>,
}

/// The limiters and what decides by them.
pub(crate) struct Rivals {
    keys: usize,
    governor: DefaultKeyedRateLimiter<u64>,
    ours: KeyedBuckets,
    rate: Rate,
    plans: UsagePlans,
    /// The limits of the stage.
    stage: MethodLimits,
    /// Those of the account as well.
    limits: MethodLimits,
}

/// Decides all calls of a round, and returns how many were granted.
pub(crate) type Decide = fn(&Rivals, &Calls, Timestamp) -> usize;

/// The loop is compiled with the decision, as a server is: none is called through a pointer.
#[inline(always)]
fn each(calls: &Calls, decide: impl Fn(usize) -> bool) -> usize {
    let granted = (0..calls.keys.len()).filter(|at| black_box(decide(*at)));
    granted.count()
}

pub(crate) const DECIDE: [(&str, Decide); 7] = [
    ("governor, keyed", |rivals, calls, _| {
        each(calls, |at| {
            rivals.governor.check_key(&calls.keys[at]).is_ok()
        })
    }),
    ("ours, time handed in", |rivals, calls, now| {
        each(calls, |at| {
            let key = calls.keys[at].to_be_bytes();
            rivals.ours.take(&key, &rivals.rate, now).is_ok()
        })
    }),
    ("ours, with a look at the clock", |rivals, calls, _| {
        each(calls, |at| {
            let (key, now) = (calls.keys[at].to_be_bytes(), SystemClock.now());
            rivals.ours.take(&key, &rivals.rate, now).is_ok()
        })
    }),
    ("find, plan, stage, quota", |rivals, calls, now| {
        each(calls, |at| {
            rivals.find_and_decide(&rivals.stage, &calls.values[at], now)
        })
    }),
    ("find, plan, stage, account, quota", |rivals, calls, now| {
        each(calls, |at| {
            rivals.find_and_decide(&rivals.limits, &calls.values[at], now)
        })
    }),
    ("find alone", |rivals, calls, _| {
        each(calls, |at| {
            let found = rivals.plans.find(Some(&calls.values[at]), &rivals.stage);
            found.is_ok()
        })
    }),
    (
        "plan, stage, quota of what was found",
        |rivals, calls, now| {
            each(calls, |at| {
                let charge = rivals.stage.charge(Some(&calls.found[at]));
                charge.decide_locally(now).is_ok()
            })
        },
    ),
];

impl Rivals {
    pub(crate) fn new(keys: usize) -> Self {
        let million = NonZeroU32::new(BURST).expect("not zero");
        let governor = RateLimiter::keyed(GovernorQuota::per_second(million).allow_burst(million));
        let buckets = BucketRegistry::default();
        let limits = MethodLimits::new("pets", "prod", "/pets/{id}/GET");
        let stage = Throttle::new(rate(), buckets.bucket(limits.stage_name()));
        let account = Throttle::new(rate(), buckets.bucket(LimitName::Account("1")));
        let stage = limits.stage_throttle(stage);
        let rivals = Self {
            keys,
            governor,
            ours: KeyedBuckets::new(keys),
            rate: rate(),
            plans: plans(keys, true),
            limits: stage.clone().account_throttle(account),
            stage,
        };
        let (all, now) = (rivals.calls(0..keys as u64), SystemClock.now());
        for (name, decide) in DECIDE {
            assert_eq!(decide(&rivals, &all, now), keys, "{name}");
        }
        let known = (rivals.ours.len(), rivals.governor.len());
        assert_eq!(known, (keys, keys), "every caller is known");
        rivals
    }

    #[inline]
    fn find_and_decide(&self, limits: &MethodLimits, value: &[u8], now: Timestamp) -> bool {
        let Ok(found) = self.plans.find(Some(value), limits) else {
            return false;
        };
        limits.charge(Some(&found)).decide_locally(now).is_ok()
    }

    fn calls(&self, keys: impl Iterator<Item = u64>) -> Calls {
        let keys: Vec<_> = keys.collect();
        let values: Vec<_> = keys.iter().map(|key| value(*key)).collect();
        let found = values.iter().map(|value| {
            let found = self.plans.find(Some(value), &self.stage);
            found.expect("a key of the plan")
        });
        Calls {
            found: found.collect(),
            keys,
            values,
        }
    }

    /// The calls of a round, in a random order: with each round, other ones.
    pub(crate) fn round(&self, round: usize, count: usize) -> Calls {
        let places = (round * count) as u64..((round + 1) * count) as u64;
        self.calls(places.map(|place| random(place) % self.keys as u64))
    }

    pub(crate) fn assert_no_allocations(&self) {
        let (calls, now) = (self.round(0, 100), SystemClock.now());
        for (name, decide) in DECIDE {
            let measured = allocation_counter::measure(|| {
                decide(self, &calls, now);
            });
            assert_eq!(measured.count_total, 0, "{name} allocates");
        }
    }

    pub(crate) fn race(&self, threads: usize, rounds: usize, count: usize) {
        let rounds: Vec<_> = (0..rounds)
            .map(|round| {
                // Each thread has its own order.
                let calls: Vec<_> = (0..threads)
                    .map(|thread| self.round(round * threads + thread, count))
                    .collect();
                DECIDE.map(|(_, decide)| self.nanos(decide, &calls))
            })
            .collect();
        println!("{} keys, {threads} threads:", self.keys);
        for (index, (name, _)) in DECIDE.iter().enumerate() {
            let nanos = median(rounds.iter().map(|round| round[index]));
            let ratio = median(rounds.iter().map(|round| round[index] / round[0]));
            println!("  {name:<42}{nanos:>9.1}   to governor {ratio:>6.2}");
        }
    }

    /// Returns the nanoseconds of a decision while each thread makes its calls.
    fn nanos(&self, decide: Decide, calls: &[Calls]) -> f64 {
        let run = |calls: &Calls| {
            black_box(decide(self, calls, SystemClock.now()));
        };
        let [first, others @ ..] = calls else {
            return 0.0;
        };
        let total = seconds(|| {
            thread::scope(|scope| {
                for calls in others {
                    scope.spawn(|| run(calls));
                }
                run(first);
            });
        });
        total * 1e9 / first.keys.len() as f64
    }
}

/// So many keys, and a plan with all of them or none.
pub(crate) fn plans(keys: usize, with_plan: bool) -> UsagePlans {
    let values = (0..keys as u64).map(|key| {
        let value = String::from_utf8(value(key).into()).expect("digits");
        ApiKey::new(key.to_string(), value)
    });
    let mut plan = UsagePlan::new("gold", "gold")
        .api_stage(ApiStage::new("pets", "prod"))
        .throttle(rate())
        .quota(Quota::new(u64::MAX, Period::Month));
    plan.keys = (0..keys).map(|number| number.to_string()).collect();
    let plans = UsagePlans::new().rebuilt(values, with_plan.then_some(plan));
    plans.expect("the keys are well formed")
}

/// The value of an API key, as long as those that API Gateway makes.
fn value(key: u64) -> [u8; 40] {
    let text = format!("{:016x}{:016x}{key:08x}", random(key), random(!key));
    text.as_bytes().try_into().expect("40 bytes")
}
