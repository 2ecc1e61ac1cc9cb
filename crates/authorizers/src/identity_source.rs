//! Where an authorizer looks for who calls.

use std::{borrow::Cow, fmt, str::FromStr};

use http::{HeaderName, header};
use towergate_core::ContextVariable;

use crate::AuthorizeRequest;

/// Where in a request an authorizer finds an identity: a header, a query parameter, a stage variable or a `$context`
/// variable, in the words of REST (`method.request.header.N`), WebSocket (`route.request.header.N`) and HTTP APIs
/// (`$request.header.N`).
///
/// Names of headers ignore case, those of query parameters do not. All values of one name count, joined with commas; but
/// a repeated `Authorization`, `Host`, `X-Amz-Date` or `X-Amz-Security-Token` counts for nothing.
///
/// ```
/// use towergate_authorizers::IdentitySource;
///
/// let source: IdentitySource = "method.request.header.X-Tenant".parse()?;
/// assert_eq!(source.to_string(), "method.request.header.X-Tenant");
/// assert!("method.request.path.id".parse::<IdentitySource>().is_err());
/// # Ok::<(), towergate_authorizers::IdentitySourceError>(())
/// ```
#[derive(Debug, Clone)]
pub struct IdentitySource {
    text: Box<str>,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Header(HeaderName),
    Query(Box<str>),
    StageVariable(Box<str>),
    Context(ContextVariable),
    RouteKey,
}

/// Headers that two readers could read differently if they were repeated.
const UNREPEATABLE: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::HOST,
    HeaderName::from_static("x-amz-date"),
    HeaderName::from_static("x-amz-security-token"),
];

impl IdentitySource {
    /// Creates the source that is a header.
    #[must_use]
    pub fn header(name: HeaderName) -> Self {
        Self {
            text: format!("method.request.header.{name}").into(),
            place: Place::Header(name),
        }
    }

    /// Reads the sources of a definition, with commas in between.
    ///
    /// # Errors
    ///
    /// The first that is no source.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, IdentitySourceError> {
        let sources = text.split(',').map(str::trim);
        let sources = sources.filter(|source| !source.is_empty());
        sources.map(str::parse).collect()
    }

    /// Returns the identity in a request; `None` if it is not there, or empty.
    #[must_use]
    pub fn resolve<'r>(&self, request: &'r AuthorizeRequest<'_>) -> Option<Cow<'r, str>> {
        let value = match &self.place {
            Place::Header(name) if self.is_repeated(request) => {
                debug_assert!(UNREPEATABLE.contains(name), "others may be repeated");
                return None;
            }
            Place::Header(name) => request.header(name),
            Place::Query(name) => {
                let mut values = request.query().all(name);
                let first = values.next()?;
                Some(values.fold(Cow::Borrowed(first), |joined, value| joined + "," + value))
            }
            Place::StageVariable(name) => {
                let context = request.context();
                context.stage_variable(name).map(Cow::Borrowed)
            }
            Place::Context(variable) => request.context().variable(variable),
            Place::RouteKey => Some(request.route_key()),
        };
        value.filter(|value| !value.is_empty())
    }

    /// Whether it is a header that must not be repeated, and is.
    pub(crate) fn is_repeated(&self, request: &AuthorizeRequest<'_>) -> bool {
        match &self.place {
            Place::Header(name) => {
                UNREPEATABLE.contains(name)
                    && request.headers().get_all(name).iter().nth(1).is_some()
            }
            _ => false,
        }
    }

    /// Returns whether the identity is in a header.
    #[must_use]
    pub fn is_header(&self) -> bool {
        matches!(self.place, Place::Header(_))
    }
}

impl FromStr for IdentitySource {
    type Err = IdentitySourceError;

