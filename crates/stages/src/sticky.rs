//! Callers that stay with the release they were given.

use std::{fmt, hash::Hasher, mem, net::IpAddr, sync::Arc};

use http::{HeaderMap, HeaderName};
use siphasher::sip::SipHasher13;
use towergate_core::{Context, Random};

/// Gives the same caller the same release, for as long as the canary's share allows.
///
/// What tells callers apart is hashed with a key (SipHash-1-3), and the hash is what the share is compared with. So
/// raising the share moves callers to the canary and none away from it, and lowering it the other way round. API Gateway
/// draws for each request, and so does a service without this, and with it for requests that do not tell who calls.
///
/// ```
/// use http::HeaderName;
/// use towergate_stages::Sticky;
///
/// // Two processes that are to agree need the same key.
/// let sticky = Sticky::header(HeaderName::from_static("x-tenant")).with_key(0x1f0e_2d3c_4b5a_6978);
/// ```
#[derive(Clone)]
#[must_use]
pub struct Sticky {
    by: By,
    key: Option<u128>,
}

/// Finds what tells callers apart.
type Extract = Arc<dyn Fn(&Context, &HeaderMap) -> Option<String> + Send + Sync>;

#[derive(Clone)]
enum By {
    ApiKey,
    Closure(Extract),
    Header(HeaderName),
    Principal,
    SourceAddress,
}

impl Sticky {
    const fn new(by: By) -> Self {
        Self { by, key: None }
    }

    /// Tells callers apart by a header; of several the first counts.
    pub const fn header(name: HeaderName) -> Self {
        Self::new(By::Header(name))
    }

    /// Tells callers apart by the principal that an authorizer in front of the stage found.
    pub const fn principal() -> Self {
        Self::new(By::Principal)
    }

    /// Tells callers apart by the id of the API key that a layer in front of the stage accepted.
    pub const fn api_key() -> Self {
        Self::new(By::ApiKey)
    }

    /// Tells callers apart by their address; of IPv6 by its first 64 bits, which is what one subscriber has.
    pub const fn source_address() -> Self {
        Self::new(By::SourceAddress)
    }

    /// Tells callers apart by what a closure makes of a request. `None` where it does not tell.
    pub fn by<F>(extract: F) -> Self
    where
        F: Fn(&Context, &HeaderMap) -> Option<String> + Send + Sync + 'static,
    {
        Self::new(By::Closure(Arc::new(extract)))
    }

    /// Sets the key of the hash. Without one, each service draws its own, and no one can choose the release they get.
    pub const fn with_key(mut self, key: u128) -> Self {
        self.key = Some(key);
        self
    }

    /// Takes the key of `other` if there is none of its own.
    pub const fn or_key_of(mut self, other: &Self) -> Self {
        if self.key.is_none() {
            self.key = other.key;
        }
        self
    }

    /// Draws a key if there is none.
    pub fn keyed(self, random: &dyn Random) -> Self {
        let half = || u128::from(random.next_u64());
        let key = self.key.unwrap_or_else(|| half() << 64 | half());
        self.with_key(key)
    }

    /// Returns whether callers are told apart by what layers in front of the stage find out: the principal, or the API key.
    #[must_use]
    pub const fn needs_identity(&self) -> bool {
        matches!(self.by, By::ApiKey | By::Principal)
    }

    /// Returns what stands in for a draw of [`StageSnapshot::choose`](crate::StageSnapshot::choose), `None` for a request that
    /// does not tell who calls. Without a key, which [`keyed`](Self::keyed) draws, it is what anybody can compute.
    #[must_use]
    pub fn draw(&self, context: &Context, headers: &HeaderMap) -> Option<u64> {
        match &self.by {
            By::ApiKey => Some(self.hash(context.api_key()?.id.as_bytes())),
            By::Closure(extract) => Some(self.hash(extract(context, headers)?.as_bytes())),
            By::Header(name) => Some(self.hash(headers.get(name)?.as_bytes())),
            By::Principal => {
                let identity = context.identity()?;
                let principal = [
                    &identity.principal_id,
                    &identity.user_arn,
                    &identity.cognito_identity_id,
                ];
                let principal = principal.into_iter().find_map(Option::as_deref)?;
                Some(self.hash(principal.as_bytes()))
            }
            By::SourceAddress => Some(match context.source_ip()?.to_canonical() {
                IpAddr::V4(address) => self.hash(&address.octets()),
                IpAddr::V6(address) => {
                    let prefix = (address.to_bits() >> 64) as u64;
                    self.hash(&prefix.to_be_bytes())
                }
            }),
        }
    }

    fn hash(&self, value: &[u8]) -> u64 {
        let key = self.key.unwrap_or_default().to_be_bytes();
        let mut hasher = SipHasher13::new_with_key(&key);
        hasher.write(value);
        hasher.finish()
    }
}

impl PartialEq for Sticky {
    /// Compares what tells callers apart, closures by their place in memory, and keys.
    fn eq(&self, other: &Self) -> bool {
        let is_same = match (&self.by, &other.by) {
            (By::Closure(one), By::Closure(other)) => Arc::ptr_eq(one, other),
            (By::Header(one), By::Header(other)) => one == other,
            (one, other) => mem::discriminant(one) == mem::discriminant(other),
        };
        is_same && self.key == other.key
    }
}

