//! Refusals in an API's own words (rest-api.md, section 6).

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use towergate_core::{Body, Context, Rejection, ResponseType, Style, first_media_type};
use towergate_definition::{Diagnostic, GatewayResponse, Place};
use towergate_expressions::{
    GatewayResponseMapping, HeaderTarget, MappedValue, MethodRequest, Substitution,
};

const JSON: &str = "application/json";

/// The text of every template unless an API has its own.
const STOCK_TEMPLATE: &str = r#"{"message":$context.error.messageString}"#;

/// The restyled refusals of an API, by type.
#[derive(Debug, Default)]
pub(crate) struct GatewayResponses(BTreeMap<ResponseType, Entry>);

#[derive(Debug)]
struct Entry {
    status: Option<StatusCode>,
    headers: Vec<(HeaderName, GatewayResponseMapping)>,
    templates: Vec<(HeaderValue, Template)>,
}

#[derive(Debug)]
enum Template {
    /// The rejection's own body, which is exact to the byte.
    Stock,
    Own(Substitution),
}

impl GatewayResponses {
    /// Compiles the entries of a definition.
    pub(crate) fn compile(
        definitions: &BTreeMap<String, GatewayResponse>,
        place: &Place,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut entries = BTreeMap::new();
        for (name, definition) in definitions {
            let place = place.key(name);
            match name.parse::<ResponseType>() {
                Ok(ResponseType::RequestTooLarge) => {
                    let message =
                        "API Gateway ignores this entry: the transport answers before the API does";
                    diagnostics.push(Diagnostic::warning(place, message));
                }
                Ok(response_type) => {
                    entries.insert(
                        response_type,
                        Entry::compile(definition, &place, diagnostics),
                    );
                }
                Err(error) => diagnostics.push(Diagnostic::error(place, error.to_string())),
            }
        }
        Self(entries)
    }

    /// Answers in the words of the entry that applies; without one, in the default ones.
    pub(crate) fn respond(&self, context: &Context, rejection: Rejection) -> Response<Body> {
        let Some(entry) = self.entry(&rejection) else {
            return rejection.into_response(Style::Rest);
        };
        let status = entry.status.unwrap_or_else(|| rejection.status());
        let stock = rejection.clone().into_response::<Body>(Style::Rest);
        let headers = context.headers();
        let request = MethodRequest::new(context, headers);

        let (mut head, stock_body) = stock.into_parts();
        head.status = status;
        let body = match entry.template(headers) {
            Some((content_type, template)) => {
                head.headers
                    .insert(header::CONTENT_TYPE, content_type.clone());
                match template {
                    Template::Own(text) => Body::from(text.render(&request).into_owned()),
                    Template::Stock => stock_body,
                }
            }
            None => stock_body,
        };
        for (name, mapping) in &entry.headers {
            let value = mapping.evaluate(&request).map(MappedValue::into_joined);
            // A value that cannot stand in a header came from the client, and is left out.
            if let Some(Ok(value)) = value.map(|value| HeaderValue::from_bytes(value.as_bytes())) {
                head.headers.insert(name, value);
            }
        }
        Response::from_parts(head, body)
    }

    /// The type's own entry wins entirely; without one, that of its class.
    fn entry(&self, rejection: &Rejection) -> Option<&Entry> {
        let class = if rejection.status().is_server_error() {
            ResponseType::Default5xx
        } else {
            ResponseType::Default4xx
        };
        self.0
            .get(&rejection.response_type())
            .or_else(|| self.0.get(&class))
    }
}

