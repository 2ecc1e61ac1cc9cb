//! What a function is asked.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::{Map, Value, json};
use towergate_core::{Context, ContextVariable, Identity};

use super::LambdaFormat;
use crate::AuthorizeRequest;

/// Writes the event of a request in which these identities were found.
pub(super) fn of(
    format: LambdaFormat,
    request: &AuthorizeRequest<'_>,
    identity: &[Cow<'_, str>],
) -> Bytes {
    let event = match format {
        LambdaFormat::Token => json!({
            "type": "TOKEN",
            "authorizationToken": identity.first(),
            "methodArn": request.resource(),
        }),
        LambdaFormat::Request => rest(request),
        LambdaFormat::HttpApi1 => {
            let mut event = rest(request);
            let joined = identity.join(",");
            event["version"] = json!("1.0");
            event["identitySource"] = json!(joined);
            event["authorizationToken"] = json!(joined);
            event
        }
        LambdaFormat::HttpApi2 | LambdaFormat::HttpApi2Simple => http_api(request, identity),
        LambdaFormat::WebSocket => connect(request),
    };
    event.to_string().into()
}

fn rest(request: &AuthorizeRequest<'_>) -> Value {
    let context = request.context();
    let resource = context.resource();
    let (headers, all_headers) = headers(request);
    let (query, all_query) = query(request);
    json!({
        "type": "REQUEST",
        "methodArn": request.resource(),
        "resource": resource.map_or("", |resource| resource.path()),
        "path": context.event_path(),
        "httpMethod": context.method().as_str(),
        "headers": headers,
        "multiValueHeaders": all_headers,
        "queryStringParameters": query,
        "multiValueQueryStringParameters": all_query,
        "pathParameters": path_parameters(context),
        "stageVariables": stage_variables(context),
        "requestContext": {
            "resourceId": resource.map_or("", |resource| resource.id()),
            "resourcePath": resource.map_or("", |resource| resource.path()),
            "httpMethod": context.method().as_str(),
            "extendedRequestId": context.extended_request_id().as_str(),
            "requestTime": context.received_at().request_time().to_string(),
            "path": context.path(),
            "accountId": variable(context, "accountId"),
            // HTTP/2 is told as HTTP/1.1 too.
            "protocol": "HTTP/1.1",
            "stage": variable(context, "stage"),
            "domainPrefix": variable(context, "domainPrefix"),
            "requestTimeEpoch": context.received_at().as_unix_millis(),
            "requestId": context.request_id().as_str(),
            "identity": caller(context),
            "domainName": variable(context, "domainName"),
            "apiId": variable(context, "apiId"),
        },
    })
}

fn connect(request: &AuthorizeRequest<'_>) -> Value {
    let context = request.context();
    let (headers, all_headers) = headers(request);
    let (query, all_query) = query(request);
    json!({
        "type": "REQUEST",
        "methodArn": request.resource(),
        "headers": headers,
        "multiValueHeaders": all_headers,
        "queryStringParameters": query,
        "multiValueQueryStringParameters": all_query,
        "stageVariables": stage_variables(context),
        "requestContext": {
            "routeKey": "$connect",
            "eventType": "CONNECT",
            "messageDirection": "IN",
            "extendedRequestId": context.extended_request_id().as_str(),
            "requestTime": context.received_at().request_time().to_string(),
            "stage": variable(context, "stage"),
            "connectedAt": context.received_at().as_unix_millis(),
            "requestTimeEpoch": context.received_at().as_unix_millis(),
            "identity": caller(context),
            "requestId": context.request_id().as_str(),
            "domainName": variable(context, "domainName"),
            "connectionId": request.connection_id(),
            "apiId": variable(context, "apiId"),
        },
    })
}

fn http_api(request: &AuthorizeRequest<'_>, identity: &[Cow<'_, str>]) -> Value {
    let context = request.context();
    let route_key = request.route_key();
    let source_ip = context.source_ip().map(|address| address.to_string());
    let mut event = json!({
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": request.resource(),
        "identitySource": identity,
        "routeKey": route_key,
        "rawPath": context.resource_path(),
        "rawQueryString": context.uri().query().unwrap_or_default(),
        "headers": joined_headers(request.headers()),
        "requestContext": {
            "accountId": variable(context, "accountId"),
            "apiId": variable(context, "apiId"),
            "domainName": variable(context, "domainName"),
            "domainPrefix": variable(context, "domainPrefix"),
            "http": {
                "method": context.method().as_str(),
                "path": context.resource_path(),
                "protocol": "HTTP/1.1",
                "sourceIp": source_ip,
                "userAgent": context.user_agent().unwrap_or_default(),
            },
            "requestId": context.request_id().as_str(),
            "routeKey": route_key,
            "stage": variable(context, "stage"),
            "time": context.received_at().request_time().to_string(),
            "timeEpoch": context.received_at().as_unix_millis(),
        },
    });
    let optional = [
        ("cookies", json!(cookies(request.headers()))),
        ("queryStringParameters", joined_query(request)),
        ("pathParameters", path_parameters(context)),
        ("stageVariables", stage_variables(context)),
    ];
    for (name, value) in optional {
        if value != json!([]) && value != json!({}) {
            event[name] = value;
        }
    }
    event
}

