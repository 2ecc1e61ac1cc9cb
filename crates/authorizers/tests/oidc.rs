//! Keys over HTTP, from an issuer on this machine.

#![cfg(all(feature = "oidc", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "support/signer.rs"]
mod signer;

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::json;
use signer::{NOW, Signer, at, key_set, verifier};
use tokio::net::TcpListener;
use towergate_authorizers::{
    jwt::{Issuer, JwtVerifier, TokenError},
    keys::{CachedKeys, KeySet, KeysUnavailable, OidcKeySource},
};
use towergate_core::{Body, KeySource};
use towergate_testing::FakeClock;

const DISCOVERY: &str = "/.well-known/openid-configuration";

/// An issuer that answers over HTTP as it is told to.
#[derive(Clone)]
struct Server {
    url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Instead of what an issuer answers, by path.
    answers: Vec<(&'static str, Answer)>,
    keys: String,
    requests: Vec<String>,
}

#[derive(Clone)]
enum Answer {
    Hang,
    Redirect(String),
    Status(u16),
    Text(String),
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            state: Arc::default(),
        };
        let accepting = server.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let server = accepting.clone();
                let service = service_fn(move |request| server.clone().answer(request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
            }
        });
        server
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let path = request.uri().path().to_owned();
        let answer = self.note(&path);
        let mut response = Response::new(Body::empty());
        match answer {
            Answer::Hang => std::future::pending().await,
            Answer::Redirect(to) => {
                *response.status_mut() = StatusCode::FOUND;
                let to = to.parse().unwrap();
                response.headers_mut().insert(header::LOCATION, to);
            }
            Answer::Status(status) => *response.status_mut() = status.try_into().unwrap(),
            Answer::Text(text) => *response.body_mut() = text.into(),
        }
        Ok(response)
    }

    fn note(&self, path: &str) -> Answer {
        let mut state = self.state.lock().unwrap();
        state.requests.push(path.to_owned());
        let told = state.answers.iter().find(|(at, _)| *at == path);
        match (told, path) {
            (Some((_, answer)), _) => answer.clone(),
            (None, DISCOVERY) => {
                let keys = format!("{}/keys", self.url);
                Answer::Text(json!({"issuer": self.url, "jwks_uri": keys}).to_string())
            }
            (None, "/keys") => Answer::Text(state.keys.clone()),
            _ => Answer::Status(404),
        }
    }

    fn publish(&self, signers: &[&Signer]) {
        self.state.lock().unwrap().keys = key_set(signers);
    }

    /// Answers otherwise than an issuer does.
    fn tell(&self, path: &'static str, answer: Answer) {
        let mut state = self.state.lock().unwrap();
        state.answers.retain(|(at, _)| *at != path);
        state.answers.push((path, answer));
    }

    /// Answers as an issuer does again.
    fn recover(&self) {
        self.state.lock().unwrap().answers.clear();
    }

    /// The paths that were asked for since the last time.
    fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }

    fn source(&self, clock: &FakeClock) -> OidcKeySource {
        let source = OidcKeySource::discover(&self.url).unwrap();
        let source = source.allow_http().allow_private();
        source.with_time(clock.clone(), clock.clone())
    }

    fn verifier(&self, clock: &FakeClock) -> JwtVerifier {
        let keys = CachedKeys::new(self.source(clock));
        verifier(Issuer::new(self.url.clone(), keys).audience("orders"))
    }

    fn token(&self, signer: &Signer) -> String {
        let day = 24 * 3_600;
        signer.token(&json!({"iss": self.url, "aud": "orders", "exp": NOW + 2 * day}))
    }
}

fn setting() -> (FakeClock, Signer, Signer) {
    let clock = FakeClock::at(at(0));
    (clock, Signer::new("a", 1), Signer::new("b", 2))
}

