//! What hostile templates and bodies may hold at once, counted by an allocator of this binary's own.

#![allow(clippy::panic, reason = "a test may fail where it stands")]

use allocation_counter::measure;
use towergate_mapping_templates::{Limits, Payload, Scope, Template};

const BODY: usize = 64 * 1024;

/// Few steps show what the body takes, many what is made of it.
const STEPS: [u64; 2] = [2_000, 50_000];

/// Renders, whatever comes of it, and asserts that it never held more than the bound that `Limits` states.
fn assert_bounded(name: &str, template: &str, body: &str) {
    for steps in STEPS {
        let limits = Limits::default()
            .with_max_steps(steps)
            .with_max_output_bytes(256 * 1024);
        assert_bounded_by(limits, name, template, body);
    }
}

fn assert_bounded_by(limits: Limits, name: &str, template: &str, body: &str) {
    let template = Template::parse(template).unwrap_or_else(|error| panic!("{name}: {error}"));
    let payload = Payload::new(body);
    let counted = measure(|| {
        let mut scope = Scope::new(payload, &()).with_limits(limits);
        // A template that goes too far is what is measured.
        let _ = template.render(&mut scope);
    });
    let bound = 32 * body.len() as u64 + 96 * limits.max_steps + 4 * limits.max_output_bytes as u64;
    let held = counted.bytes_max;
    assert!(
        held <= bound,
        "{name}: held {held} bytes, and the bound is {bound}"
    );
}

fn list_of(item: &str, bytes: usize) -> String {
    let count = bytes / (item.len() + 1);
    let items = vec![item; count].join(",");
    format!("[{items}]")
}

