//! A template and a body, parted by a zero byte: nothing panics, the output keeps its bound, and it depends on nothing
//! but the two; fewer steps either suffice or are said to be too few.
#![no_main]

use libfuzzer_sys::fuzz_target;
use towergate_mapping_templates::{
    Limits, Overrides, Payload, RenderError, RenderErrorKind, Scope, Template,
};

const LIMITS: (usize, u64) = (4096, 50_000);

fn render(template: &Template, body: &str, steps: u64) -> (Result<String, RenderError>, Overrides) {
    let limits = Limits::default()
        .with_max_output_bytes(LIMITS.0)
        .with_max_steps(steps);
    let mut scope = Scope::new(Payload::new(body), &()).with_limits(limits);
    let result = template.render(&mut scope);
    (result, scope.into_overrides())
}

fuzz_target!(|input: &str| {
    let (source, body) = input.split_once('\0').unwrap_or((input, ""));
    let Ok(template) = Template::parse(source) else {
        return;
    };
    let (result, overrides) = render(&template, body, LIMITS.1);
    match &result {
        Ok(output) => assert!(output.len() <= LIMITS.0),
        Err(error) => {
            assert!(usize::try_from(error.line()).is_ok_and(|line| line <= source.len() + 1));
            assert_eq!(
                overrides,
                Overrides::default(),
                "a failed template left overrides"
            );
        }
    }
    assert_eq!(
        (&result, &overrides),
        (
            &render(&template, body, LIMITS.1).0,
            &render(&template, body, LIMITS.1).1
        ),
        "the same twice"
    );
    let (fewer, left) = render(&template, body, LIMITS.1 / 8);
    let gave_up =
        matches!(&fewer, Err(error) if matches!(error.kind(), RenderErrorKind::ExceedSteps { .. }));
    assert!(
        gave_up || (fewer, left) == (result, overrides),
        "steps change nothing but when to stop"
    );
});
