//! Tickets and change requests.

use std::collections::BTreeSet;

use crate::domain::change_request::{
    Called, ChangeRequest, ChangeState, Checks, MergeState, QueueState, Required, Review,
};
use crate::domain::key::{Person, RepoKey};
use crate::domain::text::Clean;
use crate::domain::ticket::{Ticket, TicketKey, TicketState};

use super::super::watch::WatchedPull;
use super::super::wire::{Issue, Named, PullRequest, RefreshRepo, Short};
use super::super::wire_rest::{Label, RestIssue, RestPull};
use super::checks::{checks, merge_state, required, review};
use super::{line, link, people, person, sha};
use crate::sources::ticket_links::{Texts, USUAL, closed_by, find};

/// The label that marks an incident, in any case.
const INCIDENT: &str = "incident";

fn names(labels: Option<&Short<Named>>) -> Vec<Clean> {
    let labels = labels.into_iter().flat_map(|labels| &labels.nodes.items);
    labels.map(|label| Clean::line(&label.name)).collect()
}

fn is_incident(labels: &[Clean]) -> bool {
    labels
        .iter()
        .any(|label| label.eq_ignore_ascii_case(INCIDENT))
}

/// Returns a ticket of `repo`.
pub(crate) fn ticket(repo: &RepoKey, wire: &Issue) -> Ticket {
    let labels = names(wire.labels.as_ref());
    let status = wire
        .project_items
        .iter()
        .flat_map(|items| &items.nodes.items)
        .find_map(|item| {
            item.field_value_by_name
                .as_ref()
                .filter(|value| value.name.is_some())
        });
    Ticket {
        key: TicketKey::Numbered {
            repo: repo.clone(),
            number: wire.number,
        },
        title: Clean::line(&wire.title),
        url: link(wire.url.as_deref()),
        state: ticket_state(wire.state.as_deref(), wire.state_reason.as_deref()),
        author: wire.author.as_ref().and_then(person),
        assignees: people(&wire.assignees.nodes.items),
        incident: is_incident(&labels),
        labels,
        milestone: wire
            .milestone
            .as_ref()
            .map(|stone| Clean::line(&stone.title)),
        project_status: status.map(|status| line(status.name.as_deref())),
        project_status_at: status.and_then(|status| status.updated_at),
        created_at: wire.created_at,
        updated_at: wire.updated_at,
        closed_at: wire.closed_at,
    }
}

/// Returns a ticket of a REST list, or nothing where the record is a pull request.
pub(crate) fn rest_ticket(repo: &RepoKey, wire: &RestIssue) -> Option<Ticket> {
    if wire.pull_request.is_some() {
        return None;
    }
    let labels = rest_labels(&wire.labels.items);
    Some(Ticket {
        key: TicketKey::Numbered {
            repo: repo.clone(),
            number: wire.number,
        },
        title: Clean::line(&wire.title),
        url: link(wire.html_url.as_deref()),
        state: ticket_state(wire.state.as_deref(), wire.state_reason.as_deref()),
        author: wire.user.as_ref().and_then(person),
        assignees: people(&wire.assignees.items),
        incident: is_incident(&labels),
        labels,
        milestone: wire
            .milestone
            .as_ref()
            .map(|stone| Clean::line(&stone.title)),
        project_status: None,
        project_status_at: None,
        created_at: wire.created_at,
        updated_at: wire.updated_at,
        closed_at: wire.closed_at,
    })
}

fn rest_labels(labels: &[Label]) -> Vec<Clean> {
    labels
        .iter()
        .map(|label| Clean::line(label.name()))
        .collect()
}

fn ticket_state(state: Option<&str>, reason: Option<&str>) -> TicketState {
    let word = |word: Option<&str>| word.unwrap_or_default().to_ascii_lowercase();
    match (word(state).as_str(), word(reason).as_str()) {
        ("open", _) => TicketState::Open,
        ("closed", "not_planned" | "duplicate") => TicketState::NotPlanned,
        ("closed", "completed" | "" | "reopened") => TicketState::Completed,
        ("closed", other) => TicketState::Other(Clean::line(&format!("closed: {other}"))),
        (other, _) => TicketState::Other(Clean::line(other)),
    }
}

