use http::Request;
use towergate_core::Body;

use super::*;

const MOCK: &str = r#"{"openapi": "3.0.1", "info": {"title": "pets", "version": "1"}, "paths": {"/v": {"get": {
    "responses": {"200": {"description": ""}}, "x-amazon-apigateway-integration": {"type": "mock",
    "requestTemplates": {"application/json": "{\"statusCode\": 200}"}, "responses": {"default": {"statusCode": "200"}}}}}}}"#;

#[tokio::test]
async fn an_outage_is_that_of_the_store_that_there_is() {
    // Nobody listens there.
    let lost = "store: {redis: {url: 'redis://127.0.0.1:1'}}";
    let told = |store: &str| {
        format!(
            "apis: {{a: {{protocol: REST, definition: mock.json, stages: {{b: {{}}}}}}}}\n\
             throttle: {{rateLimit: 1000, burstLimit: 1000}}\n{store}"
        )
    };
    let others = [
        ("none", "store: memory"),
        ("another", "store: {redis: {url: 'redis://127.0.0.1:2'}}"),
        (
            "the same in another way",
            "store: {redis: {url: 'redis://127.0.0.1:1', mode: exact}}",
        ),
    ];
    for (name, other) in others {
        let folder = Folder::new(&[("gateway.yaml", &told(lost)), ("mock.json", MOCK)]);
        let mut loaded = folder.load().unwrap_or_else(|error| panic!("{error}"));
        assert!(!loaded.is_degraded(), "{name}: nobody has asked it");
        let request = Request::get("/b/v").body(Body::empty()).unwrap();
        assert_eq!(loaded.gateway.answer(request).await.status(), 200, "{name}");
        while !loaded.is_degraded() {
            tokio::task::yield_now().await;
        }
        fs::write(folder.0.join("gateway.yaml"), told(lost)).unwrap();
        assert_eq!(loaded.reload().unwrap().to_string(), "", "{name}");
        assert!(loaded.is_degraded(), "{name}: the same store");
        fs::write(folder.0.join("gateway.yaml"), told(other)).unwrap();
        assert_eq!(
            loaded.reload().unwrap().to_string(),
            "changed store",
            "{name}"
        );
        assert!(!loaded.is_degraded(), "{name}: nobody has asked that");
    }
}
