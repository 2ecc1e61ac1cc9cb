use std::{
    sync::{Arc, Mutex, atomic::AtomicU64},
    time::Duration,
};

use http::Request;
use towergate_core::{Body, Clock as _, Random, Timestamp};
use towergate_integrations::Backends;
use towergate_stages::{GuardSettings, Percent, Sticky};
use towergate_testing::FakeClock;

use super::*;

/// A definition whose one method answers with a status.
fn version(status: u16) -> String {
    format!(
        r#"{{"openapi": "3.0.1", "info": {{"title": "pets", "version": "1"}}, "paths": {{"/v": {{"get": {{
            "responses": {{"{status}": {{"description": ""}}}},
            "x-amazon-apigateway-integration": {{"type": "mock",
                "requestTemplates": {{"application/json": "{{\"statusCode\": 200}}"}},
                "responses": {{"default": {{"statusCode": "{status}"}}}}}}}}}}}}}}"#
    )
}

/// A configuration whose canary of `a/b` serves `two.json`.
fn told(canary: &str, more: &str) -> String {
    format!(
        "apis: {{a: {{protocol: REST, definition: one.json, stages: {{b: {{canarySettings: {{definition: two.json, {canary}}}}}}}}}}}\n{more}"
    )
}

const GUARD: &str = "guard: {steps: [20, 50], bakeTimeInSeconds: 60}";

/// Counts up by the golden ratio, whose multiples are spread evenly.
#[derive(Default)]
struct Even(AtomicU64);

impl Random for Even {
    fn next_u64(&self) -> u64 {
        self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed)
    }
}

/// A configuration that is served on a clock of the test's.
struct Scene {
    folder: Folder,
    clock: FakeClock,
    loaded: Loaded,
    decided: Arc<Mutex<Vec<String>>>,
}

impl Scene {
    fn new(status: u16, canary: &str) -> Self {
        let folder = Folder::new(&[
            ("gateway.yaml", &told(canary, "")),
            ("one.json", &version(200)),
            ("two.json", &version(status)),
        ]);
        let clock = FakeClock::at(Timestamp::from_unix_millis(1_000_000));
        let backends = Backends::new()
            .with_time(clock.clone(), clock.clone())
            .with_random(Even::default());
        let gateway = Gateway::builder().backends(backends).build().unwrap();
        let path = folder.0.join("gateway.yaml");
        let loaded = load_with(&path, &|_| {}, &Kept::default(), Some(&gateway), |next| {
            gateway.reload(next)?;
            Ok(gateway.clone())
        });
        let decided = Arc::<Mutex<Vec<String>>>::default();
        let lines = Arc::clone(&decided);
        gateway.on_canary_decision(move |stage, decision| {
            let decision = decision.to_string();
            let line = decision.split(';').next().unwrap();
            let line = format!("{}/{} {line}", stage.api_id, stage.stage);
            lines.lock().unwrap().push(line);
        });
        Self {
            loaded: loaded.unwrap_or_else(|error| panic!("{error}")),
            folder,
            clock,
            decided,
        }
    }

    /// Lets time pass, with ten requests a second.
    async fn minutes(&self, minutes: u64) {
        let end = self.clock.now();
        let end = end.saturating_add(Duration::from_secs(minutes * 60));
        while self.clock.now() < end {
            let request = Request::get("/b/v").body(Body::empty()).unwrap();
            let _ = self.loaded.gateway.answer(request).await;
            self.clock.advance(Duration::from_millis(100));
        }
    }

    fn reload(&mut self, name: &str, text: &str) -> String {
        fs::write(self.folder.0.join(name), text).unwrap();
        let changes = self.loaded.reload();
        let changes = changes.unwrap_or_else(|error| panic!("{error}"));
        changes.to_string()
    }

    fn decided(&self) -> Vec<String> {
        self.decided.lock().unwrap().clone()
    }

    fn canary(&self) -> Option<f64> {
        let stage = self.loaded.gateway.stage("a", "b").unwrap();
        stage.canary().unwrap().map(|(_, percent)| percent.value())
    }

    fn is_guarded(&self) -> bool {
        let stage = self.loaded.gateway.stage("a", "b").unwrap();
        stage.is_guarded().unwrap()
    }
}

const ADVANCED: &str = "a/b canary goes from 20.0 to 50.0 %";
const PROMOTED: &str = "a/b canary is promoted from 50.0 %";
const FAILED: &str = "a/b canary is rolled back at 20.0 %: it fails more often";

#[tokio::test]
async fn a_guard_promotes_a_good_version_and_takes_a_bad_one_away() {
    let cases: [(_, &[_], _); 2] = [
        (200, &[ADVANCED, PROMOTED], Some(0.0)),
        (500, &[FAILED], None),
    ];
    for (status, decided, canary) in cases {
        let mut scene = Scene::new(status, GUARD);
        assert_eq!(scene.canary(), Some(20.0), "{status}: the first step");
        scene.minutes(5).await;
        assert_eq!(scene.decided(), decided, "{status}");
        assert_eq!((scene.canary(), scene.is_guarded()), (canary, false));

        let changes = scene.reload("gateway.yaml", &told(GUARD, "trustedHops: 1"));
        assert_eq!(
            changes, "changed trustedHops",
            "{status}: the stage is told as before"
        );
        assert_eq!((scene.canary(), scene.is_guarded()), (canary, false));
        scene.minutes(2).await;
        assert_eq!(
            scene.decided(),
            decided,
            "{status}: it does not begin again"
        );
    }
}

