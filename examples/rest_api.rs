//! Write a REST API in code and serve it beside the rest of an axum app.
//!
//! `cargo run --example rest_api`, then `curl -i http://127.0.0.1:3000/prod/pets/1`.

use axum::{Router, routing::get};
use towergate::{
    Gateway, GatewayResponse, InProcess, Integration, IntegrationResponse, RestApi, StageSettings,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = Router::new().nest("/pets", Router::new().route("/{id}", get(async || "Rex\n")));

    let pets = RestApi::builder("pets")
        // Any tower service of this process …
        .get("/pets/{id}", InProcess::new(store))
        // … a backend behind a URL, which gets the client's request …
        .any(
            "/legacy/{proxy+}",
            Integration::http_proxy("http://${stageVariables.backend}/{proxy}").request_parameter(
                "integration.request.path.proxy",
                "method.request.path.proxy",
            ),
        )
        // … or no backend at all.
        .get(
            "/health",
            Integration::mock(200).response(
                IntegrationResponse::new(200).template("application/json", r#"{"healthy": true}"#),
            ),
        )
        .gateway_response(
            "DEFAULT_4XX",
            GatewayResponse::new().header("access-control-allow-origin", "'*'"),
        )
        .build()?;

    let gateway = Gateway::builder()
        .api("pets", pets)
        .stage(
            "pets",
            StageSettings::new("prod").variable("backend", "127.0.0.1:9000"),
        )
        .build()?;

    let app = Router::new()
        .route("/", get(async || "not the gateway\n"))
        .merge(gateway.into_router());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    // With the addresses of the clients, for `$context.identity.sourceIp`.
    let service = app.into_make_service_with_connect_info::<std::net::SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}
