//! Mapping templates of API Gateway: the Velocity template language, compiled once.
//!
//! A template is text with references (`$input`, `$util`, `$context`, `$stageVariables` and its own variables) and
//! directives (`#set`, `#if`, `#foreach` …). It renders byte for byte as API Gateway does, which is Apache Velocity 1.7
//! with a few settings of its own.
//!
//! ```
//! use std::borrow::Cow;
//! use towergate_mapping_templates::{ParameterLocation, Payload, Scope, Template, Variables};
//!
//! // Once, when the API is compiled:
//! let template = Template::parse(
//!     r##"#set($context.requestOverride.header.X-Owner = $input.params('owner'))
//! {"pet": $input.json('$.pet'), "stage": "$context.stage"}"##,
//! )?;
//!
//! // What it may ask for:
//! struct Request;
//! impl Variables for Request {
//!     fn parameter(&self, location: ParameterLocation, name: &str) -> Option<Cow<'_, str>> {
//!         (location == ParameterLocation::QueryString && name == "owner").then(|| "Kim".into())
//!     }
//! }
//!
//! // For each request:
//! let mut scope = Scope::new(Payload::new(r#"{"pet": {"name": "Rex"}}"#), &Request);
//! assert_eq!(template.render(&mut scope)?, r#"{"pet": {"name":"Rex"}, "stage": ""}"#);
//! let headers: Vec<_> = scope.overrides().request_group("header").collect();
//! assert_eq!(headers, [("X-Owner", &"Kim".into())]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | what | type |
//! |---|---|
//! | a compiled template | [`Template`] |
//! | what it is rendered with | [`Scope`]: a [`Payload`] and [`Variables`] |
//! | what it leaves behind | its output and [`Overrides`] |
//! | how much it may do | [`Limits`] |
//!
//! With the feature `layer`, `TransformLayer` puts templates in front of any tower service. Nothing else here knows of
//! HTTP, and nothing is looked up or parsed before a template asks for it.

mod ast;
mod error;
mod json;
#[cfg(feature = "layer")]
mod layer;
mod lexer;
mod limits;
mod methods;
mod overrides;
mod parser;
mod render;
mod scope;
mod template;
mod value;

#[cfg(feature = "layer")]
pub use self::layer::{
    PassthroughBehavior, RequestVariables, ResponseBody, ResponseFuture, TransformLayer,
    TransformService, override_text,
};
pub use self::{
    error::{ParseError, RenderError, RenderErrorKind},
    limits::Limits,
    overrides::Overrides,
    scope::{ContextValue, ParameterLocation, Payload, Scope, Variables},
    template::Template,
};
