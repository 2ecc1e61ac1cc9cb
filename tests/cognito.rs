//! Amazon Cognito authorizers let in who brings a good token of one of their user pools, and nobody else.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicUsize, Ordering},
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use serde_json::{Value, json};
use towergate::{
    Backends, BoxFuture, Gateway, KeySource, KeySourceError, Lambda, StageSettings, Timestamp,
    openapi,
};
use towergate_testing::FakeClock;
use towergate_tests::{Recorder, Reply, ask, get_with};

/// When the tests take place, in seconds since the epoch: 2026-03-01 12:00:00 UTC.
const NOW: u64 = 1_772_366_400;

const POOL: &str = "us-east-1_AbCdEfGhI";
const OTHER_POOL: &str = "us-east-1_JkLmNoPqR";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:whoami";
const UNAUTHORIZED: &str = r#"{"message":"Unauthorized"}"#;

fn issuer(pool: &str) -> String {
    format!("https://cognito-idp.us-east-1.amazonaws.com/{pool}")
}

/// A key of a user pool.
struct Signer(RsaKeyPair);

/// The key of the pool, and one that somebody else made.
static SIGNERS: LazyLock<[Signer; 2]> = LazyLock::new(|| {
    [(); 2].map(|()| Signer(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key")))
});

impl Signer {
    fn key_set(&self) -> String {
        let der = self.0.public_key().as_ref();
        // RFC 8017, A.1.1: the headers of the sequence and of the modulus, which begins with a zero; then the exponent.
        let modulus = der.get(9..9 + 256).expect("a key of 2048 bits");
        let n = BASE64_URL_SAFE_NO_PAD.encode(modulus);
        json!({"keys": [{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "k", "e": "AQAB", "n": n}]})
            .to_string()
    }

    fn sign(&self, claims: &Value) -> String {
        let part = |value: String| BASE64_URL_SAFE_NO_PAD.encode(value);
        let header = part(json!({"alg": "RS256", "kid": "k"}).to_string());
        let signed = format!("{header}.{}", part(claims.to_string()));
        let mut signature = vec![0; self.0.public_modulus_len()];
        let random = SystemRandom::new();
        let done = self.0.sign(
            &RSA_PKCS1_SHA256,
            &random,
            signed.as_bytes(),
            &mut signature,
        );
        done.expect("a signature");
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The claims of an ID token, with some of them changed.
fn id_claims(changes: &Value) -> Value {
    let claims = json!({
        "iss": issuer(POOL), "aud": "client-1", "token_use": "id", "sub": "u-1", "email": "a@example.com",
        "email_verified": true, "cognito:groups": ["admin", "user"], "exp": NOW + 3_600, "iat": NOW - 100,
    });
    changed(claims, changes)
}

fn access_claims(scope: &str) -> Value {
    json!({
        "iss": issuer(POOL), "client_id": "client-1", "token_use": "access", "sub": "u-1", "scope": scope,
        "exp": NOW + 3_600, "iat": NOW - 100,
    })
}

fn changed(mut whole: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().into_iter().flatten() {
        whole[name] = value.clone();
    }
    whole
}

/// A token of the pool.
fn token(claims: &Value) -> String {
    SIGNERS[0].sign(claims)
}

/// What a pool publishes, and how often it was asked; nothing if it is down.
#[derive(Clone)]
struct Keys {
    document: Option<String>,
    fetches: Arc<AtomicUsize>,
}

impl Keys {
    fn new(document: Option<String>) -> Self {
        let fetches = Arc::default();
        Self { document, fetches }
    }

    fn published() -> Self {
        Self::new(Some(SIGNERS[0].key_set()))
    }
}

impl KeySource for Keys {
    fn key_set(&self) -> BoxFuture<'_, Result<Bytes, KeySourceError>> {
        self.fetches.fetch_add(1, Ordering::Relaxed);
        let document = self.document.clone().map(Bytes::from);
        Box::pin(async { document.ok_or_else(|| KeySourceError::KeySet("down".into())) })
    }
}

/// A document with three operations behind the pool; the authorizer and the root have members added.
fn document(authorizer: &Value, root: &Value) -> String {
    let arn = |pool: &str| format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{pool}");
    let authorizer = changed(
        json!({"type": "cognito_user_pools", "providerARNs": [arn(OTHER_POOL), arn(POOL)]}),
        authorizer,
    );
    let scheme = json!({
        "type": "apiKey", "name": "Authorization", "in": "header",
        "x-amazon-apigateway-authtype": "cognito_user_pools", "x-amazon-apigateway-authorizer": authorizer,
    });
    let template = "$context.authorizer.claims.email $context.authorizer.claims.sub \
        $context.authorizer.claims['cognito:groups'] $context.authorizer.claims.exp";
    let mock = json!({
        "type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
        "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": template}}},
    });
    let function = json!({
        "type": "aws_proxy", "httpMethod": "POST",
        "uri": format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"),
    });
    let get = |scopes: &[&str], integration: &Value| {
        json!({"get": {"responses": {"200": {}}, "security": [{"pool": scopes}],
            "x-amazon-apigateway-integration": integration}})
    };
    let document = json!({
        "openapi": "3.0.1", "info": {"title": "shop", "version": "1"},
        "components": {"securitySchemes": {"pool": scheme}},
        "paths": {
            "/id": get(&[], &mock),
            "/event": get(&[], &function),
            "/read": get(&["shop/read", "shop/all"], &mock),
            "/write": get(&["shop/write"], &mock),
        },
    });
    changed(document, root).to_string()
}

