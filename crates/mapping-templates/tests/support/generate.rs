//! Templates by the thousand: all combinations.

use serde_json::{Value, json};

pub(crate) fn case(id: String, template: String) -> Value {
    json!({
        "id": id,
        "template": template,
        "body": r#"{"n":3,"d":2.5,"s":"x/y","t":true,"z":null,"l":[1,null,"a",{"k":"v"},[2]],"o":{"k":"v","e":{}},"big":12345678901234567890}"#,
        "params": {"path": {"id": "p1"}, "querystring": {"q": "v w"}, "header": {"X-A": "h"}},
        "context": {"stage": "prod", "identity": {"sourceIp": "10.0.0.1", "user": "u"}},
        "stageVariables": {"url": "ex.org", "v-2": "two"}
    })
}

/// Expressions of every kind of value.
const VALUES: [&str; 34] = [
    "5",
    "0",
    "-3",
    "2147483647",
    "9223372036854775807",
    "12345678901234567890",
    "2.5",
    "0.0",
    "-0.5",
    "1e30",
    "'a'",
    "''",
    "'5'",
    "'2.5'",
    "'true'",
    "true",
    "false",
    "[]",
    "[1, 'a']",
    "['x', [1]]",
    "[1..3]",
    "{}",
    "{'k': 'v', 1: 2}",
    "$nope",
    "$doc",
    "$doc.l",
    "$doc.o",
    "$doc.z",
    "$doc.n",
    "$doc.big",
    "$s.charAt(0)",
    "$m.keySet()",
    "$context.identity",
    "$blk",
];

const OPERATORS: [&str; 14] = [
    "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "eq",
];

const PREAMBLE: &str = "#set($doc = $input.path('$'))#set($s = 'abc')#set($m = {'a': 1, 'b': 'x'})#set($l = [3, 'a', 2.5])#define($blk)B#end";

/// Every operator over every pair of kinds of values.
pub(crate) fn operators() -> Vec<Value> {
    let mut cases = Vec::new();
    for left in VALUES {
        for right in VALUES {
            for operator in OPERATORS {
                let template = format!(
                    "{PREAMBLE}#set($a = {left})#set($b = {right})#set($r = 'unset')#set($r = $a {operator} $b)[$r]#if($a {operator} $b)T#{{else}}F#end#if({left} {operator} {right})T#{{else}}F#end#if(!$a)N#end"
                );
                cases.push(case(
                    format!("operator {left} {operator} {right}"),
                    template,
                ));
            }
        }
    }
    cases
}

/// Every method on every kind of value, with arguments of every kind.
pub(crate) fn methods() -> Vec<Value> {
    const NAMES: [&str; 66] = [
        "size",
        "isEmpty",
        "get",
        "set",
        "add",
        "addAll",
        "remove",
        "removeAll",
        "retainAll",
        "contains",
        "containsAll",
        "indexOf",
        "lastIndexOf",
        "subList",
        "clear",
        "equals",
        "toString",
        "put",
        "putAll",
        "putIfAbsent",
        "getOrDefault",
        "containsKey",
        "containsValue",
        "keySet",
        "values",
        "entrySet",
        "length",
        "charAt",
        "codePointAt",
        "substring",
        "startsWith",
        "endsWith",
        "equalsIgnoreCase",
        "compareTo",
        "compareToIgnoreCase",
        "concat",
        "replace",
        "replaceAll",
        "replaceFirst",
        "matches",
        "split",
        "toLowerCase",
        "toUpperCase",
        "trim",
        "subSequence",
        "regionMatches",
        "intern",
        "hashCode",
        "intValue",
        "longValue",
        "doubleValue",
        "floatValue",
        "shortValue",
        "byteValue",
        "parseInt",
        "toHexString",
        "toBinaryString",
        "parseDouble",
        "isNaN",
        "isInfinite",
        "booleanValue",
        "count",
        "iterator",
        "getKey",
        "repeat",
        "strip",
    ];
    const RECEIVERS: [&str; 15] = [
        "'Ab,c,,'",
        "''",
        "'é😀b'",
        "5",
        "2.5",
        "9223372036854775807",
        "true",
        "[1, 'a', 'a']",
        "{'a': 1, 'k': 'v'}",
        "$doc.l",
        "$doc.o",
        "$doc.big",
        "$m.keySet()",
        "$m.values()",
        "$s.charAt(0)",
    ];
    const ARGUMENTS: [&str; 22] = [
        "",
        "0",
        "1",
        "-1",
        "9",
        "'a'",
        "','",
        "''",
        "'k'",
        "2.5",
        "true",
        "$nope",
        "null",
        "[1, 'a']",
        "{'q': 1}",
        "0, 1",
        "1, 9",
        "'a', 'b'",
        "0, 'z'",
        "'k', 1",
        "'[a-c]+', '<$0>'",
        "'[^,]', 2",
    ];
    let mut cases = Vec::new();
    for receiver in RECEIVERS {
        for name in NAMES {
            for arguments in ARGUMENTS {
                let template = format!(
                    "{PREAMBLE}#set($v = {receiver})#set($r = 'unset')#set($r = $v.{name}({arguments}))[$!r]<$v.{name}>"
                );
                cases.push(case(
                    format!("method {receiver}.{name}({arguments})"),
                    template,
                ));
            }
        }
    }
    cases
}

const PIECES: [&str; 30] = [
    "a",
    "$v",
    "${v}",
    "$v.k",
    "#set($x=1)",
    "#{set}($x=1)",
    "#if(true)",
    "#elseif(false)",
    "#else",
    "#{else}",
    "#end",
    "#{end}",
    "#foreach($i in [1,2])",
    "## c\n",
    "#* c *#",
    "#** c *#",
    "#[[r]]#",
    "#foo()",
    "#foo",
    "\\",
    "\\\\",
    "$",
    "#",
    "\\$v",
    "\\#if(true)",
    "#define($d)",
    "#macro(m)",
    "#break",
    "#literal()",
    "\"",
];

const BLANKS: [&str; 8] = ["", " ", "\n", " \n", "\n ", "\r\n", "\t", "\r"];

/// Every pair of pieces with every kind of blanks between and behind them.
pub(crate) fn whitespace() -> Vec<Value> {
    let mut cases = Vec::new();
    for first in PIECES {
        for second in PIECES {
            for between in BLANKS {
                for after in ["\nz", " z"] {
                    let body = format!("#set($v='q')  {first}{between}{second}{after}");
                    cases.push(case(format!("blank {body:?}"), closed(&body)));
                }
            }
        }
    }
    cases
}

/// Adds the `#end`s that are missing, roughly.
fn closed(template: &str) -> String {
    let opened: usize = ["#if(", "#foreach(", "#define(", "#macro(", "#literal("]
        .iter()
        .map(|word| template.matches(word).count() - template.matches(&format!("\\{word}")).count())
        .sum();
    let ends = template.matches("#end").count() + template.matches("#{end}").count();
    format!("{template}{}|", "#end".repeat(opened.saturating_sub(ends)))
}
