//! Projects, commits, releases, environments, deployments.

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::commit::{Commit, RangeCommit};
use crate::domain::deployment::{DeployState, Deployment, Environment};
use crate::domain::key::{Person, RepoKey, Sha};
use crate::domain::release::Release;
use crate::domain::repository::{Branch, Repository};
use crate::domain::text::Clean;

use super::super::{wire, wire_ci};
use super::ci::Held;
use super::{first_line, line, link, person, sha};
use crate::sources::texts::reverts;

/// Words in a tag that mark what is not for everybody yet.
const EARLY: [&str; 6] = ["alpha", "beta", "rc", "pre", "dev", "snapshot"];

/// How long after it began a deployment of which no end is told may have been touched by that.
const LONGEST: TimeDelta = TimeDelta::hours(6);

/// Returns the repository, with the tip of its default branch as far as it is known.
pub(crate) fn repository(repo: &RepoKey, wire: &wire::Project, tip: Option<&Sha>) -> Repository {
    let name = wire.default_branch.as_deref();
    Repository {
        repo: repo.clone(),
        url: link(wire.web_url.as_deref()),
        default_branch: name.filter(|name| !name.is_empty()).map(|name| Branch {
            name: Clean::line(name),
            tip: tip.cloned(),
        }),
        flow_branches: Vec::new(),
        pushed_at: wire.last_activity_at,
        archived: wire.archived,
        renamed_from: Vec::new(),
    }
}

/// Returns a commit of a branch; who brought it is filled in where it is known.
pub(crate) fn commit(repo: &RepoKey, branch: &Clean, wire: &wire::Commit) -> Option<Commit> {
    let message = wire.message.as_deref().or(wire.title.as_deref());
    let message = message.unwrap_or_default();
    let parents = wire.parent_ids.items.iter();
    Some(Commit {
        repo: repo.clone(),
        sha: Sha::parse(&wire.id)?,
        parents: parents.filter_map(|id| Sha::parse(id)).collect(),
        branch: branch.clone(),
        title: first_line(message),
        author: author(wire),
        committed_at: wire.committed_date.or(wire.created_at),
        change_request: merged(repo, message),
        direct: false,
        url: link(wire.web_url.as_deref()),
        reverts: reverts(message),
    })
}

/// A commit names its author by name, never by account.
fn author(wire: &wire::Commit) -> Option<Person> {
    let name = wire.author_name.as_deref().filter(|name| !name.is_empty());
    name.map(|name| Person::new(name, false))
}

/// Returns the merge request that a merge commit names: `See merge request acme/api!7`.
fn merged(repo: &RepoKey, message: &str) -> Option<u64> {
    const SAID: &str = "See merge request ";
    let rest = message.rsplit_once(SAID)?.1;
    let (path, number) = rest.split_whitespace().next()?.split_once('!')?;
    let here = path.is_empty() || path.eq_ignore_ascii_case(repo.path());
    number.parse().ok().filter(|_| here)
}

/// Returns a commit as a range tells it.
pub(crate) fn told(wire: &wire::Commit) -> Option<RangeCommit> {
    let message = wire.title.as_deref().or(wire.message.as_deref());
    Some(RangeCommit {
        sha: Sha::parse(&wire.id)?,
        title: first_line(message.unwrap_or_default()),
        author: author(wire),
    })
}

/// Returns a release of `repo`, or nothing where it has no time.
///
/// GitLab has no mark for a pre-release: what is due later, or is tagged as early, is one.
pub(crate) fn release(repo: &RepoKey, wire: &wire_ci::Release) -> Option<Release> {
    let created_at = wire.created_at.or(wire.released_at)?;
    let name = wire.name.as_deref().filter(|name| !name.trim().is_empty());
    let commit = wire.commit.as_ref();
    Some(Release {
        repo: repo.clone(),
        tag: Clean::line(&wire.tag_name),
        name: Clean::line(name.unwrap_or(&wire.tag_name)),
        draft: false,
        prerelease: wire.upcoming || is_early(&wire.tag_name),
        sha: commit.and_then(|commit| sha(Some(&commit.id))),
        author: wire.author.as_ref().and_then(person),
        created_at,
        published_at: wire.released_at.filter(|_| !wire.upcoming),
        url: link(wire.links.as_ref().and_then(|links| links.own.as_deref())),
    })
}

/// `v1.2.0-rc.1` is early, `release-1.2.0` is not.
fn is_early(tag: &str) -> bool {
    let Some(at) = tag.find(|c: char| c.is_ascii_digit()) else {
        return false;
    };
    let tail = tag.get(at..).and_then(|rest| rest.split_once('-'));
    let word = tail.map_or("", |(_, tail)| tail).to_ascii_lowercase();
    EARLY.iter().any(|early| {
        let rest = word.strip_prefix(early);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphabetic()))
    })
}

