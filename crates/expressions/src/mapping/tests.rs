use std::sync::Arc;

use http::{HeaderMap, Request};
use proptest::prelude::*;
use towergate_core::{
    Context, OriginalHeaderNames, Params, ResourceInfo, Route, StageInfo, StagePath,
};

use super::*;

const BODY: &str = r#" {"petstore": {"pets": [{"name": "Rex", "age": 3, "tags": ["a", 1.50], "none": null, "empty": ""}]}}"#;

fn context() -> Context {
    let mut request = Request::post("/prod/pets/a%20b?q=1&q=2+3&one=x&empty=")
        .body(())
        .unwrap();
    let context = Context::of(&mut request);
    let mut stage = StageInfo::default();
    stage.api_id = "abc".to_owned();
    stage.variables = vec![("backend".to_owned(), "10.0.0.7".to_owned())];
    context.note_stage(StagePath {
        info: Arc::new(stage),
        path_start: 0,
        resource_start: "/prod".len(),
    });
    let mut params = Params::default();
    params.push(6..11);
    context.note_route(Route {
        resource: Arc::new(ResourceInfo::new("/pets/{id}", ["id"])),
        params,
    });
    context
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-tag", "a"),
        ("x-tag", "b"),
        ("x-one", "1"),
        ("x-empty", ""),
    ] {
        headers.append(name, value.parse().unwrap());
    }
    headers.append("x-bytes", http::HeaderValue::from_bytes(b"\xff").unwrap());
    headers
}

/// The values that `source` maps from a request with `body`.
fn map_request(source: &str, body: &[u8]) -> Result<Vec<String>, MappingError> {
    let (context, headers) = (context(), headers());
    let request = MethodRequest::new(&context, &headers).with_body(body);
    let mapping = RequestMapping::parse(source).unwrap_or_else(|error| panic!("{error}"));
    let value = mapping.evaluate(&request)?;
    Ok(value
        .iter()
        .flat_map(MappedValue::iter)
        .map(str::to_owned)
        .collect())
}

