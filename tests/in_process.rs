//! Services of this process as backends: what they see, and what becomes of their answers.

use std::convert::Infallible;

use http::{Request, Response};
use towergate::{
    Body, Context, Gateway, GatewayBuilder, GatewayResponse, InProcess, Integration, Rejection,
    RestApi, StageSettings, Step,
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

/// Answers with a text of its own.
fn saying(text: &'static str) -> InProcess {
    InProcess::new(tower::service_fn(move |_: Request<Body>| async move {
        Ok::<_, Infallible>(Response::new(Body::from(text)))
    }))
}

/// Puts APIs on the stage `prod`, under these ids.
fn side_by_side(apis: impl IntoIterator<Item = (&'static str, RestApi)>) -> GatewayBuilder {
    let apis = apis.into_iter();
    apis.fold(Gateway::builder(), |builder, (id, api)| {
        builder.api(id, api).stage(id, StageSettings::new("prod"))
    })
}

#[tokio::test]
async fn apis_of_one_name_keep_their_services_apart() {
    let twin = |text| RestApi::builder("pets").get("/", saying(text)).build();
    let (first, second) = (twin("first").unwrap(), twin("second").unwrap());
    let apis = [("a", first.clone()), ("b", second), ("c", first)];
    let gateway = side_by_side(apis).build().unwrap();
    for (id, text) in [("a", "first"), ("b", "second"), ("c", "first")] {
        let reply = ask(&gateway, get(&format!("/{id}/prod"))).await;
        assert_eq!((reply.status, reply.text()), (200, text), "{id}");
    }
}

#[test]
fn an_origin_has_one_service_and_an_id_one_api() {
    let (one, other) = (saying("one"), saying("other"));
    let services = |origins: [(&str, &InProcess); 2]| {
        let [(first, one), (second, other)] = origins;
        Gateway::builder()
            .service(first, one.clone())
            .service(second, other.clone())
    };
    let pets = || api().get("/", Integration::mock(200)).build().unwrap();
    let origin = "http://pets.internal";
    let taken = |origin: &str| {
        Some(format!(
            "services.{origin}: error: another service answers for `{origin}` already"
        ))
    };
    let cases = [
        (
            "two services",
            services([(origin, &one), (origin, &other)]),
            taken(origin),
        ),
        (
            "but for the scheme",
            services([(origin, &one), ("https://pets.internal", &other)]),
            taken("https://pets.internal"),
        ),
        (
            "but for the case",
            services([(origin, &one), ("HTTP://Pets.Internal", &other)]),
            taken("HTTP://Pets.Internal"),
        ),
        (
            "but for the path",
            services([(origin, &one), ("http://pets.internal/", &other)]),
            taken("http://pets.internal/"),
        ),
        (
            "one service twice",
            services([(origin, &one), ("https://PETS.internal", &one)]),
            None,
        ),
        (
            "another port",
            services([(origin, &one), ("http://pets.internal:8080", &other)]),
            None,
        ),
        (
            "one id for two APIs",
            Gateway::builder().api("a", pets()).api("a", pets()),
            Some("apis.a: error: there is an API of this id already".to_owned()),
        ),
        (
            "one API on one id twice",
            side_by_side([("a", pets())]).api("a", pets()),
            Some("apis.a: error: there is an API of this id already".to_owned()),
        ),
        (
            "two ids",
            side_by_side([("a", pets()), ("b", pets())]),
            None,
        ),
    ];
    for (name, builder, expected) in cases {
        let found = builder.build().err().map(|error| {
            let found = error.diagnostics().iter().map(ToString::to_string);
            found.collect::<Vec<_>>().join("\n")
        });
        assert_eq!(found, expected, "{name}");
    }
}
