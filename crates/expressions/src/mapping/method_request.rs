//! Mappings from the method's request to the integration's.

use std::{borrow::Cow, str::FromStr, sync::OnceLock};

use http::{HeaderMap, HeaderName};
use towergate_core::Context;

use super::{
    MappedValue, MappingError, MappingParseError,
    json_body::JsonBody,
    source::{BodySource, CommonSource, RequestHeader, RequestSource},
};
use crate::QueryString;

/// The request that a method received, as mappings see it.
///
/// The query is parsed when a mapping first asks for a parameter, the body when one first asks for a path in it.
#[derive(Debug)]
pub struct MethodRequest<'a> {
    context: &'a Context,
    headers: &'a HeaderMap,
    query: OnceLock<QueryString<'a>>,
    body: JsonBody<'a>,
}

impl<'a> MethodRequest<'a> {
    /// Creates the view of a request without a body. The query is that of the context's URI.
    #[must_use]
    pub fn new(context: &'a Context, headers: &'a HeaderMap) -> Self {
        Self {
            context,
            headers,
            query: OnceLock::new(),
            body: JsonBody::new(None),
        }
    }

    /// Adds the body, for mappings that [need](RequestMapping::needs_body) it.
    #[must_use]
    pub fn with_body(mut self, body: &'a [u8]) -> Self {
        self.body = JsonBody::new(Some(body));
        self
    }

    /// Returns the context.
    #[must_use]
    pub fn context(&self) -> &'a Context {
        self.context
    }

    /// Returns the headers.
    #[must_use]
    pub fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// Returns the parameters of the query, parsed at the first call.
    pub fn query(&self) -> &QueryString<'a> {
        self.query
            .get_or_init(|| QueryString::parse(self.context.uri().query().unwrap_or_default()))
    }

    pub(super) fn read(&self, source: &RequestSource) -> Option<MappedValue<'_>> {
        match source {
            RequestSource::Header(header) => {
                MappedValue::one(last_header(self.headers, self.named(header)?))
            }
            RequestSource::MultiValueHeader(header) => {
                MappedValue::one(all_headers(self.headers, self.named(header)?))
            }
            RequestSource::MultiValueQuery(name) => MappedValue::several(self.query().all(name)),
            RequestSource::Path(name) => {
                MappedValue::one(self.context.path_parameter(name).map(Cow::Borrowed))
            }
            RequestSource::Query(name) => {
                MappedValue::one(self.query().last(name).map(Cow::Borrowed))
            }
        }
    }

    /// The name of a header, unless the client spelled it in another way.
    fn named<'h>(&self, header: &'h RequestHeader) -> Option<&'h HeaderName> {
        let RequestHeader { name, spelling } = header;
        self.context.allows_spelling(name, spelling).then_some(name)
    }
}

/// The source of a mapping of an integration request.
///
/// | source | value |
/// |---|---|
/// | `method.request.path.NAME` | a path parameter, as it stands in the path |
/// | `method.request.querystring.NAME` | the last value, decoded |
/// | `method.request.multivaluequerystring.NAME` | all values |
/// | `method.request.header.NAME` | the last value |
/// | `method.request.multivalueheader.NAME` | all values, joined by commas |
/// | `method.request.body` | the body |
/// | `method.request.body.PATH` | what a JSONPath without its `$.` finds in the body |
/// | `stageVariables.NAME`, `context.NAME`, `'text'` | a stage variable, a `$context` variable, the text |
///
/// Header names are matched as the client spelled them, or without regard to case where that is not known
/// ([`Context::original_header_names`]). A missing, null or empty value drops the mapping.
///
/// # Examples
///
/// ```
/// use http::Request;
/// use towergate_core::Context;
/// use towergate_expressions::{MethodRequest, RequestMapping, RequestTarget};
///
/// let target = RequestTarget::parse("integration.request.querystring.pet")?;
/// let mapping = RequestMapping::parse("method.request.body.pets[0].name")?;
/// assert!(mapping.needs_body());
///
/// let mut request = Request::post("/pets").body(r#"{"pets": [{"name": "Rex"}]}"#)?;
/// let context = Context::of(&mut request);
/// let view = MethodRequest::new(&context, request.headers()).with_body(request.body().as_bytes());
/// let value = mapping.evaluate(&view)?.expect("the pet has a name");
/// assert_eq!(value.into_joined(), "Rex");
/// # assert_eq!(target, RequestTarget::Query("pet".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct RequestMapping(Source);

