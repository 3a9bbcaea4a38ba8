//! A stand-up as JSON: all that there is, in the order of the walk and of names.
//!
//! Fields are only ever added. Times of work are in seconds, moments in UTC.

use serde::Serialize;

use crate::app::output::json::{self, Card, SCHEMA, SourceDocument};
use crate::app::output::{instant, standup::Minutes};
use crate::domain::Timestamp;
use crate::domain::item::Outcome;
use crate::domain::key::WebUrl;
use crate::domain::standup::{
    Before, Bots, CardRef, Entry, Finished, Known, ParkedCard, Place, Step, Stop, Turn, Unsaid, Way,
};
use crate::domain::text::Clean;
use crate::engine::snapshot::Snapshot;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    generated_at: String,
    since: String,
    /// Since when history counts; nothing where it has not begun.
    history_since: Option<String>,
    /// Whether history reaches back to `since`.
    complete: bool,
    zone: &'a str,
    sources: Vec<SourceDocument<'a>>,
    walk: Vec<StopDocument<'a>>,
    finished: Vec<FinishedDocument<'a>>,
    people: Vec<TurnDocument<'a>>,
    quiet: usize,
    bots: BotsDocument<'a>,
    parked: Vec<ParkedDocument<'a>>,
}

#[derive(Serialize)]
struct StopDocument<'a> {
    card: Card<'a>,
    story: &'a str,
    way: &'a str,
    before: Option<PlaceDocument<'a>>,
    is_new: bool,
    taken_back_at: Option<String>,
    entered_at: String,
    in_stage_secs: i64,
    in_status_secs: i64,
    holders: Vec<&'a str>,
    waits_for: &'a str,
    steps: Vec<StepDocument<'a>>,
    parked: Vec<&'a str>,
    /// Why the walk leaves it out unless all cards are wanted; nothing where it tells it.
    left_out: Option<&'static str>,
}

#[derive(Serialize)]
struct PlaceDocument<'a> {
    stage: &'a str,
    status: &'a str,
    done: Option<&'a str>,
}

#[derive(Serialize)]
struct StepDocument<'a> {
    at: String,
    from: Option<PlaceDocument<'a>>,
    to: PlaceDocument<'a>,
    rule: &'a str,
}

#[derive(Serialize)]
struct CardDocument<'a> {
    id: &'a str,
    key: &'a str,
    title: &'a str,
    url: Option<&'a str>,
    place: Option<PlaceDocument<'a>>,
}

#[derive(Serialize)]
struct FinishedDocument<'a> {
    card: CardDocument<'a>,
    at: String,
    outcome: &'a str,
    by: Vec<&'a str>,
    bot: bool,
}

#[derive(Serialize)]
struct TurnDocument<'a> {
    name: &'a str,
    moved: Vec<EntryDocument<'a>>,
    in_hand: Vec<EntryDocument<'a>>,
    asked: Vec<EntryDocument<'a>>,
    blocked: Vec<EntryDocument<'a>>,
    waits: Vec<EntryDocument<'a>>,
    of_bots: usize,
}

#[derive(Serialize)]
struct EntryDocument<'a> {
    card: CardDocument<'a>,
    words: &'a str,
}

#[derive(Serialize)]
struct BotsDocument<'a> {
    cards: usize,
    moved: usize,
    finished: usize,
    red: Vec<CardDocument<'a>>,
}

#[derive(Serialize)]
struct ParkedDocument<'a> {
    item: &'a str,
    note: &'a str,
    at: String,
    card: Option<CardDocument<'a>>,
}

