//! Mapping templates on their way through a method: what they read, what they write, and what becomes of broken ones.

use towergate::{ContentHandling, Integration, IntegrationResponse, RestApi, Severity};
use towergate_tests::{
    Answer, Backend, INTERNAL_SERVER_ERROR, api, ask, exchange, gateway, get, request, serve,
    serve_one,
};

const JSON: &str = "application/json";

#[tokio::test]
async fn a_request_template_makes_the_body_and_overrides_what_is_mapped() {
    let backend = Backend::answering(|_| Answer::ok("fine")).await;
    let template = r##"#set($context.requestOverride.header.x-tier = "gold")
#set($context.requestOverride.path.id = "a b")
#set($context.requestOverride.querystring.q = ["1", "&"])
{"pet": $input.json('$.name'), "stage": "$context.stage", "q": "$input.params('q')"}"##;
    let integration = Integration::http(backend.url("/{id}"))
        .request_parameter("integration.request.path.id", "'mapped'")
        .request_parameter("integration.request.querystring.q", "'mapped'")
        .request_parameter("integration.request.querystring.kept", "'1'")
        .request_parameter("integration.request.header.x-tier", "'mapped'")
        .request_template(JSON, template)
        .response(IntegrationResponse::new(200));
    let gateway = serve_one(integration).await;
    let sent = request("POST /prod?q=%2B", &[], r#"{"name": "Rex"}"#);
    assert_eq!(exchange(gateway, &sent).await.status, 200);
    let received = backend.next().await;
    assert_eq!(received.target, "/a%20b?kept=1&q=1&q=%26");
    assert_eq!(received.header("x-tier"), Some("gold"));
    assert_eq!(
        str::from_utf8(&received.body).unwrap(),
        r#"{"pet": "Rex", "stage": "prod", "q": "+"}"#
    );
}

#[tokio::test]
async fn a_response_template_reads_the_answer_and_may_change_its_status_and_headers() {
    let mock = |request: &str, response: Option<&str>| {
        let entry = IntegrationResponse::new(200).header("x-a", "'mapped'");
        let entry = response
            .into_iter()
            .fold(entry, |entry, text| entry.template(JSON, text));
        Integration::mock(200)
            .request_template(JSON, request)
            .response(entry)
    };
    const OK: &str = r#"{"statusCode": 200}"#;
    let cases = [
        (
            "plain",
            mock(OK, Some("$context.stage $input.body")),
            200,
            "mapped",
            "prod {}",
        ),
        (
            "status and header",
            mock(
                OK,
                Some(
                    "#set($context.responseOverride.status = 418)#set($context.responseOverride.header.x-a = 'b')t",
                ),
            ),
            418,
            "b",
            "t",
        ),
        (
            "what the request template wrote holds without a response template",
            mock(
                "#set($context.responseOverride.status = 444){\"statusCode\": 200}",
                None,
            ),
            444,
            "mapped",
            "",
        ),
        (
            "and is read by the response template",
            mock(
                "#set($context.requestOverride.path.x = 'kept'){\"statusCode\": 200}",
                Some("$context.requestOverride.path.x"),
            ),
            200,
            "mapped",
            "kept",
        ),
        (
            "a status that only announces another",
            mock(OK, Some("#set($context.responseOverride.status = 101)t")),
            200,
            "mapped",
            "t",
        ),
        (
            "a status that is none",
            mock(OK, Some("#set($context.responseOverride.status = 99)t")),
            200,
            "mapped",
            "t",
        ),
        (
            "a mock asks by template",
            mock("{\"statusCode\": $input.params('s')}", Some("t")),
            200,
            "mapped",
            "t",
        ),
    ];
    for (name, integration, status, header, body) in cases {
        let api = api().get("/", integration).build().expect("an API");
        let reply = ask(&gateway(api), get("/prod?s=200")).await;
        assert_eq!((reply.status, reply.text()), (status, body), "{name}");
        assert_eq!(reply.header("x-a"), Some(header), "{name}");
    }
}

#[tokio::test]
async fn a_broken_template_is_a_fault_and_one_that_fails_a_500() {
    let broken = Integration::mock(200).request_template(JSON, "{\n#if(true)");
    let strict = RestApi::builder("api")
        .get("/", broken.clone())
        .build()
        .unwrap_err();
    let found = &strict.diagnostics()[0];
    assert!(
        found
            .place
            .to_string()
            .ends_with("requestTemplates.application/json"),
        "{found}"
    );
    assert!(found.message.contains("line 2"), "{found}");

    let lenient = api().get("/", broken).build().expect("an API");
    assert_eq!(lenient.diagnostics()[0].severity, Severity::Fault);
    let bytes = IntegrationResponse::new(200)
        .template(JSON, "t")
        .content_handling(ContentHandling::ConvertToBinary);
    let backend = Backend::answering(|_| Answer::ok("dA==")).await;
    let fails = "#set($x = $util.parseJson('{'))t";
    let cases = [
        ("a broken template", lenient),
        (
            "a template that throws",
            api()
                .get("/", Integration::mock(200).request_template(JSON, fails))
                .build()
                .unwrap(),
        ),
        (
            "a template that sets the length of the body",
            api()
                .get(
                    "/",
                    Integration::http(backend.url("/"))
                        .request_template(
                            JSON,
                            "#set($context.requestOverride.header.Content-Length = '1')t",
                        )
                        .response(IntegrationResponse::new(200)),
                )
                .build()
                .unwrap(),
        ),
        (
            "a template over bytes",
            api()
                .get("/", Integration::http(backend.url("/")).response(bytes))
                .build()
                .unwrap(),
        ),
    ];
    for (name, api) in cases {
        let address = serve(&gateway(api)).await;
        let reply = exchange(address, &request("GET /prod", &[], "")).await;
        assert_eq!(
            (reply.status, reply.text()),
            (500, INTERNAL_SERVER_ERROR),
            "{name}"
        );
        let error = reply.header("x-amzn-errortype");
        assert_eq!(error, Some("InternalServerErrorException"), "{name}");
    }
}
