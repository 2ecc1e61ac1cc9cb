//! Services of this process as backends: what they see, and what becomes of their answers.

use std::convert::Infallible;

use http::{Request, Response};
use towergate::{
    Body, Context, Gateway, GatewayResponse, InProcess, Integration, Rejection, RestApi,
    StageSettings, Step,
};
use towergate_tests::{INTERNAL_SERVER_ERROR, api, ask, gateway, get};

/// Answers with the path it is called with, what the context knows, and a path parameter.
fn echo() -> InProcess {
    InProcess::new(tower::service_fn(async |request: Request<Body>| {
        let context = Context::get(request.extensions()).expect("a context");
        let param = context.path_parameter("proxy").unwrap_or("-");
        let resource = context.resource().map_or("-", |resource| resource.path());
        let seen = [&request.uri().to_string(), context.path(), resource, param].join(" ");
        let (_, seen) = seen
            .split_once(".towergate.internal")
            .expect("a host of the API's own");
        Ok::<_, Infallible>(Response::new(Body::from(seen.to_owned())))
    }))
}

#[tokio::test]
async fn a_service_sees_the_path_of_the_resource_and_the_context_the_whole() {
    let api = api()
        .get("/", echo())
        .get("/hard", echo())
        .get("/{proxy+}", echo())
        .build();
    let gateway = gateway(api.unwrap());
    let cases = [
        ("/prod", "/ /prod / -"),
        ("/prod/", "/ /prod/ / -"),
        ("/prod/hard", "/hard /prod/hard /hard -"),
        ("/prod//hard", "/hard /prod//hard /hard -"),
        ("//prod/hard", "/hard /prod/hard /hard -"),
        ("/api/prod/hard", "/hard /prod/hard /hard -"),
        ("/prod/a", "/a /prod/a /{proxy+} a"),
        ("/prod/a/", "/a /prod/a/ /{proxy+} a"),
        ("/prod/a//b", "/a//b /prod/a//b /{proxy+} a//b"),
        ("/prod/prod/a", "/prod/a /prod/prod/a /{proxy+} prod/a"),
        ("/prod/a%2Bb+c", "/a%2Bb+c /prod/a%2Bb+c /{proxy+} a%2Bb+c"),
        ("/prod/a%2Fb", "/a%2Fb /prod/a%2Fb /{proxy+} a%2Fb"),
        ("/prod/a?q=1&q=%2B+", "/a?q=1&q=%2B+ /prod/a /{proxy+} a"),
    ];
    for (target, seen) in cases {
        let reply = ask(&gateway, get(target)).await;
        assert_eq!((reply.status, reply.text()), (200, seen), "{target}");
    }
}

#[tokio::test]
async fn a_service_that_fails_is_a_500_and_the_next_request_works() {
    let service = tower::service_fn(async |request: Request<Body>| match request.uri().path() {
        "/fails" => Err("broken"),
        "/panics" => panic!("on purpose"),
        _ => Ok(Response::new(Body::from("fine"))),
    });
    let service = InProcess::new(service);
    let gateway = gateway(api().get("/{proxy+}", service).build().unwrap());
    for path in ["/prod/fails", "/prod/panics"] {
        let reply = ask(&gateway, get(path)).await;
        assert_eq!(
            (reply.status, reply.text()),
            (500, INTERNAL_SERVER_ERROR),
            "{path}"
        );
        assert_eq!(
            reply.header("x-amzn-errortype"),
            Some("InternalServerErrorException"),
            "{path}"
        );
        assert_eq!(
            ask(&gateway, get("/prod/works")).await.text(),
            "fine",
            "after {path}"
        );
    }
}

#[tokio::test]
async fn a_gateway_behind_a_gateway_is_not_restyled() {
    let inner = gateway(api().get("/pets", Integration::mock(200)).build().unwrap());
    let restyled = || {
        GatewayResponse::new()
            .status_code(599)
            .template("application/json", "outer")
    };
    let outer = RestApi::builder("outer")
        .get(
            "/{proxy+}",
            Integration::http_proxy("http://inner.internal/prod/{proxy}").request_parameter(
                "integration.request.path.proxy",
                "method.request.path.proxy",
            ),
        )
        .gateway_response("DEFAULT_4XX", restyled())
        .gateway_response("MISSING_AUTHENTICATION_TOKEN", restyled());
    let outer = Gateway::builder()
        .service("http://inner.internal", InProcess::new(inner))
        .api("outer", outer.build().unwrap())
        .stage("outer", StageSettings::new("prod"))
        .build()
        .unwrap();
    assert_eq!(ask(&outer, get("/prod/pets")).await.status, 200);

    let response = outer.answer(get("/prod/none")).await;
    assert_eq!(response.status(), 403);
    assert!(
        response.extensions().get::<Rejection>().is_none(),
        "it is the backend's own answer"
    );
    assert_eq!(
        response.headers()["x-amzn-errortype"],
        "MissingAuthenticationTokenException"
    );
    let [own, inner] = ["x-amzn-requestid", "x-amzn-remapped-x-amzn-requestid"]
        .map(|name| &response.headers()[name]);
    assert_ne!(own, inner);
    assert_eq!(
        response.headers().get_all("x-amz-apigw-id").iter().count(),
        1
    );
    assert_eq!(
        response.into_body().collect(100).await.unwrap(),
        r#"{"message":"Missing Authentication Token"}"#
    );

    let refused = outer
        .answer(Request::post("/prod/pets").body(Body::empty()).unwrap())
        .await;
    assert_eq!(
        refused.status(),
        599,
        "the outer gateway's own refusals are"
    );
    assert_eq!(
        refused.extensions().get::<Rejection>().map(Rejection::step),
        Some(Step::Route)
    );
}
