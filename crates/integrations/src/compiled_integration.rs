//! One type for every kind of backend.

use http::Response;
use towergate_core::{Body, Context, Rejection};
use towergate_definition::{Diagnostic, IntegrationType, Method, Place};

use crate::{
    backends::Backends, content_handling::BinaryMediaTypes, http_integration::HttpIntegration,
    mock_integration::MockIntegration,
};

/// What answers a method: compiled once, called for every request.
#[derive(Debug)]
pub struct CompiledIntegration(Kind);

#[derive(Debug)]
enum Kind {
    Http(Box<HttpIntegration>),
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
            _ => {
                let message =
                    "`aws` and `aws_proxy` integrations are not served; this method answers 500";
                diagnostics.push(Diagnostic::unsupported(place.key("type"), message));
                None
            }
        }
    }

    /// Returns whether the client's answer carries the trace header.
    #[must_use]
    pub fn adds_trace(&self) -> bool {
        match &self.0 {
            Kind::Http(http) => http.adds_trace(),
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
            Kind::Mock(mock) => mock.call(context, body, backends).await,
        }
    }
}
