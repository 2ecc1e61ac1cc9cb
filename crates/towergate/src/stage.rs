//! A stage: what one name in the path points at.

use std::sync::Arc;

use towergate_core::{Context, Random};
use towergate_definition::{Diagnostic, Place};
use towergate_stages::{
    CanarySettings, GuardSettings, MAX_VARIABLES, MethodKey, MethodSettings, MethodSettingsTable,
    StageVariables, Sticky, is_stage_name,
};

use crate::{control::ServedApi, limiting::Demands};

/// What a stage serves with.
pub(crate) type StageSnapshot = towergate_stages::StageSnapshot<Served>;

/// A deployment on a stage, and what its requests are told of it.
pub(crate) type Release = towergate_stages::Release<Served>;

/// An API as a stage serves it.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) api: Arc<ServedApi>,
    /// What each method demands, by its id; `None` of those that demand nothing.
    pub(crate) demands: Box<[Option<Demands>]>,
}

/// A stage as it was told, and what became of it. A request resolves it once and keeps it to its end.
#[derive(Debug)]
pub(crate) struct ServedStage {
    pub(crate) settings: StageSettings,
    /// As it was told, with a key.
    pub(crate) sticky: Option<Sticky>,
    /// Deployments, variables and canary as they are now.
    pub(crate) snapshot: StageSnapshot,
    /// Whether they are as they were told, and not changed since by hand or by a guard.
    pub(crate) is_as_told: bool,
}

impl ServedStage {
    /// Returns the release for a request: the one that its caller has, or one that is drawn.
    pub(crate) fn choose(&self, context: &Context, random: &dyn Random) -> &Release {
        self.snapshot.choose(|| {
            let sticky = self.sticky.as_ref();
            let sticky = sticky.and_then(|sticky| sticky.draw(context, context.headers()));
            sticky.unwrap_or_else(|| random.next_u64())
        })
    }

    /// Returns the stage as it was changed by hand or by a guard.
    pub(crate) fn changed(&self, snapshot: StageSnapshot) -> Self {
        Self {
            settings: self.settings.clone(),
            sticky: self.sticky.clone(),
            snapshot,
            is_as_told: false,
        }
    }

    /// Returns whether this is what became of `before` in a reload that leaves the stage as it was.
    pub(crate) fn continues(&self, before: &Self) -> bool {
        self.settings == before.settings && (before.is_as_told || !self.is_as_told)
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
    pub(crate) sticky: Option<Sticky>,
    pub(crate) guard: Option<GuardSettings>,
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
            sticky: None,
            guard: None,
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

    /// Gives the same caller the same release while the stage has a canary: raising the canary's share moves callers to it and
    /// none away. Who does not tell who they are is drawn for, as everybody is without this.
    ///
    /// The key of its hash is drawn once and stays through reloads; gateways that are to agree are told one. Principal and API
    /// key are not known yet when the stage is chosen, and are refused. A closure is told again by a clone of it: another one of
    /// the same text is another way, and a reload then sets the stage up anew.
    ///
    /// ```
    /// use http::HeaderName;
    /// use towergate::{StageSettings, stages::Sticky};
    ///
    /// let prod = StageSettings::new("prod").sticky(Sticky::header(HeaderName::from_static("x-tenant")));
    /// ```
    #[must_use]
    pub fn sticky(mut self, sticky: Sticky) -> Self {
        self.sticky = Some(sticky);
        self
    }

    /// Has the [canary](Self::canary) watched from the start: it gets the share of the guard's first step, whatever the
    /// canary's own is, grows while it does as well as the stage and is promoted in the end, or is removed.
    /// [`Gateway::on_canary_decision`](crate::Gateway::on_canary_decision) tells what is decided.
    ///
    /// A [reload](crate::Gateway::reload) that says the same of the stage leaves the guard as it is, or what it has decided.
    ///
    /// ```
    /// use towergate::{StageSettings, stages::{CanarySettings, GuardSettings}};
    ///
    /// let prod = StageSettings::new("prod").canary(CanarySettings::default()).guard_canary(GuardSettings::default());
    /// ```
    #[must_use]
    pub fn guard_canary(mut self, guard: GuardSettings) -> Self {
        self.guard = Some(guard);
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
        let canary = place.key("canarySettings");
        if self.sticky.as_ref().is_some_and(Sticky::needs_identity) {
            let message = "who calls is not known yet when the stage is chosen: tell callers apart by a header or by their \
                           source address";
            error(canary.key("sticky"), message.to_owned());
        }
        match &self.guard {
            Some(_) if self.canary.is_none() => {
                let message = "the stage has no canary to guard: set one with `canary`";
                error(canary.key("guard"), message.to_owned());
            }
            Some(guard) => {
                if let Err(refused) = guard.check() {
                    error(canary.key("guard"), refused.to_string());
                }
            }
            None => {}
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
