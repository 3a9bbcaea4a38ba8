//! What is said and asked in plain mode: a line in, lines and deeds out.
//!
//! Pure: the board and the time are passed in. Choices are numbers; nothing is done at a source
//! before what exactly was told and a word was typed for it.

use std::collections::HashMap;

use super::act::Acting;
use super::words::{self, Stood};
use crate::app::triage;
use crate::config::ColumnConfig;
use crate::domain::Timestamp;
use crate::domain::diagnosis::LogKey;
use crate::domain::hide::Hides;
use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::domain::query::{Query, QueryContext};
use crate::domain::status::Severity;
use crate::domain::text::nearest;
use crate::engine::EngineCommand;
use crate::engine::snapshot::{Health, Row, Snapshot};

/// How many cards are listed at once.
const PAGE: usize = 20;

/// How many changes are told at once; more are counted.
const CHANGES: usize = 8;

/// What is said or done.
#[derive(Debug)]
pub(super) enum Said {
    /// A line.
    Line(String),
    /// Something that only the program can do.
    Do(Do),
}

/// What only the program can do.
#[derive(Debug)]
pub(super) enum Do {
    /// End.
    Quit,
    /// Tell the engine.
    Command(EngineCommand),
    /// Read a log out.
    Log(LogKey),
    /// Go on with the log.
    More,
}

/// What holds for the whole conversation.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    /// The columns, with their titles.
    pub(super) columns: Vec<ColumnConfig>,
    /// Whether no source is asked.
    pub(super) offline: bool,
    /// Whether the team is simulated.
    pub(super) simulated: bool,
    /// Random bits, from which the identities of actions are made.
    pub(super) seed: u128,
    /// What the user put aside on the board.
    pub(super) hides: Hides,
}

/// The commands, each with what it does.
const COMMANDS: [(&str, &str); 12] = [
    ("list", "list the cards; `list build` lists one column"),
    ("more", "go on with a list or a log"),
    ("open", "`open 3`, or `3`: tell all of that card"),
    ("next", "tell the next card that needs a person"),
    (
        "filter",
        "`filter is:red repo:api`: only those cards; `filter` alone: all again",
    ),
    ("log", "read out the log of why this card is red"),
    (
        "act",
        "do something to the run of this card, after a question",
    ),
    ("page", "tell the address of this card's page"),
    ("sources", "tell how the sources stand"),
    ("refresh", "ask all sources now"),
    ("help", "list the commands"),
    ("quit", "end"),
];

/// What a list of cards goes on with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum More {
    Nothing,
    List(usize),
    Log,
}

/// A conversation about the board.
#[derive(Debug)]
pub(super) struct Talk {
    setting: Setting,
    filter: Query,
    /// The cards of the last list: a number means one of them.
    listed: Vec<ItemId>,
    /// The card that is talked about.
    card: Option<ItemId>,
    more: More,
    /// Whether every source was read once, or failed: what comes before that is no change.
    is_settled: bool,
    /// How every card stood, once all sources had answered.
    stood: Option<HashMap<ItemId, Stood>>,
    acting: Acting,
}

pub(super) fn line(text: impl Into<String>) -> Said {
    Said::Line(text.into())
}

impl Talk {
    fn context(&self, snapshot: &Snapshot, now: Timestamp) -> QueryContext {
        QueryContext {
            now,
            me: snapshot.me(),
            attention: snapshot.attention.clone(),
            hides: self.setting.hides.clone(),
        }
    }

    /// Begins a conversation.
    pub(super) fn new(setting: Setting, filter: Query) -> Self {
        let acting = Acting::new(setting.seed);
        Self {
            setting,
            filter,
            listed: Vec::new(),
            card: None,
            more: More::Nothing,
            is_settled: false,
            stood: None,
            acting,
        }
    }

