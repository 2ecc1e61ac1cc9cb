use serde_json::json;

use super::*;

fn shop() -> Value {
    json!({
        "shop": {
            "items": [
                {"n": "pen", "p": 2, "t": ["a", "b"]},
                {"n": "ink", "p": 9, "t": ["b"]},
                {"n": "pad", "p": 5, "x": true},
            ],
            "owner": {"n": "Kim"},
        },
        "max": 5,
        "nums": [5, 3, 8, 1],
        "a.b": "dotted",
        "sp ace": 1,
        "list": ["u", "v", "w", "x", "y"],
    })
}

fn mixed() -> Value {
    json!({
        "l": ["u", "v", "w", "x", "y"],
        "o": {"a": 1, "b": {"a": 2}},
        "s": "str",
        "n": 7,
        "z": null,
        "m": [{"p": 1}, {"p": "1"}, {"p": null}, {"q": 2}],
        "k": [[1, 2], [3]],
        "e": [{"t": []}, {"t": ["x"]}, {"t": ["x", "y"]}, {"t": "text"}, {"t": {}}, {"u": 0}],
    })
}

/// Asserts what each path yields; `None` stands for a missing value.
fn assert_finds(document: &Value, cases: &[(&str, Option<Value>)]) {
    for (path, expected) in cases {
        let parsed = JsonPath::parse(path).unwrap_or_else(|error| panic!("{error}"));
        let found = parsed
            .find(document)
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(found.as_deref(), expected.as_ref(), "{path}");
    }
}

fn some(value: Value) -> Option<Value> {
    Some(value)
}

#[test]
fn definite_paths_yield_the_value_or_nothing() {
    assert_finds(
        &shop(),
        &[
            ("$", some(shop())),
            (" $.max ", some(json!(5))),
            ("@.max", some(json!(5))),
            ("max", some(json!(5))),
            ("shop.owner.n", some(json!("Kim"))),
            ("list[0]", some(json!("u"))),
            ("['max']", some(json!(5))),
            ("$.shop.owner[\"n\"]", some(json!("Kim"))),
            ("$['shop']['owner']", some(json!({"n": "Kim"}))),
            ("$.['max']", some(json!(5))),
            ("$['a.b']", some(json!("dotted"))),
            ("$[ 'sp ace' ]", some(json!(1))),
            (r"$['sp\u0020ace']", some(json!(1))),
            ("$.shop.items[1].n", some(json!("ink"))),
            ("$.list[-1]", some(json!("y"))),
            ("$.list[-5]", some(json!("u"))),
            ("$.list[-6]", None),
            ("$.list[5]", None),
            ("$.list.length", None),
            ("$.list.n", None),
            ("$[0]", None),
            ("$.ghost", None),
            ("$.ghost.n[0].x", None),
            ("$.max.n", None),
        ],
    );
}

#[test]
fn null_is_a_value() {
    assert_finds(
        &mixed(),
        &[
            ("$.z", some(Value::Null)),
            ("$.z.x", None),
            ("$.m[2].p", some(Value::Null)),
        ],
    );
}

#[test]
fn several_names_yield_a_map_of_those_present() {
    assert_finds(
        &shop(),
        &[
            ("$['max','a.b']", some(json!({"max": 5, "a.b": "dotted"}))),
            ("$['a.b', \"ghost\"]", some(json!({"a.b": "dotted"}))),
            ("$['ghost','none']", some(json!({}))),
            ("$.max['a','b']", None),
            (
                "$.shop.items[*]['n','x']",
                some(json!([{"n": "pen"}, {"n": "ink"}, {"n": "pad", "x": true}])),
            ),
            ("$.shop.items[*]['n','x'].y", some(json!([]))),
            ("$..['n','x']", some(json!([{"n": "pad", "x": true}]))),
            ("$['shop','max'].owner", some(json!([{"n": "Kim"}]))),
        ],
    );
}

