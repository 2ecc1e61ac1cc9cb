//! Opens connections, and tells "nobody is there" apart from "the network broke".

use std::{
    error::Error,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_util::{
    client::legacy::connect::{
        HttpConnector,
        dns::{GaiResolver, Name},
    },
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tower_service::Service;

use towergate_core::BoxError;

use crate::is_public_address;

/// How long opening a connection may take, whatever the integration's own timeout.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The host has no address, or nobody listens there.
#[derive(Debug, thiserror::Error)]
#[error("no connection to the backend")]
pub(crate) struct Unreachable(#[source] BoxError);

/// A host that only has addresses which no connection may be opened to.
#[derive(Debug, thiserror::Error)]
#[error("the host has no public address")]
struct NotPublic;

/// Opens TCP connections.
#[derive(Clone)]
pub(crate) struct TcpConnector {
    connector: HttpConnector<Resolver>,
    public_only: bool,
}

impl TcpConnector {
    /// Creates a connector, for public addresses alone if `public_only`.
    pub(crate) fn new(public_only: bool) -> Self {
        let mut connector = HttpConnector::new_with_resolver(Resolver {
            resolver: GaiResolver::new(),
            public_only,
        });
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        Self {
            connector,
            public_only,
        }
    }

    /// A host that is written as an address is never resolved, so it is judged here.
    fn allows(&self, uri: &Uri) -> bool {
        let host = uri.host().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        !self.public_only || address.parse::<IpAddr>().map_or(true, is_public_address)
    }
}

impl Service<Uri> for TcpConnector {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        if !self.allows(&uri) {
            return Box::pin(async { Err(Unreachable(NotPublic.into()).into()) });
        }
        let connecting = self.connector.call(uri);
        Box::pin(async move {
            connecting.await.map_err(|error| match io_kind(&error) {
                Some(io::ErrorKind::TimedOut) => BoxError::from(error),
                _ => Unreachable(error.into()).into(),
            })
        })
    }
}

/// Looks up the addresses of a host, and drops those that are not public if asked to: what is connected to is what was
/// judged, whatever the name resolves to later.
#[derive(Clone)]
struct Resolver {
    resolver: GaiResolver,
    public_only: bool,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.resolver.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (resolving, public_only) = (self.resolver.call(name), self.public_only);
        Box::pin(async move {
            let mut addresses: Vec<_> = resolving.await?.collect();
            addresses.retain(|address| !public_only || is_public_address(address.ip()));
            if public_only && addresses.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(addresses.into_iter())
        })
    }
}

fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    std::iter::successors(Some(error), |error| (*error).source())
        .find_map(|error| error.downcast_ref::<io::Error>())
        .map(io::Error::kind)
}
