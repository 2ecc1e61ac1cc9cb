//! A second evaluator of policies, which walks the JSON for each request and takes the straight way everywhere.

use std::{collections::BTreeMap, net::IpAddr};

use serde_json::Value;

/// A request as plain data; the names of condition keys are in lower case.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) context: BTreeMap<String, Vec<String>>,
}

/// `Allow`, `Deny` or `NotApplicable`.
pub(crate) fn evaluate(policy: &Value, request: &Request) -> &'static str {
    let effects: Vec<&Value> = list(&policy["Statement"])
        .into_iter()
        .filter(|statement| applies(policy, statement, request))
        .map(|statement| &statement["Effect"])
        .collect();
    if effects.iter().any(|effect| **effect == "Deny") {
        "Deny"
    } else if effects.is_empty() {
        "NotApplicable"
    } else {
        "Allow"
    }
}

fn applies(policy: &Value, statement: &Value, request: &Request) -> bool {
    let expands = policy["Version"] == "2012-10-17";
    let action = request.action.to_lowercase();
    let acts = |value: &Value| {
        list(value)
            .iter()
            .any(|pattern| like(&wild(&scalar(pattern).to_lowercase()), &action))
    };
    let action_fits = match statement.get("Action") {
        Some(actions) => acts(actions),
        None => !acts(&statement["NotAction"]),
    };
    let expanded = |value: &Value| -> Vec<Option<Vec<char>>> {
        list(value)
            .iter()
            .map(|pattern| expand(&scalar(pattern), expands, true, request))
            .collect()
    };
    let covers = |patterns: &[Option<Vec<char>>]| {
        patterns
            .iter()
            .flatten()
            .any(|pattern| like(pattern, &request.resource))
    };
    let resource_fits = match statement.get("Resource") {
        Some(resources) => covers(&expanded(resources)),
        None => {
            let patterns = expanded(&statement["NotResource"]);
            let unresolved = patterns.contains(&None);
            !covers(&patterns) && (!unresolved || statement["Effect"] == "Deny")
        }
    };
    let no_conditions = serde_json::Map::new();
    let blocks = statement["Condition"].as_object().unwrap_or(&no_conditions);
    action_fits
        && resource_fits
        && blocks.iter().all(|(operator, keys)| {
            let mut keys = keys.as_object().expect("keys").iter();
            keys.all(|(key, values)| holds(operator, key, &list(values), expands, request))
        })
}

fn holds(operator: &str, key: &str, wanted: &[&Value], expands: bool, request: &Request) -> bool {
    let empty = Vec::new();
    let values = request.context.get(&key.to_lowercase()).unwrap_or(&empty);
    if operator == "Null" {
        return wanted
            .iter()
            .any(|wanted| scalar(wanted) == values.is_empty().to_string());
    }
    let if_exists = operator.ends_with("IfExists");
    let operator = operator.trim_end_matches("IfExists");
    let (set, operator) = operator.split_once(':').unwrap_or(("", operator));
    let positive = operator.replace("Not", "");
    let negated = positive != operator;
    let one = |value: &String| {
        wanted
            .iter()
            .any(|wanted| compare(&positive, &scalar(wanted), value, expands, request))
    };
    if values.is_empty() {
        return if_exists || set == "ForAllValues" || (set.is_empty() && negated);
    }
    match set {
        "ForAllValues" => values.iter().all(|value| one(value) != negated),
        "ForAnyValue" => values.iter().any(|value| one(value) != negated),
        _ if negated => !values.iter().any(one),
        _ => values.iter().any(one),
    }
}

fn compare(operator: &str, wanted: &str, value: &str, expands: bool, request: &Request) -> bool {
    let exact = || expand(wanted, expands, false, request).map(String::from_iter);
    let pattern = || expand(wanted, expands, true, request);
    match operator {
        "StringEquals" => exact().is_some_and(|wanted| wanted == value),
        "StringEqualsIgnoreCase" => {
            exact().is_some_and(|wanted| wanted.to_lowercase() == value.to_lowercase())
        }
        "StringLike" => pattern().is_some_and(|wanted| like(&wanted, value)),
        "ArnEquals" | "ArnLike" => pattern().is_some_and(|wanted| arn_like(&wanted, value)),
        "Bool" => exact().is_some_and(|wanted| {
            let wanted = wanted.to_lowercase();
            (wanted == "true" || wanted == "false") && wanted == value.to_lowercase()
        }),
        "BinaryEquals" => wanted == value && !wanted.contains(' '),
        "IpAddress" => in_range(wanted, value),
        _ if operator.starts_with("Numeric") => {
            let numbers = (value.parse::<f64>(), wanted.parse::<f64>());
            matches!(numbers, (Ok(value), Ok(wanted)) if related(operator, value, wanted))
        }
        _ => {
            let moments = (epoch(value), epoch(wanted));
            matches!(moments, (Some(value), Some(wanted)) if related(operator, value, wanted))
        }
    }
}

