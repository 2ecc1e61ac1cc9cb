//! Who is told what guards decide, and does what it should not.

use std::{panic::resume_unwind, sync::Arc};

use towergate::{StageSettings, stages::Percent};

use crate::scene::{Decided, Does, Scene, note, quick, version};

const DECIDED: [&str; 2] = [
    "pets/prod canary goes from 20.0 to 50.0 %",
    "pets/prod canary is promoted from 50.0 %",
];

#[test]
fn who_panics_as_it_is_told_holds_up_neither_guard_nor_requests() {
    let scene = Scene::plain();
    let two = version("two", Does::Answer);
    scene
        .prod
        .start_canary(two, Percent::NONE)
        .expect("a canary");
    let told = Decided::default();
    let by_hand = Arc::clone(&told);
    let guard = scene.prod.guard_canary(quick(), move |decision| {
        note(&by_hand, format!("pets/prod {decision}"));
        resume_unwind(Box::new("on purpose"));
    });
    guard.expect("a guard");
    scene.minutes(5);
    assert_eq!(*told.lock().expect("no panic"), DECIDED);
    assert_eq!(scene.decided(), DECIDED, "who hears of all");
    assert_eq!(scene.unwound(), 0);
}

#[test]
fn who_is_told_may_change_the_gateway() {
    let scene = Scene::of(StageSettings::new("prod"), |told| {
        told.stage("pets", StageSettings::new("other"))
    });
    let two = version("two", Does::Answer);
    scene
        .prod
        .start_canary(two, Percent::NONE)
        .expect("a canary");
    let (gateway, prod) = (scene.gateway.clone(), scene.prod.clone());
    let guard = scene.prod.guard_canary(quick(), move |_| {
        prod.tick().expect("the stage");
        prod.set_variable("decided", "once").expect("a variable");
        let other = gateway.stage("pets", "other").expect("a stage");
        other
            .deploy(version("three", Does::Answer))
            .expect("a deployment");
    });
    guard.expect("a guard");
    scene.minutes(5);
    assert_eq!(scene.decided(), DECIDED);
    assert_eq!(scene.prod.deployments().len(), 4);
    assert_eq!(scene.unwound(), 0);
}
