//! Functions behind the Invoke API of Lambda.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use serde::Deserialize;
use towergate_client::Client;
use towergate_core::{
    Body, BodyError, BoxError, BoxFuture, Function, FunctionError, INVOCATION_TYPE, Invocation,
    InvocationType, TRACE_ID,
};
use towergate_expressions::QueryString;

use crate::{
    FunctionArn, Lambda,
    error_document::ErrorDocument,
    payload_limits::{MAX_RESULT_BYTES, check_payload},
};

const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");

/// How much of a refusal is read.
const MAX_REFUSAL_BYTES: usize = 16 * 1024;

/// How much of a refusal goes into its message.
const MAX_MESSAGE_CHARS: usize = 512;

impl Lambda {
    /// Calls functions over the Invoke API at `invoke_url`, such as `http://127.0.0.1:9001`: a local Lambda, or a
    /// service that speaks its protocol. Requests are not signed.
    ///
    /// Which function is called, and which version or alias of it, is in the ARN of each call. A URL whose path ends in
    /// `/invocations`, such as that of the runtime emulator, has one function and is called as it stands.
    ///
    /// Payloads have Lambda's limits: 6 MB both ways, 1 MiB for an asynchronous call. Nothing limits how long a call
    /// takes but its caller, who drops it.
    ///
    /// ```no_run
    /// use towergate_core::{Context, Function, Invocation};
    /// use towergate_client::Client;
    /// use towergate_functions::Lambda;
    ///
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let lambda = Lambda::invoke_api(Client::new(), "http://127.0.0.1:9001")?;
    ///
    /// let context = Context::of(&mut http::Request::new(()));
    /// let arn = "arn:aws:lambda:us-east-1:123456789012:function:greet:live";
    /// let result = lambda.invoke(Invocation::new(&context, arn, r#"{"name": "Kim"}"#)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`InvokeUrlError`] if `invoke_url` is not a URL that the client can call.
    pub fn invoke_api(client: Client, invoke_url: &str) -> Result<Self, InvokeUrlError> {
        let endpoint = Endpoint::parse(invoke_url)?;
        Ok(Self::new(InvokeApi { client, endpoint }))
    }
}

/// Why functions cannot be called at a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeUrlError {
    /// It is not a URL with a scheme, a host and maybe a path.
    #[error("`{0}` is not a URL such as `http://127.0.0.1:9001`")]
    Invalid(String),
    /// The client does not speak the protocol: https needs the feature `rustls`.
    #[error("`{0}` cannot be called: use `http`, or `https` with the feature `rustls`")]
    UnsupportedScheme(String),
}

#[derive(Debug)]
struct InvokeApi {
    client: Client,
    endpoint: Endpoint,
}

/// Where functions are called.
#[derive(Debug, PartialEq, Eq)]
enum Endpoint {
    /// Every call goes here.
    Fixed(Uri),
    /// What stands before `/2015-03-31`.
    Base(String),
}

impl Endpoint {
    fn parse(url: &str) -> Result<Self, InvokeUrlError> {
        // What stands before an `@` is a secret.
        // Neither credentials nor a query, which may hold a key, belong in a message.
        let host = || url.rsplit('@').next().unwrap_or_default();
        let shown = || match host().split_once('?') {
            Some((before, _)) => format!("{before}?…"),
            None => host().to_owned(),
        };
        let invalid = || InvokeUrlError::Invalid(shown());
        let uri: Uri = url.parse().map_err(|_| invalid())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(invalid());
        };
        // The fragment is gone from the parsed URL.
        if uri.query().is_some() || authority.as_str().contains('@') || url.contains('#') {
            return Err(invalid());
        }
        if !Client::serves_scheme(scheme) {
            return Err(InvokeUrlError::UnsupportedScheme(shown()));
        }
        let path = uri.path().trim_end_matches('/');
        Ok(if path.ends_with("/invocations") {
            Self::Fixed(uri)
        } else {
            Self::Base(format!("{scheme}://{authority}{path}"))
        })
    }

    /// Returns the URL of a function.
    fn uri(&self, arn: &str) -> Result<Uri, BoxError> {
        let base = match self {
            Self::Fixed(uri) => return Ok(uri.clone()),
            Self::Base(base) => base,
        };
        let function = FunctionArn::parse(arn)?;
        let name = function.name();
        let mut uri = format!("{base}/2015-03-31/functions/{name}/invocations");
        if let Some(qualifier) = function.qualifier() {
            let mut query = String::new();
            QueryString::append("Qualifier", qualifier, &mut query);
            uri.push('?');
            uri.push_str(&query);
        }
        Ok(uri.parse()?)
    }
}

