//! How a merge request stands: what keeps it from being merged, who approved, what its pipeline says.

use serde_json::{Value, json};

use crate::demo::forge::answer::Answer;
use crate::demo::forge::gitlab::merges::id;
use crate::demo::forge::gitlab::{Ask, Project, list, time, users};
use crate::demo::scenario::model::{Pull, PullState, Review, Run};

/// Returns the newest pipeline of the newest commit of a merge request.
pub(super) fn pipeline<'a>(project: &'a Project, pull: &Pull) -> Option<&'a Run> {
    let mut runs = project.repo.runs.iter();
    runs.find(|run| run.sha == pull.head_sha() && run.event == "pull_request")
}

/// Returns the first thing that keeps it from being merged, in GitLab's words.
pub(super) fn detailed(project: &Project, pull: &Pull) -> &'static str {
    if pull.state != PullState::Open {
        return "not_open";
    }
    if pull.draft {
        return "draft_status";
    }
    if pull.mergeable == "CONFLICTING" {
        return "conflict";
    }
    if pull.mergeable == "UNKNOWN" {
        return "checking";
    }
    if pull.merge_state == "BEHIND" {
        return "need_rebase";
    }
    match pull.decision {
        Some("CHANGES_REQUESTED") => return "requested_changes",
        Some("REVIEW_REQUIRED") => return "not_approved",
        _ => {}
    }
    match pipeline(project, pull) {
        None => "mergeable",
        Some(run) if run.conclusion == Some("success") => "mergeable",
        Some(run) if run.status == "completed" => "ci_must_pass",
        Some(_) => "ci_still_running",
    }
}

/// Returns the older word for the same.
pub(super) fn short(pull: &Pull) -> &'static str {
    match pull.mergeable {
        "CONFLICTING" => "cannot_be_merged",
        "UNKNOWN" if pull.state == PullState::Open => "checking",
        _ => "can_be_merged",
    }
}

/// Returns the approvals that hold.
fn approvals(pull: &Pull) -> Vec<&Review> {
    let last = pull
        .reviews
        .last()
        .filter(|review| review.state == "APPROVED");
    last.into_iter().collect()
}

/// Answers with who approved, and how many are missing.
pub(super) fn approved(ask: &Ask<'_>, project: &Project, pull: &Pull) -> Answer {
    let by = approvals(pull);
    let required = usize::from(pull.decision.is_some());
    let left = required.saturating_sub(by.len());
    let by: Vec<Value> = by
        .iter()
        .map(|review| json!({"user": users::brief(ask, review.by), "approved_at": time(review.at)}))
        .collect();
    Answer::json(json!({
        "id": id(project, pull.number), "iid": pull.number, "project_id": project.id(),
        "title": super::merges::title(pull), "description": pull.body,
        "state": super::merges::state(pull), "created_at": time(pull.created_at),
        "updated_at": time(pull.updated_at), "merge_status": short(pull), "approved": left == 0,
        "approvals_required": required, "approvals_left": left,
        "require_password_to_approve": false, "approved_by": by, "suggested_approvers": [],
        "approvers": [], "approver_groups": [], "user_has_approved": false,
        "user_can_approve": true, "approval_rules_left": [], "has_approval_rules": required > 0,
        "merge_request_approvers_available": true, "multiple_approval_rules_available": true,
        "invalid_approvers_rules": [],
    }))
}

/// Answers with the rules of approval and how each stands.
pub(super) fn rules(ask: &Ask<'_>, project: &Project, pull: &Pull) -> Answer {
    let by: Vec<Value> = approvals(pull)
        .iter()
        .map(|review| users::brief(ask, review.by))
        .collect();
    let required = usize::from(pull.decision.is_some());
    let rule = json!({
        "id": project.id() * 10, "name": "All Members", "rule_type": "any_approver",
        "report_type": null, "eligible_approvers": [], "approvals_required": required,
        "users": [], "groups": [], "contains_hidden_groups": false, "section": null,
        "source_rule": null, "overridden": false, "approved": by.len() >= required,
        "approved_by": by,
    });
    Answer::json(json!({"approval_rules_overwritten": false, "rules": [rule]}))
}

/// Answers with whose review is asked for, and what each said.
pub(super) fn reviewers(ask: &Ask<'_>, pull: &Pull) -> Answer {
    let all = who(pull);
    list::page(ask, &all, |index| {
        let said = pull.reviews.iter().rev().find(|review| review.by == *index);
        let state = match said.map(|review| review.state) {
            Some("APPROVED") => "approved",
            Some("CHANGES_REQUESTED") => "requested_changes",
            _ => "unreviewed",
        };
        json!({
            "user": users::brief(ask, *index), "state": state, "created_at": time(pull.created_at),
        })
    })
}

/// Returns whose review is asked for or was given.
pub(super) fn who(pull: &Pull) -> Vec<usize> {
    let mut all: Vec<usize> = Vec::new();
    let given = pull.reviews.iter().map(|review| review.by);
    for index in given.chain(pull.requested.iter().copied()) {
        if !all.contains(&index) {
            all.push(index);
        }
    }
    all
}

/// Returns a review as what GitLab itself notes of it in the discussion.
pub(super) fn note(ask: &Ask<'_>, pull: &Pull, review: &Review) -> Value {
    let body = match review.state {
        "APPROVED" => "approved this merge request",
        _ => "requested changes",
    };
    json!({
        "id": review.at.timestamp(), "type": null, "body": body, "system": true,
        "author": users::brief(ask, review.by), "created_at": time(review.at),
        "updated_at": time(review.at), "noteable_id": pull.number, "noteable_iid": pull.number,
        "noteable_type": "MergeRequest", "resolvable": false, "confidential": false,
        "internal": false, "attachment": null,
    })
}