/// Returns a change request of `repo`.
pub(crate) fn change(repo: &RepoKey, wire: &PullRequest) -> ChangeRequest {
    let closing = wire
        .closing_issues_references
        .iter()
        .flat_map(|closing| &closing.nodes.items)
        .map(|issue| TicketKey::Numbered {
            repo: issue_repo(repo, issue),
            number: issue.number,
        })
        .collect();
    let texts = Texts {
        number: wire.number,
        title: &wire.title,
        body: wire.body.as_deref().unwrap_or_default(),
        branch: &wire.head_ref_name,
    };
    let queue = wire.merge_queue_entry.as_ref();
    ChangeRequest {
        repo: repo.clone(),
        number: wire.number,
        called: Called::PullRequest,
        title: Clean::line(&wire.title),
        url: link(wire.url.as_deref()),
        state: change_state(wire.state.as_deref()),
        draft: wire.is_draft,
        author: wire.author.as_ref().and_then(person),
        assignees: people(&wire.assignees.nodes.items),
        reviewers: reviewers(wire),
        labels: names(wire.labels.as_ref()),
        review: review(wire.review_decision.as_deref()),
        merge_state: merge_state(
            wire.merge_state_status.as_deref(),
            wire.mergeable.as_deref(),
        ),
        queue: queue.map(|entry| queue_state(entry.state.as_deref())),
        checks: checks(wire.status_check_rollup.as_ref()),
        required: Required::Unknown,
        head_sha: sha(wire.head_ref_oid.as_deref()),
        head_branch: Clean::line(&wire.head_ref_name),
        base_branch: Clean::line(&wire.base_ref_name),
        merge_sha: wire
            .merge_commit
            .as_ref()
            .and_then(|commit| sha(Some(&commit.oid))),
        tickets: find(USUAL, repo, texts, closing),
        created_at: wire.created_at,
        updated_at: wire.updated_at,
        merged_at: wire.merged_at,
        closed_at: wire.closed_at,
    }
}

fn reviewers(wire: &PullRequest) -> Vec<Person> {
    wire.review_requests
        .iter()
        .flat_map(|requests| &requests.nodes.items)
        .filter_map(|request| request.requested_reviewer.as_ref())
        .filter_map(person)
        .collect()
}

/// Returns the closed tickets that a change request closes, as far as they are told.
///
/// Open ones are not returned: their own listing tells more of them.
pub(crate) fn closing_tickets(repo: &RepoKey, wire: &PullRequest) -> Vec<Ticket> {
    wire.closing_issues_references
        .iter()
        .flat_map(|closing| &closing.nodes.items)
        .filter(|issue| issue.closed_at.is_some())
        .map(|issue| ticket(&issue_repo(repo, issue), issue))
        .collect()
}

fn issue_repo(repo: &RepoKey, issue: &Issue) -> RepoKey {
    issue.repository.as_ref().map_or_else(
        || repo.clone(),
        |place| RepoKey::new(repo.place(), &place.name_with_owner),
    )
}

/// Returns a ticket that was asked for in `repo`, under the repository that it is in now.
pub(crate) fn ticket_anywhere(repo: &RepoKey, wire: &Issue) -> Ticket {
    ticket(&issue_repo(repo, wire), wire)
}

/// Returns the tickets that a refresh told to be open.
pub(crate) fn open_tickets(wire: &RefreshRepo) -> BTreeSet<u64> {
    let open = |issue: &&Issue| {
        let state = issue.state.as_deref().unwrap_or_default();
        state.eq_ignore_ascii_case("open")
    };
    let issues = wire.issues.nodes.items.iter().filter(open);
    issues.map(|issue| issue.number).collect()
}

/// Returns all tickets that a refresh told of.
pub(crate) fn numbers(wire: &RefreshRepo) -> BTreeSet<u64> {
    let closed = wire.closed_issues.iter().flat_map(|list| &list.nodes.items);
    let issues = wire.issues.nodes.items.iter().chain(closed);
    issues.map(|issue| issue.number).collect()
}

