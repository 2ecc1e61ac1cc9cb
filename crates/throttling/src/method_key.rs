//! The keys of methods, such as `pets/{id}/GET`, and numbers to find them by.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Returns the one spelling of a method's key: without the leading slash that API Gateway lets a path have, and without
/// the escapes of JSON pointers. The root resource is the empty path: `/GET` (stages.md, section 3.1).
pub(crate) fn canonical_method(key: &str) -> String {
    // `~1` first, as JSON pointers are read: `~01` is `~1`, not a slash.
    let key = key.replace("~1", "/").replace("~0", "~");
    let (path, verb) = key.rsplit_once('/').unwrap_or(("", &key));
    let path = path.trim_matches('/');
    format!("{path}/{verb}")
}

/// Returns the key of a verb on a resource.
pub(crate) fn method_key(resource: &str, verb: &str) -> String {
    format!("{}/{verb}", resource.trim_matches('/'))
}

/// A stage by a number, so that it is found without comparing text that differs.
///
/// The number is the same in all of the process. Two stages may share it: whoever matters compares the names, too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StageRef<'a> {
    pub(crate) id: u64,
    pub(crate) api: &'a str,
    pub(crate) stage: &'a str,
}

impl<'a> StageRef<'a> {
    pub(crate) fn new(api: &'a str, stage: &'a str) -> Self {
        let id = number(&(api, stage));
        Self { id, api, stage }
    }
}

/// A method of a stage by a number, as [`StageRef`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct MethodRef<'a> {
    pub(crate) id: u64,
    /// The canonical key.
    pub(crate) key: &'a str,
}

impl<'a> MethodRef<'a> {
    pub(crate) fn new(key: &'a str) -> Self {
        let id = number(&key);
        Self { id, key }
    }
}

fn number(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_method_is_the_same_key() {
        let cases = [
            ("plain", "pets/GET", "pets/GET"),
            ("leading slash", "/pets/GET", "pets/GET"),
            ("escaped", "~1pets~1{id}/GET", "pets/{id}/GET"),
            (
                "leading slash and escaped",
                "/~1pets~1{id}/GET",
                "pets/{id}/GET",
            ),
            ("escaped tilde", "/~0me/GET", "~me/GET"),
            ("root", "/GET", "/GET"),
            ("root, two slashes", "//GET", "/GET"),
            ("root, escaped", "/~1/GET", "/GET"),
            ("no path", "GET", "/GET"),
            ("nothing", "", "/"),
        ];
        for (name, key, expected) in cases {
            assert_eq!(canonical_method(key), expected, "{name}");
        }
        assert_eq!(method_key("/pets/{id}", "GET"), "pets/{id}/GET");
        assert_eq!(method_key("/", "GET"), "/GET");
    }
}
