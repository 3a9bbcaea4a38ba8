//! What history holds, as text: since when, how much, of which repositories.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::app::output::json::{self, SCHEMA};
use crate::app::output::markdown::escape;
use crate::app::output::table::lay_out;
use crate::app::output::{Width, instant};
use crate::app::waiting::NO_PAST;
use crate::domain::Timestamp;
use crate::domain::history::{Coverage, Ledger};
use crate::domain::key::RepoKey;
use crate::domain::text::counted;
use crate::engine::snapshot::{Health, Snapshot, SourceView};

/// What is told.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    /// How many records there are.
    pub rows: Rows,
    /// How many days of the past are read on first sight.
    pub days: u32,
    /// How much of the disk the store takes, with all else that is in it.
    pub bytes: u64,
    /// Where it is.
    pub file: &'a str,
    /// All that history holds.
    pub ledger: &'a Ledger,
    /// The board.
    pub snapshot: &'a Snapshot,
    /// The time.
    pub now: Timestamp,
}

/// How many records there are of each kind.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize)]
pub struct Rows {
    /// Cards.
    pub cards: usize,
    /// Places in which they stood.
    pub intervals: usize,
    /// Reviews.
    pub reviews: usize,
    /// Deliveries.
    pub deliveries: usize,
    /// CI runs.
    pub runs: usize,
    /// Troubles.
    pub troubles: usize,
}

impl Rows {
    /// Counts the records of a history.
    pub fn of(ledger: &Ledger) -> Self {
        let cards = || ledger.cards.iter();
        let changes = cards().flat_map(|card| &card.life.changes);
        Self {
            cards: ledger.cards.len(),
            intervals: cards().map(|card| card.timeline.moments().len()).sum(),
            reviews: changes.map(|change| change.reviews.len()).sum(),
            deliveries: ledger.deliveries.len(),
            runs: ledger.runs.len(),
            troubles: ledger.troubles.len(),
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    generated_at: String,
    /// Since when history counts; nothing where it has not begun.
    history_since: Option<String>,
    /// Before which moment it was dropped, where the store was too large for all of it.
    dropped_before: Option<String>,
    /// The first and the last moment that anything is known of.
    first: Option<String>,
    last: Option<String>,
    days: u32,
    records: Rows,
    store: StoreDocument<'a>,
    repositories: Vec<RepoDocument<'a>>,
    sources: Vec<PastDocument<'a>>,
}

#[derive(Serialize)]
struct StoreDocument<'a> {
    file: &'a str,
    bytes: u64,
}

#[derive(Serialize)]
struct RepoDocument<'a> {
    repo: &'a str,
    told: bool,
    from: Option<String>,
    to: Option<String>,
}

#[derive(Serialize)]
struct PastDocument<'a> {
    name: &'a str,
    health: &'a str,
    /// Of how many repositories the past is read, and of how many it is to be.
    past_read: usize,
    past_of: usize,
    message: Option<&'a str>,
}

impl<'a> Kept<'a> {
    /// Returns the repositories of the board, each with the time of which it is told.
    fn repositories(&self) -> impl Iterator<Item = (&'a RepoKey, Option<&'a Coverage>)> {
        let told = self.ledger.coverage.iter();
        let told: BTreeMap<&RepoKey, &Coverage> = told.map(|it| (&it.repo, it)).collect();
        let repos = self.snapshot.repositories.iter();
        repos.map(move |repo| (repo, told.get(repo).copied()))
    }

    fn range(&self) -> Option<(Timestamp, Timestamp)> {
        let cards = self.ledger.cards.iter();
        let moments = || {
            let all = cards.clone().flat_map(|card| card.timeline.moments());
            all.map(|moment| moment.at)
        };
        moments().min().zip(moments().max())
    }
}

