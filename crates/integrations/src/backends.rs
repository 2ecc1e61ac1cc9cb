//! The world behind the integrations: services in this process, and everything else through the client.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    sync::Arc,
    time::Duration,
};

use http::{Request, Response, Uri, uri::Authority};
use towergate_client::{Client, ClientError, TokioTimer};
use towergate_core::{
    Body, Clock, Context, MAX_REQUEST_BYTES, Random, Rejection, ResponseType, Step, SystemClock,
    SystemRandom, Timer,
};
use towergate_functions::Functions;

use crate::{
    FunctionArn, Lambda,
    deadline::{Deadline, Elapsed},
    in_process::InProcess,
};

/// What integrations call, and how: in-process services, the client, time and chance. One for a whole gateway.
///
/// ```
/// use towergate_core::Body;
/// use towergate_integrations::{Backends, InProcess};
///
/// let pets = tower::service_fn(async |_: http::Request<Body>| {
///     Ok::<_, std::convert::Infallible>(http::Response::new(Body::from("[]")))
/// });
/// // What a definition calls http://pets.internal is this service.
/// let backends = Backends::new().with_service("http://pets.internal", InProcess::new(pets))?;
/// # Ok::<(), towergate_integrations::ServiceError>(())
/// ```
#[derive(Clone)]
pub struct Backends {
    client: Client,
    services: HashMap<Authority, InProcess>,
    functions: Functions,
    max_request_bytes: usize,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) timer: Arc<dyn Timer>,
    pub(crate) random: Arc<dyn Random>,
}

impl Backends {
    /// Creates the default: no in-process services, the system's time and chance, requests of at most 10 MiB.
    #[must_use]
    pub fn new() -> Self {
        Self {
            client: Client::new(),
            services: HashMap::new(),
            functions: Functions::default(),
            max_request_bytes: MAX_REQUEST_BYTES,
            clock: Arc::new(SystemClock),
            timer: Arc::new(TokioTimer),
            random: Arc::new(SystemRandom),
        }
    }

    /// Answers what is sent to `origin` (`http://pets.internal`, with or without a port) with `service`.
    ///
    /// # Errors
    ///
    /// Returns [`ServiceError`] if `origin` is not a scheme and a host, or if another service answers for this host
    /// and port already; the scheme does not tell them apart.
    pub fn with_service(mut self, origin: &str, service: InProcess) -> Result<Self, ServiceError> {
        self.insert_service(origin, service)?;
        Ok(self)
    }

    /// Answers what is sent to `origin` with `service`, as [`with_service`](Self::with_service) does.
    ///
    /// # Errors
    ///
    /// Returns the same errors; nothing has changed then.
    pub fn insert_service(&mut self, origin: &str, service: InProcess) -> Result<(), ServiceError> {
        let invalid = || ServiceError::InvalidOrigin(origin.to_owned());
        let uri: Uri = origin.parse().map_err(|_| invalid())?;
        let parts = uri.into_parts();
        let authority = parts.scheme.and(parts.authority).ok_or_else(invalid)?;
        match self.services.entry(authority) {
            Entry::Occupied(taken) if !taken.get().is_same(&service) => {
                return Err(ServiceError::Taken(origin.to_owned()));
            }
            entry => entry.insert_entry(service),
        };
        Ok(())
    }

    /// Calls `function` where an API names `arn`.
    ///
    /// A function that is listed with an alias or version stands for that one alone, one without for all that are not
    /// listed. One that is listed by a bare name stands for it in every region and account where no ARN is listed.
    ///
    /// # Errors
    ///
    /// Returns [`FunctionTaken`] if another function stands for the ARN already.
    pub fn with_function(
        mut self,
        arn: &FunctionArn,
        function: Lambda,
    ) -> Result<Self, FunctionTaken> {
        self.insert_function(arn, function)?;
        Ok(self)
    }

    /// Calls `function` where an API names `arn`, as [`with_function`](Self::with_function) does.
    ///
    /// # Errors
    ///
    /// Returns [`FunctionTaken`] if another function stands for the ARN already.
    pub fn insert_function(
        &mut self,
        arn: &FunctionArn,
        function: Lambda,
    ) -> Result<(), FunctionTaken> {
        match self.functions.insert(arn, function) {
            true => Ok(()),
            false => Err(FunctionTaken(arn.clone())),
        }
    }

    /// Returns the function that `arn` means.
    #[must_use]
    pub fn function(&self, arn: &FunctionArn) -> Option<&Lambda> {
        self.functions.find(arn)
    }

    /// Returns whether both mean the same functions by every ARN.
    #[must_use]
    pub fn has_functions_of(&self, other: &Self) -> bool {
        self.functions.is_same(&other.functions)
    }

