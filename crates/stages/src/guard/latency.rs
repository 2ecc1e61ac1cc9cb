//! Latencies by their order of magnitude.

use std::time::Duration;

/// How many buckets a histogram has: four for each doubling, from 16 µs to half a minute. One bucket is up to 25 % wide.
pub(crate) const BUCKETS: usize = 80;

const MICROS_PER_UNIT: u64 = 16;

/// Returns the bucket of a latency; the last takes all that is longer.
pub(crate) fn bucket(latency: Duration) -> usize {
    let units = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX) / MICROS_PER_UNIT;
    let Some(octave) = units.checked_ilog2().filter(|octave| *octave >= 2) else {
        return units as usize;
    };
    let quarter = (units >> (octave - 2)) & 3;
    let bucket = (octave as usize - 1) * 4 + quarter as usize;
    bucket.min(BUCKETS - 1)
}

/// Returns the shortest latency of a bucket.
pub(crate) fn shortest(bucket: usize) -> Duration {
    let bucket = bucket.min(BUCKETS - 1) as u64;
    let units = match bucket.checked_sub(4) {
        None => bucket,
        Some(above) => (4 + above % 4) << (above / 4),
    };
    Duration::from_micros(units * MICROS_PER_UNIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bucket_begins_where_it_says() {
        for index in 0..BUCKETS {
            let start = shortest(index);
            assert_eq!(bucket(start), index, "{start:?}");
            if let Some(before) = start.checked_sub(Duration::from_nanos(1)) {
                assert_eq!(bucket(before), index - 1, "just before {start:?}");
            }
        }
        assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
        assert_eq!(shortest(BUCKETS - 1), Duration::from_micros((7 << 18) * 16));
    }
}
