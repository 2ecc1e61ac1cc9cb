//! Mappings from the integration's response to the method's.

use std::str::FromStr;

use http::{HeaderMap, HeaderName};
use towergate_core::Context;

use super::{
    MappedValue, MappingError, MappingParseError,
    json_body::JsonBody,
    method_request::{all_headers, last_header},
    source::{BodySource, CommonSource, header_name},
};

/// The response of an integration, as mappings see it. The body is parsed when a mapping first asks for a path in it.
#[derive(Debug)]
pub struct IntegrationReply<'a> {
    context: &'a Context,
    headers: &'a HeaderMap,
    body: JsonBody<'a>,
}

impl<'a> IntegrationReply<'a> {
    /// Creates the view of a response without a body.
    #[must_use]
    pub fn new(context: &'a Context, headers: &'a HeaderMap) -> Self {
        Self {
            context,
            headers,
            body: JsonBody::new(None),
        }
    }

    /// Adds the body, for mappings that [need](ResponseMapping::needs_body) it.
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
}

/// The source of a mapping of an integration response.
///
/// | source | value |
/// |---|---|
/// | `integration.response.header.NAME` | the last value |
/// | `integration.response.multivalueheader.NAME` | all values, joined by commas |
/// | `integration.response.body` | the body |
/// | `integration.response.body.PATH` | what a JSONPath without its `$.` finds in the body |
/// | `stageVariables.NAME`, `context.NAME`, `'text'` | a stage variable, a `$context` variable, the text |
///
/// Header names are matched without regard to case. A missing, null or empty value drops the mapping.
#[derive(Debug, Clone)]
pub struct ResponseMapping(Source);

#[derive(Debug, Clone)]
enum Source {
    Body(BodySource),
    Common(CommonSource),
    Header(HeaderName),
    MultiValueHeader(HeaderName),
}

impl ResponseMapping {
    const ALLOWED: &'static str = "`integration.response.{header,multivalueheader}.NAME`, `integration.response.body`, \
         `integration.response.body.PATH`, `stageVariables.NAME`, `context.NAME`, `'text'`";

    /// Parses a source.
    ///
    /// # Errors
    ///
    /// Returns an error if `expression` is not a source of an integration response, or its name or path is not legal.
    pub fn parse(expression: &str) -> Result<Self, MappingParseError> {
        if let Some(source) = CommonSource::parse(expression)? {
            return Ok(Self(Source::Common(source)));
        }
        let unknown = || MappingParseError::unknown(expression, Self::ALLOWED);
        let rest = expression
            .strip_prefix("integration.response.")
            .ok_or_else(unknown)?;
        if let Some(source) = BodySource::parse(expression, rest)? {
            return Ok(Self(Source::Body(source)));
        }
        match rest.split_once('.') {
            Some(("header", name)) => Ok(Self(Source::Header(header_name(expression, name)?))),
            Some(("multivalueheader", name)) => Ok(Self(Source::MultiValueHeader(header_name(
                expression, name,
            )?))),
            _ => Err(unknown()),
        }
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
        reply: &'r IntegrationReply<'_>,
    ) -> Result<Option<MappedValue<'r>>, MappingError> {
        match &self.0 {
            Source::Body(source) => reply.body.read(source),
            Source::Common(source) => Ok(source.read(reply.context)),
            Source::Header(name) => Ok(MappedValue::one(last_header(reply.headers, name))),
            Source::MultiValueHeader(name) => {
                Ok(MappedValue::one(all_headers(reply.headers, name)))
            }
        }
    }
}

impl FromStr for ResponseMapping {
    type Err = MappingParseError;

    fn from_str(expression: &str) -> Result<Self, Self::Err> {
        Self::parse(expression)
    }
}
