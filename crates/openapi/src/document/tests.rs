use serde_json::json;

use super::*;

fn place(dotted: &str) -> Place {
    dotted.split('.').collect()
}

#[test]
fn json_lines_are_those_of_the_text() {
    let text = "\n{\"a\": [1, \"}\\\"{\",\n {\"b\": -1.50e3}],\n\n \"c\" :\n  null, \"d\": {}, \"e\": []}\n";
    let document = Document::parse(text).unwrap();
    for (path, line) in [
        ("a", 2),
        ("a.0", 2),
        ("a.1", 2),
        ("a.2", 3),
        ("a.2.b", 3),
        ("a.2.gone.deeper", 3),
        ("a.9", 2),
        ("a.x", 2),
        ("c", 5),
        ("d", 6),
        ("e", 6),
        ("gone", 2),
    ] {
        assert_eq!(document.line(&place(path)), Some(line), "{path}");
    }
    assert_eq!(document.line(&Place::root()), Some(2));
    let number = document.root().get("a").unwrap().as_list().unwrap()[2].get("b");
    assert_eq!(number.unwrap().as_text(), Some("-1.50e3"));
    assert_eq!(
        document.root().to_json(),
        json!({"a": [1, "}\"{", {"b": -1500.0}], "c": null, "d": {}, "e": []})
    );
}

#[test]
fn texts_that_are_no_documents_say_why_and_where() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(
        Document::parse(&deep(MAX_DEPTH + 1)).is_ok(),
        "at the bound"
    );
    assert!(Document::parse(&format!("\"{}", "x".repeat(MAX_BYTES))).is_err());
    assert!(Document::parse(&format!("[\"{}\"]", "x".repeat(MAX_BYTES - 4))).is_ok());

    for (name, text, message, line) in [
        (
            "duplicate",
            "{\"a\": 1,\n\"b\": 2,\n\"a\": 3}".to_owned(),
            "the key `a` stands on line 1 and again on line 3",
            Some(3),
        ),
        (
            "escaped duplicate",
            "{\"a\": 1,\n\"\\u0061\": 3}".to_owned(),
            "the key `a` stands on line 1 and again on line 2",
            Some(2),
        ),
        (
            "cut off",
            "{\"a\":\n [1, 2".to_owned(),
            "EOF while parsing a list",
            Some(2),
        ),
        (
            "two values",
            "{}\n{}".to_owned(),
            "trailing characters",
            Some(2),
        ),
        (
            "too deep",
            deep(MAX_DEPTH + 2),
            "values are nested deeper than 100 levels",
            Some(1),
        ),
        (
            "far too deep",
            deep(100_000),
            "recursion limit exceeded",
            Some(1),
        ),
        (
            "too long",
            format!("[\"{}\"]", "x".repeat(MAX_BYTES - 3)),
            "the text has 6291457 bytes, more than the 6291456 that are read",
            None,
        ),
    ] {
        let error = Document::parse(&text).expect_err(name);
        assert_eq!(error.to_string(), message, "{name}");
        assert_eq!(error.line(), line, "{name}");
    }
}

#[cfg(not(feature = "yaml"))]
#[test]
fn yaml_names_the_feature_it_needs() {
    for text in ["openapi: 3.0.1", "", "a", "# comment\n{}"] {
        let error = Document::parse(text).expect_err(text);
        assert_eq!(error, DocumentError::YamlDisabled, "{text}");
        assert!(error.to_string().contains("`yaml`"));
    }
}

#[cfg(feature = "yaml")]
mod yaml {
    use super::*;

    #[test]
    fn scalars_read_as_they_are_written() {
        let document = Document::parse(
            "a: 012345678901\nb: 3.10\nc: 0x1F\nd: yes\ne: True\nf: ~\ng:\nh: '5'\ni: 1_000\nj: -7\nk: .inf\n\
             l: 2024-01-01\nm: !!str 5\nn: |\n  two\n  lines\no: 1:30\np: 99999999999999999999\nq: +5\nr: 0o17\ns: 1e3\nt: !!int \"8\"\n",
        )
        .unwrap();
        for (key, text, json) in [
            ("a", Some("012345678901"), json!("012345678901")),
            ("b", Some("3.10"), json!(3.1)),
            ("c", Some("0x1F"), json!(31)),
            ("d", Some("yes"), json!("yes")),
            ("e", Some("true"), json!(true)),
            ("f", None, json!(null)),
            ("g", None, json!(null)),
            ("h", Some("5"), json!("5")),
            ("i", Some("1_000"), json!("1_000")),
            ("j", Some("-7"), json!(-7)),
            ("k", Some(".inf"), json!(".inf")),
            ("l", Some("2024-01-01"), json!("2024-01-01")),
            ("m", Some("5"), json!("5")),
            ("n", Some("two\nlines\n"), json!("two\nlines\n")),
            ("o", Some("1:30"), json!("1:30")),
            ("p", Some("99999999999999999999"), json!(1e20)),
            ("q", Some("+5"), json!(5)),
            ("r", Some("0o17"), json!(15)),
            ("s", Some("1e3"), json!(1000.0)),
            ("t", Some("8"), json!(8)),
        ] {
            let node = document.root().get(key).unwrap();
            assert_eq!(node.as_text(), text, "{key}");
            assert_eq!(node.to_json(), json, "{key}");
        }
    }

