//! Counts the instructions of one render of a mapping template: bytes in, text out. The template is parsed outside the
//! count. Rivals are timed by `template_render`.

#![allow(missing_docs, reason = "gungraun's macros make public items")]

use std::hint::black_box;

use gungraun::{library_benchmark, library_benchmark_group, main};
use towergate_benches::templates::TemplateCase;

/// A template that has rendered once, so that nothing is counted that happens only the first time.
fn warm(case: TemplateCase) -> TemplateCase {
    assert!(!case.render().is_empty());
    case
}

#[library_benchmark]
#[bench::passthrough(args = (TemplateCase::passthrough()), setup = warm)]
#[bench::list(args = (TemplateCase::list()), setup = warm)]
#[bench::parameters(args = (TemplateCase::parameters()), setup = warm)]
fn render_template(case: TemplateCase) -> (TemplateCase, String) {
    let output = black_box(case.render());
    (case, output)
}

library_benchmark_group!(name = templates, benchmarks = [render_template]);
main!(library_benchmark_groups = templates);
