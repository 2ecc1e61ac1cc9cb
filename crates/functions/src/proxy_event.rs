//! The event of a Lambda proxy integration, format 1.0 (rest-api.md, section 4.8).

use std::{borrow::Cow, fmt, io};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Serialize, Serializer, ser::SerializeMap};
use towergate_core::{Context, ResourceInfo};
use towergate_expressions::QueryString;

use crate::{EventHeaders, RequestContext, pairs::Pairs, payload_limits::MAX_REQUEST_BYTES};

/// What a function gets of a request to a REST API.
///
/// ```
/// use http::Request;
/// use towergate_core::{Context, SystemRandom};
/// use towergate_functions::ProxyEvent;
///
/// let context = Context::of(&mut Request::post("/pets?tag=a").body(())?);
/// let event = ProxyEvent::new(&context, context.trace(&SystemRandom), b"Rex", false)?.to_json()?;
/// let event: serde_json::Value = serde_json::from_slice(&event)?;
/// assert_eq!(event["queryStringParameters"]["tag"], "a");
/// assert_eq!(event["requestContext"]["httpMethod"], "POST");
/// assert_eq!(event["body"], "Rex");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ProxyEvent<'a> {
    context: &'a Context,
    headers: EventHeaders<'a>,
    query: QueryString<'a>,
    body: Cow<'a, str>,
    is_base64_encoded: bool,
    request_context: RequestContext<'a>,
}

/// The event is over what functions take.
#[derive(Debug, thiserror::Error)]
#[error("the event is over {MAX_REQUEST_BYTES} bytes")]
#[non_exhaustive]
pub struct EventTooLarge;

impl<'a> ProxyEvent<'a> {
    /// Creates the event of a request with the trace header `trace`. A body that is not UTF-8 is in it as base64, and so
    /// is one of a binary type.
    ///
    /// # Errors
    ///
    /// Returns [`EventTooLarge`] if the body alone is over 6 MB.
    pub fn new(
        context: &'a Context,
        trace: &'a str,
        body: &'a [u8],
        is_binary: bool,
    ) -> Result<Self, EventTooLarge> {
        // What cannot fit is not even encoded.
        let text = str::from_utf8(body).ok().filter(|_| !is_binary);
        let length = match text {
            Some(text) => text.len(),
            None => body.len().div_ceil(3).saturating_mul(4),
        };
        if length > MAX_REQUEST_BYTES {
            return Err(EventTooLarge);
        }
        Ok(Self {
            context,
            headers: EventHeaders::new(context, trace),
            query: QueryString::parse(context.uri().query().unwrap_or_default()),
            is_base64_encoded: text.is_none() && !body.is_empty(),
            body: text.map_or_else(|| STANDARD.encode(body).into(), Cow::Borrowed),
            request_context: RequestContext::new(context),
        })
    }

    /// Names the operation, which is then in the request context.
    #[must_use]
    pub fn with_operation_name(mut self, name: Option<&'a str>) -> Self {
        self.request_context = self.request_context.with_operation_name(name);
        self
    }

    /// Writes the event as JSON.
    ///
    /// # Errors
    ///
    /// Returns [`EventTooLarge`] if that is over 6 MB.
    pub fn to_json(&self) -> Result<Bytes, EventTooLarge> {
        // A tenth more than the body, for what is escaped in it, and about as much as everything else takes.
        let mut json = BoundedJson(Vec::with_capacity(self.body.len() / 10 * 11 + 4_096));
        // Only a map whose keys are no strings could fail otherwise, and there is none.
        serde_json::to_writer(&mut json, self).map_err(|_| EventTooLarge)?;
        Ok(json.0.into())
    }
}

/// Shows no headers, queries and bodies, which hold secrets.
impl fmt::Debug for ProxyEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyEvent")
            .field("context", self.context)
            .finish_non_exhaustive()
    }
}

/// Text that is refused once it is over what functions take: control characters grow to six times their size.
struct BoundedJson(Vec<u8>);

impl io::Write for BoundedJson {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_REQUEST_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Serialize for ProxyEvent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let context = self.context;
        let parameters = || context.path_parameters();
        let has_parameters = parameters().next().is_some();
        let variables = context.stage().map_or(&[][..], |stage| &stage.variables);
        let mut query: Vec<_> = self.query.iter().collect();
        query.sort_by_key(|(name, _)| *name);
        let groups = || query.chunk_by(|(one, _), (other, _)| one == other);
        let last = Pairs(|| groups().filter_map(|group| group.last().copied()));
        let all = Pairs(|| {
            groups().filter_map(|group| {
                let values = group.iter().map(|(_, value)| *value);
                Some((group.first()?.0, values.collect::<Vec<_>>()))
            })
        });
        let has_query = !query.is_empty();

        let mut event = serializer.serialize_map(Some(12))?;
        let resource = context.resource().map_or("", ResourceInfo::path);
        event.serialize_entry("resource", resource)?;
        event.serialize_entry("path", context.event_path())?;
        event.serialize_entry("httpMethod", context.method().as_str())?;
        event.serialize_entry("headers", &self.headers.last())?;
        event.serialize_entry("multiValueHeaders", &self.headers.all())?;
        event.serialize_entry("queryStringParameters", &has_query.then_some(last))?;
        event.serialize_entry("multiValueQueryStringParameters", &has_query.then_some(all))?;
        event.serialize_entry(
            "pathParameters",
            &has_parameters.then_some(Pairs(parameters)),
        )?;
        let variables = (!variables.is_empty()).then_some(Pairs(|| {
            variables.iter().map(|(name, value)| (&**name, &**value))
        }));
        event.serialize_entry("stageVariables", &variables)?;
        event.serialize_entry("requestContext", &self.request_context)?;
        let body = (!self.body.is_empty()).then_some(&self.body);
        event.serialize_entry("body", &body)?;
        event.serialize_entry("isBase64Encoded", &self.is_base64_encoded)?;
        event.end()
    }
}