/// Returns a change request with what a look at it told.
pub(crate) fn looked_at(change: &ChangeRequest, wire: &WatchedPull) -> ChangeRequest {
    let rollup = wire.status_check_rollup.as_ref();
    let (head, checks) = (sha(wire.head_ref_oid.as_deref()), checks(rollup));
    let required = match required(rollup) {
        // Not asked this time: what was told of the same checks holds.
        Required::Unknown if head == change.head_sha && checks == change.checks => {
            change.required.clone()
        }
        told @ (Required::Unknown | Required::None | Required::Named(_)) => told,
    };
    ChangeRequest {
        state: change_state(wire.state.as_deref()),
        draft: wire.is_draft,
        review: review(wire.review_decision.as_deref()),
        merge_state: merge_state(
            wire.merge_state_status.as_deref(),
            wire.mergeable.as_deref(),
        ),
        queue: wire
            .merge_queue_entry
            .as_ref()
            .map(|entry| queue_state(entry.state.as_deref())),
        checks,
        required,
        head_sha: head,
        merge_sha: wire
            .merge_commit
            .as_ref()
            .and_then(|commit| sha(Some(&commit.oid))),
        updated_at: wire.updated_at,
        merged_at: wire.merged_at,
        closed_at: wire.closed_at,
        ..change.clone()
    }
}

/// Returns a change request of a REST list: reviews and checks are not told there.
///
/// Nor are the tickets that it closes: into the default branch, the words of its description say.
pub(crate) fn rest_change(repo: &RepoKey, wire: &RestPull, default: Option<&str>) -> ChangeRequest {
    let git_ref = |end: &Option<super::super::wire_rest::End>| {
        end.as_ref()
            .map_or_else(String::new, |end| end.git_ref.clone())
    };
    let (head, base) = (git_ref(&wire.head), git_ref(&wire.base));
    let texts = Texts {
        number: wire.number,
        title: &wire.title,
        body: wire.body.as_deref().unwrap_or_default(),
        branch: &head,
    };
    let closing = if default == Some(base.as_str()) {
        closed_by(repo, wire.number, texts.body)
    } else {
        Vec::new()
    };
    let teams = wire.requested_teams.items.iter();
    let mut reviewers = people(&wire.requested_reviewers.items);
    reviewers.extend(teams.map(|team| Person::new(&team.slug, false)));
    let merged = wire.merged_at.is_some();
    let not_told = || Clean::line("not told by REST");
    ChangeRequest {
        repo: repo.clone(),
        number: wire.number,
        called: Called::PullRequest,
        title: Clean::line(&wire.title),
        url: link(wire.html_url.as_deref()),
        state: if merged {
            ChangeState::Merged
        } else {
            change_state(wire.state.as_deref())
        },
        draft: wire.draft,
        author: wire.user.as_ref().and_then(person),
        assignees: people(&wire.assignees.items),
        review: Review::Unknown(not_told()),
        reviewers,
        labels: rest_labels(&wire.labels.items),
        merge_state: MergeState::Unknown(not_told()),
        queue: None,
        checks: Checks::Unknown(not_told()),
        required: Required::Unknown,
        head_sha: wire.head.as_ref().and_then(|head| sha(head.sha.as_deref())),
        head_branch: Clean::line(&head),
        base_branch: Clean::line(&base),
        merge_sha: sha(wire.merge_commit_sha.as_deref()).filter(|_| merged),
        tickets: find(USUAL, repo, texts, closing),
        created_at: wire.created_at,
        updated_at: wire.updated_at,
        merged_at: wire.merged_at,
        closed_at: wire.closed_at,
    }
}

fn change_state(word: Option<&str>) -> ChangeState {
    match word.unwrap_or_default().to_ascii_uppercase().as_str() {
        "OPEN" => ChangeState::Open,
        "MERGED" => ChangeState::Merged,
        "CLOSED" => ChangeState::Closed,
        other => ChangeState::Other(Clean::line(other)),
    }
}

