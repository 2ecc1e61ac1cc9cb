//! Let into an axum app only who brings a token of an issuer, and tell its handlers who that is.
//!
//! `cargo run --example jwt`, then the lines that it prints.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use axum::{Router, routing::get};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use towergate::{Clock, SystemClock};
use towergate_authorizers::{
    AuthorizeLayer, Style,
    extract::{Caller, Claims},
    jwt::{Issuer, JwtAuthorizer, JwtVerifier},
    keys::{Algorithm, KeySet},
};

const ISSUER: &str = "https://id.example.com";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let login = Login::new()?;

    // An issuer publishes such a set; with the feature `oidc` it is fetched, and fetched again when keys change.
    let keys = KeySet::parse(login.key_set().as_bytes())?;
    let verifier = JwtVerifier::builder()
        .issuer(Issuer::new(ISSUER, keys).audience("orders"))
        .algorithms([Algorithm::Es256])
        .build()?;
    let orders = JwtAuthorizer::http_api(verifier).scopes(["orders.read"]);

    let app = Router::new()
        .route("/orders", get(list_orders))
        .route("/me", get(show_caller))
        .layer(AuthorizeLayer::new(orders).style(Style::Http))
        // What is added behind the layer is open to all.
        .route("/health", get(async || "well\n"));

    let listener = match TcpListener::bind("127.0.0.1:3000").await {
        Ok(listener) => listener,
        Err(_taken) => TcpListener::bind("127.0.0.1:0").await?,
    };
    let base = format!("http://{}", listener.local_addr()?);
    let alice = login.token("alice", "orders.read")?;
    let bob = login.token("bob", "orders.write")?;
    println!("listening on {base}; the tokens are good for an hour");
    println!("  ALICE={alice}");
    println!("  BOB={bob}");
    println!("  curl -i {base}/orders -H \"authorization: Bearer $ALICE\"");
    println!("  curl -i {base}/me -H \"authorization: Bearer $ALICE\"");
    println!("  curl -i {base}/orders -H \"authorization: Bearer $BOB\"    # not his scope: 403");
    println!("  curl -i {base}/orders -H \"authorization: Bearer ${{ALICE}}x\"    # changed: 401");
    println!("  curl -i {base}/orders    # no token: 401");
    println!("  curl -i {base}/health");
    Ok(axum::serve(listener, app).await?)
}

async fn list_orders(Claims(token): Claims) -> String {
    let subject = token.claims().get("sub").and_then(Value::as_str);
    format!("the orders of {}\n", subject.unwrap_or("nobody"))
}

async fn show_caller(Caller(identity): Caller) -> String {
    let entries = identity.authorizer.iter();
    entries
        .map(|(key, text)| format!("{key}: {text}\n"))
        .collect()
}

/// What an issuer of tokens does elsewhere.
struct Login(EcdsaKeyPair);

impl Login {
    fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
        Ok(Self(pair))
    }

    /// The public key. Its point is written as a byte that says so, and two coordinates of 32 bytes.
    fn key_set(&self) -> String {
        let (x, y) = self.0.public_key().as_ref()[1..].split_at(32);
        let [x, y] = [x, y].map(|half| BASE64_URL_SAFE_NO_PAD.encode(half));
        let key = json!({"kty": "EC", "crv": "P-256", "kid": "first", "x": x, "y": y});
        json!({ "keys": [key] }).to_string()
    }

    fn token(&self, subject: &str, scope: &str) -> Result<String, Box<dyn std::error::Error>> {
        let in_an_hour = SystemClock.now().as_unix_seconds() + 3_600;
        let header = json!({"alg": "ES256", "kid": "first"});
        let claims = json!({
            "iss": ISSUER, "aud": "orders", "sub": subject, "scope": scope, "exp": in_an_hour,
        });
        let [header, claims] =
            [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes())?;
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
        Ok(format!("{signed}.{signature}"))
    }
}
