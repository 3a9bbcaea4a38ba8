//! What an answer that was read in part leaves open: records that were known and were not told.
//!
//! Pure. What such an answer told is confirmed; what it did not tell is neither gone nor confirmed,
//! so the cards that rest on it keep the age of when it was last told.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::fact::Fact;
use crate::domain::item::{Anchor, EvidenceKind, WorkItem};
use crate::domain::key::SourceName;
use crate::domain::text::Clean;

/// From so many on it is not looked which cards rest on them: none is confirmed.
const MOST: usize = 200;

/// One fact that is known and was not told.
#[derive(Clone, Debug)]
pub struct Doubt {
    /// The fact.
    pub fact: Arc<Fact>,
    /// When it was last told.
    pub told_at: Timestamp,
}

/// What is in doubt, by who told it.
#[derive(Clone, Debug, Default)]
pub struct Doubts(HashMap<SourceName, Vec<Doubt>>);

impl Doubts {
    /// Says what of a source is in doubt now.
    pub fn set(&mut self, source: &SourceName, doubts: Vec<Doubt>) {
        if doubts.is_empty() {
            self.0.remove(source);
        } else {
            self.0.insert(source.clone(), doubts);
        }
    }

    /// Returns whether something of a source is in doubt.
    pub fn has(&self, source: &SourceName) -> bool {
        self.0.contains_key(source)
    }

    /// Returns when that of a source on which a card rests was last told, where it is in doubt.
    pub fn oldest(&self, source: &SourceName, item: &WorkItem) -> Option<Timestamp> {
        let doubts = self.0.get(source)?;
        let are_many = doubts.len() > MOST;
        let open = doubts.iter();
        let open = open.filter(|doubt| are_many || rests_on(item, &doubt.fact));
        open.map(|doubt| doubt.told_at).min()
    }
}

/// Returns whether a card rests on a fact.
fn rests_on(item: &WorkItem, fact: &Fact) -> bool {
    let mut lines = item.evidence.iter();
    match fact {
        Fact::Ticket(_) => item.id.as_str().strip_prefix("ticket:") == Some(&*fact.id().id),
        Fact::Run(run) => {
            let mut runs = lines.filter_map(|line| line.run.as_deref());
            runs.any(|key| key.id == run.id && key.repo == run.repo)
        }
        Fact::Alert(alert) => {
            // The card of an alert ends with its identity at the source.
            let own = alert.id.rsplit('/').next().unwrap_or_default();
            if item.anchor == Anchor::Alert && !item.id.as_str().ends_with(own) {
                return false;
            }
            let at = alert.ended_at.unwrap_or(alert.started_at);
            lines.any(|line| {
                let is_alert = line.kind == EvidenceKind::Alert && line.at == at;
                is_alert && line.key.contains(alert.name.as_str())
            })
        }
        Fact::Deployment(it) => {
            let is_here = item.repo.as_ref() == Some(&it.repo);
            let is_it = |kind, at| kind == EvidenceKind::Deployment && at == it.arrived_at();
            is_here && lines.any(|line| is_it(line.kind, line.at))
        }
        Fact::Repository(_)
        | Fact::Commit(_)
        | Fact::Range(_)
        | Fact::ChangeRequest(_)
        | Fact::ChangedPaths(_)
        | Fact::ChangeTimes(_)
        | Fact::JobSet(_)
        | Fact::EarlierJobs(_)
        | Fact::Diagnosis(_)
        | Fact::GateSet(_)
        | Fact::Release(_)
        | Fact::Environment(_)
        | Fact::Finding(_) => fact.repo().is_some() && fact.repo() == item.repo.as_ref(),
    }
}

/// Leaves out what is of the past anyway: where something later of the same kind was told.
pub fn without_past<'f>(doubts: &mut Vec<Doubt>, told: impl Iterator<Item = &'f Fact>) {
    if doubts.is_empty() {
        return;
    }
    let mut latest: HashMap<(&str, &Clean, &str), Timestamp> = HashMap::new();
    for (line, at) in told.filter_map(line_of) {
        let entry = latest.entry(line).or_insert(at);
        *entry = at.max(*entry);
    }
    let past: HashSet<usize> = doubts
        .iter()
        .enumerate()
        .filter(|(_, doubt)| {
            line_of(&doubt.fact).is_some_and(|(line, at)| {
                let last = latest.get(&line);
                last.is_some_and(|last| *last >= at)
            })
        })
        .map(|(place, _)| place)
        .collect();
    let mut place = 0;
    doubts.retain(|_| {
        place += 1;
        !past.contains(&(place - 1))
    });
}

/// Returns what a fact is one of a row of, and when it was: builds of a branch, deployments to a
/// place.
fn line_of(fact: &Fact) -> Option<((&str, &Clean, &str), Timestamp)> {
    if let Fact::Run(run) = fact {
        let line = (run.repo.as_str(), run.workflow_key(), run.branch.as_str());
        Some((line, run.created_at))
    } else if let Fact::Deployment(it) = fact {
        let line = (it.repo.as_str(), &it.environment, it.task.as_str());
        Some((line, it.created_at))
    } else {
        None
    }
}
