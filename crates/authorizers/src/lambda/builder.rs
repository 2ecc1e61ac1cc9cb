//! What a Lambda authorizer is set up with, put together and checked.

use std::{fmt, sync::Arc, time::Duration};

use towergate_core::{Clock, Function, Timer};
use towergate_expressions::SelectionPattern;

use super::{Inner, LambdaAuthorizer, LambdaFormat};
use crate::{
    IdentitySource,
    resource_policy::{ResourcePolicy, Wording},
};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Puts a [`LambdaAuthorizer`] together.
#[must_use]
pub struct LambdaAuthorizerBuilder {
    format: LambdaFormat,
    function: Arc<dyn Function>,
    function_arn: Box<str>,
    sources: Vec<IdentitySource>,
    validation: Option<SelectionPattern>,
    resource_policy: Option<ResourcePolicy>,
    wording: Wording,
    timeout: Duration,
}

impl LambdaAuthorizerBuilder {
    pub(super) fn new(
        format: LambdaFormat,
        function: Arc<dyn Function>,
        function_arn: Box<str>,
    ) -> Self {
        Self {
            format,
            function,
            function_arn,
            sources: Vec::new(),
            validation: None,
            resource_policy: None,
            wording: Wording::Current,
            timeout: DEFAULT_TIMEOUT,
        }
    }

    /// Demands this identity, too; without it a request is refused and the function is not called.
    pub fn source(mut self, source: IdentitySource) -> Self {
        self.sources.push(source);
        self
    }

    /// Demands that the whole token matches: the `identityValidationExpression`, which only `TOKEN` has.
    pub fn validation_expression(mut self, pattern: SelectionPattern) -> Self {
        self.validation = Some(pattern);
        self
    }

    /// Asks the API's own policy, too: before the function is called, and together with its policy.
    pub fn resource_policy(mut self, policy: ResourcePolicy) -> Self {
        self.resource_policy = Some(policy);
        self
    }

    /// Says in other years' words why a request is denied.
    pub fn wording(mut self, wording: Wording) -> Self {
        self.wording = wording;
        self
    }

    /// Waits so long for the function; ten seconds by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Makes the authorizer.
    ///
    /// # Errors
    ///
    /// Returns a [`LambdaAuthorizerError`] if sources and format do not fit.
    pub fn build(
        self,
        clock: impl Clock,
        timer: impl Timer,
    ) -> Result<LambdaAuthorizer, LambdaAuthorizerError> {
        let is_token = self.format == LambdaFormat::Token;
        let is_one_header = matches!(&*self.sources, [source] if source.is_header());
        if is_token && !is_one_header {
            return Err(LambdaAuthorizerError::TokenSource);
        }
        if !is_token && self.validation.is_some() {
            return Err(LambdaAuthorizerError::ValidationExpression);
        }
        Ok(LambdaAuthorizer(Arc::new(Inner {
            format: self.format,
            function: self.function,
            function_arn: self.function_arn,
            sources: self.sources.into(),
            validation: self.validation,
            resource_policy: self.resource_policy,
            wording: self.wording,
            timeout: self.timeout,
            clock: Arc::new(clock),
            timer: Arc::new(timer),
        })))
    }
}

impl fmt::Debug for LambdaAuthorizerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LambdaAuthorizerBuilder")
            .field("format", &self.format)
            .field("function_arn", &self.function_arn)
            .field("sources", &self.sources)
            .finish_non_exhaustive()
    }
}

/// Why a Lambda authorizer cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LambdaAuthorizerError {
    /// The identity of `TOKEN` is one header.
    #[error("a token authorizer has one identity source, and that is a header")]
    TokenSource,
    /// Only `TOKEN` has a validation expression.
    #[error("only a token authorizer has a validation expression")]
    ValidationExpression,
}
