//! `HTTP` and `HTTP_PROXY` over real sockets: what crosses the gateway in each direction.

use towergate::{Integration, IntegrationResponse};
use towergate_tests::{Answer, Backend, api, exchange, fetch, gateway, request, serve, serve_one};

#[tokio::test]
async fn a_proxied_backend_gets_all_headers_but_those_of_one_hop() {
    let backend = Backend::answering(|_| Answer::ok("")).await;
    let gateway = serve_one(
        Integration::http_proxy(backend.url("/in"))
            .request_parameter("integration.request.header.x-mapped", "'gateway'")
            .request_parameter("integration.request.header.max-forwards", "'9'"),
    )
    .await;
    let authority = backend.authority();
    // Name, the client's value, the backend's.
    let cases = [
        ("accept", Some("text/xml"), Some("text/xml")),
        ("user-agent", Some("client/1"), Some("client/1")),
        ("content-type", Some("text/plain"), Some("text/plain")),
        ("cookie", Some("a=b"), Some("a=b")),
        ("authorization", Some("Bearer t"), Some("Bearer t")),
        ("x-mapped", Some("client"), Some("gateway")),
        ("content-md5", Some("x"), None),
        ("max-forwards", Some("1"), Some("9")),
        ("proxy-authenticate", Some("x"), None),
        ("server", Some("x"), None),
        ("te", Some("trailers"), None),
        ("trailer", Some("x"), None),
        ("upgrade", Some("x"), None),
        ("via", Some("x"), None),
        ("www-authenticate", Some("x"), None),
        ("keep-alive", Some("x"), None),
        ("connection", None, None),
        ("x-forwarded-for", None, None),
        ("content-length", None, Some("4")),
        ("host", None, Some(&*authority)),
        ("x-amzn-apigateway-api-id", None, Some("api")),
    ];
    let sent: Vec<_> = cases
        .iter()
        .filter_map(|(name, value, _)| Some((*name, (*value)?)))
        .collect();
    let reply = exchange(gateway, &request("POST /prod", &sent, "body")).await;
    assert_eq!(reply.status, 200);
    let received = backend.next().await;
    assert_eq!(
        (&*received.method, &*received.target, &received.body[..]),
        ("POST", "/in", &b"body"[..])
    );
    for (name, _, expected) in cases {
        assert_eq!(received.header(name), expected, "{name}");
    }
    assert!(
        received
            .header("x-amzn-trace-id")
            .is_some_and(|trace| trace.starts_with("Root=1-"))
    );

    let signature = [
        ("authorization", "AWS4-HMAC-SHA256 Credential=x"),
        ("x-twice", "1"),
        ("x-twice", "2"),
    ];
    exchange(gateway, &request("GET /prod", &signature, "")).await;
    let received = backend.next().await;
    assert_eq!(
        received.header("authorization"),
        None,
        "a signature was made for the gateway"
    );
    assert_eq!(received.headers.get_all("x-twice").iter().count(), 2);
    assert_eq!(received.header("accept"), Some("application/json"));
    assert_eq!(received.header("user-agent"), Some("AmazonAPIGateway_api"));
}

#[tokio::test]
async fn a_mapped_backend_gets_what_is_mapped() {
    let backend = Backend::answering(|_| Answer::ok("")).await;
    let gateway = serve_one(
        Integration::http(backend.url("/in?own=1"))
            .http_method("POST")
            .request_parameter(
                "integration.request.header.x-id",
                "method.request.header.x-client",
            )
            .request_parameter(
                "integration.request.header.x-field",
                "method.request.body.a.b",
            )
            .request_parameter("integration.request.header.upgrade", "'mapped'")
            .request_parameter(
                "integration.request.header.x-none",
                "method.request.header.x-none",
            )
            .request_parameter(
                "integration.request.querystring.q",
                "method.request.multivaluequerystring.q",
            )
            .request_parameter(
                "integration.request.querystring.empty",
                "method.request.querystring.empty",
            )
            .response(IntegrationResponse::new(200)),
    )
    .await;
    let headers = [
        ("x-client", "7"),
        ("accept", "text/xml"),
        ("cookie", "a"),
        ("content-type", "application/json"),
    ];
    let body = r#"{"a": {"b": "deep"}}"#;
    let reply = exchange(
        gateway,
        &request("PUT /prod?q=1&q=%202&empty=", &headers, body),
    )
    .await;
    assert_eq!(reply.status, 200);
    let received = backend.next().await;
    assert_eq!(
        (&*received.method, &*received.target),
        ("POST", "/in?own=1&q=1&q=%202")
    );
    assert_eq!(received.body, body.as_bytes());
    for (name, expected) in [
        ("x-id", Some("7")),
        ("x-field", Some("deep")),
        ("upgrade", Some("mapped")),
        ("x-none", None),
        ("accept", Some("application/json")),
        ("cookie", None),
        ("content-type", Some("application/json")),
    ] {
        assert_eq!(received.header(name), expected, "{name}");
    }
}

