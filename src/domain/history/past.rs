//! What a fact was at earlier moments, as far as its own times tell.
//!
//! A source tells what is; its times tell much of what was. Where they do not, a fact is
//! taken to have been as it is since it last changed, and never to have been better than it is
//! known to be. Nothing here knows of cards.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertState};
use crate::domain::change_request::{
    ChangeKey, ChangeRequest, ChangeState, ChangeTimes, Checks, MergeState, Review, Verdict,
};
use crate::domain::deployment::{DeployState, Deployment};
use crate::domain::fact::Fact;
use crate::domain::key::Sha;
use crate::domain::release::Release;
use crate::domain::run::{Job, JobSet, Run, RunKey, RunState};
use crate::domain::ticket::{Ticket, TicketState};

/// A fact from a moment on; the last version is the fact itself.
pub(super) type Version = (Timestamp, Arc<Fact>);

/// What other facts tell of the past of one.
#[derive(Debug, Default)]
pub(super) struct Hints<'a> {
    times: HashMap<ChangeKey, &'a ChangeTimes>,
    /// The commits that runs judged change requests at, oldest first.
    heads: HashMap<ChangeKey, Vec<(Timestamp, &'a Sha)>>,
    earlier: HashMap<&'a RunKey, Vec<&'a JobSet>>,
}

impl<'a> Hints<'a> {
    /// Collects what facts tell of one another.
    pub(super) fn new(facts: impl Iterator<Item = &'a Fact>) -> Self {
        let mut hints = Self::default();
        for fact in facts {
            match fact {
                Fact::ChangeTimes(times) => drop(hints.times.insert(times.change.clone(), times)),
                Fact::EarlierJobs(jobs) => hints.earlier.entry(&jobs.run).or_default().push(jobs),
                Fact::Run(run) => {
                    let Some(sha) = &run.head_sha else { continue };
                    for number in &run.change_requests {
                        let key = ChangeKey {
                            repo: run.repo.clone(),
                            number: *number,
                        };
                        let heads = hints.heads.entry(key).or_default();
                        heads.push((run.created_at, sha));
                    }
                }
                Fact::Repository(_)
                | Fact::Commit(_)
                | Fact::Range(_)
                | Fact::Ticket(_)
                | Fact::ChangeRequest(_)
                | Fact::ChangedPaths(_)
                | Fact::JobSet(_)
                | Fact::GateSet(_)
                | Fact::Release(_)
                | Fact::Environment(_)
                | Fact::Deployment(_)
                | Fact::Alert(_)
                | Fact::Finding(_)
                | Fact::Diagnosis(_) => {}
            }
        }
        for heads in hints.heads.values_mut() {
            heads.sort();
        }
        for attempts in hints.earlier.values_mut() {
            attempts.sort_by_key(|jobs| jobs.attempt);
        }
        hints
    }
}

/// Returns the versions of a fact, oldest first; one that has no times was always so, from
/// `always` on. What makes no difference to a card has none.
pub(super) fn versions(fact: &Arc<Fact>, hints: &Hints<'_>, always: Timestamp) -> Vec<Version> {
    match fact.as_ref() {
        Fact::Repository(_) | Fact::Range(_) | Fact::ChangedPaths(_) | Fact::Environment(_) => {
            vec![(always, Arc::clone(fact))]
        }
        Fact::Commit(commit) => vec![(commit.committed_at.unwrap_or(always), Arc::clone(fact))],
        Fact::Ticket(ticket) => of_ticket(ticket, fact),
        Fact::ChangeRequest(change) => of_change(change, fact, hints),
        Fact::Run(run) => of_run(run, fact, hints),
        Fact::JobSet(jobs) => of_jobs(jobs, fact),
        Fact::Release(release) => of_release(release, fact),
        Fact::Deployment(deployment) => of_deployment(deployment, fact),
        Fact::Alert(alert) => of_alert(alert, fact),
        Fact::Finding(finding) => vec![(finding.created_at, Arc::clone(fact))],
        // Since when a run waits is told, and that it does so now.
        Fact::GateSet(set) => {
            let since = set.gates.iter().filter_map(|gate| gate.since).min();
            since.map_or_else(Vec::new, |since| vec![(since, Arc::clone(fact))])
        }
        // No card reads them, but records do.
        Fact::EarlierJobs(_) | Fact::ChangeTimes(_) => vec![(always, Arc::clone(fact))],
        Fact::Diagnosis(_) => Vec::new(),
    }
}

