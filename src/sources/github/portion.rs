//! How many things one query asks for: fewer where the server could not bear so many, and one more
//! again each time it could.

/// The size of a query of one kind; never none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Portion {
    now: usize,
    most: usize,
}

impl Portion {
    /// Begins with as many as there ever are in a query.
    pub(super) const fn at_most(most: usize) -> Self {
        let most = if most == 0 { 1 } else { most };
        Self { now: most, most }
    }

    /// Returns how many the next query asks for.
    pub(super) const fn size(self) -> usize {
        self.now
    }

    /// Asks for half as many as were too many.
    pub(super) fn halve(&mut self, asked: usize) {
        self.now = (asked / 2).clamp(1, self.most);
    }

    /// Asks for one more, after a query of full size went well.
    pub(super) fn grow(&mut self, asked: usize) {
        if asked >= self.now {
            self.now = (self.now + 1).min(self.most);
        }
    }

    /// Takes in an answer, which may have been given up in part as it was too much.
    pub(super) fn answered(&mut self, asked: usize, was_heavy: bool) {
        if was_heavy {
            self.halve(asked);
        } else {
            self.grow(asked);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Portion;

    #[test]
    fn what_was_too_much_is_halved_and_grows_again_to_what_it_was() {
        let mut portion = Portion::at_most(9);
        portion.answered(9, true);
        assert_eq!(portion.size(), 4);
        portion.answered(2, false);
        assert_eq!(portion.size(), 4, "a smaller query shows nothing");
        for _ in 0..20 {
            portion.answered(portion.size(), false);
        }
        assert_eq!(portion.size(), 9);
    }

    #[test]
    fn one_is_always_asked_for() {
        let mut portion = Portion::at_most(0);
        portion.halve(1);
        assert_eq!(portion.size(), 1);
        portion.halve(0);
        assert_eq!(portion.size(), 1);
    }
}
