//! Rows 2 and 22 to 25: tickets, incidents, findings, runs on their own, and ends.

use crate::domain::change_request::ChangeState;
use crate::domain::item::Outcome;
use crate::domain::placement::evidenced::{Evidenced, Placed};
use crate::domain::placement::runs::{Work, fault};
use crate::domain::placement::{has_label, has_word, named, piece_name};
use crate::domain::policy::Phase;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::ticket::{Ticket, TicketState};

/// An open ticket; a state that is not known counts as open, never as done.
fn open<'a>(case: &Evidenced<'a>) -> Option<&'a Ticket> {
    case.ticket.filter(|ticket| match ticket.state {
        TicketState::Open | TicketState::Other(_) => true,
        TicketState::Completed | TicketState::NotPlanned => false,
    })
}

/// Whether a ticket is an incident, by its source or by its labels.
pub(crate) fn is_incident(case: &Evidenced<'_>, ticket: &Ticket) -> bool {
    ticket.incident || has_label(&case.policy.incident_labels, &ticket.labels).is_some()
}

pub(super) fn incident_unclaimed(case: &Evidenced<'_>) -> Option<Placed> {
    let ticket = open(case).filter(|ticket| is_incident(case, ticket))?;
    if is_taken(case, ticket) {
        return None;
    }
    let reason = "an incident that nobody has taken".to_owned();
    Some(Placed::new(
        Stage::Monitor,
        Status::Firing,
        ticket.created_at,
        reason,
    ))
}

pub(super) fn incident_handled(case: &Evidenced<'_>) -> Option<Placed> {
    let ticket = open(case).filter(|ticket| is_incident(case, ticket))?;
    let reason = match ticket.assignees.first() {
        Some(person) => format!("an incident that {} handles", named(&person.login)),
        None => "an incident that people handle".to_owned(),
    };
    let since = ticket.project_status_at.unwrap_or(ticket.created_at);
    Some(Placed::new(Stage::Operate, Status::Incident, since, reason))
}

fn is_taken(case: &Evidenced<'_>, ticket: &Ticket) -> bool {
    !ticket.assignees.is_empty() || progress_word(case, ticket).is_some() || case.change.is_some()
}

fn progress_word<'a>(case: &Evidenced<'a>, ticket: &'a Ticket) -> Option<&'a str> {
    let status = ticket.project_status.as_deref();
    status
        .filter(|status| has_word(&case.policy.progress_words, status))
        .or_else(|| has_label(&case.policy.progress_words, &ticket.labels))
}

pub(super) fn ticket_unknown(case: &Evidenced<'_>) -> Option<Placed> {
    let ticket = open(case)?;
    let TicketState::Other(word) = &ticket.state else {
        return None;
    };
    let reason = format!("its ticket is {}, which is not known", named(word));
    Some(Placed::new(
        Stage::Plan,
        Status::Unknown,
        ticket.updated_at,
        reason,
    ))
}

pub(super) fn ticket_in_progress(case: &Evidenced<'_>) -> Option<Placed> {
    let ticket = open(case)?;
    let word = progress_word(case, ticket)?;
    let since = ticket.project_status_at.unwrap_or(ticket.updated_at);
    if let Some(label) = has_label(&case.policy.blocked_labels, &ticket.labels) {
        let reason = format!(
            "its ticket is {}, and label {} is set",
            named(word),
            named(label)
        );
        return Some(Placed::new(Stage::Code, Status::Blocked, since, reason));
    }
    let reason = format!("its ticket is {} and has no change request", named(word));
    Some(Placed::new(Stage::Code, Status::Drafting, since, reason))
}

pub(super) fn ticket_blocked(case: &Evidenced<'_>) -> Option<Placed> {
    let ticket = open(case)?;
    let by_status = ticket
        .project_status
        .as_deref()
        .filter(|status| has_word(&case.policy.blocked_labels, status));
    let word = by_status.or_else(|| has_label(&case.policy.blocked_labels, &ticket.labels))?;
    let reason = format!("its ticket is marked {}", named(word));
    Some(Placed::new(
        Stage::Plan,
        Status::Blocked,
        ticket.updated_at,
        reason,
    ))
}

