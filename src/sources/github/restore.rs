//! What the store holds, taken in at the start: only what changed is asked then.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::state::{RunSeen, State};
use crate::config::SourceConfig;
use crate::domain::Timestamp;
use crate::domain::fact::{Fact, FactKind};
use crate::domain::key::RepoKey;
use crate::domain::run::RunKey;
use crate::domain::ticket::{TicketKey, TicketState};
use crate::sources::needs;
use crate::sources::selection;

/// Takes in stored facts, in any order; those of repositories that are not configured are left.
pub(super) fn restore(state: &mut State, host: &str, config: &SourceConfig, facts: &[Arc<Fact>]) {
    let on_host = facts
        .iter()
        .filter(|fact| fact.kind() == FactKind::Repository)
        .filter_map(|fact| fact.repo().cloned())
        .filter(|repo| repo.place() == host);
    state.stored.extend(on_host);
    let ours = |fact: &&Arc<Fact>| {
        let repo = fact.repo();
        repo.is_some_and(|repo| repo.place() == host && selection::covers(config, repo.path()))
    };
    let passes: [fn(&mut State, &Fact); 3] = [repository, rest, details];
    for pass in passes {
        for fact in facts.iter().filter(ours) {
            pass(state, fact);
        }
    }
    let mut places: BTreeMap<&RepoKey, Vec<&Fact>> = BTreeMap::new();
    for fact in facts.iter().filter(ours) {
        state.memory.see(fact);
        if let Fact::Repository(_) | Fact::Environment(_) | Fact::Deployment(_) = &**fact
            && let Some(repo) = fact.repo()
        {
            places.entry(repo).or_default().push(fact);
        }
    }
    for (repo, facts) in places {
        if let Some(known) = state.known(repo.path()) {
            known.restore_places(&facts);
        }
    }
}

fn repository(state: &mut State, fact: &Fact) {
    if let Fact::Repository(found) = fact {
        let known = state.repo(found.repo.path());
        known.restored = true;
        found.repo.path().clone_into(&mut known.path);
        known.flow = !found.flow_branches.is_empty();
        known.changed_at = known.changed_at.max(found.pushed_at);
        let former = found.renamed_from.iter().cloned();
        if !found.renamed_from.is_empty() {
            state
                .former
                .entry(found.repo.clone())
                .or_default()
                .extend(former);
        }
    }
}

fn rest(state: &mut State, fact: &Fact) {
    let Some(known) = fact.repo().and_then(|repo| state.known(repo.path())) else {
        return;
    };
    match fact {
        Fact::Ticket(ticket) => {
            known.tickets_to = known.tickets_to.max(Some(ticket.updated_at));
            if let TicketKey::Numbered { number, .. } = &ticket.key {
                known.tickets.insert(*number);
                if ticket.state == TicketState::Open {
                    known.open_tickets.insert(*number);
                }
            }
        }
        Fact::ChangeRequest(change) => {
            known.changes_to = known.changes_to.max(Some(change.updated_at));
            known.remember(change.as_ref().clone());
        }
        Fact::Run(run) => {
            known.changed_at = known.changed_at.max(Some(run.updated_at));
            known.runs.insert(run.id, RunSeen::of(run, None));
        }
        Fact::Range(_) | Fact::Diagnosis(_) => {
            let need = needs::answered_by(fact);
            let told = need.map(|need| (need, Timestamp::MAX_UTC));
            state.answered.extend(told);
        }
        Fact::JobSet(_)
        | Fact::EarlierJobs(_)
        | Fact::Repository(_)
        | Fact::Commit(_)
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

/// Jobs that were read need not be read again; gates that were told are to be told as passed.
fn details(state: &mut State, fact: &Fact) {
    if let Fact::JobSet(set) = fact
        && let Some(run) = seen(state, &set.run)
    {
        run.jobs = Some((set.attempt, run.updated_at, run.updated_at));
    }
    if let Fact::GateSet(set) = fact
        && !set.gates.is_empty()
        && let Some(run) = seen(state, &set.run)
    {
        run.gates_at = Some(run.updated_at);
    }
}

fn seen<'s>(state: &'s mut State, key: &RunKey) -> Option<&'s mut RunSeen> {
    let known = state.known(key.repo.path())?;
    known.runs.get_mut(&key.id)
}
