//! What the timed benches share: criterion's settings, and the numbers of rounds in which rivals take turns.

use std::time::{Duration, Instant};

use criterion::Criterion;

/// Criterion's settings, those of the command line among them, with this long a measurement.
#[must_use]
pub fn criterion(measurement_time: Duration) -> Criterion {
    Criterion::default()
        .configure_from_args()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(measurement_time)
        .sample_size(30)
}

/// Returns the seconds that a run takes.
#[allow(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub fn seconds(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64()
}

/// Returns the median.
///
/// # Panics
///
/// Panics if there are no values.
#[must_use]
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
