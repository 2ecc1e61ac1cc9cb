//! What the ARNs of Lambda functions mean: where the functions are called.

use std::collections::BTreeSet;

use http::Uri;
use towergate_client::Client;
use towergate_definition::{Diagnostic, Place};
use towergate_openapi::document::Node;

use super::{
    fields::{Fields, excerpt},
    settings::{is_account_id, is_region},
};

pub(super) const FUNCTION_KEYS: &[&str] = &["arn", "invokeUrl"];

/// The key of functions that are run here.
const COMMAND: &str = "command";

/// The longest name of a function.
const MAX_NAME: usize = 64;

/// The longest alias.
const MAX_QUALIFIER: usize = 128;

/// A function, and where it is called.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FunctionSettings<'a> {
    /// The ARN, with an alias or a version if it has one.
    pub(super) arn: &'a str,
    /// The URL of a Lambda Invoke API.
    pub(super) invoke_url: &'a str,
    /// The place of the function in the file.
    pub(super) place: Place,
}

/// Reads the functions of the file. What is wrong with them is reported, and left out.
pub(super) fn functions<'a>(
    file: &Fields<'a>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<FunctionSettings<'a>> {
    let mut seen = BTreeSet::new();
    let mut functions = Vec::new();
    for (node, place) in file.items("functions", diagnostics) {
        let Some((arn, invoke_url)) = function(node, &place, diagnostics) else {
            continue;
        };
        if let Some(arn) = arn.filter(|arn| !seen.insert(*arn)) {
            let message = format!("the function `{arn}` is listed already");
            diagnostics.push(Diagnostic::error(place.key("arn"), message));
        } else if let (Some(arn), Some(invoke_url)) = (arn, invoke_url) {
            functions.push(FunctionSettings {
                arn,
                invoke_url,
                place,
            });
        }
    }
    functions
}

/// Reads the ARN and the URL of a function.
fn function<'a>(
    node: &'a Node,
    place: &Place,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(Option<&'a str>, Option<&'a str>)> {
    let has_command = node.get(COMMAND).is_some();
    let known = match has_command {
        true => &[COMMAND, "arn", "invokeUrl"],
        false => FUNCTION_KEYS,
    };
    let function = Fields::known(node, place.clone(), known, diagnostics)?;
    if has_command {
        let message = "functions cannot be run here: start one behind an Invoke API, and write its `invokeUrl`";
        diagnostics.push(Diagnostic::error(place.key(COMMAND), message));
    }
    let absent = [
        (
            "arn",
            "a function has an ARN, such as `arn:aws:lambda:us-east-1:123456789012:function:hello`",
        ),
        (
            "invokeUrl",
            "a function has the URL of an Invoke API that calls it, such as `http://127.0.0.1:9001`",
        ),
    ];
    for (key, message) in absent {
        if function.get(key).is_none() && !(has_command && key == "invokeUrl") {
            diagnostics.push(Diagnostic::error(function.place(key), message));
        }
    }
    let arn = function.parse(
        "arn",
        "the ARN of a function: write `arn:aws:lambda:REGION:ACCOUNT:function:NAME`, and behind it maybe `:` and an alias or a version",
        diagnostics,
        |arn| is_function(arn).then_some(arn),
    );
    let url = function.parse(
        "invokeUrl",
        "a URL of scheme, host and maybe a path, such as `http://127.0.0.1:9001`",
        diagnostics,
        |url| Some((url, scheme(url)?)),
    );
    let invoke_url = url.and_then(|(url, scheme)| {
        if Client::serves_scheme(&scheme) {
            return Some(url);
        }
        let message = match scheme.eq_ignore_ascii_case("https") {
            true => "functions behind `https` need the feature `rustls`".to_owned(),
            false => format!(
                "`{}` does not begin with `http://` or `https://`",
                excerpt(url)
            ),
        };
        diagnostics.push(Diagnostic::error(function.place("invokeUrl"), message));
        None
    });
    Some((arn, invoke_url))
}

/// Whether this is `arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME`, or that and `:QUALIFIER`.
fn is_function(arn: &str) -> bool {
    let parts: Vec<_> = arn.split(':').collect();
    let (partition, region, account, name, qualifier) = match parts[..] {
        [
            "arn",
            partition,
            "lambda",
            region,
            account,
            "function",
            name,
        ] => (partition, region, account, name, None),
        [
            "arn",
            partition,
            "lambda",
            region,
            account,
            "function",
            name,
            qualifier,
        ] => (partition, region, account, name, Some(qualifier)),
        _ => return false,
    };
    (partition == "aws" || (partition.starts_with("aws-") && is_region(partition)))
        && is_region(region)
        && is_account_id(account)
        && is_word(name, MAX_NAME, "-_")
        && qualifier.is_none_or(|qualifier| is_word(qualifier, MAX_QUALIFIER, "-_$"))
}

fn is_word(text: &str, longest: usize, signs: &str) -> bool {
    (1..=longest).contains(&text.len())
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || signs.contains(letter))
}

/// Returns the scheme of a URL with a host. Query, fragment and credentials have no meaning here.
fn scheme(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let authority = uri.authority()?.as_str();
    let is_plain = uri.query().is_none() && !authority.contains('@') && !url.contains('#');
    is_plain.then(|| uri.scheme_str().map(str::to_owned))?
}

#[cfg(test)]
mod tests {
    use towergate_openapi::document::Document;

    use super::*;

