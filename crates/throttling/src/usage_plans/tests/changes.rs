use super::*;

type Change = fn(&UsagePlans) -> Result<(), UsagePlanError>;

#[test]
fn every_change_is_effective_at_once() {
    let unknown = Some("the API key is unknown");
    let loose = Some("API key k1 is in no usage plan of stage pets/prod");
    let cases: [(&str, Change, Option<&str>); 12] = [
        (
            "disable",
            |p| p.set_key_enabled("k1", false),
            Some("API key k1 is disabled"),
        ),
        ("enable", |p| p.set_key_enabled("k1", true), None),
        ("detach", |p| p.detach("p1", "k1"), loose),
        ("attach", |p| p.attach("p1", "k1"), None),
        (
            "take the stage away",
            |p| p.update_plan(UsagePlan::new("p1", "")),
            loose,
        ),
        ("give it back", |p| p.update_plan(plan()), None),
        (
            "change the value",
            |p| p.update_key(ApiKey::new("k1", value("other"))),
            unknown,
        ),
        ("change it back", |p| p.update_key(key("k1")), None),
        ("delete the plan", |p| p.delete_plan("p1"), loose),
        ("create it", |p| p.create_plan(plan().key("k1")), None),
        ("delete the key", |p| p.delete_key("k1"), unknown),
        ("create it, in no plan", |p| p.create_key(key("k1")), loose),
    ];
    let plans = plans(plan());
    for (name, change, expected) in cases {
        change(&plans).expect(name);
        let found = find(&plans, "k1");
        let detail = found.as_ref().err().and_then(Rejection::detail);
        assert_eq!(detail, expected, "{name}");
    }
}

#[test]
fn wrong_changes_are_refused_and_change_nothing() {
    let taken = "API key `k1` is in usage plan `p1`, which has stage `pets/prod` too: a key may be in one plan of a stage";
    let cases: [(&str, Change, &str); 22] = [
        (
            "same id",
            |p| p.create_key(ApiKey::new("k1", value("new"))),
            "there is an API key `k1` already: choose another id",
        ),
        (
            "same value",
            |p| p.create_key(ApiKey::new("k9", value("k1"))),
            "API Key already exists",
        ),
        (
            "short value",
            |p| p.create_key(ApiKey::new("k9", "short")),
            "API Key value should be at least 20 characters",
        ),
        (
            "update: unknown",
            |p| p.update_key(key("k9")),
            "there is no API key `k9`",
        ),
        (
            "update: value of another",
            |p| p.update_key(ApiKey::new("k1", value("k2"))),
            "API Key already exists",
        ),
        (
            "update: short value",
            |p| p.update_key(ApiKey::new("k1", "short")),
            "API Key value should be at least 20 characters",
        ),
        (
            "enable: unknown",
            |p| p.set_key_enabled("k9", true),
            "there is no API key `k9`",
        ),
        (
            "delete: unknown",
            |p| p.delete_key("k9"),
            "there is no API key `k9`",
        ),
        (
            "plan: same id",
            |p| p.create_plan(UsagePlan::new("p1", "")),
            "there is a usage plan `p1` already: choose another id",
        ),
        (
            "plan: unknown key",
            |p| p.create_plan(UsagePlan::new("p9", "").key("k9")),
            "there is no API key `k9`",
        ),
        (
            "plan: key twice",
            |p| p.create_plan(UsagePlan::new("p9", "").key("k1").key("k1")),
            "API key `k1` is in usage plan `p9` already",
        ),
        (
            "plan: stage taken",
            |p| {
                p.create_plan(
                    UsagePlan::new("p9", "")
                        .api_stage(stage())
                        .key("k2")
                        .key("k1"),
                )
            },
            taken,
        ),
        (
            "plan: stage twice",
            |p| {
                p.create_plan(
                    UsagePlan::new("p9", "")
                        .api_stage(stage())
                        .api_stage(stage()),
                )
            },
            "stage `pets/prod` is listed twice: remove one",
        ),
        (
            "update plan: unknown",
            |p| p.update_plan(UsagePlan::new("p9", "")),
            "there is no usage plan `p9`",
        ),
        (
            "update plan: stage taken",
            |p| p.update_plan(UsagePlan::new("p2", "").api_stage(stage())),
            taken,
        ),
        (
            "update plan: stage twice",
            |p| p.update_plan(plan().api_stage(stage())),
            "stage `pets/prod` is listed twice: remove one",
        ),
        (
            "delete plan: unknown",
            |p| p.delete_plan("p9"),
            "there is no usage plan `p9`",
        ),
        (
            "attach: twice",
            |p| p.attach("p1", "k1"),
            "API key `k1` is in usage plan `p1` already",
        ),
        (
            "attach: unknown plan",
            |p| p.attach("p9", "k1"),
            "there is no usage plan `p9`",
        ),
        (
            "attach: unknown key",
            |p| p.attach("p1", "k9"),
            "there is no API key `k9`",
        ),
        (
            "detach: not in it",
            |p| p.detach("p1", "k2"),
            "API key `k2` is not in usage plan `p1`: attach it first",
        ),
        (
            "detach: unknown key",
            |p| p.detach("p1", "k9"),
            "there is no API key `k9`",
        ),
    ];
    let other = UsagePlan::new("p2", "other").api_stage(ApiStage::new("pets", "test"));
    let plans = UsagePlans::new()
        .rebuilt([key("k1"), key("k2")], [plan().key("k1"), other.key("k1")])
        .unwrap();
    let before = (plans.keys(), plans.plans());
    for (name, change, expected) in cases {
        let error = change(&plans).expect_err(name);
        assert_eq!(error.to_string(), expected, "{name}");
        assert_eq!((plans.keys(), plans.plans()), before, "{name}");
        assert!(find(&plans, "k1").is_ok(), "{name}");
    }
}

