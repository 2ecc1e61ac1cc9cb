//! Paths and the verbs beneath them.

use towergate_definition::{HttpMethod, Place, RestApi};

use super::{
    Import, operation, references,
    spot::{EXTENSION, Findings, Spot},
};

/// What a path may have beside verbs.
const OTHER_MEMBERS: [&str; 5] = ["$ref", "description", "parameters", "servers", "summary"];

/// Reads every path into the API, with `prefix` put before it.
pub(super) fn read(import: &mut Import<'_>, prefix: &str, api: &mut RestApi) {
    let Some(paths) = import.root.get("paths") else {
        import.findings.warning(
            &Place::root().key("paths"),
            "the attribute is missing: the API has no methods",
        );
        return;
    };
    let paths = import.findings.object(paths);
    for (path, spot) in paths.iter().flat_map(Spot::members) {
        if path.starts_with("x-") {
            continue;
        }
        match resource_path(path) {
            Err(why) => import.findings.error(&spot.place, why),
            Ok(path) => item(import, &full_path(prefix, path), spot, api),
        }
    }
}

fn full_path(prefix: &str, path: &str) -> String {
    match (prefix, path) {
        ("", path) => path.to_owned(),
        (prefix, "/") => prefix.to_owned(),
        (prefix, path) => format!("{prefix}{path}"),
    }
}

/// Reads one path and its verbs.
fn item<'a>(import: &mut Import<'a>, path: &str, spot: Spot<'a>, api: &mut RestApi) {
    let place = spot.place.clone();
    api.resource_mut(path);
    if spot.node.is_null() {
        return;
    }
    let root = import.root.clone();
    let Some(item) = import
        .findings
        .object(spot)
        .and_then(|spot| references::follow(spot, &root, &mut import.findings))
        .and_then(|spot| import.findings.object(spot))
    else {
        return;
    };
    if let Some(servers) = item.get("servers") {
        let why = "API Gateway ignores servers of a path: integrations name their backends";
        import.findings.warning(&servers.place, why);
    }
    let any = import.findings.extension(&item, "any-method");
    let any = any.map(|spot| (HttpMethod::Any, spot));
    let verbs: Vec<_> = item
        .members()
        .filter_map(|(key, spot)| Some((verb(key, &spot, &mut import.findings)?, spot)))
        .collect();
    for (http_method, spot) in verbs.into_iter().chain(any) {
        if let Some(twice) = api.resource_mut(path).methods.get(&http_method) {
            let message = format!("{} {path} is defined twice", twice.http_method);
            import.findings.error(&place, message);
            continue;
        }
        if let Some(method) = operation::read(import, path, http_method, spot, &item) {
            api.resource_mut(path).methods.insert(http_method, method);
        }
    }
}

/// Returns the verb a member of a path is, unless it is something else.
fn verb(key: &str, spot: &Spot<'_>, findings: &mut Findings) -> Option<HttpMethod> {
    if OTHER_MEMBERS.contains(&key) || key.starts_with("x-") {
        return None;
    }
    let lower_case = !key.chars().any(char::is_uppercase);
    match key.parse() {
        Ok(HttpMethod::Any) => findings.error(
            &spot.place,
            format!("every other verb of a path is called `{EXTENSION}any-method`"),
        ),
        Ok(http_method) if lower_case => return Some(http_method),
        Ok(_) => findings.error(
            &spot.place,
            format!("verbs are in lower case: `{}`", key.to_ascii_lowercase()),
        ),
        Err(_) if key == "trace" => {
            findings.unsupported(&spot.place, "API Gateway has no TRACE methods");
        }
        Err(_) => findings.error(
            &spot.place,
            format!("`{key}` is no verb: they are get, put, post, delete, options, head and patch"),
        ),
    }
    None
}

/// Returns a path without its trailing slash, or why API Gateway has no resource for it.
fn resource_path(path: &str) -> Result<&str, String> {
    let parts = path.strip_prefix('/');
    if parts.unwrap_or(path) == "$default" {
        return Err(format!(
            "`{path}` is a route of HTTP APIs: in a REST API, write `/{{proxy+}}` with `{EXTENSION}any-method`"
        ));
    }
    let Some(parts) = parts else {
        return Err(format!("a path begins with `/`: write `/{path}`"));
    };
    if parts.is_empty() {
        return Ok(path);
    }
    let (path, parts) = match parts.strip_suffix('/') {
        Some(parts) => (path.get(..=parts.len()).unwrap_or(path), parts),
        None => (path, parts),
    };
    let mut segments = parts.split('/').peekable();
    while let Some(segment) = segments.next() {
        check_segment(segment).map_err(|why| format!("the part `{segment}` of this path {why}"))?;
        if segment.ends_with("+}") && segments.peek().is_some() {
            return Err(format!(
                "`{segment}` takes the whole rest of a path: nothing may follow it"
            ));
        }
    }
    Ok(path)
}

/// Says why API Gateway has no resource for a part of a path.
pub(super) fn check_segment(segment: &str) -> Result<(), &'static str> {
    if segment.is_empty() {
        return Err("is empty");
    }
    let name = segment
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .map(|name| name.strip_suffix('+').unwrap_or(name));
    if name == Some("") {
        return Err("names no variable");
    }
    if name.unwrap_or(segment).contains(['{', '}']) {
        return Err("has a variable that does not fill it");
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.,:".contains(c);
    if !name.unwrap_or(segment).chars().all(allowed) {
        return Err("has other characters than letters, digits and `_-.,:`");
    }
    Ok(())
}
