use super::*;

/// The rules of a template's tokens, without the last.
fn rules(template: &str) -> Vec<Rule> {
    let mut lexer = Lexer::new(template);
    let mut rules = Vec::new();
    loop {
        let token = lexer
            .next_token()
            .unwrap_or_else(|error| panic!("{template}: {error:?}"));
        match token.rule {
            Rule::End => return rules,
            rule => rules.push(rule),
        }
    }
}

#[test]
fn the_same_sign_means_what_its_surroundings_say() {
    use Rule::*;
    let cases: [(&str, &[Rule]); 15] = [
        ("a b", &[Text]),
        ("$a-b.c", &[Identifier, Dot, Identifier]),
        ("$a.1", &[Identifier, Text]),
        ("${a}b", &[BraceOpen, Identifier, BraceClose, Text]),
        (
            "$a[0]x",
            &[Identifier, IndexOpen, Integer, IndexClose, Identifier],
        ),
        (
            "$a[0] x",
            &[Identifier, IndexOpen, Integer, IndexClose, Text],
        ),
        (
            "$a.b(1, 'c')",
            &[
                Identifier, Dot, Identifier, ParenOpen, Integer, Comma, Whitespace, String,
                CallClose,
            ],
        ),
        (
            "#set($a=1)",
            &[Set, Identifier, Assign, Integer, ParenClose],
        ),
        (
            "#if(true)\n#end \n",
            &[If, ParenOpen, True, ParenClose, EndDirective],
        ),
        (
            "#if(1..2)",
            &[If, ParenOpen, Integer, DoubleDot, Integer, ParenClose],
        ),
        ("## a\nb", &[LineComment, LineCommentEnd, Text]),
        ("#* a *#b", &[CommentEnd, Text]),
        ("#[[ $a ]]#", &[TextBlockEnd]),
        (
            "\\\\ \\#if \\x",
            &[DoubleEscape, Text, EscapedDirective, Text, Escape, Text],
        ),
        ("$5 # x", &[Text, Text]),
    ];
    for (template, expected) in cases {
        assert_eq!(rules(template), expected, "{template}");
    }
}

#[test]
fn a_sign_that_begins_nothing_is_kept_for_the_text_behind_it() {
    for (template, stray) in [("$5", "$"), ("# x", "#"), ("\\$ x", "\\$"), ("x", "")] {
        let token = Lexer::new(template).next_token().unwrap();
        assert_eq!(token.stray, stray, "{template}");
    }
    for template in ["$", "#", "$!", "\\$"] {
        assert!(Lexer::new(template).next_token().is_err(), "{template}");
    }
}
