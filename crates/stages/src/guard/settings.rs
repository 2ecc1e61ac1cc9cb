//! What a guard goes by.

use std::time::Duration;

use crate::Percent;

/// How many steps a guard has at most.
pub(super) const MAX_STEPS: usize = 20;

/// What a guard goes by: how a canary grows, and when it is found to do worse than its stage.
///
/// How much a guard sees depends on how many requests the canary gets in a step. In simulated releases with the defaults,
/// of a version that fails three times as often as a stage that fails once in 100 requests, none of 2 000 was promoted at
/// 20 requests a second in all, but two in five were at 5 a second, and four in five at 2. Of versions that did as well as
/// their stage, less than one in 1 000 was rolled back. With little traffic steps must last longer, and the window with
/// them: at 5 a second half an hour, at 2 a second an hour, and no more than three in 100 of the bad ones were promoted.
///
/// ```
/// use std::time::Duration;
/// use towergate_stages::{GuardSettings, Percent};
///
/// let settings = GuardSettings::default()
///     .steps([Percent::new(1.0)?, Percent::new(10.0)?, Percent::new(50.0)?])
///     .bake_time(Duration::from_secs(300))
///     .error_tolerance(1.2);
/// # Ok::<(), towergate_stages::PercentError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct GuardSettings {
    pub(super) steps: Vec<Percent>,
    pub(super) bake_time: Duration,
    pub(super) interval: Duration,
    pub(super) window: Duration,
    pub(super) minimum_sample: u64,
    pub(super) significance: f64,
    pub(super) error_tolerance: f64,
    pub(super) latency_tolerance: f64,
}

impl Default for GuardSettings {
    /// Creates: 10, 25, 50 percent and then all, ten minutes each, a look every ten seconds at the last ten minutes, 100
    /// requests a side, a significance of 0.05, and tolerances of 1.5.
    fn default() -> Self {
        let steps = [10.0, 25.0, 50.0].map(|value| Percent::new(value).unwrap_or(Percent::ALL));
        Self {
            steps: steps.into(),
            bake_time: Duration::from_secs(600),
            interval: Duration::from_secs(10),
            window: Duration::from_secs(600),
            minimum_sample: 100,
            significance: 0.05,
            error_tolerance: 1.5,
            latency_tolerance: 1.5,
        }
    }
}

impl GuardSettings {
    /// Sets the shares that the canary gets one after the other, before it is promoted: 1 to 20, each above the last,
    /// and all of them below 100 percent, where nothing is left to compare with.
    pub fn steps(mut self, steps: impl IntoIterator<Item = Percent>) -> Self {
        // One more than is allowed is enough to be refused.
        self.steps = steps.into_iter().take(MAX_STEPS + 1).collect();
        self
    }

    /// Sets how long each step lasts at least.
    pub fn bake_time(mut self, bake_time: Duration) -> Self {
        self.bake_time = bake_time;
        self
    }

    /// Sets how long passes between looks at least. The sooner and the oftener one looks, the surer one must be each time.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets how far back a look reaches, in sixteen slices of time, and to the beginning of the step at most. A window that is
    /// shorter than the bake time forgets what the canary did at first.
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Sets how many requests each side must have in the window. With fewer nothing is decided, however long it takes.
    pub fn minimum_sample(mut self, requests: u64) -> Self {
        self.minimum_sample = requests;
        self
    }

    /// Sets how likely a release that does as well as its stage may be rolled back by chance, over all its steps and
    /// looks together: above 0, below 1.
    pub fn significance(mut self, significance: f64) -> Self {
        self.significance = significance;
        self
    }

    /// Sets how many times the odds of failing that the stage has a canary may have: 1 at least, which is as good as the
    /// stage. A request fails with a status of 500 and above, or with an error or a panic of the service or of the body.
    pub fn error_tolerance(mut self, odds: f64) -> Self {
        self.error_tolerance = odds;
        self
    }

    /// Sets how many times the odds of being slow that the stage has a canary may have: 1 at least, which is as fast as
    /// the stage. Slow is what is among about the slowest tenth of both sides, measured until the head of the response, or
    /// until the caller gave up.
    pub fn latency_tolerance(mut self, odds: f64) -> Self {
        self.latency_tolerance = odds;
        self
    }

    /// Checks that all settings are allowed.
    ///
    /// # Errors
    ///
    /// Returns the first thing that is not.
    pub fn check(&self) -> Result<(), GuardSettingsError> {
        let rises = self.steps.is_sorted_by(|one, next| one < next);
        // Without requests on one of the sides a step would last for ever.
        let have_both_sides = self.steps.iter().all(|step| step.is_a_chance());
        if !rises || !have_both_sides || !(1..=MAX_STEPS).contains(&self.steps.len()) {
            return Err(GuardSettingsError::Steps);
        }
        if !(self.significance > 0.0 && self.significance < 1.0) {
            return Err(GuardSettingsError::Significance);
        }
        let is_tolerance = |odds: f64| odds.is_finite() && odds >= 1.0;
        if !is_tolerance(self.error_tolerance) || !is_tolerance(self.latency_tolerance) {
            return Err(GuardSettingsError::Tolerance);
        }
        if self.minimum_sample == 0 {
            return Err(GuardSettingsError::MinimumSample);
        }
        let times = [self.window, self.interval];
        if times.contains(&Duration::ZERO) {
            return Err(GuardSettingsError::Time);
        }
        Ok(())
    }
}

/// The settings of a guard are not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GuardSettingsError {
    /// The minimum sample is none.
    #[error("a guard needs requests to go by: give a minimum sample of at least 1")]
    MinimumSample,
    /// The significance is no probability.
    #[error("the significance of a guard is a number above 0 and below 1")]
    Significance,
    /// The steps are none, too many, do not rise, or leave one side without requests.
    #[error(
        "a guard has 1 to 20 steps, each above the last, the first above 0 and the last below 100 percent: it promotes after"
    )]
    Steps,
    /// A time is zero.
    #[error("the window and the interval of a guard are longer than nothing")]
    Time,
    /// A tolerance is below one.
    #[error("the tolerances of a guard are numbers of at least 1")]
    Tolerance,
}
