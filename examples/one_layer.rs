//! Add one layer to an axum app: it knows which resource of an API each request is for.
//!
//! `cargo run --example one_layer`, then `curl http://127.0.0.1:3000/pets/7` and `curl http://127.0.0.1:3000/nothing`.

use axum::{Extension, Router, routing::get};
use http::Method;
use towergate::{
    Context,
    routing::{Matched, RouteLayer, RouteMethod, RouteTable},
};

/// What the table says of a resource: here, who is called when it is slow.
type Team = &'static str;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let table = RouteTable::<Team>::builder()
        .route(Method::GET, "/pets/{id}", "the pet team")
        .route(RouteMethod::Any, "/orders/{proxy+}", "the order team")
        .build()?;

    let app = Router::new()
        .route("/pets/{id}", get(show))
        .route("/orders/{*rest}", get(show))
        // Without `required`, what the table does not know goes to the app as it is.
        .layer(RouteLayer::new(table).required(true));

    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

async fn show(
    Extension(Matched(team)): Extension<Matched<Team>>,
    Extension(context): Extension<Context>,
) -> String {
    let resource = context.resource().map_or("-", |resource| resource.path());
    let parameters: Vec<_> = context.path_parameters().collect();
    println!(
        "{} {} {resource} {parameters:?} {team}",
        context.request_id(),
        context.method()
    );
    format!("{resource} belongs to {team}\n")
}
