//! Serves over TLS.

#[cfg(test)]
mod tests;

use std::{io, sync::Arc};

use tokio::net::TcpListener;
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use towergate_core::ClientScheme;

use super::{
    LIMITS, serve_within,
    transport::{Socket, Transport},
};
use crate::{Gateway, tls::Certificates};

/// Serves a gateway as [`serve`](super::serve) does, over TLS 1.2 and 1.3.
///
/// A handshake has 10 seconds and counts as a connection. One that fails ends its own connection alone; those that are
/// under way as `shutdown` ends are cut. A client that offers protocols (ALPN) must offer `http/1.1`; none is asked for
/// a certificate. Requests carry [`ClientScheme::Https`]; where proxies are believed, the client's scheme is what they
/// say.
///
/// # Cancel safety
///
/// Dropping the future closes the listener and every connection at once.
///
/// # Examples
///
/// ```
/// use towergate::{Gateway, serve::serve_tls, tls::{Certificate, Certificates}};
///
/// # async fn run(gateway: Gateway) -> Result<(), Box<dyn std::error::Error>> {
/// # let own = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
/// # let (chain, key) = (own.cert.pem(), own.signing_key.serialize_pem());
/// # let ctrl_c = std::future::ready(());
/// let certificates = Certificates::new([Certificate::from_pem(chain, key)?])?;
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// println!("listening on https://{}", listener.local_addr()?);
/// serve_tls(listener, gateway, certificates.clone(), ctrl_c).await;
/// # Ok(())
/// # }
/// # let gateway = Gateway::builder().build().unwrap();
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run(gateway)).unwrap();
/// ```
pub async fn serve_tls(
    listener: TcpListener,
    gateway: Gateway,
    certificates: Certificates,
    shutdown: impl Future<Output = ()>,
) {
    let transport = Tls::new(&certificates);
    serve_within(LIMITS, listener, transport, gateway, shutdown).await;
}

/// TLS on a socket.
#[derive(Clone)]
struct Tls(TlsAcceptor);

impl Tls {
    fn new(certificates: &Certificates) -> Self {
        Self(Arc::new(certificates.server_config()).into())
    }
}

impl Transport for Tls {
    type Stream = TlsStream<Socket>;

    const SCHEME: Option<ClientScheme> = Some(ClientScheme::Https);

    async fn open(&self, socket: Socket) -> io::Result<Self::Stream> {
        self.0.accept(socket).await
    }
}
