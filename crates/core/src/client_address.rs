//! The address of the client, seen through the proxies that may be believed.

use std::net::{IpAddr, SocketAddr};

use http::{Extensions, HeaderMap, HeaderName, header::FORWARDED};

/// The most proxies that [`TrustedHops`] looks through.
const MAX_HOPS: u8 = 32;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The other end of the connection, put into a request's extensions by whoever accepted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PeerAddress(pub SocketAddr);

/// The address of the client, as far as it can be believed: `$context.identity.sourceIp`.
///
/// In a request's extensions it stands above [`PeerAddress`]: a host that knows better says so with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

/// How many proxies in front of this server may be believed.
///
/// `0` (the default) believes the connection alone. With `1` the client is the last entry of `Forwarded` or
/// `X-Forwarded-For`, which the nearest proxy wrote; entries further left were written by strangers. At most 32.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrustedHops(u8);

impl TrustedHops {
    /// Believes the nearest `hops` proxies, at most 32.
    #[must_use]
    pub const fn new(hops: u8) -> Self {
        Self(if hops > MAX_HOPS { MAX_HOPS } else { hops })
    }

    /// Finds the client's address.
    ///
    /// If the headers have fewer entries than there are proxies to believe, the leftmost is taken; an entry that
    /// is no address ends the search at the one before it. `Forwarded` (RFC 7239) is read where it is present.
    #[must_use]
    pub fn client_address(
        self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Option<ClientAddress> {
        if let Some(known) = extensions.get::<ClientAddress>() {
            return Some(*known);
        }
        let peer = extensions
            .get::<PeerAddress>()
            .map(|peer| peer.0.ip().to_canonical());
        if self.0 == 0 {
            return peer.map(ClientAddress);
        }
        let mut client = peer;
        for entry in entries(headers).take(usize::from(self.0)) {
            match entry {
                Some(address) => client = Some(address),
                None => break,
            }
        }
        client.map(ClientAddress)
    }
}

/// The addresses that proxies noted, nearest first.
fn entries(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let forwarded = headers.contains_key(FORWARDED);
    let name = if forwarded {
        &FORWARDED
    } else {
        &X_FORWARDED_FOR
    };
    headers
        .get_all(name)
        .into_iter()
        .rev()
        .flat_map(move |value| {
            value
                .to_str()
                .unwrap_or_default()
                .rsplit(',')
                .map(move |entry| {
                    if forwarded {
                        forwarded_for(entry)
                    } else {
                        address(entry)
                    }
                })
        })
}

/// The `for` parameter of one element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("for")
            .then(|| address(value))?
    })
}

/// An address with or without quotes, brackets and port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let address = text
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()))
        .or_else(|_| {
            text.trim_start_matches('[')
                .trim_end_matches(']')
                .parse::<IpAddr>()
        });
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_client_is_found_behind_trusted_proxies_only() {
        const PEER: &str = "10.0.0.1";
        type Headers = &'static [(&'static str, &'static str)];
        let cases: [(&str, u8, Headers, &str); 11] = [
            (
                "nobody is believed by default",
                0,
                &[("x-forwarded-for", "1.1.1.1")],
                PEER,
            ),
            (
                "one hop: the last entry",
                1,
                &[("x-forwarded-for", "6.6.6.6, 1.1.1.1")],
                "1.1.1.1",
            ),
            (
                "two hops",
                2,
                &[("x-forwarded-for", "6.6.6.6, 1.1.1.1, 2.2.2.2")],
                "1.1.1.1",
            ),
            (
                "repeated headers are one list",
                2,
                &[
                    ("x-forwarded-for", "6.6.6.6, 1.1.1.1"),
                    ("x-forwarded-for", "2.2.2.2"),
                ],
                "1.1.1.1",
            ),
            (
                "fewer entries than hops",
                3,
                &[("x-forwarded-for", "1.1.1.1")],
                "1.1.1.1",
            ),
            ("no header", 1, &[], PEER),
            (
                "not an address",
                2,
                &[("x-forwarded-for", "unknown, 2.2.2.2")],
                "2.2.2.2",
            ),
            (
                "with a port",
                1,
                &[("x-forwarded-for", "1.1.1.1:80")],
                "1.1.1.1",
            ),
            (
                "a mapped address",
                1,
                &[("x-forwarded-for", "::ffff:1.1.1.1")],
                "1.1.1.1",
            ),
            (
                "Forwarded is read first",
                1,
                &[
                    (
                        "forwarded",
                        "for=6.6.6.6, proto=https;FOR=\"[2001:db8::1]:80\"",
                    ),
                    ("x-forwarded-for", "3.3.3.3"),
                ],
                "2001:db8::1",
            ),
            (
                "Forwarded without a for",
                1,
                &[("forwarded", "proto=https")],
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
            let found = TrustedHops::new(hops).client_address(&map, &extensions);
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
