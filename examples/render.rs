//! Render a mapping template, without an API:
//! `cargo run --example render -- examples/render.vtl --body examples/render.json --query owner=Kim`.
//!
//! `$context` comes from a JSON file (`{"stage": "prod", "identity": {"sourceIp": "127.0.0.1"}}`), the rest from
//! options. What the template writes to the overrides goes to standard error.

use std::{borrow::Cow, collections::BTreeMap, fs, process::ExitCode};

use serde_json::Value;
use towergate_mapping_templates::{
    ContextValue, Overrides, ParameterLocation, Payload, Scope, Template, Variables,
};

const USAGE: &str =
    "usage: render TEMPLATE [--body FILE] [--context FILE] [--stage-variable NAME=VALUE]…
              [--header NAME=VALUE]… [--query NAME=VALUE]… [--path NAME=VALUE]…";

fn main() -> ExitCode {
    let request = match Request::read(std::env::args().skip(1)) {
        Ok(request) => request,
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match request.render() {
        Ok((output, overrides)) => {
            print!("{output}");
            if overrides != Overrides::default() {
                eprintln!(
                    "requestOverride: {}",
                    Value::from(overrides.request().clone())
                );
                eprintln!(
                    "responseOverride: {}",
                    Value::from(overrides.response().clone())
                );
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What the command line asks for.
#[derive(Default)]
struct Request {
    file: String,
    source: String,
    body: String,
    /// By dotted names, such as `identity.sourceIp`.
    context: BTreeMap<String, Value>,
    stage_variables: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    query: Vec<(String, String)>,
    path: Vec<(String, String)>,
}

impl Request {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut request = Self::default();
        while let Some(argument) = arguments.next() {
            if !argument.starts_with("--") && request.file.is_empty() {
                request.source = read(&argument)?;
                request.file = argument;
                continue;
            }
            let mut value = || {
                arguments
                    .next()
                    .ok_or(format!("`{argument}` needs a value"))
            };
            match argument.as_str() {
                "--body" => request.body = read(&value()?)?,
                "--context" => {
                    let file = value()?;
                    let json = serde_json::from_str(&read(&file)?);
                    let json = json.map_err(|error| format!("{file}: {error}"))?;
                    flatten("", json, &mut request.context);
                }
                "--stage-variable" => request.stage_variables.push(pair(&value()?)?),
                "--header" => request.headers.push(pair(&value()?)?),
                "--query" => request.query.push(pair(&value()?)?),
                "--path" => request.path.push(pair(&value()?)?),
                _ => return Err(format!("what is `{argument}`?")),
            }
        }
        match request.file.is_empty() {
            true => Err("no template is named".to_owned()),
            false => Ok(request),
        }
    }

    fn render(&self) -> Result<(String, Overrides), String> {
        let template = Template::parse(&self.source)
            .map_err(|error| format!("{}: {error}\n{}", self.file, error.excerpt()))?;
        let mut scope = Scope::new(Payload::new(&*self.body), self);
        let output = template
            .render(&mut scope)
            .map_err(|error| format!("{}: {error}\n{}", self.file, error.excerpt()))?;
        Ok((output, scope.into_overrides()))
    }

    fn located(&self, location: ParameterLocation) -> &[(String, String)] {
        match location {
            ParameterLocation::Path => &self.path,
            ParameterLocation::QueryString => &self.query,
            ParameterLocation::Header => &self.headers,
        }
    }
}

impl Variables for Request {
    fn context(&self, name: &str) -> Option<ContextValue<'_>> {
        match self.context.get(name)? {
            Value::Null => None,
            Value::Bool(value) => Some(ContextValue::Bool(*value)),
            Value::Number(number) => match number.as_i64() {
                Some(integer) => Some(ContextValue::Integer(integer)),
                None => number.as_f64().map(ContextValue::Number),
            },
            Value::String(text) => Some(text.as_str().into()),
            Value::Object(_) => Some(ContextValue::Branch),
            list @ Value::Array(_) => Some(list.to_string().into()),
        }
    }

    fn context_keys(&self, branch: &str, visit: &mut dyn FnMut(&str)) {
        for name in self.context.keys() {
            let (parent, key) = name.rsplit_once('.').unwrap_or(("", name));
            if parent == branch {
                visit(key);
            }
        }
    }

    fn stage_variable(&self, name: &str) -> Option<Cow<'_, str>> {
        last(&self.stage_variables, |known| known == name)
    }

    fn stage_variables(&self, visit: &mut dyn FnMut(&str, &str)) {
        self.stage_variables
            .iter()
            .for_each(|(name, value)| visit(name, value));
    }

    fn parameter(&self, location: ParameterLocation, name: &str) -> Option<Cow<'_, str>> {
        let is_header = location == ParameterLocation::Header;
        last(self.located(location), |known| match is_header {
            true => known.eq_ignore_ascii_case(name),
            false => known == name,
        })
    }

    fn parameters(&self, location: ParameterLocation, visit: &mut dyn FnMut(&str, &str)) {
        self.located(location)
            .iter()
            .for_each(|(name, value)| visit(name, value));
    }
}

fn last(pairs: &[(String, String)], is_named: impl Fn(&str) -> bool) -> Option<Cow<'_, str>> {
    let found = pairs.iter().rev().find(|(name, _)| is_named(name));
    found.map(|(_, value)| Cow::Borrowed(value.as_str()))
}

fn read(file: &str) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(format!("`{text}` is not NAME=VALUE")),
    }
}

/// Files each value below its dotted name, and the objects themselves below theirs.
fn flatten(name: &str, value: Value, into: &mut BTreeMap<String, Value>) {
    if let Value::Object(members) = value {
        for (key, member) in members {
            let name = if name.is_empty() {
                key
            } else {
                format!("{name}.{key}")
            };
            if member.is_object() {
                into.insert(name.clone(), Value::Object(serde_json::Map::new()));
            }
            flatten(&name, member, into);
        }
    } else {
        into.insert(name.to_owned(), value);
    }
}
