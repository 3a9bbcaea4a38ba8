//! Projects and groups, and what belongs to all of a project: labels, milestones.

use serde_json::{Value, json};

use crate::demo::forge::answer::Answer;
use crate::demo::forge::gitlab::{
    Ask, Project, beyond, issues, list, merges, missing, projects_under, time,
};
use crate::demo::forge::wire::{self, join};

/// The number of the first group.
const FIRST: usize = 10;

/// The labels that show the status of a ticket.
pub(super) const WORKFLOW: &[(&str, &str)] = &[
    ("Ready", "workflow::ready"),
    ("In progress", "workflow::in progress"),
    ("In review", "workflow::in review"),
    ("Done", "workflow::done"),
];

/// Returns the paths of all groups, parents first.
fn paths(ask: &Ask<'_>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for place in &ask.ground.share.places {
        let mut path = String::new();
        let (groups, _) = place.path.rsplit_once('/').unwrap_or_default();
        for part in groups.split('/') {
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(part);
            if !all.contains(&path) {
                all.push(path.clone());
            }
        }
    }
    all.sort();
    all
}

fn group_id(ask: &Ask<'_>, path: &str) -> usize {
    let place = paths(ask).iter().position(|known| known == path);
    FIRST + place.unwrap_or(0)
}

fn title(part: &str) -> String {
    let mut letters = part.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn titles(path: &str) -> String {
    let all: Vec<String> = path.split('/').map(title).collect();
    all.join(" / ")
}

fn namespace(ask: &Ask<'_>, path: &str) -> Value {
    let (parent, own) = path.rsplit_once('/').unwrap_or(("", path));
    let parent = (!parent.is_empty()).then(|| group_id(ask, parent));
    json!({
        "id": group_id(ask, path), "name": title(own), "path": own, "kind": "group",
        "full_path": path, "parent_id": parent, "avatar_url": null,
        "web_url": format!("{}/groups/{path}", ask.host()),
    })
}

fn group(ask: &Ask<'_>, path: &str) -> Value {
    let (parent, own) = path.rsplit_once('/').unwrap_or(("", path));
    let parent = (!parent.is_empty()).then(|| group_id(ask, parent));
    json!({
        "id": group_id(ask, path), "web_url": format!("{}/groups/{path}", ask.host()),
        "name": title(own), "path": own, "description": "A simulated group",
        "visibility": "private", "share_with_group_lock": false,
        "require_two_factor_authentication": false, "two_factor_grace_period": 48,
        "project_creation_level": "developer", "auto_devops_enabled": null,
        "subgroup_creation_level": "maintainer", "emails_disabled": false,
        "mentions_disabled": null, "lfs_enabled": true, "math_rendering_limits_enabled": true,
        "default_branch": null, "default_branch_protection": 2, "avatar_url": null,
        "request_access_enabled": true, "full_name": titles(path), "full_path": path,
        "created_at": "2024-01-15T09:00:00.000Z", "parent_id": parent,
        "organization_id": 1, "shared_runners_setting": "enabled", "archived": false,
    })
}

/// Returns a project as all lists and its own page have it.
pub(super) fn full(ask: &Ask<'_>, project: &Project) -> Value {
    let repo = &project.repo;
    let (id, path) = (project.id(), project.place.path.as_str());
    let (groups, name) = path.rsplit_once('/').unwrap_or(("", path));
    let api = format!("{}/api/v4/projects/{id}", ask.host());
    let open = repo.issues.iter().filter(|issue| issue.closed.is_none());
    let ssh = format!("git@{}:{path}.git", host_name(ask));
    let activity = wire::updated_at(repo);
    let plain = json!({
        "id": id, "description": repo.spec.about, "name": title(name),
        "name_with_namespace": titles(path), "path": name, "path_with_namespace": path,
        "created_at": "2024-01-15T09:00:00.000Z", "updated_at": time(activity),
        "default_branch": repo.spec.base_branch(), "tag_list": [], "topics": [],
        "ssh_url_to_repo": ssh, "http_url_to_repo": format!("{}.git", project.page(ask)),
        "web_url": project.page(ask), "readme_url": null, "forks_count": 0, "avatar_url": null,
        "star_count": 0, "last_activity_at": time(activity), "visibility": "private",
        "namespace": namespace(ask, groups),
    });
    let more = json!({
        "_links": {
            "self": api, "issues": format!("{api}/issues"),
            "merge_requests": format!("{api}/merge_requests"),
            "repo_branches": format!("{api}/repository/branches"),
            "labels": format!("{api}/labels"), "events": format!("{api}/events"),
            "members": format!("{api}/members"),
        },
        "packages_enabled": true, "empty_repo": false, "archived": false,
        "issues_enabled": true, "merge_requests_enabled": true, "wiki_enabled": false,
        "jobs_enabled": true, "snippets_enabled": false, "container_registry_enabled": false,
        "can_create_merge_request_in": true, "creator_id": 1_000, "shared_runners_enabled": true,
        "lfs_enabled": true, "import_status": "none", "open_issues_count": open.count(),
        "issues_access_level": "enabled", "builds_access_level": "enabled",
        "merge_requests_access_level": "enabled", "releases_access_level": "enabled",
        "environments_access_level": "enabled", "repository_access_level": "enabled",
        "public_jobs": true, "shared_with_groups": [], "ci_config_path": "",
        "only_allow_merge_if_pipeline_succeeds": true, "allow_merge_on_skipped_pipeline": false,
        "only_allow_merge_if_all_discussions_are_resolved": false,
        "remove_source_branch_after_merge": true, "request_access_enabled": true,
        "merge_method": method(project), "squash_option": squash(project),
        "approvals_before_merge": 0, "merge_pipelines_enabled": false,
        "merge_trains_enabled": repo.pulls.iter().any(|pull| pull.queue.is_some()),
        "permissions": {"project_access": {"access_level": 30, "notification_level": 3}, "group_access": null},
    });
    join(plain, more)
}

fn method(project: &Project) -> &'static str {
    if project.repo.spec.method == "MERGE" {
        "merge"
    } else {
        "ff"
    }
}

