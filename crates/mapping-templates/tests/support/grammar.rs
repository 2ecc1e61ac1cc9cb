//! Random templates from a grammar.

use serde_json::Value;

use crate::{generate::case, oddities};

/// A small generator of pseudo-random numbers, the same for the same seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % bound.max(1)
    }

    fn pick<'t>(&mut self, choices: &[&'t str]) -> &'t str {
        choices[self.below(choices.len())]
    }
}

/// A random template.
pub(crate) fn random(seed: u64) -> Value {
    let mut dice = Dice::new(seed);
    let count = 1 + dice.below(6);
    let mut template = String::from(
        "#set($doc=$input.path('$'))#set($m={'k':[1,2]})#set($l=['a','b'])#set($s='x')",
    );
    for _ in 0..count {
        statement(&mut dice, 3, &mut template);
    }
    if dice.below(6) == 0 {
        mutate(&mut dice, &mut template);
    }
    let mut case = case(format!("random {seed}"), template);
    if dice.below(8) == 0 {
        case["body"] = dice.pick(&oddities::BODIES).into();
    }
    case
}

/// Replaces, removes or doubles a part of a template.
fn mutate(dice: &mut Dice, template: &mut String) {
    let mut characters: Vec<char> = template.chars().collect();
    for _ in 0..=dice.below(2) {
        let at = dice.below(characters.len());
        match dice.below(3) {
            0 => {
                characters.remove(at);
            }
            1 => {
                let with = dice.pick(&[
                    "$", "#", "\\", "{", "}", "(", ")", "[", "]", "\"", "'", " ", "\n", ".", "!",
                    "-", ",", "a",
                ]);
                characters.splice(at..at, with.chars());
            }
            _ => {
                let end = (at + 1 + dice.below(6)).min(characters.len());
                let part: Vec<char> = characters[at..end].to_vec();
                characters.splice(at..at, part);
            }
        }
        if characters.is_empty() {
            break;
        }
    }
    *template = characters.into_iter().collect();
}

const NAMES: [&str; 12] = [
    "doc",
    "m",
    "l",
    "s",
    "x",
    "y",
    "i",
    "d",
    "nope",
    "foreach",
    "context",
    "velocityCount",
];

fn statement(dice: &mut Dice, depth: usize, out: &mut String) {
    let blank = |dice: &mut Dice| dice.pick(&["", "", "", " ", "\n", "\n  ", " \n", "\r\n", "\t"]);
    out.push_str(blank(dice));
    match dice.below(if depth == 0 { 8 } else { 20 }) {
        0..=1 => out.push_str(dice.pick(&[
            "text", "{\"a\": ", "b.c", "é", "1$5", " - ", "\\", "\\\\", "a#1", "#foo", "]]#", "*#",
            "!", "$!", "${", "#{", "$$", "#$",
        ])),
        2..=5 => {
            out.push_str(dice.pick(&oddities::HEADS));
            reference(dice, depth.min(2), out);
            out.push_str(dice.pick(&oddities::TAILS));
        }
        6 => {
            out.push_str(dice.pick(&["#set($", "  #set($", "#set( $", "#{set}($"]));
            if dice.below(3) == 0 {
                out.push_str(dice.pick(&oddities::TARGETS));
            } else {
                out.push_str(dice.pick(&NAMES));
                out.push_str(dice.pick(&["", "", "", ".k", ".k.z", "[0]", "['k']"]));
            }
            out.push_str(dice.pick(&["=", " = "]));
            expression(dice, depth.min(2), out);
            out.push(')');
        }
        7 if dice.below(2) == 0 => out.push_str(dice.pick(&oddities::TEXTS)),
        7 => out.push_str(dice.pick(&[
            "## note\n",
            "#* note *#",
            "#[[ $raw #if ]]#",
            "#foo($x 'a')",
            "#stop",
            "#break",
            "\\#if",
            "\\#set($x=1)",
            "\\\\#end",
        ])),
        8..=10 => {
            out.push_str("#if(");
            expression(dice, depth - 1, out);
            out.push(')');
            statement(dice, depth - 1, out);
            if dice.below(3) == 0 {
                out.push_str("#elseif(");
                expression(dice, depth - 1, out);
                out.push(')');
                statement(dice, depth - 1, out);
            }
            if dice.below(2) == 0 {
                out.push_str(dice.pick(&["#else", "#{else}", "#else "]));
                statement(dice, depth - 1, out);
            }
            out.push_str(dice.pick(&["#end", "#{end}", "#end\n", "#end "]));
        }
        11..=13 => {
            out.push_str("#foreach($");
            out.push_str(dice.pick(&["i", "x", "l"]));
            out.push_str(" in ");
            if dice.below(2) == 0 {
                out.push_str(dice.pick(&oddities::ITEMS));
            } else {
                expression(dice, 1, out);
            }
            out.push(')');
            statement(dice, depth - 1, out);
            if dice.below(2) == 0 {
                out.push_str(dice.pick(&oddities::ROUNDS));
            }
            out.push_str(dice.pick(&[
                "$foreach.index",
                "$foreach.hasNext",
                "$velocityCount,",
                "$i",
                "#if($foreach.last)!#end",
                "",
            ]));
            if dice.below(6) == 0 {
                out.push_str("#if($foreach.count > 1)#break#end");
            }
            out.push_str("#end");
        }
        14 => {
            out.push_str("#define($d)");
            statement(dice, depth - 1, out);
            out.push_str("#end");
        }
        15 => {
            out.push_str(dice.pick(&["#literal()", "#macro(mac $a)", "#@foo()"]));
            statement(dice, depth - 1, out);
            out.push_str("#end");
        }
        16 => {
            statement(dice, depth - 1, out);
            statement(dice, depth - 1, out);
        }
        17 => out.push_str(dice.pick(&oddities::TEXTS)),
        _ => out.push_str(dice.pick(&oddities::DIRECTIVES)),
    }
    out.push_str(blank(dice));
}

