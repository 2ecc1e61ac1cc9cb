//! What guards a method lets no stranger in, and closes it where it is not served: 500, never its backend.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, Mutex},
};

use http::Request;
use serde_json::{Value, json};
use towergate::{
    Body, Context, FunctionArn, Gateway, HttpMethod, InProcess, Integration, Lambda, Observer,
    Rejection, RestApi, Severity, StageSettings,
    definition::{self, AuthorizationType, Method},
    openapi,
};
use towergate_tests::{
    INTERNAL_SERVER_ERROR, ask,
    bare_document::{self, Operation, open_operation},
    gateway,
};

/// A method that answers 200.
fn open_method(verb: HttpMethod) -> Method {
    Method::new(verb, Integration::mock(200)).response(definition::MethodResponse::new(200))
}

async fn status(gateway: &Gateway, verb: &str, path: &str) -> u16 {
    let request = Request::builder().method(verb).uri(format!("/prod{path}"));
    let request = request.body(Body::empty()).expect("a request");
    ask(gateway, request).await.status
}

#[tokio::test]
async fn every_guard_of_a_definition_closes_its_method_and_is_an_error_in_strict_mode() {
    let guarded = |authorization_type, authorizer: Option<&str>| {
        let mut method = open_method(HttpMethod::Get);
        method.authorization_type = authorization_type;
        method.authorizer = authorizer.map(str::to_owned);
        method
    };
    let open = || open_method(HttpMethod::Get);
    let mut keyed = open();
    keyed.api_key_required = true;
    let mut validated = open();
    validated.request_validator = Some("all".to_owned());
    let cases = [
        ("no guard", 200, open()),
        ("IAM", 500, guarded(AuthorizationType::AwsIam, None)),
        (
            "a Lambda authorizer",
            500,
            guarded(AuthorizationType::Custom, Some("mine")),
        ),
        (
            "one without a name",
            500,
            guarded(AuthorizationType::Custom, None),
        ),
        (
            "one without a type",
            500,
            guarded(AuthorizationType::None, Some("mine")),
        ),
        (
            "a user pool",
            500,
            guarded(AuthorizationType::CognitoUserPools, None),
        ),
        ("an API key, which nobody has", 403, keyed),
        ("a validator", 500, validated),
    ];
    for (name, expected, method) in cases {
        let api = definition::RestApi::new("api").method("/", method);
        let found = status(&gateway(api.clone()), "GET", "").await;
        assert_eq!(found, expected, "{name}");
        match RestApi::compile(&api, true) {
            Ok(_) => assert_ne!(expected, 500, "{name}: strict"),
            Err(error) => {
                let mut found = error.diagnostics().iter();
                assert!(
                    found.any(|d| d.severity == Severity::Error),
                    "{name}: {error}"
                );
                assert_eq!(expected, 500, "{name}: strict");
            }
        }
    }
}

#[tokio::test]
async fn a_closed_method_never_calls_its_backend_and_leaves_its_neighbours_open() {
    let backend = tower::service_fn(
        async |_: Request<Body>| -> Result<http::Response<Body>, &str> {
            panic!("the backend of a guarded method is called")
        },
    );
    let mut guarded = Method::new(
        HttpMethod::Get,
        Integration::http_proxy("http://own.internal/"),
    );
    guarded.request_validator = Some("all".to_owned());
    let api = definition::RestApi::new("api")
        .method("/", guarded)
        .method("/", open_method(HttpMethod::Any))
        .method("/open", open_method(HttpMethod::Get));
    let gateway = Gateway::builder()
        .service("http://own.internal", InProcess::new(backend))
        .api("api", api)
        .stage("api", StageSettings::new("prod"))
        .build()
        .unwrap();
    let reply = ask(&gateway, Request::get("/prod").body(Body::empty()).unwrap()).await;
    assert_eq!((reply.status, reply.text()), (500, INTERNAL_SERVER_ERROR));
    assert_eq!(
        reply.header("x-amzn-errortype"),
        Some("InternalServerErrorException")
    );
    let places: Vec<_> = gateway
        .diagnostics()
        .iter()
        .map(|d| d.place.to_string())
        .collect();
    assert_eq!(
        places,
        ["apis.api.paths./.get.x-amazon-apigateway-request-validator"]
    );
    assert_eq!(status(&gateway, "POST", "").await, 200, "another verb");
    assert_eq!(status(&gateway, "GET", "/open").await, 200, "another path");
}

