//! Evidence: what is known of a card's way, as lines with a state and a link.
//!
//! Says what is; what it means for the card is the table's.

use chrono::TimeDelta;

use crate::domain::alert::{Alert, AlertState};
use crate::domain::change_request::{ChangeRequest, ChangeState, Review};
use crate::domain::commit::Commit;
use crate::domain::correlate::parts::Part;
use crate::domain::correlate::run_lines::{of_run, run_line, state_word};
use crate::domain::correlate::view::{Known, View, released_at};
use crate::domain::deployment::{DeployState, Deployment, Rollout, RolloutPhase};
use crate::domain::finding::{Finding, Severity};
use crate::domain::item::{Evidence, EvidenceKind};
use crate::domain::key::{RepoKey, Sha};
use crate::domain::placement::{InEnvironment, Standing};
use crate::domain::release::Release;
use crate::domain::run::Run;
use crate::domain::status::Status;
use crate::domain::text::Clean;
use crate::domain::ticket::{Ticket, TicketKey, TicketState};

/// How many lines a card keeps: the latest.
pub(super) const MOST: usize = 60;

/// How long what came to a place may go unseen by the checks of that place: one round and more.
const UNSEEN: TimeDelta = TimeDelta::minutes(10);

/// What is certain, in percent.
const SURE: u8 = 100;

/// The name that people use for a ticket.
pub(super) fn ticket_name(key: &TicketKey) -> Clean {
    match key {
        TicketKey::Numbered { repo, number } => Clean::line(&format!("{repo}#{number}")),
        TicketKey::Tracker(key) => key.clone(),
    }
}

/// The name that people use for a change request.
pub(super) fn change_name(change: &ChangeRequest) -> Clean {
    let sign = change.called.sign();
    Clean::line(&format!("{}{sign}{}", change.repo, change.number))
}

/// The name that people use for a commit.
pub(super) fn commit_name(repo: &RepoKey, sha: &Sha) -> Clean {
    Clean::line(&format!("{repo}@{sha}"))
}

pub(super) fn of_ticket(ticket: &Ticket) -> Evidence {
    let (state, status) = match &ticket.state {
        TicketState::Open => (Clean::line("open"), Status::Ready),
        TicketState::Completed => (Clean::line("done"), Status::Mergeable),
        TicketState::NotPlanned => (Clean::line("not planned"), Status::Backlog),
        TicketState::Other(word) => (word.clone(), Status::Unknown),
    };
    Evidence {
        kind: EvidenceKind::Ticket,
        key: ticket_name(&ticket.key),
        state,
        status,
        url: ticket.url.clone(),
        at: ticket.closed_at.unwrap_or(ticket.created_at),
        confidence: SURE,
        detail: ticket.title.clone(),
        run: None,
        door: None,
        sha: None,
    }
}

pub(super) fn of_change(change: &ChangeRequest, confidence: u8) -> Evidence {
    let (state, status, at) = match &change.state {
        ChangeState::Merged => ("merged", Status::Mergeable, change.merged_at),
        ChangeState::Closed => ("closed", Status::Backlog, change.closed_at),
        ChangeState::Open if change.draft => ("draft", Status::Drafting, None),
        ChangeState::Open => ("open", open_status(&change.review), None),
        ChangeState::Other(word) => (word.as_str(), Status::Unknown, None),
    };
    Evidence {
        kind: EvidenceKind::ChangeRequest,
        key: change_name(change),
        state: Clean::line(state),
        status,
        url: change.url.clone(),
        at: at.unwrap_or(change.created_at),
        confidence,
        detail: change.title.clone(),
        run: None,
        door: None,
        sha: None,
    }
}

fn open_status(review: &Review) -> Status {
    match review {
        Review::ChangesRequested => Status::ChangesRequested,
        Review::Approved | Review::Required | Review::NotRequired | Review::Unknown(_) => {
            Status::Review
        }
    }
}

