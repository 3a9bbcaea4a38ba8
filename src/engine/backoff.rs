//! How long to wait after a failure: full jitter, doubling up to a cap.
//!
//! Pure and repeatable: the randomness comes from a seed.

use std::time::Duration;

/// The longest pause after failures.
pub const MAX_BACKOFF: Duration = Duration::from_mins(5);

/// The shortest.
pub const MIN_BACKOFF: Duration = Duration::from_secs(1);

/// A small generator of numbers that look random (`SplitMix64`); not for secrets.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Starts from a seed; equal seeds give equal numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a duration between the two, both included.
    pub fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let span = most.saturating_sub(least).as_millis();
        let span = u64::try_from(span).unwrap_or(u64::MAX - 1);
        least + Duration::from_millis(self.roll() % (span + 1))
    }
}

/// Returns the pause after so many failures in a row (from 1): anything between
/// [`MIN_BACKOFF`] and 1 s · 2ⁿ, at most [`MAX_BACKOFF`].
pub fn backoff(failures: u32, dice: &mut Dice) -> Duration {
    let ceiling = MIN_BACKOFF
        .saturating_mul(1_u32 << failures.min(16))
        .min(MAX_BACKOFF);
    dice.between(MIN_BACKOFF, ceiling)
}

/// Returns the pause that a host asked for, with a little more so that its clients do not all
/// come back in the same moment.
pub fn obeyed(retry_after: Duration, dice: &mut Dice) -> Duration {
    let spread = (retry_after / 10).clamp(Duration::from_secs(1), Duration::from_secs(30));
    retry_after.saturating_add(dice.between(Duration::from_secs(1), spread + MIN_BACKOFF))
}

/// Returns a share of an interval between 85 % and 115 %, always the same for the same name.
pub fn jittered(interval: Duration, name: &str, seed: u64) -> Duration {
    let hash = xxhash_rust::xxh3::xxh3_64_with_seed(name.as_bytes(), seed);
    let permille = u32::try_from(hash % 301).unwrap_or_default() + 850;
    interval.saturating_mul(permille) / 1_000
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_pause_after_failures_stays_within_its_bounds(failures in 0_u32.., seed: u64) {
            let pause = backoff(failures, &mut Dice::new(seed));
            prop_assert!(pause >= MIN_BACKOFF);
            prop_assert!(pause <= MAX_BACKOFF);
            prop_assert!(pause <= MIN_BACKOFF * 2_u32.pow(failures.min(9)));
        }

        #[test]
        fn a_host_that_asks_for_a_pause_gets_at_least_a_second_more(secs in 0_u64..100_000, seed: u64) {
            let asked = Duration::from_secs(secs);
            let pause = obeyed(asked, &mut Dice::new(seed));
            prop_assert!(pause >= asked + Duration::from_secs(1));
            prop_assert!(pause <= asked + Duration::from_secs(31));
        }

        #[test]
        fn jitter_is_fixed_and_at_most_fifteen_percent(name in ".{0,20}", seed: u64) {
            let base = Duration::from_mins(2);
            let interval = jittered(base, &name, seed);
            prop_assert_eq!(interval, jittered(base, &name, seed));
            prop_assert!(interval >= base.mul_f64(0.85) && interval <= base.mul_f64(1.15));
        }
    }

    #[test]
    fn failures_double_the_ceiling_up_to_five_minutes() {
        let longest = |failures| {
            (0..2_000)
                .map(|seed| backoff(failures, &mut Dice::new(seed)))
                .max()
                .unwrap_or_default()
        };
        assert!(longest(1) > Duration::from_millis(1_900));
        assert!(longest(4) > Duration::from_secs(15));
        assert!(longest(u32::MAX) > Duration::from_secs(290));
    }
}
