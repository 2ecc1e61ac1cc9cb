//! What a table costs in memory: nothing per match, and little per route.

use http::Method;
use towergate_routing::{RouteMethod, RouteTable};

fn table(collections: usize) -> RouteTable<u32> {
    let builder = RouteTable::builder().route(RouteMethod::Any, "/files/{proxy+}", 0);
    (0..collections)
        .fold(builder, |builder, number| {
            let list = format!("/v1/collection-{number}");
            let item = format!("{list}/{{id}}");
            builder
                .route(Method::GET, list.as_str(), 1)
                .route(Method::POST, list.as_str(), 2)
                .route(Method::GET, item.as_str(), 3)
                .route(RouteMethod::Any, item.as_str(), 4)
                .route(Method::GET, format!("{item}/parts/{{part}}/history"), 5)
        })
        .build()
        .expect("the routes are right")
}

#[test]
fn a_match_does_not_allocate() {
    let table = table(200);
    let long = format!("/files/{}", "a/".repeat(10_000));
    let requests = [
        (Method::GET, "/v1/collection-7", true),
        (
            Method::DELETE,
            "/v1/collection-199/some-rather-long-identifier",
            true,
        ),
        (Method::GET, "//v1/collection-42/1/parts/2/history/", true),
        (Method::GET, "/v1/collection-42/1/parts/2/future", false),
        (Method::PUT, "/files/a//b/c", true),
        (Method::TRACE, "/files/a", false),
        (Method::GET, long.as_str(), true),
    ];
    for (method, path, expected) in requests {
        let mut found = false;
        let allocations = allocation_counter::measure(|| {
            found = table
                .find(&method, path)
                .is_some_and(|found| found.parameters(path).all(|(_, value)| !value.is_empty()));
        });
        assert_eq!(found, expected, "{method} {path}");
        assert_eq!(allocations.count_total, 0, "{method} {path}");
    }
}

#[test]
fn a_route_takes_at_most_1200_bytes() {
    for collections in [20, 2_000] {
        let mut kept = None;
        let allocations = allocation_counter::measure(|| kept = Some(table(collections)));
        let routes = kept.map_or(0, |table| table.len());
        let per_route = allocations.bytes_current / i64::try_from(routes).expect("few routes");
        assert!(per_route <= 1_200, "{per_route} bytes for each of {routes}");
        println!("{per_route} bytes for each of {routes} routes");
    }
}