pub(super) fn of_commit(commit: &Commit) -> Evidence {
    Evidence {
        kind: EvidenceKind::Commit,
        key: commit_name(&commit.repo, &commit.sha),
        state: Clean::line("pushed"),
        status: Status::Mergeable,
        url: commit.url.clone(),
        at: commit.committed_at.unwrap_or_default(),
        confidence: SURE,
        detail: commit.title.clone(),
        run: None,
        door: None,
        sha: Some(commit.sha.clone()),
    }
}

fn of_merge(part: &Part<'_, '_>) -> Option<Evidence> {
    let landed = part.case.landed.as_ref()?;
    part.case.change?;
    let sha = landed.sha?;
    Some(Evidence {
        kind: EvidenceKind::Commit,
        key: commit_name(part.view.repo, sha),
        state: Clean::line("merged"),
        status: Status::Mergeable,
        url: None,
        at: landed.at,
        confidence: SURE,
        detail: Clean::line(&format!("on `{}`", landed.branch)),
        run: None,
        door: None,
        sha: Some(sha.clone()),
    })
}

/// The head of a change request: the commit that its author knows.
fn of_head(part: &Part<'_, '_>) -> Option<Evidence> {
    let change = part.case.change?;
    let sha = change.head_sha.as_ref()?;
    let merged = part.case.landed.as_ref();
    if merged.is_some_and(|landed| landed.sha == Some(sha)) {
        return None;
    }
    Some(Evidence {
        kind: EvidenceKind::Commit,
        key: commit_name(part.view.repo, sha),
        state: Clean::line("head"),
        status: Status::Drafting,
        url: None,
        at: merged.map_or(change.updated_at, |landed| landed.at),
        confidence: SURE,
        detail: change.head_branch.clone(),
        run: None,
        door: None,
        sha: Some(sha.clone()),
    })
}

fn of_revert(part: &Part<'_, '_>) -> Option<Evidence> {
    let landed = part.case.landed.as_ref()?;
    let by = landed.reverted_by?;
    Some(Evidence {
        kind: EvidenceKind::Commit,
        key: commit_name(part.view.repo, by),
        state: Clean::line("reverts it"),
        status: Status::RolledBack,
        url: None,
        at: landed.at,
        confidence: SURE,
        detail: Clean::default(),
        run: None,
        door: None,
        sha: Some(by.clone()),
    })
}

pub(super) fn of_release(release: &Release) -> Evidence {
    let (state, status) = match (release.draft, release.prerelease) {
        (true, _) => ("draft", Status::Draft),
        (false, true) => ("pre-release", Status::Candidate),
        (false, false) => ("released", Status::Mergeable),
    };
    Evidence {
        kind: EvidenceKind::Release,
        key: release.tag.clone(),
        state: Clean::line(state),
        status,
        url: release.url.clone(),
        at: released_at(release),
        confidence: SURE,
        detail: release.name.clone(),
        run: None,
        door: None,
        sha: None,
    }
}

fn deploy_word(state: &DeployState) -> (&str, Status) {
    match state {
        DeployState::Queued => ("queued", Status::Queued),
        DeployState::Waiting => ("waiting", Status::Waiting),
        DeployState::Running => ("running", Status::Running),
        DeployState::Succeeded => ("live", Status::Live),
        DeployState::Superseded => ("was live", Status::Live),
        DeployState::Failed => ("failed", Status::Failed),
        DeployState::Abandoned => ("given up", Status::Backlog),
        DeployState::Unknown(word) => (word.as_str(), Status::Unknown),
    }
}

pub(super) fn of_deployment(deployment: &Deployment, place: &Clean) -> Evidence {
    let (state, status) = deploy_word(&deployment.state);
    let url = deployment.environment_url.as_ref();
    Evidence {
        kind: EvidenceKind::Deployment,
        key: place.clone(),
        state: Clean::line(state),
        status,
        url: url.or(deployment.log_url.as_ref()).cloned(),
        at: deployment.arrived_at(),
        confidence: SURE,
        detail: version(deployment),
        run: None,
        door: None,
        sha: None,
    }
}

/// The tag, branch or commit that a deployment brings.
pub(super) fn version(deployment: &Deployment) -> Clean {
    match (&deployment.git_ref, &deployment.sha) {
        (Some(name), Some(sha)) if name.starts_with(sha.short()) => Clean::line(sha.short()),
        (Some(name), _) => name.clone(),
        (None, Some(sha)) => Clean::line(sha.short()),
        (None, None) => Clean::default(),
    }
}

