use std::{ops::RangeInclusive, time::Duration};

use towergate_core::{BoxError, BoxFuture};

use super::*;
use crate::{Charge, ChargedQuota, Day, DayUsage, Period, Quota, Refusal};

const A_DAY: Duration = Duration::from_secs(86_400);

fn on(day: Day, used: u64, remaining: u64) -> DayUsage {
    DayUsage {
        day,
        used,
        remaining,
    }
}

#[tokio::test]
async fn usage_is_told_by_day_and_may_be_extended() {
    let quota = Quota::new(10, Period::Day);
    let plans = plans(plan().quota(quota));
    let (now, tomorrow) = (now(), now().saturating_add(A_DAY));
    let (first, second) = (Day::of(now), Day::of(tomorrow));
    let all = || first..=Day(second.0 + 7);
    let subscription = find(&plans, "k1").unwrap();
    let spend = |count: usize, now| {
        let granted = (0..count).filter(|_| subscription.charge().decide_locally(now).is_ok());
        granted.count()
    };

    assert_eq!(plans.usage("p1", "k1", all(), now).await.unwrap(), []);
    assert_eq!(spend(3, now), 3);
    assert_eq!(
        plans.usage("p1", "k1", all(), now).await.unwrap(),
        [on(first, 3, 7)]
    );

    plans.set_remaining("p1", "k1", 12, now).await.unwrap();
    assert_eq!(spend(100, now), 12, "more than the quota");
    plans.reset("p1", "k1", now).await.unwrap();
    assert_eq!(spend(100, now), 10, "the whole quota");
    plans.set_remaining("p1", "k1", 0, now).await.unwrap();
    assert_eq!(spend(1, now), 0);

    assert_eq!(spend(4, tomorrow), 4, "an extension ends with its period");
    let usage = plans.usage("p1", "k1", all(), tomorrow).await.unwrap();
    assert_eq!(usage, [on(first, 25, 0), on(second, 4, 6)]);
    let usage = plans
        .usage("p1", "k1", second..=second, tomorrow)
        .await
        .unwrap();
    assert_eq!(usage, [on(second, 4, 6)]);
}

#[tokio::test]
async fn there_is_no_usage_where_nothing_is_counted() {
    let plans = plans(plan());
    plans.create_key(key("k2")).unwrap();
    let cases = [
        (
            "no quota",
            "p1",
            "k1",
            "usage plan `p1` has no quota: nothing is counted",
        ),
        (
            "not attached",
            "p1",
            "k2",
            "API key `k2` is not in usage plan `p1`: attach it first",
        ),
        ("no plan", "p9", "k1", "there is no usage plan `p9`"),
        ("no key", "p1", "k9", "there is no API key `k9`"),
    ];
    for (name, plan, key, expected) in cases {
        let today = Day::of(now());
        let errors = [
            plans.usage(plan, key, today..=today, now()).await.err(),
            plans.set_remaining(plan, key, 1, now()).await.err(),
            plans.reset(plan, key, now()).await.err(),
        ];
        for error in errors {
            let error = error.map(|error| error.to_string());
            assert_eq!(error.as_deref(), Some(expected), "{name}");
        }
    }
}

/// A store that has lost its counts, and takes new ones.
#[derive(Default)]
struct Store(Mutex<Vec<(String, u64)>>);

impl SharedLimits for Store {
    fn decide_now(&self, _: &Charge<'_>, _: Timestamp) -> Option<Result<(), Refusal>> {
        Some(Ok(()))
    }

    fn decide<'a>(&'a self, _: &'a Charge<'a>, _: Timestamp) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async { Ok(()) })
    }

    fn usage<'a>(
        &'a self,
        _: &'a ChargedQuota<'a>,
        _: RangeInclusive<Day>,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<DayUsage>, BoxError>> {
        Box::pin(async { Err("lost".into()) })
    }

    fn set_remaining<'a>(
        &'a self,
        quota: &'a ChargedQuota<'a>,
        remaining: u64,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<(), BoxError>> {
        assert!(quota.slot.is_some());
        let set = (quota.name.to_string(), remaining);
        self.0.lock().unwrap().push(set);
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn a_shared_store_is_asked_where_there_is_one() {
    let store = Arc::new(Store::default());
    let plan = plan().quota(Quota::new(10, Period::Day)).key("k1");
    let plans = UsagePlans::with_shared(store.clone());
    let plans = plans.rebuilt([key("k1")], [plan]).unwrap();
    let today = Day::of(now());
    let error = plans.usage("p1", "k1", today..=today, now()).await;
    let error = error.unwrap_err();
    assert_eq!(error.to_string(), "the shared store cannot be asked");
    let source = std::error::Error::source(&error).map(ToString::to_string);
    assert_eq!(source.as_deref(), Some("lost"));
    plans.set_remaining("p1", "k1", 20, now()).await.unwrap();
    plans.reset("p1", "k1", now()).await.unwrap();
    let set = [20, 10].map(|remaining| ("plan/p1/k1".to_owned(), remaining));
    assert_eq!(*store.0.lock().unwrap(), set);
}
