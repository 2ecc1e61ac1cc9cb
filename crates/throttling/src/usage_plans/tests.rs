mod changes;
mod importing;
mod rebuilding;
mod reporting;

use super::{rules::Usage, *};
use crate::{ApiKey, ApiStage, LimitName, Rate, RefusedBy, UsagePlan};
use towergate_core::Timestamp;

/// The value of a key.
fn value(name: &str) -> String {
    format!("{name:-<20}")
}

fn key(name: &str) -> ApiKey {
    ApiKey::new(name, value(name))
}

fn stage() -> ApiStage {
    ApiStage::new("pets", "prod")
}

fn limits(stage: &str, method: &str) -> MethodLimits {
    MethodLimits::new("pets", stage, method)
}

fn now() -> Timestamp {
    Timestamp::from_unix_millis(1_700_000_000_000)
}

/// A rate that gives nothing more while a test runs.
fn burst(tokens: u64) -> Rate {
    Rate::per_second(0.000_001).burst(tokens)
}

/// A registry with key `k1` in plan `p1`.
fn plans(plan: UsagePlan) -> UsagePlans {
    UsagePlans::new()
        .rebuilt([key("k1")], [plan.key("k1")])
        .unwrap()
}

fn plan() -> UsagePlan {
    UsagePlan::new("p1", "gold").api_stage(stage())
}

fn find(plans: &UsagePlans, name: &str) -> Result<Subscription, Rejection> {
    plans.find(Some(value(name).as_bytes()), &limits("prod", "pets/GET"))
}

/// How many of 100 requests are granted.
fn granted(plans: &UsagePlans, name: &str, limits: &MethodLimits) -> usize {
    let decide = |_: &usize| {
        let subscription = plans.find(Some(value(name).as_bytes()), limits).unwrap();
        limits
            .charge(Some(&subscription))
            .decide_locally(now())
            .is_ok()
    };
    (0..100).filter(decide).count()
}

#[test]
fn a_key_is_found_or_it_is_said_why_not() {
    let plans = UsagePlans::new();
    for key in [key("k1"), key("disabled").enabled(false), key("loose")] {
        plans.create_key(key).unwrap();
    }
    let other = UsagePlan::new("p2", "other").api_stage(ApiStage::new("pets", "test"));
    plans.create_plan(plan().key("k1").key("disabled")).unwrap();
    plans.create_plan(other.key("k1")).unwrap();
    let long = "a".repeat(10_000);
    let of = |name| Some(value(name));
    let cases = [
        ("known", of("k1"), "prod", Ok("p1")),
        ("known, another stage", of("k1"), "test", Ok("p2")),
        ("missing", None, "prod", Err("the request has no API key")),
        (
            "empty",
            Some(String::new()),
            "prod",
            Err("the API key is unknown"),
        ),
        ("unknown", of("k2"), "prod", Err("the API key is unknown")),
        (
            "too long",
            Some(long),
            "prod",
            Err("the API key is unknown"),
        ),
        (
            "disabled",
            of("disabled"),
            "prod",
            Err("API key disabled is disabled"),
        ),
        (
            "in no plan",
            of("loose"),
            "prod",
            Err("API key loose is in no usage plan of stage pets/prod"),
        ),
        (
            "in no plan of the stage",
            of("k1"),
            "dev",
            Err("API key k1 is in no usage plan of stage pets/dev"),
        ),
    ];
    for (name, value, stage, expected) in cases {
        let found = plans.find(value.as_ref().map(String::as_bytes), &limits(stage, "/GET"));
        match (&found, expected) {
            (Ok(found), Ok(plan)) => {
                assert_eq!(found.plan_id(), plan, "{name}");
                assert_eq!(&*found.key().id, "k1", "{name}");
            }
            (Err(rejection), Err(detail)) => {
                assert_eq!(rejection.detail(), Some(detail), "{name}");
                assert_eq!(
                    rejection.response_type(),
                    ResponseType::InvalidApiKey,
                    "{name}"
                );
                assert_eq!(rejection.status(), 403, "{name}");
                assert_eq!(rejection.message(), Some("Forbidden"), "{name}");
                let shown = format!("{rejection:?} {rejection}");
                assert!(!shown.contains("----"), "{name}: a value is shown");
            }
            _ => panic!("{name}: {found:?}"),
        }
    }
}

