//! The canary of a stage.

use towergate_definition::Diagnostic;
use towergate_stages::Percent;

use super::fields::{Fields, text};
use crate::CanarySettings;

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
    let mut canary = CanarySettings::new(percent.unwrap_or_default());
    for (name, node, place) in fields.named_members("stageVariableOverrides", diagnostics, |_| {}) {
        if let Some(value) = text(node, place, diagnostics) {
            canary = canary.stage_variable_override(name, value);
        }
    }
    let use_stage_cache = fields.flag("useStageCache", diagnostics).unwrap_or(false);
    let definition = fields.parse("definition", "the path of a file", diagnostics, |path| {
        (!path.is_empty()).then_some(path)
    });
    Some((canary.use_stage_cache(use_stage_cache), definition))
}
