//! The stand-up, prepared by what the board and its history know.
//!
//! Walks the board from right to left, and tells for each person what moved, what is in hand, what
//! waits for them and what they wait for. Nothing here ranks people: they come by name, and nothing
//! of theirs is counted against one another. Pure; when the last one was held is the shell's.

mod asked;
mod happened;
mod people;
mod walk;
mod words;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod odd;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::calendar::Calendar;
use crate::domain::history::{Ledger, Life};
use crate::domain::item::{Anchor, Outcome, WorkItem};
use crate::domain::key::{ItemId, WebUrl};
use crate::domain::roster::Roster;
use crate::domain::stage::Stage;
use crate::domain::status::{Severity, Status};
use crate::domain::text::Clean;

pub use crate::domain::standup::asked::Since;
pub use crate::domain::standup::happened::{Before, Happened, Step, Way};
pub use crate::domain::standup::words::moment;

/// What a stand-up is prepared from.
#[derive(Clone, Copy, Debug)]
pub struct Material<'a> {
    /// What happened.
    pub ledger: &'a Ledger,
    /// The cards of the board, in any order; one that is there twice counts once.
    pub cards: &'a [&'a Arc<WorkItem>],
    /// When the team works.
    pub calendar: &'a Calendar,
    /// Who is who.
    pub roster: &'a Roster,
    /// What was put aside to be talked about.
    pub parked: &'a [Parked],
}

/// A stand-up.
#[derive(Clone, PartialEq, Debug)]
pub struct Standup {
    /// Since when it looks back.
    pub since: Timestamp,
    /// When it is.
    pub now: Timestamp,
    /// How far history reaches.
    pub known: Known,
    /// Every card of the board once: from right to left, in a stage the worst first, then the oldest.
    pub walk: Vec<Stop>,
    /// Cards that were finished since, the last one first.
    pub finished: Vec<Finished>,
    /// The people who have something, by name.
    pub turns: Vec<Turn>,
    /// How many people are known of whom there is nothing to tell.
    pub quiet: usize,
    /// What machines made.
    pub bots: Bots,
    /// What was put aside to be talked about, in the order in which that was done.
    pub parked: Vec<ParkedCard>,
}

/// How far history reaches back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known {
    /// All that is asked for: it counts since this moment.
    Whole(Timestamp),
    /// Less than is asked for: it counts since this moment only.
    From(Timestamp),
    /// Nothing was noted yet: only what the cards themselves say is told.
    Nothing,
}

/// Where a card stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Place {
    /// The column.
    pub stage: Stage,
    /// What it does there.
    pub status: Status,
    /// Whether it is over.
    pub done: Option<Outcome>,
}

/// One card of the walk.
#[derive(Clone, PartialEq, Debug)]
pub struct Stop {
    /// The card.
    pub card: Arc<WorkItem>,
    /// What it did since the last stand-up.
    pub happened: Happened,
    /// That in words: `moved from Code to Test 14:10, red 2h`.
    pub story: Clean,
    /// Since when it is in its stage.
    pub entered: Timestamp,
    /// For how much working time it has been in its stage.
    pub in_stage: TimeDelta,
    /// For how much working time it has stood there as it does.
    pub in_status: TimeDelta,
    /// Who holds it, by the names that people use.
    pub holders: Vec<Clean>,
    /// What it waits for, in one sentence.
    pub waits_for: Clean,
    /// What is to be talked about, where that was noted.
    pub parked: Vec<Clean>,
}

/// Why the walk leaves a card out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unsaid {
    /// There is nothing to say of it: it stands where it stood, nothing is wrong with it, and it
    /// waits for nobody.
    Quiet,
    /// It came forward since, is live and well.
    Live,
    /// A machine made it, and it is neither red nor blocked.
    OfBots,
    /// It tells of findings in code or dependencies, and stands where it stood.
    Findings,
}

/// How many cards a walk leaves out.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct LeftOut {
    /// Those that are quiet.
    pub quiet: usize,
    /// Those that went live and are well.
    pub live: usize,
    /// Those that machines made.
    pub of_bots: usize,
    /// Those of findings that did not move.
    pub findings: usize,
}

