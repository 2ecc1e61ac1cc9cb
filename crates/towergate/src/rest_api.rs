//! A REST API that was compiled, and the builder that writes one in code.

use std::{fmt, sync::Arc};

use towergate_core::{Random, SystemRandom};
use towergate_definition::{
    self as definition, Diagnostic, GatewayResponse, HttpMethod, Integration, Method,
    MethodResponse,
};
use towergate_integrations::{FunctionArn, InProcess, Lambda};

use crate::{
    BuildError,
    compile::compile,
    deployment::{CompiledMethod, Deployment},
};

/// A REST API, compiled and ready to be put on a stage.
///
/// ```
/// use towergate::{Integration, RestApi};
///
/// let pets = RestApi::builder("pets")
///     .get("/pets", Integration::http_proxy("http://10.0.0.7:8080/pets"))
///     .get("/health", Integration::mock(200))
///     .build()?;
/// assert!(pets.diagnostics().is_empty());
/// # Ok::<(), towergate::BuildError>(())
/// ```
#[derive(Clone)]
pub struct RestApi {
    pub(crate) definition: Arc<definition::RestApi>,
    pub(crate) strict: bool,
    pub(crate) deployment: Arc<Deployment>,
    /// What was found as the definition was read.
    pub(crate) imported: Vec<Diagnostic>,
    /// Whether somebody has reported what was found, so that a gateway need not.
    pub(crate) is_reported: bool,
    pub(crate) services: Vec<(String, InProcess)>,
    pub(crate) functions: Vec<(FunctionArn, Lambda)>,
}

impl RestApi {
    /// Returns a builder for an API of this name. What cannot be served is an error in it.
    pub fn builder(name: impl Into<String>) -> RestApiBuilder {
        RestApiBuilder {
            definition: definition::RestApi::new(name),
            id: format!("{:016x}", SystemRandom.next_u64()),
            services: Vec::new(),
            functions: Vec::new(),
            strict: true,
        }
    }

    /// Compiles a definition.
    ///
    /// A part that API Gateway would fail at, or that is not served, closes its method, which then answers 500;
    /// [`diagnostics`](Self::diagnostics) says which. With `strict` such parts are errors.
    ///
    /// # Errors
    ///
    /// Returns every error of the definition at once.
    pub fn compile(definition: &definition::RestApi, strict: bool) -> Result<Self, BuildError> {
        let deployment = compile(definition, strict).map_err(BuildError::new)?;
        Ok(Self {
            definition: Arc::new(definition.clone()),
            strict,
            deployment: Arc::new(deployment),
            imported: Vec::new(),
            is_reported: false,
            services: Vec::new(),
            functions: Vec::new(),
        })
    }

    /// Returns whether this is what the definition is compiled to.
    pub(crate) fn is_of(&self, definition: &definition::RestApi, strict: bool) -> bool {
        self.strict == strict && *self.definition == *definition
    }

    /// Returns every method with its resource's path and its verb, in the order of their ids.
    pub(crate) fn methods(&self) -> impl Iterator<Item = ((&str, HttpMethod), &CompiledMethod)> {
        let names = self
            .definition
            .resources
            .iter()
            .flat_map(|(path, resource)| {
                let methods = resource.methods.keys();
                methods.map(move |method| (path.as_str(), *method))
            });
        // They are compiled in this order.
        names.zip(&self.deployment.methods)
    }

    /// Returns what was found as the API was compiled.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.deployment.diagnostics
    }

    /// Returns what was found as the definition was read and as it was compiled.
    pub(crate) fn findings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.imported.iter().chain(self.diagnostics())
    }
}

impl fmt::Debug for RestApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestApi")
            .field("routes", &self.deployment.routes)
            .field("diagnostics", &self.diagnostics())
            .finish_non_exhaustive()
    }
}

/// Writes a REST API in code.
#[must_use = "a builder makes no API until `build` is called"]
pub struct RestApiBuilder {
    definition: definition::RestApi,
    /// Tells the services and functions of this API from those of any other, one of the same name included.
    id: String,
    services: Vec<(String, InProcess)>,
    functions: Vec<(FunctionArn, Lambda)>,
    strict: bool,
}

impl RestApiBuilder {
    /// Answers GET at `path`, such as `/pets/{id}`.
    pub fn get(self, path: &str, backend: impl Into<MethodBackend>) -> Self {
        self.method(HttpMethod::Get, path, backend)
    }

    /// Answers POST at `path`.
    pub fn post(self, path: &str, backend: impl Into<MethodBackend>) -> Self {
        self.method(HttpMethod::Post, path, backend)
    }

    /// Answers PUT at `path`.
    pub fn put(self, path: &str, backend: impl Into<MethodBackend>) -> Self {
        self.method(HttpMethod::Put, path, backend)
    }

    /// Answers PATCH at `path`.
    pub fn patch(self, path: &str, backend: impl Into<MethodBackend>) -> Self {
        self.method(HttpMethod::Patch, path, backend)
    }

