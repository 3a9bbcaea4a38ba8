//! Pipelines, and what tells why one is red or waits: jobs, child pipelines, gates.

use chrono::TimeDelta;

use super::api::{Poll, is_refusal, moment, refused};
use super::map::ci::{self, About, Jobs};
use super::map::{sha, work};
use super::state::{Activity, Project, RunSeen};
use super::{GitLab, troubles, wire_ci};
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::run::{Blocks, Failure as Fails, Gate, GateSet, RunKey, RunState};
use crate::domain::text::Clean;
use crate::domain::{Timestamp, earlier};
use crate::sources::detail::without;
use crate::sources::http::Failure;
use crate::sources::{Batch, CapabilityState, SourceError};

/// How many pipelines are read the first time.
const FIRST: &str = "50";

/// How many pages of pipelines that changed are read.
const PAGES: usize = 3;

/// Of how many pipelines the details are read in one fetch.
const DETAILS: usize = 6;

/// How long the jobs of a run at work are taken for current.
const JOBS_SECS: i64 = 45;

/// For how many days a red run is worth a look at its jobs.
const RED_DAYS: i64 = 14;

/// How far back what changed is asked for again.
const OVERLAP: TimeDelta = TimeDelta::minutes(2);

impl GitLab {
    /// Reads the pipelines of a project that changed, and the details of those that need a look.
    pub(super) async fn runs(
        &self,
        path: &str,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let (part, since, hidden) = {
            let mut state = self.state();
            let hidden = state.is_hidden(path, super::RUNS, poll.now);
            let is_listed = state.discovered_at.is_some();
            let Some(project) = state.known(path) else {
                return Ok(());
            };
            if is_listed && project.id.is_none() || project.misses > 0 {
                // Whether it is there at all is the list's to say; its pipelines come after that.
                return Ok(());
            }
            if project.no_ci {
                drop(state);
                self.had_runs(path, poll.now);
                return Ok(());
            }
            (project.part(), project.runs_to, hidden)
        };
        if hidden && poll.ask.urgency != crate::sources::http::Urgency::Person {
            self.had_runs(path, poll.now);
            return Ok(());
        }
        let after = since.map(moment).unwrap_or_default();
        let (query, cap) = if since.is_some() {
            let query = vec![
                ("updated_after", after.as_str()),
                ("order_by", "updated_at"),
                ("sort", "asc"),
                ("per_page", "100"),
            ];
            (query, PAGES)
        } else {
            (vec![("per_page", FIRST)], 1)
        };
        let route = ["projects", part.as_str(), "pipelines"];
        let listed = match self
            .list::<wire_ci::Pipeline>(&route, &query, cap, poll)
            .await
        {
            Ok(listed) => listed,
            Err(failure) if is_refusal(&failure) => {
                if let Some(error) = self.loss(path, poll).await {
                    self.had_runs(path, poll.now);
                    return Err(error);
                }
                return self.without_runs(path, failure, poll, batch);
            }
            Err(failure) => return Err(failure.error),
        };
        self.warn(&format!("{path}: pipelines"), &listed.list, batch);
        self.port.can(super::RUNS, CapabilityState::Available);
        let newest = listed
            .list
            .items
            .iter()
            .filter_map(|it| it.updated_at)
            .max();
        let facts = self.take_runs(path, &listed.list.items, listed.same);
        batch.facts.extend(facts);
        {
            let mut state = self.state();
            if let Some(project) = state.known(path) {
                project.answers();
                // Where nothing ran yet, what comes is newer than this answer.
                let begun = listed.asked_at - OVERLAP;
                // A moment that is still to come would hide all that happens until then.
                let to = newest.map(|at| earlier(at.min(listed.asked_at), OVERLAP));
                let to = if since.is_some() || to.is_some() {
                    to
                } else {
                    Some(begun)
                };
                project.runs_to = project.runs_to.max(to);
            }
        }
        self.had_runs(path, poll.now);
        self.details_of_runs(path, poll, batch).await?;
        batch.covered.push(Clean::line(path));
        Ok(())
    }

    fn had_runs(&self, path: &str, now: Timestamp) {
        if let Some(project) = self.state().known(path) {
            project.runs_wanted = false;
            project.runs_at = Some(now);
            project.turn += 1;
        }
    }

