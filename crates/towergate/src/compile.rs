//! From a definition to a deployment, with everything there is to say about it.

use std::collections::BTreeSet;

use towergate_definition::{
    AuthorizationType, Diagnostic, HttpMethod, Method, Place, RestApi, Severity,
};
use towergate_integrations::{BinaryMediaTypes, CompiledIntegration};
use towergate_routing::{RouteMethod, RouteTable};

use crate::{
    access::{AccessRules, Guard},
    deployment::{CompiledMethod, Deployment, MethodId},
    gateway_responses::GatewayResponses,
};

/// The key of a method's integration.
const INTEGRATION: &str = "x-amazon-apigateway-integration";

/// Compiles a definition, or returns what was found if an error is among it.
///
/// With `strict`, faults and unsupported parts are errors too.
pub(crate) fn compile(definition: &RestApi, strict: bool) -> Result<Deployment, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    report_unserved(definition, &mut diagnostics);
    let access = AccessRules::compile(definition, &mut diagnostics);
    let place = Place::root().key("x-amazon-apigateway-gateway-responses");
    let gateway_responses =
        GatewayResponses::compile(&definition.gateway_responses, &place, &mut diagnostics);

    let binary = BinaryMediaTypes::new(&definition.binary_media_types);
    let mut routes = RouteTable::builder();
    let mut methods = Vec::new();
    let mut functions = Vec::new();
    for (path, resource) in &definition.resources {
        let place = Place::from_iter(["paths", path]);
        for (verb, method) in &resource.methods {
            routes = routes.route(route_method(*verb), path, MethodId(methods.len()));
            let place = place.key(verb.key());
            let method = compile_method(&access, &binary, method, &place, &mut diagnostics);
            if let Ok(integration) = method.integration()
                && let Some(function) = integration.function()
            {
                functions.push((place.key(INTEGRATION).key("uri"), function.clone()));
            }
            methods.push(method);
        }
    }
    let routes = routes.build().map_err(|errors| {
        diagnostics.extend(errors.iter().map(|error| {
            let place = error
                .path()
                .map_or_else(Place::root, |path| Place::from_iter(["paths", path]));
            Diagnostic::error(place, error.to_string())
        }));
    });
    if strict {
        diagnostics.iter_mut().for_each(Diagnostic::escalate);
    }
    let refused = diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error);
    let asked: BTreeSet<_> = methods
        .iter()
        .filter_map(CompiledMethod::guard)
        .map(Guard::authorizer)
        .collect();
    functions.extend(access.functions(&asked));
    let (Ok(routes), false) = (routes, refused) else {
        return Err(diagnostics);
    };
    Ok(Deployment {
        routes,
        methods,
        gateway_responses,
        execute_api_disabled: definition.disable_execute_api_endpoint,
        access,
        api_key_source: definition.api_key_source,
        functions,
        diagnostics,
    })
}

/// Compiles a method. One that something guards which is not served stays closed, whatever its integration is.
fn compile_method(
    access: &AccessRules,
    binary: &BinaryMediaTypes,
    method: &Method,
    place: &Place,
    diagnostics: &mut Vec<Diagnostic>,
) -> CompiledMethod {
    let found = diagnostics.len();
    let integration_place = place.key(INTEGRATION);
    let integration = CompiledIntegration::compile(method, binary, &integration_place, diagnostics);
    let guard = access.guard(method);
    let unserved = unserved_guards(method, guard.as_ref());
    let is_open = unserved.is_empty();
    for (key, unserved) in unserved {
        let message = format!("{unserved} is not served, so this method answers 500");
        diagnostics.push(Diagnostic::unsupported(place.key(key), message));
    }
    match integration {
        Some(integration) if is_open => CompiledMethod::Open {
            integration: Box::new(integration),
            guard,
            api_key: method.api_key_required,
        },
        _ => CompiledMethod::closed(diagnostics.iter().skip(found)),
    }
}

/// What stands between a client and the method's integration and is not served, and the key it is written under.
fn unserved_guards(method: &Method, served: Option<&Guard>) -> Vec<(&'static str, String)> {
    let named = |kind: &str, name: &Option<String>| match name {
        Some(name) => format!("{kind} `{name}`"),
        None => kind.to_owned(),
    };
    let mut guards = Vec::new();
    match method.authorization_type {
        AuthorizationType::None => {}
        _ if served.is_some() => {}
        AuthorizationType::AwsIam => guards.push((
            "x-amazon-apigateway-auth",
            "authorization by `AWS_IAM`".to_owned(),
        )),
        AuthorizationType::CognitoUserPools => {
            let mut guard = named("the Cognito authorizer", &method.authorizer);
            if cfg!(not(feature = "jwt")) {
                guard.push_str(" (without the feature `jwt`)");
            }
            guards.push(("security", guard));
        }
        _ => guards.push(("security", named("the authorizer", &method.authorizer))),
    }
    if method.authorization_type == AuthorizationType::None && method.authorizer.is_some() {
        guards.push(("security", named("the authorizer", &method.authorizer)));
    }
    if method.authorization_type == AuthorizationType::None
        && !method.authorization_scopes.is_empty()
    {
        guards.push((
            "security",
            "the requirement of scopes without an authorizer".to_owned(),
        ));
    }
    if method.request_validator.is_some() {
        let validator = named("the request validator", &method.request_validator);
        guards.push(("x-amazon-apigateway-request-validator", validator));
    }
    guards
}

/// Reports what the API as a whole asks for and does not get.
fn report_unserved(definition: &RestApi, diagnostics: &mut Vec<Diagnostic>) {
    let mut unserved = |key: &str, message: &str| {
        diagnostics.push(Diagnostic::unsupported(Place::root().key(key), message));
    };
    if definition.minimum_compression_size.is_some() {
        unserved(
            "x-amazon-apigateway-minimum-compression-size",
            "responses are not compressed",
        );
    }
}

fn route_method(verb: HttpMethod) -> RouteMethod {
    match verb {
        HttpMethod::Any => RouteMethod::Any,
        HttpMethod::Delete => http::Method::DELETE.into(),
        HttpMethod::Get => http::Method::GET.into(),
        HttpMethod::Head => http::Method::HEAD.into(),
        HttpMethod::Options => http::Method::OPTIONS.into(),
        HttpMethod::Patch => http::Method::PATCH.into(),
        HttpMethod::Post => http::Method::POST.into(),
        HttpMethod::Put => http::Method::PUT.into(),
    }
}

#[cfg(all(test, not(feature = "jwt")))]
mod tests {
    use towergate_definition::{Authorizer, AuthorizerType, Integration};

    use super::*;

    #[test]
    fn a_cognito_authorizer_closes_its_methods_and_names_the_feature_that_serves_it() {
        let mut method = Method::new(HttpMethod::Get, Integration::mock(200));
        method.authorization_type = AuthorizationType::CognitoUserPools;
        method.authorizer = Some("pool".to_owned());
        let mut api = RestApi::new("api").method("/", method);
        let authorizer = Authorizer::new(AuthorizerType::CognitoUserPools);
        api.authorizers.insert("pool".to_owned(), authorizer);
        let deployment = compile(&api, false).expect("no error");
        assert!(
            deployment
                .method(MethodId(0))
                .unwrap()
                .integration()
                .is_err()
        );
        let found: Vec<_> = deployment
            .diagnostics
            .iter()
            .map(ToString::to_string)
            .collect();
        let expected = "paths./.get.security: unsupported: the Cognito authorizer `pool` (without the feature `jwt`) is \
            not served, so this method answers 500";
        assert!(found.iter().any(|found| found == expected), "{found:?}");
    }
}
