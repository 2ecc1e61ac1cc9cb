//! A gateway in an axum server.

use std::net::SocketAddr;

use axum::{
    Router,
    extract::{ConnectInfo, connect_info::IntoMakeServiceWithConnectInfo},
};
use http::Request;

use crate::{Gateway, PeerAddress};

impl Gateway {
    /// Returns a router that answers everything with this gateway, to be served or merged as any other.
    ///
    /// The client's address comes from axum's `ConnectInfo`, where the server notes it.
    pub fn into_router(self) -> Router {
        Router::new().fallback_service(self)
    }

    /// Returns a service for `axum::serve` that knows the clients' addresses.
    pub fn into_make_service(self) -> IntoMakeServiceWithConnectInfo<Router, SocketAddr> {
        let router = self.into_router();
        router.into_make_service_with_connect_info::<SocketAddr>()
    }
}

/// Notes in towergate's terms what axum knows of the connection.
pub(crate) fn with_peer<B>(mut request: Request<B>) -> Request<B> {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
        let peer = PeerAddress(*peer);
        request.extensions_mut().insert(peer);
    }
    request
}
