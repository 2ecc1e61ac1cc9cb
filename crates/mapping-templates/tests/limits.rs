//! What happens at each bound.

#![allow(clippy::panic, reason = "a test may fail where it stands")]

use towergate_mapping_templates::{Limits, Payload, RenderErrorKind, Scope, Template};

fn render(template: &str, limits: Limits) -> Result<String, RenderErrorKind> {
    let template = Template::parse(template).unwrap_or_else(|error| panic!("{template}: {error}"));
    let mut scope = Scope::new(Payload::new(""), &()).with_limits(limits);
    template
        .render(&mut scope)
        .map_err(|error| error.kind().clone())
}

#[test]
fn a_template_has_a_longest_size() {
    let longest = "a".repeat(Template::MAX_BYTES);
    assert_eq!(
        Template::parse(&longest).unwrap().is_static(),
        Some(longest.as_str())
    );
    let error = Template::parse(&(longest + "a")).unwrap_err();
    assert!(error.hint().contains("longer than 307200 bytes"), "{error}");
}

#[test]
fn a_loop_drops_what_is_beyond_its_rounds() {
    let cases = [
        (
            "#set($n=0)#foreach($i in [1..1000])#set($n=$n+1)#end$n",
            "1000",
        ),
        (
            "#set($n=0)#foreach($i in [1..1001])#set($n=$n+1)#end$n",
            "1000",
        ),
        (
            "#foreach($i in [1..1001])#if($foreach.last)last#end#end",
            "",
        ),
    ];
    for (template, expected) in cases {
        assert_eq!(
            render(template, Limits::default()).as_deref(),
            Ok(expected),
            "{template}"
        );
    }
    let limits = Limits::default().with_max_rounds(2);
    assert_eq!(
        render("#foreach($i in [1..9])$i#end", limits).as_deref(),
        Ok("12")
    );
}

#[test]
fn output_stops_at_its_longest_size() {
    let limits = Limits::default().with_max_output_bytes(8);
    assert_eq!(
        render("#set($a='1234')$a$a", limits).as_deref(),
        Ok("12341234")
    );
    let exceeded = Err(RenderErrorKind::ExceedOutput { limit: 8 });
    let cases = [
        "#set($a='1234')$a$a.",
        "#set($a='123456789')$a",
        "123456789",
        "#set($a='12345')#set($b=\"$a$a\")",
        "#set($a='12345')#set($b=$a + $a)",
        "#set($a='12345')#set($b=$a.replace('1', $a))",
        "#set($a='12345')#set($b=$a.replaceAll('1', $a))",
        "#set($a='12345')#set($b=$a.repeat(2))",
        "#set($l=['12345', '12345'])$l",
    ];
    for template in cases {
        assert_eq!(render(template, limits), exceeded, "{template}");
    }
}

#[test]
fn work_stops_at_its_most_steps() {
    let limits = Limits::default().with_max_steps(5_000);
    assert!(render("#foreach($i in [1..1000])$i#end", limits).is_ok());
    let cases = [
        "#foreach($i in [1..1000])#foreach($j in [1..1000])#end#end",
        "#set($l=[1..100000])",
        "#set($s='a')#foreach($i in [1..30])#set($s=\"$s$s\")#end",
        "#set($l=[1..2000])#foreach($i in $l)#set($x=$l.contains(-1))#end",
        "#set($l=[1,2])#foreach($i in [1..20])#set($x=$l.addAll($l))#end",
    ];
    for template in cases {
        let result = render(template, limits);
        assert_eq!(
            result,
            Err(RenderErrorKind::ExceedSteps { limit: 5_000 }),
            "{template}"
        );
    }
}

#[test]
fn nesting_stops_before_the_stack_does() {
    let nested = |open: &str, inner: &str, close: &str, depth: usize| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    let cases = [
        nested("#if(true)", "", "#end", 60),
        format!("#set($x={})", nested("[", "", "]", 60)),
        format!("#if({})#end", nested("(", "1", ")", 60)),
    ];
    for template in cases {
        assert!(Template::parse(&template).is_ok(), "{template}");
    }
    let cases = [
        nested("#if(true)", "", "#end", 65),
        nested("#if(true)", "", "#end", 20_000),
        format!("#set($x={})", nested("[", "", "]", 10_000)),
        format!("#set($x={})", nested("{1:", "2", "}", 10_000)),
        format!("#if({}1)#end", "!".repeat(10_000)),
        format!("#if({})#end", nested("(", "1", ")", 10_000)),
        nested("$a.b(", "1", ")", 10_000),
        nested("#foo(", "", ")", 10_000),
    ];
    for template in cases {
        assert!(Template::parse(&template).is_err(), "{}", &template[..40]);
    }
    let long_chain = format!("#set($x={}1)$x", "1 + ".repeat(5_000));
    assert_eq!(
        render(&long_chain, Limits::default()).as_deref(),
        Ok("5001")
    );
}

