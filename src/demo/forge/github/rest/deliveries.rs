//! Releases, deployments and environments, as REST writes them.

use serde_json::{Value, json};

use crate::demo::forge::answer::{Answer, iso};
use crate::demo::forge::github::rest::{Ask, people_of, repos};
use crate::demo::forge::wire;
use crate::demo::scenario::model::{DeployStatus, Deployment, Release, RepoState};
use crate::demo::scenario::people;

/// Answers what is asked of releases.
pub(super) fn releases(ask: &Ask<'_>, repo: &RepoState, rest: &[&str]) -> Answer {
    let found = |one: Option<&Release>| match one {
        Some(one) => Answer::json(release(ask, repo, one)),
        None => Answer::not_found(),
    };
    match rest {
        [] => Answer::list(ask.asked, &repo.releases, |one| release(ask, repo, one)),
        ["latest"] => found(
            repo.releases
                .iter()
                .find(|one| !one.draft && !one.prerelease),
        ),
        ["tags", tag @ ..] => {
            let tag = tag.join("/");
            found(
                repo.releases
                    .iter()
                    .find(|one| one.tag == tag && !one.draft),
            )
        }
        [id] => found(repo.releases.iter().find(|one| id.parse() == Ok(one.id))),
        _ => Answer::not_found(),
    }
}

fn release(ask: &Ask<'_>, repo: &RepoState, one: &Release) -> Value {
    let (api, page) = (repos::url(ask, repo), repos::page(ask, repo));
    let url = format!("{api}/releases/{}", one.id);
    json!({
        "url": url, "html_url": format!("{page}/releases/tag/{}", one.tag),
        "assets_url": format!("{url}/assets"), "upload_url": format!("{url}/assets{{?name,label}}"),
        "tarball_url": format!("{api}/tarball/{}", one.tag),
        "zipball_url": format!("{api}/zipball/{}", one.tag), "id": one.id,
        "node_id": format!("RE_{}", one.id), "tag_name": one.tag, "target_commitish": one.sha,
        "name": one.tag, "body": one.notes, "draft": one.draft, "prerelease": one.prerelease,
        "immutable": false, "created_at": iso(one.created_at),
        "published_at": one.published_at.map(iso),
        "updated_at": iso(one.published_at.unwrap_or(one.created_at)),
        "author": people_of::simple(ask, one.author), "assets": [],
    })
}

/// Answers what is asked of deployments.
pub(super) fn deployments(ask: &Ask<'_>, repo: &RepoState, rest: &[&str]) -> Answer {
    let find = |id: &str| {
        let id: u64 = id.parse().ok()?;
        repo.deployments.iter().find(|one| one.id == id)
    };
    match rest {
        [] => {
            let asked = |name: &str, value: &str| ask.asked.param(name).is_none_or(|v| v == value);
            let all: Vec<&Deployment> = repo
                .deployments
                .iter()
                .filter(|one| {
                    asked("environment", &one.environment)
                        && asked("sha", &one.sha)
                        && asked("ref", &one.git_ref)
                        && asked("task", "deploy")
                })
                .collect();
            Answer::list(ask.asked, &all, |one| deployment(ask, repo, one))
        }
        [id] => find(id).map_or_else(Answer::not_found, |one| {
            Answer::json(deployment(ask, repo, one))
        }),
        [id, "statuses"] => find(id).map_or_else(Answer::not_found, |one| {
            Answer::list(ask.asked, &one.statuses, |status| {
                self::status(ask, repo, one, status)
            })
        }),
        _ => Answer::not_found(),
    }
}

fn deployment(ask: &Ask<'_>, repo: &RepoState, one: &Deployment) -> Value {
    let url = format!("{}/deployments/{}", repos::url(ask, repo), one.id);
    json!({
        "url": url, "id": one.id, "node_id": format!("DE_{}_{}", repo.spec.index, one.id),
        "sha": one.sha, "ref": one.git_ref, "task": "deploy", "payload": one.payload,
        "original_environment": one.environment, "environment": one.environment,
        "description": null, "creator": people_of::simple(ask, one.creator),
        "created_at": iso(one.created_at), "updated_at": iso(one.updated_at),
        "statuses_url": format!("{url}/statuses"), "repository_url": repos::url(ask, repo),
        "transient_environment": false,
        "production_environment": one.environment.ends_with("production"),
    })
}

/// REST has no word for waiting at a gate: there it is pending.
fn status(ask: &Ask<'_>, repo: &RepoState, one: &Deployment, status: &DeployStatus) -> Value {
    let api = repos::url(ask, repo);
    let url = format!("{api}/deployments/{}", one.id);
    let id = one.id * 1_000 + u64::try_from(status.at.timestamp() % 1_000).unwrap_or(0);
    let log = format!(
        "{}/{}/actions/runs/{}",
        ask.html,
        repo.spec.full_name(),
        one.run
    );
    json!({
        "url": format!("{url}/statuses/{id}"), "id": id, "node_id": format!("DES_{id}"),
        "state": if status.state == "waiting" { "pending" } else { status.state }, "creator": people_of::simple(ask, people::ACTIONS),
        "description": status.description, "environment": one.environment,
        "target_url": log, "created_at": iso(status.at), "updated_at": iso(status.at),
        "deployment_url": url, "repository_url": api, "log_url": log,
        "environment_url": wire::environment_url(repo, &one.environment),
    })
}

/// Answers what is asked of environments.
pub(super) fn environments(ask: &Ask<'_>, repo: &RepoState, rest: &[&str]) -> Answer {
    let all = repo.spec.environments();
    match rest {
        [] => Answer::page(
            ask.asked,
            &all,
            |one| environment(ask, repo, one),
            |total, rows| json!({"total_count": total, "environments": rows}),
        ),
        [name] => match all.iter().find(|(known, _)| known == name) {
            Some(one) => Answer::json(environment(ask, repo, one)),
            None => Answer::not_found(),
        },
        _ => Answer::not_found(),
    }
}

fn environment(ask: &Ask<'_>, repo: &RepoState, (name, guarded): &(String, bool)) -> Value {
    let rules = if *guarded {
        json!([{
            "id": 1, "node_id": "GA_1", "type": "required_reviewers", "prevent_self_review": false,
            "reviewers": [{"type": "User", "reviewer": people_of::simple(ask, people::VIEWER)}],
        }])
    } else {
        json!([])
    };
    json!({
        "id": wire::environment_id(repo, name), "node_id": format!("EN_{name}"), "name": name,
        "url": format!("{}/environments/{name}", repos::url(ask, repo)),
        "html_url": format!("{}/deployments/{name}", repos::page(ask, repo)),
        "created_at": "2024-01-15T09:00:00Z", "updated_at": "2024-01-15T09:00:00Z",
        "protection_rules": rules, "deployment_branch_policy": null,
    })
}
