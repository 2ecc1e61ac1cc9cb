//! Sets of keys (RFC 7517, section 5).

use std::{collections::HashMap, fmt, fs::File, io::Read as _, path::Path};

use serde_json::Value;

use super::VerifyingKey;
use crate::strict_json;

/// Keys by their `kid`.
///
/// # Examples
///
/// ```
/// use towergate_authorizers::keys::KeySet;
///
/// let keys = KeySet::parse(br#"{"keys": [
///     {"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "JGOp4U46G-X50_Xyal5EnNfOJrmxVMH_SusWgl3bqOg"},
///     {"kty": "oct", "kid": "b", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U"}
/// ]}"#)?;
/// assert!(keys.get("a").is_some());
/// assert!(keys.get("b").is_none(), "a secret is no business of a key set");
/// # Ok::<(), towergate_authorizers::keys::KeySetError>(())
/// ```
#[derive(Default)]
pub struct KeySet {
    keys: HashMap<Box<str>, VerifyingKey>,
}

impl KeySet {
    /// The largest document that is read, in bytes.
    pub const MAX_BYTES: usize = 150_000;

    /// The most keys that a set may have, usable or not.
    pub const MAX_KEYS: usize = 100;

    /// The longest `kid`, in bytes, that is looked up.
    pub const MAX_KID_BYTES: usize = 256;

    /// Reads a JSON Web Key Set. Keys that cannot check signatures are left out: those without a `kid` or with one over
    /// 256 bytes, shared secrets, unknown types, weak keys, and all keys of a `kid` that is there twice.
    ///
    /// # Errors
    ///
    /// Returns a [`KeySetError`] if the document is no key set, is over 150 000 bytes, or has over 100 keys.
    pub fn parse(json: &[u8]) -> Result<Self, KeySetError> {
        if json.len() > Self::MAX_BYTES {
            return Err(KeySetError::TooLarge);
        }
        let mut document = strict_json::parse_object(json)
            .map_err(|error| KeySetError::Malformed(error.to_string()))?;
        let Some(Value::Array(keys)) = document.remove("keys") else {
            return Err(KeySetError::Malformed("`keys` is no list".to_owned()));
        };
        if keys.len() > Self::MAX_KEYS {
            return Err(KeySetError::TooMany(keys.len()));
        }
        let mut by_kid = HashMap::with_capacity(keys.len());
        for key in &keys {
            let Some(kid) = key["kid"].as_str().filter(|kid| is_kid(kid)) else {
                continue;
            };
            // Even an unusable key takes its `kid`: of two, nobody can say which is meant.
            let usable = key
                .as_object()
                .and_then(|members| VerifyingKey::from_members(members).ok());
            by_kid
                .entry(kid)
                .and_modify(|key| *key = None)
                .or_insert(usable);
        }
        let usable = by_kid.into_iter();
        Ok(usable
            .filter_map(|(kid, key)| Some((Box::<str>::from(kid), key?)))
            .collect())
    }

    /// Reads a JSON Web Key Set from a file, see [`parse`](Self::parse).
    ///
    /// # Errors
    ///
    /// Returns a [`KeySetError`] if the file cannot be read, or is no key set.
    pub fn read(file: impl AsRef<Path>) -> Result<Self, KeySetError> {
        let mut json = Vec::new();
        File::open(file)?
            .take(Self::MAX_BYTES as u64 + 1)
            .read_to_end(&mut json)?;
        Self::parse(&json)
    }

    /// Returns the key of this `kid`, which must be equal byte for byte.
    #[must_use]
    pub fn get(&self, kid: &str) -> Option<&VerifyingKey> {
        self.keys.get(kid).filter(|_| is_kid(kid))
    }

    /// Returns how many keys are usable.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Returns whether no key is usable.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

fn is_kid(kid: &str) -> bool {
    (1..=KeySet::MAX_KID_BYTES).contains(&kid.len())
}

impl<K: Into<Box<str>>> FromIterator<(K, VerifyingKey)> for KeySet {
    /// Makes a set of keys that are known by other means, such as shared secrets. Of two with one `kid`, the last counts.
    fn from_iter<I: IntoIterator<Item = (K, VerifyingKey)>>(keys: I) -> Self {
        let keys = keys.into_iter();
        Self {
            keys: keys.map(|(kid, key)| (kid.into(), key)).collect(),
        }
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.keys).finish()
    }
}

