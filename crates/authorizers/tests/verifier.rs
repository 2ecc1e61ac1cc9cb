//! What a verifier of tokens believes.

#![cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "support/signer.rs"]
mod signer;

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use signer::{ISSUER, NOW, Signer, at, change, changed, claims, encode, outcome, verifier};
use towergate_authorizers::{
    jwt::{
        ClaimRule, CognitoVerifier, Issuer, JwtVerifier, JwtVerifierError, TokenError, UserPool,
    },
    keys::{Algorithm, KeySet, VerifyingKey},
};
use towergate_expressions::SelectionPattern;

#[test]
fn claims_are_checked_one_by_one() {
    let signer = Signer::new("a", 1);
    let issuer = Issuer::new(ISSUER, signer.keys())
        .audience("orders")
        .audience("stock")
        .claim(ClaimRule::required("tier").one_of(["gold", "silver"]))
        .claim(ClaimRule::optional("region").one_of(["eu"]))
        .claim(ClaimRule::optional("team"));
    let verifier = verifier(issuer);
    let tier = || Some(TokenError::Claim("tier".into()));
    let region = || Some(TokenError::Claim("region".into()));
    let team = || Some(TokenError::Claim("team".into()));
    let cases = [
        (json!({}), None),
        (
            json!({"iss": "https://id.example.com/"}),
            Some(TokenError::Issuer),
        ),
        (
            json!({"iss": "HTTPS://ID.EXAMPLE.COM"}),
            Some(TokenError::Issuer),
        ),
        (json!({"iss": [ISSUER]}), Some(TokenError::Issuer)),
        (json!({"iss": null}), Some(TokenError::Issuer)),
        (json!({"aud": "stock"}), None),
        (json!({"aud": ["else", "stock"]}), None),
        (json!({"aud": []}), Some(TokenError::Audience)),
        (json!({"aud": "Orders"}), Some(TokenError::Audience)),
        (json!({"aud": "orders stock"}), Some(TokenError::Audience)),
        (json!({"aud": {"orders": 1}}), Some(TokenError::Audience)),
        (json!({"aud": null, "client_id": "orders"}), None),
        (
            json!({"aud": "null", "client_id": "orders"}),
            Some(TokenError::Audience),
        ),
        (
            json!({"aud": "else", "client_id": "orders"}),
            Some(TokenError::Audience),
        ),
        (
            json!({"aud": null, "client_id": ["orders"]}),
            Some(TokenError::Audience),
        ),
        (json!({"aud": null}), Some(TokenError::Audience)),
        (json!({"exp": NOW + 1}), None),
        (json!({"exp": NOW}), Some(TokenError::Expired)),
        (json!({"exp": NOW as f64 + 0.5}), None),
        (json!({"exp": 1e300}), None),
        (json!({"exp": u64::MAX}), None),
        (json!({"exp": -1}), Some(TokenError::Expired)),
        (json!({"exp": -1e300}), Some(TokenError::Expired)),
        (json!({"exp": null}), Some(TokenError::Time("exp"))),
        (json!({"exp": "null"}), Some(TokenError::Time("exp"))),
        (json!({"exp": "1800000000"}), Some(TokenError::Time("exp"))),
        (json!({"nbf": NOW}), None),
        (json!({"nbf": NOW + 1}), Some(TokenError::NotYetValid)),
        (
            json!({"nbf": NOW as f64 + 0.5}),
            Some(TokenError::NotYetValid),
        ),
        (json!({"nbf": -5}), None),
        (json!({"nbf": true}), Some(TokenError::Time("nbf"))),
        (json!({"iat": NOW + 1}), Some(TokenError::NotYetValid)),
        (json!({"iat": [NOW]}), Some(TokenError::Time("iat"))),
        (json!({"tier": "silver"}), None),
        (json!({"tier": "Gold"}), tier()),
        (json!({"tier": ["gold"]}), tier()),
        (json!({"tier": null}), tier()),
        (json!({"region": "eu"}), None),
        (json!({"region": "us"}), region()),
        (json!({"region": "null"}), region()),
        (json!({"team": ""}), None),
        (json!({"team": 7}), team()),
    ];
    for (changes, expected) in cases {
        let gold = changed(&json!({"tier": "gold"}));
        let token = signer.token(&change(gold, &changes));
        assert_eq!(outcome(&verifier, &token, 0), expected, "{changes}");
    }
}

