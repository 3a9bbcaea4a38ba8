//! The board and its parts as text for those who have no terminal.
//!
//! `json` is for programs and stable; `table` and `markdown` are for people.
//! Everything printed is clean text already; nothing here asks or waits.

pub mod cause;
pub mod cause_text;
pub mod cause_words;
pub mod csv;
pub mod export;
pub mod flow;
pub mod flow_text;
pub mod history;
pub mod json;
pub mod markdown;
pub mod sources;
pub mod standup;
pub mod table;
pub mod way;

use std::borrow::Cow;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;

use crate::app::cli::Format;
use crate::app::env::{self, Env};
use crate::app::exit::Failure;
use crate::config::ColumnConfig;
use crate::domain::Timestamp;
use crate::domain::arrange::{Facets, Order};
use crate::domain::attention::Count;
use crate::domain::item::WorkItem;
use crate::domain::query::{Query, QueryContext};
use crate::engine::snapshot::{Column, Row, Snapshot};
use crate::ui::age::Age;
use crate::ui::text::wrap;

/// What is printed: a snapshot, narrowed.
#[derive(Clone, Copy, Debug)]
pub struct Board<'a> {
    /// The board.
    pub snapshot: &'a Snapshot,
    /// The columns and their titles.
    pub columns: &'a [ColumnConfig],
    /// Which cards.
    pub filter: &'a Query,
    /// The order of the cards in a column.
    pub order: Order,
    /// What the filter may look at.
    pub context: &'a QueryContext,
    /// Why there may be cards that are not known, if so.
    pub unknown: Option<&'a str>,
}

impl<'a> Board<'a> {
    /// Returns the columns that are shown, each with its cards.
    pub fn columns(self) -> impl Iterator<Item = (&'a ColumnConfig, Vec<&'a Arc<WorkItem>>)> {
        self.columns.iter().map(move |config| {
            let cards = self
                .snapshot
                .column(config.stage)
                .map(|column| self.cards(column))
                .unwrap_or_default();
            (config, cards)
        })
    }

    /// Returns how many cards a column counts of how many it should hold at most, as `/6`; with a
    /// mark where there are more.
    pub fn limit(self, config: &ColumnConfig) -> String {
        match (self.snapshot.attention.of_column(config.stage), config.wip) {
            (Some(count), _) => {
                let mark = match (count.is_over(), count.limit.hard) {
                    (false, _) => "",
                    (true, false) => "!",
                    (true, true) => "!!",
                };
                format!("/{}{mark}", count.limit.most)
            }
            (None, Some(most)) => format!("/{most}"),
            (None, None) => String::new(),
        }
    }

    /// Returns the limits that are exceeded, in words.
    pub fn over(self) -> impl Iterator<Item = String> {
        let counts = self.snapshot.attention.counts();
        counts.filter(|count| count.is_over()).map(Count::words)
    }

    /// Returns every card that matches, those in columns that are not shown included.
    pub fn items(self) -> impl Iterator<Item = &'a Arc<WorkItem>> {
        let items = self.snapshot.items();
        items.filter(move |item| self.filter.matches(item, self.context))
    }

    /// Says why no card is shown: nothing matches, there is nothing, or nothing is known.
    pub fn nothing(self) -> String {
        let is_known = self.snapshot.items().next().is_some();
        match (self.unknown, self.filter.is_empty()) {
            (Some(why), _) if !is_known => format!("nothing is known yet: {why}"),
            (Some(_), false) => "no card that is known matches".to_owned(),
            (Some(_), true) => "no card that is known".to_owned(),
            (None, false) => "no card matches".to_owned(),
            (None, true) => "no cards".to_owned(),
        }
    }

    /// Returns how many red cards are in columns that the configuration leaves out.
    pub fn red_in_hidden_columns(self) -> usize {
        let is_shown = |column: &&Column| {
            let mut shown = self.columns.iter();
            shown.any(|config| config.stage == column.stage)
        };
        let columns = self.snapshot.columns.iter();
        columns
            .filter(|column| !is_shown(column))
            .map(|column| column.red)
            .sum()
    }

    fn cards(self, column: &'a Column) -> Vec<&'a Arc<WorkItem>> {
        let items = column.rows.iter().flat_map(Row::items);
        let items = items.filter(|item| self.filter.matches(item, self.context));
        let mut items: Vec<&Arc<WorkItem>> = items.collect();
        if self.order != Order::default() {
            items.sort_by(|a, b| {
                let (a, b) = (Facets::of_item(a), Facets::of_item(b));
                self.order.compare(&a, &b)
            });
        }
        items
    }

    /// Returns the time that everything is reckoned from.
    pub fn now(self) -> Timestamp {
        self.context.now
    }
}