/// Returns an environment of `repo`.
pub(crate) fn environment(
    repo: &RepoKey,
    wire: &wire_ci::Environment,
    guarded: bool,
    page: &str,
) -> Environment {
    Environment {
        repo: repo.clone(),
        name: Clean::line(&wire.name),
        id: Some(wire.id),
        guarded,
        production: wire.tier.as_deref() == Some("production"),
        url: link(Some(page)),
    }
}

/// Returns whether an environment is one of the many that come and go with a merge request.
pub(crate) fn is_review(name: &str) -> bool {
    name.starts_with("review/")
}

/// Returns a deployment of `repo`, or nothing where nobody asked for it yet: one is made for
/// each manual job that may deploy, played or not.
pub(crate) fn deployment(repo: &RepoKey, wire: &wire_ci::Deployment) -> Option<Deployment> {
    let environment = wire.environment.as_ref()?;
    let job = wire.deployable.as_ref();
    let is_manual = job.is_some_and(|job| job.status.as_deref() == Some("manual"));
    let may_wait = job.and_then(|job| job.allow_failure) != Some(false);
    let told = state(wire.status.as_deref());
    let is_asked = !is_manual || told != DeployState::Queued;
    if !is_asked && may_wait {
        return None;
    }
    let state = if is_asked { told } else { DeployState::Waiting };
    Some(Deployment {
        repo: repo.clone(),
        id: wire.id,
        environment: Clean::line(&environment.name),
        sha: sha(wire.sha.as_deref()),
        git_ref: wire.git_ref.as_deref().map(Clean::line),
        task: Clean::line("deploy"),
        updated_at: arrived(wire, &state),
        state,
        creator: wire.user.as_ref().and_then(person),
        created_at: wire.created_at,
        environment_url: link(environment.external_url.as_deref()),
        log_url: link(job.and_then(|job| job.web_url.as_deref())),
        came_at: None,
        rollout: None,
    })
}

/// The end of a deployment or of its job, where one is told. When it was last touched is a bound
/// alone: whatever touched it long after it began (its job that was erased, a newer one that took
/// its place) is no part of it, and it is taken to have ended as it began.
fn arrived(wire: &wire_ci::Deployment, state: &DeployState) -> Timestamp {
    let began = wire.created_at;
    let touched = wire.updated_at.unwrap_or(began);
    if !matches!(state, DeployState::Succeeded | DeployState::Failed) {
        return touched;
    }
    let job = wire.deployable.as_ref();
    let told = [wire.finished_at, job.and_then(|job| job.finished_at)];
    let mut told = told.into_iter().flatten();
    told.find(|at| *at >= began).unwrap_or_else(|| {
        if touched - began <= LONGEST {
            touched
        } else {
            began
        }
    })
}

fn state(word: Option<&str>) -> DeployState {
    match word.unwrap_or_default() {
        "created" => DeployState::Queued,
        "blocked" => DeployState::Waiting,
        "running" => DeployState::Running,
        "success" => DeployState::Succeeded,
        "failed" => DeployState::Failed,
        "canceled" | "skipped" => DeployState::Abandoned,
        other => DeployState::Unknown(Clean::line(other)),
    }
}

