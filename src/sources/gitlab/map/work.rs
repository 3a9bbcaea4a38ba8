//! Tickets and merge requests, and what a merge request waits for.

use crate::domain::change_request::{
    Called, ChangeRequest, ChangeState, Checks, MergeState, Required, Review,
};
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::domain::ticket::{Ticket, TicketKey, TicketState};
use crate::sources::ticket_links::Texts;

use super::super::wire::{Approvals, Issue, Label, MergeRequest};
use super::links::find;
use super::{line, link, people, person, sha};

/// The word that marks an incident, as a type and as a label.
const INCIDENT: &str = "incident";

/// Scopes of labels by which boards are divided: `workflow::in dev`.
const BOARDS: [&str; 2] = ["workflow", "status"];

/// Issues of these types are no work.
const NO_WORK: [&str; 2] = ["test_case", "requirement"];

/// What is known of a merge request besides what lists tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Detail {
    /// What reviewers said in sum, where approvals were read.
    pub(crate) review: Option<Review>,
    /// What its newest pipeline says; none where nobody has asked.
    pub(crate) checks: Option<Checks>,
    /// Issues that it closes, as GitLab itself says.
    pub(crate) closes: Vec<TicketKey>,
}

fn labels(labels: &[Label]) -> Vec<Clean> {
    let names = labels.iter().map(|label| Clean::line(label.name()));
    names.collect()
}

/// Returns the place on a board that a scoped label gives: `in dev` of `workflow::in dev`.
fn on_board(labels: &[Clean]) -> Option<Clean> {
    labels.iter().find_map(|label| {
        let (scope, value) = label.rsplit_once("::")?;
        let is_board = BOARDS.iter().any(|board| scope.eq_ignore_ascii_case(board));
        is_board.then(|| Clean::line(value))
    })
}

/// Returns a ticket of `repo`; test cases and requirements are none.
pub(crate) fn ticket(repo: &RepoKey, wire: &Issue) -> Option<Ticket> {
    let kind = wire.kind.as_deref().unwrap_or_default();
    if NO_WORK.iter().any(|word| kind.eq_ignore_ascii_case(word)) {
        return None;
    }
    let labels = labels(&wire.labels.items);
    let mut assignees = people(&wire.assignees.items);
    if assignees.is_empty() {
        assignees.extend(wire.assignee.as_ref().and_then(person));
    }
    let marked = labels
        .iter()
        .any(|label| label.eq_ignore_ascii_case(INCIDENT));
    Some(Ticket {
        key: TicketKey::Numbered {
            repo: repo.clone(),
            number: wire.iid,
        },
        title: Clean::line(&wire.title),
        url: link(wire.web_url.as_deref()),
        state: ticket_state(wire.state.as_deref(), wire.moved_to_id.is_some()),
        author: wire.author.as_ref().and_then(person),
        assignees,
        incident: marked || kind.eq_ignore_ascii_case(INCIDENT),
        project_status: on_board(&labels),
        labels,
        milestone: wire
            .milestone
            .as_ref()
            .and_then(|stone| stone.title.as_deref())
            .map(Clean::line),
        project_status_at: None,
        created_at: wire.created_at,
        updated_at: wire.updated_at,
        closed_at: wire.closed_at,
    })
}

/// One that moved elsewhere was not done here.
fn ticket_state(word: Option<&str>, moved: bool) -> TicketState {
    match word.unwrap_or_default().to_ascii_lowercase().as_str() {
        "opened" | "reopened" => TicketState::Open,
        "closed" if moved => TicketState::NotPlanned,
        "closed" => TicketState::Completed,
        other => TicketState::Other(Clean::line(other)),
    }
}

/// Returns a merge request of `repo`, with what is known besides.
pub(crate) fn change(repo: &RepoKey, wire: &MergeRequest, detail: &Detail) -> ChangeRequest {
    let state = change_state(wire.state.as_deref());
    let is_merged = state == ChangeState::Merged;
    let head_sha = sha(wire.sha.as_deref());
    let landed = [&wire.merge_commit_sha, &wire.squash_commit_sha];
    let landed = landed.iter().find_map(|text| sha(text.as_deref()));
    let draft = wire.draft.or(wire.work_in_progress).unwrap_or(false);
    let asked = wire.detailed_merge_status.as_deref() == Some("requested_changes");
    let review = match (&detail.review, wire.detailed_merge_status.as_deref()) {
        _ if asked => Review::ChangesRequested,
        (Some(review), _) => review.clone(),
        (None, Some("not_approved")) => Review::Required,
        (None, _) => Review::Unknown(Clean::default()),
    };
    ChangeRequest {
        repo: repo.clone(),
        number: wire.iid,
        called: Called::MergeRequest,
        title: Clean::line(&wire.title),
        url: link(wire.web_url.as_deref()),
        draft,
        author: wire.author.as_ref().and_then(person),
        assignees: people(&wire.assignees.items),
        reviewers: people(&wire.reviewers.items),
        labels: labels(&wire.labels.items),
        review,
        merge_state: merge_state(wire, draft),
        queue: None,
        checks: detail
            .checks
            .clone()
            .unwrap_or_else(|| Checks::Unknown(Clean::default())),
        required: Required::Unknown,
        // A merge without a commit of its own takes the head as it is.
        merge_sha: landed.or_else(|| head_sha.clone()).filter(|_| is_merged),
        head_sha,
        head_branch: line(wire.source_branch.as_deref()),
        base_branch: line(wire.target_branch.as_deref()),
        tickets: find(repo, texts(wire), &detail.closes),
        created_at: wire.created_at,
        updated_at: wire.updated_at,
        merged_at: wire.merged_at,
        closed_at: wire.closed_at.or(wire.merged_at),
        state,
    }
}

