//! Reads every definition of a corpus and compares it with what API Gateway was recorded making of it.
//!
//! The corpus is the folder `openapi` in the folder that the environment variable `TOWERGATE_CORPORA` names. A
//! definition is a `*.json` or `*.yaml` file with `openapi` or `swagger` at its root; `NAME.expected.json` beside it
//! holds `resources` and `methods`, or both for each base path mode under `byBasepathMode`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail where it stands"
)]

use std::{
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::ExitCode,
};

use serde_json::{Map, Value, json};
use towergate_definition::{AuthorizationType, Diagnostic, Method, RestApi};
use towergate_openapi::{BasePath, Imported, ReadError, ReadOptions, document::Document};

/// The account that recordings were made with.
const ACCOUNT_ID: &str = "123456789012";

const VERBS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    if has("--list") {
        if !has("--ignored") {
            println!("corpus: test");
        }
        return ExitCode::SUCCESS;
    }
    let Some(folder) = env::var_os("TOWERGATE_CORPORA") else {
        println!("TOWERGATE_CORPORA is not set: no corpus to read");
        return ExitCode::SUCCESS;
    };
    let files = definitions(&PathBuf::from(folder).join("openapi"));
    let mut failed = 0;
    for file in &files {
        let failures = catch_unwind(AssertUnwindSafe(|| check(file)))
            .unwrap_or_else(|_| vec!["it panics".to_owned()]);
        if !failures.is_empty() {
            failed += 1;
        }
        for failure in failures {
            println!("{}: {failure}", name(file));
        }
    }
    println!("{} passed, {failed} failed", files.len() - failed);
    if failed == 0 && !files.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn name(file: &Path) -> String {
    file.file_name().unwrap().to_string_lossy().into_owned()
}

fn definitions(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|file| {
            let name = name(file);
            let text = [".json", ".yaml", ".yml"]
                .iter()
                .any(|end| name.ends_with(end));
            text && !name.ends_with(".expected.json") && name != "recorded-errors.json"
        })
        .collect();
    files.sort();
    files
}

/// Returns what is wrong with how a file is read.
fn check(file: &Path) -> Vec<String> {
    let options = || ReadOptions::new().account_id(ACCOUNT_ID);
    let outcome = options().read(file);
    if let Err(error) = &outcome {
        println!("{}: refused: {error}", name(file));
    }
    let mut failures = Vec::new();
    match &outcome {
        Ok(imported) => failures.extend(lost_guards(file, imported)),
        Err(ReadError::Refused(imported)) => {
            if !imported.has_errors() {
                failures.push("refused without an error".to_owned());
            }
        }
        Err(error) => {
            if error.to_string().is_empty() {
                failures.push("refused without a message".to_owned());
            }
        }
    }
    let expectation = expectation_of(file);
    let Ok(text) = fs::read_to_string(&expectation) else {
        return failures;
    };
    let expected: Value = serde_json::from_str(&text).unwrap();
    if outcome.is_err() {
        failures.push("refused, though API Gateway imports it".to_owned());
        return failures;
    }
    failures.extend(compare(file, &options(), &expected, "as recorded"));
    for (mode, expected) in members(&expected["byBasepathMode"]) {
        let base_path = match mode.as_str() {
            "ignore" => BasePath::Ignore,
            "prepend" => BasePath::Prepend,
            "split" => BasePath::Split,
            _ => panic!("unknown base path mode {mode}"),
        };
        let options = options().base_path(base_path);
        failures.extend(compare(file, &options, expected, mode));
    }
    failures
}

fn expectation_of(file: &Path) -> PathBuf {
    let name = name(file);
    let (stem, _) = name.rsplit_once('.').unwrap();
    file.with_file_name(format!("{stem}.expected.json"))
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

// === what was recorded ===

fn compare(file: &Path, options: &ReadOptions, expected: &Value, what: &str) -> Vec<String> {
    let api = match options.read(file) {
        Ok(imported) => imported.definition,
        Err(error) => return vec![format!("{what}: {error}")],
    };
    let mut failures = Vec::new();
    let mut differ = |place: String, found: Value, expected: Value| {
        if found != expected {
            failures.push(format!(
                "{what}: {place}\n  found    {found}\n  expected {expected}"
            ));
        }
    };
    if let Some(recorded) = expected.get("resources") {
        differ(
            "resources".to_owned(),
            resources(&api),
            recorded_resources(recorded),
        );
    }
    for (path, methods) in members(&expected["methods"]) {
        for (verb, recorded) in members(methods) {
            let found = api
                .resources
                .get(path)
                .and_then(|resource| resource.methods.get(&verb.parse().ok()?));
            match found {
                None => differ(format!("{verb} {path}"), Value::Null, recorded.clone()),
                Some(method) => {
                    let found = as_recorded(method, path);
                    for (key, value) in members(recorded) {
                        let found = found.get(key).cloned().unwrap_or_default();
                        differ(format!("{verb} {path} {key}"), found, normal(value));
                    }
                    for key in found.keys().filter(|key| recorded.get(key).is_none()) {
                        differ(
                            format!("{verb} {path} {key}"),
                            found[key].clone(),
                            Value::Null,
                        );
                    }
                }
            }
        }
    }
    if let Some(recorded) = expected.get("restApi") {
        let found = json!({
            "name": api.name,
            "description": api.description,
            "version": api.version,
            "apiKeySource": api.api_key_source,
            "disableExecuteApiEndpoint": api.disable_execute_api_endpoint,
        });
        for (key, value) in members(&found) {
            let recorded = recorded.get(key).cloned().unwrap_or_default();
            differ(format!("restApi {key}"), value.clone(), recorded);
        }
    }
    failures
}

fn resources(api: &RestApi) -> Value {
    let verbs = |methods: Vec<String>| Value::from(methods);
    api.resources
        .iter()
        .map(|(path, resource)| {
            let methods = resource.methods.keys().map(ToString::to_string).collect();
            (path.clone(), verbs(methods))
        })
        .collect::<Map<_, _>>()
        .into()
}

fn recorded_resources(recorded: &Value) -> Value {
    let mut resources = Map::new();
    for resource in recorded.as_array().into_iter().flatten() {
        let mut verbs: Vec<_> = resource["methods"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        verbs.sort_unstable();
        resources.insert(resource["path"].as_str().unwrap().to_owned(), json!(verbs));
    }
    resources.into()
}

/// Writes a method as the recordings have it.
fn as_recorded(method: &Method, path: &str) -> Map<String, Value> {
    let Value::Object(mut found) = serde_json::to_value(method).unwrap() else {
        panic!("a method is an object");
    };
    for (name, prefix, id) in [
        ("authorizer", "authorizer", "authorizerId"),
        ("requestValidator", "validator", "requestValidatorId"),
    ] {
        if let Some(value) = found.remove(name) {
            found.insert(
                id.to_owned(),
                json!(format!("{prefix}:{}", value.as_str().unwrap())),
            );
        }
    }
    if let Some(Value::Object(integration)) = found.get_mut("methodIntegration") {
        integration
            .entry("cacheNamespace")
            .or_insert_with(|| json!(format!("resource:{path}")));
    }
    found
        .into_iter()
        .map(|(key, value)| (key, normal(&value)))
        .collect()
}

/// Parses templates that are JSON, as the recordings have them.
fn normal(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| match key.as_str() {
                "requestTemplates" | "responseTemplates" => (key.clone(), parsed_templates(value)),
                _ => (key.clone(), normal(value)),
            })
            .collect(),
        other => other.clone(),
    }
}

