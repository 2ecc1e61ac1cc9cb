//! The future of a response that may pass, wait for templates, or be a refusal.

use std::{
    fmt,
    pin::Pin,
    task::{self, Poll, ready},
};

use http::Response;
use pin_project_lite::pin_project;
use towergate_core::{BoxFuture, Rejection, Style};

use super::ResponseBody;

pin_project! {
    /// The response of a [`TransformService`](crate::TransformService).
    pub struct ResponseFuture<F, B, E> {
        #[pin]
        kind: Kind<F, B, E>,
    }
}

type Transforming<B, E> = BoxFuture<'static, Result<Response<ResponseBody<B>>, E>>;

pin_project! {
    #[project = KindProjection]
    enum Kind<F, B, E> {
        Pass { #[pin] future: F },
        Transform { future: Transforming<B, E> },
        Refuse { rejection: Option<Box<Rejection>> },
    }
}

impl<F, B, E> ResponseFuture<F, B, E> {
    pub(super) fn pass(future: F) -> Self {
        Self {
            kind: Kind::Pass { future },
        }
    }

    pub(super) fn transform(future: Transforming<B, E>) -> Self {
        Self {
            kind: Kind::Transform { future },
        }
    }

    pub(super) fn refuse(rejection: Rejection) -> Self {
        Self {
            kind: Kind::Refuse {
                rejection: Some(Box::new(rejection)),
            },
        }
    }
}

impl<F, B, E> fmt::Debug for ResponseFuture<F, B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.kind {
            Kind::Pass { .. } => "Pass",
            Kind::Transform { .. } => "Transform",
            Kind::Refuse { .. } => "Refuse",
        };
        write!(f, "ResponseFuture({kind})")
    }
}

impl<F, B, E> Future for ResponseFuture<F, B, E>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProjection::Pass { future } => {
                Poll::Ready(Ok(ready!(future.poll(cx))?.map(ResponseBody::inner)))
            }
            KindProjection::Transform { future } => future.as_mut().poll(cx),
            KindProjection::Refuse { rejection } => {
                // Polled after it was ready, it waits for good, as any other future may.
                let Some(rejection) = rejection.take() else {
                    return Poll::Pending;
                };
                Poll::Ready(Ok(rejection.into_response(Style::Rest)))
            }
        }
    }
}