fn related<T: PartialOrd>(operator: &str, value: T, wanted: T) -> bool {
    let relation = operator
        .trim_start_matches("Numeric")
        .trim_start_matches("Date");
    match relation {
        "Equals" => value == wanted,
        "LessThan" => value < wanted,
        "LessThanEquals" => value <= wanted,
        "GreaterThan" => value > wanted,
        "GreaterThanEquals" => value >= wanted,
        other => panic!("unknown relation {other}"),
    }
}

/// The moments that occur, by hand.
pub(crate) const MOMENTS: [(&str, Option<i64>); 9] = [
    ("-1", Some(-62_198_755_200)),
    ("2026-03-01T12:00:00Z", Some(1_772_366_400)),
    ("2026-03-01T13:00:00+01:00", Some(1_772_366_400)),
    ("1772366400", Some(1_772_366_400)),
    ("2026-03-01", Some(1_772_323_200)),
    ("1772366399", Some(1_772_366_399)),
    ("2026", Some(2_026)),
    ("tomorrow", None),
    ("2026-02-30", None),
];

fn epoch(text: &str) -> Option<i64> {
    match MOMENTS.iter().find(|(name, _)| *name == text) {
        Some((_, moment)) => *moment,
        None => text
            .parse()
            .ok()
            .filter(|_| text.bytes().all(|byte| byte.is_ascii_digit())),
    }
}

/// Compares addresses bit by bit.
pub(crate) fn in_range(range: &str, address: &str) -> bool {
    let (base, prefix) = range.split_once('/').unwrap_or((range, "128"));
    let (Some(base), Some(address)) = (bits(base), bits(address)) else {
        return false;
    };
    let prefix: usize = prefix.parse().unwrap_or(usize::MAX);
    base.len() == address.len()
        && (0..base.len()).all(|index| index >= prefix || base[index] == address[index])
}

fn bits(address: &str) -> Option<Vec<bool>> {
    let bytes = match address.parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let bit = |byte: &u8| {
        (0..8)
            .map(|place| byte >> (7 - place) & 1 == 1)
            .collect::<Vec<_>>()
    };
    Some(bytes.iter().flat_map(bit).collect())
}

const RUN: char = '\u{e000}';
const ONE: char = '\u{e001}';

/// Marks the wildcards of a text.
fn wild(text: &str) -> Vec<char> {
    text.chars()
        .map(|character| match character {
            '*' => RUN,
            '?' => ONE,
            other => other,
        })
        .collect()
}

/// Fills in variables; `None` if one of them has no value.
fn expand(text: &str, expands: bool, wildcards: bool, request: &Request) -> Option<Vec<char>> {
    let plain = |text: &str| {
        if wildcards {
            wild(text)
        } else {
            text.chars().collect()
        }
    };
    let Some((before, rest)) = text.split_once("${").filter(|_| expands) else {
        return Some(plain(text));
    };
    let (body, after) = rest.split_once('}').expect("a brace");
    let value = match body.split_once(", ") {
        _ if ["*", "?", "$"].contains(&body) => body.to_owned(),
        Some((key, default)) => single(key, request).unwrap_or(default.trim_matches('\'').into()),
        None => single(body, request)?,
    };
    let mut all = plain(before);
    all.extend(value.chars());
    all.extend(expand(after, expands, wildcards, request)?);
    Some(all)
}

fn single(key: &str, request: &Request) -> Option<String> {
    match request.context.get(&key.to_lowercase())?.as_slice() {
        [value] => Some(value.clone()),
        _ => None,
    }
}

/// Tries every way to match.
pub(crate) fn like(pattern: &[char], text: &str) -> bool {
    fn rest(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], text) => text.is_empty(),
            ([RUN, others @ ..], text) => (0..=text.len()).any(|skip| rest(others, &text[skip..])),
            ([_, ..], []) => false,
            ([first, others @ ..], [character, after @ ..]) => {
                (*first == ONE || first == character) && rest(others, after)
            }
        }
    }
    rest(pattern, &text.chars().collect::<Vec<_>>())
}

fn arn_like(pattern: &[char], text: &str) -> bool {
    let patterns: Vec<&[char]> = pattern.splitn(6, |character| *character == ':').collect();
    let texts: Vec<&str> = text.splitn(6, ':').collect();
    patterns.len() == 6
        && texts.len() == 6
        && patterns
            .iter()
            .zip(texts)
            .all(|(pattern, text)| like(pattern, text))
}

fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        single => vec![single],
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
