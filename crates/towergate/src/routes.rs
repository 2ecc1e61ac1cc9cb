//! Which methods a gateway serves, and what it does not do for them.

use towergate_definition::{Diagnostic, HttpMethod, Place};

use crate::stage::Release;

/// A method of a stage, as it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteInfo {
    /// The API's id.
    pub api_id: String,
    /// The stage's name.
    pub stage: String,
    /// The deployment: that of the stage, or that of its canary.
    pub deployment_id: String,
    /// Whether it is the canary's.
    pub is_canary: bool,
    /// The verb; `ANY` is every one without a method of its own.
    pub method: HttpMethod,
    /// The resource's path, such as `/pets/{id}`.
    pub path: String,
    /// What is said of the method: what the definition asks for and is not done, and why it is closed if it is.
    pub findings: Vec<Diagnostic>,
    /// Whether the method answers 500 because it cannot be served as its definition says.
    pub is_closed: bool,
}

/// Lists the methods of a release, by path and verb.
pub(crate) fn of_release(release: &Release) -> impl Iterator<Item = RouteInfo> {
    let (api, info) = (&release.service().api.api, release.info());
    api.methods().map(move |((path, method), compiled)| {
        let place = Place::from_iter(["paths", path, method.key()]);
        let of_method = |found: &&Diagnostic| found.place.is_within(&place);
        RouteInfo {
            api_id: info.api_id.clone(),
            stage: info.stage.clone(),
            deployment_id: info.deployment_id.clone(),
            is_canary: info.is_canary == Some(true),
            method,
            path: path.to_owned(),
            findings: api.findings().filter(of_method).cloned().collect(),
            is_closed: compiled.integration().is_err(),
        }
    })
}