    /// A project without CI, or whose CI the token may not see, is no failure of the source.
    /// Where they were shown before, somebody took that away.
    fn without_runs(
        &self,
        path: &str,
        failure: Failure,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        self.had_runs(path, poll.now);
        let mut state = self.state();
        if state.known(path).is_some_and(|it| it.runs_to.is_some()) {
            let what = format!("{} of {path}", super::RUNS);
            return Err(troubles::named(failure.error, what));
        }
        state.hide(path, super::RUNS, poll.now);
        let others = state.projects.len();
        drop(state);
        // Of one among many it is no news: CI may be off there.
        if !self.port.did(super::RUNS) {
            if others == 1 {
                let why = refused(&failure, "`read_api`, and CI must be on");
                self.port.can(super::RUNS, CapabilityState::Missing(why));
            }
            let text = format!("{path}: its pipelines are not shown to this token");
            batch.warnings.push(Clean::line(&text));
        }
        Ok(())
    }

    /// Takes pipelines in; returns the runs, and the merge requests whose checks they change.
    pub(super) fn take_runs(
        &self,
        path: &str,
        wires: &[wire_ci::Pipeline],
        same: bool,
    ) -> Vec<Fact> {
        let mut facts = Vec::new();
        let mut state = self.state();
        let Some(project) = state.known(path) else {
            return facts;
        };
        let repo = self.key(&project.path);
        for wire in wires {
            let number = super::details::of_ref(wire);
            let Some(seen) = seen(&repo, project, wire, number) else {
                continue;
            };
            let before = project.runs.get(&wire.id).map(RunSeen::activity);
            let ended = before == Some(Activity::AtWork) && seen.activity() != Activity::AtWork;
            let run = seen.run.clone();
            project.see_run(seen);
            // Jobs deploy, and what a merge request waits for changes with its pipeline.
            project.delivery_wanted |= ended;
            let checks = work::checks(wire.status.as_deref());
            if let Some(change) = project.checked(&run, checks) {
                facts.push(Fact::ChangeRequest(Box::new(change)));
            }
            if !same {
                facts.push(Fact::Run(run));
            }
        }
        facts
    }

    /// Reads jobs and gates of the runs that ask for it, the newest first.
    async fn details_of_runs(
        &self,
        path: &str,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let due: Vec<u64> = {
            let mut state = self.state();
            let project = state.known(path);
            let due = project.map(|project| project.due_jobs(poll.now));
            due.unwrap_or_default()
        };
        for id in due {
            if let Err(failure) = self.tell_run(path, id, poll, batch).await {
                without(failure, batch)?;
            }
        }
        Ok(())
    }

    /// Reads the jobs of the runs at work; somebody may be looking at them.
    pub(super) async fn jobs_at_work(
        &self,
        path: &str,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let due: Vec<u64> = {
            let mut state = self.state();
            let runs = state.known(path).map(|project| project.at_work());
            runs.unwrap_or_default()
        };
        for id in due {
            if let Err(failure) = self.tell_run(path, id, poll, batch).await {
                without(failure, batch)?;
            }
        }
        let over = |fact: &Fact| {
            let Fact::JobSet(set) = fact else {
                return false;
            };
            set.complete && set.jobs.iter().all(|job| job.state.is_over())
        };
        if batch.facts.iter().any(over)
            && let Some(project) = self.state().known(path)
        {
            // Its end stands in the list of pipelines.
            project.runs_wanted = true;
        }
        Ok(())
    }

    /// Reads jobs and gates of one run, and tells them with what they say of the run.
    pub(super) async fn tell_run(
        &self,
        path: &str,
        id: u64,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        let key = RunKey {
            repo: self.key(&self.spelled(path)),
            id,
        };
        let jobs = self.jobs(&key, poll).await?;
        let mut state = self.state();
        for set in jobs.earlier.iter().chain([&jobs.newest]) {
            state.memory.jobs.see(set);
        }
        if let Some(project) = state.known(path) {
            batch.facts.extend(project.take_jobs(&jobs, poll.now));
        }
        batch.facts.push(Fact::JobSet(jobs.newest));
        let earlier = jobs.earlier.into_iter();
        batch.facts.extend(earlier.map(Fact::EarlierJobs));
        Ok(())
    }
}