/// Why a document is no key set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// It cannot be read.
    #[error("the key set cannot be read")]
    Io(#[from] std::io::Error),
    /// It is not what RFC 7517 says a key set is.
    #[error("malformed key set: {0}")]
    Malformed(String),
    /// It is over [`KeySet::MAX_BYTES`].
    #[error("the key set is larger than {} bytes", KeySet::MAX_BYTES)]
    TooLarge,
    /// It has this many keys, over [`KeySet::MAX_KEYS`].
    #[error("the key set has {0} keys, and {max} are allowed", max = KeySet::MAX_KEYS)]
    TooMany(usize),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const X: &str = "JGOp4U46G-X50_Xyal5EnNfOJrmxVMH_SusWgl3bqOg";

    fn key(kid: &str) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": X})
    }

    fn usable(keys: Vec<Value>) -> Result<Vec<String>, KeySetError> {
        let set = KeySet::parse(json!({"keys": keys, "else": 1}).to_string().as_bytes())?;
        let mut kids: Vec<_> = set.keys.keys().map(ToString::to_string).collect();
        kids.sort();
        Ok(kids)
    }

    #[test]
    fn s2_only_unambiguous_public_keys_with_a_short_kid_are_used() {
        let longest = "k".repeat(KeySet::MAX_KID_BYTES);
        let too_long = "k".repeat(KeySet::MAX_KID_BYTES + 1);
        let twin = json!({"kty": "FOO", "kid": "b"});
        let secret = json!({"kty": "oct", "kid": "s", "k": X, "alg": "HS256"});
        let nameless = json!({"kty": "OKP", "crv": "Ed25519", "x": X});
        let numbered = json!({"kty": "OKP", "crv": "Ed25519", "x": X, "kid": 1});
        let cases = [
            ("no keys", vec![], vec![]),
            ("two", vec![key("a"), key("b")], vec!["a", "b"]),
            ("case counts", vec![key("a"), key("A")], vec!["A", "a"]),
            ("a duplicate", vec![key("a"), key("b"), key("a")], vec!["b"]),
            ("a triplicate", vec![key("a"), key("a"), key("a")], vec![]),
            (
                "an unusable twin",
                vec![key("a"), key("b"), twin],
                vec!["a"],
            ),
            ("a secret", vec![key("a"), secret], vec!["a"]),
            (
                "a secret twin",
                vec![key("s"), json!({"kty": "oct", "kid": "s"})],
                vec![],
            ),
            ("without kid", vec![nameless, numbered, key("")], vec![]),
            ("the longest", vec![key(&longest)], vec![longest.as_str()]),
            ("too long", vec![key(&too_long)], vec![]),
            (
                "no object",
                vec![json!("a"), json!(null), key("a")],
                vec!["a"],
            ),
        ];
        for (name, keys, expected) in cases {
            assert_eq!(usable(keys).unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn s10_documents_are_bounded() {
        let keys: Vec<_> = (0..KeySet::MAX_KEYS)
            .map(|kid| key(&kid.to_string()))
            .collect();
        assert_eq!(usable(keys.clone()).unwrap().len(), KeySet::MAX_KEYS);
        let many = [keys, vec![key("z")]].concat();
        assert!(matches!(usable(many), Err(KeySetError::TooMany(101))));

        let padded = |bytes: usize| [r#"{"keys":[]}"#, &" ".repeat(bytes - 11)].concat();
        assert!(KeySet::parse(padded(KeySet::MAX_BYTES).as_bytes()).is_ok());
        let large = padded(KeySet::MAX_BYTES + 1);
        let error = KeySet::parse(large.as_bytes()).unwrap_err();
        assert!(matches!(error, KeySetError::TooLarge));
    }

    #[test]
    fn what_is_no_key_set_is_refused() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"keys":{}}"#,
            r#"{"keys":[],"keys":[]}"#,
            "<html>",
        ] {
            let error = KeySet::parse(text.as_bytes()).unwrap_err();
            assert!(matches!(error, KeySetError::Malformed(_)), "{text}");
        }
        assert!(matches!(KeySet::read("/nowhere"), Err(KeySetError::Io(_))));
    }
}
