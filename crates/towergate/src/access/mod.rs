//! Who may call: the resource policy and the authorizers of an API.
//!
//! What a definition says of them is read into [`AccessRules`] when the API is compiled, and joined with the functions
//! and keys of a gateway in [`Access`] when it is put on one. A method whose rules are not served is closed by `compile`.

#[cfg(feature = "jwt")]
mod cognito;
mod lambda;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

#[cfg(feature = "jwt")]
use towergate_authorizers::{AllOf, jwt::CognitoAuthorizer};
use towergate_authorizers::{
    Authorize, AuthorizeRequest, Cached, LambdaAuthorizer, LambdaFormat, policy::ApiArn,
    resource_policy::ResourcePolicy,
};
use towergate_core::{Context, Rejection, Step};
use towergate_definition::{
    AuthorizationType, Authorizer, AuthorizerType, Diagnostic, Method, Place, RestApi,
};
use towergate_integrations::{Backends, FunctionArn};

#[cfg(feature = "jwt")]
pub(crate) use self::cognito::IssuerKeyRing;
#[cfg(feature = "jwt")]
use self::cognito::{BelievedKeys, CognitoRule};
use self::lambda::LambdaRule;

const POLICY: &str = "x-amazon-apigateway-policy";

/// What the definition of an API says of who may call, read once.
#[derive(Debug, Default)]
pub(crate) struct AccessRules {
    policy: Option<String>,
    authorizers: BTreeMap<String, AuthorizerRule>,
}

/// An authorizer that is asked.
#[derive(Debug)]
enum AuthorizerRule {
    Lambda(LambdaRule),
    #[cfg(feature = "jwt")]
    Cognito(CognitoRule),
}

/// The authorizer of a method, and the scopes that the method demands of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Guard {
    authorizer: Box<str>,
    scopes: Box<[Box<str>]>,
}

impl Guard {
    /// Returns the name of the authorizer.
    pub(crate) fn authorizer(&self) -> &str {
        &self.authorizer
    }
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

    /// Returns the guard of a method, `None` if its authorizer is not one that is asked for such a method.
    pub(crate) fn guard(&self, method: &Method) -> Option<Guard> {
        let authorizer = method.authorizer.as_deref()?;
        let scopes = match (self.authorizers.get(authorizer)?, method.authorization_type) {
            (AuthorizerRule::Lambda(_), AuthorizationType::Custom) => Box::default(),
            #[cfg(feature = "jwt")]
            (AuthorizerRule::Cognito(_), AuthorizationType::CognitoUserPools) => {
                let scopes = method.authorization_scopes.iter();
                scopes.map(|scope| scope.as_str().into()).collect()
            }
            _ => return None,
        };
        Some(Guard {
            authorizer: authorizer.into(),
            scopes,
        })
    }

    /// Returns backends that know the functions which authorizers ask, and nothing else, so that what asks them keeps nothing
    /// else alive. Where stages say which, that may be any.
    fn functions_asked(&self, backends: &Backends) -> Backends {
        let mut asked = backends.clone().emptied();
        for rule in self.authorizers.values() {
            let arn = match rule {
                AuthorizerRule::Lambda(rule) => rule.function(),
                #[cfg(feature = "jwt")]
                AuthorizerRule::Cognito(_) => continue,
            };
            let Some(arn) = arn else {
                return backends.clone().without_services();
            };
            if let Some(function) = backends.function(arn) {
                // Told twice it is the same.
                let _ = asked.insert_function(arn, function.clone());
            }
        }
        asked
    }

    /// Returns the functions of these authorizers that are the same on every stage, and where the definition names them.
    pub(crate) fn functions(
        &self,
        authorizers: &BTreeSet<&str>,
    ) -> impl Iterator<Item = (Place, FunctionArn)> {
        let asked = self.authorizers.iter();
        let asked = asked.filter(|(name, _)| authorizers.contains(name.as_str()));
        asked.filter_map(|(name, rule)| {
            let arn = match rule {
                AuthorizerRule::Lambda(rule) => rule.function()?,
                #[cfg(feature = "jwt")]
                AuthorizerRule::Cognito(_) => return None,
            };
            Some((place_of(name).key("authorizerUri"), arn.clone()))
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
        let lambda = |format| LambdaRule::compile(authorizer, format).map(Self::Lambda);
        match authorizer.authorizer_type {
            AuthorizerType::Token => lambda(LambdaFormat::Token).map(Some),
            AuthorizerType::Request => lambda(LambdaFormat::Request).map(Some),
            #[cfg(feature = "jwt")]
            AuthorizerType::CognitoUserPools => {
                CognitoRule::compile(authorizer).map(|rule| Some(Self::Cognito(rule)))
            }
            _ => Ok(None),
        }
    }

    /// Makes the authorizer. `functions` are those that all of the API's ask.
    fn build(
        &self,
        means: &mut Means<'_>,
        functions: &mut Option<Backends>,
        rules: &AccessRules,
        policy: Option<&ResourcePolicy>,
    ) -> Result<Asked, String> {
        match self {
            Self::Lambda(rule) => {
                let functions =
                    functions.get_or_insert_with(|| rules.functions_asked(means.backends));
                let authorizer = rule.build(functions, policy)?;
                Ok(Asked::Lambda(Arc::new(authorizer)))
            }
            #[cfg(feature = "jwt")]
            Self::Cognito(rule) => {
                let authorizer = rule.build(means.backends, means.keys)?;
                Ok(Asked::Cognito(authorizer, policy.cloned()))
            }
        }
    }
}

/// What authorizers need of a gateway.
pub(crate) struct Means<'a> {
    pub(crate) backends: &'a Backends,
    #[cfg(feature = "jwt")]
    pub(crate) keys: &'a mut IssuerKeyRing,
}

/// An authorizer that all methods which name it share.
enum Asked {
    Lambda(Arc<Cached<LambdaAuthorizer>>),
    #[cfg(feature = "jwt")]
    Cognito(CognitoAuthorizer, Option<ResourcePolicy>),
}

impl Asked {
    /// Returns what a method with these scopes asks.
    #[cfg_attr(
        not(feature = "jwt"),
        expect(unused_variables, reason = "only user pools know scopes")
    )]
    fn on_method(&self, scopes: &[Box<str>]) -> Arc<dyn Authorize> {
        match self {
            // It asks the policy itself.
            Self::Lambda(authorizer) => Arc::clone(authorizer) as _,
            #[cfg(feature = "jwt")]
            Self::Cognito(authorizer, policy) => {
                let authorizer = authorizer.clone().scopes(scopes.iter().cloned());
                match policy {
                    Some(policy) => Arc::new(AllOf::new().and(authorizer).and(policy.clone())),
                    None => Arc::new(authorizer),
                }
            }
        }
    }
}

