//! A source, a line feed and a body: nothing panics, and what is mapped is never empty.
#![no_main]

use http::Request;
use libfuzzer_sys::fuzz_target;
use towergate_core::Context;
use towergate_expressions::{
    GatewayResponseMapping, IntegrationReply, MethodRequest, RequestMapping, RequestTarget,
    ResponseMapping,
};

fuzz_target!(|input: &str| {
    let (source, body) = input.split_once('\n').unwrap_or((input, "{}"));
    let _ = RequestTarget::parse(source);
    let mut request = Request::new(());
    *request.uri_mut() = "/p?q=1&q=%zz;r".parse().unwrap_or_default();
    let context = Context::of(&mut request);
    let view = MethodRequest::new(&context, request.headers()).with_body(body.as_bytes());
    if let Ok(mapping) = RequestMapping::parse(source)
        && let Ok(Some(value)) = mapping.evaluate(&view)
    {
        assert!(!value.into_joined().is_empty());
    }
    if let Ok(mapping) = GatewayResponseMapping::parse(source) {
        assert!(
            mapping
                .evaluate(&view)
                .is_none_or(|value| !value.into_joined().is_empty())
        );
    }
    let reply = IntegrationReply::new(&context, request.headers()).with_body(body.as_bytes());
    if let Ok(mapping) = ResponseMapping::parse(source) {
        let _ = mapping.evaluate(&reply);
    }
});
