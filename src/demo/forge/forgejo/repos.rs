//! Repositories and their owners.

use serde_json::{Value, json};

use crate::demo::forge::answer::Answer;
use crate::demo::forge::forgejo::{Ask, Home, homes, owner, owner_id, page, time};
use crate::demo::forge::wire::join;
use crate::demo::scenario::model::PullState;

/// Returns an organisation.
pub(super) fn org(ask: &Ask<'_>, name: &str) -> Value {
    json!({
        "id": owner_id(ask, name), "name": name, "full_name": name, "email": "",
        "avatar_url": format!("{}/avatars/{name}", ask.host()),
        "description": "A simulated organisation", "website": "", "location": "",
        "visibility": "private", "repo_admin_change_team_access": true, "username": name,
        "created": "2024-01-15T09:00:00Z",
    })
}

/// Answers with all repositories, or those of an owner.
pub(super) fn all(ask: &Ask<'_>, owner: Option<&str>) -> Answer {
    let mut all = homes(ask, owner);
    all.sort_by(|one, other| one.path().cmp(other.path()));
    page(ask, &all, |home| full(ask, home))
}

/// Answers a search.
pub(super) fn search(ask: &Ask<'_>) -> Answer {
    let words = ask.param("q").unwrap_or_default().to_lowercase();
    let uid = ask.param("uid").and_then(|id| id.parse::<usize>().ok());
    let mut all = homes(ask, None);
    all.retain(|home| {
        home.path().to_lowercase().contains(&words)
            && uid.is_none_or(|uid| owner_id(ask, home.owner()) == uid)
            && ask.param("archived") != Some("true")
    });
    all.sort_by(|one, other| one.path().cmp(other.path()));
    match ask.param("sort") {
        Some("updated") => all.sort_by_key(|home| home.repo.pushed_at),
        Some("id") => all.sort_by_key(|home| home.repo.spec.id),
        Some(_) | None => {}
    }
    if ask.param("order") == Some("desc") {
        all.reverse();
    }
    let wrap = |_, rows| json!({"ok": true, "data": Value::Array(rows)});
    Answer::page(ask.asked, &all, |home| full(ask, home), wrap)
        .header("x-total-count", all.len().to_string())
}

/// Returns a repository in short, as records of it name it.
pub(super) fn brief(home: &Home) -> Value {
    json!({
        "id": home.repo.spec.id, "name": home.name(), "owner": home.owner(),
        "full_name": home.path(),
    })
}

/// Returns a repository.
pub(super) fn full(ask: &Ask<'_>, home: &Home) -> Value {
    let repo = &home.repo;
    let (web, path) = (home.page(ask), home.path());
    let host = ask.host().trim_start_matches("http://");
    let open_issues = repo.issues.iter().filter(|issue| issue.closed.is_none());
    let open_pulls = repo.pulls.iter();
    let open_pulls = open_pulls.filter(|pull| pull.state == PullState::Open);
    let plain = json!({
        "id": repo.spec.id, "owner": owner(ask, home.owner()), "name": home.name(),
        "full_name": path, "description": repo.spec.about, "empty": false, "private": true,
        "fork": false, "template": false, "parent": null, "mirror": false, "size": 2048,
        "language": repo.spec.lang.name(), "languages_url": format!("{}/languages", home.api(ask)),
        "html_url": web, "url": home.api(ask), "link": "",
        "ssh_url": format!("ssh://git@{host}/{path}.git"), "clone_url": format!("{web}.git"),
        "original_url": "", "website": "", "stars_count": 0, "forks_count": 0,
        "watchers_count": 3, "open_issues_count": open_issues.count(),
        "open_pr_counter": open_pulls.count(), "release_counter": repo.releases.len(),
        "default_branch": repo.spec.base_branch(), "archived": false,
        "created_at": "2024-01-15T09:00:00Z", "updated_at": time(repo.pushed_at),
        "archived_at": "1970-01-01T00:00:00Z",
    });
    let more = json!({
        "permissions": {"admin": false, "push": true, "pull": true}, "has_issues": true,
        "internal_tracker": {
            "enable_time_tracker": false, "allow_only_contributors_to_track_time": true,
            "enable_issue_dependencies": true,
        },
        "has_wiki": false, "has_pull_requests": true, "has_projects": false,
        "has_releases": true, "has_packages": false, "has_actions": false,
        "ignore_whitespace_conflicts": false, "allow_merge_commits": repo.spec.method == "MERGE",
        "allow_rebase": repo.spec.method == "REBASE", "allow_rebase_explicit": false,
        "allow_squash_merge": repo.spec.method == "SQUASH",
        "allow_fast_forward_only_merge": false, "allow_rebase_update": true,
        "default_delete_branch_after_merge": true,
        "default_merge_style": repo.spec.method.to_lowercase(),
        "default_allow_maintainer_edit": false, "avatar_url": "", "internal": false,
        "mirror_interval": "", "object_format_name": "sha1",
        "mirror_updated": "0001-01-01T00:00:00Z", "repo_transfer": null, "topics": [],
    });
    let wiki = json!({
        "has_wiki_contents": false, "wiki_branch": "main", "globally_editable_wiki": false,
        "wiki_clone_url": format!("{web}.wiki.git"),
        "wiki_ssh_url": format!("ssh://git@{host}/{path}.wiki.git"),
        "default_update_style": "merge",
    });
    join(join(plain, more), wiki)
}
