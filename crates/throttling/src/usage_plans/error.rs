//! What can be wrong with keys and plans.

use std::fmt;

use towergate_core::BoxError;

/// Why a change of keys or plans is refused. Nothing was changed then.
///
/// Where API Gateway's own words are known they are used (stages.md, section 4.3). No value of a key is in any of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsagePlanError {
    /// The key is in the plan already.
    #[error("API key `{key}` is in usage plan `{plan}` already")]
    AlreadyAttached {
        /// The plan's id.
        plan: String,
        /// The key's id.
        key: String,
    },
    /// A key with this id exists.
    #[error("there is an API key `{0}` already: choose another id")]
    DuplicateKeyId(String),
    /// A key with this value exists.
    #[error("API Key already exists")]
    DuplicateKeyValue,
    /// A stage has two limits for one method.
    #[error("method `{method}` of stage `{api}/{stage}` is listed twice: remove one")]
    DuplicateMethod {
        /// The API's id.
        api: String,
        /// The stage's name.
        stage: String,
        /// The method.
        method: String,
    },
    /// A plan with this id exists.
    #[error("there is a usage plan `{0}` already: choose another id")]
    DuplicatePlanId(String),
    /// A plan has a stage twice.
    #[error("stage `{api}/{stage}` is listed twice: remove one")]
    DuplicateStage {
        /// The API's id.
        api: String,
        /// The stage's name.
        stage: String,
    },
    /// A key or plan has an empty id.
    #[error("an id must not be empty")]
    EmptyId,
    /// The description of a key has more than 125 000 characters.
    #[error("Invalid API Key description specified.")]
    KeyDescription,
    /// The name of a key has more than 1024 characters.
    #[error("Invalid API Key name, can be at most 1024 characters.")]
    KeyName,
    /// The value of a key has more than 128 characters.
    #[error("API Key value exceeds maximum size of 128 characters")]
    KeyValueTooLong,
    /// The value of a key has fewer than 20 characters.
    #[error("API Key value should be at least 20 characters")]
    KeyValueTooShort,
    /// A stage has limits for more than 20 methods.
    #[error("more than 20 methods of stage `{api}/{stage}` have limits of their own: remove some")]
    MethodThrottles {
        /// The API's id.
        api: String,
        /// The stage's name.
        stage: String,
    },
    /// The plan has no quota, so that nothing is counted.
    #[error("usage plan `{0}` has no quota: nothing is counted")]
    NoQuota(String),
    /// The key is not in the plan.
    #[error("API key `{key}` is not in usage plan `{plan}`: attach it first")]
    NotAttached {
        /// The plan's id.
        plan: String,
        /// The key's id.
        key: String,
    },
    /// A key would be in two plans with the same stage.
    #[error(
        "API key `{key}` is in usage plan `{plan}`, which has stage `{api}/{stage}` too: a key may be in one plan of a stage"
    )]
    StageTaken {
        /// The key's id.
        key: String,
        /// The id of the plan that the key is in.
        plan: String,
        /// The API's id.
        api: String,
        /// The stage's name.
        stage: String,
    },
    /// The store that nodes share could not be asked.
    #[error("the shared store cannot be asked")]
    Store(#[source] BoxError),
    /// There is no key with this id.
    #[error("there is no API key `{0}`")]
    UnknownKey(String),
    /// There is no plan with this id.
    #[error("there is no usage plan `{0}`")]
    UnknownPlan(String),
}

/// What is wrong with one key or plan of a whole configuration.
#[derive(Debug, thiserror::Error)]
#[error("{at}: {error}")]
#[non_exhaustive]
pub struct ConfigurationError {
    /// Which key or plan.
    pub at: ConfigurationPlace,
    /// What is wrong with it.
    pub error: UsagePlanError,
}

/// A key or a plan in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigurationPlace {
    /// A key.
    Key {
        /// Its place in the list, from 0.
        index: usize,
        /// Its id.
        id: String,
    },
    /// A plan.
    Plan {
        /// Its place in the list, from 0.
        index: usize,
        /// Its id.
        id: String,
    },
}

impl fmt::Display for ConfigurationPlace {
    /// Displays as `usagePlans[0] (p1)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { index, id } => write!(f, "apiKeys[{index}] ({id})"),
            Self::Plan { index, id } => write!(f, "usagePlans[{index}] ({id})"),
        }
    }
}
