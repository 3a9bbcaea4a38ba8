//! The stand-up in plain mode: the walk, the people, what is parked, one line each.
//!
//! It is prepared by who prepares it for the board, on a thread that may wait; what is told of it is
//! decided when it comes. Cards have numbers, as in any list.

use std::collections::HashSet;

use super::aside::Before;
use super::cards::NO_CARD;
use super::talk::{Do, Said, Talk, line};
use super::words;
use crate::app::standup::desk;
use crate::domain::Timestamp;
use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::domain::standup::{
    CardRef, Entry, Known, LeftOut, Parked, Since, Stop, Turn, Unsaid, moment,
};
use crate::domain::status::Severity;
use crate::domain::text::{Clean, nearest};
use crate::engine::snapshot::Snapshot;
use crate::ui::standup::{Answer, Ask, By, Order, Prepared};

/// What is told once a stand-up is prepared.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Tell {
    /// The walk; with all cards, or without the quiet ones.
    Walk { all: bool },
    /// All people, or the one of this name.
    People(String),
    /// What is parked.
    Lot,
    /// This, where it was kept.
    Kept(String),
}

/// What is known of the stand-up.
#[derive(Default, Debug)]
pub(super) struct Minutes {
    given: u64,
    awaited: Vec<(u64, Tell)>,
    since: Since,
    prepared: Option<Prepared>,
    by: By,
    /// The notes of the last list of them.
    marks: Vec<Parked>,
}

/// The lines of a list and the cards that their numbers mean.
#[derive(Default)]
pub(super) struct Listed {
    pub(super) lines: Vec<String>,
    pub(super) cards: Vec<ItemId>,
}

impl Listed {
    /// Adds a card with its number.
    pub(super) fn card(&mut self, id: &ItemId, text: &str) {
        self.cards.push(id.clone());
        self.lines.push(format!("{}. {text}", self.cards.len()));
    }
}

impl Talk {
    /// Has the walk told; `all` with the cards of which there is nothing to say.
    pub(super) fn standup(&mut self, which: &str) -> Vec<Said> {
        match which {
            "" | "all" => {
                let all = which == "all";
                self.prepare(Tell::Walk { all })
            }
            _ => vec![line(
                "`standup`, or `standup all` with the quiet cards; `people` tells it by person",
            )],
        }
    }

    /// Has the stand-up told by person.
    pub(super) fn people(&mut self, name: &str) -> Vec<Said> {
        self.prepare(Tell::People(name.to_owned()))
    }

    /// Has it told what is parked.
    pub(super) fn parked(&mut self) -> Vec<Said> {
        self.prepare(Tell::Lot)
    }

    /// Sets how far the stand-up looks back.
    pub(super) fn since(&mut self, text: &str) -> Vec<Said> {
        let Some(since) = Since::parse(text) else {
            let hint = nearest(text, Since::WORDS).map_or_else(
                || "e.g. `last`, `yesterday`, `2d`, `friday`, `09:30`".to_owned(),
                |word| format!("did you mean `{word}`?"),
            );
            return vec![line(format!("`{text}` is no moment; {hint}"))];
        };
        self.minutes.since = since;
        self.prepare(Tell::Walk { all: false })
    }

    /// Notes what of this card is to be talked about.
    pub(super) fn park(&mut self, note: &str, snapshot: &Snapshot) -> Vec<Said> {
        let Some(item) = self.card(snapshot) else {
            return vec![line(NO_CARD)];
        };
        if note.is_empty() {
            return vec![line("say what is to be talked about: `park split it?`")];
        }
        let key = snapshot.names().short_key(item);
        let text = format!("parked, {key}: {note}; `parked` lists it");
        let order = Order::Park(item.id.clone(), note.to_owned());
        self.ask(order, Tell::Kept(text))
    }

    /// Takes the note of a number away.
    pub(super) fn talked_about(&mut self, number: &str) -> Vec<Said> {
        let at = number
            .parse::<usize>()
            .ok()
            .and_then(|at| at.checked_sub(1));
        let Some(mark) = at.and_then(|at| self.minutes.marks.get(at)).cloned() else {
            return vec![line(
                "say which: `talked 2`, with a number of the last `parked`",
            )];
        };
        self.minutes.marks.retain(|other| *other != mark);
        self.remember(Before::Parked(mark.clone()));
        let text = format!("talked about: {}; `undo` puts it back", mark.note);
        self.ask(Order::Settle(mark), Tell::Kept(text))
    }

    /// Puts a note back.
    pub(super) fn restore(&mut self, mark: Parked) -> Vec<Said> {
        let text = format!("parked again: {}", mark.note);
        self.ask(Order::Restore(mark), Tell::Kept(text))
    }

