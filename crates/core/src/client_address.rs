//! The address of the client, seen through the proxies that may be believed.

use std::net::{IpAddr, SocketAddr};

use http::{Extensions, HeaderMap, HeaderName, header::FORWARDED};

use crate::X_FORWARDED_FOR;

/// The most proxies that [`TrustedHops`] looks through.
const MAX_HOPS: u8 = 32;

/// The other end of the connection, put into a request's extensions by whoever accepted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PeerAddress(pub SocketAddr);

/// The address of the client, as far as it can be believed: `$context.identity.sourceIp`.
///
/// In a request's extensions it stands above [`PeerAddress`]: a host that knows better says so with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

/// How many proxies in front of this server may be believed, and in which header they write.
///
/// `0` (the default) believes the connection alone. With `1` the client is the last entry of `X-Forwarded-For`, which
/// the nearest proxy wrote; entries further left were written by strangers. At most 32.
///
/// `X-Forwarded-Proto` and `X-Forwarded-Port` are believed likewise about the client's scheme and port.
///
/// Of `Forwarded` and its older relatives only the one kind is read: the other is whatever the client wrote, since
/// proxies pass on what they do not know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrustedHops {
    hops: u8,
    forwarded: bool,
}

impl TrustedHops {
    /// Believes the nearest `hops` proxies, at most 32, about `X-Forwarded-For`.
    #[must_use]
    pub const fn new(hops: u8) -> Self {
        let hops = if hops > MAX_HOPS { MAX_HOPS } else { hops };
        Self {
            hops,
            forwarded: false,
        }
    }

    /// Reads `Forwarded` (RFC 7239) instead of `X-Forwarded-For`.
    #[must_use]
    pub const fn by_forwarded(mut self) -> Self {
        self.forwarded = true;
        self
    }

    /// Returns whether `X-Forwarded-For` is believed, so that what proxies wrote there stands.
    #[must_use]
    pub const fn believes_x_forwarded_for(self) -> bool {
        self.hops > 0 && !self.forwarded
    }

    /// Finds the client's address.
    ///
    /// If the headers have fewer entries than there are proxies to believe, the leftmost is taken; an entry that
    /// is no address ends the search at the one before it.
    #[must_use]
    pub fn client_address(
        self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Option<ClientAddress> {
        if let Some(known) = extensions.get::<ClientAddress>() {
            return Some(*known);
        }
        let told = self.told(headers, X_FORWARDED_FOR, "for", address);
        let peer = || extensions.get::<PeerAddress>().map(|peer| peer.0.ip());
        told.or_else(peer)
            .map(|address| ClientAddress(address.to_canonical()))
    }

    /// Returns what the believed proxies say in a header of their own, or in a parameter of `Forwarded`.
    ///
    /// Each adds an entry. The farthest one that is believed is taken, as far as they can be read.
    pub(crate) fn told<T>(
        self,
        headers: &HeaderMap,
        name: HeaderName,
        parameter: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        if self.hops == 0 {
            return None;
        }
        let name = if self.forwarded { FORWARDED } else { name };
        let value = |entry| match self.forwarded {
            true => parameter_of(entry, parameter),
            false => Some(entry),
        };
        entries(headers, name)
            .take(usize::from(self.hops))
            .map_while(|entry| read(value(entry)?))
            .last()
    }
}

/// The entries of a header that is a list, nearest first.
fn entries(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .rev()
        .flat_map(|value| value.to_str().unwrap_or_default().rsplit(','))
}

/// A parameter of one element of `Forwarded`.
fn parameter_of<'e>(element: &'e str, parameter: &str) -> Option<&'e str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case(parameter).then_some(value)
    })
}

/// An address with or without quotes, brackets and port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    text.parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()))
        .or_else(|_| {
            text.trim_start_matches('[')
                .trim_end_matches(']')
                .parse::<IpAddr>()
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_client_is_found_behind_trusted_proxies_only() {
        const PEER: &str = "10.0.0.1";
        type Headers = &'static [(&'static str, &'static str)];
        let x = TrustedHops::new;
        let forwarded = |hops| TrustedHops::new(hops).by_forwarded();
        let both: Headers = &[("forwarded", "for=2.2.2.2"), ("x-forwarded-for", "1.1.1.1")];
        let cases: [(&str, TrustedHops, Headers, &str); 16] = [
            (
                "nobody is believed by default",
                TrustedHops::default(),
                both,
                PEER,
            ),
            (
                "one hop: the last entry",
                x(1),
                &[("x-forwarded-for", "6.6.6.6, 1.1.1.1")],
                "1.1.1.1",
            ),
            (
                "two hops",
                x(2),
                &[("x-forwarded-for", "6.6.6.6, 1.1.1.1, 2.2.2.2")],
                "1.1.1.1",
            ),
            (
                "repeated headers are one list",
                x(2),
                &[
                    ("x-forwarded-for", "6.6.6.6, 1.1.1.1"),
                    ("x-forwarded-for", "2.2.2.2"),
                ],
                "1.1.1.1",
            ),
            (
                "fewer entries than hops",
                x(3),
                &[("x-forwarded-for", "1.1.1.1")],
                "1.1.1.1",
            ),
            ("no header", x(1), &[], PEER),
            (
                "not an address",
                x(2),
                &[("x-forwarded-for", "unknown, 2.2.2.2")],
                "2.2.2.2",
            ),
            (
                "with a port",
                x(1),
                &[("x-forwarded-for", "1.1.1.1:80")],
                "1.1.1.1",
            ),
            (
                "a mapped address",
                x(1),
                &[("x-forwarded-for", "::ffff:1.1.1.1")],
                "1.1.1.1",
            ),
            (
                "a client's own Forwarded is not read",
                x(1),
                both,
                "1.1.1.1",
            ),
            (
                "nor is it alone",
                x(1),
                &[("forwarded", "for=6.6.6.6")],
                PEER,
            ),
            (
                "by Forwarded: a client's own X-Forwarded-For is not read",
                forwarded(1),
                both,
                "2.2.2.2",
            ),
            (
                "nor is that alone",
                forwarded(1),
                &[("x-forwarded-for", "6.6.6.6")],
                PEER,
            ),
            ("nobody is believed", forwarded(0), both, PEER),
            (
                "the last element",
                forwarded(1),
                &[(
                    "forwarded",
                    "for=6.6.6.6, proto=https;FOR=\"[2001:db8::1]:80\"",
                )],
                "2001:db8::1",
            ),
            (
                "an element without a for",
                forwarded(2),
                &[("forwarded", "for=6.6.6.6, proto=https")],
                PEER,
            ),
        ];
        for (name, hops, headers, expected) in cases {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                );
            }
            let mut extensions = Extensions::new();
            extensions.insert(PeerAddress(SocketAddr::new(PEER.parse().unwrap(), 9)));
            let found = hops.client_address(&map, &extensions);
            assert_eq!(
                found,
                Some(ClientAddress(expected.parse().unwrap())),
                "{name}"
            );
        }
    }

    #[test]
    fn what_the_host_says_stands_above_all() {
        let mut extensions = Extensions::new();
        assert_eq!(
            TrustedHops::default().client_address(&HeaderMap::new(), &extensions),
            None
        );
        let told = ClientAddress(IpAddr::from([9, 9, 9, 9]));
        extensions.insert(told);
        assert_eq!(
            TrustedHops::new(1).client_address(&HeaderMap::new(), &extensions),
            Some(told)
        );
    }
}
