//! A gateway in an axum server.

use std::net::SocketAddr;

use axum::{
    Router,
    extract::{ConnectInfo, Request, connect_info::IntoMakeServiceWithConnectInfo},
    middleware::{Next, from_fn},
};

use crate::{Gateway, PeerAddress};

impl Gateway {
    /// Returns a router that answers everything with this gateway, to be served or merged as any other.
    ///
    /// The client's address comes from axum's `ConnectInfo`, where the server notes it.
    pub fn into_router(self) -> Router {
        Router::new().fallback_service(self).layer(from_fn(
            async |mut request: Request, next: Next| {
                if let Some(ConnectInfo(peer)) =
                    request.extensions().get::<ConnectInfo<SocketAddr>>()
                {
                    let peer = PeerAddress(*peer);
                    request.extensions_mut().insert(peer);
                }
                next.run(request).await
            },
        ))
    }

    /// Returns a service for `axum::serve` that knows the clients' addresses.
    pub fn into_make_service(self) -> IntoMakeServiceWithConnectInfo<Router, SocketAddr> {
        self.into_router()
            .into_make_service_with_connect_info::<SocketAddr>()
    }
}
