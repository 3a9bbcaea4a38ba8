//! Fields that lead from one thing to others.

use apollo_compiler::resolvers::{FieldError, ResolveInfo};
use serde_json::{Value, json};

use crate::demo::forge::graphql::Scene;
use crate::demo::forge::graphql::fields;
use crate::demo::forge::graphql::node::{Node, Out, Repo, Thing, arguments};
use crate::demo::forge::graphql::search;
use crate::demo::forge::rest::compare;
use crate::demo::scenario::model::{RepoState, Run};
use crate::demo::scenario::people::{self, VIEWER};
use crate::demo::scenario::team::ORG;

type Followed = Result<Option<Out>, FieldError>;

fn one(thing: Thing) -> Followed {
    Ok(Some(Out::One(Some(thing))))
}

fn maybe(thing: Option<Thing>) -> Followed {
    Ok(Some(Out::One(thing)))
}

fn many(things: impl IntoIterator<Item = Thing>) -> Followed {
    Ok(Some(Out::Many(things.into_iter().collect())))
}

/// Follows a field, if it leads to other things.
pub(super) fn follow(node: &Node, info: &ResolveInfo<'_>) -> Followed {
    let (scene, field) = (&*node.scene, info.field_name());
    match &node.thing {
        Thing::Root => root(scene, field, &arguments(info)),
        Thing::Org => owner(scene, field, &arguments(info), true),
        Thing::Person(_) => owner(scene, field, &arguments(info), false),
        Thing::Repo(repo) => repository(scene, repo, field, &arguments(info)),
        Thing::Issue(repo, index) => issue(repo, *index, field),
        Thing::Pull(repo, index) => pull(scene, repo, *index, field),
        Thing::Commit(repo, sha) => commit(scene, repo, sha, field),
        Thing::PullCommit(repo, sha) => match field {
            "commit" => maybe(commit_at(repo, sha)),
            _ => Ok(None),
        },
        Thing::Branch(repo, _, sha) => branch(repo, sha, field, &arguments(info)),
        Thing::Rollup(repo, sha) => rollup(repo, sha, field),
        Thing::Suite(repo, run) => suite(repo, *run, field),
        Thing::Run(repo, run) => run_of(repo, *run, field),
        Thing::Check(repo, run, _) => check(repo, *run, field),
        Thing::Release(repo, index) => release(repo, *index, field),
        Thing::Deployment(repo, index) => deployment(repo, *index, field),
        Thing::Comparison(repo, base, head) => comparison(repo, base, head, field),
        Thing::Json(_) => Ok(None),
        Thing::Page(page) => page.field(field),
        Thing::Edge(thing, cursor) => match field {
            "node" => one((**thing).clone()),
            _ => Ok(Some(Out::Leaf(json!(cursor)))),
        },
    }
}

fn root(scene: &Scene, field: &str, arguments: &Value) -> Followed {
    let text = |name: &str| arguments[name].as_str().unwrap_or_default();
    match scene.allowed.get().checked_sub(1) {
        Some(left) => scene.allowed.set(left),
        None => {
            let message = "RESOURCE_LIMITS_EXCEEDED|Resource limits for this query exceeded.";
            return Err(FieldError {
                message: message.to_owned(),
            });
        }
    }
    match field {
        "repository" => one(found(scene, text("owner"), text("name"))?),
        "organization" | "repositoryOwner" if text("login").eq_ignore_ascii_case(ORG) => {
            one(Thing::Org)
        }
        "user" | "repositoryOwner" if people::find(text("login")).is_some() => {
            maybe(people::find(text("login")).map(Thing::Person))
        }
        "organization" | "user" | "repositoryOwner" => Err(FieldError {
            message: format!(
                "NOT_FOUND|Could not resolve to a User or Organization with the login of '{}'.",
                text("login")
            ),
        }),
        "viewer" => one(Thing::Person(VIEWER)),
        "search" => many(search::find(scene, text("query"))),
        "node" => maybe(by_id(scene, text("id"))),
        "nodes" => {
            let ids = arguments["ids"].as_array().cloned().unwrap_or_default();
            many(
                ids.iter()
                    .filter_map(Value::as_str)
                    .filter_map(|id| by_id(scene, id)),
            )
        }
        _ => Ok(None),
    }
}

