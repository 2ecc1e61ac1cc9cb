//! A stage: what one name in the path points at.

use std::sync::Arc;

use towergate_core::{Random, StageInfo};
use towergate_definition::{Diagnostic, HttpMethod, Place};
use towergate_stages::{MethodKey, MethodSettings, MethodSettingsTable, Percent};
use towergate_throttling::{Rate, throttle_rate};

use crate::{control::ServedApi, limiting::Demands};

/// The most variables of a stage, and the longest names and values, as on API Gateway.
const MAX_VARIABLES: usize = 100;
const MAX_VARIABLE_NAME: usize = 64;
const MAX_VARIABLE_VALUE: usize = 512;
const MAX_STAGE_NAME: usize = 128;

/// What a stage serves with. A request resolves it once and keeps it to its end.
#[derive(Debug)]
pub(crate) struct StageSnapshot {
    pub(crate) base: Release,
    pub(crate) canary: Option<Canary>,
}

/// A deployment, and the variables it runs with.
#[derive(Debug)]
pub(crate) struct Release {
    pub(crate) api: Arc<ServedApi>,
    pub(crate) info: Arc<StageInfo>,
    /// What each method demands, by its id; `None` of those that demand nothing.
    pub(crate) demands: Box<[Option<Demands>]>,
}

/// The release that some of the requests of a stage get.
#[derive(Debug)]
pub(crate) struct Canary {
    pub(crate) percent: Percent,
    pub(crate) release: Release,
}

impl StageSnapshot {
    /// Draws between the stage and its canary.
    pub(crate) fn choose(&self, random: &dyn Random) -> &Release {
        match &self.canary {
            Some(canary) if canary.percent.takes(random.next_u64()) => &canary.release,
            _ => &self.base,
        }
    }

    /// Returns the release of the stage, and that of its canary.
    pub(crate) fn releases(&self) -> impl Iterator<Item = &Release> {
        let canary = self.canary.iter().map(|canary| &canary.release);
        std::iter::once(&self.base).chain(canary)
    }

    /// Returns whether a release has a method.
    pub(crate) fn has_method(&self, key: &MethodKey) -> bool {
        self.releases().any(|release| {
            let mut methods = release.api.api.methods();
            methods.any(|((path, verb), _)| MethodKey::method(path, verb.as_str()) == *key)
        })
    }
}

/// A stage of an API: its name and its variables.
///
/// ```
/// use towergate::StageSettings;
///
/// let prod = StageSettings::new("prod").variable("backend", "10.0.0.7:8080");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct StageSettings {
    pub(crate) name: String,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) method_settings: MethodSettingsTable,
    pub(crate) canary: Option<CanarySettings>,
}

impl StageSettings {
    /// Creates a stage without variables. Names have 1 to 128 letters, digits, `_` and `-`.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            variables: Vec::new(),
            method_settings: MethodSettingsTable::default(),
            canary: None,
        }
    }

    /// Sets a stage variable; one of the same name is replaced.
    ///
    /// At most 100; names have at most 64 letters, digits and `_`, values at most 512 of the characters
    /// `A-Za-z0-9-._~:/?#&=,`.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        set_variable(&mut self.variables, name.into(), value.into());
        self
    }

    /// Gives a part of the requests to a canary: [`canary_api`](crate::GatewayBuilder::canary_api) says what it serves.
    #[must_use]
    pub fn canary(mut self, canary: CanarySettings) -> Self {
        self.canary = Some(canary);
        self
    }

    /// Sets what holds for one method, or for all that have no settings of their own.
    ///
    /// ```
    /// use towergate::{StageSettings, stages::{MethodKey, MethodSettings}};
    ///
    /// let prod = StageSettings::new("prod")
    ///     .method_settings(MethodKey::ALL, MethodSettings::default().throttle(100.0, 50))
    ///     .method_settings(MethodKey::method("/pets", "POST"), MethodSettings::default().throttle(5.0, 2));
    /// ```
    #[must_use]
    pub fn method_settings(mut self, key: MethodKey, settings: MethodSettings) -> Self {
        self.method_settings.insert(key, settings);
        self
    }

    /// Returns the limit of a method.
    pub(crate) fn throttle_of(&self, path: &str, verb: HttpMethod) -> Option<Rate> {
        let (settings, _) = self.method_settings.of(path, verb.as_str())?;
        throttle_rate(
            settings.throttling_rate_limit,
            settings.throttling_burst_limit,
        )
    }

    /// Reports what API Gateway would not take.
    pub(crate) fn check(&self, place: &Place, diagnostics: &mut Vec<Diagnostic>) {
        let mut error =
            |place: Place, message: String| diagnostics.push(Diagnostic::error(place, message));
        if !is_name(&self.name, MAX_STAGE_NAME, "_-") {
            let message = format!(
                "`{}` is not a stage name: use 1 to 128 letters, digits, `_` and `-`",
                self.name
            );
            error(place.clone(), message);
        }
        check_variables(&self.variables, &place.key("variables"), diagnostics);
        if let Some(canary) = &self.canary {
            let place = place.key("canarySettings").key("stageVariableOverrides");
            check_variables(&canary.overrides, &place, diagnostics);
        }
    }

    /// Returns the variables of the canary: those of the stage, with its own laid over them.
    pub(crate) fn canary_variables(&self, canary: &CanarySettings) -> Vec<(String, String)> {
        let mut variables = self.variables.clone();
        for (name, value) in &canary.overrides {
            set_variable(&mut variables, name.clone(), value.clone());
        }
        variables
    }
}

