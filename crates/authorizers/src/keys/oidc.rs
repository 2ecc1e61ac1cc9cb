//! Key sets over HTTP, found through OpenID Connect discovery.

use std::{
    fmt,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::{Either, select};
use http::{Request, StatusCode, Uri, header, uri::Scheme};
use serde_json::Value;
use towergate_client::{Client, TokioTimer};
use towergate_core::{
    Body, BoxError, BoxFuture, Clock, KeySource, KeySourceError, SystemClock, Timer,
};

use super::KeySet;
use crate::strict_json;

/// How long one request to an issuer may take.
const TIMEOUT: Duration = Duration::from_millis(1500);

/// Fetches the key set of an issuer over HTTP, on tokio.
///
/// A request takes at most 1500 ms, an answer has at most 150 000 bytes and the status 200: redirects are not followed.
/// Where the keys are is remembered until they are no longer there. By default only `https` is used, and only to
/// [public addresses](towergate_client::is_public_address), whatever a name resolves to.
///
/// A fetch that was begun goes on though nobody waits for it.
///
/// # Examples
///
/// ```
/// use towergate_authorizers::keys::{CachedKeys, OidcKeySource};
///
/// let keys = CachedKeys::new(OidcKeySource::discover("https://id.example.com/tenant")?);
/// # Ok::<(), towergate_authorizers::keys::OidcKeySourceError>(())
/// ```
#[derive(Debug, Clone)]
pub struct OidcKeySource(Arc<Fetcher>);

#[derive(Clone)]
struct Fetcher {
    place: Place,
    policy: Policy,
    client: Client,
    clock: Arc<dyn Clock>,
    timer: Arc<dyn Timer>,
    /// What discovery found.
    jwks_uri: Arc<Mutex<Option<Uri>>>,
}

#[derive(Debug, Clone)]
enum Place {
    Discovery { issuer: String, document: Uri },
    KeySet(Uri),
}

#[derive(Debug, Clone, Copy, Default)]
struct Policy {
    allow_http: bool,
    allow_private: bool,
}

impl OidcKeySource {
    /// Creates a source that reads `{issuer}/.well-known/openid-configuration`, which must name the same issuer, and then
    /// its `jwks_uri`.
    ///
    /// # Errors
    ///
    /// Returns an [`OidcKeySourceError`] if `issuer` is no absolute `http` or `https` URL, or has user information, a query
    /// or a fragment.
    pub fn discover(issuer: &str) -> Result<Self, OidcKeySourceError> {
        parse_url(issuer)?;
        if issuer.contains('?') {
            return Err(OidcKeySourceError(issuer.to_owned()));
        }
        // OpenID Connect Discovery 1.0, section 4.1: without the slash that it may end with.
        let base = issuer.strip_suffix('/').unwrap_or(issuer);
        let document = parse_url(&format!("{base}/.well-known/openid-configuration"))?;
        let issuer = issuer.to_owned();
        Ok(Self::new(Place::Discovery { issuer, document }))
    }

    /// Creates a source that reads the key set at `url`.
    ///
    /// # Errors
    ///
    /// Returns an [`OidcKeySourceError`] as [`discover`](Self::discover) does, but a query is allowed.
    pub fn key_set_at(url: &str) -> Result<Self, OidcKeySourceError> {
        Ok(Self::new(Place::KeySet(parse_url(url)?)))
    }

    fn new(place: Place) -> Self {
        Self(Arc::new(Fetcher {
            place,
            policy: Policy::default(),
            client: Client::public_only(),
            clock: Arc::new(SystemClock),
            timer: Arc::new(TokioTimer),
            jwks_uri: Arc::default(),
        }))
    }

    /// Lets `http` be used too, on which anybody in between can put keys of their own.
    #[must_use]
    pub fn allow_http(mut self) -> Self {
        Arc::make_mut(&mut self.0).policy.allow_http = true;
        self
    }

    /// Lets private, local and loopback addresses be connected to.
    #[must_use]
    pub fn allow_private(mut self) -> Self {
        let fetcher = Arc::make_mut(&mut self.0);
        fetcher.policy.allow_private = true;
        fetcher.client = Client::new();
        self
    }

    /// Tells and waits for time by others than the system's clock.
    #[must_use]
    pub fn with_time(mut self, clock: impl Clock, timer: impl Timer) -> Self {
        let fetcher = Arc::make_mut(&mut self.0);
        fetcher.clock = Arc::new(clock);
        fetcher.timer = Arc::new(timer);
        self
    }
}

impl KeySource for OidcKeySource {
    fn key_set(&self) -> BoxFuture<'_, Result<Bytes, KeySourceError>> {
        let fetcher = Arc::clone(&self.0);
        Box::pin(async move {
            // On a task of its own, since whoever asks may not wait. It ends by its deadlines.
            let fetch = tokio::spawn(async move { fetcher.key_set().await });
            let ended = fetch.await;
            ended.unwrap_or_else(|error| Err(KeySourceError::KeySet(error.into())))
        })
    }
}

