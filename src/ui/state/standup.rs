//! What the stand-up view remembers: whose turn it is, since when it looks back, the clock.
//!
//! Cards keep the order in which the walk began, whatever happens to them meanwhile: each comes
//! once. Changed by `update`; what is told comes prepared.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::history::Ledger;
use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::domain::standup::{CardRef, Entry, LeftOut, ParkedCard, Since, Stop, Turn};
use crate::domain::text::Clean;
use crate::ui::standup::{Ask, By, Order, Prepared};

/// How soon it is prepared again after something changed, in seconds.
const SOON_SECS: i64 = 5;

/// How soon it is prepared again where nothing did: what is told of spans grows old.
const LATER_SECS: i64 = 300;

/// The spans that one key goes through: words as people say them.
pub(crate) const SPANS: [&str; 5] = ["last", "yesterday", "1d", "2d", "1w"];

/// How long somebody may speak where no setting is known yet.
const TURN: TimeDelta = TimeDelta::minutes(2);

/// How long all of it may take, in seconds.
pub(crate) const TOTAL_SECS: i64 = 900;

/// A part of the view.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum StandupPane {
    /// The board from right to left, one card at a time.
    #[default]
    Walk,
    /// One person at a time.
    People,
    /// What was put aside.
    Lot,
}

/// What the view remembers.
#[derive(Clone, Debug, Default)]
pub struct StandupState {
    /// The part that is shown.
    pub pane: StandupPane,
    /// What was prepared last.
    pub prepared: Option<Prepared>,
    /// Whether it is being prepared.
    pub preparing: bool,
    /// The clock.
    pub clock: Clock,
    /// When a stand-up was held here last.
    pub held: Option<Timestamp>,
    /// The card of the walk, from 0.
    pub(crate) at: usize,
    /// The person, from 0.
    pub(crate) person: usize,
    /// The card of that person, from 0.
    pub(crate) entry: usize,
    /// The mark of the parking lot, from 0.
    pub(crate) lot: usize,
    /// Which of [`SPANS`] is asked for.
    pub(crate) span: usize,
    /// The filter that the walk goes by.
    filtered_by: String,
    /// The turns, as far as a filter leaves any.
    filtered: Option<Vec<Turn>>,
    /// Whether the walk has all cards.
    has_all: bool,
    /// Whether all cards are wanted in the walk, those too of which there is nothing to say.
    pub(crate) all: bool,
    /// How many cards are left out of the walk.
    pub(crate) left_out: LeftOut,
    /// Positions in what was prepared, in the order of the walk.
    order: Vec<usize>,
    /// The number of the last question, and of the last one whose answer was taken or is not wanted.
    asked: u64,
    taken: u64,
    /// The moment that is looked back to, once it is known; it stays while one stand-up is held.
    since: Option<Timestamp>,
    subject: Option<Subject>,
}

/// Who or what has the clock.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Subject {
    Card(ItemId),
    Person(Clean),
}

/// How long somebody has been speaking, and all together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Clock {
    turn: Span,
    total: Span,
    running: Option<Timestamp>,
}

type Span = TimeDelta;

impl Clock {
    /// Starts it, or stops it.
    pub(crate) fn toggle(&mut self, now: Timestamp) {
        match self.running {
            Some(_) => {
                (self.turn, self.total) = (self.turn(now), self.total(now));
                self.running = None;
            }
            None => self.running = Some(now),
        }
    }

    /// Begins a turn.
    fn next(&mut self, now: Timestamp) {
        self.total = self.total(now);
        self.turn = Span::zero();
        self.running = self.running.map(|_| now);
    }

    fn since_start(&self, now: Timestamp) -> Span {
        let span = self.running.map_or_else(Span::zero, |since| now - since);
        // A clock that was put back takes no time away.
        span.max(Span::zero())
    }

    /// Returns how long this turn has taken.
    pub fn turn(&self, now: Timestamp) -> Span {
        self.turn + self.since_start(now)
    }