fn queue_state(word: Option<&str>) -> QueueState {
    match word.unwrap_or_default() {
        "QUEUED" => QueueState::Queued,
        "AWAITING_CHECKS" => QueueState::AwaitingChecks,
        "MERGEABLE" => QueueState::Mergeable,
        "UNMERGEABLE" => QueueState::Unmergeable,
        "LOCKED" => QueueState::Locked,
        other => QueueState::Other(Clean::line(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::{change, rest_ticket, ticket, ticket_state};
    use crate::domain::change_request::{ChangeState, Checks, MergeState};
    use crate::domain::key::RepoKey;
    use crate::domain::ticket::TicketState;

    fn repo() -> RepoKey {
        RepoKey::new("github.com", "acme/api")
    }

    const PULL: &str = r#"{"number":34,"title":"Speed\u001b[31m up","body":"Closes #12","url":"javascript:alert(1)",
        "state":"OPEN","isDraft":false,"createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-02T00:00:00Z",
        "headRefName":"12-speed","headRefOid":"ABCDEF1234567","baseRefName":"main","reviewDecision":"REVIEW_REQUIRED",
        "mergeable":"UNKNOWN","mergeStateStatus":"UNKNOWN","mergeQueueEntry":{"state":"NEWLY_INVENTED"},
        "author":null,"assignees":{"nodes":[{"login":"ada"},null]},"labels":null,
        "reviewRequests":{"nodes":[{"requestedReviewer":{"__typename":"Team","slug":"core"}},{"requestedReviewer":null}]},
        "closingIssuesReferences":{"nodes":[{"number":7,"createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z",
          "repository":{"nameWithOwner":"acme/web"}}]},
        "statusCheckRollup":{"state":"SOMETHING"},"unheardOf":{"x":[1]}}"#;

    #[test]
    fn a_pull_request_keeps_what_is_known_and_trusts_nothing() {
        let wire = serde_json::from_str(PULL).unwrap();
        let change = change(&repo(), &wire);
        assert_eq!(change.state, ChangeState::Open);
        assert!(change.url.is_none() && change.author.is_none());
        assert!(!change.title.contains('\u{1b}'));
        assert_eq!(change.reviewers[0].login.as_str(), "core");
        assert_eq!(change.head_sha.unwrap().short(), "abcdef1");
        assert!(matches!(change.checks, Checks::Unknown(_)));
        assert!(matches!(change.merge_state, MergeState::Unknown(_)));
        assert_eq!(change.tickets.len(), 2, "{:?}", change.tickets);
    }

    #[test]
    fn the_state_of_a_ticket_is_done_only_if_it_says_so() {
        assert_eq!(ticket_state(Some("OPEN"), None), TicketState::Open);
        assert_eq!(
            ticket_state(Some("closed"), Some("completed")),
            TicketState::Completed
        );
        assert_eq!(
            ticket_state(Some("CLOSED"), Some("NOT_PLANNED")),
            TicketState::NotPlanned
        );
        assert_eq!(ticket_state(Some("CLOSED"), None), TicketState::Completed);
        assert!(matches!(
            ticket_state(Some("CLOSED"), Some("LOST")),
            TicketState::Other(_)
        ));
        assert!(matches!(ticket_state(None, None), TicketState::Other(_)));
    }

    #[test]
    fn an_incident_is_known_by_its_label_in_any_case() {
        let text = r#"{"number":1,"title":"down","state":"OPEN","createdAt":"2026-01-01T00:00:00Z",
            "updatedAt":"2026-01-01T00:00:00Z","labels":{"nodes":[{"name":"Incident"}]},
            "projectItems":{"nodes":[{"fieldValueByName":null},
              {"fieldValueByName":{"__typename":"X","name":"In Progress","updatedAt":"2026-01-01T00:00:00Z"}}]}}"#;
        let ticket = ticket(&repo(), &serde_json::from_str(text).unwrap());
        assert!(ticket.incident);
        assert_eq!(ticket.project_status.unwrap().as_str(), "In Progress");
    }

    #[test]
    fn a_pull_request_in_a_list_of_issues_is_no_ticket() {
        let text = r#"{"number":1,"title":"x","state":"open","created_at":"2026-01-01T00:00:00Z",
            "updated_at":"2026-01-01T00:00:00Z","labels":["a",{"name":"b"}],"pull_request":{"url":"x"}}"#;
        let issue = serde_json::from_str(text).unwrap();
        assert!(rest_ticket(&repo(), &issue).is_none());
        let text = text.replace(r#","pull_request":{"url":"x"}"#, "");
        let issue = serde_json::from_str(&text).unwrap();
        assert_eq!(rest_ticket(&repo(), &issue).unwrap().labels.len(), 2);
    }
}
