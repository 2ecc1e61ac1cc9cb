//! Lambda authorizers: a function says who may call.

mod answer;
mod builder;
mod event;
mod failure;

use std::{borrow::Cow, fmt, pin::pin, sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use http::StatusCode;
use towergate_core::{
    BoxFuture, Clock, Function, Invocation, Rejection, ResponseType, Step, Timer,
};
use towergate_expressions::SelectionPattern;

use self::answer::Verdict;
pub use self::{
    answer::{LambdaAnswer, MAX_ANSWER_BYTES},
    builder::{LambdaAuthorizerBuilder, LambdaAuthorizerError},
};
use crate::{
    Authorize, AuthorizeRequest, Decision, IdentitySource, Inquire, MAX_ARN_BYTES, Refusal,
    authorize::Authorized,
    policy::{Effect, PolicyRequest},
    resource_policy::{Accounts, Denial, ResourcePolicy, Wording, identity_alone},
};

/// Lets in whom a function lets in: a Lambda authorizer.
///
/// The function gets an event and answers with a policy, which is evaluated for each request, or with a simple answer.
/// [`Cached`](crate::Cached) keeps what it answered. Cloning is cheap.
///
/// ```
/// use std::sync::Arc;
/// use bytes::Bytes;
/// use http::Request;
/// use towergate_authorizers::{Authorize, AuthorizeRequest, LambdaAuthorizer, LambdaFormat};
/// use towergate_core::{BoxFuture, Context, Function, FunctionError, Invocation};
/// use towergate_testing::FakeClock;
///
/// struct Sesame;
/// impl Function for Sesame {
///     fn invoke<'a>(&'a self, invocation: Invocation<'a>) -> BoxFuture<'a, Result<Bytes, FunctionError>> {
///         let event: serde_json::Value = serde_json::from_slice(&invocation.payload).unwrap();
///         let effect = if event["authorizationToken"] == "sesame" { "Allow" } else { "Deny" };
///         let answer = format!(r#"{{"principalId": "ali", "policyDocument": {{"Version": "2012-10-17", "Statement": [
///             {{"Effect": "{effect}", "Action": "execute-api:Invoke", "Resource": "*"}}]}}}}"#);
///         Box::pin(async { Ok(answer.into()) })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = FakeClock::default(); // or the system's, with towergate-client's `TokioTimer`
/// let authorizer = LambdaAuthorizer::builder(LambdaFormat::Token, Arc::new(Sesame), "arn:aws:lambda:…:sesame")
///     .source("method.request.header.Authorization".parse()?)
///     .build(clock.clone(), clock)?;
/// let mut request = Request::get("/").header("authorization", "sesame").body(())?;
/// let context = Context::of(&mut request);
/// let authorized = authorizer.authorize(&AuthorizeRequest::new(&context, request.headers())).await?;
/// assert_eq!(authorized.principal_id(), Some("ali"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LambdaAuthorizer(Arc<Inner>);

struct Inner {
    format: LambdaFormat,
    function: Arc<dyn Function>,
    function_arn: Box<str>,
    sources: Box<[IdentitySource]>,
    validation: Option<SelectionPattern>,
    resource_policy: Option<ResourcePolicy>,
    wording: Wording,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    timer: Arc<dyn Timer>,
}

/// What a function gets and may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LambdaFormat {
    /// `TOKEN` of a REST API: one header, and a policy.
    Token,
    /// `REQUEST` of a REST API: everything but the body, and a policy.
    Request,
    /// Format 1.0 of an HTTP API, and a policy.
    HttpApi1,
    /// Format 2.0 of an HTTP API, and a policy. The context that the function adds keeps its types.
    HttpApi2,
    /// Format 2.0 of an HTTP API with simple responses: `isAuthorized`.
    HttpApi2Simple,
    /// `REQUEST` of a WebSocket API's `$connect`, and a policy.
    WebSocket,
}

impl LambdaAuthorizer {
    /// Begins an authorizer that calls the function with this ARN.
    pub fn builder(
        format: LambdaFormat,
        function: Arc<dyn Function>,
        function_arn: impl Into<Box<str>>,
    ) -> LambdaAuthorizerBuilder {
        LambdaAuthorizerBuilder::new(format, function, function_arn.into())
    }