    /// Remembers that it was held.
    pub(super) fn held(&mut self) -> Vec<Said> {
        let text = "held; the next stand-up looks back to it".to_owned();
        self.ask(Order::Hold, Tell::Kept(text))
    }

    /// Returns the stand-up as it is copied, once it was told.
    pub(super) fn copied_standup(&self) -> Option<String> {
        let prepared = self.minutes.prepared.as_ref()?;
        let columns = &self.setting.columns;
        Some(desk::markdown(prepared, self.minutes.by, columns))
    }

    fn prepare(&mut self, tell: Tell) -> Vec<Said> {
        let mut said = vec![line("preparing the stand-up")];
        said.extend(self.ask(Order::Prepare, tell));
        said
    }

    fn ask(&mut self, order: Order, tell: Tell) -> Vec<Said> {
        let minutes = &mut self.minutes;
        minutes.given += 1;
        minutes.awaited.push((minutes.given, tell));
        vec![Said::Do(Do::Standup(Ask {
            number: minutes.given,
            since: minutes.since,
            order,
        }))]
    }

    /// Takes in what was prepared, and tells what was wanted of it.
    pub(super) fn on_standup(&mut self, answer: Answer, now: Timestamp) -> Vec<Said> {
        let mut awaited = self.minutes.awaited.iter();
        let Some(at) = awaited.position(|(number, _)| *number == answer.number) else {
            return Vec::new();
        };
        let (_, tell) = self.minutes.awaited.remove(at);
        let prepared = answer.prepared;
        let mut said: Vec<Said> = answer.trouble.into_iter().map(line).collect();
        match tell {
            Tell::Kept(text) => said.insert(0, line(text)),
            Tell::Lot => said.extend(self.lot(&prepared)),
            Tell::Walk { all } => {
                self.minutes.by = By::Stage;
                said.extend(self.walk(&prepared, all, now));
            }
            Tell::People(name) => {
                self.minutes.by = By::Person;
                said.extend(self.turns(&prepared, &name, now));
            }
        }
        self.minutes.prepared = Some(prepared);
        said
    }

    /// Makes these lines and cards the list.
    pub(super) fn listed(&mut self, listed: Listed) -> Vec<Said> {
        self.listed = listed.cards;
        self.tell(listed.lines)
    }

    fn walk(&mut self, prepared: &Prepared, all: bool, now: Timestamp) -> Vec<Said> {
        let (snapshot, standup) = (&prepared.snapshot, &prepared.standup);
        let context = self.context(snapshot, now);
        let since = moment(standup.since, &prepared.calendar, standup.now);
        let mut listed = Listed::default();
        listed.lines.push(format!("since {since}"));
        listed.lines.extend(known(prepared));
        let (mut left_out, mut stage) = (LeftOut::default(), None);
        for stop in standup
            .walk
            .iter()
            .filter(|it| self.shows(&it.card, &context))
        {
            let id = &stop.card.id;
            let calls = snapshot.attention.first(id, now).is_some();
            if let Some(why) = stop.unsaid(calls).filter(|_| !all) {
                left_out.add(why);
                continue;
            }
            let here = stop.card.placement.stage;
            if stage.replace(here) != Some(here) {
                let title = words::title(&self.setting.columns, here);
                listed.lines.push(title.to_owned());
            }
            listed.card(id, &of_stop(stop, snapshot));
        }
        if listed.cards.is_empty() {
            listed.lines.push("there is no card to tell of".to_owned());
        }
        for (count, why) in left_out.counts() {
            let what = match why {
                Unsaid::Quiet => "of which there is nothing to say",
                Unsaid::Live => "that went live and are well",
                Unsaid::OfBots => "made by bots",
                Unsaid::Findings => "of findings that stand where they stood",
            };
            let cards = words::cards(count);
            let text = format!("left out: {cards} {what}; `standup all` tells them");
            listed.lines.push(text);
        }
        // What left the board is asked by no filter.
        let finished = standup.finished.iter();
        let finished = finished.filter(|done| !done.bot && self.filter.is_empty());
        listed.lines.extend(finished.map(|done| {
            let when = moment(done.at, &prepared.calendar, standup.now);
            format!("finished: {} {}, {when}", done.card.key, done.card.title)
        }));
        self.listed(listed)
    }

