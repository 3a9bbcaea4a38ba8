//! The rows in the order in which they are asked.
//!
//! The number is that of the row in the published table; one row of it may be
//! several here, since within one stage what failed comes before what waits,
//! and that before what runs.
//!
//! Which checks of an open change request decide: the required ones, where the
//! forge names at least one, and then other red ones are a badge; every job of
//! the newest runs of its head commit, where none is named or it is not known.

use crate::domain::placement::evidenced::{Evidenced, Placed};
use crate::domain::placement::{change, live, plan, ship};
use crate::domain::stage::Stage;
use crate::domain::status::Status;

/// One row.
#[derive(Debug)]
pub struct Row {
    /// Its stable name.
    pub name: &'static str,
    /// The row of the published table that it belongs to.
    pub number: u8,
    /// What it says, in one sentence.
    pub about: &'static str,
    /// What it answers for a change.
    pub decide: fn(&Evidenced<'_>) -> Option<Placed>,
}

type Decide = fn(&Evidenced<'_>) -> Option<Placed>;

const fn row(name: &'static str, number: u8, about: &'static str, decide: Decide) -> Row {
    Row {
        name,
        number,
        about,
        decide,
    }
}

/// The table.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    row("alert-firing", 1, "An alert that names the change fires and nobody has it.", live::alert_firing),
    row("incident-unclaimed", 1, "An incident is open and nobody has taken it.", plan::incident_unclaimed),
    row("incident-handled", 2, "An incident is open and people handle it.", plan::incident_handled),
    row("alert-acknowledged", 2, "An alert that names the change fires and somebody has it.", live::alert_acknowledged),
    row("rollout-degraded", 5, "A roll-out to production with the change is degraded.", live::rollout_degraded),
    row("rollout-aborted", 5, "A roll-out to production with the change was aborted; over a week later.", live::rollout_aborted),
    row("reverted-live", 5, "Production has the change and a commit that reverts it; over a week later.", live::reverted_live),
    row("rolled-back", 5, "Production had the change and went back to a version without it; over a week later.", live::rolled_back),
    row("rollout-paused", 4, "A roll-out to production with the change waits for a person.", live::rollout_paused),
    row("rollout-running", 3, "A roll-out to production with the change goes on.", live::rollout_running),
    row("rollout-unknown", 3, "How a roll-out to production with the change stands is not known.", live::rollout_unknown),
    row("alert-unknown", 3, "How an alert that names the change stands is not known.", live::alert_unknown),
    row("live-unsure", 3, "Production had the change, and whether it still has is not known.", live::live_unsure),
    row("live-baking", 3, "Live in production, within the bake window.", live::live_baking),
    row("live-watched", 6, "Live in production and baked, within the watch window.", live::live_watched),
    row("live-done", 6, "Live in production, past the watch window: over.", live::live_done),
    row("deploy-failed", 7, "A deployment that contains the change failed.", ship::deploy_failed),
    row("deploy-job-failed", 7, "A deploy job after the merge failed.", ship::deploy_job_failed),
    row("deploy-gate", 8, "A run with the change waits at the gate of an environment.", ship::deploy_gate),
    row("deploy-waiting", 8, "A deployment or deploy job with the change waits for a person.", ship::deploy_waiting),
    row("deploy-running", 9, "A deployment or deploy job with the change is at work.", ship::deploy_running),
    row("deploy-queued", 9, "A deployment or deploy job with the change is queued.", ship::deploy_queued),
    row("deploy-unknown", 9, "How a deployment with the change stands is not known.", ship::deploy_unknown),
    row("deploy-partial", 10, "Live in some production environments and not in all.", ship::deploy_partial),
    row("in-lower-environment", 10, "In a lower environment and not in production.", ship::in_lower_environment),
    row("released-not-deployed", 10, "Released, and production does not have it.", ship::released_not_deployed),
    row("release-job-failed", 11, "A release job with the change failed.", ship::release_job_failed),
    row("release-job-active", 11, "A release job with the change is at work or waits.", ship::release_job_active),
    row("in-draft", 12, "In a drafted release.", ship::in_draft),
    row("in-candidate", 12, "In a pre-release, or on a release branch.", ship::in_candidate),
    row("merged-job-failed", 14, "Merged, and a build or test job of the merge commit failed.", ship::merged_job_failed),
    row("merged-job-active", 14, "Merged, and a job of the merge commit is at work or queued.", ship::merged_job_active),
    row("merged-job-unknown", 14, "Merged, and what a job of the merge commit did is not known.", ship::merged_job_unknown),
    row("merged-elsewhere", 13, "Merged to a branch that is not released from.", ship::merged_elsewhere),
    row("merged-unreleased", 13, "Merged and green, in no release yet.", ship::merged_unreleased),
    row("merged-undeployed", 13, "Merged and green where no releases are cut, in no deployment yet.", ship::merged_undeployed),
    row("merged-proxy", 13, "Merged where nothing is released or deployed to production.", ship::merged_proxy),
    row("change-state-unknown", 21, "The change request is in a state that is not known.", change::state_unknown),
    row("queue-failed", 15, "The merge queue put the change request out.", change::queue_failed),
    row("queue-active", 15, "The change request is in the merge queue.", change::queue_active),
    row("test-job-failed", 18, "A test job of the change request that decides failed.", change::test_job_failed),
    row("build-job-failed", 19, "A build job of the change request that decides failed, or a run could not start.", change::build_job_failed),
    row("checks-failed", 18, "The forge says that a check failed, and no run tells which.", change::checks_failed),
    row("run-needs-consent", 19, "A run of the change request waits until somebody lets it run.", change::run_needs_consent),
    row("test-job-waiting", 18, "A test job of the change request waits for a person.", change::test_job_waiting),
    row("test-job-running", 18, "A test job of the change request is running.", change::test_job_running),
    row("build-job-waiting", 19, "A build job of the change request waits for a person.", change::build_job_waiting),
    row("build-job-running", 19, "A build job of the change request is running.", change::build_job_running),
    row("build-job-queued", 19, "A build job of the change request is queued.", change::build_job_queued),
    row("test-job-queued", 18, "A test job of the change request is queued.", change::test_job_queued),
    row("checks-pending", 18, "The forge says that checks have not ended, and no run tells which.", change::checks_pending),
    row("check-unknown", 18, "What a job of the change request did is not known.", change::check_unknown),
    row("changes-requested", 20, "A reviewer wants changes.", change::changes_requested),
    row("change-blocked", 20, "A conflict, a base that moved, or a label blocks the change request.", change::change_blocked),
    row("draft", 21, "The change request is a draft.", change::draft),
    row("ready-to-merge", 16, "Approved, green in what decides, and mergeable.", change::ready_to_merge),
    row("in-review", 17, "A review is awaited.", change::in_review),
    row("merge-refused", 20, "A rule of the repository forbids the merge.", change::merge_refused),
    row("merge-unknown", 20, "Whether it can be merged is not known.", change::merge_unknown),
    row("in-the-making", 21, "Open, and neither checked nor up for review.", change::in_the_making),
    row("ticket-unknown", 24, "The ticket is in a state that is not known.", plan::ticket_unknown),
    row("ticket-in-progress", 22, "The ticket is in progress and has no change request.", plan::ticket_in_progress),
    row("ticket-blocked", 23, "The ticket is marked as blocked.", plan::ticket_blocked),
    row("ticket-ready", 24, "The ticket is planned or assigned, and not started.", plan::ticket_ready),
    row("ticket-backlog", 24, "The ticket is open and nobody has looked at it.", plan::ticket_backlog),
    row("ticket-dropped", 25, "The ticket was closed as not planned: over.", plan::ticket_dropped),
    row("ticket-completed", 25, "The ticket was closed as done, without a change: over.", plan::ticket_completed),
    row("change-dropped", 25, "The change request was closed without a merge: over.", plan::change_dropped),
    row("alert-quiet", 1, "An alert that is silenced, inhibited, taken or over.", live::alert_quiet),
    row("finding-open", 1, "Security findings are open.", plan::finding_open),
    row("run-alone", 14, "A run without partner is at work or red.", plan::run_alone),
];

/// Asks the rows top-down; where none answers, the card stands in Plan as unknown (`unplaced`).
pub fn place(case: &Evidenced<'_>) -> Placed {
    let decided = TABLE.iter().find_map(|row| {
        let mut placed = (row.decide)(case)?;
        placed.rule = row.name;
        Some(placed)
    });
    decided.unwrap_or_else(|| nowhere(case))
}

fn nowhere(case: &Evidenced<'_>) -> Placed {
    let known = [
        case.change.map(|change| change.updated_at),
        case.ticket.map(|ticket| ticket.updated_at),
        case.landed.as_ref().map(|landed| landed.at),
    ];
    let since = known.into_iter().flatten().max().unwrap_or_default();
    let reason = "nothing is known that would place it".to_owned();
    let mut placed = Placed::new(Stage::Plan, Status::Unknown, since, reason);
    placed.rule = "unplaced";
    placed
}
