//! Releases, environments, deployments, roll-outs and findings.

use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::Timestamp;
use crate::domain::deployment::{DeployState, Deployment, Environment, Rollout, RolloutPhase};
use crate::domain::finding::{Finding, FindingKind, Severity};
use crate::domain::key::RepoKey;
use crate::domain::release::Release;
use crate::domain::text::Clean;

use super::super::{wire, wire_rest};
use super::{line, link, person, sha};

/// Returns a release of `repo`.
pub(crate) fn release(repo: &RepoKey, wire: &wire::Release) -> Release {
    let page = wire.html_url.as_deref().or(wire.url.as_deref());
    let name = wire.name.as_deref().filter(|name| !name.trim().is_empty());
    Release {
        repo: repo.clone(),
        tag: Clean::line(&wire.tag_name),
        name: Clean::line(name.unwrap_or(&wire.tag_name)),
        draft: wire.is_draft,
        prerelease: wire.is_prerelease,
        sha: wire
            .tag_commit
            .as_ref()
            .and_then(|commit| sha(Some(&commit.oid))),
        author: wire.author.as_ref().and_then(person),
        created_at: wire.created_at,
        published_at: wire.published_at,
        url: link(page),
    }
}

/// Returns an environment of `repo`.
pub(crate) fn environment(repo: &RepoKey, wire: &wire::Environment) -> Environment {
    Environment {
        repo: repo.clone(),
        name: Clean::line(&wire.name),
        id: wire.database_id,
        guarded: wire
            .protection_rules
            .iter()
            .any(|kind| kind.eq_ignore_ascii_case("required_reviewers")),
        // It has no such mark: the name tells.
        production: false,
        url: link(wire.html_url.as_deref()),
    }
}

/// Returns a deployment of `repo`, or nothing where it has no identity.
pub(crate) fn deployment(repo: &RepoKey, wire: &wire::Deployment) -> Option<Deployment> {
    let newest = wire.latest_status.as_ref();
    let found = deployment_as(repo, wire, newest)?;
    let is_replaced = found.state == DeployState::Superseded;
    Some(Deployment {
        came_at: wire
            .statuses
            .as_ref()
            .filter(|_| is_replaced)
            .and_then(came),
        ..found
    })
}

/// When a deployment came to its place, as its statuses say.
fn came(statuses: &wire::Short<wire::DeploymentStatus>) -> Option<Timestamp> {
    let all = statuses.nodes.items.iter();
    let came = all.filter(|status| deploy_state(status.state.as_deref()) == DeployState::Succeeded);
    came.filter_map(|status| status.created_at).max()
}

/// The same, as it stood with one of its statuses.
pub(crate) fn deployment_as(
    repo: &RepoKey,
    wire: &wire::Deployment,
    status: Option<&wire::DeploymentStatus>,
) -> Option<Deployment> {
    let word = status
        .and_then(|status| status.state.as_deref())
        .or(wire.state.as_deref());
    let state = deploy_state(word);
    let told = status.and_then(|status| status.description.as_deref());
    Some(Deployment {
        repo: repo.clone(),
        id: wire.database_id?,
        environment: line(wire.environment.as_deref()),
        sha: sha(wire.commit_oid.as_deref()),
        git_ref: wire.git_ref.as_ref().map(|name| Clean::line(&name.name)),
        task: line(wire.task.as_deref().or(Some("deploy"))),
        rollout: rollout(
            wire.payload.as_ref(),
            told.or(wire.description.as_deref()),
            &state,
        ),
        state,
        creator: wire.creator.as_ref().and_then(person),
        came_at: None,
        created_at: wire.created_at,
        updated_at: status
            .and_then(|status| status.created_at.or(status.updated_at))
            .or(wire.updated_at)
            .unwrap_or(wire.created_at),
        environment_url: link(status.and_then(|status| status.environment_url.as_deref())),
        log_url: link(status.and_then(|status| status.log_url.as_deref())),
    })
}

