//! What correlation asked for: ranges, jobs, gates, files, history of a branch.
//!
//! A range never changes, so it is asked once in the life of a store. What has
//! no answer is not asked again for an hour.

use std::collections::BTreeSet;

use super::api::{Poll, is_absent, is_refusal};
use super::map::delivery;
use super::state::{Project, State};
use super::{GitLab, times, wire, wire_ci};
use crate::domain::Timestamp;
use crate::domain::change_request::{ChangeKey, ChangedPaths};
use crate::domain::commit::{Range, Relation};
use crate::domain::correlate::Need;
use crate::domain::fact::Fact;
use crate::domain::key::{RepoKey, Sha};
use crate::domain::run::{GateSet, RunKey};
use crate::domain::text::Clean;
use crate::sources::http::Failure;
use crate::sources::needs::{self, Round, Turn};
use crate::sources::{Batch, SourceError};

/// What one fetch of needs probably costs.
pub(super) const COST: u32 = 12;

/// How many pages of a range are read: a thousand commits.
const PAGES: usize = 10;

/// Of how many commits of a range it is kept who wrote them.
const MOST_TOLD: usize = 100;

/// How many pipelines of a branch are read at most: one page.
const MOST_RUNS: u32 = 100;

/// Of how many of them the jobs are read, where none are known.
const MOST_JOBS: usize = 5;

impl State {
    /// Returns whether a need is to be asked now.
    fn is_needed(&self, need: &Need, now: Timestamp) -> bool {
        let known = self.projects.contains_key(&needs::path_of(need));
        known && needs::is_time(self.answered.get(need), now)
    }

    /// Returns whether something is to be asked whose turn this is.
    pub(super) fn has_needs(&self, turn: Turn, now: Timestamp) -> bool {
        let mut needs = self.needs.iter();
        needs.any(|need| Turn::of(need) == turn && self.is_needed(need, now))
    }

    /// Takes in what is asked for; that of other hosts and systems is left.
    pub(super) fn ask_for(&mut self, all: &BTreeSet<Need>, place: &str) {
        needs::ask_for(all, place, (&mut self.needs, &mut self.answered));
    }
}

impl GitLab {
    /// Answers what correlation would like to know, as far as its turn has come.
    ///
    /// The projects in which something happened last come first.
    pub(super) async fn answer(&self, turn: Turn, poll: Poll) -> Result<Batch, SourceError> {
        let due: Vec<Need> = {
            let state = self.state();
            let due = |need: &&Need| Turn::of(need) == turn && state.is_needed(need, poll.now);
            let most = if turn == Turn::Spare {
                times::AT_ONCE
            } else {
                needs::AT_ONCE
            };
            needs::newest_first(state.needs.iter().filter(due), most, |path| {
                state.projects.get(path).and_then(Project::changed_at)
            })
        };
        let mut round = Round::new(poll.now);
        for need in due {
            let mut told = Batch::default();
            let answer = self.answer_one(&need, poll, &mut told).await;
            if !round.take(need, (told.facts, answer.err()), Clean::line) {
                break;
            }
        }
        let mut state = self.state();
        let batch = round.end(&mut state.answered)?;
        *(match turn {
            Turn::Now => &mut state.turns.needs,
            Turn::Past => &mut state.turns.past,
            Turn::Spare => &mut state.turns.times,
        }) += 1;
        Ok(batch)
    }