fn squash(project: &Project) -> &'static str {
    if project.repo.spec.method == "SQUASH" {
        "always"
    } else {
        "never"
    }
}

/// Returns the name of the server without the scheme and the port.
fn host_name<'a>(ask: &'a Ask<'_>) -> &'a str {
    let bare = ask.host().trim_start_matches("http://");
    bare.rsplit_once(':').map_or(bare, |(name, _)| name)
}

/// Answers with a list of projects.
fn listed(ask: &Ask<'_>, mut all: Vec<Project>) -> Answer {
    all.retain(|project| {
        let activity = wire::updated_at(&project.repo);
        let words = ask.param("search").map(str::to_lowercase);
        list::within(ask, "last_activity", activity)
            && list::within(ask, "updated", activity)
            && !ask.is("archived")
            && words.is_none_or(|words| project.place.path.contains(&words))
    });
    if ask.param("pagination") == Some("keyset") || ask.param("order_by") == Some("id") {
        return list::by_id(ask, all, Project::id, |project| full(ask, project));
    }
    let created = crate::domain::Timestamp::UNIX_EPOCH;
    let by_name = |word| matches!(word, "name" | "path");
    if ask.param("order_by").is_some_and(by_name) {
        all.sort_by(|a, b| b.place.path.cmp(&a.place.path));
        if ask.param("sort") == Some("asc") {
            all.reverse();
        }
    } else if ask.param("order_by") == Some("last_activity_at") {
        all.sort_by_key(|project| wire::updated_at(&project.repo));
        if ask.param("sort") != Some("asc") {
            all.reverse();
        }
    } else {
        list::sort(ask, &mut all, true, |project| {
            (created, wire::updated_at(&project.repo), project.id())
        });
    }
    list::page(ask, &all, |project| full(ask, project))
}

/// Answers with all projects.
pub(super) fn all(ask: &Ask<'_>) -> Answer {
    listed(ask, projects_under(ask, ""))
}

/// Answers what is asked of groups.
pub(super) fn groups(ask: &Ask<'_>, path: &[&str]) -> Answer {
    let known = paths(ask);
    let [id, rest @ ..] = path else {
        let top = ask.is("top_level_only");
        let shown: Vec<&String> = known
            .iter()
            .filter(|path| !top || !path.contains('/'))
            .collect();
        return list::page(ask, &shown, |path| group(ask, path));
    };
    let number = id.parse::<usize>().ok().and_then(|n| n.checked_sub(FIRST));
    let found = match number {
        Some(place) => known.get(place),
        None => known.iter().find(|path| path.eq_ignore_ascii_case(id)),
    };
    let Some(path) = found else {
        return missing("Group");
    };
    match rest {
        [] => Answer::json(group(ask, path)),
        ["projects"] => {
            let mut all = projects_under(ask, path);
            if !ask.is("include_subgroups") {
                let own =
                    |one: &Project| one.place.path.rsplit_once('/').map(|(lead, _)| lead.len());
                all.retain(|project| own(project) == Some(path.len()));
            }
            listed(ask, all)
        }
        ["subgroups" | "descendant_groups"] => {
            let under = format!("{path}/");
            let direct = rest == ["subgroups"];
            let below: Vec<&String> = known
                .iter()
                .filter(|one| {
                    let own = one.strip_prefix(&under);
                    own.is_some_and(|own| !direct || !own.contains('/'))
                })
                .collect();
            list::page(ask, &below, |path| group(ask, path))
        }
        ["issues"] => issues::of(ask, &projects_under(ask, path)),
        ["merge_requests"] => merges::of(ask, &projects_under(ask, path)),
        ["labels"] => labels(ask),
        _ => beyond(),
    }
}

/// Returns a label by its name.
pub(super) fn label(name: &str) -> Value {
    let scoped = WORKFLOW.iter().any(|(_, label)| *label == name);
    let (_, color, about) = if scoped {
        (name, "1f75cb", "Where the work stands")
    } else {
        wire::label(name)
    };
    json!({
        "id": 40_000 + name.len(), "name": name, "color": format!("#{color}"), "description": about,
        "description_html": about, "text_color": "#FFFFFF", "archived": false,
    })
}

/// Answers with all labels.
pub(super) fn labels(ask: &Ask<'_>) -> Answer {
    let plain = wire::LABELS.iter().map(|(name, ..)| *name);
    let all: Vec<&str> = plain
        .chain(WORKFLOW.iter().map(|(_, name)| *name))
        .collect();
    list::page(ask, &all, |name| label(name))
}

/// Returns a milestone by its number.
pub(super) fn milestone(ask: &Ask<'_>, project: &Project, number: u64) -> Value {
    json!({
        "id": project.id() * 10 + number, "iid": number, "project_id": project.id(),
        "title": wire::milestone_title(number), "description": "", "state": "active",
        "created_at": "2024-01-15T09:00:00.000Z", "updated_at": "2024-01-15T09:00:00.000Z",
        "due_date": null, "start_date": null, "expired": false,
        "web_url": format!("{}/-/milestones/{number}", project.page(ask)),
    })
}

/// Answers with all milestones.
pub(super) fn milestones(ask: &Ask<'_>, project: &Project) -> Answer {
    list::page(ask, &[1, 2, 3], |number| milestone(ask, project, *number))
}