#[test]
fn leeway_forgives_at_both_ends() {
    let signer = Signer::new("a", 1);
    let verifier = JwtVerifier::builder()
        .issuer(Issuer::new(ISSUER, signer.keys()).audience("orders"))
        .algorithms([Algorithm::EdDsa])
        .leeway(Duration::from_secs(60))
        .build()
        .unwrap();
    let cases = [
        (json!({"exp": NOW - 59}), None),
        (json!({"exp": NOW - 60}), Some(TokenError::Expired)),
        (json!({"nbf": NOW + 60}), None),
        (json!({"nbf": NOW + 61}), Some(TokenError::NotYetValid)),
        (json!({"iat": NOW + 61}), Some(TokenError::NotYetValid)),
    ];
    for (changes, expected) in cases {
        let token = signer.token(&changed(&changes));
        assert_eq!(outcome(&verifier, &token, 0), expected, "{changes}");
        assert_eq!(outcome(&verifier, &token, 0), expected, "{changes} again");
    }
}

#[test]
fn s1_the_key_settles_the_algorithm_and_a_public_key_is_no_secret() {
    let signer = Signer::new("a", 1);
    let verifier = |algorithms: &[Algorithm]| {
        let issuer = Issuer::new(ISSUER, signer.keys()).audience("orders");
        let builder = JwtVerifier::builder().issuer(issuer);
        builder
            .algorithms(algorithms.iter().copied())
            .build()
            .unwrap()
    };
    let mac = |algorithm: &str| {
        let header = json!({"alg": algorithm, "kid": "a"}).to_string();
        let signed = encode(&header, &claims().to_string());
        let key = hmac::Key::new(hmac::HMAC_SHA256, signer.public_key());
        let mac = hmac::sign(&key, signed.as_bytes());
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac))
    };
    let not_allowed = |name: &str| Some(TokenError::Algorithm(Some(name.into())));
    let token = signer.token(&claims());
    let every = [Algorithm::EdDsa, Algorithm::Hs256, Algorithm::Rs256];
    let cases = [
        (verifier(&[Algorithm::EdDsa]), token.clone(), None),
        (
            verifier(&[Algorithm::EdDsa]),
            mac("HS256"),
            not_allowed("HS256"),
        ),
        (
            verifier(&[Algorithm::EdDsa]),
            mac("none"),
            not_allowed("none"),
        ),
        (verifier(&Algorithm::HTTP_API), token, not_allowed("EdDSA")),
        (verifier(&every), mac("HS256"), Some(TokenError::Key)),
        (verifier(&every), mac("RS256"), Some(TokenError::Key)),
        (verifier(&every), mac("EdDSA"), Some(TokenError::Signature)),
    ];
    for (verifier, token, expected) in cases {
        assert_eq!(outcome(&verifier, &token, 0), expected, "{token}");
    }
}

#[test]
fn s1_shared_secrets_work_where_they_are_asked_for() {
    let secret = [7; 32];
    let keys: KeySet = [(
        "s",
        VerifyingKey::from_secret(Algorithm::Hs256, &secret).unwrap(),
    )]
    .into_iter()
    .collect();
    let verifier = JwtVerifier::builder()
        .issuer(Issuer::new(ISSUER, keys).audience("orders"))
        .algorithms([Algorithm::Hs256])
        .build()
        .unwrap();
    let signed = encode(r#"{"alg":"HS256","kid":"s"}"#, &claims().to_string());
    let mac = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, &secret),
        signed.as_bytes(),
    );
    let token = format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac));
    assert_eq!(outcome(&verifier, &token, 0), None);
    assert_eq!(
        outcome(&verifier, &format!("{signed}.AAAA"), 0),
        Some(TokenError::Signature)
    );
}

#[test]
fn s2_a_kid_is_looked_up_and_nothing_else() {
    let signer = Signer::new("a", 1);
    let verifier = verifier(Issuer::new(ISSUER, signer.keys()).audience("orders"));
    let long = "a".repeat(257);
    let cases = [
        (Some("a"), None),
        (None, Some(TokenError::Key)),
        (Some(""), Some(TokenError::Key)),
        (Some("A"), Some(TokenError::Key)),
        (Some("a "), Some(TokenError::Key)),
        (Some("../a"), Some(TokenError::Key)),
        (Some("https://evil.example/keys"), Some(TokenError::Key)),
        (Some("' or '1'='1"), Some(TokenError::Key)),
        (Some(long.as_str()), Some(TokenError::Key)),
    ];
    for (kid, expected) in cases {
        let header = match kid {
            Some(kid) => json!({"alg": "EdDSA", "kid": kid}),
            None => json!({"alg": "EdDSA"}),
        };
        let token = signer.sign(&header.to_string(), &claims().to_string());
        assert_eq!(outcome(&verifier, &token, 0), expected, "{kid:?}");
    }
}

