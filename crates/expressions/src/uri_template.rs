//! URIs of integrations, with placeholders for path parameters and stage variables.

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::mapping::is_name;

/// What a URI cannot hold. What is not ASCII is always encoded.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

const ENCODED_IN_PATH: &AsciiSet = &ENCODED.add(b'?');

/// What would end a value in a query, or change it as form data.
const ENCODED_IN_QUERY: &AsciiSet = &ENCODED.add(b'&').add(b'+').add(b';').add(b'=');

/// The URI of an integration: `http://${stageVariables.backend}/pets/{id}`.
///
/// `{name}` stands for a mapped path parameter, `${stageVariables.name}` for a stage variable. Everything else is
/// text, `${other}` and what is not closed too.
///
/// # Examples
///
/// ```
/// use towergate_expressions::UriTemplate;
///
/// let template = UriTemplate::parse("http://${stageVariables.backend}/pets/{id}");
/// let uri = template.render(
///     |name| (name == "id").then_some("a b?"),
///     |name| (name == "backend").then_some("10.0.0.7:8080"),
/// )?;
/// assert_eq!(uri, "http://10.0.0.7:8080/pets/a%20b%3F");
/// # Ok::<(), towergate_expressions::RenderUriError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UriTemplate {
    source: Box<str>,
    parts: Box<[Part]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    PathValue { name: Box<str>, in_query: bool },
    StageVariable(Box<str>),
    Text(Box<str>),
}

/// Why a URI cannot be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderUriError {
    /// The stage has no such variable.
    #[error("the stage variable `{0}` is not defined")]
    MissingStageVariable(Box<str>),
}

impl UriTemplate {
    /// Parses a template. Any text is one.
    #[must_use]
    pub fn parse(source: &str) -> Self {
        let mut parts = Parts::default();
        let mut rest = source;
        while let Some((text, placeholder)) = rest.split_once('{') {
            let closed = placeholder.split_once('}');
            match (text.strip_suffix('$'), closed) {
                (_, None) => break,
                (Some(before), Some((inner, after))) => {
                    parts.text(before);
                    match inner.strip_prefix("stageVariables.") {
                        Some(name) if !name.is_empty() => {
                            parts.push(Part::StageVariable(name.into()));
                        }
                        _ => parts.text(&format!("${{{inner}}}")),
                    }
                    rest = after;
                }
                (None, Some((inner, after))) if is_name(inner) => {
                    parts.text(text);
                    let in_query = parts.in_query;
                    parts.push(Part::PathValue {
                        name: inner.into(),
                        in_query,
                    });
                    rest = after;
                }
                (None, Some(_)) => {
                    parts.text(text);
                    parts.text("{");
                    rest = placeholder;
                }
            }
        }
        parts.text(rest);
        Self {
            source: source.into(),
            parts: parts.finish(),
        }
    }

    /// Renders the URI with the values of path parameters and stage variables.
    ///
    /// A path value keeps its escapes, its slashes and all else that a URI may hold. The rest is percent-encoded, and
    /// so are `#`, in the path `?`, and in the query `& + ; =`: data cannot open a query or a fragment, or add a
    /// parameter. A path parameter without a value leaves its placeholder, which makes the URI invalid. Stage
    /// variables are trusted and go in as they are.
    ///
    /// # Errors
    ///
    /// Returns an error if a stage variable is not defined.
    pub fn render<P: AsRef<str>, S: AsRef<str>>(
        &self,
        mut path_value: impl FnMut(&str) -> Option<P>,
        mut stage_variable: impl FnMut(&str) -> Option<S>,
    ) -> Result<String, RenderUriError> {
        let mut uri = String::with_capacity(self.source.len() + 32);
        for part in &self.parts {
            match part {
                Part::Text(text) => uri.push_str(text),
                Part::PathValue { name, in_query } => match path_value(name) {
                    Some(value) => push_encoded(value.as_ref(), *in_query, &mut uri),
                    None => uri.extend(["{", name, "}"]),
                },
                Part::StageVariable(name) => match stage_variable(name) {
                    Some(value) => uri.push_str(value.as_ref()),
                    None => return Err(RenderUriError::MissingStageVariable(name.clone())),
                },
            }
        }
        Ok(uri)
    }

    /// Returns the URI if it is the same for every request.
    #[must_use]
    pub fn as_static(&self) -> Option<&str> {
        let is_static = self.parts.iter().all(|part| matches!(part, Part::Text(_)));
        is_static.then_some(&*self.source)
    }

    /// Returns the names of the path parameters, in order of appearance.
    pub fn path_names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::PathValue { name, .. } => Some(&**name),
            Part::StageVariable(_) | Part::Text(_) => None,
        })
    }

    /// Returns the names of the stage variables, in order of appearance.
    pub fn stage_variable_names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::StageVariable(name) => Some(&**name),
            Part::PathValue { .. } | Part::Text(_) => None,
        })
    }
}

impl fmt::Display for UriTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// Collects parts, and joins the text between two placeholders.
#[derive(Default)]
struct Parts {
    done: Vec<Part>,
    text: String,
    in_query: bool,
}

impl Parts {
    fn text(&mut self, text: &str) {
        self.in_query |= text.contains('?');
        self.text.push_str(text);
    }

    fn push(&mut self, part: Part) {
        self.end_text();
        self.done.push(part);
    }

    fn end_text(&mut self) {
        if !self.text.is_empty() {
            self.done
                .push(Part::Text(std::mem::take(&mut self.text).into()));
        }
    }