/// Returns a deployment of a REST list with its statuses, newest first.
pub(crate) fn rest_deployment(
    repo: &RepoKey,
    wire: wire_rest::RestDeployment,
    statuses: Option<wire_rest::Statuses>,
) -> Option<Deployment> {
    let git_ref = wire.git_ref.map(|name| wire::Named { name });
    let wire = wire::Deployment {
        database_id: Some(wire.id),
        environment: wire.environment,
        commit_oid: wire.sha,
        created_at: wire.created_at,
        updated_at: wire.updated_at,
        task: wire.task,
        state: Some("PENDING".to_owned()),
        description: wire.description,
        payload: wire.payload,
        git_ref,
        creator: wire.creator,
        latest_status: statuses.as_ref().and_then(|all| all.items.first().cloned()),
        statuses: statuses.map(|nodes| wire::Short { nodes }),
    };
    deployment(repo, &wire)
}

fn deploy_state(word: Option<&str>) -> DeployState {
    match word.unwrap_or_default().to_ascii_uppercase().as_str() {
        "QUEUED" | "PENDING" => DeployState::Queued,
        "WAITING" => DeployState::Waiting,
        "IN_PROGRESS" => DeployState::Running,
        "SUCCESS" | "ACTIVE" => DeployState::Succeeded,
        "INACTIVE" => DeployState::Superseded,
        "FAILURE" | "ERROR" => DeployState::Failed,
        "ABANDONED" | "DESTROYED" => DeployState::Abandoned,
        other => DeployState::Unknown(Clean::line(other)),
    }
}

/// What a payload may say of a roll-out.
#[derive(Deserialize)]
struct Told {
    phase: Option<String>,
    percent: Option<f64>,
    step: Option<u32>,
    steps: Option<u32>,
}

static PERCENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^ *([0-9]{1,3}) ?%(?:.*?(?-u:\b)([0-9]{1,3}) ?(?:/|of) ?([0-9]{1,3})(?-u:\b))?")
        .ok()
});

/// Returns how far a deployment has come, where it goes in steps.
///
/// The payload tells the plan, the description of the newest status ("25 % …")
/// tells the progress; either will do.
fn rollout(payload: Option<&Value>, told: Option<&str>, state: &DeployState) -> Option<Rollout> {
    let plan = payload.and_then(planned);
    let progress = told.and_then(progressed);
    if plan.is_none() && progress.is_none() {
        return None;
    }
    let (told_percent, told_step, told_steps) = progress.unwrap_or_default();
    let percent = told_percent.or_else(|| plan.as_ref().and_then(|plan| plan.percent.map(percent)));
    let word = plan.as_ref().and_then(|plan| plan.phase.as_deref());
    Some(Rollout {
        phase: phase(word, told, state, percent),
        percent: percent.unwrap_or_default(),
        step: told_step
            .or_else(|| plan.as_ref().and_then(|plan| plan.step))
            .unwrap_or_default(),
        steps: told_steps
            .or_else(|| plan.as_ref().and_then(|plan| plan.steps))
            .unwrap_or_default(),
    })
}

/// GraphQL gives the payload as JSON in a text, sometimes as a text in JSON in a text.
fn planned(payload: &Value) -> Option<Told> {
    let mut value = payload.clone();
    for _ in 0..2 {
        if let Value::String(text) = &value {
            value = serde_json::from_str(text).ok()?;
        }
    }
    Told::deserialize(value.get("rollout")?).ok()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=100 just before"
)]
fn percent(share: f64) -> u8 {
    share.clamp(0.0, 100.0).round() as u8
}

type Progress = (Option<u8>, Option<u32>, Option<u32>);

fn progressed(text: &str) -> Option<Progress> {
    let words = PERCENT.as_ref()?.captures(text)?;
    let number = |at| {
        let word: Option<regex::Match<'_>> = words.get(at);
        word.and_then(|word| word.as_str().parse::<u32>().ok())
    };
    let percent = number(1).and_then(|percent| u8::try_from(percent.min(100)).ok());
    Some((percent, number(2), number(3)))
}

