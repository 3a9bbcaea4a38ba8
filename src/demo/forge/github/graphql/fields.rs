//! The plain fields of things, by GitHub's names.

use serde_json::{Value, json};

use crate::demo::forge::answer::iso;
use crate::demo::forge::compare;
use crate::demo::forge::github::graphql::node::{Out, Repo, Thing};
use crate::demo::forge::github::graphql::search::{issue_state, pull_state};
use crate::demo::forge::github::graphql::{Scene, checks};
use crate::demo::forge::wire;
use crate::demo::scenario::model::{Commit, Pull, RepoState, Scan};
use crate::demo::scenario::people;
use crate::demo::scenario::team::ORG;

/// Returns the plain fields of a thing.
pub(super) fn of(scene: &Scene, thing: &Thing) -> Value {
    let host = scene.host.as_str();
    match thing {
        Thing::Root => json!({"rateLimit": rate_limit(scene)}),
        Thing::Org => organization(host),
        Thing::Person(index) => person(host, *index),
        Thing::Repo(repo) => repository(host, repo),
        Thing::Issue(repo, index) => issue(host, repo, *index),
        Thing::Pull(repo, index) => pull(host, repo, *index),
        Thing::Commit(repo, sha) => repo
            .commits
            .get(sha)
            .map_or(Value::Null, |found| commit(host, repo, found)),
        Thing::PullCommit(repo, sha) => json!({
            "id": format!("PRC_{sha}"),
            "url": format!("{host}/{}/commit/{sha}", repo.spec.full_name()),
        }),
        Thing::Branch(repo, name, _) => reference(repo, name),
        Thing::Rollup(repo, sha) => checks::rollup(repo, sha),
        Thing::Suite(repo, run) => repo
            .runs
            .get(*run)
            .map_or(Value::Null, |r| checks::suite(host, repo, r)),
        Thing::Run(repo, run) => repo
            .runs
            .get(*run)
            .map_or(Value::Null, |r| checks::run_of(host, repo, r)),
        Thing::Check(repo, run, job) => checks::check(host, repo, *run, *job),
        Thing::Release(repo, index) => release(host, repo, *index),
        Thing::Deployment(repo, index) => deployment(scene, repo, *index),
        Thing::Comparison(repo, base, head) => {
            let range = compare::range(repo, base, head);
            json!({
                "id": format!("CMP_{base:.7}_{head:.7}"),
                "status": range.status().to_uppercase(),
                "aheadBy": range.ahead.len(),
                "behindBy": range.behind.len(),
            })
        }
        Thing::Json(value) => value.clone(),
        Thing::Page(_) | Thing::Edge(..) => Value::Null,
    }
}

fn rate_limit(scene: &Scene) -> Value {
    let (limit, used, remaining, reset) = scene.window;
    let reset = chrono::DateTime::from_timestamp(reset, 0).unwrap_or_default();
    json!({
        "cost": scene.cost, "limit": limit, "nodeCount": scene.nodes, "used": used,
        "remaining": remaining, "resetAt": iso(reset),
    })
}

fn organization(host: &str) -> Value {
    json!({
        "id": "O_1", "databaseId": 1, "login": ORG, "name": "Acme", "email": null,
        "description": "A simulated team", "url": format!("{host}/{ORG}"),
        "resourcePath": format!("/{ORG}"), "avatarUrl": format!("{host}/avatars/{ORG}"),
        "createdAt": "2020-01-01T00:00:00Z", "membersWithRole": [], "teams": [], "projectsV2": [],
    })
}

fn person(host: &str, index: usize) -> Value {
    let who = people::of(index);
    json!({
        "id": format!("U_{index}"), "databaseId": 1000 + index, "login": who.login,
        "name": who.name, "email": "", "url": format!("{host}/{}", who.login),
        "resourcePath": format!("/{}", who.login),
        "avatarUrl": format!("{host}/avatars/{}", who.login),
        "createdAt": "2020-01-01T00:00:00Z", "isViewer": index == people::VIEWER,
        "bio": null, "company": "Acme", "location": null,
    })
}

