//! Lambda authorizers: what their functions get, what they answer, what is kept of it, and what clients are told.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use http::{HeaderName, Request};
use serde_json::{Value, json};
use towergate_authorizers::{
    AnswerStore, Authorize, AuthorizeRequest, Authorized, Cached, CachedError, Decision,
    IdentitySource, Inquire, LambdaAnswer, LambdaAuthorizer, LambdaAuthorizerBuilder, LambdaFormat,
    Refusal, Style, resource_policy::Wording,
};
use towergate_core::{
    Context, OriginalHeaderNames, PeerAddress, ResourceInfo, Route, StageInfo, StagePath,
};
use towergate_expressions::SelectionPattern;
use towergate_testing::FakeClock;

use crate::{Case, lines, stub_function::StubFunction};

pub(crate) fn responses(folder: &Path) -> Vec<Case> {
    Case::rows(
        lines(&folder.join("lambda-authorizer/responses.jsonl")),
        response,
    )
}

pub(crate) fn identity_sources(folder: &Path) -> Vec<Case> {
    let rows = lines(&folder.join("lambda-authorizer/identity-sources.jsonl"));
    Case::rows(rows, identity_source)
}

pub(crate) fn cache(folder: &Path) -> Vec<Case> {
    Case::rows(
        lines(&folder.join("lambda-authorizer/cache.jsonl")),
        cache_steps,
    )
}

pub(crate) fn events(folder: &Path) -> Vec<Case> {
    Case::rows(lines(&folder.join("lambda-authorizer/events.jsonl")), event)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn texts(value: &Value) -> Vec<&str> {
    list(value).iter().map(text).collect()
}

fn format(row: &Value) -> LambdaFormat {
    let simple = row["simple_responses"] == true || row["simple"] == true;
    match (text(&row["api_type"]), text(&row["payload_version"])) {
        ("WEBSOCKET", _) => LambdaFormat::WebSocket,
        ("HTTP", "1.0") => LambdaFormat::HttpApi1,
        ("HTTP", _) if simple => LambdaFormat::HttpApi2Simple,
        ("HTTP", _) => LambdaFormat::HttpApi2,
        _ if row["authorizer_type"] == "TOKEN" => LambdaFormat::Token,
        _ => LambdaFormat::Request,
    }
}

fn style(row: &Value) -> Style {
    if row["api_type"] == "HTTP" {
        Style::Http
    } else {
        Style::Rest
    }
}

fn builder(row: &Value, function: &Arc<StubFunction>) -> LambdaAuthorizerBuilder {
    LambdaAuthorizer::builder(
        format(row),
        Arc::clone(function) as _,
        "arn:aws:lambda:::function:f",
    )
}

fn build(builder: LambdaAuthorizerBuilder, clock: &FakeClock) -> LambdaAuthorizer {
    builder.build(clock.clone(), clock.clone()).unwrap()
}

/// Polls until it is done, which is soon: nothing here waits for anything.
fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

/// A request with the spelling of its headers known.
fn request(row: &Value) -> Request<()> {
    let path = row["path"].as_str().unwrap_or("/");
    let query = text(&row["query"]);
    let target = if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    };
    let mut request = Request::get(&target).body(()).unwrap();
    let mut raw = format!("GET {target} HTTP/1.1\r\n");
    for header in list(&row["headers"]) {
        let (name, value) = (text(&header[0]), text(&header[1]));
        raw.push_str(&format!("{name}: {value}\r\n"));
        let name: HeaderName = name.parse().unwrap();
        request.headers_mut().append(name, value.parse().unwrap());
    }
    raw.push_str("\r\n");
    if let Some((names, _)) = OriginalHeaderNames::read(raw.as_bytes(), &request) {
        request.extensions_mut().insert(names);
    }
    if let Some(address) = row["source_ip"].as_str() {
        let address = (address.parse::<std::net::IpAddr>().unwrap(), 1).into();
        request.extensions_mut().insert(PeerAddress(address));
    }
    request
}

