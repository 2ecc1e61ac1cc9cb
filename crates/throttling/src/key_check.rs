//! What the layers that ask for an API key have in common.

use std::{fmt, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, request};
use towergate_core::{Context, Rejection, Style};

use crate::{
    Subscription, UsagePlans, WouldRefuse,
    method_key::{MethodRef, StageRef, method_key},
};

/// The header in which clients send their API key.
pub const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Where the API key of a request comes from: `apiKeySource`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiKeySource {
    /// A header, in API Gateway [`API_KEY`].
    Header(HeaderName),
    /// What an authorizer in front answered: `usageIdentifierKey`. Headers are not looked at.
    Authorizer,
}

impl Default for ApiKeySource {
    fn default() -> Self {
        Self::Header(API_KEY)
    }
}

impl ApiKeySource {
    /// Returns the value of the API key of a request, if it has one.
    #[must_use]
    pub fn value<'a>(&self, context: &'a Context, headers: &'a HeaderMap) -> Option<&'a [u8]> {
        match self {
            Self::Header(name) => headers.get(name).map(HeaderValue::as_bytes),
            Self::Authorizer => {
                let key = context.identity()?.usage_identifier_key.as_ref();
                key.map(String::as_bytes)
            }
        }
    }
}

/// Finds the subscription of a request.
#[derive(Clone)]
pub(crate) struct KeyCheck {
    pub(crate) plans: UsagePlans,
    pub(crate) source: ApiKeySource,
    pub(crate) stage: Option<Arc<[Box<str>; 2]>>,
    pub(crate) resource: Option<Arc<Resource>>,
    pub(crate) style: Style,
    pub(crate) enabled: bool,
    pub(crate) report_only: bool,
}

pub(crate) type Resource = dyn Fn(&request::Parts) -> String + Send + Sync;

impl KeyCheck {
    pub(crate) fn new(plans: UsagePlans) -> Self {
        Self {
            plans,
            source: ApiKeySource::default(),
            stage: None,
            resource: None,
            style: Style::default(),
            enabled: true,
            report_only: false,
        }
    }

    /// Finds the subscription, and tells the context of the key.
    pub(crate) fn find(
        &self,
        context: &Context,
        parts: &request::Parts,
    ) -> Result<Subscription, Rejection> {
        let value = self.source.value(context, &parts.headers);
        let stage = match (&self.stage, context.stage()) {
            (Some(names), _) => {
                let [api, stage] = &**names;
                StageRef::new(api, stage)
            }
            (None, Some(stage)) => StageRef::new(&stage.api_id, &stage.stage),
            (None, None) => StageRef::new("app", "default"),
        };
        let mut method = String::new();
        let key = &mut method;
        let subscription = self.plans.find_at(value, stage, move || {
            *key = self.method(context, parts);
            Some(MethodRef::new(key))
        })?;
        context.note_api_key(Arc::clone(subscription.key()));
        Ok(subscription)
    }

    fn method(&self, context: &Context, parts: &request::Parts) -> String {
        let verb = parts.method.as_str();
        match (&self.resource, context.resource()) {
            (Some(resource), _) => method_key(&resource(parts), verb),
            (None, Some(resource)) => method_key(resource.path(), verb),
            (None, None) => method_key(parts.uri.path(), verb),
        }
    }

    /// Notes why the request is refused, or would be; only the first is returned.
    pub(crate) fn note(
        &self,
        context: &Context,
        parts: &mut request::Parts,
        rejection: Rejection,
    ) -> Option<Rejection> {
        if self.report_only {
            parts.extensions.insert(WouldRefuse(rejection));
            return None;
        }
        context.note_rejection(rejection.clone());
        Some(rejection)
    }
}

impl fmt::Debug for KeyCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyCheck")
            .field("plans", &self.plans)
            .field("source", &self.source)
            .field("stage", &self.stage)
            .field("style", &self.style)
            .field("enabled", &self.enabled)
            .field("report_only", &self.report_only)
            .finish_non_exhaustive()
    }
}

/// The setters of a layer with a [`KeyCheck`] in its field `check`.
macro_rules! key_check_setters {
    () => {
        /// Sets where the key comes from; the header `x-api-key` unless this says otherwise.
        pub fn source(mut self, source: crate::ApiKeySource) -> Self {
            self.check.source = source;
            self
        }

        /// Sets the API and the stage that plans must have.
        ///
        /// Otherwise they are those in the request's [`Context`](towergate_core::Context), or else API `app` and stage
        /// `default`.
        pub fn stage(mut self, api: impl Into<Box<str>>, stage: impl Into<Box<str>>) -> Self {
            self.check.stage = Some(std::sync::Arc::new([api.into(), stage.into()]));
            self
        }

        /// Makes the resource, such as `/pets/{id}`, from the head of a request, where a plan has limits of methods.
        ///
        /// Otherwise it is that in the request's [`Context`](towergate_core::Context), or else the path.
        pub fn resource(
            mut self,
            resource: impl Fn(&http::request::Parts) -> String + Send + Sync + 'static,
        ) -> Self {
            self.check.resource = Some(std::sync::Arc::new(resource));
            self
        }

        /// Answers in the words of another kind of API than REST APIs.
        pub fn style(mut self, style: towergate_core::Style) -> Self {
            self.check.style = style;
            self
        }

        /// Sets whether the layer does anything at all: if not, every request goes to the inner service as it is.
        pub fn enabled(mut self, enabled: bool) -> Self {
            self.check.enabled = enabled;
            self
        }

        /// Sets whether the layer only says what it would have refused, in [`WouldRefuse`](crate::WouldRefuse), and
        /// refuses nothing.
        pub fn report_only(mut self, report_only: bool) -> Self {
            self.check.report_only = report_only;
            self
        }
    };
}
pub(crate) use key_check_setters;
