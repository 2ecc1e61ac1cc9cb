//! The language by example, and what crosses from one template to the next.

#![allow(clippy::panic, reason = "a test may fail where it stands")]

use std::borrow::Cow;

use towergate_mapping_templates::{
    ContextValue, Limits, ParameterLocation, Payload, RenderErrorKind, Scope, Template, Variables,
};

struct Facts;

impl Variables for Facts {
    fn context(&self, name: &str) -> Option<ContextValue<'_>> {
        Some(match name {
            "stage" => "prod".into(),
            "requestTimeEpoch" => ContextValue::Integer(1_700_000_000_000),
            "identity" | "authorizer" => ContextValue::Branch,
            "identity.sourceIp" => "10.0.0.1".into(),
            "authorizer.https://x.y/z" => "claim".into(),
            _ => return None,
        })
    }

    fn context_keys(&self, branch: &str, visit: &mut dyn FnMut(&str)) {
        match branch {
            "" => ["stage", "identity"].into_iter().for_each(visit),
            "identity" => visit("sourceIp"),
            _ => {}
        }
    }

    fn stage_variable(&self, name: &str) -> Option<Cow<'_, str>> {
        (name == "url").then(|| "ex.org".into())
    }

    fn parameter(&self, location: ParameterLocation, name: &str) -> Option<Cow<'_, str>> {
        (location == ParameterLocation::Header && name == "X-A").then(|| "h".into())
    }

    fn parameters(&self, location: ParameterLocation, visit: &mut dyn FnMut(&str, &str)) {
        if location == ParameterLocation::Header {
            visit("X-A", "h");
            visit("x-b", "i");
        }
    }
}

fn render(template: &str, body: &str) -> String {
    let template = Template::parse(template).unwrap_or_else(|error| panic!("{template}: {error}"));
    let mut scope = Scope::new(Payload::new(body), &Facts);
    template
        .render(&mut scope)
        .unwrap_or_else(|error| format!("error: {error}"))
}

