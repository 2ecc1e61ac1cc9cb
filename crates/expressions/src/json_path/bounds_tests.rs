use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn bad_paths_are_refused_where_they_go_wrong() {
    let cases = [
        ("", 0, "empty"),
        ("  ", 0, "empty"),
        ("$.", 2, "end in a dot"),
        ("$..", 3, "end in a dot"),
        ("$.a.", 4, "end in a dot"),
        ("..a", 1, "after the dots"),
        ("$...a", 3, "after the dots"),
        ("$l", 1, "expected `.` or `[`"),
        ("$[", 2, "after `[`"),
        ("$[]", 2, "after `[`"),
        ("$['a'", 5, "expected `]`"),
        ("$['a", 4, "missing closing '"),
        ("$['a',]", 6, "quoted text"),
        (r"$['\u12']", 5, "four hexadecimal digits"),
        ("$['a']b", 6, "expected `.` or `[`"),
        ("$.a b", 3, "in brackets"),
        ("$[1", 3, "expected `]`"),
        ("$[1,]", 4, "is not an index"),
        ("$[99999999999999999999]", 22, "is not an index"),
        ("$[:]", 3, "a start or an end"),
        ("$[(@.length-1)]", 2, "script expressions"),
        ("$[?]", 3, "expected `(`"),
        ("$[?()]", 4, "expected a path"),
        ("$[?(@.a == )]", 11, "expected a path"),
        ("$[?(@.a = 1)]", 8, "expected an operator"),
        ("$[?(@.a like 1)]", 8, "expected an operator"),
        ("$[?(1)]", 5, "expected an operator"),
        ("$[?(@.a == 1]", 12, "expected `)`"),
        ("$[?(@.a)", 8, "expected `]`"),
        ("$[?(@.a),?(@.b)]", 8, "expected `]`"),
        ("$[?(@.a =~ 'x')]", 14, "needs one regular expression"),
        ("$[?(@.a == /x/)]", 14, "needs `=~`"),
        ("$[?(@.a =~ /x)]", 12, "missing closing `/`"),
        ("$[?(@.a =~ /(/)]", 12, "not a regular expression"),
        ("$.a.nope()", 4, "unknown function `nope()`"),
        ("$.a.length().b", 12, "at the end of the path"),
        ("$.a.length(", 11, "expected a path"),
        ("$..length()", 9, "after the dots"),
    ];
    for (path, position, hint) in cases {
        let error = JsonPath::parse(path).expect_err(path);
        assert!(error.hint().contains(hint), "{path}: {error}");
        assert_eq!(error.position(), position, "{path}: {error}");
    }
}

#[test]
fn hostile_expressions_meet_a_bound() {
    let deep = |levels: usize| format!("$[?({}@.a{})]", "(".repeat(levels), ")".repeat(levels));
    assert!(JsonPath::parse(&deep(JsonPath::MAX_NESTING - 2)).is_ok());
    let cases = [
        deep(5_000),
        format!("$[?({}@.a)]", "!".repeat(5_000)),
        format!("$[?(@ in {})]", "[".repeat(5_000)),
        format!("${}", "[?(@".repeat(2_000)),
        "$.sum(".repeat(2_000),
    ];
    for path in cases {
        let error = JsonPath::parse(&path).unwrap_err();
        assert!(error.hint().contains("nested deeper"), "{error}");
    }
    let longest = format!("$.{}", "a".repeat(JsonPath::MAX_BYTES - 2));
    assert!(JsonPath::parse(&longest).is_ok());
    assert!(
        JsonPath::parse(&(longest + "a"))
            .unwrap_err()
            .hint()
            .contains("longer than")
    );
}

#[test]
fn searches_stay_within_their_budget() {
    let document = json!(vec![vec![0; 100]; 100]);
    let path = JsonPath::parse("$..*").unwrap();
    let mut budget = Budget::default();
    assert!(path.find_within(&document, &mut budget).is_ok());
    let cost = Budget::DEFAULT_STEPS - budget.remaining();
    assert!(path.find_within(&document, &mut Budget::new(cost)).is_ok());
    let found = path.find_within(&document, &mut Budget::new(cost - 1));
    assert_eq!(found, Err(FindError::ExhaustBudget));

    // Eight matches of each match before: 8^20 of them in all.
    let explosive = JsonPath::parse(&format!("$.a{}", "[0,0,0,0,0,0,0,0]".repeat(20))).unwrap();
    let nested = (0..20).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(
        explosive.find(&json!({"a": nested})),
        Err(FindError::ExhaustBudget)
    );

    let large = json!(["x".repeat(1 << 20)]);
    let repeated = JsonPath::parse(&format!("$[0{}]", ",0".repeat(2_000))).unwrap();
    assert_eq!(repeated.find(&large), Err(FindError::ExhaustBudget));
}

#[test]
fn deep_documents_are_walked_but_not_copied() {
    let nest = |levels| (0..levels).fold(json!("core"), |inner, _| json!([inner]));
    let at_the_bound = nest(Budget::MAX_DOCUMENT_DEPTH);
    let past_it = nest(Budget::MAX_DOCUMENT_DEPTH + 1);
    let slice = JsonPath::parse("$[0:1]").unwrap();
    assert!(slice.find(&json!([at_the_bound])).is_ok());
    assert_eq!(slice.find(&json!([past_it])), Err(FindError::NestTooDeep));
    let path = JsonPath::parse("$[0]").unwrap();
    assert!(matches!(path.find(&past_it), Ok(Some(Cow::Borrowed(_)))));
    let walk = JsonPath::parse("$..x").unwrap();
    assert_eq!(walk.find(&past_it).unwrap().as_deref(), Some(&json!([])));
}

/// One step of a naive walk.
#[derive(Debug, Clone)]
enum Key {
    Name(String),
    Index(usize),
}

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        "[a-c' \"\\\\.\\]é]{0,2}".prop_map(Key::Name),
        (0..4_usize).prop_map(Key::Index)
    ]
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::hash_map("[a-c]{0,1}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(path in ".{0,60}") {
        let _ = JsonPath::parse(&path);
    }

    #[test]
    fn any_path_like_text_is_parsed_and_searched_without_panic(
        path in r#"\$?([.\[\]'"?()@$*,:=<>!&|~/ a-c0-9-]|\.\.|\[\?\(|\)\]|length\(\)| in |size ){0,24}"#,
        document in document(),
    ) {
        if let Ok(path) = JsonPath::parse(&path) {
            let _ = path.find(&document);
        }
    }

    #[test]
    fn a_definite_path_walks_as_one_would_by_hand(
        keys in prop::collection::vec(key(), 0..5),
        document in document(),
    ) {
        let path = keys.iter().fold("$".to_owned(), |path, key| match key {
            Key::Name(name) => format!("{path}['{}']", name.replace('\\', r"\\").replace('\'', r"\'")),
            Key::Index(index) => format!("{path}[{index}]"),
        });
        let by_hand = keys.iter().try_fold(&document, |value, key| match key {
            Key::Name(name) => value.as_object()?.get(name),
            Key::Index(index) => value.as_array()?.get(*index),
        });
        let found = JsonPath::parse(&path).unwrap().find(&document).unwrap();
        prop_assert_eq!(found.as_deref(), by_hand, "{}", path);
    }
}
