use http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn request(method: &str, target: &str, headers: usize) -> Request<()> {
    let mut request = Request::builder().method(method).uri(target);
    for _ in 0..headers {
        request = request.header("a", "b");
    }
    request.body(()).unwrap()
}

#[test]
fn names_are_read_from_the_head_of_the_same_request() {
    type Case<'a> = (
        &'a str,
        &'a str,
        Request<()>,
        Option<(&'a [&'a str], &'a str)>,
    );
    let get = |headers| request("GET", "/a?b", headers);
    let cases: [Case<'_>; 24] = [
        (
            "plain",
            "GET /a?b HTTP/1.1\r\nHost: x\r\nX-tAG: y\r\n\r\n",
            get(2),
            Some((&["Host", "X-tAG"], "")),
        ),
        (
            "no headers",
            "GET /a?b HTTP/1.0\r\n\r\n",
            get(0),
            Some((&[], "")),
        ),
        (
            "line feeds alone",
            "GET /a?b HTTP/1.1\nHost: x\n\n",
            get(1),
            Some((&["Host"], "")),
        ),
        (
            "empty lines in front",
            "\r\n\n\r\nGET /a?b HTTP/1.1\r\nA: b\r\n\r\n",
            get(1),
            Some((&["A"], "")),
        ),
        (
            "repeated",
            "GET /a?b HTTP/1.1\r\nA: b\r\na: c\r\n\r\n",
            get(2),
            Some((&["A", "a"], "")),
        ),
        (
            "no value",
            "GET /a?b HTTP/1.1\r\nA:\r\n\r\n",
            get(1),
            Some((&["A"], "")),
        ),
        (
            "colons in the value",
            "GET /a?b HTTP/1.1\r\nA:b:c: d\r\n\r\n",
            get(1),
            Some((&["A"], "")),
        ),
        (
            "bytes in the value",
            "GET /a?b HTTP/1.1\r\nA: ö\r\n\r\n",
            get(1),
            Some((&["A"], "")),
        ),
        (
            "something follows",
            "GET /a?b HTTP/1.1\r\nA: b\r\n\r\nB: c\r\n\r\n",
            get(1),
            Some((&["A"], "B: c\r\n\r\n")),
        ),
        (
            "absolute form",
            "GET http://h/a?b HTTP/1.1\r\nA: b\r\n\r\n",
            request("GET", "http://h/a?b", 1),
            Some((&["A"], "")),
        ),
        (
            "authority form",
            "CONNECT h:80 HTTP/1.1\r\nA: b\r\n\r\n",
            request("CONNECT", "h:80", 1),
            Some((&["A"], "")),
        ),
        (
            "asterisk form",
            "OPTIONS * HTTP/1.1\r\nA: b\r\n\r\n",
            request("OPTIONS", "*", 1),
            Some((&["A"], "")),
        ),
        (
            "another method",
            "PUT /a?b HTTP/1.1\r\nA: b\r\n\r\n",
            get(1),
            None,
        ),
        (
            "another target",
            "GET /a?B HTTP/1.1\r\nA: b\r\n\r\n",
            get(1),
            None,
        ),
        (
            "another authority",
            "GET http://i/a?b HTTP/1.1\r\n\r\n",
            request("GET", "http://h/a?b", 0),
            None,
        ),
        (
            "fewer headers",
            "GET /a?b HTTP/1.1\r\nA: b\r\n\r\n",
            get(2),
            None,
        ),
        (
            "more headers",
            "GET /a?b HTTP/1.1\r\nA: b\r\nC: d\r\n\r\n",
            get(1),
            None,
        ),
        (
            "cut in its end",
            "GET /a?b HTTP/1.1\r\nA: b\r\n\r",
            get(1),
            None,
        ),
        ("cut in its first line", "GET /a?b HT", get(0), None),
        ("nothing", "", get(0), None),
        ("no version", "GET /a?b\r\n\r\n", get(0), None),
        (
            "a word too many",
            "GET /a?b HTTP/1.1 x\r\n\r\n",
            get(0),
            None,
        ),
        (
            "a line without a name",
            "GET /a?b HTTP/1.1\r\n: b\r\n\r\n",
            get(1),
            None,
        ),
        (
            "a folded line",
            "GET /a?b HTTP/1.1\r\nA: b\r\n c: d\r\n\r\n",
            get(2),
            None,
        ),
    ];
    for (name, bytes, request, expected) in cases {
        let found = OriginalHeaderNames::read(bytes.as_bytes(), &request);
        let found = found
            .as_ref()
            .map(|(names, rest)| (names.iter().collect(), str::from_utf8(rest).unwrap()));
        let expected = expected.map(|(names, rest)| (names.to_vec(), rest));
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn the_first_spelling_counts_and_two_names_have_one_of_their_own() {
    let bytes =
        b"GET / HTTP/1.1\r\nX-TAG: 1\r\nx-tag: 2\r\nauthorization: 3\r\nUSER-AGENT: 4\r\n\r\n";
    let (names, _) = OriginalHeaderNames::read(bytes, &request("GET", "/", 4)).unwrap();
    let cases = [
        ("x-tag", Some("X-TAG")),
        ("authorization", Some("Authorization")),
        ("user-agent", Some("User-Agent")),
        ("x-ta", None),
        ("accept", None),
    ];
    for (name, expected) in cases {
        let name = HeaderName::from_static(name);
        assert_eq!(names.spelling(&name), expected, "{name}");
    }
    let cases = [
        ("X-TAG", true),
        ("x-tag", true),
        ("X-Tag", false),
        ("Authorization", true),
        ("authorization", true),
        ("AUTHORIZATION", false),
        ("Added-Later", true),
    ];
    for (spelling, expected) in cases {
        let name = spelling.parse().unwrap();
        assert_eq!(names.allows(&name, spelling), expected, "{spelling}");
    }
    assert_eq!(
        format!("{names:?}"),
        r#"["X-TAG", "x-tag", "authorization", "USER-AGENT"]"#
    );
}

#[test]
fn header_names_are_spelled_as_the_client_did_or_with_capitals() {
    let mut request = Request::get("/").header("x-tag", "a").body(()).unwrap();
    let x_tag = HeaderName::from_static("x-tag");
    let plain = Context::of(&mut request.clone());
    assert_eq!(plain.header_spelling(&x_tag), "X-Tag");
    assert!(plain.allows_spelling(&x_tag, "x-TAG"));

    let bytes = b"GET / HTTP/1.1\r\nX-TAG: a\r\n\r\n";
    let (names, _) = OriginalHeaderNames::read(bytes, &request).unwrap();
    request.extensions_mut().insert(names);
    let context = Context::of(&mut request);
    assert_eq!(context.header_spelling(&x_tag), "X-TAG");
    assert_eq!(
        context.header_spelling(&header::ACCEPT_ENCODING),
        "Accept-Encoding"
    );
    assert!(context.allows_spelling(&x_tag, "X-TAG"));
    assert!(!context.allows_spelling(&x_tag, "x-tag"));
}

#[test]
fn canonical_names_have_capitals() {
    let cases = [
        ("content-type", "Content-Type"),
        ("x-forwarded-for", "X-Forwarded-For"),
        ("host", "Host"),
        ("x--1a-b_c", "X--1a-B_c"),
    ];
    for (name, expected) in cases {
        assert_eq!(canonical(&HeaderName::from_static(name)), expected);
    }
}

/// What httparse reads: the request, its names, and how long the head is.
fn parsed(bytes: &[u8]) -> Option<(Request<()>, Vec<String>, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; 100];
    let mut head = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(length)) = head.parse(bytes) else {
        return None;
    };
    let mut request = Request::builder().method(head.method?).uri(head.path?);
    for header in &*head.headers {
        request = request.header(header.name, HeaderValue::from_bytes(header.value).ok()?);
    }
    let names = head.headers.iter().map(|header| header.name.to_owned());
    Some((request.body(()).ok()?, names.collect(), length))
}

proptest! {
    #[test]
    fn every_head_that_hyper_takes_is_read_alike(
        bytes in "(\r\n|\n){0,2}(GET|M-SEARCH) (/[a-z?#%ö]{0,3}|\\*|http://h(:1)?(/a)?|h:1) HTTP/1\\.[01](\r\n|\n)\
                  ([a-zA-Z!#$%&'*+.^_`|~0-9-]{1,4}:[ \t]{0,2}[a:\u{80}\t ]{0,3}(\r\n|\n)){0,4}(\r\n|\n)[a-b:\r\n]{0,6}",
    ) {
        if let Some((request, expected, length)) = parsed(bytes.as_bytes()) {
            let (names, rest) = OriginalHeaderNames::read(bytes.as_bytes(), &request).expect("read");
            prop_assert_eq!(names.iter().collect::<Vec<_>>(), expected);
            prop_assert_eq!(rest, &bytes.as_bytes()[length..]);
        }
    }

    #[test]
    fn no_bytes_are_too_odd(bytes in "(GET / HTTP/1.1\r?\n)?(\\PC|[\r\n: A]){0,40}", headers in 0..4_usize) {
        let _ = OriginalHeaderNames::read(bytes.as_bytes(), &request("GET", "/", headers));
    }
}