#[test]
fn s3_keys_that_a_token_carries_are_not_used() {
    let (signer, evil) = (Signer::new("a", 1), Signer::new("a", 2));
    let verifier = verifier(Issuer::new(ISSUER, signer.keys()).audience("orders"));
    let carried = [
        ("jwk", evil.jwk()),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/chain.pem")),
        ("x5c", json!(["MIIB"])),
    ];
    for (name, value) in carried {
        let header = json!({"alg": "EdDSA", "kid": "a", name: value}).to_string();
        let forged = evil.sign(&header, &claims().to_string());
        assert_eq!(
            outcome(&verifier, &forged, 0),
            Some(TokenError::Signature),
            "{name}"
        );
        let harmless = signer.sign(&header, &claims().to_string());
        assert_eq!(outcome(&verifier, &harmless, 0), None, "{name}");
    }
    let header = json!({"alg": "EdDSA", "kid": "a", "crit": ["exp"], "exp": 1}).to_string();
    let critical = signer.sign(&header, &claims().to_string());
    assert_eq!(
        outcome(&verifier, &critical, 0),
        Some(TokenError::Malformed("header"))
    );
}

#[test]
fn the_signature_is_checked_before_any_claim() {
    let (signer, evil) = (Signer::new("a", 1), Signer::new("a", 2));
    let verifier = verifier(Issuer::new(ISSUER, signer.keys()).audience("orders"));
    for changes in [
        json!({}),
        json!({"iss": "x"}),
        json!({"exp": 1}),
        json!({"aud": "x"}),
    ] {
        let token = evil.token(&changed(&changes));
        assert_eq!(
            outcome(&verifier, &token, 0),
            Some(TokenError::Signature),
            "{changes}"
        );
    }
}

