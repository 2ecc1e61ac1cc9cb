//! Who may call a method: security schemes, and what operations require of them.

use std::collections::BTreeMap;

use towergate_definition::{AuthorizationType, Authorizer, AuthorizerType, Method, Place};

use super::{
    Dialect, Import,
    authorizer::authorizer,
    spot::{Findings, Spot},
};

/// What requiring a scheme means.
#[derive(Debug, Clone)]
enum Scheme {
    /// The caller needs an API key.
    ApiKey,
    /// An authorizer of the scheme's name decides.
    Authorizer(AuthorizationType),
    /// The caller signs with Signature Version 4.
    Iam,
    /// API Gateway does nothing with schemes of this type.
    Ignored(String),
}

/// The security schemes by name, and the authorizers that some of them bring.
#[derive(Debug, Default)]
pub(super) struct Schemes {
    schemes: BTreeMap<String, Scheme>,
    pub(super) authorizers: BTreeMap<String, Authorizer>,
}

impl Schemes {
    pub(super) fn read(root: &Spot<'_>, dialect: Dialect, findings: &mut Findings) -> Self {
        let schemes = match dialect {
            Dialect::OpenApi3 => root
                .get("components")
                .and_then(|spot| findings.object(spot)?.get("securitySchemes")),
            Dialect::Swagger2 => root.get("securityDefinitions"),
        };
        let schemes = schemes.and_then(|spot| findings.object(spot));
        let mut read = Self::default();
        for (name, spot) in schemes.iter().flat_map(Spot::members) {
            let spot = findings.object(spot);
            if let Some(spot) = &spot {
                report_beside_reference(spot, findings);
            }
            let followed = spot.and_then(|spot| super::references::follow(spot, root, findings));
            if let Some(spot) = followed {
                let scheme = read.scheme(name, &spot, findings);
                read.schemes.insert(name.to_owned(), scheme);
            }
        }
        read
    }

    fn scheme(&mut self, name: &str, spot: &Spot<'_>, findings: &mut Findings) -> Scheme {
        let auth_type = findings.extension(spot, "authtype");
        let Some(extension) = findings.extension(spot, "authorizer") else {
            return plain_scheme(spot, auth_type, findings);
        };
        let authorizer = authorizer(spot, extension, findings);
        let is_user_pool = authorizer.as_ref().is_some_and(|authorizer| {
            authorizer.authorizer_type == AuthorizerType::CognitoUserPools
        });
        self.authorizers
            .extend(authorizer.map(|authorizer| (name.to_owned(), authorizer)));
        Scheme::Authorizer(match is_user_pool {
            true => AuthorizationType::CognitoUserPools,
            false => AuthorizationType::Custom,
        })
    }
}

/// Reports an authorizer that stands beside a reference, where nobody reads it.
fn report_beside_reference(spot: &Spot<'_>, findings: &mut Findings) {
    if spot.get("$ref").is_none() {
        return;
    }
    for (key, member) in spot.members() {
        if [
            "x-amazon-apigateway-authorizer",
            "x-amazon-apigateway-authtype",
        ]
        .contains(&key)
        {
            let why = "what stands beside `$ref` is not read: write it where the reference leads";
            findings.error(&member.place, why);
        }
    }
}

/// Reads a scheme that brings no authorizer.
fn plain_scheme(spot: &Spot<'_>, auth_type: Option<Spot<'_>>, findings: &mut Findings) -> Scheme {
    let auth_type =
        auth_type.and_then(|spot| findings.text(&spot).map(|text| (text, spot.place.clone())));
    if let Some((text, place)) = auth_type {
        if text.eq_ignore_ascii_case("awsSigv4") {
            return Scheme::Iam;
        }
        // It speaks of an authorizer that is not there, which nobody can ask.
        if ["custom", "cognito_user_pools"]
            .iter()
            .any(|kind| text.eq_ignore_ascii_case(kind))
        {
            return Scheme::Authorizer(AuthorizationType::Custom);
        }
        if text.to_ascii_lowercase().starts_with("aws") {
            let why = format!("`{text}` is reserved: for Signature Version 4, write `awsSigv4`");
            findings.error(&place, why);
            return Scheme::Iam;
        }
    }
    let member = |key| spot.get(key).and_then(|spot| spot.node.as_str());
    match (member("type"), member("name")) {
        (Some("apiKey"), Some(header)) if header.eq_ignore_ascii_case("x-api-key") => {
            Scheme::ApiKey
        }
        (Some("apiKey"), Some(header)) => Scheme::Ignored(format!("apiKey in `{header}`")),
        (Some(scheme_type), _) => Scheme::Ignored(scheme_type.to_owned()),
        (None, _) => {
            findings.error(&spot.place, "a security scheme needs `type`");
            Scheme::Ignored("no type".to_owned())
        }
    }
}

/// Who decides about the callers of a method.
#[derive(Debug, PartialEq, Eq)]
struct Guard {
    authorization_type: AuthorizationType,
    authorizer: Option<String>,
    scopes: Vec<String>,
}

