//! Cases as the corpus holds them.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test takes what it needs, and may fail where it stands"
)]

use std::borrow::Cow;

use serde_json::{Map, Value, json};
use towergate_mapping_templates::{
    ContextValue, Overrides, ParameterLocation, Payload, Scope, Template, Variables,
};

/// The facts of a case.
pub(crate) struct Facts<'c>(pub(crate) &'c Value);

impl<'c> Facts<'c> {
    fn branch(&self, name: &str) -> &'c Value {
        let parts = name.split('.').filter(|part| !part.is_empty());
        parts.fold(&self.0["context"], |value, part| &value[part])
    }

    fn group(&self, location: ParameterLocation) -> Option<&'c Map<String, Value>> {
        self.0["params"][location.name()].as_object()
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

impl Variables for Facts<'_> {
    fn context(&self, name: &str) -> Option<ContextValue<'_>> {
        match self.branch(name) {
            Value::Null => None,
            Value::Bool(value) => Some(ContextValue::Bool(*value)),
            Value::Number(number) => Some(match number.as_i64() {
                Some(value) => ContextValue::Integer(value),
                None => ContextValue::Number(number.as_f64().unwrap()),
            }),
            Value::String(text) => Some(text.as_str().into()),
            _ => Some(ContextValue::Branch),
        }
    }

    fn context_keys(&self, branch: &str, visit: &mut dyn FnMut(&str)) {
        let members = self.branch(branch).as_object();
        members
            .into_iter()
            .flatten()
            .for_each(|(name, _)| visit(name));
    }

    fn stage_variable(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0["stageVariables"][name].as_str().map(Cow::Borrowed)
    }

    fn stage_variables(&self, visit: &mut dyn FnMut(&str, &str)) {
        let variables = self.0["stageVariables"].as_object();
        for (name, value) in variables.into_iter().flatten() {
            visit(name, &text(value));
        }
    }

    fn parameter(&self, location: ParameterLocation, name: &str) -> Option<Cow<'_, str>> {
        self.group(location)?
            .get(name)
            .map(|value| Cow::Owned(text(value)))
    }

    fn parameters(&self, location: ParameterLocation, visit: &mut dyn FnMut(&str, &str)) {
        for (name, value) in self.group(location).into_iter().flatten() {
            visit(name, &text(value));
        }
    }
}

/// The output and overrides of a case, or why it fails.
pub(crate) fn render(case: &Value) -> Result<(String, Overrides), String> {
    let template = case["template"].as_str().unwrap();
    let template = Template::parse(template).map_err(|error| error.to_string())?;
    let facts = Facts(case);
    let body = case["body"].as_str().unwrap_or_default();
    let mut scope = Scope::new(Payload::new(body), &facts);
    let output = template
        .render(&mut scope)
        .map_err(|error| error.to_string())?;
    Ok((output, scope.into_overrides()))
}

pub(crate) fn overrides(overrides: &Overrides) -> Value {
    json!({"requestOverride": overrides.request(), "responseOverride": overrides.response()})
}

/// Whether overrides are those that were recorded. A number that JSON cannot hold is a text here.
pub(crate) fn same(found: &Value, recorded: &Value) -> bool {
    match (found, recorded) {
        (Value::Object(found), Value::Object(recorded)) => {
            let is_same = |(name, value)| found.get(name).is_some_and(|found| same(found, value));
            found.len() == recorded.len() && recorded.iter().all(is_same)
        }
        (Value::String(digits), Value::Number(number)) => {
            serde_json::from_str::<serde_json::Number>(digits).is_ok_and(|digits| digits == *number)
        }
        (found, recorded) => found == recorded,
    }
}

/// Returns what is wrong with how a case renders.
pub(crate) fn failure(case: &Value) -> Option<String> {
    let result = render(case);
    if case["expected_error"] == true {
        return match result {
            Ok((output, _)) => Some(format!("renders {output:?} instead of failing")),
            Err(_) => None,
        };
    }
    let expected = case["expected"].as_str().unwrap();
    match result {
        Err(error) => Some(format!("fails instead of rendering {expected:?}: {error}")),
        Ok((output, _)) if output != expected => {
            Some(format!("\n  found    {output:?}\n  expected {expected:?}"))
        }
        Ok((_, written)) => {
            let written = overrides(&written);
            let expected = case.get("expected_overrides")?;
            (!same(&written, expected))
                .then(|| format!("overrides\n  found    {written}\n  expected {expected}"))
        }
    }
}

/// Reads a file of one JSON case a line.
pub(crate) fn cases(text: &str) -> Vec<Value> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
