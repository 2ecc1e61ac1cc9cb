use std::{convert::Infallible, ops::RangeInclusive, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use tower::{ServiceExt, service_fn};
use towergate_core::{
    ApiKeyInfo, BoxError, BoxFuture, ContextVariable, Identity, ResourceInfo, Style, Timestamp,
};
use towergate_testing::{FakeClock, assert_readiness};

use super::*;
use crate::{
    ApiKey, ApiKeyLayer, ApiKeySource, ApiStage, Charge, ChargedQuota, Day, DayUsage, Period,
    Quota, Rate, RefusedBy, SharedLimits, UsagePlan, WouldRefuse,
};

const VALUE: &str = "a-key-of-twenty-chars-or-more";
const FORBIDDEN: &str = r#"{"message":"Forbidden"}"#;
const TOO_MANY: &str = r#"{"message":"Too Many Requests"}"#;

fn plan() -> UsagePlan {
    UsagePlan::new("p1", "").api_stage(ApiStage::new("app", "default"))
}

fn filled(plans: &UsagePlans, plan: UsagePlan) -> UsagePlans {
    plans
        .rebuilt([ApiKey::new("k1", VALUE)], [plan.key("k1")])
        .unwrap()
}

fn layer(plan: UsagePlan) -> UsagePlanLayer {
    UsagePlanLayer::new(filled(&UsagePlans::new(), plan)).clock(clock())
}

fn clock() -> FakeClock {
    FakeClock::at(Timestamp::from_unix_millis(1_700_000_000_000))
}

fn request(key: Option<&str>) -> Request<&'static str> {
    let request = Request::get("/pets/7");
    let request = key
        .into_iter()
        .fold(request, |request, key| request.header("x-api-key", key));
    request.body("request body").unwrap()
}

/// Answers whose key it is, and why the request would have been refused.
async fn inner(request: Request<&'static str>) -> Result<Response<Full<Bytes>>, Infallible> {
    let would_refuse = request.extensions().get::<WouldRefuse>();
    let would_refuse = would_refuse.and_then(|WouldRefuse(rejection)| rejection.message());
    let context = Context::get(request.extensions());
    let variable = |name| {
        Some(
            context?
                .variable(&ContextVariable::parse(name))?
                .into_owned(),
        )
    };
    let id = variable("identity.apiKeyId").unwrap_or_default();
    assert_eq!(variable("identity.apiKey").is_some(), !id.is_empty());
    let answer = format!("{id} {}", would_refuse.unwrap_or_default());
    Ok(Response::new(answer.trim().to_owned().into()))
}

/// Sends requests to one service, and compares each answer with a status and a body.
async fn check<L>(name: &str, layer: L, steps: &[(Option<&str>, u16, &str)])
where
    L: Layer<
        tower::util::BoxCloneService<Request<&'static str>, Response<Full<Bytes>>, Infallible>,
    >,
    L::Service: Service<
            Request<&'static str>,
            Response = Response<ResponseBody<Full<Bytes>>>,
            Error = Infallible,
        >,
{
    let inner = tower::util::BoxCloneService::new(service_fn(inner));
    let mut app = layer.layer(inner);
    for (index, (key, status, body)) in steps.iter().enumerate() {
        let response = app
            .ready()
            .await
            .unwrap()
            .call(request(*key))
            .await
            .unwrap();
        assert_eq!(response.status(), *status, "{name}: {index}");
        let found = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(found, *body, "{name}: {index}");
    }
}

#[tokio::test]
async fn the_key_layer_lets_known_keys_in() {
    let plans = filled(&UsagePlans::new(), plan().throttle(Rate::per_second(0.0)));
    let layer = ApiKeyLayer::new(plans);
    let known = [
        (Some(VALUE), 200, "k1"),
        (None, 403, FORBIDDEN),
        (Some("other"), 403, FORBIDDEN),
    ];
    check("a key", layer.clone(), &known).await;
    let reported = [(Some(VALUE), 200, "k1"), (None, 200, "Forbidden")];
    check("report only", layer.clone().report_only(true), &reported).await;
    check("disabled", layer.clone().enabled(false), &[(None, 200, "")]).await;
    let stage = layer.clone().stage("app", "other");
    check(
        "a stage of no plan",
        stage,
        &[(Some(VALUE), 403, FORBIDDEN)],
    )
    .await;
    let header = layer.source(ApiKeySource::Header(http::header::AUTHORIZATION));
    check("another header", header, &[(Some(VALUE), 403, FORBIDDEN)]).await;
}