impl Entry {
    fn compile(
        definition: &GatewayResponse,
        place: &Place,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut report =
            |place: Place, message: String| diagnostics.push(Diagnostic::error(place, message));
        let status = definition.status_code.as_deref().and_then(|text| {
            let status = text
                .parse::<StatusCode>()
                .ok()
                .filter(|status| !status.is_informational());
            if status.is_none() {
                report(
                    place.key("statusCode"),
                    format!("`{text}` is not a status code from 200 to 999"),
                );
            }
            status
        });
        let mut headers = Vec::with_capacity(definition.response_parameters.len());
        let parameters = place.key("responseParameters");
        for (key, source) in &definition.response_parameters {
            let target = HeaderTarget::gateway_response(key);
            match (target, GatewayResponseMapping::parse(source)) {
                (Ok(target), Ok(_)) if is_framing(target.name()) => {
                    let message = format!("no gateway response may set `{}`", target.spelling());
                    report(parameters.key(key), message);
                }
                (Ok(target), Ok(mapping)) => headers.push((target.name().clone(), mapping)),
                (Err(error), _) | (_, Err(error)) => report(parameters.key(key), error.to_string()),
            }
        }
        let mut templates = Vec::with_capacity(definition.response_templates.len());
        for (content_type, text) in &definition.response_templates {
            match HeaderValue::from_str(content_type) {
                Ok(content_type) => {
                    let is_stock = content_type == JSON && text == STOCK_TEMPLATE;
                    let own = || Template::Own(Substitution::parse(text));
                    let template = if is_stock { Template::Stock } else { own() };
                    templates.push((content_type, template));
                }
                Err(_) => {
                    let place = place.key("responseTemplates").key(content_type);
                    report(place, format!("`{content_type}` is not a content type"));
                }
            }
        }
        Self {
            status,
            headers,
            templates,
        }
    }

    /// The template for the first accepted media type, then for JSON, then the first there is.
    fn template(&self, headers: &HeaderMap) -> Option<&(HeaderValue, Template)> {
        let by = |media_type: &str| {
            let is_same =
                |key: &HeaderValue| key.as_bytes().eq_ignore_ascii_case(media_type.as_bytes());
            self.templates.iter().find(move |(key, _)| is_same(key))
        };
        let accepted = first_media_type(headers, &header::ACCEPT).and_then(by);
        accepted
            .or_else(|| by(JSON))
            .or_else(|| self.templates.first())
    }
}

