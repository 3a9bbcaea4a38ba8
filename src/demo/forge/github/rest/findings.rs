//! Security findings, as REST writes them.

use serde_json::{Value, json};

use crate::demo::forge::answer::{Answer, iso};
use crate::demo::forge::github::rest::{Ask, repos};
use crate::demo::forge::wire;
use crate::demo::scenario::model::{Finding, RepoState, Scan};

fn scan(kind: &str) -> Option<Scan> {
    match kind {
        "dependabot" => Some(Scan::Dependency),
        "code-scanning" => Some(Scan::Code),
        "secret-scanning" => Some(Scan::Secret),
        _ => None,
    }
}

fn open(ask: &Ask<'_>) -> bool {
    ask.asked
        .param("state")
        .is_none_or(|state| state.split(',').any(|one| one == "open"))
}

/// Answers with the findings of one scan in one repository.
pub(super) fn of_repo(ask: &Ask<'_>, repo: &RepoState, kind: &str) -> Answer {
    let Some(scan) = scan(kind) else {
        return Answer::not_found();
    };
    let mut found: Vec<&Finding> = repo
        .findings
        .iter()
        .filter(|one| one.scan == scan)
        .collect();
    if !open(ask) {
        found.clear();
    }
    Answer::list(ask.asked, &found, |one| written(ask, repo, one))
}

/// Answers with the findings of one scan in all repositories.
pub(super) fn of_org(ask: &Ask<'_>, kind: &str) -> Answer {
    let Some(scan) = scan(kind) else {
        return Answer::not_found();
    };
    let world = &ask.ground.world;
    let mut all: Vec<Value> = Vec::new();
    for index in 0..world.len() {
        let Some(repo) = world.at(index, ask.asked.now).filter(|_| open(ask)) else {
            continue;
        };
        for found in repo.findings.iter().filter(|one| one.scan == scan) {
            let mut value = written(ask, &repo, found);
            wire::put(&mut value, "repository", repos::brief(ask, &repo));
            all.push(value);
        }
    }
    Answer::list(ask.asked, &all, Clone::clone)
}

fn written(ask: &Ask<'_>, repo: &RepoState, found: &Finding) -> Value {
    match found.scan {
        Scan::Dependency => dependency(ask, repo, found),
        Scan::Code => code(ask, repo, found),
        Scan::Secret => secret(ask, repo, found),
    }
}

fn addresses(
    ask: &Ask<'_>,
    repo: &RepoState,
    kind: &str,
    page: &str,
    number: u64,
) -> (String, String) {
    (
        format!("{}/{kind}/alerts/{number}", repos::url(ask, repo)),
        format!("{}/security/{page}/{number}", repos::page(ask, repo)),
    )
}

fn dependency(ask: &Ask<'_>, repo: &RepoState, found: &Finding) -> Value {
    let (url, page) = addresses(ask, repo, "dependabot", "dependabot", found.number);
    let at = iso(found.created_at);
    let package = json!({"ecosystem": "rust", "name": found.subject});
    let range = "< 1.4.0";
    let vulnerability = json!({
        "package": package, "severity": found.severity, "vulnerable_version_range": range,
        "first_patched_version": {"identifier": "1.4.0"},
    });
    json!({
        "number": found.number, "state": "open",
        "dependency": {
            "package": package, "manifest_path": "Cargo.lock", "scope": "runtime",
            "relationship": "direct",
        },
        "security_advisory": {
            "ghsa_id": wire::ghsa(found), "cve_id": null, "summary": found.summary,
            "description": found.summary, "vulnerabilities": [vulnerability],
            "severity": found.severity, "cvss": {"score": 7.5, "vector_string": null},
            "cwes": [{"cwe_id": "CWE-20", "name": "Improper Input Validation"}],
            "identifiers": [{"type": "GHSA", "value": wire::ghsa(found)}],
            "references": [{"url": format!("{}/advisories/{}", ask.html, wire::ghsa(found))}],
            "published_at": at, "updated_at": at, "withdrawn_at": null,
        },
        "security_vulnerability": vulnerability, "url": url, "html_url": page,
        "created_at": at, "updated_at": at, "dismissed_at": null, "dismissed_by": null,
        "dismissed_reason": null, "dismissed_comment": null, "fixed_at": null,
        "auto_dismissed_at": null,
    })
}

fn code(ask: &Ask<'_>, repo: &RepoState, found: &Finding) -> Value {
    let (url, page) = addresses(ask, repo, "code-scanning", "code-scanning", found.number);
    let at = iso(found.created_at);
    let sha = repo
        .branches
        .first()
        .map_or("", |branch| branch.sha.as_str());
    json!({
        "number": found.number, "created_at": at, "updated_at": at, "url": url, "html_url": page,
        "instances_url": format!("{url}/instances"), "state": "open", "fixed_at": null,
        "dismissed_by": null, "dismissed_at": null, "dismissed_reason": null,
        "rule": {
            "id": found.subject, "name": found.subject, "severity": "error",
            "security_severity_level": found.severity, "description": found.summary,
            "full_description": found.summary, "tags": ["security"],
        },
        "tool": {"name": "CodeQL", "guid": null, "version": "2.20.0"},
        "most_recent_instance": {
            "ref": format!("refs/heads/{}", repo.spec.base_branch()),
            "analysis_key": ".github/workflows/ci.yml:analyze", "environment": "{}",
            "category": "rust", "state": "open", "commit_sha": sha,
            "message": {"text": found.summary},
            "location": {
                "path": "src/routes.rs", "start_line": 41, "end_line": 41, "start_column": 9,
                "end_column": 30,
            },
            "classifications": [],
        },
    })
}

fn secret(ask: &Ask<'_>, repo: &RepoState, found: &Finding) -> Value {
    let (url, page) = addresses(
        ask,
        repo,
        "secret-scanning",
        "secret-scanning",
        found.number,
    );
    let at = iso(found.created_at);
    json!({
        "number": found.number, "created_at": at, "updated_at": at, "url": url, "html_url": page,
        "locations_url": format!("{url}/locations"), "state": "open", "resolution": null,
        "resolved_at": null, "resolved_by": null, "resolution_comment": null,
        "secret_type": found.subject, "secret_type_display_name": found.summary,
        "validity": "unknown", "publicly_leaked": false, "multi_repo": false,
        "push_protection_bypassed": false, "push_protection_bypassed_by": null,
        "push_protection_bypassed_at": null,
    })
}
