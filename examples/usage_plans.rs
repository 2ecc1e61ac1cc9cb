//! Give three partners an API key each, in three usage plans, and watch how they are limited: `cargo run --example
//! usage_plans`. It sends the requests itself and ends.

use std::{error::Error, time::Duration};

use axum::{
    Extension, Router,
    body::{Body, Bytes, to_bytes},
    routing::get,
};
use http::Request;
use tower::ServiceExt;
use towergate_throttling::{
    ApiKey, ApiStage, Context, Period, Quota, Rate, UsagePlan, UsagePlanLayer, UsagePlans,
};

/// Partner and key; real ones are drawn at random and come from a secret store.
const PARTNERS: [(&str, &str); 3] = [
    ("ada", "ada-has-the-key-of-the-gold-plan"),
    ("ben", "ben-has-the-key-of-the-silver-plan"),
    ("cyd", "cyd-has-the-key-of-the-trial-plan"),
];

fn plans() -> Result<UsagePlans, Box<dyn Error>> {
    let plans = UsagePlans::new();
    for (partner, value) in PARTNERS {
        plans.create_key(ApiKey::new(partner, value))?;
    }
    // A layer that is told of no other stage asks for this one.
    let plan = |name: &str| UsagePlan::new(name, name).api_stage(ApiStage::new("app", "default"));
    let fast = Rate::per_second(10.0).burst(5);
    plans.create_plan(plan("gold").throttle(fast).key("ada"))?;
    let slow = Rate::per_second(2.0).burst(2);
    plans.create_plan(plan("silver").throttle(slow).key("ben"))?;
    let few = Quota::new(4, Period::Day);
    plans.create_plan(plan("trial").throttle(fast).quota(few).key("cyd"))?;
    Ok(plans)
}

async fn hello(Extension(context): Extension<Context>) -> String {
    let key = context.api_key().map(|key| &*key.id);
    format!("hello, {}", key.unwrap_or("stranger"))
}

/// Sends so many requests with a key, and prints their statuses and what the last was told.
async fn call(app: &Router, who: &str, key: &str, times: usize) -> Result<(), Box<dyn Error>> {
    let (mut statuses, mut told) = (Vec::new(), Bytes::new());
    for _ in 0..times {
        let request = Request::get("/hello")
            .header("x-api-key", key)
            .body(Body::empty())?;
        let response = app.clone().oneshot(request).await?;
        statuses.push(response.status().as_u16());
        told = to_bytes(response.into_body(), 1024).await?;
    }
    println!("  {who}: {statuses:?} {}", String::from_utf8_lossy(&told));
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let plans = plans()?;
    let app = Router::new()
        .route("/hello", get(hello))
        .layer(UsagePlanLayer::new(plans.clone()));

    for round in [
        "at first",
        "a second later",
        "another second later, ben in gold",
    ] {
        println!("{round}");
        for (partner, key) in PARTNERS {
            call(&app, partner, key, 6).await?;
        }
        call(&app, "who has no key", "a guess", 1).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        if round == "a second later" {
            // Plans change while requests are served.
            plans.detach("silver", "ben")?;
            plans.attach("gold", "ben")?;
        }
    }
    Ok(())
}