    async fn answer_one(&self, need: &Need, poll: Poll, batch: &mut Batch) -> Result<(), Failure> {
        match need {
            Need::Range { repo, from, to } => {
                let range = self.range(repo, (from, to), poll).await?;
                batch.facts.push(Fact::Range(range));
            }
            // The jobs that were retried come with those that count, and gates with both.
            Need::Jobs { repo, run } | Need::Attempts { repo, run } => {
                self.tell_run(repo.path(), *run, poll, batch).await?;
            }
            Need::ManualJobs { repo, run } => {
                self.tell_run(repo.path(), *run, poll, batch).await?;
                let is_told = |fact: &Fact| matches!(fact, Fact::GateSet(_));
                if !batch.facts.iter().any(is_told) {
                    // That there are none is an answer as well.
                    batch.facts.push(Fact::GateSet(GateSet {
                        run: RunKey {
                            repo: repo.clone(),
                            id: *run,
                        },
                        gates: Vec::new(),
                    }));
                }
            }
            Need::Gates { repo, run } => {
                self.held(repo, poll).await?;
                self.tell_run(repo.path(), *run, poll, batch).await?;
            }
            Need::Paths { repo, number } => {
                let paths = self.paths(repo, *number, poll).await?;
                batch.facts.push(Fact::ChangedPaths(paths));
            }
            Need::Times { repo, number } => {
                let times = self.times_of(repo, *number, poll).await?;
                batch.facts.push(Fact::ChangeTimes(times));
            }
            Need::Diagnosis { repo, run, job } => {
                let key = RunKey {
                    repo: repo.clone(),
                    id: *run,
                };
                batch
                    .facts
                    .extend(self.need_diagnosis(key, *job, poll).await?);
            }
            Need::History {
                repo, branch, runs, ..
            } => self.history(repo, branch, *runs, poll, batch).await?,
        }
        Ok(())
    }

    /// Reads what lies between two commits, page by page.
    ///
    /// What the newer has and the older has not is one list; how they lie follows from it.
    async fn range(
        &self,
        repo: &RepoKey,
        ends: (&Sha, &Sha),
        poll: Poll,
    ) -> Result<Range, Failure> {
        let (from, to) = ends;
        let part = self.part(repo.path());
        let between = format!("{}..{}", from.as_str(), to.as_str());
        let route = ["projects", &part, "repository", "commits"];
        let query = [("ref_name", between.as_str()), ("per_page", "100")];
        let mut once = poll;
        // The answer is kept as a fact for ever; keeping its text as well would be waste.
        once.ask.conditional = false;
        let (items, complete) = match self.list::<wire::Commit>(&route, &query, PAGES, once).await {
            Ok(listed) => {
                let whole = listed.is_whole();
                (listed.list.items, whole)
            }
            Err(failure) if is_refusal(&failure) => match self.compared(&part, ends, once).await {
                Ok(compared) => compared,
                Err(failure) if is_absent(&failure) => (Vec::new(), true),
                Err(failure) => return Err(failure),
            },
            Err(failure) => return Err(failure),
        };
        if items.is_empty() && complete && from != to {
            // So it answers too where it does not have one of them.
            let here = (
                self.has(&part, from, once).await?,
                self.has(&part, to, once).await?,
            );
            if here != (true, true) {
                return Ok(needs::incomparable(repo, ends, here));
            }
        }
        let relation = relation(ends, &items, complete);
        let told: Vec<_> = items.iter().filter_map(delivery::told).collect();
        Ok(Range {
            repo: repo.clone(),
            from: from.clone(),
            to: to.clone(),
            relation,
            commits: told.iter().map(|commit| commit.sha.clone()).collect(),
            complete: complete && relation != Relation::Unknown && told.len() == items.len(),
            told: told.into_iter().take(MOST_TOLD).collect(),
        })
    }

