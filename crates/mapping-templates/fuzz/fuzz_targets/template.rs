//! A template and a body, parted by a zero byte: nothing panics, and the output keeps its bound.
#![no_main]

use libfuzzer_sys::fuzz_target;
use towergate_mapping_templates::{Limits, Payload, Scope, Template};

fuzz_target!(|input: &str| {
    let (template, body) = input.split_once('\0').unwrap_or((input, ""));
    let Ok(template) = Template::parse(template) else {
        return;
    };
    let limits = Limits::default().with_max_output_bytes(4096).with_max_steps(50_000);
    let mut scope = Scope::new(Payload::new(body), &()).with_limits(limits);
    if let Ok(output) = template.render(&mut scope) {
        assert!(output.len() <= 4096);
    }
});
