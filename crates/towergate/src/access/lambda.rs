//! Lambda authorizers: their functions are those of the gateway.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::StatusCode;
use towergate_authorizers::{
    Cached, IdentitySource, LambdaAuthorizer, LambdaFormat, resource_policy::ResourcePolicy,
};
use towergate_core::{BoxFuture, Function, FunctionError, Invocation};
use towergate_definition::Authorizer;
use towergate_expressions::SelectionPattern;
use towergate_integrations::{Backends, FunctionArn, FunctionReference, function_of};

/// An authorizer whose function is asked.
pub(super) struct LambdaRule {
    format: LambdaFormat,
    function: FunctionReference,
    sources: Vec<IdentitySource>,
    validation: Option<SelectionPattern>,
    ttl: Duration,
}

impl LambdaRule {
    /// Reads an authorizer whose function gets requests in this format.
    pub(super) fn compile(authorizer: &Authorizer, format: LambdaFormat) -> Result<Self, String> {
        let uri = authorizer.authorizer_uri.as_deref().unwrap_or_default();
        let function = function_of(uri).ok_or_else(|| {
            format!("`{uri}` is not the `authorizerUri` of a function: arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations")
        })?;
        let function = FunctionReference::parse(function).map_err(|error| error.to_string())?;
        let sources = authorizer.identity_source.as_deref().unwrap_or_default();
        let sources = IdentitySource::parse_list(sources).map_err(|error| error.to_string())?;
        let validation = authorizer.identity_validation_expression.as_deref();
        let validation = validation.filter(|_| format == LambdaFormat::Token);
        let validation = validation.map(SelectionPattern::parse).transpose();
        let ttl = authorizer
            .authorizer_result_ttl_in_seconds
            .unwrap_or(Authorizer::DEFAULT_RESULT_TTL_IN_SECONDS);
        let rule = Self {
            format,
            function,
            sources,
            validation: validation.map_err(|error| error.to_string())?,
            ttl: Duration::from_secs(u64::from(ttl)),
        };
        // Found out now, rather than when the API is put on a gateway.
        rule.build(&Backends::new(), None)?;
        Ok(rule)
    }

    /// Returns the ARN of the function, if it is the same on every stage.
    pub(super) fn function(&self) -> Option<&FunctionArn> {
        self.function.fixed()
    }

    /// Joins the rule with the functions of a gateway. The policy is asked before the function and after it.
    pub(super) fn build(
        &self,
        backends: &Backends,
        policy: Option<&ResourcePolicy>,
    ) -> Result<Cached<LambdaAuthorizer>, String> {
        let function = StageFunction {
            reference: self.function.clone(),
            backends: backends.clone(),
        };
        let arn = self.function.fixed().map_or("", FunctionArn::as_str);
        let mut builder = LambdaAuthorizer::builder(self.format, Arc::new(function), arn);
        for source in &self.sources {
            builder = builder.source(source.clone());
        }
        if let Some(validation) = &self.validation {
            builder = builder.validation_expression(validation.clone());
        }
        if let Some(policy) = policy {
            builder = builder.resource_policy(policy.clone());
        }
        let (clock, timer) = backends.time();
        let built = builder.build(Arc::clone(&clock), timer);
        let authorizer = built.map_err(|error| error.to_string())?;
        let cached = Cached::new(authorizer, self.ttl).map_err(|error| error.to_string())?;
        Ok(cached.with_clock(clock))
    }
}

impl std::fmt::Debug for LambdaRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LambdaRule")
            .field("format", &self.format)
            .field("function", &self.function)
            .field("sources", &self.sources)
            .finish_non_exhaustive()
    }
}

/// The function that an ARN means on the stage of a request.
struct StageFunction {
    reference: FunctionReference,
    backends: Backends,
}

impl Function for StageFunction {
    fn invoke<'a>(
        &'a self,
        invocation: Invocation<'a>,
    ) -> BoxFuture<'a, Result<Bytes, FunctionError>> {
        Box::pin(async move {
            let refused = |message: String| FunctionError::Refused {
                status: StatusCode::NOT_FOUND,
                message,
            };
            let arn = self.reference.resolve(invocation.context);
            let arn = arn.map_err(|error| refused(error.to_string()))?;
            let function = self.backends.function(&arn);
            let function = function.ok_or_else(|| refused(format!("Function not found: {arn}")))?;
            let mut invocation = invocation;
            invocation.arn = arn.as_str();
            function.invoke(invocation).await
        })
    }
}
