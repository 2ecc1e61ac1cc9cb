use http::Request;
use towergate_core::Context;

use super::*;

const ALLOW: &str = "allow";
const DENY: &str = "deny";

/// Lets in or refuses, at once or later, as `name` says.
fn authorizer(verdict: &'static str, name: &'static str, later: bool) -> Box<dyn Authorize> {
    let decide = move || match verdict {
        ALLOW => Ok(Authorized::by_host()
            .with_principal_id(name)
            .with_entry("common", name)
            .with_entry(name, "own")),
        _ => Err(Refusal::unauthorized(name)),
    };
    if later {
        Box::new(authorize_service(tower::service_fn(
            move |_: Request<()>| std::future::ready(decide()),
        )))
    } else {
        Box::new(authorize_fn(move |_: &AuthorizeRequest<'_>| decide()))
    }
}

/// The principal, or why not.
fn told(decision: &Decision) -> Result<&str, &str> {
    match decision {
        Ok(authorized) => Ok(authorized.principal_id().unwrap_or_default()),
        Err(refusal) => Err(refusal.rejection().detail().unwrap_or_default()),
    }
}

#[tokio::test]
async fn combined_authorizers_must_all_agree_or_one_of_them() {
    let nobody = "there is no authorizer to ask";
    let cases: [(&[&'static str], _, _); 5] = [
        (&[], Err(nobody), Err(nobody)),
        (&[ALLOW], Ok("0"), Ok("0")),
        (&[ALLOW, DENY], Err("1"), Ok("0")),
        (&[DENY, ALLOW], Err("0"), Ok("1")),
        (&[DENY, DENY], Err("0"), Err("0")),
    ];
    let mut request = Request::get("/").body(()).unwrap();
    let context = Context::of(&mut request);
    let request = AuthorizeRequest::new(&context, request.headers());
    for (verdicts, all, any) in cases {
        for later in [false, true] {
            let (mut all_of, mut any_of) = (AllOf::new(), AnyOf::new());
            for (verdict, name) in verdicts.iter().zip(["0", "1"]) {
                all_of = all_of.and(authorizer(verdict, name, later));
                any_of = any_of.or(authorizer(verdict, name, later));
            }
            assert_eq!(told(&all_of.authorize(&request).await), all, "{verdicts:?}");
            assert_eq!(told(&any_of.authorize(&request).await), any, "{verdicts:?}");
            let now = all_of.authorize_now(&request);
            assert_eq!(now.is_none(), later && !verdicts.is_empty(), "{verdicts:?}");
            if let Some(now) = now {
                assert_eq!(told(&now), all, "{verdicts:?}");
                assert_eq!(told(&any_of.authorize_now(&request).unwrap()), any);
            }
        }
    }
}

#[tokio::test]
async fn what_several_found_is_taken_together() {
    let mut request = Request::get("/").body(()).unwrap();
    let context = Context::of(&mut request);
    let request = AuthorizeRequest::new(&context, request.headers());
    let all = AllOf::new()
        .and(authorizer(ALLOW, "one", false))
        .and(authorizer(ALLOW, "two", true));
    let identity = all.authorize(&request).await.unwrap().to_identity();
    assert_eq!(identity.principal_id.as_deref(), Some("one"));
    let entries: Vec<_> = identity.authorizer.iter().collect();
    let expected = [("common", "one"), ("one", "own"), ("two", "own")];
    assert!(
        entries
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .eq(expected)
    );
}

#[test]
fn s15_every_internal_error_is_a_refusal() {
    let cases = [
        (Refusal::unauthorized("x"), 401),
        (Refusal::access_denied("x"), 403),
        (Refusal::configuration("x"), 500),
        (Refusal::failure("x"), 500),
    ];
    for (refusal, status) in cases {
        assert_eq!(refusal.rejection().status(), status, "{refusal}");
    }
}

#[test]
fn s12_headers_and_queries_are_not_shown() {
    let mut request = Request::get("/a?token=secret")
        .header("authorization", "secret")
        .body(())
        .unwrap();
    let context = Context::of(&mut request);
    let shown = format!("{:?}", AuthorizeRequest::new(&context, request.headers()));
    assert!(
        shown.contains("/default/GET/a") && !shown.contains("secret"),
        "{shown}"
    );
    let authorized = Authorized::by_host()
        .with_entry("k", "secret")
        .with_usage_identifier_key("secret");
    assert!(!format!("{authorized:?}").contains("secret"));
}