/// Returns it as JSON.
pub fn json(kept: &Kept<'_>) -> Result<String, serde_json::Error> {
    let range = kept.range();
    json::pretty(&Document {
        schema: SCHEMA,
        generated_at: instant(kept.now),
        history_since: kept.ledger.since.map(instant),
        dropped_before: kept.ledger.cut_at.map(instant),
        first: range.map(|(first, _)| instant(first)),
        last: range.map(|(_, last)| instant(last)),
        days: kept.days,
        records: kept.rows,
        store: StoreDocument {
            file: kept.file,
            bytes: kept.bytes,
        },
        repositories: kept
            .repositories()
            .map(|(repo, told)| RepoDocument {
                repo: repo.as_str(),
                told: told.is_some(),
                from: told.map(|told| instant(told.from)),
                to: told.map(|told| instant(told.to)),
            })
            .collect(),
        sources: kept.snapshot.sources.iter().map(past).collect(),
    })
}

fn past(view: &SourceView) -> PastDocument<'_> {
    PastDocument {
        name: view.name.as_str(),
        health: view.health.as_str(),
        past_read: view.past.read,
        past_of: view.past.of,
        message: view.message.as_deref(),
    }
}

/// Returns what holds for all of it, a line each.
fn facts(kept: &Kept<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    lines.push(match kept.ledger.since {
        Some(since) => format!("history counts since {}", instant(since)),
        None => "there is no history yet; it begins with the first look at a source".to_owned(),
    });
    if let Some(at) = kept.ledger.cut_at {
        lines.push(format!(
            "what was before {} is dropped, as the store may be no larger",
            instant(at)
        ));
    }
    if kept.days == 0 {
        lines.push(format!("{NO_PAST}: what was before is not counted"));
    }
    if let Some((first, last)) = kept.range() {
        let (first, last) = (instant(first), instant(last));
        lines.push(format!("what is known lies between {first} and {last}"));
    }
    let rows = kept.rows;
    lines.push(format!(
        "{} with {} and {}, {}, {}, {}",
        counted(rows.cards, "card"),
        counted(rows.intervals, "interval"),
        counted(rows.reviews, "review"),
        counted(rows.deliveries, "delivery"),
        counted(rows.runs, "run"),
        counted(rows.troubles, "trouble")
    ));
    lines.push(format!(
        "{} KiB on disk, with all else that is kept in {}",
        kept.bytes.div_ceil(1_024),
        kept.file
    ));
    lines
}

/// Returns why the past of a source is not told to its end, where it is not.
fn untold(view: &SourceView) -> Option<String> {
    let (name, past) = (&view.name, view.past);
    // Where nobody asks, nobody starts either.
    if !matches!(view.health, Health::Ok | Health::Starting) {
        let why = view
            .message
            .as_ref()
            .map_or_else(String::new, |text| format!(": {text}"));
        return Some(format!("{name}: {}{why}", view.health.as_str()));
    }
    (past.read < past.of).then(|| {
        format!(
            "{name}: the past of {} is read, the rest when nothing else is to be asked",
            past.counts()
        )
    })
}

const HEAD: [&str; 4] = ["repository", "told", "from", "to"];

fn rows(kept: &Kept<'_>) -> Vec<[String; 4]> {
    let cells = |(repo, told): (&RepoKey, Option<&Coverage>)| {
        let at = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), instant);
        [
            repo.to_string(),
            if told.is_some() { "yes" } else { "not yet" }.to_owned(),
            at(told.map(|told| told.from)),
            at(told.map(|told| told.to)),
        ]
    };
    kept.repositories().map(cells).collect()
}

/// Returns it as a table.
pub fn table(kept: &Kept<'_>, width: Width) -> String {
    let mut out = facts(kept).join("\n");
    out.push_str("\n\n");
    let head: Vec<String> = HEAD.map(str::to_owned).into();
    let rows = rows(kept).into_iter().map(Vec::from);
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    out.push_str(&lay_out(&rows, 0, width));
    for line in kept.snapshot.sources.iter().filter_map(untold) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{line}");
    }
    out
}

/// Returns it as Markdown.
pub fn markdown(kept: &Kept<'_>) -> String {
    let mut out = String::new();
    let told = facts(kept).into_iter();
    for line in told.chain(kept.snapshot.sources.iter().filter_map(untold)) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "* {}", escape(&line));
    }
    let _ = writeln!(out, "\n| {} |\n|{}", HEAD.join(" | "), " --- |".repeat(4));
    for row in rows(kept) {
        let cells = row.map(|cell| escape(&cell));
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out
}
