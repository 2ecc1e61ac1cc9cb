//! Which template is taken.

use super::*;

#[tokio::test]
async fn a_request_template_is_chosen_by_content_type() {
    use PassthroughBehavior::{Never, WhenNoMatch, WhenNoTemplates};
    let none: &[_] = &[];
    let json: &[_] = &[(JSON, "j $input.body")];
    let all: &[_] = &[("$default", "d"), (JSON, "old"), ("Application/JSON", "j")];
    let unsupported = r#"{"message": "Unsupported Media Type"}"#;
    let cases = [
        (
            json,
            "application/json; charset=utf-8",
            WhenNoMatch,
            "j body",
        ),
        (json, "APPLICATION/JSON", WhenNoMatch, "j body"),
        (json, "", WhenNoMatch, "j body"),
        (json, "text/plain", WhenNoMatch, "body"),
        (json, "text/plain", WhenNoTemplates, unsupported),
        (json, "text/plain", Never, unsupported),
        (none, "text/plain", WhenNoTemplates, "body"),
        (none, "text/plain", Never, unsupported),
        (all, "text/plain", Never, "d"),
        (all, JSON, Never, "j"),
    ];
    for (templates, content_type, behavior, expected) in cases {
        let layer = TransformLayer::new().passthrough_behavior(behavior);
        let layer = templates.iter().fold(layer, |layer, (key, source)| {
            layer.request_template(key, template(source))
        });
        let request = post(&[("content-type", content_type)], "body");
        let (status, _, body) = send(&layer, request).await;
        let case = format!("{templates:?} {content_type} {behavior:?}");
        assert_eq!(body, expected, "{case}");
        assert_eq!(status == 415, expected == unsupported, "{case}");
    }
}

#[tokio::test]
async fn a_response_template_is_chosen_by_the_first_accepted_type() {
    let both: &[_] = &[("text/xml", "x $input.body"), (JSON, "j $input.body")];
    let xml: &[_] = &[("text/xml", "x"), ("text/csv", "c")];
    let cases = [
        (
            both,
            "text/xml;q=0.9, application/json",
            "x body",
            "text/xml",
        ),
        (both, "image/png", "j body", JSON),
        (both, "", "j body", JSON),
        (xml, "image/png", "x", "text/xml"),
        (xml, "text/csv", "c", "text/csv"),
        (
            &[("text/plain", "p")][..],
            "",
            "p",
            "text/plain; charset=utf-8",
        ),
        (&[(JSON, "")][..], "", "body", "text/plain; charset=utf-8"),
        (&[], "text/xml", "body", "text/plain; charset=utf-8"),
    ];
    for (templates, accept, expected, content_type) in cases {
        let layer = templates
            .iter()
            .fold(TransformLayer::new(), |layer, (key, source)| {
                layer.response_template(key, template(source))
            });
        let headers = [
            ("accept", accept),
            ("content-type", "text/plain; charset=utf-8"),
        ];
        let (_, headers, body) = send(&layer, post(&headers, "body")).await;
        let case = format!("{templates:?} {accept}");
        assert_eq!(body, expected, "{case}");
        assert_eq!(headers["content-type"], content_type, "{case}");
    }
}
