//! The board at any moment of the history, with what became of each card since.
//!
//! A function of a ledger and a moment: what is shown of the past is what history was told, no
//! more. Which moment is looked at, and what is drawn of it, is the screen's. A moment is found in
//! each card's own way by halving, so that its cost grows with the cards and hardly with their steps.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::calendar::Calendar;
use crate::domain::history::{CardRecord, Ledger, Life, Moment, Standing};
use crate::domain::item::{Outcome, Placement, WorkItem};
use crate::domain::query::Haystack;
use crate::domain::stage::Stage;
use crate::domain::status::Severity;
use crate::domain::text::Clean;

/// A history that can be gone through, step by step and day by day.
#[derive(Clone, Debug)]
pub struct Replay {
    ledger: Arc<Ledger>,
    /// When any card changed its standing, in order, each moment once.
    steps: Vec<Timestamp>,
}

/// The board at one moment of the past; of each card its place in the ledger alone.
#[derive(Clone, Debug)]
pub struct Past {
    /// The moment.
    pub at: Timestamp,
    /// Whether history tells of everything then; before it began to count, cards are missing.
    pub is_whole: bool,
    ledger: Arc<Ledger>,
    columns: [Vec<PastCard>; 8],
    newer: [Vec<PastCard>; 8],
    happened: Vec<PastCard>,
    red: [usize; 8],
}

/// A card in one of its moments, by position; [`Past::seen`] tells what that is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PastCard {
    card: u32,
    moment: u32,
}

/// A card as it stood then.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Seen<'a> {
    /// What it is.
    pub life: &'a Life,
    /// Where it stood, since when, and by which rule.
    pub stood: &'a Moment,
    /// What became of it since.
    pub since: Since<'a>,
    /// Where it came from: its moments up to that one, oldest first.
    pub way: &'a [Moment],
    /// Where it went: its moments after that one.
    pub rest: &'a [Moment],
}

/// What became of a card since a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Since<'a> {
    /// It stands as it stood.
    Same,
    /// It went and came back: it stands as it stood, again.
    Again,
    /// It is in the same column, in another status or with others.
    Changed(&'a Standing),
    /// It is in another column.
    Moved(&'a Standing),
    /// It is over.
    Over(Outcome),
}

/// How many cards there are of a moment, and what became of them.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Cards that stood on the board.
    pub cards: usize,
    /// How many of them were red.
    pub red: usize,
    /// How many of them stand otherwise by now, and are on the board still.
    pub changed: usize,
    /// How many of them are over by now.
    pub over: usize,
    /// How many came since.
    pub newer: usize,
}

impl Replay {
    /// Begins with a history.
    pub fn new(ledger: Arc<Ledger>) -> Self {
        let cards = ledger.cards.iter();
        let moments = cards.flat_map(|card| card.timeline.moments());
        let mut steps: Vec<Timestamp> = moments.map(|moment| moment.at).collect();
        steps.sort_unstable();
        steps.dedup();
        Self { ledger, steps }
    }

    /// Returns the history.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Returns the first and the last moment at which something happened.
    pub fn range(&self) -> Option<(Timestamp, Timestamp)> {
        Some((*self.steps.first()?, *self.steps.last()?))
    }

    /// Returns when something happened last before a moment.
    pub fn step_before(&self, at: Timestamp) -> Option<Timestamp> {
        let before = self.steps.partition_point(|step| *step < at);
        self.steps.get(before.checked_sub(1)?).copied()
    }

    /// Returns when something happens next after a moment.
    pub fn step_after(&self, at: Timestamp) -> Option<Timestamp> {
        let after = self.steps.partition_point(|step| *step <= at);
        self.steps.get(after).copied()
    }

    /// Returns the same time a day of the calendar earlier; nothing before anything happened.
    pub fn day_before(&self, at: Timestamp, calendar: &Calendar) -> Option<Timestamp> {
        let local = calendar.local(at).naive_local();
        let before = calendar.moment(local.date().pred_opt()?, local.time());
        let first = *self.steps.first()?;
        (at > first).then(|| before.max(first))
    }