    fn from_str(text: &str) -> Result<Self, IdentitySourceError> {
        let error = || IdentitySourceError(text.to_owned());
        let bare = text.strip_prefix('$').unwrap_or(text);
        let bare = ["method.request.", "route.request."]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix))
            .or_else(|| bare.strip_prefix("request."))
            .unwrap_or(bare);
        let (kind, name) = bare.split_once('.').ok_or_else(error)?;
        if name.is_empty() {
            return Err(error());
        }
        let place = match kind {
            "header" => Place::Header(name.parse().map_err(|_| error())?),
            "querystring" => Place::Query(name.into()),
            "stageVariables" => Place::StageVariable(name.into()),
            "context" if name == "routeKey" => Place::RouteKey,
            "context" => Place::Context(ContextVariable::parse(name)),
            _ => return Err(error()),
        };
        // A request has headers and parameters, and nothing else has.
        let is_of_request = bare.len() + 1 < text.len();
        if is_of_request != matches!(place, Place::Header(_) | Place::Query(_)) {
            return Err(error());
        }
        Ok(Self {
            text: text.into(),
            place,
        })
    }
}

impl fmt::Display for IdentitySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A text that is no identity source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no identity source: write one such as `method.request.header.Authorization`, `stageVariables.NAME` or `context.httpMethod`"
)]
pub struct IdentitySourceError(String);

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::Request;
    use towergate_core::{Context, StageInfo, StagePath};

    use super::*;

    #[test]
    fn sources_are_read_in_the_words_of_every_kind_of_api() {
        let cases = [
            ("method.request.header.H", true),
            ("route.request.header.H", true),
            ("$request.header.H", true),
            ("request.header.H", true),
            ("$request.querystring.q", true),
            ("stageVariables.v", true),
            ("$stageVariables.v", true),
            ("context.httpMethod", true),
            ("$context.routeKey", true),
            ("method.request.path.id", false),
            ("method.request.stageVariables.v", false),
            ("method.request.context.v", false),
            ("header.H", false),
            ("method.request.header.", false),
            ("method.request.header.H H", false),
            ("method.request.body", false),
            ("$stageVariables.", false),
            ("", false),
        ];
        for (text, is_source) in cases {
            assert_eq!(text.parse::<IdentitySource>().is_ok(), is_source, "{text}");
        }
        let sources = IdentitySource::parse_list("method.request.header.A, context.stage,");
        assert_eq!(sources.unwrap().len(), 2);
        assert!(IdentitySource::parse_list("context.stage,x").is_err());
    }

    #[test]
    fn s4_all_values_are_the_identity_but_of_headers_that_must_not_be_repeated() {
        let mut request = Request::get("/pets?q=1&q=2&Q=3&e=")
            .header("x-a", "1")
            .header("x-a", "2")
            .header("x-empty", "")
            .header("x-bytes", &b"\xff"[..])
            .header("host", "api.example.com");
        for name in ["authorization", "x-amz-date", "x-amz-security-token"] {
            request = request.header(name, "a").header(name, "b");
        }
        let mut request = request.body(()).unwrap();
        let context = Context::of(&mut request);
        let mut stage = StageInfo::default();
        stage.variables = vec![("v".to_owned(), "blue".to_owned())];
        context.note_stage(StagePath {
            info: Arc::new(stage),
            path_start: 0,
            resource_start: 0,
        });
        let request = AuthorizeRequest::new(&context, request.headers());
        let cases = [
            ("$request.header.X-A", Some("1,2")),
            ("$request.header.host", Some("api.example.com")),
            ("$request.header.x-empty", None),
            ("$request.header.x-bytes", None),
            ("$request.header.x-none", None),
            ("$request.header.authorization", None),
            ("$request.header.x-amz-date", None),
            ("$request.header.x-amz-security-token", None),
            ("$request.querystring.q", Some("1,2")),
            ("$request.querystring.Q", Some("3")),
            ("$request.querystring.e", None),
            ("$stageVariables.v", Some("blue")),
            ("$stageVariables.w", None),
            ("$context.httpMethod", Some("GET")),
            ("$context.routeKey", Some("$default")),
            ("$context.unknown", None),
        ];
        for (text, expected) in cases {
            let source: IdentitySource = text.parse().unwrap();
            assert_eq!(source.resolve(&request).as_deref(), expected, "{text}");
        }
    }
}
