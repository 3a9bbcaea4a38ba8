//! What correlation asked for: ranges, jobs, gates, files of change requests.
//!
//! A range never changes, so it is asked once in the life of a store. What has
//! no answer is not asked again for an hour.

use super::map::{self, relation};
use super::state::{State, Turns};
use super::times::ONE_BY_ONE;
use super::wire_rest::{ChangedFile, Comparison};
use super::{Ask, GitHub};
use crate::domain::Timestamp;
use crate::domain::change_request::ChangeKey;
use crate::domain::commit::Relation;
use crate::domain::correlate::Need;
use crate::domain::fact::Fact;
use crate::domain::key::{RepoKey, Sha};
use crate::domain::run::RunKey;
use crate::domain::text::Clean;
use crate::sources::http::{Failure, List, Next, decode, follow};
use crate::sources::needs::{self, Round, Turn};
use crate::sources::{Batch, SourceError};

/// How many pages of a comparison are read: a thousand commits.
const PAGES: usize = 10;

/// What one fetch of needs probably costs.
pub(super) const COST: u32 = 8;

/// Returns whether a need is to be asked now.
pub(super) fn is_due(state: &State, need: &Need, now: Timestamp) -> bool {
    let known = state.repos.contains_key(&needs::path_of(need));
    known && needs::is_time(state.answered.get(need), now)
}

impl Turns {
    /// Returns how many fetches of needs of a turn were answered.
    pub(super) fn of(&mut self, turn: Turn) -> &mut u64 {
        match turn {
            Turn::Now => &mut self.needs,
            Turn::Past => &mut self.past,
            Turn::Spare => &mut self.times,
        }
    }
}

impl GitHub {
    /// Answers what correlation would like to know, as far as its turn has come.
    ///
    /// The repositories in which something happened last come first.
    pub(super) async fn answer(&self, turn: Turn, ask: Ask) -> Result<Batch, SourceError> {
        let due: Vec<Need> = {
            let state = self.state();
            let due = |need: &&Need| Turn::of(need) == turn && is_due(&state, need, ask.now);
            let most = if turn == Turn::Spare {
                ONE_BY_ONE
            } else {
                needs::AT_ONCE
            };
            needs::newest_first(state.needs.iter().filter(due), most, |path| {
                state.repos.get(path).and_then(|repo| repo.changed_at)
            })
        };
        let mut round = Round::new(ask.now);
        for need in due {
            let answer = self.answer_one(&need, ask).await;
            if !round.take(need, needs::parts(answer), Clean::line) {
                break;
            }
        }
        let mut state = self.state();
        let batch = round.end(&mut state.answered)?;
        *state.turns.of(turn) += 1;
        Ok(batch)
    }

    async fn answer_one(&self, need: &Need, ask: Ask) -> Result<Vec<Fact>, Failure> {
        let fact = match need {
            Need::Range { repo, from, to } => self.range(repo, from, to, ask).await?,
            Need::Jobs { repo, run } => {
                let key = RunKey {
                    repo: repo.clone(),
                    id: *run,
                };
                let attempt = self.attempt_of(&key);
                Fact::JobSet(self.jobs(&key, attempt, ask).await?)
            }
            Need::Gates { repo, run } => {
                let key = RunKey {
                    repo: repo.clone(),
                    id: *run,
                };
                Fact::GateSet(self.gates(&key, ask).await?)
            }
            // It has none.
            Need::ManualJobs { .. } => return Ok(Vec::new()),
            Need::Paths { repo, number } => self.paths(repo, *number, ask).await?,
            Need::Times { repo, number } => self.times_of(repo, *number, ask).await?,
            Need::Diagnosis { repo, run, job } => {
                return self.need_diagnosis(repo, *run, *job, ask).await;
            }
            Need::Attempts { repo, run } => {
                let key = RunKey {
                    repo: repo.clone(),
                    id: *run,
                };
                return self.attempts(&key, ask).await;
            }
            Need::History {
                repo,
                workflow,
                branch,
                runs,
            } => return self.history(repo, (workflow, branch), *runs, ask).await,
        };
        Ok(vec![fact])
    }

