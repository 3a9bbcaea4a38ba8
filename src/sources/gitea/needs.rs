//! What correlation asked for: ranges, jobs, attempts, history, files, diagnoses.
//!
//! A range never changes, so it is asked once in the life of a store. What has no
//! answer is not asked again for an hour.

use serde::de::IgnoredAny;

use super::Gitea;
use super::api::{Asked, below, is_missing};
use super::map;
use super::map::runs::is_by_number;
use super::server::Way;
use super::state::State;
use super::{times, wire};
use crate::domain::Timestamp;
use crate::domain::change_request::{ChangeKey, ChangedPaths};
use crate::domain::commit::Range;
use crate::domain::correlate::Need;
use crate::domain::fact::Fact;
use crate::domain::key::{RepoKey, Sha};
use crate::domain::run::RunKey;
use crate::domain::text::Clean;
use crate::sources::http::{Failure, List};
use crate::sources::needs::{self, Round, Turn};
use crate::sources::port::Ask;
use crate::sources::{Batch, SourceError};

/// How many pages of files are read.
const PAGES: usize = 10;

/// How many earlier attempts of a run are read, the newest first.
const MOST_ATTEMPTS: u32 = 10;

/// What one fetch of needs probably costs.
pub(super) const COST: u32 = 8;

/// Returns whether a need is to be asked now.
pub(super) fn is_due(state: &State, need: &Need, now: Timestamp) -> bool {
    let known = state.repos.contains_key(&needs::path_of(need));
    known && needs::is_time(state.answered.get(need), now)
}

impl Gitea {
    /// Answers what correlation would like to know, as far as its turn has come.
    ///
    /// The repositories in which something happened last come first.
    pub(super) async fn answer(&self, turn: Turn, asked: Asked) -> Result<Batch, SourceError> {
        let due: Vec<Need> = {
            let state = self.state();
            let due = |need: &&Need| Turn::of(need) == turn && is_due(&state, need, asked.now);
            let most = if turn == Turn::Spare {
                times::AT_ONCE
            } else {
                needs::AT_ONCE
            };
            needs::newest_first(state.needs.iter().filter(due), most, |path| {
                state.repos.get(path).and_then(|repo| repo.changed_at)
            })
        };
        let mut round = Round::new(asked.now);
        for need in due {
            let answer = self.answer_one(&need, asked).await;
            if !round.take(need, needs::parts(answer), |text| self.port.shown(text)) {
                break;
            }
        }
        let mut state = self.state();
        let batch = round.end(&mut state.answered)?;
        state.turn += 1;
        Ok(batch)
    }

    async fn answer_one(&self, need: &Need, asked: Asked) -> Result<Vec<Fact>, Failure> {
        let key = |repo: &RepoKey, run: u64| RunKey {
            repo: repo.clone(),
            id: run,
        };
        match need {
            Need::Range { repo, from, to } => self.range(repo, from, to, asked).await,
            Need::Jobs { repo, run } => {
                let run = key(repo, *run);
                let set = self
                    .jobs(&run, self.attempt_of(&run), asked, &mut None)
                    .await?;
                Ok(set.into_iter().map(Fact::JobSet).collect())
            }
            Need::Paths { repo, number } => self.paths(repo, *number, asked).await,
            Need::Times { repo, number } => self.times_of(repo, *number, asked).await,
            // There is no interface for what a run waits for.
            Need::Gates { .. } | Need::ManualJobs { .. } => Ok(Vec::new()),
            Need::Diagnosis { repo, run, job } => {
                self.need_diagnosis(key(repo, *run), *job, asked).await
            }
            Need::Attempts { repo, run } => self.attempts(&key(repo, *run), asked).await,
            Need::History {
                repo,
                workflow,
                branch,
                runs,
            } => self.history(repo, (workflow, branch), *runs, asked).await,
        }
    }

    pub(super) fn attempt_of(&self, run: &RunKey) -> u32 {
        let mut state = self.state();
        let repo = state.known(run.repo.path());
        repo.and_then(|repo| repo.runs.get(&run.id))
            .map_or(1, |run| run.attempt)
    }

