use serde_json::json;
use towergate_core::{ResponseType, Step, Style};

use super::*;
use crate::policy::{Action, AwsPrincipal, Caller, GlobalKeys};

const DENIED: Effect<'_> = Effect::Deny {
    statement: 0,
    sid: None,
};

fn api() -> ApiArn {
    ApiArn::new("us-east-1", "123456789012", "pets")
}

fn statement(effect: &str, resource: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": {"Sid": "s", "Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": resource}}).to_string()
}

#[test]
fn resources_are_short_for_those_of_the_api() {
    let cases = [
        ("execute-api:/*", "/prod/GET/dogs", true),
        ("execute-api:/prod/GET/dogs", "/prod/GET/dogs", true),
        ("execute-api:/prod/GET/dogs", "/prod/GET/dogs/1", false),
        ("execute-api:/*/GET/dogs", "/prod/GET/dogs", true),
        ("execute-api:/dev/*", "/prod/GET/dogs", false),
        (
            "arn:aws:execute-api:us-east-1:123456789012:pets/prod/*",
            "/prod/GET/dogs",
            true,
        ),
        (
            "arn:aws:execute-api:us-east-1:123456789012:other/prod/*",
            "/prod/GET/dogs",
            false,
        ),
        ("*", "/prod/GET/dogs", true),
    ];
    for (resource, path, expected) in cases {
        let policy = ResourcePolicy::parse(&statement("Allow", resource), &api()).unwrap();
        let called = format!("{}{path}", api());
        let keys = GlobalKeys::new(towergate_core::Timestamp::default());
        let result = policy.alone(&PolicyRequest::invoke(&called, &keys));
        assert_eq!(result.is_ok(), expected, "{resource} {path}");
    }
}

#[test]
fn s15_a_policy_that_cannot_be_trusted_is_not_loaded() {
    let long = statement("Allow", &format!("execute-api:/{}", "a".repeat(8_192)));
    let documents = [
        ("{}", "`Statement` is missing"),
        (
            r#"{"Statement":{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}}"#,
            "Statement: `Principal` is missing",
        ),
        (&statement("Deny", "execute-api:prod"), "is not a resource"),
        (&statement("Deny", "/prod/*"), "is not a resource"),
        (&long, "more than 8192 characters"),
        (
            r#"{"Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":["192.0.2.0/24","192.0.2.0/99"]}}}}"#,
            "Statement.Condition.NotIpAddress.aws:SourceIp[1]: `192.0.2.0/99` is not an IP address",
        ),
    ];
    for (document, expected) in documents {
        let errors = ResourcePolicy::parse(document, &api())
            .unwrap_err()
            .to_string();
        assert!(errors.contains(expected), "{errors}");
    }
}

#[test]
fn s15_the_tables_of_aws_decide() {
    use Accounts::{Cross, Same};
    use Effect::{Allow, NotApplicable as Silent};
    use Reason::*;
    let cases = [
        (Allow, Allow, Same, None),
        (Allow, Silent, Same, None),
        (Allow, DENIED, Same, Some(ExplicitInResourcePolicy)),
        (Silent, Allow, Same, None),
        (Silent, Silent, Same, Some(NotAllowedByIdentityPolicy)),
        (Silent, DENIED, Same, Some(ExplicitInResourcePolicy)),
        (DENIED, Allow, Same, Some(ExplicitInIdentityPolicy)),
        (DENIED, Silent, Same, Some(ExplicitInIdentityPolicy)),
        (DENIED, DENIED, Same, Some(ExplicitInResourcePolicy)),
        (Allow, Allow, Cross, None),
        (Allow, Silent, Cross, Some(NotAllowedByResourcePolicy)),
        (Allow, DENIED, Cross, Some(ExplicitInResourcePolicy)),
        (Silent, Allow, Cross, Some(NotAllowedByIdentityPolicy)),
        (Silent, Silent, Cross, Some(NotAllowedByIdentityPolicy)),
        (Silent, DENIED, Cross, Some(ExplicitInResourcePolicy)),
        (DENIED, Allow, Cross, Some(ExplicitInIdentityPolicy)),
        (DENIED, Silent, Cross, Some(ExplicitInIdentityPolicy)),
        (DENIED, DENIED, Cross, Some(ExplicitInResourcePolicy)),
    ];
    for (identity, resource, accounts, expected) in cases {
        let reason = combine(identity, resource, accounts)
            .err()
            .map(|denial| denial.reason());
        assert_eq!(reason, expected, "{identity:?} {resource:?} {accounts:?}");
    }
    assert_eq!(Accounts::of("123456789012", &api()), Same);
    assert_eq!(Accounts::of("210987654321", &api()), Cross);
}

