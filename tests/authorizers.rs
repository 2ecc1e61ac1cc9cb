//! Who may call: Lambda authorizers and resource policies, in front of the methods of an API.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use towergate::{
    Gateway, HttpMethod, Integration, IntegrationResponse, Lambda, StageSettings,
    definition::{AuthorizationType, Authorizer, AuthorizerType, Method, MethodResponse, RestApi},
};
use towergate_tests::{Answer, Backend, ask, get_with};

const EXPLICIT_DENY: &str = r#"{"Message":"User is not authorized to access this resource with an explicit deny in an identity-based policy"}"#;
const NO_ALLOW: &str = r#"{"Message":"User is not authorized to access this resource because no identity-based policy allows the execute-api:Invoke action"}"#;
const UNAUTHORIZED: &str = r#"{"message":"Unauthorized"}"#;

/// An API whose methods at `/a` and `/b/{proxy+}` are a mock, behind the authorizer `own` of this type.
fn guarded(authorizer_type: AuthorizerType, ttl: u32) -> RestApi {
    let mut authorizer = Authorizer::new(authorizer_type);
    authorizer.authorizer_uri = Integration::lambda_proxy("auth").uri;
    authorizer.identity_source = Some("method.request.header.Authorization".to_owned());
    authorizer.authorizer_result_ttl_in_seconds = Some(ttl);
    let method = |authorized: bool| {
        let who =
            r#"{"who": "$context.authorizer.principalId", "tier": "$context.authorizer.tier"}"#;
        let response = IntegrationResponse::new(200).template("application/json", who);
        let integration = Integration::mock(200).response(response);
        let mut method =
            Method::new(HttpMethod::Get, integration).response(MethodResponse::new(200));
        if authorized {
            method.authorization_type = AuthorizationType::Custom;
            method.authorizer = Some("own".to_owned());
        }
        method
    };
    RestApi::new("api")
        .authorizer("own", authorizer)
        .method("/a", method(true))
        .method("/b/{proxy+}", method(true))
        .method("/open", method(false))
}