    /// Returns how long all has taken.
    pub fn total(&self, now: Timestamp) -> Span {
        self.total + self.since_start(now)
    }

    /// Returns when the next second has passed; nothing while it stands.
    pub fn ticks(&self, now: Timestamp) -> Option<Timestamp> {
        self.running?;
        let past = self.turn(now).subsec_nanos();
        Some(now + TimeDelta::nanoseconds(1_000_000_000 - i64::from(past)))
    }

    /// Returns whether it runs.
    pub fn runs(&self) -> bool {
        self.running.is_some()
    }

    /// Returns whether it was ever started.
    pub fn began(&self) -> bool {
        self.runs() || self.total > Span::zero()
    }
}

impl StandupState {
    /// Returns how long the turn at hand may take, in seconds: a card has half of a person's.
    pub(crate) fn limit_secs(&self) -> i64 {
        let turn = self
            .prepared
            .as_ref()
            .map_or(TURN, |it| it.turn)
            .num_seconds();
        match self.pane {
            StandupPane::People => turn,
            StandupPane::Walk | StandupPane::Lot => turn / 2,
        }
    }

    /// Returns a question: since the moment that was settled, or by what is chosen.
    pub fn ask(&mut self, order: Order) -> Ask {
        let chosen = SPANS.get(self.span).copied().unwrap_or_default();
        let chosen = Since::parse(chosen).unwrap_or_default();
        self.asked += 1;
        Ask {
            number: self.asked,
            since: self.since.map_or(chosen, Since::Instant),
            order,
        }
    }

    /// Returns whether an answer was not overtaken; it is the newest then.
    pub(crate) fn is_awaited(&mut self, number: u64) -> bool {
        let awaited = number > self.taken;
        self.taken = self.taken.max(number);
        awaited
    }

    /// Begins another stand-up, unless one is under way.
    pub(crate) fn enter(&mut self) {
        if self.held.take().is_some() {
            self.clock = Clock::default();
            self.person = 0;
            self.again();
        } else if self.at == 0 && !self.clock.began() {
            self.again();
        }
    }

