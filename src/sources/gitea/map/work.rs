//! Tickets and change requests, and what reviews and protected branches say of them.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{line, link, people, person, sha, when};
use crate::domain::Timestamp;
use crate::domain::change_request::{
    Called, ChangeRequest, ChangeState, Checks, MergeState, Required, Review, TicketLink,
};
use crate::domain::key::{Person, RepoKey};
use crate::domain::text::Clean;
use crate::domain::ticket::{Ticket, TicketKey, TicketState};
use crate::sources::gitea::wire;
use crate::sources::http::List;
use crate::sources::ticket_links::{Texts, USUAL, closed_by, find};

/// The label that marks an incident, in any case.
const INCIDENT: &str = "incident";

/// What a title of a draft begins with, in any case.
const DRAFT: &[&str] = &["wip:", "[wip]", "draft:", "[draft]"];

/// For how long after a change the server may still be finding out whether it conflicts.
const CHECKING: TimeDelta = TimeDelta::minutes(2);

/// What the protection of a branch asks for.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(in crate::sources::gitea) struct Protection {
    /// How many approvals.
    pub(in crate::sources::gitea) approvals: u64,
    /// Which contexts of statuses must be there and passed; patterns may stand among them.
    pub(in crate::sources::gitea) contexts: Vec<Clean>,
    /// Whether statuses are looked at at all.
    pub(in crate::sources::gitea) checks: bool,
}

/// Returns what a branch asks for; nothing where the answer does not tell.
pub(in crate::sources::gitea) fn protection(wire: &wire::Branch) -> Option<Protection> {
    let protected = wire.protected?;
    let checks = protected && wire.enable_status_check.unwrap_or(false);
    let names = wire.status_check_contexts.items.iter();
    Some(Protection {
        approvals: if protected {
            wire.required_approvals?
        } else {
            0
        },
        contexts: names
            .filter(|_| checks)
            .map(|name| Clean::line(name))
            .collect(),
        checks,
    })
}

fn labels(list: &List<wire::Label>) -> Vec<Clean> {
    let names = list.items.iter();
    names.map(|label| Clean::line(&label.name)).collect()
}

/// Returns a ticket of `repo`, or nothing where the record is a pull request.
pub(in crate::sources::gitea) fn ticket(repo: &RepoKey, wire: &wire::Issue) -> Option<Ticket> {
    if wire.pull_request.is_some() {
        return None;
    }
    let labels = labels(&wire.labels);
    let mut incident = labels.iter();
    Some(Ticket {
        key: TicketKey::Numbered {
            repo: repo.clone(),
            number: wire.number,
        },
        title: Clean::line(&wire.title),
        url: link(wire.html_url.as_deref()),
        state: ticket_state(wire.state.as_deref()),
        author: wire.user.as_ref().and_then(person),
        assignees: people(&wire.assignees.items),
        incident: incident.any(|label| label.eq_ignore_ascii_case(INCIDENT)),
        labels,
        milestone: wire
            .milestone
            .as_ref()
            .map(|stone| Clean::line(&stone.title)),
        project_status: None,
        project_status_at: None,
        created_at: wire.created_at,
        updated_at: wire.updated_at,
        closed_at: when(wire.closed_at),
    })
}

/// The server does not tell why a ticket was closed.
fn ticket_state(state: Option<&str>) -> TicketState {
    match state.unwrap_or_default().to_ascii_lowercase().as_str() {
        "open" => TicketState::Open,
        "closed" => TicketState::Completed,
        other => TicketState::Other(Clean::line(other)),
    }
}

/// What is known of a pull request besides its own record.
#[derive(Clone, Copy, Debug)]
pub(in crate::sources::gitea) struct Around<'a> {
    /// What the branch that it goes to asks for, where that is known.
    pub(in crate::sources::gitea) protection: Option<&'a Protection>,
    /// The default branch: descriptions close tickets only there.
    pub(in crate::sources::gitea) default_branch: Option<&'a str>,
    /// The current time of the server.
    pub(in crate::sources::gitea) now: Timestamp,
}

/// Returns a change request of `repo`; checks and reviews are told apart.
pub(in crate::sources::gitea) fn change(
    repo: &RepoKey,
    wire: &wire::Pull,
    around: Around<'_>,
) -> ChangeRequest {
    let state = change_state(wire);
    let draft = wire.draft.unwrap_or(false) || is_draft(&wire.title);
    let teams = wire.requested_reviewers_teams.items.iter();
    let teams = teams.map(|team| Person::new(&team.name, false));
    let base_branch = end(wire.base.as_ref());
    let head_branch = end(wire.head.as_ref());
    let head = wire.head.as_ref();
    ChangeRequest {
        repo: repo.clone(),
        number: wire.number,
        called: Called::PullRequest,
        title: Clean::line(&wire.title),
        url: link(wire.html_url.as_deref()),
        draft,
        author: wire.user.as_ref().and_then(person),
        assignees: people(&wire.assignees.items),
        reviewers: people(&wire.requested_reviewers.items)
            .into_iter()
            .chain(teams)
            .collect(),
        labels: labels(&wire.labels),
        review: Review::Unknown(Clean::line("not asked")),
        merge_state: merge_state(wire, draft, around),
        queue: None,
        checks: Checks::Unknown(Clean::line("not asked")),
        required: required(around.protection),
        head_sha: sha(head.and_then(|head| head.sha.as_deref())),
        tickets: tickets(
            repo,
            wire,
            &head_branch,
            around.default_branch == Some(&*base_branch),
        ),
        head_branch,
        base_branch,
        merge_sha: sha(wire
            .merge_commit_sha
            .as_deref()
            .filter(|_| state == ChangeState::Merged)),
        state,
        created_at: wire.created_at,
        updated_at: wire.updated_at,
        merged_at: when(wire.merged_at),
        closed_at: when(wire.closed_at),
    }
}