fn of_rollout(deployment: &Deployment, rollout: &Rollout, place: &Clean) -> Evidence {
    let (state, status) = match &rollout.phase {
        RolloutPhase::Progressing => ("progressing", Status::Running),
        RolloutPhase::Paused => ("paused", Status::Waiting),
        RolloutPhase::Degraded => ("degraded", Status::Degraded),
        RolloutPhase::Aborted => ("aborted", Status::RolledBack),
        RolloutPhase::Complete => ("complete", Status::Live),
        RolloutPhase::Other(word) => (word.as_str(), Status::Unknown),
    };
    let steps = format!(
        "{} %, step {} of {}",
        rollout.percent.min(100),
        rollout.step,
        rollout.steps
    );
    Evidence {
        kind: EvidenceKind::Rollout,
        key: place.clone(),
        state: Clean::line(state),
        status,
        url: deployment.environment_url.clone(),
        at: deployment.arrived_at(),
        confidence: SURE,
        detail: Clean::line(&steps),
        run: None,
        door: None,
        sha: None,
    }
}

pub(super) fn alert_word(state: &AlertState) -> (&str, Status) {
    match state {
        AlertState::Firing => ("firing", Status::Firing),
        AlertState::Acknowledged => ("acknowledged", Status::Acknowledged),
        AlertState::Silenced => ("silenced", Status::Silenced),
        AlertState::Inhibited => ("inhibited", Status::Inhibited),
        AlertState::Resolved => ("resolved", Status::Watched),
        AlertState::Unknown(word) => (word.as_str(), Status::Unknown),
    }
}

/// The name of an alert, after the one that tells it from others of that name.
fn alert_name(alert: &Alert) -> Clean {
    match alert.own_key.as_str() {
        "" => alert.name.clone(),
        key => Clean::line(&format!("{key} {}", alert.name)),
    }
}

pub(super) fn of_alert(alert: &Alert, confidence: u8) -> Evidence {
    let (state, status) = alert_word(&alert.state);
    Evidence {
        kind: EvidenceKind::Alert,
        key: alert_name(alert),
        state: Clean::line(state),
        status,
        url: alert.url.clone(),
        at: alert.ended_at.unwrap_or(alert.started_at),
        confidence,
        detail: alert.severity.clone(),
        run: None,
        door: None,
        sha: None,
    }
}

/// Adds something to what a line says in words.
pub(super) fn and(detail: &Clean, more: &str) -> Clean {
    match detail.as_str() {
        "" => Clean::line(more),
        said => Clean::line(&format!("{said}, {more}")),
    }
}

/// The word for how bad a finding is.
pub(super) fn severity_word(severity: &Severity) -> &str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Unknown(word) => word.as_str(),
        Severity::Medium => "medium",
        Severity::Low => "low",
    }
}

pub(super) fn of_finding(finding: &Finding) -> Evidence {
    Evidence {
        kind: EvidenceKind::Finding,
        key: Clean::line(&format!("{}#{}", finding.repo, finding.number)),
        state: Clean::line(severity_word(&finding.severity)),
        status: Status::Finding,
        url: finding.url.clone(),
        at: finding.created_at,
        confidence: SURE,
        detail: finding.title.clone(),
        run: None,
        door: None,
        sha: None,
    }
}

