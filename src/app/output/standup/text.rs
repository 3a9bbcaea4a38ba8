//! A stand-up as a message: short lines, links, what is red and blocked first.
//!
//! Every part is bounded, and says what it left out. In Markdown remote text can form no link, no
//! heading and no mention.

use std::fmt::Write as _;

use chrono::Datelike as _;

use crate::app::cli::StandupBy;
use crate::app::output::markdown::{escape, link};
use crate::app::output::standup::Minutes;
use crate::app::output::table::source_line;
use crate::domain::item::{Outcome, WorkItem};
use crate::domain::stage::Stage;
use crate::domain::standup::{CardRef, Entry, Known, Place, Stop, Turn, Way, moment};
use crate::domain::status::Severity;
use crate::domain::text::{Clean, counted, truncate};

/// The most lines and characters of a message that a chat takes.
const MOST_LINES: usize = 60;
const MOST_CHARS: usize = 4_000;

/// How much of a stand-up is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extent {
    /// What fits into a message.
    Message,
    /// All.
    All,
}

/// How many are told of each kind.
#[derive(Clone, Copy)]
struct Most {
    /// Cards that are red or blocked.
    stuck: usize,
    /// Cards of one stage; where none is told, each stage is one line.
    stage: usize,
    /// Cards of one part of a turn; where none is told, each person is one line.
    part: usize,
    /// People.
    people: usize,
    /// Finished cards, and marks of the parking lot.
    others: usize,
}

const ALL: Most = most([usize::MAX; 5]);

/// From what is usual to what fits in any case: what is stuck goes last.
const STEPS: [Most; 9] = [
    most([12, 8, 4, 30, 12]),
    most([10, 5, 3, 20, 8]),
    most([8, 3, 2, 15, 5]),
    most([8, 2, 1, 10, 4]),
    most([6, 1, 1, 8, 3]),
    most([6, 0, 0, 30, 3]),
    most([5, 0, 0, 20, 2]),
    most([4, 0, 0, 10, 1]),
    most([3, 0, 0, 5, 1]),
];

const fn most([stuck, stage, part, people, others]: [usize; 5]) -> Most {
    Most {
        stuck,
        stage,
        part,
        people,
        others,
    }
}

/// How much of a key is told, in columns: an alert's name may be of any length.
const KEY: usize = 80;

/// How much of a title is told, in columns.
const TITLE: usize = 50;

/// How much is told of why something is so, in columns.
const WHY: usize = 100;

/// What the message is written in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Markdown, as chats, wikis and forges read it.
    Markdown,
    /// Plain text.
    Text,
}

/// A message that is being written.
struct Paper {
    form: Form,
    most: Most,
    out: String,
}

/// Writes a stand-up down.
pub fn write(minutes: Minutes<'_>, form: Form, extent: Extent) -> String {
    if extent == Extent::All {
        return written(minutes, form, ALL);
    }
    let mut text = String::new();
    for (step, most) in STEPS.into_iter().enumerate() {
        text = written(minutes, form, most);
        if step > 0 {
            let mut remark = Paper::new(form, most);
            remark.remark("in short, to fit a message; `--all` tells everything");
            text.push_str(&remark.out);
        }
        if text.lines().count() <= MOST_LINES && text.chars().count() <= MOST_CHARS {
            break;
        }
    }
    text
}

fn written(minutes: Minutes<'_>, form: Form, most: Most) -> String {
    let mut paper = Paper::new(form, most);
    head(minutes, &mut paper);
    stuck(minutes, &mut paper);
    match minutes.by {
        StandupBy::Stage => stages(minutes, &mut paper),
        StandupBy::Person => people(minutes, &mut paper),
    }
    parked(minutes, &mut paper);
    foot(minutes, &mut paper);
    paper.out
}

impl Paper {
    fn new(form: Form, most: Most) -> Self {
        Self {
            form,
            most,
            out: String::new(),
        }
    }

    /// Writes a heading, with an empty line before it.
    fn heading(&mut self, text: &str) {
        // Writing to a string cannot fail.
        let _ = match self.form {
            Form::Markdown => write!(self.out, "\n**{}**\n\n", escape(text)),
            Form::Text => write!(self.out, "\n{text}\n"),
        };
    }

    /// Writes a card: a word before it, its key with its page, its title, and what is told of it.
    fn card(&mut self, before: &str, card: &CardRef, told: &str) {
        let (key, title) = (truncate(&card.key, KEY), truncate(&card.title, TITLE));
        let gap = if title.is_empty() { "" } else { " " };
        let _ = match self.form {
            Form::Markdown => writeln!(
                self.out,
                "* {before}{}{gap}{}: {}",
                link(&key, card.url.as_ref()),
                escape(&title),
                escape(told)
            ),
            Form::Text => {
                let _ = writeln!(self.out, "  {before}{key}{gap}{title}: {told}");
                match &card.url {
                    Some(url) => writeln!(self.out, "    {url}"),
                    None => Ok(()),
                }
            }
        };
    }

