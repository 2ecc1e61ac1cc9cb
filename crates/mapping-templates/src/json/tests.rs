use std::sync::Arc;

use super::*;

/// What a text says, written again; `None` if it is refused.
fn rewritten(text: &str) -> Option<String> {
    let document = Document::parse(&Arc::from(text)).ok()?;
    let mut out = String::new();
    write_node(&document, document.root(), Slashes::Plain, &mut out);
    if let Some(source) = document.canonical() {
        assert_eq!(source, out, "a canonical document is its own text");
    }
    Some(out)
}

#[test]
fn json_is_read_leniently() {
    let cases = [
        (r#"{"a":1}"#, Some(r#"{"a":1}"#)),
        (" [ 1 , 2 ] ", Some("[1,2]")),
        ("{a: b c, 'd': 'e'}", Some(r#"{"a":"b c","d":"e"}"#)),
        ("[1,,2,]", Some("[1,2]")),
        (r#"["a" "b"]"#, Some(r#"["a","b"]"#)),
        (r#"{"a":1,,"b":2,}"#, Some(r#"{"a":1,"b":2}"#)),
        (r#"{"a":1} trailing"#, Some(r#"{"a":1}"#)),
        (r#"{"a":1,"b":2,"a":3}"#, Some(r#"{"a":3,"b":2}"#)),
        ("a=1&b=2", Some(r#""a=1&b=2""#)),
        ("<x/>", Some(r#""<x/>""#)),
        ("42 is it", Some(r#""42 is it""#)),
        ("[2.50,1e2,-0,007,1.5e]", Some(r#"[2.5,100.0,0,7,"1.5e"]"#)),
        (
            "[0.1234567890123456789,12345678901234567890]",
            Some("[0.1234567890123456789,12345678901234567890]"),
        ),
        (
            "[true,null,truely,NaN]",
            Some(r#"[true,null,"truely",NaN]"#),
        ),
        (r#""\u00e9\x41\/\q\ud83d\ude00\ud83d""#, Some(r#""éA/😀?""#)),
        ("\"\u{20ac}\u{7f}\"", Some(r#""\u20AC\u007F""#)),
        ("", Some(r#""""#)),
        ("null", Some("null")),
        (r#"{"a":"#, None),
        ("[1", None),
        ("}", None),
        (r#""open"#, None),
        (r#"{"a" 1}"#, None),
        (r#"{"a":"b" c}"#, None),
        (r#""\u00g0""#, None),
        ("{{}}", None),
    ];
    for (text, expected) in cases {
        assert_eq!(rewritten(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn a_number_has_a_longest_form() {
    for (longest, longer) in [("1", "11"), ("1.", "1.5")] {
        let text = |start: &str| format!("[{start}{}]", "5".repeat(20_000 - longest.len()));
        assert!(rewritten(&text(longest)).is_some(), "{longest}");
        assert_eq!(rewritten(&text(longer)), None, "{longer}");
    }
}

#[test]
fn only_what_would_be_written_the_same_is_canonical() {
    let cases = [
        (r#"{"a":[1,-2.5,true,null,"x\n\"y\\"],"b":{},"c":[]}"#, true),
        (r#"{"a": 1}"#, false),
        ("[1,]", false),
        ("[2.50]", false),
        ("[0.0001]", false),
        ("[1.0E-4,0.001,-0.0,1234567.5,0.1234567890123456]", true),
        ("[12345678.5]", false),
        ("[1.5e3]", false),
        ("[01]", false),
        ("['a']", false),
        (r#"["\/"]"#, false),
        ("[\"\u{20ac}\"]", false),
        ("[\"é\"]", true),
        ("[1]x", false),
        (r#"{"a":1,"a":1}"#, false),
    ];
    for (text, expected) in cases {
        let document = Document::parse(&Arc::from(text)).unwrap();
        assert_eq!(document.canonical().is_some(), expected, "{text}");
    }
}

#[test]
fn documents_go_to_json_and_back() {
    let text = r#"{"a":[1,2.5,"x",null,true,{"b":[]}],"c":18446744073709551615,"d":[-0.0,1.0E-4,1.0E300]}"#;
    let document = Document::parse(&Arc::from(text)).unwrap();
    let back = Document::from_json(document.json());
    let mut out = String::new();
    write_node(&back, back.root(), Slashes::Plain, &mut out);
    assert_eq!(out, text);
}

#[test]
fn a_document_takes_little_more_than_its_nodes() {
    assert_eq!(size_of::<Node>(), 12);
    let items = 1_000_000;
    let text = format!("[{}1]", "1,".repeat(items - 1));
    let document = Document::parse(&Arc::from(text.as_str())).unwrap();
    assert!(matches!(
        document.node(document.root()),
        Node::List { len: 1_000_000, .. }
    ));
    assert!(document.nodes.capacity() * size_of::<Node>() <= 12 * text.len() + 64);
}
