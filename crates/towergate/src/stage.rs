//! A stage: what one name in the path points at.

use std::sync::Arc;

use towergate_core::StageInfo;
use towergate_definition::{Diagnostic, Place};

use crate::{access::Access, deployment::Deployment};

/// The most variables of a stage, and the longest names and values, as on API Gateway.
const MAX_VARIABLES: usize = 100;
const MAX_VARIABLE_NAME: usize = 64;
const MAX_VARIABLE_VALUE: usize = 512;
const MAX_STAGE_NAME: usize = 128;

/// A deployment, and the variables it runs with. A request resolves it once and keeps it to its end.
#[derive(Debug)]
pub(crate) struct StageSnapshot {
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) info: Arc<StageInfo>,
    pub(crate) access: Arc<Access>,
}

/// A stage of an API: its name and its variables.
///
/// ```
/// use towergate::StageSettings;
///
/// let prod = StageSettings::new("prod").variable("backend", "10.0.0.7:8080");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageSettings {
    pub(crate) name: String,
    pub(crate) variables: Vec<(String, String)>,
}

impl StageSettings {
    /// Creates a stage without variables. Names have 1 to 128 letters, digits, `_` and `-`.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            variables: Vec::new(),
        }
    }

    /// Sets a stage variable; one of the same name is replaced.
    ///
    /// At most 100; names have at most 64 letters, digits and `_`, values at most 512 of the characters
    /// `A-Za-z0-9-._~:/?#&=,`.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        match self
            .variables
            .binary_search_by(|(known, _)| known.cmp(&name))
        {
            Ok(index) => self.variables[index].1 = value.into(),
            Err(index) => self.variables.insert(index, (name, value.into())),
        }
        self
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
        let variables = place.key("variables");
        if self.variables.len() > MAX_VARIABLES {
            error(
                variables.clone(),
                format!("a stage has at most {MAX_VARIABLES} variables"),
            );
        }
        for (name, value) in &self.variables {
            if !is_name(name, MAX_VARIABLE_NAME, "_") {
                error(
                    variables.key(name),
                    "variable names have 1 to 64 letters, digits and `_`".to_owned(),
                );
            }
            if !is_name(value, MAX_VARIABLE_VALUE, "-._~:/?#&=,") {
                let message =
                    "variable values have 1 to 512 letters, digits and `-._~:/?#&=,`".to_owned();
                error(variables.key(name), message);
            }
        }
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