/// Returns the texts in which a merge request names tickets.
pub(crate) fn texts(wire: &MergeRequest) -> Texts<'_> {
    Texts {
        // Issues have numbers of their own.
        number: 0,
        title: &wire.title,
        body: wire.description.as_deref().unwrap_or_default(),
        branch: wire.source_branch.as_deref().unwrap_or_default(),
    }
}

fn change_state(word: Option<&str>) -> ChangeState {
    match word.unwrap_or_default().to_ascii_lowercase().as_str() {
        // Locked for the moment in which it is merged.
        "opened" | "reopened" | "locked" => ChangeState::Open,
        "merged" => ChangeState::Merged,
        "closed" => ChangeState::Closed,
        other => ChangeState::Other(Clean::line(other)),
    }
}

/// Only the first obstacle is told, in an order of GitLab's own.
fn merge_state(wire: &MergeRequest, draft: bool) -> MergeState {
    let Some(word) = wire.detailed_merge_status.as_deref() else {
        return by_old_word(wire, draft);
    };
    match word {
        "mergeable" => MergeState::Clean,
        "conflict" | "broken_status" => MergeState::Conflict,
        "need_rebase" => MergeState::Behind,
        "draft_status" => MergeState::Draft,
        "not_approved"
        | "requested_changes"
        | "discussions_not_resolved"
        | "blocked_status"
        | "merge_request_blocked"
        | "ci_must_pass"
        | "ci_still_running"
        | "policies_denied"
        | "external_status_checks"
        | "status_checks_must_pass"
        | "jira_association"
        | "jira_association_missing"
        | "merge_time"
        | "locked_paths"
        | "locked_lfs_files"
        | "security_policy_violations"
        | "security_policy_pipeline_check"
        | "title_regex"
        | "commits_status"
        | "not_open" => MergeState::Blocked,
        other => MergeState::Unknown(Clean::line(other)),
    }
}

/// Before 15.6 there is one word for conflicts and one for none.
fn by_old_word(wire: &MergeRequest, draft: bool) -> MergeState {
    match wire.merge_status.as_deref().unwrap_or_default() {
        "can_be_merged" if draft => MergeState::Draft,
        "can_be_merged" => MergeState::Clean,
        "cannot_be_merged" if wire.has_conflicts != Some(false) => MergeState::Conflict,
        "cannot_be_merged" => MergeState::Blocked,
        other => MergeState::Unknown(Clean::line(other)),
    }
}

/// Returns what approvals say in sum.
pub(crate) fn review(wire: &Approvals) -> Review {
    let left = wire.left.unwrap_or_default();
    if left > 0 {
        return Review::Required;
    }
    if !wire.approved_by.items.is_empty() {
        return Review::Approved;
    }
    if wire.approved == Some(false) && wire.required.is_some_and(|count| count > 0) {
        return Review::Required;
    }
    Review::NotRequired
}

