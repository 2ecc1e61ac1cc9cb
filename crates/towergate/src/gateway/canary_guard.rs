//! Guards that change the stages of a gateway, and who is told of it.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, TryLockError},
};

use towergate_core::{Clock, StageInfo};
use towergate_stages::{Guard, GuardDecision, GuardSettings, GuardSettingsError, PromoteError};

use super::Gateway;

/// Who is told what guards of canaries decide.
pub(super) struct OnDecision(Box<HearDecision>);

type HearDecision = dyn Fn(&StageInfo, &GuardDecision) + Send + Sync;

impl Gateway {
    /// Makes a guard that changes a stage, and tells `on_decision` beside whoever hears of all decisions.
    pub(crate) fn guard<F>(
        &self,
        clock: Arc<dyn Clock>,
        key: &(String, String),
        settings: GuardSettings,
        on_decision: F,
    ) -> Result<Guard, GuardSettingsError>
    where
        F: Fn(&GuardDecision) + Send + Sync + 'static,
    {
        let (gateway, key) = (Arc::downgrade(&self.0), key.clone());
        Guard::new(settings, clock, move |guard, decision| {
            let gateway = gateway.upgrade().map(Self);
            let told = gateway.and_then(|gateway| {
                let info = gateway.carry_out(&key, guard, decision)?;
                Some((gateway.0.on_canary_decision.load_full(), info))
            });
            let Some((on_every_decision, info)) = told else {
                return false;
            };
            tell(|| on_decision(decision));
            if let Some(OnDecision(on_every_decision)) = on_every_decision.as_deref() {
                tell(|| on_every_decision(&info, decision));
            }
            true
        })
    }

    /// Does what a guard decided, unless another change is being made or the guard was ended, and returns which stage that was.
    fn carry_out(
        &self,
        key: &(String, String),
        guard: &Guard,
        decision: &GuardDecision,
    ) -> Option<Arc<StageInfo>> {
        let control = match self.0.control.try_lock() {
            Ok(control) => control,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        let mut info = None;
        let done = self.change_under(control, key, |_, snapshot| {
            info = Some(Arc::clone(snapshot.base().info()));
            // Why nothing is done is told to no one.
            let next = snapshot.decided(guard, decision);
            Ok(next.ok_or(PromoteError::NoCanary)?)
        });
        info.filter(|_| done.is_ok())
    }

    /// Tells `on_decision` what the guards of canaries decide, once it is done: each that the gateway was
    /// [told](crate::StageSettings::guard_canary), and each that was [started](crate::StageHandle::guard_canary) by hand. Whoever was
    /// told before is told no more.
    ///
    /// It is called by whatever request ended, and must not wait. A panic in it ends nothing else. A clone of the gateway in
    /// it keeps the gateway alive.
    ///
    /// ```
    /// use towergate::{Gateway, Integration, RestApi, StageSettings, stages::{CanarySettings, GuardSettings}};
    ///
    /// let api = RestApi::builder("pets").get("/pets", Integration::mock(200)).build()?;
    /// let prod = StageSettings::new("prod").canary(CanarySettings::default()).guard_canary(GuardSettings::default());
    /// let gateway = Gateway::builder().api("pets", api).stage("pets", prod).build()?;
    /// gateway.on_canary_decision(|stage, decision| println!("{} {}: {decision}", stage.api_id, stage.stage));
    /// # Ok::<(), towergate::BuildError>(())
    /// ```
    pub fn on_canary_decision<F>(&self, on_decision: F)
    where
        F: Fn(&StageInfo, &GuardDecision) + Send + Sync + 'static,
    {
        let told = Arc::new(OnDecision(Box::new(on_decision)));
        self.0.on_canary_decision.store(Some(told));
    }
}

/// Tells somebody what was done. That they panic is no failure of the request that ended, and undoes nothing.
fn tell(whom: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(whom));
}

impl fmt::Debug for OnDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnDecision")
    }
}