impl fmt::Debug for Sticky {
    /// Says what tells callers apart; the key stays hidden.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by: &dyn fmt::Debug = match &self.by {
            By::ApiKey => &"the API key",
            By::Closure(_) => &"a closure",
            By::Header(name) => name,
            By::Principal => &"the principal",
            By::SourceAddress => &"the source address",
        };
        f.debug_struct("Sticky")
            .field("by", by)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Request};
    use towergate_core::{ApiKeyInfo, Identity, PeerAddress};
    use towergate_testing::FixedRandom;

    use super::*;
    use crate::Percent;

    fn told(note: impl FnOnce(&mut Request<()>)) -> (Context, HeaderMap) {
        let mut request = Request::new(());
        note(&mut request);
        (Context::of(&mut request), request.headers().clone())
    }

    fn from(address: &str) -> (Context, HeaderMap) {
        let address = PeerAddress(address.parse().expect("an address"));
        told(|request| {
            request.extensions_mut().insert(address);
        })
    }

    #[test]
    fn each_way_to_tell_callers_apart_sees_the_caller_and_nothing_else() {
        let tenant = HeaderName::from_static("x-tenant");
        let header = |value: &'static str| {
            told(|request| {
                let value = HeaderValue::from_static(value);
                request.headers_mut().insert("x-tenant", value);
            })
        };
        let principal = |name: &str| {
            let name = Some(name.to_owned());
            told(|request| {
                let mut identity = Identity::default();
                identity.principal_id = name;
                Context::of(request).note_identity(identity);
            })
        };
        let key = |id: &'static str| {
            told(|request| {
                Context::of(request).note_api_key(Arc::new(ApiKeyInfo::new(id, "secret")));
            })
        };
        let closure = Sticky::by(|_, headers| {
            let value = headers.get("x-tenant")?.to_str().ok()?;
            Some(value.to_owned())
        });
        let cases = [
            (
                "header",
                Sticky::header(tenant),
                header("ada"),
                header("ben"),
            ),
            (
                "principal",
                Sticky::principal(),
                principal("ada"),
                principal("ben"),
            ),
            ("api key", Sticky::api_key(), key("ada"), key("ben")),
            ("closure", closure, header("ada"), header("ben")),
            (
                "IPv4",
                Sticky::source_address(),
                from("192.0.2.1:80"),
                from("192.0.2.2:80"),
            ),
            (
                "IPv6",
                Sticky::source_address(),
                from("[2001:db8:0:1::1]:80"),
                from("[2001:db8:0:2::1]:80"),
            ),
        ];
        let nobody = told(|_| {});
        for (name, sticky, ada, ben) in cases {
            let sticky = sticky.keyed(&FixedRandom::new(7));
            let draw = |(context, headers): &(Context, HeaderMap)| sticky.draw(context, headers);
            assert!(draw(&ada).is_some(), "{name}");
            assert_eq!(draw(&ada), draw(&ada), "{name}");
            assert_ne!(draw(&ada), draw(&ben), "{name}");
            assert_eq!(
                draw(&nobody),
                None,
                "{name}: who does not tell is drawn for"
            );
        }
    }

    #[test]
    fn an_ipv6_subscriber_is_one_caller() {
        let sticky = Sticky::source_address().with_key(1);
        let draw = |(context, headers): (Context, HeaderMap)| sticky.draw(&context, &headers);
        let one = draw(from("[2001:db8:0:1::1]:80"));
        assert_eq!(one, draw(from("[2001:db8:0:1:ffff::2]:80")));
    }

    #[test]
    fn raising_the_share_moves_callers_one_way_alone() {
        let sticky = Sticky::by(|_, _| None).with_key(42);
        let percents = [0.0, 1.0, 10.0, 25.0, 50.0, 99.0, 100.0];
        let percents = percents.map(|value| Percent::new(value).expect("a share"));
        let mut taken = [0_u32; 7];
        for caller in 0..10_000_u32 {
            let draw = sticky.hash(&caller.to_be_bytes());
            let is_taken = percents.map(|percent| percent.takes(draw));
            assert!(is_taken.is_sorted(), "caller {caller}: {is_taken:?}");
            for (count, is_taken) in taken.iter_mut().zip(is_taken) {
                *count += u32::from(is_taken);
            }
        }
        for (count, percent) in taken.into_iter().zip(percents) {
            let share = f64::from(count) / 100.0;
            // Four standard deviations at a half are two percent of ten thousand.
            assert!(
                (share - percent.value()).abs() <= 2.0,
                "{share} of {percent}"
            );
        }
    }

    #[test]
    fn the_key_decides_who_is_taken_and_is_not_shown() {
        let sticky = Sticky::api_key().with_key(0xfeed_beef);
        assert_ne!(
            sticky.hash(b"ada"),
            Sticky::api_key().with_key(1).hash(b"ada")
        );
        assert_eq!(format!("{sticky:?}"), r#"Sticky { by: "the API key", .. }"#);
    }
    #[test]
    fn what_tells_callers_apart_is_compared_with_its_key() {
        let tenant = || Sticky::header(HeaderName::from_static("x-tenant"));
        let closure = Sticky::by(|_, _| None);
        let cases = [
            ("the same header", tenant(), tenant(), true),
            ("another key", tenant().with_key(1), tenant(), false),
            (
                "another header",
                tenant(),
                Sticky::header(HeaderName::from_static("x-user")),
                false,
            ),
            ("another way", tenant(), Sticky::source_address(), false),
            ("the same closure", closure.clone(), closure.clone(), true),
            (
                "another closure",
                closure,
                Sticky::by(|_, headers| headers.get("a").map(|_| String::new())),
                false,
            ),
        ];
        for (name, one, other, is_same) in cases {
            assert_eq!(one == other, is_same, "{name}");
        }
        let drawn = tenant().keyed(&FixedRandom::new(7));
        assert_eq!(tenant().or_key_of(&drawn), drawn, "a key is taken over");
        let own = tenant().with_key(1);
        assert_eq!(own.clone().or_key_of(&drawn), own, "unless there is one");
    }
}