/// The state of the deployment outranks words: what failed or was given up does not go on.
fn phase(
    word: Option<&str>,
    told: Option<&str>,
    state: &DeployState,
    percent: Option<u8>,
) -> RolloutPhase {
    match state {
        DeployState::Failed | DeployState::Abandoned => return RolloutPhase::Aborted,
        DeployState::Succeeded | DeployState::Superseded if percent.is_none_or(|p| p >= 100) => {
            return RolloutPhase::Complete;
        }
        DeployState::Waiting => return RolloutPhase::Paused,
        DeployState::Queued
        | DeployState::Running
        | DeployState::Succeeded
        | DeployState::Superseded
        | DeployState::Unknown(_) => {}
    }
    let told = told.unwrap_or_default().to_ascii_lowercase();
    let known = ["paused", "degraded", "aborted"];
    let told = known.into_iter().find(|word| told.contains(word));
    match told
        .or(word)
        .unwrap_or_default()
        .to_ascii_lowercase()
        .as_str()
    {
        "progressing" | "" => RolloutPhase::Progressing,
        "paused" => RolloutPhase::Paused,
        "degraded" => RolloutPhase::Degraded,
        "aborted" => RolloutPhase::Aborted,
        "complete" | "completed" | "healthy" => RolloutPhase::Complete,
        other => RolloutPhase::Other(Clean::line(other)),
    }
}

/// Returns a vulnerable dependency of `repo`, as GraphQL tells it.
pub(crate) fn dependency(repo: &RepoKey, wire: &wire::VulnerabilityAlert) -> Finding {
    let what = wire.security_vulnerability.as_ref();
    let advisory = wire.security_advisory.as_ref();
    let page = format!("security/dependabot/{}", wire.number);
    Finding {
        repo: repo.clone(),
        kind: FindingKind::Dependency,
        number: wire.number,
        severity: severity(what.and_then(|what| what.severity.as_deref())),
        title: dependency_title(
            what.and_then(|what| what.package.as_ref()),
            advisory.and_then(|advisory| advisory.summary.as_deref()),
        ),
        url: web_page(repo, &page),
        created_at: wire.created_at,
    }
}

fn dependency_title(package: Option<&wire::Named>, summary: Option<&str>) -> Clean {
    match (package, summary) {
        (Some(package), Some(summary)) => Clean::line(&format!("{}: {summary}", package.name)),
        (Some(package), None) => Clean::line(&package.name),
        (None, summary) => line(summary),
    }
}

fn web_page(repo: &RepoKey, page: &str) -> Option<crate::domain::key::WebUrl> {
    let scheme = if repo.host().starts_with("127.") || repo.host().starts_with("localhost") {
        "http"
    } else {
        "https"
    };
    link(Some(&format!("{scheme}://{}/{page}", repo.as_str())))
}

/// Returns a finding of `repo`, as REST tells it.
pub(crate) fn finding(
    repo: &RepoKey,
    kind: FindingKind,
    wire: &wire_rest::SecurityAlert,
) -> Finding {
    let vulnerability = wire.security_vulnerability.as_ref();
    let advisory = wire.security_advisory.as_ref();
    let rule = wire.rule.as_ref();
    let (word, title) = match kind {
        FindingKind::Dependency => (
            vulnerability
                .and_then(|what| what.severity.as_deref())
                .or_else(|| advisory.and_then(|what| what.severity.as_deref())),
            dependency_title(
                vulnerability.and_then(|what| what.package.as_ref()),
                advisory.and_then(|what| what.summary.as_deref()),
            ),
        ),
        FindingKind::Code => (
            rule.and_then(|rule| {
                let level = rule.security_severity_level.as_deref();
                level.or(rule.severity.as_deref())
            }),
            line(rule.and_then(|rule| rule.description.as_deref().or(rule.id.as_deref()))),
        ),
        FindingKind::Secret => (
            Some("critical"),
            line(wire.secret_type_display_name.as_deref().or(Some("secret"))),
        ),
    };
    Finding {
        repo: repo.clone(),
        kind,
        number: wire.number,
        severity: severity(word),
        title,
        url: link(wire.html_url.as_deref()),
        created_at: wire.created_at,
    }
}

