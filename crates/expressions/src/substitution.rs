//! Templates of gateway responses: text in which variables are replaced, and nothing more.

use std::{borrow::Cow, ops::Range};

use crate::{GatewayResponseMapping, MethodRequest, excerpt::excerpt};

/// A template of a gateway response, such as `{"message": $context.error.messageString}`.
///
/// `$context.NAME`, `$stageVariables.NAME` and `$method.request.{header,path,querystring}.NAME` (and the multi-value
/// forms) are replaced, also as `${…}`. Names are segments of letters, digits, `_` and `-`, joined by single dots; a
/// dot after them is text. A variable without a value is replaced by nothing. Everything else is kept as it is, for
/// this is not VTL; values are not escaped.
///
/// # Examples
///
/// ```
/// use http::Request;
/// use towergate_core::Context;
/// use towergate_expressions::{MethodRequest, Substitution};
///
/// let template = Substitution::parse(r#"{"method": "$context.httpMethod"}"#);
/// let mut request = Request::get("/pets").body(())?;
/// let context = Context::of(&mut request);
/// let body = template.render(&MethodRequest::new(&context, request.headers()));
/// assert_eq!(body, r#"{"method": "GET"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Substitution {
    source: Box<str>,
    references: Box<[Reference]>,
}

/// A variable, and where in the template it stands.
#[derive(Debug, Clone)]
struct Reference {
    span: Range<usize>,
    variable: GatewayResponseMapping,
}

impl Substitution {
    /// The longest text, in bytes, that is rendered: the payload limit of API Gateway. The rest is cut off.
    pub const MAX_RENDERED_BYTES: usize = 10 * 1024 * 1024;

    /// Parses a template. Any text is one.
    #[must_use]
    pub fn parse(source: &str) -> Self {
        let mut references = Vec::new();
        let mut position = 0;
        while let Some((start, rest)) = next_dollar(source, position) {
            position = start + 1;
            if let Some((length, variable)) = reference(rest) {
                position += length;
                references.push(Reference {
                    span: start..position,
                    variable,
                });
            }
        }
        Self {
            source: source.into(),
            references: references.into(),
        }
    }

    /// Renders the template, without a copy if it holds no variable.
    #[must_use]
    pub fn render(&self, request: &MethodRequest<'_>) -> Cow<'_, str> {
        if self.references.is_empty() {
            return Cow::Borrowed(&self.source);
        }
        let mut rendered = String::with_capacity(self.source.len() + 64);
        let mut position = 0;
        for Reference { span, variable } in &self.references {
            push_bounded(
                self.source.get(position..span.start).unwrap_or_default(),
                &mut rendered,
            );
            if let Some(value) = variable.evaluate(request) {
                push_bounded(&value.into_joined(), &mut rendered);
            }
            position = span.end;
        }
        push_bounded(
            self.source.get(position..).unwrap_or_default(),
            &mut rendered,
        );
        Cow::Owned(rendered)
    }

    /// Returns the template as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }
}

fn push_bounded(text: &str, rendered: &mut String) {
    let room = Substitution::MAX_RENDERED_BYTES.saturating_sub(rendered.len());
    rendered.push_str(excerpt(text, room));
}

/// The next `$` from `position` on, and what follows it.
fn next_dollar(source: &str, position: usize) -> Option<(usize, &str)> {
    let start = position + source.get(position..)?.find('$')?;
    Some((start, source.get(start + 1..)?))
}

/// Reads a reference after its `$`, and its length.
fn reference(rest: &str) -> Option<(usize, GatewayResponseMapping)> {
    let (braces, path) = match rest.strip_prefix('{') {
        Some(inner) => (2, name_path(inner)),
        None => (0, name_path(rest)),
    };
    if braces > 0 && !rest.get(path.len() + 1..)?.starts_with('}') {
        return None;
    }
    let variable = GatewayResponseMapping::parse(path).ok()?;
    Some((path.len() + braces, variable))
}

/// The segments at the start of `text`, joined by single dots.
fn name_path(text: &str) -> &str {
    let in_segment = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let bytes = text.as_bytes();
    let end = (0..bytes.len()).find(|&index| {
        let is = |index: usize| bytes.get(index).copied().is_some_and(in_segment);
        let joins = bytes.get(index) == Some(&b'.') && index > 0 && is(index - 1) && is(index + 1);
        !is(index) && !joins
    });
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use http::Request;
    use proptest::prelude::*;
    use towergate_core::Context;

    use super::*;

    fn render(template: &str) -> String {
        let mut request = Request::get("/pets?q=1&q=2+3")
            .header("x-tag", "a")
            .header("x-tag", "b")
            .body(())
            .unwrap();
        let context = Context::of(&mut request);
        let request = MethodRequest::new(&context, request.headers());
        Substitution::parse(template).render(&request).into_owned()
    }

    #[test]
    fn variables_are_replaced_and_everything_else_is_kept() {
        let cases = [
            ("", ""),
            ("plain $ text $5 $$ ${ } #if", "plain $ text $5 $$ ${ } #if"),
            ("$context.httpMethod", "GET"),
            ("<${context.httpMethod}>", "<GET>"),
            ("$$context.httpMethod$context.httpMethod", "$GETGET"),
            ("$context.httpMethod.", "GET."),
            ("$context.httpMethod..x", "GET..x"),
            ("$context.httpMethod, é", "GET, é"),
            ("[$context.none][$context.identity.none]", "[][]"),
            ("[$context.httpMethod.json]", "[]"),
            ("[$stageVariables.none]", "[]"),
            ("$method.request.querystring.q", "2 3"),
            ("$method.request.multivaluequerystring.q", "1,2 3"),
            ("$method.request.header.X-Tag", "b"),
            ("${method.request.multivalueheader.x-tag}", "a,b"),
            ("[$method.request.path.none]", "[]"),
            ("$method.request.body.x", "$method.request.body.x"),
            ("$method.request.header", "$method.request.header"),
            (
                "$context $context. $contexts.x",
                "$context $context. $contexts.x",
            ),
            ("${context.httpMethod", "${context.httpMethod"),
            ("${context.httpMethod }", "${context.httpMethod }"),
            ("$!context.httpMethod", "$!context.httpMethod"),
            ("$input.path('$')", "$input.path('$')"),
        ];
        for (template, expected) in cases {
            assert_eq!(render(template), expected, "{template}");
        }
    }

    #[test]
    fn text_without_variables_is_not_copied() {
        let mut request = Request::get("/").body(()).unwrap();
        let context = Context::of(&mut request);
        let request = MethodRequest::new(&context, request.headers());
        let template = Substitution::parse(r#"{"message": "$5"}"#);
        assert!(matches!(template.render(&request), Cow::Borrowed(_)));
    }

    #[test]
    fn rendered_text_is_cut_at_the_payload_limit() {
        let filler = "é".repeat(Substitution::MAX_RENDERED_BYTES / 2 - 1);
        assert_eq!(
            render(&format!("${{context.none}}{filler}xy")).len(),
            Substitution::MAX_RENDERED_BYTES
        );
        let cut = render(&format!("$context.none.{filler}éx"));
        assert_eq!(cut.len(), Substitution::MAX_RENDERED_BYTES - 1);
    }

    proptest! {
        #[test]
        fn any_text_is_a_template(template in r"([${}.a_é-]|context|method\.request|header|stageVariables){0,20}") {
            render(&template);
        }

        #[test]
        fn text_without_a_dollar_is_kept(template in "[^$]{0,40}") {
            prop_assert_eq!(render(&template), template);
        }
    }
}
