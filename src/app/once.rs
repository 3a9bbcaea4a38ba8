//! The board without a terminal: asks once, prints, and says by exit code how things are.
//!
//! Unknown is never fine: without data, with old data or with a source that did
//! not answer, the code is not 0.

use std::sync::Arc;

use crate::app::cli::{BoardArgs, Format};
use crate::app::exit::{Exit, Failure};
use crate::app::heard::Wait;
use crate::app::hidden::Hidden;
use crate::app::output::table::source_line;
use crate::app::output::{self, Board, Width};
use crate::app::session::Session;
use crate::app::{configuration, views, waiting};
use crate::config::ColumnConfig;
use crate::domain::Timestamp;
use crate::domain::attention::Kind;
use crate::domain::item::WorkItem;
use crate::domain::query::{Query, QueryContext};
use crate::domain::stage::Stage;
use crate::domain::status::{Severity, Status};
use crate::engine::sight::is_blind;
use crate::engine::snapshot::{Health, SourceView, is_current};

/// What is said where `@me` stands for nobody.
const NOBODY: &str = "note: who you are is not known yet: `@me` matches nothing";

/// Prints the board once.
pub fn run(mut session: Session, args: &BoardArgs) -> Result<Exit, Failure> {
    session.require_sources()?;
    configuration::named_theme(&session)?;
    let view = args.view.as_ref();
    let view = view.map(|name| views::find(&session, name)).transpose()?;
    let shows = view.map(|view| view.shows).unwrap_or_default();
    let filter = filter(args.filter.as_deref().or(Some(&shows.filter)))?;
    let mut heard = session.ask_once(args.offline, Wait::of(args.wait))?;
    heard.tells_notices = output::format_or_table(args.format) == Format::Table;
    let snapshot = &heard.snapshot;
    let context = QueryContext {
        now: (session.clock)(),
        me: snapshot.me(),
        attention: snapshot.attention.clone(),
        hides: Hidden::of(&session).load().0,
    };
    let unknown = unknown(&snapshot.sources, context.now, args.offline);
    let late = (!heard.in_time).then(|| "not every answer came in time".to_owned());
    let unknown = unknown.or(late);
    let columns = columns(&session.settings.board.columns, &shows.columns);
    let board = Board {
        snapshot,
        columns: &columns,
        order: shows.order,
        filter: &filter,
        context: &context,
        unknown: unknown.as_deref(),
    };
    let text = match output::format_or_table(args.format) {
        Format::Json => output::json::board(board).map_err(anyhow::Error::from)?,
        Format::Table => {
            let width = Width::find(&session.env, session.settings.ui.ascii);
            output::table::board(board, width)
        }
        Format::Markdown => output::markdown::board(board),
    };
    output::print(&text)?;
    let is_open = |item: &&Arc<WorkItem>| item.placement.status == Status::Unknown;
    if let Some(note) = open_note(board.items().filter(is_open).count()) {
        waiting::say(&note);
    }
    let verdict = verdict(board, args.exit_status, args.offline);
    let verdict = heard.ends(verdict, args.format);
    if !is_nobody(board) {
        return Ok(verdict);
    }
    waiting::say(NOBODY);
    let is_fine = verdict == Exit::Fine && args.exit_status;
    Ok(if is_fine { Exit::Stale } else { verdict })
}

/// Returns the columns that are printed: those of the board, or those that a view names.
fn columns(all: &[ColumnConfig], shown: &[Stage]) -> Vec<ColumnConfig> {
    if shown.is_empty() {
        return all.to_vec();
    }
    let known = |stage: &Stage| {
        let known = all.iter().find(|column| column.stage == *stage);
        known.cloned().unwrap_or_else(|| ColumnConfig::of(*stage))
    };
    shown.iter().map(known).collect()
}

/// Returns whether the filter asks for the user's own, and nobody knows who that is.
fn is_nobody(board: Board<'_>) -> bool {
    board.context.me.is_empty() && board.filter.asks_for_me()
}

/// Returns what to say of cards of which it is not known where they stand.
fn open_note(count: usize) -> Option<String> {
    match count {
        0 => None,
        1 => Some(
            "note: of 1 card it is not known yet how far it is; its reason says what is awaited"
                .to_owned(),
        ),
        count => Some(format!(
            "note: of {count} cards it is not known yet how far they are; the reason of each says \
             what is awaited"
        )),
    }
}

/// Parses the filter of the command line; points at what is wrong with it.
pub fn filter(text: Option<&str>) -> Result<Query, Failure> {
    let text = text.unwrap_or_default();
    Query::parse(text).map_err(|error| {
        let hint = error.hint();
        Failure::usage(format!("the filter is wrong: {error}"))
            .pointing(text, error.start, error.end)
            .maybe_hint(hint)
    })
}

/// Returns how things are, the first that holds: a refused token, red, not known, fine.
///
/// Red is a card that is red for sure: what was red when it was last seen may be mended by now,
/// so that it is not known. All cards count that the filter lets through, in whatever column they
/// are: what is left out of a picture is no less red.
fn verdict(board: Board<'_>, exit_status: bool, offline: bool) -> Exit {
    let now = board.now();
    let sources = source_verdict(&board.snapshot.sources, now, offline);
    if sources == Exit::Auth || !exit_status {
        return sources;
    }
    // More work than a hard limit allows is as bad as red.
    let is_red = |item: &Arc<WorkItem>| {
        let attention = &board.snapshot.attention;
        let over = attention.is(&item.id, now, |kind| kind == Kind::OverHard);
        item.placement.status.is_red() || over
    };
    let is_fresh = |item: &Arc<WorkItem>| board.snapshot.is_fresh(item, now);
    let is_unknown = |item: &Arc<WorkItem>| {
        item.placement.status.severity() == Severity::Unknown
            || item.placement.status == Status::Unknown
    };
    if board.items().any(|item| is_red(item) && is_fresh(item)) {
        return Exit::Red;
    }
    if board.items().any(|item| is_red(item) || is_unknown(item)) {
        return Exit::Stale;
    }
    seen(sources, &board.snapshot.sources)
}

