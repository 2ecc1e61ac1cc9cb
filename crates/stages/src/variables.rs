//! Stage variables, and what they may be.

use std::collections::{BTreeMap, btree_map};

/// How many variables a stage of a REST API has at most; the overrides of its canary count for themselves.
pub const MAX_VARIABLES: usize = 100;

/// How many characters the name of a variable has at most.
pub const MAX_VARIABLE_NAME: usize = 64;

/// How many characters the value of a variable has at most.
pub const MAX_VARIABLE_VALUE: usize = 512;

/// The variables of a stage, or the overrides of its canary, by name: at most [`MAX_VARIABLES`].
///
/// Names are of letters, digits and `_`, at most [`MAX_VARIABLE_NAME`] long; values of letters, digits and
/// `-._~:/?#&=,`, at most [`MAX_VARIABLE_VALUE`] long; neither is empty (stages.md, section 5).
///
/// ```
/// use towergate_stages::StageVariables;
///
/// let mut variables = StageVariables::default();
/// variables.set("backend", "10.0.0.7:8080")?;
/// assert_eq!(variables.get("backend"), Some("10.0.0.7:8080"));
/// assert!(variables.set("back-end", "10.0.0.7").is_err());
/// # Ok::<(), towergate_stages::VariableError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StageVariables(BTreeMap<String, String>);

impl StageVariables {
    /// Collects variables.
    ///
    /// # Errors
    ///
    /// Returns the first [`VariableError`].
    pub fn try_from_iter<N, V>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, VariableError>
    where
        N: Into<String>,
        V: Into<String>,
    {
        let mut all = Self::default();
        for (name, value) in variables {
            all.set(name, value)?;
        }
        Ok(all)
    }

    /// Takes variables as they are, for those that were checked before.
    pub(crate) fn unchecked(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(variables.into_iter().collect())
    }

    /// Returns whether a variable may have this name.
    #[must_use]
    pub fn is_name(text: &str) -> bool {
        is_made_of(text, MAX_VARIABLE_NAME, "_")
    }

    /// Returns whether a variable may have this value.
    #[must_use]
    pub fn is_value(text: &str) -> bool {
        is_made_of(text, MAX_VARIABLE_VALUE, "-._~:/?#&=,")
    }

    /// Sets a variable; one of the same name is replaced.
    ///
    /// # Errors
    ///
    /// Returns [`VariableError`] if name or value is not allowed, or there would be too many.
    pub fn set(
        &mut self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<(), VariableError> {
        let (name, value) = (name.into(), value.into());
        if !Self::is_name(&name) {
            return Err(VariableError::Name(name));
        }
        if !Self::is_value(&value) {
            return Err(VariableError::Value(name));
        }
        if self.0.len() >= MAX_VARIABLES && !self.0.contains_key(&name) {
            return Err(VariableError::TooMany);
        }
        self.0.insert(name, value);
        Ok(())
    }

    /// Sets each of `others`.
    ///
    /// # Errors
    ///
    /// Returns [`VariableError`] if there would be too many.
    pub fn merge(&mut self, others: &Self) -> Result<(), VariableError> {
        for (name, value) in others.iter() {
            self.set(name, value)?;
        }
        Ok(())
    }

    /// Removes a variable, and returns its value if there was one.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// Returns the value of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns these variables overlaid with `overrides`, sorted by name.
    pub(crate) fn overlaid(&self, overrides: &Self) -> Vec<(String, String)> {
        let mut all = self.0.clone();
        all.extend(overrides.0.clone());
        all.into_iter().collect()
    }
}

impl IntoIterator for StageVariables {
    type Item = (String, String);
    type IntoIter = btree_map::IntoIter<String, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Returns whether a text has one to `max` characters, all of them letters, digits or of `signs`.
pub(crate) fn is_made_of(text: &str, max: usize, signs: &str) -> bool {
    (1..=max).contains(&text.len())
        && text
            .chars()
            .all(|sign| sign.is_ascii_alphanumeric() || signs.contains(sign))
}

/// A variable is not allowed. Values are not shown: they may be worth keeping to oneself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VariableError {
    /// The name is not allowed.
    #[error("`{0}` is no name of a stage variable: use 1 to 64 letters, digits and `_`")]
    Name(String),
    /// There are too many.
    #[error("a stage has at most 100 variables: remove one first")]
    TooMany,
    /// The value of the variable of this name is not allowed.
    #[error(
        "the value of stage variable `{0}` must have 1 to 512 letters, digits and `-._~:/?#&=,`"
    )]
    Value(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_those_of_a_rest_api() {
        let long = |length| "x".repeat(length);
        let cases = [
            (
                "usual",
                "backend_2".to_owned(),
                "10.0.0.7:80/a?b=c&d,~e#f".to_owned(),
                None,
            ),
            ("the longest", long(64), long(512), None),
            (
                "no name",
                String::new(),
                "x".to_owned(),
                Some(VariableError::Name(String::new())),
            ),
            (
                "a long name",
                long(65),
                "x".to_owned(),
                Some(VariableError::Name(long(65))),
            ),
            (
                "a dash",
                "a-b".to_owned(),
                "x".to_owned(),
                Some(VariableError::Name("a-b".to_owned())),
            ),
            (
                "no value",
                "a".to_owned(),
                String::new(),
                Some(VariableError::Value("a".to_owned())),
            ),
            (
                "a long value",
                "a".to_owned(),
                long(513),
                Some(VariableError::Value("a".to_owned())),
            ),
            (
                "a space",
                "a".to_owned(),
                "x y".to_owned(),
                Some(VariableError::Value("a".to_owned())),
            ),
            (
                "another script",
                "a".to_owned(),
                "é".to_owned(),
                Some(VariableError::Value("a".to_owned())),
            ),
        ];
        for (name, variable, value, expected) in cases {
            let result = StageVariables::default().set(variable, value);
            assert_eq!(result.err(), expected, "{name}");
        }
    }

    #[test]
    fn a_hundred_variables_are_enough() {
        let names = (0..MAX_VARIABLES).map(|number| (format!("v{number}"), "x"));
        let mut variables = StageVariables::try_from_iter(names).expect("a hundred");
        assert_eq!(variables.set("one_more", "x"), Err(VariableError::TooMany));
        assert_eq!(
            variables.set("v0", "y"),
            Ok(()),
            "one that is there is replaced"
        );
        assert_eq!((variables.len(), variables.get("v0")), (100, Some("y")));
    }
}