/// How wide what is printed may be, in columns: as the terminal, or as the caller says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Width {
    /// How many columns there are.
    pub columns: usize,
    /// What stands where text was cut.
    pub mark: char,
}

impl Width {
    /// The width of a terminal that tells none.
    const DEFAULT: usize = 120;

    /// What is no terminal has no width: whoever reads a pipe or a file wants all of it.
    const ENDLESS: usize = 100_000;

    /// Finds it: the terminal's own, else `COLUMNS`, else a usual one; all where there is none.
    ///
    /// `ascii` is what the user chose; without a choice the locale decides.
    pub fn find(env: &Env, ascii: Option<bool>) -> Self {
        let columns = env.get("COLUMNS");
        let is_ascii = ascii.unwrap_or_else(|| !env::is_utf8(env));
        let is_terminal = std::io::stdout().is_terminal();
        let terminal = is_terminal
            .then(|| rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok())
            .flatten()
            .map(|size| usize::from(size.ws_col));
        let named = columns.and_then(|text| text.trim().parse().ok());
        let width = terminal.filter(|width| *width > 0).or(named);
        let width = width.map(|width: usize| width.clamp(40, 1_000));
        let otherwise = if is_terminal {
            Self::DEFAULT
        } else {
            Self::ENDLESS
        };
        Self {
            columns: width.unwrap_or(otherwise),
            mark: if is_ascii { '>' } else { '…' },
        }
    }
}

/// Returns the form that is printed where the caller named none.
pub fn format_or_table(format: Option<Format>) -> Format {
    format.unwrap_or(Format::Table)
}

/// Returns how wide the terminal is on standard output, or on standard error; nothing where none is.
pub fn terminal(error: bool) -> Option<u16> {
    let size = if error {
        let stream = std::io::stderr();
        stream
            .is_terminal()
            .then(|| rustix::termios::tcgetwinsize(&stream))
    } else {
        let stream = std::io::stdout();
        stream
            .is_terminal()
            .then(|| rustix::termios::tcgetwinsize(&stream))
    };
    let columns = size?.ok()?.ws_col;
    (columns > 0).then(|| columns.clamp(40, 1_000))
}

/// Breaks lines between words that are longer than a terminal is wide; what goes on is set in
/// below the line that it belongs to.
pub fn wrapped(text: &str, columns: Option<u16>) -> Cow<'_, str> {
    let Some(columns) = columns else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive('\n') {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (line, ""),
        };
        let words = line.trim_start_matches(' ');
        let indent = line.len() - words.len();
        let room = columns.saturating_sub(u16::try_from(indent + 2).unwrap_or(columns));
        let mut parts = wrap(words, room.max(20), usize::MAX).into_iter();
        out.push_str(line.get(..indent).unwrap_or_default());
        out.push_str(parts.next().unwrap_or_default());
        for part in parts {
            out.extend(["\n", &" ".repeat(indent + 2), part]);
        }
        out.push_str(end);
    }
    Cow::Owned(out)
}

/// Prints to standard output; a reader who has gone is no error.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Returns an age in the words of the board: `now`, `5m`, `3h`, `12d`, `8w`.
pub fn age(since: Timestamp, now: Timestamp) -> String {
    Age::since(since, now).to_string()
}

/// Returns the logins of those who hold a card.
pub fn holders(item: &WorkItem) -> String {
    let logins: Vec<String> = item
        .holders
        .iter()
        .map(|person| format!("@{}", person.login))
        .collect();
    logins.join(" ")
}

/// Returns an instant as JSON and people write it: `2026-11-21T04:00:00Z`.
pub fn instant(at: Timestamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