/// Keeps why requests were refused.
#[derive(Clone, Default)]
struct Reasons(Arc<Mutex<Vec<String>>>);

impl Observer for Reasons {
    fn on_rejection(&self, _: &Context, rejection: &Rejection) {
        let detail = rejection.detail().unwrap_or("-").to_owned();
        self.0.lock().expect("no panic before").push(detail);
    }
}

#[tokio::test]
async fn a_closed_method_is_refused_for_what_was_reported_of_it() {
    let mut guarded = open_method(HttpMethod::Get);
    guarded.authorization_type = AuthorizationType::AwsIam;
    guarded.request_validator = Some("all".to_owned());
    let unmapped = Integration::http_proxy("http://h/{x}");
    let of = |method: Method| definition::RestApi::new("api").method("/", method);
    let cases: [(&str, _, &[&str]); 3] = [
        (
            "two guards",
            of(guarded),
            &[
                "paths./.get.x-amazon-apigateway-auth",
                "AWS_IAM",
                "paths./.get.x-amazon-apigateway-request-validator",
                "`all`",
            ],
        ),
        (
            "a fault",
            of(Method::new(HttpMethod::Get, unmapped)),
            &["paths./.get.x-amazon-apigateway-integration.uri", "`{x}`"],
        ),
        (
            "no integration",
            of(Method::without_integration(HttpMethod::Get)),
            &["paths./.get"],
        ),
    ];
    for (name, api, parts) in cases {
        let reasons = Reasons::default();
        let gateway = Gateway::builder()
            .observer(reasons.clone())
            .api("api", api)
            .stage("api", StageSettings::new("prod"))
            .build()
            .unwrap();
        assert_eq!(status(&gateway, "GET", "").await, 500, "{name}");
        let reasons = reasons.0.lock().unwrap();
        let [reason] = &reasons[..] else {
            panic!("{name}: {reasons:?}")
        };
        for part in parts {
            assert!(reason.contains(part), "{name}: {reason}");
        }
    }
}

/// A document with every guard there is to require, and one operation; both have members added.
fn document(root: &Value, operation: &Value) -> Value {
    let api_key = |name: &str| json!({"type": "apiKey", "name": name, "in": "header"});
    let authorizer = |kind: &str| {
        let mut scheme = api_key("Authorization");
        scheme["x-amazon-apigateway-authtype"] = json!("custom");
        scheme["x-amazon-apigateway-authorizer"] = json!({
            "type": kind,
            "authorizerUri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations",
            "identitySource": "method.request.header.Authorization",
            "providerARNs": ["arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_x"],
        });
        scheme
    };
    let mut sigv4 = api_key("Authorization");
    sigv4["x-amazon-apigateway-authtype"] = json!("awsSigv4");
    let validators = json!({
        "all": {"validateRequestBody": true, "validateRequestParameters": true},
        "none": {"validateRequestBody": false, "validateRequestParameters": false},
    });
    let mut document = json!({
        "openapi": "3.0.1",
        "info": {"title": "api", "version": "1"},
        "components": {"securitySchemes": {
            "token": authorizer("token"), "request": authorizer("request"),
            "pool": authorizer("cognito_user_pools"), "sigv4": sigv4,
            "key": api_key("x-api-key"), "other": api_key("x-other"),
        }},
        "x-amazon-apigateway-request-validators": validators,
    });
    let mut guarded = open_operation();
    for (whole, added) in [(&mut document, root), (&mut guarded, operation)] {
        for (member, value) in added.as_object().into_iter().flatten() {
            whole[member] = value.clone();
        }
    }
    document["paths"] = json!({"/guarded": {"get": guarded}});
    document
}