/// Returns the verdict where nothing is red: fine only where red could be seen.
pub fn seen(verdict: Exit, sources: &[SourceView]) -> Exit {
    if verdict == Exit::Fine && sources.iter().any(is_blind) {
        return Exit::Stale;
    }
    verdict
}

/// Returns which source is why not everything is known, and how it stands, if one is.
pub fn unknown(sources: &[SourceView], now: Timestamp, offline: bool) -> Option<String> {
    let is_unknown =
        |view: &&SourceView| source_verdict(std::iter::once(*view), now, offline) != Exit::Fine;
    let view = sources.iter().find(is_unknown)?;
    Some(source_line(view, now))
}

/// Returns how the sources are: fine only when each answered, lately and in full.
pub fn source_verdict<'a>(
    sources: impl IntoIterator<Item = &'a SourceView>,
    now: Timestamp,
    offline: bool,
) -> Exit {
    let sources: Vec<&SourceView> = sources.into_iter().collect();
    if sources.iter().any(|view| view.health == Health::Auth) {
        return Exit::Auth;
    }
    let is_current = |view: &SourceView| {
        if offline {
            is_recent(view, now)
        } else {
            view.health == Health::Ok
        }
    };
    if sources.is_empty() || !sources.into_iter().all(is_current) {
        return Exit::Stale;
    }
    Exit::Fine
}

/// Returns how many sources are fine.
pub fn healthy(sources: &[SourceView], now: Timestamp, offline: bool) -> usize {
    let is_fine =
        |view: &&SourceView| source_verdict(std::iter::once(*view), now, offline) == Exit::Fine;
    sources.iter().filter(is_fine).count()
}

/// Returns whether the source answered so lately that what the store has is current.
fn is_recent(view: &SourceView, now: Timestamp) -> bool {
    view.last_success.is_some_and(|at| is_current(at, now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ColumnConfig;
    use crate::domain::arrange::Order;
    use crate::domain::attention::{Attention, Limit, Per, Watcher};
    use crate::domain::stage::Stage;
    use crate::domain::text::Clean;
    use crate::engine::snapshot::Snapshot;
    use crate::ui::sample;

    /// A board with a limit of one card in Code.
    fn limited(hard: bool) -> Snapshot {
        let mut snapshot = sample::snapshot(48);
        snapshot.sources = vec![sample::source("github", Health::Ok)];
        let limit = Limit {
            name: Clean::line("at work"),
            most: 1,
            when: Query::default(),
            per: Per::Column,
            stages: vec![Stage::Code],
            hard,
        };
        let mut watcher = Watcher::new(Attention {
            limits: vec![limit],
            ..Attention::default()
        });
        let items: Vec<Arc<WorkItem>> = snapshot.items().cloned().collect();
        watcher.refresh(&items, &[], sample::moment());
        snapshot.attention = watcher.board();
        snapshot
    }

    /// Hands over the board of the cards in Code that are not red by themselves.
    fn with_board<T>(hard: bool, look: impl FnOnce(Board<'_>) -> T) -> T {
        let snapshot = limited(hard);
        let query = Query::parse("stage:code -is:red").expect("it is a filter");
        let context = QueryContext {
            now: sample::moment(),
            me: Vec::new(),
            attention: snapshot.attention.clone(),
            hides: crate::domain::hide::Hides::default(),
        };
        let columns = Stage::ALL.map(ColumnConfig::of);
        look(Board {
            snapshot: &snapshot,
            columns: &columns,
            order: Order::default(),
            filter: &query,
            context: &context,
            unknown: None,
        })
    }

    #[test]
    fn more_than_a_hard_limit_allows_is_as_bad_as_red_and_a_soft_one_is_told_only() {
        let status = |hard| with_board(hard, |board| verdict(board, true, false));
        assert_eq!(status(true), Exit::Red);
        assert_eq!(status(false), Exit::Fine);
        let unasked = with_board(true, |board| verdict(board, false, false));
        assert_eq!(unasked, Exit::Fine, "nobody asked for it");
    }

    #[test]
    fn limits_and_what_is_over_them_are_in_the_document() {
        let text = with_board(true, |board| {
            output::json::board(board).expect("it is told")
        });
        let document: serde_json::Value = serde_json::from_str(&text).expect("it is json");
        let limit = &document["limits"][0];
        assert_eq!(limit["name"], "at work");
        assert_eq!((&limit["limit"], &limit["hard"]), (&1.into(), &true.into()));
        assert_eq!(
            (&limit["of"], &limit["over"]),
            (&"code".into(), &true.into())
        );
        let stages = document["stages"].as_array().expect("there are columns");
        let cards = stages.iter().filter_map(|stage| stage["cards"].as_array());
        let calls: Vec<&serde_json::Value> =
            cards.flatten().map(|card| &card["attention"]).collect();
        assert!(calls.len() > 1);
        let over = |calls: &&&serde_json::Value| calls.to_string().contains("over");
        assert!(
            calls.iter().filter(over).count() >= calls.len() - 1,
            "{calls:?}"
        );
    }
}