#[test]
fn a_hostile_body_takes_a_bounded_multiple_of_itself() {
    let bodies = [
        ("ones", list_of("1", BODY)),
        ("lists", list_of("[]", BODY)),
        ("objects", list_of("{}", BODY)),
        ("small objects", list_of(r#"{"a":1}"#, BODY)),
        ("empty names", list_of(r#"{"":1}"#, BODY)),
        (
            "nested lists",
            list_of(&("[".repeat(300) + &"]".repeat(300)), BODY),
        ),
        ("escapes", list_of(r#""\n\u0001""#, BODY)),
        ("text", format!("\"{}\"", "\u{7f}".repeat(BODY))),
        (
            "members",
            format!(
                "{{{}}}",
                (0..BODY / 8)
                    .map(|n| format!("\"{n}\":1"))
                    .collect::<Vec<_>>()
                    .join(",")
            ),
        ),
        ("letters", "a".repeat(BODY)),
        ("bare words", list_of("a", BODY)),
        ("no values", format!("{{{}}}", "a:,".repeat(BODY / 3))),
        (
            "bare names",
            format!(
                "{{{}}}",
                (0..BODY / 7)
                    .map(|n| format!("{n:04x}:1"))
                    .collect::<Vec<_>>()
                    .join(",")
            ),
        ),
        ("just grown", list_of("1", (1 << 15) + 40)),
        ("pairs", list_of(r#"{"a":1,"b":2}"#, BODY)),
    ];
    let templates = [
        ("path", "#set($x = $input.path('$'))"),
        ("json", "$input.json('$')"),
        ("descend", "$input.json('$..a')"),
        ("all", "$input.path('$[*]').size()"),
        ("all below", "$input.path('$..*').size()"),
        ("named", "$input.path(\"$..['a','b']\").size()"),
        ("filtered", "$input.path('$[?(@.a == 1)]').size()"),
        ("print", "$input.path('$')"),
        ("own", "#set($x = $input.path('$'))#set($x[0] = 2)$x.size()"),
        ("array", "$input.path('$').toArray().size()"),
        ("split", "$input.body.split('').size()"),
        ("chars", "$input.body.toCharArray().size()"),
        ("bytes", "$input.body.getBytes().size()"),
        (
            "parse",
            "#foreach($i in [1..1000])#set($x = [$x, $util.parseJson($input.body)])#end",
        ),
        (
            "paths",
            "#foreach($i in [1..1000])#set($x = [$x, $input.path('$[*]')])#end",
        ),
        (
            "own again",
            "#foreach($i in [1..1000])#set($x = [$x, $input.path('$')])#set($x[1][0] = 1)#end",
        ),
        (
            "escape",
            "$util.escapeJavaScript($input.body)$util.urlEncode($input.body)$util.base64Encode($input.body)",
        ),
    ];
    for (body_name, body) in &bodies {
        for (name, template) in templates {
            assert_bounded(&format!("{name} of {body_name}"), template, body);
        }
    }
}

#[test]
fn a_hostile_template_takes_what_its_steps_allow() {
    let cases = [
        (
            "lists",
            "#set($l=[])#foreach($i in [1..1000])#foreach($j in [1..1000])#set($x=$l.add([[],[],[],[],[],[],[],[]]))#end#end",
        ),
        (
            "maps",
            "#set($l=[])#foreach($i in [1..1000])#foreach($j in [1..1000])#set($x=$l.add([{1:2},{1:2},{1:2},{1:2},{1:2},{1:2},{1:2},{1:2}]))#end#end",
        ),
        (
            "put",
            "#set($l=[])#foreach($i in [1..1000])#foreach($j in [1..1000])#set($m={})#set($m.a=1)#set($x=$l.add($m))#end#end",
        ),
        (
            "strings",
            "#set($l=[])#foreach($i in [1..1000])#foreach($j in [1..1000])#set($x=$l.add(\"$i\"))#end#end",
        ),
        (
            "doubling text",
            "#set($s='a')#set($l=[])#foreach($i in [1..40])#set($s=\"$s$s\")#set($x=$l.add($s))#end",
        ),
        (
            "doubling list",
            "#set($l=[1])#foreach($i in [1..40])#set($x=$l.addAll($l))#end",
        ),
        (
            "doubling sublist",
            "#set($l=[1])#foreach($i in [1..40])#set($x=$l.addAll($l.subList(0, $l.size())))#end",
        ),
        (
            "doubling map",
            "#set($m={0:0})#foreach($i in [1..40])#set($o={})#foreach($e in $m.entrySet())#set($x=$o.put(\"$e.key$i\", $e.value))#end#set($x=$m.putAll($o))#end",
        ),
        ("range", "#set($x=[1..2000000000])"),
        (
            "ranges",
            "#foreach($i in [1..1000])#set($x=[$x,[1..500]])#end",
        ),
        (
            "entry sets",
            "#set($m={1:1,2:2,3:3,4:4,5:5,6:6,7:7,8:8})#foreach($i in [1..1000])#foreach($j in [1..1000])#set($x=[$x,$m.entrySet()])#end#end",
        ),
        (
            "iterators",
            "#set($m=[])#foreach($i in [1..1000])#foreach($j in [1..1000])#set($x=[$x,$m.iterator()])#end#end",
        ),
        (
            "repeat",
            "#set($s='abcdefghijkl')#foreach($i in [1..1000])#set($x=[$x,$s.repeat(10000)])#end",
        ),
        (
            "format",
            "#set($s='')#foreach($i in [1..1000])#set($x=[$x,$s.format('%100000d', 1)])#end",
        ),
        (
            "doubling override",
            "#set($l=[1])#foreach($i in [1..40])#set($l=[$l,$l])#end#set($context.responseOverride.header.a=$l)",
        ),
        (
            "doubling override of maps",
            "#set($l={1:1})#foreach($i in [1..40])#set($l={1:$l,2:$l})#end#set($context.responseOverride.header.a=$l)",
        ),
        (
            "views",
            "#set($m={1:1,2:2,3:3,4:4,5:5,6:6,7:7,8:8})#set($v=[])#foreach($i in [1..1000])#set($m[$i]=1)#set($x=$v.addAll($m.entrySet()))#end",
        ),
        (
            "joined without a value",
            "#set($s='')#foreach($i in [1..1000])#set($s=$s + (5 + true) + $s)#end",
        ),
        (
            "loops",
            "#foreach($i in [1..1000])#foreach($j in [1..1000])#set($x=[$x,$foreach])#foreach($k in [1])#end#end#end",
        ),
    ];
    for (name, template) in cases {
        assert_bounded(name, template, "{}");
    }
}

#[test]
fn large_bodies_keep_to_the_default_limits() {
    const LARGE: usize = 10 * 1024 * 1024;
    let member = |text: String| format!("{{\"x\":{text}}}");
    let bodies = [
        ("numbers", list_of("1", LARGE)),
        ("a million numbers", member(list_of("123456789", LARGE))),
        ("a text", member(format!("\"{}\"", "a".repeat(LARGE)))),
        ("digits", "7".repeat(LARGE)),
        ("depth", "[".repeat(10_000) + &"]".repeat(10_000)),
    ];
    let templates = [
        ("json", "$input.json('$')"),
        ("path", "$input.path('$.x')"),
        ("descend", "$input.path('$..a')"),
        ("loop", "#foreach($i in $input.path('$'))$i#end"),
    ];
    for (body_name, body) in &bodies {
        for (name, template) in templates {
            let name = format!("{name} of {body_name}");
            assert_bounded_by(Limits::default(), &name, template, body);
        }
    }
}

#[test]
fn what_doubles_itself_keeps_to_the_default_limits() {
    let cases = [
        (
            "text",
            "#set($s='a')#set($l=[])#foreach($i in [1..40])#set($s=\"$s$s\")#set($x=$l.add($s))#end",
        ),
        (
            "list",
            "#set($l=[1])#foreach($i in [1..40])#set($x=$l.addAll($l))#end",
        ),
        (
            "pairs",
            "#set($l=[1])#foreach($i in [1..40])#set($l=[$l,$l])#end$l",
        ),
    ];
    for (name, template) in cases {
        assert_bounded_by(Limits::default(), name, template, "{}");
    }
}
