//! The sources of values, as they are written.

use http::HeaderName;
use towergate_core::ContextVariable;

use super::MappingParseError;
use crate::JsonPath;

/// A source that every mapping may use.
#[derive(Debug, Clone)]
pub(super) enum CommonSource {
    Context(ContextVariable),
    StageVariable(Box<str>),
    Static(Box<str>),
}

impl CommonSource {
    /// Reads `context.N`, `stageVariables.N` or `'static'`. Returns `None` if `expression` starts like none of them.
    pub(super) fn parse(expression: &str) -> Result<Option<Self>, MappingParseError> {
        if let Some(rest) = expression.strip_prefix('\'') {
            let Some(text) = rest.strip_suffix('\'') else {
                return Err(MappingParseError::unquoted(expression));
            };
            return Ok(Some(Self::Static(text.into())));
        }
        if let Some(name) = expression.strip_prefix("context.") {
            let name = checked_name(expression, name)?;
            return Ok(Some(Self::Context(ContextVariable::parse(name))));
        }
        if let Some(name) = expression.strip_prefix("stageVariables.") {
            return Ok(Some(Self::StageVariable(
                checked_name(expression, name)?.into(),
            )));
        }
        Ok(None)
    }
}

/// A source in the method's request, but for its body.
#[derive(Debug, Clone)]
pub(super) enum RequestSource {
    Header(RequestHeader),
    MultiValueHeader(RequestHeader),
    MultiValueQuery(Box<str>),
    Path(Box<str>),
    Query(Box<str>),
}

impl RequestSource {
    /// Reads what follows `method.request.`. Returns `None` if it is none of these sources.
    pub(super) fn parse(expression: &str, rest: &str) -> Result<Option<Self>, MappingParseError> {
        let Some((location, name)) = rest.split_once('.') else {
            return Ok(None);
        };
        Ok(Some(match location {
            "header" => Self::Header(RequestHeader::parse(expression, name)?),
            "multivalueheader" => Self::MultiValueHeader(RequestHeader::parse(expression, name)?),
            "multivaluequerystring" => {
                Self::MultiValueQuery(checked_name(expression, name)?.into())
            }
            "path" => Self::Path(checked_name(expression, name)?.into()),
            "querystring" => Self::Query(checked_name(expression, name)?.into()),
            _ => return Ok(None),
        }))
    }
}

/// A header of the method's request, and how the client must have spelled it.
#[derive(Debug, Clone)]
pub(super) struct RequestHeader {
    pub(super) name: HeaderName,
    pub(super) spelling: Box<str>,
}

impl RequestHeader {
    fn parse(expression: &str, name: &str) -> Result<Self, MappingParseError> {
        Ok(Self {
            name: header_name(expression, name)?,
            spelling: name.into(),
        })
    }
}

/// A source in a body: all of it, or what a path finds.
#[derive(Debug, Clone)]
pub(super) enum BodySource {
    Raw,
    Path(JsonPath),
}

impl BodySource {
    /// Reads `body` or `body.` and a path, which has no `$.` in front.
    pub(super) fn parse(expression: &str, rest: &str) -> Result<Option<Self>, MappingParseError> {
        let Some(path) = rest.strip_prefix("body") else {
            return Ok(None);
        };
        if path.is_empty() {
            return Ok(Some(Self::Raw));
        }
        let path = match path.strip_prefix('.') {
            Some(path) => path,
            None if path.starts_with('[') => path,
            None => return Ok(None),
        };
        JsonPath::parse(path)
            .map(|path| Some(Self::Path(path)))
            .map_err(|error| MappingParseError::json_path(expression, error))
    }
}

pub(super) fn header_name(expression: &str, name: &str) -> Result<HeaderName, MappingParseError> {
    checked_name(expression, name)?
        .parse()
        .map_err(|_| MappingParseError::name(expression, name))
}

pub(super) fn checked_name<'s>(
    expression: &str,
    name: &'s str,
) -> Result<&'s str, MappingParseError> {
    if is_name(name) {
        return Ok(name);
    }
    Err(MappingParseError::name(expression, name))
}

/// Whether `name` can name a parameter.
pub(crate) fn is_name(name: &str) -> bool {
    let legal =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'$' | b'-');
    !name.is_empty() && name.bytes().all(legal)
}
