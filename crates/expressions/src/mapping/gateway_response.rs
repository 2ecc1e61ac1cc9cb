//! Mappings from the method's request to the headers of a gateway response.

use std::str::FromStr;

use super::{
    MappedValue, MappingParseError, MethodRequest,
    source::{CommonSource, RequestSource},
};

/// The source of a header of a gateway response: `method.request.{header,path,querystring}.NAME` and the multi-value
/// forms, `context.NAME`, `stageVariables.NAME` or `'text'`, as in a [`RequestMapping`](crate::RequestMapping).
#[derive(Debug, Clone)]
pub struct GatewayResponseMapping(Source);

#[derive(Debug, Clone)]
enum Source {
    Common(CommonSource),
    Request(RequestSource),
}

impl GatewayResponseMapping {
    const ALLOWED: &'static str = "`method.request.{path,querystring,multivaluequerystring,header,multivalueheader}.NAME`, \
         `stageVariables.NAME`, `context.NAME`, `'text'`";

    /// Parses a source.
    ///
    /// # Errors
    ///
    /// Returns an error if `expression` is not a source of a gateway response, or its name is not legal.
    pub fn parse(expression: &str) -> Result<Self, MappingParseError> {
        if let Some(source) = CommonSource::parse(expression)? {
            return Ok(Self(Source::Common(source)));
        }
        if let Some(rest) = expression.strip_prefix("method.request.")
            && let Some(source) = RequestSource::parse(expression, rest)?
        {
            return Ok(Self(Source::Request(source)));
        }
        Err(MappingParseError::unknown(expression, Self::ALLOWED))
    }

    /// Returns the value, or `None` if there is none to map.
    pub fn evaluate<'r>(&'r self, request: &'r MethodRequest<'_>) -> Option<MappedValue<'r>> {
        match &self.0 {
            Source::Common(source) => source.read(request.context()),
            Source::Request(source) => request.read(source),
        }
    }
}

impl FromStr for GatewayResponseMapping {
    type Err = MappingParseError;

    fn from_str(expression: &str) -> Result<Self, Self::Err> {
        Self::parse(expression)
    }
}
