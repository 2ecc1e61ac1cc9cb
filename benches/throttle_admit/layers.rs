//! Layers around a service.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use axum::{body::Body, extract::ConnectInfo};
use http::{Request, Response};
use tower_governor::{GovernorLayer, governor::GovernorConfigBuilder};
use tower_layer::Layer;
use tower_service::Service;
use towergate_benches::timing::{median, seconds};
use towergate_core::PeerAddress;
use towergate_throttling::ThrottleLayer;

use crate::{BURST, random, rate};

/// A service that is always ready with an answer.
#[derive(Clone)]
struct Answer;

impl Service<Request<Body>> for Answer {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        std::future::ready(Ok(Response::new(Body::empty())))
    }
}

/// Polls what is ready at once.
fn now<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing here waits"),
    }
}

/// Layers around the same service, for a thousand source addresses.
pub(crate) fn race(rounds: usize, count: usize) {
    let config = GovernorConfigBuilder::default()
        .per_nanosecond(1)
        .burst_size(BURST)
        .finish();
    let config = Arc::new(config.expect("the settings are well formed"));
    let mut theirs = GovernorLayer::new(config).layer(Answer);
    let mut ours = ThrottleLayer::new(rate()).layer(Answer);
    let mut bare = Answer;
    let addresses: Vec<_> = (0..count as u64)
        .map(|place| {
            let caller = random(place) % 1_000;
            let address = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | caller as u32));
            SocketAddr::new(address, 1)
        })
        .collect();
    let request = |address: &SocketAddr| {
        let mut request = Request::new(Body::empty());
        request.extensions_mut().insert(ConnectInfo(*address));
        request.extensions_mut().insert(PeerAddress(*address));
        request
    };
    let mut round = || {
        let mut times = [0.0; 3];
        times[0] = seconds(|| {
            for address in &addresses {
                assert!(
                    now(bare.call(request(address))).is_ok_and(|answer| answer.status() == 200)
                );
            }
        });
        times[1] = seconds(|| {
            for address in &addresses {
                assert!(
                    now(theirs.call(request(address))).is_ok_and(|answer| answer.status() == 200)
                );
            }
        });
        times[2] = seconds(|| {
            for address in &addresses {
                assert!(
                    now(ours.call(request(address))).is_ok_and(|answer| answer.status() == 200)
                );
            }
        });
        times.map(|time| time * 1e9 / addresses.len() as f64)
    };
    let rounds: Vec<_> = (0..rounds).map(|_| round()).collect();
    println!("layers by source address, 1000 callers, above a service without one:");
    for (index, name) in [(1, "tower_governor"), (2, "ThrottleLayer")] {
        let nanos = median(rounds.iter().map(|round| round[index] - round[0]));
        let ratio = median(
            rounds
                .iter()
                .map(|round| (round[index] - round[0]) / (round[1] - round[0])),
        );
        println!("  {name:<42}{nanos:>9.1}   to tower_governor {ratio:>6.2}");
    }
}
