//! One build on its way to facts: which run and attempt it is, and what is told of it.
//!
//! Pure. What came before it is known by the run; nothing here is asked for.

use std::sync::Arc;

use super::{JobSeen, Place, RunSeen, Server, State};
use crate::domain::correlate::Need;
use crate::domain::fact::Fact;
use crate::domain::run::{Job, JobSet, Run, RunState, foreign_workflow};
use crate::domain::text::Clean;
use crate::sources::buildbot::map::{self, Order, Subject};
use crate::sources::buildbot::wire;

/// Where a build belongs.
struct Belongs {
    order: Arc<Order>,
    builder: Clean,
    place: Place,
    job: u64,
    run: u64,
    attempt: u32,
    /// Whether a newer build of the same run is known.
    is_past: bool,
}

impl State {
    /// Takes in one build.
    pub(super) fn build(&mut self, server: Server<'_>, wire: &wire::Build, facts: &mut Vec<Fact>) {
        let order = wire.buildrequestid.and_then(|id| self.orders.get(&id));
        let order = order.cloned().unwrap_or_default();
        let builder = self.builder(wire.builderid);
        let told = |ssid| self.told.get(&ssid).cloned();
        let properties = wire.properties.as_ref();
        let about = map::subject(server.site, &builder, &order, properties, told);
        let belongs = self.belongs(server, wire, order, about.is_fixed);
        let run = self.run(server, wire, about, &belongs);
        let job = job(wire, &run, &belongs);
        self.note_moving(wire.buildid, &run.state, wire.complete);
        self.builds.insert(wire.buildid, run.id);
        let has_steps = self.note_job(&run, &job, belongs.place);
        if belongs.is_past {
            facts.push(earlier(&run, job));
            return;
        }
        let before = self.runs.get(&run.id).and_then(|seen| {
            let other = seen.job.clone().filter(|other| other.id != job.id)?;
            Some(earlier(&seen.run, other))
        });
        facts.extend(before);
        facts.push(Fact::Run(run.clone()));
        facts.extend(job_set(&run, &job, has_steps).map(Fact::JobSet));
        let seen = RunSeen {
            newest: Some(wire.buildid),
            waits: None,
            job: Some(job),
            run,
        };
        self.runs.insert(seen.run.id, seen);
    }

    /// Finds run and attempt of a build.
    fn belongs(
        &self,
        server: Server<'_>,
        wire: &wire::Build,
        order: Arc<Order>,
        is_fixed: bool,
    ) -> Belongs {
        let place = (wire.builderid, wire.number);
        let job = server.job(place);
        let known = self.jobs.get(&job).map(|job| (job.run.id, job.attempt));
        let run = known.map_or_else(
            || {
                let request = wire.buildrequestid.unwrap_or(wire.buildid);
                self.run_of(server.site.ci, request, &order, is_fixed)
            },
            |(run, _)| run,
        );
        let before = self.runs.get(&run);
        let newest = before.and_then(|seen| seen.newest);
        let is_newer = newest < Some(wire.buildid);
        let attempt = match (known, before) {
            (Some((_, attempt)), _) => attempt,
            (None, Some(seen)) if is_newer && seen.job.is_some() => seen.run.attempt + 1,
            // An attempt before those that are known.
            (None, Some(seen)) if !is_newer => seen.run.attempt.saturating_sub(1).max(1),
            (None, Some(seen)) => seen.run.attempt.max(1),
            (None, None) => 1,
        };
        Belongs {
            builder: Clean::line(&self.builder(wire.builderid)),
            order,
            place,
            job,
            run,
            attempt,
            is_past: newest.is_some_and(|newest| newest > wire.buildid),
        }
    }