fn reference(dice: &mut Dice, depth: usize, out: &mut String) {
    let braced = dice.below(4) == 0;
    out.push_str(dice.pick(&["$", "$", "$", "$!"]));
    if braced {
        out.push('{');
    }
    let is_chain = dice.below(4) == 0;
    out.push_str(match is_chain {
        true => dice.pick(&oddities::CHAINS),
        false => dice.pick(&NAMES),
    });
    for _ in 0..dice.below(if is_chain { 2 } else { 3 }) {
        match dice.below(8) {
            0..=2 => {
                out.push('.');
                out.push_str(dice.pick(&[
                    "k", "l", "o", "n", "z", "s", "e", "empty", "count", "stage", "identity", "key",
                ]));
            }
            3 => {
                out.push('[');
                out.push_str(dice.pick(&["0", "1", "-1", "'k'", "\"k\"", "$i", "true", "7"]));
                out.push(']');
            }
            _ => {
                out.push('.');
                out.push_str(dice.pick(&[
                    "size()",
                    "length()",
                    "toString()",
                    "get(0)",
                    "get('k')",
                    "keySet()",
                    "isEmpty()",
                    "substring(1)",
                    "toUpperCase()",
                    "entrySet()",
                    "values()",
                    "contains('a')",
                ]));
                if depth > 0 && dice.below(4) == 0 {
                    out.push_str(".equals(");
                    operand(dice, depth - 1, out);
                    out.push(')');
                }
            }
        }
    }
    if braced {
        out.push('}');
    }
}

fn operand(dice: &mut Dice, depth: usize, out: &mut String) {
    match dice.below(if depth == 0 { 6 } else { 9 }) {
        2 if dice.below(2) == 0 => out.push_str(dice.pick(&oddities::STRINGS)),
        0 => {
            out.push_str(dice.pick(&["1", "0", "-2", "7", "3000000000", "2.5", ".5", "1e3", "4."]));
        }
        1 => out.push_str(dice.pick(&["'a'", "''", "'it''s'", "'$s'", "'5'"])),
        2 => out.push_str(dice.pick(&[
            "\"$s\"",
            "\"a $m.k b\"",
            "\"#if($s)y#{else}n#end\"",
            "\"\"",
            "\"say \"\"$s\"\"\"",
            "\"#foreach($q in [1,2])$q#end\"",
            "\"a ## b\"",
            "\"$\"",
            "\"\\u0041#\"",
        ])),
        3 => out.push_str(dice.pick(&["true", "false"])),
        4..=5 => reference(dice, depth, out),
        6 => {
            out.push('[');
            for index in 0..dice.below(4) {
                out.push_str(if index > 0 { ", " } else { "" });
                operand(dice, depth - 1, out);
            }
            out.push(']');
        }
        7 => {
            out.push('{');
            for index in 0..dice.below(3) {
                out.push_str(if index > 0 { ", " } else { "" });
                out.push_str(dice.pick(&["'k'", "\"j\"", "1", "$s"]));
                out.push_str(dice.pick(&[":", ": ", " : "]));
                operand(dice, depth - 1, out);
            }
            out.push('}');
        }
        _ => out.push_str(dice.pick(&["[1..3]", "[ 3 .. 1 ]", "[$doc.n..1]", "[1..$s]"])),
    }
}

fn expression(dice: &mut Dice, depth: usize, out: &mut String) {
    let blank = |dice: &mut Dice| dice.pick(&["", " ", " "]);
    match dice.below(if depth == 0 { 5 } else { 9 }) {
        0 => out.push_str(dice.pick(&oddities::OPERANDS)),
        1..=4 => operand(dice, depth, out),
        5 => {
            out.push_str(dice.pick(&["!", "not "]));
            expression(dice, depth - 1, out);
        }
        6 => {
            out.push('(');
            expression(dice, depth - 1, out);
            out.push(')');
        }
        _ => {
            expression(dice, depth - 1, out);
            out.push_str(blank(dice));
            out.push_str(dice.pick(&[
                "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", " and ",
                " or ", " eq ",
            ]));
            out.push_str(blank(dice));
            expression(dice, depth - 1, out);
        }
    }
}