#[tokio::test]
async fn headers_of_an_answer_are_kept_renamed_or_dropped() {
    // Name, value, the name that the client sees it under: from a proxied backend, and mapped.
    let cases = [
        ("x-own", Some("x-own"), Some("x-own")),
        ("set-cookie", Some("set-cookie"), Some("set-cookie")),
        (
            "server",
            Some("x-amzn-remapped-server"),
            Some("x-amzn-remapped-server"),
        ),
        (
            "date",
            Some("x-amzn-remapped-date"),
            Some("x-amzn-remapped-date"),
        ),
        (
            "www-authenticate",
            Some("www-authenticate"),
            Some("x-amzn-remapped-www-authenticate"),
        ),
        (
            "content-md5",
            Some("content-md5"),
            Some("x-amzn-remapped-content-md5"),
        ),
        (
            "user-agent",
            Some("user-agent"),
            Some("x-amzn-remapped-user-agent"),
        ),
        (
            "x-amzn-requestid",
            Some("x-amzn-remapped-x-amzn-requestid"),
            None,
        ),
        ("via", None, Some("via")),
        ("keep-alive", None, None),
    ];
    let mut lines: String = cases
        .iter()
        .map(|(name, ..)| format!("{name}: value\r\n"))
        .collect();
    lines.push_str("content-type: text/x\r\n");
    let backend = Backend::answering(move |_| Answer::new("200 OK", &lines, "body")).await;
    let mapped = cases.iter().filter(|(_, _, mapped)| mapped.is_some());
    let mapped = mapped.fold(IntegrationResponse::new(200), |response, (name, ..)| {
        response.header(name, format!("integration.response.header.{name}"))
    });
    let proxy = fetch(
        serve_one(Integration::http_proxy(backend.url("/"))).await,
        "/prod",
    )
    .await;
    let http = fetch(
        serve_one(Integration::http(backend.url("/")).response(mapped)).await,
        "/prod",
    )
    .await;
    for (name, proxied, mapped) in cases {
        for (kind, reply, expected) in [("HTTP_PROXY", &proxy, proxied), ("HTTP", &http, mapped)] {
            let mut seen = reply.headers.iter().filter(|(_, value)| *value == "value");
            let seen =
                seen.find(|(seen, _)| seen.as_str().trim_start_matches("x-amzn-remapped-") == name);
            assert_eq!(
                seen.map(|(seen, _)| seen.as_str()),
                expected,
                "{kind} {name}"
            );
        }
    }
    assert_eq!((proxy.text(), http.text()), ("body", "body"));
    assert_eq!(proxy.header("content-type"), Some("text/x"));
    assert_eq!(
        http.header("content-type"),
        Some("application/json"),
        "nothing crosses that is not mapped"
    );
}

