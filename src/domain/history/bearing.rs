//! What bears on no card any more, on the way through the past.
//!
//! A look costs what is known at it, so what is over leaves: a change some days after the last of
//! its cards ended, what judged it once it was merged, other runs a while after they were green or
//! healed, alerts after their end, commits and deployments once no card that is still on its way can
//! be held against them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::TimeDelta;

use crate::domain::alert::{Alert, AlertState};
use crate::domain::change_request::{ChangeKey, ChangeRequest, ChangeState};
use crate::domain::correlate::{Correlator, card_of_ticket, cards_of_change};
use crate::domain::deployment::DeployState;
use crate::domain::fact::{Fact, FactId, FactKind};
use crate::domain::key::{ItemId, RepoKey, SourceName};
use crate::domain::phase::is_change_event;
use crate::domain::run::{Run, RunState};
use crate::domain::text::Clean;
use crate::domain::{Timestamp, later};

/// How long after its end a green run still bears on a card, and one that it healed.
const GREEN: TimeDelta = TimeDelta::days(14);

/// How long after its end a change request is still told by the runs that judged it.
const JUDGED: TimeDelta = TimeDelta::days(1);

/// How long after the end of its card what it was made of still bears on something: an alert that
/// names its commit may come late.
const ENDED: TimeDelta = TimeDelta::days(3);

/// How far before the oldest change that is still on its way commits and deployments are kept.
const BEFORE: TimeDelta = TimeDelta::days(21);

/// How often commits and deployments are let go.
const SWEEP: TimeDelta = TimeDelta::days(1);

/// A fact as one source tells it.
type Told = (SourceName, FactId);

/// What is known on the way, and until when.
#[derive(Debug, Default)]
pub(super) struct Bearing {
    /// What leaves at a moment.
    leaving: BTreeSet<(Timestamp, SourceName, FactId)>,
    changes: HashMap<ChangeKey, Way>,
    /// What each card is made of: changes, and its ticket.
    cards: HashMap<ItemId, (BTreeSet<ChangeKey>, BTreeSet<Told>)>,
    /// Since when changes are on their way to their users.
    landed: BTreeMap<RepoKey, BTreeSet<(Timestamp, u64)>>,
    /// Commits and deployments that are over, by age.
    line: BTreeMap<RepoKey, BTreeSet<(Timestamp, SourceName, FactId)>>,
    /// Red runs by workflow and branch, with when they were created: until a later one is green.
    red: HashMap<(RepoKey, Clean, Clean), BTreeSet<(Timestamp, Told)>>,
    swept_at: Option<Timestamp>,
}

/// One change on its way.
#[derive(Debug, Default)]
struct Way {
    /// The cards that it may be on.
    cards: Vec<ItemId>,
    landed: Option<Timestamp>,
    is_over: bool,
    /// The change itself, and what else lasts as long as its cards.
    parts: BTreeSet<Told>,
    /// The runs that judge it before it is merged.
    judging: BTreeSet<Told>,
}

impl Bearing {
    /// Notes a fact that came in, and whether it stays as it is from now on.
    pub(super) fn note(&mut self, source: &SourceName, fact: &Fact, at: Timestamp, last: bool) {
        match fact {
            Fact::ChangeRequest(change) => self.change(source, fact, change, at),
            Fact::ChangedPaths(paths) => {
                let way = self.changes.entry(paths.change.clone()).or_default();
                way.parts.insert((source.clone(), fact.id()));
            }
            Fact::Alert(alert) if last => self.alert(source, fact, alert),
            Fact::Ticket(ticket) => {
                let (_, own) = self.cards.entry(card_of_ticket(&ticket.key)).or_default();
                own.insert((source.clone(), fact.id()));
            }
            Fact::Run(run) if last => self.run(source, fact, run, at),
            Fact::Commit(commit) => self.of_line(&commit.repo, at, source, fact),
            Fact::Deployment(deployment) if deployment.state == DeployState::Superseded => {
                self.of_line(&deployment.repo, at, source, fact);
            }
            Fact::Run(_)
            | Fact::Deployment(_)
            | Fact::Repository(_)
            | Fact::Range(_)
            | Fact::ChangeTimes(_)
            | Fact::JobSet(_)
            | Fact::EarlierJobs(_)
            | Fact::GateSet(_)
            | Fact::Release(_)
            | Fact::Environment(_)
            | Fact::Alert(_)
            | Fact::Finding(_)
            | Fact::Diagnosis(_) => {}
        }
    }

    fn alert(&mut self, source: &SourceName, fact: &Fact, alert: &Alert) {
        let end = alert
            .ended_at
            .filter(|_| alert.state == AlertState::Resolved);
        if let Some(end) = end {
            self.leaves(later(end.max(alert.started_at), ENDED), source, fact.id());
        }
    }

