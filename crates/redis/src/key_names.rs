//! The names of keys: `towergate:{123456789012}:bucket:plan/p1/k1`.

use std::fmt;

use towergate_throttling::LimitName;

use crate::BuildError;

/// What all keys of an account begin with. Its hash tag puts them into one slot of a cluster.
#[derive(Debug)]
pub(crate) struct KeyNames {
    prefix: String,
}

impl KeyNames {
    pub(crate) fn new(account: &str) -> Result<Self, BuildError> {
        if account.is_empty() || account.contains(['{', '}']) {
            return Err(BuildError::Account(account.to_owned()));
        }
        Ok(Self {
            prefix: format!("towergate:{{{account}}}:"),
        })
    }

    pub(crate) fn bucket(&self, name: &LimitName<'_>) -> String {
        self.key("bucket:", name)
    }

    pub(crate) fn quota(&self, name: &LimitName<'_>) -> String {
        self.key("quota:", name)
    }

    /// The key that is written to see whether the server takes writes.
    pub(crate) fn probe(&self) -> String {
        self.key("probe", "")
    }

    fn key(&self, kind: &str, name: impl fmt::Display) -> String {
        format!("{}{kind}{name}", self.prefix)
    }
}
