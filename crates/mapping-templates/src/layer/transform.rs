//! One request on its way in, and its response on the way out.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use tower_service::Service;
use towergate_core::{
    Body, BodyError, BoxError, Context, Rejection, ResponseType, Step, Style, first_media_type,
};

use super::{RequestVariables, ResponseBody, overriding::override_headers, templates::Entry};
use crate::{Limits, Overrides, Payload, Scope, Template};

/// What is to be done with one request and its response.
#[derive(Debug)]
pub(super) struct Transform {
    pub(super) context: Context,
    /// The request's headers before any override.
    pub(super) headers: HeaderMap,
    pub(super) on_request: Option<Arc<Template>>,
    pub(super) on_response: Option<Entry>,
    pub(super) max_body_bytes: usize,
    pub(super) limits: Limits,
}

impl Transform {
    pub(super) async fn run<S, B>(
        self,
        mut inner: S,
        request: Request<Body>,
    ) -> Result<Response<ResponseBody<B>>, S::Error>
    where
        S: Service<Request<Body>, Response = Response<B>>,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (request, overrides) = match self.request(request).await {
            Ok(transformed) => transformed,
            Err(rejection) => return Ok(rejection.into_response(Style::Rest)),
        };
        let response = inner.call(request).await?;
        let transformed = self.response(response, overrides).await;
        Ok(transformed.unwrap_or_else(|rejection| rejection.into_response(Style::Rest)))
    }

    async fn request(
        &self,
        request: Request<Body>,
    ) -> Result<(Request<Body>, Overrides), Rejection> {
        let Some(template) = &self.on_request else {
            return Ok((request, Overrides::default()));
        };
        let (mut head, body) = request.into_parts();
        let body = match template.is_static() {
            Some(_) => Bytes::new(),
            None => body
                .collect(self.max_body_bytes)
                .await
                .map_err(|error| self.unreadable_request(&error))?,
        };
        let step = Step::IntegrationRequest;
        let (output, overrides) = self.render(template, &body, Overrides::default(), step)?;
        forget_old_body(&mut head.headers);
        override_headers(overrides.request_group("header"), &mut head.headers)
            .map_err(|name| not_a_header_value(&name, step))?;
        Ok((Request::from_parts(head, Body::from(output)), overrides))
    }

    async fn response<B>(
        &self,
        response: Response<B>,
        overrides: Overrides,
    ) -> Result<Response<ResponseBody<B>>, Rejection>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let is_refusal = response.extensions().get::<Rejection>().is_some();
        if is_refusal || response.status().is_informational() {
            return Ok(response.map(ResponseBody::inner));
        }
        let (mut head, body) = response.into_parts();
        let (body, overrides) = match &self.on_response {
            None => (ResponseBody::inner(body), overrides),
            Some(entry) => {
                let (output, overrides) = self.render_response(entry, body, overrides).await?;
                forget_old_body(&mut head.headers);
                set_content_type(&entry.content_type, &mut head.headers);
                (ResponseBody::from(Bytes::from(output)), overrides)
            }
        };
        override_headers(overrides.response_headers(), &mut head.headers)
            .map_err(|name| not_a_header_value(&name, Step::IntegrationResponse))?;
        // A server cannot end a response with an informational status.
        let status = overrides
            .status()
            .and_then(|status| StatusCode::from_u16(status).ok());
        if let Some(status) = status.filter(|status| !status.is_informational()) {
            head.status = status;
        }
        Ok(Response::from_parts(head, body))
    }

    async fn render_response<B>(
        &self,
        entry: &Entry,
        body: B,
        overrides: Overrides,
    ) -> Result<(String, Overrides), Rejection>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let step = Step::IntegrationResponse;
        let body = match entry.template.is_static() {
            Some(_) => Bytes::new(),
            None => Body::new(body)
                .collect(self.max_body_bytes)
                .await
                .map_err(|error| Rejection::internal(step, error.to_string()))?,
        };
        self.render(&entry.template, &body, overrides, step)
    }

    fn render(
        &self,
        template: &Template,
        body: &[u8],
        overrides: Overrides,
        step: Step,
    ) -> Result<(String, Overrides), Rejection> {
        let text = std::str::from_utf8(body)
            .map_err(|_| Rejection::configuration(step, "a template cannot read bytes"))?;
        let variables = RequestVariables::new(&self.context).with_headers(&self.headers);
        let mut scope = Scope::new(Payload::new(text), &variables)
            .with_overrides(overrides)
            .with_limits(self.limits);
        let output = template
            .render(&mut scope)
            .map_err(|error| Rejection::configuration(step, error.to_string()))?;
        Ok((output, scope.into_overrides()))
    }

    fn unreadable_request(&self, error: &BodyError) -> Rejection {
        match error {
            BodyError::TooLarge => Rejection::too_large(self.max_body_bytes),
            error => Rejection::new(ResponseType::Default4xx, Step::IntegrationRequest)
                .with_detail(error.to_string()),
        }
    }
}

/// Removes what spoke of a body that is replaced. The new one knows its length.
fn forget_old_body(headers: &mut HeaderMap) {
    const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");
    for name in [
        header::CONTENT_ENCODING,
        header::CONTENT_LENGTH,
        CONTENT_MD5,
        header::TRAILER,
        header::TRANSFER_ENCODING,
    ] {
        headers.remove(name);
    }
}

/// Says that a body is of a type, if it is one; parameters of the same type are kept.
fn set_content_type(content_type: &str, headers: &mut HeaderMap) {
    let known = first_media_type(headers, &header::CONTENT_TYPE);
    let is_known = known.is_some_and(|known| known.eq_ignore_ascii_case(content_type));
    if is_known || !content_type.contains('/') {
        return;
    }
    if let Ok(value) = HeaderValue::try_from(content_type) {
        headers.insert(header::CONTENT_TYPE, value);
    }
}

fn not_a_header_value(name: &HeaderName, step: Step) -> Rejection {
    let detail = format!("what is written to `{name}` is not a header value");
    Rejection::configuration(step, detail)
}