/// Returns what is now known of a pipeline.
pub(super) fn seen(
    repo: &RepoKey,
    project: &Project,
    wire: &wire_ci::Pipeline,
    judges: Option<u64>,
) -> Option<RunSeen> {
    let before = project.runs.get(&wire.id);
    let own_sha = sha(wire.sha.as_deref());
    let change = judges.and_then(|number| project.changes.get(&number));
    let is_head = change.is_some_and(|seen| {
        let named = super::details::of_ref(wire).is_some();
        named && seen.pipeline.is_none_or(|id| id <= wire.id)
    });
    // It ran on a merge of the merge request: the commit that it judges is the head of that.
    let merged = wire
        .git_ref
        .as_deref()
        .is_some_and(|name| name.ends_with("/merge") || name.ends_with("/train"));
    let known = before
        .and_then(|seen| seen.run.head_sha.clone())
        .filter(|head| Some(head) != own_sha.as_ref());
    let head = change
        .filter(|_| is_head && merged)
        .and_then(|seen| seen.fact.head_sha.clone());
    let about = About {
        branch: change.map(|seen| seen.fact.head_branch.clone()),
        // Once it judges a head it goes on to judge that one.
        head: known.or(head),
        attempt: before.map_or(1, |seen| seen.run.attempt),
        never_ran: before.is_some_and(|seen| seen.never_ran),
    };
    let run = ci::run(repo, wire, &about)?;
    Some(RunSeen {
        run,
        git_ref: super::map::line(wire.git_ref.as_deref()),
        own_sha,
        jobs: before.and_then(|seen| seen.jobs),
        gated: before.is_some_and(|seen| seen.gated),
        offers: before.is_some_and(|seen| seen.offers),
        bridgeless: before.is_some_and(|seen| seen.bridgeless),
        never_ran: about.never_ran,
    })
}

impl Project {
    /// Returns the newest runs that are at work.
    fn at_work(&self) -> Vec<u64> {
        let newest = self.runs.values().rev();
        let found = newest.filter(|seen| seen.activity() == Activity::AtWork);
        found.map(|seen| seen.run.id).take(DETAILS).collect()
    }

    /// Returns the runs whose jobs are to be read now, the newest first.
    fn due_jobs(&self, now: Timestamp) -> Vec<u64> {
        let newest = self.runs.values().rev();
        let found = newest.filter(|seen| seen.needs_jobs(now));
        found.map(|seen| seen.run.id).take(DETAILS).collect()
    }

    /// Takes in the jobs of a run; returns the run, where they say more of it, and its gates.
    pub(super) fn take_jobs(&mut self, jobs: &Jobs, now: Timestamp) -> Vec<Fact> {
        let mut facts = Vec::new();
        let set = &jobs.newest;
        let gates = self.gates(jobs);
        let Some(seen) = self.runs.get_mut(&set.run.id) else {
            // Too old to be remembered, and asked for all the same.
            facts.extend((!gates.gates.is_empty()).then_some(Fact::GateSet(gates)));
            return facts;
        };
        let before = seen.run.clone();
        seen.jobs = Some((seen.run.updated_at, now));
        seen.run.attempt = seen.run.attempt.max(set.attempt);
        if set.complete && set.jobs.is_empty() && matches!(seen.run.state, RunState::Failed(_)) {
            seen.never_ran = true;
            seen.run.state = RunState::Failed(Fails::Startup);
        }
        if seen.run != before {
            facts.push(Fact::Run(seen.run.clone()));
        }
        let is_offer = |gate: &Gate| gate.blocks == Blocks::Nothing;
        let offers = gates.gates.iter().any(is_offer);
        let waits = !gates.gates.iter().all(is_offer);
        // The gates of a run that went on are passed: say so once.
        let was = seen.gated || seen.offers || seen.activity() == Activity::Waiting;
        if waits || offers || was {
            facts.push(Fact::GateSet(gates));
        }
        (seen.gated, seen.offers) = (waits, offers);
        facts
    }

    /// Returns the gates of a run, as far as they are known from its jobs and deployments.
    fn gates(&self, jobs: &Jobs) -> GateSet {
        let own = jobs.newest.run.id;
        let held = self.held.values().filter(|(run, _)| *run == own);
        let held: Vec<_> = held.map(|(_, held)| held.clone()).collect();
        ci::gates(jobs, &held, &self.places)
    }
}

