//! What the table looks at: one change of one card, with all that is known of it.
//!
//! Made by correlation, read by the rows. The clock is asked through [`Clock`],
//! which remembers when the answer will be another one.

use std::cell::Cell;

use chrono::TimeDelta;

use crate::domain::alert::Alert;
use crate::domain::change_request::ChangeRequest;
use crate::domain::deployment::{Deployment, Rollout};
use crate::domain::finding::Finding;
use crate::domain::item::Outcome;
use crate::domain::key::Sha;
use crate::domain::placement::runs::RunView;
use crate::domain::policy::Policy;
use crate::domain::release::Release;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::Clean;
use crate::domain::ticket::Ticket;
use crate::domain::{Timestamp, later};

/// The current time, which remembers the next moment that it was asked about.
#[derive(Debug)]
pub struct Clock {
    now: Timestamp,
    next: Cell<Option<Timestamp>>,
}

impl Clock {
    /// Starts a clock that stands at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            next: Cell::new(None),
        }
    }

    /// Returns whether a moment has come; one that has not is remembered.
    pub fn passed(&self, at: Timestamp) -> bool {
        if at <= self.now {
            return true;
        }
        let next = self.next.get().map_or(at, |next| next.min(at));
        self.next.set(Some(next));
        false
    }

    /// Returns whether so much time has passed since a moment.
    pub fn passed_after(&self, at: Timestamp, span: TimeDelta) -> bool {
        self.passed(later(at, span))
    }

    /// Returns the earliest moment that was asked about and has not come, and forgets it.
    pub fn take_next(&self) -> Option<Timestamp> {
        self.next.take()
    }
}

/// One change of one card with its evidence, and how its repository works.
#[derive(Clone, Debug)]
pub struct Evidenced<'a> {
    /// The current time.
    pub clock: &'a Clock,
    /// How the team works.
    pub policy: &'a Policy,
    /// The ticket.
    pub ticket: Option<&'a Ticket>,
    /// The change request.
    pub change: Option<&'a ChangeRequest>,
    /// Where the change arrived: merged, or pushed without change request.
    pub landed: Option<Landed<'a>>,
    /// Runs that judge the change before it is merged, the newest of each workflow.
    pub before: Vec<RunView<'a>>,
    /// Runs of what it became: of the merge commit, and of a release or deployment with it.
    pub after: Vec<RunView<'a>>,
    /// Releases that contain it, oldest first.
    pub releases: Vec<&'a Release>,
    /// Environments, those first that count as production.
    pub environments: Vec<InEnvironment<'a>>,
    /// How its repository, or its service, is delivered.
    pub shape: Shape,
    /// Alerts that name it.
    pub alerts: Vec<&'a Alert>,
    /// Findings, for the card of findings.
    pub findings: Vec<&'a Finding>,
    /// The run that the card is, for runs without partner.
    pub alone: Option<RunView<'a>>,
    /// What else is to be said of an alert without partner, as the end of a sentence.
    pub remark: Option<String>,
}

/// What is not known of an environment that may have brought a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missed {
    /// What was deployed before then, which the change is older than.
    Before(Timestamp),
    /// All that was deployed: there is such an environment, and that is all that is known.
    All,
}

/// Where a change arrived.
#[derive(Clone, Debug)]
pub struct Landed<'a> {
    /// The commit that it became, where it is known.
    pub sha: Option<&'a Sha>,
    /// When.
    pub at: Timestamp,
    /// The branch it went to.
    pub branch: &'a str,
    /// How far it is on the way from there to users.
    pub reach: Reach<'a>,
    /// The commit that took it back.
    pub reverted_by: Option<&'a Sha>,
    /// The newest version of which nobody knows yet whether it contains it, and when it was made.
    pub open_in: Option<(Timestamp, &'a Sha)>,
}

/// How far a merged change is in the branches of a repository.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach<'a> {
    /// On the branch that is released from.
    Mainline,
    /// On a release branch, by git-flow.
    ReleaseBranch(&'a str),
    /// On `develop`, by git-flow.
    Develop,
    /// On some other branch: a stacked or long-lived one.
    Elsewhere,
}

/// How a repository or a service is delivered.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Shape {
    /// Something was, or is being, deployed to a production environment.
    pub production: bool,
    /// Something was deployed anywhere.
    pub environments: bool,
    /// A release was published within the last half year.
    pub releases: bool,
}

/// How a change stands in one environment.
#[derive(Clone, Debug)]
pub struct InEnvironment<'a> {
    /// Its name.
    pub name: &'a Clean,
    /// Whether it is production.
    pub production: bool,
    /// Whether the change is there.
    pub standing: Standing,
    /// The first deployment that brought it there well.
    pub brought: Option<&'a Deployment>,
    /// Whether it came with that one. Where none before it is known that lacks the change, and
    /// the change landed long before, it only says since when it is there at the latest.
    pub fresh: bool,
    /// What is not known of it that may have brought the change.
    pub missed: Option<Missed>,
    /// What is there now.
    pub current: Option<&'a Deployment>,
    /// What took it from its users, where they had it and have it no longer. Others may have come
    /// since that do not bring it back.
    pub taken_by: Option<&'a Deployment>,
    /// The newest deployment that contains it and is newer than what is there now.
    pub attempt: Option<&'a Deployment>,
    /// The roll-out of the newest deployment that contains it.
    pub rollout: Option<(&'a Deployment, &'a Rollout)>,
    /// Whether it was only seen to answer there, at the first look: nobody knows since when it does.
    pub first_seen: bool,
    /// What is seen to answer there, and what was told to have come there last, where those are two
    /// versions.
    pub seen: Option<(&'a Deployment, &'a Deployment)>,
}

/// Whether a change is in an environment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It never got there.
    Absent,
    /// It is there.
    Live,
    /// It was there, and what is there now does not have it.
    TakenBack,
    /// What is there now has it, and a commit that reverts it.
    Reverted,
    /// It was there, and it is not known whether it still is.
    Unsure,
}

/// What a row of the table answers.
#[derive(Clone, PartialEq, Debug)]
pub struct Placed {
    /// Name of the row.
    pub rule: &'static str,
    /// The column.
    pub stage: Stage,
    /// What the card does there.
    pub status: Status,
    /// Why, in one sentence.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// Whether it is over.
    pub done: Option<Outcome>,
    /// Small facts beside the status.
    pub badges: Vec<String>,
    /// Which part of the card it is about, where a card has several.
    pub part: usize,
}

impl Placed {
    /// A placement without badges; the table fills in the rule.
    pub fn new(stage: Stage, status: Status, since: Timestamp, reason: String) -> Self {
        Self {
            rule: "",
            stage,
            status,
            reason,
            since,
            done: None,
            badges: Vec::new(),
            part: 0,
        }
    }

    /// Marks it as over.
    #[must_use]
    pub fn over(mut self, outcome: Outcome) -> Self {
        self.done = Some(outcome);
        self
    }

    /// Adds a badge.
    #[must_use]
    pub fn badge(mut self, text: impl Into<String>) -> Self {
        self.badges.push(text.into());
        self
    }
}