    /// Returns whether both mean the same function by an ARN, or none.
    #[must_use]
    pub fn has_function_of(&self, other: &Self, arn: &FunctionArn) -> bool {
        self.functions.is_same_at(&other.functions, arn)
    }

    /// Forgets every service and function, and keeps the rest: the client, time and chance.
    #[must_use]
    pub fn emptied(mut self) -> Self {
        self.services.clear();
        self.functions = Functions::default();
        self
    }

    /// Forgets every service, and keeps the rest, functions included.
    #[must_use]
    pub fn without_services(mut self) -> Self {
        self.services.clear();
        self
    }

    /// Uses `client` for what is not in this process.
    #[must_use]
    pub fn with_client(mut self, client: Client) -> Self {
        self.client = client;
        self
    }

    /// Uses `clock` and `timer` for timeouts and ids.
    #[must_use]
    pub fn with_time(mut self, clock: impl Clock, timer: impl Timer) -> Self {
        self.clock = Arc::new(clock);
        self.timer = Arc::new(timer);
        self
    }

    /// Uses `random` for ids.
    #[must_use]
    pub fn with_random(mut self, random: impl Random) -> Self {
        self.random = Arc::new(random);
        self
    }

    /// Takes request bodies of up to `max_request_bytes` instead of 10 MiB.
    #[must_use]
    pub fn with_max_request_bytes(mut self, max_request_bytes: usize) -> Self {
        self.max_request_bytes = max_request_bytes;
        self
    }

    /// Returns the largest request body that is taken, in bytes.
    #[must_use]
    pub fn max_request_bytes(&self) -> usize {
        self.max_request_bytes
    }

    /// Returns the clock.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Returns the timer.
    #[must_use]
    pub fn timer(&self) -> &dyn Timer {
        &*self.timer
    }

    /// Returns clock and timer, to be shared.
    #[must_use]
    pub fn time(&self) -> (Arc<dyn Clock>, Arc<dyn Timer>) {
        (Arc::clone(&self.clock), Arc::clone(&self.timer))
    }

    /// Returns the source of chance.
    #[must_use]
    pub fn random(&self) -> &dyn Random {
        &*self.random
    }

    /// Sends a request and returns the head of the answer, within `timeout`.
    pub(crate) async fn send(
        &self,
        context: &Context,
        mut request: Request<Body>,
        timeout: Duration,
    ) -> Result<Response<Body>, Rejection> {
        let started = self.clock.now();
        let service = request
            .uri()
            .authority()
            .and_then(|authority| self.services.get(authority));
        let answer = async {
            match service {
                Some(service) => {
                    request.extensions_mut().insert(context.clone());
                    service.call(request, self.max_request_bytes).await
                }
                None => self
                    .client
                    .send(request)
                    .await
                    .map_err(|error| self.rejection(&error)),
            }
        };
        let answer = Deadline::new(answer, &*self.timer, started.saturating_add(timeout)).await;
        let mut response = answer.map_err(|Elapsed| timed_out())??;
        if response.status().is_informational() {
            return Err(network_failure("the backend switched protocols"));
        }
        context.note_integration(
            response.status().as_u16(),
            self.clock.now().saturating_since(started),
        );
        // A towergate app behind towergate is not restyled by accident.
        response.extensions_mut().clear();
        Ok(response)
    }

    fn rejection(&self, error: &ClientError) -> Rejection {
        match error {
            ClientError::RequestTooLarge => Rejection::too_large(self.max_request_bytes),
            ClientError::RequestBroken(_) => {
                Rejection::new(ResponseType::Default4xx, Step::Integration)
                    .with_detail(chain(error))
            }
            ClientError::Unreachable(_) => {
                Rejection::configuration(Step::Integration, chain(error))
            }
            _ => network_failure(chain(error)),
        }
    }
}

impl Default for Backends {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Backends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backends")
            .field("services", &self.services.keys())
            .field("functions", &self.functions)
            .field("max_request_bytes", &self.max_request_bytes)
            .finish_non_exhaustive()
    }
}

/// Why a service of this process cannot be put among the backends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The origin is not a scheme and a host.
    #[error("`{0}` is not an origin such as `http://pets.internal`")]
    InvalidOrigin(String),
    /// Another service answers for the host and port.
    #[error("another service answers for `{0}` already")]
    Taken(String),
}

/// Another function stands for the ARN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("another function stands for `{0}` already")]
pub struct FunctionTaken(FunctionArn);

pub(crate) fn timed_out() -> Rejection {
    Rejection::new(ResponseType::IntegrationTimeout, Step::Integration)
}

pub(crate) fn network_failure(detail: impl Into<String>) -> Rejection {
    Rejection::new(ResponseType::IntegrationFailure, Step::Integration).with_detail(detail)
}

/// An error with all its causes in one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