#[test]
fn other_paths_always_yield_a_list() {
    assert_finds(
        &shop(),
        &[
            ("$.shop.items[*].n", some(json!(["pen", "ink", "pad"]))),
            ("$.shop.items[*].x", some(json!([true]))),
            ("$.shop.items[0,2].n", some(json!(["pen", "pad"]))),
            ("$.list[1,9]", some(json!(["v"]))),
            ("$.list[-1,0]", some(json!(["y", "u"]))),
            ("$.shop.owner.*", some(json!(["Kim"]))),
            ("$.shop.owner[ * ]", some(json!(["Kim"]))),
            ("$.max.*", some(json!([]))),
            ("$.ghost[*].x", some(json!([]))),
            ("$.ghost[?(@.x)]", some(json!([]))),
            ("$.max[0,1]", some(json!([]))),
            ("$..ghost", some(json!([]))),
        ],
    );
    assert_finds(
        &mixed(),
        &[
            ("$.m[*].p", some(json!([1, "1", null]))),
            ("$.k[*][0]", some(json!([1, 3]))),
            ("$.k[*][1]", some(json!([2]))),
            ("$.k[*][-1]", some(json!([2, 3]))),
        ],
    );
}

#[test]
fn descent_visits_each_container_before_what_is_inside_it() {
    assert_finds(
        &shop(),
        &[
            ("$..n", some(json!(["pen", "ink", "pad", "Kim"]))),
            ("$.shop..t[0]", some(json!(["a", "b"]))),
            ("$..items[1].n", some(json!(["ink"]))),
        ],
    );
    assert_finds(
        &mixed(),
        &[
            ("$..a", some(json!([1, 2]))),
            ("$.o..a", some(json!([1, 2]))),
            ("$.k..[0]", some(json!([[1, 2], 1, 3]))),
            ("$.k..[-1:]", some(json!([[3], 2, 3]))),
            ("$.o..*", some(json!([1, {"a": 2}, 2]))),
            ("$.k..*", some(json!([[1, 2], [3], 1, 2, 3]))),
            ("$.m..[?(@.p == 1)]", some(json!([{"p": 1}, {"p": "1"}]))),
            ("$.s..x", some(json!([]))),
        ],
    );
}

#[test]
fn slices_clip_and_count_from_the_end_only_with_one_bound() {
    assert_finds(
        &mixed(),
        &[
            ("$.l[1:3]", some(json!(["v", "w"]))),
            ("$.l[3:]", some(json!(["x", "y"]))),
            ("$.l[:2]", some(json!(["u", "v"]))),
            ("$.l[:-1]", some(json!(["u", "v", "w", "x"]))),
            ("$.l[:-9]", some(json!([]))),
            ("$.l[-2:]", some(json!(["x", "y"]))),
            ("$.l[-9:]", some(json!(["u", "v", "w", "x", "y"]))),
            ("$.l[0:-3]", some(json!([]))),
            ("$.l[1:-1]", some(json!([]))),
            ("$.l[-3:-1]", some(json!([]))),
            ("$.l[-9:2]", some(json!(["u", "v"]))),
            ("$.l[3:99]", some(json!(["x", "y"]))),
            ("$.l[9:]", some(json!([]))),
            ("$.l[ 0 : 4 : 2 ]", some(json!(["u", "v", "w", "x"]))),
            ("$.l[9223372036854775807:]", some(json!([]))),
            (
                "$.l[-9223372036854775808:]",
                some(json!(["u", "v", "w", "x", "y"])),
            ),
        ],
    );
}

