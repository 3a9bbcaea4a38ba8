//! What correlation asked for: ranges, jobs, gates, files of change requests.
//!
//! A range never changes, so it is asked once in the life of a store. What has
//! no answer is not asked again for an hour.

use std::cmp::Reverse;

use chrono::TimeDelta;

use super::map::{self, relation};
use super::state::State;
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
use crate::sources::http::{Failure, List, decode, follow};
use crate::sources::{Batch, SourceError};

/// How many needs are answered in one fetch.
const AT_ONCE: usize = 8;

/// How many logs are read in one fetch.
const LOGS_AT_ONCE: usize = 2;

/// How many pages of a comparison are read: a thousand commits.
const PAGES: usize = 10;

/// For how long an answer, or the lack of one, is not asked for again.
const HOURS: i64 = 1;

/// How much of that a log that was not there yet has waited already.
const EARLY_MINS: i64 = HOURS * 60 - 1;

/// Returns the repository that a need is about.
pub(super) fn repo_of(need: &Need) -> &RepoKey {
    match need {
        Need::Range { repo, .. }
        | Need::Jobs { repo, .. }
        | Need::Paths { repo, .. }
        | Need::Gates { repo, .. }
        | Need::Diagnosis { repo, .. }
        | Need::Attempts { repo, .. }
        | Need::History { repo, .. } => repo,
    }
}

/// What one fetch of needs probably costs.
pub(super) const COST: u32 = 8;

/// Returns whether a need is about what is long past: it never changes, and there are many.
pub(super) fn is_past(need: &Need) -> bool {
    matches!(need, Need::Range { .. })
}

/// Returns what is answered in one fetch: logs are large, so few of them.
fn choose<'n>(due: impl Iterator<Item = &'n Need>) -> Vec<Need> {
    let mut logs = 0;
    let fits = |need: &&Need| {
        logs += usize::from(matches!(need, Need::Diagnosis { .. }));
        !matches!(need, Need::Diagnosis { .. }) || logs <= LOGS_AT_ONCE
    };
    due.filter(fits).take(AT_ONCE).cloned().collect()
}

/// Returns whether a need is to be asked now.
pub(super) fn is_due(state: &State, need: &Need, now: Timestamp) -> bool {
    let known = state
        .repos
        .contains_key(&repo_of(need).path().to_ascii_lowercase());
    let asked = state.answered.get(need);
    known && asked.is_none_or(|at| *at < now && (now - *at).num_hours() >= HOURS)
}

impl GitHub {
    /// Answers what correlation would like to know: of what happens now, or of what is past.
    ///
    /// The repositories in which something happened last come first.
    pub(super) async fn answer(&self, past: bool, ask: Ask) -> Result<Batch, SourceError> {
        let due: Vec<Need> = {
            let state = self.state();
            let due = |need: &&Need| is_past(need) == past && is_due(&state, need, ask.now);
            let mut due: Vec<&Need> = state.needs.iter().filter(due).collect();
            due.sort_by_cached_key(|need| {
                let path = repo_of(need).path().to_ascii_lowercase();
                Reverse(state.repos.get(&path).and_then(|repo| repo.changed_at))
            });
            choose(due.into_iter())
        };
        let mut batch = Batch::default();
        // Noted where nothing is waited for any more: what is noted was handed over.
        let mut answered = Vec::with_capacity(due.len());
        let mut trouble = None;
        for need in due {
            let answer = self.answer_one(&need, ask).await;
            let is_early = matches!(need, Need::Diagnosis { .. })
                && matches!(&answer, Ok(facts) if facts.is_empty());
            match answer {
                Ok(facts) => batch.facts.extend(facts),
                Err(Failure { error, .. }) => match error {
                    SourceError::NotFound { .. }
                    | SourceError::Forbidden { .. }
                    | SourceError::Refused { .. }
                    | SourceError::Unreadable { .. } => {
                        batch.warnings.push(Clean::line(&error.to_string()));
                    }
                    SourceError::RateLimited { .. }
                    | SourceError::Unreachable { .. }
                    | SourceError::Auth { .. }
                    | SourceError::NoToken { .. } => {
                        trouble = Some(error).filter(|_| batch.facts.is_empty());
                        break;
                    }
                },
            }
            // A log that is on its way is there in a minute, not in an hour.
            let wait = if is_early {
                TimeDelta::minutes(EARLY_MINS)
            } else {
                TimeDelta::zero()
            };
            answered.push((need, ask.now - wait));
        }
        let mut state = self.state();
        state.answered.extend(answered);
        if let Some(error) = trouble {
            return Err(error);
        }
        *(if past {
            &mut state.turns.past
        } else {
            &mut state.turns.needs
        }) += 1;
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
            Need::Paths { repo, number } => self.paths(repo, *number, ask).await?,
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
            let answer = client.get(&request).await?;
            let read: Comparison = decode(client.host(), request.url.path(), &answer.body)?;
            if page == 0 {
                lies = relation(read.status.as_deref());
                total = read.total_commits;
            }
            commits.extend(read.commits.items.iter().filter_map(map::compared));
            match answer.next {
                Some(next) if next != request.url => request.url = next,
                _ => break,
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

    /// Reads the files of a change request.
    async fn paths(&self, repo: &RepoKey, number: u64, ask: Ask) -> Result<Fact, Failure> {
        let route = format!("repos/{}/pulls/{number}/files", repo.path());
        let request = self
            .api
            .request(&route, &[("per_page", "100")], ask.urgency);
        let take = |list: List<ChangedFile>| list;
        let pages = follow(&self.api.client, request, PAGES, take).await?;
        let change = ChangeKey {
            repo: repo.clone(),
            number,
        };
        let whole = pages.complete && pages.list.bad_count == 0;
        let paths = map::changed_paths(change, None, &pages.list.items, whole);
        Ok(Fact::ChangedPaths(paths))
    }
}