    /// Returns whether a project has a commit; of a project that is not there it says so.
    async fn has(&self, part: &str, sha: &Sha, poll: Poll) -> Result<bool, Failure> {
        let route = ["projects", part, "repository", "commits", sha.as_str()];
        match self.one::<serde::de::IgnoredAny>(&route, &[], poll).await {
            Ok(_) => Ok(true),
            Err(failure) if is_absent(&failure) && names_a_commit(&failure) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Reads the same by a comparison, which brings all the lines that differ along.
    async fn compared(
        &self,
        part: &str,
        (from, to): (&Sha, &Sha),
        poll: Poll,
    ) -> Result<(Vec<wire::Commit>, bool), Failure> {
        let route = ["projects", part, "repository", "compare"];
        let query = [("from", from.as_str()), ("to", to.as_str())];
        let (read, _) = self.one::<wire::Comparison>(&route, &query, poll).await?;
        let whole = !read.compare_timeout && read.commits.bad_count == 0;
        Ok((read.commits.items, whole))
    }

    /// Reads the files of a merge request.
    async fn paths(
        &self,
        repo: &RepoKey,
        number: u64,
        poll: Poll,
    ) -> Result<ChangedPaths, Failure> {
        let part = self.part(repo.path());
        let iid = number.to_string();
        let route = ["projects", &part, "merge_requests", &iid, "diffs"];
        let query = [("per_page", "100")];
        let listed = match self.list::<wire::Diff>(&route, &query, PAGES, poll).await {
            Ok(listed) => Ok((listed.is_whole(), listed.list.items)),
            // Servers before 15.7 tell them with the merge request.
            Err(failure) if is_refusal(&failure) => {
                let route = ["projects", &part, "merge_requests", &iid, "changes"];
                let asked = self.one::<wire::Changes>(&route, &[], poll).await;
                asked.map(|(read, _)| {
                    let whole = !read.overflow && read.changes.bad_count == 0;
                    (whole, read.changes.items)
                })
            }
            Err(failure) => Err(failure),
        };
        let (complete, diffs) = listed?;
        let both = diffs
            .iter()
            .flat_map(|diff| [&diff.old_path, &diff.new_path]);
        let mut paths: Vec<Clean> = both.flatten().map(|path| Clean::line(path)).collect();
        paths.sort();
        paths.dedup();
        let head_sha = {
            let mut state = self.state();
            let project = state.known(repo.path());
            let seen = project.and_then(|project| project.changes.get(&number).cloned());
            seen.and_then(|seen| seen.fact.head_sha)
        };
        Ok(ChangedPaths {
            change: ChangeKey {
                repo: repo.clone(),
                number,
            },
            head_sha,
            paths,
            complete,
        })
    }

    /// Reads which deployments of a project wait for approval.
    async fn held(&self, repo: &RepoKey, poll: Poll) -> Result<(), Failure> {
        let part = self.part(repo.path());
        let route = ["projects", &part, "deployments"];
        let query = [
            ("status", "blocked"),
            ("order_by", "id"),
            ("sort", "desc"),
            ("per_page", "50"),
        ];
        let listed = match self
            .list::<wire_ci::Deployment>(&route, &query, 1, poll)
            .await
        {
            Ok(listed) => listed,
            Err(failure) if is_refusal(&failure) => return Ok(()),
            Err(failure) => return Err(failure),
        };
        let mut state = self.state();
        if let Some(project) = state.known(repo.path()) {
            if listed.is_whole() {
                project.held.clear();
            }
            for wire in &listed.list.items {
                project
                    .held
                    .extend(delivery::held(wire).map(|held| (wire.id, held)));
            }
        }
        Ok(())
    }

    /// Reads the last pipelines of a branch, and the jobs of some of which none are known.
    async fn history(
        &self,
        repo: &RepoKey,
        branch: &Clean,
        runs: u32,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        let Some(git_ref) = self.ref_of(repo, branch) else {
            return Ok(());
        };
        let part = self.part(repo.path());
        let count = runs.clamp(1, MOST_RUNS).to_string();
        let route = ["projects", &part, "pipelines"];
        let query = [
            ("ref", git_ref.as_str()),
            ("scope", "finished"),
            ("per_page", count.as_str()),
        ];
        let listed = self
            .list::<wire_ci::Pipeline>(&route, &query, 1, poll)
            .await?;
        let ids: Vec<u64> = listed.list.items.iter().map(|wire| wire.id).collect();
        batch
            .facts
            .extend(self.take_runs(repo.path(), &listed.list.items, false));
        let unread: Vec<u64> = {
            let mut state = self.state();
            let project = state.known(repo.path());
            let runs = project.map(|project| &project.runs);
            let unread = |id: &&u64| {
                let seen = runs.and_then(|runs| runs.get(*id));
                seen.is_some_and(|seen| seen.jobs.is_none())
            };
            ids.iter().filter(unread).copied().take(MOST_JOBS).collect()
        };
        for id in unread {
            self.tell_run(repo.path(), id, poll, batch).await?;
        }
        Ok(())
    }

    /// Returns the reference whose pipelines stand under the name of a branch.
    fn ref_of(&self, repo: &RepoKey, branch: &Clean) -> Option<String> {
        if branch.is_empty() {
            return None;
        }
        if let Some(number) = branch.strip_prefix('!') {
            return Some(format!("refs/merge-requests/{number}/head"));
        }
        let mut state = self.state();
        let runs = state.known(repo.path()).map(|project| &project.runs);
        let mut newest = runs.into_iter().flat_map(|runs| runs.values().rev());
        let known = newest.find(|seen| seen.run.branch == *branch);
        Some(known.map_or_else(|| branch.to_string(), |seen| seen.git_ref.to_string()))
    }
}

/// Returns whether a refusal is about a commit, and not about its project.
fn names_a_commit(failure: &Failure) -> bool {
    let said = failure.said.as_deref().unwrap_or_default();
    said.to_ascii_lowercase().contains("commit")
}

/// Returns how the newer commit lies against the older, from what only the newer has.
///
/// Where the older is an ancestor, something of that list was made from it.
fn relation((from, to): (&Sha, &Sha), items: &[wire::Commit], complete: bool) -> Relation {
    if from == to {
        return Relation::Identical;
    }
    let has_parent = |wire: &wire::Commit| {
        let mut parents = wire.parent_ids.items.iter();
        parents.any(|id| Sha::parse(id).as_ref() == Some(from))
    };
    if items.iter().any(has_parent) {
        return Relation::Ahead;
    }
    // Parents that nobody tells prove nothing.
    let told = items.iter().all(|wire| !wire.parent_ids.items.is_empty());
    match (complete, items.is_empty()) {
        (true, true) => Relation::Behind,
        (true, false) if told => Relation::Diverged,
        (true | false, _) => Relation::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha(n: u64) -> Sha {
        Sha::parse(&format!("{n:040x}")).unwrap()
    }

    #[track_caller]
    fn check(ends: (u64, u64), items: &[(u64, &[u64])], complete: bool, expected: Relation) {
        let hex = |n: &u64| format!("{n:040x}");
        let items: Vec<wire::Commit> = items
            .iter()
            .map(|(id, parents)| {
                let parents: Vec<String> = parents.iter().map(hex).collect();
                let wire = serde_json::json!({"id": hex(id), "parent_ids": parents});
                serde_json::from_value(wire).unwrap()
            })
            .collect();
        let found = relation((&sha(ends.0), &sha(ends.1)), &items, complete);
        assert_eq!(found, expected, "{ends:?} {items:?}");
    }

    #[test]
    fn how_commits_lie_follows_from_what_only_the_newer_has() {
        check((1, 1), &[], true, Relation::Identical);
        check((1, 3), &[(3, &[2]), (2, &[1])], true, Relation::Ahead);
        check((3, 1), &[], true, Relation::Behind);
        check((5, 3), &[(3, &[2]), (2, &[1])], true, Relation::Diverged);
        check((1, 3), &[(3, &[2])], false, Relation::Unknown);
        check((1, 3), &[(3, &[])], true, Relation::Unknown);
        check((1, 3), &[], false, Relation::Unknown);
    }

    #[test]
    fn what_another_system_told_is_not_asked_here() {
        let repo = RepoKey::new("gitlab.com", "acme/api");
        let jobs = |run| Need::Jobs {
            repo: repo.clone(),
            run,
        };
        let foreign = crate::domain::run::foreign_id("ci.test", "api/1");
        let mut state = State::new();
        state.project("acme/api");
        let needs = BTreeSet::from([jobs(7), jobs(foreign)]);
        state.ask_for(&needs, "gitlab.com");
        assert_eq!(state.needs.len(), 1);
        assert!(state.has_needs(Turn::Now, Timestamp::UNIX_EPOCH));
        state.ask_for(&needs, "other.test");
        assert!(!state.has_needs(Turn::Now, Timestamp::UNIX_EPOCH));
    }
}