    /// Says how it goes.
    pub(super) fn greeting(&self) -> Vec<Said> {
        let mut said = vec![line("cycleboard, in lines; `help` lists the commands")];
        if self.setting.simulated {
            said.push(line("simulated data"));
        }
        if self.setting.offline {
            said.push(line("offline: no source is asked"));
        }
        said
    }

    /// Takes in that every source was read once, or failed: from now on changes are told.
    pub(super) fn settle(&mut self) {
        self.is_settled = true;
    }

    /// Takes in a new board; tells what changed.
    pub(super) fn on_snapshot(&mut self, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        let mut said = self.acting.on_snapshot(snapshot);
        if !self.is_settled {
            return said;
        }
        let context = self.context(snapshot, now);
        let stood: HashMap<ItemId, Stood> = snapshot
            .items()
            .filter(|item| self.filter.matches(item, &context))
            .map(|item| {
                let stood = Stood {
                    key: snapshot.names().short_key(item).into_owned(),
                    stage: item.placement.stage,
                    status: item.placement.status,
                };
                (item.id.clone(), stood)
            })
            .collect();
        match self.stood.replace(stood) {
            None => said.push(line(self.summary(snapshot, now))),
            Some(before) => said.extend(self.changes(&before)),
        }
        said
    }

    fn changes(&self, before: &HashMap<ItemId, Stood>) -> Vec<Said> {
        let empty = HashMap::new();
        let now = self.stood.as_ref().unwrap_or(&empty);
        let all = before
            .keys()
            .chain(now.keys().filter(|id| !before.contains_key(*id)));
        let columns = &self.setting.columns;
        let mut changed: Vec<(bool, String)> = all
            .filter_map(|id| {
                let (was, is) = (before.get(id), now.get(id));
                let text = words::change(was, is, columns)?;
                let is_red = is.is_some_and(|is| is.status.is_red());
                Some((!is_red, text))
            })
            .collect();
        // What is red is told first, the rest in an order that does not change.
        changed.sort();
        let more = changed.len().saturating_sub(CHANGES);
        let mut said: Vec<Said> = changed
            .into_iter()
            .take(CHANGES)
            .map(|(_, text)| line(text))
            .collect();
        if more > 0 {
            said.push(line(format!(
                "and {more} more cards changed; `list` tells all"
            )));
        }
        said
    }

    /// Says how the board stands, in one line.
    fn summary(&self, snapshot: &Snapshot, now: Timestamp) -> String {
        let context = self.context(snapshot, now);
        let cards = snapshot.items();
        let of_filter = cards.filter(|item| self.filter.matches(item, &context));
        let (mut all, mut red, mut blocked, mut waiting) = (0, 0, 0, 0);
        for item in of_filter {
            all += 1;
            match item.placement.status.severity() {
                Severity::Failed => red += 1,
                Severity::Blocked => blocked += 1,
                Severity::Waiting => waiting += 1,
                Severity::Unknown | Severity::Active | Severity::Idle | Severity::Calm => {}
            }
        }
        let ill = |health: Health| !matches!(health, Health::Ok | Health::Starting);
        let ill = snapshot.sources.iter().filter(|it| ill(it.health)).count();
        let ill = match ill {
            0 => String::new(),
            1 => ", 1 source does not answer as it should".to_owned(),
            many => format!(", {many} sources do not answer as they should"),
        };
        let filter = if self.filter.is_empty() {
            String::new()
        } else {
            format!(" with `{}`", self.filter)
        };
        format!("{all} cards{filter}: {red} red, {blocked} blocked, {waiting} waiting{ill}")
    }