    /// Writes a line of a list.
    fn line(&mut self, text: &str) {
        let _ = match self.form {
            Form::Markdown => writeln!(self.out, "* {}", escape(text)),
            Form::Text => writeln!(self.out, "  {text}"),
        };
    }

    /// Says how many were left out, if any were.
    fn more(&mut self, count: usize, what: &str) {
        if count > 0 {
            self.line(&format!("and {count} more{what}"));
        }
    }

    /// Writes a remark about the whole.
    fn remark(&mut self, text: &str) {
        let _ = match self.form {
            Form::Markdown => write!(self.out, "\n> {}\n", escape(text)),
            Form::Text => write!(self.out, "\nnote: {text}\n"),
        };
    }
}

fn head(minutes: Minutes<'_>, paper: &mut Paper) {
    let standup = minutes.standup;
    let day = |at| {
        let (local, now) = (
            minutes.calendar.local(at),
            minutes.calendar.local(standup.now),
        );
        let form = if local.year() == now.year() {
            "%a %-d %b %H:%M"
        } else {
            "%a %-d %b %Y %H:%M"
        };
        local.format(form).to_string()
    };
    let (now, since) = (day(standup.now), day(standup.since));
    let zone = minutes.calendar.work().zone.name();
    let _ = match paper.form {
        Form::Markdown => writeln!(
            paper.out,
            "**Stand-up {now}**, since {since} ({})",
            escape(zone)
        ),
        Form::Text => writeln!(paper.out, "Stand-up {now}, since {since} ({zone})"),
    };
}

fn stuck(minutes: Minutes<'_>, paper: &mut Paper) {
    let stuck = minutes.standup.stuck();
    if stuck.is_empty() {
        return;
    }
    paper.heading("Red and blocked");
    let most = paper.most.stuck;
    for stop in stuck.iter().take(most) {
        let reason = truncate(&stop.card.placement.reason, WHY);
        let stage = minutes.title(stop.card.placement.stage);
        let told = format!("{}, in {stage}{}: {reason}", stop.story, holders(stop));
        paper.card("", &CardRef::of(&stop.card), &told);
    }
    paper.more(stuck.len().saturating_sub(most), "");
}

/// Who holds a card, as it stands behind other words.
fn holders(stop: &Stop) -> String {
    match stop.holders.as_slice() {
        [] => String::new(),
        [one] => format!(", {one}"),
        [one, other] => format!(", {one} and {other}"),
        [one, others @ ..] => format!(", {one} and {}", counted(others.len(), "other")),
    }
}

fn stages(minutes: Minutes<'_>, paper: &mut Paper) {
    finished(minutes, paper);
    let most = paper.most.stage;
    let mut in_short = Vec::new();
    for stage in Stage::ALL.into_iter().rev() {
        let walk = minutes.standup.walk.iter();
        let here = walk.filter(|stop| stop.card.placement.stage == stage);
        let (mut told, mut still, mut bots): (Vec<&Stop>, usize, usize) = (Vec::new(), 0, 0);
        for stop in here.filter(|stop| !Place::of(&stop.card).is_stuck()) {
            if stop.card.bot {
                bots += 1;
            } else if stop.happened.way == Way::Still && stop.happened.steps.is_empty() {
                still += 1;
            } else {
                told.push(stop);
            }
        }
        if told.is_empty() {
            continue;
        }
        if most == 0 {
            let (title, moved) = (minutes.title(stage), told.len());
            in_short.push(format!("{title}: {moved} moved, {still} did not"));
            continue;
        }
        paper.heading(minutes.title(stage));
        for stop in told.iter().take(most) {
            let told = format!("{}{}{}", stop.story, holders(stop), awaited(stop));
            paper.card("", &CardRef::of(&stop.card), &told);
        }
        paper.more(told.len().saturating_sub(most), "");
        if still > 0 {
            paper.line(&format!("{still} did not move"));
        }
        if bots > 0 {
            paper.line(&format!("{bots} made by bots"));
        }
    }
    if !in_short.is_empty() {
        paper.heading("Moved");
        for line in in_short {
            paper.line(&line);
        }
    }
    let walk = minutes.standup.walk.iter();
    let moved = walk.filter(|stop| stop.happened.way != Way::Still).count();
    if moved > 0 || !minutes.standup.finished.is_empty() {
        return;
    }
    paper.remark(match minutes.silent().next() {
        None => "nothing moved",
        Some(_) => "whether anything moved is not known: not every source answered",
    });
}