#[test]
fn a_changed_plan_holds_for_all_its_keys_and_keeps_what_they_used() {
    let plans = plans(plan().throttle(burst(1)));
    let limits = limits("prod", "pets/GET");
    let before = find(&plans, "k1").unwrap();
    assert_eq!(granted(&plans, "k1", &limits), 1);
    let steps = [
        ("the same again", Some(1), 0),
        ("three more", Some(4), 3),
        ("fewer", Some(2), 0),
        ("no limit", None, 100),
    ];
    for (name, tokens, expected) in steps {
        let mut changed = plan();
        changed.throttle = tokens.map(burst);
        plans.update_plan(changed).expect(name);
        assert_eq!(granted(&plans, "k1", &limits), expected, "{name}");
        assert_eq!(plans.plan("p1").unwrap().keys, ["k1"], "{name}");
    }
    let decided = before.charge().decide_locally(now());
    assert!(
        decided.is_err(),
        "a request keeps the limits it was found with"
    );
}

#[test]
fn a_key_that_comes_back_into_a_plan_begins_anew() {
    let plans = plans(plan().throttle(burst(1)));
    let limits = limits("prod", "pets/GET");
    assert_eq!(granted(&plans, "k1", &limits), 1);
    plans.update_key(key("k1").name("renamed")).unwrap();
    assert_eq!(granted(&plans, "k1", &limits), 0, "a changed key does not");
    plans.detach("p1", "k1").unwrap();
    plans.attach("p1", "k1").unwrap();
    assert_eq!(granted(&plans, "k1", &limits), 1);
}

#[test]
fn keys_and_plans_are_listed_as_they_were_given() {
    let plans = UsagePlans::new();
    let keys = [key("a").description("d"), key("b").enabled(false)];
    for key in keys.iter().rev() {
        plans.create_key(key.clone()).unwrap();
    }
    let plan = plan().throttle(burst(7)).key("a").key("b");
    plans.create_plan(plan.clone()).unwrap();
    assert_eq!(plans.keys(), keys);
    assert_eq!(plans.key("a").as_ref(), keys.first());
    assert_eq!(plans.plans(), [plan]);
    plans.delete_key("a").unwrap();
    assert_eq!(plans.plan("p1").unwrap().keys, ["b"]);
    assert_eq!((plans.key("a"), plans.plan("p9")), (None, None));
}