/// Returns what a deployment waits for, and in which pipeline, where it waits for approvals.
pub(crate) fn held(wire: &wire_ci::Deployment) -> Option<(u64, Held)> {
    let waits = wire.status.as_deref() == Some("blocked");
    let environment = wire.environment.as_ref().filter(|_| waits)?;
    let pipeline = wire.deployable.as_ref()?.pipeline.as_ref()?.id;
    let rules = wire
        .approval_summary
        .iter()
        .flat_map(|all| &all.rules.items);
    let open = rules.filter(|rule| {
        let given = rule.deployment_approvals.items.iter();
        let given = given.filter(|one| one.status.as_deref() == Some("approved"));
        (given.count() as u64) < rule.required_approvals
    });
    Some((
        pipeline,
        Held {
            environment: Clean::line(&environment.name),
            deployment: wire.id,
            by: open
                .map(|rule| line(rule.access_level_description.as_deref()))
                .collect(),
            since: wire.created_at,
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn repo() -> RepoKey {
        RepoKey::new("gitlab.com", "acme/api")
    }

    #[track_caller]
    fn check(extra: Value, expected: Option<&DeployState>) {
        let mut record = json!({
            "id": 42, "sha": "a".repeat(40), "ref": "main",
            "environment": {"id": 9, "name": "production"},
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T01:00:00Z"
        });
        if let (Value::Object(record), Value::Object(extra)) = (&mut record, extra) {
            record.extend(extra);
        }
        let wire = serde_json::from_value(record).unwrap();
        let found = deployment(&repo(), &wire);
        assert_eq!(found.as_ref().map(|found| &found.state), expected);
    }

    #[test]
    fn only_success_is_success() {
        let word = |word: &str| json!({"status": word});
        check(word("success"), Some(&DeployState::Succeeded));
        check(word("running"), Some(&DeployState::Running));
        check(word("blocked"), Some(&DeployState::Waiting));
        check(word("failed"), Some(&DeployState::Failed));
        check(word("canceled"), Some(&DeployState::Abandoned));
        check(word("created"), Some(&DeployState::Queued));
        let odd = DeployState::Unknown(Clean::line("orbiting"));
        check(word("orbiting"), Some(&odd));
    }

    #[track_caller]
    fn ended(extra: Value, expected: &str) {
        let mut record = json!({
            "id": 42, "sha": "a".repeat(40), "environment": {"id": 9, "name": "production"},
            "status": "success",
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-03-01T00:00:00Z"
        });
        if let (Value::Object(record), Value::Object(extra)) = (&mut record, extra) {
            record.extend(extra);
        }
        let found = deployment(&repo(), &serde_json::from_value(record).unwrap()).unwrap();
        let expected: Timestamp = expected.parse().unwrap();
        assert_eq!(found.updated_at, expected);
    }

    #[test]
    fn what_touches_a_deployment_long_after_is_not_its_end() {
        let job = json!({"finished_at": "2026-01-01T00:07:00Z"});
        ended(json!({"deployable": job.clone()}), "2026-01-01T00:07:00Z");
        let own = json!({"finished_at": "2026-01-01T00:08:00Z", "deployable": job});
        ended(own, "2026-01-01T00:08:00Z");
        ended(json!({}), "2026-01-01T00:00:00Z");
        ended(json!({"status": "failed"}), "2026-01-01T00:00:00Z");
        let soon = json!({"updated_at": "2026-01-01T00:09:00Z"});
        ended(soon, "2026-01-01T00:09:00Z");
        ended(json!({"status": "running"}), "2026-03-01T00:00:00Z");
    }

    #[test]
    fn a_manual_job_that_nobody_has_to_start_deploys_nothing() {
        let manual = |allow: Value| json!({"status": "created", "deployable": {"status": "manual", "allow_failure": allow}});
        check(manual(true.into()), None);
        check(manual(Value::Null), None);
        check(manual(false.into()), Some(&DeployState::Waiting));
    }

    #[test]
    fn an_approval_that_is_missing_is_told_with_who_may_give_it() {
        let wire = serde_json::from_value(json!({
            "id": 1, "status": "blocked", "environment": {"id": 9, "name": "production"},
            "deployable": {"pipeline": {"id": 36}}, "created_at": "2026-01-01T00:00:00Z",
            "approval_summary": {"rules": [
                {"access_level_description": "qa", "required_approvals": 1,
                 "deployment_approvals": [{"status": "approved"}]},
                {"access_level_description": "ops", "required_approvals": 2,
                 "deployment_approvals": [{"status": "approved"}]}]}
        }));
        let (pipeline, held) = held(&wire.unwrap()).unwrap();
        assert_eq!((pipeline, held.environment.as_str()), (36, "production"));
        assert_eq!(held.by, [Clean::line("ops")]);
    }

    #[track_caller]
    fn early(tag: &str, expected: bool) {
        assert_eq!(is_early(tag), expected, "{tag}");
    }

    #[test]
    fn early_versions_are_known_by_their_tag() {
        early("v1.2.0-rc.1", true);
        early("1.2.0-beta2", true);
        early("api-v2.0.0-alpha", true);
        early("v1.2.0", false);
        early("release-1.2.0", false);
        early("v1.2.0-preview", false);
        early("rc", false);
        early("v1.2.0-production", false);
    }

    #[test]
    fn a_merge_commit_names_the_merge_request_of_its_own_project() {
        let said =
            |path: &str| format!("Merge branch 'x' into 'main'\n\nSee merge request {path}!7");
        assert_eq!(merged(&repo(), &said("acme/api")), Some(7));
        assert_eq!(merged(&repo(), &said("")), Some(7));
        assert_eq!(merged(&repo(), &said("acme/web")), None);
        assert_eq!(merged(&repo(), "See merge request !x"), None);
        assert_eq!(merged(&repo(), "Fix it"), None);
    }

    #[test]
    fn an_upcoming_release_is_not_published() {
        let text = r#"{"tag_name":"v2","upcoming_release":true,"released_at":"2027-01-01T00:00:00Z",
            "created_at":"2026-01-01T00:00:00Z","commit":{"id":"abcdef0"},"_links":{"self":"https://x.test/r"}}"#;
        let found = release(&repo(), &serde_json::from_str(text).unwrap()).unwrap();
        assert!(found.prerelease && found.published_at.is_none());
        assert_eq!(found.sha.unwrap().as_str(), "abcdef0");
        assert!(found.url.is_some());
    }
}