#[tokio::test]
async fn a_guard_goes_on_or_begins_again_as_the_stage_is_told() {
    let other_version = version(200).replace("pets", "more pets");
    let other_guard = "guard: {steps: [5], bakeTimeInSeconds: 60}";
    let cases = [
        (
            "the same",
            "gateway.yaml",
            told(GUARD, ""),
            "",
            Some(50.0),
            true,
        ),
        (
            "another part of the file",
            "gateway.yaml",
            told(GUARD, "throttle: {rateLimit: 1000, burstLimit: 1000}"),
            "changed throttle",
            Some(50.0),
            true,
        ),
        (
            "another guard",
            "gateway.yaml",
            told(other_guard, ""),
            "changed apis.a.stages.b",
            Some(5.0),
            true,
        ),
        (
            "no guard",
            "gateway.yaml",
            told("percentTraffic: 7", ""),
            "changed apis.a.stages.b",
            Some(7.0),
            false,
        ),
        (
            "another version",
            "two.json",
            other_version,
            "changed apis.a.stages.b\nchanged apis.a.stages.b.canarySettings.definition",
            Some(20.0),
            true,
        ),
    ];
    for (name, file, text, changes, canary, is_guarded) in cases {
        let mut scene = Scene::new(200, GUARD);
        scene.minutes(2).await;
        assert_eq!(scene.decided(), [ADVANCED], "{name}");
        assert_eq!(scene.reload(file, &text), changes, "{name}");
        assert_eq!(
            (scene.canary(), scene.is_guarded()),
            (canary, is_guarded),
            "{name}"
        );
    }
}

#[tokio::test]
async fn callers_stay_with_the_version_that_they_were_given() {
    let sticky = "sticky: {header: X-Tenant}";
    let mut scene = Scene::new(201, &format!("percentTraffic: 20, {sticky}"));
    let statuses = async |scene: &Scene| {
        let mut statuses = Vec::new();
        for tenant in 0..100 {
            let request = Request::get("/b/v").header("x-tenant", tenant);
            let request = request.body(Body::empty()).unwrap();
            statuses.push(scene.loaded.gateway.answer(request).await.status().as_u16());
        }
        statuses
    };
    let at_20 = statuses(&scene).await;
    assert!(at_20.contains(&200) && at_20.contains(&201), "{at_20:?}");
    assert_eq!(at_20, statuses(&scene).await);
    let more = told(&format!("percentTraffic: 60, {sticky}"), "");
    scene.reload("gateway.yaml", &more);
    let at_60 = statuses(&scene).await;
    assert_ne!(at_20, at_60);
    assert!(at_20.iter().zip(&at_60).all(|(less, more)| less <= more));
}

#[test]
fn every_setting_is_read() {
    let canary = "sticky: sourceAddress, stickyKey: '${file:key}', guard: {steps: [1, 2.5], bakeTimeInSeconds: 2, \
                  windowInSeconds: 3, intervalInSeconds: 4, minimumSample: 5, significance: 0.01, errorTolerance: 1.1, \
                  latencyTolerance: 1.2}";
    let percent = |value| Percent::new(value).unwrap();
    let guard = GuardSettings::default()
        .steps([percent(1.0), percent(2.5)])
        .bake_time(Duration::from_secs(2))
        .window(Duration::from_secs(3))
        .interval(Duration::from_secs(4))
        .minimum_sample(5)
        .significance(0.01)
        .error_tolerance(1.1)
        .latency_tolerance(1.2);
    let by_address = Sticky::source_address();
    let cases = [
        (
            "all",
            canary,
            Some(guard),
            Some(by_address.clone().with_key(0xfeed)),
        ),
        ("none", "guard:", Some(GuardSettings::default()), None),
        ("no key", "sticky: sourceAddress", None, Some(by_address)),
    ];
    for (name, canary, guard, sticky) in cases {
        let folder = Folder::new(&[
            ("gateway.yaml", &told(canary, "")),
            ("key", "0000000000000000000000000000feed\n"),
        ]);
        let source = read(&folder.0.join("gateway.yaml")).unwrap();
        let mut secrets = Secrets::new(&folder.0, &|_| {});
        let mut diagnostics = Vec::new();
        let root = source.document.root();
        let settings = Settings::read(root, &Kept::default(), &mut secrets, &mut diagnostics);
        assert_eq!(diagnostics, [], "{name}");
        let read = &settings.unwrap().apis[0].stages[0].settings;
        assert_eq!((&read.guard, &read.sticky), (&guard, &sticky), "{name}");
    }
}

