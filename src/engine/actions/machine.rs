//! How far one action got, and what comes next: pure, with time passed in.
//!
//! From every state there is one way only to the request, and it is taken once:
//! [`Effect::Send`] comes out of [`Event::Journaled`] and of nothing else.

use std::time::Duration;

use crate::domain::action::{ActionId, ActionState, Deed, Fresh, Target, Verb};
use crate::domain::key::ItemId;
use crate::domain::run::RunState;
use crate::domain::text::Clean;
use crate::sources::action::ActError;

/// How long a person may think.
pub(super) const CONFIRM_WITHIN: Duration = Duration::from_mins(1);
/// How old the values may be on which an action is confirmed, before they are read again.
const FRESH: Duration = Duration::from_secs(5);
/// For how long it is looked at what came of it.
pub(super) const WATCHED: Duration = Duration::from_mins(5);
/// The longest pause between two such looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// One action.
#[derive(Clone, Debug)]
pub(super) struct Action {
    /// Its identity.
    pub id: ActionId,
    /// What is done.
    pub verb: Verb,
    /// To what.
    pub target: Target,
    /// For which card it was asked.
    pub item: Option<ItemId>,
    phase: Phase,
}

#[derive(Clone, Debug)]
enum Phase {
    /// Read for the first time.
    Reading,
    /// A person is asked.
    Ready { fresh: Fresh, read: Duration },
    /// Confirmed; waits for its turn at the host.
    Waiting { fresh: Fresh, read: Duration },
    /// Read again, as what was confirmed got old.
    Checking { confirmed: Fresh },
    /// Written into the journal.
    Writing { fresh: Fresh },
    /// The request is on its way.
    Sending { fresh: Fresh },
    /// It left; what it came to is found out by reading.
    Watching(Watch),
    /// Nothing more happens.
    Over(ActionState),
}

#[derive(Clone, Debug)]
struct Watch {
    before: Option<Fresh>,
    /// Why it is not known whether the server took it; none where it said that it did.
    unsure: Option<Clean>,
    began: Duration,
    looks: u32,
    next: Duration,
    looking: bool,
}

/// What happened to an action.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// The target was read, or not.
    Read(Result<Fresh, Clean>),
    /// A person confirmed it.
    Confirm,
    /// A person decided against it.
    Dismiss,
    /// It is its turn at the host.
    Turn,
    /// It is in the journal, and nobody else does the same; or why not.
    Journaled(Result<(), Clean>),
    /// The program ended before the request could leave.
    Unsent,
    /// The request came back.
    Answered(Result<(), ActError>),
    /// The time of [`Action::alarm`] has come.
    Alarm,
}

/// What is to be done for an action next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Effect {
    /// Read the target.
    Look,
    /// Wait for a turn at the host.
    Queue,
    /// Make sure that nobody else does it, and write it down.
    Journal,
    /// Send the request, once.
    Send,
}

impl Action {
    /// Begins an action: its target is to be read.
    pub(super) fn new(id: ActionId, verb: Verb, target: Target, item: Option<ItemId>) -> Self {
        Self {
            id,
            verb,
            target,
            item,
            phase: Phase::Reading,
        }
    }

    /// Ends an action before anything was asked.
    #[must_use]
    pub(super) fn stopped(mut self, why: &str) -> Self {
        self.stop(why);
        self
    }

    /// Takes up an action that an earlier program may have sent; it is looked at from now on.
    #[must_use]
    pub(super) fn resumed(mut self, before: Option<Fresh>, why: &str, now: Duration) -> Self {
        self.watch(before, Some(Clean::line(why)), now);
        self
    }

