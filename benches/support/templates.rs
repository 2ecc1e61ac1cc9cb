//! What the benches of mapping templates share: the templates, their bodies and a request to ask.

use std::{borrow::Cow, str};

use serde_json::{Value, json};
use towergate_mapping_templates::{
    ContextValue, ParameterLocation, Payload, Scope, Template, Variables,
};

/// A mapping template, parsed, and the body that it is rendered with.
#[derive(Debug)]
pub struct TemplateCase {
    source: &'static str,
    template: Template,
    body: Vec<u8>,
}

impl TemplateCase {
    /// The whole body, 10 KB of compact JSON, as it is.
    #[must_use]
    pub fn passthrough() -> Self {
        let orders: Vec<_> = (0..42).map(order).collect();
        Self::new("$input.json('$')", json!({ "orders": orders }).to_string())
    }

    /// Some fields of each of 100 items, with commas between the items.
    #[must_use]
    pub fn list() -> Self {
        let template = r#"{"items": [#foreach($item in $input.path('$.items'))
{"id": $item.id, "name": "$item.name", "price": $item.price, "quantity": $item.quantity}#if($foreach.hasNext),#end
#end]}"#;
        let items: Vec<_> = (0..100).map(item).collect();
        Self::new(template, json!({ "items": items }).to_string())
    }

    /// Parameters, `$context` and stage variables of a request without a body.
    #[must_use]
    pub fn parameters() -> Self {
        let template = r#"{
  "order": "$input.params('orderId')",
  "tenant": "$input.params('tenant')",
  "page": "$input.params('page')",
  "agent": "$input.params('User-Agent')",
  "trace": "$input.params('X-Trace')",
  "request": "$context.requestId",
  "stage": "$context.stage",
  "sourceIp": "$context.identity.sourceIp",
  "table": "$stageVariables.table",
  "region": "$stageVariables.region"
}"#;
        Self::new(template, String::new())
    }

    fn new(source: &'static str, body: String) -> Self {
        Self {
            source,
            template: Template::parse(source).expect("the template is well formed"),
            body: body.into_bytes(),
        }
    }

    /// The template's text.
    #[must_use]
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// The body, as a client sent it.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Renders the template: bytes in, text out.
    ///
    /// # Panics
    ///
    /// Panics if the template cannot be rendered.
    #[must_use]
    pub fn render(&self) -> String {
        let body = str::from_utf8(&self.body).expect("the body is text");
        let mut scope = Scope::new(Payload::new(body), &SampleRequest);
        let output = self.template.render(&mut scope);
        output.expect("the template renders")
    }
}

fn order(number: u32) -> Value {
    json!({
        "id": format!("order-{number:05}"),
        "customer": {"name": format!("Zoë Müller {number}"), "email": format!("zoe{number}@example.com")},
        "lines": [
            {"sku": format!("A-{number}"), "quantity": number % 7, "price": 12.5},
            {"sku": format!("B-{number}"), "quantity": 1, "price": 99.95},
        ],
        "note": "leave at the \"back\" door",
        "paid": number.is_multiple_of(3),
        "coupon": null,
    })
}

fn item(number: u32) -> Value {
    json!({
        "id": number,
        "name": format!("Article number {number}"),
        "price": f64::from(number) + 0.75,
        "quantity": number % 7,
        "tags": ["new", "sale"],
    })
}

/// The request that templates are rendered for. Each fact is found by a walk through a short table.
#[derive(Debug)]
pub struct SampleRequest;

impl SampleRequest {
    /// Its parameters.
    pub const PARAMETERS: [(ParameterLocation, &str, &str); 10] = [
        (ParameterLocation::Path, "tenant", "acme"),
        (ParameterLocation::Path, "orderId", "8f14e45f-ceea-467f"),
        (ParameterLocation::QueryString, "page", "3"),
        (ParameterLocation::QueryString, "sort", "created"),
        (ParameterLocation::Header, "Host", "api.example.com"),
        (ParameterLocation::Header, "User-Agent", "bench/1.0 (linux)"),
        (ParameterLocation::Header, "Accept", "application/json"),
        (ParameterLocation::Header, "Accept-Encoding", "gzip, br"),
        (
            ParameterLocation::Header,
            "Authorization",
            "Bearer c2VjcmV0",
        ),
        (
            ParameterLocation::Header,
            "X-Trace",
            "1-67891233-abcdef012345678912345678",
        ),
    ];
    /// Its `$context`, by dotted names.
    pub const CONTEXT: [(&str, &str); 6] = [
        ("requestId", "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"),
        ("apiId", "a1b2c3d4e5"),
        ("stage", "prod"),
        ("httpMethod", "GET"),
        ("identity.sourceIp", "203.0.113.7"),
        ("identity.userAgent", "bench/1.0 (linux)"),
    ];
    /// The variables of its stage.
    pub const STAGE_VARIABLES: [(&str, &str); 3] = [
        ("table", "orders-prod"),
        ("region", "eu-central-1"),
        ("logLevel", "info"),
    ];
}

impl Variables for SampleRequest {
    fn context(&self, name: &str) -> Option<ContextValue<'_>> {
        if let Some(value) = value_of(&Self::CONTEXT, name) {
            return Some(value.into());
        }
        let is_below = |(key, _): &(&str, &str)| {
            key.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        let is_branch = Self::CONTEXT.iter().any(is_below);
        is_branch.then_some(ContextValue::Branch)
    }

    fn stage_variable(&self, name: &str) -> Option<Cow<'_, str>> {
        value_of(&Self::STAGE_VARIABLES, name).map(Cow::Borrowed)
    }

    fn parameter(&self, location: ParameterLocation, name: &str) -> Option<Cow<'_, str>> {
        let mut parameters = Self::PARAMETERS.iter();
        let found = parameters.find(|(place, key, _)| *place == location && *key == name);
        found.map(|(_, _, value)| Cow::Borrowed(*value))
    }
}

fn value_of(pairs: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    let pair = pairs.iter().find(|(key, _)| *key == name);
    pair.map(|(_, value)| *value)
}