fn of_ticket(ticket: &Ticket, fact: &Arc<Fact>) -> Vec<Version> {
    let closed = match ticket.state {
        TicketState::Completed | TicketState::NotPlanned => ticket.closed_at,
        TicketState::Open | TicketState::Other(_) => None,
    };
    let mut open = Ticket {
        state: TicketState::Open,
        updated_at: ticket.created_at,
        closed_at: None,
        assignees: Vec::new(),
        project_status: None,
        project_status_at: None,
        ..ticket.clone()
    };
    let mut found = vec![(ticket.created_at, Arc::new(Fact::Ticket(open.clone())))];
    let last = closed.unwrap_or(ticket.updated_at).max(ticket.created_at);
    if let Some(at) = ticket.project_status_at.filter(|at| *at < last) {
        open.project_status.clone_from(&ticket.project_status);
        open.project_status_at = Some(at);
        open.assignees.clone_from(&ticket.assignees);
        open.updated_at = at;
        found.push((at, Arc::new(Fact::Ticket(open))));
    }
    found.push((last, Arc::clone(fact)));
    found
}

/// What happened to a change request.
enum Turn<'a> {
    Ready,
    Head(&'a Sha),
    Said(&'a Verdict),
}

fn of_change(change: &ChangeRequest, fact: &Arc<Fact>, hints: &Hints<'_>) -> Vec<Version> {
    let key = ChangeKey {
        repo: change.repo.clone(),
        number: change.number,
    };
    let times = hints.times.get(&key);
    let ready = times.and_then(|times| times.ready_at);
    let ended = match change.state {
        ChangeState::Merged => change.merged_at.or(change.closed_at),
        ChangeState::Closed => change.closed_at,
        ChangeState::Open | ChangeState::Other(_) => None,
    };
    let last = ended.unwrap_or(change.updated_at).max(change.created_at);
    let heads = hints.heads.get(&key).into_iter().flatten();
    let mut turns: Vec<(Timestamp, Turn<'_>)> = heads
        .map(|(at, sha)| (*at, Turn::Head(sha)))
        .chain(ready.map(|at| (at, Turn::Ready)))
        .chain(
            times
                .into_iter()
                .flat_map(|times| &times.reviews)
                .map(|note| (note.at, Turn::Said(&note.verdict))),
        )
        .filter(|(at, _)| *at > change.created_at && *at < last)
        .collect();
    turns.sort_by_key(|(at, _)| *at);
    let mut then = opened(change, ready.is_some());
    let first = hints.heads.get(&key).and_then(|heads| heads.first());
    if let Some((_, sha)) = first {
        then.head_sha = Some((*sha).clone());
    }
    let mut found = vec![version(change.created_at, &then)];
    for (at, turn) in turns {
        match turn {
            Turn::Ready => {
                then.draft = false;
                then.merge_state = MergeState::Clean;
            }
            Turn::Head(sha) => then.head_sha = Some(sha.clone()),
            Turn::Said(Verdict::Approved) => then.review = Review::Approved,
            Turn::Said(Verdict::ChangesRequested) => then.review = Review::ChangesRequested,
            Turn::Said(Verdict::Dismissed) => then.review = Review::Required,
            Turn::Said(Verdict::Commented | Verdict::Other(_)) => continue,
        }
        then.updated_at = at;
        found.push(version(at, &then));
    }
    found.push((last, Arc::clone(fact)));
    found
}

fn version(at: Timestamp, change: &ChangeRequest) -> Version {
    (at, Arc::new(Fact::ChangeRequest(Box::new(change.clone()))))
}

/// A change request as it was when it was opened.
fn opened(change: &ChangeRequest, was_draft: bool) -> ChangeRequest {
    let draft = was_draft || change.draft;
    ChangeRequest {
        state: ChangeState::Open,
        draft,
        review: match &change.review {
            Review::NotRequired => Review::NotRequired,
            Review::Approved | Review::ChangesRequested | Review::Required => Review::Required,
            Review::Unknown(word) => Review::Unknown(word.clone()),
        },
        merge_state: if draft {
            MergeState::Draft
        } else {
            MergeState::Clean
        },
        queue: None,
        checks: Checks::None,
        merge_sha: None,
        updated_at: change.created_at,
        merged_at: None,
        closed_at: None,
        ..change.clone()
    }
}

fn of_run(run: &Run, fact: &Arc<Fact>, hints: &Hints<'_>) -> Vec<Version> {
    let mut found = Vec::new();
    let mut add = |at: Timestamp, attempt: u32, state: RunState| {
        let version = Run {
            state,
            attempt,
            updated_at: at,
            started_at: run.started_at.filter(|started| *started <= at),
            ..run.clone()
        };
        found.push((at, Arc::new(Fact::Run(version))));
    };
    let key = run.key();
    let earlier = hints.earlier.get(&key).into_iter().flatten();
    add(run.created_at, 1, RunState::Queued);
    for jobs in earlier.filter(|jobs| jobs.attempt < run.attempt) {
        let begun = jobs.jobs.iter().filter_map(|job| job.started_at).min();
        let ended = jobs.jobs.iter().filter_map(|job| job.finished_at).max();
        let worst = jobs.jobs.iter().find(|job| is_bad(&job.state));
        if let (Some(begun), Some(ended)) = (begun, ended) {
            add(begun, jobs.attempt, RunState::Running);
            let end = worst.map_or(RunState::Passed, |job| job.state.clone());
            add(ended, jobs.attempt, end);
        }
    }
    if let Some(started) = run.started_at.filter(|at| *at < run.updated_at) {
        add(started, run.attempt, RunState::Running);
    }
    let last = run.updated_at.max(run.created_at);
    found.push((last, Arc::clone(fact)));
    found.retain(|(at, _)| *at <= last);
    found.sort_by_key(|(at, _)| *at);
    found
}

fn is_bad(state: &RunState) -> bool {
    matches!(state, RunState::Failed(_) | RunState::Cancelled)
}

fn of_jobs(set: &JobSet, fact: &Arc<Fact>) -> Vec<Version> {
    let mut moments: Vec<Timestamp> = set
        .jobs
        .iter()
        .flat_map(|job| [job.started_at.or(job.created_at), job.finished_at])
        .flatten()
        .collect();
    moments.sort();
    moments.dedup();
    let Some(last) = moments.pop() else {
        // Without any time nothing is known of what was.
        return Vec::new();
    };
    let mut found: Vec<Version> = moments
        .into_iter()
        .map(|at| {
            let jobs = set.jobs.iter().filter_map(|job| job_at(job, at));
            let version = JobSet {
                jobs: jobs.collect(),
                ..set.clone()
            };
            (at, Arc::new(Fact::JobSet(version)))
        })
        .collect();
    found.push((last, Arc::clone(fact)));
    found
}

/// A job at a moment; nothing before it was there.
fn job_at(job: &Job, at: Timestamp) -> Option<Job> {
    if job.finished_at.is_some_and(|end| end <= at) {
        return Some(job.clone());
    }
    let began = job.started_at.filter(|start| *start <= at);
    let was_there = began.is_some() || job.created_at.is_none_or(|created| created <= at);
    let is_over = job.finished_at.is_some();
    was_there.then(|| Job {
        state: match began {
            Some(_) if is_over => RunState::Running,
            Some(_) => job.state.clone(),
            None => RunState::Queued,
        },
        started_at: began,
        finished_at: None,
        steps: Vec::new(),
        ..job.clone()
    })
}

fn of_release(release: &Release, fact: &Arc<Fact>) -> Vec<Version> {
    let Some(published) = release.published_at else {
        return vec![(release.created_at, Arc::clone(fact))];
    };
    // Of a release the tag's time is its creation: it was no draft in between.
    vec![(published.max(release.created_at), Arc::clone(fact))]
}

fn of_deployment(deployment: &Deployment, fact: &Arc<Fact>) -> Vec<Version> {
    let is_over = match deployment.state {
        DeployState::Succeeded
        | DeployState::Superseded
        | DeployState::Failed
        | DeployState::Abandoned => true,
        DeployState::Queued
        | DeployState::Waiting
        | DeployState::Running
        | DeployState::Unknown(_) => false,
    };
    let last = deployment.updated_at.max(deployment.created_at);
    let at = |state: DeployState, at: Timestamp| {
        let version = Deployment {
            state,
            updated_at: at,
            rollout: None,
            ..deployment.clone()
        };
        (at, Arc::new(Fact::Deployment(version)))
    };
    let created = deployment.created_at;
    match deployment.state {
        // Of few that another took the place of it is told when they went well.
        DeployState::Superseded => {
            let came = deployment.arrived_at().clamp(created, last);
            let mut found = vec![at(DeployState::Succeeded, came), (last, Arc::clone(fact))];
            if came > created {
                found.insert(0, at(DeployState::Running, created));
            }
            found
        }
        _ if is_over && last > created => {
            vec![at(DeployState::Running, created), (last, Arc::clone(fact))]
        }
        DeployState::Queued
        | DeployState::Waiting
        | DeployState::Running
        | DeployState::Succeeded
        | DeployState::Failed
        | DeployState::Abandoned
        | DeployState::Unknown(_) => vec![(created, Arc::clone(fact))],
    }
}

fn of_alert(alert: &Alert, fact: &Arc<Fact>) -> Vec<Version> {
    match alert.ended_at.filter(|end| *end > alert.started_at) {
        Some(end) => {
            let fires = Alert {
                state: AlertState::Firing,
                ended_at: None,
                ..alert.clone()
            };
            let fires = Arc::new(Fact::Alert(fires));
            vec![(alert.started_at, fires), (end, Arc::clone(fact))]
        }
        None => vec![(alert.started_at, Arc::clone(fact))],
    }
}