    async fn attempts(&self, run: &RunKey, asked: Asked) -> Result<Vec<Fact>, Failure> {
        let newest = self.attempt_of(run);
        let mut facts = Vec::new();
        if is_by_number(run.id) {
            return Ok(facts);
        }
        for attempt in (1..newest).rev().take(MOST_ATTEMPTS as usize) {
            match self.earlier(run, attempt, asked).await {
                Ok(Some(set)) => facts.push(Fact::EarlierJobs(set)),
                Ok(None) => break,
                Err(failure) if facts.is_empty() => return Err(failure),
                Err(_later) => break,
            }
        }
        Ok(facts)
    }

    /// Reads what lies between two commits.
    async fn range(
        &self,
        repo: &RepoKey,
        from: &Sha,
        to: &Sha,
        asked: Asked,
    ) -> Result<Vec<Fact>, Failure> {
        if !self.state().ways.may(Way::Compare, asked.now) {
            return Ok(Vec::new());
        }
        let ends = format!("{}...{}", from.as_str(), to.as_str());
        let parts = below(repo.path(), &["compare", &ends]);
        // The answer is kept as a fact for ever; keeping its text as well would be waste.
        let asked = Asked {
            ask: Ask {
                conditional: false,
                ..asked.ask
            },
            ..asked
        };
        match self.one::<wire::Comparison>(&parts, &[], asked).await {
            Ok((wire, _)) => {
                self.there(Way::Compare);
                Ok(vec![Fact::Range(map::range(repo, (from, to), &wire))])
            }
            Err(failure) if self.lacks(Way::Compare, &failure, asked.now) => Ok(Vec::new()),
            Err(failure) if is_missing(&failure) => {
                let ends = (from, to);
                self.port.excused(&failure);
                let range = self.incomparable(repo, ends, (asked, failure)).await?;
                Ok(vec![Fact::Range(range)])
            }
            Err(failure) => Err(failure),
        }
    }

    /// Finds out why nothing lies between two commits: one is not there, or they share no history.
    async fn incomparable(
        &self,
        repo: &RepoKey,
        ends: (&Sha, &Sha),
        (asked, failure): (Asked, Failure),
    ) -> Result<Range, Failure> {
        let here = (
            self.has(repo, ends.0, asked).await?,
            self.has(repo, ends.1, asked).await?,
        );
        if here == (false, false) {
            // So it answers too where the repository is not there, or not for this token.
            let parts = below(repo.path(), &["branches"]);
            let query = [("page", "1"), ("limit", "1")];
            let seen = self.one::<IgnoredAny>(&parts, &query, asked).await;
            seen.map_err(|_hidden| failure)?;
        }
        Ok(needs::incomparable(repo, ends, here))
    }

    /// Returns whether a repository has a commit, as far as this token may see.
    async fn has(&self, repo: &RepoKey, sha: &Sha, asked: Asked) -> Result<bool, Failure> {
        let parts = below(repo.path(), &["git", "commits", sha.as_str()]);
        match self.one::<IgnoredAny>(&parts, &[], asked).await {
            Ok(_) => Ok(true),
            Err(failure) if is_missing(&failure) => {
                self.port.excused(&failure);
                Ok(false)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Reads the files of a change request.
    async fn paths(&self, repo: &RepoKey, number: u64, asked: Asked) -> Result<Vec<Fact>, Failure> {
        let text = number.to_string();
        let parts = below(repo.path(), &["pulls", &text, "files"]);
        let take = |list: List<wire::ChangedFile>| list;
        let pages = self.pages(&parts, &[], (PAGES, asked), take).await?;
        let files = pages.list.items.iter();
        let names = files.flat_map(|file| {
            // A file that moved counts at both places.
            [Some(&file.filename), file.previous_filename.as_ref()]
        });
        let mut paths: Vec<Clean> = names.flatten().map(|path| Clean::line(path)).collect();
        paths.sort();
        paths.dedup();
        let head_sha = {
            let mut state = self.state();
            let repo = state.known(repo.path());
            repo.and_then(|repo| repo.open.get(&number))
                .and_then(|change| change.head_sha.clone())
        };
        Ok(vec![Fact::ChangedPaths(ChangedPaths {
            change: ChangeKey {
                repo: repo.clone(),
                number,
            },
            head_sha,
            paths,
            complete: pages.complete && pages.list.bad_count == 0,
        })])
    }
}