/// Tells a context its stage, which stands first in the path if `in_path`.
fn note_stage(context: &Context, api: &str, stage: &str, variables: &Value, in_path: bool) {
    let mut info = StageInfo::default();
    info.account_id = "123456789012".to_owned();
    info.region = "us-east-1".to_owned();
    info.api_id = api.to_owned();
    info.stage = stage.to_owned();
    let variables: BTreeMap<String, String> =
        serde_json::from_value(variables.clone()).unwrap_or_default();
    info.variables = variables.into_iter().collect();
    context.note_stage(StagePath {
        info: Arc::new(info),
        path_start: 0,
        resource_start: if in_path { stage.len() + 1 } else { 0 },
    });
}

fn refused(expected: &Value, refusal: Refusal, style: Style) -> Result<(), String> {
    let gateway_response = refusal.rejection().response_type().name();
    let response = refusal.into_response::<Vec<u8>>(style);
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    let error_type = response.headers().get("x-amzn-errortype");
    let found = json!({
        "outcome": "rejected",
        "status": response.status().as_u16(),
        "error_type": error_type.map(|value| value.to_str().unwrap()),
        "gateway_response": gateway_response,
        "body": body,
        "body_message": body.get("message").or(body.get("Message")),
    });
    for (name, value) in expected.as_object().unwrap() {
        if name != "body_older_wording" && found[name] != *value {
            return Err(format!("{name} is {}, expected {value}", found[name]));
        }
    }
    Ok(())
}

fn response(row: &Value) -> Result<(), String> {
    let function = StubFunction::new(row["function"].clone());
    let expected = &row["expect"];
    let mut request = request(&json!({"source_ip": row["context"]["aws:SourceIp"]}));
    let context = Context::of(&mut request);
    let arn = || text(&row["request_arn"]).to_owned();
    let request = AuthorizeRequest::new(&context, request.headers()).with_resource(&arn);
    let decide = |wording| {
        let clock = FakeClock::default();
        let mut builder = builder(row, &function).wording(wording);
        if row["function"].get("timeout").is_some() {
            builder = builder.timeout(Duration::ZERO);
        }
        run(build(builder, &clock).authorize(&request))
    };
    match (decide(Wording::Current), text(&expected["outcome"])) {
        (Ok(authorized), "allowed") => allowed(row, &authorized),
        (Err(refusal), "rejected") => {
            refused(expected, refusal, style(row))?;
            let mut older = expected.clone();
            match expected.get("body_older_wording") {
                Some(body) => older["body"] = body.clone(),
                None => return Ok(()),
            }
            let refusal = decide(Wording::Older).unwrap_err();
            refused(&older, refusal, style(row))
        }
        (decision, outcome) => Err(format!("{decision:?}, expected {outcome}")),
    }
}

fn allowed(row: &Value, authorized: &Authorized) -> Result<(), String> {
    let expected = &row["expect"];
    if row["api_key_source"] == "AUTHORIZER" {
        let key = json!(authorized.usage_identifier_key());
        if key != expected["api_key"] {
            return Err(format!("API key {key}"));
        }
    }
    let identity = authorized.to_identity();
    let found: Value = if matches!(
        format(row),
        LambdaFormat::HttpApi2 | LambdaFormat::HttpApi2Simple
    ) {
        json!(authorized.typed_context().cloned().unwrap_or_default())
    } else {
        let principal = identity
            .principal_id
            .map(|id| ("principalId".to_owned(), id));
        let entries = identity.authorizer.into_iter().chain(principal);
        json!(entries.collect::<BTreeMap<_, _>>())
    };
    match expected.get("authorizer") {
        Some(expected) if *expected != found => Err(format!("{found}, expected {expected}")),
        _ => Ok(()),
    }
}