/// A card in short.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CardRef {
    /// Which one.
    pub id: ItemId,
    /// What people call it.
    pub key: Clean,
    /// Its title.
    pub title: Clean,
    /// Its page.
    pub url: Option<WebUrl>,
    /// Where it stands.
    pub place: Option<Place>,
}

/// A card that was finished.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finished {
    /// Which one.
    pub card: CardRef,
    /// When.
    pub at: Timestamp,
    /// How.
    pub outcome: Outcome,
    /// Who made it, by the names that people use.
    pub by: Vec<Clean>,
    /// Whether a machine did.
    pub bot: bool,
}

/// What there is to tell of one person. The four parts of the present hold no card twice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Turn {
    /// What they are called.
    pub name: Clean,
    /// What of theirs went forward or was finished since, and what they reviewed.
    pub moved: Vec<Entry>,
    /// What they hold and can go on with.
    pub in_hand: Vec<Entry>,
    /// What of others waits for them: a review, a gate.
    pub asked: Vec<Entry>,
    /// What of theirs is red or blocked.
    pub blocked: Vec<Entry>,
    /// What of theirs waits for others.
    pub waits: Vec<Entry>,
    /// How many cards of machines wait for them, beside those above.
    pub of_bots: usize,
}

/// A card of a person, and why it is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Which one.
    pub card: CardRef,
    /// Why, in words.
    pub words: Clean,
}

/// What machines made, in one line.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Bots {
    /// How many cards of theirs are on the board.
    pub cards: usize,
    /// How many of them moved since.
    pub moved: usize,
    /// How many were finished since.
    pub finished: usize,
    /// Those that are red or blocked.
    pub red: Vec<CardRef>,
}

/// A mark of the parking lot: what is to be talked about after the stand-up.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Parked {
    /// The card that it is about.
    pub item: ItemId,
    /// What is to be talked about.
    pub note: Clean,
    /// When it was noted.
    pub at: Timestamp,
}

/// A mark with its card.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParkedCard {
    /// The mark.
    pub mark: Parked,
    /// The card, where anything is still known of it.
    pub card: Option<CardRef>,
}

impl Place {
    /// Returns where a card stands now.
    pub fn of(item: &WorkItem) -> Self {
        Self {
            stage: item.placement.stage,
            status: item.placement.status,
            done: item.placement.done,
        }
    }

    /// Returns whether it is red or blocked.
    pub fn is_stuck(self) -> bool {
        self.done.is_none() && (self.status.is_red() || self.status == Status::Blocked)
    }
}

impl Stop {
    /// Returns why the walk leaves it out unless all cards are wanted; `calls` says whether it
    /// calls for a person. What was put aside to be talked about is never left out, nor is what is
    /// red or blocked, findings excepted that stand where they stood.
    pub fn unsaid(&self, calls: bool) -> Option<Unsaid> {
        let status = self.card.placement.status;
        let stood = matches!(self.happened.before, Before::Stood(_));
        let is_still = stood && self.happened.steps.is_empty();
        if !self.parked.is_empty() {
            return None;
        }
        // Who looks after findings has a list of them; the team hears of new ones.
        if self.card.anchor == Anchor::Finding && is_still {
            return Some(Unsaid::Findings);
        }
        if Place::of(&self.card).is_stuck() {
            return None;
        }
        if self.card.bot {
            return Some(Unsaid::OfBots);
        }
        if calls || status.severity() > Severity::Idle {
            return None;
        }
        if is_still {
            return Some(Unsaid::Quiet);
        }
        matches!(status, Status::Live | Status::Watched).then_some(Unsaid::Live)
    }
}

impl Stop {
    /// Returns whether its ages are those of the clock: what is red where users are burns at night
    /// and on days off as well.
    pub fn by_clock(&self) -> bool {
        words::is_fire(&self.card)
    }

    /// Returns for how long it has been in its stage and has stood there as it does:
    /// `for 3d`; on a day off of what has had no working time `since Sat 02:00`.
    pub fn lasted(&self, calendar: &Calendar, now: Timestamp) -> [String; 2] {
        let since = [self.entered, self.card.placement.since];
        since.map(|since| words::lasted(&self.card, since, calendar, now).spoken())
    }
}

