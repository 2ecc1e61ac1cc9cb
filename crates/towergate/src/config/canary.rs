//! The canary of a stage: what it differs in, who stays with it, and what watches it.

use std::time::Duration;

use http::HeaderName;
use towergate_definition::{Diagnostic, Place};
use towergate_openapi::document::Node;
use towergate_stages::{CanarySettings, GuardSettings, Percent, StageVariables, Sticky};

use super::{
    fields::{Fields, excerpt, text},
    secrets::Secrets,
};
use crate::StageSettings;

pub(super) const CANARY_KEYS: &[&str] = &[
    "definition",
    "guard",
    "percentTraffic",
    "stageVariableOverrides",
    "sticky",
    "stickyKey",
    "useStageCache",
];

pub(super) const GUARD_KEYS: &[&str] = &[
    "bakeTimeInSeconds",
    "errorTolerance",
    "intervalInSeconds",
    "latencyTolerance",
    "minimumSample",
    "significance",
    "steps",
    "windowInSeconds",
];

/// Gives a stage its canary, and returns the path of its definition if it has one of its own.
pub(super) fn canary<'a>(
    fields: &Fields<'a>,
    stage: StageSettings,
    secrets: &mut Secrets,
    diagnostics: &mut Vec<Diagnostic>,
) -> (StageSettings, Option<&'a str>) {
    let Some((node, place)) = fields.get("canarySettings") else {
        return (stage, None);
    };
    let Some(fields) = Fields::known(node, place, CANARY_KEYS, diagnostics) else {
        return (stage, None);
    };
    let percent = fields.parse("percentTraffic", PERCENT, diagnostics, percent);
    let use_stage_cache = fields.flag("useStageCache", diagnostics).unwrap_or(false);
    let definition = fields.parse("definition", "the path of a file", diagnostics, |path| {
        (!path.is_empty()).then_some(path)
    });
    let canary = CanarySettings::new(percent.unwrap_or_default())
        .with_overrides(overrides(&fields, diagnostics))
        .with_stage_cache(use_stage_cache);
    let mut stage = stage.canary(canary);
    stage.sticky = sticky(&fields, secrets, diagnostics);
    if let Some((node, place)) = fields.get("guard") {
        stage.guard = guard(node, place, diagnostics);
        if fields.get("percentTraffic").is_some() {
            let message = "the steps of the guard say how many requests the canary gets";
            let warning = Diagnostic::warning(fields.place("percentTraffic"), message);
            diagnostics.push(warning);
        }
    }
    (stage, definition)
}

const PERCENT: &str = "a percentage from 0 to 100";

fn percent(text: &str) -> Option<Percent> {
    Percent::new(text.parse().ok()?).ok()
}

fn overrides(fields: &Fields<'_>, diagnostics: &mut Vec<Diagnostic>) -> StageVariables {
    let mut overrides = StageVariables::default();
    for (name, node, place) in fields.named_members("stageVariableOverrides", diagnostics, |_| {}) {
        let Some(value) = text(node, place.clone(), diagnostics) else {
            continue;
        };
        if let Err(error) = overrides.set(name, value) {
            diagnostics.push(Diagnostic::error(place, error.to_string()));
        }
    }
    overrides
}