    /// Returns how far it got, for views.
    pub(super) fn state(&self) -> ActionState {
        match &self.phase {
            Phase::Reading => ActionState::Reading,
            Phase::Ready { fresh, .. } => ActionState::Ready(fresh.clone()),
            Phase::Waiting { fresh, .. }
            | Phase::Checking { confirmed: fresh }
            | Phase::Writing { fresh }
            | Phase::Sending { fresh } => ActionState::Sending(fresh.clone()),
            Phase::Watching(watch) => match (&watch.unsure, &watch.before) {
                (None, Some(fresh)) => ActionState::Requested(fresh.clone()),
                (Some(why), _) => ActionState::Unsure(why.clone()),
                (None, None) => ActionState::Unsure(Clean::line("its outcome is not known")),
            },
            Phase::Over(state) => state.clone(),
        }
    }

    /// Returns the values that it holds for.
    pub(super) fn fresh(&self) -> Option<&Fresh> {
        match &self.phase {
            Phase::Ready { fresh, .. }
            | Phase::Waiting { fresh, .. }
            | Phase::Checking { confirmed: fresh }
            | Phase::Writing { fresh }
            | Phase::Sending { fresh } => Some(fresh),
            Phase::Watching(watch) => watch.before.as_ref(),
            Phase::Reading | Phase::Over(_) => None,
        }
    }

