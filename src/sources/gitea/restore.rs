//! What the store holds, taken in at the start: only what changed is asked then.

use std::sync::Arc;

use super::map::delivery::deployment_id;
use super::noted::Noted;
use super::state::State;
use crate::config::SourceConfig;
use crate::domain::Timestamp;
use crate::domain::change_request::ChangeState;
use crate::domain::deployment::DeployState;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::run::is_foreign;
use crate::sources::needs;
use crate::sources::selection::covers;

/// Takes in stored facts, in any order; those of repositories that are not configured are left.
///
/// The lists of a repository that were read before count as read then: what changed since is told
/// by the searches of its owner, which go back to the newest change that is stored.
pub(super) fn restore(
    state: &mut State,
    (place, now): (&str, Timestamp),
    config: &SourceConfig,
    facts: &[Arc<Fact>],
    was_read: impl Fn(&RepoKey, Noted) -> bool,
) {
    let ours = |fact: &&Arc<Fact>| {
        let repo = fact.repo();
        repo.is_some_and(|repo| repo.place() == place && covers(config, repo.path()))
    };
    for fact in facts.iter().filter(ours) {
        if let Fact::Repository(found) = fact.as_ref() {
            let known = state.repo(found.repo.path());
            found.repo.path().clone_into(&mut known.path);
            known.stored = true;
            known.changed_at = known.changed_at.max(found.pushed_at);
            let default = found.default_branch.as_ref();
            known.default_branch = default.map(|branch| branch.name.to_string());
            // Branches and releases are few and tell what the searches do not: they are read anew.
            let read_at = |list| was_read(&found.repo, list).then_some(now);
            known.issues_at = read_at(Noted::Issues);
            known.pulls_at = read_at(Noted::Pulls);
        }
    }
    for fact in facts.iter().filter(ours) {
        take(state, fact);
    }
}

fn take(state: &mut State, fact: &Arc<Fact>) {
    state.memory.diagnosed.keep(fact);
    if let Fact::JobSet(set) = fact.as_ref() {
        state.memory.jobs.see(set);
    }
    let Some(path) = fact.repo().map(|repo| repo.path().to_owned()) else {
        return;
    };
    let Some(repo) = state.known(&path) else {
        return;
    };
    let mut changed = None;
    match fact.as_ref() {
        Fact::Ticket(ticket) => {
            changed = Some(ticket.updated_at);
            repo.see_ticket(ticket);
        }
        Fact::ChangeRequest(change) => {
            changed = Some(change.updated_at);
            if change.state == ChangeState::Open || change.merge_sha.is_some() {
                repo.see_change(change);
            }
        }
        Fact::Commit(commit) => {
            if commit.change_request.is_some() || commit.direct {
                repo.brought(commit.sha.clone(), commit.change_request);
            }
        }
        Fact::Run(run) if !is_foreign(run.id) && run.ci.is_empty() => {
            repo.see_run(run);
        }
        Fact::Deployment(it) if !matches!(it.state, DeployState::Running) => {
            // Those that another system told leave open what the statuses tell.
            let sha = it.sha.as_ref();
            let own = sha.filter(|sha| deployment_id(&it.repo, sha, &it.environment) == it.id);
            repo.dated.extend(own.cloned());
        }
        Fact::Range(_) | Fact::Diagnosis(_) => {
            let need = needs::answered_by(fact);
            let told = need.map(|need| (need, Timestamp::MAX_UTC));
            state.answered.extend(told);
            return;
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
    let owner = repo.owner();
    let known = state.owners.entry(owner).or_default();
    known.issues_to = known.issues_to.max(changed);
}