/// What a card waits for, where that is a person.
fn awaited(stop: &Stop) -> String {
    let item: &WorkItem = &stop.card;
    if item.placement.status.severity() == Severity::Waiting {
        format!("; waits for {}", stop.waits_for)
    } else {
        String::new()
    }
}

fn finished(minutes: Minutes<'_>, paper: &mut Paper) {
    let standup = minutes.standup;
    let (bots, people): (Vec<_>, Vec<_>) = standup.finished.iter().partition(|done| done.bot);
    if people.is_empty() {
        return;
    }
    paper.heading("Finished");
    let most = paper.most.others;
    for done in people.iter().take(most) {
        let by = done.by.first();
        let by = by.map_or_else(String::new, |name| format!(", {name}"));
        let word = match done.outcome {
            Outcome::Shipped => "done",
            Outcome::Dropped => "closed",
        };
        let when = moment(done.at, minutes.calendar, standup.now);
        paper.card("", &done.card, &format!("{word} {when}{by}"));
    }
    paper.more(people.len().saturating_sub(most), "");
    if !bots.is_empty() {
        paper.line(&format!("{} made by bots", bots.len()));
    }
}

fn people(minutes: Minutes<'_>, paper: &mut Paper) {
    let standup = minutes.standup;
    let most = paper.most;
    if most.part == 0 && !standup.turns.is_empty() {
        paper.heading("People");
    }
    for turn in standup.turns.iter().take(most.people) {
        if most.part == 0 {
            in_short(turn, paper);
        } else {
            paper.heading(&turn.name);
            person(turn, paper);
        }
    }
    let more = standup.turns.len().saturating_sub(most.people);
    if more > 0 {
        paper.remark(&format!("and {more} more people"));
    }
    match standup.quiet {
        0 => {}
        1 => paper.remark("of 1 person there is nothing to tell"),
        quiet => paper.remark(&format!("of {quiet} people there is nothing to tell")),
    }
}

/// Tells of a person in one line.
fn in_short(turn: &Turn, paper: &mut Paper) {
    let parts = [
        (turn.blocked.len(), "stuck"),
        (turn.moved.len(), "moved"),
        (turn.in_hand.len(), "in hand"),
        (turn.asked.len(), "for them to answer"),
        (turn.waits.len(), "waiting for others"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let name = truncate(&turn.name, TITLE);
    paper.line(&format!("{name}: {}", parts.join(", ")));
}

fn person(turn: &Turn, paper: &mut Paper) {
    let most = paper.most.part;
    let parts: [(&str, &[Entry]); 5] = [
        ("stuck: ", &turn.blocked),
        ("moved: ", &turn.moved),
        ("in hand: ", &turn.in_hand),
        ("waits for them: ", &turn.asked),
        ("they wait: ", &turn.waits),
    ];
    for (word, entries) in parts {
        for entry in entries.iter().take(most) {
            paper.card(word, &entry.card, &truncate(&entry.words, WHY));
        }
        let what = format!(" ({})", word.trim_end_matches(": "));
        paper.more(entries.len().saturating_sub(most), &what);
    }
    if turn.of_bots > 0 {
        paper.line(&format!("waits for them: {} made by bots", turn.of_bots));
    }
}

fn parked(minutes: Minutes<'_>, paper: &mut Paper) {
    let parked = &minutes.standup.parked;
    if parked.is_empty() {
        return;
    }
    paper.heading("Parking lot");
    let most = paper.most.others;
    for parked in parked.iter().take(most) {
        let note = truncate(&parked.mark.note, WHY);
        match &parked.card {
            Some(card) => paper.card("", card, &note),
            None => paper.line(&note),
        }
    }
    paper.more(parked.len().saturating_sub(most), "");
}

fn foot(minutes: Minutes<'_>, paper: &mut Paper) {
    let standup = minutes.standup;
    let bots = &standup.bots;
    if bots.cards + bots.finished > 0 {
        let mut told = format!("bots: {}", counted(bots.cards, "card"));
        for (count, word) in [
            (bots.moved, "moved"),
            (bots.finished, "finished"),
            (bots.red.len(), "red or blocked"),
        ] {
            if count > 0 {
                let _ = write!(told, ", {count} {word}");
            }
        }
        paper.remark(&told);
    }
    match standup.known {
        Known::Whole(_) => {}
        Known::From(begun) => {
            let begun = moment(begun, minutes.calendar, standup.now);
            paper.remark(&format!("history counts since {begun} only"));
        }
        Known::Nothing => {
            paper.remark("there is no history yet: only what cards say of themselves is told");
        }
    }
    for view in minutes.silent() {
        let line = Clean::line(&source_line(view, standup.now));
        paper.remark(&line);
    }
}
