//! One call of a service.

use std::future::poll_fn;

use tower_service::Service;

/// Waits until the service is ready, and calls it.
///
/// # Errors
///
/// Returns the error of the service.
pub async fn oneshot<S, R>(mut service: S, request: R) -> Result<S::Response, S::Error>
where
    S: Service<R>,
{
    poll_fn(|cx| service.poll_ready(cx)).await?;
    service.call(request).await
}
