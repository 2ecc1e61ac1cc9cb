//! What tells one caller from another.

use std::net::{IpAddr, Ipv6Addr};

use http::{HeaderName, request};
use towergate_core::{ClientAddress, Context, ResourceInfo};

use crate::API_KEY;

/// Tells one caller of a [`ThrottleLayer`](super::ThrottleLayer) from another.
///
/// Two of them in a tuple tell callers apart that either tells apart: `(ByApiKey, ByRoute)` has a bucket for each key on
/// each route.
pub trait CallerKey: Send + Sync + 'static {
    /// Returns what is the same for all requests of a caller and for nobody else, or `None` if nothing tells. `source` finds
    /// the source address.
    fn key<'a>(
        &self,
        parts: &'a request::Parts,
        source: &dyn Fn() -> Option<ClientAddress>,
    ) -> Option<KeyBytes<'a>>;
}

/// What tells a caller, as bytes: borrowed from the request, or made without an allocation where that can be.
#[derive(Debug, Clone)]
pub struct KeyBytes<'a>(Bytes<'a>);

#[derive(Debug, Clone)]
enum Bytes<'a> {
    Address([u8; 16]),
    Borrowed(&'a [u8]),
    Owned(Vec<u8>),
}

impl AsRef<[u8]> for KeyBytes<'_> {
    fn as_ref(&self) -> &[u8] {
        match &self.0 {
            Bytes::Address(bytes) => bytes,
            Bytes::Borrowed(bytes) => bytes,
            Bytes::Owned(bytes) => bytes,
        }
    }
}

impl<'a> From<&'a [u8]> for KeyBytes<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self(Bytes::Borrowed(bytes))
    }
}

impl From<Vec<u8>> for KeyBytes<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Bytes::Owned(bytes))
    }
}

/// Tells callers by their source address: an IPv4 address, or the network of an IPv6 address.
///
/// The address is what the request's extensions tell ([`ClientAddress`], [`PeerAddress`](towergate_core::PeerAddress)) and the
/// proxies that the layer [trusts](super::ThrottleLayer::trusted_hops); where it was not told of any, that of the request's
/// [`Context`] comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceIp {
    ipv6_prefix: u8,
}

impl SourceIp {
    /// Sets how many bits of an IPv6 address tell a caller, at most 128. 64 unless this says otherwise: whoever has one
    /// address of such a network mostly has all of them.
    #[must_use]
    pub fn ipv6_prefix(mut self, bits: u8) -> Self {
        self.ipv6_prefix = bits.min(128);
        self
    }
}

impl Default for SourceIp {
    fn default() -> Self {
        Self { ipv6_prefix: 64 }
    }
}

impl CallerKey for SourceIp {
    fn key<'a>(
        &self,
        _: &'a request::Parts,
        source: &dyn Fn() -> Option<ClientAddress>,
    ) -> Option<KeyBytes<'a>> {
        // An IPv4 address may be told as one of IPv6, where all of them are one network.
        let address = match source()?.0.to_canonical() {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => {
                let host_bits = 128 - u32::from(self.ipv6_prefix);
                let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
                Ipv6Addr::from_bits(address.to_bits() & mask)
            }
        };
        Some(KeyBytes(Bytes::Address(address.octets())))
    }
}

/// Tells callers by a header. Who may send what he likes may be as many callers as he likes: it should be one that something
/// in front has checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByHeader(pub HeaderName);

impl CallerKey for ByHeader {
    fn key<'a>(
        &self,
        parts: &'a request::Parts,
        _: &dyn Fn() -> Option<ClientAddress>,
    ) -> Option<KeyBytes<'a>> {
        let value = parts.headers.get(&self.0)?;
        Some(value.as_bytes().into())
    }
}

/// Tells callers by their API key: the one that let them in, or else the header `x-api-key`. Where no key was checked in
/// front, that header is anybody's word: who makes up keys has a bucket for each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ByApiKey;

impl CallerKey for ByApiKey {
    fn key<'a>(
        &self,
        parts: &'a request::Parts,
        _: &dyn Fn() -> Option<ClientAddress>,
    ) -> Option<KeyBytes<'a>> {
        let known = Context::get(&parts.extensions).and_then(Context::api_key);
        match known {
            Some(key) => Some(key.value.as_bytes().into()),
            None => Some(parts.headers.get(API_KEY)?.as_bytes().into()),
        }
    }
}

/// Tells callers by the principal that an authorizer in front has named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ByPrincipal;

impl CallerKey for ByPrincipal {
    fn key<'a>(
        &self,
        parts: &'a request::Parts,
        _: &dyn Fn() -> Option<ClientAddress>,
    ) -> Option<KeyBytes<'a>> {
        let identity = Context::get(&parts.extensions)?.identity()?;
        let principal = identity
            .principal_id
            .as_ref()
            .or(identity.user_arn.as_ref());
        Some(principal?.as_bytes().into())
    }
}

/// Tells no callers apart, but what they call: the resource that a router in front has found, or else the path, and the verb.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ByRoute;

impl CallerKey for ByRoute {
    fn key<'a>(
        &self,
        parts: &'a request::Parts,
        _: &dyn Fn() -> Option<ClientAddress>,
    ) -> Option<KeyBytes<'a>> {
        let resource = Context::get(&parts.extensions).and_then(Context::resource);
        let path = resource.map_or(parts.uri.path(), ResourceInfo::path);
        Some(joined(parts.method.as_str().as_bytes(), path.as_bytes()))
    }
}

impl<A: CallerKey, B: CallerKey> CallerKey for (A, B) {
    fn key<'a>(
        &self,
        parts: &'a request::Parts,
        source: &dyn Fn() -> Option<ClientAddress>,
    ) -> Option<KeyBytes<'a>> {
        let (first, second) = (self.0.key(parts, source)?, self.1.key(parts, source)?);
        Some(joined(first.as_ref(), second.as_ref()))
    }
}

/// Joins two keys so that no other two are joined to the same.
fn joined<'a>(first: &[u8], second: &[u8]) -> KeyBytes<'a> {
    let length = (first.len() as u64).to_be_bytes();
    [&length, first, second].concat().into()
}

/// Tells callers by a function of the head.
pub(super) struct ByFn<F>(pub(super) F);

impl<F, K> CallerKey for ByFn<F>
where
    F: Fn(&request::Parts) -> Option<K> + Send + Sync + 'static,
    K: Into<Vec<u8>>,
{
    fn key<'a>(
        &self,
        parts: &'a request::Parts,
        _: &dyn Fn() -> Option<ClientAddress>,
    ) -> Option<KeyBytes<'a>> {
        (self.0)(parts).map(|key| key.into().into())
    }
}
