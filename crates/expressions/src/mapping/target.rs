//! The targets of values, as they are written.

use http::HeaderName;

use super::{
    MappingParseError,
    source::{checked_name, header_name},
};

/// What a mapping of an integration request sets: `integration.request.{header,querystring,path}.NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "API Gateway has no fourth target")]
pub enum RequestTarget {
    /// A header.
    Header(HeaderTarget),
    /// A placeholder of the integration's URI.
    Path(Box<str>),
    /// A query parameter.
    Query(Box<str>),
}

impl RequestTarget {
    /// Parses a target.
    ///
    /// # Errors
    ///
    /// Returns an error if `expression` is not such a target or its name is not legal.
    pub fn parse(expression: &str) -> Result<Self, MappingParseError> {
        let rest = expression.strip_prefix("integration.request.");
        match rest.and_then(|rest| rest.split_once('.')) {
            Some(("header", name)) => HeaderTarget::parse(expression, name).map(Self::Header),
            Some(("path", name)) => Ok(Self::Path(checked_name(expression, name)?.into())),
            Some(("querystring", name)) => Ok(Self::Query(checked_name(expression, name)?.into())),
            _ => Err(MappingParseError::unknown(
                expression,
                "`integration.request.header.NAME`, `integration.request.querystring.NAME`, \
                 `integration.request.path.NAME`",
            )),
        }
    }
}

/// A header that a mapping sets, with its name as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderTarget {
    name: HeaderName,
    spelling: Box<str>,
}

impl HeaderTarget {
    /// Parses `method.response.header.NAME`, the target of an integration response.
    ///
    /// # Errors
    ///
    /// Returns an error if `expression` is not such a target or its name is not legal.
    pub fn method_response(expression: &str) -> Result<Self, MappingParseError> {
        match expression.strip_prefix("method.response.header.") {
            Some(name) => Self::parse(expression, name),
            None => Err(MappingParseError::unknown(
                expression,
                "`method.response.header.NAME`",
            )),
        }
    }

    /// Parses `gatewayresponse.header.NAME`, the target of a gateway response.
    ///
    /// # Errors
    ///
    /// Returns an error if `expression` is not such a target or its name is not legal.
    pub fn gateway_response(expression: &str) -> Result<Self, MappingParseError> {
        match expression.strip_prefix("gatewayresponse.header.") {
            Some(name) => Self::parse(expression, name),
            None => Err(MappingParseError::unknown(
                expression,
                "`gatewayresponse.header.NAME`",
            )),
        }
    }

    fn parse(expression: &str, name: &str) -> Result<Self, MappingParseError> {
        Ok(Self {
            name: header_name(expression, name)?,
            spelling: name.into(),
        })
    }

    /// Returns the name, in lower case.
    #[must_use]
    pub fn name(&self) -> &HeaderName {
        &self.name
    }

    /// Returns the name as it was written, for `X-amzn-…` headers that repeat it and for listeners that keep case.
    #[must_use]
    pub fn spelling(&self) -> &str {
        &self.spelling
    }
}
