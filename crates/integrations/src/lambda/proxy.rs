//! `AWS_PROXY`: a function that sees the whole request.

use http::{Response, StatusCode};
use towergate_core::{Body, Context, InvocationType, Rejection, Step};
use towergate_definition::{Diagnostic, Integration, Method, Place};
use towergate_functions::ProxyEvent;

use super::{
    function_target::{FunctionTarget, request_too_long},
    proxy_result::{ProxyResultError, read_proxy_result},
};
use crate::{
    FunctionArn,
    backends::Backends,
    content_handling::{BinaryMediaTypes, Conversion},
    request_mappings::{self, RequestMappings},
};

/// A compiled `AWS_PROXY` integration.
#[derive(Debug)]
pub(crate) struct LambdaProxyIntegration {
    function: FunctionTarget,
    binary: BinaryMediaTypes,
    operation_name: Option<Box<str>>,
}

impl LambdaProxyIntegration {
    pub(crate) fn compile(
        method: &Method,
        integration: &Integration,
        binary: &BinaryMediaTypes,
        place: &Place,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let function = FunctionTarget::compile(integration, place, diagnostics);
        // Mappings have no effect on a proxy, and yet one that cannot work breaks it.
        let mappings = RequestMappings::compile(integration, place, diagnostics);
        mappings?;
        Some(Self {
            function: function?,
            binary: binary.clone(),
            operation_name: method.operation_name.as_deref().map(Into::into),
        })
    }

    /// Returns the function, if it is the same on every stage.
    pub(crate) fn function(&self) -> Option<&FunctionArn> {
        self.function.fixed()
    }

    pub(crate) async fn call(
        &self,
        context: &Context,
        body: Body,
        backends: &Backends,
    ) -> Result<Response<Body>, Rejection> {
        let function = self.function.resolve(context)?;
        let body = request_mappings::collect(body, backends).await?;
        let trace = context.trace(backends.random());
        let is_binary = self.binary.of_request(context.headers(), None) == Conversion::Keep;
        let payload = ProxyEvent::new(context, trace, &body, is_binary)
            .map(|event| event.with_operation_name(self.operation_name.as_deref()))
            .and_then(|event| event.to_json())
            .map_err(|error| request_too_long(error.to_string()))?;
        drop(body);
        let invocation_type = InvocationType::RequestResponse;
        let answer = function.call(context, payload, invocation_type, backends);
        let answer = answer
            .await
            .map_err(|error| error.into_rejection(StatusCode::BAD_GATEWAY))?;
        let decodes = || self.binary.accepts(context.headers());
        read_proxy_result(&answer, decodes).map_err(|error| {
            let rejection = Rejection::internal(Step::IntegrationResponse, error.to_string());
            match error {
                ProxyResultError::Malformed(_) => rejection.with_status(StatusCode::BAD_GATEWAY),
                ProxyResultError::NotBase64 => rejection,
            }
        })
    }
}
