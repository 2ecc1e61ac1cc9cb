//! What mapping templates may ask of a request.

use std::{borrow::Cow, cell::OnceCell, fmt};

use http::{HeaderMap, HeaderName};
use percent_encoding::percent_decode_str;
use towergate_core::{Context, ContextVariable, is_dropped_header};
use towergate_expressions::QueryString;

use crate::{ContextValue, ParameterLocation, Variables};

/// The request that a [`Context`] tells of. Its query is parsed when a template first asks for a parameter.
///
/// ```
/// use http::Request;
/// use towergate_core::Context;
/// use towergate_mapping_templates::{Payload, RequestVariables, Scope, Template};
///
/// let mut request = Request::get("/pets?owner=Kim%20Lee").body(())?;
/// let context = Context::of(&mut request);
/// let variables = RequestVariables::new(&context);
/// let template = Template::parse("$context.httpMethod by $input.params('owner')")?;
/// let output = template.render(&mut Scope::new(Payload::default(), &variables))?;
/// assert_eq!(output, "GET by Kim Lee");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RequestVariables<'a> {
    context: &'a Context,
    headers: &'a HeaderMap,
    query: OnceCell<QueryString<'a>>,
}

impl<'a> RequestVariables<'a> {
    /// Creates the variables of a request whose headers are those that `context` keeps.
    #[must_use]
    pub fn new(context: &'a Context) -> Self {
        Self {
            context,
            headers: context.headers(),
            query: OnceCell::new(),
        }
    }

    /// Sets the headers, for a context that does not keep all of them.
    #[must_use]
    pub fn with_headers(mut self, headers: &'a HeaderMap) -> Self {
        self.headers = headers;
        self
    }

    fn query(&self) -> &QueryString<'a> {
        let parse = || QueryString::parse(self.context.uri().query().unwrap_or_default());
        self.query.get_or_init(parse)
    }

    /// Whether a template that goes through `$context` comes to this variable: those of access logs are not among them,
    /// and a few are only if they have a value.
    fn is_listed(&self, name: &str) -> bool {
        match name.split('.').next() {
            Some(
                "error" | "integration" | "integrationLatency" | "integrationStatus" | "status"
                | "xrayTraceId",
            ) => false,
            _ => match name {
                "identity.apiKey" | "identity.apiKeyId" | "isCanaryRequest" => self
                    .context
                    .variable(&ContextVariable::parse(name))
                    .is_some(),
                _ => true,
            },
        }
    }

    /// What the authorizer added.
    fn added(&self) -> impl Iterator<Item = &str> {
        let identity = self.context.identity().into_iter();
        identity.flat_map(|identity| identity.authorizer.keys().map(String::as_str))
    }

    /// The claims of the token that the authorizer took.
    fn claims(&self) -> impl Iterator<Item = &str> {
        self.added().filter_map(claim)
    }

    /// The last value of a header that the gateway keeps, by the name that the client wrote as far as that is known.
    fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        let header = HeaderName::try_from(name).ok()?;
        let is_seen = !is_dropped_header(&header) && self.context.allows_spelling(&header, name);
        is_seen.then(|| self.last(&header))?
    }

    fn last(&self, name: &HeaderName) -> Option<Cow<'_, str>> {
        let value = self.headers.get_all(name).iter().next_back()?;
        Some(String::from_utf8_lossy(value.as_bytes()))
    }
}

/// Shows no values: headers and queries hold secrets.
impl fmt::Debug for RequestVariables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestVariables").finish_non_exhaustive()
    }
}

impl Variables for RequestVariables<'_> {
    fn context(&self, name: &str) -> Option<ContextValue<'_>> {
        if name == "isCanaryRequest" {
            return self.context.stage()?.is_canary.map(ContextValue::Bool);
        }
        if let Some(value) = self.context.variable(&ContextVariable::parse(name)) {
            return Some(ContextValue::Text(value));
        }
        let is_branch = name == "authorizer"
            || (name == CLAIMS && self.claims().next().is_some())
            || ContextVariable::names().any(|known| child(known, name).is_some());
        is_branch.then_some(ContextValue::Branch)
    }

    fn context_keys(&self, branch: &str, visit: &mut dyn FnMut(&str)) {
        let mut last = "";
        let names = ContextVariable::names().filter(|name| self.is_listed(name));
        for key in names.filter_map(|name| child(name, branch)) {
            // Names are sorted, so those of one branch stand together.
            if key != last {
                visit(key);
            }
            last = key;
        }
        let mut added = self.added();
        match branch {
            "" if added.next().is_some() => visit("authorizer"),
            "authorizer" => {
                added
                    .filter(|key| claim(key).is_none())
                    .for_each(&mut *visit);
                if self.claims().next().is_some() {
                    visit("claims");
                }
            }
            CLAIMS => self.claims().for_each(visit),
            _ => {}
        }
    }

    fn stage_variable(&self, name: &str) -> Option<Cow<'_, str>> {
        self.context.stage_variable(name).map(Cow::Borrowed)
    }

    fn stage_variables(&self, visit: &mut dyn FnMut(&str, &str)) {
        let variables = self
            .context
            .stage()
            .into_iter()
            .flat_map(|stage| &stage.variables);
        variables.for_each(|(name, value)| visit(name, value));
    }

    fn parameter(&self, location: ParameterLocation, name: &str) -> Option<Cow<'_, str>> {
        match location {
            ParameterLocation::Path => self.context.path_parameter(name).map(decoded),
            ParameterLocation::QueryString => self.query().last(name).map(Cow::Borrowed),
            ParameterLocation::Header => self.header(name),
        }
    }

    fn parameters(&self, location: ParameterLocation, visit: &mut dyn FnMut(&str, &str)) {
        match location {
            ParameterLocation::Path => {
                self.context
                    .path_parameters()
                    .for_each(|(name, value)| visit(name, &decoded(value)));
            }
            ParameterLocation::QueryString => {
                self.query()
                    .iter()
                    .for_each(|(name, value)| visit(name, value));
            }
            ParameterLocation::Header => {
                let kept = self.headers.keys().filter(|name| !is_dropped_header(name));
                for name in kept {
                    if let Some(value) = self.last(name) {
                        visit(&self.context.header_spelling(name), &value);
                    }
                }
            }
        }
    }
}

