//! What a request knows of its stage.

use std::sync::Arc;

/// The stage that serves a request: facts that hold for all its requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StageInfo {
    /// `$context.accountId`.
    pub account_id: String,
    /// The region in ARNs.
    pub region: String,
    /// `$context.apiId`.
    pub api_id: String,
    /// `$context.stage`.
    pub stage: String,
    /// `$context.deploymentId`.
    pub deployment_id: String,
    /// `$context.isCanaryRequest`: `None` where the stage has no canary.
    pub is_canary: Option<bool>,
    /// `$stageVariables`, sorted by name.
    pub variables: Vec<(String, String)>,
}

impl StageInfo {
    /// Returns the value of a stage variable.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        let index = self
            .variables
            .binary_search_by(|(key, _)| key.as_str().cmp(name))
            .ok()?;
        self.variables.get(index).map(|(_, value)| value.as_str())
    }
}

/// A stage, and where it stands in the path of a request.
#[derive(Debug, Clone)]
pub struct StagePath {
    /// The stage.
    pub info: Arc<StageInfo>,
    /// Where `$context.path` begins, in bytes of the original path.
    pub path_start: usize,
    /// Where the resource's path begins, in bytes of the original path.
    pub resource_start: usize,
}
