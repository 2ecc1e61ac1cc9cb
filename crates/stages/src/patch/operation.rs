//! A patch operation as it is written.

use std::fmt;

/// What a patch operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PatchOp {
    /// Adds a value.
    Add,
    /// Copies a value from another path.
    Copy,
    /// Removes a value.
    Remove,
    /// Sets a value, whether or not there was one.
    Replace,
}

impl fmt::Display for PatchOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "add",
            Self::Copy => "copy",
            Self::Remove => "remove",
            Self::Replace => "replace",
        })
    }
}

/// An operation of an `UpdateStage` request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PatchOperation {
    /// What is done.
    pub op: PatchOp,
    /// Where, as a JSON pointer, such as `/variables/backend`.
    pub path: String,
    /// Where [`PatchOp::Copy`] copies from.
    pub from: Option<String>,
    /// What [`PatchOp::Add`] and [`PatchOp::Replace`] set: always a text, of numbers and of `true` and `false` too.
    pub value: Option<String>,
}

impl PatchOperation {
    /// Adds a value.
    #[must_use]
    pub fn add(path: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            value: Some(value.into()),
            ..Self::new(PatchOp::Add, path)
        }
    }

    /// Copies the value at `from`.
    #[must_use]
    pub fn copy(from: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            from: Some(from.into()),
            ..Self::new(PatchOp::Copy, path)
        }
    }

    /// Removes a value.
    #[must_use]
    pub fn remove(path: impl Into<String>) -> Self {
        Self::new(PatchOp::Remove, path)
    }

    /// Sets a value.
    #[must_use]
    pub fn replace(path: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            value: Some(value.into()),
            ..Self::new(PatchOp::Replace, path)
        }
    }

    /// Creates an operation without a value.
    #[must_use]
    pub fn new(op: PatchOp, path: impl Into<String>) -> Self {
        Self {
            op,
            path: path.into(),
            from: None,
            value: None,
        }
    }
}