    #[test]
    fn keys_are_text_and_values_know_their_lines() {
        let document = Document::parse(
            "# first\nresponses:\n  200: &ok\n    description: ok\n  404: *ok\n  true:\n    - a\n    - {b: 1,\n       c: 2}\n\
             merged:\n  <<: *ok\n  own: 1\nübung: ä\nlast: |\n  x\n",
        )
        .unwrap();
        for (path, line) in [
            ("responses", 2),
            ("responses.200", 3),
            ("responses.404", 5),
            ("responses.404.description", 4),
            ("responses.true", 6),
            ("responses.true.0", 7),
            ("responses.true.1.c", 9),
            ("merged.own", 12),
            ("übung", 13),
            ("last", 14),
        ] {
            assert_eq!(document.line(&place(path)), Some(line), "{path}");
        }
        assert_eq!(
            document.root().get("merged").unwrap().to_json(),
            json!({"description": "ok", "own": 1})
        );
        let keys: Vec<_> = document
            .root()
            .as_map()
            .unwrap()
            .iter()
            .map(|(key, _)| key.as_str())
            .collect();
        assert_eq!(
            keys,
            ["responses", "merged", "übung", "last"],
            "in the order of the text"
        );
    }

    #[test]
    fn what_looks_like_json_may_be_yaml() {
        let document = Document::parse("{a: 1, b: [x,\n y], }").unwrap();
        assert_eq!(document.root().to_json(), json!({"a": 1, "b": ["x", "y"]}));
        assert_eq!(document.line(&place("b.1")), Some(2));
    }

    #[test]
    fn texts_that_are_no_yaml_say_why_and_where() {
        for (name, text, message, line) in [
            (
                "duplicate",
                "a: 1\nb: 2\na: 3\n",
                "the key `a` stands on line 1 and again on line 3",
                Some(3),
            ),
            (
                "typed duplicate",
                "200: a\n\"200\": b\n",
                "the key `200` stands on line 1 and again on line 2",
                Some(2),
            ),
            (
                "key that is a list",
                "? [a, b]\n: c\n",
                "a key must be text, not a list",
                Some(1),
            ),
            (
                "unknown alias",
                "a: 1\nb: *gone\n",
                "unknown anchor",
                Some(2),
            ),
            ("open bracket", "a: [1, 2\nb: 3\n", "", Some(2)),
            (
                "two documents",
                "a: 1\n---\nb: 2\n",
                "multiple YAML documents",
                None,
            ),
        ] {
            let error = Document::parse(text).expect_err(name);
            assert!(error.to_string().contains(message), "{name}: {error}");
            if line.is_some() {
                assert_eq!(error.line(), line, "{name}: {error}");
            }
        }
    }

    #[test]
    fn small_texts_do_not_unfold_into_large_ones() {
        let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let below = vec![format!("*a{}", level - 1); 10].join(", ");
            laughs.push_str(&format!("a{level}: &a{level} [{below}]\n"));
        }
        let copies = format!(
            "a: &a {}\nb: [{}]\n",
            "x".repeat(1 << 20),
            "*a, ".repeat(1000)
        );
        let deep = |levels: usize| format!("a: {}{}", "[".repeat(levels), "]".repeat(levels));
        let nested = (0..200).fold(String::new(), |text, level| {
            format!("{text}{}a:\n", " ".repeat(level))
        });
        for (name, text) in [
            ("billion laughs", laughs),
            ("many copies of a long text", copies),
            ("deep brackets", deep(5000)),
            ("deep blocks", nested),
            ("recursive alias", "a: &a [*a]".to_owned()),
            ("recursive merge", "a: &a\n  <<: *a\n".to_owned()),
        ] {
            assert!(Document::parse(&text).is_err(), "{name}");
        }
        let often = format!("a: &a {{b: 1}}\nc: [{}]\n", "*a, ".repeat(5000));
        assert!(Document::parse(&often).is_ok(), "one anchor used often");
        assert!(
            Document::parse(&deep(MAX_DEPTH - 2)).is_ok(),
            "near the bound"
        );
    }
}
