use http::Request;

use super::*;
use crate::{SystemRandom, Timestamp};

#[test]
fn scheme_and_port_are_those_the_client_used() {
    use ClientScheme::{Http, Https};

    type Headers = &'static [(&'static str, &'static str)];
    let plain = TrustedHops::default();
    let x = TrustedHops::new;
    let forwarded = |hops| x(hops).by_forwarded();
    let proxied: Headers = &[
        ("host", "a.example:8080"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "8443"),
        ("forwarded", "for=1.1.1.1;Proto=\"HTTPS\""),
    ];
    let chain: Headers = &[
        ("x-forwarded-proto", "http, https"),
        ("x-forwarded-port", "7"),
        ("x-forwarded-proto", "http"),
    ];
    let odd: Headers = &[
        ("host", "a.example:x"),
        ("x-forwarded-proto", "wss"),
        ("x-forwarded-port", "0"),
    ];
    let bare: Headers = &[("host", "a.example")];
    let cases: [(&str, &str, TrustedHops, Headers, Option<ClientScheme>, _); 21] = [
        ("a host alone", "/", plain, bare, None, ("http", 80)),
        ("no host", "/", plain, &[], None, ("http", 80)),
        (
            "a port",
            "/",
            plain,
            &[("host", "[::1]:81")],
            None,
            ("http", 81),
        ),
        (
            "no port",
            "/",
            plain,
            &[("host", "[::1]")],
            None,
            ("http", 80),
        ),
        (
            "URI",
            "https://b.example/",
            plain,
            bare,
            None,
            ("https", 443),
        ),
        (
            "port of the URI",
            "http://b.example:82/",
            plain,
            bare,
            None,
            ("http", 82),
        ),
        ("host knows", "/", plain, bare, Some(Https), ("https", 443)),
        (
            "host knows better than the request",
            "https://b.example/",
            plain,
            proxied,
            Some(Http),
            ("http", 80),
        ),
        (
            "a proxy knows better than the host",
            "/",
            x(1),
            proxied,
            Some(Http),
            ("https", 8443),
        ),
        (
            "a proxy that speaks TLS to the host, and no TLS to the client",
            "/",
            x(1),
            &[("host", "a.example"), ("x-forwarded-proto", "http")],
            Some(Https),
            ("http", 80),
        ),
        (
            "a proxy that says nothing to a host that does",
            "/",
            x(1),
            bare,
            Some(Https),
            ("https", 443),
        ),
        (
            "nobody is believed",
            "/",
            plain,
            proxied,
            None,
            ("http", 8080),
        ),
        ("a proxy", "/", x(1), proxied, None, ("https", 8443)),
        (
            "by Forwarded",
            "/",
            forwarded(1),
            proxied,
            None,
            ("https", 8080),
        ),
        (
            "by Forwarded, with its own port",
            "/",
            forwarded(1),
            &[("forwarded", "port=5")],
            None,
            ("http", 5),
        ),
        (
            "the nearest of a chain",
            "/",
            x(1),
            chain,
            None,
            ("http", 7),
        ),
        ("two of a chain", "/", x(2), chain, None, ("https", 7)),
        ("all of a chain", "/", x(9), chain, None, ("http", 7)),
        (
            "a proxy that says nothing",
            "/",
            x(1),
            bare,
            None,
            ("http", 80),
        ),
        (
            "nothing that can be read",
            "/",
            x(1),
            odd,
            None,
            ("http", 80),
        ),
        (
            "the scheme alone",
            "/",
            x(1),
            &[("x-forwarded-proto", "https")],
            None,
            ("https", 443),
        ),
    ];
    for (name, uri, hops, headers, told, expected) in cases {
        let mut request = Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut head, ()) = request.body(()).unwrap().into_parts();
        if let Some(told) = told {
            head.extensions.insert(told);
        }
        if !uri.starts_with('/') {
            head.version = Version::HTTP_2;
        }
        let context = Context::new(head, hops, Timestamp::default(), &SystemRandom);
        let seen = (context.scheme().as_str(), context.port());
        assert_eq!(seen, expected, "{name}");
    }
}

#[test]
fn what_a_client_of_http_1_writes_into_its_target_is_no_scheme() {
    for version in [Version::HTTP_10, Version::HTTP_11] {
        let request = Request::get("https://a.example/").version(version);
        let mut request = request.body(()).unwrap();
        let scheme = Context::of(&mut request).scheme();
        assert_eq!(scheme, ClientScheme::Http, "{version:?}");
    }
}

#[test]
fn the_domain_is_the_authority_or_the_host_header_without_its_port() {
    let cases = [
        ("http://a.example:80/", "b.example", Some("a.example")),
        ("http://user:pass@a.example:80/", "", Some("a.example")),
        ("http://user@[::1]/", "", Some("[::1]")),
        ("/", "b.example:8080", Some("b.example")),
        ("/", "[::1]:80", Some("[::1]")),
        ("/", "[::1]", Some("[::1]")),
        ("/", "", None),
    ];
    for (uri, host, expected) in cases {
        let mut request = Request::get(uri).header("host", host).body(()).unwrap();
        let context = Context::of(&mut request);
        assert_eq!(context.domain_name(), expected, "{uri} {host}");
    }
}
