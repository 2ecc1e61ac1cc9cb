//! What operators ask a gateway: whether it is well, whether it is ready, and what it serves.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use serde_json::{Value, json};
use tower_service::Service;
use towergate_core::Body;

use crate::{Gateway, RouteInfo};

/// Answers operators and their probes, on a listener of its own: whoever reaches it learns what a gateway serves.
///
/// | path | answer |
/// |---|---|
/// | `/health` | 200 while the process answers at all |
/// | `/ready` | 200, or 503 once the gateway [withdraws](Gateway::withdraw) or drains: send it no more requests |
/// | `/routes` | every method of every stage as JSON, and what its definition asks for and is not done |
///
/// ```
/// use http::Request;
/// use towergate::{Gateway, Integration, RestApi, StageSettings};
/// use tower::ServiceExt;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let pets = RestApi::builder("pets").get("/pets", Integration::mock(200)).build()?;
/// let gateway = Gateway::builder().api("pets", pets).stage("pets", StageSettings::new("prod")).build()?;
/// let response = gateway.admin().oneshot(Request::get("/ready").body(())?).await?;
/// assert_eq!(response.status(), 200);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct Admin(pub(crate) Gateway);

impl Admin {
    fn answer(&self, method: &Method, path: &str) -> Response<Body> {
        let (status, body) = match (method, path) {
            (&Method::GET | &Method::HEAD, "/health") => (StatusCode::OK, json!({"healthy": true})),
            (&Method::GET | &Method::HEAD, "/ready") => self.readiness(),
            (&Method::GET | &Method::HEAD, "/routes") => {
                let routes: Vec<_> = self.0.routes().iter().map(route).collect();
                (StatusCode::OK, json!({ "routes": routes }))
            }
            _ => {
                let message = "this is none of /health, /ready and /routes";
                (StatusCode::NOT_FOUND, json!({ "message": message }))
            }
        };
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }

    fn readiness(&self) -> (StatusCode, Value) {
        let is_ready = !self.0.is_draining();
        let status = match is_ready {
            true => StatusCode::OK,
            false => StatusCode::SERVICE_UNAVAILABLE,
        };
        let requests = self.0.requests_in_flight();
        (
            status,
            json!({"ready": is_ready, "requestsInFlight": requests}),
        )
    }
}

fn route(route: &RouteInfo) -> Value {
    let findings: Vec<_> = route.findings.iter().map(ToString::to_string).collect();
    json!({
        "apiId": route.api_id,
        "stage": route.stage,
        "deploymentId": route.deployment_id,
        "isCanary": route.is_canary,
        "httpMethod": route.method.as_str(),
        "path": route.path,
        "isClosed": route.is_closed,
        "findings": findings,
    })
}

impl<B> Service<Request<B>> for Admin {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(self.answer(request.method(), request.uri().path())))
    }
}
