//! The documents of the project, whose snippets compile and run as doctests.

#[doc = include_str!("../../README.md")]
mod readme {}

#[doc = include_str!("../../CONTRIBUTING.md")]
mod contributing {}

#[doc = include_str!("../../docs/architecture.md")]
mod architecture {}

#[doc = include_str!("../../docs/benchmarks.md")]
mod benchmarks {}

#[doc = include_str!("../../docs/compatibility.md")]
mod compatibility {}

#[doc = include_str!("../../docs/security.md")]
mod security {}

#[doc = include_str!("../../docs/guides/authorization.md")]
mod guides_authorization {}

#[doc = include_str!("../../docs/guides/lambda.md")]
mod guides_lambda {}

#[doc = include_str!("../../docs/guides/limits.md")]
mod guides_limits {}

#[doc = include_str!("../../docs/guides/mapping-templates.md")]
mod guides_mapping_templates {}

#[doc = include_str!("../../docs/guides/releases.md")]
mod guides_releases {}

#[doc = include_str!("../../docs/guides/serving.md")]
mod guides_serving {}
