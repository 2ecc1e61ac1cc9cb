//! The scheme and port that the client used, seen through the proxies that may be believed.

use http::HeaderMap;

use crate::{TrustedHops, X_FORWARDED_PORT, X_FORWARDED_PROTO};

/// The scheme that the client used.
///
/// In a request's extensions it stands above all else: a host that terminates TLS says so with it.
///
/// ```
/// use http::Request;
/// use towergate_core::{ClientScheme, Context};
///
/// let mut request = Request::get("/pets").header("host", "api.example.com").body(())?;
/// request.extensions_mut().insert(ClientScheme::Https);
/// let context = Context::of(&mut request);
/// assert_eq!((context.scheme(), context.port()), ("https", 443));
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "HTTP has no third scheme")]
pub enum ClientScheme {
    /// HTTP over a connection that anyone may read.
    #[default]
    Http,
    /// HTTP over TLS.
    Https,
}

impl ClientScheme {
    /// Returns the scheme as it is written in URIs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// Returns the port of URIs that name none.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_matches('"');
        [Self::Http, Self::Https]
            .into_iter()
            .find(|scheme| scheme.as_str().eq_ignore_ascii_case(text))
    }
}

impl TrustedHops {
    /// Returns what the believed proxies say about the client's scheme.
    pub(crate) fn told_scheme(self, headers: &HeaderMap) -> Option<ClientScheme> {
        self.told(headers, X_FORWARDED_PROTO, "proto", ClientScheme::parse)
    }

    /// Returns what the believed proxies say about the port that the client used. No parameter of `Forwarded` is
    /// registered for it; `port` is read.
    pub(crate) fn told_port(self, headers: &HeaderMap) -> Option<u16> {
        let parse = |text: &str| text.trim().parse().ok().filter(|port| *port != 0);
        self.told(headers, X_FORWARDED_PORT, "port", parse)
    }
}

#[cfg(test)]
mod tests {
    use http::{Request, Version};

    use super::*;
    use crate::{Context, SystemRandom, Timestamp};

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
        let cases: [(&str, &str, TrustedHops, Headers, Option<ClientScheme>, _); 18] = [
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
                "host knows better",
                "https://b.example/",
                x(1),
                proxied,
                Some(Http),
                ("http", 8443),
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
            assert_eq!((context.scheme(), context.port()), expected, "{name}");
        }
    }

    #[test]
    fn what_a_client_of_http_1_writes_into_its_target_is_no_scheme() {
        for version in [Version::HTTP_10, Version::HTTP_11] {
            let request = Request::get("https://a.example/").version(version);
            let mut request = request.body(()).unwrap();
            assert_eq!(Context::of(&mut request).scheme(), "http", "{version:?}");
        }
    }
}
