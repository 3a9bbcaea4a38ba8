//! The few sums that flow needs. Percentiles are by nearest rank, everywhere.

use crate::domain::flow::metric::Spread;

/// The fewest values that make a percentile or a share; of fewer, the points are shown.
pub const MIN_SAMPLES: usize = 5;

/// Seconds of a day.
pub const DAY: f64 = 86_400.0;

/// Returns a whole number as what metrics are told in.
#[expect(
    clippy::cast_precision_loss,
    reason = "seconds of a human age and counts of things are far below 2^53"
)]
pub fn float(number: i64) -> f64 {
    number as f64
}

/// Returns a count as what metrics are told in.
pub fn count(number: usize) -> f64 {
    float(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Returns the percentile of sorted values by nearest rank: the smallest value that at least so
/// many of a hundred values do not exceed.
pub fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// Returns how values lie, where there are enough of them.
pub fn spread(values: impl IntoIterator<Item = f64>) -> Option<Spread> {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    if sorted.len() < MIN_SAMPLES {
        return None;
    }
    sorted.sort_by(f64::total_cmp);
    Some(Spread {
        p50: percentile(&sorted, 50)?,
        p85: percentile(&sorted, 85)?,
        p90: percentile(&sorted, 90)?,
        p95: percentile(&sorted, 95)?,
        mean: sorted.iter().sum::<f64>() / count(sorted.len()),
    })
}

/// Returns a mean by weight.
pub fn weighted(values: impl IntoIterator<Item = (f64, f64)>) -> Option<f64> {
    let (mut sum, mut weights) = (0.0, 0.0);
    for (value, weight) in values {
        sum += value * weight;
        weights += weight;
    }
    (weights > 0.0).then(|| sum / weights)
}
