//! Vulnerabilities that were found in a project.

use serde_json::{Value, json};

use crate::demo::forge::answer::Answer;
use crate::demo::forge::gitlab::{Ask, Project, list, time};
use crate::demo::scenario::model::{Finding, Scan};

/// Answers with all that are open.
pub(super) fn all(ask: &Ask<'_>, project: &Project) -> Answer {
    list::page(ask, &project.repo.findings, |found| written(project, found))
}

fn written(project: &Project, found: &Finding) -> Value {
    let kind = match found.scan {
        Scan::Dependency => "dependency_scanning",
        Scan::Code => "sast",
        Scan::Secret => "secret_detection",
    };
    let (id, at) = ((project.id() << 8) + found.number, time(found.created_at));
    json!({
        "id": id, "title": found.summary, "description": found.summary, "state": "detected",
        "severity": found.severity, "confidence": "unknown", "report_type": kind,
        "author_id": 1_000, "created_at": at, "updated_at": at, "confirmed_at": null,
        "dismissed_at": null, "resolved_at": null, "last_edited_at": null, "start_date": null,
        "closed_at": null, "resolved_on_default_branch": false,
        "project": {
            "id": project.id(), "name": project.repo.spec.name,
            "full_path": project.place.path,
        },
        "finding": {
            "id": id, "report_type": kind, "severity": found.severity, "name": found.summary,
            "location": {"file": "Cargo.lock", "dependency": {"package": {"name": found.subject}}},
        },
    })
}
