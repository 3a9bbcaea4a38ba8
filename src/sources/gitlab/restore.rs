//! What the store holds, taken in at the start: finished things are not asked for again.

use std::sync::Arc;

use super::discover::covers;
use super::state::{ChangeSeen, RunSeen, State};
use crate::config::SourceConfig;
use crate::domain::Timestamp;
use crate::domain::change_request::{ChangeRequest, Checks};
use crate::domain::fact::Fact;
use crate::domain::run::{Blocks, Door, Gate, GateSet, is_foreign};
use crate::domain::text::Clean;
use crate::domain::ticket::{TicketKey, TicketState};
use crate::sources::gitlab::map::ci::Held;
use crate::sources::gitlab::map::work::Detail;
use crate::sources::needs;

/// Takes in stored facts, in any order; those of projects that are not configured are left.
pub(super) fn restore(state: &mut State, place: &str, config: &SourceConfig, facts: &[Arc<Fact>]) {
    let on_host = |fact: &&Arc<Fact>| fact.repo().is_some_and(|repo| repo.place() == place);
    for fact in facts.iter().filter(on_host) {
        if let Fact::Repository(found) = fact.as_ref() {
            state.stored.insert(found.repo.clone());
            if covers(config, found.repo.path()) {
                let project = state.project(found.repo.path());
                found.repo.path().clone_into(&mut project.path);
                project.former.extend(found.renamed_from.iter().cloned());
                let branch = found.default_branch.as_ref();
                project.default_branch = branch.map(|branch| branch.name.clone());
                project.tip = branch.and_then(|branch| branch.tip.clone());
            }
        }
    }
    let known = |fact: &&Arc<Fact>| fact.repo().is_some_and(|repo| state.polls(repo));
    let ours: Vec<&Arc<Fact>> = facts.iter().filter(on_host).filter(known).collect();
    for fact in &ours {
        one(state, fact);
    }
    for fact in ours {
        if let Fact::JobSet(set) = fact.as_ref() {
            jobs(state, set);
        } else if let Fact::GateSet(set) = fact.as_ref() {
            gates(state, set);
        }
    }
}

fn one(state: &mut State, fact: &Arc<Fact>) {
    match fact.as_ref() {
        Fact::Ticket(ticket) => {
            if let TicketKey::Numbered { repo, number } = &ticket.key
                && ticket.state == TicketState::Open
                && let Some(project) = state.known(repo.path())
            {
                project.open_issues.insert(*number);
            }
        }
        Fact::ChangeRequest(change) => {
            if let Some(project) = state.known(change.repo.path()) {
                project.see_change(ChangeSeen {
                    fact: change.as_ref().clone(),
                    detail: detail_of(change),
                    // What was read before the restart holds until it changes.
                    detail_for: is_detailed(change).then_some(change.updated_at),
                    asked: None,
                    wanted: false,
                    pipeline: None,
                    failed_at: None,
                });
            }
        }
        Fact::Run(run) if !is_foreign(run.id) => {
            if let Some(project) = state.known(run.repo.path()) {
                project.see_run(RunSeen {
                    run: run.clone(),
                    git_ref: match run.change_requests.first() {
                        Some(number) => Clean::line(&format!("refs/merge-requests/{number}/head")),
                        None => run.branch.clone(),
                    },
                    own_sha: run.head_sha.clone(),
                    jobs: None,
                    gated: false,
                    offers: false,
                    bridgeless: false,
                    never_ran: false,
                });
            }
        }
        Fact::Range(_) | Fact::Diagnosis(_) => {
            if let Some(need) = needs::answered_by(fact) {
                state.answered.insert(need, Timestamp::MAX_UTC);
                state.memory.diagnosed.keep(fact);
            }
        }
        Fact::Commit(commit) => {
            if commit.direct
                && let Some(project) = state.known(commit.repo.path())
            {
                project.was_brought(commit.sha.clone(), None);
            }
        }
        Fact::Deployment(deployment) if !is_foreign(deployment.id) => {
            if let Some(project) = state.known(deployment.repo.path()) {
                project.arrivals.see(deployment);
            }
        }
        Fact::Run(_)
        | Fact::JobSet(_)
        | Fact::EarlierJobs(_)
        | Fact::Repository(_)
        | Fact::ChangedPaths(_)
        | Fact::ChangeTimes(_)
        | Fact::GateSet(_)
        | Fact::Release(_)
        | Fact::Environment(_)
        | Fact::Deployment(_)
        | Fact::Alert(_)
        | Fact::Finding(_) => {}
    }
}

/// Returns whether the details of a merge request were read: no list tells of its pipeline.
fn is_detailed(change: &ChangeRequest) -> bool {
    !matches!(&change.checks, Checks::Unknown(word) if word.is_empty())
}

fn detail_of(change: &ChangeRequest) -> Detail {
    use crate::domain::change_request::{LinkBasis, Review};
    let review = Some(change.review.clone());
    let checks = Some(change.checks.clone());
    let closing = change.tickets.iter();
    let closing = closing.filter(|link| link.basis == LinkBasis::Closing);
    Detail {
        review: review.filter(|review| !matches!(review, Review::Unknown(_))),
        checks: checks.filter(|checks| !matches!(checks, Checks::Unknown(_))),
        closes: closing.map(|link| link.ticket.clone()).collect(),
    }
}

/// What was told to be open is told to be passed or open no more, once that is so; until then it
/// stays open.
fn gates(state: &mut State, set: &GateSet) {
    let Some(project) = state.known(set.run.repo.path()) else {
        return;
    };
    if let Some(seen) = project.runs.get_mut(&set.run.id) {
        let is_offer = |gate: &Gate| gate.blocks == Blocks::Nothing;
        seen.offers = set.gates.iter().any(is_offer);
        seen.gated = !set.gates.iter().all(is_offer);
    }
    for gate in &set.gates {
        let (Some(Door::Deployment(id)), Some(since)) = (&gate.door, gate.since) else {
            continue;
        };
        let held = Held {
            environment: gate.environment.clone(),
            deployment: *id,
            by: gate.reviewers.iter().map(|it| it.login.clone()).collect(),
            since,
        };
        project.held.insert(*id, (set.run.id, held));
    }
}

fn jobs(state: &mut State, set: &crate::domain::run::JobSet) {
    state.memory.jobs.see(set);
    let project = state.known(set.run.repo.path());
    if let Some(seen) = project.and_then(|project| project.runs.get_mut(&set.run.id)) {
        seen.jobs = Some((seen.run.updated_at, seen.run.updated_at));
    }
}
