//! Where queries begin: the root, owners, repositories, and identities.

use serde_json::{Value, json};

use crate::demo::forge::compare;
use crate::demo::forge::github::graphql::links::{many, maybe, one};
use crate::demo::forge::github::graphql::node::{Out, Repo, Thing};
use crate::demo::forge::github::graphql::search::Order;
use crate::demo::forge::github::graphql::{Scene, fields, search};
use crate::demo::scenario::people::{self, VIEWER};
use crate::demo::scenario::team::ORG;

/// Follows a field of the query itself.
pub(super) fn root(scene: &Scene, field: &str, arguments: &Value) -> Out {
    let text = |name: &str| arguments[name].as_str().unwrap_or_default();
    let Some(left) = scene.allowed.get().checked_sub(1) else {
        let message = "RESOURCE_LIMITS_EXCEEDED|Resource limits for this query exceeded.";
        return Out::Refused(message.to_owned());
    };
    scene.allowed.set(left);
    match field {
        "repository" => {
            let (owner, name) = (text("owner"), text("name"));
            found(scene, owner, name).map_or_else(
                || {
                    Out::Refused(format!(
                        "NOT_FOUND|Could not resolve to a Repository with the name '{owner}/{name}'."
                    ))
                },
                one,
            )
        }
        "organization" | "repositoryOwner" if text("login").eq_ignore_ascii_case(ORG) => {
            one(Thing::Org)
        }
        "user" | "repositoryOwner" if people::find(text("login")).is_some() => {
            maybe(people::find(text("login")).map(Thing::Person))
        }
        "organization" | "user" | "repositoryOwner" => Out::Refused(format!(
            "NOT_FOUND|Could not resolve to a User or Organization with the login of '{}'.",
            text("login")
        )),
        "viewer" => one(Thing::Person(VIEWER)),
        "search" => many(search::find(scene, text("query"))),
        "node" => maybe(by_id(scene, text("id"))),
        "nodes" => {
            let ids = arguments["ids"].as_array().cloned().unwrap_or_default();
            let ids = ids.iter().filter_map(Value::as_str);
            many(ids.filter_map(|id| by_id(scene, id)))
        }
        _ => Out::Plain,
    }
}

fn found(scene: &Scene, owner: &str, name: &str) -> Option<Thing> {
    let world = &scene.ground.world;
    let repo = world.at(world.find(owner, name)?, scene.now)?;
    Some(Thing::Repo(repo))
}

/// Returns what a global identity stands for; `fields` makes them.
fn by_id(scene: &Scene, id: &str) -> Option<Thing> {
    let mut parts = id.split('_');
    let (kind, index) = (parts.next()?, parts.next()?);
    let rest = parts.next();
    let number = || rest.and_then(|text| text.parse::<u64>().ok());
    if kind == "U" {
        return index.parse().ok().map(Thing::Person);
    }
    let repo = scene.ground.world.at(index.parse().ok()?, scene.now)?;
    match kind {
        "R" => Some(Thing::Repo(repo)),
        "I" => issue_at(&repo, number()?),
        "PR" => pull_at(&repo, number()?),
        "C" => commit_at(&repo, rest?),
        "CS" => {
            let run = number()?;
            let index = repo.runs.iter().position(|one| one.id == run)?;
            Some(Thing::Suite(repo, index))
        }
        "DE" => {
            let deployment = number()?;
            let index = repo
                .deployments
                .iter()
                .position(|one| one.id == deployment)?;
            Some(Thing::Deployment(repo, index))
        }
        _ => None,
    }
}

/// Follows a field of the organisation or of somebody.
pub(super) fn owner(scene: &Scene, field: &str, arguments: &Value, org: bool) -> Out {
    match field {
        "repository" if org => maybe(found(scene, ORG, arguments["name"].as_str().unwrap_or(""))),
        "repositories" => {
            let world = &scene.ground.world;
            let count = if org { world.len() } else { 0 };
            let mut all: Vec<Repo> = (0..count).filter_map(|i| world.at(i, scene.now)).collect();
            let order = Order::of(arguments);
            match order.field {
                "PUSHED_AT" => all.sort_by_key(|repo| repo.pushed_at),
                "NAME" => all.sort_by(|a, b| a.spec.name.cmp(&b.spec.name)),
                _ => {}
            }
            if order.descending {
                all.reverse();
            }
            let private = arguments["privacy"].as_str() == Some("PRIVATE");
            if private || arguments["isFork"].as_bool() == Some(true) {
                all.clear();
            }
            many(all.into_iter().map(Thing::Repo))
        }
        _ => Out::Plain,
    }
}

/// Returns the issue with this number.
pub(super) fn issue_at(repo: &Repo, number: u64) -> Option<Thing> {
    let index = repo
        .issues
        .iter()
        .position(|issue| issue.number == number)?;
    Some(Thing::Issue(Repo::clone(repo), index))
}

/// Returns the pull request with this number.
pub(super) fn pull_at(repo: &Repo, number: u64) -> Option<Thing> {
    let index = repo.pulls.iter().position(|pull| pull.number == number)?;
    Some(Thing::Pull(Repo::clone(repo), index))
}

/// Returns the commit with this name.
pub(super) fn commit_at(repo: &Repo, sha: &str) -> Option<Thing> {
    let known = repo.commits.contains_key(sha);
    known.then(|| Thing::Commit(Repo::clone(repo), sha.to_owned()))
}