impl RunSeen {
    /// A run at work changes without its time stamp; a red one is read once for each change.
    fn needs_jobs(&self, now: Timestamp) -> bool {
        let stale = self.jobs.is_none_or(|(of, _)| of != self.run.updated_at);
        let old = self
            .jobs
            .is_none_or(|(_, at)| (now - at).num_seconds() >= JOBS_SECS);
        match self.activity() {
            Activity::AtWork => stale || old,
            Activity::Waiting => stale,
            Activity::Red => stale && (now - self.run.updated_at).num_days() < RED_DAYS,
            // What may be started is looked at again once something was.
            Activity::Over => self.gated || (stale && (self.offers || self.jobs.is_some())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::key::Sha;
    use crate::sources::gitlab::map::work::Detail;
    use crate::sources::gitlab::state::ChangeSeen;

    fn project() -> Project {
        let text = format!(
            r#"{{"iid":7,"project_id":1,"title":"x","state":"opened","sha":"{}","source_branch":"cache",
            "created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-02T00:00:00Z"}}"#,
            "a".repeat(40)
        );
        let repo = RepoKey::new("gitlab.com", "acme/api");
        let mut project = Project::new("acme/api");
        project.see_change(ChangeSeen {
            fact: work::change(
                &repo,
                &serde_json::from_str(&text).unwrap(),
                &Detail::default(),
            ),
            detail: Detail::default(),
            detail_for: None,
            asked: None,
            wanted: false,
            pipeline: None,
            failed_at: None,
        });
        project
    }

    fn pipeline(id: u64, git_ref: &str, status: &str) -> wire_ci::Pipeline {
        let text = format!(
            r#"{{"id":{id},"iid":{id},"status":"{status}","ref":"{git_ref}","sha":"{}",
            "source":"merge_request_event","created_at":"2026-01-01T00:00:00Z"}}"#,
            "b".repeat(40)
        );
        serde_json::from_str(&text).unwrap()
    }

    fn see(project: &mut Project, wire: &wire_ci::Pipeline) -> RunSeen {
        let repo = RepoKey::new("gitlab.com", "acme/api");
        let number = super::super::details::of_ref(wire);
        let seen = seen(&repo, project, wire, number).unwrap();
        project.see_run(seen.clone());
        seen
    }

    #[test]
    fn a_pipeline_on_a_merge_judges_the_head_it_was_made_for() {
        let mut project = project();
        let wire = pipeline(5, "refs/merge-requests/7/merge", "running");
        let first = see(&mut project, &wire);
        let head = Sha::parse(&"a".repeat(40));
        assert_eq!((&first.run.head_sha, &*first.run.branch), (&head, "cache"));
        // Pushed since: what ran for the commit before does not judge the new one.
        let pushed = Sha::parse(&"c".repeat(40));
        project.changes.get_mut(&7).unwrap().fact.head_sha = pushed;
        let later = see(&mut project, &wire);
        assert_eq!(later.run.head_sha, head);
        let plain = see(&mut project, &pipeline(6, "main", "running"));
        assert_eq!(plain.run.head_sha, Sha::parse(&"b".repeat(40)));
    }

    #[test]
    fn a_pipeline_that_ends_changes_the_checks_of_its_merge_request_once() {
        let mut project = project();
        let wire = pipeline(5, "refs/merge-requests/7/head", "failed");
        let run = see(&mut project, &wire).run;
        let checks = || work::checks(Some("failed"));
        assert!(project.checked(&run, checks()).is_some());
        assert!(project.checked(&run, checks()).is_none());
        let older = see(
            &mut project,
            &pipeline(4, "refs/merge-requests/7/head", "success"),
        )
        .run;
        assert!(
            project
                .checked(&older, work::checks(Some("success")))
                .is_none()
        );
    }

    #[test]
    fn a_pipeline_that_failed_without_a_job_could_not_start() {
        let mut project = project();
        let run = see(&mut project, &pipeline(5, "main", "failed")).run;
        let key = run.key();
        let none = ci::Part {
            complete: true,
            ..ci::Part::default()
        };
        let empty = ci::jobs(&key, &[none]);
        let facts = project.take_jobs(&empty, Timestamp::UNIX_EPOCH);
        let started = RunState::Failed(Fails::Startup);
        assert!(matches!(&facts[..], [Fact::Run(run)] if run.state == started));
        let again = see(&mut project, &pipeline(5, "main", "failed"));
        assert_eq!(again.run.state, started);
    }
}
