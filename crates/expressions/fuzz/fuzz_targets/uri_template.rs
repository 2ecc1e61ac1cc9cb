//! A template, a line feed and a value: nothing panics, and without values the template renders as it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use towergate_expressions::UriTemplate;

fuzz_target!(|input: &str| {
    let (template, value) = input.split_once('\n').unwrap_or((input, ""));
    let parsed = UriTemplate::parse(template);
    let kept = parsed.render(
        |_| None::<&str>,
        |name| Some(format!("${{stageVariables.{name}}}")),
    );
    assert_eq!(kept.as_deref(), Ok(template));
    let filled = parsed.render(|_| Some(value), |_| Some(""));
    assert!(template.contains(['#', '?']) || filled.is_ok_and(|uri| !uri.contains('#')));
});