#[test]
fn filters_compare() {
    assert_finds(
        &shop(),
        &[
            ("$.shop.items[?(@.p > 4)].n", some(json!(["ink", "pad"]))),
            ("$.shop.items[?(@.p>=5)].n", some(json!(["ink", "pad"]))),
            ("$.shop.items[?(@.p < 5)].n", some(json!(["pen"]))),
            (
                "$.shop.items[?(@['p'] <= $.max)].n",
                some(json!(["pen", "pad"])),
            ),
            ("$.shop.items[?(5 == @.p)].n", some(json!(["pad"]))),
            ("$.shop.items[?(@.n == \"ink\")].p", some(json!([9]))),
            ("$.shop.items[ ?( @.n != 'ink' ) ].p", some(json!([2, 5]))),
            (
                "$.shop.items[?(@.n > 'ink')].n",
                some(json!(["pen", "pad"])),
            ),
            ("$.shop.items[?(@.x == true)].n", some(json!(["pad"]))),
            ("$.nums[?(@ > 4)]", some(json!([5, 8]))),
            ("$.nums[?(@ > 4.5e0)]", some(json!([5, 8]))),
            ("$.nums[?(@ > -1)][0]", some(json!([]))),
            ("$.shop.owner[?(@.n == 'Kim')]", some(json!([{"n": "Kim"}]))),
            ("$.shop.owner[?(@.n == 'Tim')]", some(json!([]))),
            ("$.shop.items[?(@.t == ['a','b'])].n", some(json!(["pen"]))),
            ("$.shop.items[?(@.t[0] == 'b')].n", some(json!(["ink"]))),
            ("$.shop.items[?(@.t.length() == 2)].n", some(json!(["pen"]))),
        ],
    );
    assert_finds(
        &mixed(),
        &[
            ("$.m[?(@.p == 1)]", some(json!([{"p": 1}, {"p": "1"}]))),
            ("$.m[?(@.p == 1.0)]", some(json!([{"p": 1}]))),
            ("$.m[?(1.0 == @.p)]", some(json!([{"p": 1}, {"p": "1"}]))),
            ("$.m[?(@.p == null)]", some(json!([{"p": null}]))),
            ("$.m[?(@.p != 1)]", some(json!([{"p": null}, {"q": 2}]))),
            ("$.m[?(@.p>=1)].p", some(json!([1]))),
            ("$.m[?(@.q > 1)]", some(json!([{"q": 2}]))),
            ("$.m[?(@.q == $.none)]", some(json!([]))),
        ],
    );
}

#[test]
fn filters_test_existence_and_combine() {
    assert_finds(
        &shop(),
        &[
            ("$.shop.items[?(@.t)].t", some(json!([["a", "b"], ["b"]]))),
            ("$.shop.items[?(!@.t)].n", some(json!(["pad"]))),
            ("$.shop.items[?(@.t && @.p > 4)].n", some(json!(["ink"]))),
            ("$.shop.items[?(@.t&&@.p>4)].n", some(json!(["ink"]))),
            (
                "$.shop.items[?(@.x || @.p == 9)].n",
                some(json!(["ink", "pad"])),
            ),
            (
                "$.shop.items[?(@.x || @.t && @.p == 9)].n",
                some(json!(["ink", "pad"])),
            ),
            (
                "$.shop.items[?((@.x || @.t) && @.p == 9)].n",
                some(json!(["ink"])),
            ),
            (
                "$.shop.items[?(!(@.x || @.p == 9))].n",
                some(json!(["pen"])),
            ),
            ("$.shop.items[?(@.t[?(@ == 'a')])].n", some(json!(["pen"]))),
            ("$.shop.items[?($.ghost)].n", some(json!([]))),
        ],
    );
    assert_finds(
        &mixed(),
        &[(
            "$.m[?(@.p)]",
            some(json!([{"p": 1}, {"p": "1"}, {"p": null}])),
        )],
    );
}