    /// Looks back by the next span.
    pub(crate) fn next_span(&mut self) -> &'static str {
        self.span = (self.span + 1) % SPANS.len();
        self.again();
        SPANS.get(self.span).copied().unwrap_or_default()
    }

    /// Begins a stand-up: since when it looks back is settled anew, and the walk is in its order.
    pub(crate) fn again(&mut self) {
        self.since = None;
        self.taken = self.asked;
        self.at = 0;
        self.prepared = None;
        self.preparing = false;
        self.order.clear();
    }

    /// Returns when it is prepared again.
    pub(crate) fn due(&self, generation: u64, ledger: Option<&Arc<Ledger>>) -> Timestamp {
        let Some(prepared) = &self.prepared else {
            return Timestamp::UNIX_EPOCH;
        };
        let same_past = match (&prepared.ledger, ledger) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let changed = !same_past || prepared.snapshot.generation != generation;
        let secs = if changed { SOON_SECS } else { LATER_SECS };
        prepared.standup.now + TimeDelta::seconds(secs)
    }

    /// Takes in what was prepared; the cursors stay on their person, card and mark.
    pub(crate) fn take(&mut self, prepared: Prepared, passes: impl Fn(&WorkItem) -> bool) {
        let known = self.known();
        let name = self.turn().map(|turn| turn.name.clone());
        let card = self.entry().map(|entry| entry.card.id.clone());
        self.preparing = false;
        self.since = Some(prepared.standup.since);
        self.prepared = Some(prepared);
        self.sort(known, passes);
        let turns = self.turns();
        let found = name.and_then(|name| turns.iter().position(|turn| turn.name == name));
        let last = turns.len().saturating_sub(1);
        self.person = found.unwrap_or(self.person.min(last));
        let entries: Vec<(Part, &Entry)> = self.entries().collect();
        let found = card.and_then(|id| entries.iter().position(|(_, it)| it.card.id == id));
        let last = entries.len().saturating_sub(1);
        self.entry = found.unwrap_or(self.entry.min(last));
        self.lot = self.lot.min(self.parked().len().saturating_sub(1));
    }

    /// Returns whether the walk was put together for this filter, and for all cards as is wanted.
    pub(crate) fn is_sorted_by(&self, filter: &str) -> bool {
        (self.filtered_by.as_str(), self.has_all) == (filter, self.all)
    }

    /// Puts the walk together again for another filter, or for all cards.
    pub(crate) fn refilter(&mut self, filter: &str, passes: impl Fn(&WorkItem) -> bool) {
        filter.clone_into(&mut self.filtered_by);
        self.has_all = self.all;
        let known = self.known();
        self.sort(known, passes);
        self.person = self.person.min(self.turns().len().saturating_sub(1));
        let last = self.entries().count().saturating_sub(1);
        self.entry = self.entry.min(last);
    }

    /// Returns the card of the walk and all of its cards in their order.
    fn known(&self) -> (Option<ItemId>, Vec<ItemId>) {
        // Before anybody went on, the newest order is the best.
        if self.at == 0 {
            return (None, Vec::new());
        }
        let id = |stop: &Stop| stop.card.id.clone();
        (self.stop().map(id), self.stops().map(id).collect())
    }

    /// Puts the cards of the walk in the order that they had, what is new at its end, and leaves
    /// out what does not pass; unless all are wanted, also that of which there is nothing to say.
    /// The card stays the same.
    fn sort(
        &mut self,
        (card, known): (Option<ItemId>, Vec<ItemId>),
        passes: impl Fn(&WorkItem) -> bool,
    ) {
        let Some(prepared) = &self.prepared else {
            return;
        };
        let walk = &prepared.standup.walk;
        let shown = walk.iter().filter(|stop| passes(&stop.card));
        let shown: HashSet<&ItemId> = shown.map(|stop| &stop.card.id).collect();
        // What left the board is asked by no filter.
        self.filtered = (!self.filtered_by.is_empty()).then(|| {
            let turns = prepared.standup.turns.iter();
            let only = |turn: &Turn| turn.only(|id| shown.contains(id));
            turns.filter_map(only).collect()
        });
        let places: HashMap<&ItemId, usize> = walk.iter().map(|it| &it.card.id).zip(0..).collect();
        let kept: Vec<usize> = known
            .iter()
            .filter_map(|id| places.get(id).copied())
            .collect();
        let seen: HashSet<usize> = kept.iter().copied().collect();
        let new = (0..walk.len()).filter(|at| !seen.contains(at));
        let mut order: Vec<usize> = kept.into_iter().chain(new).collect();
        order.retain(|at| walk.get(*at).is_some_and(|stop| passes(&stop.card)));
        let (attention, now) = (&prepared.snapshot.attention, prepared.standup.now);
        let mut left_out = LeftOut::default();
        order.retain(|at| {
            let stop = walk.get(*at).filter(|_| !self.all);
            let unsaid = stop.and_then(|it| it.unsaid(attention.first(&it.card.id, now).is_some()));
            unsaid.inspect(|why| left_out.add(*why)).is_none()
        });
        self.left_out = left_out;
        let place = card.and_then(|id| places.get(&id).copied());
        let found = place.and_then(|place| order.iter().position(|at| *at == place));
        let last = order.len().saturating_sub(1);
        self.at = found.unwrap_or(self.at).min(last);
        self.order = order;
    }

    /// Gives the clock to whoever has the turn.
    pub(crate) fn follow(&mut self, now: Timestamp) {
        let subject = match self.pane {
            StandupPane::Walk => self.stop().map(|stop| Subject::Card(stop.card.id.clone())),
            StandupPane::People => self.turn().map(|turn| Subject::Person(turn.name.clone())),
            StandupPane::Lot => return,
        };
        if subject.is_some() && subject != self.subject {
            self.subject = subject;
            self.clock.next(now);
        }
    }

    /// Returns how many cards the walk has.
    pub fn stops_count(&self) -> usize {
        self.order.len()
    }

    /// Returns the cards of the walk in their order.
    pub(crate) fn stops(&self) -> impl Iterator<Item = &Stop> {
        let walk = self.prepared.as_ref().map(|it| it.standup.walk.as_slice());
        let walk = walk.unwrap_or_default();
        self.order.iter().filter_map(|at| walk.get(*at))
    }

    /// Returns the card that has its turn in the walk.
    pub fn stop(&self) -> Option<&Stop> {
        let walk = &self.prepared.as_ref()?.standup.walk;
        self.order.get(self.at).and_then(|at| walk.get(*at))
    }

    /// Returns the people who have something to tell.
    pub(crate) fn turns(&self) -> &[Turn] {
        let prepared = self.prepared.as_ref();
        let all = prepared.map(|it| it.standup.turns.as_slice());
        // What was filtered goes with what it was filtered from.
        let shown = self.filtered.as_deref().filter(|_| all.is_some());
        shown.or(all).unwrap_or_default()
    }

    /// Returns the person who has the turn.
    pub fn turn(&self) -> Option<&Turn> {
        self.turns().get(self.person)
    }

    /// Returns the cards of the person who has the turn.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Part, &Entry)> {
        self.turn().into_iter().flat_map(|turn| {
            let of = move |part: Part| part.of(turn).iter().map(move |entry| (part, entry));
            Part::ALL.into_iter().flat_map(of)
        })
    }

    /// Returns the card under the cursor of the person who has the turn.
    pub(crate) fn entry(&self) -> Option<&Entry> {
        self.entries().nth(self.entry).map(|(_, entry)| entry)
    }

    /// Returns what was put aside.
    pub(crate) fn parked(&self) -> &[ParkedCard] {
        let prepared = self.prepared.as_ref();
        prepared
            .map(|it| it.standup.parked.as_slice())
            .unwrap_or_default()
    }

    /// Returns the mark under the cursor of the parking lot.
    pub(crate) fn mark(&self) -> Option<&ParkedCard> {
        self.parked().get(self.lot)
    }

    /// Returns the card that has the cursor.
    pub(crate) fn card(&self) -> Option<CardRef> {
        match self.pane {
            StandupPane::Walk => self.stop().map(|stop| CardRef::of(&stop.card)),
            StandupPane::People => self.entry().map(|entry| entry.card.clone()),
            StandupPane::Lot => self.mark().and_then(|mark| mark.card.clone()),
        }
    }

    /// Returns in which order it is told.
    pub(crate) fn by(&self) -> By {
        match self.pane {
            StandupPane::Walk | StandupPane::Lot => By::Stage,
            StandupPane::People => By::Person,
        }
    }

    /// Returns the cursor of the part that is shown, and how far it goes.
    pub(crate) fn cursor(&mut self) -> (&mut usize, usize) {
        match self.pane {
            StandupPane::Walk => (&mut self.at, self.order.len()),
            StandupPane::People => {
                let count = self.entries().count();
                (&mut self.entry, count)
            }
            StandupPane::Lot => {
                let count = self.parked().len();
                (&mut self.lot, count)
            }
        }
    }
}

/// A part of what there is to tell of a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Moved,
    InHand,
    Asked,
    Blocked,
    Waits,
}

impl Part {
    /// The parts in the order in which they are told.
    pub(crate) const ALL: [Self; 5] = [
        Self::Moved,
        Self::InHand,
        Self::Asked,
        Self::Blocked,
        Self::Waits,
    ];

    /// Returns its heading.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::InHand => "in hand",
            Self::Asked => "waits for them",
            Self::Blocked => "stuck",
            Self::Waits => "they wait for",
        }
    }

    /// Returns its cards.
    pub(crate) fn of(self, turn: &Turn) -> &[Entry] {
        match self {
            Self::Moved => &turn.moved,
            Self::InHand => &turn.in_hand,
            Self::Asked => &turn.asked,
            Self::Blocked => &turn.blocked,
            Self::Waits => &turn.waits,
        }
    }
}
