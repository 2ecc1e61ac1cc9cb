use std::sync::Mutex;

use towergate_core::{BoxError, BoxFuture};

use super::*;
use crate::{Charge, ChargedQuota, Day, DayUsage, Refusal, RefusedBy};

/// A store that answers what a test says, and remembers what it was asked.
#[derive(Default)]
struct Store {
    answers: Mutex<Vec<Result<(), Refusal>>>,
    asked: Mutex<Vec<String>>,
    /// Whether it never has to be waited for.
    at_once: bool,
}

impl Store {
    fn answer(&self, charge: &Charge<'_>) -> Result<(), Refusal> {
        let [throttle, ..] = &charge.throttles;
        let name = throttle.as_ref().unwrap().name.to_string();
        self.asked.lock().unwrap().push(name);
        self.answers.lock().unwrap().remove(0)
    }
}

impl SharedLimits for Store {
    fn decide_now(&self, charge: &Charge<'_>, _: Timestamp) -> Option<Result<(), Refusal>> {
        self.at_once.then(|| self.answer(charge))
    }

    fn decide<'a>(
        &'a self,
        charge: &'a Charge<'a>,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<(), Refusal>> {
        let answer = self.answer(charge);
        Box::pin(async move {
            tokio::task::yield_now().await;
            answer
        })
    }

    fn usage<'a>(
        &'a self,
        _: &'a ChargedQuota<'a>,
        _: std::ops::RangeInclusive<Day>,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<DayUsage>, BoxError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn set_remaining<'a>(
        &'a self,
        _: &'a ChargedQuota<'a>,
        _: u64,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<(), BoxError>> {
        Box::pin(async { Ok(()) })
    }
}

fn refusal(by: RefusedBy) -> Result<(), Refusal> {
    Err(Refusal {
        by,
        retry_after: None,
    })
}

#[tokio::test]
async fn a_shared_store_decides_and_the_policy_holds_where_it_cannot() {
    let two = NonZeroU32::new(2).unwrap();
    let outage = || refusal(RefusedBy::Outage);
    // The burst of four is two for one of two nodes.
    let cases = [
        (
            "it decides",
            OutagePolicy::Local,
            vec![Ok(()), refusal(RefusedBy::Throttle(0)), Ok(())],
            [200, 429, 200],
        ),
        (
            "local",
            OutagePolicy::Local,
            vec![outage(), outage(), outage()],
            [200, 200, 429],
        ),
        (
            "open",
            OutagePolicy::Open,
            vec![outage(), outage(), outage()],
            [200, 200, 200],
        ),
        (
            "closed",
            OutagePolicy::Closed,
            vec![outage(), outage(), outage()],
            [429, 429, 429],
        ),
    ];
    for ((name, policy, answers, expected), at_once) in cases
        .into_iter()
        .flat_map(|case| [(case.clone(), false), (case, true)])
    {
        let name = format!("{name}, at once: {at_once}");
        let store = Arc::new(Store {
            answers: Mutex::new(answers),
            at_once,
            ..Store::default()
        });
        // The policy holds whichever of the two is said first.
        let layer = layer(4).by(by_tenant());
        let (shared, limit) = (Arc::clone(&store) as _, "edge");
        let layer = match at_once {
            true => layer.on_outage(policy, two).shared(shared, limit),
            false => layer.shared(shared, limit).on_outage(policy, two),
        };
        for expected in expected {
            assert_eq!(status(&layer, with_header("a")).await, expected, "{name}");
        }
        let asked = store.asked.lock().unwrap().clone();
        assert_eq!(asked.len(), 3, "{name}");
        assert!(
            asked
                .iter()
                .all(|name| name == &asked[0] && name.starts_with("caller/edge/")),
            "{asked:?}"
        );
        assert_eq!(
            status(&layer, request(|_| {})).await,
            200,
            "{name}: nothing to ask by"
        );
    }
}

#[tokio::test]
async fn answers_tell_of_the_limit_that_holds_while_the_store_is_out_of_reach() {
    for at_once in [false, true] {
        let store = Store {
            answers: Mutex::new(vec![refusal(RefusedBy::Outage); 3]),
            at_once,
            ..Store::default()
        };
        let layer = layer(2).by(by_tenant()).headers(true);
        let service = layer
            .shared(Arc::new(store), "edge")
            .layer(service_fn(inner));
        for (status, limit) in [
            (200, r#""default";r=1;t=1"#),
            (200, r#""default";r=0;t=1"#),
            (429, r#""default";r=0;t=1"#),
        ] {
            let response = service.clone().oneshot(with_header("a")).await.unwrap();
            assert_eq!(response.status(), status, "at once: {at_once}");
            assert_eq!(response.headers()["ratelimit"], limit, "at once: {at_once}");
        }
    }
}

#[tokio::test]
async fn readiness_is_the_inner_services_whether_the_store_is_waited_for_or_not() {
    let respond = |_: Request<&'static str>| Response::new(());
    for at_once in [false, true] {
        let store = Arc::new(Store {
            answers: Mutex::new(vec![Ok(()); 9]),
            at_once,
            ..Store::default()
        });
        let layer = layer(9).shared(store, "edge");
        assert_readiness(layer, respond, || vec![from("::1"), from("::1")]).await;
    }
}