#[test]
fn values_that_hold_themselves_are_no_danger() {
    let too_deep = Err(RenderErrorKind::NestTooDeep { what: "a value" });
    let cases = [
        (
            "#set($l=[1])#set($x=$l.add($l))$l",
            Ok("[1, (this Collection)]".to_owned()),
        ),
        (
            "#set($a=[])#set($b=[$a])#set($x=$a.add($b))$a",
            too_deep.clone(),
        ),
        (
            "#set($m={})#set($m.n={})#set($m.n.m=$m)$m",
            too_deep.clone(),
        ),
        (
            "#set($a=[])#set($b=[])#set($x=$a.add($b))#set($x=$b.add($a))#if($a==$b)#end",
            too_deep.clone(),
        ),
        (
            "#set($x=[])#foreach($i in [1..1000])#foreach($j in [1..300])#set($x=[$x])#end#end.",
            Ok(".".to_owned()),
        ),
    ];
    for (template, expected) in cases {
        assert_eq!(render(template, Limits::default()), expected, "{template}");
    }
    let defines: String = (0..500)
        .map(|index| format!("#define($d{index})$d{}#end", index + 1))
        .collect();
    let result = render(&format!("{defines}$d0"), Limits::default());
    assert_eq!(
        result,
        Err(RenderErrorKind::NestTooDeep { what: "a block" })
    );
}

#[test]
fn numbers_stop_growing() {
    let template = "#set($n=9999999999)#foreach($i in [1..40])#set($n=$n * $n)#end";
    assert_eq!(
        render(template, Limits::default()),
        Err(RenderErrorKind::NumberTooLarge)
    );
}

#[test]
fn a_template_may_have_more_patterns_than_it_keeps() {
    let template: String = (0..70)
        .map(|number| format!("$s.replaceAll('a{{{number}}}b', '.')"))
        .collect();
    let rendered = |steps| {
        let limits = Limits::default().with_max_steps(steps);
        render(&format!("#set($s='b'){template}"), limits)
    };
    assert_eq!(rendered(70_000), Ok(format!(".{}", "b".repeat(69))));
    // The six that are not kept are compiled as the template renders.
    let exceeded = RenderErrorKind::ExceedSteps { limit: 60_000 };
    assert_eq!(rendered(60_000), Err(exceeded));
}

#[test]
fn a_runaway_pattern_is_given_up() {
    let template = r"#set($s='aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabd')$s.replaceAll('^(?:(a+)\1?)+b(?=c)', 'x')";
    let error = render(template, Limits::default()).unwrap_err();
    assert!(error.to_string().contains("too many steps"), "{error}");
}

#[test]
fn a_document_has_a_deepest_level() {
    let render = |body: String| {
        let template = Template::parse("$input.json('$')").unwrap();
        template.render(&mut Scope::new(Payload::new(body), &()))
    };
    let lists = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(render(lists(400)).as_deref(), Ok(lists(400).as_str()));
    assert!(
        render(lists(401))
            .unwrap_err()
            .to_string()
            .contains("400 levels")
    );
    assert!(render("[".repeat(1_000_000)).is_err());
}

#[test]
fn a_failed_template_leaves_the_overrides_as_they_were() {
    let template =
        Template::parse("#set($context.responseOverride.status=201)\n$util.urlDecode('%')")
            .unwrap();
    let mut scope = Scope::new(Payload::default(), &());
    let error = template.render(&mut scope).unwrap_err();
    assert_eq!((error.line(), error.column()), (2, 1));
    assert_eq!(scope.overrides().status(), None);
}

#[test]
fn containers_that_share_their_parts_are_no_danger() {
    // Each level doubles the paths to the one item.
    let twice = |seed: &str, next: &str| {
        format!(
            "#set($a={seed})#set($b={seed})#foreach($i in [1..60])#set($a={})#set($b={})#end",
            next.replace('x', "$a"),
            next.replace('x', "$b"),
        )
    };
    let cases = [
        twice("[1]", "[x, x]") + "#if($a == $b)x#end",
        twice("[1]", "[x, x]") + "$a.equals($b)",
        twice("[1]", "[x, x]") + "$a.hashCode()",
        twice("[1]", "[x, x]") + "$a.toString()",
        twice("[1]", "[x, x]") + "$a",
        twice("{1: 1}", "{1: x, 2: x}") + "#if($a == $b)x#end",
        twice("{1: 1}", "{1: x, 2: x}") + "$a",
        twice("[1]", "[x, x]") + "#set($l=[$a])$l.contains($b)",
    ];
    let limits = Limits::default().with_max_steps(500_000);
    for template in cases {
        let result = render(&template, limits);
        let exceeded = Err(RenderErrorKind::ExceedSteps { limit: 500_000 });
        assert_eq!(result, exceeded, "{template}");
    }
    // As keys they differ where telling takes too long, and a key within a key is not followed for ever.
    let keys = twice("[1]", "[x, x]") + "#set($m={$a: 1, $b: 2})$m.size()";
    assert_eq!(render(&keys, limits).as_deref(), Ok("2"));
    let nested = "#set($a={})#set($b={})#foreach($i in [1..1000])#foreach($j in [1..50])#set($a={$a: 1})#set($b={$b: 1})#end#end";
    let nested = nested.to_owned() + "#if($a == $b)x#end";
    let too_deep = Err(RenderErrorKind::NestTooDeep { what: "a value" });
    assert_eq!(render(&nested, Limits::default()), too_deep);
}