    /// Returns whether the program does nothing more about it.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.phase, Phase::Over(_))
    }

    /// Returns whether it is in the journal, or about to be, and what came of it is not known.
    pub(super) fn is_leaving(&self) -> bool {
        matches!(self.phase, Phase::Writing { .. } | Phase::Sending { .. })
    }

    /// Returns whether it may still be dropped: nothing of it has left.
    pub(super) fn is_only_asked(&self) -> bool {
        matches!(
            self.phase,
            Phase::Reading | Phase::Ready { .. } | Phase::Waiting { .. } | Phase::Checking { .. }
        )
    }

    /// Returns when it wants to hear of the time.
    pub(super) fn alarm(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Ready { read, .. } => Some(*read + CONFIRM_WITHIN),
            Phase::Watching(watch) if !watch.looking => Some(watch.next),
            Phase::Reading
            | Phase::Waiting { .. }
            | Phase::Checking { .. }
            | Phase::Writing { .. }
            | Phase::Sending { .. }
            | Phase::Watching(_)
            | Phase::Over(_) => None,
        }
    }

    /// Takes in what happened; what does not fit where the action is means nothing.
    pub(super) fn on(&mut self, event: Event, now: Duration) -> Option<Effect> {
        match event {
            Event::Read(read) => self.read(read, now),
            Event::Confirm => self.confirm(now),
            Event::Dismiss => self.dismiss(),
            Event::Turn => self.turn(now),
            Event::Journaled(journaled) => self.journaled(journaled),
            Event::Unsent => self.unsent(),
            Event::Answered(answer) => self.answered(answer, now),
            Event::Alarm => self.alarmed(now),
        }
    }

    fn read(&mut self, read: Result<Fresh, Clean>, now: Duration) -> Option<Effect> {
        match (self.phase.clone(), read) {
            (Phase::Reading | Phase::Checking { .. }, Err(why)) => {
                self.stop(&format!("it could not be read afresh: {why}"));
                None
            }
            (Phase::Reading, Ok(fresh)) => {
                match objection(self.verb, &fresh) {
                    Some(why) => self.stop(&why),
                    None => self.phase = Phase::Ready { fresh, read: now },
                }
                None
            }
            (Phase::Checking { confirmed }, Ok(fresh)) => {
                if differs(self.verb, &confirmed, &fresh) {
                    self.stop(&format!(
                        "{} changed meanwhile: attempt {} {}",
                        name(&fresh),
                        fresh.attempt,
                        state_words(&fresh.state)
                    ));
                    return None;
                }
                self.phase = Phase::Writing { fresh };
                Some(Effect::Journal)
            }
            (Phase::Watching(watch), read) if watch.looking => {
                self.looked(watch, read.as_ref().ok(), now);
                None
            }
            (
                Phase::Ready { .. }
                | Phase::Waiting { .. }
                | Phase::Writing { .. }
                | Phase::Sending { .. }
                | Phase::Watching(_)
                | Phase::Over(_),
                _,
            ) => None,
        }
    }

    fn confirm(&mut self, now: Duration) -> Option<Effect> {
        let Phase::Ready { fresh, read } = &self.phase else {
            return None;
        };
        if now >= *read + CONFIRM_WITHIN {
            self.expire();
            return None;
        }
        self.phase = Phase::Waiting {
            fresh: fresh.clone(),
            read: *read,
        };
        Some(Effect::Queue)
    }

    fn dismiss(&mut self) -> Option<Effect> {
        if self.is_only_asked() {
            self.stop("it was not confirmed");
        }
        None
    }

    fn turn(&mut self, now: Duration) -> Option<Effect> {
        let Phase::Waiting { fresh, read } = &self.phase else {
            return None;
        };
        let fresh = fresh.clone();
        if now.saturating_sub(*read) > FRESH {
            self.phase = Phase::Checking { confirmed: fresh };
            return Some(Effect::Look);
        }
        self.phase = Phase::Writing { fresh };
        Some(Effect::Journal)
    }

    fn journaled(&mut self, journaled: Result<(), Clean>) -> Option<Effect> {
        let Phase::Writing { fresh } = &self.phase else {
            return None;
        };
        match journaled {
            Ok(()) => {
                self.phase = Phase::Sending {
                    fresh: fresh.clone(),
                };
                Some(Effect::Send)
            }
            Err(why) => {
                self.stop(&why);
                None
            }
        }
    }

    fn unsent(&mut self) -> Option<Effect> {
        if let Phase::Sending { .. } = self.phase {
            self.stop("the board ended before it was sent");
        }
        None
    }

    fn answered(&mut self, answer: Result<(), ActError>, now: Duration) -> Option<Effect> {
        let Phase::Sending { fresh } = &self.phase else {
            return None;
        };
        let fresh = fresh.clone();
        match answer {
            Ok(()) => self.watch(Some(fresh), None, now),
            Err(ActError::Refused { said, .. }) => {
                self.phase = Phase::Over(ActionState::Refused(said));
            }
            Err(error @ ActError::Unsure { .. }) => {
                let why = Clean::line(&error.to_string());
                self.watch(Some(fresh), Some(why), now);
            }
            Err(error @ (ActError::NotSent(_) | ActError::Unsupported(_))) => {
                self.stop(&error.to_string());
            }
        }
        None
    }

    fn alarmed(&mut self, now: Duration) -> Option<Effect> {
        if self.alarm().is_none_or(|at| at > now) {
            return None;
        }
        if let Phase::Watching(watch) = &mut self.phase {
            watch.looking = true;
            return Some(Effect::Look);
        }
        self.expire();
        None
    }

    fn watch(&mut self, before: Option<Fresh>, unsure: Option<Clean>, now: Duration) {
        self.phase = Phase::Watching(Watch {
            before,
            unsure,
            began: now,
            looks: 0,
            next: now + Duration::from_secs(1),
            looking: false,
        });
    }

    /// Takes in one look at what came of it: after 1, 2, 4 and so on seconds.
    fn looked(&mut self, mut watch: Watch, found: Option<&Fresh>, now: Duration) {
        if let (Some(found), Some(before)) = (found, &watch.before)
            && is_seen(self.verb, before, found)
        {
            self.phase = Phase::Over(ActionState::Confirmed(found.clone()));
            return;
        }
        if now >= watch.began + WATCHED || watch.before.is_none() {
            let mins = WATCHED.as_secs() / 60;
            let why = watch.unsure.map_or_else(
                || format!("the server took it, and nothing came of it within {mins} min"),
                |why| format!("{why}; nothing came of it within {mins} min"),
            );
            self.phase = Phase::Over(ActionState::Unsure(Clean::line(&why)));
            return;
        }
        watch.looking = false;
        watch.looks = watch.looks.saturating_add(1);
        let pause = Duration::from_secs(1 << watch.looks.min(5)).min(LONGEST_PAUSE);
        watch.next = now + pause;
        self.phase = Phase::Watching(watch);
    }

    fn expire(&mut self) {
        let secs = CONFIRM_WITHIN.as_secs();
        self.stop(&format!("it was not confirmed within {secs} s"));
    }

    fn stop(&mut self, why: &str) {
        self.phase = Phase::Over(ActionState::Stopped(Clean::line(why)));
    }
}

