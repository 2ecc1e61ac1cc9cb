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

/// Reads the method settings of a stage. What an entry does not say is as in that of `*/*`: an entry that comes into being is
/// a copy of it (stages.md, section 3.2).
pub(super) fn method_settings(
    stage: &Fields<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> MethodSettingsTable {
    let mut table = MethodSettingsTable::default();
    let mut entries = Vec::new();
    for (key, node, place) in stage.named_members("methodSettings", diagnostics, |_| {}) {
        match key.parse::<MethodKey>() {
            Ok(key) => entries.push((key, node, place)),
            Err(error) => diagnostics.push(Diagnostic::error(place, error.to_string())),
        }
    }
    // That of all methods first, wherever it stands.
    entries.sort_by_key(|(key, ..)| *key != MethodKey::ALL);
    for (key, node, place) in entries {
        if table.get(&key).is_some() {
            let message = format!("`{key}` has settings already, in another spelling");
            diagnostics.push(Diagnostic::error(place, message));
            continue;
        }
        let of_all = table.get(&MethodKey::ALL).cloned().unwrap_or_default();
        if let Some(settings) = entry(node, place, of_all, diagnostics) {
            table.insert(key, settings);
        }
    }
    table
}

fn entry(
    node: &Node,
    place: Place,
    mut settings: MethodSettings,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<MethodSettings> {
    let fields = Fields::known(node, place, METHOD_SETTING_KEYS, diagnostics)?;
    let rate = fields.parse(
        "throttlingRateLimit",
        "a number of requests per second",
        diagnostics,
        |text| text.parse().ok().filter(|rate: &f64| rate.is_finite()),
    );
    settings.throttling_rate_limit = rate.or(settings.throttling_rate_limit);
    let burst = fields.parse(
        "throttlingBurstLimit",
        "a whole number of requests",
        diagnostics,
        |text| text.parse().ok(),
    );
    settings.throttling_burst_limit = burst.or(settings.throttling_burst_limit);
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
    let level = choice(&fields, "loggingLevel", &levels, diagnostics);
    settings.logging_level = level.unwrap_or(settings.logging_level);
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
    let strategy = choice(&fields, strategy, &strategies, diagnostics);
    settings.unauthorized_cache_control = strategy.unwrap_or(settings.unauthorized_cache_control);
    report_unserved(&fields, &settings, diagnostics);
    Some(settings)
}

fn choice<T: Copy>(
    fields: &Fields<'_>,
    key: &str,
    choices: &[(&str, T)],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<T> {
    let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
    let wanted = format!("one of {}", listed(&names));
    fields.parse(key, &wanted, diagnostics, |text| {
        let mut choices = choices.iter();
        choices.find_map(|(name, choice)| (*name == text).then_some(*choice))
    })
}

/// Says what is asked for here and not done.
fn report_unserved(
    fields: &Fields<'_>,
    settings: &MethodSettings,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut unserved = |key: &str, is_asked: bool, message: &str| {
        if is_asked && fields.get(key).is_some() {
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

#[cfg(test)]
mod tests {
    use towergate_openapi::document::Document;

    use super::*;

    #[test]
    fn what_an_entry_does_not_say_is_as_in_that_of_all_methods() {
        let limits = |rate, burst| (Some(rate), Some(burst));
        let cases = [
            ("nothing", "{}", limits(100.0, 50), true, 60),
            (
                "another setting",
                "{cachingEnabled: false}",
                limits(100.0, 50),
                false,
                60,
            ),
            (
                "a rate",
                "{throttlingRateLimit: 5}",
                limits(5.0, 50),
                true,
                60,
            ),
            (
                "a burst",
                "{throttlingBurstLimit: 2}",
                limits(100.0, 2),
                true,
                60,
            ),
            (
                "no limit",
                "{throttlingRateLimit: -1}",
                limits(-1.0, 50),
                true,
                60,
            ),
            (
                "a time",
                "{cacheTtlInSeconds: 0}",
                limits(100.0, 50),
                true,
                0,
            ),
        ];
        let all = "'*/*': {throttlingRateLimit: 100, throttlingBurstLimit: 50, cachingEnabled: true, cacheTtlInSeconds: 60}";
        for (name, entry, limits, caching, ttl) in cases {
            for text in [
                format!("methodSettings: {{{all}, /pets/GET: {entry}}}"),
                format!("methodSettings: {{/pets/GET: {entry}, {all}}}"),
            ] {
                let document = Document::parse(&text).unwrap();
                let mut found = Vec::new();
                let keys = &["methodSettings"];
                let stage = Fields::known(document.root(), Place::root(), keys, &mut found);
                let table = method_settings(&stage.unwrap(), &mut found);
                let settings = table.get(&MethodKey::method("/pets", "GET")).expect(name);
                let throttle = (
                    settings.throttling_rate_limit,
                    settings.throttling_burst_limit,
                );
                assert_eq!(throttle, limits, "{text}");
                assert_eq!(settings.caching_enabled, caching, "{text}");
                assert_eq!(settings.cache_ttl_in_seconds, ttl, "{text}");
                assert_eq!(found.len(), 1, "{text}: caching is not served: {found:?}");
            }
        }
    }
}
