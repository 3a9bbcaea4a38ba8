//! Repositories, as REST writes them.

use serde_json::{Value, json};

use crate::demo::forge::answer::{Answer, iso};
use crate::demo::forge::github::rest::{Ask, people_of};
use crate::demo::forge::wire;
use crate::demo::scenario::model::RepoState;

/// The addresses that every repository has: what follows its own, by the name of the field.
const ADDRESSES: &[(&str, &str)] = &[
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    (
        "notifications_url",
        "/notifications{?since,all,participating}",
    ),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
];

/// Returns the address of a repository in the API.
pub(super) fn url(ask: &Ask<'_>, repo: &RepoState) -> String {
    format!("{}/repos/{}", ask.api, repo.spec.full_name())
}

/// Returns the page of a repository.
pub(super) fn page(ask: &Ask<'_>, repo: &RepoState) -> String {
    format!("{}/{}", ask.html, repo.spec.full_name())
}

/// Returns a repository as runs name it: no times, so that their validators stay.
pub(super) fn brief(ask: &Ask<'_>, repo: &RepoState) -> Value {
    let (spec, url) = (&repo.spec, url(ask, repo));
    let mut value = json!({
        "id": spec.id, "node_id": format!("R_{}", spec.index), "name": spec.name,
        "full_name": spec.full_name(), "private": false, "owner": people_of::owner(ask),
        "html_url": page(ask, repo), "description": spec.about, "fork": false, "url": url,
    });
    for (name, tail) in ADDRESSES {
        wire::put(&mut value, name, format!("{url}{tail}"));
    }
    value
}

/// Returns a repository as lists have it.
pub(super) fn listed(ask: &Ask<'_>, repo: &RepoState) -> Value {
    let value = brief(ask, repo);
    let page = page(ask, repo);
    let more = json!({
        "created_at": "2024-01-15T09:00:00Z", "updated_at": iso(wire::updated_at(repo)),
        "pushed_at": iso(repo.pushed_at), "git_url": page.replacen("http", "git", 1),
        "ssh_url": format!("git@localhost:{}.git", repo.spec.full_name()),
        "clone_url": format!("{page}.git"), "svn_url": page, "mirror_url": null,
        "homepage": null, "size": 20_480, "stargazers_count": 3, "watchers_count": 3,
        "language": repo.spec.lang.name(), "has_issues": true, "has_projects": true,
        "has_downloads": true,
        "has_wiki": false, "has_pages": false, "has_discussions": false, "forks_count": 0,
        "archived": false, "disabled": false, "license": null, "allow_forking": true,
        "is_template": false, "web_commit_signoff_required": false, "topics": [],
        "visibility": "public", "forks": 0, "watchers": 3,
        "open_issues_count": open(repo), "open_issues": open(repo),
        "default_branch": repo.branches.first().map_or("main", |branch| branch.name.as_str()),
        "permissions":
            {"admin": false, "maintain": false, "push": true, "triage": true, "pull": true},
    });
    wire::join(value, more)
}

fn open(repo: &RepoState) -> usize {
    let issues = repo
        .issues
        .iter()
        .filter(|issue| issue.closed.is_none())
        .count();
    issues
        + repo
            .pulls
            .iter()
            .filter(|pull| pull.closed_at.is_none())
            .count()
}

/// Returns a repository as its own address has it.
pub(super) fn full(ask: &Ask<'_>, repo: &RepoState) -> Value {
    let mut value = listed(ask, repo);
    wire::put(&mut value, "network_count", json!(0));
    wire::put(&mut value, "subscribers_count", json!(3));
    wire::put(
        &mut value,
        "allow_squash_merge",
        json!(repo.spec.method == "SQUASH"),
    );
    wire::put(
        &mut value,
        "allow_merge_commit",
        json!(repo.spec.method == "MERGE"),
    );
    wire::put(
        &mut value,
        "allow_rebase_merge",
        json!(repo.spec.method == "REBASE"),
    );
    value
}

/// Answers with all repositories, sorted as asked.
pub(super) fn all(ask: &Ask<'_>) -> Answer {
    let world = &ask.ground.world;
    let mut all: Vec<usize> = (0..world.len()).collect();
    let at = |index: &usize| world.at(*index, ask.asked.now);
    match ask.asked.param("sort") {
        Some("pushed") => all.sort_by_key(|index| at(index).map(|repo| repo.pushed_at)),
        Some("updated") => all.sort_by_key(|index| at(index).map(|repo| wire::updated_at(&repo))),
        _ => all.sort_by(|a, b| {
            let name = |index: &usize| world.spec(*index).map(|spec| spec.name.as_str());
            name(a).cmp(&name(b))
        }),
    }
    let by_time = matches!(ask.asked.param("sort"), Some("pushed" | "updated"));
    if ask
        .asked
        .param("direction")
        .map_or(by_time, |word| word == "desc")
    {
        all.reverse();
    }
    Answer::list(ask.asked, &all, |index| {
        at(index).map_or(Value::Null, |repo| listed(ask, &repo))
    })
}
