//! Tokens in requests: where they are found, and what each kind of API answers.

#![cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "support/signer.rs"]
mod signer;

use std::{convert::Infallible, sync::Arc};

use http::{Request, Response};
use serde_json::{Value, json};
use signer::{ISSUER, NOW, Signer, at, changed, key_set, verifier};
use tower::{Layer, ServiceExt, service_fn};
use towergate_authorizers::{
    Authorize, AuthorizeLayer, AuthorizeRequest, Decision, ResponseBody, Style,
    jwt::{Issuer, JwtAuthorizer},
    keys::CachedKeys,
};
use towergate_core::{BoxFuture, Context, KeySource, KeySourceError};
use towergate_testing::FakeClock;

fn signer() -> Signer {
    Signer::new("k", 1)
}

fn authorizer(make: fn(towergate_authorizers::jwt::JwtVerifier) -> JwtAuthorizer) -> JwtAuthorizer {
    let issuer = Issuer::new(ISSUER, signer().keys()).audience("orders");
    make(verifier(issuer)).with_clock(FakeClock::at(at(0)))
}

fn decide(authorizer: &JwtAuthorizer, headers: &[(&str, &str)]) -> Decision {
    let mut request = Request::get("/orders?t=x").body(()).unwrap();
    for (name, value) in headers {
        let name: http::HeaderName = name.parse().unwrap();
        request.headers_mut().append(name, value.parse().unwrap());
    }
    let context = Context::of(&mut request);
    let request = AuthorizeRequest::new(&context, request.headers());
    authorizer.authorize_now(&request).unwrap()
}

#[test]
fn http_apis_challenge_and_rest_apis_name_the_error() {
    let token = signer().token(&changed(&json!({"scope": "read"})));
    let expired = signer().token(&changed(&json!({"exp": NOW - 1})));
    let invalid =
        |why: &str| format!(r#"Bearer scope="" error="invalid_token" error_description="{why}""#);
    let lacks = r#"Bearer scope="write admin" error="insufficient_scope""#.to_owned();
    let cases = [
        ("no token", vec![], 401, "Bearer".to_owned()),
        (
            "an empty one",
            vec![("authorization", "Bearer ")],
            401,
            "Bearer".to_owned(),
        ),
        (
            "s4: two of them",
            vec![("authorization", &*token), ("authorization", &*token)],
            401,
            "Bearer".to_owned(),
        ),
        (
            "no token at all",
            vec![("authorization", "a.b")],
            401,
            invalid("token contains an invalid number of segments"),
        ),
        (
            "an expired one",
            vec![("authorization", &*expired)],
            401,
            invalid("the token has expired"),
        ),
        (
            "without the scope",
            vec![("authorization", &*token)],
            403,
            lacks,
        ),
    ];
    for (name, headers, status, challenge) in cases {
        let scopes = ["write", "admin"];
        let refusal = decide(
            &authorizer(JwtAuthorizer::http_api).scopes(scopes),
            &headers,
        );
        let response = refusal.unwrap_err().into_response::<Vec<u8>>(Style::Http);
        assert_eq!(response.status(), status, "{name}");
        assert_eq!(response.headers()["www-authenticate"], challenge, "{name}");
        let message = if status == 401 {
            "Unauthorized"
        } else {
            "Forbidden"
        };
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body, json!({ "message": message }), "{name}");

        let refusal = decide(
            &authorizer(JwtAuthorizer::rest_api).scopes(scopes),
            &headers,
        );
        let response = refusal.unwrap_err().into_response::<Vec<u8>>(Style::Rest);
        assert_eq!(response.status(), status, "{name}");
        assert!(
            !response.headers().contains_key("www-authenticate"),
            "{name}"
        );
        let error_type = if status == 401 {
            "UnauthorizedException"
        } else {
            "AccessDeniedException"
        };
        assert_eq!(response.headers()["x-amzn-errortype"], error_type, "{name}");
    }
}

#[test]
fn s4_a_repeated_authorization_is_told_in_the_logs() {
    let token = signer().token(&changed(&json!({})));
    let headers = [("authorization", &*token), ("authorization", "other")];
    let refusal = decide(&authorizer(JwtAuthorizer::http_api), &headers).unwrap_err();
    let detail = refusal.rejection().detail().unwrap();
    assert!(
        detail.contains("more than once") && !detail.contains(&token),
        "{detail}"
    );
}

#[test]
fn claims_are_entries_and_the_token_tells_its_scopes() {
    let token = signer().token(&changed(&json!({"scope": "read", "groups": ["a", "b"]})));
    for value in [format!("bearer {token}"), token] {
        let authorizer = authorizer(JwtAuthorizer::http_api).scopes(["read"]);
        let authorized = decide(&authorizer, &[("authorization", &value)]).unwrap();
        let identity = authorized.to_identity();
        let claim = |name: &str| identity.authorizer.get(name).map(String::as_str);
        assert_eq!(claim("claims.sub"), Some("alice"));
        assert_eq!(claim("claims.groups"), Some("[a b]"));
        assert_eq!(claim("claims.exp"), Some(&*(NOW + 3_600).to_string()));
        assert!(authorized.token().unwrap().scopes().eq(["read"]));
        assert!(!format!("{authorized:?}").contains("alice"), "s12");
    }
}

#[test]
fn a_token_may_be_elsewhere() {
    let token = signer().token(&changed(&json!({})));
    let authorizer = authorizer(JwtAuthorizer::rest_api)
        .source("method.request.header.x-token".parse().unwrap());
    assert!(decide(&authorizer, &[("x-token", &token)]).is_ok());
    assert!(decide(&authorizer, &[("authorization", &token)]).is_err());
}

/// A source that gives its keys once it is polled.
struct Keys(String);

impl KeySource for Keys {
    fn key_set(&self) -> BoxFuture<'_, Result<bytes::Bytes, KeySourceError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            Ok(self.0.clone().into())
        })
    }
}

#[tokio::test]
async fn a_request_waits_for_keys() {
    let keys = CachedKeys::new(Arc::new(Keys(key_set(&[&signer()]))));
    let issuer = Issuer::new(ISSUER, keys).audience("orders");
    let authorizer = JwtAuthorizer::http_api(verifier(issuer)).with_clock(FakeClock::at(at(0)));
    let app = AuthorizeLayer::new(authorizer).layer(service_fn(async |request: Request<()>| {
        let identity = Context::get(request.extensions()).and_then(Context::identity);
        let subject = identity.and_then(|identity| identity.authorizer.get("claims.sub"));
        assert_eq!(subject.map(String::as_str), Some("alice"));
        Ok::<_, Infallible>(Response::new(()))
    }));
    for _ in 0..2 {
        let token = signer().token(&changed(&json!({})));
        let request = Request::get("/")
            .header("authorization", token)
            .body(())
            .unwrap();
        let response: Response<ResponseBody<()>> = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
    }
}
