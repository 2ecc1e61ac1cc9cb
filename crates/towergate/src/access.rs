//! Who may call: the resource policy and the authorizers of an API.
//!
//! What a definition says of them is read into [`AccessRules`] when the API is compiled, and joined with the functions
//! of a gateway in [`Access`] when it is put on one. A method whose rules are not served is closed by `compile`.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::StatusCode;
use towergate_authorizers::{
    Authorize as _, AuthorizeRequest, Cached, IdentitySource, LambdaAuthorizer, LambdaFormat,
    policy::{ApiArn, PolicyRequest},
    resource_policy::{ResourcePolicy, Wording},
};
use towergate_core::{BoxFuture, Context, Function, FunctionError, Invocation, Rejection, Step};
use towergate_definition::{Authorizer, AuthorizerType, Diagnostic, Place, RestApi};
use towergate_expressions::{SelectionPattern, UriTemplate};
use towergate_integrations::{Backends, FunctionArn, function_of};

const POLICY: &str = "x-amazon-apigateway-policy";

/// What the definition of an API says of who may call, read once.
#[derive(Debug, Default)]
pub(crate) struct AccessRules {
    policy: Option<String>,
    authorizers: BTreeMap<String, AuthorizerRule>,
}

/// An authorizer whose function is asked.
struct AuthorizerRule {
    format: LambdaFormat,
    function: UriTemplate,
    sources: Vec<IdentitySource>,
    validation: Option<SelectionPattern>,
    ttl: Duration,
}

impl AccessRules {
    /// Reads the rules of a definition, and reports what is wrong with them.
    pub(crate) fn compile(definition: &RestApi, diagnostics: &mut Vec<Diagnostic>) -> Self {
        if let Some(policy) = &definition.policy {
            // Where the API will be is not known yet, and matters to no error.
            let nowhere = ApiArn::new("us-east-1", "000000000000", "api");
            if let Err(errors) = ResourcePolicy::parse(policy, &nowhere) {
                let place = Place::root().key(POLICY);
                let errors = errors.iter().map(ToString::to_string);
                diagnostics.extend(errors.map(|error| Diagnostic::error(place.clone(), error)));
            }
        }
        let mut authorizers = BTreeMap::new();
        for (name, authorizer) in &definition.authorizers {
            let place = place_of(name);
            match AuthorizerRule::compile(authorizer) {
                Ok(rule) => authorizers.extend(rule.map(|rule| (name.clone(), rule))),
                Err(message) => diagnostics.push(Diagnostic::error(place, message)),
            }
        }
        Self {
            policy: definition.policy.clone(),
            authorizers,
        }
    }

    /// Returns the resource policy, as it is written.
    pub(crate) fn policy(&self) -> Option<&str> {
        self.policy.as_deref()
    }

    /// Returns whether there is an authorizer of this name that is asked.
    pub(crate) fn serves(&self, authorizer: &str) -> bool {
        self.authorizers.contains_key(authorizer)
    }

    /// Returns the functions of these authorizers that are the same on every stage, and where the definition names them.
    pub(crate) fn functions(
        &self,
        authorizers: &BTreeSet<&str>,
    ) -> impl Iterator<Item = (Place, FunctionArn)> {
        let asked = self.authorizers.iter();
        let asked = asked.filter(|(name, _)| authorizers.contains(name.as_str()));
        asked.filter_map(|(name, rule)| {
            let arn = FunctionArn::parse(rule.function.as_static()?).ok()?;
            Some((place_of(name).key("authorizerUri"), arn))
        })
    }
}

fn place_of(authorizer: &str) -> Place {
    Place::from_iter([
        "components",
        "securitySchemes",
        authorizer,
        "x-amazon-apigateway-authorizer",
    ])
}

impl AuthorizerRule {
    /// Reads an authorizer, `None` if it is of a kind that is not served.
    fn compile(authorizer: &Authorizer) -> Result<Option<Self>, String> {
        let format = match authorizer.authorizer_type {
            AuthorizerType::Token => LambdaFormat::Token,
            AuthorizerType::Request => LambdaFormat::Request,
            _ => return Ok(None),
        };
        let uri = authorizer.authorizer_uri.as_deref().unwrap_or_default();
        let function = function_of(uri).ok_or_else(|| {
            format!("`{uri}` is not the `authorizerUri` of a function: arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations")
        })?;
        let function = UriTemplate::parse(function);
        if let Some(arn) = function.as_static() {
            FunctionArn::parse(arn).map_err(|error| error.to_string())?;
        }
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
        Ok(Some(rule))
    }

