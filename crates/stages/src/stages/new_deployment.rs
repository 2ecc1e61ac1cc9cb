//! A deployment that is to be made.

use crate::{CanarySettings, StageVariables};

/// A deployment that is to be made: a service, and what becomes of it (`CreateDeployment`).
#[derive(Debug)]
#[must_use]
pub struct NewDeployment<S> {
    pub(super) service: S,
    pub(super) description: Option<String>,
    pub(super) stage: Option<String>,
    pub(super) variables: StageVariables,
    pub(super) canary: Option<CanarySettings>,
}

impl<S> NewDeployment<S> {
    /// Creates a deployment that no stage points at.
    pub fn new(service: S) -> Self {
        Self {
            service,
            description: None,
            stage: None,
            variables: StageVariables::default(),
            canary: None,
        }
    }

    /// Sets what a human says of it.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Points the stage of this name at it, or its canary if it has one; a stage that is not there is created. An empty
    /// name is no stage.
    pub fn to_stage(mut self, name: impl Into<String>) -> Self {
        self.stage = Some(name.into());
        self
    }

    /// Sets the variables of a stage that is created. One that is there keeps its own.
    pub fn variables(mut self, variables: StageVariables) -> Self {
        self.variables = variables;
        self
    }

    /// Makes it the canary of the stage, which must be there; a canary that the stage has is replaced.
    pub fn as_canary(mut self, settings: CanarySettings) -> Self {
        self.canary = Some(settings);
        self
    }
}
