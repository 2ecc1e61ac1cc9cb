//! Run handlers that were written for AWS Lambda behind the definition that they have there, in one process.
//!
//! `cargo run --example lambda_in_process`, then the lines that it prints.

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use lambda_http::{IntoResponse, Request, RequestExt};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use tokio::net::TcpListener;
use towergate::{Gateway, Lambda, StageSettings, openapi};

/// A handler as its own crate has it, for `lambda_runtime::run`.
async fn show_order(
    event: LambdaEvent<ApiGatewayProxyRequest>,
) -> Result<ApiGatewayProxyResponse, Error> {
    let id = event.payload.path_parameters.get("id").cloned();
    let id: u32 = id.unwrap_or_default().parse()?;
    let mut answer = ApiGatewayProxyResponse::default();
    answer.status_code = 200;
    answer.body = Some(format!("{{\"order\": {id}}}\n").into());
    Ok(answer)
}

/// Another, for `lambda_http::run`.
async fn receipts(request: Request) -> Result<impl IntoResponse, Error> {
    let path = request.path_parameters();
    let path = path.first("proxy").unwrap_or_default();
    Ok(format!("{} {path}\n", request.method()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let definition = openapi::parse(include_str!("orders.openapi.yaml"))?;

    const ACCOUNT: &str = "arn:aws:lambda:us-east-1:123456789012";
    let gateway = Gateway::builder()
        .api("orders", definition)
        .stage(
            "orders",
            StageSettings::new("prod").variable("alias", "live"),
        )
        // What the definition calls by these ARNs are the handlers above.
        .function(
            format!("{ACCOUNT}:function:show-order"),
            Lambda::lambda_runtime(service_fn(show_order)),
        )
        .function(
            format!("{ACCOUNT}:function:receipts"),
            Lambda::lambda_http(service_fn(receipts)),
        )
        .build()?;

    let listener = match TcpListener::bind("127.0.0.1:3000").await {
        Ok(listener) => listener,
        Err(_taken) => TcpListener::bind("127.0.0.1:0").await?,
    };
    let base = format!("http://{}/prod", listener.local_addr()?);
    println!("listening on {base}");
    println!("  curl -i {base}/orders/7");
    println!("  curl -i {base}/orders/seven    # the handler fails: 502");
    println!("  curl -i -X PUT {base}/receipts/2024/07");
    Ok(axum::serve(listener, gateway.into_make_service()).await?)
}