    fn change(&mut self, source: &SourceName, fact: &Fact, change: &ChangeRequest, at: Timestamp) {
        let key = ChangeKey {
            repo: change.repo.clone(),
            number: change.number,
        };
        let way = self.changes.entry(key.clone()).or_default();
        way.parts.insert((source.clone(), fact.id()));
        way.cards = cards_of_change(change).collect();
        for card in &way.cards {
            let (changes, _) = self.cards.entry(card.clone()).or_default();
            changes.insert(key.clone());
        }
        way.is_over = matches!(change.state, ChangeState::Merged | ChangeState::Closed);
        if way.is_over {
            for (source, id) in std::mem::take(&mut way.judging) {
                self.leaving.insert((later(at, JUDGED), source, id));
            }
        }
        if change.state == ChangeState::Merged {
            let at = change.merged_at.unwrap_or(change.updated_at);
            way.landed = Some(at);
            let landed = self.landed.entry(change.repo.clone()).or_default();
            landed.insert((at, change.number));
        }
    }

    fn run(&mut self, source: &SourceName, fact: &Fact, run: &Run, at: Timestamp) {
        let told = (source.clone(), fact.id());
        let key = run.change_requests.first().map(|number| ChangeKey {
            repo: run.repo.clone(),
            number: *number,
        });
        if let Some(way) = key.and_then(|key| self.changes.get_mut(&key)) {
            // What judges the change alone is read until that is merged.
            match (is_change_event(&run.event), way.is_over) {
                (true, true) => return self.leaves(later(at, JUDGED), source, fact.id()),
                (true, false) => {
                    way.judging.insert(told);
                    return;
                }
                (false, _) => {
                    way.parts.insert(told.clone());
                }
            }
        }
        let line = (
            run.repo.clone(),
            run.workflow_key().clone(),
            run.branch.clone(),
        );
        match run.state {
            RunState::Passed | RunState::Skipped | RunState::Cancelled => {
                self.leaves(later(at, GREEN), source, fact.id());
            }
            RunState::Failed(_) => {
                let red = self.red.entry(line).or_default();
                red.insert((run.created_at, told));
                return;
            }
            RunState::Queued
            | RunState::Waiting
            | RunState::Running
            | RunState::ActionRequired
            | RunState::Unknown(_) => return,
        }
        if run.state == RunState::Passed
            && let Some(red) = self.red.get_mut(&line)
        {
            let newer = red.split_off(&(run.created_at, told));
            for (_, (source, id)) in std::mem::replace(red, newer) {
                self.leaves(later(at, GREEN), &source, id);
            }
        }
    }

    fn of_line(&mut self, repo: &RepoKey, at: Timestamp, source: &SourceName, fact: &Fact) {
        let line = self.line.entry(repo.clone()).or_default();
        line.insert((at, source.clone(), fact.id()));
    }

    fn leaves(&mut self, at: Timestamp, source: &SourceName, id: FactId) {
        self.leaving.insert((at, source.clone(), id));
    }

    /// Notes that a card ended: what only it was made of leaves some time later. `is_open` tells of
    /// another card whether it is there and has not ended.
    pub(super) fn ended(
        &mut self,
        card: &ItemId,
        at: Timestamp,
        is_open: impl Fn(&ItemId) -> bool,
    ) {
        let Some((changes, own)) = self.cards.remove(card) else {
            return;
        };
        let over = later(at, ENDED);
        for (source, id) in own {
            self.leaves(over, &source, id);
        }
        for key in changes {
            let Some(way) = self.changes.get(&key) else {
                continue;
            };
            if way
                .cards
                .iter()
                .any(|other| other != card && is_open(other))
            {
                continue;
            }
            let way = self.changes.remove(&key).unwrap_or_default();
            if let (Some(at), Some(landed)) = (way.landed, self.landed.get_mut(&key.repo)) {
                landed.remove(&(at, key.number));
            }
            for (source, id) in way.parts.into_iter().chain(way.judging) {
                self.leaves(over, &source, id);
            }
        }
    }

    /// Takes out what bears on nothing from this moment on.
    pub(super) fn sweep(&mut self, correlator: &mut Correlator, at: Timestamp) {
        while let Some((_, source, id)) = self.leaving.first().filter(|(leaves, ..)| *leaves <= at)
        {
            correlator.remove(source, id);
            if id.kind == FactKind::Run {
                for kind in [FactKind::JobSet, FactKind::GateSet] {
                    let beside = FactId {
                        kind,
                        id: id.id.clone(),
                    };
                    correlator.remove(source, &beside);
                }
            }
            self.leaving.pop_first();
        }
        if self.swept_at.is_some_and(|last| at < later(last, SWEEP)) {
            return;
        }
        self.swept_at = Some(at);
        for (repo, line) in &mut self.line {
            let landed = self.landed.get(repo).and_then(BTreeSet::first);
            let oldest = landed.map_or(at, |(landed, _)| at.min(*landed));
            while let Some((told, source, id)) = line.first() {
                if later(*told, BEFORE) > oldest {
                    break;
                }
                correlator.remove(source, id);
                line.pop_first();
            }
        }
    }
}