#[test]
fn the_file_of_the_guide_says_what_it_claims() {
    let guide = include_str!("../../../../../docs/guides/releases.md");
    let yaml = guide.split("```yaml\n").nth(1).expect("a file");
    let yaml = yaml.split("```").next().expect("its end");
    let folder = Folder::new(&[
        ("gateway.yaml", yaml),
        ("pets.openapi.yaml", &version(200)),
        ("pets-v2.openapi.yaml", &version(200)),
        ("sticky.key", "000102030405060708090a0b0c0d0e0f\n"),
    ]);
    let loaded = folder.load().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(loaded.findings, []);
    let stage = loaded
        .gateway
        .served_stage(&("pets".to_owned(), "prod".to_owned()));
    let settings = &stage.expect("the stage").settings;
    assert_eq!(
        settings.guard,
        Some(GuardSettings::default()),
        "as by default"
    );
    assert!(settings.sticky.is_some());
}

#[test]
fn what_is_wrong_with_a_canary_is_said_all_at_once() {
    const STEPS: &str = "a guard has 1 to 20 steps, each above the last, the first above 0 and the last below 100 percent: it promotes after";
    const TIME: &str = "the window and the interval of a guard are longer than nothing";
    const TOLERANCE: &str = "the tolerances of a guard are numbers of at least 1";
    let digits = "a key has 32 hexadecimal digits: `openssl rand -hex 16` makes one";
    let cases: [(&str, &[(&str, &str)]); 12] = [
        (
            "sticky: header",
            &[(
                "sticky",
                "callers are told apart by `sourceAddress` or `{header: …}`",
            )],
        ),
        (
            "sticky: principal",
            &[(
                "sticky",
                "callers are told apart by `sourceAddress` or `{header: …}`",
            )],
        ),
        (
            "sticky: {}",
            &[(
                "sticky.header",
                "callers are told apart by a header: write `header`",
            )],
        ),
        (
            "sticky: {header: 'a b'}",
            &[("sticky.header", "`a b` is not the name of a header")],
        ),
        (
            "sticky: {headers: a}",
            &[
                (
                    "sticky.header",
                    "callers are told apart by a header: write `header`",
                ),
                (
                    "sticky.headers",
                    "unknown key (did you mean `header`?): known here is `header`",
                ),
            ],
        ),
        (
            "stickyKey: 00000000000000000000000000000001",
            &[(
                "stickyKey",
                "there is nothing that the key is for: write `sticky`",
            )],
        ),
        (
            "sticky: sourceAddress, stickyKey: s3cret",
            &[("stickyKey", digits)],
        ),
        (
            "sticky: sourceAddress, stickyKey: '+0000000000000000000000000000001'",
            &[("stickyKey", digits)],
        ),
        (
            "guard: [10]",
            &[("guard", "this is a list, and must be an object")],
        ),
        ("guard: {steps: [10, 5]}", &[("guard.steps", STEPS)]),
        ("guard: {steps: []}", &[("guard.steps", STEPS)]),
        (
            "guard: {steps: [0, x, 101], bakeTimeInSeconds: -1, windowInSeconds: 0, intervalInSeconds: 0, minimumSample: 0, \
             significance: 1, errorTolerance: 0.9, latencyTolerance: .inf, bake: 1}",
            &[
                (
                    "guard.bake",
                    "unknown key: known here are `bakeTimeInSeconds`, `errorTolerance`, `intervalInSeconds`, `latencyTolerance`, `minimumSample`, `significance`, `steps` and `windowInSeconds`",
                ),
                (
                    "guard.bakeTimeInSeconds",
                    "`-1` is not a whole number of seconds",
                ),
                ("guard.errorTolerance", TOLERANCE),
                ("guard.intervalInSeconds", TIME),
                ("guard.latencyTolerance", "`.inf` is not a number"),
                (
                    "guard.minimumSample",
                    "a guard needs requests to go by: give a minimum sample of at least 1",
                ),
                (
                    "guard.significance",
                    "the significance of a guard is a number above 0 and below 1",
                ),
                ("guard.steps.1", "`x` is not a percentage from 0 to 100"),
                ("guard.steps.2", "`101` is not a percentage from 0 to 100"),
                ("guard.windowInSeconds", TIME),
            ],
        ),
    ];
    for (canary, expected) in cases {
        let folder = Folder::new(&[
            ("gateway.yaml", &told(canary, "")),
            ("one.json", &version(200)),
            ("two.json", &version(200)),
        ]);
        let refused = folder.load().map(drop).expect_err(canary);
        let expected = expected.iter().map(|(place, message)| {
            format!("gateway.yaml:1: apis.a.stages.b.canarySettings.{place}: error: {message}")
        });
        let expected: Vec<_> = expected.collect();
        assert_eq!(folder.lines(refused.findings()), expected, "{canary}");
    }
}

#[test]
fn a_share_beside_a_guard_is_warned_of() {
    let scene = Scene::new(200, &format!("percentTraffic: 1, {GUARD}"));
    let expected = "gateway.yaml:1: apis.a.stages.b.canarySettings.percentTraffic: warning: the steps of the guard say how many requests the canary gets";
    assert_eq!(scene.folder.lines(&scene.loaded.findings), [expected]);
}
