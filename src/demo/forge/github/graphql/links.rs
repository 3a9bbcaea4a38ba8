//! Fields that lead from one thing to others.

use apollo_compiler::resolvers::ResolveInfo;
use serde_json::{Value, json};

use crate::demo::forge::compare;
use crate::demo::forge::github::graphql::node::{Node, Out, Repo, Thing, arguments};
use crate::demo::forge::github::graphql::roots::{
    commit_at, issue_at, owner, pull_at, reference, repository, root,
};
use crate::demo::forge::github::graphql::search::since;
use crate::demo::forge::github::graphql::{Scene, checks};
use crate::demo::scenario::model::{RepoState, Run};

pub(super) fn one(thing: Thing) -> Out {
    Out::One(Some(thing))
}

pub(super) fn maybe(thing: Option<Thing>) -> Out {
    Out::One(thing)
}

pub(super) fn many(things: impl IntoIterator<Item = Thing>) -> Out {
    Out::Many(things.into_iter().collect())
}

/// Follows a field, if it leads to other things.
pub(super) fn follow(node: &Node, info: &ResolveInfo<'_>) -> Out {
    let (scene, field) = (&*node.scene, info.field_name());
    match &node.thing {
        Thing::Root => root(scene, field, &arguments(info)),
        Thing::Org => owner(scene, field, &arguments(info), true),
        Thing::Person(_) => owner(scene, field, &arguments(info), false),
        Thing::Repo(repo) => repository(scene, repo, field, &arguments(info)),
        Thing::Issue(repo, index) => issue(repo, *index, field),
        Thing::Pull(repo, index) => pull(scene, repo, *index, field),
        Thing::Commit(repo, sha) => commit(scene, repo, sha, field, &arguments(info)),
        Thing::PullCommit(repo, sha) => match field {
            "commit" => maybe(commit_at(repo, sha)),
            _ => Out::Plain,
        },
        Thing::Branch(repo, _, sha) => branch(repo, sha, field, &arguments(info)),
        Thing::Rollup(repo, sha) => rollup(repo, sha, field),
        Thing::Suite(repo, run) => suite(repo, *run, field, &arguments(info)),
        Thing::Run(repo, run) => run_of(repo, *run, field),
        Thing::Check(repo, run, _) => check(repo, *run, field),
        Thing::Release(repo, index) => release(repo, *index, field),
        Thing::Deployment(repo, index) => deployment(repo, *index, field),
        Thing::Comparison(repo, base, head) => comparison(repo, base, head, field),
        Thing::Json(_) => Out::Plain,
        Thing::Page(page) => page.field(field),
        Thing::Edge(thing, cursor) => match field {
            "node" => one((**thing).clone()),
            _ => Out::Leaf(json!(cursor)),
        },
    }
}

fn issue(repo: &Repo, index: usize, field: &str) -> Out {
    let Some(issue) = repo.issues.get(index) else {
        return Out::Plain;
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
        _ => Out::Plain,
    }
}

fn rollup_of(scene: &Scene, repo: &Repo, sha: &str) -> Out {
    if scene.refuse_rollup {
        let message = "FORBIDDEN|Resource not accessible by personal access token";
        return Out::Refused(message.to_owned());
    }
    let some = checks::rollup_state(repo, sha).is_some();
    maybe(some.then(|| Thing::Rollup(Repo::clone(repo), sha.to_owned())))
}

fn pull(scene: &Scene, repo: &Repo, index: usize, field: &str) -> Out {
    let Some(pull) = repo.pulls.get(index) else {
        return Out::Plain;
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
        _ => Out::Plain,
    }
}

fn commit(scene: &Scene, repo: &Repo, sha: &str, field: &str, arguments: &Value) -> Out {
    let Some(commit) = repo.commits.get(sha) else {
        return Out::Plain;
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
            let all = compare::history(repo, sha).into_iter();
            let lately = all.filter(|sha| {
                let commit = repo.commits.get(sha);
                commit.is_some_and(|commit| since(&arguments["since"], commit.at))
            });
            many(lately.map(|sha| Thing::Commit(Repo::clone(repo), sha)))
        }
        "deployments" => {
            let mine = repo
                .deployments
                .iter()
                .enumerate()
                .filter(|(_, one)| one.sha == sha);
            many(mine.map(|(index, _)| Thing::Deployment(Repo::clone(repo), index)))
        }
        _ => Out::Plain,
    }
}

fn branch(repo: &Repo, sha: &str, field: &str, arguments: &Value) -> Out {
    match field {
        "target" => maybe(commit_at(repo, sha)),
        "repository" => one(Thing::Repo(Repo::clone(repo))),
        "compare" => {
            let head = arguments["headRef"].as_str().unwrap_or_default();
            let head = compare::resolve(repo, head);
            maybe(head.map(|head| Thing::Comparison(Repo::clone(repo), sha.to_owned(), head)))
        }
        _ => Out::Plain,
    }
}

fn rollup(repo: &Repo, sha: &str, field: &str) -> Out {
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
        _ => Out::Plain,
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

fn suite(repo: &Repo, index: usize, field: &str, arguments: &Value) -> Out {
    let Some(run) = repo.runs.get(index) else {
        return Out::Plain;
    };
    match field {
        "commit" => maybe(commit_at(repo, &run.sha)),
        "repository" => one(Thing::Repo(Repo::clone(repo))),
        "workflowRun" => one(Thing::Run(Repo::clone(repo), index)),
        "checkRuns" => {
            let filter = &arguments["filterBy"];
            let all = filter["checkType"] == "ALL";
            let latest = run.jobs().len();
            let count = if all {
                run.attempts.iter().map(Vec::len).sum()
            } else {
                latest
            };
            many((0..count).map(|job| Thing::Check(Repo::clone(repo), index, job)))
        }
        _ => Out::Plain,
    }
}

fn run_of(repo: &Repo, index: usize, field: &str) -> Out {
    match field {
        "checkSuite" => one(Thing::Suite(Repo::clone(repo), index)),
        _ => Out::Plain,
    }
}

fn check(repo: &Repo, run: usize, field: &str) -> Out {
    match field {
        "checkSuite" => one(Thing::Suite(Repo::clone(repo), run)),
        "repository" => one(Thing::Repo(Repo::clone(repo))),
        _ => Out::Plain,
    }
}

fn release(repo: &Repo, index: usize, field: &str) -> Out {
    let Some(release) = repo.releases.get(index) else {
        return Out::Plain;
    };
    match field {
        "author" => one(Thing::Person(release.author)),
        "tagCommit" => maybe(commit_at(repo, &release.sha)),
        "tag" if release.draft => maybe(None),
        "tag" => maybe(reference(repo, &format!("refs/tags/{}", release.tag))),
        "repository" => one(Thing::Repo(Repo::clone(repo))),
        _ => Out::Plain,
    }
}

fn deployment(repo: &Repo, index: usize, field: &str) -> Out {
    let Some(deployment) = repo.deployments.get(index) else {
        return Out::Plain;
    };
    match field {
        "creator" => one(Thing::Person(deployment.creator)),
        "commit" => maybe(commit_at(repo, &deployment.sha)),
        "ref" => maybe(reference(
            repo,
            &format!("refs/tags/{}", deployment.git_ref),
        )),
        "repository" => one(Thing::Repo(Repo::clone(repo))),
        _ => Out::Plain,
    }
}

fn comparison(repo: &Repo, base: &str, head: &str, field: &str) -> Out {
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
        _ => Out::Plain,
    }
}
