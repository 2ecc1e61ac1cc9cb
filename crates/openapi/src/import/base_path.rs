//! The base path of a definition and what is put before each path because of it.

use towergate_definition::Place;

use super::{
    Dialect,
    paths::check_segment,
    spot::{Findings, Spot},
};
use crate::BasePath;

/// The longest server URL whose path is looked for, variables filled in.
const MAX_URL_BYTES: usize = 10_240;

/// Returns what stands before every path: nothing, or parts that each begin with `/`.
pub(super) fn prefix(
    root: &Spot<'_>,
    dialect: Dialect,
    mode: BasePath,
    findings: &mut Findings,
) -> String {
    let dropped = match mode {
        BasePath::Ignore => return String::new(),
        BasePath::Prepend => 0,
        BasePath::Split => 1,
    };
    let found = match dialect {
        Dialect::Swagger2 => root
            .get("basePath")
            .and_then(|spot| Some((findings.text(&spot)?.to_owned(), spot.place))),
        Dialect::OpenApi3 => variable(root).or_else(|| url(root)),
    };
    let Some((base_path, place)) = found else {
        return String::new();
    };
    parts(&base_path, dropped, &place, findings)
}

fn parts(base_path: &str, dropped: usize, place: &Place, findings: &mut Findings) -> String {
    let parts = base_path.split('/').filter(|part| !part.is_empty());
    let mut prefix = String::new();
    for part in parts.skip(dropped) {
        if let Err(why) = check_segment(part) {
            findings.error(
                place,
                format!("the base path `{base_path}` has a part `{part}` that {why}"),
            );
        }
        prefix.push('/');
        prefix.push_str(part);
    }
    prefix
}

/// Returns the default of the first server variable called `basePath`, whether or not a URL uses it.
fn variable(root: &Spot<'_>) -> Option<(String, Place)> {
    root.get("servers")?.items().find_map(|server| {
        let default = server.get("variables")?.get("basePath")?.get("default")?;
        Some((default.node.as_text()?.to_owned(), default.place))
    })
}

/// Returns the path of the first server's URL, with the defaults of its variables in it.
fn url(root: &Spot<'_>) -> Option<(String, Place)> {
    let server = root.get("servers")?.items().next()?;
    let url = server.get("url")?;
    let mut rest = url.node.as_str()?;
    let mut text = String::new();
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (name, after) = after.split_once('}')?;
        let default = server
            .get("variables")
            .and_then(|variables| variables.get(name)?.get("default"));
        text.push_str(
            default
                .and_then(|spot| spot.node.as_text())
                .unwrap_or_default(),
        );
        if text.len() > MAX_URL_BYTES {
            return None;
        }
        rest = after;
    }
    text.push_str(rest);
    Some((path_of(&text).to_owned(), url.place))
}

/// Returns the path of a URL, absolute or relative.
fn path_of(url: &str) -> &str {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |at| rest.split_at(at).1),
        None => url,
    };
    path.split(['?', '#']).next().unwrap_or_default()
}
