//! One type for every kind of backend.

use http::Response;
use towergate_core::{Body, Context, Rejection};
use towergate_definition::{Diagnostic, IntegrationType, Method, Place};

use crate::{
    FunctionArn,
    backends::Backends,
    content_handling::BinaryMediaTypes,
    http_integration::HttpIntegration,
    lambda::{LambdaIntegration, LambdaProxyIntegration},
    mock_integration::MockIntegration,
};

/// What answers a method: compiled once, called for every request.
#[derive(Debug)]
pub struct CompiledIntegration(Kind);

#[derive(Debug)]
enum Kind {
    Http(Box<HttpIntegration>),
    Lambda(Box<LambdaIntegration>),
    LambdaProxy(Box<LambdaProxyIntegration>),
    Mock(Box<MockIntegration>),
}

impl CompiledIntegration {
    /// Compiles the integration of `method`, whose place in its document is `place`, in an API with these binary media
    /// types.
    ///
    /// Whatever is found is added to `diagnostics`. Returns `None` if the method cannot be served: it is then to
    /// answer 500.
    pub fn compile(
        method: &Method,
        binary: &BinaryMediaTypes,
        place: &Place,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let Some(integration) = &method.integration else {
            let message = "the method has no integration, so that it answers 500; add one";
            diagnostics.push(Diagnostic::fault(place.clone(), message));
            return None;
        };
        match integration.integration_type {
            IntegrationType::Http | IntegrationType::HttpProxy => {
                let http =
                    HttpIntegration::compile(method, integration, binary, place, diagnostics)?;
                Some(Self(Kind::Http(Box::new(http))))
            }
            IntegrationType::Mock => {
                let mock =
                    MockIntegration::compile(method, integration, binary, place, diagnostics)?;
                Some(Self(Kind::Mock(Box::new(mock))))
            }
            IntegrationType::Aws => {
                let lambda =
                    LambdaIntegration::compile(method, integration, binary, place, diagnostics)?;
                Some(Self(Kind::Lambda(Box::new(lambda))))
            }
            IntegrationType::AwsProxy => {
                let lambda = LambdaProxyIntegration::compile(
                    method,
                    integration,
                    binary,
                    place,
                    diagnostics,
                )?;
                Some(Self(Kind::LambdaProxy(Box::new(lambda))))
            }
            _ => {
                let message = "integrations of this type are not served; this method answers 500";
                diagnostics.push(Diagnostic::unsupported(place.key("type"), message));
                None
            }
        }
    }

    /// Returns the function that is called, if it is one and the same on every stage.
    #[must_use]
    pub fn function(&self) -> Option<&FunctionArn> {
        match &self.0 {
            Kind::Lambda(lambda) => lambda.function(),
            Kind::LambdaProxy(lambda) => lambda.function(),
            Kind::Http(_) | Kind::Mock(_) => None,
        }
    }

    /// Returns whether the client's answer carries the trace header.
    #[must_use]
    pub fn adds_trace(&self) -> bool {
        match &self.0 {
            Kind::Http(http) => http.adds_trace(),
            Kind::Lambda(_) | Kind::LambdaProxy(_) => true,
            Kind::Mock(_) => false,
        }
    }

    /// Calls the backend and returns the method's response.
    ///
    /// # Errors
    ///
    /// Returns the rejection that the client is to get.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future aborts the call to the backend.
    pub async fn call(
        &self,
        context: &Context,
        body: Body,
        backends: &Backends,
    ) -> Result<Response<Body>, Rejection> {
        match &self.0 {
            // Boxed, so that what waits for nothing does not carry the room for what waits for a network.
            Kind::Http(http) => Box::pin(http.call(context, body, backends)).await,
            Kind::Lambda(lambda) => Box::pin(lambda.call(context, body, backends)).await,
            Kind::LambdaProxy(lambda) => Box::pin(lambda.call(context, body, backends)).await,
            Kind::Mock(mock) => mock.call(context, body, backends).await,
        }
    }
}