#[test]
fn the_first_phase_stops_at_a_denial_alone() {
    let keys = GlobalKeys::new(towergate_core::Timestamp::default());
    let resource = api().method("prod", "GET", "/dogs");
    let request = PolicyRequest::invoke(&resource, &keys);
    let phases = |effect, resource| {
        let policy = ResourcePolicy::parse(&statement(effect, resource), &api()).unwrap();
        (
            policy.first_phase(&request).is_ok(),
            policy.alone(&request).is_ok(),
        )
    };
    assert_eq!(phases("Allow", "*"), (true, true));
    assert_eq!(phases("Allow", "execute-api:/dev/*"), (true, false));
    assert_eq!(phases("Deny", "*"), (false, false));
}

#[test]
fn clients_are_told_in_the_words_of_api_gateway() {
    use Reason::*;
    use Wording::{Current, Older};
    let keys = GlobalKeys::new(towergate_core::Timestamp::default());
    let resource = "arn:aws:execute-api:us-west-2:123456787089:u1hp5d8r0b/api/GET/a:b";
    let anonymous = PolicyRequest::invoke(resource, &keys);
    let user = "User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-west-2:********7089:u1hp5d8r0b/api/GET/a:b";
    let plain = "User is not authorized to access this resource";
    let cases = [
        (
            ExplicitInIdentityPolicy,
            Current,
            " with an explicit deny in an identity-based policy",
            true,
        ),
        (
            ExplicitInResourcePolicy,
            Current,
            " with an explicit deny in a resource-based policy",
            false,
        ),
        (
            NotAllowedByIdentityPolicy,
            Current,
            " because no identity-based policy allows the execute-api:Invoke action",
            true,
        ),
        (
            NotAllowedByResourcePolicy,
            Current,
            " because no resource-based policy allows the execute-api:Invoke action",
            false,
        ),
        (
            ExplicitInIdentityPolicy,
            Older,
            " with an explicit deny",
            true,
        ),
        (
            ExplicitInResourcePolicy,
            Older,
            " with an explicit deny",
            false,
        ),
        (NotAllowedByIdentityPolicy, Older, "", true),
        (NotAllowedByResourcePolicy, Older, "", false),
    ];
    for (reason, wording, suffix, of_authorizer) in cases {
        let denial = Denial::silent(reason);
        let rejection = denial.clone().into_rejection(&anonymous, wording);
        assert_eq!(
            rejection.message(),
            Some(&*format!("{user}{suffix}")),
            "{reason:?}"
        );
        assert_eq!(
            rejection.body(Style::Rest),
            format!(r#"{{"Message":"{user}{suffix}"}}"#)
        );
        assert_eq!(rejection.response_type(), ResponseType::AccessDenied);
        let step = if of_authorizer {
            Step::Authorizer
        } else {
            Step::ResourcePolicy
        };
        assert_eq!(rejection.step(), step, "{reason:?}");

        let subject = if of_authorizer { plain } else { user };
        let rejection = denial.into_authorizer_rejection(&anonymous, wording);
        assert_eq!(
            rejection.message(),
            Some(&*format!("{subject}{suffix}")),
            "{reason:?}"
        );
    }
}

#[test]
fn clients_are_told_who_they_are_and_what_they_asked() {
    let keys = GlobalKeys::new(towergate_core::Timestamp::default());
    let alice = Caller::Aws(AwsPrincipal {
        account: "123456789012",
        arn: "arn:aws:iam::123456789012:user/alice",
        role_arn: None,
    });
    let request = PolicyRequest {
        action: Action::MANAGE_CONNECTIONS,
        resource: "arn:aws:execute-api:eu-west-1:12:chat/prod/POST/@connections/a",
        caller: alice,
        keys: &keys,
    };
    let rejection = Denial::silent(Reason::NotAllowedByIdentityPolicy)
        .into_rejection(&request, Wording::Current);
    assert_eq!(
        rejection.message(),
        Some(
            "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: execute-api:ManageConnections on resource: \
             arn:aws:execute-api:eu-west-1:********12:chat/prod/POST/@connections/a because no identity-based policy allows \
             the execute-api:ManageConnections action"
        )
    );
}

#[test]
fn logs_are_told_which_statement_denied() {
    let keys = GlobalKeys::new(towergate_core::Timestamp::default());
    let resource = api().method("prod", "GET", "/dogs");
    let request = PolicyRequest::invoke(&resource, &keys);
    let policy = ResourcePolicy::parse(&statement("Deny", "*"), &api()).unwrap();
    let denial = policy.alone(&request).unwrap_err();
    assert_eq!(denial.statement(), Some((0, Some("s"))));
    let rejection = denial.into_rejection(&request, Wording::Current);
    assert_eq!(
        rejection.detail(),
        Some("statement 0 (`s`) of the resource-based policy denies the request")
    );
}
