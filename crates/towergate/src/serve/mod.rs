//! A server for a gateway: HTTP/1.1 on a listener, until it is told to stop.
//!
//! [`serve`] is the server, [`main`] a whole program around it.
//!
//! ```
//! use towergate::{Body, Gateway, InProcess, RestApi, StageSettings, serve::serve};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let rex = tower::service_fn(async |_: http::Request<Body>| {
//!     Ok::<_, std::convert::Infallible>(http::Response::new(Body::from("Rex")))
//! });
//! let pets = RestApi::builder("pets").get("/pets/{id}", InProcess::new(rex)).build()?;
//! let gateway = Gateway::builder().api("pets", pets).stage("pets", StageSettings::new("prod")).build()?;
//!
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! println!("listening on http://{}", listener.local_addr()?);
//! # let ctrl_c = std::future::ready(());
//! serve(listener, gateway, ctrl_c).await;
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run()).unwrap();
//! ```

mod body_framing;
mod files;
mod follow;
mod head_tap;
mod listeners;
mod program;
mod signals;
#[cfg(feature = "rustls")]
mod tls;
mod transport;
mod write_timeout;

#[cfg(test)]
mod tests;

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};
use tower_service::Service;
use towergate_core::{Body, ClientScheme, PeerAddress};

use crate::{Admin, Gateway};

use self::{
    head_tap::HeadTap,
    transport::{Plain, Transport},
    write_timeout::WriteTimeout,
};

pub use program::main;
#[cfg(feature = "rustls")]
pub use tls::serve_tls;

/// How long no connection is accepted after the system had no means for one, such as a file descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The most bytes of a request head, and about as many of a body that nobody reads yet. More than the gateway's own
/// limits for the request target and the headers, so that those are answered by it.
const MAX_BUFFER_BYTES: usize = 64 * 1024;

/// What a server spends at most.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Connections at a time; more wait to be accepted.
    connections: usize,
    /// How long a handshake may take.
    handshake: Duration,
    /// How long a client may take for a request head, the time between two requests included.
    head: Duration,
    /// How long a client may take nothing of an answer.
    write: Duration,
    /// How long requests may take to end once the server is told to stop.
    drain: Duration,
}

const LIMITS: Limits = Limits {
    connections: 10_000,
    handshake: Duration::from_secs(10),
    head: Duration::from_secs(60),
    write: Duration::from_secs(60),
    // Longer than an integration takes unless its definition says otherwise.
    drain: Duration::from_secs(30),
};

/// Serves a gateway over HTTP/1.1 until `shutdown` ends, and then until the requests in flight are answered.
///
/// Requests carry the [`PeerAddress`] of their connection, and their header names [as the client spelled
/// them](towergate_core::OriginalHeaderNames). At most 10 000 connections are open at a time, further ones wait to be
/// accepted. A connection is closed that brings no complete request head, of at most 64 KiB and 100 headers, within 60
/// seconds, or whose client takes nothing of an answer for as long. Requests that are in flight as `shutdown` ends have
/// 30 seconds; then their connections are cut.
///
/// # Cancel safety
///
/// Dropping the future closes the listener and every connection at once.
pub async fn serve(listener: TcpListener, gateway: Gateway, shutdown: impl Future<Output = ()>) {
    serve_within(LIMITS, listener, Plain, gateway, shutdown).await;
}

/// Serves operators, until the future is dropped.
async fn serve_admin(listener: TcpListener, admin: Admin) {
    let limits = Limits {
        connections: 100,
        ..LIMITS
    };
    serve_within(limits, listener, Plain, admin, std::future::pending()).await;
}

async fn serve_within<T, S>(
    limits: Limits,
    listener: TcpListener,
    transport: T,
    service: S,
    shutdown: impl Future<Output = ()>,
) where
    T: Transport,
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
{
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(limits.connections));
    // Dropped with this future, which cuts whatever connection is left.
    let (alive, _) = watch::channel(());
    // Dropped once no connection is accepted any more.
    let (accepting, _) = watch::channel(());
    let mut shutdown = pin!(shutdown);
    loop {
        let (slot, stream, peer) = tokio::select! {
            accepted = accept(&listener, &slots) => accepted,
            () = &mut shutdown => break,
        };
        let (transport, service) = (transport.clone(), service.clone());
        let watcher = graceful.watcher();
        let (mut stopped, mut cut) = (accepting.subscribe(), alive.subscribe());
        tokio::spawn(async move {
            let _slot = slot;
            // Small responses must not wait for more; a socket that refuses is slower, and no worse.
            let _ = stream.set_nodelay(true);
            // Beneath TLS, where each write that gets on is seen.
            let socket = WriteTimeout::new(stream, limits.write);
            let opened = tokio::select! {
                biased;
                opened = timeout(limits.handshake, transport.open(socket)) => opened,
                // Without a handshake there is no request to wait for.
                _ = stopped.changed() => return,
            };
            let Ok(Ok(stream)) = opened else { return };
            let connection = connection(limits, stream, peer, T::SCHEME, service);
            let connection = watcher.watch(connection);
            tokio::select! {
                // How a connection fails is between its client and hyper.
                _ = connection => {}
                _ = cut.changed() => {}
            }
        });
    }
    // New connections are refused from here on, rather than left waiting.
    drop(listener);
    drop(accepting);
    let _ = timeout(limits.drain, graceful.shutdown()).await;
}

/// Accepts a connection as soon as there is a slot for it.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (Option<OwnedSemaphorePermit>, TcpStream, SocketAddr) {
    // The semaphore is never closed, which is the only way to fail.
    let slot = Arc::clone(slots).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (slot, stream, peer),
            Err(error) if is_of_connection(&error) => {}
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Tells whether accepting failed for the one connection alone.
fn is_of_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}

fn connection<I, S>(
    limits: Limits,
    stream: I,
    peer: SocketAddr,
    scheme: Option<ClientScheme>,
    service: S,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    I: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let socket = HeadTap::new(stream);
    let heads = socket.heads();
    let answer = service_fn(move |mut request: Request<Incoming>| {
        if let Some(names) = heads.names(&request) {
            request.extensions_mut().insert(names);
        }
        request.extensions_mut().insert(PeerAddress(peer));
        if let Some(scheme) = scheme {
            request.extensions_mut().insert(scheme);
        }
        // Both services of this crate are always ready.
        service.clone().call(request.map(Body::new))
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(MAX_BUFFER_BYTES)
        .serve_connection(TokioIo::new(socket), answer)
}