impl Fetcher {
    async fn key_set(&self) -> Result<Bytes, KeySourceError> {
        let uri = match &self.place {
            Place::KeySet(uri) => uri.clone(),
            Place::Discovery { issuer, document } => match self.remembered() {
                Some(uri) => uri,
                None => self
                    .discover(issuer, document)
                    .await
                    .map_err(KeySourceError::Discovery)?,
            },
        };
        let fetched = self.get(uri).await;
        if fetched.is_err() {
            self.remember(None);
        }
        fetched.map_err(KeySourceError::KeySet)
    }

    async fn discover(&self, issuer: &str, document: &Uri) -> Result<Uri, BoxError> {
        let text = self.get(document.clone()).await?;
        let members = strict_json::parse_object(&text)?;
        let named = members.get("issuer").and_then(Value::as_str);
        if named != Some(issuer) {
            return Err("the document is of another issuer".into());
        }
        let uri = members.get("jwks_uri").and_then(Value::as_str);
        let uri = parse_url(uri.ok_or("the document has no `jwks_uri`")?)?;
        self.remember(Some(uri.clone()));
        Ok(uri)
    }

    /// Reads a document of at most [`KeySet::MAX_BYTES`] within [`TIMEOUT`].
    async fn get(&self, uri: Uri) -> Result<Bytes, BoxError> {
        if uri.scheme() != Some(&Scheme::HTTPS) && !self.policy.allow_http {
            return Err(format!("`{uri}` is not `https`").into());
        }
        let request = Request::get(uri)
            .header(header::ACCEPT, "application/json")
            .body(Body::empty())?;
        let answer = pin!(async {
            let response = self.client.send(request).await?;
            if response.status() != StatusCode::OK {
                return Err(BoxError::from(format!(
                    "the status is {}",
                    response.status()
                )));
            }
            Ok(response.into_body().collect(KeySet::MAX_BYTES).await?)
        });
        let deadline = self.clock.now().saturating_add(TIMEOUT);
        match select(answer, self.timer.sleep_until(deadline)).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => Err(format!("no answer within {TIMEOUT:?}").into()),
        }
    }

    fn remembered(&self) -> Option<Uri> {
        let uri = self.jwks_uri.lock();
        uri.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, uri: Option<Uri>) {
        let mut remembered = self.jwks_uri.lock().unwrap_or_else(PoisonError::into_inner);
        *remembered = uri;
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetcher")
            .field("place", &self.place)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

fn parse_url(url: &str) -> Result<Uri, OidcKeySourceError> {
    let error = || OidcKeySourceError(url.to_owned());
    let uri: Uri = url.parse().map_err(|_| error())?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    // `Uri` drops a fragment without a word.
    if !is_http || authority.is_empty() || authority.contains('@') || url.contains('#') {
        return Err(error());
    }
    Ok(uri)
}

/// A text that is no URL of an issuer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no absolute `http` or `https` URL, or has more than one of an issuer may have")]
pub struct OidcKeySourceError(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s10_an_issuer_is_an_absolute_url_and_nothing_more() {
        let cases = [
            ("https://id.example.com", true),
            ("https://id.example.com/tenant/", true),
            ("http://127.0.0.1:8080/realm", true),
            ("id.example.com", false),
            ("/tenant", false),
            ("", false),
            ("https://", false),
            ("ftp://id.example.com", false),
            ("file:///etc/passwd", false),
            ("https://user@id.example.com", false),
            ("https://id.example.com/#x", false),
            ("https://id.example.com/a b", false),
        ];
        assert!(OidcKeySource::discover("https://id.example.com?x=1").is_err());
        assert!(OidcKeySource::key_set_at("https://id.example.com/keys?p=1").is_ok());
        for (url, expected) in cases {
            assert_eq!(OidcKeySource::discover(url).is_ok(), expected, "{url:?}");
            assert_eq!(OidcKeySource::key_set_at(url).is_ok(), expected, "{url:?}");
        }
    }
}
