//! The past of the board, told again: facts as they were, placed by the same table as today.
//!
//! Every version of every fact is taken in at its time by a correlator of its own, and
//! whatever moves a card becomes a transition. The same facts give the same history however
//! often and in whatever order they are told. What is kept of it is decided elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::correlate::{Correlator, Sourced};
use crate::domain::deployment::DeployState;
use crate::domain::fact::{Fact, FactId};
use crate::domain::history::past::{Hints, versions};
use crate::domain::history::{Record, Standings, Transition};
use crate::domain::item::WorkItem;
use crate::domain::key::{ItemId, SourceName};
use crate::domain::policy::Policy;
use crate::domain::run::RunState;
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

/// How closely the past is looked at: as closely as a board that asks what is at work. What came
/// and went in less is not told.
const LOOK: TimeDelta = TimeDelta::seconds(30);

/// How closely it is looked at before that much time ago: nobody asks which minute it was, and what
/// moved a card has its own time.
const FAR: TimeDelta = TimeDelta::days(14);
const FAR_LOOK: TimeDelta = TimeDelta::minutes(10);

/// How long after its end a fact still bears on a card: green runs, and what was landed or closed,
/// which is watched for some time after it went live.
const GREEN_BEARS: TimeDelta = TimeDelta::days(14);
const ENDED_BEARS: TimeDelta = TimeDelta::days(60);

/// Tells what happened from `from` on, up to `now`; nothing once it is wanted no longer.
///
/// What was before `from` is where the first cards stand then. Pins are of today and hold for
/// nothing that was.
pub fn chronicle(
    facts: &[Sourced],
    policy: &Policy,
    (from, now): (Timestamp, Timestamp),
    is_wanted: impl Fn() -> bool,
) -> Option<Chronicle> {
    let policy = Policy {
        pins: Vec::new(),
        ..policy.clone()
    };
    let mut steps = steps(facts, from, now);
    steps.sort_by_key(|step| (step.at, step.order));
    let mut rewound = Rewound::default();
    let mut steps = steps.into_iter().peekable();
    while let Some(first) = steps.peek().map(|step| step.at) {
        if !is_wanted() {
            return None;
        }
        rewound.tick(&policy, first);
        let look = if now - first > FAR { FAR_LOOK } else { LOOK };
        let mut at = first;
        while let Some(step) = steps.next_if(|step| step.at <= later(first, look)) {
            at = step.at;
            rewound.take(step);
        }
        rewound.look(&policy, at);
    }
    rewound.tick(&policy, now);
    let mut whole = Correlator::default();
    for said in newest(facts).into_values() {
        whole.insert(said.clone());
    }
    let records = whole.records(&policy, rewound.cards.values().map(AsRef::as_ref));
    Some(Chronicle {
        transitions: rewound.transitions,
        records,
    })
}

/// Returns the records of the runs among some facts, where nothing is told of the cards.
pub fn runs(facts: &[Sourced], policy: &Policy) -> Vec<Record> {
    let mut whole = Correlator::default();
    for said in newest(facts).into_values() {
        whole.insert(said.clone());
    }
    let mut records = whole.records(policy, std::iter::empty());
    records.retain(|record| matches!(record, Record::CiRun(_)));
    records
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
    /// For how long it bears on cards, where that ends.
    bears: Option<TimeDelta>,
}

/// Returns for how long the last version of a fact bears on cards, where that ends. What is red
/// bears on them until something else does.
fn bears(fact: &Fact) -> Option<TimeDelta> {
    match fact {
        Fact::Run(run) => match run.state {
            RunState::Passed | RunState::Skipped | RunState::Cancelled => Some(GREEN_BEARS),
            RunState::Queued
            | RunState::Waiting
            | RunState::Running
            | RunState::Failed(_)
            | RunState::ActionRequired
            | RunState::Unknown(_) => None,
        },
        Fact::ChangeRequest(change) => change.closed_at.or(change.merged_at).map(|_| ENDED_BEARS),
        Fact::Ticket(ticket) => ticket.closed_at.map(|_| ENDED_BEARS),
        Fact::Commit(_) => Some(ENDED_BEARS),
        Fact::Repository(_)
        | Fact::Range(_)
        | Fact::ChangedPaths(_)
        | Fact::ChangeTimes(_)
        | Fact::JobSet(_)
        | Fact::EarlierJobs(_)
        | Fact::GateSet(_)
        | Fact::Release(_)
        | Fact::Environment(_)
        | Fact::Deployment(_)
        | Fact::Alert(_)
        | Fact::Finding(_)
        | Fact::Diagnosis(_) => None,
    }
}

/// Returns each fact once, as its source tells it last.
fn newest(facts: &[Sourced]) -> BTreeMap<(FactId, SourceName), &Sourced> {
    let mut newest: BTreeMap<_, &Sourced> = BTreeMap::new();
    for said in facts {
        let key = (said.fact.id(), said.source.clone());
        let told = newest.get(&key).map(|before: &&Sourced| &before.fact);
        if told.is_none_or(|before| !knows_more(before, &said.fact)) {
            newest.insert(key, said);
        }
    }
    newest
}

fn steps(facts: &[Sourced], from: Timestamp, now: Timestamp) -> Vec<Step> {
    let newest = newest(facts);
    let hints = Hints::new(newest.values().map(|said| said.fact.as_ref()));
    let mut steps: Vec<Step> = Vec::new();
    for said in newest.values() {
        let mut versions = versions(&said.fact, &hints, from);
        // Of what was before the beginning only the last version counts.
        let past = versions.iter().take_while(|(at, _)| *at <= from).count();
        versions.drain(..past.saturating_sub(1));
        let last = versions.len();
        for (at, (told_at, fact)) in versions.into_iter().enumerate() {
            let bears = bears(&fact).filter(|_| at + 1 == last);
            steps.push(Step {
                // A clock that is ahead tells nothing of the future.
                at: told_at.clamp(from, now),
                order: steps.len(),
                said: Sourced {
                    source: said.source.clone(),
                    fact,
                },
                bears,
            });
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
    /// What bears on no card from some moment on: without it a look costs as much in the last
    /// month as in the first.
    leaving: BTreeSet<(Timestamp, SourceName, FactId)>,
}

impl Rewound {
    /// Takes a version in.
    fn take(&mut self, step: Step) {
        if matches!(*step.said.fact, Fact::EarlierJobs(_) | Fact::ChangeTimes(_)) {
            return;
        }
        if let Some(bears) = step.bears {
            let source = step.said.source.clone();
            let leaves = (later(step.at, bears), source, step.said.fact.id());
            self.leaving.insert(leaves);
        }
        self.correlator.insert(step.said);
    }

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
        while let Some((_, source, id)) = self.leaving.first().filter(|(leaves, ..)| *leaves <= at)
        {
            self.correlator.remove(source, id);
            self.leaving.pop_first();
        }
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
