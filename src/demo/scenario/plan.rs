//! One change as planned: its ticket, its pull request, its runs. Plain data; `change` fills it.

use crate::demo::scenario::ci::RunPlan;
use crate::demo::scenario::team::Focus;

/// A ticket as planned, times on the simulated clock.
#[derive(Clone, Debug)]
pub(super) struct TicketPlan {
    /// Its number.
    pub(super) number: u64,
    /// When it was made.
    pub(super) created: i64,
    /// When it got a milestone.
    pub(super) triaged: Option<i64>,
    /// From when to when it is blocked.
    pub(super) blocked: Option<(i64, i64)>,
    /// When somebody began.
    pub(super) started: Option<i64>,
    /// When it is closed, and why.
    pub(super) closed: Option<(i64, &'static str)>,
    /// Whether it is an incident.
    pub(super) incident: bool,
    /// When somebody takes the incident.
    pub(super) taken: Option<i64>,
}

/// A pull request as planned.
#[derive(Clone, Debug)]
pub(super) struct PullPlan {
    /// Its number.
    pub(super) number: u64,
    /// When it was opened.
    pub(super) opened: i64,
    /// When it ceases to be a draft.
    pub(super) ready: i64,
    /// When it gets commits, and their names.
    pub(super) pushes: Vec<(i64, String)>,
    /// Its reviews: when, and whether it is approved.
    pub(super) reviews: Vec<(i64, bool)>,
    /// When a second reviewer approves, where one does.
    pub(super) second: Option<i64>,
    /// Whether a review is required at all.
    pub(super) review_required: bool,
    /// From when to when it conflicts.
    pub(super) conflict: Option<(i64, i64)>,
    /// From when to when it is behind.
    pub(super) behind: Option<(i64, i64)>,
    /// From when to when it is in the merge queue.
    pub(super) queue: Option<(i64, i64)>,
    /// When it is merged.
    pub(super) merged: Option<i64>,
    /// When it is closed without that.
    pub(super) dropped: Option<i64>,
    /// The commits that it becomes on its base, where it is not merged with a merge commit.
    pub(super) landed: Vec<String>,
    /// How it is merged.
    pub(super) method: &'static str,
    /// Until when the base branch is red because of it: no release takes it before.
    pub(super) red_until: i64,
    /// When it is taken back on the base branch, and by which commit.
    pub(super) reverted: Option<(i64, String)>,
}

/// A change as planned.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// Where it dwells.
    pub(super) focus: Focus,
    /// Its title.
    pub(super) title: String,
    /// Index of its service.
    pub(super) service: usize,
    /// Who works on it.
    pub(super) author: usize,
    /// Who reviews it.
    pub(super) reviewers: [usize; 2],
    /// Its branch.
    pub(super) branch: String,
    /// The files it touches.
    pub(super) files: Vec<String>,
    /// Its label.
    pub(super) label: &'static str,
    /// Its ticket.
    pub(super) ticket: Option<TicketPlan>,
    /// Its pull request.
    pub(super) pull: Option<PullPlan>,
    /// Its runs.
    pub(super) runs: Vec<RunPlan>,
}
