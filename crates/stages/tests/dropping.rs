//! What becomes of a deployment as the last that holds it lets go.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use towergate_core::StageInfo;
use towergate_stages::{NewDeployment, Stages};

/// A service that looks at its own API as it goes.
struct Curious(Arc<OnceLock<Stages<Curious>>>, Arc<AtomicUsize>);

impl Drop for Curious {
    fn drop(&mut self) {
        let api = self.0.get().expect("the API");
        self.1.fetch_add(api.deployments().len(), Ordering::SeqCst);
    }
}

#[test]
fn what_is_dropped_goes_when_the_change_is_done() {
    let (slot, seen) = (Arc::new(OnceLock::new()), Arc::new(AtomicUsize::new(0)));
    let api = Stages::builder(StageInfo::new("pets", ""))
        .max_deployments(NonZeroUsize::MIN.saturating_add(1))
        .build();
    assert!(slot.set(api.clone()).is_ok());
    let service = || Curious(Arc::clone(&slot), Arc::clone(&seen));
    let new = |stage: &str| NewDeployment::new(service()).to_stage(stage);
    api.create_deployment(new("prod")).expect("a stage");
    let prod = api.stage("prod").expect("the stage");
    prod.deploy(service()).expect("room");
    let cases: [(&str, &dyn Fn()); 4] = [
        ("a deployment", &|| {
            drop(prod.deploy(service()).expect("room"));
        }),
        ("through the API", &|| {
            drop(api.create_deployment(new("prod")).expect("room"));
        }),
        ("deleted", &|| {
            let oldest = api.deployments().remove(0);
            drop(api.delete_deployment(oldest.id()).expect("not in use"));
        }),
        ("with its stage", &|| {
            api.create_deployment(new("beta")).expect("room");
            let beta = api.stage("beta").expect("the stage");
            beta.roll_back(prod.current().base().deployment().id())
                .expect("a deployment");
            drop(beta);
            assert!(api.delete_stage("beta"));
            prod.deploy(service()).expect("room");
        }),
    ];
    for (name, change) in cases {
        let before = seen.load(Ordering::SeqCst);
        change();
        assert!(
            seen.load(Ordering::SeqCst) > before,
            "{name}: it was dropped"
        );
    }
}
