//! What a reload says of the parts that only code tells a gateway.

use std::convert::Infallible;

use http::{Request, Response};
use towergate::{
    Body, Gateway, GatewayBuilder, InProcess, Integration, Lambda, RestApi, StageSettings,
    TrustedHops,
};

fn service() -> InProcess {
    InProcess::new(tower::service_fn(async |_: Request<Body>| {
        Ok::<_, Infallible>(Response::new(Body::empty()))
    }))
}

#[test]
fn a_reload_names_services_functions_strictness_and_proxies() {
    let api = RestApi::builder("pets").get("/pets", Integration::mock(200));
    let api = api.build().expect("a good API");
    let on_stage = |builder: GatewayBuilder| {
        let builder = builder.api("pets", api.clone());
        builder.stage("pets", StageSettings::new("prod"))
    };
    let gateway = on_stage(Gateway::builder()).build().expect("a gateway");
    let (kept, other) = (service(), service());
    let function = Lambda::from_fn(async |event: serde_json::Value| Ok::<_, Infallible>(event));

    type Tell<'a> = &'a dyn Fn(GatewayBuilder) -> GatewayBuilder;
    let cases: [(&str, Tell<'_>, &str); 8] = [
        ("nothing", &|next| next, ""),
        (
            "a service and a function",
            &|next| {
                next.service("http://pets.internal", kept.clone())
                    .function("greet", function.clone())
            },
            "added functions.greet\nadded services.http://pets.internal",
        ),
        (
            "the same again",
            &|next| {
                next.service("http://pets.internal", kept.clone())
                    .function("greet", function.clone())
            },
            "",
        ),
        (
            "another service, and no function",
            &|next| next.service("http://pets.internal", other.clone()),
            "removed functions.greet\nchanged services.http://pets.internal",
        ),
        (
            "nothing again",
            &|next| next,
            "removed services.http://pets.internal",
        ),
        (
            "a proxy that is believed",
            &|next| next.trusted_hops(TrustedHops::new(1)),
            "changed trustedHops",
        ),
        (
            "the proxy stays, and faults refuse",
            &|next| next.strict(true),
            "changed strict",
        ),
        ("all of it stays", &|next| next, ""),
    ];
    for (name, tell, expected) in cases {
        let changes = gateway.reload(tell(on_stage(gateway.successor())));
        let changes = changes.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(changes.to_string(), expected, "{name}");
    }
}
