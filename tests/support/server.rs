//! Gateways behind real sockets.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use towergate::{Backends, Gateway, Integration};

use crate::{api, gateway_with};

/// Serves a gateway with axum on a port of its own, until the runtime of the test ends.
///
/// # Panics
///
/// Panics if there is no free port.
pub async fn serve(gateway: &Gateway) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound listener");
    let service = gateway.clone().into_make_service();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

/// Serves one integration, for every verb at `/prod`.
///
/// # Panics
///
/// Panics if the integration is refused.
pub async fn serve_one(integration: Integration) -> SocketAddr {
    serve_one_with(Backends::new(), integration).await
}

/// Serves one integration, for every verb at `/prod`, with backends of a test's own.
///
/// # Panics
///
/// Panics if the integration is refused.
pub async fn serve_one_with(backends: Backends, integration: Integration) -> SocketAddr {
    let api = api().any("/", integration).build().expect("an API");
    serve(&gateway_with(backends, api)).await
}
