//! What a policy allocates when it is evaluated: nothing, as long as no variable is to be filled in.

use towergate_authorizers::policy::{Effect, GlobalKeys, Policy, PolicyRequest};
use towergate_core::Timestamp;

#[test]
fn evaluation_without_variables_allocates_nothing() {
    let policy = Policy::parse(
        r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "execute-api:Invoke",
             "Resource": ["arn:aws:execute-api:us-east-1:123456789012:pets/prod/GET/cats",
                          "arn:aws:execute-api:us-east-1:123456789012:pets/*/GET/*/d?gs"]},
            {"Effect": "Deny", "NotAction": "execute-api:Inv*", "Resource": "*"},
            {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {
                "NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "2001:db8::/32"]}}},
            {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {
                "DateGreaterThan": {"aws:CurrentTime": "2026-03-01T12:00:00Z"},
                "Bool": {"aws:SecureTransport": "false"},
                "StringNotLike": {"aws:UserAgent": ["curl/*", "?ozilla/5.0"]},
                "Null": {"aws:Referer": "true"}}}]}"#,
    )
    .expect("a good policy");
    let mut keys = GlobalKeys::new(Timestamp::from_unix_millis(0));
    keys.source_ip = Some([192, 0, 2, 7].into());
    keys.secure_transport = Some(true);
    keys.user_agent = Some("curl/8");
    let cases = [
        ("pets/prod/GET/cats", Effect::Allow),
        ("pets/prod/GET/all/dogs", Effect::Allow),
        ("pets/prod/POST/cats", Effect::NotApplicable),
    ];
    for (path, expected) in cases {
        let resource = format!("arn:aws:execute-api:us-east-1:123456789012:{path}");
        let mut effect = Effect::NotApplicable;
        let allocations = allocation_counter::measure(|| {
            effect = policy.evaluate(&PolicyRequest::invoke(&resource, &keys));
        });
        assert_eq!(effect, expected, "{path}");
        assert_eq!(allocations.count_total, 0, "{path}");
    }
}