    /// Returns the same time a day of the calendar later; nothing after `now`.
    pub fn day_after(
        &self,
        at: Timestamp,
        calendar: &Calendar,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let local = calendar.local(at).naive_local();
        let after = calendar.moment(local.date().succ_opt()?, local.time());
        (after < now).then_some(after)
    }

    /// Returns the board as it was.
    pub fn at(&self, at: Timestamp) -> Past {
        self.only(at, |_| true)
    }

    /// Returns the board as it was, of it the cards that pass: each is asked as it stood then, one
    /// that came since as it stands now.
    pub fn only(&self, at: Timestamp, passes: impl Fn(&Seen<'_>) -> bool) -> Past {
        let mut sorted: [Vec<(Urgency, PastCard)>; 8] = Default::default();
        let mut past = Past {
            at,
            is_whole: self.ledger.since.is_some_and(|since| since <= at),
            ledger: Arc::clone(&self.ledger),
            columns: Default::default(),
            newer: Default::default(),
            happened: Vec::new(),
            red: [0; 8],
        };
        for (card, record) in (0_u32..).zip(&self.ledger.cards) {
            let Some(found) = Found::of(record, at) else {
                continue;
            };
            let shown = PastCard {
                card,
                moment: found.moment,
            };
            let Some(seen) = past.seen(shown).filter(&passes) else {
                continue;
            };
            let (standing, since) = (&seen.stood.standing, seen.stood.at);
            let (stage, is_red) = (standing.stage.index(), standing.status.is_red());
            let urgency = (Reverse(standing.status.severity()), since);
            if since == at {
                past.happened.push(shown);
            }
            match found.kind {
                Kind::Stood => {
                    if let (Some(column), Some(red)) =
                        (sorted.get_mut(stage), past.red.get_mut(stage))
                    {
                        column.push((urgency, shown));
                        *red += usize::from(is_red);
                    }
                }
                Kind::Newer => {
                    if let Some(column) = past.newer.get_mut(stage) {
                        column.push(shown);
                    }
                }
                Kind::Ended => {}
            }
        }
        for (column, mut cards) in past.columns.iter_mut().zip(sorted) {
            // Cards come in the order of their identities: of two that are alike, the first stays.
            cards.sort_by_key(|(urgency, _)| *urgency);
            column.extend(cards.into_iter().map(|(_, card)| card));
        }
        past
    }
}

/// The most urgent first, then what stood there longest.
type Urgency = (Reverse<Severity>, Timestamp);

/// What there is of a card at a moment.
struct Found {
    /// The moment of its way that is meant.
    moment: u32,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It stood on the board.
    Stood,
    /// It came later, and is on the board now.
    Newer,
    /// It ended just then.
    Ended,
}

impl Found {
    /// Finds a card; nothing where it was over, or is no longer on the board and was not yet.
    fn of(record: &CardRecord, at: Timestamp) -> Option<Self> {
        let moments = record.timeline.moments();
        let after = moments.partition_point(|moment| moment.at <= at);
        let stood = after.checked_sub(1).and_then(|nth| moments.get(nth));
        let nth = |nth: usize| u32::try_from(nth).ok();
        match stood {
            Some(stood) if stood.standing.done.is_none() => Some(Self {
                moment: nth(after - 1)?,
                kind: Kind::Stood,
            }),
            Some(stood) if stood.at == at => Some(Self {
                moment: nth(after - 1)?,
                kind: Kind::Ended,
            }),
            Some(_) | None => {
                let last = moments.last()?;
                let is_there = last.at > at && last.standing.done.is_none();
                is_there.then_some(())?;
                Some(Self {
                    moment: nth(moments.len() - 1)?,
                    kind: Kind::Newer,
                })
            }
        }
    }
}

impl Past {
    /// Returns the history that it was made of.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Returns the cards of a column: of each the most urgent first, then those that stood there
    /// longest.
    pub fn column(&self, stage: Stage) -> &[PastCard] {
        let column = self.columns.get(stage.index());
        column.map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns how many cards of a column were red.
    pub fn red(&self, stage: Stage) -> usize {
        self.red.get(stage.index()).copied().unwrap_or_default()
    }

    /// Returns the cards that stand in a column now and were not on the board then.
    pub fn newer(&self, stage: Stage) -> &[PastCard] {
        let column = self.newer.get(stage.index());
        column.map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns what happened just then: the cards that came to stand, or ended, at this moment.
    pub fn happened(&self) -> &[PastCard] {
        &self.happened
    }

    /// Returns what a card was.
    pub fn seen(&self, card: PastCard) -> Option<Seen<'_>> {
        let record = self.ledger.cards.get(usize::try_from(card.card).ok()?)?;
        let moments = record.timeline.moments();
        let at = usize::try_from(card.moment).ok()?;
        let (way, rest) = moments.split_at_checked(at.checked_add(1)?)?;
        let stood = way.last()?;
        Some(Seen {
            life: &record.life,
            stood,
            since: since(stood, rest),
            way,
            rest,
        })
    }

    /// Returns how many cards there are, and how many of them stand otherwise by now.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            red: self.red.iter().sum(),
            newer: self.newer.iter().map(Vec::len).sum(),
            ..Counts::default()
        };
        for seen in self
            .columns
            .iter()
            .flatten()
            .filter_map(|card| self.seen(*card))
        {
            counts.cards += 1;
            match seen.since {
                Since::Same | Since::Again => {}
                Since::Changed(_) | Since::Moved(_) => counts.changed += 1,
                Since::Over(_) => counts.over += 1,
            }
        }
        counts
    }
}