fn branches(repo: &Repo, prefix: &str) -> Vec<Thing> {
    let thing = |kind: &str, name: &str, sha: &str| {
        Thing::Branch(
            Repo::clone(repo),
            format!("refs/{kind}/{name}"),
            sha.to_owned(),
        )
    };
    if let Some(under) = prefix.strip_prefix("refs/heads/") {
        let found = repo
            .branches
            .iter()
            .filter(|branch| branch.name.starts_with(under));
        return found
            .map(|one| thing("heads", &one.name, &one.sha))
            .collect();
    }
    let Some(under) = prefix.strip_prefix("refs/tags/") else {
        return Vec::new();
    };
    let found = repo
        .releases
        .iter()
        .filter(|one| !one.draft && one.tag.starts_with(under));
    found.map(|one| thing("tags", &one.tag, &one.sha)).collect()
}

/// Returns the branch or tag with this name, full or short.
pub(super) fn reference(repo: &Repo, name: &str) -> Option<Thing> {
    let bare = name.strip_prefix("refs/heads/").unwrap_or(name);
    let branch = repo.branches.iter().find(|branch| branch.name == bare);
    let tag = name.strip_prefix("refs/tags/").unwrap_or(name);
    let make = |name: String, sha: &str| Thing::Branch(Repo::clone(repo), name, sha.to_owned());
    branch
        .map(|one| make(format!("refs/heads/{}", one.name), &one.sha))
        .or_else(|| {
            let release = repo
                .releases
                .iter()
                .find(|one| one.tag == tag && !one.draft)?;
            Some(make(format!("refs/tags/{}", release.tag), &release.sha))
        })
}

/// Follows a field of a repository.
pub(super) fn repository(scene: &Scene, repo: &Repo, field: &str, arguments: &Value) -> Out {
    let text = |name: &str| arguments[name].as_str();
    match field {
        "owner" => one(Thing::Org),
        "defaultBranchRef" => {
            let name = repo
                .branches
                .first()
                .map_or("", |branch| branch.name.as_str());
            maybe(reference(repo, name))
        }
        "ref" => maybe(reference(repo, text("qualifiedName").unwrap_or_default())),
        "refs" => many(branches(repo, text("refPrefix").unwrap_or("refs/heads/"))),
        "object" => {
            let expression = text("oid").or(text("expression")).unwrap_or("HEAD");
            maybe(compare::resolve(repo, expression).and_then(|sha| commit_at(repo, &sha)))
        }
        "issues" => many(search::issues(repo, arguments)),
        "pullRequests" => many(search::pulls(repo, arguments)),
        "issue" | "issueOrPullRequest" | "pullRequest" => numbered(repo, field, arguments),
        "assignableUsers" => many((0..people::HUMANS).map(Thing::Person)),
        "mergeQueue" => {
            let queued = repo.pulls.iter().filter(|pull| pull.queue.is_some());
            let entries: Vec<Value> = queued.map(|pull| fields::queue_entry(repo, pull)).collect();
            let queue = || {
                let id = format!("MQ_{}", repo.spec.index);
                Thing::Json(json!({"id": id, "url": null, "entries": entries}))
            };
            maybe((!entries.is_empty()).then(queue))
        }
        "environments" | "environment" => fields::environments(scene, repo, field, arguments),
        _ => delivered(repo, field, arguments),
    }
}

fn numbered(repo: &Repo, field: &str, arguments: &Value) -> Out {
    let number = arguments["number"].as_u64().unwrap_or(0);
    let (found, what) = match field {
        "issue" => (issue_at(repo, number), "an Issue"),
        "pullRequest" => (pull_at(repo, number), "a PullRequest"),
        _ => {
            let either = issue_at(repo, number).or_else(|| pull_at(repo, number));
            (either, "an issue or pull request")
        }
    };
    found.map_or_else(
        || {
            Out::Refused(format!(
                "NOT_FOUND|Could not resolve to {what} with the number of {number}."
            ))
        },
        one,
    )
}

/// Releases and deployments of a repository.
fn delivered(repo: &Repo, field: &str, arguments: &Value) -> Out {
    let release = |index| Thing::Release(Repo::clone(repo), index);
    match field {
        "deployments" => {
            let wanted = arguments["environments"].as_array();
            let asked = |index: &usize| {
                wanted.is_none_or(|names| {
                    let at = repo
                        .deployments
                        .get(*index)
                        .map(|one| one.environment.as_str());
                    names.iter().any(|name| name.as_str() == at)
                })
            };
            let all = search::ordered(repo.deployments.len(), arguments)
                .into_iter()
                .filter(asked);
            many(all.map(|index| Thing::Deployment(Repo::clone(repo), index)))
        }
        "releases" => many(
            search::ordered(repo.releases.len(), arguments)
                .into_iter()
                .map(release),
        ),
        "release" => {
            let tag = arguments["tagName"].as_str().unwrap_or_default();
            maybe(
                repo.releases
                    .iter()
                    .position(|one| one.tag == tag)
                    .map(release),
            )
        }
        "latestRelease" => {
            let out = repo
                .releases
                .iter()
                .position(|one| !one.draft && !one.prerelease);
            maybe(out.map(release))
        }
        _ => Out::Plain,
    }
}
