//! Parameter mappings, substitutions and JSONPath of API Gateway, compiled once.
//!
//! An integration's URI, with a value that a mapping takes from the request's body:
//!
//! ```
//! use http::Request;
//! use towergate_core::Context;
//! use towergate_expressions::{MappedValue, MethodRequest, RequestMapping, UriTemplate};
//!
//! // Once, when the API is compiled:
//! let uri = UriTemplate::parse("http://10.0.0.7:8080/owners/{owner}");
//! let owner = RequestMapping::parse("method.request.body.pet.owner")?;
//!
//! // For each request:
//! let mut request = Request::post("/pets").body(r#"{"pet": {"owner": "Kim Lee"}}"#)?;
//! let context = Context::of(&mut request);
//! let view = MethodRequest::new(&context, request.headers()).with_body(request.body().as_bytes());
//! let owner = owner.evaluate(&view)?.map(MappedValue::into_joined);
//! let uri = uri.render(|name| owner.as_deref().filter(|_| name == "owner"), |name| context.stage_variable(name))?;
//! assert_eq!(uri, "http://10.0.0.7:8080/owners/Kim%20Lee");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | what | type |
//! |---|---|
//! | sources of parameter mappings | [`RequestMapping`], [`ResponseMapping`], [`GatewayResponseMapping`] |
//! | their targets | [`RequestTarget`], [`HeaderTarget`] |
//! | what they read | [`MethodRequest`], [`IntegrationReply`] |
//! | URIs of integrations | [`UriTemplate`] |
//! | templates of gateway responses | [`Substitution`] |
//! | JSONPath | [`JsonPath`] |
//! | query strings | [`QueryString`] |
//! | selection patterns | [`SelectionPattern`] |
//! | regular expressions of mapping templates | [`JavaPattern`] |
//!
//! The feature `java-regex` adds look-around, back-references, possessive quantifiers and atomic groups to the regular
//! expressions of selection patterns and JSONPath filters, on a backtracking engine with a step limit.

mod excerpt;
mod java_regex;
mod json_path;
mod mapping;
mod query_string;
mod selection_pattern;
mod substitution;
mod uri_template;

pub use self::{
    java_regex::{Groups, JavaPattern, JavaRegexError, SearchError},
    json_path::{Budget, DefiniteStep, FindError, JsonPath, JsonPathError},
    mapping::{
        GatewayResponseMapping, HeaderTarget, IntegrationReply, MappedValue, MappingError,
        MappingParseError, MethodRequest, RequestMapping, RequestTarget, ResponseMapping,
    },
    query_string::QueryString,
    selection_pattern::SelectionPattern,
    substitution::Substitution,
    uri_template::{RenderUriError, UriTemplate},
};