/// Returns a stand-up as one JSON document with a line break at its end.
pub fn json(minutes: Minutes<'_>) -> Result<String, serde_json::Error> {
    let standup = minutes.standup;
    let (history_since, complete) = match standup.known {
        Known::Whole(begun) => (Some(instant(begun)), true),
        Known::From(begun) => (Some(instant(begun)), false),
        Known::Nothing => (None, false),
    };
    json::pretty(&Document {
        schema: SCHEMA,
        generated_at: instant(standup.now),
        since: instant(standup.since),
        history_since,
        complete,
        zone: minutes.calendar.work().zone.name(),
        sources: json::sources(&minutes.snapshot.sources, standup.now),
        walk: standup
            .walk
            .iter()
            .map(|it| stop(it, minutes.snapshot, standup.now))
            .collect(),
        finished: standup.finished.iter().map(finished).collect(),
        people: standup.turns.iter().map(turn).collect(),
        quiet: standup.quiet,
        bots: bots(&standup.bots),
        parked: standup.parked.iter().map(parked).collect(),
    })
}

fn stop<'a>(stop: &'a Stop, snapshot: &Snapshot, now: Timestamp) -> StopDocument<'a> {
    let happened = &stop.happened;
    let calls = snapshot.attention.first(&stop.card.id, now).is_some();
    StopDocument {
        card: json::card(&stop.card, snapshot, now),
        story: &stop.story,
        way: match happened.way {
            Way::Still => "still",
            Way::Forward => "forward",
            Way::Back => "back",
            Way::Aside => "aside",
        },
        before: match happened.before {
            Before::Stood(before) => Some(place(before)),
            Before::New | Before::Unknown => None,
        },
        is_new: happened.before == Before::New,
        taken_back_at: happened.taken_back.map(instant),
        entered_at: instant(stop.entered),
        in_stage_secs: stop.in_stage.num_seconds(),
        in_status_secs: stop.in_status.num_seconds(),
        holders: texts(&stop.holders),
        waits_for: &stop.waits_for,
        steps: happened.steps.iter().map(step).collect(),
        parked: texts(&stop.parked),
        left_out: stop.unsaid(calls).map(Unsaid::as_str),
    }
}

fn texts(texts: &[Clean]) -> Vec<&str> {
    texts.iter().map(Clean::as_str).collect()
}

fn place(place: Place) -> PlaceDocument<'static> {
    PlaceDocument {
        stage: place.stage.as_str(),
        status: place.status.as_str(),
        done: place.done.map(outcome),
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Shipped => "shipped",
        Outcome::Dropped => "dropped",
    }
}

fn step(step: &Step) -> StepDocument<'_> {
    StepDocument {
        at: instant(step.at),
        from: step.from.map(place),
        to: place(step.to),
        rule: &step.rule,
    }
}

fn card(card: &CardRef) -> CardDocument<'_> {
    CardDocument {
        id: card.id.as_str(),
        key: &card.key,
        title: &card.title,
        url: card.url.as_ref().map(WebUrl::as_str),
        place: card.place.map(place),
    }
}

fn finished(done: &Finished) -> FinishedDocument<'_> {
    FinishedDocument {
        card: card(&done.card),
        at: instant(done.at),
        outcome: outcome(done.outcome),
        by: texts(&done.by),
        bot: done.bot,
    }
}

fn turn(turn: &Turn) -> TurnDocument<'_> {
    TurnDocument {
        name: &turn.name,
        moved: entries(&turn.moved),
        in_hand: entries(&turn.in_hand),
        asked: entries(&turn.asked),
        blocked: entries(&turn.blocked),
        waits: entries(&turn.waits),
        of_bots: turn.of_bots,
    }
}

fn entries(entries: &[Entry]) -> Vec<EntryDocument<'_>> {
    entries.iter().map(entry).collect()
}

fn entry(entry: &Entry) -> EntryDocument<'_> {
    EntryDocument {
        card: card(&entry.card),
        words: &entry.words,
    }
}

fn bots(bots: &Bots) -> BotsDocument<'_> {
    BotsDocument {
        cards: bots.cards,
        moved: bots.moved,
        finished: bots.finished,
        red: bots.red.iter().map(card).collect(),
    }
}

fn parked(parked: &ParkedCard) -> ParkedDocument<'_> {
    ParkedDocument {
        item: parked.mark.item.as_str(),
        note: &parked.mark.note,
        at: instant(parked.mark.at),
        card: parked.card.as_ref().map(card),
    }
}
