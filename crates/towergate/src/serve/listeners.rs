//! What a configuration listens on.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use towergate_definition::Place;

#[cfg(feature = "rustls")]
use super::serve_tls;
use super::{serve, serve_admin};
#[cfg(feature = "rustls")]
use crate::tls::Certificates;
use crate::{
    Gateway,
    config::{Finding, Loaded},
};

/// The listeners of a configuration, bound.
pub(super) struct Listeners {
    plain: TcpListener,
    admin: Option<TcpListener>,
    #[cfg(feature = "rustls")]
    tls: Option<(TcpListener, Certificates)>,
}

impl Listeners {
    /// Binds every listener, and notes in the configuration where each is: port 0 is any.
    pub(super) async fn bind(loaded: &mut Loaded) -> Result<Self, Finding> {
        let (plain, address) = bind(loaded, "listen", loaded.listen).await?;
        loaded.listen = address;
        let mut admin = None;
        if let Some(told) = loaded.admin {
            let (listener, address) = bind(loaded, "admin", told).await?;
            loaded.admin = Some(address);
            admin = Some(listener);
        }
        Ok(Self {
            plain,
            admin,
            #[cfg(feature = "rustls")]
            tls: bind_tls(loaded).await?,
        })
    }

    /// Serves on all of them. Ends once `stopped` does and the requests in flight have ended; until then operators are
    /// answered.
    pub(super) async fn serve<F: Future<Output = ()>>(
        self,
        gateway: &Gateway,
        stopped: impl Fn() -> F,
    ) {
        let servers = serve(self.plain, gateway.clone(), stopped());
        #[cfg(feature = "rustls")]
        let servers = async {
            let secure = async {
                if let Some((listener, certificates)) = self.tls {
                    serve_tls(listener, gateway.clone(), certificates, stopped()).await;
                }
            };
            tokio::join!(servers, secure);
        };
        let admin = async {
            match self.admin {
                Some(listener) => serve_admin(listener, gateway.admin()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = servers => {}
            () = admin => {}
        }
    }
}

/// Binds the listener for TLS, and returns it with its certificates.
#[cfg(feature = "rustls")]
async fn bind_tls(loaded: &mut Loaded) -> Result<Option<(TcpListener, Certificates)>, Finding> {
    let Some(told) = loaded.tls.as_ref().map(|tls| tls.listen) else {
        return Ok(None);
    };
    let (listener, address) = bind(loaded, "tls", told).await?;
    Ok(loaded.tls.as_mut().map(|tls| {
        tls.listen = address;
        (listener, tls.certificates.clone())
    }))
}

/// Binds a listener, and says where it is.
async fn bind(
    loaded: &Loaded,
    key: &str,
    address: SocketAddr,
) -> Result<(TcpListener, SocketAddr), Finding> {
    let listener = TcpListener::bind(address).await;
    let bound = listener.and_then(|listener| {
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|error| {
        let message = format!("cannot listen on `{address}`: {error}");
        loaded.error(Place::root().key(key), message)
    })
}
