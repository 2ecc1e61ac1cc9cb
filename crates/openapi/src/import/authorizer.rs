//! Authorizers, each the extension of a security scheme.

use towergate_definition::{Authorizer, AuthorizerType};

use super::spot::{Findings, Spot};

const TYPES: [(&str, AuthorizerType); 3] = [
    ("token", AuthorizerType::Token),
    ("request", AuthorizerType::Request),
    ("cognito_user_pools", AuthorizerType::CognitoUserPools),
];

/// Reads the authorizer of a security scheme. What is wrong with it is reported; without a type there is none.
pub(super) fn authorizer(
    scheme: &Spot<'_>,
    extension: Spot<'_>,
    findings: &mut Findings,
) -> Option<Authorizer> {
    let spot = findings.object(extension)?;
    let authorizer_type = authorizer_type(&spot, findings)?;
    let mut authorizer = Authorizer::new(authorizer_type);
    let mut text = |key| {
        let spot = spot.get(key)?;
        findings.text(&spot).map(str::to_owned)
    };
    authorizer.authorizer_uri = text("authorizerUri");
    authorizer.authorizer_credentials = text("authorizerCredentials");
    authorizer.identity_validation_expression = text("identityValidationExpression");
    authorizer.identity_source =
        text("identitySource").or_else(|| identity_source(scheme, authorizer_type));
    if let Some(seconds) = spot.get("authorizerResultTtlInSeconds") {
        let longest = Authorizer::MAX_RESULT_TTL_IN_SECONDS;
        authorizer.authorizer_result_ttl_in_seconds = findings.integer(&seconds, 0, longest);
    }
    if let Some(pools) = spot.get("providerARNs") {
        authorizer.provider_arns = findings.texts(pools);
    }
    findings.only(
        &spot,
        &[
            "type",
            "authorizerUri",
            "authorizerCredentials",
            "identityValidationExpression",
            "identitySource",
            "authorizerResultTtlInSeconds",
            "providerARNs",
        ],
    );
    Some(authorizer)
}

fn authorizer_type(spot: &Spot<'_>, findings: &mut Findings) -> Option<AuthorizerType> {
    let Some(spot) = spot.get("type") else {
        let why = "an authorizer needs `type`: token, request or cognito_user_pools";
        findings.error(&spot.place, why);
        return None;
    };
    let is_jwt = |text: &str| text.eq_ignore_ascii_case("jwt");
    if spot.node.as_str().is_some_and(is_jwt) {
        let why = "jwt authorizers are for HTTP APIs: a REST API has token, request and cognito_user_pools";
        findings.error(&spot.place, why);
        return None;
    }
    findings.choice(&spot, &TYPES)
}

/// The header that a scheme names is where tokens are.
fn identity_source(scheme: &Spot<'_>, authorizer_type: AuthorizerType) -> Option<String> {
    if authorizer_type == AuthorizerType::Request {
        return None;
    }
    let header = scheme.get("name")?.node.as_str()?;
    Some(format!("method.request.header.{header}"))
}