#[test]
fn s14_claims_with_two_meanings_are_refused() {
    let signer = Signer::new("a", 1);
    let verifier = verifier(Issuer::new(ISSUER, signer.keys()).audience("orders"));
    let claims = claims().to_string();
    let inner = claims.trim_end_matches('}');
    let deep = |depth| {
        format!(
            r#"{inner},"a":{}{}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    let malformed = Some(TokenError::Malformed("payload"));
    let cases = [
        ("as they are", claims.clone(), None),
        (
            "a duplicate",
            format!(r#"{inner},"iss":"https://evil.example"}}"#),
            malformed.clone(),
        ),
        (
            "the same twice",
            format!(r#"{inner},"sub":"alice"}}"#),
            malformed.clone(),
        ),
        (
            "an escaped duplicate",
            format!(r#"{inner},"\u0073ub":"bob"}}"#),
            malformed.clone(),
        ),
        ("deep", deep(31), None),
        ("too deep", deep(32), malformed.clone()),
        (
            "an infinite time",
            claims.replace(r#""exp":"#, r#""exp":1e400,"x":"#),
            malformed.clone(),
        ),
        ("an array", "[]".to_owned(), malformed.clone()),
        ("more", format!("{claims}{{}}"), malformed.clone()),
        ("nothing", String::new(), malformed),
    ];
    for (name, payload, expected) in cases {
        let token = signer.sign(r#"{"alg":"EdDSA","kid":"a"}"#, &payload);
        assert_eq!(outcome(&verifier, &token, 0), expected, "{name}");
    }
}

#[test]
fn each_issuer_has_its_own_keys_audiences_and_rules() {
    let (first, second) = (Signer::new("same", 1), Signer::new("same", 2));
    let verifier = JwtVerifier::builder()
        .issuer(Issuer::new("https://a.example", first.keys()).audience("a"))
        .issuer(
            Issuer::new("https://b.example", second.keys())
                .audience("b")
                .claim(ClaimRule::required("tier")),
        )
        .algorithms([Algorithm::EdDsa])
        .build()
        .unwrap();
    let claims = |issuer: &str, audience: &str, tier: Value| json!({"iss": issuer, "aud": audience, "tier": tier, "exp": NOW + 1});
    let (a, b) = ("https://a.example", "https://b.example");
    let cases = [
        ("a", &first, claims(a, "a", json!(1)), None),
        ("b", &second, claims(b, "b", json!("x")), None),
        (
            "the other's audience",
            &first,
            claims(a, "b", json!("x")),
            Some(TokenError::Audience),
        ),
        (
            "the other's key",
            &second,
            claims(a, "a", json!("x")),
            Some(TokenError::Signature),
        ),
        (
            "its own rule",
            &second,
            claims(b, "b", json!(1)),
            Some(TokenError::Claim("tier".into())),
        ),
        (
            "nobody",
            &first,
            claims("https://c.example", "a", json!("x")),
            Some(TokenError::Issuer),
        ),
    ];
    for (name, signer, claims, expected) in cases {
        assert_eq!(
            outcome(&verifier, &signer.token(&claims), 0),
            expected,
            "{name}"
        );
    }
}

#[test]
fn a_route_takes_any_one_of_its_scopes() {
    let signer = Signer::new("a", 1);
    let verifier = verifier(Issuer::new(ISSUER, signer.keys()).audience("orders"));
    let cases = [
        (json!({}), vec![], true, vec![]),
        (json!({}), vec!["a"], false, vec![]),
        (
            json!({"scope": "a b"}),
            vec!["c", "b"],
            true,
            vec!["a", "b"],
        ),
        (
            json!({"scope": "  a   b "}),
            vec!["a"],
            true,
            vec!["a", "b"],
        ),
        (json!({"scope": "a,b"}), vec!["a"], false, vec!["a,b"]),
        (json!({"scope": "a\tb"}), vec!["a"], false, vec!["a\tb"]),
        (json!({"scope": "ab"}), vec!["a"], false, vec!["ab"]),
        (json!({"scope": ["a"]}), vec!["a"], false, vec![]),
        (json!({"scope": 5}), vec!["5"], false, vec![]),
        (json!({"scp": "a b"}), vec!["b"], true, vec!["a", "b"]),
        (
            json!({"scp": ["a", 1, "b c"]}),
            vec!["c"],
            false,
            vec!["a", "b c"],
        ),
        (
            json!({"scp": ["a"], "scope": "b"}),
            vec!["b"],
            true,
            vec!["a", "b"],
        ),
    ];
    for (changes, wanted, expected, scopes) in cases {
        let token = signer.token(&changed(&changes));
        let verified = verifier.verify_now(&token, at(0)).unwrap().unwrap();
        assert_eq!(
            verified.check_scopes(&wanted).is_ok(),
            expected,
            "{changes} {wanted:?}"
        );
        assert_eq!(verified.scopes().collect::<Vec<_>>(), scopes, "{changes}");
    }
}

#[test]
fn s12_nothing_shows_a_token() {
    let signer = Signer::new("a", 1);
    let verifier = verifier(Issuer::new(ISSUER, signer.keys()).audience("orders"));
    let token = signer.token(&changed(&json!({"sub": "alice-secret"})));
    let verified = verifier.verify_now(&token, at(0)).unwrap().unwrap();
    let forged = format!("{}AA", &token[..token.len() - 2]);
    let error = verifier.verify_now(&forged, at(0)).unwrap().unwrap_err();
    let shown = [
        format!("{verified:?}"),
        format!("{verifier:?}"),
        format!("{error:?} {error}"),
    ];
    for text in shown {
        let parts = token.split('.').chain(["alice-secret"]);
        for part in parts {
            assert!(!text.contains(part), "{text}");
        }
    }
}

#[test]
fn cognito_accepts_only_its_own_algorithm() {
    let arn = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_a";
    let pool: UserPool = arn.parse().unwrap();
    let signer = Signer::new("a", 1);
    let token = signer.token(&changed(&json!({"iss": pool.issuer(), "token_use": "id"})));
    let verifier = CognitoVerifier::new([(pool, signer.keys())])
        .unwrap()
        .with_validation_expression(SelectionPattern::parse("orders").unwrap());
    let answer = verifier.verify_now(&token, &[""; 0], at(0)).unwrap();
    assert_eq!(
        answer.unwrap_err(),
        TokenError::Algorithm(Some("EdDSA".into()))
    );
    let none: [(UserPool, KeySet); 0] = [];
    assert_eq!(
        CognitoVerifier::new(none).unwrap_err(),
        JwtVerifierError::NoIssuer
    );
}