/// Returns why there is nothing to do, if that is so.
fn objection(verb: Verb, fresh: &Fresh) -> Option<String> {
    let name = name(fresh);
    let state = state_words(&fresh.state);
    match verb.deed() {
        Deed::Rerun if is_moving(&fresh.state) => {
            Some(format!("{name} {state}: it has to end first"))
        }
        Deed::Rerun if verb == Verb::RerunFailed && fresh.state == RunState::Passed => {
            Some(format!("{name} passed: no job of it failed"))
        }
        Deed::Rerun => None,
        Deed::Cancel => {
            let over = fresh.state.is_over().then(String::new);
            let rests = || fresh.at_rest.as_ref().map(|why| format!(": {why}"));
            let why = over.or_else(rests)?;
            Some(format!("{name} {state}{why}: there is nothing to cancel"))
        }
        deed @ (Deed::Approve | Deed::Reject) => match &fresh.gate {
            None => Some(format!("{name} {state}: nothing waits there for an answer")),
            Some(gate) => {
                let lacks = || gate.door.lacks(deed).map(str::to_owned);
                let hindrance = gate.hindrance.as_ref();
                hindrance
                    .map(|why| format!("`{}`: {why}", gate.name))
                    .or_else(lacks)
            }
        },
    }
}

/// Returns whether a target is no longer what a person confirmed.
fn differs(verb: Verb, confirmed: &Fresh, now: &Fresh) -> bool {
    let state = match verb.deed() {
        Deed::Rerun => confirmed.state != now.state,
        // Whether it is queued or runs is all the same to one who stops it.
        Deed::Cancel => now.state.is_over() || now.at_rest.is_some(),
        // Other parts of the run may be at work meanwhile.
        Deed::Approve | Deed::Reject => now.gate.is_none(),
    };
    state
        || confirmed.attempt != now.attempt
        || confirmed.head_sha != now.head_sha
        || confirmed.job != now.job
        || confirmed.gate != now.gate
}

/// Returns whether what was asked for has come to be.
fn is_seen(verb: Verb, before: &Fresh, now: &Fresh) -> bool {
    let newer = now.attempt > before.attempt;
    match verb.deed() {
        Deed::Rerun => newer || (!is_moving(&before.state) && is_moving(&now.state)),
        // What waits for a person may be left of a run that was stopped.
        Deed::Cancel => {
            let is_quiet = |fresh: &Fresh| fresh.state.is_over() || fresh.at_rest.is_some();
            newer || (is_quiet(now) && !is_quiet(before))
        }
        // A run that was stopped meanwhile waits no more either, but did not go on.
        Deed::Approve => now.gate.is_none() && now.state != RunState::Cancelled,
        Deed::Reject => now.gate.is_none(),
    }
}

fn is_moving(state: &RunState) -> bool {
    match state {
        RunState::Queued | RunState::Waiting | RunState::Running => true,
        RunState::Passed
        | RunState::Skipped
        | RunState::Failed(_)
        | RunState::Cancelled
        | RunState::ActionRequired
        | RunState::Unknown(_) => false,
    }
}

fn state_words(state: &RunState) -> &'static str {
    match state {
        RunState::Queued => "is queued",
        RunState::Waiting => "waits",
        RunState::Running => "is running",
        RunState::Passed => "passed",
        RunState::Skipped => "was skipped",
        RunState::Failed(_) => "failed",
        RunState::Cancelled => "is cancelled",
        RunState::ActionRequired => "needs a person",
        RunState::Unknown(_) => "is in a state that is not known",
    }
}

fn name(fresh: &Fresh) -> String {
    format!("`{}`", fresh.name)
}
