//! API keys, usage plans, and how fast they and the account may call.

use towergate_definition::{Diagnostic, Place};
use towergate_openapi::document::Node;
use towergate_throttling::{
    ApiKey, ApiStage, OutagePolicy, Period, Quota, Rate, UsagePlan, Weekday, throttle_rate,
};

use super::{
    fields::{Fields, text},
    secrets::Secrets,
};

pub(super) const THROTTLE_KEYS: &[&str] = &["burstLimit", "rateLimit"];
pub(super) const API_KEY_KEYS: &[&str] = &["description", "enabled", "id", "name", "value"];
pub(super) const USAGE_PLAN_KEYS: &[&str] = &[
    "apiStages",
    "description",
    "id",
    "keys",
    "name",
    "onOutage",
    "quota",
    "throttle",
];
pub(super) const API_STAGE_KEYS: &[&str] = &["apiId", "stage", "throttle"];
pub(super) const QUOTA_KEYS: &[&str] = &["limit", "offset", "period", "weekStart"];

/// Reads a number that is not below zero.
fn amount(text: &str) -> Option<f64> {
    let number = text.parse::<f64>().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

/// Reads the members of a throttle.
pub(super) fn throttle(
    node: &Node,
    place: Place,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Rate> {
    let fields = Fields::known(node, place, THROTTLE_KEYS, diagnostics)?;
    let rate = fields.parse(
        "rateLimit",
        "a number of requests per second, 0 or more",
        diagnostics,
        amount,
    );
    let burst = fields.parse(
        "burstLimit",
        "a whole number of requests, 0 or more",
        diagnostics,
        |text| text.parse::<i64>().ok().filter(|burst| *burst >= 0),
    );
    throttle_rate(rate, burst)
}

/// Reads the API keys, each in its place. What is wrong with them is reported; something else stands for it then, so that
/// nothing else is wrong because of it.
pub(super) fn api_keys(
    file: &Fields<'_>,
    secrets: &mut Secrets,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<ApiKey> {
    let items = file.items("apiKeys", diagnostics).into_iter();
    items
        .enumerate()
        .map(|(number, (node, place))| {
            let refused = format!("refused-key-number-{number}");
            let read = api_key(&refused, node, place, secrets, diagnostics);
            read.unwrap_or_else(|| ApiKey::new(&refused, &refused))
        })
        .collect()
}

fn api_key(
    refused: &str,
    node: &Node,
    place: Place,
    secrets: &mut Secrets,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<ApiKey> {
    let fields = Fields::known(node, place, API_KEY_KEYS, diagnostics)?;
    let id = fields.required("id", "an API key has an id", diagnostics);
    let value = fields.required("value", "an API key has a value", diagnostics);
    let value = value.and_then(|value| {
        let refused = |message| diagnostics.push(Diagnostic::error(fields.place("value"), message));
        secrets.resolve(value).map_err(refused).ok()
    });
    let name = fields.text("name", diagnostics).unwrap_or_default();
    let description = fields.text("description", diagnostics).unwrap_or_default();
    let enabled = fields.flag("enabled", diagnostics).unwrap_or(true);
    let value = value.unwrap_or_else(|| refused.into());
    Some(
        ApiKey::new(id.unwrap_or(refused), value)
            .name(name)
            .description(description)
            .enabled(enabled),
    )
}

/// Reads the usage plans, each in its place. What is wrong with them is reported; something else stands for it then.
pub(super) fn usage_plans(file: &Fields<'_>, diagnostics: &mut Vec<Diagnostic>) -> Vec<UsagePlan> {
    let items = file.items("usagePlans", diagnostics).into_iter();
    items
        .enumerate()
        .map(|(number, (node, place))| {
            let refused = format!("refused-plan-number-{number}");
            let read = usage_plan(&refused, node, place, diagnostics);
            read.unwrap_or_else(|| UsagePlan::new(refused, ""))
        })
        .collect()
}

fn usage_plan(
    refused: &str,
    node: &Node,
    place: Place,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<UsagePlan> {
    let fields = Fields::known(node, place, USAGE_PLAN_KEYS, diagnostics)?;
    let id = fields.required("id", "a usage plan has an id", diagnostics);
    let name = fields.text("name", diagnostics).unwrap_or_default();
    let mut plan = UsagePlan::new(id.unwrap_or(refused), name);
    plan.description = fields
        .text("description", diagnostics)
        .unwrap_or_default()
        .to_owned();
    for (node, place) in fields.items("apiStages", diagnostics) {
        plan.api_stages.extend(api_stage(node, place, diagnostics));
    }
    if let Some((node, place)) = fields.get("throttle") {
        plan.throttle = throttle(node, place, diagnostics);
    }
    if let Some((node, place)) = fields.get("quota") {
        plan.quota = quota(node, place, diagnostics);
    }
    for (node, place) in fields.items("keys", diagnostics) {
        plan.keys
            .extend(text(node, place, diagnostics).map(str::to_owned));
    }
    plan.outage = outage_policy(&fields, diagnostics);
    Some(plan)
}

/// Reads what happens while a shared store is out of reach.
pub(super) fn outage_policy(
    fields: &Fields<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<OutagePolicy> {
    let wanted = "what to do while the store is out of reach: `local`, `open` or `closed`";
    fields.parse("onOutage", wanted, diagnostics, |text| match text {
        "local" => Some(OutagePolicy::Local),
        "open" => Some(OutagePolicy::Open),
        "closed" => Some(OutagePolicy::Closed),
        _ => None,
    })
}

fn api_stage(node: &Node, place: Place, diagnostics: &mut Vec<Diagnostic>) -> Option<ApiStage> {
    let fields = Fields::known(node, place, API_STAGE_KEYS, diagnostics)?;
    let api = fields.required("apiId", "a stage of a plan names its API", diagnostics);
    let stage = fields.required("stage", "a stage of a plan has its name", diagnostics);
    let mut api_stage = ApiStage::new(api.unwrap_or_default(), stage.unwrap_or_default());
    for (method, node, place) in fields.named_members("throttle", diagnostics, |_| {}) {
        if let Some(rate) = throttle(node, place, diagnostics) {
            api_stage = api_stage.method_throttle(method, rate);
        }
    }
    Some(api_stage)
}

fn quota(node: &Node, place: Place, diagnostics: &mut Vec<Diagnostic>) -> Option<Quota> {
    let fields = Fields::known(node, place, QUOTA_KEYS, diagnostics)?;
    let count = "a whole number of requests, 0 or more";
    let limit = fields
        .required("limit", "a quota has a limit", diagnostics)
        .and_then(|_| fields.parse("limit", count, diagnostics, |text| text.parse().ok()));
    let offset = fields.parse("offset", count, diagnostics, |text| text.parse().ok());
    let week_start = fields.parse(
        "weekStart",
        "a day of the week, such as `MONDAY`",
        diagnostics,
        weekday,
    );
    let period = fields
        .required("period", "a quota has a period", diagnostics)
        .and_then(|_| {
            let wanted = "a period: `DAY`, `WEEK` or `MONTH`";
            fields.parse("period", wanted, diagnostics, |text| match text {
                "DAY" => Some(Period::Day),
                "WEEK" => Some(Period::Week(week_start.unwrap_or_default())),
                "MONTH" => Some(Period::Month),
                _ => None,
            })
        });
    Some(Quota::new(limit?, period?).offset(offset.unwrap_or(0)))
}

fn weekday(text: &str) -> Option<Weekday> {
    [
        ("SUNDAY", Weekday::Sunday),
        ("MONDAY", Weekday::Monday),
        ("TUESDAY", Weekday::Tuesday),
        ("WEDNESDAY", Weekday::Wednesday),
        ("THURSDAY", Weekday::Thursday),
        ("FRIDAY", Weekday::Friday),
        ("SATURDAY", Weekday::Saturday),
    ]
    .into_iter()
    .find_map(|(name, day)| (name == text).then_some(day))
}