/// Returns what the status of the newest pipeline says of a merge request.
pub(crate) fn checks(status: Option<&str>) -> Checks {
    match status.unwrap_or_default() {
        "success" | "skipped" => Checks::Passed,
        "failed" | "canceled" => Checks::Failed,
        "created"
        | "waiting_for_resource"
        | "waiting_for_callback"
        | "preparing"
        | "pending"
        | "running"
        | "canceling"
        | "manual"
        | "scheduled" => Checks::Pending,
        other => Checks::Unknown(Clean::line(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn repo() -> RepoKey {
        RepoKey::new("gitlab.com", "acme/api")
    }

    fn merge_request(extra: Value) -> MergeRequest {
        let mut record = json!({
            "iid": 7, "project_id": 1, "title": "Add a cache", "state": "opened",
            "source_branch": "cache", "target_branch": "main", "sha": "a".repeat(40),
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-02T00:00:00Z"
        });
        if let (Value::Object(record), Value::Object(extra)) = (&mut record, extra) {
            record.extend(extra);
        }
        serde_json::from_value(record).unwrap()
    }

    #[track_caller]
    fn check(extra: Value, state: &MergeState, review: &Review) {
        let wire = merge_request(extra);
        let found = change(&repo(), &wire, &Detail::default());
        assert_eq!((&found.merge_state, &found.review), (state, review));
    }

    #[test]
    fn each_obstacle_has_its_meaning_and_a_new_one_stays_unknown() {
        let unknown = Review::Unknown(Clean::default());
        let word = |word: &str| json!({"detailed_merge_status": word});
        check(word("mergeable"), &MergeState::Clean, &unknown);
        check(word("conflict"), &MergeState::Conflict, &unknown);
        check(word("need_rebase"), &MergeState::Behind, &unknown);
        check(word("draft_status"), &MergeState::Draft, &unknown);
        check(
            word("not_approved"),
            &MergeState::Blocked,
            &Review::Required,
        );
        check(
            word("requested_changes"),
            &MergeState::Blocked,
            &Review::ChangesRequested,
        );
        check(word("ci_must_pass"), &MergeState::Blocked, &unknown);
        for odd in ["checking", "unchecked", "preparing", "moon_phase"] {
            let state = MergeState::Unknown(Clean::line(odd));
            check(word(odd), &state, &unknown);
        }
    }

    #[test]
    fn a_server_before_15_6_tells_conflicts_and_little_else() {
        let unknown = Review::Unknown(Clean::default());
        let of =
            |status: &str, draft: bool| json!({"merge_status": status, "work_in_progress": draft});
        check(of("can_be_merged", false), &MergeState::Clean, &unknown);
        check(of("can_be_merged", true), &MergeState::Draft, &unknown);
        check(
            of("cannot_be_merged", false),
            &MergeState::Conflict,
            &unknown,
        );
        let state = MergeState::Unknown(Clean::line("checking"));
        check(of("checking", false), &state, &unknown);
        let state = MergeState::Unknown(Clean::default());
        check(json!({}), &state, &unknown);
    }

    #[test]
    fn what_landed_is_the_merge_else_the_squash_else_the_head() {
        let landed = |extra: Value| {
            let mut record = json!({"state": "merged"});
            if let (Value::Object(record), Value::Object(extra)) = (&mut record, extra) {
                record.extend(extra);
            }
            let found = change(&repo(), &merge_request(record), &Detail::default());
            found.merge_sha.map(|sha| sha.as_str().to_owned())
        };
        let (merge, squash) = ("b".repeat(40), "c".repeat(40));
        assert_eq!(
            landed(json!({"merge_commit_sha": merge, "squash_commit_sha": squash})),
            Some(merge)
        );
        assert_eq!(landed(json!({"squash_commit_sha": squash})), Some(squash));
        assert_eq!(landed(json!({})), Some("a".repeat(40)));
        assert_eq!(landed(json!({"state": "opened"})), None);
    }

    #[track_caller]
    fn approved(text: &str, expected: &Review) {
        assert_eq!(
            &review(&serde_json::from_str(text).unwrap()),
            expected,
            "{text}"
        );
    }

    #[test]
    fn approvals_are_counted_where_they_are_required() {
        let by = r#""approved_by":[{"user":{"username":"ada"}}]"#;
        approved(
            &format!(r#"{{"approvals_required":2,"approvals_left":1,{by}}}"#),
            &Review::Required,
        );
        approved(
            &format!(r#"{{"approvals_required":1,"approvals_left":0,{by}}}"#),
            &Review::Approved,
        );
        approved(&format!(r#"{{"approved":true,{by}}}"#), &Review::Approved);
        approved(
            r#"{"approved":true,"approved_by":[]}"#,
            &Review::NotRequired,
        );
        approved("{}", &Review::NotRequired);
    }

    #[track_caller]
    fn issue(extra: Value) -> Option<Ticket> {
        let mut record = json!({
            "iid": 3, "project_id": 1, "title": "It burns", "state": "opened",
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-02T00:00:00Z"
        });
        if let (Value::Object(record), Value::Object(extra)) = (&mut record, extra) {
            record.extend(extra);
        }
        ticket(&repo(), &serde_json::from_value(record).unwrap())
    }

    #[test]
    fn incidents_are_known_by_type_and_label_and_test_cases_are_no_work() {
        assert!(issue(json!({"issue_type": "incident"})).unwrap().incident);
        assert!(issue(json!({"labels": ["Incident"]})).unwrap().incident);
        assert!(!issue(json!({"issue_type": "task"})).unwrap().incident);
        assert_eq!(issue(json!({"issue_type": "test_case"})), None);
    }

    #[test]
    fn a_scoped_label_is_a_place_on_the_board() {
        let found = issue(json!({"labels": ["bug", {"name": "workflow::In dev"}]})).unwrap();
        assert_eq!(found.project_status.as_deref(), Some("In dev"));
        assert_eq!(found.labels.len(), 2);
        assert_eq!(
            issue(json!({"labels": ["a::b"]})).unwrap().project_status,
            None
        );
    }

    #[test]
    fn states_of_issues_are_those_that_are_known() {
        let state = |extra| issue(extra).unwrap().state;
        assert_eq!(state(json!({"state": "closed"})), TicketState::Completed);
        assert_eq!(
            state(json!({"state": "closed", "moved_to_id": 9})),
            TicketState::NotPlanned
        );
        let odd = TicketState::Other(Clean::line("floating"));
        assert_eq!(state(json!({"state": "floating"})), odd);
    }
}