#[tokio::test]
async fn a_proxied_uri_has_the_clients_query_and_the_mapped_one_appended() {
    let backend = Backend::answering(|_| Answer::ok("")).await;
    let uri = |path: &str| {
        Integration::http_proxy(backend.url(path))
            .request_parameter("integration.request.path.p", "method.request.path.p")
            .request_parameter("integration.request.querystring.m", "'bar'")
    };
    let api = api()
        .any("/a/{p}", uri("/x/{p}?own=1"))
        .any("/b/{p+}", uri("/y/{p}"))
        .any("/fragment", uri("/echo#frag"))
        .any("/fragment/{p}", uri("/echo/{p}#frag?x"))
        .any("/form/{p}", uri("/echo?own={p}"));
    let gateway = serve(&gateway(api.build().unwrap())).await;
    let cases = [
        ("GET /prod/a/1", "GET /x/1?own=1&m=bar"),
        ("GET /prod/a/1?m=foo", "GET /x/1?own=1&m=foo&m=bar"),
        (
            "PATCH /prod/a/a%2Fb+c?x=%2B&x",
            "PATCH /x/a%2Fb+c?own=1&x=%2B&x&m=bar",
        ),
        ("DELETE /prod/b/1//2/?q", "DELETE /y/1//2?q&m=bar"),
        ("OPTIONS /prod/b/1?", "OPTIONS /y/1?m=bar"),
        ("GET /prod/a/1?q={x}|y", "GET /x/1?own=1&q={x}|y&m=bar"),
        ("GET /prod/a/{x}", "GET /x/%7Bx%7D?own=1&m=bar"),
        ("GET /prod/fragment", "GET /echo?m=bar"),
        ("GET /prod/fragment?q=1", "GET /echo?q=1&m=bar"),
        ("GET /prod/fragment/1?q=1", "GET /echo/1?q=1&m=bar"),
        (
            "GET /prod/form/a&b=c+d;e?q=1",
            "GET /echo?own=a%26b%3Dc%2Bd%3Be&q=1&m=bar",
        ),
    ];
    for (asked, seen) in cases {
        let reply = exchange(gateway, &request(asked, &[], "")).await;
        assert_eq!(reply.status, 200, "{asked}");
        let received = backend.next().await;
        assert_eq!(
            format!("{} {}", received.method, received.target),
            seen,
            "{asked}"
        );
    }
}

#[tokio::test]
async fn an_answer_passes_with_its_status_and_is_not_followed() {
    let cases = [
        ("GET", 200, "body"),
        ("GET", 204, ""),
        ("GET", 302, "body"),
        ("GET", 304, ""),
        ("GET", 404, "body"),
        ("GET", 503, "body"),
        ("GET", 599, "body"),
        ("HEAD", 200, ""),
    ];
    for (verb, status, body) in cases {
        let length = if body.is_empty() && verb == "GET" {
            ""
        } else {
            "content-length: 4\r\n"
        };
        let answer =
            format!("HTTP/1.1 {status} Word\r\nlocation: /elsewhere\r\n{length}\r\n{body}");
        let backend = Backend::answering(move |_| Answer::Keep(answer.clone().into_bytes())).await;
        let gateway = serve_one(Integration::http_proxy(backend.url("/"))).await;
        let reply = exchange(gateway, &request(&format!("{verb} /prod"), &[], "")).await;
        assert_eq!(
            (reply.status, reply.text()),
            (status, body),
            "{verb} {status}"
        );
        assert_eq!(
            reply.header("location"),
            Some("/elsewhere"),
            "{verb} {status}"
        );
        assert_eq!(backend.take().len(), 1, "{verb} {status}");
    }
}

#[tokio::test]
async fn a_uri_without_mappings_has_no_fragment_and_no_placeholders() {
    let backend = Backend::answering(|_| Answer::ok("")).await;
    let cases = [
        ("/echo", "", Some("/echo")),
        ("/echo#frag", "", Some("/echo")),
        ("/echo#frag", "?q=1", Some("/echo?q=1")),
        ("/echo?own#frag", "?q=1", Some("/echo?own&q=1")),
        ("/echo#{a:b}", "?q=1", Some("/echo?q=1")),
        ("/echo/{a:b}", "", None),
        ("/echo/{a:b}", "?q=1", None),
        ("/echo/{a", "", None),
        ("/echo/a}", "?q=1", None),
    ];
    for (uri, query, expected) in cases {
        let gateway = serve_one(Integration::http_proxy(backend.url(uri))).await;
        let reply = fetch(gateway, &format!("/prod{query}")).await;
        let status = if expected.is_some() { 200 } else { 500 };
        assert_eq!(reply.status, status, "{uri} {query}");
        let received = backend.take();
        let target = received.first().map(|received| &*received.target);
        assert_eq!(target, expected, "{uri} {query}");
    }
}