#[test]
fn values_are_in_no_debug() {
    let plans = plans(plan());
    let subscription = find(&plans, "k1").unwrap();
    for shown in [format!("{plans:?}"), format!("{subscription:?}")] {
        assert!(!shown.contains("----"), "{shown}");
    }
}

#[test]
fn the_limit_of_a_method_holds_instead_of_the_plans() {
    let stages = stage()
        .method_throttle("/pets/{id}/GET", burst(2))
        .method_throttle("~1/GET", burst(3));
    let plan = UsagePlan::new("p1", "gold")
        .api_stage(stages)
        .api_stage(ApiStage::new("pets", "test"))
        .throttle(burst(5));
    let plans = plans(plan);
    let cases = [
        ("a method", "prod", "pets/{id}/GET", 2),
        ("that of the root", "prod", "/GET", 3),
        ("the plan", "prod", "pets/GET", 5),
        (
            "the plan's bucket is one for all stages",
            "test",
            "pets/{id}/GET",
            0,
        ),
        ("a method again", "prod", "/pets/{id}/GET", 0),
    ];
    for (name, stage, method, expected) in cases {
        assert_eq!(
            granted(&plans, "k1", &limits(stage, method)),
            expected,
            "{name}"
        );
    }
}

#[test]
fn each_key_has_a_bucket_of_its_own() {
    let plan = plan().throttle(burst(2)).key("k1").key("k2");
    let plans = UsagePlans::new()
        .rebuilt([key("k1"), key("k2")], [plan])
        .unwrap();
    let limits = limits("prod", "pets/GET");
    assert_eq!(granted(&plans, "k1", &limits), 2);
    assert_eq!(granted(&plans, "k2", &limits), 2);
    assert_eq!(granted(&plans, "k1", &limits), 0);
}

#[test]
fn limits_have_the_same_names_on_every_node() {
    let plan = plan()
        .throttle(burst(1))
        .quota(crate::Quota::new(1, crate::Period::Day));
    let plans_of_plan = plans(plan);
    let subscription = find(&plans_of_plan, "k1").unwrap();
    let charge = subscription.charge();
    let [throttle, ..] = &charge.throttles;
    let name = LimitName::Plan {
        plan: "p1",
        key: "k1",
    };
    assert_eq!(throttle.as_ref().map(|throttle| throttle.name), Some(name));
    assert_eq!(charge.quota.as_ref().map(|quota| quota.name), Some(name));

    let of_method =
        UsagePlan::new("p1", "").api_stage(stage().method_throttle("/pets/GET", burst(1)));
    let plans = plans(of_method);
    let subscription = find(&plans, "k1").unwrap();
    let [throttle, ..] = subscription.charge().throttles;
    let name = "plan-method/p1/k1/pets/prod/pets/GET";
    assert_eq!(
        throttle
            .map(|throttle| throttle.name.to_string())
            .as_deref(),
        Some(name)
    );
}

#[test]
fn a_plan_without_limits_charges_nothing() {
    let plans = plans(plan());
    let subscription = find(&plans, "k1").unwrap();
    let charge = subscription.charge();
    assert!(charge.quota.is_none() && charge.throttles.iter().all(Option::is_none));
}

#[test]
fn a_refusal_names_the_plan_that_refused() {
    let plans = plans(plan().throttle(burst(1)));
    let subscription = find(&plans, "k1").unwrap();
    let throttle = Some("Key throttle limit exceeded for Usage Plan ID p1");
    let quota = Some("Key quota exhausted for Usage Plan ID p1");
    let cases = [
        (RefusedBy::Throttle(0), "Too Many Requests", throttle),
        (RefusedBy::Throttle(1), "Too Many Requests", None),
        (RefusedBy::Quota, "Limit Exceeded", quota),
        (RefusedBy::Outage, "Too Many Requests", None),
    ];
    for (by, message, detail) in cases {
        let refusal = crate::Refusal {
            by,
            retry_after: None,
        };
        let rejection = subscription.rejection(&refusal);
        assert_eq!(rejection.message(), Some(message), "{by:?}");
        assert_eq!(rejection.detail(), detail, "{by:?}");
    }
}

