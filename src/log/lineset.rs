//! A set of lines of a log, one bit each: every hit of a search, however many.
//!
//! Grows with the last line in it; of a log of a million lines it takes 122 kB.

const BITS: u64 = u64::BITS as u64;

/// A set of lines, counted from 0.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct LineSet {
    words: Vec<u64>,
    len: u64,
}

impl LineSet {
    /// Puts a line in.
    pub(super) fn insert(&mut self, line: u64) {
        let Ok(at) = usize::try_from(line / BITS) else {
            return;
        };
        if at >= self.words.len() {
            self.words.resize(at + 1, 0);
        }
        if let Some(word) = self.words.get_mut(at) {
            let bit = 1 << (line % BITS);
            self.len += u64::from(*word & bit == 0);
            *word |= bit;
        }
    }

    /// Takes out a line and all behind it.
    pub(super) fn truncate(&mut self, line: u64) {
        let Ok(at) = usize::try_from(line / BITS) else {
            return;
        };
        self.words.truncate(at + 1);
        if let Some(word) = self.words.get_mut(at) {
            *word &= !(u64::MAX << (line % BITS));
        }
        let ones = self.words.iter().map(|word| u64::from(word.count_ones()));
        self.len = ones.sum();
    }

    /// Returns how many lines are in it.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns whether none is.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the first line at or behind one.
    pub fn from(&self, line: u64) -> Option<u64> {
        let start = usize::try_from(line / BITS).ok()?;
        let mut mask = u64::MAX << (line % BITS);
        for (at, word) in self.words.iter().enumerate().skip(start) {
            let left = word & mask;
            if left != 0 {
                return Some(at as u64 * BITS + u64::from(left.trailing_zeros()));
            }
            mask = u64::MAX;
        }
        None
    }

    /// Returns the last line before one.
    pub fn before(&self, line: u64) -> Option<u64> {
        let end = usize::try_from(line / BITS).unwrap_or(usize::MAX);
        let partial = self
            .words
            .get(end)
            .map(|word| word & !(u64::MAX << (line % BITS)));
        let whole = self.words.iter().take(end).enumerate().rev();
        let found = partial.map(|word| (end, word)).into_iter();
        found
            .chain(whole.map(|(at, word)| (at, *word)))
            .find(|(_, word)| *word != 0)
            .map(|(at, word)| at as u64 * BITS + BITS - 1 - u64::from(word.leading_zeros()))
    }

    /// Returns how many lines at or before one are in it: the number of a hit, from 1.
    pub fn place(&self, line: u64) -> u64 {
        let behind = line.saturating_add(1);
        let end = usize::try_from(behind / BITS).unwrap_or(usize::MAX);
        let whole = self
            .words
            .iter()
            .take(end)
            .map(|word| u64::from(word.count_ones()));
        let last = self.words.get(end).map_or(0, |word| {
            u64::from((word & !(u64::MAX << (behind % BITS))).count_ones())
        });
        whole.sum::<u64>() + last
    }

    /// Returns the lines, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        let mut next = self.from(0);
        std::iter::from_fn(move || {
            let line = next?;
            next = self.from(line + 1);
            Some(line)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_taken_out_at_the_end_is_in_it_no_more() {
        let mut set = LineSet::default();
        for line in [0, 63, 64, 65, 200] {
            set.insert(line);
        }
        set.truncate(65);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64]);
        assert_eq!(set.len(), 3);
        set.truncate(1_000);
        assert_eq!(set.len(), 3);
        set.truncate(0);
        assert!(set.is_empty());
    }

    proptest! {
        #[test]
        fn it_tells_what_a_sorted_list_tells(
            lines in prop::collection::btree_set(0_u64..400, 0..60),
            at in 0_u64..420,
        ) {
            let mut set = LineSet::default();
            for line in lines.iter().chain(&lines) {
                set.insert(*line);
            }
            prop_assert_eq!(set.len(), lines.len() as u64);
            prop_assert_eq!(set.is_empty(), lines.is_empty());
            prop_assert_eq!(set.from(at), lines.range(at..).next().copied());
            prop_assert_eq!(set.before(at), lines.range(..at).next_back().copied());
            prop_assert_eq!(set.place(at), lines.range(..=at).count() as u64);
            prop_assert!(set.iter().eq(lines.iter().copied()));
        }
    }
}