    fn build(
        &self,
        backends: &Backends,
        policy: Option<&ResourcePolicy>,
    ) -> Result<Cached<LambdaAuthorizer>, String> {
        let function = StageFunction {
            arn: self.function.clone(),
            backends: backends.clone(),
        };
        let arn = self.function.as_static().unwrap_or_default();
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

impl std::fmt::Debug for AuthorizerRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthorizerRule")
            .field("format", &self.format)
            .field("function", &self.function)
            .field("sources", &self.sources)
            .finish_non_exhaustive()
    }
}

/// Who may call an API on one gateway. By default anybody may.
#[derive(Default)]
pub(crate) struct Access {
    policy: Option<ResourcePolicy>,
    authorizers: HashMap<String, Cached<LambdaAuthorizer>>,
}

impl Access {
    /// Joins the rules of an API with the functions of a gateway.
    pub(crate) fn build(
        rules: &AccessRules,
        api: &ApiArn,
        backends: &Backends,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut report = |place: Place, message: String| {
            diagnostics.push(Diagnostic::error(place, message));
        };
        let policy = rules.policy.as_deref().and_then(|policy| {
            let parsed = ResourcePolicy::parse(policy, api);
            let refused = |errors: towergate_authorizers::policy::PolicyErrors| {
                report(Place::root().key(POLICY), errors.to_string());
            };
            parsed.map_err(refused).ok()
        });
        let mut authorizers = HashMap::new();
        for (name, rule) in &rules.authorizers {
            match rule.build(backends, policy.as_ref()) {
                Ok(authorizer) => {
                    authorizers.insert(name.clone(), authorizer);
                }
                Err(message) => report(place_of(name), message),
            }
        }
        Self {
            policy,
            authorizers,
        }
    }

    /// Returns whether anything stands between clients and a method with this authorizer.
    pub(crate) fn guards(&self, authorizer: Option<&str>) -> bool {
        authorizer.is_some() || self.policy.is_some()
    }

    /// Lets a request in, or tells why not. Whatever goes wrong, nobody is let in by it.
    pub(crate) async fn admit(
        &self,
        context: &Context,
        authorizer: Option<&str>,
    ) -> Result<(), Rejection> {
        let request = AuthorizeRequest::new(context, context.headers());
        let Some(name) = authorizer else {
            return self.admit_by_policy(&request);
        };
        let authorizer = self.authorizers.get(name).ok_or_else(|| {
            let detail = format!("there is no authorizer `{name}`");
            Rejection::internal(Step::Authorizer, detail)
        })?;
        // It asks the policy, too, before its function and after it.
        let decision = match authorizer.authorize_now(&request) {
            Some(decision) => decision,
            None => authorizer.authorize(&request).await,
        };
        context.note_identity(decision?.to_identity());
        Ok(())
    }

    fn admit_by_policy(&self, request: &AuthorizeRequest<'_>) -> Result<(), Rejection> {
        let Some(policy) = &self.policy else {
            return Ok(());
        };
        let keys = request.condition_keys();
        let asked = PolicyRequest::invoke(request.resource(), &keys);
        match policy.alone(&asked) {
            Ok(_) => Ok(()),
            Err(denial) => Err(denial.into_rejection(&asked, Wording::Current)),
        }
    }
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access")
            .field("has_policy", &self.policy.is_some())
            .field("authorizers", &self.authorizers.keys())
            .finish()
    }
}

/// The function that an ARN means on the stage of a request.
struct StageFunction {
    arn: UriTemplate,
    backends: Backends,
}

impl Function for StageFunction {
    fn invoke<'a>(
        &'a self,
        invocation: Invocation<'a>,
    ) -> BoxFuture<'a, Result<Bytes, FunctionError>> {
        Box::pin(async move {
            let context = invocation.context;
            let refused = |message: String| FunctionError::Refused {
                status: StatusCode::NOT_FOUND,
                message,
            };
            let arn = self
                .arn
                .render(|_| None::<&str>, |name| context.stage_variable(name))
                .map_err(|error| refused(error.to_string()))?;
            let arn = FunctionArn::parse(&arn).map_err(|error| refused(error.to_string()))?;
            let function = self.backends.function(&arn);
            let function = function.ok_or_else(|| refused(format!("Function not found: {arn}")))?;
            let mut invocation = invocation;
            invocation.arn = arn.as_str();
            function.invoke(invocation).await
        })
    }
}