#[tokio::test]
async fn the_plan_layer_holds_keys_to_their_plan() {
    let rate = Rate::per_second(0.5).burst(2);
    let quota = Quota::new(1, Period::Day);
    let ok = (Some(VALUE), 200, "k1");
    let limit = (Some(VALUE), 429, r#"{"message":"Limit Exceeded"}"#);
    let many = (Some(VALUE), 429, TOO_MANY);
    let forbidden = (None, 403, FORBIDDEN);
    let reported = [
        ok,
        ok,
        (Some(VALUE), 200, "k1 Too Many Requests"),
        (None, 200, "Forbidden"),
    ];
    let throttled = layer(plan().throttle(rate));
    check(
        "rate",
        throttled.clone(),
        &[forbidden, ok, ok, many, forbidden],
    )
    .await;
    check("quota", layer(plan().quota(quota)), &[ok, limit, limit]).await;
    check(
        "both",
        layer(plan().throttle(rate).quota(quota)),
        &[ok, limit],
    )
    .await;
    check("no limits", layer(plan()), &[ok, ok, ok, forbidden]).await;
    let throttled = layer(plan().throttle(rate));
    check("report only", throttled.report_only(true), &reported).await;
    let disabled = layer(plan().throttle(rate)).enabled(false);
    check(
        "disabled",
        disabled,
        &[(Some(VALUE), 200, ""), (None, 200, "")],
    )
    .await;
}

#[tokio::test]
async fn limits_of_methods_are_found_by_resource_or_path() {
    let stage = |method: &str| {
        let stage = ApiStage::new("app", "default");
        let stage = stage.method_throttle(method, Rate::per_second(0.0));
        layer(UsagePlan::new("p1", "").api_stage(stage))
    };
    let ok = [(Some(VALUE), 200, "k1")];
    let many = [(Some(VALUE), 429, TOO_MANY)];
    check("path", stage("/pets/7/GET"), &many).await;
    check("another path", stage("/pets/GET"), &ok).await;
    check("another verb", stage("/pets/7/PUT"), &ok).await;
    let told = stage("/pets/{id}/GET").resource(|_| "/pets/{id}".to_owned());
    check("resource", told, &many).await;

    let app = stage("/pets/{id}/GET").layer(service_fn(inner));
    let mut routed = request(Some(VALUE));
    Context::of(&mut routed).note_route(towergate_core::Route {
        resource: Arc::new(ResourceInfo::new("/pets/{id}", ["id"])),
        params: Default::default(),
    });
    assert_eq!(app.oneshot(routed).await.unwrap().status(), 429, "routed");
}

#[tokio::test]
async fn api_and_stage_are_those_of_the_context() {
    let plan = UsagePlan::new("p1", "").api_stage(ApiStage::new("pets", "prod"));
    let layer = layer(plan);
    let of_context = |stage: &str| {
        let mut info = towergate_core::StageInfo::default();
        (info.api_id, info.stage) = ("pets".to_owned(), stage.to_owned());
        let mut request = request(Some(VALUE));
        Context::of(&mut request).note_stage(towergate_core::StagePath {
            info: Arc::new(info),
            path_start: 0,
            resource_start: 0,
        });
        request
    };
    for (stage, status) in [("prod", 200), ("test", 403)] {
        let app = layer.layer(service_fn(inner));
        let response = app.oneshot(of_context(stage)).await.unwrap();
        assert_eq!(response.status(), status, "{stage}");
    }
}

#[tokio::test]
async fn the_key_may_come_from_an_authorizer() {
    let layer = layer(plan()).source(ApiKeySource::Authorizer);
    let cases = [
        ("its key", Some(VALUE), None, 200),
        ("another", Some("other"), Some(VALUE), 403),
        ("none: the header is not looked at", None, Some(VALUE), 403),
    ];
    for (name, identifier, header, status) in cases {
        let mut request = request(header);
        let mut identity = Identity::default();
        identity.usage_identifier_key = identifier.map(str::to_owned);
        Context::of(&mut request).note_identity(identity);
        let response = layer
            .layer(service_fn(inner))
            .oneshot(request)
            .await
            .unwrap();
        assert_eq!(response.status(), status, "{name}");
    }
}

#[tokio::test]
async fn refusals_say_when_to_come_again_if_asked() {
    let slow = Rate::per_minute(0.7);
    let cases = [
        ("not asked", layer(plan().throttle(slow)), None),
        (
            "asked, rounded up",
            layer(plan().throttle(slow)).headers(true),
            Some("86"),
        ),
        (
            "there is no such time",
            layer(plan().throttle(Rate::per_second(0.0))).headers(true),
            None,
        ),
        (
            "the quota's period",
            layer(plan().quota(Quota::new(1, Period::Day))).headers(true),
            Some("6400"),
        ),
    ];
    for (name, layer, expected) in cases {
        let mut app = layer.layer(service_fn(inner));
        let _ = app.ready().await.unwrap().call(request(Some(VALUE))).await;
        let response = app.oneshot(request(Some(VALUE))).await.unwrap();
        assert_eq!(response.status(), 429, "{name}");
        let found = response
            .headers()
            .get("retry-after")
            .map(|value| value.to_str().unwrap());
        assert_eq!(found, expected, "{name}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_in_the_style_and_to_the_context() {
    let app = layer(plan()).style(Style::Http).layer(service_fn(inner));
    let mut request = request(None);
    let context = Context::of(&mut request);
    let response = app.oneshot(request).await.unwrap();
    assert!(!response.headers().contains_key("x-amzn-errortype"));
    let detail = context.rejection().and_then(Rejection::detail);
    assert_eq!(detail, Some("the request has no API key"));
    assert_eq!(context.api_key(), None::<&ApiKeyInfo>);
}

#[tokio::test]
async fn errors_of_the_inner_service_pass_untouched() {
    let failing = service_fn(async |_: Request<&'static str>| Err::<Response<()>, _>("inner"));
    let error = layer(plan())
        .layer(failing)
        .oneshot(request(Some(VALUE)))
        .await;
    assert_eq!(error.unwrap_err(), "inner");
    let error = ApiKeyLayer::new(UsagePlans::new())
        .report_only(true)
        .layer(failing);
    assert_eq!(error.oneshot(request(None)).await.unwrap_err(), "inner");
}

/// A store that knows at once or has to wait, and refuses the second request.
struct Store {
    waits: bool,
    granted: std::sync::atomic::AtomicBool,
}

impl Store {
    fn answer(&self, charge: &Charge<'_>) -> Result<(), Refusal> {
        let [throttle, ..] = &charge.throttles;
        assert!(
            throttle
                .as_ref()
                .is_some_and(|throttle| throttle.slot.is_some())
        );
        match self
            .granted
            .swap(true, std::sync::atomic::Ordering::Relaxed)
        {
            false => Ok(()),
            true => Err(Refusal {
                by: RefusedBy::Throttle(0),
                retry_after: Some(Duration::from_millis(1)),
            }),
        }
    }
}

impl SharedLimits for Store {
    fn decide_now(&self, charge: &Charge<'_>, _: Timestamp) -> Option<Result<(), Refusal>> {
        (!self.waits).then(|| self.answer(charge))
    }

    fn decide<'a>(
        &'a self,
        charge: &'a Charge<'a>,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async {
            tokio::task::yield_now().await;
            self.answer(charge)
        })
    }

    fn usage<'a>(
        &'a self,
        _: &'a ChargedQuota<'a>,
        _: RangeInclusive<Day>,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<DayUsage>, BoxError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn set_remaining<'a>(
        &'a self,
        _: &'a ChargedQuota<'a>,
        _: u64,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<(), BoxError>> {
        Box::pin(async { Ok(()) })
    }
}

fn with_store(waits: bool) -> UsagePlanLayer {
    let plans = UsagePlans::with_shared(Arc::new(Store {
        waits,
        granted: Default::default(),
    }));
    let plan = plan().throttle(Rate::per_second(100.0));
    UsagePlanLayer::new(filled(&plans, plan)).clock(clock())
}

#[tokio::test]
async fn a_shared_store_decides() {
    for waits in [false, true] {
        let many = (Some(VALUE), 429, TOO_MANY);
        let steps = [(None, 403, FORBIDDEN), (Some(VALUE), 200, "k1"), many];
        check(&format!("waits: {waits}"), with_store(waits), &steps).await;
        let steps = [
            (Some(VALUE), 200, "k1"),
            (Some(VALUE), 200, "k1 Too Many Requests"),
        ];
        let reporting = with_store(waits).report_only(true);
        check(&format!("report only, waits: {waits}"), reporting, &steps).await;
    }
}

#[tokio::test]
async fn readiness_is_that_of_the_inner_service() {
    let rate = Rate::per_second(0.001).burst(1);
    let layers = [
        layer(plan().throttle(rate)),
        layer(plan()).enabled(false),
        with_store(false),
        with_store(true),
    ];
    let requests = || vec![request(Some(VALUE)), request(None), request(Some(VALUE))];
    for layer in layers {
        let respond = |_: Request<&'static str>| Response::new(());
        assert_readiness(layer, respond, requests).await;
    }
    let keys = ApiKeyLayer::new(filled(&UsagePlans::new(), plan()));
    assert_readiness(keys, |_: Request<&'static str>| Response::new(()), requests).await;
}
