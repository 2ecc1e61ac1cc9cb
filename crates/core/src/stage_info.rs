//! What a request knows of its stage.

use std::sync::Arc;

use crate::Context;

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
    /// Creates what is known of a stage before anything is deployed to it.
    #[must_use]
    pub fn new(api_id: impl Into<String>, stage: impl Into<String>) -> Self {
        Self {
            api_id: api_id.into(),
            stage: stage.into(),
            ..Self::default()
        }
    }

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

impl Context {
    /// Returns the path from its stage on, as the client wrote it: `$context.path`.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path_from(self.stage_path().map_or(0, |stage| stage.path_start))
    }

    /// Returns the path without stage or base path: what resources are matched against.
    #[must_use]
    pub fn resource_path(&self) -> &str {
        self.path_from(self.stage_path().map_or(0, |stage| stage.resource_start))
    }

    /// Returns the resource's path with the slashes at its beginning made one: the `path` of events.
    #[must_use]
    pub fn event_path(&self) -> &str {
        let path = self.resource_path();
        let slashes = path.bytes().take_while(|byte| *byte == b'/').count();
        path.get(slashes.saturating_sub(1)..).unwrap_or(path)
    }

    fn path_from(&self, start: usize) -> &str {
        match self.uri().path().get(start..) {
            Some("") | None => "/",
            Some(path) => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::{Params, ResourceInfo, Route};

    fn context(uri: &str) -> Context {
        Context::of(&mut Request::get(uri).body(()).unwrap())
    }

    #[test]
    fn stage_and_resource_are_spans_of_the_original_path() {
        let context = context("//prod/pets/7?x=1");
        assert_eq!(
            (context.path(), context.resource_path()),
            ("//prod/pets/7", "//prod/pets/7")
        );
        let info = Arc::new(StageInfo {
            stage: "prod".to_owned(),
            ..StageInfo::default()
        });
        context.note_stage(StagePath {
            info,
            path_start: 1,
            resource_start: 6,
        });
        assert_eq!(
            (context.path(), context.resource_path()),
            ("/prod/pets/7", "/pets/7")
        );

        let mut params = Params::default();
        params.push(6..7);
        let resource = Arc::new(ResourceInfo::new("/pets/{id}", ["id"]));
        context.note_route(Route { resource, params });
        assert_eq!(context.path_parameter("id"), Some("7"));
        assert_eq!(context.path_parameter("other"), None);
    }

    #[test]
    fn a_stage_without_a_path_behind_it_is_the_root() {
        let context = context("/prod");
        context.note_stage(StagePath {
            info: Arc::default(),
            path_start: 0,
            resource_start: 5,
        });
        assert_eq!(context.resource_path(), "/");
    }
}