#[test]
fn what_is_made_is_paid_for_before_it_is_made() {
    let body = format!("[{}1]", "1,".repeat(5_000));
    let list = "#set($l=$input.path('$'))";
    let text = "#set($s=$input.body)";
    let cases = [
        (text, "$s.getBytes().size()"),
        (text, "$s.toCharArray().size()"),
        (text, "$s.split('').size()"),
        (list, "$l.toArray().size()"),
        (list, "$l.subList(0, 5000).size()"),
        (list, "$l.lastIndexOf(2)"),
        (list, "$l.removeAll([])"),
        (list, "#set($n=[])$n.containsAll($l)"),
        (list, "#set($n=[])$n.addAll($l)"),
        (list, "#set($l[0]=2)$l"),
        (list, "$input.path('$[*]').size()"),
    ];
    for (set, use_it) in cases {
        let template = Template::parse(&format!("{set}{use_it}")).unwrap();
        let steps = |steps| {
            let limits = Limits::default().with_max_steps(steps);
            let mut scope = Scope::new(Payload::new(body.as_str()), &()).with_limits(limits);
            template.render(&mut scope)
        };
        assert!(steps(60_000).is_ok(), "{use_it}: {:?}", steps(60_000));
        let few = steps(4_000).unwrap_err();
        let limit = RenderErrorKind::ExceedSteps { limit: 4_000 };
        assert_eq!(few.kind(), &limit, "{use_it}");
    }
}

#[test]
fn searches_that_read_ahead_are_paid_for_by_what_they_may_read() {
    let run = "a".repeat(10_000);
    let limits = Limits::default().with_max_steps(60_000);
    let replace = |pattern: &str| {
        let template = format!("$input.body.replaceAll('{pattern}', '').length()");
        let template = Template::parse(&template).unwrap();
        template
            .render(&mut Scope::new(Payload::new(run.as_str()), &()).with_limits(limits))
            .map_err(|error| error.kind().clone())
    };
    assert_eq!(replace("a").as_deref(), Ok("0"));
    assert_eq!(replace("a+").as_deref(), Ok("0"));
    let exceeded = Err(RenderErrorKind::ExceedSteps { limit: 60_000 });
    for pattern in ["a*b|a", "(?:a{9}b|a)", "a(?=a)", "(?<=a)a"] {
        assert_eq!(replace(pattern), exceeded, "{pattern}");
    }
}

#[test]
fn widths_and_precisions_are_no_danger() {
    let cases = [
        ("$s.format('%100000d', 1).length()", "100000"),
        ("$s.format('%0100000d', -1).length()", "100000"),
        ("$s.format('%-100000s', 'a').length()", "100000"),
        ("$s.format('%.100000f', 0.5).length()", "100002"),
        (
            "$s.format('%.2f|%05.1f|%-4d|%3s', 0.5, -1.25, 7, 'é')",
            "0.50|-01.3|7   |  é",
        ),
    ];
    for (template, expected) in cases {
        let template = format!("#set($s=''){template}");
        let result = render(&template, Limits::default());
        assert_eq!(result.as_deref(), Ok(expected), "{template}");
    }
    let huge = "#set($s='')$s.format('%99999999999d', 1).length()";
    let exceeded = Err(RenderErrorKind::ExceedOutput {
        limit: 10 * 1024 * 1024,
    });
    assert_eq!(render(huge, Limits::default()), exceeded);
}

#[test]
fn numbers_with_many_digits_are_refused() {
    let render = |template: &str, body: String| {
        let template = Template::parse(template).unwrap();
        let result = template.render(&mut Scope::new(Payload::new(body), &()));
        result.map_err(|error| error.kind().to_string())
    };
    let digits = |count: usize| "9".repeat(count);
    assert_eq!(
        render("$input.json('$')", digits(20_000)),
        Ok(digits(20_000))
    );
    for body in [
        digits(20_001),
        "0.".to_owned() + &digits(19_999),
        digits(1_000_000),
    ] {
        let error = render("$input.json('$')", body).unwrap_err();
        assert!(error.contains("longer than 20000 characters"), "{error}");
    }
    let literal = |count| Template::parse(&format!("#set($n={})$n", digits(count)));
    assert!(literal(20_000).is_ok());
    let error = literal(20_001).unwrap_err();
    assert!(error.hint().contains("more than 20000 digits"), "{error}");
}
