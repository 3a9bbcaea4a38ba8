//! What is said and asked in plain mode: a line in, lines and deeds out.
//!
//! Pure: the board and the time are passed in. Choices are numbers; nothing is done at a source
//! before what exactly was told and a word was typed for it.

use std::collections::HashMap;
use std::sync::Arc;

use super::act::Acting;
use super::aside::{Before, Pinned};
use super::cards::NO_CARD;
use super::own::Errands;
use super::past::{Step, Told, When};
use super::standup::Minutes;
use super::vocabulary::{help, unknown};
use super::words::{self, Stood};
use crate::app::pins::List;
use crate::app::triage;
use crate::config::{ColumnConfig, OwnCommand};
use crate::domain::Timestamp;
use crate::domain::arrange::{self, SavedView};
use crate::domain::calendar::Zone;
use crate::domain::diagnosis::LogKey;
use crate::domain::hide::{Hide, Hides};
use crate::domain::item::WorkItem;
use crate::domain::key::{ItemId, WebUrl};
use crate::domain::query::{Query, QueryContext};
use crate::domain::stage::Stage;
use crate::domain::status::Severity;
use crate::engine::EngineCommand;
use crate::engine::snapshot::{Health, Snapshot};
use crate::log;
use crate::ui::flow;
use crate::ui::own::Order;
use crate::ui::standup::Ask;

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
    /// Read it out from a line, counted from 0.
    LogFrom(u64),
    /// Look for something in it.
    Search(log::Query),
    /// Measure flow.
    Measure(flow::Ask),
    /// Make a moment of the past, of the cards of a filter.
    Past(When, String),
    /// Keep what was put aside.
    Hide(Changes),
    /// Keep what was pinned.
    Pin(Pinned),
    /// Prepare the stand-up, or keep something of it.
    Standup(Ask),
    /// Run a command of the user.
    Run(Box<Order>),
    /// Stop one.
    Stop(u64),
    /// Put a text on the clipboard.
    Copy(String),
    /// Open a page in the browser.
    Browse(WebUrl),
}

/// Cards, and how each is put aside from now on.
pub(super) type Changes = Vec<(ItemId, Option<Hide>)>;

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
    /// What the user pinned.
    pub(super) pins: List,
    /// The user's own commands.
    pub(super) commands: Arc<[OwnCommand]>,
    /// Whether nothing may be changed.
    pub(super) read_only: bool,
    /// The saved views.
    pub(super) views: Vec<SavedView>,
    /// The clock of this machine.
    pub(super) zone: Zone,
}

/// What a list of cards goes on with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum More {
    Nothing,
    List(usize),
    Lines(usize),
    Log,
}

/// A conversation about the board.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) setting: Setting,
    pub(super) filter: Query,
    /// In which order lists are told.
    pub(super) order: arrange::Order,
    /// The columns that are listed; none named is all.
    pub(super) stages: Vec<Stage>,
    /// The cards of the last list: a number means one of them.
    pub(super) listed: Vec<ItemId>,
    /// The card that is talked about.
    pub(super) card: Option<ItemId>,
    pub(super) more: More,
    /// Lines that are told by and by.
    pub(super) lines: Vec<String>,
    /// How something was before each change of it.
    pub(super) undo: Vec<Before>,
    pub(super) minutes: Minutes,
    pub(super) errands: Errands,
    /// What was told of flow and of the past.
    pub(super) told: Told,
    /// Whether every source was read once, or failed: what comes before that is no change.
    is_settled: bool,
    /// How every card stood, once all sources had answered.
    stood: Option<HashMap<ItemId, Stood>>,
    acting: Acting,
}

/// Says a line.
pub(super) fn line(text: impl Into<String>) -> Said {
    Said::Line(text.into())
}

impl Talk {
    pub(super) fn context(&self, snapshot: &Snapshot, now: Timestamp) -> QueryContext {
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
            order: arrange::Order::default(),
            stages: Vec::new(),
            undo: Vec::new(),
            lines: Vec::new(),
            minutes: Minutes::default(),
            errands: Errands::default(),
            told: Told::default(),
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
            let more = match more {
                1 => "1 more card".to_owned(),
                more => format!("{more} more cards"),
            };
            said.push(line(format!("and {more} changed; `list` tells all")));
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
        let cards = words::cards(all);
        format!("{cards}{filter}: {red} red, {blocked} blocked, {waiting} waiting{ill}")
    }

