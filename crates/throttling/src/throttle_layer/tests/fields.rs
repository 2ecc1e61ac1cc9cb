use super::*;

#[tokio::test]
async fn answers_tell_of_the_limit_where_they_are_to() {
    let layer = ThrottleLayer::new(Rate::per_second(0.4).burst(2))
        .clock(clock())
        .headers(true);
    let field = |response: &Response<_>, name: &str| {
        let value = response.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    let service = layer.layer(service_fn(inner));
    for (status, limit, retry_after) in [
        (200, r#""default";r=1;t=3"#, None),
        (200, r#""default";r=0;t=3"#, None),
        // Whoever comes back when one field says so does not come too early for the other.
        (429, r#""default";r=0;t=3"#, Some("3")),
    ] {
        let response = service.clone().oneshot(from("::1")).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(
            field(&response, "ratelimit-policy").as_deref(),
            Some(r#""default";q=2;w=5"#)
        );
        assert_eq!(field(&response, "ratelimit").as_deref(), Some(limit));
        assert_eq!(field(&response, "retry-after").as_deref(), retry_after);
    }
    let silent = layer
        .headers(false)
        .layer(service_fn(inner))
        .oneshot(from("::1"))
        .await
        .unwrap();
    assert!(
        ["ratelimit", "ratelimit-policy", "retry-after"]
            .iter()
            .all(|name| field(&silent, name).is_none())
    );
}

#[tokio::test]
async fn limits_of_two_layers_are_told_apart_by_their_names() {
    let layer = |name: &str, burst| {
        let layer = layer(burst).headers(true);
        layer.policy_name(name.parse().unwrap())
    };
    let inside = layer("tenant", 1).by(by_tenant());
    let both = layer("address", 2).layer(inside.layer(service_fn(inner)));
    for (status, tenant, address) in [
        (200, r#""tenant";r=0;t=1"#, r#""address";r=1;t=1"#),
        (429, r#""tenant";r=0;t=1"#, r#""address";r=0;t=1"#),
    ] {
        let mut request = from("::1");
        request
            .headers_mut()
            .insert("x-tenant", "a".parse().unwrap());
        let response = both.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
        let fields = |name| {
            response
                .headers()
                .get_all(name)
                .into_iter()
                .collect::<Vec<_>>()
        };
        assert_eq!(fields("ratelimit"), [tenant, address]);
        let policies = [r#""tenant";q=1;w=1"#, r#""address";q=2;w=2"#];
        assert_eq!(fields("ratelimit-policy"), policies);
    }
}

#[tokio::test]
async fn answers_promise_nothing_where_nothing_ever_gets_in() {
    for (name, rate) in [
        ("rate", Rate::per_second(0.0)),
        ("burst", Rate::per_second(5.0).burst(0)),
    ] {
        let layer = ThrottleLayer::new(rate).headers(true).clock(clock());
        let service = layer.layer(service_fn(inner));
        let refused = service.oneshot(from("::1")).await.unwrap();
        assert_eq!(refused.status(), 429, "{name}");
        let headers = refused.headers();
        assert_eq!(headers["ratelimit-policy"], r#""default";q=0"#, "{name}");
        assert_eq!(headers["ratelimit"], r#""default";r=0"#, "{name}");
        assert!(!headers.contains_key("retry-after"), "{name}");
    }
}