/// Reads what tells callers apart: `sourceAddress`, or a header by its name.
fn sticky(
    fields: &Fields<'_>,
    secrets: &mut Secrets,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Sticky> {
    let key = sticky_key(fields, secrets, diagnostics);
    let Some((node, place)) = fields.get("sticky") else {
        if fields.get("stickyKey").is_some() {
            let message = "there is nothing that the key is for: write `sticky`";
            diagnostics.push(Diagnostic::error(fields.place("stickyKey"), message));
        }
        return None;
    };
    let by = if node.as_text() == Some("sourceAddress") {
        Some(Sticky::source_address())
    } else if node.as_map().is_some() {
        let by = Fields::known(node, place, &["header"], diagnostics)?;
        by.required("header", "callers are told apart by a header", diagnostics)?;
        let name = by.parse("header", "the name of a header", diagnostics, |name| {
            HeaderName::from_bytes(name.as_bytes()).ok()
        });
        name.map(Sticky::header)
    } else {
        let message = "callers are told apart by `sourceAddress` or `{header: …}`";
        diagnostics.push(Diagnostic::error(place, message));
        None
    };
    match key {
        Some(key) => by.map(|by| by.with_key(key)),
        None => by,
    }
}

/// Reads the key of the hash that tells which callers the canary gets, which is a secret.
fn sticky_key(
    fields: &Fields<'_>,
    secrets: &mut Secrets,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<u128> {
    let written = fields.text("stickyKey", diagnostics)?;
    let refused = |message| {
        diagnostics.push(Diagnostic::error(fields.place("stickyKey"), message));
    };
    let secret = secrets.resolve(written).map_err(refused).ok()?;
    let is_key = secret.len() == 32 && secret.bytes().all(|digit| digit.is_ascii_hexdigit());
    let key = u128::from_str_radix(&secret, 16).ok().filter(|_| is_key);
    if key.is_none() {
        // What is written may be the secret itself.
        let message = "a key has 32 hexadecimal digits: `openssl rand -hex 16` makes one";
        diagnostics.push(Diagnostic::error(fields.place("stickyKey"), message));
    }
    key
}

/// Sets a setting of a guard to what is written, `None` where that is no such value.
type Set = fn(GuardSettings, &str) -> Option<GuardSettings>;

const GUARD_SETTINGS: [(&str, &str, Set); 7] = [
    ("bakeTimeInSeconds", SECONDS, |guard, text| {
        Some(guard.bake_time(seconds(text)?))
    }),
    ("errorTolerance", NUMBER, |guard, text| {
        Some(guard.error_tolerance(text.parse().ok()?))
    }),
    ("intervalInSeconds", SECONDS, |guard, text| {
        Some(guard.interval(seconds(text)?))
    }),
    ("latencyTolerance", NUMBER, |guard, text| {
        Some(guard.latency_tolerance(text.parse().ok()?))
    }),
    (
        "minimumSample",
        "a whole number of requests",
        |guard, text| Some(guard.minimum_sample(text.parse().ok()?)),
    ),
    ("significance", NUMBER, |guard, text| {
        Some(guard.significance(text.parse().ok()?))
    }),
    ("windowInSeconds", SECONDS, |guard, text| {
        Some(guard.window(seconds(text)?))
    }),
];

const NUMBER: &str = "a number";
const SECONDS: &str = "a whole number of seconds";

fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().map(Duration::from_secs)
}

/// Reads a guard, which is as by default but for what is written.
fn guard(node: &Node, place: Place, diagnostics: &mut Vec<Diagnostic>) -> Option<GuardSettings> {
    let fields = Fields::known(node, place, GUARD_KEYS, diagnostics)?;
    let mut guard = GuardSettings::default();
    if let Some(steps) = steps(&fields, diagnostics) {
        guard = checked(&fields, "steps", guard.clone().steps(steps), diagnostics).unwrap_or(guard);
    }
    for (key, wanted, set) in GUARD_SETTINGS {
        let next = fields.parse(key, wanted, diagnostics, |text| set(guard.clone(), text));
        let next = next.and_then(|next| checked(&fields, key, next, diagnostics));
        guard = next.unwrap_or(guard);
    }
    Some(guard)
}

/// Returns settings that are allowed. Those before were: what is wrong with them is what was set last.
fn checked(
    fields: &Fields<'_>,
    key: &str,
    guard: GuardSettings,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<GuardSettings> {
    match guard.check() {
        Ok(()) => Some(guard),
        Err(error) => {
            diagnostics.push(Diagnostic::error(fields.place(key), error.to_string()));
            None
        }
    }
}

/// Reads the shares that the canary gets one after the other, if they are written and each is one.
fn steps(fields: &Fields<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Vec<Percent>> {
    let (node, _) = fields.get("steps")?;
    let items = fields.items("steps", diagnostics);
    let mut steps = Vec::with_capacity(items.len());
    for (item, place) in &items {
        let text = text(item, place.clone(), diagnostics);
        let step = text.and_then(percent);
        if let (Some(text), None) = (text, step) {
            let message = format!("`{}` is not {PERCENT}", excerpt(text));
            diagnostics.push(Diagnostic::error(place.clone(), message));
        }
        steps.extend(step);
    }
    let is_list = node.as_list().is_some() || node.is_null();
    (is_list && steps.len() == items.len()).then_some(steps)
}