/// Puts a document on a gateway at [`NOW`], with the keys of both pools.
fn gateway(document: &str, keys: Keys, function: Recorder) -> Gateway {
    let clock = FakeClock::at(Timestamp::from_unix_millis(NOW * 1_000));
    Gateway::builder()
        .backends(Backends::new().with_time(clock.clone(), clock))
        .key_source(issuer(POOL), keys.clone())
        .key_source(issuer(OTHER_POOL), keys)
        .function(FUNCTION, Lambda::new(function))
        .api("api", openapi::parse(document).expect("a definition"))
        .stage("api", StageSettings::new("prod"))
        .build()
        .expect("the gateway is built")
}

fn plain(authorizer: &Value, root: &Value) -> Gateway {
    let function = Recorder::new(r#"{"statusCode": 200}"#);
    gateway(&document(authorizer, root), Keys::published(), function)
}

async fn call(gateway: &Gateway, path: &str, header: &str, token: Option<&str>) -> Reply {
    let headers: Vec<_> = token.into_iter().map(|token| (header, token)).collect();
    ask(gateway, get_with(&format!("/prod{path}"), &headers)).await
}

#[tokio::test]
async fn a_good_token_of_a_pool_is_let_in_and_no_other() {
    let good = token(&id_claims(&json!({})));
    let bearer = format!("Bearer {good}");
    let expired = token(&id_claims(&json!({"exp": NOW - 1})));
    let unknown_pool = token(&id_claims(&json!({"iss": issuer("us-east-1_x")})));
    let refresh = token(&id_claims(&json!({"token_use": "refresh"})));
    let forged = SIGNERS[1].sign(&id_claims(&json!({})));
    let other_pool = token(&id_claims(&json!({"iss": issuer(OTHER_POOL)})));
    let read = token(&access_claims("openid shop/read"));
    let read_bearer = format!("Bearer {read}");
    let (in_mapping, read_body) = (
        "a@example.com u-1 admin,user Sun Mar 01 13:00:00 UTC 2026",
        " u-1  Sun Mar 01 13:00:00 UTC 2026",
    );
    let expired_body = r#"{"message":"The incoming token has expired"}"#;
    let cases = [
        ("an ID token", "/id", Some(&*good), 200, in_mapping),
        ("with a prefix", "/id", Some(&*bearer), 200, in_mapping),
        ("another pool", "/id", Some(&*other_pool), 200, in_mapping),
        ("no token", "/id", None, 401, UNAUTHORIZED),
        ("an empty token", "/id", Some(""), 401, UNAUTHORIZED),
        ("no JWT", "/id", Some("Bearer x"), 401, UNAUTHORIZED),
        ("expired", "/id", Some(&*expired), 401, expired_body),
        (
            "an unknown pool",
            "/id",
            Some(&*unknown_pool),
            401,
            UNAUTHORIZED,
        ),
        (
            "a forged signature",
            "/id",
            Some(&*forged),
            401,
            UNAUTHORIZED,
        ),
        ("a refresh token", "/id", Some(&*refresh), 401, UNAUTHORIZED),
        ("an access token", "/id", Some(&*read), 401, UNAUTHORIZED),
        ("the scope", "/read", Some(&*read), 200, read_body),
        (
            "the scope, prefixed",
            "/read",
            Some(&*read_bearer),
            200,
            read_body,
        ),
        ("another scope", "/write", Some(&*read), 401, UNAUTHORIZED),
        (
            "an ID token for a scope",
            "/read",
            Some(&*good),
            401,
            UNAUTHORIZED,
        ),
    ];
    let gateway = plain(&json!({}), &json!({}));
    for (name, path, token, status, body) in cases {
        // Whatever was remembered of a token lets no other method in.
        for time in ["first", "second"] {
            let reply = call(&gateway, path, "authorization", token).await;
            assert_eq!(
                (reply.status, reply.text()),
                (status, body),
                "{name}: {time}"
            );
            let error_type = (status == 401).then_some("UnauthorizedException");
            assert_eq!(
                reply.header("x-amzn-errortype"),
                error_type,
                "{name}: {time}"
            );
        }
    }
}

#[tokio::test]
async fn an_authorizer_has_a_header_and_audiences_of_its_own() {
    let good = token(&id_claims(&json!({})));
    let read = token(&access_claims("shop/read"));
    let header = json!({"identitySource": "method.request.header.X-Token"});
    let audience = |pattern: &str| json!({"identityValidationExpression": pattern});
    let cases = [
        ("its header", &header, "/id", "x-token", &good, 200),
        (
            "another header",
            &header,
            "/id",
            "authorization",
            &good,
            401,
        ),
        (
            "its audience",
            &audience("client-[12]"),
            "/id",
            "authorization",
            &good,
            200,
        ),
        (
            "a part of it",
            &audience("client"),
            "/id",
            "authorization",
            &good,
            401,
        ),
        (
            "an access token has none",
            &audience("client-1"),
            "/read",
            "authorization",
            &read,
            401,
        ),
    ];
    for (name, authorizer, path, header, token, status) in cases {
        let gateway = plain(authorizer, &json!({}));
        let reply = call(&gateway, path, header, Some(token)).await;
        assert_eq!(reply.status, status, "{name}");
    }
}

#[tokio::test]
async fn a_function_behind_the_authorizer_gets_the_claims() {
    let function = Recorder::new(r#"{"statusCode": 200}"#);
    let gateway = gateway(
        &document(&json!({}), &json!({})),
        Keys::published(),
        function.clone(),
    );
    let good = token(&id_claims(&json!({})));
    let reply = call(&gateway, "/event", "authorization", Some(&good)).await;
    assert_eq!(reply.status, 200);
    let event = function.event();
    let claims = json!({
        "iss": issuer(POOL), "aud": "client-1", "token_use": "id", "sub": "u-1", "email": "a@example.com",
        "email_verified": "true", "cognito:groups": "admin,user",
        "exp": "Sun Mar 01 13:00:00 UTC 2026", "iat": "Sun Mar 01 11:58:20 UTC 2026",
    });
    assert_eq!(
        event["requestContext"]["authorizer"],
        json!({"claims": claims})
    );
    assert_eq!(
        call(&gateway, "/event", "authorization", None).await.status,
        401
    );
    assert!(
        function.take().is_empty(),
        "a stranger reaches the function"
    );
}

#[tokio::test]
async fn without_keys_nobody_is_let_in_and_with_them_they_are_fetched_once() {
    let function = || Recorder::new(r#"{"statusCode": 200}"#);
    let good = token(&id_claims(&json!({})));
    let document = document(&json!({}), &json!({}));
    for (name, keys) in [("down", None), ("no key set", Some("{}".to_owned()))] {
        let gateway = gateway(&document, Keys::new(keys), function());
        let reply = call(&gateway, "/id", "authorization", Some(&good)).await;
        assert_eq!(
            (reply.status, reply.text()),
            (500, r#"{"message":null}"#),
            "{name}"
        );
        let error_type = reply.header("x-amzn-errortype");
        assert_eq!(error_type, Some("AuthorizerFailureException"), "{name}");
    }
    let keys = Keys::published();
    let gateway = gateway(&document, keys.clone(), function());
    let read = token(&access_claims("shop/read"));
    for (path, token) in [("/id", &good), ("/read", &read), ("/event", &good)] {
        let reply = call(&gateway, path, "authorization", Some(token)).await;
        assert_eq!(reply.status, 200, "{path}");
    }
    assert_eq!(
        keys.fetches.load(Ordering::Relaxed),
        1,
        "of the one issuer that was asked for"
    );
}

#[tokio::test]
async fn the_policy_of_the_api_is_asked_after_the_token_and_must_allow() {
    let statement = |effect: &str, path: &str| {
        let resource = format!("execute-api:/prod/GET/{path}");
        json!({"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": resource})
    };
    let good = token(&id_claims(&json!({})));
    let expired = token(&id_claims(&json!({"exp": NOW - 1})));
    let cases = [
        ("allows", vec![statement("Allow", "*")], 200),
        (
            "denies",
            vec![statement("Allow", "*"), statement("Deny", "id")],
            403,
        ),
        ("says nothing", vec![statement("Allow", "elsewhere")], 403),
    ];
    for (name, statements, status) in cases {
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        let gateway = plain(&json!({}), &json!({"x-amazon-apigateway-policy": policy}));
        let asked = [(Some(&*good), status), (Some(&*expired), 401), (None, 401)];
        for (token, status) in asked {
            let reply = call(&gateway, "/id", "authorization", token).await;
            assert_eq!(reply.status, status, "{name}: {}", reply.text());
            let is_denied = reply.header("x-amzn-errortype") == Some("AccessDeniedException");
            assert_eq!(is_denied, status == 403, "{name}");
        }
    }
}

#[test]
fn what_is_wrong_with_an_authorizer_refuses_the_definition() {
    let arn = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_x";
    let many: Vec<_> = (0..11).map(|pool| format!("{arn}{pool}")).collect();
    let cases = [
        ("no pool", json!({"providerARNs": []}), "there is no"),
        (
            "no ARN of a pool",
            json!({"providerARNs": ["arn:a"]}),
            "`arn:a`",
        ),
        (
            "a pool twice",
            json!({"providerARNs": [arn, arn]}),
            "us-east-1_x",
        ),
        ("11 pools", json!({"providerARNs": many}), "10"),
        (
            "a parameter",
            json!({"identitySource": "method.request.querystring.t"}),
            "is one header",
        ),
        (
            "two headers",
            json!({"identitySource": "method.request.header.A, method.request.header.B"}),
            "is one header",
        ),
        (
            "no expression",
            json!({"identityValidationExpression": "("}),
            "(",
        ),
    ];
    for (name, authorizer, expected) in cases {
        let imported = openapi::parse(&document(&authorizer, &json!({}))).expect("a definition");
        let error = Gateway::builder()
            .api("api", imported)
            .build()
            .expect_err(name);
        let found = error.diagnostics().iter().map(ToString::to_string);
        let place =
            "apis.api.components.securitySchemes.pool.x-amazon-apigateway-authorizer: error: ";
        let mut found = found.filter(|finding| finding.starts_with(place));
        assert!(
            found.any(|finding| finding.contains(expected)),
            "{name}: {error}"
        );
    }
}

#[tokio::test]
async fn a_kept_deployment_believes_the_keys_that_there_are_now() {
    let good = token(&id_claims(&json!({})));
    let parsed =
        || openapi::parse(document(&json!({}), &json!({})).as_str()).expect("a definition");
    let gateway = plain(&json!({}), &json!({}));
    let prod = gateway.stage("api", "prod").expect("the stage");
    let by_hand = prod.deploy(parsed()).expect("a deployment");
    let status = async || {
        call(&gateway, "/id", "Authorization", Some(&good))
            .await
            .status
    };
    assert_eq!(status().await, 200);

    let told = |keys: Keys| {
        let next = gateway
            .successor()
            .key_source(issuer(POOL), keys.clone())
            .key_source(issuer(OTHER_POOL), keys)
            .function(
                FUNCTION,
                Lambda::new(Recorder::new(r#"{"statusCode": 200}"#)),
            )
            .api("api", parsed())
            .stage("api", StageSettings::new("prod"));
        gateway.reload(next).expect("a reload");
    };
    let foreign = Keys::new(Some(SIGNERS[1].key_set()));
    for (name, keys, expected) in [
        ("the keys of somebody else", foreign, 401),
        ("the pool's again", Keys::published(), 200),
    ] {
        told(keys);
        assert_eq!(prod.deployment_id().expect(name), by_hand, "{name}");
        assert_eq!(status().await, expected, "{name}");
    }
}
