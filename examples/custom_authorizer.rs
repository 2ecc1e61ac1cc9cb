//! Serve a definition whose methods ask a Lambda authorizer, which is a function of this process.
//!
//! `cargo run --example custom_authorizer`, then the lines that it prints.

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use towergate::{Gateway, Lambda, StageSettings, openapi};

/// The event of a `TOKEN` authorizer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenEvent {
    authorization_token: String,
    method_arn: String,
}

/// Says who may call. API Gateway evaluates the policy, and keeps it for the token.
async fn authorize(event: TokenEvent) -> Result<Value, &'static str> {
    println!("asked about {}", event.method_arn);
    let (principal, effect) = match event.authorization_token.as_str() {
        "kim" => ("kim", "Allow"),
        "sam" => ("sam", "Deny"),
        // With this very word the client gets a 401.
        _ => return Err("Unauthorized"),
    };
    Ok(json!({
        "principalId": principal,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": effect, "Action": "execute-api:Invoke", "Resource": event.method_arn},
            ],
        },
        "context": {"tier": "gold"},
    }))
}

/// The backend: it learns who calls from the event.
async fn greet(event: Value) -> Result<Value, &'static str> {
    let caller = &event["requestContext"]["authorizer"];
    let body = json!({"hello": caller["principalId"], "tier": caller["tier"]});
    Ok(json!({"statusCode": 200, "body": body.to_string()}))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let definition = openapi::parse(include_str!("greetings.openapi.yaml"))?;

    const ACCOUNT: &str = "arn:aws:lambda:us-east-1:123456789012";
    let gateway = Gateway::builder()
        .api("greetings", definition)
        .stage("greetings", StageSettings::new("prod"))
        // What the definition calls by these ARNs are the functions above.
        .function(
            format!("{ACCOUNT}:function:authorize"),
            Lambda::from_fn(authorize),
        )
        .function(format!("{ACCOUNT}:function:greet"), Lambda::from_fn(greet))
        .build()?;

    let listener = match TcpListener::bind("127.0.0.1:3000").await {
        Ok(listener) => listener,
        Err(_taken) => TcpListener::bind("127.0.0.1:0").await?,
    };
    let base = format!("http://{}/prod", listener.local_addr()?);
    println!("listening on {base}");
    println!("  curl -i {base}/greet -H 'authorization: kim'    # 200, twice: asked once a minute");
    println!("  curl -i {base}/greet    # no token: 401, and the function is not asked");
    println!("  curl -i {base}/greet -H 'authorization: lee'    # a stranger: 401");
    println!("  curl -i {base}/greet -H 'authorization: sam'    # denied by the policy: 403");
    println!("  curl -i {base}/health    # open to all");
    Ok(axum::serve(listener, gateway.into_make_service()).await?)
}