fn repository(host: &str, repo: &RepoState) -> Value {
    let spec = &repo.spec;
    let full = spec.full_name();
    let findings: Vec<Value> = repo
        .findings
        .iter()
        .filter(|found| found.scan == Scan::Dependency)
        .map(|found| wire::vulnerability(host, repo, found))
        .collect();
    let plain = json!({
        "id": format!("R_{}", spec.index), "databaseId": spec.id,
        "name": spec.name, "nameWithOwner": full, "url": format!("{host}/{full}"),
        "resourcePath": format!("/{full}"), "description": spec.about,
        "createdAt": "2024-01-15T09:00:00Z", "updatedAt": iso(wire::updated_at(repo)),
        "pushedAt": iso(repo.pushed_at), "isArchived": false, "isPrivate": false,
        "isFork": false, "isEmpty": false, "isDisabled": false, "isTemplate": false,
        "isInOrganization": true, "isLocked": false, "isMirror": false,
    });
    let more = json!({
        "visibility": "PUBLIC", "hasIssuesEnabled": true, "hasProjectsEnabled": true,
        "hasWikiEnabled": false, "hasDiscussionsEnabled": false, "homepageUrl": null,
        "sshUrl": format!("git@localhost:{full}.git"), "diskUsage": 20_480,
        "stargazerCount": 3 + spec.index, "forkCount": 0,
        "mergeCommitAllowed": spec.method == "MERGE",
        "squashMergeAllowed": spec.method == "SQUASH",
        "rebaseMergeAllowed": spec.method == "REBASE",
        "autoMergeAllowed": true, "deleteBranchOnMerge": true, "viewerPermission": "WRITE",
        "viewerCanAdminister": false, "viewerHasStarred": false,
        "viewerDefaultMergeMethod": spec.method, "parent": null,
        "primaryLanguage": {"id": "L_1", "name": spec.lang.name(), "color": "#dea584"},
        "vulnerabilityAlerts": findings,
        "labels": wire::LABELS.iter().map(|(name, ..)| label(host, &full, name)).collect::<Vec<_>>(),
        "milestones": (1..=3).map(|n| milestone(host, repo, n)).collect::<Vec<_>>(),
    });
    wire::join(plain, more)
}

fn label(host: &str, full: &str, name: &str) -> Value {
    let (_, color, about) = wire::label(name);
    json!({
        "id": format!("LA_{name}"), "name": name, "color": color, "description": about,
        "url": format!("{host}/{full}/labels/{name}"), "isDefault": false,
        "createdAt": "2024-01-15T09:00:00Z", "updatedAt": "2024-01-15T09:00:00Z",
    })
}

fn labels(host: &str, repo: &RepoState, names: &[&str]) -> Vec<Value> {
    let full = repo.spec.full_name();
    names.iter().map(|name| label(host, &full, name)).collect()
}

fn milestone(host: &str, repo: &RepoState, number: u64) -> Value {
    json!({
        "id": format!("MI_{}_{number}", repo.spec.index), "number": number,
        "title": wire::milestone_title(number), "description": null, "dueOn": null,
        "state": "OPEN", "url": format!("{host}/{}/milestone/{number}", repo.spec.full_name()),
        "createdAt": "2024-01-15T09:00:00Z", "updatedAt": "2024-01-15T09:00:00Z", "closedAt": null,
    })
}

