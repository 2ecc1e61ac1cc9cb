//! Mapping templates by content type: which one is taken, and those that are plain text.

use bytes::Bytes;
use std::collections::BTreeMap;

use http::{HeaderMap, header};
use towergate_core::first_media_type;
use towergate_definition::{Diagnostic, PassthroughBehavior, Place};

/// The content type of what says nothing about itself.
const JSON: &str = "application/json";

/// The directives of the template language; any other `#word` is text.
const DIRECTIVES: [&str; 13] = [
    "set", "if", "elseif", "else", "end", "foreach", "include", "parse", "macro", "define",
    "evaluate", "stop", "break",
];

/// The templates of one direction, by content type.
///
/// A template without references and directives is its own text; others are reported and their method is closed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Templates<T = Bytes>(Vec<(String, T)>);

/// What becomes of a request's body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TemplateChoice<'a, T = Bytes> {
    /// It is replaced by what a template makes.
    Template(&'a T),
    /// It passes as it is.
    Passthrough,
    /// It is refused with 415.
    Unsupported,
}

impl<T> Templates<T> {
    /// Compiles templates, each text by `compile`; those that are not plain text are reported. Returns `None` if there
    /// were any.
    pub(crate) fn compile(
        templates: &BTreeMap<String, String>,
        place: &Place,
        diagnostics: &mut Vec<Diagnostic>,
        compile: impl Fn(&str) -> T,
    ) -> Option<Self> {
        let mut compiled = Vec::with_capacity(templates.len());
        let mut all_text = true;
        for (content_type, text) in templates {
            if needs_engine(text) {
                all_text = false;
                let message = "mapping templates with references or directives are not served; this method answers 500";
                diagnostics.push(Diagnostic::unsupported(place.key(content_type), message));
            } else {
                compiled.push((content_type.clone(), compile(text)));
            }
        }
        all_text.then_some(Self(compiled))
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

impl Templates {
    /// Chooses by the first media type of the client's `Accept`, then JSON, then the first there is. `None`, and an
    /// empty template for JSON, let the backend's body pass.
    pub(crate) fn for_response(&self, headers: &HeaderMap) -> Option<&Bytes> {
        if let [(key, text)] = &self.0[..] {
            return Some(text).filter(|text| !(key == JSON && text.is_empty()));
        }
        let accepted = first_media_type(headers, &header::ACCEPT).unwrap_or(JSON);
        let found = self
            .0
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(accepted));
        let found = found
            .or_else(|| self.0.iter().find(|(key, _)| key == JSON))
            .or_else(|| self.0.first());
        found
            .filter(|(key, text)| !(key == JSON && text.is_empty()))
            .map(|(_, text)| text)
    }
}

/// A text as a template that makes nothing else.
pub(crate) fn text(template: &str) -> Bytes {
    Bytes::copy_from_slice(template.as_bytes())
}

/// Whether a text holds a reference or a directive of the template language.
fn needs_engine(text: &str) -> bool {
    text.match_indices(['$', '#']).any(|(index, sign)| {
        let rest = text.get(index + 1..).unwrap_or_default();
        if sign == "$" {
            is_reference(rest)
        } else {
            is_directive(rest)
        }
    })
}

fn is_reference(rest: &str) -> bool {
    let rest = rest.strip_prefix('!').unwrap_or(rest);
    let name = rest.strip_prefix('{').unwrap_or(rest);
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

fn is_directive(rest: &str) -> bool {
    if rest.starts_with(['#', '*', '@']) || rest.starts_with("[[") {
        return true;
    }
    let name = rest.strip_prefix('{').unwrap_or(rest);
    let end = name
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(name.len());
    name.get(..end)
        .is_some_and(|name| DIRECTIVES.contains(&name))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn templates(templates: &[(&str, &str)]) -> Templates {
        let map = templates
            .iter()
            .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()))
            .collect();
        Templates::compile(&map, &Place::root(), &mut Vec::new(), text).unwrap()
    }

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_text_is_a_template_if_the_language_says_so() {
        let cases = [
            ("{\"statusCode\": 200}", false),
            ("price: 5$ or $5, #1, color: #333 or #fff", false),
            ("$", false),
            ("#", false),
            ("$context.stage", true),
            ("$!{x}", true),
            ("${x}", true),
            ("#set($x = 1)", true),
            ("#{else}", true),
            ("## a comment", true),
            ("#[[text]]#", true),
            ("#settle", false),
        ];
        for (text, expected) in cases {
            assert_eq!(needs_engine(text), expected, "{text}");
        }
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
                TemplateChoice::Template(&Bytes::from_static(b"j")),
            ),
            (
                json,
                "",
                WhenNoMatch,
                TemplateChoice::Template(&Bytes::from_static(b"j")),
            ),
            (json, "text/plain", WhenNoMatch, TemplateChoice::Passthrough),
            (
                json,
                "text/plain",
                WhenNoTemplates,
                TemplateChoice::Unsupported,
            ),
            (json, "text/plain", Never, TemplateChoice::Unsupported),
            (
                &[],
                "text/plain",
                WhenNoTemplates,
                TemplateChoice::Passthrough,
            ),
            (&[], "text/plain", Never, TemplateChoice::Unsupported),
            (
                with_default,
                "text/plain",
                Never,
                TemplateChoice::Template(&Bytes::from_static(b"d")),
            ),
        ];
        for (entries, content_type, behavior, expected) in cases {
            let templates = templates(entries);
            let headers = headers(header::CONTENT_TYPE, content_type);
            assert_eq!(
                templates.for_request(&headers, behavior),
                expected,
                "{content_type} {behavior:?}"
            );
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
            assert_eq!(
                found.map(|text| &text[..]),
                expected.map(str::as_bytes),
                "{accept}"
            );
        }
    }
}