impl Function for InvokeApi {
    fn invoke<'a>(
        &'a self,
        invocation: Invocation<'a>,
    ) -> BoxFuture<'a, Result<Bytes, FunctionError>> {
        Box::pin(async move {
            check_payload(&invocation)?;
            let is_event = invocation.invocation_type == InvocationType::Event;
            let response = self.client.send(self.request(invocation)?).await;
            let response = response.map_err(|error| FunctionError::Unreachable(error.into()))?;
            match response.status() {
                // The result of an emulator that knows no events is dropped.
                status if is_event && status.is_success() => Ok(Bytes::new()),
                StatusCode::OK => result_of(response).await,
                status => Err(FunctionError::Refused {
                    status,
                    message: message_of(response.into_body()).await,
                }),
            }
        })
    }
}

impl InvokeApi {
    fn request(&self, invocation: Invocation<'_>) -> Result<Request<Body>, FunctionError> {
        let uri = self.endpoint.uri(invocation.arn);
        let mut request = Request::new(Body::from(invocation.payload));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri.map_err(FunctionError::Unreachable)?;
        let headers = request.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert(
            INVOCATION_TYPE,
            HeaderValue::from_static(invocation.invocation_type.as_str()),
        );
        let trace = invocation.context.known_trace();
        if let Some(Ok(trace)) = trace.map(HeaderValue::from_str) {
            headers.insert(TRACE_ID, trace);
        }
        Ok(request)
    }
}

async fn result_of(response: Response<Body>) -> Result<Bytes, FunctionError> {
    let has_failed = response.headers().contains_key(FUNCTION_ERROR);
    match response.into_body().collect(MAX_RESULT_BYTES).await {
        Ok(payload) if has_failed => Err(FunctionError::Failed(payload)),
        Ok(payload) => Ok(payload),
        Err(BodyError::TooLarge) => Err(ErrorDocument::of_large_result().into()),
        Err(error) => Err(FunctionError::Unreachable(error.into())),
    }
}

/// What a refusal says: its `Message`, or the beginning of whatever it is.
async fn message_of(body: Body) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        #[serde(alias = "Message")]
        message: String,
    }
    let Ok(body) = body.collect(MAX_REFUSAL_BYTES).await else {
        return String::new();
    };
    let text = match serde_json::from_slice(&body) {
        Ok(Refusal { message }) => message,
        Err(_) => String::from_utf8_lossy(&body).into_owned(),
    };
    text.chars().take(MAX_MESSAGE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_has_a_url_of_its_own() {
        const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:pets";
        let cases = [
            (
                "http://a.example",
                "",
                "http://a.example/2015-03-31/functions/pets/invocations",
            ),
            (
                "http://a.example:9001/",
                "",
                "http://a.example:9001/2015-03-31/functions/pets/invocations",
            ),
            (
                "HTTP://[::1]:9001",
                "",
                "http://[::1]:9001/2015-03-31/functions/pets/invocations",
            ),
            (
                "http://a.example/lambda/",
                "",
                "http://a.example/lambda/2015-03-31/functions/pets/invocations",
            ),
            (
                "http://a.example",
                ":live",
                "http://a.example/2015-03-31/functions/pets/invocations?Qualifier=live",
            ),
            (
                "http://a.example",
                ":$LATEST",
                "http://a.example/2015-03-31/functions/pets/invocations?Qualifier=%24LATEST",
            ),
            (
                "http://a.example:8080/2015-03-31/functions/function/invocations",
                ":live",
                "http://a.example:8080/2015-03-31/functions/function/invocations",
            ),
        ];
        for (url, qualifier, expected) in cases {
            let endpoint = Endpoint::parse(url).unwrap();
            let uri = endpoint.uri(&format!("{ARN}{qualifier}")).unwrap();
            assert_eq!(uri.to_string(), expected, "{url} {qualifier}");
        }
    }

    #[test]
    fn a_url_has_a_scheme_and_a_host_and_nothing_behind_its_path() {
        let cases = [
            ("", ""),
            ("127.0.0.1:9001", "127.0.0.1:9001"),
            ("/invocations", "/invocations"),
            ("http://", "http://"),
            ("http://a.example?key=secret", "http://a.example?…"),
            ("http://a.example#x", "http://a.example#x"),
            ("http://user:secret@a.example", "a.example"),
        ];
        for (url, shown) in cases {
            let expected = InvokeUrlError::Invalid(shown.to_owned());
            assert_eq!(Endpoint::parse(url), Err(expected), "{url}");
        }
        let url = "ftp://a.example";
        let expected = InvokeUrlError::UnsupportedScheme(url.to_owned());
        assert_eq!(Endpoint::parse(url), Err(expected));
    }
}
