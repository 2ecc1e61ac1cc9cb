//! Decides who may call: tokens at first sight and remembered, beside a bare check of their signature by `aws-lc-rs` and
//! `jsonwebtoken`'s `decode`; and the kept answer of a Lambda authorizer, beside the bare evaluation of its policy.
//!
//! `cargo bench -p towergate-benches --bench authorize` runs criterion's timing and then prints ratios (medians of rounds
//! in which the rivals take turns) and the allocations of one decision.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::{hint::black_box, sync::Arc, time::Duration};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use criterion::{Criterion, criterion_group};
use http::{HeaderMap, Request, header};
use serde_json::{Value, json};
use towergate_authorizers::{
    Authorize, AuthorizeRequest, Cached, LambdaAuthorizer, LambdaFormat,
    jwt::{Issuer, JwtAuthorizer, JwtVerifier, RememberedTokens},
    keys::KeySet,
    policy::{Effect, Policy, PolicyKind, PolicyRequest},
};
use towergate_benches::timing::{self, median, seconds};
use towergate_core::{BoxFuture, Context, Function, FunctionError, Invocation, SystemClock};
use towergate_testing::FakeClock;

const ROUNDS: usize = 41;
const ISSUER: &str = "https://id.example.com";
const AUDIENCE: &str = "orders";
const ARN: &str = "arn:aws:execute-api:us-east-1:123456789012:pets/prod/GET/dogs/7";

fn main() {
    let races = races();
    races.iter().for_each(Race::check);
    benches();
    Criterion::default().configure_from_args().final_summary();
    if !std::env::args().any(|argument| argument == "--test") {
        races.iter().for_each(Race::print_ratios);
    }
    races.iter().for_each(Race::print_allocations);
}

criterion_group! {
    name = benches;
    config = timing::criterion(Duration::from_secs(1));
    targets = decisions
}

fn decisions(criterion: &mut Criterion) {
    for race in races() {
        let mut group = criterion.benchmark_group(format!("authorize/{}", race.name));
        for (rival, decide) in &race.rivals {
            group.bench_function(*rival, |bencher| bencher.iter(decide));
        }
    }
}

// === rivals ===

/// Says whether the caller may.
type Decide = Box<dyn Fn() -> bool>;

struct Race {
    name: &'static str,
    decisions_per_round: usize,
    /// Ours first.
    rivals: Vec<(&'static str, Decide)>,
}

fn races() -> [Race; 3] {
    let token = SignedToken::new();
    let none = || RememberedTokens::new(0, 0, Duration::ZERO);
    [
        Race {
            name: "token, first sight",
            decisions_per_round: 40,
            rivals: vec![
                ("towergate", token.authorized(none())),
                ("aws-lc-rs, signature alone", token.verified_by_aws_lc()),
                ("jsonwebtoken", token.decoded_by_jsonwebtoken()),
            ],
        },
        Race {
            name: "token, remembered",
            decisions_per_round: 2_000,
            rivals: vec![
                ("towergate", token.authorized(RememberedTokens::default())),
                ("towergate, first sight", token.authorized(none())),
            ],
        },
        Race {
            name: "policy of 20 statements, kept",
            decisions_per_round: 2_000,
            rivals: vec![
                ("towergate", kept_answer()),
                ("its evaluation alone", bare_evaluation()),
            ],
        },
    ]
}

/// A token as identity providers make them, signed with RSA of 2048 bits.
struct SignedToken {
    token: String,
    public_key: Vec<u8>,
    modulus: String,
    exponent: String,
}

impl SignedToken {
    fn new() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let header = json!({"alg": "RS256", "kid": "key-1", "typ": "JWT"});
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "2a5b3c9e-77aa-4f0e-8d6e-1f2f3a4b5c6d", "exp": 4_000_000_000_u64,
            "iat": 1_700_000_000, "auth_time": 1_700_000_000, "scope": "orders.read orders.write",
            "email": "alice@example.com", "email_verified": true, "groups": ["buyers", "admins"],
        });
        let signed = format!(
            "{}.{}",
            encode(header.to_string().as_bytes()),
            encode(claims.to_string().as_bytes())
        );
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            signed.as_bytes(),
            &mut signature,
        )
        .expect("a signature");
        let public = pair.public_key();
        Self {
            token: format!("{signed}.{}", encode(&signature)),
            public_key: public.as_ref().to_vec(),
            modulus: encode(public.modulus().big_endian_without_leading_zero()),
            exponent: encode(public.exponent().big_endian_without_leading_zero()),
        }
    }

    /// The whole way: from the headers of a request to the proof that it may pass.
    fn authorized(&self, remembered: RememberedTokens) -> Decide {
        let keys = json!({"keys": [{"kty": "RSA", "kid": "key-1", "n": self.modulus, "e": self.exponent}]});
        let keys = KeySet::parse(keys.to_string().as_bytes()).expect("a key set");
        let verifier = JwtVerifier::builder()
            .issuer(Issuer::new(ISSUER, keys).audience(AUDIENCE))
            .remember(remembered)
            .build()
            .expect("a verifier");
        let authorizer = JwtAuthorizer::http_api(verifier).scopes(["orders.read"]);
        let (context, headers) = request(&format!("Bearer {}", self.token));
        Box::new(move || {
            let request = AuthorizeRequest::new(&context, black_box(&headers));
            authorizer
                .authorize_now(&request)
                .is_some_and(|decision| decision.is_ok())
        })
    }

    fn verified_by_aws_lc(&self) -> Decide {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.public_key.clone());
        let key = key.parse().expect("a public key");
        let token = self.token.clone();
        Box::new(move || {
            let Some((signed, signature)) = black_box(&token).rsplit_once('.') else {
                return false;
            };
            let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
            key.verify_sig(signed.as_bytes(), &signature).is_ok()
        })
    }

    fn decoded_by_jsonwebtoken(&self) -> Decide {
        use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
        // Another package of the workspace may have switched its other provider on as well.
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        let key = DecodingKey::from_rsa_components(&self.modulus, &self.exponent).expect("a key");
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        let token = self.token.clone();
        Box::new(move || {
            let decoded = decode::<Value>(black_box(&token), &key, &validation);
            decoded.is_ok_and(|token| {
                let scope = token.claims["scope"].as_str().unwrap_or_default();
                scope.split(' ').any(|scope| scope == "orders.read")
            })
        })
    }
}

