//! What a verifier of tokens remembers, and when it asks for keys.

#![cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "support/signer.rs"]
mod signer;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use serde_json::json;
use signer::{ISSUER, NOW, Signer, at, changed, claims, key_set, outcome, verifier};
use towergate_authorizers::{
    jwt::{Issuer, JwtVerifier, RememberedTokens, TokenError},
    keys::{Algorithm, CachedKeys, KeysUnavailable},
};
use towergate_core::{BoxFuture, KeySource, KeySourceError};
use towergate_testing::FakeClock;

#[test]
fn a_verified_token_is_remembered_until_it_expires() {
    let signer = Signer::new("a", 1);
    let verifier = verifier(Issuer::new(ISSUER, signer.keys()).audience("orders"));
    let token = signer.token(&changed(&json!({"nbf": NOW, "exp": NOW + 10})));
    let verify = |seconds| verifier.verify_now(&token, at(seconds)).unwrap();
    let first = verify(0).unwrap();
    assert!(Arc::ptr_eq(&first, &verify(9).unwrap()));
    assert_eq!(verify(10).unwrap_err(), TokenError::Expired);
    assert!(verifier.verify_now(&token[1..], at(0)).unwrap().is_err());
}

#[test]
fn s17_a_remembered_token_is_not_valid_before_its_time() {
    let signer = Signer::new("a", 1);
    let verifier = verifier(Issuer::new(ISSUER, signer.keys()).audience("orders"));
    let token = signer.token(&changed(&json!({"nbf": NOW + 5, "exp": NOW + 10})));
    let cases = [
        (4, Some(TokenError::NotYetValid)),
        (5, None),
        (4, Some(TokenError::NotYetValid)),
        (10, Some(TokenError::Expired)),
    ];
    for (seconds, expected) in cases {
        assert_eq!(outcome(&verifier, &token, seconds), expected, "{seconds}");
    }
    let again = verifier.verify_now(&token, at(6)).unwrap().unwrap();
    let and_again = verifier.verify_now(&token, at(6)).unwrap().unwrap();
    assert!(
        !Arc::ptr_eq(&again, &and_again),
        "time has gone back, so nothing is remembered"
    );
}

#[test]
fn s8_refusals_are_not_remembered() {
    let signer = Signer::new("a", 1);
    let verifier = verifier(Issuer::new(ISSUER, signer.keys()).audience("orders"));
    let token = signer.token(&changed(&json!({"nbf": NOW + 5})));
    assert_eq!(outcome(&verifier, &token, 4), Some(TokenError::NotYetValid));
    assert_eq!(outcome(&verifier, &token, 5), None);
}

#[test]
fn nothing_is_remembered_if_so_wished() {
    let signer = Signer::new("a", 1);
    let verifier = JwtVerifier::builder()
        .issuer(Issuer::new(ISSUER, signer.keys()).audience("orders"))
        .algorithms([Algorithm::EdDsa])
        .remember(RememberedTokens::new(0, usize::MAX, Duration::MAX))
        .build()
        .unwrap();
    let token = signer.token(&claims());
    let verify = || verifier.verify_now(&token, at(0)).unwrap().unwrap();
    assert!(!Arc::ptr_eq(&verify(), &verify()));
}

#[test]
fn s11_another_verifier_does_not_share_what_is_remembered() {
    let signer = Signer::new("a", 1);
    let keys = Arc::new(signer.keys());
    let orders = verifier(Issuer::new(ISSUER, Arc::clone(&keys)).audience("orders"));
    let stock = verifier(Issuer::new(ISSUER, keys).audience("stock"));
    let token = signer.token(&claims());
    assert_eq!(outcome(&orders, &token, 0), None);
    assert_eq!(outcome(&stock, &token, 0), Some(TokenError::Audience));
}

/// A source whose key set the test changes.
#[derive(Clone, Default)]
struct Published(Arc<Mutex<(String, usize)>>);

impl Published {
    fn publish(&self, signers: &[&Signer]) {
        self.0.lock().unwrap().0 = key_set(signers);
    }

    fn fetches(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

impl KeySource for Published {
    fn key_set(&self) -> BoxFuture<'_, Result<Bytes, KeySourceError>> {
        let mut published = self.0.lock().unwrap();
        published.1 += 1;
        let document = published.0.clone();
        Box::pin(async move { Ok(document.into()) })
    }
}

#[tokio::test]
async fn a_rotated_key_ends_what_was_remembered() {
    let (old, new) = (Signer::new("old", 1), Signer::new("new", 2));
    let published = Published::default();
    let keys = CachedKeys::new(published.clone());
    let verifier = verifier(Issuer::new(ISSUER, keys).audience("orders"));
    let clock = FakeClock::at(at(0));
    let (old_token, new_token) = (old.token(&claims()), new.token(&claims()));

    published.publish(&[&old]);
    assert!(verifier.verify_now(&old_token, at(0)).is_none());
    verifier.verify(&old_token, &clock).await.unwrap();
    assert!(verifier.verify_now(&old_token, at(1)).unwrap().is_ok());
    assert_eq!(outcome(&verifier, &new_token, 1), Some(TokenError::Key));

    published.publish(&[&new]);
    clock.advance(Duration::from_secs(30));
    assert_eq!(outcome(&verifier, &old_token, 30), None, "nobody knows yet");
    verifier.verify(&new_token, &clock).await.unwrap();
    assert_eq!(outcome(&verifier, &old_token, 30), Some(TokenError::Key));
    assert_eq!(published.fetches(), 2);
}

#[tokio::test]
async fn s10_a_token_of_nobody_causes_no_fetch() {
    let (signer, published) = (Signer::new("a", 1), Published::default());
    let cached = Arc::new(CachedKeys::new(published.clone()));
    let one = verifier(Issuer::new(ISSUER, Arc::clone(&cached)).audience("orders"));
    let two = JwtVerifier::builder()
        .issuer(Issuer::new(ISSUER, Arc::clone(&cached)).audience("orders"))
        .issuer(Issuer::new("https://b.example", cached).audience("orders"))
        .algorithms([Algorithm::EdDsa])
        .build()
        .unwrap();
    for verifier in [&one, &two] {
        for number in 0..100 {
            let issuer = format!("https://{number}.example");
            let token = signer.token(&changed(&json!({"iss": issuer})));
            assert_eq!(
                outcome(verifier, &token, 0),
                Some(TokenError::Issuer),
                "{issuer}"
            );
        }
    }
    assert_eq!(published.fetches(), 0);
    published.publish(&[]);
    let answer = one
        .verify(&signer.token(&claims()), &FakeClock::at(at(0)))
        .await;
    assert_eq!(answer.unwrap_err(), TokenError::Key);
    assert_eq!(published.fetches(), 1);
}

#[tokio::test]
async fn without_keys_the_answer_says_so() {
    let published = Published::default();
    let keys = CachedKeys::new(published);
    let verifier = verifier(Issuer::new(ISSUER, keys).audience("orders"));
    let token = Signer::new("a", 1).token(&claims());
    let answer = verifier.verify(&token, &FakeClock::at(at(0))).await;
    let is_expected = matches!(&answer, Err(TokenError::Keys(KeysUnavailable::KeySet(_))));
    assert!(is_expected, "{answer:?}");
}