#[test]
fn templates_render() {
    let body = r#"{"pets":[{"name":"Rex","tags":["a/b"]},{"name":"Tom","tags":[]}],"n":null}"#;
    let cases = [
        (
            "$input.json('$.pets[0]')",
            r#"{"name":"Rex","tags":["a/b"]}"#,
        ),
        ("$input.json('$.pets[*].name')", r#"["Rex","Tom"]"#),
        ("$input.json('$..tags')", r#"[["a/b"],[]]"#),
        ("$input.json('$.n')$input.json('$.x')", r#""""""#),
        ("$input.path('$.pets[-1].name')", "Tom"),
        ("$input.path('$.pets[0].tags')", r#"["a\/b"]"#),
        ("$input.path('$.pets').size()", "2"),
        ("#set($p='$.pets')$input.path(\"${p}[0].name\")", "Rex"),
        (
            "#set($a=$input.path('$'))#set($a.n=1)$a.n$input.path('$.n')",
            "1",
        ),
        (
            "$input.params('X-A')|$input.params('x-a')|$input.params().header",
            "h||{X-A=h, x-b=i}",
        ),
        (
            "$context.stage $context.identity.sourceIp $context.requestTimeEpoch",
            "prod 10.0.0.1 1700000000000",
        ),
        (
            "$context.identity|$context['identity'].sourceIp|$context['identity.sourceIp']",
            "|10.0.0.1|",
        ),
        ("$context.authorizer['https://x.y/z']", "claim"),
        (
            "#set($context.stage='x')$context.stage $context.identity.sourceIp",
            "x 10.0.0.1",
        ),
        (
            "$context.keySet()",
            "[requestOverride, stage, identity, responseOverride]",
        ),
        ("$stageVariables.url|$stageVariables['no']", "ex.org|"),
        ("#set($input=1)$input", "1"),
        (
            "#set($input='s')$input.params('X-A')|$input.json('$')|",
            "||",
        ),
        ("#set($stageVariables.url='x')$stageVariables.url", "x"),
        ("#set($stageVariables={})$stageVariables.url|", "|"),
        ("#set($input.params='x')$input.params('X-A').length()", "1"),
        (
            r"\$input.params('X-A') \\$context.stage",
            r"$input.params('X-A') \prod",
        ),
        (
            "#set($p=$input.path('$.pets[0]'))$p.name $p.name.length() $p.no.name|$p.tags.size()",
            "Rex 3 |1",
        ),
        (
            "$util.urlDecode('%')",
            "error: line 1, column 1: `$util.urlDecode` is given a bad `%` sequence",
        ),
        (
            "a\n  $input.path('$[')",
            "error: line 2, column 3: invalid JSONPath `$[` at byte 2: ",
        ),
        ("$util.base64Decode('YQ')$util.base64Decode('w6Y=')", "aæ"),
        ("$util.escapeJavaScript('a\"/é')", "a\\\"\\/\\u00E9"),
        (
            "#set($s='x')$s.format('%5.1f|%-3s|%03d', 2.25, 'a', 7)",
            "  2.3|a  |007",
        ),
        ("#set($s='x')$s.join('-', ['a','b'])", "a-b"),
        (
            "#set($s='aXbX')$s.replaceAll('(\\w)X', '<$1>') $s.split('X').size()",
            "<a><b> 2",
        ),
    ];
    for (template, expected) in cases {
        let found = render(template, body);
        let matches = if expected.starts_with("error") {
            found.starts_with(expected)
        } else {
            found == expected
        };
        assert!(
            matches,
            "{template}\n  found    {found}\n  expected {expected}"
        );
    }
}

#[test]
fn a_body_that_is_null_or_no_json_says_so() {
    let cases = [
        ("null", "$input.path('$')", "error: "),
        ("{\"a\":", "$input.json('$')", "error: "),
        ("a=1", "$input.json('$')", "\"a=1\""),
        ("", "$input.body", "{}"),
    ];
    for (body, template, expected) in cases {
        assert!(
            render(template, body).starts_with(expected),
            "{body} {template}"
        );
    }
}

#[test]
fn overrides_cross_from_the_request_template_to_the_response_template() {
    let request = Template::parse(
        "#set($context.requestOverride.header.a = ['x', 1])#set($context.responseOverride.custom = 'c')",
    )
    .unwrap();
    let mut scope = Scope::new(Payload::default(), &());
    request.render(&mut scope).unwrap();
    let response = Template::parse(
        "$context.responseOverride.custom $context.requestOverride.header.a#set($context.responseOverride.status = 404)",
    )
    .unwrap();
    let mut scope = Scope::new(Payload::default(), &()).with_overrides(scope.into_overrides());
    assert_eq!(response.render(&mut scope).as_deref(), Ok("c [x, 1]"));
    let overrides = scope.into_overrides();
    assert_eq!(overrides.status(), Some(404));
    let headers: Vec<_> = overrides
        .request_group("header")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(headers, [r#"a=["x",1]"#]);
    for status in ["99", "600", "'200'", "2.5"] {
        let template = Template::parse(&format!(
            "#set($context.responseOverride.status = {status})"
        ))
        .unwrap();
        let mut scope = Scope::new(Payload::default(), &());
        template.render(&mut scope).unwrap();
        assert_eq!(scope.overrides().status(), None, "{status}");
    }
}

#[test]
fn a_body_is_shared_between_templates() {
    let payload = Payload::new(r#"{"a":1}"#);
    for template in [
        "$input.path('$').put('a', 2)",
        "$input.json('$')",
        "$input.path('$.a')",
    ] {
        let expected = if template.ends_with("json('$')") {
            r#"{"a":1}"#
        } else {
            "1"
        };
        let template = Template::parse(template).unwrap();
        let output = template.render(&mut Scope::new(payload.clone(), &()));
        assert_eq!(output.as_deref(), Ok(expected));
    }
}

#[test]
fn what_throws_is_told_apart_from_what_is_too_much() {
    let template = Template::parse("#set($l=[1])$l.get(5)").unwrap();
    let error = template
        .render(&mut Scope::new(Payload::default(), &()))
        .unwrap_err();
    assert_eq!(
        error.kind(),
        &RenderErrorKind::Throw("a list of size 1 has no index 5".into())
    );
}

#[test]
fn errors_of_rendering_point_at_their_place() {
    let long = format!("{}$util.urlDecode('%')", "-".repeat(200));
    let cases = [
        (
            "a\n  $util.urlDecode('%')",
            2,
            3,
            "  $util.urlDecode('%')\n  ^".to_owned(),
        ),
        (
            "#set($l = [1])\r\n\té#set($l[1] = 2)\r\n",
            2,
            3,
            "\té#set($l[1] = 2)\n\t ^".to_owned(),
        ),
        (
            "\n#set($x = \"a $util.urlDecode('%')\")",
            2,
            14,
            format!("#set($x = \"a $util.urlDecode('%')\")\n{}^", " ".repeat(13)),
        ),
        (
            "#set($x = \"a\n\"\"$util.urlDecode('%')\")",
            2,
            2,
            "\"\"$util.urlDecode('%')\")\n ^".to_owned(),
        ),
        (
            "#define($d)\n$util.urlDecode('%')#end\n$d",
            2,
            1,
            "$util.urlDecode('%')#end\n^".to_owned(),
        ),
        (
            &long,
            1,
            201,
            format!(
                "…{}$util.urlDecode('%')\n{}^",
                "-".repeat(80),
                " ".repeat(81)
            ),
        ),
    ];
    for (template, line, column, excerpt) in cases {
        let parsed = Template::parse(template).unwrap();
        let mut scope = Scope::new(Payload::default(), &());
        let error = parsed.render(&mut scope).unwrap_err();
        assert_eq!((error.line(), error.column()), (line, column), "{template}");
        assert_eq!(error.excerpt(), excerpt, "{template}");
    }
    let limits = Limits::default().with_max_output_bytes(2);
    let mut scope = Scope::new(Payload::default(), &()).with_limits(limits);
    let error = Template::parse("abc")
        .unwrap()
        .render(&mut scope)
        .unwrap_err();
    assert_eq!((error.line(), error.column()), (1, 1), "text alone");
    assert_eq!(error.excerpt(), "abc\n^", "text alone");
}

#[test]
fn errors_of_parsing_point_at_their_place() {
    let long = format!("{}#end{}", "-".repeat(200), "+".repeat(200));
    let cases = [
        ("a\n\t#end", "\t#end\n\t^".to_owned()),
        (
            "x #set($x = \"a $b[\") y",
            format!("x #set($x = \"a $b[\") y\n{}^", " ".repeat(18)),
        ),
        ("x #set($x = \"\n$b[\") y", "$b[\") y\n   ^".to_owned()),
        (
            &long,
            format!(
                "…{}#end{}…\n{}^",
                "-".repeat(80),
                "+".repeat(36),
                " ".repeat(81)
            ),
        ),
    ];
    for (template, excerpt) in cases {
        let error = Template::parse(template).unwrap_err();
        assert_eq!(error.excerpt(), excerpt, "{template}");
    }
}
