//! Settings of methods, beneath a stage.

use towergate_definition::{Diagnostic, Place};
use towergate_openapi::document::Node;
use towergate_stages::{
    LoggingLevel, MethodKey, MethodSettings, MethodSettingsTable, UnauthorizedCacheControl,
};

use super::fields::{Fields, listed};

pub(super) const METHOD_SETTING_KEYS: &[&str] = &[
    "cacheDataEncrypted",
    "cacheTtlInSeconds",
    "cachingEnabled",
    "dataTraceEnabled",
    "loggingLevel",
    "metricsEnabled",
    "requireAuthorizationForCacheControl",
    "throttlingBurstLimit",
    "throttlingRateLimit",
    "unauthorizedCacheControlHeaderStrategy",
];

/// The longest that a response is kept, in seconds.
const MAX_CACHE_TTL: u32 = 3_600;

/// Reads the method settings of a stage.
pub(super) fn method_settings(
    stage: &Fields<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> MethodSettingsTable {
    let mut table = MethodSettingsTable::default();
    for (key, node, place) in stage.named_members("methodSettings", diagnostics, |_| {}) {
        let key: MethodKey = match key.parse() {
            Ok(key) => key,
            Err(error) => {
                diagnostics.push(Diagnostic::error(place, format!("{error}")));
                continue;
            }
        };
        if table.get(&key).is_some() {
            let message = format!("`{key}` has settings already, in another spelling");
            diagnostics.push(Diagnostic::error(place, message));
        } else if let Some(settings) = entry(node, place, diagnostics) {
            table.insert(key, settings);
        }
    }
    table
}

fn entry(node: &Node, place: Place, diagnostics: &mut Vec<Diagnostic>) -> Option<MethodSettings> {
    let fields = Fields::known(node, place, METHOD_SETTING_KEYS, diagnostics)?;
    let mut settings = MethodSettings::default();
    settings.throttling_rate_limit = fields.parse(
        "throttlingRateLimit",
        "a number of requests per second",
        diagnostics,
        |text| text.parse().ok().filter(|rate: &f64| rate.is_finite()),
    );
    settings.throttling_burst_limit = fields.parse(
        "throttlingBurstLimit",
        "a whole number of requests",
        diagnostics,
        |text| text.parse().ok(),
    );
    let ttl = fields.parse(
        "cacheTtlInSeconds",
        "a number of seconds from 0 to 3600",
        diagnostics,
        |text| text.parse().ok().filter(|ttl| *ttl <= MAX_CACHE_TTL),
    );
    settings.cache_ttl_in_seconds = ttl.unwrap_or(settings.cache_ttl_in_seconds);
    for (key, flag) in [
        ("cacheDataEncrypted", &mut settings.cache_data_encrypted),
        ("cachingEnabled", &mut settings.caching_enabled),
        ("dataTraceEnabled", &mut settings.data_trace_enabled),
        ("metricsEnabled", &mut settings.metrics_enabled),
        (
            "requireAuthorizationForCacheControl",
            &mut settings.require_authorization_for_cache_control,
        ),
    ] {
        *flag = fields.flag(key, diagnostics).unwrap_or(*flag);
    }
    let levels = [
        ("ERROR", LoggingLevel::Error),
        ("INFO", LoggingLevel::Info),
        ("OFF", LoggingLevel::Off),
    ];
    settings.logging_level = choice(&fields, "loggingLevel", &levels, diagnostics);
    let strategies = [
        ("FAIL_WITH_403", UnauthorizedCacheControl::FailWith403),
        (
            "SUCCEED_WITHOUT_RESPONSE_HEADER",
            UnauthorizedCacheControl::SucceedWithoutResponseHeader,
        ),
        (
            "SUCCEED_WITH_RESPONSE_HEADER",
            UnauthorizedCacheControl::SucceedWithResponseHeader,
        ),
    ];
    let strategy = "unauthorizedCacheControlHeaderStrategy";
    settings.unauthorized_cache_control = choice(&fields, strategy, &strategies, diagnostics);
    report_unserved(&fields, &settings, diagnostics);
    Some(settings)
}

fn choice<T: Copy + Default>(
    fields: &Fields<'_>,
    key: &str,
    choices: &[(&str, T)],
    diagnostics: &mut Vec<Diagnostic>,
) -> T {
    let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
    let wanted = format!("one of {}", listed(&names));
    let found = fields.parse(key, &wanted, diagnostics, |text| {
        let mut choices = choices.iter();
        choices.find_map(|(name, choice)| (*name == text).then_some(*choice))
    });
    found.unwrap_or_default()
}

/// Says what is asked for and not done.
fn report_unserved(
    fields: &Fields<'_>,
    settings: &MethodSettings,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut unserved = |key: &str, is_asked: bool, message: &str| {
        if is_asked {
            diagnostics.push(Diagnostic::warning(fields.place(key), message));
        }
    };
    unserved(
        "cachingEnabled",
        settings.caching_enabled,
        "responses are not cached",
    );
    unserved(
        "metricsEnabled",
        settings.metrics_enabled,
        "there are no metrics",
    );
    let is_logged = settings.logging_level != LoggingLevel::Off;
    unserved("loggingLevel", is_logged, "there are no execution logs");
}