#[tokio::test]
async fn every_guarding_extension_of_a_document_guards_its_method() {
    let nothing = || json!({});
    let security = |requirements: Value| json!({"security": requirements});
    let auth = |kind: &str| json!({"x-amazon-apigateway-auth": {"type": kind}});
    let validator = |name: &str| json!({"x-amazon-apigateway-request-validator": name});
    let policy = |policy: Value| json!({"x-amazon-apigateway-policy": policy});
    let allow = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
    let token = || security(json!([{"token": []}]));
    let cases = [
        ("nothing", 200, nothing(), nothing()),
        ("a token authorizer", 401, nothing(), token()),
        (
            "a request authorizer",
            401,
            nothing(),
            security(json!([{"request": []}])),
        ),
        (
            "a user pool",
            401,
            nothing(),
            security(json!([{"pool": ["pets/read"]}])),
        ),
        ("sigv4", 500, nothing(), security(json!([{"sigv4": []}]))),
        ("an API key", 403, nothing(), security(json!([{"key": []}]))),
        (
            "an authorizer and an API key",
            401,
            nothing(),
            security(json!([{"token": [], "key": []}])),
        ),
        (
            "an authorizer or nothing",
            401,
            nothing(),
            security(json!([{}, {"token": []}])),
        ),
        (
            "a scheme without a meaning",
            200,
            nothing(),
            security(json!([{"other": []}])),
        ),
        ("the root", 401, token(), nothing()),
        ("the root, set aside", 200, token(), security(json!([]))),
        ("IAM", 500, nothing(), auth("AWS_IAM")),
        ("no IAM", 200, nothing(), auth("NONE")),
        ("no IAM, but the root's", 401, token(), auth("NONE")),
        ("IAM, instead of the root's", 500, token(), auth("AWS_IAM")),
        ("a validator", 500, nothing(), validator("all")),
        ("one that checks nothing", 500, nothing(), validator("none")),
        ("the root's validator", 500, validator("all"), nothing()),
        (
            "a policy",
            200,
            policy(json!({"Version": "2012-10-17", "Statement": [allow]})),
            nothing(),
        ),
    ];
    for (name, expected, root, operation) in cases {
        let document = document(&root, &operation);
        let text = document.to_string();
        let parsed = openapi::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let strict = RestApi::compile(&parsed.definition, true);
        assert_eq!(strict.is_err(), expected == 500, "{name}: strict");
        let gateway = imported(&text).unwrap_or_else(|| panic!("{name}: refused"));
        assert_eq!(
            status(&gateway, "GET", "/guarded").await,
            expected,
            "{name}"
        );
        let operation = bare_document::operations(&document).next();
        let bare = operation.is_some_and(|operation| operation.is_guarded);
        let is_guarded = expected != 200 || name == "a policy";
        assert_eq!(bare, is_guarded, "{name}: as the bare document has it");
    }
}

/// Walks the definitions in the folder that `TOWERGATE_CORPORA` names.
#[tokio::test]
async fn no_guarded_operation_of_the_corpus_answers_a_stranger() {
    let Some(corpora) = std::env::var_os("TOWERGATE_CORPORA") else {
        println!("skipped: TOWERGATE_CORPORA is not set");
        return;
    };
    let (mut guarded, mut refused, mut failures) = (0, 0, Vec::new());
    for file in bare_document::definitions(&Path::new(&corpora).join("openapi")) {
        let Some(document) = bare_document::read_document(&file) else {
            continue;
        };
        // With mocks for backends, nothing but a guard can be why a method answers 500.
        let mocked = bare_document::mocked(&document);
        for (kind, text, opens) in [
            ("as it is", document.to_string(), false),
            ("mocked", mocked.to_string(), true),
        ] {
            let Some(gateway) = imported(&text) else {
                refused += 1;
                continue;
            };
            for operation in bare_document::operations(&document) {
                let Operation {
                    verb,
                    path,
                    is_guarded,
                } = &operation;
                let expected: &[u16] = match is_guarded {
                    true => &[401, 403, bare_document::restyled_500(&document)],
                    false if opens => &[200],
                    false => continue,
                };
                guarded += usize::from(*is_guarded);
                let found = status(&gateway, verb, path).await;
                if !expected.contains(&found) {
                    let file = file.display();
                    failures.push(format!(
                        "{file} {kind}: {verb} {path}: {found}, not one of {expected:?}"
                    ));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(guarded > 0, "the corpus has no guarded operation");
    println!("{guarded} guarded operations refuse strangers; {refused} documents are refused");
}

/// Serves a document, `None` if it is refused. Its functions let nobody in.
fn imported(text: &str) -> Option<Gateway> {
    let imported = openapi::parse(text).ok()?;
    let nobody = Lambda::from_fn(async |_: Value| Err::<Value, _>("Unauthorized"));
    let named = text.split("functions/").skip(1);
    let named = named.filter_map(|rest| Some(rest.split_once("/invocations")?.0));
    let functions: BTreeSet<_> = named
        .filter(|arn| FunctionArn::parse(arn).is_ok())
        .collect();
    let gateway = functions
        .into_iter()
        .fold(Gateway::builder(), |gateway, arn| {
            gateway.function(arn, nobody.clone())
        });
    gateway
        .api("api", imported)
        .stage("api", StageSettings::new("prod"))
        .build()
        .ok()
}
