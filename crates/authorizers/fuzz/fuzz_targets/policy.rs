//! A value, a line feed and a document: nothing panics, and a denial is never lost beside another policy's allow.
#![no_main]

use libfuzzer_sys::fuzz_target;
use towergate_authorizers::{
    policy::{
        ApiArn, ConditionKeys, Effect, IdentityPolicies, KeyValue, KeyValues, Policy, PolicyKind,
        PolicyRequest,
    },
    resource_policy::{Accounts, ResourcePolicy, Wording},
};

/// Has the one value for every key that has an even number of bytes, and two for some others.
#[derive(Debug)]
struct Keys<'v>(&'v str);

impl ConditionKeys for Keys<'_> {
    fn values(&self, key: &str) -> KeyValues<'_> {
        match key.len() % 4 {
            0 | 2 => Some(self.0).into(),
            1 => KeyValues::Many(vec![KeyValue::from(self.0), KeyValue::from("a")]),
            _ => KeyValues::Absent,
        }
    }
}

fuzz_target!(|input: &str| {
    let (value, document) = input.split_once('\n').unwrap_or(("", input));
    let keys = Keys(value);
    let api = ApiArn::new("us-east-1", "123456789012", "api");
    let resource = format!("{api}/prod/GET/{value}");
    let request = PolicyRequest::invoke(&resource, &keys);

    for kind in [PolicyKind::Authorizer, PolicyKind::Identity] {
        if let Ok(policy) = Policy::parse_as(kind, document) {
            // What is good for a purpose is good by the language, and decides alike.
            let plain = Policy::parse(document).expect("a good document");
            assert_eq!(policy.evaluate(&request), plain.evaluate(&request));
        }
    }
    let Ok(policy) = Policy::parse(document) else {
        return;
    };
    let effect = policy.evaluate(&request);
    let both = IdentityPolicies::new(vec![policy.clone(), Policy::deny_all()]);
    assert!(matches!(both.evaluate(&request), Effect::Deny { .. }));

    if let Ok(policy) = ResourcePolicy::parse(document, &api) {
        let first = policy.first_phase(&request);
        let second = policy.second_phase(&request, effect, Accounts::Same);
        assert!(first.is_ok() || second.is_err());
        if let Err(denial) = second {
            let _ = denial.into_authorizer_rejection(&request, Wording::Current);
        }
    }
});