fn variable(context: &Context, name: &str) -> String {
    let value = context.variable(&ContextVariable::parse(name));
    value.unwrap_or_default().into_owned()
}

/// What is known of the caller before anybody was asked: where it calls from.
fn caller(context: &Context) -> Value {
    let nobody = Identity::default();
    let identity = context.identity().unwrap_or(&nobody);
    let source_ip = context.source_ip().map(|address| address.to_string());
    let mut caller = json!({
        "accessKey": identity.access_key,
        "accountId": identity.account_id,
        "caller": identity.caller,
        "cognitoAuthenticationProvider": identity.cognito_authentication_provider,
        "cognitoAuthenticationType": identity.cognito_authentication_type,
        "cognitoIdentityId": identity.cognito_identity_id,
        "cognitoIdentityPoolId": identity.cognito_identity_pool_id,
        "principalOrgId": identity.principal_org_id,
        "sourceIp": source_ip,
        "user": identity.user,
        "userAgent": context.user_agent(),
        "userArn": identity.user_arn,
    });
    if let Some(key) = context.api_key() {
        caller["apiKey"] = json!(key.value);
        caller["apiKeyId"] = json!(key.id);
    }
    caller
}

fn path_parameters(context: &Context) -> Value {
    let parameters = context.path_parameters();
    parameters
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect()
}

fn stage_variables(context: &Context) -> Value {
    let variables = context
        .stage()
        .into_iter()
        .flat_map(|stage| &stage.variables);
    variables
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect()
}

fn text(value: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

/// Headers of one hop, which are none of the function's business.
fn is_of_hop(name: &HeaderName) -> bool {
    [
        header::CONNECTION,
        header::PROXY_AUTHORIZATION,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ]
    .contains(name)
}

/// Of each header the last value, and all values, under the name that the client spelled.
fn headers(request: &AuthorizeRequest<'_>) -> (Map<String, Value>, Map<String, Value>) {
    let (mut last, mut all) = (Map::new(), Map::new());
    for name in request.headers().keys().filter(|name| !is_of_hop(name)) {
        let spelling = request.context().header_spelling(name);
        let values: Vec<_> = request.headers().get_all(name).iter().map(text).collect();
        last.insert(spelling.to_string(), json!(values.last()));
        all.insert(spelling.into_owned(), json!(values));
    }
    (last, all)
}

/// Of each parameter the last value, and all values.
fn query(request: &AuthorizeRequest<'_>) -> (Map<String, Value>, Map<String, Value>) {
    let (mut last, mut all) = (Map::new(), Map::new());
    for (name, value) in request.query().iter() {
        last.insert(name.to_owned(), json!(value));
        match all.get_mut(name) {
            Some(Value::Array(values)) => values.push(json!(value)),
            _ => drop(all.insert(name.to_owned(), json!([value]))),
        }
    }
    (last, all)
}

/// Of each header its values with commas in between, in lower case; cookies are told apart.
fn joined_headers(headers: &HeaderMap) -> Map<String, Value> {
    let names = headers.keys();
    let names = names.filter(|name| !is_of_hop(name) && **name != header::COOKIE);
    names
        .map(|name| {
            let values: Vec<_> = headers.get_all(name).iter().map(text).collect();
            (name.to_string(), json!(values.join(",")))
        })
        .collect()
}

fn joined_query(request: &AuthorizeRequest<'_>) -> Value {
    let (_, all) = query(request);
    let joined = |value: Value| match value {
        Value::Array(values) => {
            let values: Vec<_> = values.iter().filter_map(Value::as_str).collect();
            json!(values.join(","))
        }
        other => other,
    };
    all.into_iter()
        .map(|(name, value)| (name, joined(value)))
        .collect()
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::COOKIE).iter().map(text);
    lines
        .flat_map(|line| {
            let cookies = line
                .split(';')
                .map(str::trim)
                .filter(|cookie| !cookie.is_empty());
            cookies.map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}