#[derive(Debug, Clone)]
enum Source {
    Body(BodySource),
    Common(CommonSource),
    Request(RequestSource),
}

impl RequestMapping {
    const ALLOWED: &'static str = "`method.request.{path,querystring,multivaluequerystring,header,multivalueheader}.NAME`, \
         `method.request.body`, `method.request.body.PATH`, `stageVariables.NAME`, `context.NAME`, `'text'`";

    /// Parses a source.
    ///
    /// # Errors
    ///
    /// Returns an error if `expression` is not a source of an integration request, or its name or path is not legal.
    pub fn parse(expression: &str) -> Result<Self, MappingParseError> {
        if let Some(source) = CommonSource::parse(expression)? {
            return Ok(Self(Source::Common(source)));
        }
        if let Some(rest) = expression.strip_prefix("method.request.") {
            if let Some(source) = BodySource::parse(expression, rest)? {
                return Ok(Self(Source::Body(source)));
            }
            if let Some(source) = RequestSource::parse(expression, rest)? {
                return Ok(Self(Source::Request(source)));
            }
        }
        Err(MappingParseError::unknown(expression, Self::ALLOWED))
    }

    /// Returns whether the value is taken from the body, so that the body must be collected first.
    #[must_use]
    pub fn needs_body(&self) -> bool {
        matches!(self.0, Source::Body(_))
    }

    /// Returns the text of a `'text'` source: its value for every request.
    #[must_use]
    pub fn as_static(&self) -> Option<&str> {
        match &self.0 {
            Source::Common(CommonSource::Static(text)) => Some(text),
            _ => None,
        }
    }

    /// Returns the value, or `None` if there is none to map.
    ///
    /// # Errors
    ///
    /// Returns an error if a path is to be searched in a body that starts like JSON and is not, or costs too much.
    pub fn evaluate<'r>(
        &'r self,
        request: &'r MethodRequest<'_>,
    ) -> Result<Option<MappedValue<'r>>, MappingError> {
        match &self.0 {
            Source::Body(source) => request.body.read(source),
            Source::Common(source) => Ok(source.read(request.context)),
            Source::Request(source) => Ok(request.read(source)),
        }
    }
}

impl FromStr for RequestMapping {
    type Err = MappingParseError;

    fn from_str(expression: &str) -> Result<Self, Self::Err> {
        Self::parse(expression)
    }
}

impl CommonSource {
    pub(super) fn read<'r>(&'r self, context: &'r Context) -> Option<MappedValue<'r>> {
        MappedValue::one(match self {
            Self::Context(variable) => context.variable(variable),
            Self::StageVariable(name) => context.stage_variable(name).map(Cow::Borrowed),
            Self::Static(text) => Some(Cow::Borrowed(text)),
        })
    }
}

/// The last value of a header. Bytes that are not UTF-8 become U+FFFD.
pub(super) fn last_header<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<Cow<'h, str>> {
    let last = headers.get_all(name).iter().next_back()?;
    Some(String::from_utf8_lossy(last.as_bytes()))
}

/// All values of a header, joined by commas.
pub(super) fn all_headers<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<Cow<'h, str>> {
    headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .reduce(|mut joined, value| {
            let text = joined.to_mut();
            text.push(',');
            text.push_str(&value);
            joined
        })
}
