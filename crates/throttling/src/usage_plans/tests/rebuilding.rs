use super::*;

#[test]
fn a_new_configuration_goes_on_where_the_old_one_is() {
    let old = plans(plan().throttle(burst(3)));
    let limits = limits("prod", "pets/GET");
    let subscription = find(&old, "k1").unwrap();
    for _ in 0..2 {
        subscription.charge().decide_locally(now()).unwrap();
    }
    let changed = ApiKey::new("k1", value("new value"));
    let wider = plan().throttle(burst(5)).key("k1").key("k2");
    let new = old.rebuilt([changed, key("k2")], [wider]).unwrap();
    assert!(find(&new, "k1").is_err(), "the old value");
    assert_eq!(granted(&new, "k2", &limits), 5, "a new key begins anew");
    assert_eq!(
        granted(&new, "new value", &limits),
        3,
        "two of five are used"
    );
    let late = subscription.charge().decide_locally(now());
    assert!(
        late.is_err(),
        "what began with the old one counts in the new one"
    );
    assert!(find(&old, "k1").is_ok(), "the old one is as it was");
}

#[test]
fn everything_that_is_wrong_is_said_with_its_place() {
    let old = plans(plan());
    let keys = [
        key("a"),
        ApiKey::new("b", "short"),
        ApiKey::new("c", value("a")),
        key("a"),
    ];
    let other = |id: &str| UsagePlan::new(id, "").api_stage(stage());
    let new = [
        other("p1").key("a").key("b"),
        other("p2").key("a").key("missing"),
        other("p1"),
    ];
    let errors = old.rebuilt(keys, new).unwrap_err();
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    let expected = [
        "apiKeys[1] (b): API Key value should be at least 20 characters",
        "apiKeys[2] (c): API Key already exists",
        "apiKeys[3] (a): there is an API key `a` already: choose another id",
        "usagePlans[1] (p2): there is no API key `missing`",
    ];
    assert_eq!(errors, expected);
    assert!(find(&old, "k1").is_ok(), "the old one is as it was");
}