/// Whether a header says how the message is framed: it is the server's own.
fn is_framing(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "content-length"
            | "keep-alive"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

#[cfg(test)]
mod tests {
    use http::Request;
    use towergate_core::{Step, SystemRandom, Timestamp, TrustedHops};

    use super::*;

    fn compile(entries: &[(&str, GatewayResponse)]) -> (GatewayResponses, Vec<Diagnostic>) {
        let entries = entries
            .iter()
            .map(|(name, entry)| ((*name).to_owned(), entry.clone()))
            .collect();
        let mut diagnostics = Vec::new();
        (
            GatewayResponses::compile(&entries, &Place::root(), &mut diagnostics),
            diagnostics,
        )
    }

    fn respond(
        entries: &[(&str, GatewayResponse)],
        accept: Option<&str>,
        rejection: Rejection,
    ) -> (u16, HeaderMap, String) {
        let mut request = Request::get("/x?q=1").header("x-me", "m");
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let context = Context::new(
            head,
            TrustedHops::default(),
            Timestamp::default(),
            &SystemRandom,
        );
        context.note_rejection(rejection.clone());
        let response = compile(entries).0.respond(&context, rejection);
        let (head, body) = response.into_parts();
        let body = String::from_utf8(body.as_ready().unwrap().to_vec()).unwrap();
        (head.status.as_u16(), head.headers, body)
    }

    fn throttled() -> Rejection {
        Rejection::new(ResponseType::Throttled, Step::Throttle)
    }

    fn timed_out() -> Rejection {
        Rejection::new(ResponseType::IntegrationTimeout, Step::Integration)
    }

    #[test]
    fn an_own_entry_wins_entirely_and_else_the_class_decides() {
        let default = || {
            GatewayResponse::new()
                .status_code(599)
                .template(JSON, "d")
                .header("x-d", "'d'")
        };
        let own = || GatewayResponse::new().header("x-o", "'o'");
        let stock = r#"{"message": "Endpoint request timed out"}"#;
        let cases = [
            ("nothing configured", vec![], timed_out(), 504, stock, None),
            (
                "the class",
                vec![("DEFAULT_5XX", default())],
                timed_out(),
                599,
                "d",
                Some("x-d"),
            ),
            (
                "another class",
                vec![("DEFAULT_4XX", default())],
                timed_out(),
                504,
                stock,
                None,
            ),
            (
                "an own entry takes nothing from the class",
                vec![("DEFAULT_5XX", default()), ("INTEGRATION_TIMEOUT", own())],
                timed_out(),
                504,
                stock,
                Some("x-o"),
            ),
            (
                "a class entry without a status keeps each type's own",
                vec![("DEFAULT_4XX", GatewayResponse::new().template(JSON, "t"))],
                throttled(),
                429,
                "t",
                None,
            ),
        ];
        for (name, entries, rejection, status, body, header) in cases {
            let (got_status, headers, got_body) = respond(&entries, Some("*/*"), rejection);
            assert_eq!((got_status, &*got_body), (status, body), "{name}");
            let extra: Vec<_> = headers
                .keys()
                .map(HeaderName::as_str)
                .filter(|name| name.len() == 3)
                .collect();
            assert_eq!(extra, header.into_iter().collect::<Vec<_>>(), "{name}");
        }
    }

    #[test]
    fn templates_are_chosen_by_accept_and_substituted() {
        let entry = GatewayResponse::new()
            .template(
                JSON,
                r#"{"m":$context.error.messageString,"me":"$method.request.header.x-me"}"#,
            )
            .template("text/plain", "$context.error.message!")
            .header("x-q", "method.request.querystring.q")
            .header("x-none", "method.request.querystring.none");
        let cases = [
            ("text/plain, */*", "text/plain", "Too Many Requests!"),
            ("image/png", JSON, r#"{"m":"Too Many Requests","me":"m"}"#),
        ];
        for (accept, content_type, body) in cases {
            let (_, headers, got) =
                respond(&[("THROTTLED", entry.clone())], Some(accept), throttled());
            assert_eq!(got, body, "{accept}");
            assert_eq!(headers["content-type"], content_type, "{accept}");
            assert_eq!(
                (&headers["x-q"], headers.get("x-none")),
                (&HeaderValue::from_static("1"), None)
            );
            assert_eq!(headers["x-amzn-errortype"], "TooManyRequestsException");
        }
    }

    #[test]
    fn the_stock_template_stands_beside_others() {
        let entry = GatewayResponse::new()
            .template(JSON, STOCK_TEMPLATE)
            .template("text/plain", "$context.error.message!");
        let stock = r#"{"message": "Endpoint request timed out"}"#;
        let cases = [
            (None, JSON, stock),
            (Some("*/*"), JSON, stock),
            (Some(JSON), JSON, stock),
            (
                Some("text/plain"),
                "text/plain",
                "Endpoint request timed out!",
            ),
        ];
        for (accept, content_type, body) in cases {
            let entries = [("INTEGRATION_TIMEOUT", entry.clone())];
            let (status, headers, got) = respond(&entries, accept, timed_out());
            assert_eq!((status, &*got), (504, body), "{accept:?}");
            assert_eq!(headers["content-type"], content_type, "{accept:?}");
        }
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
        let entry = GatewayResponse::new()
            .status_code(99)
            .header("x", "integration.response.header.x");
        let (_, diagnostics) = compile(&[
            ("NO_SUCH_TYPE", GatewayResponse::new()),
            ("THROTTLED", entry),
        ]);
        let places: Vec<_> = diagnostics.iter().map(|d| d.place.to_string()).collect();
        let expected = [
            "NO_SUCH_TYPE",
            "THROTTLED.statusCode",
            "THROTTLED.responseParameters.gatewayresponse.header.x",
        ];
        assert_eq!(places, expected);
    }

    #[test]
    fn headers_that_frame_a_message_are_errors_when_compiled() {
        let cases = [
            ("Content-Length", false),
            ("Transfer-Encoding", false),
            ("Connection", false),
            ("Keep-Alive", false),
            ("TE", false),
            ("Trailer", false),
            ("Upgrade", false),
            ("Content-Type", true),
            ("Content-Lengths", true),
        ];
        for (name, is_served) in cases {
            let (_, found) = compile(&[("THROTTLED", GatewayResponse::new().header(name, "'9'"))]);
            let found: Vec<_> = found.iter().map(ToString::to_string).collect();
            let expected = format!(
                "THROTTLED.responseParameters.gatewayresponse.header.{name}: error: no gateway response may set `{name}`"
            );
            let expected: &[_] = if is_served { &[] } else { &[expected] };
            assert_eq!(found, expected, "{name}");
        }
    }
}
