//! One method of an API, whose function a test chooses.

use std::sync::Arc;

use http::{Request, Response};
use towergate_core::{
    Context, Params, PeerAddress, Rejection, ResourceInfo, Route, StageInfo, StagePath, Timestamp,
    TrustedHops,
};
use towergate_definition::{HttpMethod, Integration, Method, Place};
use towergate_integrations::{
    Backends, BinaryMediaTypes, Body, CompiledIntegration, FunctionArn, Lambda,
};
use towergate_testing::FixedRandom;

pub(crate) const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:pets:live";

/// Sends a request to `/prod/pets/{id}`, a Lambda proxy integration of an API with the binary media type `image/png`.
pub(crate) async fn ask(
    function: Lambda,
    request: Request<&'static str>,
) -> Result<Response<Body>, Rejection> {
    let method = Method::new(HttpMethod::Any, Integration::lambda_proxy(ARN));
    let binary = BinaryMediaTypes::new(&["image/png".to_owned()]);
    let integration =
        CompiledIntegration::compile(&method, &binary, &Place::root(), &mut Vec::new());
    let arn = FunctionArn::parse(ARN).expect("an ARN");
    let backends = Backends::new().with_function(&arn, function);

    let (head, body) = request.into_parts();
    let context = context(head);
    integration
        .expect("the definition is well formed")
        .call(&context, body.into(), &backends.expect("a free ARN"))
        .await
}

fn context(mut head: http::request::Parts) -> Context {
    let end = head.uri.path().len();
    let peer = "203.0.113.7:4321".parse().expect("an address");
    head.extensions.insert(PeerAddress(peer));
    let received_at = Timestamp::from_unix_millis(1_723_062_257_000);
    let random = FixedRandom::new(7);
    let context = Context::new(head, TrustedHops::default(), received_at, &random);
    let mut stage = StageInfo::default();
    stage.account_id = "123456789012".to_owned();
    stage.api_id = "a1b2c3d4e5".to_owned();
    stage.stage = "prod".to_owned();
    stage.variables = vec![("table".to_owned(), "blue".to_owned())];
    context.note_stage(StagePath {
        info: Arc::new(stage),
        path_start: 0,
        resource_start: "/prod".len(),
    });
    let mut params = Params::default();
    params.push("/pets/".len()..end - "/prod".len());
    let resource = Arc::new(ResourceInfo::new("/pets/{id}", ["id"]));
    context.note_route(Route { resource, params });
    context
}
