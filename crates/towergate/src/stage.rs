//! A stage: what one name in the path points at.

use std::sync::Arc;

use towergate_core::{Random, StageInfo};
use towergate_definition::{Diagnostic, Place};
use towergate_stages::{
    CanarySettings, MAX_VARIABLES, MethodKey, MethodSettings, MethodSettingsTable, Percent,
    StageVariables, is_stage_name,
};

use crate::{control::ServedApi, limiting::Demands};

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
    pub(crate) demands: Arc<[Option<Demands>]>,
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
            Some(canary) if canary.percent.takes_by(|| random.next_u64()) => &canary.release,
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
    ///
    /// ```
    /// use towergate::{StageSettings, stages::{CanarySettings, Percent}};
    ///
    /// let prod = StageSettings::new("prod").canary(CanarySettings::new(Percent::new(10.0)?));
    /// # Ok::<(), towergate::stages::PercentError>(())
    /// ```
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

    /// Reports what API Gateway would not take.
    pub(crate) fn check(&self, place: &Place, diagnostics: &mut Vec<Diagnostic>) {
        let mut error =
            |place: Place, message: String| diagnostics.push(Diagnostic::error(place, message));
        if !is_stage_name(&self.name) {
            let message = format!(
                "`{}` is not a stage name: use 1 to 128 letters, digits, `_` and `-`",
                self.name
            );
            error(place.clone(), message);
        }
        check_variables(&self.variables, &place.key("variables"), diagnostics);
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
        if !StageVariables::is_name(name) {
            let message = "variable names have 1 to 64 letters, digits and `_`";
            error(place.key(name), message.to_owned());
        }
        if !StageVariables::is_value(value) {
            let message = "variable values have 1 to 512 letters, digits and `-._~:/?#&=,`";
            error(place.key(name), message.to_owned());
        }
    }
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
