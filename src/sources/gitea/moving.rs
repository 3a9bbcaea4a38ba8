//! Runs at work that the list of the newest does not hold any more: asked for by number, or looked
//! for on the pages behind it where the server has no such route.
//!
//! A bounded number each fetch, in turns. What the list holds is read in `runs`. What no page holds
//! is not known after a while: nobody tells that it is still at work.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::Gitea;
use super::api::{Asked, below};
use super::map::runs::is_by_number;
use super::server::Way;
use super::state::{Activity, RepoState};
use super::wire_actions::Run as Record;
use crate::domain::Timestamp;
use crate::domain::fact::{Fact, FactId, FactKind};
use crate::domain::key::RepoKey;
use crate::domain::run::{Run, RunState};
use crate::domain::text::Clean;
use crate::sources::detail::{is_detail, without};
use crate::sources::{Batch, SourceError};

/// How many runs are asked for in one fetch.
const AT_ONCE: usize = 4;

/// How long what was told of a run by itself is taken for current: it runs for long, or waits.
const AGAIN: TimeDelta = TimeDelta::minutes(2);

/// How long what was found further back is taken for current: that costs several pages.
const PAGES_AGAIN: TimeDelta = TimeDelta::minutes(5);

/// Up to which page runs at work are looked for.
const LAST_PAGE: usize = 5;

/// How often in a row no page may hold a run before it is not known what it does.
const MOST_MISSED: u8 = 3;

/// What is told of a run that no page holds.
const NOT_LISTED: &str = "no longer listed";

impl RepoState {
    /// Returns the runs at work that a list of the newest did not hold; those that are named by the
    /// number of their tasks, or the others.
    fn slid(&self, listed: &BTreeSet<u64>, by_number: bool) -> Vec<u64> {
        let moving = self.runs.iter().filter(|(id, run)| {
            run.activity == Activity::AtWork
                && is_by_number(**id) == by_number
                && !listed.contains(id)
        });
        moving.map(|(id, _)| *id).collect()
    }

    /// Returns those of them whose turn it is, the longest ago first.
    fn due(&self, slid: &[u64], again: TimeDelta, now: Timestamp) -> Vec<u64> {
        let asked_at = |id: &u64| self.runs.get(id).and_then(|run| run.asked_at);
        let is_due = |id: &&u64| asked_at(id).is_none_or(|at| now - at >= again);
        let mut due: Vec<u64> = slid.iter().filter(is_due).copied().collect();
        due.sort_by_key(asked_at);
        due
    }

    /// Takes in that these runs were looked for in vain; returns those that are now told as not
    /// known.
    fn miss(&mut self, ids: &[u64], now: Timestamp) -> Vec<Run> {
        let mut unknown = Vec::new();
        for id in ids {
            let Some(seen) = self.runs.get_mut(id) else {
                continue;
            };
            seen.asked_at = Some(now);
            seen.missed = seen.missed.saturating_add(1);
            if seen.missed >= MOST_MISSED {
                unknown.extend(seen.told.as_deref().cloned());
            }
        }
        for run in &mut unknown {
            run.state = RunState::Unknown(Clean::line(NOT_LISTED));
        }
        unknown
    }
}

impl Gitea {
    /// Asks for the runs at work that a list did not hold; where it was whole they are gone.
    pub(super) async fn moving(
        &self,
        key: &RepoKey,
        (listed, is_whole): (&BTreeSet<u64>, bool),
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let (may, due) = {
            let mut state = self.state();
            let may = state.ways.may(Way::Run, asked.now);
            let Some(repo) = state.known(key.path()) else {
                return Ok(());
            };
            let slid = repo.slid(listed, false);
            if is_whole {
                repo.runs.retain(|id, _| !slid.contains(id));
                return Ok(());
            }
            let again = if may { AGAIN } else { PAGES_AGAIN };
            (may, repo.due(&slid, again, asked.now))
        };
        if !may {
            return self.further_back(key, &due, asked, batch).await;
        }
        for id in due.into_iter().take(AT_ONCE) {
            let goes_on = self.run_alone(key, id, asked, batch).await?;
            if !goes_on {
                break;
            }
        }
        Ok(())
    }

