//! Statuses, releases and deployments.
//!
//! There are no deployments of its own: a status whose context is `deploy/<env>`
//! is one, and judges no change.

use super::{line, link, person, sha, when};
use crate::domain::change_request::Checks;
use crate::domain::deployment::{DeployState, Deployment, Environment};
use crate::domain::key::{RepoKey, Sha};
use crate::domain::release::Release;
use crate::domain::run::foreign_id;
use crate::domain::text::Clean;
use crate::sources::gitea::wire;

/// What the context of a status begins with that tells a deployment.
const DEPLOYS: &[&str] = &["deploy/", "deployment/"];

/// Returns the environment that a status tells of.
pub(super) fn environment(status: &wire::Status) -> Option<&str> {
    let context = status.context.as_deref()?.trim();
    let named = DEPLOYS.iter().find_map(|start| {
        let head = context.get(..start.len())?;
        head.eq_ignore_ascii_case(start)
            .then(|| context.get(start.len()..))?
    });
    named.map(str::trim).filter(|name| !name.is_empty())
}

/// Returns what all statuses of a commit say together, deployments left out.
pub(in crate::sources::gitea) fn checks(wire: &wire::Combined) -> Checks {
    let read = wire.statuses.items.len();
    let whole = wire.statuses.bad_count == 0 && wire.total_count.is_none_or(|all| all <= read);
    let judging = wire.statuses.items.iter();
    let judging = judging.filter(|status| environment(status).is_none());
    let mut said: Vec<Checks> = judging.map(|s| check(s.word.as_deref())).collect();
    if !whole {
        // What was not read is in the server's own sum.
        said.push(check(wire.state.as_deref()));
    }
    let worst = said.into_iter().max_by_key(|checks| match checks {
        Checks::None => 0,
        Checks::Passed => 1,
        Checks::Unknown(_) => 2,
        Checks::Pending => 3,
        Checks::Failed => 4,
    });
    worst.unwrap_or(Checks::None)
}

fn check(word: Option<&str>) -> Checks {
    let word = word.unwrap_or_default();
    match word.to_ascii_lowercase().as_str() {
        "success" | "skipped" => Checks::Passed,
        "failure" | "error" => Checks::Failed,
        "pending" => Checks::Pending,
        _ => Checks::Unknown(Clean::line(word)),
    }
}

fn deploy_state(word: Option<&str>) -> DeployState {
    let word = word.unwrap_or_default();
    match word.to_ascii_lowercase().as_str() {
        "success" => DeployState::Succeeded,
        "pending" => DeployState::Running,
        "failure" | "error" => DeployState::Failed,
        "skipped" => DeployState::Abandoned,
        _ => DeployState::Unknown(Clean::line(word)),
    }
}

/// Returns the identity of a deployment of a commit to an environment.
pub(in crate::sources::gitea) fn deployment_id(repo: &RepoKey, commit: &Sha, name: &str) -> u64 {
    let own = format!("{}@{}/{name}", repo.as_str(), commit.as_str());
    foreign_id(repo.place(), &own)
}

/// Returns the deployments that statuses of a commit tell, with their environments.
///
/// A status has a number of its own for each change of its state; the deployment is one as long
/// as commit and environment are the same.
pub(in crate::sources::gitea) fn deployments(
    repo: &RepoKey,
    commit: &Sha,
    wire: &wire::Combined,
) -> Vec<(Deployment, Environment)> {
    let told = wire.statuses.items.iter();
    let told = told.filter_map(|status| {
        let name = environment(status)?;
        let created = when(status.created_at).or_else(|| when(status.updated_at))?;
        let deployment = Deployment {
            repo: repo.clone(),
            id: deployment_id(repo, commit, name),
            environment: Clean::line(name),
            sha: Some(commit.clone()),
            git_ref: None,
            task: Clean::line("deploy"),
            state: deploy_state(status.word.as_deref()),
            creator: status.creator.as_ref().and_then(person),
            created_at: created,
            updated_at: when(status.updated_at).unwrap_or(created).max(created),
            environment_url: None,
            log_url: link(status.target_url.as_deref()),
            came_at: None,
            rollout: None,
        };
        let place = Environment {
            repo: repo.clone(),
            name: Clean::line(name),
            id: None,
            guarded: false,
            production: false,
            url: None,
        };
        Some((deployment, place))
    });
    told.collect()
}

/// Returns a release; `tagged` is the commit that its tag names, where that was read.
pub(in crate::sources::gitea) fn release(
    repo: &RepoKey,
    wire: &wire::Release,
    tagged: Option<Sha>,
) -> Release {
    // A branch may stand where a commit is meant; only a whole id is one.
    let target = wire.target_commitish.as_deref();
    let target = target.filter(|text| text.len() >= 40);
    Release {
        repo: repo.clone(),
        tag: Clean::line(&wire.tag_name),
        name: line(wire.name.as_deref()),
        draft: wire.draft,
        prerelease: wire.prerelease,
        sha: tagged.or_else(|| sha(target)),
        author: wire.author.as_ref().and_then(person),
        created_at: wire.created_at,
        published_at: when(wire.published_at).filter(|_| !wire.draft),
        url: link(wire.html_url.as_deref()),
    }
}
