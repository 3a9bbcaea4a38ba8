//! The past of the board, told again: facts as they were, placed by the same table as today.
//!
//! Every version of every fact is taken in at its time by a correlator of its own, and
//! whatever moves a card becomes a transition. The same facts give the same history however
//! often and in whatever order they are told. What is kept of it is decided elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::correlate::{Changes, Correlator, PastGround, PastViews, Sourced};
use crate::domain::deployment::DeployState;
use crate::domain::fact::{Fact, FactId};
use crate::domain::history::bearing::Bearing;
use crate::domain::history::past::{Hints, versions};
use crate::domain::history::{Record, Standings, Transition};
use crate::domain::item::WorkItem;
use crate::domain::key::{ItemId, SourceName};
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

/// How closely the past is looked at: as closely as a board that asks what is at work. What came
/// and went in less is not told.
const LOOK: TimeDelta = TimeDelta::seconds(30);

/// How closely it is looked at before that much time ago: nobody asks which minute it was, and what
/// moved a card has its own time.
const FAR: TimeDelta = TimeDelta::days(3);
const FAR_LOOK: TimeDelta = TimeDelta::minutes(10);

/// Commits come a day at a time: each says the same of the others whenever it is known, and moves
/// no card by itself.
const COMMITS: TimeDelta = TimeDelta::days(1);

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
    chronicle_by(facts, policy, (from, now), (is_wanted, Correlator::look))
}

/// How one look is taken.
pub(in crate::domain) type Look =
    for<'c, 'v, 'a> fn(&'c mut Correlator, &'v mut PastViews<'a>, Timestamp) -> Changes;

/// The same, with a look of one's own.
pub(in crate::domain) fn chronicle_by(
    facts: &[Sourced],
    policy: &Policy,
    (from, now): (Timestamp, Timestamp),
    (is_wanted, look): (impl Fn() -> bool, Look),
) -> Option<Chronicle> {
    let policy = Policy {
        pins: Vec::new(),
        ..policy.clone()
    };
    let mut steps = steps(facts, from, now);
    steps.sort_by_key(|step| (step.at, step.order));
    let ground = PastGround::default();
    let mut rewound = Rewound::new(PastViews::new(&ground, &policy), look);
    let mut steps = steps.into_iter().peekable();
    while let Some(first) = steps.peek().map(|step| step.at) {
        if !is_wanted() {
            return None;
        }
        rewound.tick(first);
        let look = if now - first > FAR { FAR_LOOK } else { LOOK };
        let mut at = first;
        while let Some(step) = steps.next_if(|step| step.at <= later(first, look)) {
            at = step.at;
            rewound.take(step);
        }
        rewound.look(at);
    }
    rewound.tick(now);
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
    /// Whether it stays as it is from then on.
    last: bool,
}

/// Returns when a version is taken in.
fn comes(fact: &Fact, told_at: Timestamp) -> Timestamp {
    match fact {
        // What was pushed or takes another back is a card, or moves one.
        Fact::Commit(commit) if !commit.direct && commit.reverts.is_empty() => {
            let day = COMMITS.num_seconds();
            let into = told_at.timestamp().rem_euclid(day);
            told_at
                .checked_sub_signed(TimeDelta::seconds(into))
                .unwrap_or(told_at)
        }
        Fact::Commit(_)
        | Fact::Repository(_)
        | Fact::Range(_)
        | Fact::Ticket(_)
        | Fact::ChangeRequest(_)
        | Fact::ChangedPaths(_)
        | Fact::ChangeTimes(_)
        | Fact::Run(_)
        | Fact::JobSet(_)
        | Fact::EarlierJobs(_)
        | Fact::GateSet(_)
        | Fact::Release(_)
        | Fact::Environment(_)
        | Fact::Deployment(_)
        | Fact::Alert(_)
        | Fact::Finding(_)
        | Fact::Diagnosis(_) => told_at,
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
            steps.push(Step {
                // A clock that is ahead tells nothing of the future.
                at: comes(&fact, told_at).clamp(from, now),
                order: steps.len(),
                said: Sourced {
                    source: said.source.clone(),
                    fact,
                },
                last: at + 1 == last,
            });
        }
    }
    steps
}

/// The board on its way through the past.
struct Rewound<'a> {
    correlator: Correlator,
    views: PastViews<'a>,
    by: Look,
    standings: Standings,
    transitions: Vec<Transition>,
    looked_at: Timestamp,
    /// The last that was seen of every card.
    cards: BTreeMap<ItemId, Arc<WorkItem>>,
    bearing: Bearing,
}

impl<'a> Rewound<'a> {
    /// Begins with nothing.
    fn new(views: PastViews<'a>, by: Look) -> Self {
        Self {
            correlator: Correlator::for_past(),
            views,
            by,
            standings: Standings::default(),
            transitions: Vec::new(),
            looked_at: Timestamp::default(),
            cards: BTreeMap::new(),
            bearing: Bearing::default(),
        }
    }

    /// Takes a version in.
    fn take(&mut self, step: Step) {
        if matches!(*step.said.fact, Fact::EarlierJobs(_) | Fact::ChangeTimes(_)) {
            return;
        }
        let said = step.said;
        self.bearing
            .note(&said.source, &said.fact, step.at, step.last);
        self.correlator.insert(said);
    }

    /// Lets the clock do what it does up to a moment, exclusive.
    fn tick(&mut self, until: Timestamp) {
        while let Some(due) = self.correlator.next_change() {
            let at = due.max(later(self.looked_at, TICK));
            if at >= until {
                return;
            }
            self.look(at);
        }
    }

    fn look(&mut self, at: Timestamp) {
        self.looked_at = at;
        self.bearing.sweep(&mut self.correlator, at);
        let changes = (self.by)(&mut self.correlator, &mut self.views, at);
        let correlator = &self.correlator;
        let is_open = |id: &ItemId| {
            let item = correlator.item(id);
            item.is_some_and(|item| item.placement.done.is_none())
        };
        for item in changes.changed {
            if item.placement.done.is_some() {
                self.bearing.ended(&item.id, at, is_open);
            }
            self.transitions.extend(self.standings.note(&item, at));
            self.cards.insert(item.id.clone(), item);
        }
        for id in changes.removed {
            self.transitions.extend(self.standings.leave(&id, at));
        }
    }
}
