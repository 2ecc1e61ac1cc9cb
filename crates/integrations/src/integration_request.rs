//! From the method's request to the integration's: parameter mappings, templates, conversions of the body.

use std::collections::BTreeMap;

use http::HeaderName;
use towergate_core::{Body, Context, Rejection, Step};
use towergate_definition::{
    ContentHandling, Diagnostic, Integration, IntegrationType, PassthroughBehavior, Place,
};
use towergate_mapping_templates::Overrides;

use crate::{
    backends::Backends,
    body_template::{self, BodyTemplate},
    content_handling::{BinaryMediaTypes, Conversion},
    request_mappings::{self, Mapped, RequestMappings, unsupported_media_type},
    template::{TemplateChoice, Templates},
};

/// What an integration makes of a request, compiled.
#[derive(Debug)]
pub(crate) struct IntegrationRequest {
    integration_type: IntegrationType,
    mappings: RequestMappings,
    templates: Templates<BodyTemplate>,
    passthrough_behavior: PassthroughBehavior,
    content_handling: Option<ContentHandling>,
    binary: BinaryMediaTypes,
}

/// What a request came to.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) mapped: Mapped,
    pub(crate) body: Body,
    /// What the request template wrote, if one was rendered.
    pub(crate) overrides: Option<Box<Overrides>>,
}

impl IntegrationRequest {
    /// Compiles the request of an integration. A proxy has no templates. Returns `None` if a part of it can never work.
    pub(crate) fn compile(
        integration: &Integration,
        binary: &BinaryMediaTypes,
        place: &Place,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let mappings = RequestMappings::compile(integration, place, diagnostics);
        let is_proxy = integration.integration_type == IntegrationType::HttpProxy;
        let none = BTreeMap::new();
        let templates = match is_proxy {
            true => &none,
            false => &integration.request_templates,
        };
        let templates = Templates::compile(
            templates,
            &place.key("requestTemplates"),
            diagnostics,
            BodyTemplate::parse,
        );
        Some(Self {
            integration_type: integration.integration_type,
            mappings: mappings?,
            templates: templates?,
            passthrough_behavior: match is_proxy {
                true => PassthroughBehavior::WhenNoMatch,
                false => integration.passthrough_behavior,
            },
            content_handling: integration.content_handling,
            binary: binary.clone(),
        })
    }

    /// Returns the headers that tell the backend who calls, whether or not that is known of a request.
    pub(crate) fn of_caller(&self) -> &[HeaderName] {
        self.mappings.of_caller()
    }

    /// Returns whether a path parameter of this name is mapped.
    pub(crate) fn maps_path(&self, name: &str) -> bool {
        self.mappings.maps_path(name)
    }

    /// Maps the parameters and replaces or converts the body, which is collected only if one of these reads it.
    pub(crate) async fn prepare(
        &self,
        context: &Context,
        body: Body,
        backends: &Backends,
    ) -> Result<Prepared, Rejection> {
        let (mut mapped, body) = self.mappings.evaluate(context, body, backends).await?;
        let mut overrides = None;
        let behavior = self.passthrough_behavior;
        let body = match self.templates.for_request(context.headers(), behavior) {
            TemplateChoice::Template(BodyTemplate::Fixed(text)) => Body::from(text.clone()),
            TemplateChoice::Template(BodyTemplate::Rendered(template)) => {
                let body = self.convert(context, body, backends).await?;
                let body = request_mappings::collect(body, backends).await?;
                let step = Step::IntegrationRequest;
                let text = body_template::render(template, body, context, &mut overrides, step)?;
                mapped.override_with(overrides.as_deref(), self.integration_type)?;
                Body::from(text)
            }
            TemplateChoice::Passthrough => self.convert(context, body, backends).await?,
            TemplateChoice::Unsupported => return Err(unsupported_media_type()),
        };
        Ok(Prepared {
            mapped,
            body,
            overrides,
        })
    }

    /// Converts a body that passes. One that stays as it is streams.
    async fn convert(
        &self,
        context: &Context,
        body: Body,
        backends: &Backends,
    ) -> Result<Body, Rejection> {
        let conversion = match (self.integration_type, self.content_handling) {
            // The bytes of a proxy are left alone unless its content handling asks for something else.
            (IntegrationType::HttpProxy, None) => Conversion::Keep,
            (_, handling) => self.binary.of_request(context.headers(), handling),
        };
        if conversion == Conversion::Keep {
            return Ok(body);
        }
        let body = request_mappings::collect(body, backends).await?;
        let converted = conversion
            .apply(body)
            .map_err(|error| Rejection::configuration(Step::IntegrationRequest, error.to_string()));
        converted.map(Body::from)
    }
}
