//! Serve an exported API Gateway definition in front of an axum app, in one process.
//!
//! `cargo run --example quickstart`, then the three lines that it prints.

use tokio::net::TcpListener;
use towergate::{Gateway, InProcess, StageSettings, openapi};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The definition, as API Gateway exports it. It calls its backend `http://${stageVariables.backend}/petstore/…`.
    let definition = openapi::parse(include_str!("petstore.openapi.yaml"))?;

    // The stage variable names a host, and what is sent to that host is answered by the app in this process. Any
    // other host would be called over the network.
    let gateway = Gateway::builder()
        .api("petstore", definition)
        .stage(
            "petstore",
            StageSettings::new("prod").variable("backend", "petstore.internal"),
        )
        .service(
            "http://petstore.internal",
            InProcess::new(towergate_examples::app()),
        )
        .build()?;

    let listener = match TcpListener::bind("127.0.0.1:3000").await {
        Ok(listener) => listener,
        Err(_taken) => TcpListener::bind("127.0.0.1:0").await?,
    };
    let base = format!("http://{}/prod", listener.local_addr()?);
    println!("listening on {base}");
    println!("  curl -i {base}/pets/1");
    println!(
        "  curl -i {base}/pets -H 'content-type: application/json' -d '{{\"type\": \"cat\", \"price\": 123.11}}'"
    );
    println!("  curl -i {base}/no-such-thing");
    Ok(axum::serve(listener, gateway.into_make_service()).await?)
}
