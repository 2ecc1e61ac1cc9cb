//! How a definition names a function.

use std::borrow::Cow;

use towergate_core::Context;
use towergate_expressions::{RenderUriError, UriTemplate};

use crate::{FunctionArn, FunctionArnError};

/// The function that a definition names: by its ARN, or by one with stage variables in it, which each stage completes.
///
/// ```
/// use http::Request;
/// use towergate_core::Context;
/// use towergate_functions::FunctionReference;
///
/// let context = Context::of(&mut Request::new(()));
/// let function = FunctionReference::parse("create-pet:live")?;
/// assert_eq!(function.resolve(&context)?.name(), "create-pet");
///
/// let function = FunctionReference::parse("create-pet:${stageVariables.alias}")?;
/// let error = function.resolve(&context).unwrap_err();
/// assert_eq!(error.to_string(), "the stage variable `alias` is not defined");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct FunctionReference(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Fixed(FunctionArn),
    Rendered(UriTemplate),
}

/// Why no function is named on the stage of a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FunctionReferenceError {
    /// The stage lacks a variable.
    #[error(transparent)]
    StageVariable(#[from] RenderUriError),
    /// What the stage's variables make is no ARN.
    #[error(transparent)]
    Arn(#[from] FunctionArnError),
}

impl FunctionReference {
    /// Reads a reference. One with stage variables is judged when a stage completes it.
    ///
    /// # Errors
    ///
    /// Returns [`FunctionArnError`] if it has no stage variables and is no ARN.
    pub fn parse(text: &str) -> Result<Self, FunctionArnError> {
        let template = UriTemplate::parse(text);
        Ok(Self(match template.as_static() {
            Some(arn) => Kind::Fixed(FunctionArn::parse(arn)?),
            None => Kind::Rendered(template),
        }))
    }

    /// Returns the function, if it is the same on every stage.
    #[must_use]
    pub fn fixed(&self) -> Option<&FunctionArn> {
        match &self.0 {
            Kind::Fixed(arn) => Some(arn),
            Kind::Rendered(_) => None,
        }
    }

    /// Returns the function on the stage of a request.
    ///
    /// # Errors
    ///
    /// Returns [`FunctionReferenceError`] if the stage's variables do not make an ARN of it.
    pub fn resolve(
        &self,
        context: &Context,
    ) -> Result<Cow<'_, FunctionArn>, FunctionReferenceError> {
        match &self.0 {
            Kind::Fixed(arn) => Ok(Cow::Borrowed(arn)),
            Kind::Rendered(template) => {
                let text =
                    template.render(|_| None::<&str>, |name| context.stage_variable(name))?;
                Ok(Cow::Owned(FunctionArn::parse(&text)?))
            }
        }
    }
}
