//! Releases, tags and environments.
//!
//! GitLab knows no drafts: what is one in the world is a tag without a release
//! here, and a pre-release is one that is still to come.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::demo::forge::answer::Answer;
use crate::demo::forge::gitlab::{
    Ask, Project, beyond, commits, deployments, list, missing, time, users,
};
use crate::demo::forge::wire::{environment_id, environment_url, join};
use crate::demo::scenario::model::Release;

/// How long after it was made a pre-release is for everybody.
const COMING: TimeDelta = TimeDelta::days(2);

fn tagged(project: &Project, release: &Release) -> bool {
    !release.draft || !project.repo.spec.git_flow
}

/// Answers what is asked of releases.
pub(super) fn releases(ask: &Ask<'_>, project: &Project, rest: &[&str]) -> Answer {
    let repo = &project.repo;
    let all: Vec<&Release> = repo.releases.iter().filter(|one| !one.draft).collect();
    match rest {
        [] => list::page(ask, &all, |one| release(ask, project, one)),
        [tag] => match all.iter().find(|one| one.tag == *tag) {
            Some(one) => Answer::json(release(ask, project, one)),
            None => missing("Release"),
        },
        ["permalink", "latest"] => match all.iter().find(|one| !one.prerelease) {
            Some(one) => Answer::json(release(ask, project, one)),
            None => missing("Release"),
        },
        _ => beyond(),
    }
}

fn release(ask: &Ask<'_>, project: &Project, one: &Release) -> Value {
    let (page, tag) = (project.page(ask), one.tag.as_str());
    let own = format!("{page}/-/releases/{tag}");
    let path = &project.place.path;
    let released = if one.prerelease {
        one.created_at + COMING
    } else {
        one.published_at.unwrap_or(one.created_at)
    };
    let source = |format: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        json!({"format": format, "url": format!("{page}/-/archive/{tag}/{name}-{tag}.{format}")})
    };
    json!({
        "tag_name": tag, "name": tag, "description": one.notes,
        "created_at": time(one.created_at), "released_at": time(released),
        "upcoming_release": released > ask.asked.now, "author": users::brief(ask, one.author),
        "commit": commits::written(ask, project, &one.sha), "milestones": [],
        "commit_path": format!("/{path}/-/commit/{}", one.sha),
        "tag_path": format!("/{path}/-/tags/{tag}"),
        "assets": {"count": 2, "sources": [source("zip"), source("tar.gz")], "links": []},
        "evidences": [],
        "_links": {
            "closed_issues_url": format!("{page}/-/issues?release_tag={tag}&state=closed"),
            "edit_url": format!("{own}/edit"), "self": own,
        },
    })
}

/// Answers what is asked of tags.
pub(super) fn tags(ask: &Ask<'_>, project: &Project, rest: &[&str]) -> Answer {
    let all = project.repo.releases.iter();
    let all: Vec<&Release> = all.filter(|one| tagged(project, one)).collect();
    match rest {
        [] => {
            let lead = ask
                .param("search")
                .unwrap_or_default()
                .trim_start_matches('^');
            let found: Vec<_> = all.iter().filter(|one| one.tag.contains(lead)).collect();
            list::page(ask, &found, |one| tag(ask, project, one))
        }
        [name] => match all.iter().find(|one| one.tag == *name) {
            Some(one) => Answer::json(tag(ask, project, one)),
            None => missing("Tag"),
        },
        _ => beyond(),
    }
}

fn tag(ask: &Ask<'_>, project: &Project, one: &Release) -> Value {
    let release = (!one.draft).then(|| json!({"tag_name": one.tag, "description": one.notes}));
    json!({
        "name": one.tag, "message": "", "target": one.sha,
        "commit": commits::written(ask, project, &one.sha), "release": release,
        "protected": true, "created_at": null,
    })
}

/// Returns how much an environment matters, in GitLab's words.
fn tier(name: &str) -> &'static str {
    if name.ends_with("production") {
        "production"
    } else if name.ends_with("staging") {
        "staging"
    } else {
        "other"
    }
}

/// Returns an environment in short.
pub(super) fn environment(project: &Project, name: &str) -> Value {
    let repo = &project.repo;
    json!({
        "id": environment_id(repo, name), "name": name, "slug": name,
        "external_url": environment_url(repo, name), "created_at": "2024-01-15T09:00:00.000Z",
        "updated_at": "2024-01-15T09:00:00.000Z", "tier": tier(name), "state": "available",
    })
}

/// Answers what is asked of environments.
pub(super) fn environments(ask: &Ask<'_>, project: &Project, rest: &[&str]) -> Answer {
    let all = project.repo.spec.environments();
    let more = json!({
        "auto_stop_at": null, "description": null, "auto_stop_setting": "always",
    });
    match rest {
        [] => {
            let name = |name: &str| {
                list::wants(ask, "name", name)
                    && ask.param("search").is_none_or(|words| name.contains(words))
                    && list::wants(ask, "states", "available")
            };
            let found: Vec<_> = all.iter().filter(|(one, _)| name(one)).collect();
            list::page(ask, &found, |(name, _)| {
                join(environment(project, name), more.clone())
            })
        }
        [number] => {
            let id = number.parse::<u64>().unwrap_or(0);
            let mut all = all.iter();
            let found = all.find(|(name, _)| environment_id(&project.repo, name) == id);
            let Some((name, _)) = found else {
                return missing("Environment");
            };
            let mut sent = project.repo.deployments.iter();
            let last = sent.find(|one| one.environment == *name && deployments::done(one));
            let last = last.map(|one| deployments::written(ask, project, one));
            let more = join(more, json!({"last_deployment": last}));
            Answer::json(join(environment(project, name), more))
        }
        _ => beyond(),
    }
}

/// Answers with the environments that not everybody may deploy to.
pub(super) fn guarded(ask: &Ask<'_>, project: &Project) -> Answer {
    let all = project.repo.spec.environments();
    let all: Vec<_> = all.iter().filter(|(_, guarded)| *guarded).collect();
    list::page(ask, &all, |(name, _)| {
        json!({
            "name": name, "required_approval_count": 1,
            "deploy_access_levels": [{
                "id": 1, "access_level": 40, "access_level_description": "Maintainers",
                "user_id": null, "group_id": null, "group_inheritance_type": 0,
            }],
            "approval_rules": [{
                "id": 1, "user_id": null, "group_id": null, "access_level": 40,
                "access_level_description": "Maintainers", "required_approvals": 1,
                "group_inheritance_type": 0,
            }],
        })
    })
}