fn request(authorization: &str) -> (Context, HeaderMap) {
    let request = Request::get("https://api.example.com/dogs/7");
    let request = request
        .header(header::AUTHORIZATION, authorization)
        .body(());
    let mut request = request.expect("a request");
    (Context::of(&mut request), request.headers().clone())
}

/// Twenty statements, of which the last but one allows the request.
fn policy() -> Value {
    let statement = |number: usize| {
        let path = if number == 18 { "dogs" } else { "cats" };
        let resource = format!("arn:aws:execute-api:us-east-1:123456789012:pets/prod/*/{path}/*");
        json!({"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resource})
    };
    let statements: Vec<_> = (0..20).map(statement).collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

struct Answers(Bytes);

impl Function for Answers {
    fn invoke<'a>(&'a self, _: Invocation<'a>) -> BoxFuture<'a, Result<Bytes, FunctionError>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

fn kept_answer() -> Decide {
    let answer =
        json!({"principalId": "alice", "policyDocument": policy(), "context": {"tier": "gold"}});
    let function = Arc::new(Answers(answer.to_string().into()));
    let authorizer = LambdaAuthorizer::builder(LambdaFormat::Token, function, "arn")
        .source(
            "method.request.header.Authorization"
                .parse()
                .expect("a source"),
        )
        .build(SystemClock, FakeClock::default());
    let ttl = Duration::from_secs(3_600);
    let authorizer = Cached::new(authorizer.expect("an authorizer"), ttl).expect("an hour");
    let (context, headers) = request("token-of-alice");
    let arn = || ARN.to_owned();
    let first = AuthorizeRequest::new(&context, &headers).with_resource(&arn);
    let waker = std::task::Waker::noop();
    let polled = authorizer
        .authorize(&first)
        .as_mut()
        .poll(&mut std::task::Context::from_waker(waker));
    assert!(polled.is_ready(), "the function answers at once");
    Box::new(move || {
        let arn = || ARN.to_owned();
        let request = AuthorizeRequest::new(&context, black_box(&headers)).with_resource(&arn);
        authorizer
            .authorize_now(&request)
            .is_some_and(|decision| decision.is_ok())
    })
}

fn bare_evaluation() -> Decide {
    let policy = Policy::parse_as(PolicyKind::Authorizer, &policy().to_string()).expect("a policy");
    let (context, headers) = request("token-of-alice");
    Box::new(move || {
        let keys = AuthorizeRequest::new(&context, &headers).condition_keys();
        policy.evaluate(&PolicyRequest::invoke(black_box(ARN), &keys)) == Effect::Allow
    })
}

// === figures ===

impl Race {
    fn check(&self) {
        for (rival, decide) in &self.rivals {
            assert!(decide(), "{}: {rival} refuses", self.name);
        }
    }

    fn print_ratios(&self) {
        let rounds: Vec<_> = (0..ROUNDS).map(|_| self.round()).collect();
        println!(
            "{}: microseconds of one decision, medians of {ROUNDS} interleaved rounds:",
            self.name
        );
        for (index, (rival, _)) in self.rivals.iter().enumerate() {
            let micros = median(rounds.iter().map(|round| round[index]));
            let ratio = median(rounds.iter().map(|round| round[0] / round[index]));
            println!("  {rival:<28}{micros:>10.3}   ours/theirs {ratio:>7.3}");
        }
    }

    /// Returns the microseconds that a decision takes each rival.
    fn round(&self) -> Vec<f64> {
        let times = self.rivals.iter().map(|(_, decide)| {
            let total = seconds(|| {
                for _ in 0..self.decisions_per_round {
                    black_box(decide());
                }
            });
            total * 1e6 / self.decisions_per_round as f64
        });
        times.collect()
    }

    fn print_allocations(&self) {
        println!("{}: allocations of one decision:", self.name);
        for (rival, decide) in &self.rivals {
            let count = allocation_counter::measure(|| {
                black_box(decide());
            });
            println!(
                "  {rival:<28}{:>5} allocations, {:>6} bytes",
                count.count_total, count.bytes_total
            );
        }
    }
}
