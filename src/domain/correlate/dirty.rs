//! What of the facts was touched since the last look.

use std::collections::BTreeSet;

use crate::domain::correlate::facts::Scope;
use crate::domain::correlate::reads::{Mark, Marks, Seed};
use crate::domain::fact::FactId;
use crate::domain::key::Sha;

/// How many marks are told apart; with more, whole scopes are made again.
const MOST_MARKS: usize = 1 << 16;

/// What was touched.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    /// The scopes that are to be looked at again.
    pub(super) scopes: BTreeSet<Scope>,
    /// What of them was touched.
    pub(super) marks: Marks,
    /// Whether so much was touched that all of these scopes is made again.
    pub(super) all: bool,
    /// What deployments brought, where they are told apart.
    pub(super) deployed: Vec<(Scope, Sha)>,
    /// The marks of runs that passed, in the past.
    pub(super) passed: Marks,
    /// Which facts these were, in the past.
    pub(super) touched: BTreeSet<(Scope, FactId)>,
    /// Scopes of which commits changed, in the past: what follows is told once they are walked.
    pub(super) lines: BTreeSet<Scope>,
    /// Scopes that facts moved from or to, in the past.
    pub(super) moved: BTreeSet<Scope>,
}

impl Dirty {
    /// Marks all of the scopes of which commits changed.
    pub(super) fn mark_lines(&mut self) {
        for repo in std::mem::take(&mut self.lines).iter().flatten() {
            self.mark(Seed::of(repo).whole());
        }
    }

    pub(super) fn mark(&mut self, mark: Mark) {
        if self.marks.len() < MOST_MARKS {
            self.marks.insert(mark);
        } else {
            self.all = true;
        }
    }
}