fn identity_source(row: &Value) -> Result<(), String> {
    let function = StubFunction::new(
        json!({"return": {"principalId": "u", "isAuthorized": true, "policyDocument": {
        "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}}}),
    );
    let configure = || -> Result<Cached<LambdaAuthorizer>, String> {
        let mut builder = builder(row, &function);
        for source in texts(&row["identity_sources"]) {
            let source: IdentitySource = source.parse().map_err(|error| format!("{error}"))?;
            builder = builder.source(source);
        }
        if let Some(pattern) = row["identity_validation_expression"].as_str() {
            let pattern = SelectionPattern::parse(pattern).map_err(|error| format!("{error}"))?;
            builder = builder.validation_expression(pattern);
        }
        let clock = FakeClock::default();
        let authorizer = builder
            .build(clock.clone(), clock)
            .map_err(|error| error.to_string())?;
        let ttl = Duration::from_secs(row["ttl"].as_u64().unwrap());
        Cached::new(authorizer, ttl).map_err(|error| error.to_string())
    };
    let expected = &row["expect"];
    let authorizer = match (configure(), text(&expected["outcome"])) {
        (Err(_), "config_rejected") => return Ok(()),
        (Ok(authorizer), "invoked" | "rejected") => authorizer,
        (Err(error), _) => return Err(error),
        (Ok(_), _) => return Err("the configuration is taken".to_owned()),
    };
    let mut request = request(&row["request"]);
    let context = Context::of(&mut request);
    note_stage(
        &context,
        "a",
        "s",
        &row["request"]["stage_variables"],
        false,
    );
    let request = AuthorizeRequest::new(&context, request.headers());
    match run(authorizer.authorize(&request)) {
        _ if expected["outcome"] == "invoked" => {
            let event = function.last_event();
            let token = expected.get("authorization_token");
            if token.is_some_and(|token| event["authorizationToken"] != *token) {
                return Err(format!("the event is {event}"));
            }
            let identity = build_identity(row, &function, &request);
            match expected.get("identity") {
                Some(expected) if *expected != identity => Err(format!("identity {identity}")),
                _ if function.calls() != 1 => Err(format!("{} calls", function.calls())),
                _ => Ok(()),
            }
        }
        Err(_) if function.calls() > 0 => Err("the function was called".to_owned()),
        Err(refusal) => refused(expected, refusal, style(row)),
        Ok(_) => Err("it is let in".to_owned()),
    }
}

fn build_identity(
    row: &Value,
    function: &Arc<StubFunction>,
    request: &AuthorizeRequest<'_>,
) -> Value {
    let mut builder = builder(row, function);
    for source in texts(&row["identity_sources"]) {
        builder = builder.source(source.parse().unwrap());
    }
    let authorizer = build(builder, &FakeClock::default());
    json!(authorizer.prepare(request).unwrap())
}

fn cache_steps(row: &Value) -> Result<(), String> {
    let config = &row["config"];
    let ttl = Duration::from_secs(config["ttl"].as_u64().unwrap());
    let function = StubFunction::new(json!({"return": null}));
    let clock = FakeClock::default();
    let store = Arc::new(AnswerStore::default());
    let width = list(&row["steps"])
        .iter()
        .map(|step| list(&step["identity"]).len())
        .max();
    let cached = |id: &str| -> Result<Cached<LambdaAuthorizer>, CachedError> {
        let mut builder = builder(config, &function);
        for index in 0..width.unwrap_or(1) {
            builder = builder.source(format!("$request.header.x-{index}").parse().unwrap());
        }
        let cached = Cached::new(build(builder, &clock), ttl)?;
        let store: Arc<AnswerStore<LambdaAnswer>> = Arc::clone(&store);
        Ok(cached.with_store(id, store).with_clock(clock.clone()))
    };
    if cached("").is_err() {
        let is_expected = ttl > Duration::from_secs(3_600);
        return is_expected.then_some(()).ok_or("refused".to_owned());
    }
    let mut now = 0;
    for step in list(&row["steps"]) {
        let t = step["t"].as_u64().unwrap();
        clock.advance(Duration::from_secs(t - now));
        now = t;
        let result = &step["function_result"];
        function.behave(match result.get("throw") {
            Some(_) => result.clone(),
            None => json!({ "return": result }),
        });
        let calls = function.calls();
        let id = step["authorizer_id"]
            .as_str()
            .unwrap_or(text(&config["authorizer_id"]));
        let decision = take_step(config, step, &cached(id).unwrap());
        let found = json!({
            "invoked": function.calls() > calls,
            "outcome": outcome(&decision, style(config)),
        });
        for name in ["invoked", "outcome"] {
            if found[name] != step[name] {
                return Err(format!(
                    "t={t}: {name} is {}, expected {}",
                    found[name], step[name]
                ));
            }
        }
        for (key, value) in step["authorizer"].as_object().into_iter().flatten() {
            let entry = decision
                .as_ref()
                .ok()
                .and_then(|authorized| authorized.entry(key));
            if entry != value.as_str() {
                return Err(format!("t={t}: {key} is {entry:?}"));
            }
        }
    }
    Ok(())
}

fn take_step(config: &Value, step: &Value, authorizer: &Cached<LambdaAuthorizer>) -> Decision {
    let headers = list(&step["identity"]).iter().enumerate();
    let headers: Vec<_> = headers
        .map(|(index, value)| json!([format!("x-{index}"), value]))
        .collect();
    let mut request = request(&json!({"headers": headers, "source_ip": step["source_ip"]}));
    let context = Context::of(&mut request);
    let stage = step["stage"].as_str().unwrap_or(text(&config["stage"]));
    note_stage(
        &context,
        text(&config["api_id"]),
        stage,
        &Value::Null,
        false,
    );
    let arn = || text(&step["arn"]).to_owned();
    let request = AuthorizeRequest::new(&context, request.headers()).with_resource(&arn);
    match authorizer.authorize_now(&request) {
        Some(decision) => decision,
        None => run(authorizer.authorize(&request)),
    }
}

fn outcome(decision: &Decision, style: Style) -> &'static str {
    let Err(refusal) = decision else {
        return "allowed";
    };
    let message = refusal.rejection().message().unwrap_or_default();
    match refusal.rejection().status().as_u16() {
        403 if style == Style::Http => "forbidden",
        403 if message.contains("explicit deny") => "explicit_deny",
        403 => "implicit_deny",
        401 => "unauthorized",
        _ => "config_error",
    }
}

fn event(row: &Value) -> Result<(), String> {
    let config = &row["config"];
    let function = StubFunction::new(json!({"throw": "enough is seen"}));
    let mut builder = builder(config, &function);
    for source in texts(&config["identity_sources"]) {
        builder = builder.source(source.parse().unwrap());
    }
    let stage = text(&config["stage"]);
    let path = text(&row["request"]["path"]);
    let mut described = row["request"].clone();
    described["path"] = json!(format!("/{stage}{path}"));
    let mut request = request(&described);
    let context = Context::new(
        request_head(&mut request),
        towergate_core::TrustedHops::default(),
        towergate_core::Timestamp::default(),
        &towergate_core::SystemRandom,
    );
    note_stage(
        &context,
        text(&config["api_id"]),
        stage,
        &config["stage_variables"],
        true,
    );
    let mut expected = row["expect_subset"].clone();
    if let Some(path) = config["resource"].as_str() {
        let resource = Arc::new(ResourceInfo::new(path, [""; 0]));
        // Ids of resources are made here, and cannot be had on demand.
        if let Some(id) = expected.pointer_mut("/requestContext/resourceId") {
            *id = json!(resource.id());
        }
        context.note_route(Route {
            resource,
            params: towergate_core::Params::default(),
        });
    }
    let arn = || text(&expected["methodArn"]).to_owned();
    let asked = AuthorizeRequest::new(&context, request.headers());
    let asked = match config["route_key"].as_str() {
        Some("$connect") => asked.with_route_key("$connect").with_resource(&arn),
        Some(key) => asked.with_route_key(key),
        None => asked,
    };
    let _ = run(build(builder, &FakeClock::default()).authorize(&asked));
    let event = function.last_event();
    let absent = texts(&row["expect_absent"]);
    if let Some(name) = absent.iter().find(|name| event.get(**name).is_some()) {
        return Err(format!("there is `{name}` in {event}"));
    }
    includes(&event, &expected)
}

fn request_head(request: &mut Request<()>) -> http::request::Parts {
    let extensions = std::mem::take(request.extensions_mut());
    let mut head = request.clone().into_parts().0;
    head.extensions = extensions;
    head
}

/// Whether everything that is expected is in what is found.
fn includes(found: &Value, expected: &Value) -> Result<(), String> {
    match expected {
        Value::Object(members) => members.iter().try_for_each(|(name, value)| {
            includes(&found[name], value).map_err(|error| format!("{name}.{error}"))
        }),
        _ if found == expected => Ok(()),
        _ => Err(format!(" is {found}, expected {expected}")),
    }
}