fn issue(host: &str, repo: &RepoState, index: usize) -> Value {
    let Some(issue) = repo.issues.get(index) else {
        return Value::Null;
    };
    let (full, number) = (repo.spec.full_name(), issue.number);
    let status = issue.status.map(|(word, at)| {
        json!([{
            "id": format!("PVTI_{number}"), "databaseId": number, "type": "ISSUE",
            "isArchived": false, "createdAt": iso(issue.created_at), "updatedAt": iso(at),
            "project": {
                "id": "PVT_1", "number": 1, "title": "Delivery", "closed": false, "public": true,
                "url": format!("{host}/orgs/{ORG}/projects/1"),
                "createdAt": "2024-01-15T09:00:00Z", "updatedAt": "2024-01-15T09:00:00Z",
            },
            "fieldValueByName": {
                "__typename": "ProjectV2ItemFieldSingleSelectValue",
                "id": format!("PVTFSV_{number}"), "name": word, "optionId": word,
                "color": "BLUE", "description": null,
                "createdAt": iso(issue.created_at), "updatedAt": iso(at),
            },
        }])
    });
    let plain = json!({
        "id": format!("I_{}_{number}", repo.spec.index), "databaseId": number,
        "fullDatabaseId": number.to_string(), "number": number, "title": issue.title,
        "titleHTML": "", "url": format!("{host}/{full}/issues/{number}"),
        "resourcePath": format!("/{full}/issues/{number}"), "body": issue.body,
        "bodyText": issue.body, "state": issue_state(issue),
        "stateReason": issue.closed.map(|(_, reason)| reason.to_uppercase()),
        "createdAt": iso(issue.created_at), "updatedAt": iso(issue.updated_at),
        "closedAt": issue.closed.map(|(at, _)| iso(at)), "closed": issue.closed.is_some(),
    });
    let more = json!({
        "locked": false, "activeLockReason": null, "authorAssociation": "MEMBER",
        "labels": labels(host, repo, &issue.labels),
        "milestone": issue.milestone.map(|number| milestone(host, repo, number)),
        "projectItems": status.unwrap_or_else(|| json!([])), "comments": [],
        "reactionGroups": [], "isPinned": false, "subIssues": [], "linkedBranches": [],
        "subIssuesSummary": {"total": 0, "completed": 0, "percentCompleted": 0},
        "viewerDidAuthor": issue.author == people::VIEWER,
    });
    wire::join(plain, more)
}

fn pull(host: &str, repo: &Repo, index: usize) -> Value {
    let Some(pull) = repo.pulls.get(index) else {
        return Value::Null;
    };
    let (full, number) = (repo.spec.full_name(), pull.number);
    let url = format!("{host}/{full}/pull/{number}");
    let plain = json!({
        "id": format!("PR_{}_{number}", repo.spec.index), "databaseId": number,
        "fullDatabaseId": number.to_string(), "number": number, "title": pull.title,
        "url": url, "permalink": url, "resourcePath": format!("/{full}/pull/{number}"),
        "body": pull.body, "bodyText": pull.body, "state": pull_state(pull),
        "isDraft": pull.draft, "createdAt": iso(pull.created_at),
        "updatedAt": iso(pull.updated_at), "mergedAt": pull.merged_at.map(iso),
        "closedAt": pull.closed_at.map(iso), "closed": pull.closed_at.is_some(),
        "merged": pull.merged_at.is_some(), "locked": false,
        "authorAssociation": if pull.fork { "FIRST_TIME_CONTRIBUTOR" } else { "MEMBER" },
        "labels": labels(host, repo, &pull.labels), "milestone": null,
        "headRefName": pull.head_branch, "headRefOid": pull.head_sha(),
        "baseRefName": pull.base_branch, "baseRefOid": pull.base_sha,
        "isCrossRepository": pull.fork, "maintainerCanModify": true,
    });
    wire::join(plain, pull_checks(host, repo, pull))
}

