//! Templates by the thousand: all combinations.

use serde_json::{Value, json};

pub(crate) fn case(id: String, template: String) -> Value {
    json!({
        "id": id,
        "template": template,
        "body": r#"{"n":3,"d":2.5,"s":"x/y","t":true,"z":null,"l":[1,null,"a",{"k":"v"},[2]],"o":{"k":"v","e":{}},"big":12345678901234567890,"dec":-12345.67890123456789}"#,
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
    const NAMES: &[&str] = &[
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
        "valueOf",
        "join",
        "contentEquals",
        "toCharArray",
        "getBytes",
        "toArray",
        "hasNext",
        "next",
        "getValue",
        "parseLong",
        "parseFloat",
        "parseBoolean",
        "toOctalString",
        "max",
        "min",
        "sum",
        "compare",
        "signum",
        "abs",
        "negate",
        "subtract",
        "multiply",
        "divide",
        "mod",
        "remainder",
        "pow",
        "bitLength",
        "isDigit",
        "isLetter",
        "isLetterOrDigit",
        "isUpperCase",
        "isLowerCase",
        "isWhitespace",
        "isSpaceChar",
        "isAlphabetic",
        "charValue",
        "charCount",
        "isFinite",
        "toJSONString",
        "trimToSize",
        "clone",
        "logicalAnd",
        "logicalOr",
        "logicalXor",
    ];
    const RECEIVERS: &[&str] = &[
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
        "$m.entrySet().iterator().next()",
        "'a,b'.split(',')",
        "2.5.floatValue()",
        "$l.subList(1, 3)",
    ];
    const ARGUMENTS: &[&str] = &[
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
        "$s.charAt(1)",
        "$doc.big",
        "$doc.dec",
        "5, 'b'",
        "'-', ['x', 'y']",
        "1, 2, 3",
        "3000000000",
        "$doc.l",
        "$doc.o",
        "'%s-%d', 'x'",
    ];
    let mut cases = Vec::new();
    for receiver in RECEIVERS {
        for name in NAMES {
            for arguments in ARGUMENTS {
                let call = format!("{receiver}.{name}({arguments})");
                // What has no hash code of its own has another in every run; `String.compare` is not public.
                if call == "$m.values().hashCode()"
                    || (receiver.starts_with('\'') && *name == "compare")
                {
                    continue;
                }
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
    cases.extend(FORMATS.iter().map(|arguments| {
        let template = format!("{PREAMBLE}$s.format({arguments})");
        case(format!("format {arguments}"), template)
    }));
    let sequences = SEQUENCES.iter();
    cases.extend(sequences.map(|template| {
        let template = format!("{PREAMBLE}{template}");
        case(format!("sequence {template}"), template)
    }));
    cases
}

/// What `String.format` is given.
const FORMATS: &[&str] = &[
    "'a'",
    "'%s'",
    "'%'",
    "'%s|%s', ['a', 'b']",
    "'%s', [1, 'a']",
    "'%s %S %6s %-6s| %.2s', 'a', 'b', 'c', 'd', 'efg'",
    "'%b %c %% %n', true, $s.charAt(0)",
    "'%2$s %1$s', 'a', 'b'",
    "'%s %<s %s', 'a', 'b'",
    "'%3$s', 'a'",
    "'%d', 'a'",
    "'%d %s', 2.5",
    "'%05d|%-5d|%+d|%,d|% d', 42, 42, 42, 1234567, 7",
    "'%(d|%(,d|%08d|%+05d', -5, -1234567, -42, 42",
    "'%x|%X|%o|%x', 255, 255, 8, -1",
    "'%x|%d', 9223372036854775807, $doc.big",
    "'%5.1f|%.2f|%.0f|%.0f', 2.25, 1.005, 0.5, 1.5",
    "'%08.3f|%,.2f|%+.1f|%f', 3.14159, 1234567.891, 2.0, -0.0000005",
    "'%f|%.1f|%.3f|%.0f', 1e30, 99.95, 0.0, 9.5",
    "'%e|%.3e|%E|%.0e|%e', 12345.678, 1.0, 0.00012345, 9.5, 0.0",
    "'%g|%g|%.2g|%g|%g', 0.00012345, 12345.678, 123456.0, 0.00001, 1e10",
    "'%-8.2f|%8.2f|', 1.5, -1.5",
    "'%-d', 5",
    "'%q', 5",
    "'%f', 5",
    "'é%sé', '😀'",
    "'%5s|%-5s|', '😀', 'é'",
];

/// Calls whose effects show in what is printed next.
const SEQUENCES: &[&str] = &[
    "#set($k=$m.keySet())#set($v=$m.values())#set($e=$m.entrySet())#set($m.c=2)#set($m.a=9)$k $v $e $k.size()",
    "#set($k=$doc.o.keySet())#set($doc.o.z=1)$k#foreach($i in $k)$i#end",
    "#set($x=$m.keySet().remove('a'))$x$m#set($x=$m.keySet().remove('q'))$x$m",
    "#set($x=$m.values().remove('x'))$x$m",
    "#set($x=$m.values().removeAll([1, 2]))$x$m",
    "#set($x=$m.keySet().retainAll(['b']))$x$m",
    "$m.keySet().clear()$m.size()",
    "$doc.o.keySet().clear()$doc.o",
    "#foreach($k in $m.keySet())#set($m.z=1)#end$m",
    "#foreach($k in $m.keySet())#set($m[$k]=9)#end$m",
    "#foreach($k in $m)#set($m.z=1)#end$m",
    "#foreach($k in $m)#if($foreach.last)#set($m.z=1)#end#end$m",
    "#foreach($k in $doc.o.entrySet())$doc.o.remove('k')#end$doc.o",
    "#foreach($k in $doc.o)#if($foreach.last)$doc.o.put('n', 1)#end#end$doc.o",
    "#set($l=$m.keySet())#foreach($k in $l)$k#end#set($m.y=1)#foreach($k in $l)$k#end",
    "#set($c=$m.clone())#set($m.z=1)$m $c",
    "#set($c=$l.clone())#set($x=$l.add(1))$l $c",
    "#set($c=$doc.l.clone())#set($x=$doc.l.add(1))$doc.l $c",
    "#set($c=$context.identity.keySet())#set($context.identity.x='y')$c $context.identity.values()",
    "#foreach($i in $l)#if($foreach.index == 1)$l.add(9)#end#end$l",
    "#foreach($i in $l)#if($foreach.last)$l.add(9)#end#end$l",
    "#foreach($i in $l)$l.remove(0)#end$l",
    "$s.getBytes('UTF-8').size() $s.getBytes('no')",
    "$s.join('-', $m.keySet()) $s.join(',', 'a', 'b')",
    "#foreach()x#end",
    "#if(false)#foreach()x#end#{end}|",
    "#foreach('x' in [1])x#end#foreach(5 in [1])y#end",
    "#define(5)x#end|",
    "#foreach($i in [1, $doc.z, 3])#foreach($j in [1, 2])#foreach($i in ['x', 'y'])$i#end,#end;#end",
    "#foreach($i in $doc.l)#foreach($i in $doc.l)$i,#end<$i>#end",
    "#foreach($i in $doc.l)#set($i = 5)$i#foreach($i in [])#end#set($i = 6)$i#end",
];

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
