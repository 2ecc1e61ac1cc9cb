//! The scheme, host and port that the client used, seen through the proxies that may be believed.

use http::{HeaderMap, Version, header};

use crate::{Context, TrustedHops, X_FORWARDED_PORT, X_FORWARDED_PROTO};

/// The scheme that the client used.
///
/// In a request's extensions it is that of the connection: a host that terminates TLS says so with it. It stands above
/// what the request says of itself, and beneath what believed proxies say ([`TrustedHops`]): the connection is theirs,
/// and the client is behind them.
///
/// ```
/// use http::Request;
/// use towergate_core::{ClientScheme, Context};
///
/// let mut request = Request::get("/pets").header("host", "api.example.com").body(())?;
/// request.extensions_mut().insert(ClientScheme::Https);
/// let context = Context::of(&mut request);
/// assert_eq!((context.scheme(), context.port()), (ClientScheme::Https, 443));
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

impl Context {
    /// Returns the scheme that the client used: what believed proxies say, what the host says in [`ClientScheme`], or
    /// from HTTP/2 on what the request says. In HTTP/1 a client may write any scheme into its target.
    #[must_use]
    pub fn scheme(&self) -> ClientScheme {
        self.trusted_hops()
            .told_scheme(self.headers())
            .or_else(|| self.noted_scheme())
            .or_else(|| match self.version() {
                Version::HTTP_09 | Version::HTTP_10 | Version::HTTP_11 => None,
                _ => ClientScheme::parse(self.uri().scheme_str()?),
            })
            .unwrap_or_default()
    }

    /// Returns the host that was asked for, with its port if that was written.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        match self.uri().authority() {
            Some(authority) => authority.as_str().rsplit('@').next(),
            None => str::from_utf8(self.headers().get(header::HOST)?.as_bytes()).ok(),
        }
    }

    /// Returns the host that was asked for, without its port: `$context.domainName`.
    #[must_use]
    pub fn domain_name(&self) -> Option<&str> {
        let host = split_port(self.authority()?).0;
        (!host.is_empty()).then_some(host)
    }

    /// Returns the port that the client used: what believed proxies say, or that of the [authority](Self::authority),
    /// or that of the [scheme](Self::scheme).
    #[must_use]
    pub fn port(&self) -> u16 {
        self.trusted_hops()
            .told_port(self.headers())
            .or_else(|| split_port(self.authority()?).1?.parse().ok())
            .unwrap_or_else(|| self.scheme().default_port())
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

/// `example.com:80` and `[::1]:80` as host and port.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests;