pub(super) fn ticket_ready(case: &Evidenced<'_>) -> Option<Placed> {
    let ticket = open(case)?;
    let reason = if let Some(milestone) = &ticket.milestone {
        format!("planned for {}, not started", named(milestone))
    } else if let Some(person) = ticket.assignees.first() {
        format!("assigned to {}, not started", named(&person.login))
    } else {
        let status = ticket.project_status.as_ref()?;
        format!("{} on the project board, not started", named(status))
    };
    let since = ticket.project_status_at.unwrap_or(ticket.updated_at);
    Some(Placed::new(Stage::Plan, Status::Ready, since, reason))
}

pub(super) fn ticket_backlog(case: &Evidenced<'_>) -> Option<Placed> {
    let ticket = open(case)?;
    let reason = "nobody has looked at its ticket".to_owned();
    Some(Placed::new(
        Stage::Plan,
        Status::Backlog,
        ticket.created_at,
        reason,
    ))
}

pub(super) fn ticket_dropped(case: &Evidenced<'_>) -> Option<Placed> {
    let ticket = case.ticket?;
    if ticket.state != TicketState::NotPlanned {
        return None;
    }
    let at = ticket.closed_at.unwrap_or(ticket.updated_at);
    let reason = "its ticket was closed as not planned".to_owned();
    Some(Placed::new(Stage::Plan, Status::Backlog, at, reason).over(Outcome::Dropped))
}

pub(super) fn ticket_completed(case: &Evidenced<'_>) -> Option<Placed> {
    let ticket = case.ticket?;
    if ticket.state != TicketState::Completed {
        return None;
    }
    let at = ticket.closed_at.unwrap_or(ticket.updated_at);
    let reason = "its ticket was closed as done, without a change".to_owned();
    Some(Placed::new(Stage::Monitor, Status::Watched, at, reason).over(Outcome::Shipped))
}

pub(super) fn change_dropped(case: &Evidenced<'_>) -> Option<Placed> {
    let change = case.change?;
    if change.state != ChangeState::Closed {
        return None;
    }
    let at = change.closed_at.unwrap_or(change.updated_at);
    let reason = "its change request was closed without a merge".to_owned();
    Some(Placed::new(Stage::Code, Status::Drafting, at, reason).over(Outcome::Dropped))
}

pub(super) fn finding_open(case: &Evidenced<'_>) -> Option<Placed> {
    let first = case
        .findings
        .iter()
        .map(|finding| finding.created_at)
        .min()?;
    let worst = case
        .findings
        .iter()
        .min_by_key(|f| (&f.severity, f.created_at, f.number))?;
    let reason = match case.findings.len() {
        1 => format!("finding {} is open", named(&worst.title)),
        n => format!(
            "{n} findings are open, the worst is {}",
            named(&worst.title)
        ),
    };
    Some(Placed::new(Stage::Monitor, Status::Finding, first, reason))
}

/// A run without partner: it stands where its most urgent piece belongs.
pub(super) fn run_alone(case: &Evidenced<'_>) -> Option<Placed> {
    let run = case.alone.as_ref()?;
    let work = run.work();
    let piece = run.piece(work, |_| true)?;
    let stage = match piece.phase {
        Phase::Build => Stage::Build,
        Phase::Test => Stage::Test,
        Phase::Release => Stage::Release,
        Phase::Deploy => Stage::Deploy,
    };
    let name = piece_name(run, piece);
    let (status, words) = match work {
        Work::Failed => (Status::Failed, fault(piece.state)),
        Work::Waiting => (Status::Waiting, "waits for a person"),
        Work::Running => (Status::Running, "is running"),
        Work::Queued => (Status::Queued, "is queued"),
        Work::Unknown => (Status::Unknown, "did something that is not known"),
        Work::Passed => {
            let placed = Placed::new(
                stage,
                Status::Running,
                piece.since,
                format!("{name} passed"),
            );
            return Some(placed.over(Outcome::Shipped));
        }
    };
    Some(Placed::new(
        stage,
        status,
        piece.since,
        format!("{name} {words}"),
    ))
}