/// A function that answers as its token says, and counts its calls.
fn function() -> (Lambda, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let function = Lambda::from_fn(move |event: Value| {
        counter.fetch_add(1, Ordering::SeqCst);
        let token = event["authorizationToken"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let arn = event["methodArn"].as_str().unwrap_or_default().to_owned();
        async move {
            let statement = |effect: &str, resource: &str| json!({"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource});
            let statements = match &*token {
                "this" => vec![statement("Allow", &arn)],
                "all" => vec![statement("Allow", "*")],
                "not-a" => vec![statement("Allow", "*"), statement("Deny", "*/GET/a")],
                "nothing" => vec![statement("Allow", "arn:aws:execute-api:*:*:other/*")],
                _ => return Err("Unauthorized"),
            };
            Ok(json!({
                "principalId": "user|1",
                "policyDocument": {"Version": "2012-10-17", "Statement": statements},
                "context": {"tier": 7},
            }))
        }
    });
    (function, calls)
}

fn gateway(api: RestApi, function: Lambda) -> Gateway {
    let gateway = Gateway::builder()
        .function("auth", function)
        .api("api", api)
        .stage("api", StageSettings::new("prod"))
        .stage("api", StageSettings::new("beta"));
    gateway.build().expect("the gateway is built")
}

#[tokio::test]
async fn a_function_lets_callers_in_by_its_policy() {
    let (function, calls) = function();
    let gateway = gateway(guarded(AuthorizerType::Token, 0), function);
    let ok = r#"{"who": "user|1", "tier": "7"}"#;
    let open = r#"{"who": "", "tier": ""}"#;
    let cases = [
        ("/prod/open", None, 200, open, 0),
        ("/prod/a", None, 401, UNAUTHORIZED, 0),
        ("/prod/a", Some("who?"), 401, UNAUTHORIZED, 1),
        ("/prod/a", Some("this"), 200, ok, 1),
        ("/prod/a", Some("all"), 200, ok, 1),
        ("/prod/a", Some("nothing"), 403, NO_ALLOW, 1),
        ("/prod/a", Some("not-a"), 403, EXPLICIT_DENY, 1),
        ("/prod/b/a", Some("not-a"), 200, ok, 1),
        // However it is written, what is routed to a method is judged as that method.
        ("/prod//a", Some("not-a"), 403, EXPLICIT_DENY, 1),
        ("/prod/a/", Some("not-a"), 403, EXPLICIT_DENY, 1),
        ("/prod///a//", Some("not-a"), 403, EXPLICIT_DENY, 1),
        ("//prod/a", Some("not-a"), 403, EXPLICIT_DENY, 1),
        ("/prod/a?x=1", Some("not-a"), 403, EXPLICIT_DENY, 1),
    ];
    for (target, token, status, body, asked) in cases {
        calls.store(0, Ordering::SeqCst);
        let headers: Vec<_> = token
            .map(|token| ("authorization", token))
            .into_iter()
            .collect();
        let reply = ask(&gateway, get_with(target, &headers)).await;
        assert_eq!(
            (reply.status, reply.text()),
            (status, body),
            "{target} {token:?}"
        );
        assert_eq!(calls.load(Ordering::SeqCst), asked, "{target} {token:?}");
    }
}

#[tokio::test]
async fn an_answer_is_kept_for_its_stage_and_token_and_judged_for_each_method() {
    let (function, calls) = function();
    let gateway = gateway(guarded(AuthorizerType::Token, 300), function);
    let cases = [
        ("/prod/a", "this", 200, 1),
        ("/prod/a", "this", 200, 1),
        ("/prod/b/x", "this", 403, 1),
        ("/prod/a", "all", 200, 2),
        ("/beta/a", "this", 200, 3),
        ("/prod/a", "who?", 401, 4),
        ("/prod/a", "who?", 401, 5),
        ("/prod/a", "nothing", 403, 6),
        ("/prod/a", "nothing", 403, 6),
    ];
    for (number, (target, token, status, asked)) in cases.into_iter().enumerate() {
        let reply = ask(&gateway, get_with(target, &[("authorization", token)])).await;
        assert_eq!(reply.status, status, "{number}: {target} {token}");
        assert_eq!(
            calls.load(Ordering::SeqCst),
            asked,
            "{number}: {target} {token}"
        );
    }
}

#[tokio::test]
async fn a_resource_policy_is_asked_before_a_function_and_with_it() {
    let statement = |effect: &str, resource: &str, condition: Value| json!({"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": resource, "Condition": condition});
    let agent = |name: &str| json!({"StringEquals": {"aws:UserAgent": name}});
    let policy = json!({"Version": "2012-10-17", "Statement": [
        statement("Allow", "execute-api:/prod/GET/a", json!({})),
        statement("Deny", "execute-api:/*", agent("bad")),
        statement("Allow", "execute-api:/prod/GET/open", agent("good")),
    ]});
    let (function, calls) = function();
    let mut api = guarded(AuthorizerType::Token, 0);
    api.policy = Some(policy.to_string());
    let gateway = gateway(api, function);
    let cases = [
        (
            "the policy denies before the function is asked",
            "/prod/a",
            "bad",
            "all",
            403,
            0,
        ),
        ("both allow", "/prod/a", "good", "all", 200, 1),
        (
            "the policy allows, and the function's says nothing",
            "/prod/a",
            "good",
            "nothing",
            200,
            1,
        ),
        (
            "the policy says nothing, and the function's allows",
            "/prod/b/x",
            "good",
            "all",
            200,
            1,
        ),
        ("both say nothing", "/prod/b/x", "good", "nothing", 403, 1),
        ("the function's denies", "/prod/a", "good", "not-a", 403, 1),
        (
            "no authorizer: the policy allows",
            "/prod/open",
            "good",
            "",
            200,
            0,
        ),
        (
            "no authorizer: the policy says nothing",
            "/prod/open",
            "other",
            "",
            403,
            0,
        ),
        (
            "no authorizer: the policy denies",
            "/prod/open",
            "bad",
            "",
            403,
            0,
        ),
        (
            "no authorizer: another stage",
            "/beta/open",
            "good",
            "",
            403,
            0,
        ),
    ];
    for (name, target, agent, token, status, asked) in cases {
        calls.store(0, Ordering::SeqCst);
        let headers = [("user-agent", agent), ("authorization", token)];
        let reply = ask(&gateway, get_with(target, &headers)).await;
        assert_eq!(reply.status, status, "{name}: {}", reply.text());
        assert_eq!(calls.load(Ordering::SeqCst), asked, "{name}");
        let is_denied = reply.header("x-amzn-errortype") == Some("AccessDeniedException");
        assert_eq!(is_denied, status == 403, "{name}");
    }
}

#[tokio::test]
async fn what_cannot_decide_lets_nobody_in() {
    type Function = fn() -> Result<Value, &'static str>;
    let failing: [(&str, Function); 4] = [
        ("it fails", || Err("boom")),
        ("no policy", || Ok(json!({"principalId": "a"}))),
        ("an unknown member", || {
            let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
            Ok(
                json!({"principalId": "a", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}, "other": 1}),
            )
        }),
        ("nobody is named", || {
            let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
            Ok(json!({"policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}))
        }),
    ];
    for (name, answer) in failing {
        let function = Lambda::from_fn(move |_: Value| async move { answer() });
        let gateway = gateway(guarded(AuthorizerType::Request, 0), function);
        let reply = ask(&gateway, get_with("/prod/a", &[("authorization", "t")])).await;
        assert_eq!(
            (reply.status, reply.text()),
            (500, r#"{"message":null}"#),
            "{name}"
        );
        let error = reply.header("x-amzn-errortype");
        assert_eq!(error, Some("AuthorizerConfigurationException"), "{name}");
    }
}

/// Routing and authorization see the same path: what is not decoded for the one is not decoded for the other.
#[tokio::test]
async fn s5_an_encoded_path_is_no_other_methods_path() {
    let (function, _) = function();
    let gateway = gateway(guarded(AuthorizerType::Token, 0), function);
    let cases = [
        (
            "/prod/%61",
            403,
            r#"{"message":"Missing Authentication Token"}"#,
        ),
        (
            "/prod/a%2F",
            403,
            r#"{"message":"Missing Authentication Token"}"#,
        ),
        (
            "/prod/./a",
            403,
            r#"{"message":"Missing Authentication Token"}"#,
        ),
        (
            "/prod/x/../a",
            403,
            r#"{"message":"Missing Authentication Token"}"#,
        ),
        ("/prod/b/..%2Fa", 200, r#"{"who": "user|1", "tier": "7"}"#),
    ];
    for (target, status, body) in cases {
        let reply = ask(&gateway, get_with(target, &[("authorization", "not-a")])).await;
        assert_eq!((reply.status, reply.text()), (status, body), "{target}");
    }
}

/// A client cannot say in the gateway's name who called, or through which API.
#[tokio::test]
async fn s18_what_the_gateway_says_of_a_caller_comes_from_nobody_else() {
    let (function, _) = function();
    let backend = Backend::answering(|_| Answer::ok("")).await;
    let mut api = guarded(AuthorizerType::Token, 0);
    let to = |name: &str| format!("integration.request.header.{name}");
    let integration = Integration::http_proxy(backend.url("/"))
        .request_parameter(to("x-user"), "context.authorizer.principalId")
        .request_parameter(to("x-role"), "context.authorizer.role")
        .request_parameter(to("x-key"), "context.identity.apiKeyId");
    let mut method = Method::new(HttpMethod::Get, integration);
    method.authorization_type = AuthorizationType::Custom;
    method.authorizer = Some("own".to_owned());
    api = api.method("/proxy", method);
    let gateway = gateway(api, function);
    let forged = [
        ("authorization", "all"),
        ("x-user", "admin"),
        ("x-role", "admin"),
        ("x-key", "gold"),
        ("x-amzn-apigateway-api-id", "other"),
    ];
    assert_eq!(
        ask(&gateway, get_with("/prod/proxy", &forged)).await.status,
        200
    );
    let received = backend.next().await;
    assert_eq!(received.header("x-user"), Some("user|1"));
    // Nobody found these out, and the client's word for it does not count.
    assert_eq!(received.header("x-role"), None);
    assert_eq!(received.header("x-key"), None);
    assert_eq!(received.header("x-amzn-apigateway-api-id"), Some("api"));
}
