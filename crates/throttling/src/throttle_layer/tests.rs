mod fields;
mod shared;

use std::{convert::Infallible, net::SocketAddr, sync::Mutex};

use bytes::Bytes;
use http::HeaderName;
use http_body_util::{BodyExt, Full};
use tower::{ServiceExt, service_fn};
use towergate_core::{ApiKeyInfo, Identity, PeerAddress};
use towergate_testing::{FakeClock, assert_readiness};

use super::*;

type Parts = request::Parts;

fn clock() -> FakeClock {
    FakeClock::at(Timestamp::from_unix_millis(1_700_000_000_000))
}

fn layer(burst: u64) -> ThrottleLayer {
    ThrottleLayer::new(Rate::per_second(1.0).burst(burst)).clock(clock())
}

/// A request whose head `change` has changed.
fn request(change: impl FnOnce(&mut Parts)) -> Request<&'static str> {
    let (mut parts, body) = Request::get("/pets/7")
        .body("request body")
        .unwrap()
        .into_parts();
    change(&mut parts);
    Request::from_parts(parts, body)
}

fn from(address: &str) -> Request<&'static str> {
    let peer = PeerAddress(SocketAddr::new(address.parse().unwrap(), 1));
    request(|parts| {
        parts.extensions.insert(peer);
    })
}

