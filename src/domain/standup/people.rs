//! The stand-up by person: whose move each card is, and whose it was.
//!
//! A card is in one part of the present of a person only. Machines have no turn. People come by
//! name; that is an order, and no more.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::domain::Timestamp;
use crate::domain::change_request::ReviewNote;
use crate::domain::history::CardRecord;
use crate::domain::key::Person;
use crate::domain::roster::same;
use crate::domain::stage::Stage;
use crate::domain::standup::happened::has_way;
use crate::domain::standup::{
    Before, Bots, CardRef, Entry, Finished, Material, Place, Stop, Turn, Way, words,
};
use crate::domain::status::{Severity, Status};
use crate::domain::text::Clean;

/// The time that is told of.
#[derive(Clone, Copy)]
pub(super) struct Span {
    /// The last stand-up, exclusive.
    pub(super) since: Timestamp,
    /// This one, inclusive.
    pub(super) now: Timestamp,
}

/// Everybody.
pub(super) struct People {
    /// Those who have something.
    pub(super) turns: Vec<Turn>,
    /// How many have not.
    pub(super) quiet: usize,
    /// Machines.
    pub(super) bots: Bots,
}

/// A part of a turn.
#[derive(Clone, Copy)]
enum Part {
    InHand,
    Asked,
    Blocked,
    Waits,
}

/// Where an entry stands among others of its part: the worst first, then the oldest.
type Rank = (std::cmp::Reverse<Severity>, Timestamp);

/// A turn that is being put together; what moved comes with the moment.
#[derive(Default)]
struct Draft {
    name: Option<Clean>,
    moved: Vec<(std::cmp::Reverse<Timestamp>, Entry)>,
    parts: [Vec<(Rank, Entry)>; 4],
    of_bots: usize,
}

/// People by the name under which they are one.
#[derive(Default)]
struct Drafts(BTreeMap<String, Draft>);

impl Drafts {
    /// Returns the turn of somebody; of several spellings of a login the first by letter is shown.
    fn of(&mut self, name: &Clean) -> &mut Draft {
        let draft = self.0.entry(same(name).into_owned()).or_default();
        if draft.name.as_ref().is_none_or(|known| name < known) {
            draft.name = Some(name.clone());
        }
        draft
    }
}

/// Tells of everybody.
pub(super) fn tell(
    material: Material<'_>,
    span: Span,
    walk: &[Stop],
    finished: &[Finished],
) -> People {
    let mut drafts = Drafts::default();
    let mut bots = Bots::default();
    for member in material.roster.members() {
        drafts.of(&member.name);
    }
    for stop in walk {
        present(material, span, stop, &mut drafts);
        if stop.card.bot {
            bots.cards += 1;
            bots.moved += usize::from(stop.happened.way == Way::Forward);
            if Place::of(&stop.card).is_stuck() {
                bots.red.push(CardRef::of(&stop.card));
            }
        } else {
            moved(material, stop, &mut drafts);
        }
    }
    for done in finished {
        if done.bot {
            bots.finished += 1;
            continue;
        }
        let when = words::moment(done.at, material.calendar, span.now);
        for name in &done.by {
            let told = format!("{} {when}", words::ended(done.outcome));
            let entry = entry(done.card.clone(), &told);
            drafts
                .of(name)
                .moved
                .push((std::cmp::Reverse(done.at), entry));
        }
    }
    for card in &material.ledger.cards {
        reviewed(material, span, card, &mut drafts);
    }
    let all = drafts.0.len();
    let turns: Vec<Turn> = drafts.0.into_values().filter_map(Draft::finish).collect();
    People {
        quiet: all - turns.len(),
        turns,
        bots,
    }
}

fn entry(card: CardRef, words: &str) -> Entry {
    Entry {
        card,
        words: Clean::line(words),
    }
}

impl Draft {
    fn finish(self) -> Option<Turn> {
        let sorted = |mut part: Vec<(Rank, Entry)>| {
            part.sort_by(|a, b| (a.0, &a.1.card.id).cmp(&(b.0, &b.1.card.id)));
            part.into_iter().map(|(_, entry)| entry).collect()
        };
        let mut moved = self.moved;
        moved.sort_by(|a, b| (a.0, &a.1.card.id, &a.1.words).cmp(&(b.0, &b.1.card.id, &b.1.words)));
        let [in_hand, asked, blocked, waits] = self.parts;
        let turn = Turn {
            name: self.name?,
            moved: moved.into_iter().map(|(_, entry)| entry).collect(),
            in_hand: sorted(in_hand),
            asked: sorted(asked),
            blocked: sorted(blocked),
            waits: sorted(waits),
            of_bots: self.of_bots,
        };
        (!turn.is_empty()).then_some(turn)
    }
}

