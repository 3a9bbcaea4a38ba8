//! Dice that fall the same way for the same seed: no state outside, no clock.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A small generator (splitmix64), cheap to make for every single thing.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// Returns the dice for one thing: a seed and what makes the thing unlike others.
    pub(super) fn of(seed: u64, parts: &[u64]) -> Self {
        let mut mixed = seed;
        for part in parts {
            mixed = xxh3_64_with_seed(&part.to_le_bytes(), mixed);
        }
        Self(mixed)
    }

    /// Returns the next 64 bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `end`, or 0 where `end` is 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(1).max(1);
        usize::try_from(self.bits() % end).unwrap_or(0)
    }

    /// Returns a number of seconds between two numbers of minutes.
    pub(super) fn minutes(&mut self, from: i64, to: i64) -> i64 {
        let span = u64::try_from((to - from) * 60).unwrap_or(0).max(1);
        from * 60 + i64::try_from(self.bits() % span).unwrap_or(0)
    }

    /// Returns true in so many of a hundred throws.
    pub(super) fn percent(&mut self, percent: u64) -> bool {
        self.bits() % 100 < percent
    }

    /// Returns one of the words, or the empty word where there are none.
    pub(super) fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let index = self.below(words.len());
        words.get(index).copied().unwrap_or_default()
    }

    /// Returns forty hexadecimal digits: the name of a commit.
    pub(super) fn sha(&mut self) -> String {
        let (a, b, c) = (self.bits(), self.bits(), self.bits() >> 32);
        format!("{a:016x}{b:016x}{c:08x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_parts_fall_the_same_way_and_others_do_not() {
        let throw = |parts: &[u64]| Dice::of(7, parts).sha();
        assert_eq!(throw(&[1, 2]), throw(&[1, 2]));
        assert_ne!(throw(&[1, 2]), throw(&[2, 1]));
        assert_eq!(throw(&[3]).len(), 40);
    }

    #[test]
    fn minutes_stay_between_their_bounds() {
        let mut dice = Dice::of(1, &[]);
        for _ in 0..1000 {
            let secs = dice.minutes(10, 40);
            assert!((600..2400).contains(&secs), "{secs}");
        }
    }
}