    /// Answers a line.
    pub(super) fn answer(&mut self, said: &str, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        let said = said.trim();
        if self.acting.is_asking() {
            return self.acting.answer(said, snapshot);
        }
        let (word, rest) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
        let rest = rest.trim();
        if let Ok(number) = word.parse::<usize>() {
            return self.open(number, snapshot, now);
        }
        match word.to_lowercase().as_str() {
            "" => Vec::new(),
            "help" | "h" | "?" => help(),
            "quit" | "q" | "exit" => vec![Said::Do(Do::Quit)],
            "list" | "l" => self.list(rest, snapshot, now),
            "more" | "m" => match self.more {
                More::List(from) => self.listing(from, snapshot, now),
                More::Log => vec![Said::Do(Do::More)],
                More::Nothing => vec![line("there is nothing to go on with")],
            },
            "open" | "o" => match rest.parse() {
                Ok(number) => self.open(number, snapshot, now),
                Err(_) => vec![line("say which: `open 3`, with a number of the last list")],
            },
            "next" | "n" | "e" => self.next(snapshot, now),
            "filter" | "f" | "/" => self.filter(rest, snapshot, now),
            "log" => self.log(snapshot),
            "act" | "a" => {
                let item = self.card(snapshot);
                self.acting.begin(item, snapshot, self.setting.offline)
            }
            "page" | "p" => vec![line(match self.card(snapshot).map(|it| it.url.as_ref()) {
                None => "no card is open; `list`, then its number".to_owned(),
                Some(None) => "it has no page".to_owned(),
                Some(Some(url)) => url.as_str().to_owned(),
            })],
            "sources" | "s" => sources(snapshot, now),
            "refresh" | "r" if self.setting.offline => vec![line("offline: no source is asked")],
            "refresh" | "r" => vec![
                line("asking all sources"),
                Said::Do(Do::Command(EngineCommand::RefreshAll)),
            ],
            unknown => {
                let near = nearest(unknown, COMMANDS.iter().map(|(name, _)| *name));
                let hint = near.map_or_else(
                    || "`help` lists the commands".to_owned(),
                    |name| format!("did you mean `{name}`?"),
                );
                vec![line(format!("no command `{unknown}`; {hint}"))]
            }
        }
    }

    fn card<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a WorkItem> {
        let id = self.card.as_ref()?;
        snapshot.find(id).map(|item| &**item)
    }

    /// Makes a list of the cards of one column or of all, and tells its beginning.
    fn list(&mut self, of: &str, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        let columns = &self.setting.columns;
        let wanted = of.to_lowercase();
        let found = columns.iter().find(|column| {
            let is_stage = column.stage.title().to_lowercase() == wanted;
            is_stage || column.title.to_lowercase() == wanted
        });
        if found.is_none() && !wanted.is_empty() {
            let names: Vec<&str> = columns.iter().map(|column| column.title.as_str()).collect();
            return vec![line(format!(
                "no column `{of}`; there are {}",
                names.join(", ")
            ))];
        }
        let context = self.context(snapshot, now);
        let stages = columns.iter().map(|column| column.stage);
        let stages = stages.filter(|stage| found.is_none_or(|found| found.stage == *stage));
        self.listed = stages
            .filter_map(|stage| snapshot.column(stage))
            .flat_map(|column| column.rows.iter())
            .flat_map(Row::items)
            .filter(|item| self.filter.matches(item, &context))
            .map(|item| item.id.clone())
            .collect();
        if self.listed.is_empty() {
            self.more = More::Nothing;
            return vec![line("no cards")];
        }
        self.listing(0, snapshot, now)
    }

    /// Tells a part of the list, one card a line, under the names of their columns.
    fn listing(&mut self, from: usize, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        let columns = &self.setting.columns;
        let mut said = Vec::new();
        let mut stage = None;
        for (at, id) in self.listed.iter().enumerate().skip(from).take(PAGE) {
            let number = at + 1;
            let Some(item) = snapshot.find(id) else {
                said.push(line(format!("{number}. it left the board")));
                continue;
            };
            if stage.replace(item.placement.stage) != Some(item.placement.stage) {
                let title = words::title(columns, item.placement.stage);
                let count = snapshot.column(item.placement.stage);
                let (count, red) = count.map_or((0, 0), |column| (column.count, column.red));
                said.push(line(format!("{title}, {count} cards, {red} red")));
            }
            said.push(line(format!(
                "{number}. {}",
                words::card(item, snapshot, now)
            )));
        }
        let end = from.saturating_add(PAGE);
        let left = self.listed.len().saturating_sub(end);
        self.more = if left > 0 {
            More::List(end)
        } else {
            More::Nothing
        };
        if left > 0 {
            said.push(line(format!(
                "{left} more; `more` goes on, a number opens one"
            )));
        }
        said
    }

