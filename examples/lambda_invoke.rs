//! Call functions over the Invoke API of Lambda: here a tiny one of our own, elsewhere a local Lambda.
//!
//! `cargo run --example lambda_invoke`, then the lines that it prints.

use axum::{Json, Router, extract::Path, http::StatusCode, response::IntoResponse, routing::post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use towergate::{
    Client, Gateway, Integration, IntegrationResponse, Lambda, PassthroughBehavior, RestApi,
    StageSettings,
};

const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:greet";

/// Runs one function, as Lambda does: what fails is a 200 too, with a header that says so.
async fn invoke(Path(name): Path<String>, Json(event): Json<Value>) -> impl IntoResponse {
    if name != "greet" {
        let refusal = json!({"Type": "User", "Message": format!("Function not found: {name}")});
        return (StatusCode::NOT_FOUND, Json(refusal)).into_response();
    }
    match event["name"].as_str() {
        Some(name) if !name.is_empty() => {
            Json(json!({"greeting": format!("Hello, {name}")})).into_response()
        }
        _ => {
            let document = json!({"errorMessage": "BadRequest: who?", "errorType": "Nameless"});
            ([("x-amz-function-error", "Unhandled")], Json(document)).into_response()
        }
    }
}

/// Starts the Invoke API, and returns its URL.
async fn start_invoke_api() -> Result<String, std::io::Error> {
    let route = "/2015-03-31/functions/{name}/invocations";
    let app = Router::new().route(route, post(invoke));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async { axum::serve(listener, app).await });
    Ok(url)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A template makes the event, another the answer, and a pattern over its message tells one failure from the rest.
    let greet = Integration::lambda(ARN)
        .passthrough_behavior(PassthroughBehavior::Never)
        .request_template(
            "application/json",
            r#"{"name": "$util.escapeJavaScript($input.params('name'))"}"#,
        )
        .response(
            IntegrationResponse::new(200)
                .template("application/json", "$input.json('$.greeting')\n"),
        )
        .response(
            IntegrationResponse::new(400)
                .selection_pattern("BadRequest:.*")
                .template("application/json", "$input.json('$.errorMessage')\n"),
        );
    let api = RestApi::builder("greetings").get("/greet", greet).build()?;

    let lambda = Lambda::invoke_api(Client::new(), &start_invoke_api().await?)?;
    let gateway = Gateway::builder()
        .api("greetings", api)
        .stage("greetings", StageSettings::new("prod"))
        .function(ARN, lambda)
        .build()?;

    let listener = match TcpListener::bind("127.0.0.1:3000").await {
        Ok(listener) => listener,
        Err(_taken) => TcpListener::bind("127.0.0.1:0").await?,
    };
    let base = format!("http://{}/prod", listener.local_addr()?);
    println!("listening on {base}");
    println!("  curl -i '{base}/greet?name=Kim'");
    println!("  curl -i {base}/greet");
    Ok(axum::serve(listener, gateway.into_make_service()).await?)
}