/// A branch that was deleted after the merge is told as `refs/pull/12/head`; its label stays.
fn end(end: Option<&wire::End>) -> Clean {
    let reference = end.and_then(|end| end.reference.as_deref());
    let label = end.and_then(|end| end.label.as_deref());
    let gone = reference.is_some_and(|name| name.starts_with("refs/pull/"));
    line(if gone { label.or(reference) } else { reference })
}

fn is_draft(title: &str) -> bool {
    let title = title.trim_start().to_lowercase();
    DRAFT.iter().any(|prefix| title.starts_with(prefix))
}

fn change_state(wire: &wire::Pull) -> ChangeState {
    let state = wire.state.as_deref().unwrap_or_default();
    match state.to_ascii_lowercase().as_str() {
        _ if wire.merged == Some(true) => ChangeState::Merged,
        "open" => ChangeState::Open,
        "closed" => ChangeState::Closed,
        other => ChangeState::Other(Clean::line(other)),
    }
}

fn tickets(repo: &RepoKey, wire: &wire::Pull, branch: &str, counts: bool) -> Vec<TicketLink> {
    let texts = Texts {
        number: wire.number,
        title: &wire.title,
        body: wire.body.as_deref().unwrap_or_default(),
        branch,
    };
    let closed = if counts {
        closed_by(repo, wire.number, texts.body)
    } else {
        Vec::new()
    };
    find(USUAL, repo, texts, closed)
}

/// `mergeable` knows conflicts and drafts only: whether a rule forbids the merge it does not say,
/// and while the server is still looking it says no.
fn merge_state(wire: &wire::Pull, draft: bool, around: Around<'_>) -> MergeState {
    let unknown = |word: &str| MergeState::Unknown(Clean::line(word));
    if draft {
        return MergeState::Draft;
    }
    match wire.mergeable {
        None => unknown("not told"),
        Some(false) if around.now - wire.updated_at < CHECKING => unknown("not computed yet"),
        Some(false) => MergeState::Conflict,
        Some(true) => match around.protection {
            Some(asked) if asked.approvals == 0 && !asked.checks => MergeState::Clean,
            Some(_) => unknown("no conflict; its branch is protected"),
            None => unknown("no conflict"),
        },
    }
}

/// Contexts may be patterns: then which checks are meant is not known.
fn required(protection: Option<&Protection>) -> Required {
    let Some(asked) = protection else {
        return Required::Unknown;
    };
    let is_pattern = |name: &Clean| name.contains(['*', '?', '[', '{']);
    match asked.contexts.as_slice() {
        [] if asked.checks => Required::Unknown,
        [] => Required::None,
        names if names.iter().any(is_pattern) => Required::Unknown,
        names => Required::Named(names.to_vec()),
    }
}

/// Returns what reviewers said, in sum: the last word of each that counts.
///
/// A comment takes nothing back, a dismissed review is as if it had not been.
pub(in crate::sources::gitea) fn review(
    reviews: &List<wire::Review>,
    protection: Option<&Protection>,
) -> Review {
    let mut last: BTreeMap<&str, (Option<Timestamp>, bool)> = BTreeMap::new();
    for review in &reviews.items {
        let user = review.user.as_ref();
        let Some(login) = user.and_then(|user| user.login.as_deref()) else {
            continue;
        };
        if review.official == Some(false) || review.dismissed == Some(true) {
            continue;
        }
        let state = review.state.as_deref().unwrap_or_default();
        let approves = match state.to_ascii_uppercase().as_str() {
            "APPROVED" => true,
            "REQUEST_CHANGES" => false,
            _ => continue,
        };
        let before = last.get(login).map(|(at, _)| *at);
        if before.is_none_or(|before| before <= review.submitted_at) {
            last.insert(login, (review.submitted_at, approves));
        }
    }
    let approvals = last.values().filter(|(_, approves)| *approves).count() as u64;
    if last.values().any(|(_, approves)| !approves) {
        return Review::ChangesRequested;
    }
    if reviews.bad_count > 0 {
        return Review::Unknown(Clean::line("not all reviews can be read"));
    }
    match protection.map(|asked| asked.approvals) {
        Some(asked) if approvals < asked => Review::Required,
        _ if approvals > 0 => Review::Approved,
        Some(_) => Review::NotRequired,
        None => Review::Unknown(Clean::line("whether one is required is not told")),
    }
}