    /// What is found in `functions`, and what is said about it.
    fn read(text: &str) -> (Vec<(String, String, String)>, Vec<String>) {
        let document = Document::parse(&format!("functions:{text}")).unwrap();
        let mut diagnostics = Vec::new();
        let root = Place::root();
        let file = Fields::known(document.root(), root, &["functions"], &mut diagnostics).unwrap();
        let functions = functions(&file, &mut diagnostics);
        let functions = functions.iter().map(|function| {
            let place = function.place.to_string();
            (
                function.arn.to_owned(),
                function.invoke_url.to_owned(),
                place,
            )
        });
        let said = diagnostics
            .iter()
            .map(|said| format!("{}: {}: {}", said.place, said.severity, said.message));
        (functions.collect(), said.collect())
    }

    #[test]
    fn functions_are_read_with_their_places() {
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:hello";
        type Found<'a> = &'a [(&'a str, &'a str, &'a str)];
        let cases: [(&str, Found<'_>); 4] = [
            ("", &[]),
            (" []", &[]),
            (
                "\n  - arn: arn:aws:lambda:us-east-1:123456789012:function:hello\n    invokeUrl: http://127.0.0.1:9001\n  \
                 - {arn: 'arn:aws:lambda:us-east-1:123456789012:function:hello:live', invokeUrl: 'http://[::1]/base/'}",
                &[
                    (arn, "http://127.0.0.1:9001", "functions.0"),
                    (
                        "arn:aws:lambda:us-east-1:123456789012:function:hello:live",
                        "http://[::1]/base/",
                        "functions.1",
                    ),
                ],
            ),
            (
                "\n  - {arn: 'arn:aws-cn:lambda:cn-north-1:123456789012:function:a_B-1:$LATEST', invokeUrl: HTTP://h/2015-03-31/functions/function/invocations}",
                &[(
                    "arn:aws-cn:lambda:cn-north-1:123456789012:function:a_B-1:$LATEST",
                    "HTTP://h/2015-03-31/functions/function/invocations",
                    "functions.0",
                )],
            ),
        ];
        for (text, expected) in cases {
            let expected = expected.iter().map(|(arn, url, place)| {
                ((*arn).to_owned(), (*url).to_owned(), (*place).to_owned())
            });
            assert_eq!(read(text), (expected.collect(), vec![]), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_functions_is_said() {
        const ARN: &str = "arn: 'arn:aws:lambda:us-east-1:123456789012:function:a'";
        const URL: &str = "invokeUrl: http://h";
        let cases = [
            (
                " {}".to_owned(),
                vec!["functions: error: this is an object, and must be a list"],
            ),
            (
                " [hello]".to_owned(),
                vec!["functions.0: error: this is text, and must be an object"],
            ),
            (
                " [{}]".to_owned(),
                vec![
                    "functions.0.arn: error: a function has an ARN, such as `arn:aws:lambda:us-east-1:123456789012:function:hello`",
                    "functions.0.invokeUrl: error: a function has the URL of an Invoke API that calls it, such as `http://127.0.0.1:9001`",
                ],
            ),
            (
                format!(" [{{{ARN}, {URL}, invokeURL: x, timeout: 3}}]"),
                vec![
                    "functions.0.invokeURL: error: unknown key (did you mean `invokeUrl`?): known here are `arn` and `invokeUrl`",
                    "functions.0.timeout: error: unknown key: known here are `arn` and `invokeUrl`",
                ],
            ),
            (
                format!(" [{{{ARN}, command: [python3, app.py]}}]"),
                vec![
                    "functions.0.command: error: functions cannot be run here: start one behind an Invoke API, and write its `invokeUrl`",
                ],
            ),
            (
                format!(" [{{{ARN}, {URL}}}, {{{ARN}, {URL}}}]"),
                vec![
                    "functions.1.arn: error: the function `arn:aws:lambda:us-east-1:123456789012:function:a` is listed already",
                ],
            ),
            (
                format!(" [{{{ARN}, invokeUrl: ftp://h}}, {{arn: [], {URL}}}]"),
                vec![
                    "functions.0.invokeUrl: error: `ftp://h` does not begin with `http://` or `https://`",
                    "functions.1.arn: error: this is a list, and must be text",
                ],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(read(&text).1, expected, "{text}");
        }
        let https = read(&format!(" [{{{ARN}, invokeUrl: https://h}}]"));
        match Client::serves_scheme("https") {
            true => assert_eq!(https.1, [""; 0]),
            false => assert_eq!(
                https.1,
                [
                    "functions.0.invokeUrl: error: functions behind `https` need the feature `rustls`"
                ]
            ),
        }
    }

    #[test]
    fn arns_and_urls_are_checked() {
        let long = "a".repeat(MAX_NAME + 1);
        let too_long = format!("arn:aws:lambda:us-east-1:123456789012:function:{long}");
        let arns = [
            too_long.as_str(),
            "",
            "hello",
            "arn:aws:lambda:us-east-1:123456789012:function:",
            "arn:aws:lambda:us-east-1:123456789012:function:a:",
            "arn:aws:lambda:us-east-1:123456789012:function:a:b:c",
            "arn:aws:lambda:us-east-1:123456789012:function:a b",
            "arn:aws:lambda:us-east-1:123456789012:layer:a",
            "arn:aws:lambda:us-east-1:12345678901:function:a",
            "arn:aws:lambda::123456789012:function:a",
            "arn:awsx:lambda:us-east-1:123456789012:function:a",
            "arn::lambda:us-east-1:123456789012:function:a",
            "arn:aws:sqs:us-east-1:123456789012:function:a",
        ];
        for arn in arns {
            assert!(!is_function(arn), "{arn}");
        }
        for url in [
            "",
            "h:80",
            "/a",
            "http://",
            "http://u@h/",
            "http://h/?q",
            "http://h/#f",
            "http://h h",
        ] {
            assert_eq!(scheme(url), None, "{url}");
        }
    }
}
