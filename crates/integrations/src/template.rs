//! Mapping templates by content type: which one is taken.

use std::{collections::BTreeMap, fmt::Display};

use http::{HeaderMap, header};
use towergate_core::first_media_type;
use towergate_definition::{Diagnostic, PassthroughBehavior, Place};

use crate::body_template::BodyTemplate;

/// The content type of what says nothing about itself.
const JSON: &str = "application/json";

/// The templates of one direction, by content type.
#[derive(Debug, Clone, Default)]
pub(crate) struct Templates<T>(Vec<(String, T)>);

/// What becomes of a request's body.
#[derive(Debug)]
pub(crate) enum TemplateChoice<'a, T> {
    /// It is replaced by what a template makes.
    Template(&'a T),
    /// It passes as it is.
    Passthrough,
    /// It is refused with 415.
    Unsupported,
}

impl<T> Templates<T> {
    /// Compiles templates, each by `parse`. One that cannot be parsed is a fault: API Gateway takes it, and fails when a
    /// request comes. Returns `None` if there was one.
    pub(crate) fn compile<E: Display>(
        templates: &BTreeMap<String, String>,
        place: &Place,
        diagnostics: &mut Vec<Diagnostic>,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Self> {
        let mut compiled = Vec::with_capacity(templates.len());
        for (content_type, source) in templates {
            match parse(source) {
                Ok(template) => compiled.push((content_type.clone(), template)),
                Err(error) => {
                    let message = format!("{error}; this method answers 500");
                    diagnostics.push(Diagnostic::fault(place.key(content_type), message));
                }
            }
        }
        (compiled.len() == templates.len()).then_some(Self(compiled))
    }

    /// Chooses by the client's `Content-Type`; what cannot be chosen falls to `behavior`.
    pub(crate) fn for_request(
        &self,
        headers: &HeaderMap,
        behavior: PassthroughBehavior,
    ) -> TemplateChoice<'_, T> {
        let content_type = first_media_type(headers, &header::CONTENT_TYPE).unwrap_or(JSON);
        match self.get(content_type).or_else(|| self.get("$default")) {
            Some(template) => TemplateChoice::Template(template),
            None => match behavior {
                PassthroughBehavior::WhenNoMatch => TemplateChoice::Passthrough,
                PassthroughBehavior::WhenNoTemplates if self.0.is_empty() => {
                    TemplateChoice::Passthrough
                }
                _ => TemplateChoice::Unsupported,
            },
        }
    }

    /// Returns whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn get(&self, content_type: &str) -> Option<&T> {
        self.0
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(content_type))
            .map(|(_, template)| template)
    }
}

impl Templates<BodyTemplate> {
    /// Chooses by the first media type of the client's `Accept`, then JSON, then the first there is. `None`, and an
    /// empty template for JSON, let the backend's body pass.
    pub(crate) fn for_response(&self, headers: &HeaderMap) -> Option<&BodyTemplate> {
        let passes = |(key, template): &&(String, BodyTemplate)| key == JSON && template.is_empty();
        let found = match &self.0[..] {
            [only] => Some(only),
            all => {
                let accepted = first_media_type(headers, &header::ACCEPT).unwrap_or(JSON);
                let by = |name: &str| all.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                by(accepted).or_else(|| by(JSON)).or_else(|| all.first())
            }
        };
        found
            .filter(|entry| !passes(entry))
            .map(|(_, template)| template)
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn templates(templates: &[(&str, &str)]) -> Templates<BodyTemplate> {
        let map = templates
            .iter()
            .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()))
            .collect();
        Templates::compile(&map, &Place::root(), &mut Vec::new(), BodyTemplate::parse).unwrap()
    }

    fn text(template: &BodyTemplate) -> &str {
        match template {
            BodyTemplate::Fixed(text) => std::str::from_utf8(text).unwrap(),
            BodyTemplate::Rendered(_) => panic!("the template is not a text"),
        }
    }

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_request_template_is_chosen_by_content_type_without_parameters() {
        use PassthroughBehavior::{Never, WhenNoMatch, WhenNoTemplates};
        let json: &[_] = &[("application/json", "j")];
        let with_default: &[_] = &[("$default", "d"), ("application/json", "j")];
        let cases = [
            (
                json,
                "application/json; charset=utf-8",
                WhenNoMatch,
                Some("j"),
            ),
            (json, "", WhenNoMatch, Some("j")),
            (json, "text/plain", WhenNoMatch, None),
            (json, "text/plain", WhenNoTemplates, Some("415")),
            (json, "text/plain", Never, Some("415")),
            (&[], "text/plain", WhenNoTemplates, None),
            (&[], "text/plain", Never, Some("415")),
            (with_default, "text/plain", Never, Some("d")),
        ];
        for (entries, content_type, behavior, expected) in cases {
            let templates = templates(entries);
            let headers = headers(header::CONTENT_TYPE, content_type);
            let found = match templates.for_request(&headers, behavior) {
                TemplateChoice::Template(template) => Some(text(template)),
                TemplateChoice::Passthrough => None,
                TemplateChoice::Unsupported => Some("415"),
            };
            assert_eq!(found, expected, "{content_type} {behavior:?}");
        }
    }

    #[test]
    fn a_response_template_is_chosen_by_the_first_accepted_type() {
        let both: &[_] = &[("application/json", "j"), ("text/xml", "x")];
        let cases = [
            (both, "text/xml, application/json", Some("x")),
            (both, "image/png", Some("j")),
            (both, "", Some("j")),
            (&[("text/xml", "x")][..], "image/png", Some("x")),
            (&[("application/json", "")][..], "", None),
            (&[], "text/xml", None),
        ];
        for (entries, accept, expected) in cases {
            let templates = templates(entries);
            let found = templates.for_response(&headers(header::ACCEPT, accept));
            assert_eq!(found.map(text), expected, "{accept}");
        }
    }
}
