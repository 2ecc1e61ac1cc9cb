//! What a match knows of the resource it found.

use std::sync::Arc;

use crate::Params;

/// A resource of a route table: its path pattern, its id and the names of its parameters.
///
/// Made once when the table is built and shared by every request that matches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceInfo {
    path: Box<str>,
    id: String,
    parameters: Box<[Box<str>]>,
}

impl ResourceInfo {
    /// Creates the facts of the resource at `path`, such as `/pets/{id}`, whose parameters are `names` in order.
    ///
    /// Its id is derived from the path: ten characters of `a-z0-9`, the same for the same path in every process.
    #[must_use]
    pub fn new<N: Into<Box<str>>>(path: &str, names: impl IntoIterator<Item = N>) -> Self {
        Self {
            path: path.into(),
            id: id_of(path),
            parameters: names.into_iter().map(Into::into).collect(),
        }
    }

    /// Returns the path pattern: `$context.resourcePath`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the id: `$context.resourceId`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the names of the path parameters, in the order they stand in the path.
    #[must_use]
    pub fn parameters(&self) -> &[Box<str>] {
        &self.parameters
    }
}

/// The resource that a request was routed to, and its path parameters as spans of [`Context::resource_path`](crate::Context::resource_path).
#[derive(Debug, Clone)]
pub struct Route {
    /// The resource.
    pub resource: Arc<ResourceInfo>,
    /// The parameters.
    pub params: Params,
}

/// Ten characters of base 36 from the path's 64-bit FNV-1a hash.
fn id_of(path: &str) -> String {
    let mut hash = path.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut digit = || {
        let digit = hash % 36;
        hash /= 36;
        char::from_digit(u32::try_from(digit).unwrap_or(0), 36).unwrap_or('0')
    };
    std::iter::repeat_with(&mut digit).take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_ten_characters_and_depend_on_the_path_alone() {
        let id = |path| ResourceInfo::new(path, [""; 0]).id().to_owned();
        assert_eq!(id("/pets"), id("/pets"));
        assert_ne!(id("/pets"), id("/pets/{id}"));
        assert!(
            id("/").len() == 10
                && id("/")
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        );
    }
}
