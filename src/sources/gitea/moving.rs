//! Runs at work that the list of the newest does not hold any more: asked for by number.
//!
//! A bounded number each fetch, in turns. What the list holds is read in `runs`.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::Gitea;
use super::api::{Asked, below};
use super::map::runs::is_by_number;
use super::server::Way;
use super::state::{Activity, RepoState};
use super::wire_actions::Run;
use crate::domain::Timestamp;
use crate::domain::fact::{Fact, FactId, FactKind};
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::sources::detail::{is_detail, without};
use crate::sources::{Batch, SourceError};

/// How many runs are asked for in one fetch.
const AT_ONCE: usize = 4;

/// How long what was told of a run by itself is taken for current: it runs for long, or waits.
const AGAIN: TimeDelta = TimeDelta::minutes(2);

impl RepoState {
    /// Returns the runs at work that a list of the newest did not hold.
    fn slid(&self, listed: &BTreeSet<u64>) -> Vec<u64> {
        let moving = self.runs.iter().filter(|(id, run)| {
            run.activity == Activity::AtWork && !is_by_number(**id) && !listed.contains(id)
        });
        moving.map(|(id, _)| *id).collect()
    }

    /// Returns those of them whose turn it is, the longest ago first.
    fn due(&self, slid: &[u64], now: Timestamp) -> Vec<u64> {
        let asked_at = |id: &u64| self.runs.get(id).and_then(|run| run.asked_at);
        let is_due = |id: &&u64| asked_at(id).is_none_or(|at| now - at >= AGAIN);
        let mut due: Vec<u64> = slid.iter().filter(is_due).copied().collect();
        due.sort_by_key(asked_at);
        due.truncate(AT_ONCE);
        due
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
        let due = {
            let mut state = self.state();
            let may = state.ways.may(Way::Run, asked.now);
            let Some(repo) = state.known(key.path()) else {
                return Ok(());
            };
            let slid = repo.slid(listed);
            if is_whole {
                repo.runs.retain(|id, _| !slid.contains(id));
                return Ok(());
            }
            if may {
                repo.due(&slid, asked.now)
            } else {
                Vec::new()
            }
        };
        for id in due {
            let goes_on = self.run_alone(key, id, asked, batch).await?;
            if !goes_on {
                break;
            }
        }
        Ok(())
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
        match self.one::<Run>(&parts, &[], asked).await {
            Ok((wire, _)) => {
                self.there(Way::Run);
                let found = self.made_runs(key, std::slice::from_ref(&wire), asked.now);
                let found = self.seen(key, found);
                batch.facts.extend(found.into_iter().map(Fact::Run));
                Ok(true)
            }
            Err(failure) if self.lacks(Way::Run, &failure, asked.now) => Ok(false),
            Err(failure) if failure.status == Some(404) => {
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