impl Guard {
    fn iam() -> Self {
        Self {
            authorization_type: AuthorizationType::AwsIam,
            authorizer: None,
            scopes: Vec::new(),
        }
    }
}

/// What the requirements of a method come to.
#[derive(Debug, Default)]
struct Required {
    guard: Option<Guard>,
    api_key: bool,
    /// What asks for nothing, with the places where it is required.
    ignored: Vec<(Place, String)>,
}

impl Import<'_> {
    /// Writes into a method who may call it: what its operation requires, or else the root.
    pub(super) fn authorization(&mut self, operation: &Spot<'_>, method: &mut Method) {
        let own = operation.get("security");
        let from_root = own.is_none();
        let requirements = match own {
            Some(spot) => self.findings.list(spot),
            None => self.defaults.security.clone(),
        };
        let mut required = Required::default();
        for requirement in requirements.iter().flat_map(Spot::items) {
            let requirement = self.findings.object(requirement);
            for (name, scopes) in requirement.iter().flat_map(Spot::members) {
                self.require(name, scopes, &mut required);
            }
        }
        self.auth_extension(operation, from_root, &mut required);
        let open = required.guard.is_none() && !required.api_key;
        for (place, what) in required.ignored {
            let consequence = if open {
                ": a method that requires nothing else is open to anybody"
            } else {
                ""
            };
            self.findings
                .warning(&place, format!("API Gateway ignores {what}{consequence}"));
        }
        method.api_key_required = required.api_key;
        if let Some(guard) = required.guard {
            method.authorization_type = guard.authorization_type;
            method.authorizer = guard.authorizer;
            method.authorization_scopes = guard.scopes;
        }
    }

    fn require(&mut self, name: &str, scopes: Spot<'_>, required: &mut Required) {
        let place = scopes.place.clone();
        let scopes = if scopes.node.is_null() {
            Vec::new()
        } else {
            self.findings.texts(scopes)
        };
        match self.schemes.schemes.get(name) {
            Some(Scheme::ApiKey) => required.api_key = true,
            Some(Scheme::Iam) => self.guard(&place, Guard::iam(), required),
            Some(Scheme::Authorizer(authorization_type)) => {
                let guard = Guard {
                    authorization_type: *authorization_type,
                    authorizer: Some(name.to_owned()),
                    scopes,
                };
                self.guard(&place, guard, required);
            }
            Some(Scheme::Ignored(scheme_type)) => {
                let what = format!("the scheme `{name}` ({scheme_type}), which has no authorizer");
                required.ignored.push((place, what));
            }
            // The Serverless Application Model writes this for a method without authorizer.
            None if name == "NONE" => {
                let what = "the requirement `NONE`, which names no scheme".to_owned();
                required.ignored.push((place, what));
            }
            None => {
                let why = format!(
                    "`{name}` is no security scheme of this document: define it, or do not require it"
                );
                self.findings.error(&place, why);
                // Whoever goes on with the rest of the definition finds the method closed.
                let guard = Guard {
                    authorization_type: AuthorizationType::Custom,
                    authorizer: Some(name.to_owned()),
                    scopes,
                };
                self.guard(&place, guard, required);
            }
        }
    }

    /// Adds a guard. A method has one; the same authorizer may be required with several scopes.
    fn guard(&mut self, place: &Place, guard: Guard, required: &mut Required) {
        match &mut required.guard {
            Some(earlier) if earlier.authorizer == guard.authorizer => {
                earlier.scopes.extend(guard.scopes);
            }
            Some(_) => {
                let why = "a method has one authorization: another authorizer, or AWS_IAM, is required already";
                self.findings.error(place, why);
            }
            none => *none = Some(guard),
        }
    }

    /// Reads `x-amazon-apigateway-auth`. It never takes away what `security` requires.
    fn auth_extension(&mut self, operation: &Spot<'_>, from_root: bool, required: &mut Required) {
        const TYPES: [(&str, AuthorizationType); 2] = [
            ("NONE", AuthorizationType::None),
            ("AWS_IAM", AuthorizationType::AwsIam),
        ];
        let auth = self
            .findings
            .extension(operation, "auth")
            .and_then(|spot| self.findings.object(spot));
        let Some(auth) = auth else {
            return;
        };
        let Some(spot) = auth.get("type") else {
            let why = "the authorization needs `type`: NONE or AWS_IAM";
            return self.findings.error(&auth.place, why);
        };
        match self.findings.choice(&spot, &TYPES) {
            Some(AuthorizationType::AwsIam) => {
                if from_root {
                    required.guard = None;
                }
                self.guard(&spot.place, Guard::iam(), required);
            }
            Some(_) if required.guard.is_some() => {
                let why = "NONE does not open this method: `security` requires an authorization. Give the operation `security: []`";
                self.findings.warning(&spot.place, why);
            }
            _ => {}
        }
    }
}
