//! A line for the request and one for each route, such as `GET /pets/{id}`: building and finding never panic, and a
//! match is one that its pattern explains.

#![no_main]

use http::Method;
use libfuzzer_sys::fuzz_target;
use towergate_routing::{RouteMethod, RouteTable};

fuzz_target!(|input: &str| {
    let mut lines = input
        .lines()
        .map(|line| line.split_once(' ').unwrap_or((line, "/")));
    let Some((method, path)) = lines.next() else {
        return;
    };
    let Ok(method) = Method::from_bytes(method.as_bytes()) else {
        return;
    };

    // Most random routes are wrong; those that build alone may still go together.
    let mut builder = RouteTable::builder();
    for (verb, pattern) in lines.take(64) {
        let of = match Method::from_bytes(verb.as_bytes()) {
            Ok(verb) if verb.as_str() != "ANY" => verb.into(),
            _ => RouteMethod::Any,
        };
        let alone = RouteTable::builder().route(of.clone(), pattern, ());
        if alone.build().is_ok() {
            builder = builder.route(of.clone(), pattern, (of, pattern));
        }
    }
    let Ok(table) = builder.build() else { return };
    let Some(found) = table.find(&method, path) else {
        return;
    };

    let (of, pattern) = found.value;
    assert!(*of == RouteMethod::Any || *of == RouteMethod::Verb(method));
    assert_eq!(found.resource.path(), *pattern);
    assert_eq!(found.params.len(), found.resource.parameters().len());

    // Put into the pattern, the parameters give the path again, but for slashes at its ends.
    let mut explained = (*pattern).to_owned();
    let mut filled = String::new();
    for (name, value) in found.parameters(path) {
        assert!(!value.is_empty() && !value.ends_with('/'));
        let greedy = format!("{{{name}+}}");
        let part = if explained.ends_with(&greedy) {
            greedy
        } else {
            assert!(!value.contains('/'));
            format!("{{{name}}}")
        };
        let (before, after) = explained
            .split_once(&part)
            .expect("the parameter is in the pattern");
        filled.push_str(before);
        filled.push_str(value);
        explained = after.to_owned();
    }
    filled.push_str(&explained);
    let trimmed = path.trim_end_matches('/').trim_start_matches('/');
    assert_eq!(filled.strip_prefix('/'), Some(trimmed));
});
