//! The canary of a stage.

use towergate_definition::Diagnostic;
use towergate_stages::{CanarySettings, Percent, StageVariables};

use super::fields::{Fields, text};

pub(super) const CANARY_KEYS: &[&str] = &[
    "definition",
    "percentTraffic",
    "stageVariableOverrides",
    "useStageCache",
];

/// Reads the canary of a stage, and the path of its definition if it has one of its own.
pub(super) fn canary<'a>(
    stage: &Fields<'a>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(CanarySettings, Option<&'a str>)> {
    let (node, place) = stage.get("canarySettings")?;
    let fields = Fields::known(node, place, CANARY_KEYS, diagnostics)?;
    let wanted = "a percentage from 0 to 100";
    let percent = fields.parse("percentTraffic", wanted, diagnostics, |text| {
        Percent::new(text.parse().ok()?).ok()
    });
    let mut overrides = StageVariables::default();
    for (name, node, place) in fields.named_members("stageVariableOverrides", diagnostics, |_| {}) {
        let Some(value) = text(node, place.clone(), diagnostics) else {
            continue;
        };
        if let Err(error) = overrides.set(name, value) {
            diagnostics.push(Diagnostic::error(place, error.to_string()));
        }
    }
    let use_stage_cache = fields.flag("useStageCache", diagnostics).unwrap_or(false);
    let definition = fields.parse("definition", "the path of a file", diagnostics, |path| {
        (!path.is_empty()).then_some(path)
    });
    let canary = CanarySettings::new(percent.unwrap_or_default())
        .with_overrides(overrides)
        .with_stage_cache(use_stage_cache);
    Some((canary, definition))
}