fn with_header(value: &'static str) -> Request<&'static str> {
    request(|parts| drop(parts.headers.insert("x-tenant", value.parse().unwrap())))
}

fn by_tenant() -> ByHeader {
    ByHeader(HeaderName::from_static("x-tenant"))
}

/// Answers why the request would have been refused.
async fn inner(request: Request<&'static str>) -> Result<Response<Full<Bytes>>, Infallible> {
    assert_eq!(*request.body(), "request body");
    let would_refuse = request.extensions().get::<WouldRefuse>();
    let would_refuse = would_refuse.and_then(|WouldRefuse(rejection)| rejection.message());
    Ok(Response::new(
        would_refuse.unwrap_or("in").to_owned().into(),
    ))
}

async fn answer(layer: &ThrottleLayer, request: Request<&'static str>) -> (u16, String) {
    let response = layer
        .layer(service_fn(inner))
        .oneshot(request)
        .await
        .unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn status(layer: &ThrottleLayer, request: Request<&'static str>) -> u16 {
    answer(layer, request).await.0
}

#[tokio::test]
async fn a_caller_above_its_rate_is_refused_without_calling_the_inner_service() {
    let clock = clock();
    let layer = layer(2).clock(clock.clone());
    for (step, expected) in [
        (0, 200),
        (0, 200),
        (0, 429),
        (1, 200),
        (0, 429),
        (60, 200),
        (0, 200),
        (0, 429),
    ] {
        clock.advance(Duration::from_secs(step));
        assert_eq!(status(&layer, from("203.0.113.7")).await, expected);
    }
    let (_, body) = answer(&layer, from("203.0.113.7")).await;
    assert_eq!(body, r#"{"message":"Too Many Requests"}"#);
}

#[tokio::test]
async fn callers_are_told_apart() {
    let key = |value: &'static str| {
        request(move |parts| {
            let context = Context::of(&mut Request::new(()));
            context.note_api_key(Arc::new(ApiKeyInfo::new("k", value)));
            parts.extensions.insert(context);
        })
    };
    let principal = |name: &str| {
        let mut identity = Identity::default();
        identity.principal_id = Some(name.to_owned());
        request(move |parts| {
            let context = Context::of(&mut Request::new(()));
            context.note_identity(identity);
            parts.extensions.insert(context);
        })
    };
    let path = |path: &'static str| request(move |parts| parts.uri = path.parse().unwrap());
    let from_host = |address: &'static str| (from(address), from(address));
    let twice = |make: &dyn Fn() -> Request<&'static str>| (make(), make());
    // The first two are of one caller, the third is another's.
    let cases: Vec<(&str, ThrottleLayer, (_, _), Request<&'static str>)> = vec![
        (
            "by address",
            layer(1),
            from_host("203.0.113.7"),
            from("203.0.113.8"),
        ),
        (
            "by network of IPv6",
            layer(1),
            (from("2001:db8::1"), from("2001:db8::ffff")),
            from("2001:db8:0:1::1"),
        ),
        (
            "by shorter network",
            layer(1).by(SourceIp::default().ipv6_prefix(48)),
            (from("2001:db8::1"), from("2001:db8:0:1::1")),
            from("2001:db8:1::1"),
        ),
        (
            "by whole address",
            layer(1).by(SourceIp::default().ipv6_prefix(128)),
            from_host("2001:db8::1"),
            from("2001:db8::2"),
        ),
        (
            "IPv4 in IPv6",
            layer(1),
            (from("203.0.113.7"), from("::ffff:203.0.113.7")),
            from("::ffff:203.0.113.8"),
        ),
        (
            "by header",
            layer(1).by(by_tenant()),
            twice(&|| with_header("a")),
            with_header("b"),
        ),
        (
            "by API key",
            layer(1).by(ByApiKey),
            twice(&|| key("one")),
            key("two"),
        ),
        (
            "by principal",
            layer(1).by(ByPrincipal),
            twice(&|| principal("ali")),
            principal("bo"),
        ),
        (
            "by route",
            layer(1).by(ByRoute),
            (path("/a?x=1"), path("/a?x=2")),
            path("/b"),
        ),
        (
            "by function",
            layer(1).by_fn(|parts| Some(parts.uri.query()?.to_owned())),
            twice(&|| path("/?a")),
            path("/?b"),
        ),
        (
            "by two things",
            layer(1).by((by_tenant(), ByRoute)),
            twice(&|| with_header("a")),
            with_header("b"),
        ),
    ];
    for (name, layer, (first, again), other) in cases {
        assert_eq!(status(&layer, first).await, 200, "{name}");
        assert_eq!(status(&layer, again).await, 429, "{name}: again");
        assert_eq!(status(&layer, other).await, 200, "{name}: another caller");
    }
}

#[tokio::test]
async fn only_proxies_that_are_trusted_say_who_calls() {
    let forwarded = |client: &'static str| {
        let mut request = from("10.0.0.1");
        request
            .headers_mut()
            .insert("x-forwarded-for", client.parse().unwrap());
        request
    };
    let stranger = layer(1);
    assert_eq!(status(&stranger, forwarded("203.0.113.7")).await, 200);
    assert_eq!(status(&stranger, forwarded("203.0.113.8")).await, 429);
    let trusted = layer(1).trusted_hops(TrustedHops::new(1));
    assert_eq!(status(&trusted, forwarded("203.0.113.7")).await, 200);
    assert_eq!(status(&trusted, forwarded("203.0.113.8")).await, 200);
    assert_eq!(
        status(&trusted, forwarded("1.2.3.4, 203.0.113.8")).await,
        429,
        "what a client wrote"
    );
}

#[tokio::test]
async fn an_ipv4_address_that_a_host_tells_as_ipv6_is_no_network_of_all_of_them() {
    let told = |address: &str| {
        let client = ClientAddress(address.parse().unwrap());
        request(|parts| {
            parts.extensions.insert(client);
        })
    };
    let layer = layer(1);
    assert_eq!(status(&layer, told("::ffff:203.0.113.7")).await, 200);
    assert_eq!(status(&layer, told("203.0.113.7")).await, 429);
    assert_eq!(status(&layer, told("::ffff:203.0.113.8")).await, 200);
}

#[tokio::test]
async fn the_hops_of_the_layer_stand_above_the_address_of_a_context() {
    let forwarded = |client: &'static str| {
        let mut request = from("10.0.0.1");
        request
            .headers_mut()
            .insert("x-forwarded-for", client.parse().unwrap());
        // As a router in front does, which believes no proxy.
        Context::of(&mut request);
        request
    };
    let trusted = layer(1).trusted_hops(TrustedHops::new(1));
    assert_eq!(status(&trusted, forwarded("203.0.113.7")).await, 200);
    assert_eq!(status(&trusted, forwarded("203.0.113.8")).await, 200);
    assert_eq!(status(&trusted, forwarded("203.0.113.8")).await, 429);
    let silent = layer(1);
    assert_eq!(status(&silent, forwarded("203.0.113.7")).await, 200);
    assert_eq!(status(&silent, forwarded("203.0.113.8")).await, 429);
}