#[test]
fn filters_look_into_lists_and_texts() {
    let t = |value: Value| json!({"t": value});
    assert_finds(
        &mixed(),
        &[
            ("$.l[?(@ in ['v',\"w\"])]", some(json!(["v", "w"]))),
            ("$.l[?(@ IN $.e[2].t)]", some(json!(["x", "y"]))),
            ("$.l[?(@ nin ['u','v', 'w'])]", some(json!(["x", "y"]))),
            (
                "$.m[?(@.p in [1, null])]",
                some(json!([{"p": 1}, {"p": "1"}, {"p": null}])),
            ),
            ("$.m[?(@.p nin [1])]", some(json!([{"p": null}, {"q": 2}]))),
            (
                "$.e[?(@.t subsetof ['x'])]",
                some(json!([t(json!([])), t(json!(["x"]))])),
            ),
            (
                "$.e[?(@.t anyof ['y','z'])]",
                some(json!([t(json!(["x", "y"]))])),
            ),
            (
                "$.e[?(@.t noneof ['y','z'])]",
                some(json!([t(json!([])), t(json!(["x"]))])),
            ),
            (
                "$.e[?(@.t all ['x','y'])]",
                some(json!([t(json!(["x", "y"]))])),
            ),
            (
                "$.e[?(@.t contains 'y')]",
                some(json!([t(json!(["x", "y"]))])),
            ),
            ("$.e[?(@.t contains 'ex')]", some(json!([t(json!("text"))]))),
            ("$.e[?(@.t size 2)]", some(json!([t(json!(["x", "y"]))]))),
            ("$.e[?(@.t size 4)]", some(json!([t(json!("text"))]))),
            (
                "$.e[?(@.t empty true)]",
                some(json!([t(json!([])), t(json!({}))])),
            ),
            (
                "$.e[?(@.t empty false)]",
                some(json!([
                    t(json!(["x"])),
                    t(json!(["x", "y"])),
                    t(json!("text"))
                ])),
            ),
        ],
    );
}

#[test]
fn regular_expressions_match_the_whole_value() {
    assert_finds(
        &shop(),
        &[
            (
                "$.shop.items[?(@.n =~ /p.*/)].n",
                some(json!(["pen", "pad"])),
            ),
            ("$.shop.items[?(@.n =~ /p/)].n", some(json!([]))),
            (
                "$.shop.items[?(@.n =~ /P../i)].n",
                some(json!(["pen", "pad"])),
            ),
            ("$.shop.items[?(@.n =~ /P../)].n", some(json!([]))),
            ("$.shop.items[?(/i.k/ =~ @.n)].n", some(json!(["ink"]))),
            (
                "$.shop.items[?(@.p =~ /\\d/)].n",
                some(json!(["pen", "ink", "pad"])),
            ),
            ("$.shop.items[?(@.t =~ /a|\\//)].n", some(json!(["pen"]))),
            ("$.shop.items[?(@.x =~ /true/)].n", some(json!(["pad"]))),
        ],
    );
}

#[test]
fn functions_end_a_path() {
    assert_finds(
        &shop(),
        &[
            ("$.nums.length()", some(json!(4))),
            ("$.nums.size()", some(json!(4))),
            ("$.shop.length()", some(json!(2))),
            ("$.nums.min()", some(json!(1.0))),
            ("$.nums.max()", some(json!(8.0))),
            ("$.nums.sum()", some(json!(17.0))),
            ("$.nums.avg()", some(json!(4.25))),
            ("$.nums.sum(3, $.max)", some(json!(25.0))),
            ("$.list.sum()", None),
            ("$.max.sum()", None),
            ("$.ghost.length()", None),
            ("$.max.length()", None),
            ("$..p.sum()", some(json!(16.0))),
            ("$..t.length()", some(json!(3))),
            ("$.shop.items[*].length()", some(json!([3, 3, 3]))),
            ("$.shop.owner.keys()", some(json!(["n"]))),
            ("$.nums.first()", some(json!(5))),
            ("$.nums.last()", some(json!(1))),
            ("$.nums.index(-2)", some(json!(8))),
            ("$.nums.index(9)", None),
            ("$.nums.append(7)", some(json!([5, 3, 8, 1, 7]))),
            ("$.list.concat('-', $.max)", some(json!("uvwxy-5"))),
            ("length()", some(json!(6))),
        ],
    );
    assert_finds(
        &mixed(),
        &[("$.s.length()", None), ("$.o.length()", some(json!(2)))],
    );
    assert_finds(
        &json!([2, 4, 4, 4, 5, 5, 7, 9]),
        &[("$.stddev()", some(json!(2.0)))],
    );
}

#[test]
fn definite_paths_borrow() {
    let document = shop();
    for path in ["$", "$.shop", "$.shop.items[1].n", "list[-1]"] {
        let path = JsonPath::parse(path).unwrap();
        assert!(path.is_definite(), "{path}");
        assert!(
            matches!(path.find(&document), Ok(Some(Cow::Borrowed(_)))),
            "{path}"
        );
    }
}
