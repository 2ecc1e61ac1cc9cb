//! What a client gets where a mapping template reaches one of its limits, and that the next request is served.

use towergate::{Gateway, Integration, IntegrationResponse, RestApi, Severity};
use towergate_mapping_templates::Template;
use towergate_tests::{
    Answer, Backend, INTERNAL_SERVER_ERROR, api, exchange, gateway, request, serve,
};

const JSON: &str = "application/json";
const OK: &str = r#"{"statusCode": 200}"#;

/// Templates that go too far, each over any body.
const RUNAWAYS: [(&str, &str); 9] = [
    (
        "output",
        "#set($s = 'ab')#foreach($i in [1..40])#set($s = \"$s$s\")#end$s",
    ),
    ("a range", "#set($l = [1..2000000000])"),
    (
        "steps",
        "#set($l = [1, 2])#foreach($i in [1..40])#set($x = $l.addAll($l))#end",
    ),
    (
        "containers that share their parts",
        "#set($a = [1])#set($b = [1])#foreach($i in [1..60])#set($a = [$a, $a])#set($b = [$b, $b])#end#if($a == $b)x#end",
    ),
    (
        "values in values",
        "#set($m = {})#set($m.n = {})#set($m.n.m = $m)$m",
    ),
    (
        "digits",
        "#set($n = 9999999999)#foreach($i in [1..40])#set($n = $n * $n)#end",
    ),
    (
        "regular expressions",
        "#set($s = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabd')$s.replaceAll('^(?:(a+)\\1?)+b(?=c)', 'x')",
    ),
    ("a width", "#set($s = '')$s.format('%99999999999d', 1)"),
    ("an index", "#set($l = [1])$l[1]"),
];

/// A mock whose request template, or response template, is `template`.
fn mock(request: &str, response: Option<&str>) -> Integration {
    let entry = IntegrationResponse::new(200);
    let entry = response
        .into_iter()
        .fold(entry, |entry, text| entry.template(JSON, text));
    Integration::mock(200)
        .request_template(JSON, request)
        .response(entry)
}

/// Asks for `/limit` with a body, asserts that the answer is the 500 of a template that fails, and that `/fine` works.
async fn assert_fails(name: &str, gateway: &Gateway, body: &str) {
    let address = serve(gateway).await;
    let reply = exchange(address, &request("POST /prod/limit", &[], body)).await;
    assert_eq!(
        (reply.status, reply.text()),
        (500, INTERNAL_SERVER_ERROR),
        "{name}"
    );
    let error = reply.header("x-amzn-errortype");
    assert_eq!(error, Some("InternalServerErrorException"), "{name}");
    let reply = exchange(address, &request("GET /prod/fine", &[], "")).await;
    assert_eq!((reply.status, reply.text()), (200, "fine prod"), "{name}");
}

fn with_limit(limit: Integration) -> Gateway {
    let api = api()
        .post("/limit", limit)
        .get("/fine", mock(OK, Some("fine $context.stage")))
        .build();
    gateway(api.expect("an API"))
}

#[tokio::test]
async fn a_template_that_goes_too_far_is_a_500_and_the_next_request_is_served() {
    for (name, template) in RUNAWAYS {
        let in_request = mock(&format!("{template}{OK}"), Some("t"));
        assert_fails(&format!("request: {name}"), &with_limit(in_request), "{}").await;
        let in_response = mock(OK, Some(template));
        assert_fails(&format!("response: {name}"), &with_limit(in_response), "{}").await;
    }
}

#[tokio::test]
async fn a_body_that_a_template_cannot_read_is_a_500() {
    let deep = "[".repeat(401) + &"]".repeat(401);
    let long = "9".repeat(20_001);
    for (name, body) in [("deep", deep), ("a long number", long)] {
        let reads = "#set($x = $input.path('$'))";
        let in_request = mock(&format!("{reads}{OK}"), Some("t"));
        assert_fails(&format!("request: {name}"), &with_limit(in_request), &body).await;

        let answer = body.clone();
        let backend = Backend::answering(move |_| Answer::ok(&answer)).await;
        let in_response = Integration::http(backend.url("/"))
            .response(IntegrationResponse::new(200).template(JSON, reads));
        assert_fails(&format!("response: {name}"), &with_limit(in_response), "").await;
    }
}

#[tokio::test]
async fn a_loop_stops_silently_after_its_rounds() {
    let count = "#set($n = 0)#foreach($i in [1..1001])#set($n = $n + 1)#end";
    let integration = mock(
        &format!("{count}#set($context.requestOverride.path.n = $n){OK}"),
        Some(&format!("{count}$n $context.requestOverride.path.n")),
    );
    let api = api().post("/", integration).build().expect("an API");
    let address = serve(&gateway(api)).await;
    let reply = exchange(address, &request("POST /prod", &[], "{}")).await;
    assert_eq!((reply.status, reply.text()), (200, "1000 1000"));
}

#[tokio::test]
async fn a_template_that_is_too_long_or_nests_too_deep_is_a_fault() {
    let deep = "#if(true)".repeat(65) + &"#end".repeat(65);
    for (name, broken) in [
        ("long", "a".repeat(Template::MAX_BYTES + 1)),
        ("deep", deep),
    ] {
        for (side, integration) in [
            ("request", mock(&broken, Some("t"))),
            ("response", mock(OK, Some(&broken))),
        ] {
            let name = format!("{side}: {name}");
            let strict = RestApi::builder("api").post("/limit", integration.clone());
            assert!(strict.build().is_err(), "{name}");
            let lenient = api().post("/limit", integration.clone()).build();
            let lenient = lenient.expect("an API");
            assert_eq!(lenient.diagnostics()[0].severity, Severity::Fault, "{name}");
            assert_fails(&name, &with_limit(integration), "{}").await;
        }
    }
}