    pub(super) fn attempt_of(&self, run: &RunKey) -> u32 {
        let mut state = self.state();
        let repo = state.known(run.repo.path());
        repo.and_then(|repo| repo.runs.get(&run.id))
            .map_or(1, |run| run.attempt)
    }

    /// Reads what lies between two commits, page by page.
    async fn range(&self, repo: &RepoKey, from: &Sha, to: &Sha, ask: Ask) -> Result<Fact, Failure> {
        let ends = format!("{}...{}", from.as_str(), to.as_str());
        let route = format!("repos/{}/compare/{ends}", repo.path());
        let query = [("per_page", "100"), ("page", "1")];
        let mut request = self.api.request(&route, &query, ask.urgency);
        // The answer is kept as a fact for ever; keeping its text as well would be waste.
        request.conditional = false;
        let client = &self.api.client;
        let (mut lies, mut total, mut commits) = (Relation::Unknown, 0, Vec::new());
        for page in 0..PAGES {
            let answer = match client.get(&request).await {
                Ok(answer) => answer,
                Err(failure) if page == 0 && failure.status == Some(404) => {
                    return self.incomparable(repo, (from, to), ask).await;
                }
                Err(failure) => return Err(failure),
            };
            let read: Comparison = decode(client.host(), request.url.path(), &answer.body)?;
            if page == 0 {
                lies = relation(read.status.as_deref());
                total = read.total_commits;
            }
            commits.extend(read.commits.items.iter().filter_map(map::compared));
            match answer.next {
                Next::At(next) if next != request.url => request.url = next,
                Next::At(_) | Next::Last | Next::Elsewhere => break,
            }
        }
        let complete = commits.len() >= total && lies != Relation::Unknown;
        Ok(Fact::Range(map::range(
            repo,
            (from, to),
            lies,
            commits,
            complete,
        )))
    }

    /// Finds out why nothing lies between two commits: one is not there, or they share no history.
    async fn incomparable(
        &self,
        repo: &RepoKey,
        (from, to): (&Sha, &Sha),
        ask: Ask,
    ) -> Result<Fact, Failure> {
        let here = (
            self.has(repo, from, ask).await?,
            self.has(repo, to, ask).await?,
        );
        Ok(Fact::Range(needs::incomparable(repo, (from, to), here)))
    }

    /// Returns whether a repository has a commit. A repository that is not there, or not for this
    /// token, is 404; of a commit that it does not have the interface says 422.
    async fn has(&self, repo: &RepoKey, sha: &Sha, ask: Ask) -> Result<bool, Failure> {
        let route = format!("repos/{}/commits/{}", repo.path(), sha.as_str());
        // Of its files nothing is wanted.
        let query = [("per_page", "1")];
        let mut request = self.api.request(&route, &query, ask.urgency);
        request.conditional = false;
        match self.api.client.get(&request).await {
            Ok(_) => Ok(true),
            Err(failure) if failure.status == Some(422) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Reads the files of a change request.
    async fn paths(&self, repo: &RepoKey, number: u64, ask: Ask) -> Result<Fact, Failure> {
        let route = format!("repos/{}/pulls/{number}/files", repo.path());
        let request = self
            .api
            .request(&route, &[("per_page", "100")], ask.urgency);
        let take = |list: List<ChangedFile>| list;
        let pages = follow(&self.api.client, request, PAGES, take).await?;
        if let Some(known) = self.state().known(repo.path()) {
            known.paths_matter = true;
        }
        let change = ChangeKey {
            repo: repo.clone(),
            number,
        };
        let whole = pages.complete && pages.list.bad_count == 0;
        let paths = map::changed_paths(change, None, &pages.list.items, whole);
        Ok(Fact::ChangedPaths(paths))
    }
}