fn severity(word: Option<&str>) -> Severity {
    match word.unwrap_or_default().to_ascii_lowercase().as_str() {
        "critical" => Severity::Critical,
        "high" | "error" => Severity::High,
        "moderate" | "medium" | "warning" => Severity::Medium,
        "low" | "note" => Severity::Low,
        other => Severity::Unknown(Clean::line(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::{deploy_state, deployment, environment, finding, release, rollout, severity};
    use crate::domain::deployment::{DeployState, RolloutPhase};
    use crate::domain::finding::{FindingKind, Severity};
    use crate::domain::key::RepoKey;
    use serde_json::{Value, json};

    fn repo() -> RepoKey {
        RepoKey::new("github.com", "acme/api")
    }

    #[test]
    fn only_success_and_active_are_success() {
        assert_eq!(deploy_state(Some("SUCCESS")), DeployState::Succeeded);
        assert_eq!(deploy_state(Some("in_progress")), DeployState::Running);
        assert_eq!(deploy_state(Some("inactive")), DeployState::Superseded);
        assert!(matches!(
            deploy_state(Some("GREAT")),
            DeployState::Unknown(_)
        ));
        assert!(matches!(deploy_state(None), DeployState::Unknown(_)));
    }

    /// When a deployment arrived whose newest status is the first of these, each with its day.
    #[track_caller]
    fn arrives(statuses: &[(&str, u32)], expected: u32) {
        let day = |day: u32| format!("2026-01-{day:02}T00:00:00Z");
        let said = |(word, at): &(&str, u32)| json!({"state": word, "createdAt": day(*at)});
        let all: Vec<Value> = statuses.iter().map(said).collect();
        let told = json!({
            "databaseId": 1, "environment": "production", "createdAt": day(1),
            "updatedAt": day(9), "latestStatus": all.first(), "statuses": {"nodes": all},
        });
        let wire = serde_json::from_value(told).unwrap();
        let found = deployment(&repo(), &wire).unwrap();
        assert_eq!(
            found.arrived_at().to_rfc3339(),
            day(expected).replace('Z', "+00:00")
        );
    }

    #[test]
    fn what_was_replaced_came_when_it_went_well() {
        arrives(&[("SUCCESS", 4), ("WAITING", 2)], 4);
        arrives(&[("INACTIVE", 8), ("SUCCESS", 4), ("WAITING", 2)], 4);
        arrives(&[("inactive", 8), ("success", 4), ("success", 3)], 4);
        // Nobody says that it ever did.
        arrives(&[("INACTIVE", 8), ("IN_PROGRESS", 4)], 1);
    }

    #[track_caller]
    fn check(
        payload: &Value,
        told: Option<&str>,
        state: &DeployState,
        expected: Option<&(RolloutPhase, u8, u32, u32)>,
    ) {
        let found = rollout(Some(payload), told, state)
            .map(|rollout| (rollout.phase, rollout.percent, rollout.step, rollout.steps));
        assert_eq!(found.as_ref(), expected, "{payload} {told:?}");
    }

    #[test]
    fn a_roll_out_is_read_from_payload_or_description() {
        use DeployState::{Failed, Running, Succeeded, Waiting};
        use RolloutPhase::{Aborted, Complete, Degraded, Paused, Progressing};
        let plan = json!({"rollout":{"phase":"progressing","percent":25,"step":1,"steps":4}});
        let text = Value::String(plan.to_string());
        let twice = Value::String(text.to_string());
        for payload in [&plan, &text, &twice] {
            check(payload, None, &Running, Some(&(Progressing, 25, 1, 4)));
        }
        check(
            &plan,
            Some("50% step 2/4"),
            &Running,
            Some(&(Progressing, 50, 2, 4)),
        );
        check(
            &plan,
            Some("50 % paused"),
            &Running,
            Some(&(Paused, 50, 1, 4)),
        );
        check(
            &plan,
            Some("degraded"),
            &Running,
            Some(&(Degraded, 25, 1, 4)),
        );
        check(&plan, None, &Failed, Some(&(Aborted, 25, 1, 4)));
        check(&plan, None, &Waiting, Some(&(Paused, 25, 1, 4)));
        check(
            &plan,
            Some("100%"),
            &Succeeded,
            Some(&(Complete, 100, 1, 4)),
        );
        check(
            &Value::Null,
            Some("10%"),
            &Running,
            Some(&(Progressing, 10, 0, 0)),
        );
    }

    #[test]
    fn no_plan_is_no_roll_out() {
        check(
            &Value::Null,
            Some("to 3 regions"),
            &DeployState::Running,
            None,
        );
        check(&json!("{broken"), None, &DeployState::Running, None);
        check(&json!({"rollout": "x"}), None, &DeployState::Running, None);
        check(
            &json!({"web_url": 1}),
            Some("see 50%"),
            &DeployState::Running,
            None,
        );
    }

    #[test]
    fn a_gate_is_known_by_its_reviewers_in_both_interfaces() {
        let guarded =
            |text: &str| environment(&repo(), &serde_json::from_str(text).unwrap()).guarded;
        assert!(guarded(
            r#"{"databaseId":1,"name":"p","protectionRules":{"nodes":[{"type":"REQUIRED_REVIEWERS"}]}}"#
        ));
        assert!(guarded(
            r#"{"id":1,"name":"p","url":"https://api.x/1","html_url":"https://x/1",
                "protection_rules":[{"type":"required_reviewers","id":3}]}"#
        ));
        assert!(!guarded(
            r#"{"id":1,"name":"p","protection_rules":[{"type":"wait_timer"}]}"#
        ));
        assert!(!guarded(r#"{"name":"p","protectionRules":null}"#));
    }

    #[test]
    fn a_release_reads_the_same_from_both_interfaces() {
        let graph = r#"{"tagName":"v1","name":"","isDraft":false,"isPrerelease":true,"createdAt":"2026-01-01T00:00:00Z",
            "publishedAt":null,"url":"https://github.com/acme/api/releases/v1","tagCommit":null}"#;
        let rest = r#"{"tag_name":"v1","name":null,"draft":false,"prerelease":true,"created_at":"2026-01-01T00:00:00Z",
            "published_at":null,"url":"https://api.github.com/x","html_url":"https://github.com/acme/api/releases/v1"}"#;
        let read = |text: &str| release(&repo(), &serde_json::from_str(text).unwrap());
        assert_eq!(read(graph), read(rest));
        assert_eq!(read(graph).name.as_str(), "v1");
    }

    #[test]
    fn a_secret_is_named_by_its_kind_only() {
        let text = r#"{"number":1,"created_at":"2026-01-01T00:00:00Z","secret":"hunter22",
            "secret_type":"x","secret_type_display_name":"Example API key"}"#;
        let found = finding(
            &repo(),
            FindingKind::Secret,
            &serde_json::from_str(text).unwrap(),
        );
        assert_eq!(found.title.as_str(), "Example API key");
        assert!(!format!("{found:?}").contains("hunter22"));
    }

    #[test]
    fn a_new_word_for_a_severity_is_kept() {
        assert_eq!(severity(Some("MODERATE")), Severity::Medium);
        assert!(matches!(severity(Some("dreadful")), Severity::Unknown(_)));
    }
}