fn found(scene: &Scene, owner: &str, name: &str) -> Result<Thing, FieldError> {
    let world = &scene.ground.world;
    let repo = world
        .find(owner, name)
        .and_then(|index| world.at(index, scene.now));
    repo.map(Thing::Repo).ok_or_else(|| FieldError {
        message: format!(
            "NOT_FOUND|Could not resolve to a Repository with the name '{owner}/{name}'."
        ),
    })
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

fn owner(scene: &Scene, field: &str, arguments: &Value, org: bool) -> Followed {
    match field {
        "repository" if org => {
            maybe(found(scene, ORG, arguments["name"].as_str().unwrap_or("")).ok())
        }
        "repositories" => {
            let world = &scene.ground.world;
            let count = if org { world.len() } else { 0 };
            let mut all: Vec<Repo> = (0..count).filter_map(|i| world.at(i, scene.now)).collect();
            if arguments["orderBy"]["field"] == "PUSHED_AT" {
                all.sort_by_key(|repo| repo.pushed_at);
            } else if arguments["orderBy"]["field"] == "NAME" {
                all.sort_by(|a, b| a.spec.name.cmp(&b.spec.name));
            }
            if arguments["orderBy"]["direction"] == "DESC" {
                all.reverse();
            }
            if arguments["privacy"] == "PRIVATE" || arguments["isFork"] == true {
                all.clear();
            }
            many(all.into_iter().map(Thing::Repo))
        }
        _ => Ok(None),
    }
}

fn issue_at(repo: &Repo, number: u64) -> Option<Thing> {
    let index = repo
        .issues
        .iter()
        .position(|issue| issue.number == number)?;
    Some(Thing::Issue(Repo::clone(repo), index))
}

fn pull_at(repo: &Repo, number: u64) -> Option<Thing> {
    let index = repo.pulls.iter().position(|pull| pull.number == number)?;
    Some(Thing::Pull(Repo::clone(repo), index))
}

fn commit_at(repo: &Repo, sha: &str) -> Option<Thing> {
    repo.commits
        .contains_key(sha)
        .then(|| Thing::Commit(Repo::clone(repo), sha.to_owned()))
}

fn branches(repo: &Repo, prefix: &str) -> Vec<Thing> {
    let under = prefix.strip_prefix("refs/heads/");
    let tags = prefix.strip_prefix("refs/tags/");
    let branch = |name: &str, sha: &str| {
        Thing::Branch(
            Repo::clone(repo),
            format!("refs/heads/{name}"),
            sha.to_owned(),
        )
    };
    let mut found: Vec<Thing> = under
        .map(|under| {
            let named = repo
                .branches
                .iter()
                .filter(|branch| branch.name.starts_with(under));
            named.map(|one| branch(&one.name, &one.sha)).collect()
        })
        .unwrap_or_default();
    if let Some(under) = tags {
        let out = repo
            .releases
            .iter()
            .filter(|one| !one.draft && one.tag.starts_with(under));
        found.extend(out.map(|one| {
            Thing::Branch(
                Repo::clone(repo),
                format!("refs/tags/{}", one.tag),
                one.sha.clone(),
            )
        }));
    }
    found
}

fn reference(repo: &Repo, name: &str) -> Option<Thing> {
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

fn repository(scene: &Scene, repo: &Repo, field: &str, arguments: &Value) -> Followed {
    let number = || arguments["number"].as_u64().unwrap_or(0);
    let missing = |what: &str| FieldError {
        message: format!(
            "NOT_FOUND|Could not resolve to {what} with the number of {}.",
            number()
        ),
    };
    match field {
        "owner" => one(Thing::Org),
        "defaultBranchRef" => {
            let name = repo
                .branches
                .first()
                .map_or("", |branch| branch.name.as_str());
            maybe(reference(repo, name))
        }
        "ref" => maybe(reference(
            repo,
            arguments["qualifiedName"].as_str().unwrap_or_default(),
        )),
        "refs" => {
            let prefix = arguments["refPrefix"].as_str().unwrap_or("refs/heads/");
            many(branches(repo, prefix))
        }
        "object" => {
            let expression = arguments["oid"]
                .as_str()
                .or(arguments["expression"].as_str());
            maybe(
                compare::resolve(repo, expression.unwrap_or("HEAD"))
                    .and_then(|sha| commit_at(repo, &sha)),
            )
        }
        "issues" => many(search::issues(repo, arguments)),
        "issue" => match issue_at(repo, number()) {
            None => Err(missing("an Issue")),
            issue => maybe(issue),
        },
        "issueOrPullRequest" => {
            match issue_at(repo, number()).or_else(|| pull_at(repo, number())) {
                None => Err(missing("an issue or pull request")),
                either => maybe(either),
            }
        }
        "pullRequests" => many(search::pulls(repo, arguments)),
        "pullRequest" => match pull_at(repo, number()) {
            None => Err(missing("a PullRequest")),
            pull => maybe(pull),
        },
        "deployments" => {
            let wanted = arguments["environments"].as_array();
            let asked = |thing: &Thing| match thing {
                Thing::Deployment(repo, index) => wanted.is_none_or(|names| {
                    repo.deployments
                        .get(*index)
                        .is_some_and(|d| names.iter().any(|n| *n == d.environment))
                }),
                _ => true,
            };
            let make = |index| Thing::Deployment(Repo::clone(repo), index);
            many(
                search::ordered(repo.deployments.len(), arguments, make)
                    .into_iter()
                    .filter(asked),
            )
        }
        "releases" => {
            let make = |index| Thing::Release(Repo::clone(repo), index);
            many(search::ordered(repo.releases.len(), arguments, make))
        }
        "release" => {
            let tag = arguments["tagName"].as_str().unwrap_or_default();
            let index = repo.releases.iter().position(|release| release.tag == tag);
            maybe(index.map(|index| Thing::Release(Repo::clone(repo), index)))
        }
        "latestRelease" => {
            let index = repo
                .releases
                .iter()
                .position(|one| !one.draft && !one.prerelease);
            maybe(index.map(|index| Thing::Release(Repo::clone(repo), index)))
        }
        "assignableUsers" => many((0..people::HUMANS).map(Thing::Person)),
        "mergeQueue" => {
            let queued = repo
                .pulls
                .iter()
                .enumerate()
                .filter(|(_, pull)| pull.queue.is_some());
            let entries: Vec<Value> = queued
                .map(|(_, pull)| fields::queue_entry(repo, pull))
                .collect();
            maybe((!entries.is_empty()).then(|| {
                Thing::Json(json!({
                    "id": format!("MQ_{}", repo.spec.index), "url": null, "entries": entries,
                }))
            }))
        }
        "environments" | "environment" => fields::environments(scene, repo, field, arguments),
        _ => Ok(None),
    }
}

fn issue(repo: &Repo, index: usize, field: &str) -> Followed {
    let Some(issue) = repo.issues.get(index) else {
        return Ok(None);
    };
    match field {
        "author" => one(Thing::Person(issue.author)),
        "assignees" => many(issue.assignees.iter().copied().map(Thing::Person)),
        "repository" => one(Thing::Repo(Repo::clone(repo))),
        "closedByPullRequestsReferences" => many(
            issue
                .pulls
                .iter()
                .filter_map(|number| pull_at(repo, *number)),
        ),
        _ => Ok(None),
    }
}

fn forbidden() -> FieldError {
    let message = "FORBIDDEN|Resource not accessible by personal access token";
    FieldError {
        message: message.to_owned(),
    }
}

fn rollup_of(scene: &Scene, repo: &Repo, sha: &str) -> Followed {
    if scene.refuse_rollup {
        return Err(forbidden());
    }
    let some = fields::rollup_state(repo, sha).is_some();
    maybe(some.then(|| Thing::Rollup(Repo::clone(repo), sha.to_owned())))
}

fn pull(scene: &Scene, repo: &Repo, index: usize, field: &str) -> Followed {
    let Some(pull) = repo.pulls.get(index) else {
        return Ok(None);
    };
    let me = || Thing::Repo(Repo::clone(repo));
    match field {
        "author" => one(Thing::Person(pull.author)),
        "mergedBy" => maybe(pull.merged_at.map(|_| Thing::Person(pull.author))),
        "assignees" => many(pull.assignees.iter().copied().map(Thing::Person)),
        "repository" | "baseRepository" => one(me()),
        "headRepository" => maybe((!pull.fork).then(me)),
        "headRepositoryOwner" if pull.fork => one(Thing::Person(pull.author)),
        "headRepositoryOwner" => one(Thing::Org),
        "headRef" => maybe(reference(repo, &pull.head_branch)),
        "baseRef" => maybe(reference(repo, pull.base_branch)),
        "mergeCommit" => maybe(pull.merge_sha.as_ref().and_then(|sha| commit_at(repo, sha))),
        "statusCheckRollup" => rollup_of(scene, repo, pull.head_sha()),
        "commits" => many(
            pull.commits
                .iter()
                .map(|sha| Thing::PullCommit(Repo::clone(repo), sha.clone())),
        ),
        "closingIssuesReferences" => many(
            pull.closes
                .iter()
                .filter_map(|number| issue_at(repo, *number)),
        ),
        _ => Ok(None),
    }
}

fn commit(scene: &Scene, repo: &Repo, sha: &str, field: &str) -> Followed {
    let Some(commit) = repo.commits.get(sha) else {
        return Ok(None);
    };
    match field {
        "repository" => one(Thing::Repo(Repo::clone(repo))),
        "parents" => many(
            commit
                .parents
                .iter()
                .filter_map(|parent| commit_at(repo, parent)),
        ),
        "statusCheckRollup" => rollup_of(scene, repo, sha),
        "associatedPullRequests" => many(
            commit
                .pull
                .into_iter()
                .filter_map(|number| pull_at(repo, number)),
        ),
        "checkSuites" => {
            let runs = repo
                .runs
                .iter()
                .enumerate()
                .filter(|(_, run)| run.sha == sha);
            many(runs.map(|(index, _)| Thing::Suite(Repo::clone(repo), index)))
        }
        "history" => {
            let all = compare::history(repo, sha);
            many(
                all.into_iter()
                    .map(|sha| Thing::Commit(Repo::clone(repo), sha)),
            )
        }
        "deployments" => {
            let mine = repo
                .deployments
                .iter()
                .enumerate()
                .filter(|(_, one)| one.sha == sha);
            many(mine.map(|(index, _)| Thing::Deployment(Repo::clone(repo), index)))
        }
        _ => Ok(None),
    }
}

fn branch(repo: &Repo, sha: &str, field: &str, arguments: &Value) -> Followed {
    match field {
        "target" => maybe(commit_at(repo, sha)),
        "repository" => one(Thing::Repo(Repo::clone(repo))),
        "compare" => {
            let head = arguments["headRef"].as_str().unwrap_or_default();
            let head = compare::resolve(repo, head);
            maybe(head.map(|head| Thing::Comparison(Repo::clone(repo), sha.to_owned(), head)))
        }
        _ => Ok(None),
    }
}

fn rollup(repo: &Repo, sha: &str, field: &str) -> Followed {
    match field {
        "contexts" => {
            let mut checks = Vec::new();
            for (index, run) in current(repo, sha) {
                for job in 0..run.jobs().len() {
                    checks.push(Thing::Check(Repo::clone(repo), index, job));
                }
            }
            many(checks)
        }
        "commit" => maybe(commit_at(repo, sha)),
        _ => Ok(None),
    }
}

/// Returns the runs whose jobs are checks of a commit.
pub(super) fn current<'a>(repo: &'a RepoState, sha: &str) -> Vec<(usize, &'a Run)> {
    let mine = |run: &Run| run.sha == sha && run.event != "schedule";
    repo.runs
        .iter()
        .enumerate()
        .filter(|(_, run)| mine(run))
        .collect()
}

fn suite(repo: &Repo, index: usize, field: &str) -> Followed {
    let Some(run) = repo.runs.get(index) else {
        return Ok(None);
    };
    match field {
        "commit" => maybe(commit_at(repo, &run.sha)),
        "repository" => one(Thing::Repo(Repo::clone(repo))),
        "workflowRun" => one(Thing::Run(Repo::clone(repo), index)),
        "checkRuns" => {
            many((0..run.jobs().len()).map(|job| Thing::Check(Repo::clone(repo), index, job)))
        }
        _ => Ok(None),
    }
}

fn run_of(repo: &Repo, index: usize, field: &str) -> Followed {
    match field {
        "checkSuite" => one(Thing::Suite(Repo::clone(repo), index)),
        _ => Ok(None),
    }
}

fn check(repo: &Repo, run: usize, field: &str) -> Followed {
    match field {
        "checkSuite" => one(Thing::Suite(Repo::clone(repo), run)),
        "repository" => one(Thing::Repo(Repo::clone(repo))),
        _ => Ok(None),
    }
}

fn release(repo: &Repo, index: usize, field: &str) -> Followed {
    let Some(release) = repo.releases.get(index) else {
        return Ok(None);
    };
    match field {
        "author" => one(Thing::Person(release.author)),
        "tagCommit" => maybe(commit_at(repo, &release.sha)),
        "tag" if release.draft => maybe(None),
        "tag" => maybe(reference(repo, &format!("refs/tags/{}", release.tag))),
        "repository" => one(Thing::Repo(Repo::clone(repo))),
        _ => Ok(None),
    }
}

fn deployment(repo: &Repo, index: usize, field: &str) -> Followed {
    let Some(deployment) = repo.deployments.get(index) else {
        return Ok(None);
    };
    match field {
        "creator" => one(Thing::Person(deployment.creator)),
        "commit" => maybe(commit_at(repo, &deployment.sha)),
        "ref" => maybe(reference(
            repo,
            &format!("refs/tags/{}", deployment.git_ref),
        )),
        "repository" => one(Thing::Repo(Repo::clone(repo))),
        _ => Ok(None),
    }
}

fn comparison(repo: &Repo, base: &str, head: &str, field: &str) -> Followed {
    match field {
        "commits" => {
            let range = compare::range(repo, base, head);
            many(
                range
                    .ahead
                    .into_iter()
                    .map(|sha| Thing::Commit(Repo::clone(repo), sha)),
            )
        }
        "baseTarget" => maybe(commit_at(repo, base)),
        "headTarget" => maybe(commit_at(repo, head)),
        _ => Ok(None),
    }
}