    fn open(&mut self, number: usize, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        let id = number.checked_sub(1).and_then(|at| self.listed.get(at));
        let Some(id) = id.cloned() else {
            let last = self.listed.len();
            return vec![line(match last {
                0 => "`list` first: a number is one of the last list".to_owned(),
                _ => format!("the last list has the numbers 1 to {last}"),
            })];
        };
        let Some(item) = snapshot.find(&id) else {
            return vec![line("that card left the board")];
        };
        self.card = Some(id);
        let lines = words::whole(item, snapshot, &self.setting.columns, now);
        lines.into_iter().map(line).collect()
    }

    /// Tells the next card that needs a person, the most urgent first, and round again.
    fn next(&mut self, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        let context = self.context(snapshot, now);
        let mut urgent: Vec<&WorkItem> = snapshot
            .items()
            .map(|item| &**item)
            .filter(|item| item.placement.status.severity() >= Severity::Waiting)
            .filter(|item| self.filter.matches(item, &context))
            .collect();
        urgent.sort_by_key(|item| {
            let placement = &item.placement;
            (
                std::cmp::Reverse(placement.status.severity()),
                placement.since,
                item.id.clone(),
            )
        });
        self.listed = urgent.iter().map(|item| item.id.clone()).collect();
        self.more = More::Nothing;
        let at = urgent
            .iter()
            .position(|item| Some(&item.id) == self.card.as_ref());
        let next = at.map_or(0, |at| at + 1);
        let next = if next < urgent.len() { next } else { 0 };
        if urgent.is_empty() {
            return vec![line("no card needs a person")];
        }
        let mut said = vec![line(format!("{} of {}", next + 1, urgent.len()))];
        said.extend(self.open(next + 1, snapshot, now));
        said
    }

    fn filter(&mut self, text: &str, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        match Query::parse(text) {
            Ok(filter) => {
                self.filter = filter;
                // What the filter hides or shows is no change.
                self.stood = None;
                self.listed.clear();
                let mut said = self.on_snapshot(snapshot, now);
                if !self.is_settled {
                    let text = if self.filter.is_empty() {
                        "all cards again".to_owned()
                    } else {
                        format!("only cards with `{}`", self.filter)
                    };
                    let when = "how many there are is told once all sources have answered";
                    said.push(line(format!("{text}; {when}")));
                }
                said
            }
            Err(error) => {
                let mut said = vec![line(format!("the filter is wrong: {error}"))];
                said.extend(error.hint().map(line));
                said
            }
        }
    }

    fn log(&mut self, snapshot: &Snapshot) -> Vec<Said> {
        let Some(item) = self.card(snapshot) else {
            return vec![line("no card is open; `list`, then its number")];
        };
        let card = snapshot.triage.find(&item.id);
        let Some(key) = card.and_then(|card| triage::log_of(&card.triage)) else {
            return vec![line("no failed job of this card is known")];
        };
        self.more = More::Log;
        vec![Said::Do(Do::Log(key))]
    }
}

fn help() -> Vec<Said> {
    let mut said: Vec<Said> = COMMANDS
        .iter()
        .map(|(name, what)| line(format!("{name}: {what}")))
        .collect();
    said.push(line("changes of cards are told as they happen"));
    said
}

fn sources(snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
    let told = snapshot
        .sources
        .iter()
        .map(|source| line(crate::app::output::table::source_line(source, now)));
    told.collect()
}