impl Unsaid {
    /// Returns the word in JSON; stable.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Live => "live",
            Self::OfBots => "bots",
            Self::Findings => "findings",
        }
    }
}

impl LeftOut {
    /// Counts one more.
    pub fn add(&mut self, why: Unsaid) {
        match why {
            Unsaid::Quiet => self.quiet += 1,
            Unsaid::Live => self.live += 1,
            Unsaid::OfBots => self.of_bots += 1,
            Unsaid::Findings => self.findings += 1,
        }
    }

    /// Returns the counts with what they count, those of none left out.
    pub fn counts(self) -> impl Iterator<Item = (usize, Unsaid)> {
        let all = [
            (self.quiet, Unsaid::Quiet),
            (self.live, Unsaid::Live),
            (self.of_bots, Unsaid::OfBots),
            (self.findings, Unsaid::Findings),
        ];
        all.into_iter().filter(|(count, _)| *count > 0)
    }
}

impl CardRef {
    /// Returns a card of the board in short.
    pub fn of(item: &WorkItem) -> Self {
        Self {
            id: item.id.clone(),
            key: item.key.clone(),
            title: item.title.clone(),
            url: item.url.clone(),
            place: Some(Place::of(item)),
        }
    }

    /// Returns a card in short of which history alone tells.
    pub fn of_life(life: &Life, place: Option<Place>) -> Self {
        let key = if life.key.is_empty() {
            Clean::line(life.id.as_str())
        } else {
            life.key.clone()
        };
        Self {
            id: life.id.clone(),
            key,
            title: life.title.clone(),
            url: life.url.clone(),
            place,
        }
    }
}

impl Turn {
    /// Returns what of it is about these cards; nothing where nothing is. What machines made is
    /// counted and not known by card, so that it is left out.
    pub fn only(&self, passes: impl Fn(&ItemId) -> bool) -> Option<Self> {
        let of = |part: &[Entry]| -> Vec<Entry> {
            let kept = part.iter().filter(|entry| passes(&entry.card.id));
            kept.cloned().collect()
        };
        let turn = Self {
            name: self.name.clone(),
            moved: of(&self.moved),
            in_hand: of(&self.in_hand),
            asked: of(&self.asked),
            blocked: of(&self.blocked),
            waits: of(&self.waits),
            of_bots: 0,
        };
        (!turn.is_empty()).then_some(turn)
    }

    /// Returns whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        let parts = [
            &self.moved,
            &self.in_hand,
            &self.asked,
            &self.blocked,
            &self.waits,
        ];
        parts.iter().all(|part| part.is_empty()) && self.of_bots == 0
    }
}

impl Standup {
    /// Prepares the stand-up of a moment, looking back to another.
    pub fn prepare(material: Material<'_>, since: Timestamp, now: Timestamp) -> Self {
        let since = since.min(now);
        let walk = walk::walk(material, since, now);
        let on_board: HashSet<&ItemId> = walk.iter().map(|stop| &stop.card.id).collect();
        let finished = walk::finished(material, &on_board, since, now);
        let parked = walk::parked(material, &walk);
        let span = people::Span { since, now };
        let people = people::tell(material, span, &walk, &finished);
        Self {
            since,
            now,
            known: known(material.ledger, since),
            finished,
            turns: people.turns,
            quiet: people.quiet,
            bots: people.bots,
            parked,
            walk,
        }
    }

    /// Returns what is red or blocked, the worst first and then from right to left.
    pub fn stuck(&self) -> Vec<&Stop> {
        let of = |stop: &&Stop| Place::of(&stop.card).is_stuck();
        let mut stuck: Vec<&Stop> = self.walk.iter().filter(of).collect();
        stuck.sort_by_key(|stop| std::cmp::Reverse(stop.card.placement.status.severity()));
        stuck
    }
}

fn known(ledger: &Ledger, since: Timestamp) -> Known {
    match ledger.since {
        None => Known::Nothing,
        Some(begun) if begun > since => Known::From(begun),
        Some(begun) => Known::Whole(begun),
    }
}
