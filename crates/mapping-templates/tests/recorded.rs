//! Templates whose renderings were recorded from Apache Velocity 1.7, set up as API Gateway runs it.

mod support;

#[test]
fn recorded_renderings_come_out_byte_for_byte() {
    let recorded = [
        ("generated", include_str!("fixtures/generated.jsonl")),
        ("curious", include_str!("fixtures/curious.jsonl")),
        ("mended", include_str!("fixtures/mended.jsonl")),
    ];
    let mut failures = Vec::new();
    for (file, text) in recorded {
        for case in support::cases(text) {
            if let Some(failure) = support::failure(&case) {
                failures.push(format!(
                    "{file} {} {}: {failure}",
                    case["id"], case["template"]
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