    fn run(&self, server: Server<'_>, wire: &wire::Build, about: Subject, at: &Belongs) -> Run {
        let started = map::at(wire.started_at.as_ref());
        let finished = map::at(wire.complete_at.as_ref());
        let asked = at.order.submitted_at.or(started).unwrap_or_default();
        let before = self.runs.get(&at.run);
        Run {
            repo: about.repo,
            ci: Clean::line(server.site.ci),
            no_jobs: Clean::default(),
            label: Clean::default(),
            id: at.run,
            number: wire.number,
            attempt: at.attempt,
            workflow: at.builder.clone(),
            workflow_path: foreign_workflow(server.site.ci, &at.builder),
            event: about.event,
            branch: about.branch,
            head_sha: about.head_sha,
            change_requests: about.change_requests,
            state: map::state(wire.complete, &wire.results, wire.state_string.as_deref()),
            actor: about.actor,
            title: about.title,
            url: server.build_page(at.place),
            created_at: before.map_or(asked, |seen| seen.run.created_at.min(asked)),
            started_at: started,
            updated_at: finished.or(started).unwrap_or(asked),
        }
    }

    /// Notes whether a build is to be asked for again.
    fn note_moving(&mut self, build: u64, state: &RunState, complete: bool) {
        let moves = match state {
            RunState::Running => true,
            RunState::Unknown(_) => !complete,
            RunState::Queued
            | RunState::Waiting
            | RunState::Passed
            | RunState::Skipped
            | RunState::Failed(_)
            | RunState::Cancelled
            | RunState::ActionRequired => false,
        };
        if moves {
            self.moving.insert(build);
        } else {
            self.moving.remove(&build);
        }
    }

    /// Notes a job; returns whether its steps were told already.
    fn note_job(&mut self, run: &Run, job: &Job, place: Place) -> bool {
        let has_steps = self.jobs.get(&job.id).is_some_and(|seen| seen.has_steps);
        if self
            .jobs
            .get(&job.id)
            .is_some_and(|seen| seen.state != job.state)
        {
            // What was asked while it ran is asked once more now.
            self.answered
                .retain(|need, _| run_of_need(need) != Some(run.id));
        }
        let seen = JobSeen {
            run: run.key(),
            attempt: run.attempt,
            place,
            name: job.name.clone(),
            state: job.state.clone(),
            finished_at: job.finished_at,
            has_steps,
        };
        self.jobs.insert(job.id, seen);
        has_steps
    }
}

/// Returns the job that a build is.
fn job(wire: &wire::Build, run: &Run, at: &Belongs) -> Job {
    Job {
        id: at.job,
        name: at.builder.clone(),
        stage: None,
        attempt: run.attempt,
        state: run.state.clone(),
        created_at: at.order.submitted_at,
        started_at: run.started_at,
        finished_at: map::at(wire.complete_at.as_ref()),
        url: run.url.clone(),
        steps: Vec::new(),
    }
}

/// Returns the job of an attempt that is not the newest.
fn earlier(run: &Run, job: Job) -> Fact {
    Fact::EarlierJobs(JobSet {
        run: run.key(),
        attempt: job.attempt,
        jobs: vec![job],
        complete: true,
    })
}

/// Returns the job of a build that is over, as far as a listing tells it.
///
/// Of one that failed the steps are wanted as well: they are asked for by need, and what they
/// said is not taken back.
fn job_set(run: &Run, job: &Job, has_steps: bool) -> Option<JobSet> {
    let complete = match job.state {
        RunState::Passed | RunState::Skipped | RunState::Cancelled => true,
        RunState::Failed(_) => false,
        RunState::Queued
        | RunState::Waiting
        | RunState::Running
        | RunState::ActionRequired
        | RunState::Unknown(_) => return None,
    };
    (!has_steps).then(|| JobSet {
        run: run.key(),
        attempt: run.attempt,
        jobs: vec![job.clone()],
        complete,
    })
}

/// Returns the run that a need is about.
fn run_of_need(need: &Need) -> Option<u64> {
    match need {
        Need::Jobs { run, .. } | Need::Diagnosis { run, .. } => Some(*run),
        Need::Range { .. }
        | Need::Paths { .. }
        | Need::Times { .. }
        | Need::Gates { .. }
        | Need::ManualJobs { .. }
        | Need::Attempts { .. }
        | Need::History { .. } => None,
    }
}