    /// Looks for runs at work on the pages behind the first, until all are seen.
    async fn further_back(
        &self,
        key: &RepoKey,
        due: &[u64],
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let mut missing: BTreeSet<u64> = due.iter().copied().collect();
        let mut is_end = false;
        for page in 2..=LAST_PAGE {
            if missing.is_empty() || is_end {
                break;
            }
            let read = match self.run_page(key, page, asked).await {
                Ok(read) => read,
                Err(failure) => return without(failure, batch),
            };
            is_end = read.is_behind_all();
            let found = self.made_runs(key, &read.workflow_runs.items, asked.now);
            let found = found.into_iter().filter(|run| missing.remove(&run.id));
            let found = self.seen(key, found.collect());
            self.looked(key, found.iter().map(|run| run.id), asked.now);
            batch.facts.extend(found.into_iter().map(Fact::Run));
        }
        self.missed(key, &missing, is_end, asked.now, batch);
        Ok(())
    }

    /// Notes that runs were looked for further back, and found.
    pub(super) fn looked(&self, key: &RepoKey, ids: impl Iterator<Item = u64>, now: Timestamp) {
        let mut state = self.state();
        let Some(repo) = state.known(key.path()) else {
            return;
        };
        for id in ids {
            if let Some(seen) = repo.runs.get_mut(&id) {
                seen.asked_at = Some(now);
            }
        }
    }

    /// Takes in that no page held some runs: where all pages were read they are gone, else it is not
    /// known after a while what they do.
    pub(super) fn missed(
        &self,
        key: &RepoKey,
        missing: &BTreeSet<u64>,
        is_end: bool,
        now: Timestamp,
        batch: &mut Batch,
    ) {
        let ids: Vec<u64> = missing.iter().copied().collect();
        if !is_end {
            let unknown = {
                let mut state = self.state();
                let repo = state.known(key.path());
                repo.map(|repo| repo.miss(&ids, now)).unwrap_or_default()
            };
            let unknown = self.seen(key, unknown);
            batch.facts.extend(unknown.into_iter().map(Fact::Run));
            return;
        }
        if let Some(repo) = self.state().known(key.path()) {
            repo.runs.retain(|id, _| !missing.contains(id));
        }
        let gone = ids.into_iter().map(|id| FactId {
            kind: FactKind::Run,
            id: Clean::line(&format!("{}/{id}", key.as_str())),
        });
        batch.gone.extend(gone);
    }

    /// Returns the runs at work that the newest tasks did not tell, where it is time to look further
    /// back for them.
    pub(super) fn slid_tasks(
        &self,
        key: &RepoKey,
        listed: &BTreeSet<u64>,
        now: Timestamp,
    ) -> BTreeSet<u64> {
        let mut state = self.state();
        let Some(repo) = state.known(key.path()) else {
            return BTreeSet::new();
        };
        let slid = repo.slid(listed, true);
        repo.due(&slid, PAGES_AGAIN, now).into_iter().collect()
    }

    /// Reads one run; returns whether others are read as well.
    async fn run_alone(
        &self,
        key: &RepoKey,
        id: u64,
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<bool, SourceError> {
        if let Some(repo) = self.state().known(key.path())
            && let Some(run) = repo.runs.get_mut(&id)
        {
            // Noted before it is asked: one that fails costs no other its turn.
            run.asked_at = Some(asked.now);
        }
        let number = id.to_string();
        let parts = below(key.path(), &["actions", "runs", &number]);
        match self.one::<Record>(&parts, &[], asked).await {
            Ok((wire, _)) => {
                self.there(Way::Run);
                let found = self.made_runs(key, std::slice::from_ref(&wire), asked.now);
                let found = self.seen(key, found);
                batch.facts.extend(found.into_iter().map(Fact::Run));
                Ok(true)
            }
            Err(failure) if self.lacks(Way::Run, &failure, asked.now) => Ok(false),
            Err(failure) if failure.status == Some(404) => {
                self.port.excused(&failure);
                if let Some(repo) = self.state().known(key.path()) {
                    repo.runs.remove(&id);
                }
                batch.gone.push(FactId {
                    kind: FactKind::Run,
                    id: Clean::line(&format!("{}/{id}", key.as_str())),
                });
                Ok(true)
            }
            Err(failure) => {
                let goes_on = is_detail(&failure.error);
                without(failure, batch)?;
                Ok(goes_on)
            }
        }
    }
}
