//! What holds for every template.

use proptest::prelude::*;
use towergate_mapping_templates::{Limits, Payload, Scope, Template};

/// Pieces that templates are made of, in any order.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "$x",
        "${x}",
        "$!x",
        "$input.path('$')",
        "$input.json('$.a')",
        "$input.body",
        ".a",
        ".size()",
        "[0]",
        "['a']",
        "#set($x=",
        "#if(",
        "#foreach($i in ",
        "#define($d)",
        "#macro(m)",
        "#end",
        "#else",
        "#elseif(",
        "#{end}",
        ")",
        "(",
        "\"",
        "'",
        "[",
        "]",
        "{",
        "}",
        "1",
        "2.5",
        "1..3",
        "+",
        " - ",
        " * ",
        " == ",
        "true",
        "\\",
        "\\\\",
        "$",
        "#",
        "##",
        "#*",
        "*#",
        "#[[",
        "]]#",
        " ",
        "\n",
        "é",
        "😀",
        "$d",
        "$i",
        "$foreach.index",
        "$util.escapeJavaScript(",
        "$context.stage",
        "#break",
        "#stop",
        "$x.add(",
        "$x.put('a', ",
        ",",
        "\\u0041",
    ];
    prop_oneof![
        4 => proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned),
        1 => "[ -~]{0,3}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_template_panics_or_exceeds_its_output(
        pieces in prop::collection::vec(piece(), 0..24),
        body in "[\\[\\]{}:,\"'a-c0-9. \\\\u\\-]{0,24}",
    ) {
        let source = pieces.concat();
        if let Ok(template) = Template::parse(&source) {
            let limits = Limits::default().with_max_output_bytes(512).with_max_steps(20_000);
            let mut scope = Scope::new(Payload::new(body), &()).with_limits(limits);
            if let Ok(output) = template.render(&mut scope) {
                prop_assert!(output.len() <= 512);
                if let Some(text) = template.is_static() {
                    prop_assert_eq!(text, output);
                }
            }
        }
    }

    #[test]
    fn strict_json_is_read_and_written_again(body in r#"(\{"[a-z]{1,3}":(-?[1-9][0-9]{0,8}|"[ -!#-\[\]-~]{0,6}"|true|null|\[\])\}|\[[1-9](,[1-9]){0,3}\])"#) {
        let template = Template::parse("$input.json('$')").unwrap();
        let output = template.render(&mut Scope::new(Payload::new(body.clone()), &()));
        prop_assert_eq!(output, Ok(body));
    }
}