    fn turns(&mut self, prepared: &Prepared, name: &str, now: Timestamp) -> Vec<Said> {
        let context = self.context(&prepared.snapshot, now);
        let on_board = prepared.standup.walk.iter();
        let shown: HashSet<&ItemId> = on_board
            .filter(|stop| self.shows(&stop.card, &context))
            .map(|stop| &stop.card.id)
            .collect();
        let all = prepared.standup.turns.iter();
        // What left the board is asked by no filter.
        let turns: Vec<Turn> = if self.filter.is_empty() {
            all.cloned().collect()
        } else {
            all.filter_map(|turn| turn.only(|id| shown.contains(id)))
                .collect()
        };
        let wanted = name.to_lowercase();
        let is_it = |turn: &&Turn| turn.name.to_lowercase().contains(&wanted);
        let found: Vec<&Turn> = turns.iter().filter(is_it).collect();
        if found.is_empty() {
            let names: Vec<&str> = turns.iter().map(|turn| turn.name.as_str()).collect();
            return vec![line(match names.as_slice() {
                [] if !self.filter.is_empty() => {
                    format!("of nobody there is anything to tell with `{}`", self.filter)
                }
                [] => "of nobody there is anything to tell".to_owned(),
                names => format!("nobody `{name}`; there are {}", names.join(", ")),
            })];
        }
        let mut listed = Listed::default();
        listed.lines.extend(known(prepared));
        for turn in found {
            of_turn(turn, &mut listed);
        }
        if !self.filter.is_empty() {
            let text = format!("only cards on the board with `{}`", self.filter);
            listed.lines.insert(0, text);
            return self.listed(listed);
        }
        match prepared.standup.quiet {
            0 => {}
            1 => listed
                .lines
                .push("of 1 person there is nothing to tell".to_owned()),
            many => listed
                .lines
                .push(format!("of {many} people there is nothing to tell")),
        }
        self.listed(listed)
    }

    fn lot(&mut self, prepared: &Prepared) -> Vec<Said> {
        let parked = &prepared.standup.parked;
        self.minutes.marks = parked.iter().map(|it| it.mark.clone()).collect();
        let mut listed = Listed::default();
        for parked in parked {
            let note = &parked.mark.note;
            let text = match &parked.card {
                Some(card) => format!("{}: {note}", called(card)),
                None => note.to_string(),
            };
            listed.card(&parked.mark.item, &text);
        }
        if listed.cards.is_empty() {
            return vec![line("nothing is parked; `park NOTE` parks the open card")];
        }
        self.listed(listed)
    }
}

/// Says how far history reaches, where that is less than was asked for.
fn known(prepared: &Prepared) -> Option<String> {
    match prepared.standup.known {
        Known::Whole(_) => None,
        Known::From(begun) => {
            let begun = moment(begun, &prepared.calendar, prepared.standup.now);
            Some(format!("history counts since {begun} only"))
        }
        Known::Nothing => {
            Some("there is no history yet: only what cards say of themselves is told".to_owned())
        }
    }
}

/// Returns a card of the walk in one line.
fn of_stop(stop: &Stop, snapshot: &Snapshot) -> String {
    let item: &WorkItem = &stop.card;
    let key = snapshot.names().short_key(item);
    let mut text = format!("{key}, {}: {}", item.title, stop.story);
    if !stop.holders.is_empty() {
        let names: Vec<&str> = stop.holders.iter().map(Clean::as_str).collect();
        text = format!("{text}, held by {}", names.join(" and "));
    }
    if item.placement.status.severity() == Severity::Waiting {
        text = format!("{text}, waits for {}", stop.waits_for);
    }
    for note in &stop.parked {
        text = format!("{text}, parked: {note}");
    }
    text
}

/// Tells of a person: a line with the counts, then a line each card.
fn of_turn(turn: &Turn, listed: &mut Listed) {
    let parts: [(&str, &[Entry]); 5] = [
        ("stuck", &turn.blocked),
        ("moved", &turn.moved),
        ("in hand", &turn.in_hand),
        ("waits for them", &turn.asked),
        ("they wait", &turn.waits),
    ];
    let counts = parts.iter().filter(|(_, entries)| !entries.is_empty());
    let counts: Vec<String> = counts
        .map(|(word, entries)| format!("{} {word}", entries.len()))
        .collect();
    listed
        .lines
        .push(format!("{}: {}", turn.name, counts.join(", ")));
    for (word, entries) in parts {
        for entry in entries {
            let text = format!("{word}: {}: {}", called(&entry.card), entry.words);
            listed.card(&entry.card.id, &text);
        }
    }
    if turn.of_bots > 0 {
        let text = format!("waits for them: {} made by bots", turn.of_bots);
        listed.lines.push(text);
    }
}

fn called(card: &CardRef) -> String {
    format!("{} {}", card.key, card.title).trim().to_owned()
}
