//! Any text is a template, and one without variables renders as it is.
#![no_main]

use std::borrow::Cow;

use http::Request;
use libfuzzer_sys::fuzz_target;
use towergate_core::Context;
use towergate_expressions::{MethodRequest, Substitution};

fuzz_target!(|template: &str| {
    let mut request = Request::new(());
    let context = Context::of(&mut request);
    let parsed = Substitution::parse(template);
    let view = MethodRequest::new(&context, request.headers());
    if let Cow::Borrowed(rendered) = parsed.render(&view) {
        assert_eq!(rendered, template);
    }
});