#[test]
fn request_sources_yield_their_values() {
    let cases: [(&str, &[&str]); 30] = [
        ("method.request.path.id", &["a%20b"]),
        ("method.request.path.none", &[]),
        ("method.request.querystring.q", &["2 3"]),
        ("method.request.querystring.Q", &[]),
        ("method.request.querystring.empty", &[]),
        ("method.request.multivaluequerystring.q", &["1", "2 3"]),
        ("method.request.multivaluequerystring.one", &["x"]),
        ("method.request.multivaluequerystring.empty", &[]),
        ("method.request.multivaluequerystring.none", &[]),
        ("method.request.header.x-tag", &["b"]),
        ("method.request.header.X-Tag", &["b"]),
        ("method.request.header.x-empty", &[]),
        ("method.request.header.x-bytes", &["\u{fffd}"]),
        ("method.request.multivalueheader.x-tag", &["a,b"]),
        ("method.request.multivalueheader.x-one", &["1"]),
        ("method.request.multivalueheader.x-none", &[]),
        ("method.request.body", &[BODY]),
        ("method.request.body.petstore.pets[0].name", &["Rex"]),
        ("method.request.body.petstore.pets[0].age", &["3"]),
        (
            "method.request.body.petstore.pets[0].tags",
            &[r#"["a",1.5]"#],
        ),
        ("method.request.body.petstore.pets[*].name", &[r#"["Rex"]"#]),
        ("method.request.body.petstore.pets[0].none", &[]),
        ("method.request.body.petstore.pets[0].empty", &[]),
        ("method.request.body.no.such", &[]),
        ("method.request.body.$.petstore.pets.length()", &["1"]),
        ("stageVariables.backend", &["10.0.0.7"]),
        ("stageVariables.none", &[]),
        ("context.apiId", &["abc"]),
        ("context.no.such", &[]),
        ("'it''s'", &["it''s"]),
    ];
    for (source, expected) in cases {
        assert_eq!(
            map_request(source, BODY.as_bytes()).as_deref().unwrap(),
            expected,
            "{source}"
        );
    }
    assert_eq!(map_request("''", b""), Ok(vec![]));
}

#[test]
fn header_names_match_the_clients_spelling_where_that_is_known() {
    let head = b"GET / HTTP/1.1\r\nX-Tag: a\r\nx-ONE: 1\r\nauthorization: t\r\nX-Tag: b\r\n\r\n";
    let request = Request::get("/")
        .header("x-tag", "a")
        .header("x-one", "1")
        .header("authorization", "t")
        .header("x-tag", "b");
    let mut known = request.body(()).unwrap();
    let mut unknown = known.clone();
    let (names, _) = OriginalHeaderNames::read(head, &known).unwrap();
    known.extensions_mut().insert(names);
    known
        .headers_mut()
        .insert("x-added", "on the way".parse().unwrap());
    unknown
        .headers_mut()
        .insert("x-added", "on the way".parse().unwrap());
    let cases = [
        ("header.X-Tag", Some("b"), Some("b")),
        ("header.x-tag", None, Some("b")),
        ("multivalueheader.X-Tag", Some("a,b"), Some("a,b")),
        ("multivalueheader.X-TAG", None, Some("a,b")),
        ("header.x-ONE", Some("1"), Some("1")),
        ("header.X-One", None, Some("1")),
        ("header.Authorization", Some("t"), Some("t")),
        ("header.AUTHORIZATION", None, Some("t")),
        ("header.X-Added", Some("on the way"), Some("on the way")),
        ("header.X-None", None, None),
    ];
    for (source, expected, expected_if_unknown) in cases {
        for (request, expected) in [(&mut known, expected), (&mut unknown, expected_if_unknown)] {
            let context = Context::of(request);
            let view = MethodRequest::new(&context, request.headers());
            let source = format!("method.request.{source}");
            let mapping = RequestMapping::parse(&source).unwrap();
            let restyling = GatewayResponseMapping::parse(&source).unwrap();
            let mapped = mapping.evaluate(&view).unwrap();
            let styled = restyling.evaluate(&view);
            assert_eq!(mapped, styled, "{source}");
            assert_eq!(
                mapped.map(MappedValue::into_joined).as_deref(),
                expected,
                "{source}"
            );
        }
    }
}

#[test]
fn only_what_starts_like_json_is_parsed() {
    let cases: [(&[u8], Option<&str>); 8] = [
        (b"", None),
        (b"  ", None),
        (b"a=1&b=2", None),
        (b"<x/>", None),
        (b"7", None),
        (b"\"text\"", None),
        (b"{\"a\": 1}", Some("1")),
        (b"\n\t {\"a\": \"x\"}\n", Some("x")),
    ];
    for (body, expected) in cases {
        let found = map_request("method.request.body.a", body).unwrap();
        assert_eq!(
            found.first().map(String::as_str),
            expected,
            "{}",
            String::from_utf8_lossy(body)
        );
    }
    let broken: [&[u8]; 4] = [b"{'a': 1}", b"'text'", b"[1,", b"{\"a\": \"\xff\"}"];
    for body in broken {
        let error = map_request("method.request.body.a", body).unwrap_err();
        assert!(
            matches!(error, MappingError::InvalidJson { line: 1, .. }),
            "{error}"
        );
    }
    assert_eq!(
        map_request("method.request.body", b"[1,"),
        Ok(vec!["[1,".to_owned()])
    );
}

#[test]
fn a_body_is_parsed_to_a_bounded_depth() {
    let nested = |levels| format!("{{\"a\": {}1{}}}", "[".repeat(levels), "]".repeat(levels));
    assert!(map_request("method.request.body.a", nested(126).as_bytes()).is_ok());
    let error = map_request("method.request.body.a", nested(127).as_bytes());
    assert!(matches!(error, Err(MappingError::InvalidJson { .. })));
}

#[test]
fn only_body_sources_need_the_body() {
    let cases = [
        ("method.request.body", true),
        ("method.request.body[0]", true),
        ("method.request.body.a.b", true),
        ("method.request.header.body", false),
        ("'method.request.body'", false),
        ("context.stage", false),
    ];
    for (source, expected) in cases {
        assert_eq!(
            RequestMapping::parse(source).unwrap().needs_body(),
            expected,
            "{source}"
        );
    }
    assert!(
        ResponseMapping::parse("integration.response.body.a")
            .unwrap()
            .needs_body()
    );
    assert!(
        !ResponseMapping::parse("integration.response.header.a")
            .unwrap()
            .needs_body()
    );
}

#[test]
fn response_sources_yield_their_values() {
    let (context, headers) = (context(), headers());
    let reply =
        IntegrationReply::new(&context, &headers).with_body(br#"{"links": {"self": "/x"}}"#);
    let cases = [
        ("integration.response.header.X-Tag", Some("b")),
        ("integration.response.multivalueheader.x-tag", Some("a,b")),
        ("integration.response.header.x-empty", None),
        (
            "integration.response.body",
            Some(r#"{"links": {"self": "/x"}}"#),
        ),
        ("integration.response.body.links.self", Some("/x")),
        ("integration.response.body.links", Some(r#"{"self":"/x"}"#)),
        ("integration.response.body.absent", None),
        ("stageVariables.backend", Some("10.0.0.7")),
        ("context.apiId", Some("abc")),
        ("'fixed'", Some("fixed")),
    ];
    for (source, expected) in cases {
        let mapping = ResponseMapping::parse(source).unwrap();
        let value = mapping
            .evaluate(&reply)
            .unwrap()
            .map(MappedValue::into_joined);
        assert_eq!(value.as_deref(), expected, "{source}");
    }
    let broken = IntegrationReply::new(&context, &headers).with_body(b"{");
    let mapping = ResponseMapping::parse("integration.response.body.a").unwrap();
    assert!(matches!(
        mapping.evaluate(&broken),
        Err(MappingError::InvalidJson { .. })
    ));
}

#[test]
fn gateway_response_sources_yield_their_values() {
    let (context, headers) = (context(), headers());
    let request = MethodRequest::new(&context, &headers);
    let cases = [
        ("method.request.header.x-tag", Some("b")),
        ("method.request.multivalueheader.x-tag", Some("a,b")),
        ("method.request.path.id", Some("a%20b")),
        ("method.request.querystring.q", Some("2 3")),
        ("method.request.multivaluequerystring.q", Some("1,2 3")),
        ("context.apiId", Some("abc")),
        ("stageVariables.none", None),
        ("'*'", Some("*")),
    ];
    for (source, expected) in cases {
        let mapping = GatewayResponseMapping::parse(source).unwrap();
        let value = mapping.evaluate(&request).map(MappedValue::into_joined);
        assert_eq!(value.as_deref(), expected, "{source}");
    }
}

#[test]
fn sources_are_refused_with_what_is_allowed() {
    let request = |source| RequestMapping::parse(source).unwrap_err().to_string();
    let response = |source| ResponseMapping::parse(source).unwrap_err().to_string();
    let gateway = |source| {
        GatewayResponseMapping::parse(source)
            .unwrap_err()
            .to_string()
    };
    let cases = [
        (
            request("integration.response.header.x"),
            "use one of `method.request.{path",
        ),
        (request("method.request.cookie.x"), "cannot be used here"),
        (request("method.request.header"), "cannot be used here"),
        (request("method.request.bodyx"), "cannot be used here"),
        (request("plain"), "cannot be used here"),
        (request(""), "cannot be used here"),
        (request("method.request.header."), "not a parameter name"),
        (
            request("method.request.header.a b"),
            "`a b` in `method.request.header.a b`",
        ),
        (
            request("method.request.querystring.filter[]"),
            "not a parameter name",
        ),
        (request("context."), "not a parameter name"),
        (request("stageVariables.a/b"), "not a parameter name"),
        (request("'open"), "no closing quote"),
        (request("'"), "no closing quote"),
        (request("method.request.body."), "no readable path"),
        (request("method.request.body.a["), "no readable path"),
        (
            response("method.request.header.x"),
            "use one of `integration.response.{header",
        ),
        (
            response("integration.response.querystring.x"),
            "cannot be used here",
        ),
        (gateway("method.request.body"), "cannot be used here"),
        (
            gateway("integration.response.header.x"),
            "use one of `method.request.{path",
        ),
    ];
    for (message, expected) in cases {
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn targets_are_parsed() {
    let header = HeaderTarget::method_response("method.response.header.X-Pet").unwrap();
    assert_eq!(
        (header.name().as_str(), header.spelling()),
        ("x-pet", "X-Pet")
    );
    let header = HeaderTarget::gateway_response("gatewayresponse.header.WWW-Authenticate").unwrap();
    assert_eq!(header.spelling(), "WWW-Authenticate");
    let target = |text| RequestTarget::parse(text).ok();
    assert_eq!(
        target("integration.request.path.id"),
        Some(RequestTarget::Path("id".into()))
    );
    assert_eq!(
        target("integration.request.querystring.a.b"),
        Some(RequestTarget::Query("a.b".into()))
    );
    assert!(matches!(
        target("integration.request.header.X-A"),
        Some(RequestTarget::Header(_))
    ));
    let refused = [
        "integration.request.body.x",
        "integration.request.header",
        "integration.request.header.",
        "integration.request.header.a:b",
        "method.response.header.x",
        "",
    ];
    for text in refused {
        assert!(RequestTarget::parse(text).is_err(), "{text}");
    }
    assert!(HeaderTarget::method_response("method.response.querystring.x").is_err());
    assert!(HeaderTarget::gateway_response("gatewayresponse.header.é").is_err());
}

#[test]
fn constants_and_plain_values_are_borrowed() {
    use std::borrow::Cow;

    let (context, headers) = (context(), headers());
    let request = MethodRequest::new(&context, &headers).with_body(BODY.as_bytes());
    let sources = [
        "'fixed'",
        "stageVariables.backend",
        "method.request.header.x-one",
        "method.request.querystring.one",
        "method.request.path.id",
        "method.request.body",
        "method.request.body.petstore.pets[0].name",
    ];
    for source in sources {
        let mapping = RequestMapping::parse(source).unwrap();
        let value = mapping.evaluate(&request).unwrap();
        assert!(
            matches!(value, Some(MappedValue::One(Cow::Borrowed(_)))),
            "{source}"
        );
    }
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(
        text in r"(method\.request\.|integration\.(request|response)\.)?(header|path|body|context|')?.{0,20}",
    ) {
        let _ = RequestMapping::parse(&text);
        let _ = ResponseMapping::parse(&text);
        let _ = GatewayResponseMapping::parse(&text);
        let _ = RequestTarget::parse(&text);
    }
}
