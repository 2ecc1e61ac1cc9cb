use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::json;

use super::*;

fn number(bytes: usize, first: u8) -> String {
    let mut number = vec![0xff; bytes];
    number[0] = first;
    BASE64_URL_SAFE_NO_PAD.encode(number)
}

/// What may be done with an RSA key after `change`.
fn rsa(change: impl FnOnce(&mut Value)) -> Result<Vec<Algorithm>, KeyError> {
    let mut jwk = json!({"kty": "RSA", "n": number(256, 0x80), "e": "AQAB"});
    change(&mut jwk);
    let key = VerifyingKey::from_jwk(jwk.to_string().as_bytes())?;
    Ok(key.algorithms().collect())
}

#[test]
fn s1_a_key_settles_its_algorithms() {
    let all = || Ok(Algorithm::RSA.to_vec());
    let cases = [
        ("alg", json!(null), all()),
        ("alg", json!("RS512"), Ok(vec![Algorithm::Rs512])),
        ("alg", json!("PS256"), Ok(vec![Algorithm::Ps256])),
        ("alg", json!("HS256"), Err(KeyError::Unfit("alg"))),
        ("alg", json!("ES256"), Err(KeyError::Unfit("alg"))),
        ("alg", json!("RSA-OAEP"), Err(KeyError::Unfit("alg"))),
        ("alg", json!(["RS256"]), Err(KeyError::Malformed("alg"))),
        ("use", json!("sig"), all()),
        ("use", json!("enc"), Err(KeyError::Unfit("use"))),
        ("key_ops", json!(["sign", "verify"]), all()),
        (
            "key_ops",
            json!(["encrypt"]),
            Err(KeyError::Unfit("key_ops")),
        ),
        ("key_ops", json!("verify"), Err(KeyError::Unfit("key_ops"))),
    ];
    for (member, value, expected) in cases {
        let found = rsa(|jwk| jwk[member] = value.clone());
        assert_eq!(found, expected, "{member} {value}");
    }
}

#[test]
fn rsa_keys_have_2048_to_8192_bits_and_an_odd_exponent() {
    let cases = [
        ("n", number(256, 0x80), true),
        ("n", number(257, 0x00), true),
        ("n", number(256, 0x7f), false),
        ("n", number(128, 0xff), false),
        ("n", number(1024, 0xff), true),
        ("n", number(1025, 0x01), false),
        ("n", String::new(), false),
        ("e", "Aw".to_owned(), true),
        ("e", "AQ".to_owned(), false),
        ("e", "AA".to_owned(), false),
        ("e", "AQAA".to_owned(), false),
        ("e", "AAEAAQ".to_owned(), true),
        ("e", number(8, 0xff), false),
        ("e", String::new(), false),
    ];
    for (member, value, expected) in cases {
        let found = rsa(|jwk| jwk[member] = value.clone().into());
        let error = (!expected).then_some(KeyError::Weak);
        assert_eq!(found.err(), error, "{member} {value}");
    }
    let found = rsa(|jwk| jwk["n"] = "AQ==".into());
    assert_eq!(found, Err(KeyError::Malformed("n")));
}

#[test]
fn curves_fix_the_length_of_coordinates_and_points_lie_on_them() {
    let x = "VBmF31PKFR98-p_yMxSSZDEZT0V3ejsBkfKvf7kQFiE";
    let y = "myr1Sjptfpy77k3vx2Phxj9RdN0OZZeDiFLO6ufoigk";
    let ec = |crv: &str, x: &str, y: &str| json!({"kty": "EC", "crv": crv, "x": x, "y": y});
    let ed = |x: &str| json!({"kty": "OKP", "crv": "Ed25519", "x": x});
    let cases = [
        ("P-256", ec("P-256", x, y), None),
        (
            "another curve",
            ec("P-384", x, y),
            Some(KeyError::Malformed("x")),
        ),
        (
            "short",
            ec("P-256", "AQ", y),
            Some(KeyError::Malformed("x")),
        ),
        (
            "off the curve",
            ec("P-256", y, y),
            Some(KeyError::Malformed("key")),
        ),
        (
            "unknown curve",
            ec("secp256k1", x, y),
            Some(KeyError::Unsupported),
        ),
        ("Ed25519", ed(x), None),
        ("short Ed25519", ed("AQ"), Some(KeyError::Malformed("x"))),
        (
            "X25519",
            json!({"kty": "OKP", "crv": "X25519", "x": x}),
            Some(KeyError::Unsupported),
        ),
        (
            "a secret",
            json!({"kty": "oct", "k": x, "alg": "HS256"}),
            Some(KeyError::Unsupported),
        ),
        ("no type", json!({"x": x}), Some(KeyError::Malformed("kty"))),
        ("no object", json!([]), Some(KeyError::Malformed("key"))),
    ];
    for (name, jwk, expected) in cases {
        let key = VerifyingKey::from_jwk(jwk.to_string().as_bytes());
        assert_eq!(key.err(), expected, "{name}");
    }
}

#[test]
fn secrets_are_as_long_as_their_hash() {
    let cases = [
        (Algorithm::Hs256, 32, None),
        (Algorithm::Hs256, 31, Some(KeyError::Weak)),
        (Algorithm::Hs384, 47, Some(KeyError::Weak)),
        (Algorithm::Hs512, 64, None),
        (Algorithm::Hs512, 0, Some(KeyError::Weak)),
        (Algorithm::Rs256, 256, Some(KeyError::Unfit("alg"))),
    ];
    for (algorithm, bytes, expected) in cases {
        let key = VerifyingKey::from_secret(algorithm, &vec![7; bytes]);
        assert_eq!(key.err(), expected, "{algorithm} {bytes}");
    }
}

#[test]
fn s6_a_part_of_a_signature_is_none() {
    // RFC 4231 has this as its first test case, with a shorter key; the rest of a block is zeros.
    let mut secret = vec![0x0b; 20];
    secret.resize(32, 0);
    let key = VerifyingKey::from_secret(Algorithm::Hs256, &secret).unwrap();
    let mac = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
    let mac: Vec<u8> = (0..64)
        .step_by(2)
        .map(|at| u8::from_str_radix(&mac[at..at + 2], 16).unwrap())
        .collect();
    assert!(key.verify(Algorithm::Hs256, b"Hi There", &mac));
    assert!(!key.verify(Algorithm::Hs384, b"Hi There", &mac));
    assert!(!key.verify(Algorithm::Hs256, b"Hi there", &mac));
    for bytes in 0..mac.len() {
        assert!(
            !key.verify(Algorithm::Hs256, b"Hi There", &mac[..bytes]),
            "{bytes} bytes"
        );
    }
}

#[test]
fn s12_debug_shows_nothing_of_a_key() {
    let key = VerifyingKey::from_secret(Algorithm::Hs256, &[b's'; 32]).unwrap();
    assert_eq!(format!("{key:?}"), "VerifyingKey{Hs256}");
}