#[test]
fn the_buckets_of_methods_are_bounded_by_those_that_the_plan_names() {
    let plans = plans(plan());
    for round in 0..50 {
        let method = format!("/{round}/GET");
        let renamed =
            UsagePlan::new("p1", "").api_stage(stage().method_throttle(&method, burst(1)));
        plans.update_plan(renamed).unwrap();
        let limits = limits("prod", &method);
        assert_eq!(granted(&plans, "k1", &limits), 1, "{round}");
    }
    let admin = plans.admin();
    let usage = &admin.attachment("p1", "k1").unwrap().usage;
    assert_eq!(usage.methods(), 1);
}

#[test]
fn what_a_key_used_of_a_plan_takes_at_most_96_bytes() {
    // With the two counts of its `Arc`. Nothing else of it is on the heap until a method has a limit of its own, nodes
    // share the limits, or a second day is counted.
    let bytes = size_of::<Usage>() + 2 * size_of::<usize>();
    assert!(bytes <= 96, "{bytes} bytes");
}

#[test]
fn requests_see_all_of_a_change_or_nothing_of_it() {
    // With the first plan a key may do what the second forbids, and the other way round.
    let of = |open: &str, shut: &str| {
        let stage = |name: &str, rate| ApiStage::new("pets", name).method_throttle("/GET", rate);
        let (free, none) = (Rate::per_second(1e9), Rate::per_second(0.0));
        UsagePlan::new("p1", "")
            .api_stage(stage(open, free))
            .api_stage(stage(shut, none))
    };
    let plans = plans(of("a", "b"));
    let done = std::sync::atomic::AtomicBool::new(false);
    let relaxed = std::sync::atomic::Ordering::Relaxed;
    std::thread::scope(|scope| {
        for name in ["a", "b"] {
            let (plans, done) = (&plans, &done);
            scope.spawn(move || {
                let limits = limits(name, "/GET");
                while !done.load(relaxed) {
                    // Whatever the plan is by now, the key is in it.
                    let found = plans.find(Some(value("k1").as_bytes()), &limits).unwrap();
                    let [throttle, ..] = found.charge().throttles;
                    let tokens = throttle.unwrap().rate.tokens_per_second();
                    assert!(tokens == 0.0 || tokens == 1e9, "{tokens}");
                }
            });
        }
        for round in 0..500 {
            let (open, shut) = if round % 2 == 0 {
                ("b", "a")
            } else {
                ("a", "b")
            };
            plans.update_plan(of(open, shut)).unwrap();
            plans.update_key(key("k1").name(round.to_string())).unwrap();
        }
        done.store(true, relaxed);
    });
}

#[test]
fn a_granted_request_allocates_nothing() {
    let quota = crate::Quota::new(1_000_000, crate::Period::Month);
    let stage = stage().method_throttle("/pets/{id}/GET", Rate::per_second(1e9));
    let plan = UsagePlan::new("p1", "").api_stage(stage);
    let plans = plans(plan.throttle(Rate::per_second(1e9)).quota(quota));
    for method in ["pets/GET", "pets/{id}/GET"] {
        let limits = limits("prod", method);
        let value = value("k1");
        let decide = || {
            let subscription = plans.find(Some(value.as_bytes()), &limits).unwrap();
            let charge = limits.charge(Some(&subscription));
            charge.decide_locally(now()).unwrap();
        };
        // The first of a method makes its bucket.
        decide();
        let counted = allocation_counter::measure(|| (0..100).for_each(|_| decide()));
        assert_eq!(counted.count_total, 0, "{method}");
    }
}
