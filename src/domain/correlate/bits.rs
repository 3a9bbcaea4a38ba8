//! A set of small numbers: the nodes of a graph that a walk came by.

/// Some of the numbers below a bound.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// Begins with none, below this bound.
    pub(super) fn with(len: usize) -> Self {
        Self(vec![0; len.div_ceil(64)])
    }

    /// Sets a bit; returns whether it was new.
    pub(super) fn set(&mut self, at: usize) -> bool {
        let Some(word) = self.0.get_mut(at / 64) else {
            return false;
        };
        let mask = 1 << (at % 64);
        let new = *word & mask == 0;
        *word |= mask;
        new
    }

    /// Whether one is among them.
    pub(super) fn has(&self, at: usize) -> bool {
        self.0
            .get(at / 64)
            .is_some_and(|word| word & (1 << (at % 64)) != 0)
    }
}