    /// Answers a line.
    pub(super) fn answer(&mut self, said: &str, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        let said = said.trim();
        if self.acting.is_asking() {
            return self.acting.answer(said, snapshot, now);
        }
        if self.errands.is_asking() {
            return self.errands.answer(said);
        }
        let (word, rest) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
        let rest = rest.trim();
        if let Ok(number) = word.parse::<usize>() {
            return self.open(number, snapshot, now);
        }
        match word.to_lowercase().as_str() {
            "" => Vec::new(),
            "help" | "h" | "?" => help(rest),
            "quit" | "q" | "exit" => {
                let first = self.errands.before_the_end();
                vec![first.unwrap_or(Said::Do(Do::Quit))]
            }
            "list" | "l" => self.list(rest, snapshot, now),
            "more" | "m" => match self.more {
                More::List(from) => self.listing(from, snapshot, now),
                More::Lines(from) => self.lines_from(from),
                More::Log => vec![Said::Do(Do::More)],
                More::Nothing => vec![line("there is nothing to go on with")],
            },
            "open" | "o" => match rest.parse() {
                Ok(number) => self.open(number, snapshot, now),
                Err(_) => vec![line("say which: `open 3`, with a number of the last list")],
            },
            "next" | "n" | "e" => self.next(true, snapshot, now),
            "previous" | "prev" => self.next(false, snapshot, now),
            "triage" => self.red(snapshot, now),
            "attention" => self.calling(snapshot, now),
            "sort" => self.sort(rest, snapshot, now),
            "views" => self.views(),
            "view" => self.view(rest, snapshot, now),
            "hide" | "x" => self.hide(snapshot, now),
            "snooze" | "b" => self.snooze(rest, snapshot, now),
            "pin" => self.pin(rest, snapshot),
            "undo" | "u" => self.undo(snapshot),
            "standup" => self.standup(rest),
            "people" => self.people(rest),
            "since" => self.since(rest),
            "park" => self.park(rest, snapshot),
            "parked" => self.parked(),
            "talked" => self.talked_about(rest),
            "held" => self.held(),
            "run" | "!" => self.run(rest, snapshot, now),
            "stop" => self.errands.stop(rest),
            "copy" | "y" => self.copy(rest, snapshot, now),
            "browser" => match self.page(snapshot) {
                Ok(url) => vec![Said::Do(Do::Browse(url.clone()))],
                Err(why) => vec![line(why)],
            },
            "filter" | "f" | "/" => self.filter(rest, snapshot, now),
            "log" => self.log(rest, snapshot),
            "search" => search(rest),
            "flow" => self.flow(rest),
            "past" => self.past(rest),
            "earlier" => self.step(Step::Earlier, rest),
            "later" => self.step(Step::Later, rest),
            "act" | "a" => {
                let item = self.card(snapshot);
                let setting = (self.setting.offline, now);
                self.acting.begin(item, snapshot, setting)
            }
            "page" | "p" => match self.page(snapshot) {
                Ok(url) => vec![line(url.as_str())],
                Err(why) => vec![line(why)],
            },
            "sources" | "s" => sources(snapshot, now),
            "refresh" | "r" if self.setting.offline => vec![line("offline: no source is asked")],
            "refresh" | "r" => vec![
                line("asking all sources"),
                Said::Do(Do::Command(EngineCommand::RefreshAll)),
            ],
            word => vec![unknown(word)],
        }
    }

    pub(super) fn card<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a WorkItem> {
        let id = self.card.as_ref()?;
        snapshot.find(id).map(|item| &**item)
    }

    /// Returns the page of the card that is talked about, or why there is none.
    fn page<'a>(&self, snapshot: &'a Snapshot) -> Result<&'a WebUrl, &'static str> {
        let item = self.card(snapshot).ok_or(NO_CARD)?;
        item.url.as_ref().ok_or("it has no page")
    }

    /// Copies the key of the card, its address, the stand-up, or the metrics.
    fn copy(&self, what: &str, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        let text = match what {
            "" | "key" => self
                .card(snapshot)
                .map(|item| item.key.to_string())
                .ok_or(NO_CARD),
            "link" | "page" => self.page(snapshot).map(|url| url.as_str().to_owned()),
            "standup" => self
                .copied_standup()
                .ok_or("no stand-up was told; `standup` and `people` do"),
            "flow" => self.copied_flow(now).ok_or("no flow was told; `flow` does"),
            _ => Err(
                "`copy` copies the key of the card, `copy link` its address, \
                      `copy standup` the stand-up, `copy flow` the metrics",
            ),
        };
        match text {
            Ok(text) => vec![Said::Do(Do::Copy(text))],
            Err(why) => vec![line(why)],
        }
    }

    pub(super) fn filter(&mut self, text: &str, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
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

    fn log(&mut self, from: &str, snapshot: &Snapshot) -> Vec<Said> {
        if !from.is_empty() {
            let Some(from) = from
                .parse::<u64>()
                .ok()
                .and_then(|from| from.checked_sub(1))
            else {
                return vec![line("say from which line: `log 120`")];
            };
            self.more = More::Log;
            return vec![Said::Do(Do::LogFrom(from))];
        }
        let Some(item) = self.card(snapshot) else {
            return vec![line(NO_CARD)];
        };
        let card = snapshot.triage.find(&item.id);
        let Some(key) = card.and_then(|card| triage::log_of(&card.triage)) else {
            return vec![line("no failed job of this card is known")];
        };
        self.more = More::Log;
        vec![Said::Do(Do::Log(key))]
    }
}

/// Looks for something in the log that was read out.
fn search(text: &str) -> Vec<Said> {
    if text.is_empty() {
        return vec![line("say what: `search panic`, an expression")];
    }
    match log::Query::parse(text) {
        Ok(query) => vec![Said::Do(Do::Search(query))],
        Err(error) => vec![line(format!("that cannot be searched for: {error}"))],
    }
}

fn sources(snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
    let told = snapshot
        .sources
        .iter()
        .map(|source| line(crate::app::output::table::source_line(source, now)));
    told.collect()
}
