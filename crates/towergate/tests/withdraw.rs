//! The time between not being ready and the end.

use std::{
    pin::pin,
    task::{Context, Waker},
    time::Duration,
};

use http::Request;
use tower::ServiceExt as _;
use towergate::{Backends, Gateway, Integration, RestApi, StageSettings};
use towergate_testing::FakeClock;

fn gateway(clock: &FakeClock) -> Gateway {
    let api = RestApi::builder("pets").get("/pets", Integration::mock(200));
    Gateway::builder()
        .backends(Backends::new().with_time(clock.clone(), clock.clone()))
        .api("pets", api.build().expect("a good API"))
        .stage("pets", StageSettings::new("prod"))
        .build()
        .expect("a good gateway")
}

async fn ready(gateway: &Gateway) -> u16 {
    let request = Request::get("/ready").body(()).expect("a request");
    let response = gateway.admin().oneshot(request).await;
    response.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn a_gateway_is_not_ready_from_the_beginning_of_the_pause_and_answers_on() {
    let cases = [
        ("no pause", 0),
        ("a millisecond", 1),
        ("the longest", 600_000),
    ];
    for (name, millis) in cases {
        let clock = FakeClock::default();
        let gateway = gateway(&clock);
        assert_eq!(ready(&gateway).await, 200, "{name}");

        let mut withdrawn = pin!(gateway.withdraw(Duration::from_millis(millis)));
        let mut is_over = || {
            let mut cx = Context::from_waker(Waker::noop());
            withdrawn.as_mut().poll(&mut cx).is_ready()
        };
        if millis == 0 {
            assert!(is_over(), "{name}");
            assert_eq!(ready(&gateway).await, 503, "{name}");
            continue;
        }
        assert!(!is_over(), "{name}");
        assert_eq!(ready(&gateway).await, 503, "{name}");
        let request = Request::get("/prod/pets").body(towergate::Body::empty());
        let answer = gateway.answer(request.expect("a request")).await;
        assert_eq!(answer.status(), 200, "{name}");

        clock.advance(Duration::from_millis(millis - 1));
        assert!(!is_over(), "{name}: a millisecond is left");
        clock.advance(Duration::from_millis(1));
        assert!(is_over(), "{name}");
    }
}