/// Returns what became of a card that stood somewhere, by where it went.
fn since<'a>(stood: &Moment, rest: &'a [Moment]) -> Since<'a> {
    let Some(last) = rest.last() else {
        return Since::Same;
    };
    match last.standing.done {
        Some(outcome) => Since::Over(outcome),
        None if last.standing == stood.standing => Since::Again,
        None if last.standing.stage == stood.standing.stage => Since::Changed(&last.standing),
        None => Since::Moved(&last.standing),
    }
}

impl Seen<'_> {
    /// Returns the card as filters ask it: what history does not keep of it (branches, milestone,
    /// evidence) is not there.
    pub fn item(&self) -> WorkItem {
        let (life, stood) = (self.life, self.stood);
        let reviews = life.changes.iter().flat_map(|change| &change.reviews);
        let mut reviewers: Vec<_> = reviews
            .filter(|note| note.at <= stood.at)
            .map(|note| note.by.clone())
            .collect();
        reviewers.sort();
        reviewers.dedup();
        let mut item = WorkItem {
            id: life.id.clone(),
            anchor: life.anchor,
            key: life.key.clone(),
            title: life.title.clone(),
            url: life.url.clone(),
            repo: life.repo.clone(),
            services: life.services.clone(),
            author: life.author.clone(),
            holders: stood.standing.holders.clone(),
            reviewers,
            labels: life.labels.clone(),
            milestone: None,
            branches: Vec::new(),
            placement: Placement {
                stage: stood.standing.stage,
                status: stood.standing.status,
                rule: stood.rule.clone(),
                reason: Clean::default(),
                since: stood.at,
                done: stood.standing.done,
                badges: Vec::new(),
                next_change: None,
            },
            evidence: Vec::new(),
            train: None,
            bot: life.bot,
            created_at: life.created_at,
            updated_at: stood.at,
            sources: Vec::new(),
            haystack: Haystack::default(),
        };
        item.haystack = Haystack::of(&item);
        item
    }
}
