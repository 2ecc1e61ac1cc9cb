//! The future of the layers of this crate.

use std::{
    fmt,
    pin::Pin,
    task::{self, Poll, ready},
};

use http::Response;
use pin_project_lite::pin_project;
use towergate_core::{BoxFuture, ResponseBody};

use crate::RateFields;

pin_project! {
    /// The response of a service of this crate: the inner service's, or the layer's own.
    pub struct ResponseFuture<F, E, B> {
        #[pin]
        kind: Kind<F, E, B>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<F, E, B> {
        Pass { #[pin] future: F, fields: Option<RateFields> },
        Wait { future: BoxFuture<'static, Result<Response<ResponseBody<B>>, E>> },
        Refuse { response: Option<Response<ResponseBody<B>>> },
    }
}

impl<F, E, B> ResponseFuture<F, E, B> {
    /// Answers what the inner service answers.
    pub(crate) fn pass(future: F) -> Self {
        Self::pass_with(future, None)
    }

    /// Answers what the inner service answers, and tells of a limit.
    pub(crate) fn pass_with(future: F, fields: Option<RateFields>) -> Self {
        Self {
            kind: Kind::Pass { future, fields },
        }
    }

    /// Answers once a shared store has decided.
    pub(crate) fn wait(future: BoxFuture<'static, Result<Response<ResponseBody<B>>, E>>) -> Self {
        Self {
            kind: Kind::Wait { future },
        }
    }

    /// Answers this.
    pub(crate) fn refuse(response: Response<ResponseBody<B>>) -> Self {
        let response = Some(response);
        Self {
            kind: Kind::Refuse { response },
        }
    }
}

impl<F, E, B> Future for ResponseFuture<F, E, B>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProjection::Pass { future, fields } => {
                let mut response = ready!(future.poll(cx))?;
                if let Some(fields) = fields {
                    fields.set(response.headers_mut());
                }
                Poll::Ready(Ok(response.map(ResponseBody::inner)))
            }
            KindProjection::Wait { future } => future.as_mut().poll(cx),
            // Polled once more after it ended, it has nothing to say.
            KindProjection::Refuse { response } => response
                .take()
                .map_or(Poll::Pending, |response| Poll::Ready(Ok(response))),
        }
    }
}

impl<F, E, B> fmt::Debug for ResponseFuture<F, E, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