#[tokio::test]
async fn requests_that_nobody_is_told_by_share_a_bucket_or_are_refused() {
    let shared = layer(1).by(by_tenant());
    assert_eq!(status(&shared, request(|_| {})).await, 200);
    assert_eq!(status(&shared, request(|_| {})).await, 429);
    assert_eq!(status(&shared, with_header("a")).await, 200);
    let refusing = layer(9).by(by_tenant()).on_missing(OnMissing::Refuse);
    assert_eq!(status(&refusing, request(|_| {})).await, 429);
    assert_eq!(status(&refusing, with_header("a")).await, 200);
}

#[tokio::test]
async fn the_first_request_that_nobody_is_told_by_is_warned_of_and_no_other() {
    for on_missing in [OnMissing::SharedBucket, OnMissing::Refuse] {
        let warnings = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&warnings);
        let warn = move |parts: &Parts| heard.lock().unwrap().push(parts.uri.to_string());
        let layer = layer(9).on_missing(on_missing).on_first_missing(warn);
        let off = layer.clone().enabled(false);
        let _ = status(&off, request(|_| {})).await;
        let _ = status(&layer, from("::1")).await;
        assert!(warnings.lock().unwrap().is_empty(), "{on_missing:?}");
        for layer in [layer.clone(), layer.clone(), layer] {
            let _ = status(&layer, request(|_| {})).await;
            assert_eq!(*warnings.lock().unwrap(), ["/pets/7"], "{on_missing:?}");
        }
    }
}

#[tokio::test]
async fn a_layer_that_only_reports_refuses_nothing_and_one_that_is_off_counts_nothing() {
    let reporting = layer(1).report_only(true);
    assert_eq!(
        answer(&reporting, from("::1")).await,
        (200, "in".to_owned())
    );
    assert_eq!(
        answer(&reporting, from("::1")).await,
        (200, "Too Many Requests".to_owned())
    );
    let off = layer(0).enabled(false);
    assert_eq!(answer(&off, from("::1")).await, (200, "in".to_owned()));
}

#[tokio::test]
async fn the_rate_changes_for_every_clone_at_once() {
    let clock = clock();
    let layer = layer(1).clock(clock.clone());
    let (service, handle) = (layer.layer(service_fn(inner)), layer.rate());
    assert_eq!(
        service.clone().oneshot(from("::1")).await.unwrap().status(),
        200
    );
    handle.set(Rate::per_second(100.0).burst(3));
    assert_eq!(handle.get().tokens(), 3);
    clock.advance(Duration::from_secs(1));
    for expected in [200, 200, 200, 429] {
        assert_eq!(
            service.clone().oneshot(from("::1")).await.unwrap().status(),
            expected
        );
    }
}

#[tokio::test]
async fn a_refusal_is_told_in_the_style_of_the_api_and_to_the_context() {
    let layer = layer(0).style(Style::Http);
    let context = Context::of(&mut Request::new(()));
    let noted = context.clone();
    let request = request(|parts| drop(parts.extensions.insert(context)));
    let response = layer
        .layer(service_fn(inner))
        .oneshot(request)
        .await
        .unwrap();
    assert!(!response.headers().contains_key("x-amzn-errortype"));
    assert_eq!(
        noted.rejection().map(Rejection::response_type),
        Some(ResponseType::Throttled)
    );
}

#[test]
fn keys_of_two_things_are_never_mistaken_for_one_another() {
    let head = |first: &'static str, second: &'static str| {
        let (parts, _) = request(|parts| {
            parts.headers.insert("a", first.parse().unwrap());
            parts.headers.insert("b", second.parse().unwrap());
        })
        .into_parts();
        let by = (
            ByHeader("a".parse().unwrap()),
            ByHeader("b".parse().unwrap()),
        );
        by.key(&parts, &|| None).unwrap().as_ref().to_vec()
    };
    assert_ne!(head("ab", "c"), head("a", "bc"));
    assert_ne!(head("", "abc"), head("abc", ""));
}

#[tokio::test]
async fn readiness_is_the_inner_services() {
    let respond = |_: Request<&'static str>| Response::new(());
    assert_readiness(layer(9), respond, || vec![from("::1"), from("::1")]).await;
}
