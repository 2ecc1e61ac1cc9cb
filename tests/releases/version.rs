//! Versions of an API that tell what they are told.

use towergate::{
    Gateway, HttpMethod, Integration, IntegrationResponse, StageSettings,
    definition::{self, Method},
    stages::Percent,
};
use towergate_tests::{ask, get};

/// A version of an API, which answers with its number and what it is told of its stage.
pub(crate) fn version(number: usize) -> definition::RestApi {
    let body = format!(
        r#"{{"version": "{number}", "again": "{number}", "variable": "$stageVariables.color", "canary": "$context.isCanaryRequest", "deployment": "$context.deploymentId"}}"#
    );
    let response = IntegrationResponse::new(200).template("application/json", body);
    let method = Method::new(HttpMethod::Get, Integration::mock(200).response(response))
        .response(definition::MethodResponse::new(200));
    definition::RestApi::new("pets").method("/v", method)
}

pub(crate) fn gateway(stage: StageSettings) -> Gateway {
    let built = Gateway::builder()
        .api("pets", version(1))
        .stage("pets", stage)
        .build();
    built.unwrap_or_else(|error| panic!("{error}"))
}

/// What a version answered.
pub(crate) async fn told(gateway: &Gateway) -> serde_json::Value {
    let reply = ask(gateway, get("/prod/v")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    serde_json::from_str(reply.text()).unwrap_or_else(|error| panic!("{error}: {}", reply.text()))
}

pub(crate) fn percent(value: f64) -> Percent {
    Percent::new(value).expect("a percentage")
}
