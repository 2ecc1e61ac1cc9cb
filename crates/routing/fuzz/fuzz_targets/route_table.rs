//! Any routes and any path: building and finding never panic, and a match is one that its pattern explains.

#![no_main]

use arbitrary::Arbitrary;
use http::Method;
use libfuzzer_sys::fuzz_target;
use towergate_routing::{RouteMethod, RouteTable};

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    routes: Vec<(Option<Verb>, &'a str)>,
    verb: Verb,
    path: &'a str,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Verb {
    Delete,
    Get,
    Head,
    Options,
    Patch,
    Post,
    Put,
    Trace,
}

impl From<Verb> for Method {
    fn from(verb: Verb) -> Self {
        match verb {
            Verb::Delete => Self::DELETE,
            Verb::Get => Self::GET,
            Verb::Head => Self::HEAD,
            Verb::Options => Self::OPTIONS,
            Verb::Patch => Self::PATCH,
            Verb::Post => Self::POST,
            Verb::Put => Self::PUT,
            Verb::Trace => Self::TRACE,
        }
    }
}

fuzz_target!(|input: Input<'_>| {
    let Input { routes, verb, path } = input;
    let method = Method::from(verb);

    // Most random routes are wrong; those that build alone may still go together.
    let mut builder = RouteTable::builder();
    for (verb, pattern) in routes {
        let of = verb.map_or(RouteMethod::Any, |verb| Method::from(verb).into());
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
