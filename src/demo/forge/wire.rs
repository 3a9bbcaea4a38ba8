//! What REST and GraphQL say alike: identities, addresses, labels, annotations.

use serde_json::{Value, json};

use crate::demo::forge::answer::iso;
use crate::demo::scenario::model::{Finding, RepoState, Run};
use crate::domain::Timestamp;

/// All labels: name, colour, meaning.
pub(super) const LABELS: &[(&str, &str, &str)] = &[
    ("bug", "d73a4a", "Something does not work"),
    ("feature", "a2eeef", "Something new"),
    ("chore", "cfd3d7", "Keeps the house clean"),
    ("performance", "fbca04", "Makes it faster"),
    ("dependencies", "0366d6", "Updates a dependency"),
    ("blocked", "b60205", "Cannot go on"),
    ("incident", "e11d21", "Users are hurt"),
    ("sev2", "eb6420", "Severe, but there is a way around"),
];

/// Returns a label by its name.
pub(super) fn label(name: &str) -> (&'static str, &'static str, &'static str) {
    LABELS
        .iter()
        .find(|(known, ..)| *known == name)
        .copied()
        .unwrap_or(("label", "ededed", ""))
}

/// Returns the title of a milestone.
pub(super) fn milestone_title(number: u64) -> String {
    format!("Quarter {number}")
}

/// Returns when anything of a repository last changed.
pub(super) fn updated_at(repo: &RepoState) -> Timestamp {
    let issues = repo.issues.iter().map(|issue| issue.updated_at);
    let pulls = repo.pulls.iter().map(|pull| pull.updated_at);
    issues
        .chain(pulls)
        .chain([repo.pushed_at])
        .max()
        .unwrap_or(repo.pushed_at)
}

/// Returns the page of a run.
pub(super) fn run_url(host: &str, repo: &RepoState, run: &Run) -> String {
    format!("{host}/{}/actions/runs/{}", repo.spec.full_name(), run.id)
}

/// Returns the identity of a workflow.
pub(super) fn workflow_id(repo: &RepoState, workflow: usize) -> u64 {
    u64::try_from(90_000 + repo.spec.index * 8 + workflow).unwrap_or(0)
}

/// Returns the identity of an environment.
pub(super) fn environment_id(repo: &RepoState, name: &str) -> u64 {
    let all = repo.spec.environments();
    let place = all.iter().position(|(known, _)| known == name).unwrap_or(0);
    u64::try_from(70_000 + repo.spec.index * 8 + place).unwrap_or(0)
}

/// Returns where the software of an environment is.
pub(super) fn environment_url(repo: &RepoState, environment: &str) -> String {
    format!("https://{}.{environment}.example.org/", repo.spec.name)
}

/// Returns a vulnerable dependency as GraphQL writes it.
pub(super) fn vulnerability(host: &str, repo: &RepoState, found: &Finding) -> Value {
    let severity = if found.severity == "medium" {
        "MODERATE".into()
    } else {
        found.severity.to_uppercase()
    };
    let at = iso(found.created_at);
    json!({
        "id": format!("RVA_{}_{}", repo.spec.index, found.number), "number": found.number,
        "state": "OPEN", "createdAt": at, "dismissedAt": null, "fixedAt": null,
        "vulnerableManifestPath": "Cargo.lock", "vulnerableManifestFilename": "Cargo.lock",
        "securityVulnerability": {
            "severity": severity, "vulnerableVersionRange": "< 1.4.0", "updatedAt": at,
            "package": {"name": found.subject, "ecosystem": "RUST"},
        },
        "securityAdvisory": {
            "id": format!("GSA_{}", found.number), "ghsaId": ghsa(found),
            "summary": found.summary, "description": found.summary, "severity": severity,
            "permalink": format!("{host}/advisories/{}", ghsa(found)),
            "publishedAt": at, "updatedAt": at,
        },
    })
}

/// Returns the identity of an advisory.
pub(super) fn ghsa(found: &Finding) -> String {
    format!("GHSA-demo-demo-{:04}", found.number)
}

/// Returns an object with the fields of both.
pub(super) fn join(mut one: Value, other: Value) -> Value {
    if let (Some(one), Value::Object(other)) = (one.as_object_mut(), other) {
        one.extend(other);
    }
    one
}

/// Sets a field of an object.
pub(super) fn put(object: &mut Value, field: &str, value: impl Into<Value>) {
    if let Some(object) = object.as_object_mut() {
        object.insert(field.to_owned(), value.into());
    }
}
