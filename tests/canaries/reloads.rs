//! What a reload leaves as it is of canaries.

use std::{collections::BTreeMap, time::Duration};

use http::{HeaderName, Request};
use towergate::{
    Body, Gateway, RestApi, StageSettings,
    stages::{CanarySettings, GuardSettings, Percent, Sticky},
};
use towergate_tests::ask;

use crate::scene::{Does, Scene, percent, quick, version};

/// A stage with a guarded canary, and another that other reloads change.
struct Told {
    scene: Scene,
    one: RestApi,
    two: RestApi,
}

impl Told {
    fn new(does: Does) -> Self {
        let (one, two) = (version("one", Does::Answer), version("two", does));
        let scene = Scene::of(Self::prod(quick()), |told| {
            told.canary_api("pets", "prod", two.clone())
        });
        let told = Self { scene, one, two };
        told.reload(quick(), "a");
        told
    }

    fn prod(guard: GuardSettings) -> StageSettings {
        StageSettings::new("prod")
            .canary(CanarySettings::default())
            .guard_canary(guard)
    }

    fn reload(&self, guard: GuardSettings, other: &str) -> String {
        let gateway = &self.scene.gateway;
        let next = gateway
            .successor()
            .api("pets", self.one.clone())
            .stage("pets", Self::prod(guard))
            .canary_api("pets", "prod", self.two.clone())
            .stage("pets", StageSettings::new("other").variable("v", other));
        let changes = gateway.reload(next);
        changes
            .unwrap_or_else(|error| panic!("{error}"))
            .to_string()
    }
}

#[test]
fn a_guard_that_was_told_goes_on_through_reloads_that_say_the_same() {
    let told = Told::new(Does::Answer);
    let promoted = [
        "pets/prod canary goes from 20.0 to 50.0 %",
        "pets/prod canary is promoted from 50.0 %",
    ];
    for (minute, other) in ["a", "b"].into_iter().enumerate() {
        assert_eq!(told.scene.decided(), promoted[..minute], "minute {minute}");
        // Each reload comes in the middle of a step.
        told.scene.minutes(1);
        told.reload(quick(), other);
        told.scene.clock.advance(Duration::from_secs(10));
        told.scene.ask();
    }
    assert_eq!(told.scene.decided(), promoted);
}

#[test]
fn what_a_guard_decided_stays_until_the_stage_is_told_otherwise() {
    for does in [Does::Answer, Does::Fail] {
        let told = Told::new(does);
        let scene = &told.scene;
        scene.minutes(5);
        let decided = scene.decided();
        let end = scene.pointers();
        assert!(!decided.is_empty(), "{does:?}");

        assert_eq!(told.reload(quick(), "b"), "changed apis.pets.stages.other");
        assert!(!scene.prod.is_guarded().expect("the stage"), "{does:?}");
        assert_eq!(scene.pointers(), end, "{does:?}");
        scene.minutes(2);
        assert_eq!(scene.decided(), decided, "{does:?}");

        let other = quick().minimum_sample(50);
        assert_eq!(told.reload(other, "b"), "changed apis.pets.stages.prod");
        assert!(scene.prod.is_guarded().expect("the stage"), "{does:?}");
        let (_, canary) = scene.pointers();
        assert_eq!(canary.map(|(_, percent)| percent), Some(20.0), "{does:?}");
        scene.minutes(5);
        assert_eq!(scene.decided().len(), 2 * decided.len(), "{does:?}");
    }
}

/// Asks for each of a hundred tenants, and returns which version they got.
async fn versions(gateway: &Gateway) -> BTreeMap<u32, String> {
    let mut versions = BTreeMap::new();
    for tenant in 0..100 {
        let request = Request::get("/prod/v").header("x-tenant", tenant.to_string());
        let request = request.body(Body::empty()).expect("a request");
        let reply = ask(gateway, request).await;
        versions.insert(tenant, reply.text().to_owned());
    }
    versions
}

#[tokio::test]
async fn callers_stay_with_their_release_and_move_one_way() {
    let by_tenant = || Sticky::header(HeaderName::from_static("x-tenant"));
    let stage = |percent: Percent| {
        let canary = CanarySettings::new(percent);
        StageSettings::new("prod")
            .canary(canary)
            .sticky(by_tenant())
    };
    let (one, two) = (version("one", Does::Answer), version("two", Does::Answer));
    let scene = Scene::of(stage(percent(10.0)), |told| {
        told.canary_api("pets", "prod", two.clone())
    });
    let gateway = &scene.gateway;
    let in_canary = async || {
        let first = versions(gateway).await;
        assert_eq!(first, versions(gateway).await, "each stays");
        let canaries = first.into_iter().filter(|(_, version)| version == "two");
        canaries.map(|(tenant, _)| tenant).collect::<Vec<_>>()
    };
    let at_10 = in_canary().await;
    assert!((2..=25).contains(&at_10.len()), "{at_10:?}");

    let next = gateway
        .successor()
        .api("pets", one)
        .stage("pets", stage(percent(40.0)));
    let next = next.canary_api("pets", "prod", two);
    gateway.reload(next).expect("a reload");
    let at_40 = in_canary().await;
    assert!(
        at_10.iter().all(|tenant| at_40.contains(tenant)),
        "{at_10:?} {at_40:?}"
    );
    assert!((20..=60).contains(&at_40.len()), "{at_40:?}");

    scene
        .prod
        .set_canary_percent(percent(70.0))
        .expect("a share");
    let at_70 = in_canary().await;
    assert!(
        at_40.iter().all(|tenant| at_70.contains(tenant)),
        "{at_40:?} {at_70:?}"
    );
    scene
        .prod
        .set_canary_percent(percent(10.0))
        .expect("a share");
    assert_eq!(in_canary().await, at_10);
}