/// Puts a card into the present of those whom it concerns, each once.
fn present(material: Material<'_>, span: Span, stop: &Stop, drafts: &mut Drafts) {
    let item = &stop.card;
    let is_person = |person: &&Person| !person.bot;
    let author = item.author.as_ref().filter(is_person);
    let author = author.map(|person| material.roster.name(person));
    let is_author = |name: &Clean| author.is_some_and(|author| same(author) == same(name));
    let mut told: BTreeSet<Cow<'_, str>> = BTreeSet::new();
    let mut put = |name: &Clean, part: Option<Part>| {
        let draft = drafts.of(name);
        let Some(part) = part else { return };
        if item.bot && !matches!(part, Part::InHand) {
            draft.of_bots += 1;
            return;
        }
        let rank = (
            std::cmp::Reverse(item.placement.status.severity()),
            item.placement.since,
        );
        let words = describe(material, span, stop, part);
        let entries = match part {
            Part::InHand => &mut draft.parts[0],
            Part::Asked => &mut draft.parts[1],
            Part::Blocked => &mut draft.parts[2],
            Part::Waits => &mut draft.parts[3],
        };
        entries.push((rank, entry(CardRef::of(item), &words)));
    };
    for holder in item.holders.iter().filter(is_person) {
        let name = material.roster.name(holder);
        if told.insert(same(name)) {
            put(name, held(stop, is_author(name)));
        }
    }
    for reviewer in item.reviewers.iter().filter(is_person) {
        let name = material.roster.name(reviewer);
        if !is_author(name) && told.insert(same(name)) {
            put(name, is_asked(stop).then_some(Part::Asked));
        }
    }
    if let Some(name) = author
        && told.insert(same(name))
    {
        put(name, made(stop));
    }
}

/// Returns what a card is to somebody who holds it; what lies in the backlog is in nobody's hand.
fn held(stop: &Stop, is_author: bool) -> Option<Part> {
    let place = Place::of(&stop.card);
    if place.is_stuck() {
        return Some(Part::Blocked);
    }
    if place.status == Status::Backlog {
        return None;
    }
    Some(if place.status == Status::Review && is_author {
        // With nobody asked for a review, its author holds it and waits.
        Part::Waits
    } else if matches!(place.status, Status::Review | Status::Waiting) {
        Part::Asked
    } else {
        Part::InHand
    })
}

/// Whether a review that was asked for may be given now.
fn is_asked(stop: &Stop) -> bool {
    let place = Place::of(&stop.card);
    let is_made = matches!(place.stage, Stage::Code | Stage::Build | Stage::Test);
    let is_open = matches!(
        place.status,
        Status::Review | Status::Running | Status::Queued | Status::Flaky | Status::Unknown
    );
    is_made && is_open
}

/// Returns what a card is to somebody who made it and does not hold it.
fn made(stop: &Stop) -> Option<Part> {
    let item = &stop.card;
    let place = Place::of(item);
    if !has_way(item.anchor) || place.stage == Stage::Plan {
        return None;
    }
    if place.is_stuck() {
        return Some(Part::Blocked);
    }
    // What is live and well waits for nothing that anybody could do.
    let is_live = matches!(place.stage, Stage::Operate | Stage::Monitor);
    (!is_live && place.status.severity() != Severity::Calm).then_some(Part::Waits)
}

fn describe(material: Material<'_>, span: Span, stop: &Stop, part: Part) -> String {
    let calendar = material.calendar;
    match part {
        Part::InHand => words::held(stop, calendar, span.now),
        Part::Asked => words::asked(stop, calendar, span.now),
        Part::Blocked => words::stuck(stop, calendar, span.now),
        Part::Waits => words::waits(stop, calendar, span.now),
    }
}

/// Puts a card that went forward into the past of those who brought it there: who made it, and who
/// held it to work on it. What was written down only has not moved.
fn moved(material: Material<'_>, stop: &Stop, drafts: &mut Drafts) {
    let item = &stop.card;
    let here = Place::of(item);
    let Some(last) = stop.happened.steps.last() else {
        return;
    };
    if stop.happened.way != Way::Forward || here.stage == Stage::Plan || !has_way(item.anchor) {
        return;
    }
    // Those of whom only a word was awaited are told by that word.
    let held = match stop.happened.before {
        Before::Stood(place) if !matches!(place.status, Status::Review | Status::Waiting) => {
            stop.happened.held_by.as_slice()
        }
        Before::Stood(_) | Before::New | Before::Unknown => &[],
    };
    let makers = item.author.iter().chain(held);
    let mut told = HashSet::new();
    for person in makers.filter(|person| !person.bot) {
        let name = material.roster.name(person);
        if told.insert(same(name)) {
            let entry = Entry {
                card: CardRef::of(item),
                words: stop.story.clone(),
            };
            let at = std::cmp::Reverse(last.at);
            drafts.of(name).moved.push((at, entry));
        }
    }
}

/// Puts what reviewers said into their past: of each about a card, the last.
fn reviewed(material: Material<'_>, span: Span, card: &CardRecord, drafts: &mut Drafts) {
    let Span { since, now } = span;
    let notes = card.life.changes.iter().flat_map(|change| {
        let own = change.author.as_ref();
        let by_other = move |note: &&ReviewNote| {
            !note.by.bot && own.is_none_or(|own| !material.roster.is_one(own, &note.by))
        };
        change.reviews.iter().filter(by_other)
    });
    let mut last: BTreeMap<Cow<'_, str>, (&Clean, &ReviewNote)> = BTreeMap::new();
    for note in notes.filter(|note| since < note.at && note.at <= now) {
        let name = material.roster.name(&note.by);
        let known = last.entry(same(name)).or_insert((name, note));
        if known.1.at <= note.at {
            *known = (name, note);
        }
    }
    for (name, note) in last.into_values() {
        let when = words::moment(note.at, material.calendar, now);
        let told = format!("{} {when}", words::said(&note.verdict));
        let place = card.timeline.at(now).map(|moment| Place {
            stage: moment.standing.stage,
            status: moment.standing.status,
            done: moment.standing.done,
        });
        let entry = entry(CardRef::of_life(&card.life, place), &told);
        let at = std::cmp::Reverse(note.at);
        drafts.of(name).moved.push((at, entry));
    }
}
