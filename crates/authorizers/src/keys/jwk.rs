//! Reads JSON Web Keys (RFC 7517) and settles which algorithms each may be used with.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{
    Algorithm, roca,
    verifying_key::{KeyError, KeyMaterial},
};

const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Returns what the key is made of and which algorithms it may be used with: those of its type, or its `alg` alone.
pub(super) fn read(
    members: &Map<String, Value>,
) -> Result<(KeyMaterial<'static>, Vec<Algorithm>), KeyError> {
    let (material, fit) = match text(members, "kty")? {
        "EC" => ec(members)?,
        "OKP" => (ed(members)?, vec![Algorithm::EdDsa]),
        "RSA" => (rsa(members)?, Algorithm::RSA.to_vec()),
        _ => return Err(KeyError::Unsupported),
    };
    check_use(members)?;
    if members.get("alg").is_none_or(Value::is_null) {
        return Ok((material, fit));
    }
    let algorithm = text(members, "alg")?.parse().ok();
    match algorithm.filter(|algorithm| fit.contains(algorithm)) {
        Some(algorithm) => Ok((material, vec![algorithm])),
        None => Err(KeyError::Unfit("alg")),
    }
}

/// `use` and `key_ops` are optional, but what they say counts.
fn check_use(members: &Map<String, Value>) -> Result<(), KeyError> {
    if members.get("use").is_some_and(|purpose| purpose != "sig") {
        return Err(KeyError::Unfit("use"));
    }
    let operations = members.get("key_ops");
    let may_verify = operations.is_none_or(|operations| {
        operations
            .as_array()
            .is_some_and(|operations| operations.iter().any(|operation| operation == "verify"))
    });
    if may_verify {
        Ok(())
    } else {
        Err(KeyError::Unfit("key_ops"))
    }
}

fn ec(members: &Map<String, Value>) -> Result<(KeyMaterial<'static>, Vec<Algorithm>), KeyError> {
    let (algorithm, bytes) = match text(members, "crv")? {
        "P-256" => (Algorithm::Es256, 32),
        "P-384" => (Algorithm::Es384, 48),
        "P-521" => (Algorithm::Es512, 66),
        _ => return Err(KeyError::Unsupported),
    };
    let mut point = vec![4];
    for name in ["x", "y"] {
        let coordinate = base64url(members, name)?;
        // RFC 7518, section 6.2.1.2: exactly as long as the curve's field.
        if coordinate.len() != bytes {
            return Err(KeyError::Malformed(name));
        }
        point.extend(coordinate);
    }
    Ok((KeyMaterial::Ec(point), vec![algorithm]))
}

fn ed(members: &Map<String, Value>) -> Result<KeyMaterial<'static>, KeyError> {
    if text(members, "crv")? != "Ed25519" {
        return Err(KeyError::Unsupported);
    }
    let bytes = base64url(members, "x")?;
    if bytes.len() != 32 {
        return Err(KeyError::Malformed("x"));
    }
    Ok(KeyMaterial::Ed(bytes))
}

fn rsa(members: &Map<String, Value>) -> Result<KeyMaterial<'static>, KeyError> {
    let n = number(members, "n")?;
    let leading_zeros = n.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = (n.len() * 8).saturating_sub(leading_zeros);
    if !RSA_BITS.contains(&bits) || roca::is_marked(&n) {
        return Err(KeyError::Weak);
    }
    let e = number(members, "e")?;
    // Longer exponents only make checking slow.
    let value = e
        .iter()
        .fold(0, |value: u64, byte| (value << 8) | u64::from(*byte));
    if e.len() > 4 || value < 3 || value % 2 == 0 {
        return Err(KeyError::Weak);
    }
    Ok(KeyMaterial::Rsa { n, e })
}

/// A big-endian number; leading zeros are dropped.
fn number(members: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, KeyError> {
    let mut bytes = base64url(members, name)?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.drain(..zeros);
    Ok(bytes)
}

fn base64url(members: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, KeyError> {
    BASE64_URL_SAFE_NO_PAD
        .decode(text(members, name)?)
        .map_err(|_| KeyError::Malformed(name))
}

fn text<'m>(members: &'m Map<String, Value>, name: &'static str) -> Result<&'m str, KeyError> {
    members
        .get(name)
        .and_then(Value::as_str)
        .ok_or(KeyError::Malformed(name))
}
