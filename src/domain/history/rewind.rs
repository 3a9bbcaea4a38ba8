//! The past of the board, told again: facts as they were, placed by the same table as today.
//!
//! Every version of every fact is taken in at its time by a correlator of its own, and
//! whatever moves a card becomes a transition. The same facts give the same history however
//! often and in whatever order they are told. What is kept of it is decided elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::correlate::{Correlator, Sourced};
use crate::domain::deployment::DeployState;
use crate::domain::fact::Fact;
use crate::domain::history::past::{Hints, versions};
use crate::domain::history::{Record, Standings, Transition};
use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::domain::policy::Policy;
use crate::domain::{Timestamp, later};

/// What history keeps of a set of facts.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Chronicle {
    /// How cards moved, oldest first.
    pub transitions: Vec<Transition>,
    /// What they are, and what was delivered, run and troubled.
    pub records: Vec<Record>,
}

/// How often the clock alone is looked at where no fact comes in. What the clock brings about has
/// its own time, so that nothing is dated later by it.
const TICK: TimeDelta = TimeDelta::hours(1);

/// Tells what happened from `from` on, up to `now`.
///
/// What was before `from` is where the first cards stand then. Pins are of today and hold for
/// nothing that was.
pub fn chronicle(facts: &[Sourced], policy: &Policy, from: Timestamp, now: Timestamp) -> Chronicle {
    let policy = Policy {
        pins: Vec::new(),
        ..policy.clone()
    };
    let mut steps = steps(facts, from, now);
    steps.sort_by(|a, b| (a.at, a.order).cmp(&(b.at, b.order)));
    let mut rewound = Rewound::default();
    let mut steps = steps.into_iter().peekable();
    while let Some(at) = steps.peek().map(|step| step.at) {
        rewound.tick(&policy, at);
        while let Some(step) = steps.next_if(|step| step.at == at) {
            rewound.correlator.insert(step.said);
        }
        rewound.look(&policy, at);
    }
    rewound.tick(&policy, now);
    let records = rewound
        .correlator
        .records(&policy, rewound.cards.values().map(AsRef::as_ref));
    Chronicle {
        transitions: rewound.transitions,
        records,
    }
}

/// Returns whether what was told before knows more: when a version came, which is no longer told
/// of one that another took the place of.
fn knows_more(before: &Fact, now: &Fact) -> bool {
    let (Fact::Deployment(before), Fact::Deployment(now)) = (before, now) else {
        return false;
    };
    before.state == DeployState::Succeeded && now.state == DeployState::Superseded
}

/// One version of a fact on its way in.
struct Step {
    at: Timestamp,
    /// Keeps versions of one fact in their order where they happened at one moment.
    order: usize,
    said: Sourced,
}

fn steps(facts: &[Sourced], from: Timestamp, now: Timestamp) -> Vec<Step> {
    let mut newest: BTreeMap<_, &Sourced> = BTreeMap::new();
    for said in facts {
        let key = (said.fact.id(), said.source.clone());
        let told = newest.get(&key).map(|before: &&Sourced| &before.fact);
        if told.is_none_or(|before| !knows_more(before, &said.fact)) {
            newest.insert(key, said);
        }
    }
    let hints = Hints::new(newest.values().map(|said| said.fact.as_ref()));
    let mut steps: Vec<Step> = Vec::new();
    for said in newest.values() {
        let mut versions = versions(&said.fact, &hints, from);
        // Of what was before the beginning only the last version counts.
        let past = versions.iter().take_while(|(at, _)| *at <= from).count();
        versions.drain(..past.saturating_sub(1));
        for (at, fact) in versions {
            // A clock that is ahead tells nothing of the future.
            let at = at.clamp(from, now);
            let (order, source) = (steps.len(), said.source.clone());
            let said = Sourced { source, fact };
            steps.push(Step { at, order, said });
        }
    }
    steps
}

/// The board on its way through the past.
#[derive(Default)]
struct Rewound {
    correlator: Correlator,
    standings: Standings,
    transitions: Vec<Transition>,
    looked_at: Timestamp,
    /// The last that was seen of every card.
    cards: BTreeMap<ItemId, Arc<WorkItem>>,
}

impl Rewound {
    /// Lets the clock do what it does up to a moment, exclusive.
    fn tick(&mut self, policy: &Policy, until: Timestamp) {
        while let Some(due) = self.correlator.next_change() {
            let at = due.max(later(self.looked_at, TICK));
            if at >= until {
                return;
            }
            self.look(policy, at);
        }
    }

    fn look(&mut self, policy: &Policy, at: Timestamp) {
        self.looked_at = at;
        let changes = self.correlator.refresh(policy, at);
        for item in changes.changed {
            let moved = self.standings.note(&item, at);
            self.transitions.extend(moved);
            self.cards.insert(item.id.clone(), item);
        }
        for id in changes.removed {
            self.transitions.extend(self.standings.leave(&id, at));
        }
    }
}
