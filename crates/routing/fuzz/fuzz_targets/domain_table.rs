//! A line for the request, one for each of its headers, and one for each domain, mapping and rule: building and
//! finding never panic, and the table says what loops over lists say.
//!
//! ```text
//! HOST PATH
//! > NAME VALUE
//! domain NAME MODE
//! map KEY [stage]
//! rule PRIORITY [strip] [NAME=GLOB,NAME=GLOB]... [/BASE_PATH,BASE_PATH]
//! ```

#![no_main]

use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/domains/reference.rs"]
mod reference;

use reference::{ListedDomain, ListedMapping, ListedRule};

fuzz_target!(|input: &str| {
    let mut lines = input.lines();
    let Some((host, path)) = lines.next().and_then(|line| line.split_once(' ')) else {
        return;
    };
    let mut headers = HeaderMap::new();
    let mut domains: Vec<ListedDomain> = Vec::new();
    for line in lines.take(64) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match (word, domains.last_mut()) {
            (">", _) => add_header(&mut headers, rest),
            ("domain", _) => domains.push(domain(rest)),
            ("map", Some(domain)) => keep_if_right(domain, |domain| {
                domain.mappings.push(mapping(rest));
            }),
            ("rule", Some(domain)) => keep_if_right(domain, |domain| {
                domain.rules.push(rule(rest));
            }),
            _ => {}
        }
    }
    let builder = reference::builder(&domains);
    drop(builder.warnings());
    match builder.build() {
        Ok(table) => {
            let said = reference::ask(&table, Some(host), path, &headers);
            let expected = reference::expect(&domains, Some(host), path, &headers);
            assert_eq!(said, expected);
        }
        Err(errors) => assert!(errors.iter().all(|error| !error.to_string().is_empty())),
    }
});

/// Most random mappings and rules are wrong; the domain still has the others.
fn keep_if_right(domain: &mut ListedDomain, add: impl FnOnce(&mut ListedDomain)) {
    let mut more = domain.clone();
    add(&mut more);
    let alone = ListedDomain {
        name: "a.com".to_owned(),
        ..more.clone()
    };
    if reference::builder(&[alone]).build().is_ok() {
        *domain = more;
    }
}

fn add_header(headers: &mut HeaderMap, text: &str) {
    let (name, value) = text.split_once(' ').unwrap_or((text, ""));
    let name = HeaderName::from_bytes(name.as_bytes());
    let value = HeaderValue::from_bytes(value.as_bytes());
    if let (Ok(name), Ok(value)) = (name, value) {
        headers.append(name, value);
    }
}

fn domain(text: &str) -> ListedDomain {
    let (name, mode) = text.split_once(' ').unwrap_or((text, ""));
    ListedDomain {
        name: name.to_owned(),
        mode: mode.parse().unwrap_or_default(),
        ..ListedDomain::default()
    }
}

fn mapping(text: &str) -> ListedMapping {
    let (base_path, stage) = text.split_once(' ').unwrap_or((text, ""));
    ListedMapping {
        base_path: base_path.to_owned(),
        is_stage_in_path: stage == "stage",
    }
}

fn rule(text: &str) -> ListedRule {
    let mut words = text.split(' ');
    let priority = words.next().and_then(|priority| priority.parse().ok());
    let mut rule = ListedRule {
        priority: priority.unwrap_or_default(),
        ..ListedRule::default()
    };
    for word in words {
        if word == "strip" {
            rule.strips = true;
        } else if let Some(base_paths) = word.strip_prefix('/') {
            rule.base_paths = Some(base_paths.split(',').map(str::to_owned).collect());
        } else {
            let pairs = word
                .split(',')
                .map(|pair| pair.split_once('=').unwrap_or((pair, "*")));
            let owned = pairs.map(|(name, glob)| (name.to_owned(), glob.to_owned()));
            rule.headers.push(owned.collect());
        }
    }
    rule
}