/// The part of `name` behind `branch` and up to the next dot; the root is the empty branch.
fn child<'n>(name: &'n str, branch: &str) -> Option<&'n str> {
    let rest = match branch {
        "" => name,
        branch => name.strip_prefix(branch)?.strip_prefix('.')?,
    };
    rest.split('.').next()
}

/// The branch of `$context` under which the claims of a token are.
const CLAIMS: &str = "authorizer.claims";

/// The name of the claim that the authorizer added under this key. It may have dots.
fn claim(key: &str) -> Option<&str> {
    key.strip_prefix("claims.")
}

fn decoded(value: &str) -> Cow<'_, str> {
    percent_decode_str(value).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use http::Request;
    use towergate_core::{Identity, OriginalHeaderNames};

    use super::*;
    use crate::{Payload, Scope, Template};

    #[test]
    fn claims_are_a_branch_of_their_own() {
        let mut request = Request::get("/").body(()).unwrap();
        let context = Context::of(&mut request);
        let mut identity = Identity::default();
        for key in ["claims.cognito:groups", "claims.https://x.y/z", "team"] {
            let value = key.to_uppercase();
            identity.authorizer.insert(key.to_owned(), value);
        }
        context.note_identity(identity);
        let cases = [
            ("$context.authorizer.team", "TEAM"),
            (
                "$context.authorizer.claims['cognito:groups']",
                "CLAIMS.COGNITO:GROUPS",
            ),
            (
                "$context.authorizer['claims']['https://x.y/z']",
                "CLAIMS.HTTPS://X.Y/Z",
            ),
            ("$!context.authorizer.claims.none", ""),
            (
                "#foreach($key in $context.authorizer.keySet())$key #end",
                "claims team ",
            ),
            (
                "#foreach($key in $context.authorizer.claims.keySet())$key #end",
                "cognito:groups https://x.y/z ",
            ),
        ];
        for (text, expected) in cases {
            let variables = RequestVariables::new(&context);
            let template = Template::parse(text).unwrap();
            let output = template.render(&mut Scope::new(Payload::default(), &variables));
            assert_eq!(output.unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn headers_are_named_as_the_client_wrote_them_where_that_is_known() {
        let request = Request::get("/").header("x-test", "1").header("te", "2");
        let mut request = request.body(()).unwrap();
        let known = Context::of(&mut request);
        let head = b"GET / HTTP/1.1\r\nx-tEsT: 1\r\nTE: 2\r\n\r\n";
        let (names, _) = OriginalHeaderNames::read(head, &request).unwrap();
        request.extensions_mut().remove::<Context>();
        request.extensions_mut().insert(names);
        let spelled = Context::of(&mut request);
        let cases = [
            (&known, "X-Test", "x-test", Some("1")),
            (&known, "X-Test", "X-TEST", Some("1")),
            (&spelled, "x-tEsT", "x-tEsT", Some("1")),
            (&spelled, "x-tEsT", "x-test", None),
            (&spelled, "x-tEsT", "TE", None),
            (&spelled, "x-tEsT", "no header", None),
        ];
        for (context, listed, name, expected) in cases {
            let variables = RequestVariables::new(context).with_headers(request.headers());
            let found = variables.parameter(ParameterLocation::Header, name);
            assert_eq!(found.as_deref(), expected, "{name}");
            let mut names = Vec::new();
            variables.parameters(ParameterLocation::Header, &mut |name, _| {
                names.push(name.to_owned());
            });
            assert_eq!(names, [listed], "{name}");
        }
    }
}
