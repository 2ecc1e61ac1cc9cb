//! Mapping templates on their way through a request.

use bytes::Bytes;
use towergate_core::{Context, Rejection, Step};
use towergate_mapping_templates::{
    Overrides, ParseError, Payload, RequestVariables, Scope, Template,
};

/// A template, or the text that it makes of every request.
#[derive(Debug)]
pub(crate) enum BodyTemplate {
    Fixed(Bytes),
    Rendered(Box<Template>),
}

impl BodyTemplate {
    /// Tells whether it makes nothing of any request.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Fixed(text) if text.is_empty())
    }

    pub(crate) fn parse(source: &str) -> Result<Self, ParseError> {
        let template = Template::parse(source)?;
        Ok(match template.is_static() {
            Some(text) => Self::Fixed(Bytes::copy_from_slice(text.as_bytes())),
            None => Self::Rendered(Box::new(template)),
        })
    }
}

/// Renders a template over a body, and adds what it writes to the overrides.
pub(crate) fn render(
    template: &Template,
    body: Bytes,
    context: &Context,
    overrides: &mut Option<Box<Overrides>>,
    step: Step,
) -> Result<String, Rejection> {
    let failed = |detail: String| Rejection::configuration(step, detail);
    let text = std::str::from_utf8(&body)
        .map_err(|_| failed("a template cannot read bytes".to_owned()))?;
    let variables = RequestVariables::new(context);
    let mut scope = Scope::new(Payload::new(text), &variables)
        .with_overrides(overrides.take().map(|written| *written).unwrap_or_default());
    let rendered = template
        .render(&mut scope)
        .map_err(|error| failed(error.to_string()))?;
    *overrides = Some(Box::new(scope.into_overrides()));
    Ok(rendered)
}