/// Why no keys came.
fn cause(error: &TokenError) -> String {
    match error {
        TokenError::Keys(KeysUnavailable::Discovery(cause)) => format!("discovery: {cause}"),
        TokenError::Keys(KeysUnavailable::KeySet(cause)) => format!("keys: {cause}"),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn keys_are_discovered_once_and_fetched_when_they_rotate() {
    let (server, (clock, a, b)) = (Server::start().await, setting());
    let verifier = server.verifier(&clock);
    server.publish(&[&a]);
    verifier.verify(&server.token(&a), &clock).await.unwrap();
    assert_eq!(server.requests(), [DISCOVERY, "/keys"]);

    server.publish(&[&a, &b]);
    let too_soon = verifier.verify(&server.token(&b), &clock).await;
    assert_eq!(too_soon.unwrap_err(), TokenError::Key);
    clock.advance(Duration::from_secs(30));
    verifier.verify(&server.token(&b), &clock).await.unwrap();
    verifier.verify(&server.token(&a), &clock).await.unwrap();
    assert_eq!(server.requests(), ["/keys"]);

    // The issuer has moved its keys: the old place is forgotten, and found anew with the next fetch.
    server.tell("/keys", Answer::Status(410));
    let c = Signer::new("c", 3);
    for _ in 0..2 {
        clock.advance(Duration::from_secs(30));
        let refused = verifier.verify(&server.token(&c), &clock).await;
        assert_eq!(refused.unwrap_err(), TokenError::Key);
    }
    assert_eq!(server.requests(), ["/keys", DISCOVERY, "/keys"]);
    verifier.verify(&server.token(&a), &clock).await.unwrap();
}

#[tokio::test]
async fn s9_s10_a_storm_of_unknown_kids_makes_one_request() {
    let (server, (clock, a, _)) = (Server::start().await, setting());
    let verifier = Arc::new(server.verifier(&clock));
    server.publish(&[&a]);
    let token = server.token(&a);
    let storm: Vec<_> = (0..200)
        .map(|number| {
            let unknown = server.token(&Signer::new(&format!("k{number}"), 9));
            let token = if number % 2 == 0 {
                unknown
            } else {
                token.clone()
            };
            let (verifier, clock) = (Arc::clone(&verifier), clock.clone());
            tokio::spawn(async move { verifier.verify(&token, &clock).await.is_ok() })
        })
        .collect();
    // Some of those who wait go away.
    storm
        .iter()
        .step_by(7)
        .for_each(tokio::task::JoinHandle::abort);
    for (number, verified) in storm.into_iter().enumerate() {
        if number % 7 != 0 {
            assert_eq!(verified.await.unwrap(), number % 2 == 1, "{number}");
        }
    }
    assert_eq!(server.requests(), [DISCOVERY, "/keys"]);
}

#[tokio::test]
async fn an_issuer_that_is_down_at_first_is_asked_again() {
    let (server, (clock, a, _)) = (Server::start().await, setting());
    let verifier = server.verifier(&clock);
    server.publish(&[&a]);
    server.tell(DISCOVERY, Answer::Status(503));
    let token = server.token(&a);
    for (seconds, requests) in [(0, 1), (29, 0), (1, 1)] {
        clock.advance(Duration::from_secs(seconds));
        let refused = verifier.verify(&token, &clock).await.unwrap_err();
        let expected = "discovery: the status is 503 Service Unavailable";
        assert_eq!(cause(&refused), expected, "{seconds}");
        assert_eq!(server.requests().len(), requests, "{seconds}");
    }
    server.recover();
    clock.advance(Duration::from_secs(30));
    verifier.verify(&token, &clock).await.unwrap();
}

#[tokio::test]
async fn an_issuer_that_goes_down_later_is_believed_for_a_day() {
    let (server, (clock, a, _)) = (Server::start().await, setting());
    let verifier = server.verifier(&clock);
    server.publish(&[&a]);
    let token = server.token(&a);
    verifier.verify(&token, &clock).await.unwrap();
    server.tell("/keys", Answer::Status(503));

    clock.advance(Duration::from_secs(2 * 3_600 + 29));
    assert!(
        verifier
            .verify_now(&token, at(2 * 3_600 + 29))
            .unwrap()
            .is_ok(),
        "for a moment nobody waits"
    );
    clock.advance(Duration::from_secs(3_600 - 29));
    verifier.verify(&token, &clock).await.unwrap();
    clock.advance(Duration::from_secs(21 * 3_600 - 1));
    assert!(
        verifier
            .verify_now(&token, at(24 * 3_600 - 1))
            .unwrap()
            .is_ok()
    );
    assert!(
        verifier.verify_now(&token, at(24 * 3_600 + 30)).is_none(),
        "too old"
    );
}

#[tokio::test]
async fn a_slow_issuer_is_given_up_after_a_second_and_a_half() {
    for (path, expected) in [
        (DISCOVERY, "discovery: no answer within 1.5s"),
        ("/keys", "keys: no answer within 1.5s"),
    ] {
        let (server, (clock, a, _)) = (Server::start().await, setting());
        let verifier = Arc::new(server.verifier(&clock));
        server.tell(path, Answer::Hang);
        let token = server.token(&a);
        let waiting = {
            let (verifier, clock) = (Arc::clone(&verifier), clock.clone());
            tokio::spawn(async move { verifier.verify(&token, &clock).await })
        };
        while server
            .state
            .lock()
            .unwrap()
            .requests
            .last()
            .is_none_or(|last| last != path)
        {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_millis(1_499));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "{path}");
        clock.advance(Duration::from_millis(1));
        assert_eq!(cause(&waiting.await.unwrap().unwrap_err()), expected);
    }
}

#[tokio::test]
async fn s10_what_is_no_key_set_is_refused() {
    let large = format!("{:1$}", r#"{"keys":[]}"#, 60_000);
    let large = [large.as_str(), &" ".repeat(KeySet::MAX_BYTES)].concat();
    let other = json!({"issuer": "https://evil.example", "jwks_uri": "https://evil.example/keys"});
    let text = |text: &str| Answer::Text(text.to_owned());
    let keyless = |server: &Server| Answer::Text(json!({"issuer": server.url}).to_string());
    let elsewhere = |server: &Server| {
        Answer::Text(json!({"issuer": server.url, "jwks_uri": "file:///etc/passwd"}).to_string())
    };
    let server = Server::start().await;
    let redirect = || Answer::Redirect(format!("{}/keys", server.url));
    let cases = [
        (
            DISCOVERY,
            Answer::Status(500),
            "discovery: the status is 500 Internal Server Error",
        ),
        (DISCOVERY, redirect(), "discovery: the status is 302 Found"),
        (
            DISCOVERY,
            text("<html>"),
            "discovery: expected value at line 1 column 1",
        ),
        (
            DISCOVERY,
            text(&other.to_string()),
            "discovery: the document is of another issuer",
        ),
        (DISCOVERY, text(&large), "discovery: "),
        (
            DISCOVERY,
            keyless(&server),
            "discovery: the document has no `jwks_uri`",
        ),
        (
            DISCOVERY,
            elsewhere(&server),
            "discovery: `file:///etc/passwd` is no",
        ),
        ("/keys", redirect(), "keys: the status is 302 Found"),
        ("/keys", text(&large), "keys: "),
        (
            "/keys",
            text("{}"),
            "keys: malformed key set: `keys` is no list",
        ),
        ("/keys", text(""), "keys: malformed key set: EOF"),
    ];
    for (path, answer, expected) in cases {
        let (clock, a, _) = setting();
        server.recover();
        server.publish(&[&a]);
        server.tell(path, answer);
        let refused = server
            .verifier(&clock)
            .verify(&server.token(&a), &clock)
            .await;
        let cause = cause(&refused.unwrap_err());
        assert!(cause.starts_with(expected), "{expected:?}: {cause}");
    }
}

#[tokio::test]
async fn s10_only_https_and_public_addresses_unless_allowed() {
    let server = Server::start().await;
    let discover = || OidcKeySource::discover(&server.url).unwrap();
    let https = server.url.replace("http:", "https:");
    let cases = [
        ("neither", discover(), "is not `https`"),
        (
            "private alone",
            discover().allow_private(),
            "is not `https`",
        ),
        ("http alone", discover().allow_http(), "no public address"),
        (
            "https",
            OidcKeySource::discover(&https).unwrap(),
            "no public address",
        ),
        (
            "by name",
            OidcKeySource::key_set_at(&server.url.replace("127.0.0.1", "localhost"))
                .unwrap()
                .allow_http(),
            "no public address",
        ),
    ];
    for (name, source, expected) in cases {
        let error = source.key_set().await.unwrap_err();
        let chain = std::iter::successors(Some(&error as &dyn std::error::Error), |error| {
            error.source()
        });
        let text = chain
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(": ");
        assert!(text.contains(expected), "{name}: {text}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_key_set_may_be_at_a_known_place() {
    let (server, (_, a, _)) = (Server::start().await, setting());
    server.publish(&[&a]);
    let source = OidcKeySource::key_set_at(&format!("{}/keys", server.url)).unwrap();
    let document: Bytes = source.allow_http().allow_private().key_set().await.unwrap();
    assert_eq!(document, key_set(&[&a]));
    assert_eq!(server.requests(), ["/keys"]);
}
