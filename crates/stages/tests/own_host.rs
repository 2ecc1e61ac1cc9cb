//! Snapshots and a guard in a host that serves and changes stages in a way of its own.

use std::{
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use towergate_core::{Clock, StageInfo, Timestamp};
use towergate_stages::{
    CanarySettings, Deployment, Guard, GuardDecision, GuardSettings, NewDeployment, Percent,
    PromoteError, Release, StageHandle, StageSnapshot, Stages,
};
use towergate_testing::FakeClock;

type Snapshot = StageSnapshot<&'static str>;

fn version(id: &str, service: &'static str) -> Arc<Deployment<&'static str>> {
    let created = Timestamp::from_unix_millis(7);
    Arc::new(Deployment::new(id, created, service).with_description(service))
}

fn with_canary() -> Snapshot {
    let prod = StageSnapshot::new(StageInfo::new("pets", "prod"), version("one", "old"));
    prod.with_canary(version("two", "new"), CanarySettings::default())
}

/// A stage behind a lock, and a guard that changes it.
struct Host {
    clock: FakeClock,
    stage: Arc<Mutex<Snapshot>>,
    guard: Guard,
}

impl Host {
    fn new(settings: GuardSettings) -> Self {
        let clock = FakeClock::at(Timestamp::from_unix_millis(1_000_000));
        let stage = Arc::new(Mutex::new(with_canary()));
        let changed = Arc::downgrade(&stage);
        let carry_out = move |guard: &Guard, decision: &GuardDecision| {
            let Some(stage) = changed.upgrade() else {
                return false;
            };
            let Ok(mut stage) = stage.try_lock() else {
                return false;
            };
            let next = stage.decided(guard, decision);
            next.map(|next| *stage = next).is_some()
        };
        let guard = Guard::new(settings, Arc::new(clock.clone()), carry_out).expect("settings");
        let host = Self {
            clock,
            stage,
            guard,
        };
        host.change(|stage| stage.with_guard(host.guard.clone()).expect("a canary"));
        host
    }

    fn change(&self, change: impl FnOnce(&Snapshot) -> Snapshot) {
        let mut stage = self.stage.lock().expect("no panic");
        *stage = change(&stage);
    }

    /// Answers so many requests on both sides.
    fn answer(&self, requests: u32, canary_fails: bool) {
        let stage = self.stage.lock().expect("no panic").clone();
        for draw in [0, u64::MAX] {
            let release = stage.choose(|| draw);
            let fails = canary_fails && release.info().is_canary == Some(true);
            for _ in 0..requests {
                if let Some(mut watching) = stage.watch(release) {
                    watching.run(|| self.clock.advance(Duration::from_millis(1)));
                    watching.answered(fails);
                }
            }
        }
    }

    fn served(&self) -> (&'static str, Option<f64>, bool) {
        let stage = self.stage.lock().expect("no panic");
        let percent = stage.canary().map(|canary| canary.settings().percent);
        let base = *stage.base().service();
        (base, percent.map(Percent::value), stage.guard().is_some())
    }
}

fn quick() -> GuardSettings {
    let steps = [10.0, 50.0].map(|value| Percent::new(value).expect("a share"));
    let settings = GuardSettings::default().steps(steps);
    settings.bake_time(Duration::from_secs(60))
}

#[test]
fn what_a_guard_decides_is_done_to_the_snapshot_that_it_watches() {
    let good = [
        ("old", Some(50.0), true),
        ("new", Some(0.0), false),
        ("new", Some(0.0), false),
    ];
    let bad = [("old", None, false); 3];
    for (name, fails, expected) in [("good", false, good), ("bad", true, bad)] {
        let host = Host::new(quick());
        assert_eq!(host.served(), ("old", Some(10.0), true), "{name}");
        for (step, expected) in expected.into_iter().enumerate() {
            host.answer(200, fails);
            host.clock.advance(Duration::from_secs(60));
            host.guard.tick(host.clock.now());
            assert_eq!(host.served(), expected, "{name}, step {step}");
        }
    }
}

#[test]
fn a_decision_that_cannot_be_done_now_is_done_at_a_later_look() {
    let host = Host::new(quick());
    host.answer(200, true);
    host.clock.advance(Duration::from_secs(60));
    let held = host.stage.lock().expect("no panic");
    host.guard.tick(host.clock.now());
    drop(held);
    assert_eq!(host.served(), ("old", Some(10.0), true), "others change it");
    host.clock.advance(Duration::from_secs(60));
    host.guard.tick(host.clock.now());
    assert_eq!(host.served(), ("old", None, false));
}

#[test]
fn a_guard_watches_until_the_canary_is_changed() {
    type Change = fn(&Snapshot) -> Snapshot;
    let cases: [(&str, Change, bool); 7] = [
        (
            "a variable",
            |stage| stage.with_variable("a", "b").expect("a variable"),
            true,
        ),
        (
            "one variable less",
            |stage| stage.without_variable("a"),
            true,
        ),
        (
            "method settings",
            |stage| stage.with_method_settings(Default::default()),
            true,
        ),
        (
            "the same share",
            |stage| stage.with_canary_percent(Percent::new(10.0).expect("a share")),
            true,
        ),
        (
            "another share",
            |stage| stage.with_canary_percent(Percent::ALL),
            false,
        ),
        (
            "a deployment",
            |stage| stage.repoint(version("one", "old")),
            false,
        ),
        ("no canary", StageSnapshot::without_canary, false),
    ];
    for (name, change, is_watched) in cases {
        let host = Host::new(quick());
        host.change(change);
        assert_eq!(host.served().2, is_watched, "{name}");
        host.answer(200, true);
        host.clock.advance(Duration::from_secs(60));
        host.guard.tick(host.clock.now());
        let is_there = host.stage.lock().expect("no panic").canary().is_some();
        assert_eq!(is_there, !is_watched && name != "no canary", "{name}");
    }
}

#[test]
fn a_snapshot_without_a_canary_takes_no_guard() {
    let host = Host::new(quick());
    let none = with_canary().without_canary();
    let refused = none.with_guard(host.guard).expect_err("no canary");
    assert_eq!(refused, PromoteError::NoCanary);
}

#[test]
fn a_stage_that_serves_with_other_services_is_the_same_but_for_them() {
    let host = Host::new(quick());
    let stage = host.stage.lock().expect("no panic");
    let mapped = stage.map(|release| format!("{} served", release.service()));
    let services: Vec<_> = mapped.releases().map(Release::service).collect();
    assert_eq!(services, ["old served", "new served"]);
    for (one, other) in stage.releases().zip(mapped.releases()) {
        assert!(Arc::ptr_eq(one.info(), other.info()));
        let (one, other) = (one.deployment(), other.deployment());
        assert_eq!((one.id(), one.created()), (other.id(), other.created()));
        assert_eq!(one.description(), other.description());
    }
    let percent = mapped.canary().map(|canary| canary.settings().percent);
    assert_eq!(percent.map(Percent::value), Some(10.0));
    assert!(mapped.guard().is_some());
}

#[test]
fn a_guard_keeps_no_stage_alive() {
    struct Version(Arc<()>);

    let alive = Arc::new(());
    let api = Stages::builder(StageInfo::new("pets", "")).build();
    let new = NewDeployment::new(Version(Arc::clone(&alive))).to_stage("prod");
    api.create_deployment(new).expect("a stage");
    let prod: StageHandle<Version> = api.stage("prod").expect("the stage");
    let canary = Version(Arc::clone(&alive));
    prod.deploy_canary(canary, CanarySettings::default())
        .expect("a canary");
    prod.guard(GuardSettings::default(), |_| ())
        .expect("a guard");
    let weak: Weak<()> = Arc::downgrade(&prod.current().base().service().0);
    let snapshot = prod.current();
    let watching = snapshot.watch(snapshot.base());
    drop((alive, api, prod, snapshot));
    assert!(weak.upgrade().is_none(), "a request in flight is watched");
    drop(watching);
}