/// All that one part tells, but for ticket and change request themselves.
pub(super) fn of_part(part: &Part<'_, '_>, out: &mut Vec<Evidence>) {
    out.extend(of_head(part));
    out.extend(of_merge(part));
    out.extend(of_revert(part));
    for run in part.case.before.iter().chain(&part.case.after) {
        of_run(run, out);
    }
    if part.case.landed.is_some()
        && let Some(change) = part.case.change
    {
        history(part.view, change, out);
    }
    let mut published = 0;
    for release in &part.releases {
        if release.draft || release.prerelease || published < 2 {
            out.push(of_release(release));
        }
        published += usize::from(!release.draft && !release.prerelease);
    }
    for place in &part.case.environments {
        let taken = matches!(place.standing, Standing::TakenBack | Standing::Unsure);
        let shown = [
            place.brought,
            place.attempt,
            place.current.filter(|_| taken),
        ];
        let mut last = None;
        for deployment in shown.into_iter().flatten() {
            if last.replace(deployment.id) != Some(deployment.id) {
                out.push(standing_of(deployment, place));
            }
        }
        let rollout = place
            .rollout
            .map(|(d, rollout)| of_rollout(d, rollout, place.name));
        out.extend(rollout);
        out.extend(of_sighting(part, place));
    }
    out.extend(part.case.alerts.iter().map(|alert| of_alert(alert, SURE)));
    for suspect in &part.suspected {
        let mut line = of_alert(suspect.alert, suspect.confidence());
        line.detail = and(&line.detail, &suspect.words());
        out.push(line);
    }
}

/// What answers in a place, where that is another version than what was told to have come there;
/// what came a moment ago need not have been seen yet.
fn of_sighting(part: &Part<'_, '_>, place: &InEnvironment<'_>) -> Option<Evidence> {
    let (seen, told) = place.seen.filter(|_| place.standing != Standing::Absent)?;
    let came = told.arrived_at();
    if seen.created_at <= came && !part.case.clock.passed_after(came, UNSEEN) {
        return None;
    }
    let by = seen.task.split_once(':').map(|(_, service)| service);
    let who = by.map_or_else(String::new, |service| format!("`{service}` "));
    Some(Evidence {
        key: Clean::line(&format!("{} (http check)", place.name)),
        state: Clean::line(&format!(
            "{who}answers with {}, forge says {}",
            version(seen),
            version(told)
        )),
        status: Status::Unknown,
        ..of_deployment(seen, place.name)
    })
}

/// A deployment of a change that is still there in a newer one is live, whatever it says itself.
fn standing_of(deployment: &Deployment, place: &InEnvironment<'_>) -> Evidence {
    let mut evidence = of_deployment(deployment, place.name);
    let standing = place.standing;
    let is_current = place.current.is_some_and(|now| now.id == deployment.id);
    match standing {
        Standing::Live if deployment.state == DeployState::Superseded => {
            evidence.state = Clean::line("live");
        }
        Standing::TakenBack | Standing::Unsure if is_current => {
            evidence.state = if standing == Standing::Unsure {
                Clean::line("not known to contain it")
            } else {
                Clean::line("does not contain it")
            };
            evidence.status = if standing == Standing::Unsure {
                Status::Unknown
            } else {
                Status::RolledBack
            };
        }
        Standing::Unsure => evidence.status = Status::Unknown,
        Standing::Live | Standing::TakenBack | Standing::Reverted | Standing::Absent => {}
    }
    evidence
}

/// The runs that judged a change request before it was merged.
fn history<'a>(view: &View<'a>, change: &ChangeRequest, out: &mut Vec<Evidence>) {
    let runs: Vec<Known<'a, Run>> = view.runs_before(change);
    for run in runs {
        let run = view.judging(run.get(), change);
        let work = run.work();
        out.push(run_line(&run, work, state_word(&run.run.state)));
    }
}

/// Puts lines in the order of time, each once, and keeps the latest.
pub(super) fn arrange(mut lines: Vec<Evidence>) -> Vec<Evidence> {
    lines.sort_by(|a, b| {
        let rank = |e: &Evidence| (e.at, e.kind);
        rank(a)
            .cmp(&rank(b))
            .then_with(|| a.key.cmp(&b.key))
            .then_with(|| a.state.cmp(&b.state))
            .then_with(|| b.confidence.cmp(&a.confidence))
            .then_with(|| a.detail.cmp(&b.detail))
            .then_with(|| a.url.cmp(&b.url))
    });
    lines.dedup_by(|b, a| (a.kind, a.at, &a.key, &a.state) == (b.kind, b.at, &b.key, &b.state));
    let surplus = lines.len().saturating_sub(MOST);
    lines.drain(..surplus);
    lines
}
