//! The client, and what can go wrong with a backend.

use std::{error::Error, fmt, time::Duration};

use http::{Request, Response};
use hyper_util::{
    client::legacy::{self, Client as HyperClient},
    rt::{TokioExecutor, TokioTimer},
};
use towergate_core::{Body, BodyError, BoxError};

use crate::connector::{TcpConnector, Unreachable};

#[cfg(not(feature = "rustls"))]
type Connector = TcpConnector;
#[cfg(feature = "rustls")]
type Connector = hyper_rustls::HttpsConnector<TcpConnector>;

/// How long a connection is kept for the next request.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// How many unused connections are kept for one host.
const POOL_MAX_IDLE_PER_HOST: usize = 256;

/// Sends requests to backends over a pool of HTTP/1.1 connections. Clones share the pool.
///
/// A host keeps at most 256 unused connections, each for at most a minute. Opening a connection takes at most
/// ten seconds; how long an answer may take is up to the caller. Dropping a request's future cancels it. Redirects
/// are not followed.
#[derive(Clone)]
pub struct Client(HyperClient<Connector, Body>);

impl Client {
    /// Creates a client with an empty pool.
    #[must_use]
    pub fn new() -> Self {
        Self::with_connector(TcpConnector::new(false))
    }

    /// Creates a client, with an empty pool, that opens connections to [public addresses](crate::is_public_address)
    /// alone. A host that has no other is [unreachable](ClientError::Unreachable).
    #[must_use]
    pub fn public_only() -> Self {
        Self::with_connector(TcpConnector::new(true))
    }

    fn with_connector(tcp: TcpConnector) -> Self {
        let client = HyperClient::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .pool_max_idle_per_host(POOL_MAX_IDLE_PER_HOST)
            .build(connector(tcp));
        Self(client)
    }

    /// Returns whether backends with this URI scheme can be reached: `http`, and `https` with the feature `rustls`.
    #[must_use]
    pub fn serves_scheme(scheme: &str) -> bool {
        scheme.eq_ignore_ascii_case("http")
            || (cfg!(feature = "rustls") && scheme.eq_ignore_ascii_case("https"))
    }

    /// Sends a request and returns the head of the answer; its body streams.
    ///
    /// # Errors
    ///
    /// Returns a [`ClientError`] that says whose fault it was.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future aborts the request and closes its connection.
    pub async fn send(&self, request: Request<Body>) -> Result<Response<Body>, ClientError> {
        match self.0.request(request).await {
            Ok(response) => Ok(response.map(Body::new)),
            Err(error) => Err(ClientError::new(error)),
        }
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

#[cfg(not(feature = "rustls"))]
fn connector(tcp: TcpConnector) -> Connector {
    tcp
}

#[cfg(feature = "rustls")]
fn connector(tcp: TcpConnector) -> Connector {
    // Named, so that neither the process-wide provider nor another crate's choice of one matters.
    let provider = rustls::crypto::ring::default_provider();
    hyper_rustls::HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(provider)
        .expect("ring has the default versions of TLS")
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp)
}

/// Why a backend gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The connection broke, or what came over it was no HTTP.
    #[error("the connection to the backend broke")]
    Network(#[source] BoxError),
    /// The request's body broke off while it was sent.
    #[error("the request body cannot be read to its end")]
    RequestBroken(#[source] BoxError),
    /// The request's body went over its limit while it was sent.
    #[error("the request body is larger than allowed")]
    RequestTooLarge,
    /// The backend's host has no address, or refuses connections.
    #[error("the backend cannot be reached")]
    Unreachable(#[source] BoxError),
}

impl ClientError {
    fn new(error: legacy::Error) -> Self {
        let causes = std::iter::successors(error.source(), |error| (*error).source());
        let is_unreachable = causes.clone().any(<dyn Error>::is::<Unreachable>);
        let is_broken = causes
            .filter_map(|cause| cause.downcast_ref())
            .any(hyper::Error::is_user);
        if BodyError::is_too_large(&error) {
            Self::RequestTooLarge
        } else if is_unreachable {
            Self::Unreachable(error.into())
        } else if is_broken {
            Self::RequestBroken(error.into())
        } else {
            Self::Network(error.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    async fn send_to(
        address: std::net::SocketAddr,
        body: Body,
    ) -> Result<Response<Body>, ClientError> {
        let request = Request::post(format!("http://{address}/"))
            .body(body)
            .unwrap();
        Client::new().send(request).await
    }

    /// Accepts one connection, reads a little and answers with `bytes`.
    async fn backend(bytes: &'static [u8]) -> std::net::SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut head = [0; 1024];
            let _ = socket.read(&mut head).await;
            let _ = socket.write_all(bytes).await;
        });
        address
    }

    fn poll_once<F: Future>(future: F) -> Option<F::Output> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::pin!(future).poll(&mut context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn each_failure_has_its_own_error() {
        let closed = TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap();
        assert!(matches!(
            send_to(closed, Body::empty()).await,
            Err(ClientError::Unreachable(_))
        ));

        for (name, bytes) in [
            ("nothing", &b""[..]),
            ("no HTTP", b"what?\r\n\r\n"),
            ("half a head", b"HTTP/1.1 200"),
        ] {
            let answer = send_to(backend(bytes).await, Body::empty()).await;
            assert!(
                matches!(answer, Err(ClientError::Network(_))),
                "{name}: {answer:?}"
            );
        }

        let body = Body::from("abc").limited(2);
        assert!(matches!(
            send_to(backend(b"").await, body).await,
            Err(ClientError::RequestTooLarge)
        ));
    }

    #[tokio::test]
    async fn s10_a_client_for_public_addresses_opens_no_other_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in [
            "127.0.0.1",
            "localhost",
            "127.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
        ] {
            let request = Request::get(format!("http://{host}:{port}/"))
                .body(Body::empty())
                .unwrap();
            let answer = Client::public_only().send(request).await;
            assert!(
                matches!(answer, Err(ClientError::Unreachable(_))),
                "{host}: {answer:?}"
            );
        }
        let connected = poll_once(listener.accept());
        assert!(connected.is_none(), "a connection was opened");
    }

    #[tokio::test]
    async fn an_answer_streams() {
        let address = backend(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok").await;
        let response = send_to(address, Body::from("hello")).await.unwrap();
        assert_eq!(response.status(), 201);
        assert_eq!(response.into_body().collect(10).await.unwrap(), "ok");
    }
}