/// Sets a variable in a list that is sorted by name.
fn set_variable(variables: &mut Vec<(String, String)>, name: String, value: String) {
    match variables.binary_search_by(|(known, _)| known.cmp(&name)) {
        Ok(index) => {
            if let Some(variable) = variables.get_mut(index) {
                variable.1 = value;
            }
        }
        Err(index) => variables.insert(index, (name, value)),
    }
}

/// Reports variables that API Gateway would not take.
fn check_variables(
    variables: &[(String, String)],
    place: &Place,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut error = |place: Place, message: String| {
        diagnostics.push(Diagnostic::error(place, message));
    };
    if variables.len() > MAX_VARIABLES {
        let message = format!("a stage has at most {MAX_VARIABLES} variables");
        error(place.clone(), message);
    }
    for (name, value) in variables {
        if !is_name(name, MAX_VARIABLE_NAME, "_") {
            let message = "variable names have 1 to 64 letters, digits and `_`";
            error(place.key(name), message.to_owned());
        }
        if !is_name(value, MAX_VARIABLE_VALUE, "-._~:/?#&=,") {
            let message = "variable values have 1 to 512 letters, digits and `-._~:/?#&=,`";
            error(place.key(name), message.to_owned());
        }
    }
}

/// A second version of a stage, which gets a part of the requests (stages.md, section 6).
///
/// ```
/// use towergate::{CanarySettings, StageSettings, stages::Percent};
///
/// let canary = CanarySettings::new(Percent::new(10.0)?).stage_variable_override("backend", "10.0.0.8:8080");
/// let prod = StageSettings::new("prod").variable("backend", "10.0.0.7:8080").canary(canary);
/// # Ok::<(), towergate::stages::PercentError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CanarySettings {
    pub(crate) percent: Percent,
    pub(crate) overrides: Vec<(String, String)>,
    pub(crate) use_stage_cache: bool,
}

impl CanarySettings {
    /// Creates a canary that gets so many requests of a hundred; each is drawn by itself.
    #[must_use]
    pub fn new(percent: Percent) -> Self {
        Self {
            percent,
            overrides: Vec::new(),
            use_stage_cache: false,
        }
    }

    /// Lays a variable over that of the stage.
    #[must_use]
    pub fn stage_variable_override(
        mut self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        set_variable(&mut self.overrides, name.into(), value.into());
        self
    }

    /// Sets whether the canary shares the responses that the stage keeps.
    #[must_use]
    pub fn use_stage_cache(mut self, use_stage_cache: bool) -> Self {
        self.use_stage_cache = use_stage_cache;
        self
    }
}

fn is_name(text: &str, max: usize, signs: &str) -> bool {
    (1..=max).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || signs.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_api_gateway_would_not_take_is_reported() {
        let many = (0..101).fold(StageSettings::new("s"), |stage, n| {
            stage.variable(format!("v{n}"), "x")
        });
        let cases = [
            (
                "a good stage",
                StageSettings::new("prod-1_b").variable("host", "10.0.0.7:80/a?b=c"),
                0,
            ),
            ("no name", StageSettings::new(""), 1),
            ("a long name", StageSettings::new("x".repeat(129)), 1),
            ("a name with a slash", StageSettings::new("a/b"), 1),
            (
                "a variable name with a dash",
                StageSettings::new("s").variable("a-b", "x"),
                1,
            ),
            (
                "an empty value",
                StageSettings::new("s").variable("a", ""),
                1,
            ),
            (
                "a value with a space",
                StageSettings::new("s").variable("a", "x y"),
                1,
            ),
            (
                "a long value",
                StageSettings::new("s").variable("a", "x".repeat(513)),
                1,
            ),
            ("too many variables", many, 1),
            (
                "everything at once",
                StageSettings::new("/").variable("-", " "),
                3,
            ),
        ];
        for (name, stage, expected) in cases {
            let mut diagnostics = Vec::new();
            stage.check(&Place::root(), &mut diagnostics);
            assert_eq!(diagnostics.len(), expected, "{name}: {diagnostics:?}");
        }
    }
}
