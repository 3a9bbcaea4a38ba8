//! What never changes, read once: who brought a commit, and when releases were deployed.
//!
//! A bounded number each fetch. What the newest commits tell is read in `repo` and `checks`.

use super::Gitea;
use super::api::{Asked, below};
use super::checks;
use super::server::Way;
use super::wire;
use crate::domain::fact::Fact;
use crate::domain::key::{RepoKey, Sha};
use crate::sources::detail::absent;
use crate::sources::{Batch, SourceError};

/// Of how many commits it is asked in one fetch.
const AT_ONCE: usize = 8;

/// What one fetch probably costs.
pub(super) const COST: u32 = 8;

impl Gitea {
    /// Asks of commits for which that is not known which pull request brought them.
    pub(super) async fn brought(&self, path: &str, asked: Asked) -> Result<Batch, SourceError> {
        let key = self.key(path);
        let mut batch = Batch::default();
        let (unclear, mut known) = {
            let mut state = self.state();
            let repo = state.known(path);
            repo.map(|repo| (repo.unclear.clone(), repo.brought.clone()))
                .unwrap_or_default()
        };
        let mut requests = 0;
        let mut done = 0;
        for mut commit in unclear {
            let answer = match known.get(&commit.sha) {
                Some(answer) => Some(*answer),
                None if requests == AT_ONCE => break,
                None => {
                    requests += 1;
                    self.ask_who_brought((&key, &commit.sha), asked, &mut batch)
                        .await?
                }
            };
            done += 1;
            if let Some(answer) = answer {
                // Two branches may have the same commit.
                known.insert(commit.sha.clone(), answer);
                commit.change_request = answer;
                commit.direct = answer.is_none();
                batch.facts.push(Fact::Commit(commit));
            }
        }
        if let Some(repo) = self.state().known(path) {
            repo.unclear.drain(..done.min(repo.unclear.len()));
            repo.turn += 1;
        }
        Ok(batch)
    }

    /// Asks which pull request brought a commit: none where the server does not tell.
    pub(super) async fn ask_who_brought(
        &self,
        (key, sha): (&RepoKey, &Sha),
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<Option<Option<u64>>, SourceError> {
        let now = asked.now;
        if !self.state().ways.may(Way::Brought, now) {
            return Ok(None);
        }
        let parts = below(key.path(), &["commits", sha.as_str(), "pull"]);
        let read = self.one::<wire::Numbered>(&parts, &[], asked);
        let answer = match read.await {
            Ok((pull, _)) => Some(Some(pull.number)),
            Err(failure) if self.lacks(Way::Brought, &failure, now) => None,
            Err(failure) if failure.status == Some(404) => {
                // Most commits come of no pull request, and that is how it is told.
                self.port.excused(&failure);
                Some(None)
            }
            Err(failure) => absent(failure, batch).map(|()| None)?,
        };
        if let Some(answer) = answer {
            let mut state = self.state();
            state.ways.see(Way::Brought);
            if let Some(repo) = state.known(key.path()) {
                repo.brought(sha.clone(), answer);
            }
        }
        Ok(answer)
    }

    /// Reads the statuses of releases once: what of them was deployed, and when.
    ///
    /// Without them the oldest deployment of the newest commits would count as the one that
    /// brought all that is older.
    pub(super) async fn deployed(&self, path: &str, asked: Asked) -> Result<Batch, SourceError> {
        let key = self.key(path);
        let mut batch = Batch::default();
        let wanted: Vec<Sha> = {
            let mut state = self.state();
            let repo = state.known(path);
            repo.map(|repo| repo.undated.iter().take(AT_ONCE).cloned().collect())
                .unwrap_or_default()
        };
        for sha in &wanted {
            if let Some(combined) = self.combined(&key, sha, asked, &mut batch).await? {
                checks::deployments(&key, (sha, &combined), &mut batch);
            }
        }
        if let Some(repo) = self.state().known(path) {
            repo.undated.retain(|sha| !wanted.contains(sha));
            repo.dated.extend(wanted);
            repo.turn += 1;
        }
        Ok(batch)
    }
}
