//! Release a version of an app to some of its callers, have it watched, and see a good one promoted and a bad one rolled
//! back: `cargo run --example canary`. It sends the requests itself, on a clock that runs ahead, and ends.

use std::{
    collections::BTreeMap,
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::StatusCode,
    routing::get,
};
use http::Request;
use tower::ServiceExt;
use towergate_core::{Clock, Random};
use towergate_stages::{
    CanarySettings, GuardSettings, NewDeployment, Percent, StageHandle, StageInfo, StageService,
    Stages, Timestamp,
};

/// Time as the example lets it pass: ten requests a second.
#[derive(Clone, Default)]
struct Fast(Arc<AtomicU64>);

impl Fast {
    fn pass(&self, time: Duration) {
        self.0.fetch_add(time.as_millis() as u64, Ordering::Relaxed);
    }
}

impl Clock for Fast {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::Relaxed))
    }
}

/// Chance that is the same in every run.
#[derive(Default)]
struct Repeated(AtomicU64);

impl Random for Repeated {
    fn next_u64(&self) -> u64 {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        // The fractions of multiples of the golden ratio are spread evenly.
        number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// An app that names its version, and fails once in so many requests.
fn app(version: &'static str, fails_once_in: u64) -> Router {
    let requests = Arc::new(AtomicU64::new(0));
    let answer = async move || {
        let number = requests.fetch_add(1, Ordering::Relaxed) + 1;
        if number.is_multiple_of(fails_once_in) {
            (StatusCode::BAD_GATEWAY, version)
        } else {
            (StatusCode::OK, version)
        }
    };
    Router::new().route("/pets", get(answer))
}

/// Sends requests for so long, and prints how many each version answered.
async fn send(
    prod: &StageHandle<Router>,
    clock: &Fast,
    minutes: u64,
) -> Result<(), Box<dyn Error>> {
    let stage = StageService::new(prod.clone());
    let mut answers = BTreeMap::new();
    for _ in 0..minutes * 60 * 10 {
        clock.pass(Duration::from_millis(100));
        let request = Request::get("/pets").body(Body::empty())?;
        let body = stage.clone().oneshot(request).await?.into_body();
        let answer = to_bytes(Body::new(body), 1_024).await?;
        let version = String::from_utf8_lossy(&answer).into_owned();
        *answers.entry(version).or_insert(0) += 1;
    }
    println!("  {minutes} minutes: {answers:?}");
    Ok(())
}

fn guard(prod: &StageHandle<Router>) -> Result<(), Box<dyn Error>> {
    let settings = GuardSettings::default().bake_time(Duration::from_secs(300));
    prod.guard(settings, |decision| println!("  {decision}"))?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let clock = Fast::default();
    let api = Stages::builder(StageInfo::new("pets", ""))
        .clock(clock.clone())
        .random(Repeated::default())
        .build();
    let first = api.create_deployment(NewDeployment::new(app("v1", 100)).to_stage("prod"))?;
    let prod = api.stage("prod").ok_or("no stage")?;

    println!("v1 alone");
    send(&prod, &clock, 1).await?;

    println!("v2 is the canary of 10 % of the requests");
    prod.deploy_canary(app("v2", 100), CanarySettings::new(Percent::new(10.0)?))?;
    send(&prod, &clock, 1).await?;

    println!("v2 is watched, and does as well as v1");
    guard(&prod)?;
    send(&prod, &clock, 16).await?;

    println!("v3 is watched, and fails once in 20 requests");
    prod.deploy_canary(app("v3", 20), CanarySettings::default())?;
    guard(&prod)?;
    send(&prod, &clock, 16).await?;

    println!("and back to v1 after all");
    prod.roll_back(first.id())?;
    send(&prod, &clock, 1).await
}
