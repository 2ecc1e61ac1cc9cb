//! Opens connections, and tells "nobody is there" apart from "the network broke".

use std::{
    error::Error,
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use tokio::net::TcpStream;
use tower_service::Service;

use towergate_core::BoxError;

/// How long opening a connection may take, whatever the integration's own timeout.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The host has no address, or nobody listens there.
#[derive(Debug, thiserror::Error)]
#[error("no connection to the backend")]
pub(crate) struct Unreachable(#[source] BoxError);

/// Opens TCP connections.
#[derive(Debug, Clone)]
pub(crate) struct TcpConnector(HttpConnector);

impl TcpConnector {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        Self(connector)
    }
}

impl Service<Uri> for TcpConnector {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.0.call(uri);
        Box::pin(async move {
            connecting.await.map_err(|error| match io_kind(&error) {
                Some(io::ErrorKind::TimedOut) => BoxError::from(error),
                _ => Unreachable(error.into()).into(),
            })
        })
    }
}

fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    std::iter::successors(Some(error), |error| (*error).source())
        .find_map(|error| error.downcast_ref::<io::Error>())
        .map(io::Error::kind)
}