fn pull_checks(host: &str, repo: &Repo, pull: &Pull) -> Value {
    let requests: Vec<Value> = pull
        .requested
        .iter()
        .map(|who| {
            let mut user = person(host, *who);
            wire::put(&mut user, "__typename", json!("User"));
            json!({
                "id": format!("RR_{}_{who}", pull.number), "asCodeOwner": false,
                "databaseId": who, "requestedReviewer": user,
            })
        })
        .collect();
    let reviews: Vec<Value> = pull
        .reviews
        .iter()
        .map(|review| {
            let mut author = person(host, review.by);
            wire::put(&mut author, "__typename", json!("User"));
            json!({
                "id": format!("PRR_{}_{}", pull.number, review.at.timestamp()), "databaseId": 1,
                "author": author, "authorAssociation": "MEMBER", "body": "", "bodyText": "",
                "state": review.state, "submittedAt": iso(review.at), "createdAt": iso(review.at),
                "updatedAt": iso(review.at), "reactionGroups": [],
                "commit": {"oid": review.sha},
                "url": format!("{host}/{}/pull/{}", repo.spec.full_name(), pull.number),
            })
        })
        .collect();
    let latest: Vec<Value> = reviews.last().cloned().into_iter().collect();
    json!({
        "reviewDecision": pull.decision, "mergeable": pull.mergeable,
        "mergeStateStatus": pull.merge_state, "isInMergeQueue": pull.queue.is_some(),
        "isMergeQueueEnabled": repo.spec.services.len() > 1,
        "mergeQueueEntry": pull.queue.map(|_| queue_entry(repo, pull)),
        "reviewRequests": requests, "reviews": reviews, "latestReviews": latest,
        "latestOpinionatedReviews": latest,
        "files": pull.files.iter().map(|path| json!({
            "path": path, "additions": 23, "deletions": 9, "changeType": "MODIFIED",
        })).collect::<Vec<_>>(),
        "additions": pull.additions, "deletions": pull.deletions,
        "changedFiles": pull.files.len(), "comments": [], "reactionGroups": [],
        "projectItems": [], "totalCommentsCount": 0,
        "timelineItems": pull.ready_at.iter().map(|at| json!({
            "__typename": "ReadyForReviewEvent", "createdAt": iso(*at),
        })).collect::<Vec<_>>(),
        "viewerDidAuthor": pull.author == people::VIEWER,
    })
}

/// Returns the place of a pull request in the merge queue.
pub(super) fn queue_entry(repo: &RepoState, pull: &Pull) -> Value {
    let before = repo
        .pulls
        .iter()
        .filter(|one| one.queue.is_some() && one.created_at < pull.created_at)
        .count();
    json!({
        "id": format!("MQE_{}", pull.number), "state": pull.queue, "position": before + 1,
        "enqueuedAt": iso(pull.updated_at), "estimatedTimeToMerge": 600, "solo": false,
        "jump": false,
    })
}

fn commit(host: &str, repo: &RepoState, commit: &Commit) -> Value {
    let (full, oid) = (repo.spec.full_name(), &commit.sha);
    let who = people::of(commit.author);
    let (headline, rest) = commit
        .message
        .split_once("\n\n")
        .unwrap_or((&commit.message, ""));
    let actor = json!({
        "name": who.name, "email": format!("{}@example.org", who.login), "date": iso(commit.at),
        "user": person(host, commit.author), "avatarUrl": format!("{host}/avatars/{}", who.login),
    });
    json!({
        "id": format!("C_{}_{oid}", repo.spec.index), "oid": oid,
        "abbreviatedOid": format!("{oid:.7}"), "url": format!("{host}/{full}/commit/{oid}"),
        "commitUrl": format!("{host}/{full}/commit/{oid}"),
        "commitResourcePath": format!("/{full}/commit/{oid}"),
        "resourcePath": format!("/{full}/commit/{oid}"), "message": commit.message,
        "messageHeadline": headline, "messageBody": rest, "committedDate": iso(commit.at),
        "authoredDate": iso(commit.at), "author": actor, "committer": actor, "authors": [actor],
        "status": null, "additions": 40, "deletions": 12, "changedFilesIfAvailable": 3,
    })
}

fn reference(repo: &RepoState, full: &str) -> Value {
    let (prefix, name) = ["refs/heads/", "refs/tags/"]
        .iter()
        .find_map(|prefix| Some((*prefix, full.strip_prefix(prefix)?)))
        .unwrap_or(("refs/heads/", full));
    let main = name == repo.spec.base_branch() || name == "main";
    json!({
        "id": format!("REF_{}_{full}", repo.spec.index), "name": name, "prefix": prefix,
        "branchProtectionRule": main.then(|| json!({
            "id": "BPR_1", "pattern": name, "requiresStrictStatusChecks": true,
            "requiresStatusChecks": true, "requiresApprovingReviews": true,
            "requiredApprovingReviewCount": 1,
            "requiredStatusCheckContexts": ["build", "lint", "unit", "integration"],
        })),
        "associatedPullRequests": [],
    })
}