    /// Answers DELETE at `path`.
    pub fn delete(self, path: &str, backend: impl Into<MethodBackend>) -> Self {
        self.method(HttpMethod::Delete, path, backend)
    }

    /// Answers HEAD at `path`, which GET does not.
    pub fn head(self, path: &str, backend: impl Into<MethodBackend>) -> Self {
        self.method(HttpMethod::Head, path, backend)
    }

    /// Answers OPTIONS at `path`.
    pub fn options(self, path: &str, backend: impl Into<MethodBackend>) -> Self {
        self.method(HttpMethod::Options, path, backend)
    }

    /// Answers every verb at `path` that has no method of its own.
    pub fn any(self, path: &str, backend: impl Into<MethodBackend>) -> Self {
        self.method(HttpMethod::Any, path, backend)
    }

    /// Answers `verb` at `path`. A method that is there already is replaced.
    pub fn method(
        mut self,
        verb: HttpMethod,
        path: &str,
        backend: impl Into<MethodBackend>,
    ) -> Self {
        let integration = match backend.into().0 {
            Source::Integration(integration) => *integration,
            Source::InProcess(service) => self.service(path, service),
            Source::Lambda(function) => self.function(function),
        };
        let mut method = Method::without_integration(verb);
        for (status, response) in &integration.integration_responses {
            let mut declared = MethodResponse::default();
            declared.status_code.clone_from(status);
            let targets = response.response_parameters.keys();
            declared.response_parameters = targets.map(|target| (target.clone(), false)).collect();
            method = method.response(declared);
        }
        method.integration = Some(integration);
        self.definition = self.definition.method(path, method);
        self
    }

    /// Names a service, and sends it the path of the resource.
    fn service(&mut self, path: &str, service: InProcess) -> Integration {
        let number = self.services.len();
        let origin = format!("http://service-{number}.{}.towergate.internal", self.id);
        let uri = format!("{origin}{}", path.replace("+}", "}"));
        self.services.push((origin, service));
        names(path).fold(Integration::http_proxy(uri), |integration, name| {
            let source = format!("method.request.path.{name}");
            integration.request_parameter(format!("integration.request.path.{name}"), source)
        })
    }

    /// Names a function.
    fn function(&mut self, function: Lambda) -> Integration {
        let name = format!("function-{}-{}", self.functions.len(), self.id);
        let arn = format!("arn:aws:lambda:local:000000000000:function:{name}");
        let integration = Integration::lambda_proxy(&arn);
        let arn = FunctionArn::parse(&arn).expect("what is written above is an ARN");
        self.functions.push((arn, function));
        integration
    }

    /// Adds a media type whose bodies are bytes: `image/png`, `image/*` or `*/*`.
    pub fn binary_media_type(mut self, media_type: impl Into<String>) -> Self {
        self.definition = self.definition.binary_media_type(media_type);
        self
    }

    /// Restyles one type of refusal, such as `DEFAULT_4XX`.
    pub fn gateway_response(
        mut self,
        response_type: impl Into<String>,
        response: GatewayResponse,
    ) -> Self {
        self.definition = self.definition.gateway_response(response_type, response);
        self
    }

    /// Closes methods that cannot be served instead of refusing the API.
    pub fn lenient(mut self) -> Self {
        self.strict = false;
        self
    }

    /// Compiles the API.
    ///
    /// # Errors
    ///
    /// Returns everything that is wrong with it at once.
    pub fn build(self) -> Result<RestApi, BuildError> {
        let api = RestApi::compile(&self.definition, self.strict)?;
        Ok(RestApi {
            services: self.services,
            functions: self.functions,
            ..api
        })
    }
}

impl fmt::Debug for RestApiBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestApiBuilder")
            .field("definition", &self.definition)
            .finish_non_exhaustive()
    }
}

/// The names of the parameters in a resource's path.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| {
        Some(
            part.strip_prefix('{')?
                .strip_suffix('}')?
                .trim_end_matches('+'),
        )
    })
}

/// What answers a method written in code: an [`Integration`], a service of this process, or a function.
#[derive(Debug)]
pub struct MethodBackend(Source);

#[derive(Debug)]
enum Source {
    InProcess(InProcess),
    Integration(Box<Integration>),
    Lambda(Lambda),
}

impl From<Integration> for MethodBackend {
    fn from(integration: Integration) -> Self {
        Self(Source::Integration(Box::new(integration)))
    }
}

impl From<InProcess> for MethodBackend {
    /// The service sees the path of the resource, without the stage.
    fn from(service: InProcess) -> Self {
        Self(Source::InProcess(service))
    }
}

impl From<Lambda> for MethodBackend {
    /// The function sees the whole request as an event of a Lambda proxy integration.
    fn from(function: Lambda) -> Self {
        Self(Source::Lambda(function))
    }
}
