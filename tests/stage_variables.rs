//! What becomes of a stage variable that is not there, wherever one may be written (stages.md, section 5).

use http::{Request, Response};
use towergate::{
    Body, Gateway, HttpMethod, InProcess, Integration, IntegrationResponse, Lambda, StageSettings,
    definition::{AuthorizationType, Authorizer, AuthorizerType, Method, MethodResponse, RestApi},
};
use towergate_tests::{INTERNAL_SERVER_ERROR, ask, get};

const PREFIX: &str = "arn:aws:lambda:us-east-1:000000000000:function:";

const UNAUTHORIZED: &str = r#"{"message":"Unauthorized"}"#;

/// Answers with the target of a request and what a header says.
fn echo() -> InProcess {
    InProcess::new(tower::service_fn(async |request: Request<Body>| {
        let header = request.headers().get("x-own");
        let body = Body::from(format!("{} {header:?}", request.uri()));
        Ok::<_, std::convert::Infallible>(Response::new(body))
    }))
}

fn authorizer() -> Authorizer {
    let mut authorizer = Authorizer::new(AuthorizerType::Request);
    authorizer.authorizer_uri = Integration::lambda_proxy(format!("{PREFIX}auth")).uri;
    authorizer.identity_source = Some("stageVariables.none".to_owned());
    authorizer
}

#[tokio::test]
async fn a_missing_variable_is_empty_or_refuses_by_where_it_stands() {
    let mock = |template: &str| {
        let response = IntegrationResponse::new(200).template("application/json", template);
        Integration::mock(200).response(response)
    };
    let http = |uri: &str| Integration::http_proxy(uri);
    let function = |name: &str| Integration::lambda_proxy(format!("{PREFIX}{name}"));
    let cases = [
        ("a template", mock("[$stageVariables.none]"), 200, "[]"),
        (
            "a template, in braces",
            mock("[${stageVariables.none}]"),
            200,
            "[]",
        ),
        (
            "a mapping of parameters",
            http("http://a.internal/p")
                .request_parameter("integration.request.header.x-own", "stageVariables.none"),
            200,
            "http://a.internal/p None",
        ),
        (
            "the host of a URI",
            http("http://${stageVariables.none}/p"),
            500,
            INTERNAL_SERVER_ERROR,
        ),
        (
            "a part of the host",
            http("http://${stageVariables.none}.internal/p"),
            500,
            INTERNAL_SERVER_ERROR,
        ),
        (
            "the path of a URI",
            http("http://a.internal/${stageVariables.none}"),
            500,
            INTERNAL_SERVER_ERROR,
        ),
        (
            "the query of a URI",
            http("http://a.internal/p?${stageVariables.none}"),
            500,
            INTERNAL_SERVER_ERROR,
        ),
        (
            "the name of a function",
            function("${stageVariables.none}"),
            500,
            INTERNAL_SERVER_ERROR,
        ),
        (
            "the alias of a function",
            function("work:${stageVariables.none}"),
            500,
            INTERNAL_SERVER_ERROR,
        ),
    ];
    let methods = cases.iter().enumerate();
    let api = methods.fold(
        RestApi::new("api"),
        |api, (number, (_, integration, ..))| {
            let method = Method::new(HttpMethod::Get, integration.clone());
            api.method(
                &format!("/{number}"),
                method.response(MethodResponse::new(200)),
            )
        },
    );
    let mut guarded = Method::new(HttpMethod::Get, Integration::mock(200));
    guarded.authorization_type = AuthorizationType::Custom;
    guarded.authorizer = Some("own".to_owned());
    let api = api
        .authorizer("own", authorizer())
        .method("/guarded", guarded);
    let never = || {
        Lambda::from_fn(async |_: serde_json::Value| {
            unreachable!("nobody is to be called") as Result<serde_json::Value, &str>
        })
    };
    let gateway = Gateway::builder()
        .service("http://a.internal", echo())
        .function(format!("{PREFIX}work"), never())
        .function(format!("{PREFIX}auth"), never())
        .api("api", api)
        .stage("api", StageSettings::new("prod"))
        .build();
    let gateway = gateway.unwrap_or_else(|error| panic!("{error}"));
    for (number, (name, _, status, body)) in cases.into_iter().enumerate() {
        let reply = ask(&gateway, get(&format!("/prod/{number}"))).await;
        assert_eq!((reply.status, reply.text()), (status, body), "{name}");
    }
    let reply = ask(&gateway, get("/prod/guarded")).await;
    assert_eq!(
        (reply.status, reply.text()),
        (401, UNAUTHORIZED),
        "an identity source"
    );
}