fn release(host: &str, repo: &RepoState, index: usize) -> Value {
    let Some(release) = repo.releases.get(index) else {
        return Value::Null;
    };
    let (full, tag) = (repo.spec.full_name(), &release.tag);
    let newest = repo
        .releases
        .iter()
        .position(|one| !one.draft && !one.prerelease);
    json!({
        "id": format!("RE_{}", release.id), "databaseId": release.id, "name": tag,
        "tagName": tag, "description": release.notes, "isDraft": release.draft,
        "isPrerelease": release.prerelease, "isLatest": newest == Some(index),
        "createdAt": iso(release.created_at), "publishedAt": release.published_at.map(iso),
        "updatedAt": iso(release.published_at.unwrap_or(release.created_at)),
        "url": format!("{host}/{full}/releases/tag/{tag}"),
        "resourcePath": format!("/{full}/releases/tag/{tag}"),
    })
}

/// Returns the state of a deployment in GraphQL's words.
fn deploy_state(rest: &str) -> &'static str {
    match rest {
        "success" => "ACTIVE",
        "inactive" => "INACTIVE",
        "failure" => "FAILURE",
        "error" => "ERROR",
        "in_progress" => "IN_PROGRESS",
        "queued" => "QUEUED",
        "waiting" => "WAITING",
        _ => "PENDING",
    }
}

fn deployment(scene: &Scene, repo: &RepoState, index: usize) -> Value {
    let Some(deployment) = repo.deployments.get(index) else {
        return Value::Null;
    };
    let host = scene.host.as_str();
    let statuses: Vec<Value> = deployment.statuses.iter().map(|status| json!({
        "id": format!("DES_{}_{}", deployment.id, status.at.timestamp()),
        "state": status.state.to_uppercase(), "createdAt": iso(status.at),
        "updatedAt": iso(status.at), "environment": deployment.environment,
        "environmentUrl": wire::environment_url(repo, &deployment.environment),
        "logUrl": format!("{host}/{}/actions/runs/{}", repo.spec.full_name(), deployment.run),
        "description": status.description,
        "creator": {"__typename": "Bot", "login": "github-actions"},
    })).collect();
    json!({
        "id": format!("DE_{}_{}", repo.spec.index, deployment.id), "databaseId": deployment.id,
        "environment": deployment.environment, "originalEnvironment": deployment.environment,
        "latestEnvironment": deployment.environment, "commitOid": deployment.sha,
        "createdAt": iso(deployment.created_at), "updatedAt": iso(deployment.updated_at),
        "state": deploy_state(deployment.state()), "task": "deploy", "description": null,
        "payload": deployment.payload.to_string(), "latestStatus": statuses.first(),
        "statuses": statuses,
    })
}

/// Returns an environment.
pub(super) fn environment(repo: &RepoState, name: &str, guarded: bool) -> Value {
    let rules = guarded.then(|| {
        json!([{
            "databaseId": 1, "type": "REQUIRED_REVIEWERS", "timeout": 0, "preventSelfReview": false,
            "reviewers": [{"__typename": "User", "login": people::of(people::VIEWER).login}],
        }])
    });
    json!({
        "id": format!("EN_{}_{name}", repo.spec.index),
        "databaseId": wire::environment_id(repo, name), "name": name, "isPinned": false,
        "protectionRules": rules.unwrap_or_else(|| json!([])),
    })
}

/// Returns the environments of a repository, or the one that is asked for.
pub(super) fn environments(scene: &Scene, repo: &RepoState, field: &str, arguments: &Value) -> Out {
    let all = repo.spec.environments().into_iter().map(|(name, guarded)| {
        let done = repo.deployments.iter().position(|one| {
            one.environment == name && matches!(one.state(), "success" | "failure" | "error")
        });
        let mut value = environment(repo, &name, guarded);
        wire::put(
            &mut value,
            "latestCompletedDeployment",
            done.map_or(Value::Null, |index| deployment(scene, repo, index)),
        );
        value
    });
    if field == "environments" {
        return Out::Many(all.map(Thing::Json).collect());
    }
    let wanted = arguments["name"].as_str();
    let mut all = all;
    Out::One(
        all.find(|one| one["name"].as_str() == wanted)
            .map(Thing::Json),
    )
}
