use towergate_openapi::document::Document;

use super::*;

/// What is found in `functions`, and what is said about it.
fn read(text: &str) -> (Vec<(String, String)>, Vec<String>) {
    let document = Document::parse(&format!("functions:{text}")).unwrap();
    let mut diagnostics = Vec::new();
    let root = Place::root();
    let file = Fields::known(document.root(), root, &["functions"], &mut diagnostics).unwrap();
    let functions = functions(&file, &Client::new(), &[], &mut diagnostics);
    let functions = functions.iter();
    let functions =
        functions.map(|function| (function.arn.to_string(), function.place.to_string()));
    let said = diagnostics
        .iter()
        .map(|said| format!("{}: {}: {}", said.place, said.severity, said.message));
    (functions.collect(), said.collect())
}

#[test]
fn functions_are_read_with_their_places() {
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:hello";
    type Found<'a> = &'a [(&'a str, &'a str)];
    let cases: [(&str, Found<'_>); 4] = [
        ("", &[]),
        (" []", &[]),
        (
            "\n  - arn: arn:aws:lambda:us-east-1:123456789012:function:hello\n    invokeUrl: http://127.0.0.1:9001\n  \
             - {arn: 'arn:aws:lambda:us-east-1:123456789012:function:hello:live', invokeUrl: 'http://[::1]/base/'}",
            &[
                (arn, "functions.0"),
                (
                    "arn:aws:lambda:us-east-1:123456789012:function:hello:live",
                    "functions.1",
                ),
            ],
        ),
        (
            "\n  - {arn: 'arn:aws-cn:lambda:cn-north-1:123456789012:function:a_B-1:$LATEST', invokeUrl: HTTP://h/2015-03-31/functions/function/invocations}",
            &[(
                "arn:aws-cn:lambda:cn-north-1:123456789012:function:a_B-1:$LATEST",
                "functions.0",
            )],
        ),
    ];
    for (text, expected) in cases {
        let expected = expected.iter();
        let expected = expected.map(|(arn, place)| ((*arn).to_owned(), (*place).to_owned()));
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
            format!(" [{{{ARN}, invokeUrl: ftp://h}}, {{arn: [], {URL}}}]"),
            vec![
                "functions.0.invokeUrl: error: `ftp://h` cannot be called: use `http`, or `https` with the feature `rustls`",
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
                "functions.0.invokeUrl: error: `https://h` cannot be called: use `http`, or `https` with the feature `rustls`"
            ]
        ),
    }
}

#[test]
fn arns_are_whole_and_urls_have_a_host() {
    const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:a";
    let cases = [
        ("arn", "", "http://h"),
        ("arn", "hello", "http://h"),
        ("arn", "123456789012:function:hello", "http://h"),
        (
            "arn",
            "arn:aws:lambda:us-east-1:123456789012:function:a b",
            "http://h",
        ),
        (
            "arn",
            "arn:aws:lambda:us-east-1:12345678901:function:a",
            "http://h",
        ),
        (
            "arn",
            "arn:aws:sqs:us-east-1:123456789012:function:a",
            "http://h",
        ),
        ("invokeUrl", ARN, ""),
        ("invokeUrl", ARN, "/a"),
        ("invokeUrl", ARN, "http://h/?q"),
    ];
    for (key, arn, url) in cases {
        let (found, said) = read(&format!(" [{{arn: '{arn}', invokeUrl: '{url}'}}]"));
        assert_eq!(found, [], "{arn} {url}");
        let is_said =
            said.len() == 1 && said[0].starts_with(&format!("functions.0.{key}: error: "));
        assert!(is_said, "{arn} {url}: {said:?}");
    }
}