    /// Finds every identity, or tells that one is missing.
    fn identities<'r>(
        &self,
        request: &'r AuthorizeRequest<'_>,
    ) -> Result<Vec<Cow<'r, str>>, Refusal> {
        let mut identities = Vec::with_capacity(self.0.sources.len());
        for source in &self.0.sources {
            let Some(identity) = source.resolve(request) else {
                let detail =
                    format!("the identity source `{source}` is missing, empty or repeated");
                return Err(Refusal::unauthorized(detail));
            };
            identities.push(identity);
        }
        if let (Some(validation), Some(token)) = (&self.0.validation, identities.first())
            && !validation.matches(token)
        {
            let detail = "the identity does not match the validation expression";
            return Err(Refusal::unauthorized(detail));
        }
        Ok(identities)
    }

    fn refuse(&self, denial: Denial, request: &PolicyRequest<'_>) -> Refusal {
        denial
            .into_authorizer_rejection(request, self.0.wording)
            .into()
    }

    /// Combines what the function's policy says with the API's own.
    fn conclude(
        &self,
        effect: Effect<'_>,
        request: &PolicyRequest<'_>,
        authorized: &Authorized,
    ) -> Decision {
        // A denial counts without a principal.
        if effect == Effect::Allow && authorized.principal_id().is_none() {
            return Err(Refusal::configuration("the answer has no `principalId`"));
        }
        let result = match &self.0.resource_policy {
            Some(policy) => policy.second_phase(request, effect, Accounts::Same),
            None => identity_alone(effect),
        };
        match result {
            Ok(_) => Ok(authorized.clone()),
            Err(denial) => Err(self.refuse(denial, request)),
        }
    }
}

impl Inquire for LambdaAuthorizer {
    type Answer = LambdaAnswer;

    fn prepare<'r>(&self, request: &'r AuthorizeRequest<'_>) -> Result<Vec<Cow<'r, str>>, Refusal> {
        if request.resource().len() > MAX_ARN_BYTES {
            return Err(too_long());
        }
        if let Some(policy) = &self.0.resource_policy {
            let keys = request.condition_keys();
            let asked = PolicyRequest::invoke(request.resource(), &keys);
            if let Err(denial) = policy.first_phase(&asked) {
                return Err(self.refuse(denial, &asked));
            }
        }
        self.identities(request)
    }

    fn inquire(
        &self,
        request: &AuthorizeRequest<'_>,
        identity: &[Cow<'_, str>],
    ) -> BoxFuture<'static, Result<LambdaAnswer, Refusal>> {
        let payload = event::of(self.0.format, request, identity);
        let context = request.context().clone();
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let deadline = inner.clock.now().saturating_add(inner.timeout);
            let invocation =
                Invocation::new(&context, &inner.function_arn, payload).with_deadline(deadline);
            let call = inner.function.invoke(invocation);
            let timeout = pin!(inner.timer.sleep_until(deadline));
            match select(call, timeout).await {
                Either::Left((Ok(answer), _)) => LambdaAnswer::parse(inner.format, &answer)
                    .map_err(|why| Refusal::configuration(why.to_string())),
                Either::Left((Err(error), _)) => Err(failure::refusal(&error)),
                Either::Right(_) => Err(Refusal::configuration(format!(
                    "the function did not answer within {:?}",
                    inner.timeout
                ))),
            }
        })
    }

    fn decide(&self, request: &AuthorizeRequest<'_>, answer: &LambdaAnswer) -> Decision {
        match &answer.verdict {
            Verdict::Simple(true) => Ok(answer.authorized.clone()),
            Verdict::Simple(false) => {
                Err(Refusal::access_denied("the function does not authorize it"))
            }
            Verdict::Policy(policy) => {
                let keys = request.condition_keys();
                let asked = PolicyRequest::invoke(request.resource(), &keys);
                self.conclude(policy.evaluate(&asked), &asked, &answer.authorized)
            }
        }
    }

    fn keeps_answers(&self) -> bool {
        self.0.format != LambdaFormat::WebSocket
    }

    fn has_identity(&self) -> bool {
        !self.0.sources.is_empty()
    }

    fn answer_bytes(answer: &LambdaAnswer) -> usize {
        answer.bytes()
    }
}

impl Authorize for LambdaAuthorizer {
    fn authorize_now(&self, request: &AuthorizeRequest<'_>) -> Option<Decision> {
        self.prepare(request).err().map(Err)
    }

    fn authorize<'a>(&'a self, request: &'a AuthorizeRequest<'_>) -> BoxFuture<'a, Decision> {
        Box::pin(async move {
            let identity = self.prepare(request)?;
            let answer = self.inquire(request, &identity).await?;
            self.decide(request, &answer)
        })
    }
}

fn too_long() -> Refusal {
    Rejection::new(ResponseType::Default4xx, Step::Authorizer)
        .with_status(StatusCode::URI_TOO_LONG)
        .with_message("Request URI too long")
        .with_detail(format!(
            "the ARN of the method is over {MAX_ARN_BYTES} bytes"
        ))
        .into()
}

impl fmt::Debug for LambdaAuthorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LambdaAuthorizer")
            .field("format", &self.0.format)
            .field("function_arn", &self.0.function_arn)
            .field("sources", &self.0.sources)
            .finish_non_exhaustive()
    }
}