    fn finish(mut self) -> Box<[Part]> {
        self.end_text();
        self.done.into()
    }
}

/// Appends `value`, whose escapes stay. A `%` that starts none is encoded.
fn push_encoded(value: &str, in_query: bool, uri: &mut String) {
    let encoded = if in_query {
        ENCODED_IN_QUERY
    } else {
        ENCODED_IN_PATH
    };
    let mut pieces = value.split('%');
    uri.extend(utf8_percent_encode(
        pieces.next().unwrap_or_default(),
        encoded,
    ));
    for piece in pieces {
        let digits = piece.as_bytes().first_chunk::<2>();
        let is_escape = digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        uri.push_str(if is_escape { "%" } else { "%25" });
        uri.extend(utf8_percent_encode(piece, encoded));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Renders with the path parameters `id` = `7`, `rest` = [`HOSTILE`] and the stage variables `host` and `query`.
    fn render(template: &str) -> Result<String, RenderUriError> {
        UriTemplate::parse(template).render(
            |name| match name {
                "id" => Some("7"),
                "rest" => Some(HOSTILE),
                _ => None,
            },
            |name| match name {
                "host" => Some("h:80"),
                "query" => Some("x={id}&y"),
                _ => None,
            },
        )
    }

    const HOSTILE: &str = "a/b%2Fc%zz% é?q=1#f\"<>\\^`{|}&+;\n";

    #[test]
    fn placeholders_are_filled_and_everything_else_stays() {
        let cases = [
            ("", ""),
            ("http://h/p?q", "http://h/p?q"),
            ("http://h/{id}", "http://h/7"),
            ("http://h/{id}/{id}.json", "http://h/7/7.json"),
            ("http://h/{unmapped}", "http://h/{unmapped}"),
            ("http://${stageVariables.host}/{id}", "http://h:80/7"),
            ("http://h/?${stageVariables.query}", "http://h/?x={id}&y"),
            ("http://h/${other}", "http://h/${other}"),
            ("http://h/${id}", "http://h/${id}"),
            (r"http://h/${x\}/{id}", r"http://h/${x\}/7"),
            ("http://h/${stageVariables.}", "http://h/${stageVariables.}"),
            (
                "http://h/${stageVariables.host",
                "http://h/${stageVariables.host",
            ),
            ("http://h/{id", "http://h/{id"),
            ("http://h/{}", "http://h/{}"),
            ("http://h/{a b}/{x{id}}", "http://h/{a b}/{x7}"),
            ("http://h/{proxy+}", "http://h/{proxy+}"),
            ("$", "$"),
            ("é{id}é", "é7é"),
        ];
        for (template, expected) in cases {
            assert_eq!(render(template).as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn path_values_are_encoded_for_the_part_they_stand_in() {
        let cases = [
            (
                "/{rest}",
                "/a/b%2Fc%25zz%25%20%C3%A9%3Fq=1%23f%22%3C%3E%5C%5E%60%7B%7C%7D&+;%0A",
            ),
            (
                "/?{rest}",
                "/?a/b%2Fc%25zz%25%20%C3%A9?q%3D1%23f%22%3C%3E%5C%5E%60%7B%7C%7D%26%2B%3B%0A",
            ),
            ("/{id}?x={id}&y=1", "/7?x=7&y=1"),
        ];
        for (template, expected) in cases {
            assert_eq!(render(template).as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn an_undefined_stage_variable_is_an_error() {
        let error = render("http://${stageVariables.none}/").unwrap_err();
        assert_eq!(error, RenderUriError::MissingStageVariable("none".into()));
        assert_eq!(
            error.to_string(),
            "the stage variable `none` is not defined"
        );
    }

    #[test]
    fn a_template_tells_what_it_needs() {
        let template = UriTemplate::parse("http://${stageVariables.h}/{a}/{b}?${stageVariables.q}");
        assert_eq!(template.path_names().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(
            template.stage_variable_names().collect::<Vec<_>>(),
            ["h", "q"]
        );
        assert_eq!(template.as_static(), None);
        assert_eq!(
            UriTemplate::parse("http://h/${x}").as_static(),
            Some("http://h/${x}")
        );
    }

    proptest! {
        #[test]
        fn without_values_any_template_renders_as_it_was_written(template in r#"([${}?a.\\é]|stageVariables\.){0,20}"#) {
            let parsed = UriTemplate::parse(&template);
            let rendered = parsed.render(|_| None::<&str>, |name| Some(format!("${{stageVariables.{name}}}")));
            prop_assert_eq!(rendered, Ok(template));
        }

        #[test]
        fn a_path_value_never_opens_a_query_or_a_fragment(value in ".{0,20}") {
            let rendered = UriTemplate::parse("/{v}").render(|_| Some(&value), |_| None::<&str>).unwrap();
            prop_assert!(!rendered.contains(['?', '#']) && rendered.is_ascii());
            prop_assert!(rendered.parse::<http::uri::PathAndQuery>().is_ok(), "{}", rendered);
        }

        #[test]
        fn a_path_value_never_adds_a_parameter_to_a_query(value in ".{0,20}") {
            let rendered = UriTemplate::parse("/?v={v}").render(|_| Some(&value), |_| None::<&str>).unwrap();
            let value = rendered.strip_prefix("/?v=").unwrap();
            prop_assert!(!value.contains(['&', '+', ';', '=', '#']) && value.is_ascii());
        }
    }
}