fn parsed_templates(templates: &Value) -> Value {
    let parsed = |template: &Value| {
        let text = template.as_str();
        text.and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_else(|| template.clone())
    };
    members(templates)
        .map(|(key, template)| (key.clone(), parsed(template)))
        .collect()
}

// === guards ===

/// Returns the guards that the document asks for and the definition does not have.
fn lost_guards(file: &Path, imported: &Imported) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let document = Document::parse(&text).unwrap().root().to_json();
    let api = &imported.definition;
    let mut lost = Vec::new();
    if document.get("x-amazon-apigateway-policy").is_some() && api.policy.is_none() {
        lost.push("the policy is lost".to_owned());
    }
    for (path, item) in members(&document["paths"]) {
        for (key, operation) in members(item) {
            let verb = match key.as_str() {
                "x-amazon-apigateway-any-method" => "ANY".to_owned(),
                key if VERBS.contains(&key) => key.to_uppercase(),
                _ => continue,
            };
            let place = format!("{verb} {path}");
            let path = match path.trim_end_matches('/') {
                "" => "/",
                path => path,
            };
            let resource = api.resources.get(path);
            match resource.and_then(|resource| resource.methods.get(&verb.parse().unwrap())) {
                None => lost.push(format!("{place} is lost")),
                Some(method) => lost.extend(
                    lost_of_method(&document, operation, method, &imported.diagnostics)
                        .into_iter()
                        .map(|guard| format!("{place} lost {guard}")),
                ),
            }
        }
    }
    lost
}

fn lost_of_method(
    document: &Value,
    operation: &Value,
    method: &Method,
    diagnostics: &[Diagnostic],
) -> Vec<String> {
    let mut lost = Vec::new();
    let mut keep = |kept: bool, guard: String| {
        if !kept {
            lost.push(guard);
        }
    };
    let of = |key: &str| operation.get(key).or_else(|| document.get(key));
    if let Some(validator) = of("x-amazon-apigateway-request-validator") {
        let kept = method.request_validator.as_deref() == validator.as_str();
        keep(kept, format!("the validator {validator}"));
    }
    let auth = &operation["x-amazon-apigateway-auth"]["type"];
    if auth
        .as_str()
        .is_some_and(|auth| auth.eq_ignore_ascii_case("AWS_IAM"))
    {
        keep(
            method.authorization_type == AuthorizationType::AwsIam,
            "AWS_IAM".to_owned(),
        );
    }
    let requirements = of("security").and_then(Value::as_array);
    for (name, _) in requirements.into_iter().flatten().flat_map(members) {
        let scheme = document["components"]["securitySchemes"]
            .get(name)
            .or_else(|| document["securityDefinitions"].get(name))
            .unwrap_or(&Value::Null);
        let text = |key: &str| scheme[key].as_str().unwrap_or_default();
        let kept = if scheme.get("x-amazon-apigateway-authorizer").is_some() {
            // An operation that asks for AWS_IAM has that in place of the root's authorizer.
            method.authorization_type == AuthorizationType::AwsIam
                || method.authorization_type != AuthorizationType::None
                    && method.authorizer.as_deref() == Some(name)
        } else if text("x-amazon-apigateway-authtype").eq_ignore_ascii_case("awsSigv4") {
            method.authorization_type == AuthorizationType::AwsIam
        } else if text("type") == "apiKey" && text("name").eq_ignore_ascii_case("x-api-key") {
            method.api_key_required
        } else {
            let named = format!("`{name}`");
            diagnostics
                .iter()
                .any(|finding| finding.message.contains(&named))
        };
        keep(kept, format!("the requirement {name}"));
    }
    lost
}