/// Who may call an API on one gateway. By default anybody may.
#[derive(Default)]
pub(crate) struct Access {
    policy: Option<ResourcePolicy>,
    authorizers: HashMap<Guard, Arc<dyn Authorize>>,
    /// The functions that authorizers ask, if there are such.
    asked: Option<Backends>,
    /// The keys that tokens are verified with.
    #[cfg(feature = "jwt")]
    keys: BelievedKeys,
}

impl Access {
    /// Joins the rules of an API, whose methods have these guards, with what a gateway has.
    pub(crate) fn build(
        rules: &AccessRules,
        guards: &BTreeSet<&Guard>,
        api: &ApiArn,
        means: &mut Means<'_>,
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
        let mut asked = None;
        #[cfg(feature = "jwt")]
        let mut keys = BelievedKeys::default();
        for (name, rule) in &rules.authorizers {
            let guards = guards.iter().filter(|guard| *guard.authorizer == **name);
            let mut guards = guards.peekable();
            if guards.peek().is_none() {
                continue;
            }
            match rule.build(means, &mut asked, rules, policy.as_ref()) {
                Ok(asked) => authorizers
                    .extend(guards.map(|guard| ((*guard).clone(), asked.on_method(&guard.scopes)))),
                Err(message) => report(place_of(name), message),
            }
            #[cfg(feature = "jwt")]
            if let AuthorizerRule::Cognito(rule) = rule {
                keys.add(rule, means.keys);
            }
        }
        Self {
            policy,
            authorizers,
            asked,
            #[cfg(feature = "jwt")]
            keys,
        }
    }

    /// Returns whether the same would be made of these rules, which this was made of, with other backends and keys: whether
    /// authorizers ask the same functions and believe the same keys.
    pub(crate) fn fits(
        &self,
        rules: &AccessRules,
        backends: &Backends,
        #[cfg(feature = "jwt")] keys: &IssuerKeyRing,
    ) -> bool {
        #[cfg(feature = "jwt")]
        if !keys.has(&self.keys) {
            return false;
        }
        let Some(asked) = &self.asked else {
            return true;
        };
        rules.authorizers.values().all(|rule| match rule {
            AuthorizerRule::Lambda(rule) => match rule.function() {
                Some(arn) => asked.has_function_of(backends, arn),
                // Stages say which.
                None => asked.has_functions_of(backends),
            },
            #[cfg(feature = "jwt")]
            AuthorizerRule::Cognito(_) => true,
        })
    }

    /// Returns whether anything stands between clients and a method with this guard.
    pub(crate) fn guards(&self, guard: Option<&Guard>) -> bool {
        guard.is_some() || self.policy.is_some()
    }

    /// Lets a request in, or tells why not. Whatever goes wrong, nobody is let in by it.
    pub(crate) async fn admit(
        &self,
        context: &Context,
        guard: Option<&Guard>,
    ) -> Result<(), Rejection> {
        let authorizer: &dyn Authorize = match (guard, &self.policy) {
            // It asks the policy, too.
            (Some(guard), _) => self.authorizers.get(guard).ok_or_else(|| {
                let detail = format!("there is no authorizer `{}`", guard.authorizer);
                Rejection::internal(Step::Authorizer, detail)
            })?,
            (None, Some(policy)) => policy,
            (None, None) => return Ok(()),
        };
        let request = AuthorizeRequest::new(context, context.headers());
        let decision = match authorizer.authorize_now(&request) {
            Some(decision) => decision,
            None => authorizer.authorize(&request).await,
        };
        let authorized = decision?;
        // A policy finds nothing out.
        if guard.is_some() {
            context.note_identity(authorized.to_identity());
        }
        Ok(())
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
